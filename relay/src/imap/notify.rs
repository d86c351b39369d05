//! NOTIFY (RFC 5465): one connection hears of every mailbox of its user.
//!
//! Nothing is kept for a session that never asks. One that does keeps, of each folder of the mailboxes it
//! watches, its name, its use and three counters: what is told is the difference.

use std::collections::BTreeMap;

use directory::MayUse;
use mailstore::{FolderNews, News, Subject, Watchers};
use names::{AccountId, FolderId};
use wire::imap::{
    AclRights, Code, EntryName, Folder, FolderKind, FolderName, Notice, Refusal, Role, Status, Subscription,
    TellCounters, Watch, WatchEvents, WatchFolders, WatchSelected,
};

use super::door::ImapDoor;
use super::session::Session;
use super::{folders, limits, metadata, refusals, shared, words};

const WATCHING: &str = "watching folders";

/// What a session watches.
pub(super) struct Watching {
    watch: Watch,
    /// Each mailbox, and how it is called in this session; one's own has no name.
    accounts: Vec<(AccountId, Option<String>)>,
    known: BTreeMap<AccountId, BTreeMap<FolderId, Known>>,
    /// The annotations of each mailbox, when they are watched.
    notes: BTreeMap<AccountId, Notes>,
    watchers: Watchers,
    /// Heard of and not looked at yet.
    pending: BTreeMap<AccountId, News>,
    ready: Vec<Notice>,
}

/// What each annotation is about, its name, and the number of its value.
type Notes = BTreeMap<(Subject, String), i64>;

/// A folder as the client was told of it.
#[derive(Clone, PartialEq, Eq)]
struct Known {
    name: FolderName,
    role: Option<mailstore::Role>,
    subscription: Subscription,
    status: Status,
}

/// Begins to watch; gives what is told at once.
pub(super) async fn begin(
    door: &ImapDoor,
    session: &mut Session,
    watch: Option<Watch>,
) -> Result<(Option<Box<Watching>>, Vec<Notice>), Refusal> {
    let selected = watch.as_ref().map(|watch| watch.selected);
    let watching = match watch {
        // What is watched is known before it is looked at: nothing falls between.
        Some(watch) if !watch.groups.is_empty() => Some(Watching::new(door, session, watch).await?),
        Some(_) | None => None,
    };
    session.watched_between = match selected {
        Some(WatchSelected::Yes) => WatchSelected::Yes,
        Some(WatchSelected::No) | None => WatchSelected::No,
    };
    let notices = watching.as_ref().map(|watching| watching.at_once(session)).unwrap_or_default();
    Ok((watching.map(Box::new), notices))
}

impl Watching {
    async fn new(door: &ImapDoor, session: &Session, watch: Watch) -> Result<Self, Refusal> {
        let login = session.login();
        let other = |other: &MayUse| (other.account, Some(shared::root(other)));
        let accounts: Vec<_> =
            std::iter::once((login.account, None)).chain(login.others.iter().map(other)).collect();
        let ids: Vec<AccountId> = accounts.iter().map(|(account, _)| *account).collect();
        let watchers = door.relay().mailstore().watch_all(&ids);
        let mut watching = Self {
            watch,
            accounts,
            known: BTreeMap::new(),
            notes: BTreeMap::new(),
            watchers,
            pending: BTreeMap::new(),
            ready: Vec::new(),
        };
        let mut folders = 0;
        for account in ids {
            let known = watching.read(door, session, account).await.map_err(refusals::store(WATCHING))?;
            folders += known.len();
            if folders > limits::WATCHED {
                let why = "more folders than one connection watches";
                return Err(Refusal::new(Code::NotificationOverflow, why));
            }
            watching.known.insert(account, known);
            if watching.hears_of_notes() {
                let notes = Self::read_notes(door, session, account).await;
                watching.notes.insert(account, notes.map_err(refusals::store(WATCHING))?);
            }
        }
        watching.call_by_their_names();
        Ok(watching)
    }

    /// Folders that are asked for by another program's names ("Sent Items") are called as they are.
    fn call_by_their_names(&mut self) {
        let own = self.accounts.first().and_then(|(own, _)| self.known.get(own));
        let own: Vec<(FolderName, Option<Role>)> = own
            .into_iter()
            .flat_map(BTreeMap::values)
            .map(|known| (known.name.clone(), known.role.and_then(words::role)))
            .collect();
        for group in &mut self.watch.groups {
            if let WatchFolders::Subtree(names) | WatchFolders::These(names) = &mut group.folders {
                for name in names {
                    *name = name.meant(own.iter().map(|(name, role)| (name, *role)));
                }
            }
        }
    }

