//! Giving back what is dead in segments: tails of a crash, whole segments, and by copying the living
//! out of segments that are mostly dead.
//!
//! A segment that is locked is being written and is left alone; so is one written within a day, because a
//! letter being committed owns octets no row tells of yet, and so do all letters of a long APPEND but the last. Copies are synced before the rows turn to
//! them, all in one unit, and the old segment goes a day later: who reads it has opened it by then.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use names::{BodyId, Timestamp};

use super::{Extent, Segment, SegmentId, Until};
use crate::blobs::{self, blocking};
use crate::body::layout;
use crate::{Error, Mailstore, limits};

/// What the sweeper gave back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct SegmentsSwept {
    /// Segments removed: nothing in them lived.
    pub(crate) removed: u64,
    /// Segments whose living bodies were copied out; they are removed a day later.
    pub(crate) copied_out: u64,
    /// Octets cut off behind the last body that lives.
    pub(crate) cut: u64,
}

/// A body that lives in a segment.
#[derive(Clone, Copy)]
struct Living {
    body: BodyId,
    place: u64,
    length: u64,
}

impl Living {
    fn end(&self) -> u64 {
        self.place + self.length
    }
}

impl Mailstore {
    /// Looks at some segments, going on where it stopped, and gives back what is dead in them.
    pub(crate) async fn sweep_segments(&self, now: Timestamp) -> Result<SegmentsSwept, Error> {
        let store = self.clone();
        let (all, _) = blocking(move || store.segments().list()).await?;
        let looked_at = &self.segments().looked_at;
        let after = looked_at.load(Ordering::Relaxed);
        let (seen, rest): (Vec<Segment>, Vec<Segment>) = all.iter().partition(|one| one.id.0 <= after);
        let mut swept = SegmentsSwept::default();
        let mut copied = 0;
        for segment in rest.into_iter().chain(seen).take(limits::SEGMENTS_SWEPT) {
            looked_at.store(segment.id.0, Ordering::Relaxed);
            if now.since(segment.modified) > limits::BLOB_GRACE {
                copied += self.sweep_segment(segment.id, now, &mut swept).await?;
            }
            if copied > limits::SEGMENT {
                break;
            }
        }
        Ok(swept)
    }

    /// Answers how many octets it copied.
    pub(crate) async fn sweep_segment(
        &self,
        segment: SegmentId,
        now: Timestamp,
        swept: &mut SegmentsSwept,
    ) -> Result<u64, Error> {
        let path = self.segments().path(segment);
        let held = blocking(move || lock(&path)).await?;
        // Being written, here or elsewhere, or just gone.
        let Some((file, size, modified)) = held else { return Ok(0) };
        // Looked at again under the lock: since the folder was listed it may have been written, to its end.
        if now.since(modified) <= limits::BLOB_GRACE {
            return Ok(0);
        }
        let living = self.living(segment).await?;
        let end = living.iter().map(Living::end).max().unwrap_or(0);
        let alive: u64 = living.iter().map(|body| body.length).sum();
        if living.is_empty() {
            let store = self.clone();
            blocking(move || blobs::remove(&store.segments().path(segment))).await?;
            swept.removed += 1;
            return Ok(0);
        }
        if (end - alive.min(end)) * 1_000 > end * limits::DEAD_SHARE {
            let file = self.copy_out(segment, file, &living, now).await?;
            let path = self.segments().path(segment);
            let since = SystemTime::UNIX_EPOCH + Duration::from_millis(now.0.max(0) as u64);
            blocking(move || file.set_modified(since).map_err(|cause| fail("date", &path, cause))).await?;
            swept.copied_out += 1;
            return Ok(alive);
        }
        if size > end {
            let path = self.segments().path(segment);
            let cut = move || file.set_len(end).and_then(|()| file.sync_all());
            blocking(move || cut().map_err(|cause| fail("cut", &path, cause))).await?;
            swept.cut += size - end;
        }
        Ok(0)
    }

    async fn living(&self, segment: SegmentId) -> Result<Vec<Living>, Error> {
        const LIVING: &str = "SELECT id, place, size, cuts FROM body WHERE segment = $1 ORDER BY place";
        let rows = self.db().read().await?.rows(LIVING, db::args![segment.0]).await?;
        let living = rows.iter().map(|row| {
            let layout = layout(row.int(0)?, row.int(2)?, row.maybe_bytes(3)?.as_deref())?;
            let length = layout.sealed_size();
            Ok(Living { body: BodyId(row.int(0)?), place: row.int(1)? as u64, length })
        });
        living.collect()
    }

    /// Copies these bodies to the current segment and turns their rows to the copies.
    async fn copy_out(
        &self,
        segment: SegmentId,
        mut file: File,
        living: &[Living],
        now: Timestamp,
    ) -> Result<File, Error> {
        let mut turns = Vec::with_capacity(living.len());
        for bodies in batches(living) {
            let (store, wanted) = (self.clone(), bodies.to_vec());
            let (back, sealed) = blocking(move || {
                let path = store.segments().path(segment);
                let mut sealed = Vec::new();
                for body in &wanted {
                    sealed.extend(blobs::read_at(&file, &path, body.place, body.length as usize)?);
                }
                Ok((file, sealed))
            })
            .await?;
            file = back;
            // Segments are named by bodies: the copy of one that has named a segment needs another name.
            let name = BodyId(self.db().id(now));
            let copy =
                self.segments().append(name, vec![sealed], self.segments().staged(), Until::OnDisk).await?;
            let mut place = copy.place;
            for body in bodies {
                turns.push((body.body, Extent { segment: copy.segment, place }));
                place += body.length;
            }
        }
        let turn = db::unit("turn to copies", (segment, turns), |(segment, turns), tx| {
            Box::pin(async move {
                // A body removed meanwhile has no row: its copy is dead.
                const TURN: &str = "UPDATE body SET segment = $3, place = $4 WHERE id = $1 AND segment = $2";
                for (body, copy) in turns {
                    let args = db::args![*body, segment.0, copy.segment.0, copy.place as i64];
                    tx.execute(TURN, args).await?;
                }
                Ok::<_, Error>(())
            })
        });
        self.db().write(turn).await?;
        Ok(file)
    }
}

/// The bodies in runs of about `limits::STAGED_BODY` octets.
fn batches(living: &[Living]) -> Vec<&[Living]> {
    let mut octets = 0;
    let whole = |one: &Living, next: &Living| {
        octets += one.length;
        if octets + next.length > limits::STAGED_BODY as u64 {
            octets = 0;
            return false;
        }
        true
    };
    living.chunk_by(whole).collect()
}

/// The segment with its lock, how long it is and when it was written; none when somebody holds it or it is gone.
fn lock(path: &std::path::Path) -> Result<Option<(File, u64, Timestamp)>, Error> {
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(fail("open", path, cause)),
    };
    if file.try_lock().is_err() {
        return Ok(None);
    }
    let metadata = file.metadata().map_err(|cause| fail("look at", path, cause))?;
    let modified = Timestamp(metadata.mtime().saturating_mul(1_000));
    Ok(Some((file, metadata.len(), modified)))
}

fn fail(doing: &'static str, path: &std::path::Path, cause: std::io::Error) -> Error {
    Error::Blob { doing, path: path.to_owned(), cause }
}
