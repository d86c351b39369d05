//! TLS as we speak it to others: the SMS gateway, and our own doors in tests.

use crate::load::Identity;
use crate::server_config::{ConfigError, Judge, VERSIONS, provider};
use names::Clock;
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
