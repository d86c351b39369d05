//! Every bound of the MX door's world, with unit and source.

use names::MINUTE;

/// Received fields a letter may have when it comes in (RELIABILITY S-09; RFC 5321 §6.3 asks for a
/// hundred at least and our own trace field stops earlier).
pub const HOPS: usize = 50;
/// Times a letter may have left this house when it comes in: once is a letter that was sent on to
/// somebody of ours, twice is a loop (RELIABILITY S-09).
pub const OWN_TRACES: usize = 1;
/// Recipients that nobody has, and reports on nothing, for which one operator is not yet suspected of
/// guessing (RELIABILITY S-07, S-10) ...
pub const STRIKES: u32 = 50;
/// ... in this time, in ms; as long it waits then.
pub const STRIKES_TIME: i64 = 10 * MINUTE;
/// Operators whose strikes are remembered: the national list has some hundreds. (ours)
pub const WATCHED: usize = 10_000;
