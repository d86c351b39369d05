//! The published directory over FHIR R4 (DOMAIN §4.1, §4.2). It knows the register and nobody else: no path
//! leads to a patient.
#![warn(missing_docs)]

mod ask;
pub mod catalog;
mod ids;
mod kind;
pub mod limits;
mod outcome;
mod pairs;
mod render;
pub mod systems;
#[cfg(test)]
mod testing;
mod view;

pub use kind::Kind;
pub use outcome::{Issue, Trouble};
