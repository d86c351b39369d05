//! The published directory over LDAPv3 (RFC 4511). It knows the register and nobody else: no path leads to a patient.
//!
//! [`Server`] is the protocol as a machine without a socket; [`LdapWorld`] answers what it asks from a
//! [`Source`], which is the register; a [`Gatekeeper`] says who is who. Entries, attributes and limits are
//! described in `docs/ldap.md`.
#![warn(missing_docs)]

#[cfg(test)]
extern crate self as ldap;

mod answer;
mod ber;
mod controls;
mod dn;
mod entry;
mod filter;
#[cfg(test)]
#[path = "../../../fuzz/src/ldap.rs"]
mod fuzzed;
mod gatekeeper;
pub mod limits;
mod message;
mod order;
mod plan;
mod reason;
mod schema;
mod server;
mod source;
#[cfg(test)]
mod survival;
mod tally;
#[cfg(test)]
mod testing;
mod values;
mod walk;
mod world;

pub use answer::{BUSY, Outcome};
pub use controls::{Aim, PageWish, SortFault, SortKey, SortWish, ViewWish, Viewed, Wishes};
pub use dn::{Base, Nearest, NotADn, Target};
pub use entry::Entry;
pub use filter::{Any, Filter, Like, Test};
pub use gatekeeper::{Caller, Credentials, Gatekeeper, Refused};
pub use message::Scope;
pub use reason::Reason;
pub use schema::{ARC, Attribute};
pub use server::{Answer, Ask, Comparison, Ended, Question, Server};
pub use source::{Leaf, Source};
pub use tally::{Tally, TallyCounts};
pub use world::{House, LdapWorld};

/// What the operator chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The name under which everything stands.
    pub base: Base,
    /// The arc of object identifiers under which attributes and classes of this house stand; see [`ARC`].
    pub arc: String,
    /// Who may read.
    pub readers: Readers,
}

/// Who may read the directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Readers {
    /// Who has a mailbox.
    SignedIn,
    /// Whoever reaches the door.
    Everybody,
}
