//! A folder that goes away with its import.

use std::path::{Path, PathBuf};

use crate::import::Failed;

/// A folder of one import; removed when dropped.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// A new folder in `parent`, which is made when absent.
    pub(crate) fn new(parent: &Path) -> Result<Self, Failed> {
        std::fs::create_dir_all(parent).map_err(|cause| Failed::File { path: parent.to_owned(), cause })?;
        for number in 0..1_000 {
            let path = parent.join(format!("import-{}-{number}", std::process::id()));
            match std::fs::create_dir(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(cause) => return Err(Failed::File { path, cause }),
            }
        }
        Err(Failed::scratch(std::io::Error::other("too many folders of imports that were stopped")))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::debug!(%error, "the folder of an import could not be removed");
        }
    }
}
