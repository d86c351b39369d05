//! Every size, count and duration of the directory's LDAP door, with its unit and source.

use std::time::Duration;

/// Octets of one message: the longest honest one is a search with some tens of attributes.
pub const MESSAGE: usize = 64 * 1024;
/// How deep the elements of a message stand in one another; the codec refuses at 128, a person's program
/// needs ten.
pub const DEPTH: usize = 48;
/// Tests and operators of one filter.
pub const FILTER_NODES: usize = 256;
/// Characters of a value that is looked for.
pub const VALUE: usize = 1024;
/// Attributes one search may choose.
pub const CHOSEN: usize = 128;
/// Controls of one message.
pub const CONTROLS: usize = 16;
/// Keys of one sort (RFC 2891 allows any number).
pub const SORT_KEYS: usize = 8;

/// Entries one answer holds at most, or one page of it (RELIABILITY D-09; DOMAIN §4.3).
pub const ENTRIES: usize = 100;
/// How long one search may take (RELIABILITY D-09).
pub const SEARCH: Duration = Duration::from_secs(2);
/// Holders that one search looks at, when no index narrows the question.
pub const EXAMINED: usize = 20_000;
/// Entries that are put in order for one search; a question with more answers is not sorted.
pub const SORTED: usize = 1_000;
/// Questions that an or-filter is cut into; wider ones walk.
pub const ALTERNATIVES: usize = 16;
/// Holders that a forgiving comparison finds: the best ones.
pub const FORGIVEN: usize = 200;
/// Forgiving comparisons in one filter; what is beyond is compared word by word.
pub const FORGIVING: usize = 4;
/// Lists that wait in one connection for the next page or window to be asked for.
pub const KEPT: usize = 4;
/// Entries that one step gives the connection at most.
pub const STEP: usize = 25;

/// Refused binds in one connection before it is closed (RELIABILITY A-01).
pub const BINDS: u32 = 3;
/// Faulty requests in one connection before it is closed.
pub const FAULTS: u32 = 50;

/// How long somebody who has not signed in may stay silent.
pub const STRANGER: Duration = Duration::from_secs(60);
/// How long a mail program may keep its connection without a question.
pub const IDLE: Duration = Duration::from_secs(15 * 60);
/// How long half a message may stay alone.
pub const HALF: Duration = Duration::from_secs(30);