    fn hears_of_notes(&self) -> bool {
        let notes =
            |events: WatchEvents| events.has(WatchEvents::NOTES) || events.has(WatchEvents::SERVER_NOTES);
        self.watch.groups.iter().any(|group| notes(group.events))
    }

    async fn read_notes(
        door: &ImapDoor,
        session: &Session,
        account: AccountId,
    ) -> Result<Notes, mailstore::Error> {
        let owner = metadata::owner(session);
        let names = door.relay().mailstore().annotation_names(account, owner).await?;
        Ok(names.into_iter().map(|(subject, entry, value)| ((subject, entry), value)).collect())
    }

    /// The folders of a mailbox, as they are now.
    async fn read(
        &self,
        door: &ImapDoor,
        session: &Session,
        account: AccountId,
    ) -> Result<BTreeMap<FolderId, Known>, mailstore::Error> {
        let store = door.relay().mailstore();
        let root =
            self.accounts.iter().find(|(known, _)| *known == account).and_then(|(_, root)| root.clone());
        let wishes = match &root {
            Some(_) => Some(folders::Wishes::of(store, session).await?),
            None => None,
        };
        let known = |folder: &mailstore::Folder| {
            let name = match &root {
                Some(root) => shared::shown(root, &folder.name)?,
                None => FolderName::parse(folder.name.as_str()).ok()?,
            };
            let subscription = if folder.subscribed { Subscription::On } else { Subscription::Off };
            let subscription = wishes.as_ref().and_then(|wishes| wishes.about(&name)).unwrap_or(subscription);
            // A use is one's own folder's only, as LIST tells it.
            let role = folder.role.filter(|_| root.is_none());
            Some((
                folder.id,
                Known {
                    name,
                    role,
                    subscription,
                    status: folders::counters(store, folder, mailstore::Doomed::default()),
                },
            ))
        };
        Ok(store.folders(account).await?.iter().filter_map(known).collect())
    }

    /// What is told of a folder: the first group that names it decides.
    fn events(&self, account: AccountId, known: &Known) -> WatchEvents {
        let own = self.accounts.iter().any(|(one, root)| *one == account && root.is_none());
        let named = |folders: &WatchFolders| match folders {
            WatchFolders::Inboxes => own && known.role == Some(mailstore::Role::Inbox),
            WatchFolders::Personal => own,
            WatchFolders::Subscribed => known.subscription == Subscription::On,
            WatchFolders::Subtree(names) => {
                names.iter().any(|name| known.name == *name || known.name.is_under(name))
            }
            WatchFolders::These(names) => names.contains(&known.name),
        };
        let group = self.watch.groups.iter().find(|group| named(&group.folders));
        group.map(|group| group.events).unwrap_or_default()
    }

    /// The counters of all whose messages are watched (RFC 5465 §3.1: but of the selected folder).
    fn at_once(&self, session: &Session) -> Vec<Notice> {
        if self.watch.counters == TellCounters::Later {
            return Vec::new();
        }
        let selected = session.open.as_ref().map(|open| open.folder);
        let all = self.known.iter().flat_map(|(account, folders)| folders.iter().map(|one| (*account, one)));
        all.filter(|(account, (folder, known))| {
            Some(**folder) != selected && self.events(*account, known).has(WatchEvents::MESSAGES)
        })
        .map(|(_, (_, known))| known.counters())
        .collect()
    }

    /// Waits until something happened in what is watched. Cancel-safe.
    pub(super) async fn stirred(&self) {
        if self.pending.is_empty() && self.ready.is_empty() {
            self.watchers.stirred().await;
        }
    }

    /// What happened, as far as it is watched. Cancel-safe: what was heard waits until it is told.
    pub(super) async fn look(&mut self, door: &ImapDoor, session: &mut Session) -> Vec<Notice> {
        // Two takes between which nothing was told are one: the difference is from what the client knows.
        for (account, news) in self.watchers.take() {
            let pending = self.pending.entry(account).or_default();
            pending.list |= news.list;
            pending.notes |= news.notes;
            pending.folders.extend(news.folders);
            // One's wishes about the folders of others are kept with one's own list.
            if news.list && self.accounts.first().is_some_and(|(own, _)| *own == account) {
                for (other, _) in &self.accounts {
                    self.pending.entry(*other).or_default();
                }
            }
        }
        let selected = session.open.as_ref().map(|open| open.folder);
        while let Some((&account, news)) = self.pending.first_key_value() {
            // A mailbox that may no longer be used is silent; the next command says so.
            if session.mailbox(account).is_none() {
                self.pending.remove(&account);
                continue;
            }
            let news = news.clone();
            match self.read(door, session, account).await {
                Ok(now) => self.compare(account, &news, now, selected),
                Err(error) => refusals::logged(WATCHING, error),
            }
            if news.notes && self.hears_of_notes() {
                match Self::read_notes(door, session, account).await {
                    Ok(now) => self.compare_notes(account, now),
                    Err(error) => refusals::logged(WATCHING, error),
                }
            }
            self.pending.remove(&account);
        }
        if self.known.values().map(BTreeMap::len).sum::<usize>() > limits::WATCHED {
            return vec![Notice::Overflow];
        }
        std::mem::take(&mut self.ready)
    }

