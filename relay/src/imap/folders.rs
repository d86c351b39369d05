//! Folders: LIST, STATUS, CREATE, DELETE, RENAME, SUBSCRIBE.

use audit::{Act, Entry};
use mailstore::{Mailstore, NewFolder, Renaming};
use names::{AccountId, FolderId};
use wire::imap::{Code, DELIMITER, Folder, FolderKind, FolderName, Refusal, Status, Subscription};

use super::door::ImapDoor;
use super::session::Session;
use super::shared::Located;
use super::{acts, refusals, shared, words};

const CHANGING: &str = "changing a folder";

pub(super) async fn list(door: &ImapDoor, session: &Session) -> Result<Vec<Folder>, Refusal> {
    const LISTING: &str = "listing folders";
    let store = door.relay().mailstore();
    let folders = store.folders(session.own().account).await.map_err(refusals::store(LISTING))?;
    let mut listed: Vec<Folder> = folders.iter().filter_map(shown).collect();
    for other in &session.login().others {
        match store.folders(other.account).await {
            Ok(folders) => listed.extend(shared::tree(other, &folders)),
            // One's own folders are shown though another's cannot be.
            Err(error) => refusals::logged(LISTING, error),
        }
    }
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
    let Located { mailbox, name } = session.locate(name)?;
    let folder = door.relay().mailstore().folder(mailbox.account, &name).await;
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

async fn change(
    door: &ImapDoor,
    session: &Session,
    account: AccountId,
    change: Change,
) -> Result<(), Refusal> {
    let relay = door.relay();
    let line = session.line(relay, account, Act::FolderChanged, String::new(), relay.now());
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
    async fn prepare(door: &ImapDoor, located: &Located) -> Result<Self, Refusal> {
        let (store, account, now) = (door.relay().mailstore(), located.mailbox.account, door.relay().now());
        let whole = &located.name;
        let mut parents = Vec::new();
        for (at, _) in whole.as_str().match_indices(DELIMITER) {
            let parent = mailstore::FolderName::parse(&whole.as_str()[..at])
                .map_err(|_| Refusal::new(Code::Cannot, "a folder cannot have this name"))?;
            parents.push(store.new_folder(account, &parent, now).await.map_err(refusals::store(CHANGING))?);
        }
        let folder = store.new_folder(account, whole, now).await.map_err(refusals::store(CHANGING))?;
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
    let located = session.locate_new(name)?;
    located.mailbox.may_write()?;
    let making = Making::prepare(door, &located).await?;
    change(door, session, located.mailbox.account, Change::Create(making)).await
}

pub(super) async fn delete(door: &ImapDoor, session: &Session, name: &FolderName) -> Result<(), Refusal> {
    let Located { mailbox, name } = session.locate(name)?;
    mailbox.may_write()?;
    change(door, session, mailbox.account, Change::Delete(name)).await
}

pub(super) async fn rename(
    door: &ImapDoor,
    session: &Session,
    from: &FolderName,
    to: &FolderName,
) -> Result<(), Refusal> {
    let empties = from.is_inbox();
    let (from, to) = (session.locate(from)?, session.locate_new(to)?);
    let account = from.mailbox.account;
    from.mailbox.may_write()?;
    if to.mailbox.account != account {
        return Err(Refusal::new(Code::Cannot, "a folder stays in its mailbox; please move its messages"));
    }
    if empties {
        return empty_inbox_into(door, session, &to).await;
    }
    let store = door.relay().mailstore();
    let renaming = store.renaming(account, &from.name, &to.name).await.map_err(refusals::store(CHANGING))?;
    change(door, session, account, Change::Rename(renaming)).await
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
        Ok(acts::tell_transfer(tx, std::slice::from_ref(&self.moved), (from, to), &done, "move").await?)
    }
}

async fn empty_inbox_into(door: &ImapDoor, session: &Session, to: &Located) -> Result<(), Refusal> {
    let (relay, account) = (door.relay(), to.mailbox.account);
    let (store, store_failed, now) = (relay.mailstore(), refusals::store(CHANGING), relay.now());
    let making = Making::prepare(door, to).await?;
    let inbox = store.role_folder_of(account, mailstore::Role::Inbox).await.map_err(&store_failed)?.id;
    let unit = EmptyingInbox {
        store: store.clone(),
        account,
        inbox,
        making,
        made: session.line(relay, account, Act::FolderChanged, String::new(), now),
        moved: session.line(relay, account, Act::LetterCopied, String::new(), now),
    };
    store.db().write(unit).await.map_err(store_failed)
}

pub(super) async fn subscribe(
    door: &ImapDoor,
    session: &Session,
    name: &FolderName,
    subscription: Subscription,
) -> Result<(), Refusal> {
    let Located { mailbox, name } = session.locate(name)?;
    mailbox.may_write()?;
    let subscription = match subscription {
        Subscription::On => Change::Subscribe(name),
        Subscription::Off => Change::Unsubscribe(name),
    };
    change(door, session, mailbox.account, subscription).await
}
