//! What other processes on the same PostgreSQL did, told to the watchers of this one (DESIGN §2.2).
//!
//! A word names an account and, at most, a folder; nothing else passes between processes. Who hears one of
//! an account that is watched here asks the database how far the folder is and tells as if the change were
//! its own: sessions read what changed from where they were last told, so a word too many costs a
//! comparison, and a word that stands for many loses nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use db::{Ear, Engine, Heard, Row, Value};
use names::{AccountId, FolderId};

use crate::store::Inner;
use crate::watch::Hub;
use crate::{Error, FolderNews, Mailstore, News, Touched, limits};

/// What one process tells the others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Word {
    /// Messages of a folder changed.
    Folder(AccountId, FolderId),
    /// Folders were made, renamed, removed or (un)subscribed.
    List(AccountId),
    /// Something else of the account changed.
    Other(AccountId),
    /// The key of the account was destroyed: nothing of it may stay in memory.
    Erased(AccountId),
}

impl Word {
    fn text(self) -> String {
        match self {
            Self::Folder(account, folder) => format!("folder {} {}", account.0, folder.0),
            Self::List(account) => format!("list {}", account.0),
            Self::Other(account) => format!("other {}", account.0),
            Self::Erased(account) => format!("erased {}", account.0),
        }
    }

    /// Words of other rooms are none of ours.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let (kind, account) = (parts.next()?, AccountId(parts.next()?.parse().ok()?));
        match kind {
            "folder" => Some(Self::Folder(account, FolderId(parts.next()?.parse().ok()?))),
            "list" => Some(Self::List(account)),
            "other" => Some(Self::Other(account)),
            "erased" => Some(Self::Erased(account)),
            _ => None,
        }
    }
}

/// What was heard and not told yet: of watched accounts only, so never more than they have folders.
#[derive(Default, Debug)]
struct Said {
    folders: BTreeSet<FolderId>,
    accounts: BTreeMap<AccountId, News>,
    everything: Everything,
}

/// Whether it is not known what changed.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
enum Everything {
    #[default]
    No,
    Yes,
}

impl Mailstore {
    /// Has the other processes told, once `tx` is committed.
    pub(crate) fn tell_others(&self, tx: &mut db::Tx, account: AccountId, news: &News) {
        match tx.engine() {
            Engine::Sqlite => {}
            Engine::Postgres => {
                let folders = news.folders.keys().map(|folder| Word::Folder(account, *folder));
                let list = news.list.then_some(Word::List(account));
                let other = news.other.then_some(Word::Other(account));
                folders.chain(list).chain(other).for_each(|word| tx.tell_others(word.text()));
            }
        }
    }

    /// Has the other processes forget what they hold of an account, and this one.
    pub(crate) async fn forget_everywhere(&self, account: AccountId) -> Result<(), Error> {
        self.forget(account);
        let unit = db::unit("tell of a destroyed key", account, |account, tx| {
            Box::pin(async move {
                tx.tell_others(Word::Erased(*account).text());
                Ok(())
            })
        });
        self.db().write(unit).await
    }

    fn forget(&self, account: AccountId) {
        self.keys().forget(|known| *known == account);
        self.heads_in_memory().forget(|(_, _, owner)| *owner == account);
    }

    fn note(&self, said: &mut Said, heard: &Heard) {
        let word = match heard {
            Heard::Everything => {
                // One of them may have been a key's end.
                self.keys().forget(|_| true);
                self.heads_in_memory().forget(|_| true);
                said.everything = Everything::Yes;
                return;
            }
            Heard::Word(word) => Word::parse(word),
        };
        let watched = |account: &AccountId| self.hub().is_watched(*account);
        match word {
            Some(Word::Erased(account)) => self.forget(account),
            Some(Word::Folder(account, folder)) if watched(&account) => drop(said.folders.insert(folder)),
            Some(Word::List(account)) if watched(&account) => {
                said.accounts.entry(account).or_default().list = true;
            }
            Some(Word::Other(account)) if watched(&account) => {
                said.accounts.entry(account).or_default().other = true;
            }
            Some(Word::Folder(..) | Word::List(_) | Word::Other(_)) | None => {}
        }
    }

