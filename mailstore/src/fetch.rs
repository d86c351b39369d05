//! Opening heads, summaries and bodies for one account: a page in one statement, what was opened
//! lately from memory.

use std::collections::HashMap;

use bytes::Bytes;
use names::{AccountId, BodyId, HeadId};
use seal::Layout;

use crate::blobs::BlobName;
use crate::body::layout;
use crate::context::{self, Kind};
use crate::segments::{Extent, SegmentId};
use crate::{AccountKey, BodyReader, Error, Mailstore, limits};

/// Which half of a head.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Part {
    Summary,
    Block,
}

const SUMMARIES: &str = "SELECT h.id, h.body, k.wrapped, h.sealed_summary FROM head h
    JOIN body_key k ON k.body = h.body AND k.account = $1 WHERE h.id IN ({})";
const BLOCKS: &str = "SELECT h.id, h.body, k.wrapped, h.sealed_block FROM head h
    JOIN body_key k ON k.body = h.body AND k.account = $1 WHERE h.id IN ({})";
const BODIES: &str =
    "SELECT b.id, b.size, COALESCE(b.inline_frames, f.frames), b.blob, b.segment, b.place, b.cuts, k.wrapped
    FROM body b LEFT JOIN head f ON f.id = b.id
    JOIN body_key k ON k.body = b.id AND k.account = $1 WHERE b.id IN ({})";

/// A body's first head has its number, and its frames: they are read on from where the header block ends.
const LETTERS: &str = "SELECT h.id, h.body, k.wrapped, h.sealed_block, b.size, COALESCE(b.inline_frames,
        CASE WHEN h.id = h.body THEN h.frames ELSE (SELECT f.frames FROM head f WHERE f.id = h.body) END),
        b.blob, b.segment, b.place, b.cuts
    FROM head h
    JOIN body b ON b.id = h.body JOIN body_key k ON k.body = h.body AND k.account = $1 WHERE h.id IN ({})";

impl Mailstore {
    /// Whole letters by their heads, for whoever passes them on: each once and by the hundred, so they are
    /// not kept in memory. One that is damaged does not hide the others; one that is gone is left out.
    pub async fn whole_letters(
        &self,
        account: AccountId,
        heads: &[HeadId],
    ) -> Result<HashMap<HeadId, Result<(Bytes, BodyReader), Error>>, Error> {
        let key = self.key(account).await?;
        let mut letters = HashMap::with_capacity(heads.len());
        for page in heads.chunks(limits::BODY_PAGE) {
            let list = page.iter().map(|head| db::Value::from(*head)).collect();
            for mut row in self.db().read().await?.rows_in(LETTERS, db::args![account], list).await? {
                let head = HeadId(row.int(0)?);
                letters.insert(head, self.whole_letter(&key, head, &mut row));
            }
        }
        Ok(letters)
    }

    fn whole_letter(
        &self,
        key: &AccountKey,
        head: HeadId,
        row: &mut db::Row,
    ) -> Result<(Bytes, BodyReader), Error> {
        let body = BodyId(row.int(1)?);
        let message = key.message_key(body, &row.bytes(2)?)?;
        let block = message
            .cipher()
            .open(&context::of(Kind::Head, head, body), row.take_bytes(3)?)
            .map_err(|_| Error::Sealed { what: "the header block of head", id: head.0 })?;
        let layout = layout(body.0, row.int(4)?, row.maybe_bytes(9)?.as_deref())?;
        let reader = self.stored_body(&message, body, layout, Where::taken(row, 5)?)?;
        Ok((block.into(), reader))
    }

    /// The summaries of these heads, in their order; `None` for one this account does not own or that
    /// is gone. Ask for a page (`limits::PAGE`) at a time.
    pub async fn summaries(&self, account: AccountId, heads: &[HeadId]) -> Result<Vec<Option<Bytes>>, Error> {
        self.parts(Part::Summary, account, heads).await
    }

    /// The summaries of these heads, each once and not kept in memory: for a search that keeps what it needs of
    /// them. One that is damaged does not hide the others; one that is gone is left out.
    pub async fn each_summary(
        &self,
        account: AccountId,
        heads: &[HeadId],
    ) -> Result<HashMap<HeadId, Result<Vec<u8>, Error>>, Error> {
        let key = self.key(account).await?;
        let mut found = HashMap::with_capacity(heads.len());
        for page in heads.chunks(limits::PAGE) {
            let list = page.iter().map(|head| db::Value::from(*head)).collect();
            for mut row in self.db().read().await?.rows_in(SUMMARIES, db::args![account], list).await? {
                let (head, body) = (HeadId(row.int(0)?), BodyId(row.int(1)?));
                let opened = key.message_key(body, &row.bytes(2)?).and_then(|message| {
                    let damaged = |_| Error::Sealed { what: "the summary of head", id: head.0 };
                    let place = context::of(Kind::Summary, head, body);
                    message.cipher().open(&place, row.take_bytes(3)?).map_err(damaged)
                });
                found.insert(head, opened);
            }
        }
        Ok(found)
    }

    /// The header blocks of these heads, likewise.
    pub async fn header_blocks(
        &self,
        account: AccountId,
        heads: &[HeadId],
    ) -> Result<Vec<Option<Bytes>>, Error> {
        self.parts(Part::Block, account, heads).await
    }

