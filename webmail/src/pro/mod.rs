//! The professional space: strong sign-in, application passwords, delegations, sessions, the journal.
//!
//! It stands beside the patients' pages and shares their walls (form tokens, origin check, headers) and
//! their style; its origin, its listener, its cookies and its keys are its own. No letter is shown here.

mod data;
mod errors;
#[cfg(test)]
mod house;
mod journal;
mod pages;
mod settings;
mod space;
mod texts;
pub mod views;

pub use settings::{CertificateRule, MailDoors, Provider, Settings};
pub use space::Space;
pub use texts::PROVIDER;

pub use crate::serve::Visitor;
