//! Folders: LIST, STATUS, CREATE, DELETE, RENAME, SUBSCRIBE.
//!
//! A name reaches its folder, or the folder it is an alias of ([`FolderName::meant`]).

use std::collections::HashMap;

use audit::{Act, Entry};
use mailstore::{Doomed, Mailstore, NewFolder, NewSubscription, Renaming, Wish};
use names::{AccountId, FolderId, Timestamp};
use wire::imap::{
    Code, Count, DELIMITER, Deleted, Folder, FolderKind, FolderName, MailboxId, Refusal, Role, Status,
    Subscription,
};

use super::door::ImapDoor;
use super::session::Session;
use super::shared::{self, Located, Mailbox};
use super::{acl, acts, refusals, words};

const LISTING: &str = "listing folders";
const CHANGING: &str = "changing a folder";

/// The folders of one mailbox, by the names that the wire has for them there.
struct Known(Vec<(FolderName, mailstore::Folder)>);

impl Known {
    async fn of(door: &ImapDoor, account: AccountId) -> Result<Self, Refusal> {
        let folders = door.relay().mailstore().folders(account).await.map_err(refusals::store(LISTING))?;
        // Every name the store takes is one the wire takes, but for a level of dots made by another door.
        let named = |folder: mailstore::Folder| Some((FolderName::parse(folder.name.as_str()).ok()?, folder));
        Ok(Self(folders.into_iter().filter_map(named).collect()))
    }

    /// The folder that really has this name.
    fn exact(&self, name: &FolderName) -> Option<&mailstore::Folder> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, folder)| folder)
    }

    /// What a name stands for, as if `without` were not there.
    fn meant(&self, name: &FolderName, without: Option<FolderId>) -> FolderName {
        let others = self.0.iter().filter(|(_, folder)| Some(folder.id) != without);
        name.meant(others.map(|(name, folder)| (name, folder.role.and_then(words::role))))
    }
}

/// The name in its mailbox, as the wire writes it.
fn local(located: &Located) -> Result<FolderName, Refusal> {
    FolderName::parse(located.name.as_str()).map_err(|_| refusals::no_folder())
}

/// The folder that a name reaches.
pub(super) async fn find(door: &ImapDoor, located: &Located) -> Result<mailstore::Folder, Refusal> {
    let account = located.mailbox.account;
    match door.relay().mailstore().folder(account, &located.name).await {
        Ok(folder) => Ok(folder),
        Err(mailstore::Error::NoFolder) => {
            let known = Known::of(door, account).await?;
            let folder = known.exact(&known.meant(&local(located)?, None));
            folder.cloned().ok_or_else(refusals::no_folder)
        }
        Err(error) => Err(refusals::store("looking for a folder")(error)),
    }
}

pub(super) async fn list(door: &ImapDoor, session: &Session, count: Count) -> Result<Vec<Folder>, Refusal> {
    let store = door.relay().mailstore();
    let own = of_mailbox(store, session.own(), count, |folder, name| {
        Some((FolderName::parse(name.as_str()).ok()?, folder.and_then(|folder| words::role(folder.role?))))
    });
    let mut listed = own.await.map_err(refusals::store(LISTING))?;
    let wishes = Wishes::of(store, session).await.map_err(refusals::store(LISTING))?;
    for other in &session.login().others {
        // None tells its special use: a mail program would keep its own sent letters there (RFC 6154 §2).
        let root = shared::root(other);
        let mailbox = Mailbox { account: other.account, rights: other.rights };
        let folders = of_mailbox(store, mailbox, count, |_, name| Some((shared::shown(&root, name)?, None)));
        match folders.await {
            Ok(folders) => listed.extend(folders.into_iter().map(|folder| Folder {
                subscription: wishes.about(&folder.name).unwrap_or(folder.subscription),
                ..folder
            })),
            // One's own folders are shown though another's cannot be.
            Err(error) => refusals::logged(LISTING, error),
        }
    }
    // Parents before children: a parent's name is the beginning of its child's.
    listed.sort_by(|a, b| a.name.cmp(&b.name).then(is_absent(a).cmp(&is_absent(b))));
    // A wish about another's folder stands among one's own names as well.
    listed.dedup_by(|later, first| later.name == first.name);
    Ok(listed)
}

fn is_absent(folder: &Folder) -> bool {
    folder.kind == FolderKind::Absent
}

/// What somebody wishes of the folders of mailboxes that they share, by the names in their session.
#[derive(Default)]
pub(super) struct Wishes(HashMap<FolderName, Subscription>);

