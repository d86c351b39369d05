//! The rules, as pure functions over a snapshot (DESIGN §2.5).
//!
//! [`decide`] judges one recipient of one letter. A door loads a [`Snapshot`] (what the house knows
//! about the two parties), describes the [`Request`] (who acts, and what they do), and gets a
//! [`Decision`] whose application leaves no choice: either a [`Refusal`] with a stable rule id, or a
//! [`Delivery`] that says how contacts change, whether documents are filed, which alert is due.
//! Doors ask early (RCPT, a greyed-out button: [`preview`]) and again inside the write unit.
//!
//! Nothing here reads a clock, a database or a socket: `now` is an argument, and the manifest lists
//! no crate that could.
//!
//! ```
//! use policy::{Act, Actor, Decision, Mailbox, Party, Purpose, Refusal, Request, Snapshot, decide};
//! # use names::{Address, Timestamp};
//! let doctor = Mailbox::remote(Address::parse("dr.martin@cabinet.example")?);
//! let snapshot = Snapshot::between(Party::Professional(doctor), Party::OutsideTrust);
//! let request = Request { actor: Actor::Own, purpose: Purpose::Mail, act: Act::Recipient };
//! let decision = decide(&snapshot, &request, Timestamp(0));
//! assert_eq!(decision, Decision::Refuse(Refusal::RecipientOutsideTrust));
//! # Ok::<(), names::AddressError>(())
//! ```
#![warn(missing_docs)]

pub mod alerts;
mod by_patient;
mod by_professional;
mod contact;
mod decide;
mod decision;
pub mod filing;
mod grant;
mod identity;
pub mod limits;
pub mod mandate;
mod patient_name;
pub mod placing;
mod preview;
mod recipient;
mod refusal;
pub mod reply;
mod report;
mod request;
pub mod schedule;
pub mod secrecy;
pub mod sending;
mod settings;
mod snapshot;

#[cfg(test)]
mod histories;
#[cfg(test)]
mod invented;
#[cfg(test)]
mod letter_details;
#[cfg(test)]
mod truth_table;

pub use alerts::{Alert, AlertKind, Audience};
pub use contact::{Answered, Blocks, Contact, ContactChange, ContactState, NoAnswer, Switch};
pub use decide::decide;
pub use decision::{Answerable, Byline, Decision, Delivery, Event, Filing, Place, Recorded, Warning};
pub use grant::Grant;
pub use mandate::{Mandate, MandateKind, MandateState};
pub use preview::{Preview, preview};
pub use refusal::Refusal;
pub use request::{
    Act, Actor, Content, Letter, LetterKind, Purpose, ReportMatch, Request, fin_by_header, fin_by_subject,
};
pub use secrecy::{Secrecy, Viewer};
pub use sending::{Allowance, Allowances};
pub use settings::{
    AmbiguousMime, NameMismatch, PatientFields, PharmacyMode, Reach, RemotePatient, Settings,
};
pub use snapshot::{Acquaintance, Home, Mailbox, MailboxState, Party, Patient, PatientHome, Snapshot};
