//! Every size, count and time of this crate.

use std::time::Duration;

/// Bytes read from a plain socket at once. RFC 2920 sends whole pipelined groups in one segment.
pub(crate) const READ: usize = 16 * 1024;

/// Bytes of output held back before they are written although the machine has more to say
/// (RELIABILITY I-02 allows 256 KB per session; rustls holds at most another 64 KB).
pub(crate) const PENDING: usize = 64 * 1024;

/// What a socket holds back because more follows at once, in bytes: the flights of a handshake, last words.
pub(crate) const HELD: usize = 16 * 1024;

/// What a peer has to take one write, however small.
pub(crate) const WRITE_PATIENCE: Duration = Duration::from_secs(60);

/// What a peer to whom we bring a letter has to take one block of it (RFC 5321 §4.5.3.2.5).
pub(crate) const BLOCK_PATIENCE: Duration = Duration::from_secs(180);

/// A connection to another operator, until it is open. An honest host answers in one round trip or
/// is dead; the next one of the list is waiting.
pub(crate) const CONNECT: Duration = Duration::from_secs(30);

/// How long the words of a peer that no longer takes ours are listened to.
pub(crate) const LAST_WORDS: Duration = Duration::from_secs(1);

/// The slowest peer we serve, in bytes per second, reading or writing. A body that comes slower
/// eats the state's patience up (RELIABILITY S-16).
pub(crate) const SLOWEST: u64 = 1024;

/// The time the slowest peer takes for this many bytes.
pub(crate) fn at_slowest(bytes: usize) -> Duration {
    Duration::from_millis(bytes as u64 * 1000 / SLOWEST)
}

/// A TLS handshake, both directions, from the first byte (RELIABILITY S-16).
pub(crate) const HANDSHAKE: Duration = Duration::from_secs(20);

/// How long a closed connection may stay half open so that the peer can read our last words
/// (closing a socket with unread input resets it and destroys them).
pub(crate) const LINGER: Duration = Duration::from_secs(1);

/// What is read and thrown away during that time, in bytes.
pub(crate) const LINGER_BYTES: usize = 256 * 1024;

/// How long connections may take to finish after a stop, unless the door says otherwise.
pub const DRAIN: Duration = Duration::from_secs(20);

/// Pause after an accept failed for want of descriptors or memory.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Connections the kernel may hold for us before we accept them (S10: 10,000 clients reconnect).
pub(crate) const BACKLOG: u32 = 4_096;

/// Connections of all doors together (S10: 10,000 idle sessions, and room for letters).
pub(crate) const CONNECTIONS: usize = 12_000;

/// Connections of one address, an IPv6 address being its /64 (RELIABILITY I-06).
pub(crate) const CONNECTIONS_PER_ADDRESS: usize = 200;

/// Failed sign-ins that cost nothing, per account (RELIABILITY A-01).
pub(crate) const FREE_FAILURES: u32 = 5;

/// Different accounts one network (/24, /64) may fail on at no cost. A hospital hides thousands of
/// people behind one address, so a network pays for *different* accounts only: spraying, not a
/// telephone with an old password.
pub(crate) const FREE_ACCOUNTS: u32 = 20;

/// The longest delay, in milliseconds: never a permanent lock (RELIABILITY A-01).
pub(crate) const LONGEST_DELAY: i64 = 15 * names::MINUTE;

/// Failures are forgotten this long after the last one, in milliseconds.
pub(crate) const FORGET: i64 = 60 * names::MINUTE;

/// A network from which an account signed in is known this long, in milliseconds.
pub(crate) const KNOWN: i64 = 30 * names::DAY;

/// Span in which failed sign-ins of all doors are counted together, in milliseconds.
pub(crate) const SURGE_SPAN: i64 = 5 * names::MINUTE;

/// A span with this many times the usual failures is told (RELIABILITY A-01).
pub(crate) const SURGE_FACTOR: f64 = 10.0;

/// Failures of a span that are usual everywhere: a small house is not woken for a handful.
pub(crate) const SURGE_FLOOR: f64 = 10.0;

/// How much one span counts for what is usual.
pub(crate) const SURGE_WEIGHT: f64 = 0.1;

/// Accounts, networks and pairs remembered; about 100 bytes each, twice this at most.
pub(crate) const REMEMBERED: usize = 50_000;

/// Octets of an HTTP answer that hyper holds at once, its header block included: enough for any
/// honest header.
pub(crate) const HTTP_BUFFER: usize = 64 * 1024;

/// Header fields of an HTTP answer.
pub(crate) const HTTP_HEADERS: usize = 64;

/// Characters of an unverified name in a log line: a distinguished name of the trust space has some
/// 120.
pub(crate) const LOGGED_NAME: usize = 300;

/// How often lists of revoked certificates are asked for. With its jitter of a fifth and one fetch,
/// a revoked certificate is refused at most 15 minutes after the list is published (RELIABILITY
/// T-08).
pub(crate) const LIST_INTERVAL: Duration = Duration::from_secs(10 * 60);

/// How soon after a list could not be had.
pub(crate) const LIST_RETRY: Duration = Duration::from_secs(2 * 60);

/// The longest delay after a list's `nextUpdate`, so that not all operators ask at once.
pub(crate) const LIST_SPREAD: Duration = Duration::from_secs(30);

/// One list, from looking the name up to its last octet.
pub(crate) const LIST_TIME: Duration = Duration::from_secs(60);
