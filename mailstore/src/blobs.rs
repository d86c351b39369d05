//! The folder of blobs: sealed bodies too long for the database, and for sharing a file.
//!
//! ```text
//! blobs/tmp/<name>     being written
//! blobs/3f/<name>      whole and on disk; <name> is 32 random hexadecimal digits beginning with 3f
//! blobs/segments/      bodies that share files: see `segments`
//! ```
//! A blob is written to `tmp`, synced, renamed, and its folder synced, all before the unit that
//! refers to it begins. Nothing else may stand here (V10). A name tells nothing: whose blob it is
//! stands in the database.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use names::{Entropy, Timestamp};

use crate::{Error, Mailstore, limits, segments};

/// Name of a blob: 32 random hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct BlobName(String);

impl BlobName {
    pub(crate) fn random(entropy: &Entropy) -> Self {
        let bytes: [u8; 16] = entropy.bytes();
        Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Reads a name, as from the database or a directory listing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == 32 && text.bytes().all(digit)).then(|| Self(text.to_owned()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Room to keep free on the disk, so that reading, deleting and the database's own work go on
/// when the disk is nearly full (RELIABILITY R-03).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reserve {
    /// Octets ...
    pub octets: u64,
    /// ... or thousandths of the disk, whichever is more.
    pub share: u64,
}

impl Reserve {
    /// One gigabyte or five per cent.
    pub const STANDARD: Self = Self { octets: limits::RESERVE_OCTETS, share: limits::RESERVE_SHARE };
}

/// What is free on the disk of the store, and what of it letters may not take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Room {
    /// Octets free.
    pub free: u64,
    /// Octets never filled with letters.
    pub reserve: u64,
}

impl Room {
    /// Of the disk that holds this folder.
    pub fn of(folder: &Path, reserve: Reserve) -> Result<Self, Error> {
        let room = rustix::fs::statvfs(folder).map_err(|cause| Error::Blob {
            doing: "ask the free room of",
            path: folder.to_owned(),
            cause: cause.into(),
        })?;
        let free = room.f_bavail.saturating_mul(room.f_frsize);
        let whole = room.f_blocks.saturating_mul(room.f_frsize);
        Ok(Self { free, reserve: reserve.octets.max(whole / 1_000 * reserve.share) })
    }
}

pub(crate) struct Blobs {
    folder: Arc<Path>,
    reserve: Reserve,
}

impl Blobs {
    /// Makes what is missing of the folder, and syncs it, so that a rename into it can be made durable.
    pub(crate) fn open(folder: PathBuf, reserve: Reserve) -> Result<Self, Error> {
        let fail = |cause| Error::Blob { doing: "prepare the folder of", path: folder.clone(), cause };
        let private = |path: &Path| fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
        private(&folder.join("tmp")).map_err(fail)?;
        let last = folder.join("ff");
        if !last.is_dir() {
            for shelf in 0..=u8::MAX {
                private(&folder.join(format!("{shelf:02x}"))).map_err(fail)?;
            }
            File::open(&folder).and_then(|file| file.sync_all()).map_err(fail)?;
        }
        Ok(Self { folder: folder.into(), reserve })
    }

    pub(crate) fn check_room(&self) -> Result<(), Error> {
        let Room { free, reserve } = self.room()?;
        if free < reserve { Err(Error::Full { free, reserve }) } else { Ok(()) }
    }

    pub(crate) fn room(&self) -> Result<Room, Error> {
        Room::of(&self.folder, self.reserve)
    }

    pub(crate) fn path(&self, name: &BlobName) -> PathBuf {
        self.folder.join(&name.0[..2]).join(&name.0)
    }

    /// Begins a blob; what is not finished is removed when dropped.
    pub(crate) fn begin(&self, entropy: &Entropy) -> BlobWriter {
        let name = BlobName::random(entropy);
        let path = self.folder.join("tmp").join(&name.0);
        BlobWriter { target: self.path(&name), name, temporary: path, file: None }
    }

