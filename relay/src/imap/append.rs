//! APPEND and REPLACE: a door like the others, but its letters are nobody's post (ADR 0021). Policy says whether they
//! may be kept and how: marked, with nothing in them that only an operator may say. They join no conversation,
//! file nothing and alert nobody.

use std::sync::Arc;

use audit::{Act, Entry};
use mailstore::{Delivered, Delivery, Hidden, Mailstore, Marks, Origin, Place, Quota, SealedLetter, Uid};
use names::{AccountId, AccountKind, EntryId, FolderId, Timestamp};
use policy::placing::{self, Claims, Keeping, Mark, Owner, Placing, PlacingDecision, Rights, Shelf};
use wire::imap::{Access, Code, Flags, FolderName, Placed, Refusal, UidSet};
use wire::mime::Summary;

use super::door::ImapDoor;
use super::session::Session;
use super::shared::Mailbox;
use super::{folders, limits, quota, refusals, trail, words};
use crate::letter::Letter;
use crate::{Fault, Incoming, patient_fields};

const APPENDING: &str = "keeping an appended letter";

/// What the machine asks before a letter comes.
pub(super) struct Beginning {
    pub(super) folder: FolderName,
    pub(super) flags: Flags,
    pub(super) date: Option<Timestamp>,
    pub(super) size: u64,
    pub(super) replaces: Option<u32>,
}

/// Letters of one command: some whole, one coming in. Bodies are sealed as they come.
pub(super) struct Appending {
    account: AccountId,
    folder: FolderId,
    /// The message that goes, and where it is.
    replaces: Option<Old>,
    whole: Vec<Kept>,
    coming: Coming,
    /// When the first of them began.
    began: Timestamp,
}

/// A message that goes: its mailbox, its folder, its UID.
type Old = (AccountId, FolderId, Uid);

struct Coming {
    incoming: Incoming,
    keeping: Keeping,
    marks: Marks,
    date: Option<Timestamp>,
}

struct Kept {
    letter: Letter,
    marks: Marks,
    date: Option<Timestamp>,
}

impl Appending {
    pub(super) async fn push(&mut self, piece: &[u8]) {
        self.coming.incoming.push(piece).await;
    }
}

/// Begins a letter: the first of its command, or the one after `earlier`.
pub(super) async fn begin(
    door: &ImapDoor,
    session: &mut Session,
    asked: Beginning,
    earlier: Option<Appending>,
) -> Result<Appending, Refusal> {
    let (relay, store) = (door.relay(), door.relay().mailstore());
    let located = session.locate(&asked.folder)?;
    let mailbox = located.mailbox;
    let account = mailbox.account;
    let folder = folders::find(door, &located).await?;
    let keeping = decide(session, mailbox, folder.role)?;
    let replaces = match asked.replaces {
        Some(old) => {
            let source = session.selected()?;
            source.may_write()?;
            Some((source.account, session.folder()?.folder, Uid(old)))
        }
        None => None,
    };
    let marks = words::marks(&asked.flags);
    if !marks.fit() {
        return Err(refusals::too_many_keywords());
    }
    store.check_room().map_err(refusals::store(APPENDING))?;
    if replaces.is_none() {
        quota::check(door, session, account, asked.size).await?;
    }
    tracing::debug!(size = asked.size, "a letter is appended");
    let began = earlier.as_ref().map_or_else(|| relay.now(), |earlier| earlier.began);
    in_time(began, relay.now())?;
    let incoming = relay.begin_letter(relay.now());
    let coming = Coming { incoming, keeping, marks, date: asked.date };
    let whole = match earlier {
        Some(earlier) => earlier.all().await?,
        None => Vec::new(),
    };
    Ok(Appending { account, folder: folder.id, replaces, whole, coming, began })
}

/// Refuses a command that takes so long that the sweeper could take its first bodies for dead.
fn in_time(began: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    if now.since(began) <= limits::APPENDING {
        return Ok(());
    }
    Err(Refusal::new(Code::Limit, "the command takes too long; please append fewer letters at once"))
}

fn decide(session: &Session, mailbox: Mailbox, role: Option<mailstore::Role>) -> Result<Keeping, Refusal> {
    let login = session.login();
    let other = login.others.iter().find(|other| other.account == mailbox.account);
    let owner = match other.map_or(login.kind, |other| other.kind) {
        AccountKind::Personal
        | AccountKind::Organisational
        | AccountKind::Applicative
        | AccountKind::Practice => Owner::Professional,
        AccountKind::Patient => Owner::Patient,
    };
    let rights = match mailbox.access() {
        Access::ReadWrite => Rights::Insert,
        Access::ReadOnly => Rights::Look,
    };
    let shelf = match role {
        Some(mailstore::Role::Inbox) => Shelf::Inbox,
        Some(mailstore::Role::Sent) => Shelf::Sent,
        Some(mailstore::Role::Drafts) => Shelf::Drafts,
        Some(mailstore::Role::Trash | mailstore::Role::Junk | mailstore::Role::Archive) | None => {
            Shelf::Other
        }
    };
    match placing::place(&Placing { owner, rights, shelf }) {
        PlacingDecision::Keep(keeping) => Ok(keeping),
        PlacingDecision::Refuse(refusal) => {
            tracing::info!(door = "mailbox", rule = refusal.rule(), "a letter is not kept");
            let text = format!("{} [{}]", refusal.english(), refusal.rule());
            Err(Refusal::new(Code::NoPermission, text))
        }
    }
}

