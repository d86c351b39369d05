//! Acts on messages of the selected folder: STORE, COPY, MOVE, EXPUNGE.

use audit::{Act, Entry};
use mailstore::{Crossing, Flags, Leaving, Mailstore, Quota, Stored, Transferred, Uid};
use names::{AccountId, EntryId, FolderId, Timestamp};
use wire::imap::{Answer, Copied, FlagChange, FolderName, Refusal, StoreMode, UidSet};

use super::door::ImapDoor;
use super::session::Session;
use super::{folders, refusals, trail, words};

/// Marks of messages and the lines that tell of it, in one unit.
pub(super) struct Marking {
    pub(super) store: Mailstore,
    pub(super) account: AccountId,
    pub(super) folder: FolderId,
    pub(super) uids: Vec<Uid>,
    pub(super) change: mailstore::FlagChange,
    /// Only if nobody changed them after this modification sequence.
    pub(super) unchanged_since: Option<i64>,
    pub(super) lines: Vec<Entry>,
}

impl db::Unit for Marking {
    const NAME: &'static str = "mark messages";
    type Output = Stored;
    type Error = mailstore::Error;

    async fn run(&mut self, tx: &mut db::Tx) -> Result<Stored, mailstore::Error> {
        let stored = self
            .store
            .mark(tx, self.account, self.folder, &self.uids, &self.change, self.unchanged_since)
            .await?;
        // Chain heads are locked after folders (DESIGN §2.2).
        audit::append(tx, &self.lines).await?;
        Ok(stored)
    }
}

pub(super) async fn store(
    door: &ImapDoor,
    session: &mut Session,
    uids: &UidSet,
    (mode, flags, unchanged_since): (StoreMode, &wire::imap::Flags, Option<u64>),
) -> Result<Vec<Answer>, Refusal> {
    let (relay, mailbox, folder) = (door.relay(), session.selected()?, session.folder()?.folder);
    mailbox.may_write()?;
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
        account: mailbox.account,
        folder,
        uids: words::uids(uids),
        change,
        unchanged_since: unchanged_since.map(|since| i64::try_from(since).unwrap_or(i64::MAX)),
        lines: vec![session.line(relay, mailbox.account, Act::LetterFlagged, detail, relay.now())],
    };
    let stored = relay.mailstore().db().write(marking).await.map_err(refusals::store("marking messages"))?;
    session.folder()?.marked(stored.modseq);
    let changed = |(uid, modseq, marks): (Uid, i64, mailstore::Marks)| {
        Answer::Flagged(FlagChange { uid: uid.0, flags: words::flags(&marks), modseq: words::modseq(modseq) })
    };
    let mut answers: Vec<Answer> = stored.rows.into_iter().map(changed).collect();
    if !stored.modified.is_empty() {
        answers.push(Answer::Modified(stored.modified.iter().map(|uid| uid.0).collect()));
    }
    Ok(answers)
}

/// COPY or MOVE inside a mailbox and the line that tells of it, in one unit.
struct Transferring {
    store: Mailstore,
    account: AccountId,
    from: FolderId,
    to: FolderId,
    how: Transfer,
    quota: Quota,
    line: Entry,
    now: Timestamp,
}

enum Transfer {
    Copy(Vec<(Uid, EntryId)>),
    Move(Vec<Uid>),
}

impl db::Unit for Transferring {
    const NAME: &'static str = "copy or move messages";
    type Output = Transferred;
    type Error = mailstore::Error;

    async fn run(&mut self, tx: &mut db::Tx) -> Result<Transferred, mailstore::Error> {
        let (store, account, now, (from, to)) = (&self.store, self.account, self.now, (self.from, self.to));
        let (done, how) = match &self.how {
            Transfer::Copy(copies) => {
                let done = store.copy_in(tx, account, (from, to), copies, now).await?;
                store.check_quota(tx, account, &self.quota).await?;
                (done, "copy")
            }
            Transfer::Move(uids) => (store.move_in(tx, account, (from, to), Some(uids), now).await?, "move"),
        };
        tell_transfer(tx, std::slice::from_ref(&self.line), (from, to), &done, how).await?;
        Ok(done)
    }
}

/// COPY or MOVE to another mailbox and the lines that tell both of it, in one unit.
struct CarryingOver {
    store: Mailstore,
    crossing: Crossing,
    leaving: Leaving,
    /// Of the mailbox they go to.
    to: AccountId,
    quota: Quota,
    folders: (FolderId, FolderId),
    lines: [Entry; 2],
}

impl db::Unit for CarryingOver {
    const NAME: &'static str = "copy or move messages to another mailbox";
    type Output = Transferred;
    type Error = mailstore::Error;

    async fn run(&mut self, tx: &mut db::Tx) -> Result<Transferred, mailstore::Error> {
        let done = self.store.cross_in(tx, &self.crossing, self.leaving).await?;
        self.store.check_quota(tx, self.to, &self.quota).await?;
        let how = match self.leaving {
            Leaving::Stay => "copy",
            Leaving::Go => "move",
        };
        tell_transfer(tx, &self.lines, self.folders, &done, how).await?;
        Ok(done)
    }
}

