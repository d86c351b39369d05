//! Every size, count and duration of this room, with its unit and source.

use names::SECOND;

/// Entries in a page when nothing is said (DOMAIN §4.1).
pub const PAGE: usize = 50;
/// Entries in a page at most (RELIABILITY D-10).
pub const PAGE_MAX: usize = register::limits::PAGE;
/// Octets of a query string, or of the form that stands for it.
pub const QUERY_OCTETS: usize = 8 * 1024;
/// Parameters of a question; a mask of a mail program fills about ten.
pub const PARAMETERS: usize = 30;
/// Alternatives of one parameter (`a,b,c`).
pub const ALTERNATIVES: usize = 20;
/// Characters of one value.
pub const VALUE_CHARACTERS: usize = 200;
/// Characters of a word that may stand anywhere in a text (RELIABILITY D-10).
pub const CONTAINS_CHARACTERS: usize = register::limits::CONTAINS_CHARACTERS;
/// Pages of the register looked at for one page of ours, where entries of a page may fall away.
pub const ROUNDS: usize = 5;
/// The same, to count what cannot be counted by the register alone.
pub const COUNTING_ROUNDS: usize = 20;
/// Octets of a posted resource.
pub const BODY_OCTETS: usize = 64 * 1024;
/// Octets of a body that is too long which are read and thrown away, so that its sender hears why it is refused.
pub const HEARD_OUT_OCTETS: usize = 1024 * 1024;
/// Operations in one patch.
pub const OPERATIONS: usize = 50;
/// Characters of a path in a patch.
pub const PATH_CHARACTERS: usize = 1_000;
/// Characters of a description, a service or a name in a patch.
pub const TEXT_CHARACTERS: usize = 300;
/// Milliseconds an answer may take; over it, it is an error (DOMAIN §4.1 says 30 s of the national service).
pub const ANSWER: i64 = 10 * SECOND;
/// Milliseconds to send the head of a request.
pub const HEAD_TIMEOUT: i64 = 20 * SECOND;
/// What is read and thrown away of somebody whom we have answered and who still speaks.
pub const HEAR_OUT: net::HearOut =
    net::HearOut { octets: HEARD_OUT_OCTETS, time: std::time::Duration::from_secs(2) };
/// Octets of the head of a request: the query and what programs send beside it.
pub const HEAD_BYTES: usize = 16 * 1024;
/// Answers made at the same time; further ones wait their turn.
pub const AT_ONCE: usize = 32;
/// Entries a key may be given in a day when its issuer says nothing (RELIABILITY D-11): a large hospital's
/// programs ask some thousand times a day, the whole directory has a million.
pub const DAILY_ENTRIES: u64 = 20_000;
