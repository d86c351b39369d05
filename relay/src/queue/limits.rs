//! Every bound of the queue, with unit and source.

use names::{DAY, HOUR, MINUTE};
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
/// Rows taken by one statement.
pub const BATCH: usize = 256;
/// Rows in hand at once; a letter in hand has up to 16 KiB of body in memory.
pub const IN_HAND: usize = 512;
/// Rows in hand for one domain: a slow one may not take the room of all (RELIABILITY R-17).
pub const IN_HAND_DOMAIN: usize = 256;
/// Characters of a peer's reply that are kept.
pub const REPLY: usize = 500;
