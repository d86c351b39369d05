//! The published directory over FHIR R4 (DOMAIN §4.1, §4.2). It knows the register and nobody else: no path
//! leads to a patient.
#![warn(missing_docs)]

mod access;
mod answer;
mod ask;
mod capability;
pub mod catalog;
mod door;
mod ids;
mod kind;
pub mod limits;
mod negotiation;
mod openapi;
mod outcome;
mod pairs;
mod patch;
mod publish;
mod render;
mod search;
mod serve;
pub mod systems;
mod tally;
#[cfg(test)]
mod testing;
mod view;

pub use access::{Cause, Change, Client, Denied, Description, Gatekeeper, Holder, Publisher, Refused};
pub use door::{Fhir, Settings};
pub use kind::Kind;
pub use outcome::{Issue, Trouble};
pub use tally::{Tally, TallyCounts};
