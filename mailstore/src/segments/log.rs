//! The thread that writes segments: all that waits is written, synced once, and answered.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::{Extent, SegmentId, Staged};
use crate::{Error, limits};

/// Octets to keep.
pub(super) struct Append {
    /// What a new segment would be called.
    pub(super) name: SegmentId,
    pub(super) pieces: Vec<Vec<u8>>,
    /// Given back once written.
    pub(super) _staged: Staged,
    pub(super) reply: oneshot::Sender<Result<Extent, Error>>,
}

/// Starts the thread. It ends when the last sender is gone and all that waited is answered.
pub(super) fn start(folder: Arc<Path>) -> io::Result<mpsc::Sender<Append>> {
    let (inbox, waiting) = mpsc::channel(limits::WAITING_APPENDS);
    let mut log = Log { folder, current: None };
    std::thread::Builder::new().name("segments".to_owned()).spawn(move || log.run(waiting))?;
    Ok(inbox)
}

struct Log {
    folder: Arc<Path>,
    current: Option<Current>,
}

/// The segment being written.
struct Current {
    id: SegmentId,
    file: File,
    end: u64,
    /// Octets the file system has set aside.
    prepared: u64,
}

impl Append {
    fn octets(&self) -> usize {
        self.pieces.iter().map(Vec::len).sum()
    }
}

impl Log {
    fn run(&mut self, mut waiting: mpsc::Receiver<Append>) {
        let mut group = Vec::new();
        while let Some(first) = waiting.blocking_recv() {
            let mut octets = first.octets();
            group.push(first);
            while octets < limits::APPEND_GROUP
                && let Ok(next) = waiting.try_recv()
            {
                octets += next.octets();
                group.push(next);
            }
            self.keep(group.drain(..));
        }
        if let Some(current) = self.current.take()
            && let Err(cause) = current.close()
        {
            // All that was answered is on disk: only what was set aside stays, until the sweeper comes.
            tracing::debug!(error = %cause, "the last segment could not be cut to its end");
        }
    }

    fn keep(&mut self, group: impl Iterator<Item = Append>) {
        let group: Vec<Append> = group.collect();
        match self.write(&group) {
            Ok(extents) => {
                for (append, extent) in group.into_iter().zip(extents) {
                    // Whoever asked may be gone: then these octets are dead.
                    drop(append.reply.send(Ok(extent)));
                }
            }
            Err(cause) => {
                // After a failed write or sync nobody knows what the file holds behind its last good end:
                // it is not written any more (RELIABILITY lesson 4).
                let path = self
                    .current
                    .take()
                    .map_or(self.folder.to_path_buf(), |current| self.folder.join(current.id.file_name()));
                for append in group {
                    drop(append.reply.send(Err(failed(&path, &cause))));
                }
            }
        }
    }

    fn write(&mut self, group: &[Append]) -> io::Result<Vec<Extent>> {
        let mut extents = Vec::with_capacity(group.len());
        for append in group {
            let length = append.octets() as u64;
            if let Some(current) = self.current.take_if(|current| current.end + length > limits::SEGMENT) {
                current.close()?;
            }
            let current = match &mut self.current {
                Some(current) => current,
                none => none.insert(Current::create(&self.folder, append.name)?),
            };
            current.prepare(length);
            extents.push(Extent { segment: current.id, place: current.end });
            for piece in &append.pieces {
                current.file.write_all_at(piece, current.end)?;
                current.end += piece.len() as u64;
            }
        }
        if let Some(current) = &self.current {
            current.file.sync_data()?;
        }
        Ok(extents)
    }
}

impl Current {
    /// A new segment, whose name is on disk before anything refers to it.
    fn create(folder: &Path, id: SegmentId) -> io::Result<Self> {
        let path = folder.join(id.file_name());
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
        // Whoever sweeps, here or in another process, leaves alone what is locked.
        file.try_lock().map_err(|refused| match refused {
            TryLockError::Error(cause) => cause,
            TryLockError::WouldBlock => io::Error::other("a new segment is locked already"),
        })?;
        File::open(folder)?.sync_all()?;
        Ok(Self { id, file, end: 0, prepared: 0 })
    }

    /// Has the file system set aside what comes next: a sync then moves no end of a file.
    fn prepare(&mut self, length: u64) {
        if self.end + length <= self.prepared {
            return;
        }
        let wanted = (self.end + length).max(self.prepared + limits::PREPARED).min(limits::SEGMENT);
        let more = wanted.saturating_sub(self.prepared);
        let flags = rustix::fs::FallocateFlags::empty();
        if more > 0 && rustix::fs::fallocate(&self.file, flags, self.prepared, more).is_err() {
            // A file system that cannot, or has no room: the write itself tells.
            tracing::debug!("no room could be set aside for a segment");
        }
        self.prepared = wanted;
    }

    /// What was written is synced, and what was set aside is given back.
    fn close(self) -> io::Result<()> {
        self.file.set_len(self.end)?;
        self.file.sync_data()
    }
}

fn failed(path: &Path, cause: &io::Error) -> Error {
    // One failure for many letters: each hears of it.
    let cause = match cause.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(cause.kind(), cause.to_string()),
    };
    Error::Blob { doing: "append to", path: PathBuf::from(path), cause }
}
