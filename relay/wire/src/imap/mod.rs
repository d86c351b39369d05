//! The IMAP server: IMAP4rev1 and IMAP4rev2 (RFC 3501, RFC 9051) with the extensions of `capabilities.rs`.
//!
//! [`Server`] is one session. It alone knows sequence numbers: it keeps the view of the selected
//! folder, tells the client what comes and goes only where the RFC allows, and asks the world by
//! UID. The world side is in [`Ask`] and [`Answer`]: read those two first.
//!
//! Letters are never parsed here: FETCH is answered from the [`Summary`](crate::mime::Summary) made
//! at delivery and from ranges of the two stored blocks ([`Described::spans`]).

mod acl;
mod alias;
mod append;
mod ask;
mod authenticate;
mod capabilities;
mod command;
mod condstore;
mod config;
mod described;
mod enabled;
mod fetch;
mod fetch_items;
mod find;
mod flags;
#[cfg(test)]
mod floods;
mod folders;
mod found;
mod idle;
pub mod limits;
mod list;
mod metadata;
mod name;
mod namespace;
mod notify;
#[cfg(test)]
mod oracle;
mod pattern;
mod placing;
#[cfg(test)]
mod proofs;
mod quota;
mod reader;
mod reply;
mod returns;
mod rights;
mod scan;
mod search;
mod sections;
#[cfg(test)]
mod sections_proofs;
mod select;
mod server;
mod session;
mod set;
mod sort;
#[cfg(test)]
mod sorting;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod stage_letters;
mod status;
mod store;
mod structure;
mod thread;
#[cfg(test)]
mod thread_oracle;
mod view;
#[cfg(test)]
mod world;

pub use acl::{AclAnswer, AclAsk, AclChange};
pub use ask::{
    Access, Answer, Ask, Changes, Code, Copied, Count, Deleted, FetchRow, FlagChange, Folder, FolderKind,
    MailboxId, MarkSeen, Match, Mode, ObjectIds, Placed, Refusal, Selected, Since, Status, Subscription,
    Wanted,
};
pub use config::Config;
pub use described::Described;
pub use enabled::Strings;
pub use fetch_items::{Content, FetchItem, FetchItems, Label, Reading, Section, SectionText};
pub use flags::{Flags, Keyword, StoreMode, SystemFlag};
pub use limits::Limits;
pub use metadata::{Annotate, Annotation, EntryName, Sharing};
pub use name::{DELIMITER, FolderName, NameError, Role};
pub use namespace::Namespaces;
pub use notify::{Notice, TellCounters, Watch, WatchEvents, WatchFolders, WatchGroup, WatchSelected};
pub use quota::{QuotaAsk, QuotaRoot};
pub use rights::AclRights;
pub use scan::Date;
pub use search::{EnvelopeField, SearchKey, When};
pub use sections::{Block, Span};
pub use server::Server;
pub use set::UidSet;
pub use sort::{Direction, SortBy, SortKey};
pub use thread::{Tangled, ThreadBy, Threadable, Threaded, Threads, reference};
