//! Who is told that an account changed: IDLE sessions, open pages. Told after the commit, never before.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use names::{AccountId, FolderId};
use tokio::sync::Notify;

use crate::{Mailstore, Uid, limits};

/// What changed in an account since its watcher last asked; several changes are one piece of news.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct News {
    /// Folders whose messages changed.
    pub folders: BTreeMap<FolderId, FolderNews>,
    /// Folders were made, renamed, removed or (un)subscribed.
    pub list: bool,
    /// Annotations of the account or of its folders changed.
    pub notes: bool,
    /// Something else of the account: a contact, a document, a conversation.
    pub other: bool,
}

/// What changed in one folder. `modseq` is the highest told of; ask [`Mailstore::news_since`] from the
/// last one known, or, when `touched` is short, only for these uids.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FolderNews {
    /// The folder's modification sequence after the change.
    pub modseq: i64,
    /// Messages arrived: look from the last known uid on.
    pub arrived: bool,
    /// Messages whose marks changed, or that are gone.
    pub touched: Touched,
}

/// Messages touched: a few by name, or too many to say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Touched {
    /// These, marks changed or gone.
    Uids(Vec<Uid>),
    /// More than a watcher is told one by one.
    Many,
}

impl News {
    pub(crate) fn of(folder: FolderId, news: FolderNews) -> Self {
        Self { folders: BTreeMap::from([(folder, news)]), ..Self::default() }
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn join(&mut self, other: &Self) {
        for (folder, news) in &other.folders {
            match self.folders.get_mut(folder) {
                None => drop(self.folders.insert(*folder, news.clone())),
                Some(known) => {
                    known.modseq = known.modseq.max(news.modseq);
                    known.arrived |= news.arrived;
                    known.touched.join(&news.touched);
                }
            }
        }
        self.list |= other.list;
        self.notes |= other.notes;
        self.other |= other.other;
    }
}

impl FolderNews {
    pub(crate) fn arrived(modseq: i64) -> Self {
        Self { modseq, arrived: true, touched: Touched::Uids(Vec::new()) }
    }

    /// Whatever it was: the watcher looks for itself.
    pub(crate) fn anything(modseq: i64) -> Self {
        Self { modseq, arrived: true, touched: Touched::Many }
    }

    pub(crate) fn touched(modseq: i64, uids: Vec<Uid>) -> Self {
        Self { modseq, arrived: false, touched: Touched::Uids(Vec::new()).and(uids) }
    }
}

impl Touched {
    fn and(mut self, uids: Vec<Uid>) -> Self {
        self.join(&Self::Uids(uids));
        self
    }

    fn join(&mut self, other: &Self) {
        let joined = match (std::mem::replace(self, Self::Many), other) {
            (Self::Many, _) | (_, Self::Many) => return,
            (Self::Uids(mut uids), Self::Uids(more)) => {
                uids.extend(more);
                uids.sort_unstable();
                uids.dedup();
                uids
            }
        };
        if joined.len() <= limits::TOLD_UIDS {
            *self = Self::Uids(joined);
        }
    }
}

/// Somebody watching one account; dropping it ends the watch.
pub struct Watcher {
    slot: Arc<Slot>,
}

struct Slot {
    news: Mutex<News>,
    bell: Arc<Notify>,
}

impl Watcher {
    /// Waits for news and takes it all. Cancel-safe: news not taken is kept.
    pub async fn changed(&mut self) -> News {
        loop {
            let news = self.take();
            if !news.is_empty() {
                return news;
            }
            self.slot.bell.notified().await;
        }
    }

    /// Takes what there is, without waiting.
    pub fn take(&mut self) -> News {
        std::mem::take(&mut *self.slot.lock())
    }
}

/// Somebody watching several accounts with one bell; dropping it ends the watch.
pub struct Watchers {
    slots: Vec<(AccountId, Arc<Slot>)>,
    bell: Arc<Notify>,
}

impl Watchers {
    /// Waits until one of them has news. Cancel-safe: nothing is taken.
    pub async fn stirred(&self) {
        while self.slots.iter().all(|(_, slot)| slot.lock().is_empty()) {
            self.bell.notified().await;
        }
    }

    /// Takes what there is, of each account that has news.
    pub fn take(&mut self) -> Vec<(AccountId, News)> {
        let taken = self.slots.iter().map(|(account, slot)| (*account, std::mem::take(&mut *slot.lock())));
        taken.filter(|(_, news)| !news.is_empty()).collect()
    }
}

impl std::fmt::Debug for Watchers {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Watchers")
    }
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Watcher {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Watcher")
    }
}

/// Every watcher of this process, by account.
#[derive(Default)]
pub(crate) struct Hub {
    slots: Mutex<HashMap<AccountId, Vec<Weak<Slot>>>>,
}

impl Hub {
    fn watch(&self, account: AccountId) -> Watcher {
        Watcher { slot: self.slot(account, Arc::default()) }
    }

    fn slot(&self, account: AccountId, bell: Arc<Notify>) -> Arc<Slot> {
        let slot = Arc::new(Slot { news: Mutex::default(), bell });
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let watching = slots.entry(account).or_default();
        // Those who left are forgotten when somebody comes: no drop has to take this lock.
        watching.retain(|slot| slot.strong_count() > 0);
        watching.push(Arc::downgrade(&slot));
        slot
    }

