//! Every size, count and time of an SMTP session towards another operator, in one table.

use names::{MINUTE, SECOND};

/// Octets of one line of a reply with its CRLF. RFC 5321 §4.5.3.1.5 says 512; servers that quote a
/// whole policy in a refusal send more, and it costs us nothing to listen.
pub const REPLY_LINE: usize = 2_048;
/// Lines of one reply: an EHLO of today has about twenty.
pub const REPLY_LINES: usize = 128;
/// Octets of one reply, all lines.
pub const REPLY: usize = 16_384;
/// Octets of a reply's text that are kept for people and reports.
pub const REPLY_TEXT: usize = 1_024;
/// Commands sent and not yet answered. More could fill both directions of the connection while
/// neither side reads (RFC 2920 §3.1); a hundred commands and replies fit into any socket buffer.
pub const PIPELINED: usize = 100;

/// Milliseconds until the greeting (RFC 5321 §4.5.3.2.1).
pub const GREETING_TIME: i64 = 5 * MINUTE;
/// Milliseconds for EHLO, STARTTLS, RSET: not in the table of RFC 5321, so the one of MAIL.
pub const COMMAND_TIME: i64 = 5 * MINUTE;
/// Milliseconds for the answer to MAIL (RFC 5321 §4.5.3.2.2).
pub const MAIL_TIME: i64 = 5 * MINUTE;
/// Milliseconds for the answer to RCPT (RFC 5321 §4.5.3.2.3).
pub const RCPT_TIME: i64 = 5 * MINUTE;
/// Milliseconds until the 354 (RFC 5321 §4.5.3.2.4).
pub const DATA_TIME: i64 = 2 * MINUTE;
/// Milliseconds the peer may take for one block of the letter (RFC 5321 §4.5.3.2.5). The driver
/// counts it; the machine says it while content goes out.
pub const BLOCK_TIME: i64 = 3 * MINUTE;
/// Milliseconds for the answer to the end of the letter (RFC 5321 §4.5.3.2.6). Giving up earlier
/// makes duplicates: the peer has the letter and we do not know (RFC 1047).
pub const FINAL_TIME: i64 = 10 * MINUTE;
/// Milliseconds for the answer to QUIT. Nothing depends on it.
pub const QUIT_TIME: i64 = 5 * SECOND;
/// Milliseconds that a machine waiting for the world or for a handshake allows; both have clocks
/// of their own.
pub const WORLD_TIME: i64 = 10 * MINUTE;
/// Shortest patience given to the driver, so that a passed deadline does not spin.
pub const SHORTEST_PATIENCE: i64 = SECOND / 100;

/// The times that an operator, tests and benches may change. See the constants of the same names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// See [`GREETING_TIME`].
    pub greeting_time: i64,
    /// See [`COMMAND_TIME`].
    pub command_time: i64,
    /// See [`MAIL_TIME`].
    pub mail_time: i64,
    /// See [`RCPT_TIME`].
    pub rcpt_time: i64,
    /// See [`DATA_TIME`].
    pub data_time: i64,
    /// See [`BLOCK_TIME`].
    pub block_time: i64,
    /// See [`FINAL_TIME`].
    pub final_time: i64,
    /// See [`QUIT_TIME`].
    pub quit_time: i64,
}

impl Limits {
    /// None of them longer than this, in ms.
    #[must_use]
    pub fn at_most(&self, most: i64) -> Self {
        Self {
            greeting_time: self.greeting_time.min(most),
            command_time: self.command_time.min(most),
            mail_time: self.mail_time.min(most),
            rcpt_time: self.rcpt_time.min(most),
            data_time: self.data_time.min(most),
            block_time: self.block_time.min(most),
            final_time: self.final_time.min(most),
            quit_time: self.quit_time.min(most),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            greeting_time: GREETING_TIME,
            command_time: COMMAND_TIME,
            mail_time: MAIL_TIME,
            rcpt_time: RCPT_TIME,
            data_time: DATA_TIME,
            block_time: BLOCK_TIME,
            final_time: FINAL_TIME,
            quit_time: QUIT_TIME,
        }
    }
}
