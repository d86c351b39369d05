//! What changed in the selected folder: after each command, and while the session is idle.
//!
//! A watcher says that something changed; what it was is read in one look at the folder, from where the
//! session was last told, so that everything up to one modification sequence was told and the client may
//! be given that number (RFC 7162 §3.1.2.1): a change is never passed over because its news comes late.
//! News is kept here until it was looked at and told, so that nothing is lost when the looking is given up
//! half-way because the peer speaks first.

use mailstore::{Error, Gone, Known, News, Piece, Uid};
use names::{AccountId, FolderId};
use wire::imap::{Changes, Code, FlagChange, Refusal, Since, UidSet, WatchSelected};

use super::door::ImapDoor;
use super::session::Session;
use super::{refusals, words};

const LISTENING: &str = "looking for news of a folder";

/// The selected folder, as far as its news were told.
pub(super) struct Open {
    /// Whose it is.
    pub(super) account: AccountId,
    pub(super) folder: FolderId,
    /// How many messages it had when it was opened, and those come since.
    pub(super) messages: u32,
    known: Known,
    pending: Pending,
    /// The messages whose contents the last FETCH read: reading on in them is the same act.
    pub(super) reading: UidSet,
}

/// News that was not looked at yet.
#[derive(Default)]
struct Pending {
    messages: Stale,
    /// Folders were made, renamed or removed: this one may be gone.
    folders: Stale,
}

/// Whether something may have changed that was not looked at.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stale {
    #[default]
    No,
    Yes,
}

impl Open {
    /// A folder opened, and told of as it stood at a modification sequence.
    pub(super) fn new(account: AccountId, folder: FolderId, messages: u32, last: Uid, modseq: i64) -> Self {
        let (known, pending) = (Known::whole(modseq, last), Pending::default());
        Self { account, folder, messages, known, pending, reading: UidSet::new() }
    }

    /// Remembers marks that the session made itself. When nobody else came between, all is known still. When
    /// somebody did they are told again with the rest: one of these messages may be another's change as well,
    /// which a silent STORE must not hide (RFC 3501 §6.4.6).
    pub(super) fn marked(&mut self, modseq: Option<i64>) {
        let Some(modseq) = modseq else { return };
        if self.known == Known::whole(modseq - 1, self.known.last) {
            self.known = Known::whole(modseq, self.known.last);
        } else {
            self.pending.messages = Stale::Yes;
        }
    }

    /// A message was shown as it is after this sequence: what happened until then is to be told as well,
    /// before the command ends.
    pub(super) fn shown(&mut self, modseq: i64) {
        if modseq > self.known.modseq {
            self.pending.messages = Stale::Yes;
        }
    }

    fn hear(&mut self, mut news: News) {
        if news.list {
            self.pending.folders = Stale::Yes;
        }
        if news.folders.remove(&self.folder).is_some_and(|news| news.modseq > self.known.modseq) {
            self.pending.messages = Stale::Yes;
        }
    }

    fn is_quiet(&self) -> bool {
        self.pending.messages == Stale::No && self.pending.folders == Stale::No
    }

    /// Nothing new, and how far that is true.
    fn nothing(&self) -> Changes {
        Changes { modseq: Some(words::modseq(self.known.modseq)), ..Changes::default() }
    }

    /// A piece of news in the machine's words.
    fn tell(piece: &Piece, vanished: UidSet) -> Changes {
        let flags = piece.marked.iter().map(|row| FlagChange {
            uid: row.uid.0,
            flags: words::flags(&row.marks),
            modseq: words::modseq(row.modseq),
        });
        Changes {
            vanished,
            arrived: piece.arrived.iter().map(|uid| uid.0).collect(),
            flags: flags.collect(),
            modseq: Some(words::modseq(piece.known.modseq)),
            more: !piece.complete,
            ended: None,
        }
    }

    fn reached(&mut self, piece: &Piece) {
        self.known = piece.known;
        self.messages = self.messages.saturating_add(piece.arrived.len() as u32);
        if piece.complete {
            self.pending.messages = Stale::No;
        }
    }
}

