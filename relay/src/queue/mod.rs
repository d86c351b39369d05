//! Letters for other operators: rows written with the act that accepts a letter, leased by workers,
//! settled once.
//!
//! A row is one recipient. It stands in `outbound` while it waits and is deleted in the transaction that
//! settles it, together with the report to the sender and the release of the held body; what became of
//! it stays in `outbound_trace`. A worker that dies leaves its lease behind, until it runs out or a server
//! starts in the same home ([`Home`]) and has lived for a while: whoever takes such a row next takes it alone and
//! counts a strike first, and three strikes put it aside (RELIABILITY R-26).

mod care;
mod carrying;
mod counts;
mod dialling;
mod envelope;
mod home;
mod lanes;
pub mod limits;
#[cfg(test)]
mod mishaps;
mod outcome;
mod routes;
mod schedule;
mod sender;
mod session;
mod settle;
mod store;
mod taking;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use care::{Care, Ended, Notice, State, Waiting, Which};
pub use counts::{Counters, Counts, Depth};
pub use envelope::{
    Content, DeliverBy, Envelope, GiveBack, Lateness, NewOutbound, Notify, Occasion, Protection, Wishes,
};
pub use home::Home;
pub use routes::{
    FixedHost, FixedHostError, Host, Outlook, ResolverError, RouteFault, RouteParts, Routes, Service,
};
pub use sender::{OutgoingTls, Sender, SenderParts};
pub use settle::{End, Story};
#[cfg(test)]
pub(crate) use store::Leased;
pub use store::Queue;

use names::Timestamp;

/// When a letter accepted at `created_at` is given up.
#[must_use]
pub fn expiry(created_at: Timestamp) -> Timestamp {
    created_at.plus(limits::EXPIRY)
}