    /// Names of every blob, and whether it is older than `before`; then paths that have no business here.
    pub(crate) fn list(&self, before: Timestamp) -> Result<Listing, Error> {
        let mut listing = Listing::default();
        for shelf in read(&self.folder)? {
            let name = shelf.file_name();
            if name == segments::FOLDER {
                continue;
            }
            let is_shelf = name.to_str().is_some_and(|name| {
                name == "tmp" || (name.len() == 2 && BlobName::parse(&name.repeat(16)).is_some())
            });
            if !is_shelf {
                listing.strangers.push(shelf.path());
                continue;
            }
            for entry in read(&shelf.path())? {
                let path = entry.path();
                // A blob that went away since the listing was asked for is no concern here.
                let Ok(metadata) = entry.metadata() else { continue };
                let modified = Timestamp(metadata.mtime().saturating_mul(1_000));
                let blob = entry.file_name().to_str().and_then(BlobName::parse);
                match blob {
                    Some(_) if name == "tmp" => listing.unfinished.push((path, modified)),
                    Some(blob) if self.path(&blob) == path => {
                        listing.blobs.push(Blob { name: blob, size: metadata.len(), old: modified < before });
                    }
                    Some(_) | None => listing.strangers.push(path),
                }
            }
        }
        Ok(listing)
    }

    pub(crate) fn remove(&self, name: &BlobName) -> Result<(), Error> {
        remove(&self.path(name))
    }
}

/// What stands in the folder.
#[derive(Default)]
pub(crate) struct Listing {
    pub(crate) blobs: Vec<Blob>,
    pub(crate) unfinished: Vec<(PathBuf, Timestamp)>,
    pub(crate) strangers: Vec<PathBuf>,
}

pub(crate) struct Blob {
    pub(crate) name: BlobName,
    pub(crate) size: u64,
    pub(crate) old: bool,
}

fn read(folder: &Path) -> Result<Vec<fs::DirEntry>, Error> {
    fs::read_dir(folder).and_then(Iterator::collect).map_err(|cause| Error::Blob {
        doing: "list",
        path: folder.to_owned(),
        cause,
    })
}

pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
            Err(Error::Blob { doing: "remove", path: path.to_owned(), cause })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// A blob being written. Its functions block: call them where blocking is fine.
pub(crate) struct BlobWriter {
    name: BlobName,
    temporary: PathBuf,
    target: PathBuf,
    file: Option<File>,
}

impl BlobWriter {
    pub(crate) fn write(&mut self, sealed: &[u8]) -> Result<(), Error> {
        self.file().and_then(|file| file.write_all(sealed)).map_err(|cause| Error::Blob {
            doing: "write",
            path: self.temporary.clone(),
            cause,
        })
    }

    /// Makes the blob durable under its name. A failed sync is never tried again: the blob is given up.
    pub(crate) fn finish(mut self) -> Result<BlobName, Error> {
        let shelf = self.target.parent().unwrap_or(Path::new(".")).to_owned();
        self.file()
            .and_then(|file| file.sync_data())
            .and_then(|()| fs::rename(&self.temporary, &self.target))
            .and_then(|()| File::open(shelf)?.sync_all())
            .map_err(|cause| Error::Blob { doing: "keep", path: self.target.clone(), cause })?;
        self.file = None;
        Ok(self.name.clone())
    }

    fn file(&mut self) -> io::Result<&mut File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.temporary)?,
        };
        Ok(self.file.insert(file))
    }
}

impl Drop for BlobWriter {
    fn drop(&mut self) {
        if self.file.take().is_some() && remove(&self.temporary).is_err() {
            // The sweeper removes it in an hour.
            tracing::debug!("an unfinished blob could not be removed");
        }
    }
}

/// Reads stored octets of a blob; blocks.
pub(crate) fn read_at(file: &File, path: &Path, at: u64, length: usize) -> Result<Vec<u8>, Error> {
    let mut sealed = vec![0; length];
    file.read_exact_at(&mut sealed, at).map_err(|cause| Error::Blob {
        doing: "read",
        path: path.to_owned(),
        cause,
    })?;
    Ok(sealed)
}

