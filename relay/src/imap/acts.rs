//! Acts on messages of the selected folder: STORE, COPY, MOVE, EXPUNGE.

use audit::{Act, Entry};
use mailstore::{Flags, Mailstore, Stored, Transferred, Uid};
use names::{AccountId, FolderId};
use wire::imap::{Copied, FlagChange, FolderName, Refusal, StoreMode, UidSet};

use super::door::ImapDoor;
use super::session::Session;
use super::{refusals, trail, words};

/// COPY or MOVE.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Transfer {
    Copy,
    Move,
}

/// Marks of messages and the lines that tell of it, in one unit.
pub(super) struct Marking {
    pub(super) store: Mailstore,
    pub(super) account: AccountId,
    pub(super) folder: FolderId,
    pub(super) uids: Vec<Uid>,
    pub(super) change: mailstore::FlagChange,
    pub(super) lines: Vec<Entry>,
}

impl db::Unit for Marking {
    const NAME: &'static str = "mark messages";
    type Output = Stored;
    type Error = mailstore::Error;

    async fn run(&mut self, tx: &mut db::Tx) -> Result<Stored, mailstore::Error> {
        let stored = self.store.mark(tx, self.account, self.folder, &self.uids, &self.change, None).await?;
        // Chain heads are locked after folders (DESIGN §2.2).
        audit::append(tx, &self.lines).await?;
        Ok(stored)
    }
}

pub(super) async fn store(
    door: &ImapDoor,
    session: &mut Session,
    uids: &UidSet,
    mode: StoreMode,
    flags: &wire::imap::Flags,
) -> Result<Vec<FlagChange>, Refusal> {
    session.may_write()?;
    let (relay, folder) = (door.relay(), session.folder()?.folder);
    let marks = words::marks(flags);
    let (how, change) = match mode {
        StoreMode::Replace => ("replace", mailstore::FlagChange::Replace(marks)),
        StoreMode::Add => ("add", mailstore::FlagChange::Add(marks)),
        StoreMode::Remove => ("remove", mailstore::FlagChange::Remove(marks)),
    };
    // Keywords are words of the user's own making and stay out of the trail.
    let names: Vec<&str> = flags.system().map(wire::imap::SystemFlag::as_str).collect();
    let which = trail::messages(folder, uids);
    let detail = format!("{which} how={how} flags={} keywords={}", names.join(","), flags.keywords().len());
    let marking = Marking {
        store: relay.mailstore().clone(),
        account: session.account(),
        folder,
        uids: words::uids(uids),
        change,
        lines: vec![session.line(relay, Act::LetterFlagged, detail, relay.now())],
    };
    let stored = relay.mailstore().db().write(marking).await.map_err(refusals::store("marking messages"))?;
    session.folder()?.knows(stored.rows.iter().map(|(uid, modseq, _)| (*uid, *modseq)));
    let changed = |(uid, modseq, marks): (Uid, i64, mailstore::Marks)| FlagChange {
        uid: uid.0,
        flags: words::flags(&marks),
        modseq: words::modseq(modseq),
    };
    Ok(stored.rows.into_iter().map(changed).collect())
}

pub(super) async fn copy(
    door: &ImapDoor,
    session: &mut Session,
    uids: &UidSet,
    to: &FolderName,
) -> Result<Copied, Refusal> {
    let from = session.folder()?.folder;
    transfer(door, session, from, uids, to, Transfer::Copy).await
}

pub(super) async fn relocate(
    door: &ImapDoor,
    session: &mut Session,
    uids: &UidSet,
    to: &FolderName,
) -> Result<Copied, Refusal> {
    let from = session.folder()?.folder;
    transfer(door, session, from, uids, to, Transfer::Move).await
}

pub(super) async fn transfer(
    door: &ImapDoor,
    session: &Session,
    from: FolderId,
    uids: &UidSet,
    to: &FolderName,
    how: Transfer,
) -> Result<Copied, Refusal> {
    const DOING: &str = "copying or moving messages";
    session.may_write()?;
    let (relay, store, account) = (door.relay(), door.relay().mailstore(), session.account());
    let to = store.folder(account, &words::name(to)?).await.map_err(refusals::store(DOING))?.id;
    let (which, now) = (trail::messages(from, uids), relay.now());
    let word = match how {
        Transfer::Copy => "copy",
        Transfer::Move => "move",
    };
    let line = session.line(relay, Act::LetterCopied, format!("{which} to={} how={word}", to.0), now);
    trail::write(store.db(), vec![line]).await.map_err(refusals::database("telling the trail"))?;
    let uids = words::uids(uids);
    let done = match how {
        Transfer::Copy => store.copy(account, from, to, &uids, now).await,
        Transfer::Move => store.move_messages(account, from, to, &uids).await,
    };
    done.map(copied).map_err(refusals::store(DOING))
}

fn copied(done: Transferred) -> Copied {
    Copied {
        uid_validity: done.uidvalidity,
        from: done.uids.iter().map(|(here, _)| here.0).collect(),
        to: done.uids.iter().map(|(_, there)| there.0).collect(),
    }
}

pub(super) async fn expunge(
    door: &ImapDoor,
    session: &mut Session,
    among: Option<&UidSet>,
) -> Result<UidSet, Refusal> {
    const DOING: &str = "removing messages";
    session.may_write()?;
    let folder = session.folder()?.folder;
    let deleted = deleted(door, session, folder, among).await.map_err(refusals::store(DOING))?;
    if deleted.is_empty() {
        return Ok(UidSet::new());
    }
    let (relay, store) = (door.relay(), door.relay().mailstore());
    let line = session.line(relay, Act::LetterRemoved, trail::messages(folder, &deleted), relay.now());
    trail::write(store.db(), vec![line]).await.map_err(refusals::database("telling the trail"))?;
    let gone = store.expunge(session.account(), folder, Some(&words::uids(&deleted))).await;
    Ok(gone.map_err(refusals::store(DOING))?.iter().map(|uid| uid.0).collect())
}

/// The messages marked `\Deleted`, those to be named in the trail.
async fn deleted(
    door: &ImapDoor,
    session: &Session,
    folder: FolderId,
    among: Option<&UidSet>,
) -> Result<UidSet, mailstore::Error> {
    let (store, account) = (door.relay().mailstore(), session.account());
    let is_deleted = |row: &&mailstore::EntryRow| row.marks.flags.has(Flags::DELETED);
    if let Some(among) = among {
        let rows = store.entries_of(account, folder, &words::uids(among)).await?;
        return Ok(rows.iter().filter(is_deleted).map(|row| row.uid.0).collect());
    }
    let mut deleted = UidSet::new();
    let mut after = Uid(0);
    loop {
        let page = store.entries(account, folder, after).await?;
        let Some(last) = page.last() else { return Ok(deleted) };
        after = last.uid;
        page.iter().filter(is_deleted).for_each(|row| deleted.push(row.uid.0));
    }
}
