//! The mailbox door: what the IMAP machine asks, answered from the store.
//!
//! [`ImapDoor`] is made once and gives each connection its [`ImapWorld`]. A session knows its login,
//! its watcher and, of the selected folder, only how far its news were told: sequence numbers are the
//! machine's, rows and letters stay in the store. What is read comes in pages, what is written is one
//! unit of work with its line in the trail, and watchers hear of it after the commit.

mod acl;
mod acts;
mod append;
mod door;
mod fetch;
mod folders;
mod limits;
mod metadata;
mod news;
mod notify;
mod quota;
mod refusals;
mod search;
mod select;
mod session;
mod shared;
#[cfg(test)]
mod tests;
mod texts;
mod trail;
mod words;
mod world;

pub use door::ImapDoor;
pub use quota::Quotas;
pub use world::ImapWorld;