impl Mailstore {
    /// Removes blobs no body refers to, a day after they were written, and interrupted writes after an
    /// hour; tells how many of each.
    pub async fn sweep(&self, now: Timestamp) -> Result<(u64, u64), Error> {
        let store = self.clone();
        let listing = blocking(move || store.blobs().list(now.plus(-limits::BLOB_GRACE))).await?;
        let old: Vec<_> = listing.blobs.into_iter().filter(|blob| blob.old).map(|blob| blob.name).collect();
        let known = self.referenced(&old).await?;
        let unknown: Vec<_> = old.into_iter().filter(|name| !known.contains(name)).collect();
        let store = self.clone();
        blocking(move || {
            let mut swept = (0, 0);
            for name in unknown {
                store.blobs().remove(&name)?;
                swept.0 += 1;
            }
            for (path, modified) in listing.unfinished {
                if now.since(modified) > limits::TEMPORARY_GRACE {
                    remove(&path)?;
                    swept.1 += 1;
                }
            }
            Ok(swept)
        })
        .await
    }

    /// Which of these blobs a body refers to.
    pub(crate) async fn referenced(&self, names: &[BlobName]) -> Result<HashSet<BlobName>, Error> {
        let list = names.iter().map(|name| db::Value::from(name.as_str())).collect();
        let rows = self
            .db()
            .read()
            .await?
            .rows_in("SELECT blob FROM body WHERE blob IN ({})", db::args![], list)
            .await?;
        rows.iter().map(|row| Ok(BlobName(row.text(0)?))).collect()
    }
}

/// Runs what blocks on a thread made for it.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|cause| {
        Err(Error::Blob { doing: "finish work on", path: PathBuf::new(), cause: io::Error::other(cause) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::entropy;

    const NOW: Timestamp = Timestamp(1_795_348_800_000);

    fn blobs(reserve: Reserve) -> (tempfile::TempDir, Blobs) {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path().join("blobs"), reserve).unwrap();
        (folder, blobs)
    }

    #[test]
    fn a_blob_finished_stands_under_its_name_and_one_given_up_leaves_nothing() {
        let (_folder, blobs) = blobs(Reserve { octets: 0, share: 0 });
        let mut writer = blobs.begin(&entropy());
        writer.write(b"sealed").unwrap();
        assert_eq!(blobs.list(NOW).unwrap().unfinished.len(), 1);
        let name = writer.finish().unwrap();
        assert_eq!(fs::read(blobs.path(&name)).unwrap(), b"sealed");
        let mut writer = blobs.begin(&Entropy::new(|bytes| bytes.fill(9)));
        writer.write(b"more").unwrap();
        drop(writer);
        let listing = blobs.list(NOW).unwrap();
        assert_eq!((listing.blobs.len(), listing.unfinished.len(), listing.strangers.len()), (1, 0, 0));
    }

    #[test]
    fn a_file_with_no_business_here_is_told() {
        let (folder, blobs) = blobs(Reserve { octets: 0, share: 0 });
        fs::write(folder.path().join("blobs/note.txt"), b"").unwrap();
        fs::write(folder.path().join("blobs/00/note.txt"), b"").unwrap();
        fs::write(folder.path().join(format!("blobs/00/{}", "11".repeat(16))), b"").unwrap();
        assert_eq!(blobs.list(NOW).unwrap().strangers.len(), 3);
    }

    #[test]
    fn letters_are_refused_before_the_disk_is_full() {
        let (_folder, blobs) = blobs(Reserve { octets: u64::MAX, share: 0 });
        assert!(blobs.check_room().unwrap_err().is_full());
        let (_folder, blobs) = self::blobs(Reserve { octets: 0, share: 0 });
        blobs.check_room().unwrap();
    }

    #[test]
    fn only_32_hexadecimal_digits_name_a_blob() {
        for text in ["", "../../etc/passwd", &"0".repeat(31), &"G".repeat(32), &"A".repeat(32)] {
            assert_eq!(BlobName::parse(text), None, "{text}");
        }
    }
}
