//! Bodies: sealed as they come in, opened frame by frame.

use std::collections::BTreeSet;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use names::{BodyId, Timestamp};
use seal::{FrameOpener, FrameSealer, Key, Layout};

use crate::blobs::{self, BlobName, BlobWriter, blocking};
use crate::context::{self, Kind};
use crate::segments::{Extent, SegmentId, Segments, Staged, Until};
use crate::{Error, Mailstore, limits};

/// A body sealed (in memory when small, else on disk or on its way there), waiting for its row.
pub struct SealedBody {
    pub(crate) id: BodyId,
    pub(crate) layout: Layout,
    pub(crate) stored: StoredBody,
    pub(crate) key: Key,
    /// Whether a head has the body's own number already.
    pub(crate) headed: AtomicBool,
    /// Whether its row may be written: what it refers to would be there after a power cut.
    safe: AtomicBool,
}

#[derive(Clone)]
pub(crate) enum StoredBody {
    Inline(Vec<u8>),
    Segment(Extent),
    Blob(BlobName),
}

impl SealedBody {
    /// Its number.
    #[must_use]
    pub fn id(&self) -> BodyId {
        self.id
    }

    /// Octets of plaintext.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.layout.size()
    }

    pub(crate) fn is_safe(&self) -> bool {
        self.safe.load(Ordering::Acquire)
    }
}

impl std::fmt::Debug for SealedBody {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "SealedBody({:?}, {} octets)", self.id, self.size())
    }
}

/// Takes a body in, piece by piece; holds no more of it than `limits::STAGED_BODY`. Dropping it gives the body up.
pub struct BodyWriter {
    store: Mailstore,
    id: BodyId,
    sealer: FrameSealer,
    key: Key,
    /// What is sealed and waits, in pieces of `limits::BLOB_WRITE`: one buffer that grows would be copied, and
    /// stand in memory twice, each time it doubles.
    waiting: Vec<Vec<u8>>,
    /// The last piece.
    sealed: Vec<u8>,
    staged: Staged,
    blob: Spill,
}

/// The blob of a body being written, once it is too long for memory.
enum Spill {
    None,
    Begun(BlobWriter),
    /// A write is under way, or failed, or was abandoned: what came before is not to be trusted.
    Lost,
}

impl BodyWriter {
    /// The number the body will have.
    #[must_use]
    pub fn id(&self) -> BodyId {
        self.id
    }

    /// Takes more of the body.
    pub async fn push(&mut self, piece: &[u8]) -> Result<(), Error> {
        // Cut, so that one huge piece does not become one huge buffer.
        for part in piece.chunks(seal::limits::FRAME) {
            let before = self.sealed.len();
            self.sealer.push(part, &mut self.sealed);
            if self.must_flow(before) {
                self.flush().await?;
            } else if self.sealed.len() >= limits::BLOB_WRITE {
                self.waiting.push(std::mem::take(&mut self.sealed));
            }
        }
        Ok(())
    }

    /// Ends the body. When it answers, a long body is on disk and only its row is missing.
    pub async fn finish(self) -> Result<SealedBody, Error> {
        self.end(Until::OnDisk).await
    }

    /// Ends the body. A long one is written, and must be made safe ([`Mailstore::secure`]) before its row is: many
    /// bodies of one batch share a sync then.
    pub async fn finish_written(self) -> Result<SealedBody, Error> {
        self.end(Until::Written).await
    }

    async fn end(mut self, until: Until) -> Result<SealedBody, Error> {
        let layout = self.sealer.finish(&mut self.sealed);
        let stored = match self.blob {
            Spill::None if layout.size() <= limits::INLINE_BODY as u64 => StoredBody::Inline(self.sealed),
            Spill::None => {
                let mut pieces = self.waiting;
                pieces.push(self.sealed);
                let kept = self.store.segments().append(self.id, pieces, self.staged, until);
                StoredBody::Segment(kept.await?)
            }
            spill => {
                let (mut blob, rest) = (spill.writer(&self.store)?, self.sealed);
                let kept = blocking(move || {
                    blob.write(&rest)?;
                    blob.finish()
                });
                StoredBody::Blob(kept.await?)
            }
        };
        let safe = match stored {
            StoredBody::Segment(_) => until == Until::OnDisk,
            StoredBody::Inline(_) | StoredBody::Blob(_) => true,
        };
        let (headed, safe) = (AtomicBool::new(false), AtomicBool::new(safe));
        Ok(SealedBody { id: self.id, layout, stored, key: self.key, headed, safe })
    }

