//! Mail in, mail out, rules applied, notices sent.
//!
//! [`Relay`] takes letters from every door by one road: snapshot, [`policy::decide`], one unit of
//! work (`intake`). [`SubmissionWorld`] answers the SMTP machine of professionals' mail programs,
//! [`MxWorld`] that of other operators' servers. [`reports`] tells senders what became of their letters.
//! [`alerts`] carries notices outside.
#![warn(missing_docs)]

pub mod alerts;
pub mod announce;
mod erasure;
mod error;
mod facts;
mod identity;
pub mod imap;
mod inactivity;
mod intake;
mod letter;
pub mod mx;
mod parties;
mod patient_fields;
pub mod queue;
mod receipts;
mod replies;
pub mod reports;
mod sending;
mod sign_in;
mod submission;
mod tally;
#[cfg(test)]
mod testing;
pub mod visible;
mod web;

pub use erasure::ProfilesKept;
pub use error::Error;
pub use inactivity::{LastUse, MailboxesKept};
pub use intake::{Answering, Draft, Outcome, Parts, Peer, Relay, Source, Verdict, Wishes};
pub use letter::{Fault, Incoming, Letter};
pub use mx::MxWorld;
pub use sending::PatientHashes;
pub use sign_in::{Certificates, ChannelBinding, Entrance, Reader, ReadingDoor, SignInRefusal};
pub use submission::SubmissionWorld;
pub use tally::{Letters, RelayCounts, SignIns};
pub use web::{AnswerState, Opened, Visitor, Written};

/// The tables of this room.
pub const MIGRATIONS: &[db::Migration] = &[
    db::Migration { name: "relay/0001", sql: include_str!("../migrations/0001.sql") },
    db::Migration { name: "relay/0002", sql: include_str!("../migrations/0002_queue.sql") },
    db::Migration { name: "relay/0004", sql: include_str!("../migrations/0004_limits.sql") },
    db::Migration { name: "relay/0005", sql: include_str!("../migrations/0005_duties.sql") },
    db::Migration { name: "relay/0006", sql: include_str!("../migrations/0006_months.sql") },
];
