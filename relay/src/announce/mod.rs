//! What people are told outside about their profile (DESIGN §2.5, DOMAIN §6.1): an e-mail, a text message, or
//! a letter to print.
//!
//! Rows stand in the directory, written with the act they tell; an [`Announcer`] leases and settles them as the
//! worker of notices does. A temporary code is in the row until it left, and never in a log.

mod letter;
mod spool;
#[cfg(test)]
mod tests;
mod texts;
mod worker;

pub use spool::{Spool, SpoolError};
pub use worker::Announcer;
