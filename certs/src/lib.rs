//! X.509 and TLS for every door: load, hot reload, who the peer is, the throwaway authority.
//!
//! - [`load_identity`], [`load_roots`]: PEM files in, with errors that say what to do next.
//! - [`ServerIdentity`]: what a door shows, chosen by SNI, reloaded without dropping a session.
//! - [`server_config`], [`client_config`]: rustls configurations with one provider (aws-lc-rs),
//!   never a process-wide default.
//! - [`PeerInfo`]: who a verified client certificate speaks of. Whether it is trusted for a domain
//!   is not decided here but by the directory's trust list.
//! - [`Authority`]: throwaway certificates for `pli demo`, `pli init --dev` and tests.
#![warn(missing_docs)]

mod authority;
mod client_config;
mod load;
mod peer;
mod reload;
mod server_config;
mod subject;
#[cfg(test)]
mod testing;

pub use authority::{Authority, AuthorityError, DevFiles, Issued, OperatorName};
pub use client_config::client_config;
pub use load::{Identity, KeyAccess, LoadError, load_identity, load_roots, roots_from_pem};
pub use peer::{PeerError, PeerInfo};
pub use reload::{IdentityFiles, ServerIdentity};
pub use server_config::{ClientAuth, ConfigError, Service, server_config};