/// What changed since it was last asked. Without news it asks nobody.
pub(super) async fn poll(door: &ImapDoor, session: &mut Session) -> Changes {
    let news = session.watcher.take();
    if let Some(open) = session.open.as_mut() {
        open.hear(news);
        if open.is_quiet() || session.watched_between == WatchSelected::No {
            return open.nothing();
        }
    }
    // A failure is logged, and what is pending is looked at again after the next command.
    changes(door, session).await.unwrap_or_default()
}

/// Waits for the next change, or for the end of the session (RELIABILITY A-15). Cancel-safe: news is pending until it is told.
pub(super) async fn wait(door: &ImapDoor, session: &mut Session) -> Changes {
    loop {
        let silent = session.watched_between == WatchSelected::No;
        if silent || session.open.as_ref().is_none_or(Open::is_quiet) {
            let news = session.listen(door).await;
            if let (Some(open), Some(news)) = (session.open.as_mut(), news) {
                open.hear(news);
            }
        }
        let ended = |refusal| Changes { ended: Some(refusal), ..Changes::default() };
        if let Some(refusal) = session.expired(door).await {
            return ended(refusal);
        }
        if silent {
            continue;
        }
        match changes(door, session).await {
            Ok(changes) if changes.is_empty() => {}
            Ok(changes) => return changes,
            // Nobody asks an idle session again: better it comes back than misses a letter.
            Err(refusal) => return ended(refusal),
        }
    }
}

/// Looks at what is pending; only when that has succeeded is it pending no longer.
async fn changes(door: &ImapDoor, session: &mut Session) -> Result<Changes, Refusal> {
    let Some(open) = session.open.as_mut() else { return Ok(Changes::default()) };
    let store = door.relay().mailstore();
    if open.pending.folders == Stale::Yes {
        match store.folder_by_id(open.account, open.folder).await {
            Ok(_) => open.pending.folders = Stale::No,
            Err(Error::NoFolder) => {
                let refusal = Refusal::new(Code::Nonexistent, "the folder was deleted");
                return Ok(Changes { ended: Some(refusal), ..Changes::default() });
            }
            Err(error) => return Err(refusals::store(LISTENING)(error)),
        }
    }
    if open.pending.messages == Stale::No {
        return Ok(open.nothing());
    }
    let piece = store.news_since(open.account, open.folder, open.known).await;
    let piece = piece.map_err(refusals::store(LISTENING))?;
    let vanished = vanished(door, open, &piece).await.map_err(refusals::store(LISTENING))?;
    let changes = Open::tell(&piece, vanished);
    open.reached(&piece);
    Ok(changes)
}

/// The UIDs gone. When those of so long ago are no longer known, it is whatever is missing.
async fn vanished(door: &ImapDoor, open: &Open, piece: &Piece) -> Result<UidSet, Error> {
    match &piece.gone {
        Gone::Runs(runs) => Ok(words::runs(runs)),
        Gone::Forgotten => {
            let there = door.relay().mailstore().uids(open.account, open.folder).await?;
            let there: UidSet = there.iter().map(|uid| uid.0).collect();
            Ok(UidSet::range(1..=open.known.last.0.max(1)).difference(&there))
        }
    }
}

/// What came, changed and went in the selected folder after a modification sequence.
pub(super) async fn since(door: &ImapDoor, session: &mut Session, modseq: u64) -> Result<Since, Refusal> {
    let open = session.folder()?;
    let since = i64::try_from(modseq).unwrap_or(i64::MAX);
    let since = door.relay().mailstore().since(open.account, open.folder, since).await;
    let since = since.map_err(refusals::store("looking for what changed in a folder"))?;
    Ok(Since {
        changed: since.changed.iter().map(|uid| uid.0).collect(),
        gone: match &since.gone {
            Gone::Runs(runs) => Some(words::runs(runs)),
            Gone::Forgotten => None,
        },
    })
}
