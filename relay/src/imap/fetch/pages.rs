//! Pages of a FETCH: letters with all that is said of them, opened and described while the page before them is
//! written.

use std::sync::Arc;

use bytes::Bytes;
use mailstore::{BodyReader, EntryRow, Error, Mailstore};
use names::AccountId;
use wire::imap::{Block, Described, FetchItems, ObjectIds, Span, Strings};
use wire::mime::{Summary, SummaryError};

use super::streaming::Streaming;
use crate::imap::limits;

/// A letter with what its items need.
pub(super) struct Ready {
    pub(super) row: EntryRow,
    pub(super) newly_seen: bool,
    pub(super) size: u64,
    pub(super) described: Described,
    pub(super) object: Option<ObjectIds>,
    pub(super) streaming: Option<Streaming>,
}

/// Opens letters of one account, and says of them what is asked for, as this client reads it.
#[derive(Clone)]
pub(super) struct Opener {
    pub(super) store: Mailstore,
    pub(super) account: AccountId,
    pub(super) items: Arc<FetchItems>,
    pub(super) strings: Strings,
}

/// A page that is being opened on another core.
pub(super) struct Ahead {
    opening: tokio::task::JoinHandle<Result<Opened, Error>>,
    /// What it may hold in memory.
    pub(super) octets: u64,
}

impl Ahead {
    pub(super) fn begin(opener: Opener, rows: Vec<EntryRow>) -> Self {
        let octets = rows.iter().map(|row| opener.in_memory(row)).sum();
        let opening = tokio::spawn(async move { opener.open(rows).await });
        // What a thread of the runtime spawned last waits for that very thread, which writes the page before it; with another
        // task behind it, any thread may take it: 15 % less time for a folder's letters, 8 % for its headers.
        drop(tokio::spawn(std::future::ready(())));
        Self { opening, octets }
    }

    pub(super) async fn opened(mut self) -> Result<Opened, Error> {
        // It can fail only by a panic, which was logged, or with the runtime.
        (&mut self.opening).await.unwrap_or(Err(Error::Unreadable { what: "a page of letters", id: 0 }))
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.opening.abort();
    }
}

/// Letters with all that their items need.
pub(super) struct Opened {
    pub(super) ready: Vec<Ready>,
    /// Letters left out because they could not be read.
    pub(super) damaged: u32,
}

impl Opened {
    fn with_capacity(rows: usize) -> Self {
        Self { ready: Vec::with_capacity(rows), damaged: 0 }
    }

    fn leave_out(&mut self, row: &EntryRow, error: &Error) {
        tracing::error!(door = "mailbox", entry = row.id.0, %error, "a letter cannot be read");
        self.damaged += 1;
    }
}

impl Opener {
    pub(super) async fn open(&self, rows: Vec<EntryRow>) -> Result<Opened, Error> {
        match (self.items.reads_content(), self.items.needs_summary()) {
            (false, false) => {
                let ready = rows.into_iter().map(|row| self.bare(row)).collect();
                Ok(Opened { ready, damaged: 0 })
            }
            (false, true) => self.summaries(rows).await,
            (true, false) if self.items.reads_bodies() => self.whole(rows).await,
            (true, false) => self.heads(rows).await,
            (true, true) => self.parts(rows).await,
        }
    }

    /// Octets that an open letter holds in memory.
    pub(super) fn in_memory(&self, row: &EntryRow) -> u64 {
        let most = if self.items.reads_parts() { limits::LETTER_IN_MEMORY } else { limits::HEAD_IN_MEMORY };
        row.size.min(most)
    }

    fn bare(&self, row: EntryRow) -> Ready {
        let described = self.items.describe(0, row.size, None::<&Summary>, self.strings);
        let object = self.object(&row, None::<&Summary>);
        Ready { newly_seen: false, size: row.size, described, object, streaming: None, row }
    }

    fn with(&self, row: EntryRow, head: Bytes, body: Option<BodyReader>) -> Ready {
        let head_len = head.len() as u64;
        let body_len = body.as_ref().map_or(row.size.saturating_sub(head_len), BodyReader::size);
        let mut described = self.items.describe(head_len, body_len, None::<&Summary>, self.strings);
        described.pick(&self.items, &head);
        let spans = described.spans();
        let streaming = (!spans.is_empty()).then(|| Streaming::new(spans, head, body));
        let object = self.object(&row, None::<&Summary>);
        Ready { newly_seen: false, size: head_len + body_len, described, object, streaming, row }
    }

    /// What the message and its thread are called.
    fn object<S: AsRef<str>>(&self, row: &EntryRow, summary: Option<&Summary<S>>) -> Option<ObjectIds> {
        if !self.items.wants_object_ids() {
            return None;
        }
        let (store, account) = (&self.store, self.account);
        let email = store.email_id(account, row.head);
        // A letter that names none, itself included, is a thread of its own.
        let root = |summary: &Summary<S>| summary.thread_root().unwrap_or_else(|| email.clone());
        Some(ObjectIds { thread: summary.map(|summary| store.thread_id(account, &root(summary))), email })
    }