    pub(crate) fn tell(&self, account: AccountId, news: &News) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(watching) = slots.get_mut(&account) else { return };
        watching.retain(|slot| {
            let Some(slot) = slot.upgrade() else { return false };
            slot.lock().join(news);
            slot.bell.notify_one();
            true
        });
        if watching.is_empty() {
            slots.remove(&account);
        }
    }

    /// Whether anybody watches an account.
    pub(crate) fn is_watched(&self, account: AccountId) -> bool {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.get(&account).is_some_and(|watching| watching.iter().any(|slot| slot.strong_count() > 0))
    }

    /// The accounts that are watched; those that nobody watches any more are forgotten.
    pub(crate) fn watched(&self) -> Vec<AccountId> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|_, watching| watching.iter().any(|slot| slot.strong_count() > 0));
        slots.keys().copied().collect()
    }
}

impl Mailstore {
    /// Watches an account: every change committed from now on is told.
    #[must_use]
    pub fn watch(&self, account: AccountId) -> Watcher {
        self.hub().watch(account)
    }

    /// Watches several accounts.
    #[must_use]
    pub fn watch_all(&self, accounts: &[AccountId]) -> Watchers {
        let bell = Arc::<Notify>::default();
        let slots = accounts.iter().map(|account| (*account, self.hub().slot(*account, Arc::clone(&bell))));
        Watchers { slots: slots.collect(), bell }
    }

    pub(crate) fn watched(&self) -> Vec<AccountId> {
        self.hub().watched()
    }

    pub(crate) fn tell(&self, account: AccountId, news: &News) {
        self.hub().tell(account, news);
    }

    /// Tells the watchers of `account`, of every process, once `tx` is committed; never when it is not. For changes made
    /// by other rooms use `News { other: true, .. }`.
    pub fn tell_after(&self, tx: &mut db::Tx, account: AccountId, news: News) {
        self.tell_others(tx, account, &news);
        let store = self.clone();
        tx.after_commit(move || store.hub().tell(account, &news));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: AccountId = AccountId(1);

    #[tokio::test]
    async fn news_is_gathered_until_asked_for_and_then_gone() {
        let hub = Hub::default();
        let mut watcher = hub.watch(ACCOUNT);
        let mut other = hub.watch(AccountId(2));
        hub.tell(ACCOUNT, &News::of(FolderId(7), FolderNews::arrived(3)));
        hub.tell(ACCOUNT, &News::of(FolderId(7), FolderNews::touched(5, vec![Uid(2), Uid(1)])));
        hub.tell(ACCOUNT, &News { other: true, ..News::default() });
        let news = watcher.changed().await;
        let folder = FolderNews { modseq: 5, arrived: true, touched: Touched::Uids(vec![Uid(1), Uid(2)]) };
        assert_eq!(news, News { other: true, ..News::of(FolderId(7), folder) });
        assert!(watcher.take().is_empty() && other.take().is_empty());
    }

    #[tokio::test]
    async fn more_uids_than_worth_telling_become_many() {
        let hub = Hub::default();
        let mut watcher = hub.watch(ACCOUNT);
        let uids = |from: u32| (from..from + 200).map(Uid).collect();
        hub.tell(ACCOUNT, &News::of(FolderId(7), FolderNews::touched(1, uids(0))));
        hub.tell(ACCOUNT, &News::of(FolderId(7), FolderNews::touched(2, uids(200))));
        hub.tell(ACCOUNT, &News::of(FolderId(7), FolderNews::touched(3, uids(0))));
        assert_eq!(watcher.changed().await.folders[&FolderId(7)].touched, Touched::Many);
    }

    #[tokio::test]
    async fn a_watcher_waits_and_one_that_left_is_forgotten() {
        let hub = Arc::new(Hub::default());
        let mut watcher = hub.watch(ACCOUNT);
        let waiting = tokio::spawn(async move { watcher.changed().await });
        tokio::task::yield_now().await;
        hub.tell(ACCOUNT, &News { list: true, ..News::default() });
        assert!(waiting.await.unwrap().list);
        hub.tell(ACCOUNT, &News { list: true, ..News::default() });
        assert!(hub.slots.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn one_bell_rings_for_several_accounts() {
        let hub = Arc::new(Hub::default());
        let bell = Arc::<Notify>::default();
        let slots =
            [1, 2].map(|account| (AccountId(account), hub.slot(AccountId(account), Arc::clone(&bell))));
        let mut watchers = Watchers { slots: slots.into(), bell };
        hub.tell(AccountId(3), &News { list: true, ..News::default() });
        assert!(watchers.take().is_empty());
        let told = Arc::clone(&hub);
        let telling = tokio::spawn(async move {
            tokio::task::yield_now().await;
            told.tell(AccountId(2), &News { list: true, ..News::default() });
        });
        watchers.stirred().await;
        telling.await.unwrap();
        // Nothing was taken by waiting.
        watchers.stirred().await;
        assert_eq!(watchers.take(), [(AccountId(2), News { list: true, ..News::default() })]);
        drop(watchers);
        hub.tell(AccountId(2), &News { list: true, ..News::default() });
        assert!(!hub.slots.lock().unwrap().contains_key(&AccountId(2)));
    }
}
