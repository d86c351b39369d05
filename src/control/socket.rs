//! Where the server listens for its administrators.

use anyhow::Context as _;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use tokio::net::UnixListener;

/// A bound control socket; its file goes away with it.
#[derive(Debug)]
pub struct Socket {
    pub(super) listener: UnixListener,
    path: PathBuf,
}

/// The socket of a data folder.
pub(super) fn path(data: &Path) -> PathBuf {
    data.join("control.sock")
}

impl Socket {
    /// Binds the socket of this data folder, whose lock the caller holds: a file left behind by a
    /// killed server is replaced.
    pub fn open(data: &Path) -> anyhow::Result<Self> {
        let path = path(data);
        let beside = data.join("control.new");
        let opened = || {
            remove_socket(&beside)?;
            let listener = UnixListener::bind(&beside)?;
            // Narrowed before it is found under its name.
            std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(0o600))?;
            remove_socket(&path)?;
            std::fs::rename(&beside, &path)?;
            Ok::<_, std::io::Error>(listener)
        };
        let listener = opened().with_context(|| {
            format!(
                "cannot make the control socket {} (a path of 108 octets or more is too long for one)",
                path.display()
            )
        })?;
        Ok(Self { listener, path })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Err(cause) = remove_socket(&self.path) {
            tracing::debug!(%cause, "the control socket could not be removed");
        }
    }
}

/// Removes a socket, and nothing that is not one.
fn remove_socket(path: &Path) -> std::io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(cause) => Err(cause),
        Ok(found) if found.file_type().is_socket() => std::fs::remove_file(path),
        Ok(_) => Err(std::io::Error::other("a file that is no socket is in the way")),
    }
}