    /// What summaries alone answer; their texts are never copied but to be written.
    async fn summaries(&self, rows: Vec<EntryRow>) -> Result<Opened, Error> {
        let mut opened = Opened::with_capacity(rows.len());
        for (row, bytes) in self.encoded(rows).await? {
            match Summary::borrowed(&bytes) {
                Ok(summary) => {
                    let (head_len, body_len) = (summary.head_len, summary.body_len);
                    let described = self.items.describe(head_len, body_len, Some(&summary), self.strings);
                    let object = self.object(&row, Some(&summary));
                    let ready =
                        Ready { newly_seen: false, size: row.size, described, object, streaming: None, row };
                    opened.ready.push(ready);
                }
                Err(error) => opened.leave_out(&row, &undecoded(&row, &error)),
            }
        }
        Ok(opened)
    }

    /// Whole letters (`BODY[]`): one question a page, and one key a letter; their summaries are not looked at.
    async fn whole(&self, rows: Vec<EntryRow>) -> Result<Opened, Error> {
        let heads: Vec<_> = rows.iter().map(|row| row.head).collect();
        let mut letters = self.store.whole_letters(self.account, &heads).await?;
        let mut opened = Opened::with_capacity(rows.len());
        for row in rows {
            // A copy in the same folder shares its head with the first; a message removed meanwhile gives no row.
            match letters.get_mut(&row.head) {
                Some(Ok((head, body))) => match read_short(body) {
                    Ok(()) => opened.ready.push(self.with(row, head.clone(), Some(body.clone()))),
                    Err(error) => opened.leave_out(&row, &error),
                },
                Some(Err(error)) => opened.leave_out(&row, error),
                None => {}
            }
        }
        Ok(opened)
    }

    /// Header blocks only (`BODY[HEADER.FIELDS (…)]`).
    async fn heads(&self, rows: Vec<EntryRow>) -> Result<Opened, Error> {
        let heads: Vec<_> = rows.iter().map(|row| row.head).collect();
        let blocks = self.store.header_blocks(self.account, &heads).await?;
        let ready = rows.into_iter().zip(blocks);
        let ready = ready.filter_map(|(row, head)| Some(self.with(row, head?, None)));
        Ok(Opened { ready: ready.collect(), damaged: 0 })
    }

    /// Parts of letters, found by their summaries: three questions a page.
    async fn parts(&self, rows: Vec<EntryRow>) -> Result<Opened, Error> {
        let mut opened = Opened::with_capacity(rows.len());
        let mut page = Vec::with_capacity(rows.len());
        for (row, bytes) in self.encoded(rows).await? {
            let summary = match Summary::borrowed(&bytes) {
                Ok(summary) => summary,
                Err(error) => {
                    opened.leave_out(&row, &undecoded(&row, &error));
                    continue;
                }
            };
            let (head_len, body_len) = (summary.head_len, summary.body_len);
            let described = self.items.describe(head_len, body_len, Some(&summary), self.strings);
            let (spans, object) = (described.spans(), self.object(&row, Some(&summary)));
            let size = summary.size();
            page.push((Ready { newly_seen: false, size, described, object, streaming: None, row }, spans));
        }
        let reads = |spans: &[Span], block| spans.iter().any(|span| span.block == block);
        let of =
            |block| page.iter().filter(move |(_, spans)| reads(spans, block)).map(|(ready, _)| &ready.row);
        let heads: Vec<_> = of(Block::Head).map(|row| row.head).collect();
        let bodies: Vec<_> = of(Block::Body).map(|row| row.body).collect();
        let mut heads = self.store.header_blocks(self.account, &heads).await?.into_iter();
        let mut bodies = self.store.bodies(self.account, &bodies).await?.into_iter();
        for (mut ready, spans) in page {
            let head = if reads(&spans, Block::Head) { heads.next().flatten() } else { Some(Bytes::new()) };
            let body = match reads(&spans, Block::Body) {
                true => bodies.next().flatten().map(Some),
                false => Some(None),
            };
            let (Some(head), Some(mut body)) = (head, body) else { continue };
            if let Some(Err(error)) = body.as_mut().map(read_short) {
                opened.leave_out(&ready.row, &error);
                continue;
            }
            ready.described.pick(&self.items, &head);
            let spans = ready.described.spans();
            ready.streaming = (!spans.is_empty()).then(|| Streaming::new(spans, head, body));
            opened.ready.push(ready);
        }
        Ok(opened)
    }

    /// Rows with their summaries, still encoded. A message removed meanwhile gives no row.
    async fn encoded(&self, rows: Vec<EntryRow>) -> Result<impl Iterator<Item = (EntryRow, Bytes)>, Error> {
        let heads: Vec<_> = rows.iter().map(|row| row.head).collect();
        let found = self.store.summaries(self.account, &heads).await?;
        Ok(rows.into_iter().zip(found).filter_map(|(row, summary)| Some((row, summary?))))
    }
}

/// A short body is read with its page: handing each of them to another thread costs more than reading it does.
fn read_short(body: &mut BodyReader) -> Result<(), Error> {
    if body.size() <= limits::BODY_IN_MEMORY {
        body.next_here(&mut (0..body.size()))?;
    }
    Ok(())
}

fn undecoded(row: &EntryRow, error: &SummaryError) -> Error {
    tracing::error!(entry = row.id.0, %error, "a summary does not decode");
    Error::Unreadable { what: "the summary of entry", id: row.id.0 }
}