    /// Makes notices of what is otherwise than the client knows it.
    fn compare(
        &mut self,
        account: AccountId,
        news: &News,
        now: BTreeMap<FolderId, Known>,
        selected: Option<FolderId>,
    ) {
        let before = self.known.remove(&account).unwrap_or_default();
        let mut notices = Vec::new();
        for (id, folder) in &now {
            let old = before.get(id);
            if let Some(notice) = self.renamed(account, old, folder) {
                notices.push(notice);
            }
            let touched: Option<&FolderNews> = news.folders.get(id).filter(|_| selected != Some(*id));
            if touched.is_some() && self.is_told(account, old, folder) {
                notices.push(folder.counters());
            }
        }
        for (_, folder) in before.iter().filter(|(id, _)| !now.contains_key(id)) {
            if self.events(account, folder).has(WatchEvents::NAMES) {
                notices.push(folder.listed(FolderKind::Absent, None));
            }
        }
        self.ready.extend(notices);
        self.known.insert(account, now);
    }

    /// Makes notices of annotations that were set, changed or removed; those of folders that are gone went with
    /// them.
    fn compare_notes(&mut self, account: AccountId, now: Notes) {
        let before = self.notes.remove(&account).unwrap_or_default();
        let gone = before.keys().filter(|key| !now.contains_key(key));
        let set = now.iter().filter(|(key, value)| before.get(key) != Some(value)).map(|(key, _)| key);
        let mut changed: BTreeMap<Subject, Vec<EntryName>> = BTreeMap::new();
        for (subject, entry) in gone.chain(set) {
            changed.entry(*subject).or_default().extend(EntryName::parse(entry));
        }
        for (subject, entries) in changed {
            let folder = match subject {
                Subject::Account => None,
                Subject::Folder(folder) => {
                    let Some(known) = self.known.get(&account).and_then(|known| known.get(&folder)) else {
                        continue;
                    };
                    Some(known)
                }
            };
            // GETMETADATA "" is of one's own mailbox.
            let own = self.accounts.first().is_some_and(|(own, _)| *own == account);
            let told = match folder {
                Some(known) => self.events(account, known).has(WatchEvents::NOTES),
                None => {
                    own && self.watch.groups.iter().any(|group| group.events.has(WatchEvents::SERVER_NOTES))
                }
            };
            if told {
                let folder = folder.map(|known| known.name.clone());
                self.ready.push(Notice::Metadata { folder, entries });
            }
        }
        self.notes.insert(account, now);
    }

    fn renamed(&self, account: AccountId, old: Option<&Known>, now: &Known) -> Option<Notice> {
        let events = self.events(account, now);
        let named = old.is_none_or(|old| old.name != now.name);
        let subscribed = old.is_some_and(|old| old.subscription != now.subscription);
        let was = old.map(|old| old.name.clone()).filter(|old| *old != now.name);
        let told = (named && events.has(WatchEvents::NAMES))
            || (subscribed && events.has(WatchEvents::SUBSCRIPTIONS));
        told.then(|| now.listed(FolderKind::Selectable, was))
    }

    /// Whether the messages of a folder changed in a way that is watched.
    fn is_told(&self, account: AccountId, old: Option<&Known>, now: &Known) -> bool {
        let events = self.events(account, now);
        let moved = old.is_none_or(|old| {
            (old.status.messages, old.status.uid_next) != (now.status.messages, now.status.uid_next)
        });
        if moved { events.has(WatchEvents::MESSAGES) } else { events.has(WatchEvents::FLAGS) }
    }
}

impl Known {
    fn counters(&self) -> Notice {
        Notice::Counters { folder: self.name.clone(), status: self.status.clone() }
    }

    fn listed(&self, kind: FolderKind, was: Option<FolderName>) -> Notice {
        let folder = Folder {
            name: self.name.clone(),
            role: self.role.and_then(words::role),
            subscription: self.subscription,
            kind,
            status: self.status.clone(),
            // NOTIFY shows none (RFC 5465 §5.4).
            rights: AclRights::NONE,
        };
        Notice::Folder { folder, was }
    }
}
