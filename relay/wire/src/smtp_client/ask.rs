//! What the SMTP client asks the world, and what the world may say.

use super::{Capabilities, Envelope, Failure, Settled};
use bytes::Bytes;

/// A question. A session asks, in this order:
///
/// ```text
/// Ready → (Content) → Settled → (Content) → Settled → …
/// Failed                        when there is nothing to settle
/// ```
///
/// Between two letters, and after a `Ready` that was answered with `Done`, the machine is *listening*:
/// the next letter is an event, and so is the peer's farewell. A connection that died while it was kept
/// is therefore noticed before a letter is given to it.
///
/// Every transaction that was handed over is settled, exactly once, whatever happens. `Failed` comes
/// at most once and only before `Ready`; a session whose peer goes away between two letters,
/// or allows no more of them (LIMITS MAILMAX), simply ends after `Settled`.
#[derive(Debug, PartialEq, Eq)]
pub enum Ask {
    /// The peer is ready for letters. → [`Answer::Transaction`], [`Answer::Done`] when there is none yet,
    /// or [`Answer::Quit`]
    Ready(Capabilities),
    /// The letter's octets, as a [`Pull`](crate::Action::Pull) → [`Answer::Chunk`] any number of
    /// times, then the end of the stream. As stored, with CRLF line ends; the machine stuffs dots.
    Content,
    /// The transaction is over: commit this. → [`Answer::Done`]
    Settled(Settled),
    /// No letter could be sent over this connection. → [`Answer::Done`]
    Failed(Failure),
}

/// What the world says.
#[derive(Debug)]
pub enum Answer {
    /// The next letter.
    Transaction(Box<Envelope>),
    /// No more letters.
    Quit,
    /// A piece of the letter; some tens of kilobytes at most.
    Chunk(Bytes),
    /// In place of a piece: the rest of the letter cannot be read. The transaction is broken off,
    /// without an end mark, and its recipients are deferred.
    Unreadable,
    /// `Settled` or `Failed` is done; `Ready` is heard, and there is no letter yet.
    Done,
}
