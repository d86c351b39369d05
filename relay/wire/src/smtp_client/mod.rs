//! SMTP, client side: the way out to other operators (RFC 5321).
//!
//! [`Client`] is the machine of one connection; [`Ask`] and [`Answer`] are its talk with the world;
//! [`Envelope`] is what it is given to send, [`Settled`] what became of it, recipient by recipient.
//!
//! ```text
//! S: 220 …                                C: EHLO
//! S: 250-… 250 STARTTLS                   C: STARTTLS
//! S: 220 …        (handshake, EHLO again) → Ask::Ready(capabilities)  → Answer::Transaction(envelope)
//! C: MAIL FROM / RCPT TO … / DATA         (in one group when PIPELINING is offered)
//! S: 354 …                                → Ask::Content (pulled)     → Answer::Chunk(bytes) …, end
//! C: the letter, dots stuffed, CRLF.CRLF
//! S: 250 …                                → Ask::Settled(…)           → Answer::Done
//!                                         (listening)  event: the next letter, or Answer::Quit
//! C: QUIT
//! ```
//!
//! No letter goes in the clear: without STARTTLS, or implicit TLS, there is a [`Failure`]. The letter
//! is not changed by one octet besides the stuffing of dots.

mod ask;
mod capabilities;
mod client;
mod config;
mod envelope;
mod failure;
pub mod limits;
mod outcome;
mod reply;
#[cfg(test)]
mod tests;
mod transaction;

pub use ask::{Answer, Ask};
pub use capabilities::{Capabilities, Size};
pub use client::Client;
pub use config::Config;
pub use envelope::{ContentKind, Envelope, EnvelopeRecipient, TimeLeft};
pub use failure::{Failure, Phase};
pub use limits::Limits;
pub use outcome::{Ours, RecipientOutcome, Settled, Why};
pub use reply::{Class, PeerReply, ReplyFault};
