//! What changed in the selected folder: after each command, and while the session is idle.
//!
//! A watcher says which UIDs were touched and whether letters came; only those are looked at. News is
//! kept here until it was looked at and told, so that nothing is lost when the looking is given up
//! half-way because the peer speaks first.

use std::collections::VecDeque;

use mailstore::{EntryRow, Error, FolderNews, News, Touched, Uid};
use names::{AccountId, FolderId};
use wire::imap::{Changes, Code, FlagChange, Refusal, UidSet};

use super::door::ImapDoor;
use super::session::Session;
use super::{limits, refusals, words};

const LISTENING: &str = "looking for news of a folder";

/// The selected folder, as far as its news were told.
pub(super) struct Open {
    /// Whose it is.
    pub(super) account: AccountId,
    pub(super) folder: FolderId,
    /// How many messages it had when it was opened, and those come since.
    pub(super) messages: u32,
    /// No message beyond this UID was told of.
    last: Uid,
    /// Everything up to this modification sequence was told.
    base: i64,
    /// Changes after `base` that were told already.
    told: VecDeque<(Uid, i64)>,
    pending: Pending,
    /// The messages whose contents the last FETCH read: reading on in them is the same act.
    pub(super) reading: UidSet,
}

/// News that was not looked at yet.
#[derive(Default)]
struct Pending {
    folder: Option<FolderNews>,
    /// Folders were made, renamed or removed: this one may be gone.
    list: bool,
}

/// What a look found.
struct Look {
    changes: Changes,
    last: Uid,
    base: Option<i64>,
}

impl Open {
    pub(super) fn new(account: AccountId, folder: FolderId, messages: u32, last: Uid, base: i64) -> Self {
        let (told, pending) = (VecDeque::new(), Pending::default());
        Self { account, folder, messages, last, base, told, pending, reading: UidSet::new() }
    }

    /// Remembers changes that the session knows, because it made them.
    pub(super) fn knows(&mut self, changes: impl Iterator<Item = (Uid, i64)>) {
        self.told.extend(changes);
        let over = self.told.len().saturating_sub(limits::TOLD);
        self.told.drain(..over);
    }

    fn hear(&mut self, mut news: News) {
        self.pending.list |= news.list;
        let Some(news) = news.folders.remove(&self.folder) else { return };
        self.pending.folder = Some(match self.pending.folder.take() {
            None => news,
            Some(old) => joined(old, news),
        });
    }

    /// Whether the session made this change, or was told of it, and nothing came after.
    fn is_told(&self, uid: Uid, modseq: i64) -> bool {
        modseq <= self.base || self.told.contains(&(uid, modseq))
    }

    /// The touched UIDs worth looking at: not those that the session itself changed last.
    fn unknown(&self, news: &FolderNews) -> Option<Vec<Uid>> {
        match &news.touched {
            Touched::Many => None,
            Touched::Uids(uids) => {
                let unknown = |uid: &&Uid| !self.told.contains(&(**uid, news.modseq));
                Some(uids.iter().filter(unknown).copied().collect())
            }
        }
    }

    async fn look(&self, door: &ImapDoor, news: &FolderNews) -> Result<Look, Error> {
        let (store, account) = (door.relay().mailstore(), self.account);
        let mut look = Look { changes: Changes::default(), last: self.last, base: None };
        let Some(touched) = self.unknown(news) else {
            let changes = store.changes(account, self.folder, self.base).await?;
            look.base = changes.rows.iter().map(|row| row.modseq).max().max(Some(news.modseq));
            look.changes.vanished = changes.expunged.iter().map(|uid| uid.0).collect();
            changes.rows.iter().for_each(|row| look.add(self, row));
            return Ok(look);
        };
        if !touched.is_empty() {
            let rows = store.entries_of(account, self.folder, &touched).await?;
            let gone = touched.iter().filter(|uid| rows.binary_search_by_key(uid, |row| &row.uid).is_err());
            look.changes.vanished = gone.map(|uid| uid.0).collect();
            rows.iter().filter(|row| row.uid <= self.last).for_each(|row| look.add(self, row));
        }
        if !news.arrived {
            return Ok(look);
        }
        loop {
            let page = store.entries(account, self.folder, look.last).await?;
            page.iter().for_each(|row| look.add(self, row));
            if (page.len() as i64) < mailstore::limits::INDEX_PAGE {
                return Ok(look);
            }
        }
    }
}

