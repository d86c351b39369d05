//! Folders: LIST, STATUS, CREATE, DELETE, RENAME, SUBSCRIBE.

use audit::{Act, Entry};
use mailstore::{Mailstore, NewFolder, Renaming};
use names::{AccountId, FolderId};
use wire::imap::{Code, DELIMITER, Folder, FolderKind, FolderName, Refusal, Status, Subscription};

use super::door::ImapDoor;
use super::session::Session;
use super::{acts, refusals, words};

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

/// A change of folders and the line that tells of it, in one unit.
struct Changing {
    store: Mailstore,
    account: AccountId,
    change: Change,
    line: Entry,
}

enum Change {
    Create(Making),
    Delete(mailstore::FolderName),
    Rename(Renaming),
    Subscribe(mailstore::FolderName),
    Unsubscribe(mailstore::FolderName),
}

impl db::Unit for Changing {
    const NAME: &'static str = "change a folder";
    type Output = ();
    type Error = mailstore::Error;

    async fn run(&mut self, tx: &mut db::Tx) -> Result<(), mailstore::Error> {
        let (store, account) = (&self.store, self.account);
        // Names of folders are sealed, so the line has numbers only.
        let told = match &self.change {
            Change::Create(making) => making.run(tx, store).await?,
            Change::Delete(name) => told(store.delete_folder_in(tx, account, name).await?, "delete"),
            Change::Rename(renaming) => {
                store.rename_folder_in(tx, renaming).await?;
                told(renaming.folder(), "rename")
            }
            Change::Subscribe(name) => told(store.subscribe_in(tx, account, name).await?, "subscribe"),
            Change::Unsubscribe(name) => told(store.unsubscribe_in(tx, account, name).await?, "unsubscribe"),
        };
        Ok(audit::append(tx, &[self.line.telling(told)]).await?)
    }
}

fn told(folder: FolderId, how: &str) -> String {
    format!("folder={} how={how}", folder.0)
}

async fn change(door: &ImapDoor, session: &Session, change: Change) -> Result<(), Refusal> {
    let (relay, account) = (door.relay(), session.account());
    let line = session.line(relay, Act::FolderChanged, String::new(), relay.now());
    let unit = Changing { store: relay.mailstore().clone(), account, change, line };
    relay.mailstore().db().write(unit).await.map_err(refusals::store(CHANGING))
}

/// A folder to make, and the parents it may lack: a parent that cannot be selected loses letters in
/// some mail programs (PEERS §4.2).
struct Making {
    parents: Vec<NewFolder>,
    folder: NewFolder,
}

impl Making {
    async fn prepare(door: &ImapDoor, session: &Session, name: &FolderName) -> Result<Self, Refusal> {
        let (store, account, now) = (door.relay().mailstore(), session.account(), door.relay().now());
        let whole = words::name(name)?;
        let mut parents = Vec::new();
        for (at, _) in whole.as_str().match_indices(DELIMITER) {
            let parent = mailstore::FolderName::parse(&whole.as_str()[..at])
                .map_err(|_| Refusal::new(Code::Cannot, "a folder cannot have this name"))?;
            parents.push(store.new_folder(account, &parent, now).await.map_err(refusals::store(CHANGING))?);
        }
        let folder = store.new_folder(account, &whole, now).await.map_err(refusals::store(CHANGING))?;
        Ok(Self { parents, folder })
    }

    /// Makes them, inside a unit; gives what the line tells.
    async fn run(&self, tx: &mut db::Tx, store: &Mailstore) -> Result<String, mailstore::Error> {
        let mut made = Vec::new();
        for parent in &self.parents {
            match store.create_folder_in(tx, parent).await {
                Ok(()) => made.push(parent.id().0.to_string()),
                Err(mailstore::Error::FolderExists) => {}
                Err(error) => return Err(error),
            }
        }
        store.create_folder_in(tx, &self.folder).await?;
        let told = told(self.folder.id(), "create");
        Ok(if made.is_empty() { told } else { format!("{told} parents={}", made.join(",")) })
    }
}

pub(super) async fn create(door: &ImapDoor, session: &Session, name: &FolderName) -> Result<(), Refusal> {
    session.may_write()?;
    let making = Making::prepare(door, session, name).await?;
    change(door, session, Change::Create(making)).await
}

pub(super) async fn delete(door: &ImapDoor, session: &Session, name: &FolderName) -> Result<(), Refusal> {
    session.may_write()?;
    change(door, session, Change::Delete(words::name(name)?)).await
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
    let (store, from, to) = (door.relay().mailstore(), words::name(from)?, words::name(to)?);
    let renaming = store.renaming(session.account(), &from, &to).await.map_err(refusals::store(CHANGING))?;
    change(door, session, Change::Rename(renaming)).await
}

/// RENAME of INBOX (RFC 3501 §6.3.5): INBOX stays, its messages go to a folder made for them. One unit.
struct EmptyingInbox {
    store: Mailstore,
    account: AccountId,
    inbox: FolderId,
    making: Making,
    made: Entry,
    moved: Entry,
}

impl db::Unit for EmptyingInbox {
    const NAME: &'static str = "empty INBOX into a folder";
    type Output = ();
    type Error = mailstore::Error;

    async fn run(&mut self, tx: &mut db::Tx) -> Result<(), mailstore::Error> {
        let told = self.making.run(tx, &self.store).await?;
        let (from, to) = (self.inbox, self.making.folder.id());
        let done = self.store.move_in(tx, self.account, from, to, None).await?;
        // Chain heads are locked after folders (DESIGN §2.2).
        audit::append(tx, &[self.made.telling(told)]).await?;
        Ok(acts::tell_transfer(tx, &self.moved, (from, to), &done, "move").await?)
    }
}

async fn empty_inbox_into(door: &ImapDoor, session: &Session, to: &FolderName) -> Result<(), Refusal> {
    let (relay, account) = (door.relay(), session.account());
    let (store, store_failed, now) = (relay.mailstore(), refusals::store(CHANGING), relay.now());
    let making = Making::prepare(door, session, to).await?;
    let inbox = store.role_folder_of(account, mailstore::Role::Inbox).await.map_err(&store_failed)?.id;
    let unit = EmptyingInbox {
        store: store.clone(),
        account,
        inbox,
        making,
        made: session.line(relay, Act::FolderChanged, String::new(), now),
        moved: session.line(relay, Act::LetterCopied, String::new(), now),
    };
    store.db().write(unit).await.map_err(store_failed)
}

pub(super) async fn subscribe(
    door: &ImapDoor,
    session: &Session,
    name: &FolderName,
    subscription: Subscription,
) -> Result<(), Refusal> {
    session.may_write()?;
    let name = words::name(name)?;
    let subscription = match subscription {
        Subscription::On => Change::Subscribe(name),
        Subscription::Off => Change::Unsubscribe(name),
    };
    change(door, session, subscription).await
}
