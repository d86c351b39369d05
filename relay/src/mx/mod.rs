//! The MX door: letters that other operators bring.
//!
//! The identity chain of DESIGN §2.4, link by link: the certificate's chain and purpose were checked in the
//! handshake; its distinguished name is looked up in the trust list ([`MxWorld`], at each MAIL); the
//! domains the list gives to that name hold the envelope sender; the letter has one author, of the same
//! domain (`identity`). A null sender is for reports only.

mod identity;
pub mod limits;
#[cfg(test)]
mod tests;
mod watch;
mod world;

pub use watch::Watch;
pub use world::MxWorld;