impl Appending {
    /// All letters, the last one ended.
    async fn all(self) -> Result<Vec<Kept>, Refusal> {
        let Self { mut whole, coming, .. } = self;
        let Coming { incoming, keeping, marks, date } = coming;
        let mut letter = incoming.finish().await.map_err(|fault| match fault {
            Fault::Head(error) => {
                Refusal::new(Code::Cannot, format!("the letter's header is unusable: {error}"))
            }
            Fault::Store(cause) => refusals::store(APPENDING)(cause),
        })?;
        match keeping.claims {
            Claims::Disowned => patient_fields::disown(&mut letter.head),
        }
        let marks = match keeping.mark {
            Mark::Appended => marks.appended(),
        };
        whole.push(Kept { letter, marks, date });
        Ok(whole)
    }
}

/// The letters, the message that goes for them and the lines, in one unit.
struct Append {
    store: Mailstore,
    account: AccountId,
    folder: FolderId,
    replaces: Option<Old>,
    deliveries: Vec<Delivery>,
    quota: Quota,
    lines: Vec<Entry>,
}

impl db::Unit for Append {
    const NAME: &'static str = "append letters";
    /// `None` when the message to replace is gone.
    type Output = Option<Vec<Delivered>>;
    type Error = mailstore::Error;

    async fn run(&mut self, tx: &mut db::Tx) -> Result<Self::Output, mailstore::Error> {
        let (store, to) = (&self.store, (self.account, self.folder));
        let delivered = match self.replaces {
            Some(old) => store.replace_in(tx, old, to, &self.deliveries).await?,
            None => Some(store.deliver(tx, &self.deliveries).await?),
        };
        store.check_quota(tx, self.account, &self.quota).await?;
        if delivered.is_some() {
            audit::append(tx, &self.lines).await?;
        }
        Ok(delivered)
    }
}

pub(super) async fn finish(
    door: &ImapDoor,
    session: &Session,
    appending: Appending,
) -> Result<Placed, Refusal> {
    let (account, folder, replaces) = (appending.account, appending.folder, appending.replaces);
    session.mailbox(account).ok_or_else(refusals::no_longer_yours)?.may_write()?;
    let (relay, store, now) = (door.relay(), door.relay().mailstore(), door.relay().now());
    in_time(appending.began, now)?;
    let account_key = store.key(account).await.map_err(refusals::store(APPENDING))?;
    let letters = appending.all().await?;
    let mut deliveries = Vec::with_capacity(letters.len());
    let mut size = 0;
    for Kept { letter, marks, date } in letters {
        let summary = Summary::of(&letter.head, &letter.structure);
        size += summary.size();
        let head = store.seal_head(&letter.body, letter.head.bytes(), &summary.encode(), now);
        deliveries.push(Delivery {
            key: account_key.own(&letter.body),
            letter: SealedLetter { body: letter.body, head: Arc::new(head) },
            place: Place::Folder(folder),
            entry: EntryId(store.db().id(now)),
            marks,
            internal_date: date.unwrap_or(now),
            saved_at: date.map(|_| now),
            origin: Origin::Appended,
            hidden: Hidden::NONE,
            thread: None,
            documents: Vec::new(),
            queue: None,
        });
    }
    let entries: Vec<String> = deliveries.iter().map(|delivery| delivery.entry.0.to_string()).collect();
    let detail = format!("folder={} entry={} size={size}", folder.0, entries.join(","));
    let mut lines = vec![session.line(relay, account, Act::LetterAppended, detail, now)];
    if let Some((of, from, old)) = replaces {
        session.mailbox(of).ok_or_else(refusals::no_longer_yours)?.may_write()?;
        let gone: UidSet = [old.0].into_iter().collect();
        let detail = format!("{} how=replace", trail::messages(from, &gone));
        lines.push(session.line(relay, of, Act::LetterRemoved, detail, now));
    }
    let quota = session.quota(door, account);
    let append = Append { store: store.clone(), account, folder, replaces, deliveries, quota, lines };
    let delivered = store.db().write(append).await.map_err(refusals::store(APPENDING))?;
    let gone = || Refusal::new(Code::ExpungeIssued, "the message to replace is gone");
    let delivered = delivered.ok_or_else(gone)?;
    let first = delivered.first().ok_or_else(refusals::confused)?;
    // Once a run, when it is over.
    if delivered.iter().any(|delivered| delivered.uid.0.is_multiple_of(mailstore::limits::RUN)) {
        door.ahead().uses(account, folder);
    }
    let uids = delivered.iter().map(|delivered| delivered.uid.0).collect();
    Ok(Placed { uid_validity: first.uidvalidity, uids })
}
