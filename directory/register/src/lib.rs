//! The published directory: who practises where, and by which mailbox they are written to.
//!
//! It holds professionals, their situations of practice, organisations and mailboxes, from the
//! national extracts and from this house. Nobody here is a patient, and no function leads to one:
//! the doors that outsiders search (LDAP, FHIR) know this room and not `directory`.
#![warn(missing_docs)]

mod entities;
mod error;
pub mod import;
mod index;
pub mod invent;
pub mod limits;
pub mod local;
mod merge;
mod parts;
mod query;
mod quota;
mod register;
pub mod resolve;
mod search;
pub mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod words;

pub use entities::{
    Category, Coded, Listing, ListingId, Mailbox, Organisation, Place, Professional, Situation, Source,
    Standing,
};
pub use error::Error;
pub use query::{Criterion, Match, Page, Query, Token, Wanted};
pub use quota::{Alarm, Granted, Quota};
pub use register::{Register, Sight};
pub use search::Found;

/// The tables of this room.
pub const MIGRATIONS: &[db::Migration] = &[
    db::Migration { name: "register/0001", sql: include_str!("../migrations/0001.sql") },
    db::Migration { name: "register/0010", sql: include_str!("../migrations/0010.sql") },
    db::Migration { name: "register/0020", sql: include_str!("../migrations/0020.sql") },
    db::Migration { name: "register/0040", sql: include_str!("../migrations/0040.sql") },
];