/// The lines of messages that went from one folder to the other; none went, none is told.
pub(super) async fn tell_transfer(
    tx: &mut db::Tx,
    lines: &[Entry],
    (from, to): (FolderId, FolderId),
    done: &Transferred,
    how: &str,
) -> Result<(), db::Error> {
    let gone: UidSet = done.uids.iter().map(|(here, _)| here.0).collect();
    if gone.is_empty() {
        return Ok(());
    }
    let detail = format!("{} to={} how={how}", trail::messages(from, &gone), to.0);
    let lines: Vec<Entry> = lines.iter().map(|line| line.telling(detail.clone())).collect();
    audit::append(tx, &lines).await
}

pub(super) async fn copy(
    door: &ImapDoor,
    session: &mut Session,
    uids: &UidSet,
    to: &FolderName,
) -> Result<Copied, Refusal> {
    transfer(door, session, (uids, Leaving::Stay), to).await
}

pub(super) async fn relocate(
    door: &ImapDoor,
    session: &mut Session,
    uids: &UidSet,
    to: &FolderName,
) -> Result<Copied, Refusal> {
    transfer(door, session, (uids, Leaving::Go), to).await
}

/// Who takes messages away must be able to write where they lie; who copies, only where they go.
async fn transfer(
    door: &ImapDoor,
    session: &mut Session,
    (uids, leaving): (&UidSet, Leaving),
    to: &FolderName,
) -> Result<Copied, Refusal> {
    const DOING: &str = "copying or moving messages";
    let (source, from) = (session.selected()?, session.folder()?.folder);
    if leaving == Leaving::Go {
        source.may_write()?;
    }
    let located = session.locate(to)?;
    let mailbox = located.mailbox;
    mailbox.may_write()?;
    let (relay, store, now) = (door.relay(), door.relay().mailstore(), door.relay().now());
    let (account, uids) = (mailbox.account, words::uids(uids));
    let to = folders::find(door, &located).await?.id;
    let quota = session.quota(door, account);
    let line = |of| session.line(relay, of, Act::LetterCopied, String::new(), now);
    let done = if source.account == account {
        let how = match leaving {
            Leaving::Stay => Transfer::Copy(store.copies(&uids, now)),
            Leaving::Go => Transfer::Move(uids),
        };
        let line = line(account);
        let unit = Transferring { store: store.clone(), account, from, to, how, quota, line, now };
        store.db().write(unit).await
    } else {
        let (here, there) = ((source.account, from), (account, to));
        let crossing = store.crossing(here, there, &uids, now).await.map_err(refusals::store(DOING))?;
        let lines = [line(source.account), line(account)];
        let (store, folders) = (store.clone(), (from, to));
        let unit = CarryingOver { store, crossing, leaving, to: account, quota, folders, lines };
        relay.mailstore().db().write(unit).await
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

/// EXPUNGE and the line that tells of it, in one unit.
struct Removing {
    store: Mailstore,
    account: AccountId,
    folder: FolderId,
    uids: Vec<Uid>,
    line: Entry,
}

impl db::Unit for Removing {
    const NAME: &'static str = "remove messages";
    type Output = UidSet;
    type Error = mailstore::Error;

    async fn run(&mut self, tx: &mut db::Tx) -> Result<UidSet, mailstore::Error> {
        let gone = self.store.expunge_in(tx, self.account, self.folder, Some(&self.uids)).await?;
        let gone: UidSet = gone.iter().map(|uid| uid.0).collect();
        if !gone.is_empty() {
            let line = self.line.telling(trail::messages(self.folder, &gone));
            audit::append(tx, &[line]).await?;
        }
        Ok(gone)
    }
}

pub(super) async fn expunge(
    door: &ImapDoor,
    session: &mut Session,
    among: Option<&UidSet>,
) -> Result<UidSet, Refusal> {
    const DOING: &str = "removing messages";
    let (account, folder) = (session.selected()?.account, session.folder()?.folder);
    session.selected()?.may_write()?;
    let deleted =
        deleted(door.relay().mailstore(), account, folder, among).await.map_err(refusals::store(DOING))?;
    if deleted.is_empty() {
        return Ok(UidSet::new());
    }
    let relay = door.relay();
    let unit = Removing {
        store: relay.mailstore().clone(),
        account,
        folder,
        uids: words::uids(&deleted),
        line: session.line(relay, account, Act::LetterRemoved, String::new(), relay.now()),
    };
    relay.mailstore().db().write(unit).await.map_err(refusals::store(DOING))
}

/// The messages marked `\Deleted`: where there are none, as at most CLOSEs, nothing is written.
async fn deleted(
    store: &Mailstore,
    account: AccountId,
    folder: FolderId,
    among: Option<&UidSet>,
) -> Result<UidSet, mailstore::Error> {
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
