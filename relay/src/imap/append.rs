//! APPEND: a door like the others, but its letters are nobody's post. They are kept as
//! `Origin::Appended`, join no conversation, file nothing and alert nobody (PEERS §4.2).

use std::sync::Arc;

use audit::{Act, Entry};
use mailstore::{Delivered, Delivery, Hidden, Mailstore, Marks, Origin, Place, SealedLetter};
use names::{AccountId, EntryId, FolderId, Timestamp};
use wire::imap::{Code, Flags, FolderName, Placed, Refusal};
use wire::mime::Summary;

use super::door::ImapDoor;
use super::session::Session;
use super::shared::Located;
use super::{refusals, words};
use crate::{Fault, Incoming};

const APPENDING: &str = "keeping an appended letter";

/// What the machine asks before the letter comes.
pub(super) struct Beginning {
    pub(super) folder: FolderName,
    pub(super) flags: Flags,
    pub(super) date: Option<Timestamp>,
    pub(super) size: u64,
}

/// A letter that is coming in; its body is sealed as it comes.
pub(super) struct Appending {
    incoming: Incoming,
    account: AccountId,
    folder: FolderId,
    marks: Marks,
    date: Option<Timestamp>,
}

impl Appending {
    pub(super) async fn push(&mut self, piece: &[u8]) {
        self.incoming.push(piece).await;
    }
}

pub(super) async fn begin(
    door: &ImapDoor,
    session: &Session,
    asked: Beginning,
) -> Result<Appending, Refusal> {
    let (relay, store) = (door.relay(), door.relay().mailstore());
    let Located { mailbox, name } = session.locate(&asked.folder)?;
    mailbox.may_write()?;
    let account = mailbox.account;
    let folder = store.folder(account, &name).await.map_err(refusals::store(APPENDING))?.id;
    store.check_room().map_err(refusals::store(APPENDING))?;
    tracing::debug!(size = asked.size, "a letter is appended");
    let incoming = relay.begin_letter(relay.now());
    Ok(Appending { incoming, account, folder, marks: words::marks(&asked.flags), date: asked.date })
}

/// The letter and its line, in one unit.
struct Append {
    store: Mailstore,
    delivery: [Delivery; 1],
    line: [Entry; 1],
}

impl db::Unit for Append {
    const NAME: &'static str = "append a letter";
    type Output = Vec<Delivered>;
    type Error = mailstore::Error;

    async fn run(&mut self, tx: &mut db::Tx) -> Result<Vec<Delivered>, mailstore::Error> {
        let delivered = self.store.deliver(tx, &self.delivery).await?;
        audit::append(tx, &self.line).await?;
        Ok(delivered)
    }
}

pub(super) async fn finish(
    door: &ImapDoor,
    session: &Session,
    appending: Appending,
) -> Result<Placed, Refusal> {
    let account = appending.account;
    session.mailbox(account).ok_or_else(refusals::no_longer_yours)?.may_write()?;
    let (relay, store, now) = (door.relay(), door.relay().mailstore(), door.relay().now());
    let letter = appending.incoming.finish().await.map_err(|fault| match fault {
        Fault::Head(error) => Refusal::new(Code::Cannot, format!("the letter's header is unusable: {error}")),
        Fault::Store(cause) => refusals::store(APPENDING)(cause),
    })?;
    let summary = Summary::of(&letter.head, &letter.structure);
    let head = store.seal_head(&letter.body, letter.head.bytes(), &summary.encode(), now);
    let key = store.key(account).await.map_err(refusals::store(APPENDING))?.own(&letter.body);
    let entry = EntryId(store.db().id(now));
    let detail = format!("folder={} entry={} size={}", appending.folder.0, entry.0, summary.size());
    let append = Append {
        store: store.clone(),
        delivery: [Delivery {
            letter: SealedLetter { body: letter.body, head: Arc::new(head) },
            key,
            place: Place::Folder(appending.folder),
            entry,
            marks: appending.marks,
            internal_date: appending.date.unwrap_or(now),
            origin: Origin::Appended,
            hidden: Hidden::NONE,
            thread: None,
            documents: Vec::new(),
            queue: None,
        }],
        line: [session.line(relay, account, Act::LetterAppended, detail, now)],
    };
    let delivered = store.db().write(append).await.map_err(refusals::store(APPENDING))?;
    let placed = delivered.first().ok_or_else(refusals::confused)?;
    Ok(Placed { uid_validity: placed.uidvalidity, uid: placed.uid.0 })
}
