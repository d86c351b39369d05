//! Folders: LIST, STATUS, CREATE, DELETE, RENAME, SUBSCRIBE.

use audit::Act;
use wire::imap::{Code, DELIMITER, Folder, FolderKind, FolderName, Refusal, Status, Subscription};

use super::door::ImapDoor;
use super::session::Session;
use super::{acts, refusals, trail, words};

const CHANGING: &str = "changing a folder";

pub(super) async fn list(door: &ImapDoor, session: &Session) -> Result<Vec<Folder>, Refusal> {
    let folders = door.relay().mailstore().folders(session.account()).await;
    let folders = folders.map_err(refusals::store("listing folders"))?;
    let mut listed: Vec<Folder> = folders.iter().filter_map(shown).collect();
    // Parents before children: a parent's name is the beginning of its child's.
    listed.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(listed)
}

fn shown(folder: &mailstore::Folder) -> Option<Folder> {
    // Every name the store takes is one the wire takes, but for a level of dots made by another door.
    let name = FolderName::parse(folder.name.as_str()).ok()?;
    let subscription = if folder.subscribed { Subscription::On } else { Subscription::Off };
    Some(Folder { name, role: folder.role.and_then(words::role), subscription, kind: FolderKind::Selectable })
}

pub(super) async fn status(door: &ImapDoor, session: &Session, name: &FolderName) -> Result<Status, Refusal> {
    let folder = door.relay().mailstore().folder(session.account(), &words::name(name)?).await;
    let folder = folder.map_err(refusals::store("counting a folder"))?;
    Ok(Status {
        messages: folder.messages,
        unseen: folder.unseen,
        uid_next: folder.uid_next.0,
        uid_validity: folder.uidvalidity,
    })
}

/// Makes the folder, and the parents it lacks: a parent that cannot be selected loses letters in some
/// mail programs (PEERS §4.2).
pub(super) async fn create(door: &ImapDoor, session: &Session, name: &FolderName) -> Result<(), Refusal> {
    session.may_write()?;
    let (store, account, now) = (door.relay().mailstore(), session.account(), door.relay().now());
    let whole = words::name(name)?;
    let mut parents: Vec<mailstore::FolderName> = Vec::new();
    for (at, _) in whole.as_str().match_indices(DELIMITER) {
        let parent = mailstore::FolderName::parse(&whole.as_str()[..at]);
        parents.push(parent.map_err(|_| Refusal::new(Code::Cannot, "a folder cannot have this name"))?);
    }
    tell(door, session, "create").await?;
    for parent in parents {
        match store.create_folder(account, &parent, now).await {
            Ok(_) | Err(mailstore::Error::FolderExists) => {}
            Err(error) => return Err(refusals::store(CHANGING)(error)),
        }
    }
    store.create_folder(account, &whole, now).await.map(drop).map_err(refusals::store(CHANGING))
}

pub(super) async fn delete(door: &ImapDoor, session: &Session, name: &FolderName) -> Result<(), Refusal> {
    session.may_write()?;
    let name = words::name(name)?;
    tell(door, session, "delete").await?;
    door.relay().mailstore().delete_folder(session.account(), &name).await.map_err(refusals::store(CHANGING))
}

pub(super) async fn rename(
    door: &ImapDoor,
    session: &Session,
    from: &FolderName,
    to: &FolderName,
) -> Result<(), Refusal> {
    session.may_write()?;
    if from.is_inbox() {
        return empty_inbox_into(door, session, to).await;
    }
    let (from, to) = (words::name(from)?, words::name(to)?);
    tell(door, session, "rename").await?;
    let renamed = door.relay().mailstore().rename_folder(session.account(), &from, &to).await;
    renamed.map_err(refusals::store(CHANGING))
}

/// RFC 3501 §6.3.5: INBOX stays, its messages go to a folder made for them.
async fn empty_inbox_into(door: &ImapDoor, session: &Session, to: &FolderName) -> Result<(), Refusal> {
    create(door, session, to).await?;
    let (store, account) = (door.relay().mailstore(), session.account());
    let store_failed = refusals::store(CHANGING);
    let inbox = store.role_folder_of(account, mailstore::Role::Inbox).await.map_err(&store_failed)?;
    let rows = store.all_entries(account, inbox.id).await.map_err(&store_failed)?;
    let uids = rows.iter().map(|row| row.uid.0).collect();
    acts::transfer(door, session, inbox.id, &uids, to, acts::Transfer::Move).await.map(drop)
}

pub(super) async fn subscribe(
    door: &ImapDoor,
    session: &Session,
    name: &FolderName,
    change: Subscription,
) -> Result<(), Refusal> {
    session.may_write()?;
    let (store, account, name) = (door.relay().mailstore(), session.account(), words::name(name)?);
    let done = match change {
        Subscription::On => store.subscribe(account, &name).await,
        Subscription::Off => store.unsubscribe(account, &name).await,
    };
    done.map_err(refusals::store(CHANGING))
}

/// A line that says what is about to be done. Names of folders are sealed, so the line has none.
async fn tell(door: &ImapDoor, session: &Session, how: &str) -> Result<(), Refusal> {
    let relay = door.relay();
    let line = session.line(relay, Act::FolderChanged, format!("how={how}"), relay.now());
    trail::write(relay.mailstore().db(), vec![line]).await.map_err(refusals::database("telling the trail"))
}
