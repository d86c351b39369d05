//! Pages of a FETCH: rows with all that their items need, opened while the page before them is written.

use std::sync::Arc;

use bytes::Bytes;
use mailstore::{BodyReader, EntryRow, Error, Mailstore};
use names::AccountId;
use wire::imap::{Block, FetchItems, Span};
use wire::mime::Summary;

use super::streaming::Streaming;
use crate::imap::limits;

/// A row with what its items need.
pub(super) struct Ready {
    pub(super) row: EntryRow,
    pub(super) newly_seen: bool,
    pub(super) head_len: u64,
    pub(super) body_len: u64,
    pub(super) summary: Sum,
    pub(super) streaming: Option<Streaming>,
}

pub(super) enum Sum {
    None,
    Sealed(Bytes),
    Open(Arc<Summary>),
}

/// A page that is being opened on another core.
pub(super) struct Ahead(tokio::task::JoinHandle<Result<Opened, Error>>);

impl Ahead {
    pub(super) fn begin(
        store: Mailstore,
        account: AccountId,
        items: &Arc<FetchItems>,
        rows: Vec<EntryRow>,
    ) -> Self {
        let items = Arc::clone(items);
        let opening = tokio::spawn(async move { open(&store, account, &items, rows).await });
        // What a thread of the runtime spawned last waits for that very thread, which writes the page before it; with another
        // task behind it, any thread may take it: 15 % less time for a folder's letters, 8 % for its headers.
        drop(tokio::spawn(std::future::ready(())));
        Self(opening)
    }

