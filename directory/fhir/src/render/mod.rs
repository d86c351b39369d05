//! From entries of the register to resources (DOMAIN §4.1). Pure.
//!
//! A mailbox on the red list is never rendered, whoever asks and whatever the register gave.

mod organization;
mod parts;
mod practitioner;
mod role;
mod telecom;
#[cfg(test)]
mod tests;

pub(crate) use organization::organization;
pub(crate) use parts::{instant, version};
pub(crate) use practitioner::practitioner;
pub(crate) use role::role;
pub(crate) use telecom::Restricted;
