//! The real sifter, and one question asked of it.

#[path = "../../../../relay/src/imap/search/body.rs"]
mod body;
#[path = "../../../../relay/src/imap/search/fold.rs"]
mod fold;
#[path = "../../../../relay/src/imap/search/head.rs"]
mod head;
#[path = "../../../../relay/src/imap/search/key.rs"]
mod key;
#[path = "../../../../relay/src/imap/search/memory.rs"]
mod memory;
#[path = "../../../../relay/src/imap/search/sift.rs"]
mod sift;

use std::sync::Arc;

use mailstore::Mailstore;
use names::{AccountId, FolderId};
use wire::imap::SearchKey;

use self::key::Plan;
pub(in crate::imap) use self::memory::Memory;
use self::sift::{Backwards, Rows, Sifter};
use super::door::ImapDoor;

/// How deep a search looks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LooksAt {
    Flags,
    Headers,
    Letters,
}

/// A store with its door, as a process has them.
pub(crate) struct Opened {
    pub(crate) store: Mailstore,
    door: ImapDoor,
}

impl Opened {
    pub(crate) fn new(store: Mailstore) -> Self {
        Self { store, door: ImapDoor::default() }
    }
}

/// How many letters of the folder match.
pub(crate) async fn ask(opened: &Opened, account: AccountId, folder: FolderId, key: SearchKey) -> usize {
    let Opened { store, door } = opened;
    let plan = Plan::of(key, store, account, crate::store::NOW).expect("one text");
    let view = store.view(account, folder).await.expect("the folder's view");
    let rows = Rows::Viewed { view, done: 0, backwards: Backwards::No };
    let mut sifter = Sifter { door: door.clone(), store: store.clone(), account, plan: Arc::new(plan), rows };
    let mut found = 0;
    while let Some(page) = sifter.next().await.expect("a page") {
        found += page.len();
    }
    found
}