    pub(super) async fn opened(mut self) -> Result<Opened, Error> {
        // It can fail only by a panic, which was logged, or with the runtime.
        (&mut self.0).await.unwrap_or(Err(Error::Unreadable { what: "a page of letters", id: 0 }))
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Rows with all that their items need.
pub(super) struct Opened {
    pub(super) ready: Vec<Ready>,
    /// Letters left out because they could not be read.
    pub(super) damaged: u32,
}

impl Opened {
    fn leave_out(&mut self, row: &EntryRow, error: &Error) {
        tracing::error!(door = "mailbox", entry = row.id.0, %error, "a letter cannot be read");
        self.damaged += 1;
    }
}

pub(super) async fn open(
    store: &Mailstore,
    account: AccountId,
    items: &FetchItems,
    rows: Vec<EntryRow>,
) -> Result<Opened, Error> {
    match (items.reads_content(), items.needs_summary()) {
        (false, false) => {
            let ready = rows.into_iter().map(|row| Ready::bare(row, Sum::None)).collect();
            Ok(Opened { ready, damaged: 0 })
        }
        (false, true) => {
            let ready = encoded(store, account, rows).await?;
            let ready = ready.into_iter().map(|(row, summary)| Ready::bare(row, Sum::Sealed(summary)));
            Ok(Opened { ready: ready.collect(), damaged: 0 })
        }
        (true, false) if items.reads_bodies() => whole(store, account, items, rows).await,
        (true, false) => heads(store, account, items, rows).await,
        (true, true) => parts(store, account, items, rows).await,
    }
}

impl Ready {
    fn bare(row: EntryRow, summary: Sum) -> Self {
        Self { newly_seen: false, head_len: 0, body_len: row.size, summary, streaming: None, row }
    }

    fn with(row: EntryRow, items: &FetchItems, head: Bytes, body: Option<BodyReader>) -> Self {
        let head_len = head.len() as u64;
        let body_len = body.as_ref().map_or(row.size.saturating_sub(head_len), BodyReader::size);
        let spans = items.spans(head_len, body_len, None);
        let streaming = (!spans.is_empty()).then(|| Streaming::new(spans, head, body));
        Self { newly_seen: false, head_len, body_len, summary: Sum::None, streaming, row }
    }
}

/// Whole letters (`BODY[]`): one question a page, and one key a letter; their summaries are not looked at.
async fn whole(
    store: &Mailstore,
    account: AccountId,
    items: &FetchItems,
    rows: Vec<EntryRow>,
) -> Result<Opened, Error> {
    let heads: Vec<_> = rows.iter().map(|row| row.head).collect();
    let mut letters = store.whole_letters(account, &heads).await?;
    let mut opened = Opened { ready: Vec::with_capacity(rows.len()), damaged: 0 };
    for row in rows {
        // A copy in the same folder shares its head with the first; a message removed meanwhile gives no row.
        match letters.get_mut(&row.head) {
            Some(Ok((head, body))) => match read_short(body) {
                Ok(()) => opened.ready.push(Ready::with(row, items, head.clone(), Some(body.clone()))),
                Err(error) => opened.leave_out(&row, &error),
            },
            Some(Err(error)) => opened.leave_out(&row, error),
            None => {}
        }
    }
    Ok(opened)
}

/// A short body is read with its page: handing each of them to another thread costs more than reading it does.
fn read_short(body: &mut BodyReader) -> Result<(), Error> {
    if body.size() <= limits::BODY_IN_MEMORY {
        body.next_here(&mut (0..body.size()))?;
    }
    Ok(())
}

/// Header blocks only (`BODY[HEADER.FIELDS (…)]`).
async fn heads(
    store: &Mailstore,
    account: AccountId,
    items: &FetchItems,
    rows: Vec<EntryRow>,
) -> Result<Opened, Error> {
    let heads: Vec<_> = rows.iter().map(|row| row.head).collect();
    let blocks = store.header_blocks(account, &heads).await?;
    let ready = rows.into_iter().zip(blocks);
    let ready = ready.filter_map(|(row, head)| Some(Ready::with(row, items, head?, None)));
    Ok(Opened { ready: ready.collect(), damaged: 0 })
}

/// Parts of letters, found by their summaries: three questions a page.
async fn parts(
    store: &Mailstore,
    account: AccountId,
    items: &FetchItems,
    rows: Vec<EntryRow>,
) -> Result<Opened, Error> {
    let mut opened = Opened { ready: Vec::with_capacity(rows.len()), damaged: 0 };
    let mut page = Vec::with_capacity(rows.len());
    for (row, bytes) in encoded(store, account, rows).await? {
        let Ok(summary) = decode(&bytes, row.id.0) else {
            opened.damaged += 1;
            continue;
        };
        let spans = items.spans(summary.head_len, summary.body_len, Some(&summary));
        page.push((row, summary, spans));
    }
    let reads = |spans: &[Span], block| spans.iter().any(|span| span.block == block);
    let heads: Vec<_> =
        page.iter().filter(|(.., spans)| reads(spans, Block::Head)).map(|(row, ..)| row.head).collect();
    let bodies: Vec<_> =
        page.iter().filter(|(.., spans)| reads(spans, Block::Body)).map(|(row, ..)| row.body).collect();
    let mut heads = store.header_blocks(account, &heads).await?.into_iter();
    let mut bodies = store.bodies(account, &bodies).await?.into_iter();
    for (row, summary, spans) in page {
        let head = if reads(&spans, Block::Head) { heads.next().flatten() } else { Some(Bytes::new()) };
        let body = match reads(&spans, Block::Body) {
            true => bodies.next().flatten().map(Some),
            false => Some(None),
        };
        let (Some(head), Some(mut body)) = (head, body) else { continue };
        if let Some(Err(error)) = body.as_mut().map(read_short) {
            opened.leave_out(&row, &error);
            continue;
        }
        let (head_len, body_len) = (summary.head_len, summary.body_len);
        let streaming = (!spans.is_empty()).then(|| Streaming::new(spans, head, body));
        let summary = Sum::Open(Arc::new(summary));
        opened.ready.push(Ready { row, newly_seen: false, head_len, body_len, summary, streaming });
    }
    Ok(opened)
}

/// Rows with their summaries, still encoded. A message removed meanwhile gives no row.
async fn encoded(
    store: &Mailstore,
    account: AccountId,
    rows: Vec<EntryRow>,
) -> Result<Vec<(EntryRow, Bytes)>, Error> {
    let heads: Vec<_> = rows.iter().map(|row| row.head).collect();
    let found = store.summaries(account, &heads).await?;
    Ok(rows.into_iter().zip(found).filter_map(|(row, summary)| Some((row, summary?))).collect())
}

pub(super) fn decode(bytes: &[u8], entry: i64) -> Result<Summary, Error> {
    Summary::decode(bytes).map_err(|error| {
        tracing::error!(entry, %error, "a summary does not decode");
        Error::Unreadable { what: "the summary of entry", id: entry }
    })
}
