//! The folder of letters to print: one PDF for each, readable by its owner only, under names that tell nothing.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} {path}")]
pub struct SpoolError {
    doing: &'static str,
    path: PathBuf,
    #[source]
    cause: io::Error,
}

/// The folder.
#[derive(Clone, Debug)]
pub struct Spool(PathBuf);

impl Spool {
    /// The folder, made when missing.
    pub fn open(folder: &Path) -> Result<Self, SpoolError> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|cause| SpoolError {
            doing: "make the folder of letters",
            path: folder.to_owned(),
            cause,
        })?;
        Ok(Self(folder.to_owned()))
    }

    /// Writes a letter, on disk when it returns; one of the same name is replaced. Blocks.
    pub(crate) fn write(&self, name: &str, octets: &[u8]) -> Result<(), SpoolError> {
        let (target, temporary) = (self.0.join(name), self.0.join(format!(".{name}.part")));
        let written = || {
            remove(&temporary)?;
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
            file.write_all(octets)?;
            file.sync_data()?;
            fs::rename(&temporary, &target)?;
            File::open(&self.0)?.sync_all()
        };
        written().map_err(|cause| SpoolError { doing: "write the letter", path: target.clone(), cause })
    }

    /// Removes a letter that was posted; one that is gone is no error. Blocks.
    pub fn remove(&self, name: &str) -> Result<(), SpoolError> {
        // A name is never a path.
        let plain =
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.') && !name.contains("..");
        let path = self.0.join(if plain { name } else { "" });
        remove(&path).map_err(|cause| SpoolError { doing: "remove the letter", path, cause })
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_letter_is_its_owners_only_and_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(&folder.path().join("courrier")).unwrap();
        spool.write("a1.pdf", b"first").unwrap();
        spool.write("a1.pdf", b"second").unwrap();
        let path = spool.folder().join("a1.pdf");
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(spool.folder()).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(spool.folder()).unwrap().count(), 1, "nothing half written is left");
        spool.remove("a1.pdf").unwrap();
        spool.remove("a1.pdf").unwrap();
        let outside = folder.path().join("a1.pdf");
        fs::write(&outside, b"not a letter").unwrap();
        assert!(spool.remove("../a1.pdf").is_err());
        assert!(outside.exists(), "a name is never a path");
        assert_eq!(fs::read_dir(spool.folder()).unwrap().count(), 0);
    }
}
