//! TLS as our doors speak it.

use crate::reload::ServerIdentity;
use names::{Clock, SECOND};
use rustls::crypto::aws_lc_rs::{self, Ticketer, cipher_suite, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::pki_types::UnixTime;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier};
use rustls::time_provider::TimeProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion};
use std::sync::Arc;
use std::time::Duration;

/// Which protocol speaks inside the TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// SMTP between operators.
    Mx,
    /// SMTP from mail programs.
    Submission,
    /// IMAP.
    Mailbox,
    /// HTTP/1.1.
    Web,
}

/// Whether clients show a certificate. A certificate shown must be right: also where it is
/// optional, an expired or foreign one fails the handshake.
#[derive(Clone, Debug)]
pub enum ClientAuth {
    /// Not asked for.
    None,
    /// Asked for; whoever has none comes in without.
    Optional(Arc<RootCertStore>),
    /// Asked for; whoever has none stays out.
    Required(Arc<RootCertStore>),
}

/// A TLS configuration cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The provider refuses versions or suites.
    #[error("cannot set TLS up")]
    Tls {
        /// Why.
        #[source]
        cause: rustls::Error,
    },
    /// The roots for client certificates cannot be used.
    #[error("cannot set up the check of client certificates; is the file of trusted roots empty?")]
    Roots {
        /// Why.
        #[source]
        cause: VerifierBuilderError,
    },
}

/// TLS 1.2 and 1.3, suites of RELIABILITY §3.1, key exchange with ML-KEM first.
///
/// Sessions are resumed by stateless tickets, except where client certificates count: a resumed
/// session would skip their checks (DESIGN §2.4). `clock` judges client certificates.
pub fn server_config(
    identity: Arc<ServerIdentity>,
    service: Service,
    clients: ClientAuth,
    clock: Clock,
) -> Result<ServerConfig, ConfigError> {
    let resumes = matches!(clients, ClientAuth::None) && service != Service::Mx;
    let builder = ServerConfig::builder_with_details(provider(), Arc::new(Judge(clock)))
        .with_protocol_versions(VERSIONS)
        .map_err(|cause| ConfigError::Tls { cause })?;
    let mut config = builder.with_client_cert_verifier(verifier(clients)?).with_cert_resolver(identity);
    config.alpn_protocols = alpn(service);
    config.max_early_data_size = 0; // RELIABILITY T-09; also the default, said aloud
    // Sessions kept in memory are worth nothing beside tickets, and cost memory for each client.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    if resumes {
        // Keys turn every 6 hours and live 12 (T-09 wants at most 24).
        config.ticketer = Ticketer::new().map_err(|cause| ConfigError::Tls { cause })?;
        config.send_tls13_tickets = 1; // mail programs keep one; more is sent only to be thrown away
    } else {
        config.send_tls13_tickets = 0;
    }
    Ok(config)
}

pub(crate) const VERSIONS: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];

/// RELIABILITY §3.1: `1302 1301 1303`, `C030 C02F C02C C02B CCA8 CCA9`.
const SUITES: [SupportedCipherSuite; 9] = [
    cipher_suite::TLS13_AES_256_GCM_SHA384,
    cipher_suite::TLS13_AES_128_GCM_SHA256,
    cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
    cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
];

const GROUPS: [&dyn SupportedKxGroup; 4] =
    [kx_group::X25519MLKEM768, kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1];

/// The one provider of the house, handed to every builder: rustls' short builders panic when two
/// providers are linked and none is the process's.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        cipher_suites: SUITES.to_vec(),
        kx_groups: GROUPS.to_vec(),
        ..aws_lc_rs::default_provider()
    })
}

fn verifier(clients: ClientAuth) -> Result<Arc<dyn ClientCertVerifier>, ConfigError> {
    let (roots, optional) = match clients {
        ClientAuth::None => return Ok(WebPkiClientVerifier::no_client_auth()),
        ClientAuth::Optional(roots) => (roots, true),
        ClientAuth::Required(roots) => (roots, false),
    };
    let builder = WebPkiClientVerifier::builder_with_provider(roots, provider());
    let builder = if optional { builder.allow_unauthenticated() } else { builder };
    builder.build().map_err(|cause| ConfigError::Roots { cause })
}

/// Names that clients may ask for (RELIABILITY T-04). A client that names none is served; one that
/// names only others is refused, so a browser cannot be led to a mail door. RFC 7301 §3.2
fn alpn(service: Service) -> Vec<Vec<u8>> {
    let names: &[&[u8]] = match service {
        Service::Mx | Service::Submission => &[b"smtp", b"esmtp"],
        Service::Mailbox => &[b"imap"],
        Service::Web => &[b"http/1.1"],
    };
    names.iter().map(|name| name.to_vec()).collect()
}

/// rustls' idea of now, from the clock that assembly hands down.
#[derive(Debug)]
pub(crate) struct Judge(pub(crate) Clock);

impl TimeProvider for Judge {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = self.0.now().0.div_euclid(SECOND);
        u64::try_from(seconds).ok().map(|seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}
