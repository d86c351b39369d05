//! The mailbox door's searching, with a door that has nothing but its memory.
#![allow(dead_code, private_interfaces)]

#[path = "../../../../relay/src/imap/limits.rs"]
pub(crate) mod limits;
#[path = "../../../../relay/src/imap/words.rs"]
pub(crate) mod words;

pub(crate) mod door {
    use std::sync::Arc;

    #[derive(Clone, Default)]
    pub(crate) struct ImapDoor(Arc<super::search::Memory>);

    impl ImapDoor {
        pub(crate) fn memory(&self) -> &super::search::Memory {
            &self.0
        }
    }
}

pub(crate) mod search;
