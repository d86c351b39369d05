//! Gists of folders kept opened in memory, so that the next search of a folder reads nothing (ADR 0032).
//!
//! A folder's gists are there as long as a session that searched it is, and as there is room; then they are
//! wiped.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use mailstore::Run;
use names::{AccountId, FolderId};

use super::blocks::{Block, Headers, Texts};
use super::keeper::Keeper;
use super::verdicts::Verdicts;
use crate::imap::limits;

/// The gists of a folder that are in memory.
#[derive(Clone, Default)]
pub(super) struct Gists {
    pub(super) headers: Arc<Runs<Headers>>,
    pub(super) texts: Arc<Runs<Texts>>,
    /// What bodies were found to hold.
    pub(super) verdicts: Arc<Verdicts>,
}

/// Gists of one kind by their runs.
pub(super) type Runs<T> = BTreeMap<Run, Arc<T>>;

/// What is kept of all folders.
#[derive(Default)]
pub(in crate::imap) struct Shelf {
    folders: Mutex<Folders>,
    /// Who writes what was found out.
    keeper: Keeper,
}

#[derive(Default)]
struct Folders {
    kept: HashMap<FolderId, Kept>,
    /// Counts the looks: who was looked at longest ago goes first.
    looks: u64,
}

struct Kept {
    account: AccountId,
    gists: Gists,
    weight: usize,
    looked: u64,
    lease: Weak<Lease>,
}

/// A session's interest in a folder's gists. The last one to go takes them along.
pub(in crate::imap) struct Lease {
    shelf: Arc<Shelf>,
    folder: FolderId,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut folders = self.shelf.lock();
        // Somebody may have a newer lease of gists that had gone meanwhile.
        if folders.kept.get(&self.folder).is_some_and(|kept| kept.lease.strong_count() == 0) {
            folders.kept.remove(&self.folder);
            drop(folders);
            // Who would have waited for the disk has gone.
            self.shelf.keeper.hurry();
        }
    }
}

impl Lease {
    pub(in crate::imap) fn folder(&self) -> FolderId {
        self.folder
    }
}

impl Shelf {
    pub(in crate::imap) fn keeper(&self) -> &Keeper {
        &self.keeper
    }

    /// What is known of a folder. An account finds only what was opened with its key.
    pub(super) fn look(&self, account: AccountId, folder: FolderId) -> Gists {
        let mut folders = self.lock();
        folders.looks += 1;
        let looks = folders.looks;
        match folders.kept.get_mut(&folder).filter(|kept| kept.account == account) {
            Some(kept) => {
                kept.looked = looks;
                kept.gists.clone()
            }
            None => Gists::default(),
        }
    }

    /// Keeps what is known now; what does not fit beside it goes, whoever was looked at longest ago first.
    pub(super) fn keep(self: &Arc<Self>, account: AccountId, folder: FolderId, gists: Gists) -> Arc<Lease> {
        let weight = weight(&gists.headers) + weight(&gists.texts) + gists.verdicts.weight();
        let mut folders = self.lock();
        folders.looks += 1;
        let looked = folders.looks;
        let known = folders.kept.get(&folder).and_then(|kept| kept.lease.upgrade());
        let lease = known.unwrap_or_else(|| Arc::new(Lease { shelf: Arc::clone(self), folder }));
        if weight <= limits::GIST_MEMORY {
            let kept = Kept { account, gists, weight, looked, lease: Arc::downgrade(&lease) };
            folders.kept.insert(folder, kept);
            folders.shrink();
        } else {
            folders.kept.remove(&folder);
        }
        lease
    }

    fn lock(&self) -> MutexGuard<'_, Folders> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Folders {
    fn shrink(&mut self) {
        while self.kept.values().map(|kept| kept.weight).sum::<usize>() > limits::GIST_MEMORY {
            let oldest = self.kept.iter().min_by_key(|(_, kept)| kept.looked).map(|(folder, _)| *folder);
            let Some(oldest) = oldest else { return };
            self.kept.remove(&oldest);
        }
    }
}

fn weight<T: Block>(runs: &Runs<T>) -> usize {
    runs.values().map(|block| block.weight()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::search::head::Words;
    use mailstore::Uid;

    fn gists() -> Gists {
        let mut block = Headers::default();
        block.push(Uid(1), &Words::default());
        Gists { headers: Arc::new([(Run(0), Arc::new(block))].into()), ..Gists::default() }
    }

    #[test]
    fn gists_stay_while_a_session_has_a_lease_and_for_their_account_only() {
        let shelf = Arc::new(Shelf::default());
        let (account, folder) = (AccountId(1), FolderId(7));
        let lease = shelf.keep(account, folder, gists());
        let other = shelf.keep(account, folder, gists());
        drop(lease);
        assert_eq!(shelf.look(account, folder).headers.len(), 1);
        assert_eq!(shelf.look(AccountId(2), folder).headers.len(), 0);
        drop(other);
        assert_eq!(shelf.look(account, folder).headers.len(), 0);
    }

    #[test]
    fn what_was_looked_at_longest_ago_makes_room() {
        let shelf = Arc::new(Shelf::default());
        let account = AccountId(1);
        let big = || {
            let mut block = Headers::default();
            for uid in 1..=64 {
                let mut words = Words::default();
                words.set_subject(&"x".repeat(limits::GIST_MEMORY / 64 / 3));
                block.push(Uid(uid), &words);
            }
            Gists { headers: Arc::new([(Run(0), Arc::new(block))].into()), ..Gists::default() }
        };
        let mut leases: Vec<_> = (1..=2).map(|folder| shelf.keep(account, FolderId(folder), big())).collect();
        assert_eq!(shelf.look(account, FolderId(1)).headers.len(), 1);
        let _third = shelf.keep(account, FolderId(3), big());
        let there: Vec<usize> =
            (1..=3).map(|folder| shelf.look(account, FolderId(folder)).headers.len()).collect();
        assert_eq!(there, [1, 0, 1]);
        // Whose gists went comes back, and lets the lease of before go.
        let again = shelf.keep(account, FolderId(2), big());
        drop(leases.pop());
        assert_eq!(shelf.look(account, FolderId(2)).headers.len(), 1);
        drop(again);
        assert_eq!(shelf.look(account, FolderId(2)).headers.len(), 0);
    }
}
