//! FETCH: pages of rows, summaries unsealed in place, contents streamed from their sealed blocks.
//!
//! In memory at any time: three pages of rows with what was opened of them, and one piece of a body.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use audit::{Act, Entry};
use bytes::Bytes;
use mailstore::{BodyReader, EntryRow, Error, Flags, FolderView, Mailstore, Marks, Uid};
use names::{AccountId, FolderId};
use wire::imap::{
    Answer, Block, FetchItem, FetchItems, FetchRow, MarkSeen, ObjectIds, Refusal, SectionText, Span, UidSet,
};
use wire::mime::Summary;

use super::acts::Marking;
use super::door::ImapDoor;
use super::session::Session;
use super::{limits, refusals, trail, words};

const READING: &str = "reading messages";

/// A FETCH under way.
pub(super) struct Fetching {
    store: Mailstore,
    account: AccountId,
    folder: FolderId,
    items: Arc<FetchItems>,
    seen: MarkSeen,
    /// The line of the trail, until it is written: before anything that it tells of is given.
    line: Option<Entry>,
    rows: Rows,
    /// Rows for the pages to come.
    waiting: VecDeque<EntryRow>,
    page: std::vec::IntoIter<Ready>,
    ahead: VecDeque<Ahead>,
    streaming: Option<Streaming>,
    /// Letters that could not be read and were left out.
    damaged: u32,
}

/// Where rows come from.
enum Rows {
    /// The folder as the store has it in memory: for many messages of a folder that is not huge.
    Viewed { view: Arc<FolderView>, wanted: Wanted },
    /// The database, page by page.
    Stored { wanted: Wanted },
}

/// UIDs still to come: ranges, and the first UID not yet taken.
struct Wanted {
    ranges: std::vec::IntoIter<(u32, u32)>,
    open: Option<(u32, u32)>,
}

/// A row with what its items need.
struct Ready {
    row: EntryRow,
    newly_seen: bool,
    head_len: u64,
    body_len: u64,
    summary: Sum,
    streaming: Option<Streaming>,
}

enum Sum {
    None,
    Sealed(Bytes),
    Open(Arc<Summary>),
}

/// The contents of one row on their way out.
struct Streaming {
    spans: std::vec::IntoIter<Span>,
    head: Bytes,
    body: Option<BodyReader>,
    rest: Range<u64>,
    waiting: Bytes,
}

pub(super) async fn begin(
    door: &ImapDoor,
    session: &mut Session,
    uids: UidSet,
    items: Arc<FetchItems>,
    seen: MarkSeen,
) -> Result<Fetching, Refusal> {
    let (relay, store, mailbox) = (door.relay(), door.relay().mailstore(), session.selected()?);
    let folder = session.folder()?.folder;
    let line = line(door, session, &uids, &items)?;
    let rows = rows(door, session, &uids).await?;
    let seen = if mailbox.may_write().is_ok() { seen } else { MarkSeen::No };
    tracing::debug!(messages = uids.len(), content = items.reads_content(), now = relay.now().0, "FETCH");
    Ok(Fetching {
        store: store.clone(),
        account: mailbox.account,
        folder,
        items,
        seen,
        line,
        rows,
        waiting: VecDeque::new(),
        page: Vec::new().into_iter(),
        ahead: VecDeque::new(),
        streaming: None,
        damaged: 0,
    })
}

/// Rows of many messages come from the view that sessions share, those of a few from the database.
async fn rows(door: &ImapDoor, session: &mut Session, uids: &UidSet) -> Result<Rows, Refusal> {
    let wanted = Wanted { ranges: uids.ranges().to_vec().into_iter(), open: None };
    let open = session.folder()?;
    if uids.len() > limits::LETTERS as u64 && open.messages <= limits::VIEWED {
        let view = door.relay().mailstore().view(open.account, open.folder).await;
        return Ok(Rows::Viewed { view: view.map_err(refusals::store(READING))?, wanted });
    }
    Ok(Rows::Stored { wanted })
}