    /// Whether what is sealed must go to the disk now: the body has a file of its own already, is too long
    /// to wait in memory, or there is no room for it to wait.
    fn must_flow(&mut self, before: usize) -> bool {
        let grown = self.sealed.len() - before;
        match self.blob {
            Spill::None => {
                // Packed frames are of any length, and so are the pieces.
                let waiting: usize = self.waiting.iter().map(Vec::len).sum();
                waiting + self.sealed.len() > limits::STAGED_BODY
                    || (grown > 0 && !self.store.segments().stage(&mut self.staged, grown))
            }
            Spill::Begun(_) | Spill::Lost => self.sealed.len() >= limits::BLOB_WRITE,
        }
    }

    async fn flush(&mut self) -> Result<(), Error> {
        let mut blob = std::mem::replace(&mut self.blob, Spill::Lost).writer(&self.store)?;
        let (waiting, sealed) = (std::mem::take(&mut self.waiting), std::mem::take(&mut self.sealed));
        let (blob, mut sealed) = blocking(move || {
            for piece in waiting {
                blob.write(&piece)?;
            }
            blob.write(&sealed)?;
            Ok((blob, sealed))
        })
        .await?;
        sealed.clear();
        self.sealed = sealed;
        self.blob = Spill::Begun(blob);
        self.staged = self.store.segments().staged();
        Ok(())
    }
}

impl Spill {
    fn writer(self, store: &Mailstore) -> Result<BlobWriter, Error> {
        match self {
            Self::None => Ok(store.blobs().begin(store.entropy())),
            Self::Begun(blob) => Ok(blob),
            Self::Lost => Err(Error::Blob {
                doing: "go on after a failure with",
                path: PathBuf::new(),
                cause: std::io::Error::other("an earlier write failed or was abandoned"),
            }),
        }
    }
}

impl std::fmt::Debug for BodyWriter {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "BodyWriter({:?})", self.id)
    }
}

impl Mailstore {
    /// Begins a body.
    #[must_use]
    pub fn body_writer(&self, now: Timestamp) -> BodyWriter {
        let id = BodyId(self.db().id(now));
        let (sealer, key) = FrameSealer::new(&context::of(Kind::Frames, id, 0), self.entropy());
        BodyWriter {
            store: self.clone(),
            id,
            sealer,
            key,
            waiting: Vec::new(),
            sealed: Vec::new(),
            staged: self.segments().staged(),
            blob: Spill::None,
        }
    }
}

