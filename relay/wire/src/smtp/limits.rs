//! Every size, count and time of an SMTP session, in one table.

use names::{MINUTE, SECOND};

/// Octets of a command line with its CRLF. RFC 5321 §4.5.3.1.4 asks for at least 512; extensions
/// lengthen MAIL and RCPT; RELIABILITY S-17 sets 2,048.
pub const COMMAND_LINE: usize = 2_048;
/// Octets of an AUTH command or of an answer to a challenge, with CRLF (RFC 4954 §4).
pub const AUTH_LINE: usize = 12_288;
/// Octets of one text line of a letter, without CRLF (RFC 5321 §4.5.3.1.6, RFC 5322 §2.1.1).
/// Longer lines are refused rather than carried: the next operator would cut or refuse them, and a
/// cut line breaks signatures; the sender is told now, while they can still do something.
pub const TEXT_LINE: usize = 998;
/// Octets of a letter as it is on the wire, less dot-stuffing and end mark (RFC 1870 §3; DESIGN §6).
pub const LETTER: u64 = 25_000_000;
/// A refused letter is swallowed up to this many times the letter limit, then we hang up.
pub const SWALLOWED_LETTERS: u64 = 2;
/// Octets of one [`Push`](crate::Action::Push) to the world.
pub const PIECE: usize = 65_536;
/// Recipients of one letter (RFC 5321 §4.5.3.1.8 asks for at least 100).
pub const RECIPIENTS: u32 = 100;
/// Wrong commands between two accepted letters before we hang up (RELIABILITY S-17).
pub const ERRORS: u32 = 20;
/// Idle commands (NOOP, RSET, EHLO, HELP, VRFY) between two accepted letters (RELIABILITY S-17).
pub const JUNK: u32 = 100;
/// Senders and recipients refused by the world between two accepted letters (RELIABILITY S-10).
pub const REFUSALS: u32 = 200;
/// Failed sign-ins of one session.
pub const SIGN_IN_FAILURES: u32 = 3;
/// Octets of the name a client gives in EHLO (RFC 5321 §4.5.3.1.2).
pub const CLIENT_NAME: usize = 255;
/// Letters begun in one session (MAILMAX, RFC 9422); then a new connection must show its certificate,
/// or its login, again: a session kept for weeks would outlive a revocation.
pub const LETTERS: u32 = 10_000;
/// Characters of ENVID as written (RFC 3461 §4.4).
pub const ENVELOPE_ID: usize = 100;
/// Characters of ORCPT as written (RFC 3461 §4.2).
pub const ORIGINAL_RECIPIENT: usize = 500;
/// Seconds, at least, in which a letter may be asked to arrive or come back (DELIVERBY, RFC 2852 §4):
/// the queue's first two tries (DESIGN §6).
pub const BY_SHORTEST: i64 = 60;
/// Seconds for which a letter may be held at most (FUTURERELEASE, RFC 4865 §3): a week, so that a
/// mistake can still be told while its writer remembers.
pub const HOLD_LONGEST: i64 = 604_800;
/// Milliseconds in which one whole command line must arrive (RFC 5321 §4.5.3.2.7; total, so that a
/// byte now and then does not help, RELIABILITY S-16).
pub const COMMAND_TIME: i64 = 5 * MINUTE;
/// Milliseconds between two reads of a letter (RFC 5321 §4.5.3.2.5 gives the client 3 minutes).
pub const DATA_SILENCE: i64 = 3 * MINUTE;
/// Milliseconds in which a whole letter must arrive: 25 MB at 14 kB/s, a poor rural uplink.
pub const DATA_TIME: i64 = 30 * MINUTE;
/// Milliseconds that a machine waiting for the world or for a handshake allows.
pub const WORLD_TIME: i64 = 5 * MINUTE;
/// Shortest patience given to the driver, so that a passed deadline does not spin.
pub const SHORTEST_PATIENCE: i64 = SECOND / 100;

/// The limits an operator may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// See [`TEXT_LINE`].
    pub text_line: usize,
    /// See [`LETTER`]; announced by SIZE.
    pub letter: u64,
    /// See [`RECIPIENTS`]; announced by LIMITS.
    pub recipients: u32,
    /// See [`LETTERS`]; announced by LIMITS.
    pub letters: u32,
    /// See [`ERRORS`].
    pub errors: u32,
    /// See [`JUNK`].
    pub junk: u32,
    /// See [`REFUSALS`].
    pub refusals: u32,
    /// See [`SIGN_IN_FAILURES`].
    pub sign_in_failures: u32,
    /// See [`COMMAND_TIME`].
    pub command_time: i64,
    /// See [`DATA_SILENCE`].
    pub data_silence: i64,
    /// See [`DATA_TIME`].
    pub data_time: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            text_line: TEXT_LINE,
            letter: LETTER,
            recipients: RECIPIENTS,
            letters: LETTERS,
            errors: ERRORS,
            junk: JUNK,
            refusals: REFUSALS,
            sign_in_failures: SIGN_IN_FAILURES,
            command_time: COMMAND_TIME,
            data_silence: DATA_SILENCE,
            data_time: DATA_TIME,
        }
    }
}
