//! X.509 and TLS for every door: load, hot reload, who the peer is, the throwaway authority.
//!
//! - [`load_identity`], [`load_roots`]: PEM files in, with errors that say what to do next.
//! - [`ServerIdentity`]: what a door shows, chosen by SNI, reloaded without dropping a session.
//! - [`Anchors`], [`RevocationLists`], [`PeerTrust`]: whom we believe between operators; [`Refusal`]
//!   says why somebody is not believed.
//! - [`server_config`], [`client_config`], [`outgoing_config`]: rustls configurations with one provider (aws-lc-rs),
//!   never a process-wide default.
//! - [`PeerInfo`]: who a verified client certificate speaks of. Whether it is trusted for a domain
//!   is not decided here but by the directory's trust list.
//! - [`Authority`]: throwaway certificates for `pli demo`, `pli init --dev` and tests.
#![warn(missing_docs)]

mod anchors;
mod authority;
mod client_config;
mod expiry;
mod limits;
mod list;
mod load;
mod peer;
mod refused;
mod reload;
mod revocation;
#[cfg(test)]
mod scan;
mod server_config;
mod signed;
mod subject;
#[cfg(test)]
mod testing;
mod trust;
mod verifiers;

pub use anchors::Anchors;
pub use authority::{
    Alternatives, Authority, AuthorityError, DevFiles, Issued, ListOrder, OperatorName, Order, PublishedList,
    Purposes,
};
pub use client_config::{client_config, outgoing_config, small_outgoing_config};
pub use expiry::ExpiryAlarm;
pub use limits::{LIST_GRACE, LIST_SIZE};
pub use list::ListError;
pub use load::{Identity, KeyAccess, LoadError, load_identity, load_roots, roots_from_pem};
pub use peer::{PeerError, PeerInfo};
pub use refused::{Refusal, Refused, Shown, alert_of};
pub use reload::{IdentityFiles, ServerIdentity};
pub use revocation::{FolderError, Freshness, Installed, ListFacts, ListState, Revocation, RevocationLists};
pub use server_config::{ClientAuth, ConfigError, Service, server_config};
pub use trust::PeerTrust;
