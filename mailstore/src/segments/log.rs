//! The thread that writes segments: all that waits is written, synced once if somebody waits for the disk, and answered.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::{Extent, SegmentId, Staged};
use crate::{Error, limits};

/// What the thread is asked for.
pub(super) enum Order {
    Append(Append),
    Sync(Sync),
}

/// Octets to keep.
pub(super) struct Append {
    /// What a new segment would be called.
    pub(super) name: SegmentId,
    pub(super) pieces: Vec<Vec<u8>>,
    /// Given back once written.
    pub(super) _staged: Staged,
    /// Whether whoever asks waits for the disk; if not, a [`Sync`] comes before anything refers to the octets.
    pub(super) until: Until,
    pub(super) reply: oneshot::Sender<Result<Extent, Error>>,
}

/// When an append is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Until {
    /// When its octets are in the file.
    Written,
    /// When they are on disk.
    OnDisk,
}

/// What was written to these segments goes to the disk.
pub(super) struct Sync {
    pub(super) segments: BTreeSet<SegmentId>,
    pub(super) reply: oneshot::Sender<Result<(), Error>>,
}

/// Starts the thread. It ends when the last sender is gone and all that waited is answered.
pub(super) fn start(folder: Arc<Path>) -> io::Result<mpsc::Sender<Order>> {
    let (inbox, waiting) = mpsc::channel(limits::WAITING_APPENDS);
    let mut log = Log { folder, current: None, lost: BTreeSet::new() };
    std::thread::Builder::new().name("segments".to_owned()).spawn(move || log.run(waiting))?;
    Ok(inbox)
}

struct Log {
    folder: Arc<Path>,
    current: Option<Current>,
    /// Segments of which nobody knows what is on disk, because writing or syncing one failed.
    lost: BTreeSet<SegmentId>,
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

impl Order {
    fn octets(&self) -> usize {
        match self {
            Self::Append(append) => append.octets(),
            Self::Sync(_) => 0,
        }
    }

    fn waits_for_the_disk(&self) -> bool {
        match self {
            Self::Append(append) => append.until == Until::OnDisk,
            Self::Sync(_) => true,
        }
    }
}

impl Log {
    fn run(&mut self, mut waiting: mpsc::Receiver<Order>) {
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
            self.keep(std::mem::take(&mut group));
        }
        if let Some(current) = self.current.take()
            && let Err(cause) = current.close()
        {
            // All that was answered is on disk: only what was set aside stays, until the sweeper comes.
            tracing::debug!(error = %cause, "the last segment could not be cut to its end");
        }
    }

    fn keep(&mut self, group: Vec<Order>) {
        let waits = group.iter().any(Order::waits_for_the_disk);
        let (mut appends, mut syncs) = (Vec::with_capacity(group.len()), Vec::new());
        for order in group {
            match order {
                Order::Append(append) => appends.push(append),
                Order::Sync(sync) => syncs.push(sync),
            }
        }
        let written = self.write(&appends).and_then(|extents| match &self.current {
            Some(current) if waits => current.file.sync_data().map(|()| extents),
            Some(_) | None => Ok(extents),
        });
        // Whoever asked may be gone: then these octets are dead.
        match written {
            Ok(extents) => {
                for (append, extent) in appends.into_iter().zip(extents) {
                    drop(append.reply.send(Ok(extent)));
                }
                for sync in syncs {
                    drop(sync.reply.send(self.unless_lost(&sync.segments)));
                }
            }
            Err(cause) => {
                // After a failed write or sync nobody knows what the file holds behind its last good end:
                // it is not written any more (RELIABILITY lesson 4).
                let path = self.current.take().map_or(self.folder.to_path_buf(), |current| {
                    self.lost.insert(current.id);
                    self.folder.join(current.id.file_name())
                });
                for append in appends {
                    drop(append.reply.send(Err(failed(&path, &cause))));
                }
                for sync in syncs {
                    drop(sync.reply.send(Err(failed(&path, &cause))));
                }
            }
        }
    }

    /// The segment being written was synced just now, one that was closed was synced then.
    fn unless_lost(&self, segments: &BTreeSet<SegmentId>) -> Result<(), Error> {
        match segments.intersection(&self.lost).next() {
            None => Ok(()),
            Some(lost) => {
                let cause = io::Error::other("an earlier write or sync of this segment failed");
                Err(failed(&self.folder.join(lost.file_name()), &cause))
            }
        }
    }

    fn write(&mut self, group: &[Append]) -> io::Result<Vec<Extent>> {
        let mut extents = Vec::with_capacity(group.len());
        for append in group {
            let length = append.octets() as u64;
            if let Some(current) = self.current.take_if(|current| current.end + length > limits::SEGMENT) {
                let id = current.id;
                current.close().inspect_err(|_| _ = self.lost.insert(id))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn append(name: i64, until: Until) -> (Order, oneshot::Receiver<Result<Extent, Error>>) {
        let (reply, answer) = oneshot::channel();
        let staged = Staged(Vec::new());
        let pieces = vec![vec![7; 1_000]];
        (Order::Append(Append { name: SegmentId(name), pieces, _staged: staged, until, reply }), answer)
    }

    fn sync(segments: &[SegmentId]) -> (Order, oneshot::Receiver<Result<(), Error>>) {
        let (reply, answer) = oneshot::channel();
        (Order::Sync(Sync { segments: segments.iter().copied().collect(), reply }), answer)
    }

    #[test]
    fn what_was_only_written_is_never_called_safe_once_its_segment_failed() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = Log { folder: folder.path().into(), current: None, lost: BTreeSet::new() };
        let (order, mut written) = append(1, Until::Written);
        log.keep(vec![order]);
        let first = written.try_recv().unwrap().unwrap();
        let (order, mut safe) = sync(&[first.segment]);
        log.keep(vec![order]);
        safe.try_recv().unwrap().unwrap();

        // The next write fails, as on a disk that gave up.
        let path = folder.path().join(first.segment.file_name());
        log.current.as_mut().unwrap().file = File::open(path).unwrap();
        let ((order, mut second), (other, mut third)) = (append(2, Until::Written), sync(&[first.segment]));
        log.keep(vec![order, other]);
        assert!(second.try_recv().unwrap().is_err() && third.try_recv().unwrap().is_err());

        // A new segment is whole; the old one is not believed again.
        let (order, mut written) = append(3, Until::OnDisk);
        log.keep(vec![order]);
        let new = written.try_recv().unwrap().unwrap();
        assert_eq!(new.segment, SegmentId(3));
        let ((order, mut safe), (other, mut lost)) =
            (sync(&[new.segment]), sync(&[first.segment, new.segment]));
        log.keep(vec![order, other]);
        safe.try_recv().unwrap().unwrap();
        assert!(lost.try_recv().unwrap().is_err());
    }

    #[test]
    fn a_segment_that_was_closed_is_safe() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = Log { folder: folder.path().into(), current: None, lost: BTreeSet::new() };
        let (order, mut written) = append(1, Until::Written);
        log.keep(vec![order]);
        let first = written.try_recv().unwrap().unwrap();
        log.current.as_mut().unwrap().end = limits::SEGMENT;
        let (order, mut written) = append(2, Until::Written);
        log.keep(vec![order]);
        assert_eq!(written.try_recv().unwrap().unwrap().segment, SegmentId(2));
        let (order, mut safe) = sync(&[first.segment]);
        log.keep(vec![order]);
        safe.try_recv().unwrap().unwrap();
    }
}