impl Wishes {
    pub(super) async fn of(store: &Mailstore, session: &Session) -> Result<Self, mailstore::Error> {
        if session.login().others.is_empty() {
            return Ok(Self::default());
        }
        let kept = store.subscriptions(session.own().account).await?;
        let wish = |(name, wish): (mailstore::FolderName, Wish)| {
            let subscription = match wish {
                Wish::Shown => Subscription::On,
                Wish::Hidden => Subscription::Off,
            };
            Some((FolderName::parse(name.as_str()).ok()?, subscription))
        };
        Ok(Self(kept.into_iter().filter_map(wish).collect()))
    }

    /// What they wish of this folder; without a wish its mailbox decides.
    pub(super) fn about(&self, name: &FolderName) -> Option<Subscription> {
        self.0.get(name).copied()
    }
}

/// The folders of one mailbox and the names that are only subscribed there, as `shown` shows them.
async fn of_mailbox(
    store: &Mailstore,
    mailbox: Mailbox,
    count: Count,
    shown: impl Fn(Option<&mailstore::Folder>, &mailstore::FolderName) -> Option<(FolderName, Option<Role>)>,
) -> Result<Vec<Folder>, mailstore::Error> {
    let (account, rights) = (mailbox.account, acl::letters(mailbox.rights));
    let folders = store.folders(account).await?;
    let ids: Vec<FolderId> = match count {
        Count::Kept => Vec::new(),
        Count::Deleted => folders.iter().map(|folder| folder.id).collect(),
    };
    let deleted = store.deleted_messages(account, &ids).await?;
    let mut listed = Vec::new();
    for folder in &folders {
        // Every name the store takes is one the wire takes, but for a level of dots made by another door.
        let Some((name, role)) = shown(Some(folder), &folder.name) else { continue };
        listed.push(Folder {
            name,
            role,
            subscription: if folder.subscribed { Subscription::On } else { Subscription::Off },
            kind: FolderKind::Selectable,
            status: counters(store, folder, deleted.get(&folder.id).copied().unwrap_or_default()),
            rights,
        });
    }
    for (name, wish) in store.subscriptions(account).await? {
        let Some((name, role)) = shown(None, &name).filter(|_| wish == Wish::Shown) else { continue };
        let (subscription, kind) = (Subscription::On, FolderKind::Absent);
        listed.push(Folder { name, role, subscription, kind, status: Status::default(), rights });
    }
    Ok(listed)
}

/// What names a folder through renames: a word of this house, for its number is nobody's business.
pub(super) fn mailbox_id(store: &Mailstore, folder: FolderId) -> MailboxId {
    MailboxId(format!("F{}", store.token(format!("mailbox {}", folder.0).as_bytes())))
}

pub(super) fn counters(store: &Mailstore, folder: &mailstore::Folder, deleted: Doomed) -> Status {
    Status {
        messages: folder.messages,
        unseen: folder.unseen,
        uid_next: folder.uid_next.0,
        uid_validity: folder.uidvalidity,
        size: folder.size,
        deleted: deleted.messages,
        deleted_size: deleted.octets,
        highest_modseq: words::modseq(folder.modseq),
        id: mailbox_id(store, folder.id),
    }
}

pub(super) async fn status(
    door: &ImapDoor,
    session: &Session,
    name: &FolderName,
    count: Count,
) -> Result<Status, Refusal> {
    let located = session.locate(name)?;
    let (store, account) = (door.relay().mailstore(), located.mailbox.account);
    let folder = find(door, &located).await?;
    let deleted = match count {
        Count::Kept => Doomed::default(),
        Count::Deleted => {
            let counted = store.deleted_messages(account, &[folder.id]).await;
            counted
                .map_err(refusals::store("counting a folder"))?
                .get(&folder.id)
                .copied()
                .unwrap_or_default()
        }
    };
    Ok(counters(store, &folder, deleted))
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
    Delete(NewSubscription),
    /// And the parents that the new name lacks.
    Rename(Parents, Renaming),
    Subscribe(NewSubscription),
    Unsubscribe(mailstore::FolderName),
    /// Of a folder of another mailbox.
    Wish(NewSubscription, Wish),
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
            Change::Delete(named) => told(store.delete_folder_in(tx, named).await?, "delete"),
            Change::Rename(parents, renaming) => {
                let made = parents.run(tx, store).await?;
                store.rename_folder_in(tx, renaming).await?;
                told(renaming.folder(), "rename") + &made
            }
            Change::Subscribe(named) => told_of_name(store.subscribe_in(tx, named).await?, "subscribe"),
            Change::Unsubscribe(name) => {
                told_of_name(store.unsubscribe_in(tx, account, name).await?, "unsubscribe")
            }
            Change::Wish(named, wish) => {
                store.wish_in(tx, named, *wish).await?;
                told_of_name(None, if *wish == Wish::Shown { "subscribe" } else { "unsubscribe" })
            }
        };
        Ok(audit::append(tx, &[self.line.telling(told)]).await?)
    }
}

