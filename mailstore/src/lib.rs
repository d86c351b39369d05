//! What we keep: accounts and their keys, letters and their places, contacts, conversations, dossiers.
//!
//! [`Mailstore`] is one value, cloned freely. Two kinds of functions hang on it:
//!
//! - *whole acts* (`append`, `store_flags`, `expunge`, `summaries`, …) open their own view or unit;
//! - *steps inside a unit* take `tx: &mut Tx` first (`deliver`, `load_contacts`, `file`, …): the relay
//!   puts several of them, and the lines of other rooms, into one transaction.
//!
//! **Prepare outside, write inside.** Everything that costs cryptography, reads the key store or writes
//! a blob happens before the unit: [`BodyWriter`] gives a [`SealedBody`], [`Mailstore::seal_head`] a
//! [`SealedHead`], [`AccountKey::own`] a [`WrappedKey`], [`Mailstore::thread`] and
//! [`Mailstore::new_document`] the sealed words. [`Mailstore::deliver`] then only inserts rows, a few
//! statements for a whole batch. A prepared value that is never written leaves at most an unreferenced
//! blob, which [`Mailstore::sweep`] removes a day later.
//!
//! **Keys.** master epoch → account key (own small database) → message key of a body → frames, heads,
//! summaries. A row in `body_key` is the reference that keeps a body alive; destroying an account key
//! ([`Mailstore::destroy_key`]) makes all its content unreadable, in old backups too.
//!
//! **Associated data** binds each sealed value to what it is and to its row ([`context`]), so nothing
//! sealed can be moved to another account, letter or column.
#![warn(missing_docs)]

mod accepted;
mod accounts;
mod annotations;
mod blobs;
mod body;
mod cache;
mod closed;
mod committer;
mod contacts;
pub mod context;
mod conversations;
mod counts;
mod crossing;
mod deliver;
mod dossier;
mod erasure;
mod error;
mod expunge;
mod fetch;
mod folders;
mod follow;
mod fresh;
mod gathering;
mod gists;
mod keys;
pub mod limits;
mod marks;
mod messages;
mod objects;
mod others;
mod parties;
mod places;
mod quota;
mod retention;
mod search;
mod segments;
mod since;
mod store;
mod subscriptions;
mod trace;
mod transfer;
mod verify;
mod views;
mod watch;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use accepted::{AcceptedKey, Passage, Recipients, Taken};
pub use accounts::{Account, AccountState, NewAccount};
pub use annotations::{Annotating, Annotation, Owner, Subject};
pub use blobs::{BlobName, Reserve, Room};
pub use body::{BodyReader, BodyWriter, SealedBody};
pub use closed::{ClosedLetter, ReadWith};
pub use committer::{Committer, CommitterError, Work};
pub use contacts::{Contact, ContactState};
pub use conversations::{Conversation, LetterRow, Thread, ThreadState};
pub use crossing::{Crossing, Leaving, Spot};
pub use deliver::{Delivered, Delivery, Hold, SealedHead, SealedLetter};
pub use dossier::{Confidentiality, Document, DocumentDraft, DocumentPart, NewDocument};
pub use erasure::Erased;
pub use error::Error;
pub use folders::{Doomed, Folder, FolderName, FolderNameError, NewFolder, Renaming};
pub use follow::Followed;
pub use gists::{GistOf, NewGist, Run, SealedGist};
pub use keys::{AccountKey, Keyring, QUEUE, WrappedKey};
pub use marks::{APPENDED, Flags, Keyword, Marks};
pub use messages::{EntryRow, FlagChange, Stored};
pub use parties::Party;
pub use places::{Hidden, Origin, Place, Role, Uid, Viewer};
pub use quota::{Quota, Usage};
pub use retention::{Due, Swept};
pub use search::Pages;
pub use since::{Gone, Known, Piece, Since};
pub use store::{Mailstore, Parts};
pub use subscriptions::{NewSubscription, Wish};
pub use trace::{Claims, Kept, Trace, TracedRecipient};
pub use transfer::Transferred;
pub use verify::{Depth, Finding, Report};
pub use views::FolderView;
pub use watch::{FolderNews, News, Touched, Watcher, Watchers};

/// The schema of the data, for `db.migrate`.
pub const MIGRATIONS: &[db::Migration] = &[
    db::Migration { name: "mailstore/0001", sql: include_str!("../migrations/0001.sql") },
    db::Migration { name: "mailstore/0002", sql: include_str!("../migrations/0002.sql") },
    db::Migration { name: "mailstore/0003", sql: include_str!("../migrations/0003.sql") },
    db::Migration { name: "mailstore/0004", sql: include_str!("../migrations/0004.sql") },
    db::Migration { name: "mailstore/0006", sql: include_str!("../migrations/0006.sql") },
    db::Migration { name: "mailstore/0007", sql: include_str!("../migrations/0007.sql") },
    db::Migration { name: "mailstore/0008", sql: include_str!("../migrations/0008.sql") },
    db::Migration { name: "mailstore/0009", sql: include_str!("../migrations/0009.sql") },
    db::Migration { name: "mailstore/0013", sql: include_str!("../migrations/0013.sql") },
    db::Migration { name: "mailstore/0020", sql: include_str!("../migrations/0020.sql") },
    db::Migration { name: "mailstore/0030", sql: include_str!("../migrations/0030.sql") },
    db::Migration { name: "mailstore/0050", sql: include_str!("../migrations/0050.sql") },
    db::Migration { name: "mailstore/0060", sql: include_str!("../migrations/0060.sql") },
    db::Migration { name: "mailstore/0070", sql: include_str!("../migrations/0070.sql") },
];

/// The schema of the account-key store, a database of its own.
pub const KEY_MIGRATIONS: &[db::Migration] =
    &[db::Migration { name: "mailstore-keys/0001", sql: include_str!("../migrations/keys_0001.sql") }];
