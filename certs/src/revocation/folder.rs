//! Lists kept on disk, so that a restart without network refuses nobody who was fine.

use crate::limits;
use crate::list::List;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// A folder of `.crl` files, one for each scope.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

/// The folder of lists cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot keep lists of revoked certificates in {path}")]
pub struct FolderError {
    /// Which file or folder.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub cause: io::Error,
}

impl Folder {
    pub(crate) fn open(dir: &Path) -> Result<Self, FolderError> {
        fs::create_dir_all(dir).map_err(|cause| FolderError { path: dir.to_owned(), cause })?;
        Ok(Self(dir.to_owned()))
    }

    /// All that is kept. A file longer than any list is read no further than shows that.
    pub(crate) fn read(&self) -> Result<Vec<(PathBuf, Vec<u8>)>, FolderError> {
        let failed = |path: &Path, cause| FolderError { path: path.to_owned(), cause };
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.0).map_err(|cause| failed(&self.0, cause))? {
            let path = entry.map_err(|cause| failed(&self.0, cause))?.path();
            if path.extension().is_none_or(|extension| extension != "crl") {
                continue;
            }
            let mut bytes = Vec::new();
            let most = limits::LIST_SIZE as u64 + 1;
            let read = File::open(&path).and_then(|file| file.take(most).read_to_end(&mut bytes));
            read.map_err(|cause| failed(&path, cause))?;
            found.push((path, bytes));
        }
        Ok(found)
    }

    /// Written beside, synced, renamed, the folder synced: a crash leaves the old list or the new.
    pub(crate) fn write(&self, list: &List) -> Result<(), FolderError> {
        let name: String = list.scope.iter().map(|byte| format!("{byte:02x}")).collect();
        let path = self.0.join(name).with_extension("crl");
        let beside = path.with_extension("new");
        let written = || {
            let mut file = File::create(&beside)?;
            file.write_all(&list.der)?;
            file.sync_all()?;
            fs::rename(&beside, &path)?;
            File::open(&self.0)?.sync_all()
        };
        written().map_err(|cause| FolderError { path: path.clone(), cause })
    }
}