fn told(folder: FolderId, how: &str) -> String {
    format!("folder={} how={how}", folder.0)
}

/// A subscription may be of a name that no folder has.
fn told_of_name(folder: Option<FolderId>, how: &str) -> String {
    folder.map_or_else(|| format!("folder=none how={how}"), |folder| told(folder, how))
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

/// The parents that a folder may lack, to be made selectable: a parent that cannot be selected loses
/// letters in some mail programs (PEERS §4.2).
struct Parents(Vec<NewFolder>);

impl Parents {
    async fn prepare(
        door: &ImapDoor,
        account: AccountId,
        name: &mailstore::FolderName,
    ) -> Result<Self, Refusal> {
        let (store, now) = (door.relay().mailstore(), door.relay().now());
        let mut parents = Vec::new();
        for (at, _) in name.as_str().match_indices(DELIMITER) {
            let parent = mailstore::FolderName::parse(&name.as_str()[..at])
                .map_err(|_| Refusal::new(Code::Cannot, "a folder cannot have this name"))?;
            parents.push(store.new_folder(account, &parent, now).await.map_err(refusals::store(CHANGING))?);
        }
        Ok(Self(parents))
    }

    /// Makes those that are missing, inside a unit; gives what the line tells.
    async fn run(&self, tx: &mut db::Tx, store: &Mailstore) -> Result<String, mailstore::Error> {
        let mut made = Vec::new();
        for parent in &self.0 {
            match store.create_folder_in(tx, parent).await {
                Ok(()) => made.push(parent.id().0.to_string()),
                Err(mailstore::Error::FolderExists) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(if made.is_empty() { String::new() } else { format!(" parents={}", made.join(",")) })
    }
}

/// A folder to make.
struct Making {
    parents: Parents,
    folder: NewFolder,
}

impl Making {
    async fn prepare(
        door: &ImapDoor,
        account: AccountId,
        name: &FolderName,
        role: Option<Role>,
    ) -> Result<Self, Refusal> {
        let (store, now) = (door.relay().mailstore(), door.relay().now());
        let name = words::name(name)?;
        let parents = Parents::prepare(door, account, &name).await?;
        let folder = store.new_folder(account, &name, now).await.map_err(refusals::store(CHANGING))?;
        Ok(Self { parents, folder: folder.with_role(role.map(words::role_kept)) })
    }

    /// Makes them, inside a unit; gives what the line tells.
    async fn run(&self, tx: &mut db::Tx, store: &Mailstore) -> Result<String, mailstore::Error> {
        let parents = self.parents.run(tx, store).await?;
        store.create_folder_in(tx, &self.folder).await?;
        Ok(told(self.folder.id(), "create") + &parents)
    }
}

pub(super) async fn create(
    door: &ImapDoor,
    session: &Session,
    name: &FolderName,
    role: Option<Role>,
) -> Result<MailboxId, Refusal> {
    let located = session.locate_new(name)?;
    let Mailbox { account, .. } = located.mailbox;
    located.mailbox.may_write()?;
    let store = door.relay().mailstore();
    let (known, name) = (Known::of(door, account).await?, local(&located)?);
    let meant = known.meant(&name, None);
    if let Some(folder) = known.exact(&meant).filter(|_| meant != name) {
        // The program gets what it wants, and no second folder comes of it.
        return match role {
            Some(role) if folder.role.and_then(words::role) != Some(role) => Err(refusals::role_taken()),
            Some(_) | None => Ok(mailbox_id(store, folder.id)),
        };
    }
    let making = Making::prepare(door, account, &meant, role).await?;
    let made = mailbox_id(store, making.folder.id());
    change(door, session, account, Change::Create(making)).await.map(|()| made)
}

pub(super) async fn delete(
    door: &ImapDoor,
    session: &mut Session,
    name: &FolderName,
) -> Result<Deleted, Refusal> {
    let located = session.locate(name)?;
    let Mailbox { account, .. } = located.mailbox;
    located.mailbox.may_write()?;
    let (known, name) = (Known::of(door, account).await?, local(&located)?);
    let folder = known.exact(&name).ok_or_else(refusals::no_folder)?;
    // A name left without its folder would be one that cannot be selected. INBOX and its like stay in
    // any case, and the store says so.
    if folder.role.is_none() && known.0.iter().any(|(other, _)| other.is_under(&name)) {
        return Err(Refusal::new(Code::HasChildren, "please delete the folders in it first"));
    }
    let named = door.relay().mailstore().new_subscription(account, &folder.name, door.relay().now()).await;
    change(door, session, account, Change::Delete(named.map_err(refusals::store(CHANGING))?)).await?;
    let selected = session.open.take_if(|open| open.folder == folder.id);
    Ok(if selected.is_some() { Deleted::Selected } else { Deleted::Other })
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
    let known = Known::of(door, account).await?;
    let folder = known.exact(&local(&from)?).ok_or_else(refusals::no_folder)?;
    if empties {
        return empty_inbox_into(door, session, account, &known.meant(&local(&to)?, None)).await;
    }
    // The folder with a use may take any name of that use.
    let to = words::name(&known.meant(&local(&to)?, Some(folder.id)))?;
    let renaming = door.relay().mailstore().renaming(account, &folder.name, &to).await;
    let renaming = renaming.map_err(refusals::store(CHANGING))?;
    let parents = Parents::prepare(door, account, &to).await?;
    change(door, session, account, Change::Rename(parents, renaming)).await
}

/// RENAME of INBOX (RFC 3501 §6.3.5): INBOX stays, its messages go to a folder made for them. One unit.
struct EmptyingInbox {
    store: Mailstore,
    account: AccountId,
    inbox: FolderId,
    making: Making,
    made: Entry,
    moved: Entry,
    now: Timestamp,
}

impl db::Unit for EmptyingInbox {
    const NAME: &'static str = "empty INBOX into a folder";
    type Output = ();
    type Error = mailstore::Error;

    async fn run(&mut self, tx: &mut db::Tx) -> Result<(), mailstore::Error> {
        let told = self.making.run(tx, &self.store).await?;
        let (from, to) = (self.inbox, self.making.folder.id());
        let done = self.store.move_in(tx, self.account, (from, to), None, self.now).await?;
        // Chain heads are locked after folders (DESIGN §2.2).
        audit::append(tx, &[self.made.telling(told)]).await?;
        Ok(acts::tell_transfer(tx, std::slice::from_ref(&self.moved), (from, to), &done, "move").await?)
    }
}

async fn empty_inbox_into(
    door: &ImapDoor,
    session: &Session,
    account: AccountId,
    to: &FolderName,
) -> Result<(), Refusal> {
    let relay = door.relay();
    let (store, store_failed, now) = (relay.mailstore(), refusals::store(CHANGING), relay.now());
    let making = Making::prepare(door, account, to, None).await?;
    let inbox = store.role_folder_of(account, mailstore::Role::Inbox).await.map_err(&store_failed)?.id;
    let unit = EmptyingInbox {
        store: store.clone(),
        account,
        inbox,
        making,
        made: session.line(relay, account, Act::FolderChanged, String::new(), now),
        moved: session.line(relay, account, Act::LetterCopied, String::new(), now),
        now,
    };
    store.db().write(unit).await.map_err(store_failed)
}

pub(super) async fn subscribe(
    door: &ImapDoor,
    session: &Session,
    name: &FolderName,
    subscription: Subscription,
) -> Result<(), Refusal> {
    let located = session.locate(name)?;
    let Mailbox { account, .. } = located.mailbox;
    let store = door.relay().mailstore();
    let known = Known::of(door, account).await?;
    let name = match known.exact(&known.meant(&local(&located)?, None)) {
        Some(folder) => folder.name.clone(),
        None => located.name,
    };
    // What others see of a mailbox is not one member's to decide, and reading it is enough to wish (RFC 4314 §4).
    if let Some(other) = session.login().others.iter().find(|other| other.account == account) {
        let whole = shared::shown(&shared::root(other), &name).ok_or_else(refusals::no_folder)?;
        let own = session.own().account;
        let named = store.new_subscription(own, &words::name(&whole)?, door.relay().now()).await;
        let wish = match subscription {
            Subscription::On => Wish::Shown,
            Subscription::Off => Wish::Hidden,
        };
        let wish = Change::Wish(named.map_err(refusals::store(CHANGING))?, wish);
        return change(door, session, own, wish).await;
    }
    located.mailbox.may_write()?;
    let subscription = match subscription {
        Subscription::On => {
            let named = store.new_subscription(account, &name, door.relay().now()).await;
            Change::Subscribe(named.map_err(refusals::store(CHANGING))?)
        }
        Subscription::Off => Change::Unsubscribe(name),
    };
    change(door, session, account, subscription).await
}
