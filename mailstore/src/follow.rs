//! Changes that other processes make on the same database: found by looking, told to the watchers of this one.

use crate::{Error, FolderNews, Mailstore, News};
use names::{AccountId, FolderId};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How far the folders of watched accounts had come at the last look.
#[derive(Debug, Default)]
pub struct Followed(HashMap<AccountId, BTreeMap<FolderId, i64>>);

/// A folder's sequence moves with every change in it, whoever makes it: no table of changes is needed beside.
const STANDING: &str = "SELECT account, id, modseq FROM folder WHERE account IN ({})";

impl Mailstore {
    /// Looks at the folders of the accounts that somebody watches, and tells what moved since the last look.
    /// Where the watchers have heard it already, they pass over it. Nobody watches: nothing is asked.
    pub async fn follow(&self, followed: &mut Followed) -> Result<(), Error> {
        let watched: Vec<db::Value> = self.watched().into_iter().map(|account| account.0.into()).collect();
        let mut standing: HashMap<AccountId, BTreeMap<FolderId, i64>> = HashMap::new();
        if !watched.is_empty() {
            let mut tx = self.db().read().await?;
            for row in tx.rows_in(STANDING, db::args![], watched).await? {
                let folders = standing.entry(AccountId(row.int(0)?)).or_default();
                folders.insert(FolderId(row.int(1)?), row.int(2)?);
            }
        }
        for (account, folders) in &standing {
            let news = news(followed.0.get(account), folders);
            if !news.is_empty() {
                self.tell(*account, &news);
            }
        }
        followed.0 = standing;
        Ok(())
    }
}

/// What moved. Of an account seen for the first time it is unknown, so everything may have.
fn news(before: Option<&BTreeMap<FolderId, i64>>, now: &BTreeMap<FolderId, i64>) -> News {
    let mut news = News::default();
    for (folder, modseq) in now {
        if before.and_then(|before| before.get(folder)) != Some(modseq) {
            news.folders.insert(*folder, FolderNews::anything(*modseq));
        }
    }
    let names = |folders: &BTreeMap<FolderId, i64>| folders.keys().copied().collect::<BTreeSet<_>>();
    news.list = before.is_some_and(|before| names(before) != names(now));
    news
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(folders: &[(i64, i64)]) -> BTreeMap<FolderId, i64> {
        folders.iter().map(|(id, modseq)| (FolderId(*id), *modseq)).collect()
    }

    #[test]
    fn what_moved_since_the_last_look_is_news_and_nothing_else() {
        let before = folders(&[(1, 5), (2, 7)]);
        for (name, before, now, moved, list) in [
            ("nothing", Some(&before), folders(&[(1, 5), (2, 7)]), vec![], false),
            ("a letter", Some(&before), folders(&[(1, 6), (2, 7)]), vec![1], false),
            ("a new folder", Some(&before), folders(&[(1, 5), (2, 7), (3, 1)]), vec![3], true),
            ("a folder gone", Some(&before), folders(&[(1, 5)]), vec![], true),
            ("the first look", None, folders(&[(1, 5)]), vec![1], false),
        ] {
            let news = news(before, &now);
            let found: Vec<i64> = news.folders.keys().map(|folder| folder.0).collect();
            assert_eq!((found, news.list), (moved, list), "{name}");
        }
    }
}
