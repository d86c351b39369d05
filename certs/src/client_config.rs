//! TLS as we speak it to others: gateways, lists, other operators, our own doors in tests.

use crate::load::Identity;
use crate::reload::ServerIdentity;
use crate::server_config::{ConfigError, Judge, VERSIONS, provider, small_provider};
use crate::trust::PeerTrust;
use crate::verifiers::ServerVerifier;
use names::Clock;
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;

/// Trusts `roots` only; shows `identity` when the server asks for a certificate.
pub fn client_config(
    roots: Arc<RootCertStore>,
    identity: Option<&Identity>,
    clock: Clock,
) -> Result<ClientConfig, ConfigError> {
    let builder = ClientConfig::builder_with_details(provider(), Arc::new(Judge(clock)))
        .with_protocol_versions(VERSIONS)
        .map_err(|cause| ConfigError::Tls { cause })?
        .with_root_certificates(roots);
    Ok(match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let shown = SingleCertAndKey::from(Arc::clone(&identity.key));
            builder.with_client_cert_resolver(Arc::new(shown))
        }
    })
}

/// To another operator's MX: believes what `trust` believes, lists included, checks the host's name
/// by SAN or, without one, by CN, and shows the first of `identity` as it is then.
///
/// Nothing is resumed: a resumed session would skip the lists (DESIGN §2.4).
pub fn outgoing_config(
    trust: PeerTrust,
    identity: Arc<ServerIdentity>,
    clock: Clock,
) -> Result<ClientConfig, ConfigError> {
    outgoing(provider(), trust, identity, clock)
}

/// The same with a classical key exchange, whose ClientHello fits into one packet: for the second try
/// at a host that a middlebox keeps from reading a long one (PEERS §4). It checks the peer no less.
pub fn small_outgoing_config(
    trust: PeerTrust,
    identity: Arc<ServerIdentity>,
    clock: Clock,
) -> Result<ClientConfig, ConfigError> {
    outgoing(small_provider(), trust, identity, clock)
}

fn outgoing(
    provider: Arc<CryptoProvider>,
    trust: PeerTrust,
    identity: Arc<ServerIdentity>,
    clock: Clock,
) -> Result<ClientConfig, ConfigError> {
    let mut config = ClientConfig::builder_with_details(provider, Arc::new(Judge(clock)))
        .with_protocol_versions(VERSIONS)
        .map_err(|cause| ConfigError::Tls { cause })?
        .dangerous() // rustls' word for a verifier of one's own
        .with_custom_certificate_verifier(Arc::new(ServerVerifier::new(trust)))
        .with_client_cert_resolver(identity);
    config.resumption = Resumption::disabled();
    Ok(config)
}
