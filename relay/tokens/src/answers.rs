//! What issuers said of tokens a moment ago, so that a mail program that connects every minute does not
//! ask them every minute. Tokens are kept as hashes only (DOMAIN §3.1: never stored).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use names::Timestamp;

use crate::{Identity, limits};

/// SHA-256 of a token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TokenHash([u8; 32]);

impl TokenHash {
    pub(crate) fn of(token: &str) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        Self(hash)
    }
}

/// The answers that still count.
#[derive(Default)]
pub(crate) struct Answers(Mutex<HashMap<TokenHash, (Timestamp, Identity)>>);

impl Answers {
    pub(crate) fn find(&self, token: TokenHash, now: Timestamp) -> Option<Identity> {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.get(&token).filter(|(until, _)| now < *until).map(|(_, identity)| identity.clone())
    }

    /// Keeps an answer for a minute, or until the token ends if that is sooner.
    pub(crate) fn keep(&self, token: TokenHash, identity: &Identity, now: Timestamp) {
        let until = now.plus(limits::ANSWER_LIFE).min(identity.expires_at);
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= limits::ANSWERS {
            answers.retain(|_, (until, _)| now < *until);
        }
        if answers.len() >= limits::ANSWERS {
            answers.clear();
        }
        answers.insert(token, (until, identity.clone()));
    }
}
