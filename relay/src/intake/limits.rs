//! Every bound of the intake, with unit and source.

use names::{DAY, HOUR};

/// Kibibytes of letters that may wait for the committer, over all sessions. A letter to a hundred
/// patients with the longest of heads weighs 20 MiB; a thousand sessions may not each bring one.
pub(super) const WAITING_KIB: u32 = 64 * 1024;
/// How long an identical submission gets the first answer again, in ms (DESIGN §6).
pub(super) const RESUBMISSION: i64 = HOUR;
/// The same for another operator's server, in ms: longer than its queue keeps a letter (DESIGN §6).
pub(super) const PEER_RESUBMISSION: i64 = 7 * DAY;
/// Times a letter is prepared anew because something changed under it.
pub(super) const ATTEMPTS: usize = 4;
/// Octets of a body that are as dear to write as an entry of a mailbox: letters with documents wait for nobody (ADR 0031).
pub(super) const AN_ENTRY: u64 = 2_048;