impl Mailstore {
    /// Has these bodies on disk, by one sync: then their rows may be written.
    pub async fn secure(&self, bodies: impl IntoIterator<Item = &SealedBody>) -> Result<(), Error> {
        let unsafe_yet: Vec<&SealedBody> = bodies.into_iter().filter(|body| !body.is_safe()).collect();
        let segments: BTreeSet<SegmentId> = unsafe_yet
            .iter()
            .filter_map(|body| match &body.stored {
                StoredBody::Segment(at) => Some(at.segment),
                StoredBody::Inline(_) | StoredBody::Blob(_) => None,
            })
            .collect();
        if !segments.is_empty() {
            self.segments().sync(segments).await?;
        }
        for body in unsafe_yet {
            body.safe.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// A reader of a body that has no row yet: what must be known of a letter before it is judged.
    pub fn reader_of(&self, body: &SealedBody) -> Result<BodyReader, Error> {
        let layout = body.layout.clone();
        match &body.stored {
            StoredBody::Inline(frames) => BodyReader::inline(body.id, layout, &body.key, frames.clone()),
            StoredBody::Segment(extent) => {
                Ok(BodyReader::segment(body.id, layout, &body.key, self.segments(), *extent))
            }
            StoredBody::Blob(name) => {
                Ok(BodyReader::blob(body.id, layout, &body.key, self.blobs().path(name)))
            }
        }
    }
}

/// How the frames of a body stand, by two columns of its row: `size` and `cuts`.
pub(crate) fn layout(id: i64, size: i64, cuts: Option<&[u8]>) -> Result<Layout, Error> {
    let size = size as u64;
    let layout = cuts.map_or_else(|| Some(Layout::of(size)), |cuts| Layout::cut(size, cuts));
    layout.ok_or(Error::Unreadable { what: "body", id })
}

/// Reads a body, in any order. Every octet given was authenticated. A clone reads on its own.
#[derive(Clone)]
pub struct BodyReader {
    id: BodyId,
    size: u64,
    source: Source,
}

#[derive(Clone)]
enum Source {
    Inline(Bytes),
    /// Frames in a file, from `place` on.
    File {
        path: PathBuf,
        place: u64,
        file: Option<Arc<File>>,
        opener: Arc<FrameOpener>,
        ahead: Ahead,
    },
}

/// Plaintext read ahead: where it begins, and what it is.
type Ahead = (u64, Bytes);

impl BodyReader {
    pub(crate) fn inline(id: BodyId, layout: Layout, key: &Key, frames: Vec<u8>) -> Result<Self, Error> {
        let (size, all) = (layout.size(), 0..layout.frames());
        let opener = FrameOpener::new(key, &context::of(Kind::Frames, id, 0), layout);
        let whole = opener.open(all, frames).map_err(|_| Error::Sealed { what: "body", id: id.0 })?;
        Ok(Self { id, size, source: Source::Inline(whole.into()) })
    }

    pub(crate) fn blob(id: BodyId, layout: Layout, key: &Key, path: PathBuf) -> Self {
        Self::file(id, layout, key, path, 0)
    }

    pub(crate) fn segment(id: BodyId, layout: Layout, key: &Key, segments: &Segments, at: Extent) -> Self {
        Self::file(id, layout, key, segments.path(at.segment), at.place)
    }

    fn file(id: BodyId, layout: Layout, key: &Key, path: PathBuf, place: u64) -> Self {
        let size = layout.size();
        let opener = FrameOpener::new(key, &context::of(Kind::Frames, id, 0), layout);
        let (opener, ahead) = (Arc::new(opener), (0, Bytes::new()));
        Self { id, size, source: Source::File { path, place, file: None, opener, ahead } }
    }

    /// Which body this is.
    #[must_use]
    pub fn id(&self) -> BodyId {
        self.id
    }

    /// Octets of plaintext.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The next piece of `rest`, which moves on; `None` at its end or at the body's.
    ///
    /// Only the frames that hold the piece are read. A caller that asks again and again streams the
    /// body with some 256 KiB in memory.
    pub async fn next(&mut self, rest: &mut Range<u64>) -> Result<Option<Bytes>, Error> {
        rest.end = rest.end.min(self.size);
        if rest.start >= rest.end {
            return Ok(None);
        }
        if let Source::File { path, place, file, opener, ahead } = &mut self.source
            && !stands_in(ahead, rest.start)
        {
            let (id, path, place) = (self.id, path.clone(), *place);
            let (known, opener, wanted) = (file.take(), Arc::clone(opener), rest.clone());
            let (opened, read) =
                blocking(move || read_ahead(id, (&path, place), known, &opener, &wanted)).await?;
            (*file, *ahead) = (unless_over(opened, &read, self.size), read);
        }
        Ok(Some(self.piece(rest)))
    }

    /// As [`BodyReader::next`], on a thread that may wait for the disk.
    pub fn next_here(&mut self, rest: &mut Range<u64>) -> Result<Option<Bytes>, Error> {
        rest.end = rest.end.min(self.size);
        if rest.start >= rest.end {
            return Ok(None);
        }
        if let Source::File { path, place, file, opener, ahead } = &mut self.source
            && !stands_in(ahead, rest.start)
        {
            let (opened, read) = read_ahead(self.id, (path, *place), file.take(), opener, rest)?;
            (*file, *ahead) = (unless_over(opened, &read, self.size), read);
        }
        Ok(Some(self.piece(rest)))
    }

    /// What is in memory of `rest`, which moves on.
    fn piece(&self, rest: &mut Range<u64>) -> Bytes {
        let piece = match &self.source {
            Source::Inline(whole) => whole.slice(rest.start as usize..rest.end as usize),
            Source::File { ahead, .. } => {
                let from = (rest.start - ahead.0) as usize;
                let to = ((rest.end - ahead.0) as usize).min(ahead.1.len());
                ahead.1.slice(from..to)
            }
        };
        rest.start += piece.len() as u64;
        piece
    }

    /// The octets of `range`, cut to the body's end, all in memory: for ranges known to be small.
    pub async fn range(&mut self, range: Range<u64>) -> Result<Bytes, Error> {
        let mut rest = range;
        let Some(first) = self.next(&mut rest).await? else { return Ok(Bytes::new()) };
        if rest.start >= rest.end {
            return Ok(first);
        }
        let mut whole = Vec::with_capacity(first.len() + (rest.end - rest.start) as usize);
        whole.extend_from_slice(&first);
        while let Some(piece) = self.next(&mut rest).await? {
            whole.extend_from_slice(&piece);
        }
        Ok(whole.into())
    }
}

impl std::fmt::Debug for BodyReader {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "BodyReader({:?}, {} octets)", self.id, self.size)
    }
}