/// The line this FETCH writes: none when it shows flags, dates and sizes only, and none when it reads
/// on in letters whose reading was told.
fn line(
    door: &ImapDoor,
    session: &mut Session,
    uids: &UidSet,
    items: &FetchItems,
) -> Result<Option<Entry>, Refusal> {
    let contents = || {
        items.items().iter().filter_map(|item| match item {
            FetchItem::Content(content) => Some(content),
            _ => None,
        })
    };
    let open = session.folder()?;
    let (account, folder) = (open.account, open.folder);
    let letters = contents().any(|content| match content.section.text {
        SectionText::Whole | SectionText::Text => true,
        SectionText::Header | SectionText::Fields(_) | SectionText::FieldsNot(_) | SectionText::Mime => false,
    });
    if letters {
        let goes_on = contents().all(|content| content.partial.is_some_and(|(start, _)| start > 0));
        if goes_on && uids.difference(&open.reading).is_empty() {
            return Ok(None);
        }
        open.reading = uids.clone();
    } else if !items.needs_summary() && !items.reads_content() {
        return Ok(None);
    }
    let what = match (letters, items.shows_preview()) {
        (true, _) => "letters",
        (false, true) => "previews",
        (false, false) => "headers",
    };
    let relay = door.relay();
    let detail = format!("{} what={what}", trail::messages(folder, uids));
    Ok(Some(session.line(relay, account, Act::LetterRead, detail, relay.now())))
}

impl Fetching {
    /// Whether the next row is of another page: then the session's rights are looked at again.
    pub(super) fn turns_page(&self) -> bool {
        self.streaming.as_ref().is_none_or(Streaming::is_over) && self.page.as_slice().is_empty()
    }

    /// The next row or piece.
    pub(super) async fn next(&mut self, session: &mut Session) -> Option<Answer> {
        if let Some(streaming) = self.streaming.as_mut() {
            match streaming.next().await {
                Ok(Some(piece)) => return Some(Answer::Chunk(piece)),
                Ok(None) => self.streaming = None,
                Err(error) => {
                    // In the middle of a literal nothing can be said: the pull ends, the session with it.
                    refusals::logged(READING, error);
                    return None;
                }
            }
        }
        loop {
            while let Some(ready) = self.page.next() {
                match self.row(ready).await {
                    Ok(row) => return Some(Answer::Row(row)),
                    Err(error) => {
                        refusals::logged(READING, error);
                        self.damaged += 1;
                    }
                }
            }
            match self.turn_page(session).await {
                Ok(true) => {}
                Ok(false) => {
                    let damaged = std::mem::take(&mut self.damaged);
                    let refusal = Error::Unreadable { what: "letter", id: i64::from(damaged) };
                    return (damaged > 0).then(|| Answer::Refused(refusals::store(READING)(refusal)));
                }
                Err(refusal) => {
                    self.rows = Rows::Stored { wanted: Wanted::nothing() };
                    (self.waiting, self.ahead) = (VecDeque::new(), VecDeque::new());
                    self.damaged = 0;
                    return Some(Answer::Refused(refusal));
                }
            }
        }
    }

    async fn row(&mut self, ready: Ready) -> Result<FetchRow, Error> {
        let id = ready.row.id.0;
        let summary = match ready.summary {
            Sum::None => None,
            Sum::Open(summary) => Some(summary),
            Sum::Sealed(bytes) => Some(Arc::new(decode(&bytes, id)?)),
        };
        let mut streaming = ready.streaming;
        if let Some(streaming) = streaming.as_mut() {
            // A body that cannot be read is found out while a refusal can still be said.
            streaming.fill().await?;
        }
        self.streaming = streaming;
        Ok(FetchRow {
            uid: ready.row.uid.0,
            flags: words::flags(&ready.row.marks),
            newly_seen: ready.newly_seen,
            received: ready.row.internal_date,
            head_len: ready.head_len,
            body_len: ready.body_len,
            modseq: words::modseq(ready.row.modseq),
            saved: ready.row.saved_at,
            object: self.items.wants_object_ids().then(|| self.object(&ready.row, summary.as_deref())),
            summary: summary.filter(|_| self.items.needs_summary()),
        })
    }

    /// What the message and its thread are called.
    fn object(&self, row: &EntryRow, summary: Option<&Summary>) -> ObjectIds {
        let (store, account) = (&self.store, self.account);
        let email = store.email_id(account, row.head);
        // A letter that names none, itself included, is a thread of its own.
        let root = |summary: &Summary| summary.thread_root().unwrap_or_else(|| email.clone());
        ObjectIds { thread: summary.map(|summary| store.thread_id(account, &root(summary))), email }
    }