    pub(crate) async fn parts(
        &self,
        part: Part,
        account: AccountId,
        heads: &[HeadId],
    ) -> Result<Vec<Option<Bytes>>, Error> {
        let memory = self.heads_in_memory();
        let mut found = memory.all(heads.iter().map(|head| (part, *head, account)), weigh);
        let missing: Vec<(usize, HeadId)> = found
            .iter()
            .enumerate()
            .filter(|(_, known)| known.is_none())
            .map(|(at, _)| (at, heads[at]))
            .collect();
        if missing.is_empty() {
            return Ok(found);
        }
        let key = self.key(account).await?;
        for page in missing.chunks(limits::PAGE) {
            let opened = self.opened(part, &key, page).await?;
            for (at, head) in page {
                if let Some(bytes) = opened.get(head) {
                    memory.put((part, *head, account), bytes.clone(), weigh(bytes));
                    found[*at] = Some(bytes.clone());
                }
            }
        }
        Ok(found)
    }

    async fn opened(
        &self,
        part: Part,
        key: &AccountKey,
        page: &[(usize, HeadId)],
    ) -> Result<HashMap<HeadId, Bytes>, Error> {
        let list = page.iter().map(|(_, head)| db::Value::from(*head)).collect();
        let (sql, kind, what) = match part {
            Part::Summary => (SUMMARIES, Kind::Summary, "the summary of head"),
            Part::Block => (BLOCKS, Kind::Head, "the header block of head"),
        };
        let rows = self.db().read().await?.rows_in(sql, db::args![key.account()], list).await?;
        let mut opened = HashMap::with_capacity(rows.len());
        for mut row in rows {
            let (head, body) = (HeadId(row.int(0)?), BodyId(row.int(1)?));
            if opened.contains_key(&head) {
                continue;
            }
            let message = key.message_key(body, &row.bytes(2)?)?.cipher();
            let plain = message
                .open(&context::of(kind, head, body), row.take_bytes(3)?)
                .map_err(|_| Error::Sealed { what, id: head.0 })?;
            opened.insert(head, plain.into());
        }
        Ok(opened)
    }

    /// A reader of one body.
    pub async fn body(&self, account: AccountId, body: BodyId) -> Result<BodyReader, Error> {
        self.bodies(account, &[body]).await?.pop().flatten().ok_or(Error::NoBody(body))
    }

    /// Readers of these bodies, in their order; `None` for one this account does not own or that is
    /// gone. Small bodies are opened already: ask for a page (`limits::BODY_PAGE`) at a time.
    pub async fn bodies(
        &self,
        account: AccountId,
        bodies: &[BodyId],
    ) -> Result<Vec<Option<BodyReader>>, Error> {
        let key = self.key(account).await?;
        let mut readers = HashMap::with_capacity(bodies.len());
        for page in bodies.chunks(limits::BODY_PAGE) {
            let list = page.iter().map(|body| db::Value::from(*body)).collect();
            for mut row in self.db().read().await?.rows_in(BODIES, db::args![account], list).await? {
                let body = BodyId(row.int(0)?);
                readers.insert(body, self.reader(&key, body, &mut row)?);
            }
        }
        Ok(bodies.iter().map(|body| readers.get(body).cloned()).collect())
    }

    fn reader(&self, key: &AccountKey, body: BodyId, row: &mut db::Row) -> Result<BodyReader, Error> {
        let layout = layout(body.0, row.int(1)?, row.maybe_bytes(6)?.as_deref())?;
        let message = key.message_key(body, &row.bytes(7)?)?;
        self.stored_body(&message, body, layout, Where::taken(row, 2)?)
    }

    pub(crate) fn stored_body(
        &self,
        message: &seal::Key,
        body: BodyId,
        layout: Layout,
        stands: Where,
    ) -> Result<BodyReader, Error> {
        match stands {
            Where::Inline(frames) => BodyReader::inline(body, layout, message, frames),
            Where::Blob(name) => Ok(BodyReader::blob(body, layout, message, self.blobs().path(&name))),
            Where::Segment(at) => Ok(BodyReader::segment(body, layout, message, self.segments(), at)),
            Where::Nowhere => Err(Error::Unreadable { what: "body", id: body.0 }),
        }
    }
}

/// Where a row of `body` says that its frames stand.
pub(crate) enum Where {
    Inline(Vec<u8>),
    Blob(BlobName),
    Segment(Extent),
    /// No place at all, or two.
    Nowhere,
}

impl Where {
    /// From four columns of a row: `inline_frames, blob, segment, place`.
    pub(crate) fn of(row: &db::Row, first: usize) -> Result<Self, Error> {
        Self::told(row.maybe_bytes(first)?, row, first + 1)
    }

    /// Likewise, with the frames moved out of the row.
    fn taken(row: &mut db::Row, first: usize) -> Result<Self, Error> {
        Self::told(row.take_maybe_bytes(first)?, row, first + 1)
    }

    fn told(frames: Option<Vec<u8>>, row: &db::Row, first: usize) -> Result<Self, Error> {
        let blob = row.maybe_text(first)?;
        let (segment, place) = (row.maybe_int(first + 1)?, row.maybe_int(first + 2)?);
        Ok(match (frames, blob, segment, place) {
            (Some(frames), None, None, None) => Self::Inline(frames),
            (None, Some(blob), None, None) => BlobName::parse(&blob).map_or(Self::Nowhere, Self::Blob),
            (None, None, Some(segment), Some(place)) if segment > 0 && place >= 0 => {
                Self::Segment(Extent { segment: SegmentId(segment), place: place as u64 })
            }
            (_, _, _, _) => Self::Nowhere,
        })
    }
}

/// A part in memory weighs its octets and what stands around them.
fn weigh(bytes: &Bytes) -> usize {
    bytes.len() + 96
}