    async fn tell_said(&self, said: &mut Said) -> Result<(), Error> {
        const NAMED: &str = "SELECT account, id, modseq FROM folder WHERE id IN ({})";
        const ALL: &str = "SELECT account, id, modseq FROM folder WHERE account IN ({})";
        let hub = self.hub();
        if said.everything == Everything::Yes {
            let watched = hub.watched();
            for some in watched.chunks(limits::PAGE) {
                let list = some.iter().map(|account| Value::from(*account)).collect();
                let rows = self.db().read().await?.rows_in(ALL, db::args![], list).await?;
                tell_folders(hub, &rows)?;
                some.iter().for_each(|account| {
                    hub.tell(*account, &News { list: true, other: true, ..News::default() })
                });
            }
        } else {
            let list: Vec<Value> = said.folders.iter().map(|folder| Value::from(*folder)).collect();
            if !list.is_empty() {
                let rows = self.db().read().await?.rows_in(NAMED, db::args![], list).await?;
                tell_folders(hub, &rows)?;
            }
            said.accounts.iter().for_each(|(account, news)| hub.tell(*account, news));
        }
        *said = Said::default();
        Ok(())
    }
}

fn tell_folders(hub: &Hub, rows: &[Row]) -> Result<(), Error> {
    for row in rows {
        let news = FolderNews { modseq: row.int(2)?, arrived: true, touched: Touched::Many };
        hub.tell(AccountId(row.int(0)?), &News::of(FolderId(row.int(1)?), news));
    }
    Ok(())
}