    /// Opens the next page; whether there was one. While it is written, those after it are opened.
    async fn turn_page(&mut self, session: &mut Session) -> Result<bool, Refusal> {
        let store_failed = refusals::store(READING);
        let mut newly_seen = Vec::new();
        let opened = match (self.ahead.pop_front(), self.seen) {
            (Some(ahead), _) => ahead.opened().await,
            (None, MarkSeen::No) => {
                self.look_ahead().await.map_err(&store_failed)?;
                let Some(first) = self.ahead.pop_front() else { return Ok(false) };
                // The letters are opened while the line that tells of it goes to the disk.
                self.mark(session, &mut []).await?;
                first.opened().await
            }
            // What is marked read is marked page by page, before it is shown.
            (None, MarkSeen::Yes) => {
                let Some(mut rows) = self.take_rows().await.map_err(&store_failed)? else { return Ok(false) };
                newly_seen = self.mark(session, &mut rows).await?;
                open(&self.store, self.account, &self.items, rows).await
            }
        };
        let Opened { mut ready, damaged } = opened.map_err(&store_failed)?;
        session.folder()?.shown(ready.iter().map(|ready| ready.row.modseq).max().unwrap_or_default());
        for ready in &mut ready {
            ready.newly_seen = newly_seen.binary_search(&ready.row.uid).is_ok();
        }
        self.damaged += damaged;
        self.page = ready.into_iter();
        if self.seen == MarkSeen::No && (self.items.needs_summary() || self.items.reads_content()) {
            self.look_ahead().await.map_err(&store_failed)?;
        }
        Ok(true)
    }

    /// Begins to open the pages to come.
    async fn look_ahead(&mut self) -> Result<(), Error> {
        while self.ahead.len() < limits::PAGES_AHEAD {
            let Some(rows) = self.take_rows().await? else { break };
            self.ahead.push_back(Ahead::begin(self.store.clone(), self.account, &self.items, rows));
        }
        Ok(())
    }

    /// The rows of the next page: so many, and so few octets, that an idle peer holds little memory.
    async fn take_rows(&mut self) -> Result<Option<Vec<EntryRow>>, Error> {
        if !self.items.reads_content() {
            let size = if self.items.needs_summary() { limits::SUMMARIES } else { limits::ROWS };
            return self.rows.next(&self.store, self.account, self.folder, size).await;
        }
        if self.waiting.is_empty() {
            let rows = self.rows.next(&self.store, self.account, self.folder, limits::LETTERS).await?;
            self.waiting = rows.unwrap_or_default().into();
        }
        let mut page = Vec::new();
        let mut octets = 0;
        while let Some(row) = self.waiting.front() {
            octets += row.size.min(limits::LETTER_IN_MEMORY);
            if octets > limits::PAGE_OCTETS && !page.is_empty() {
                break;
            }
            page.extend(self.waiting.pop_front());
        }
        Ok((!page.is_empty()).then_some(page))
    }

    /// Sets `\Seen` where it is asked for and missing, and writes the line: in one unit when there is
    /// both. Answers the messages it changed.
    async fn mark(&mut self, session: &mut Session, rows: &mut [EntryRow]) -> Result<Vec<Uid>, Refusal> {
        let lines: Vec<Entry> = self.line.take().into_iter().collect();
        let unseen = rows.iter().filter(|row| !row.marks.flags.has(Flags::SEEN));
        let unseen: Vec<Uid> = match self.seen {
            MarkSeen::Yes => unseen.map(|row| row.uid).collect(),
            MarkSeen::No => Vec::new(),
        };
        if unseen.is_empty() {
            if !lines.is_empty() {
                let told = trail::write(self.store.db(), lines).await;
                told.map_err(refusals::database("telling the trail"))?;
            }
            return Ok(Vec::new());
        }
        let marking = Marking {
            store: self.store.clone(),
            account: self.account,
            folder: self.folder,
            uids: unseen,
            change: mailstore::FlagChange::Add(Marks::new(Flags::SEEN, &[])),
            unchanged_since: None,
            lines,
        };
        let stored =
            self.store.db().write(marking).await.map_err(refusals::store("marking messages read"))?;
        session.folder()?.marked(stored.modseq);
        let mut changed = Vec::with_capacity(stored.rows.len());
        for (uid, modseq, marks) in stored.rows {
            if let Ok(at) = rows.binary_search_by_key(&uid, |row| row.uid) {
                (rows[at].modseq, rows[at].marks) = (modseq, marks);
                changed.push(uid);
            }
        }
        Ok(changed)
    }
}

/// A page that is being opened on another core.
struct Ahead(tokio::task::JoinHandle<Result<Opened, Error>>);

impl Ahead {
    fn begin(store: Mailstore, account: AccountId, items: &Arc<FetchItems>, rows: Vec<EntryRow>) -> Self {
        let items = Arc::clone(items);
        let opening = tokio::spawn(async move { open(&store, account, &items, rows).await });
        // What a thread of the runtime spawned last waits for that very thread, which writes the page before it; with another
        // task behind it, any thread may take it: 15 % less time for a folder's letters, 8 % for its headers.
        drop(tokio::spawn(std::future::ready(())));
        Self(opening)
    }

