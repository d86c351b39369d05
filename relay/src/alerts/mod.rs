//! Notices outside: something waits in your space. They say nothing about health.
//!
//! A notice is a row written in the transaction of the act it tells (`store::due`), leased by a
//! [`Worker`], and sent over a [`Channel`]. Sign-in codes leave at once by [`send_code`]: they live
//! ten minutes and are never written down.

mod channel;
mod email;
mod sms;
pub(crate) mod store;
#[cfg(test)]
pub(crate) mod tests;
mod texts;
mod worker;

pub(crate) use channel::Notice;
pub use channel::{Channel, ChannelError, Channels, Destination};
pub use email::{EmailChannel, Smarthost, SmarthostTls};
pub use sms::{SmsChannel, SmsGateway};
pub use store::{Notices, notices};
pub use worker::{Worker, send_code};