/// Hears the other processes until the store is gone.
pub(crate) async fn hear(mut ear: Ear, store: std::sync::Weak<Inner>) {
    let mut said = Said::default();
    while let Some(first) = ear.next().await {
        let Some(store) = store.upgrade().map(Mailstore::of) else { return };
        store.note(&mut said, &first);
        while let Some(more) = ear.heard() {
            store.note(&mut said, &more);
        }
        while let Err(error) = store.tell_said(&mut said).await {
            tracing::warn!(%error, "changes of other processes could not be looked at; trying again");
            tokio::time::sleep(limits::LOOK_AGAIN).await;
            if Arc::strong_count(store.inner()) == 1 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use db::testing::Listening;

    use super::*;
    use crate::testing::{NOW, TestStore, stores};
    use crate::{FlagChange, Flags, Known, Marks, Role, Uid, Watcher};

    #[test]
    fn a_word_says_what_it_is_and_words_of_other_rooms_say_nothing() {
        let (account, folder) = (AccountId(12), FolderId(7));
        for word in
            [Word::Folder(account, folder), Word::List(account), Word::Other(account), Word::Erased(account)]
        {
            assert_eq!(Word::parse(&word.text()), Some(word));
        }
        for text in ["", "queue", "folder", "folder 12", "folder x 7", "list", "list -"] {
            assert_eq!(Word::parse(text), None, "{text}");
        }
    }

    async fn on_postgres() -> TestStore {
        stores().await.pop().unwrap()
    }

    /// Waits until the folder is told of at this sequence, or beyond.
    async fn hears(watcher: &mut Watcher, folder: FolderId, modseq: i64, what: &str) {
        let told = async {
            loop {
                let news = watcher.changed().await;
                if news.folders.get(&folder).is_some_and(|news| news.modseq >= modseq) {
                    return;
                }
            }
        };
        let told = tokio::time::timeout(Duration::from_secs(2), told).await;
        told.unwrap_or_else(|_| panic!("{what} is not told within two seconds"));
    }

    async fn cut_listeners(store: &TestStore) -> bool {
        let unit = db::unit("cut", (), |(), tx| {
            Box::pin(async move {
                let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE query = 'LISTEN \"pli ' || current_schema() || '\"'";
                Ok::<_, Error>(!tx.rows(sql, db::args![]).await?.is_empty())
            })
        });
        store.db().write(unit).await.unwrap()
    }

    #[tokio::test]
    async fn a_session_hears_what_another_process_did_with_the_bell_without_it_and_after_it_broke() {
        for (case, listening) in [("bell", Listening::Yes), ("no bell", Listening::No)] {
            let first = on_postgres().await;
            let second = first.in_another_process(listening).await;
            let doctor = first.doctor().await;
            first.receive("before", b"", doctor).await;
            let inbox = first.role_folder_of(doctor, Role::Inbox).await.unwrap();
            let mut watcher = second.watch(doctor);
            let mut known = Known::whole(inbox.modseq, Uid(1));
            for round in 0..3 {
                // The first letter may be heard of before it listens: by looking.
                while round == 1 && listening == Listening::Yes && !cut_listeners(&first).await {
                    tokio::task::yield_now().await;
                }
                let what = |act| format!("{act} ({case}, round {round})");
                let got = first.receive("more", b"", doctor).await;
                hears(&mut watcher, inbox.id, got.modseq, &what("a letter")).await;
                let piece = second.news_since(doctor, inbox.id, known).await.unwrap();
                assert_eq!(piece.arrived, [got.uid]);
                let change = FlagChange::Add(Marks::new(Flags::DELETED, &[]));
                first.store_flags(doctor, inbox.id, &[got.uid], change, None).await.unwrap();
                hears(&mut watcher, inbox.id, got.modseq + 1, &what("a flag")).await;
                first.expunge(doctor, inbox.id, Some(&[got.uid])).await.unwrap();
                hears(&mut watcher, inbox.id, got.modseq + 2, &what("an expunge")).await;
                let piece = second.news_since(doctor, inbox.id, piece.known).await.unwrap();
                assert_eq!(piece.gone, crate::Gone::Runs(vec![(got.uid, got.uid)]));
                known = piece.known;
            }
            let mut seen = Vec::new();
            for store in [&first.store, &second] {
                let view = store.view(doctor, inbox.id).await.unwrap();
                seen.push((view.modseq, view.uid_next, view.rows.clone()));
            }
            assert_eq!(seen[0], seen[1], "both processes see the same folder");
        }
    }

    #[tokio::test]
    async fn two_processes_that_deliver_at_once_are_both_told_all_in_one_order() {
        let first = on_postgres().await;
        let second = first.in_another_process(Listening::Yes).await;
        let doctor = first.doctor().await;
        first.receive("before", b"", doctor).await;
        let inbox = first.role_folder_of(doctor, Role::Inbox).await.unwrap();
        let letter = first.sealed("at once", b"").await;
        let stores = [first.store.clone(), second.clone()];
        let mut watching = stores.each_ref().map(|store| store.watch(doctor));
        let mut writing = tokio::task::JoinSet::new();
        for n in 0..20 {
            let delivery = first.delivery(&letter, doctor).await;
            let unit = db::unit("deliver", (stores[n % 2].clone(), vec![delivery]), |(store, new), tx| {
                Box::pin(store.deliver(tx, new))
            });
            let store = stores[n % 2].clone();
            writing.spawn(async move { store.db().write(unit).await.unwrap().remove(0).modseq });
        }
        let last = writing.join_all().await.into_iter().max().unwrap();
        for (store, watcher) in stores.iter().zip(&mut watching) {
            hears(watcher, inbox.id, last, "the last letter").await;
            let known = Known::whole(inbox.modseq, Uid(1));
            let piece = store.news_since(doctor, inbox.id, known).await.unwrap();
            assert_eq!(piece.arrived, (2..=21).map(Uid).collect::<Vec<_>>());
            assert_eq!(piece.known.modseq, last);
            let rows = &store.view(doctor, inbox.id).await.unwrap().rows;
            assert!(rows.is_sorted_by_key(|row| (row.uid, row.modseq)), "arrivals grow in both");
        }
    }

    #[tokio::test]
    async fn folders_made_elsewhere_are_told_and_what_nobody_watches_costs_nothing() {
        let first = on_postgres().await;
        let second = first.in_another_process(Listening::Yes).await;
        let (watched, unwatched) = (first.doctor().await, first.doctor().await);
        let mut watcher = second.watch(watched);
        let mut said = Said::default();
        second.note(&mut said, &Heard::Word(Word::Folder(unwatched, FolderId(1)).text().into()));
        second.note(&mut said, &Heard::Word("queue".into()));
        assert!(said.folders.is_empty() && said.accounts.is_empty() && said.everything == Everything::No);
        let news = News { list: true, other: true, ..News::default() };
        let parameters = (first.store.clone(), watched, news);
        let unit = db::unit("tell", parameters, |(store, account, news), tx| {
            Box::pin(async move {
                store.tell_after(tx, *account, news.clone());
                Ok::<_, Error>(())
            })
        });
        first.db().write(unit).await.unwrap();
        let told = async {
            let (mut list, mut other) = (false, false);
            while !(list && other) {
                let news = watcher.changed().await;
                (list, other) = (list || news.list, other || news.other);
            }
        };
        tokio::time::timeout(Duration::from_secs(2), told).await.expect("told within two seconds");
    }

    #[tokio::test]
    async fn a_key_destroyed_in_one_process_opens_nothing_in_another() {
        let first = on_postgres().await;
        let second = first.in_another_process(Listening::Yes).await;
        let doctor = first.doctor().await;
        second.key(doctor).await.unwrap();
        first.destroy_key(doctor, NOW).await.unwrap();
        let forgotten = async {
            while second.key(doctor).await.is_ok() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(2), forgotten).await.expect("forgotten within two seconds");
    }
}
