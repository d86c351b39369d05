//! Start-up refusals about the data folder.

use crate::Error;
use std::fs::{File, TryLockError};
use std::path::Path;

/// File systems whose locks or syncs another machine may not honour.
const NETWORK: [&str; 12] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "ceph",
    "glusterfs",
    "fuse.sshfs",
    "afs",
    "lustre",
    "ocfs2",
];

/// Holds the data folder for one server, until dropped.
pub(crate) fn hold(folder: &Path) -> Result<File, Error> {
    let path = folder.join("lock");
    let failed = |cause| Error::File { path: path.clone(), cause };
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Locked(folder.to_owned())),
        Err(TryLockError::Error(cause)) => Err(Error::File { path, cause }),
    }
}

/// Refuses a folder on a network file system: its syncs are promises of another machine.
pub(crate) fn refuse_network_file_system(folder: &Path) -> Result<(), Error> {
    let Ok(mounts) = std::fs::read_to_string("/proc/self/mountinfo") else { return Ok(()) };
    let folder = folder.canonicalize().map_err(|cause| Error::File { path: folder.to_owned(), cause })?;
    match kind_of_mount(&mounts, &folder) {
        Some(kind) if NETWORK.contains(&kind) => Err(Error::Refused(format!(
            "{} is on a network file system ({kind}); SQLite needs a local disk, or use PostgreSQL",
            folder.display()
        ))),
        _ => Ok(()),
    }
}

/// The file system of the longest mount point above `folder` (proc(5), mountinfo).
fn kind_of_mount<'a>(mounts: &'a str, folder: &Path) -> Option<&'a str> {
    mounts
        .lines()
        .filter_map(|line| {
            let (left, right) = line.split_once(" - ")?;
            let point = left.split(' ').nth(4)?;
            let kind = right.split(' ').next()?;
            folder.starts_with(point).then_some((point.len(), kind))
        })
        .max_by_key(|(length, _)| *length)
        .map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_mount_decides() {
        let mounts = "1 0 0:1 / / rw - ext4 /dev/a rw\n2 1 0:2 / /srv/mail rw - nfs4 host:/x rw\n";
        assert_eq!(kind_of_mount(mounts, Path::new("/srv/mail/data")), Some("nfs4"));
        assert_eq!(kind_of_mount(mounts, Path::new("/srv/other")), Some("ext4"));
    }

    #[test]
    fn a_second_holder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let first = hold(folder.path()).unwrap();
        assert!(matches!(hold(folder.path()), Err(Error::Locked(_))));
        drop(first);
        assert!(hold(folder.path()).is_ok());
    }
}
