//! SMTP, server side: submission (RFC 6409) and the door of other operators (RFC 5321).
//!
//! [`Server`] is the machine; [`Ask`] and [`Answer`] are its talk with the world; [`Config`] is what
//! an operator sets; [`Reply`] is what peers read; [`received()`] writes the trace field.
//!
//! ```text
//! C: MAIL FROM:<dr@cabinet.example>      → Ask::Sender      → Answer::Sender(Ok(()))
//! C: RCPT TO:<patient@patient.example>   → Ask::Recipient   → Answer::Recipient(Ok(()))
//! C: DATA                                → Ask::Data(trace) → Answer::Data(Ok(()))
//! C: Subject: …                          → Action::Push(bytes), any number
//! C: .                                   → Ask::Finish      → Answer::Finished(Ok(Accepted { queue }))
//! S: 250 2.0.0 0000000000001 accepted
//! ```

mod ask;
#[cfg(test)]
mod attacks;
#[cfg(test)]
mod chunk_proofs;
mod command;
mod config;
mod letter;
pub mod limits;
#[cfg(test)]
mod oracle;
mod parameters;
#[cfg(test)]
mod proofs;
mod received;
mod reply;
mod server;
#[cfg(test)]
mod session;
#[cfg(test)]
mod stage;
mod tally;
mod values;
mod xtext;

pub use ask::{Accepted, Answer, Ask, Discard, Protocol, Trace};
pub use config::{Config, Extension, Role};
pub use limits::Limits;
pub use parameters::{
    Body, ByMode, DeliverBy, Hold, MailDsn, MailParameters, Notify, NotifyWhen, OriginalRecipient,
    RcptParameters, Ret,
};
pub use received::{Origin, received};
pub use reply::{BUSY, Reply};
pub use server::Server;