    async fn opened(mut self) -> Result<Opened, Error> {
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
struct Opened {
    ready: Vec<Ready>,
    /// Letters left out because they could not be read.
    damaged: u32,
}

impl Opened {
    fn leave_out(&mut self, row: &EntryRow, error: &Error) {
        tracing::error!(door = "mailbox", entry = row.id.0, %error, "a letter cannot be read");
        self.damaged += 1;
    }
}

async fn open(
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

fn decode(bytes: &[u8], entry: i64) -> Result<Summary, Error> {
    Summary::decode(bytes).map_err(|error| {
        tracing::error!(entry, %error, "a summary does not decode");
        Error::Unreadable { what: "the summary of entry", id: entry }
    })
}

impl Rows {
    /// The next rows, at most `size`; `None` at the end. Never empty: UIDs that are gone are passed.
    async fn next(
        &mut self,
        store: &Mailstore,
        account: AccountId,
        folder: FolderId,
        size: usize,
    ) -> Result<Option<Vec<EntryRow>>, Error> {
        loop {
            let rows: Vec<EntryRow> = match self {
                Self::Viewed { view, wanted } => {
                    let uids = wanted.take(size);
                    if uids.is_empty() {
                        return Ok(None);
                    }
                    uids.into_iter().filter_map(|uid| view.row(uid).cloned()).collect()
                }
                Self::Stored { wanted } => {
                    let uids = wanted.take(size);
                    if uids.is_empty() {
                        return Ok(None);
                    }
                    store.entries_of(account, folder, &uids).await?
                }
            };
            if !rows.is_empty() {
                return Ok(Some(rows));
            }
        }
    }
}

impl Wanted {
    fn nothing() -> Self {
        Self { ranges: Vec::new().into_iter(), open: None }
    }

    fn take(&mut self, most: usize) -> Vec<Uid> {
        let mut uids = Vec::with_capacity(most);
        while uids.len() < most {
            let Some((first, last)) = self.open.take().or_else(|| self.ranges.next()) else { break };
            let room = u32::try_from(most - uids.len()).unwrap_or(u32::MAX);
            let end = last.min(first.saturating_add(room - 1));
            uids.extend((first..=end).map(Uid));
            self.open = (end < last).then(|| (end + 1, last));
        }
        uids
    }
}

impl Streaming {
    fn new(spans: Vec<Span>, head: Bytes, body: Option<BodyReader>) -> Self {
        Self { spans: spans.into_iter(), head, body, rest: 0..0, waiting: Bytes::new() }
    }

    /// Whether all its octets were given.
    fn is_over(&self) -> bool {
        self.waiting.is_empty() && self.rest.is_empty() && self.spans.as_slice().is_empty()
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        self.fill().await?;
        let most = self.waiting.len().min(limits::CHUNK);
        Ok((most > 0).then(|| self.waiting.split_to(most)))
    }

    /// Has octets waiting, unless there are none to come.
    async fn fill(&mut self) -> Result<(), Error> {
        while self.waiting.is_empty() {
            if self.rest.is_empty() {
                let Some(span) = self.spans.next() else { return Ok(()) };
                match span.block {
                    Block::Head => {
                        let range = span.start as usize..span.end as usize;
                        let short = Error::Unreadable {
                            what: "a header block of octets",
                            id: self.head.len() as i64,
                        };
                        let found = self.head.get(range.clone()).is_some();
                        self.waiting = if found { self.head.slice(range) } else { return Err(short) };
                        continue;
                    }
                    Block::Body => self.rest = span.start..span.end,
                }
            }
            let Some(body) = self.body.as_mut() else {
                return Err(Error::Unreadable {
                    what: "a body that was not opened, octets",
                    id: self.rest.end as i64,
                });
            };
            let wanted = self.rest.end;
            match body.next(&mut self.rest).await? {
                Some(piece) if self.rest.end == wanted => self.waiting = piece,
                // Shorter than its summary says: never pad, never shift what follows.
                Some(_) | None => return Err(Error::Unreadable { what: "body", id: body.id().0 }),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wanted_uids_come_in_pages_across_ranges() {
        let mut wanted = Wanted { ranges: vec![(1, 3), (7, 7), (10, 12)].into_iter(), open: None };
        let pages: Vec<Vec<u32>> =
            std::iter::from_fn(|| Some(wanted.take(2)).filter(|page| !page.is_empty()))
                .map(|page| page.into_iter().map(|uid| uid.0).collect())
                .collect();
        assert_eq!(pages, [vec![1, 2], vec![3, 7], vec![10, 11], vec![12]]);
        let mut last = Wanted { ranges: vec![(u32::MAX - 1, u32::MAX)].into_iter(), open: None };
        assert_eq!(last.take(5), [Uid(u32::MAX - 1), Uid(u32::MAX)]);
        assert_eq!(last.take(5), []);
    }
}
