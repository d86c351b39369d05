//! Subjects and addresses kept folded in memory, so that the next search of a folder opens nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use names::{AccountId, HeadId};

use super::head::Words;
use crate::imap::limits;

/// What was looked at lately, in two generations: when the young one is full it becomes the old one,
/// and what nobody asked for since is forgotten. An account finds only what was opened with its key.
#[derive(Default)]
pub(in crate::imap) struct Memory(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    young: HashMap<(AccountId, HeadId), Arc<Words>>,
    old: HashMap<(AccountId, HeadId), Arc<Words>>,
    weight: usize,
}

impl Memory {
    /// What is known of these heads, in their order.
    pub(super) fn all(&self, account: AccountId, heads: &[HeadId]) -> Vec<Option<Arc<Words>>> {
        let mut known = self.lock();
        let find = |head: &HeadId| {
            let key = (account, *head);
            if let Some(words) = known.young.get(&key) {
                return Some(Arc::clone(words));
            }
            let words = known.old.remove(&key)?;
            known.put(key, Arc::clone(&words));
            Some(words)
        };
        heads.iter().map(find).collect()
    }

    pub(super) fn keep(&self, account: AccountId, fresh: Vec<(HeadId, Arc<Words>)>) {
        let mut known = self.lock();
        for (head, words) in fresh {
            known.put((account, head), words);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn put(&mut self, key: (AccountId, HeadId), words: Arc<Words>) {
        self.weight += words.weight();
        if let Some(before) = self.young.insert(key, words) {
            self.weight = self.weight.saturating_sub(before.weight());
        }
        if self.weight > limits::SEARCH_MEMORY / 2 {
            self.old = std::mem::take(&mut self.young);
            self.weight = 0;
        }
    }
}
