//! Reports: what we tell senders about their letters (RFC 3464), and which letter another server's
//! report speaks of (DESIGN §2.4).
//!
//! A report leaves with the null sender, and nothing is ever reported on a report or to a null sender
//! (RFC 5321 §6.1, RELIABILITY S-09): [`Relay::status_report`] answers none there. A report is prepared
//! outside the unit that settles what it tells ([`PreparedReport`]), and written inside it.

mod compose;
mod incoming;
mod note;
mod prepared;
#[cfg(test)]
mod tests;
pub(crate) mod texts;

pub(crate) use incoming::Reported;
pub use prepared::PreparedReport;
pub(crate) use prepared::{Parts, is_report};
pub use wire::mime::report::Action;

use crate::visible::Notice;
use names::{Address, QueueId, Timestamp};
use policy::Refusal;
use wire::mime::Head;

#[cfg(doc)]
use crate::Relay;

/// The letter that is reported on.
#[derive(Clone, Copy, Debug)]
pub struct Original<'a> {
    /// Its passage through the house.
    pub queue: QueueId,
    /// Its header block as the sender may see it: given back in the report, nothing of its body is.
    /// None when it cannot be read any more.
    pub head: Option<&'a Head>,
    /// ENVID, when the sender gave one.
    pub envelope_id: Option<&'a str>,
    /// When we took it.
    pub arrived: Timestamp,
}

/// What became of it for one recipient.
#[derive(Clone, Debug)]
pub struct Fate {
    /// The recipient.
    pub recipient: Address,
    /// ORCPT, type and address, when the sender gave one.
    pub original: Option<String>,
    /// What happened.
    pub action: Action,
    /// Enhanced status (RFC 3463).
    pub status: (u8, u8, u16),
    /// Who said so.
    pub cause: Cause,
    /// The far server, when one spoke.
    pub remote: Option<String>,
    /// When we give up, for a delay.
    pub retry_until: Option<Timestamp>,
}

/// Where a fate comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cause {
    /// A rule of ours: its sentence is told.
    Rule(Refusal),
    /// The far server's reply, as it came.
    Said(String),
    /// Only the status tells: a sentence is found for it.
    Status,
    /// In a patient's mailbox, with this many documents filed.
    Filed(u64),
    /// In a patient's mailbox, and nobody opened it; what became of the notice that it waits.
    Unopened(Notice),
}
