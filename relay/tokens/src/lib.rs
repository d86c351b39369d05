//! Who an OIDC token speaks for.
//!
//! [`Issuers`] are the configured issuers: [`Issuers::verify`] says whom an access token shown at a mail
//! door speaks for, by its signature (RFC 9068) or by asking the issuer (RFC 7662). [`CodeFlow`] signs
//! people in by browser. Nothing here knows mailboxes: an [`Identity`] is a national id and an end.
#![warn(missing_docs)]

mod answers;
mod code_flow;
mod fault;
mod issuer;
mod issuers;
mod jwt;
mod keys;
mod limits;
mod metadata;
mod settings;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod web;

pub use code_flow::{CallBack, CodeFlow, Pending};
pub use fault::TokenFault;
pub use issuers::{Identity, Issuers};
pub use settings::{Check, ClientSettings, IssuerSettings, SettingsError, SigningAlgorithm, Userinfo};
