//! The changes of a plan, and the file they wait in.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Write as _};
use std::path::PathBuf;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::import::Failed;
use crate::import::group::DIGEST;
use crate::import::read::Covers;
use crate::parts::Key;
use crate::store::write::Version;
use crate::{Error, ListingId, limits};

/// One change, as the plan's file holds it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Change {
    pub(crate) key: Key,
    pub(crate) id: ListingId,
    pub(crate) ends: Option<Version>,
    pub(crate) begins: Option<Next>,
}

/// The version that begins.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Next {
    pub(crate) record: i64,
    pub(crate) activity: Part,
    pub(crate) mailbox: Part,
    pub(crate) activities: i64,
    pub(crate) mailboxes: i64,
}

/// A part of the version that begins.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Part {
    /// None.
    Gone,
    /// As in the version that ends.
    Kept(Vec<u8>),
    /// This, with its digest.
    Is(Vec<u8>, Vec<u8>),
}

impl Part {
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self, Self::Gone)
    }

    pub(crate) fn same_as(&self, known: Option<&Vec<u8>>) -> bool {
        match self {
            Self::Gone => known.is_none(),
            Self::Kept(_) => true,
            Self::Is(_, digest) => Some(digest) == known,
        }
    }
}

/// A part as it will be, from what the files say, what they speak of, and what is known.
///
/// What is kept as its digest is that of the facts it was made of, so that the next import need not read them; that of
/// the part itself when some of the facts were left out.
pub(crate) fn part<P: Serialize>(
    told: Option<P>,
    source: Option<Vec<u8>>,
    covers: Covers,
    known: Option<&Vec<u8>>,
) -> Result<Part, Failed> {
    match (told, covers, known) {
        (Some(_), _, Some(known)) if source.as_ref() == Some(known) => Ok(Part::Kept(known.clone())),
        (Some(told), _, _) => {
            let bytes = postcard::to_stdvec(&told).map_err(|_| Error::Corrupt("part"))?;
            if known.is_none()
                && let Some(source) = source
            {
                return Ok(Part::Is(bytes, source));
            }
            let own = digest(&SHA256, &bytes).as_ref()[..DIGEST].to_vec();
            Ok(match known {
                Some(known) if *known == own => Part::Kept(own),
                Some(_) | None => Part::Is(bytes, source.unwrap_or(own)),
            })
        }
        (None, Covers::Nothing, Some(known)) => Ok(Part::Kept(known.clone())),
        (None, Covers::Nothing, None) | (None, Covers::Everything, _) => Ok(Part::Gone),
    }
}

/// The plan's file.
pub(crate) struct Changes {
    path: PathBuf,
    pub(crate) count: u64,
}

impl Changes {
    pub(crate) fn reader(&self) -> Result<ChangeReader, Failed> {
        let file = File::open(&self.path).map_err(Failed::scratch)?;
        Ok(ChangeReader(BufReader::with_capacity(limits::MERGE_BUFFER, file)))
    }
}

/// Writes the plan's file.
pub(crate) struct ChangeWriter {
    path: PathBuf,
    out: BufWriter<File>,
    written: u64,
}

impl ChangeWriter {
    pub(crate) fn create(path: PathBuf) -> Result<Self, Failed> {
        let file = File::create(&path).map_err(Failed::scratch)?;
        Ok(Self { path, out: BufWriter::with_capacity(limits::MERGE_BUFFER, file), written: 0 })
    }

    pub(crate) fn write(&mut self, change: &Change) -> Result<(), Failed> {
        let bytes = postcard::to_stdvec(change).map_err(|_| Error::Corrupt("plan"))?;
        let length = u32::try_from(bytes.len()).map_err(|_| Error::Corrupt("plan"))?;
        self.out.write_all(&length.to_le_bytes()).map_err(Failed::scratch)?;
        self.out.write_all(&bytes).map_err(Failed::scratch)?;
        self.written += 1;
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<Changes, Failed> {
        self.out.flush().map_err(Failed::scratch)?;
        Ok(Changes { path: self.path, count: self.written })
    }
}

/// Reads the plan's file.
pub(crate) struct ChangeReader(BufReader<File>);

impl ChangeReader {
    /// The next `count` changes at most; fewer only at the end.
    pub(crate) fn next(&mut self, count: usize) -> Result<Vec<Change>, Failed> {
        let mut changes = Vec::with_capacity(count);
        while changes.len() < count {
            let mut length = [0; 4];
            match self.0.read_exact(&mut length) {
                Err(cause) if cause.kind() == std::io::ErrorKind::UnexpectedEof => break,
                other => other.map_err(Failed::scratch)?,
            }
            let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
            self.0.read_exact(&mut bytes).map_err(Failed::scratch)?;
            changes.push(postcard::from_bytes(&bytes).map_err(|_| Error::Corrupt("plan"))?);
        }
        Ok(changes)
    }
}
