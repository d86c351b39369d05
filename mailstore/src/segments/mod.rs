//! Segments: files that many sealed bodies share, one sync for all that wait (ADR 0022).
//!
//! ```text
//! blobs/segments/0198f3c2a5b41001     sealed bodies, one behind the other
//! ```
//! A segment is only ever written at its end, by the one process that made it and holds its lock; its
//! name is the number of the first body in it, so no two processes choose the same. What stands where
//! is known to the database alone: octets no row of `body` refers to are dead, whether their letter was
//! removed, never committed, or cut off by a crash. [`sweep`] gives them back.

mod log;
mod sweep;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use names::{BodyId, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::{Error, limits};
pub(crate) use log::Until;
use log::{Append, Order, Sync};

/// The folder of segments inside the folder of blobs.
pub(crate) const FOLDER: &str = "segments";

/// Number of a segment: that of its first body.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct SegmentId(pub(crate) i64);

impl SegmentId {
    /// Reads a file's name.
    fn parse(name: &str) -> Option<Self> {
        let id = Self(i64::from_str_radix(name, 16).ok()?);
        (id.0 > 0 && id.file_name() == name).then_some(id)
    }

    fn file_name(self) -> String {
        format!("{:016x}", self.0)
    }
}

/// Where a body begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Extent {
    pub(crate) segment: SegmentId,
    pub(crate) place: u64,
}

pub(crate) struct Segments {
    folder: Arc<Path>,
    log: mpsc::Sender<Order>,
    /// KiB of sealed octets that may wait in memory, all letters together.
    staging: Arc<Semaphore>,
    /// The last segment the sweeper looked at: it goes on behind it.
    looked_at: AtomicI64,
}

/// Room in memory for sealed octets that wait for a segment; given back when dropped.
pub(crate) struct Staged(Vec<OwnedSemaphorePermit>);

impl Segments {
    /// Makes the folder when missing, and starts the thread that writes; it makes no file before there
    /// is a body to keep.
    pub(crate) fn open(blobs: &Path) -> Result<Self, Error> {
        let folder = blobs.join(FOLDER);
        let fail = |cause| Error::Blob { doing: "prepare the folder of", path: folder.clone(), cause };
        if !folder.is_dir() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(fail)?;
            File::open(blobs).and_then(|blobs| blobs.sync_all()).map_err(fail)?;
        }
        let log = log::start(folder.clone().into()).map_err(fail)?;
        let staging = Arc::new(Semaphore::new(limits::STAGING_KIB));
        Ok(Self { folder: folder.into(), log, staging, looked_at: AtomicI64::new(0) })
    }

    pub(crate) fn path(&self, segment: SegmentId) -> PathBuf {
        self.folder.join(segment.file_name())
    }

    /// Room for a body that may come to wait in memory.
    pub(crate) fn staged(&self) -> Staged {
        Staged(Vec::new())
    }

    /// Takes room for `octets` more. None is left: `false`, and the letter must go to the disk at once.
    pub(crate) fn stage(&self, staged: &mut Staged, octets: usize) -> bool {
        let kib = octets.div_ceil(1_024) as u32;
        let permit = Arc::clone(&self.staging).try_acquire_many_owned(kib);
        permit.map(|permit| staged.0.push(permit)).is_ok()
    }

    /// Puts octets, given in pieces, at the end of the current segment. Whoever stops waiting leaves dead octets.
    pub(crate) async fn append(
        &self,
        first: BodyId,
        pieces: Vec<Vec<u8>>,
        staged: Staged,
        until: Until,
    ) -> Result<Extent, Error> {
        let (reply, answer) = oneshot::channel();
        let append = Append { name: SegmentId(first.0), pieces, _staged: staged, until, reply };
        self.log.send(Order::Append(append)).await.map_err(|_| self.stopped())?;
        answer.await.map_err(|_| self.stopped())?
    }

    /// Has all on disk that was written to these segments. Fails for good when one of them failed since.
    pub(crate) async fn sync(&self, segments: BTreeSet<SegmentId>) -> Result<(), Error> {
        let (reply, answer) = oneshot::channel();
        let sync = Sync { segments, reply };
        self.log.send(Order::Sync(sync)).await.map_err(|_| self.stopped())?;
        answer.await.map_err(|_| self.stopped())?
    }

    fn stopped(&self) -> Error {
        let cause = std::io::Error::other("the writer of segments has stopped");
        Error::Blob { doing: "append to", path: self.folder.to_path_buf(), cause }
    }

    /// The segments that stand in the folder, in order; then paths that have no business here.
    pub(crate) fn list(&self) -> Result<(Vec<Segment>, Vec<PathBuf>), Error> {
        let fail = |cause| Error::Blob { doing: "list", path: self.folder.to_path_buf(), cause };
        let (mut segments, mut strangers) = (Vec::new(), Vec::new());
        for entry in fs::read_dir(&self.folder).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            // One that went away since the listing was asked for is no concern here.
            let Ok(metadata) = entry.metadata() else { continue };
            match entry.file_name().to_str().and_then(SegmentId::parse) {
                Some(id) if metadata.is_file() => segments.push(Segment {
                    id,
                    size: metadata.len(),
                    modified: Timestamp(metadata.mtime().saturating_mul(1_000)),
                }),
                Some(_) | None => strangers.push(entry.path()),
            }
        }
        segments.sort_unstable_by_key(|segment| segment.id);
        Ok((segments, strangers))
    }
}

/// A segment as it stands in the folder.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) id: SegmentId,
    pub(crate) size: u64,
    pub(crate) modified: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_named_by_sixteen_hexadecimal_digits_and_nothing_else() {
        let id = SegmentId(0x0198_f3c2_a5b4_1001);
        assert_eq!(id.file_name(), "0198f3c2a5b41001");
        assert_eq!(SegmentId::parse("0198f3c2a5b41001"), Some(id));
        for name in ["", "0", "198f3c2a5b41001", "0198F3C2A5B41001", "ffffffffffffffff", "+198f3c2a5b41001"] {
            assert_eq!(SegmentId::parse(name), None, "{name}");
        }
    }
}
