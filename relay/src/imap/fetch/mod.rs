//! FETCH: pages of rows, summaries unsealed in place, contents streamed from their sealed blocks.
//!
//! In memory at any time: a few pages of letters with what is said of them, and one piece of a body.

mod pages;
mod rows;
mod streaming;

use std::collections::VecDeque;
use std::sync::Arc;

use audit::{Act, Entry};
use mailstore::{EntryRow, Error, Flags, Marks, Uid};
use names::FolderId;
use wire::imap::{Answer, FetchItem, FetchItems, FetchRow, MarkSeen, Refusal, SectionText, Strings, UidSet};

use super::acts::Marking;
use super::door::ImapDoor;
use super::session::Session;
use super::{limits, refusals, trail, words};
use pages::{Ahead, Opened, Opener, Ready};
use rows::{Rows, Wanted};
use streaming::Streaming;

const READING: &str = "reading messages";

/// A FETCH under way.
pub(super) struct Fetching {
    opener: Opener,
    folder: FolderId,
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

pub(super) async fn begin(
    door: &ImapDoor,
    session: &mut Session,
    uids: UidSet,
    (items, strings): (Arc<FetchItems>, Strings),
    seen: MarkSeen,
) -> Result<Fetching, Refusal> {
    let (relay, store, mailbox) = (door.relay(), door.relay().mailstore(), session.selected()?);
    let folder = session.folder()?.folder;
    let line = line(door, session, &uids, &items)?;
    let rows = rows(door, session, &uids).await?;
    let seen = if mailbox.may_write().is_ok() { seen } else { MarkSeen::No };
    tracing::debug!(messages = uids.len(), content = items.reads_content(), now = relay.now().0, "FETCH");
    Ok(Fetching {
        opener: Opener { store: store.clone(), account: mailbox.account, items, strings },
        folder,
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
    let wanted = Wanted::of(uids);
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
            size: ready.size,
            modseq: words::modseq(ready.row.modseq),
            saved: ready.row.saved_at,
            object: ready.object,
            described: ready.described,
        })
    }

    /// Opens the next page; whether there was one. While it is written, those after it are opened.
    async fn turn_page(&mut self, session: &mut Session) -> Result<bool, Refusal> {
        let store_failed = refusals::store(READING);
        let mut newly_seen = Vec::new();
        let opened = match (self.ahead.pop_front(), self.seen) {
            (Some(ahead), _) => ahead.opened().await,
            (None, MarkSeen::No) => {
                let Some(rows) = self.take_rows().await.map_err(&store_failed)? else { return Ok(false) };
                // The writer first, which mostly waits for the disk: the letters are opened meanwhile.
                let told = tell(self.opener.store.db().clone(), self.line.take());
                let opening = async {
                    self.ahead.push_back(Ahead::begin(self.opener.clone(), rows));
                    self.look_ahead().await
                };
                let (told, opening) = tokio::join!(told, opening);
                told?;
                opening.map_err(&store_failed)?;
                let Some(first) = self.ahead.pop_front() else { return Ok(false) };
                first.opened().await
            }
            // What is marked read is marked page by page, before it is shown.
            (None, MarkSeen::Yes) => {
                let Some(mut rows) = self.take_rows().await.map_err(&store_failed)? else { return Ok(false) };
                newly_seen = self.mark(session, &mut rows).await?;
                self.opener.open(rows).await
            }
        };
        let Opened { mut ready, damaged } = opened.map_err(&store_failed)?;
        session.folder()?.shown(ready.iter().map(|ready| ready.row.modseq).max().unwrap_or_default());
        for ready in &mut ready {
            ready.newly_seen = newly_seen.binary_search(&ready.row.uid).is_ok();
        }
        self.damaged += damaged;
        self.page = ready.into_iter();
        if self.seen == MarkSeen::No
            && (self.opener.items.needs_summary() || self.opener.items.reads_content())
        {
            self.look_ahead().await.map_err(&store_failed)?;
        }
        Ok(true)
    }

    /// Begins to open the pages to come.
    async fn look_ahead(&mut self) -> Result<(), Error> {
        while self.ahead.len() < limits::PAGES_AHEAD
            && self.ahead.iter().map(|page| page.octets).sum::<u64>() < limits::OCTETS_AHEAD
        {
            let Some(rows) = self.take_rows().await? else { break };
            self.ahead.push_back(Ahead::begin(self.opener.clone(), rows));
        }
        Ok(())
    }

    /// The rows of the next page: so many, and so few octets, that an idle peer holds little memory.
    async fn take_rows(&mut self) -> Result<Option<Vec<EntryRow>>, Error> {
        if !self.opener.items.reads_content() {
            let size = if self.opener.items.needs_summary() { limits::SUMMARIES } else { limits::ROWS };
            return self.rows.next(&self.opener.store, self.opener.account, self.folder, size).await;
        }
        if self.waiting.is_empty() {
            let rows =
                self.rows.next(&self.opener.store, self.opener.account, self.folder, limits::LETTERS).await?;
            self.waiting = rows.unwrap_or_default().into();
        }
        let mut page = Vec::new();
        let mut octets = 0;
        while let Some(row) = self.waiting.front() {
            octets += self.opener.in_memory(row);
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
        let line = self.line.take();
        let unseen = rows.iter().filter(|row| !row.marks.flags.has(Flags::SEEN));
        let unseen: Vec<Uid> = unseen.map(|row| row.uid).collect();
        if unseen.is_empty() {
            tell(self.opener.store.db().clone(), line).await?;
            return Ok(Vec::new());
        }
        let marking = Marking {
            store: self.opener.store.clone(),
            account: self.opener.account,
            folder: self.folder,
            uids: unseen,
            change: mailstore::FlagChange::Add(Marks::new(Flags::SEEN, &[])),
            unchanged_since: None,
            lines: line.into_iter().collect(),
        };
        let stored =
            self.opener.store.db().write(marking).await.map_err(refusals::store("marking messages read"))?;
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

/// Writes the line, when there is one.
async fn tell(db: db::Db, line: Option<Entry>) -> Result<(), Refusal> {
    let Some(line) = line else { return Ok(()) };
    trail::write(&db, vec![line]).await.map_err(refusals::database("telling the trail"))
}