fn stands_in(ahead: &Ahead, octet: u64) -> bool {
    (ahead.0..ahead.0 + ahead.1.len() as u64).contains(&octet)
}

/// The file for the next time, unless the body's end was read: a page of letters that waits holds no files.
fn unless_over(file: Arc<File>, read: &Ahead, size: u64) -> Option<Arc<File>> {
    (read.0 + (read.1.len() as u64) < size).then_some(file)
}

/// The frames that hold the beginning of what is wanted; the file with them, for the next time.
fn read_ahead(
    id: BodyId,
    (path, place): (&Path, u64),
    known: Option<Arc<File>>,
    opener: &FrameOpener,
    wanted: &Range<u64>,
) -> Result<(Arc<File>, Ahead), Error> {
    let damaged = || Error::Sealed { what: "body", id: id.0 };
    let layout = opener.layout();
    let Some(span) = layout.span(wanted.clone()) else { return Err(damaged()) };
    let frames = span.frames.start..span.frames.end.min(span.frames.start + limits::READ_AHEAD);
    let file = match known {
        Some(file) => file,
        None => {
            let failed = |cause| Error::Blob { doing: "open", path: path.to_owned(), cause };
            Arc::new(File::open(path).map_err(failed)?)
        }
    };
    let stored = layout.stored(&frames);
    let (start, length) = (place + stored.start, (stored.end - stored.start) as usize);
    let sealed = blobs::read_at(&file, path, start, length)?;
    let plain = opener.open(frames.clone(), sealed).map_err(|_| damaged())?;
    Ok((file, (frames.start * seal::limits::FRAME as u64, Bytes::from(plain))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::stores;

    fn has_a_file_open(reader: &BodyReader) -> bool {
        match &reader.source {
            Source::File { file, .. } => file.is_some(),
            Source::Inline(_) => panic!("a body in the database"),
        }
    }

    #[tokio::test]
    async fn a_reader_has_its_file_open_until_it_has_read_the_end() {
        const READ_AT_ONCE: usize = limits::READ_AHEAD as usize * seal::limits::FRAME;
        for store in stores().await {
            let doctor = store.doctor().await;
            for (size, more) in [(50_000, false), (READ_AT_ONCE, false), (READ_AT_ONCE + 1, true)] {
                let letter = store.receive("sujet", &vec![b'x'; size], doctor).await;
                let entries = store.all_entries(doctor, letter.folder).await.unwrap();
                let entry = entries.into_iter().find(|entry| entry.uid == letter.uid).unwrap();
                let mut reader = store.body(doctor, entry.body).await.unwrap();
                let mut rest = 0..size as u64;
                reader.next_here(&mut rest).unwrap();
                assert_eq!(has_a_file_open(&reader), more, "{}: {size}", store.engine);
                while reader.next(&mut rest).await.unwrap().is_some() {}
                assert!(rest.is_empty() && !has_a_file_open(&reader), "{}: {size}", store.engine);
            }
        }
    }
}
