//! Every bound of the queue, with unit and source.

use names::{DAY, HOUR, MINUTE, SECOND};
use std::time::Duration;

/// Age at which a waiting letter is given up, in ms (DESIGN §6).
pub const EXPIRY: i64 = 2 * DAY;
/// Age at which the sender is told that a letter is late, in ms (DESIGN §6).
pub const TOLD_LATE: i64 = 4 * HOUR;
/// Waits between tries, in ms; then the last one again and again (RELIABILITY §3.6).
pub const WAITS: [i64; 5] = [MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR];
/// How far a wait is moved by chance, in thousandths (RELIABILITY R-27).
pub const JITTER: i64 = 200;
/// How long a worker may keep a row, in ms: longer than the longest time-out of SMTP, ten minutes for the
/// answer to the final dot (RFC 5321 §4.5.3.2.6). Renewed while the work goes on.
pub const LEASE: i64 = 15 * MINUTE;
/// How often leases are renewed.
pub const RENEWAL: Duration = Duration::from_secs(4 * 60);
/// Times that a worker may die over a row before it is put aside (RELIABILITY R-26).
pub const STRIKES: u32 = 3;
/// How long a server must live before it takes again what was in hand when it last died, in ms. One that is killed
/// again and again, whatever the cause, would count a strike each time on whichever of these letters is under way;
/// a letter that kills does so after this rest as well. (ours)
pub const REST: i64 = 5 * SECOND;
/// Rows taken by one statement.
pub const BATCH: usize = 256;
/// Rows in hand at once; a letter in hand has up to 16 KiB of body in memory.
pub const IN_HAND: usize = 512;
/// Rows in hand for one domain: a slow one may not take the room of all (RELIABILITY R-17).
pub const IN_HAND_DOMAIN: usize = 256;
/// Characters of a peer's reply that are kept.
pub const REPLY: usize = 500;
/// Sessions to one domain, and to one host of another operator (RELIABILITY R-27).
pub const SESSIONS_DOMAIN: usize = 20;
/// Sessions to one domain once a first letter has passed (RELIABILITY R-27).
pub const SESSIONS_PROVEN: usize = 5;
/// Sessions to all.
pub const SESSIONS: usize = 200;
/// How long a connection is kept for the next letter.
pub const IDLE: Duration = Duration::from_secs(5);
/// How long a domain that could not be reached is left alone, in ms; the first row due after it probes.
/// Shorter than the shortest first wait, less its chance: a row that comes back in front of a shut domain
/// would spend a try on nothing and wait for the next step. (ours)
pub const SHUT: i64 = 40 * SECOND;
/// How long a domain waits for a slot at a host that other domains fill, in ms. (ours)
pub const CROWDED: i64 = 500;
/// Recipients of one transaction: what every server must take (RFC 5321 §4.5.3.1.8).
pub const RECIPIENTS: usize = 100;
/// Longest sleep between two looks: another process may have written a row.
pub const LOOK: Duration = Duration::from_secs(30);
/// How long one letter may take on the wire before its session is given up: a peer that takes an octet
/// a second is silent for no longer than the time-outs allow (RELIABILITY R-17).
pub const LETTER: Duration = Duration::from_secs(30 * 60);
/// Hosts of a domain that are tried (a list without end is an attack).
pub const HOSTS: usize = 16;
/// Addresses of one host that are tried.
pub const ADDRESSES: usize = 8;
/// How long the last good route stands in when DNS fails, in ms (RELIABILITY R-15).
pub const STALE_ROUTE: i64 = DAY;
/// How long one question to DNS may take, with its repeats.
pub const DNS: Duration = Duration::from_secs(20);
/// Times that a letter goes to a new connection at once because the kept one was dead. (ours)
pub const UNHEARD: u32 = 2;
/// Letters in a row that fail for a reason of the peer's before its domain is shut for a while. (ours)
pub const STUMBLES: u32 = 3;
/// Shortest sleep between two looks at the table.
pub const SHORTEST: Duration = Duration::from_millis(200);
/// Waits between tries to write what a peer answered: a database that restarts is waited for.
pub const SETTLE_AGAIN: [Duration; 8] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(20),
    Duration::from_secs(30),
    Duration::from_secs(60),
];
/// How long a host that a long ClientHello does not reach is spared it, in ms. (ours)
pub const SMALL_HELLO: i64 = 3 * DAY;
/// Rows that one look or one drop of an operator takes.
pub const SHOWN: u32 = 1_000;