impl Look {
    fn add(&mut self, open: &Open, row: &EntryRow) {
        if row.uid > open.last {
            self.changes.arrived.push(row.uid.0);
            self.last = self.last.max(row.uid);
        } else if !open.is_told(row.uid, row.modseq) {
            let flags = words::flags(&row.marks);
            let change = FlagChange { uid: row.uid.0, flags, modseq: words::modseq(row.modseq) };
            self.changes.flags.push(change);
        }
    }
}

/// Two pieces of news of one folder.
fn joined(old: FolderNews, new: FolderNews) -> FolderNews {
    let touched = match (old.touched, new.touched) {
        (Touched::Uids(mut uids), Touched::Uids(more)) => {
            uids.extend(more);
            uids.sort_unstable();
            uids.dedup();
            Touched::Uids(uids)
        }
        (Touched::Many, _) | (_, Touched::Many) => Touched::Many,
    };
    FolderNews { modseq: old.modseq.max(new.modseq), arrived: old.arrived | new.arrived, touched }
}

/// What changed since it was last asked. Without news it asks nobody.
pub(super) async fn poll(door: &ImapDoor, session: &mut Session) -> Changes {
    let news = session.watcher.take();
    if let Some(open) = session.open.as_mut() {
        open.hear(news);
    }
    // A failure is logged, and what is pending is looked at again after the next command.
    changes(door, session).await.unwrap_or_default()
}

/// Waits for the next change, or for the end of the session (RELIABILITY A-15). Cancel-safe: news is pending until it is told.
pub(super) async fn wait(door: &ImapDoor, session: &mut Session) -> Changes {
    loop {
        if session.open.as_ref().is_none_or(Open::is_quiet) {
            let news = session.listen(door).await;
            if let (Some(open), Some(news)) = (session.open.as_mut(), news) {
                open.hear(news);
            }
        }
        let ended = |refusal| Changes { ended: Some(refusal), ..Changes::default() };
        if let Some(refusal) = session.expired(door).await {
            return ended(refusal);
        }
        match changes(door, session).await {
            Ok(changes) if changes == Changes::default() => {}
            Ok(changes) => return changes,
            // Nobody asks an idle session again: better it comes back than misses a letter.
            Err(refusal) => return ended(refusal),
        }
    }
}

impl Open {
    fn is_quiet(&self) -> bool {
        self.pending.folder.is_none() && !self.pending.list
    }
}

/// Looks at what is pending; only when that has succeeded is it pending no longer.
async fn changes(door: &ImapDoor, session: &mut Session) -> Result<Changes, Refusal> {
    let Some(open) = session.open.as_ref() else { return Ok(Changes::default()) };
    if open.is_quiet() {
        return Ok(Changes::default());
    }
    if open.pending.list {
        let standing = door.relay().mailstore().folder_by_id(open.account, open.folder).await;
        match standing {
            Ok(_) => {}
            Err(Error::NoFolder) => {
                let refusal = Refusal::new(Code::Nonexistent, "the folder was deleted");
                return Ok(Changes { ended: Some(refusal), ..Changes::default() });
            }
            Err(error) => return Err(refusals::store(LISTENING)(error)),
        }
    }
    let look = match &open.pending.folder {
        Some(news) => Some(open.look(door, news).await.map_err(refusals::store(LISTENING))?),
        None => None,
    };
    let Some(open) = session.open.as_mut() else { return Ok(Changes::default()) };
    open.pending = Pending::default();
    let Some(look) = look else { return Ok(Changes::default()) };
    open.last = look.last;
    open.messages = open.messages.saturating_add(look.changes.arrived.len() as u32);
    if let Some(base) = look.base {
        open.base = base;
    }
    open.knows(look.changes.flags.iter().map(|change| (Uid(change.uid), change.modseq as i64)));
    Ok(look.changes)
}
