//! Log-ins verified a moment ago, so that a mail program that connects every minute costs one hash.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::hmac;
use names::{Address, Entropy, Timestamp};

use crate::{Login, limits};

/// Keyed hash of a login and a password; the key lives and dies with the process.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Attempt([u8; 32]);

/// The cache. An entry counts only for the generation it was filled at, and for a short time.
pub(crate) struct LoginCache {
    key: hmac::Key,
    entries: Mutex<HashMap<Attempt, Entry>>,
}

struct Entry {
    generation: i64,
    verified: Timestamp,
    login: Arc<Login>,
}

impl LoginCache {
    pub(crate) fn new(entropy: &Entropy) -> Self {
        let key: [u8; 32] = entropy.bytes();
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, &key), entries: Mutex::default() }
    }

    pub(crate) fn attempt(&self, login: &Address, password: &str) -> Attempt {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(login.to_string().as_bytes());
        context.update(&[0]);
        context.update(password.as_bytes());
        let mut hash = [0; 32];
        hash.copy_from_slice(context.sign().as_ref());
        Attempt(hash)
    }

    pub(crate) fn find(&self, attempt: Attempt, generation: i64, now: Timestamp) -> Option<Arc<Login>> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(&attempt)?;
        if entry.holds(generation, now) {
            return Some(Arc::clone(&entry.login));
        }
        entries.remove(&attempt);
        None
    }

    pub(crate) fn keep(&self, attempt: Attempt, generation: i64, now: Timestamp, login: Arc<Login>) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= limits::LOGIN_CACHE_ENTRIES {
            entries.retain(|_, entry| entry.holds(generation, now));
        }
        if entries.len() >= limits::LOGIN_CACHE_ENTRIES {
            entries.clear();
        }
        entries.insert(attempt, Entry { generation, verified: now, login });
    }
}

impl Entry {
    fn holds(&self, generation: i64, now: Timestamp) -> bool {
        let recent = (0..limits::LOGIN_CACHE_AGE).contains(&now.since(self.verified));
        self.generation == generation && recent && self.login.look_again.is_none_or(|then| now < then)
    }
}
