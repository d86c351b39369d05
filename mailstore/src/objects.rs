//! What messages and threads are called wherever they lie in their account (RFC 8474): keyed hashes, so that a
//! name tells nobody a number of ours or a Message-ID.

use std::fmt::Write;

use names::{AccountId, HeadId};

use crate::Mailstore;

impl Mailstore {
    /// The name of a message's content (EMAILID, RFC 8474 §5.1): the same for its copies and moves inside the
    /// account, another in every other account.
    #[must_use]
    pub fn email_id(&self, account: AccountId, head: HeadId) -> String {
        self.object_id('M', &format!("email {} {}", account.0, head.0))
    }

    /// The name of a thread (THREADID, RFC 8474 §5.2), by the Message-ID it began with.
    #[must_use]
    pub fn thread_id(&self, account: AccountId, root: &str) -> String {
        self.object_id('T', &format!("thread {} {root}", account.0))
    }

    fn object_id(&self, kind: char, of: &str) -> String {
        let mut name = String::from(kind);
        for byte in self.hashes().short(of.as_bytes()) {
            write!(name, "{byte:02x}").expect("a String takes all");
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::stores;

    #[tokio::test]
    async fn object_ids_differ_by_account_and_content_and_follow_the_grammar() {
        for store in stores().await {
            let one = store.email_id(AccountId(1), HeadId(7));
            assert_eq!(one, store.email_id(AccountId(1), HeadId(7)));
            let others = [
                store.email_id(AccountId(2), HeadId(7)),
                store.email_id(AccountId(1), HeadId(8)),
                store.thread_id(AccountId(1), "7"),
                store.thread_id(AccountId(1), "a b@c\r\n"),
            ];
            assert!(!others.contains(&one));
            // RFC 8474 §7: objectid = 1*255(ALPHA / DIGIT / "_" / "-")
            assert!(others.iter().all(|id| id.len() == 33 && id.bytes().all(|b| b.is_ascii_alphanumeric())));
        }
    }
}
