//! TLS as our doors speak it.

use crate::reload::ServerIdentity;
use crate::trust::PeerTrust;
use crate::verifiers::{ClientVerifier, Presence};
use names::{Clock, SECOND};
use rustls::crypto::aws_lc_rs::{self, Ticketer, cipher_suite, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::pki_types::UnixTime;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::time_provider::TimeProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedCipherSuite, SupportedProtocolVersion};
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
    /// LDAP.
    Directory,
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
    Optional(PeerTrust),
    /// Asked for; whoever has none stays out.
    Required(PeerTrust),
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
    let mut config = builder.with_client_cert_verifier(verifier(clients)).with_cert_resolver(identity);
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

/// The same without ML-KEM: a ClientHello with its key share is longer than one packet.
pub(crate) fn small_provider() -> Arc<CryptoProvider> {
    let classical = GROUPS.iter().skip(1).copied().collect();
    Arc::new(CryptoProvider { kx_groups: classical, ..(*provider()).clone() })
}

fn verifier(clients: ClientAuth) -> Arc<dyn ClientCertVerifier> {
    match clients {
        ClientAuth::None => WebPkiClientVerifier::no_client_auth(),
        ClientAuth::Optional(trust) => Arc::new(ClientVerifier::new(trust, Presence::Optional)),
        ClientAuth::Required(trust) => Arc::new(ClientVerifier::new(trust, Presence::Required)),
    }
}

/// Names that clients may ask for (RELIABILITY T-04). A client that names none is served; one that
/// names only others is refused, so a browser cannot be led to a mail door. RFC 7301 §3.2
fn alpn(service: Service) -> Vec<Vec<u8>> {
    let names: &[&[u8]] = match service {
        Service::Mx | Service::Submission => &[b"smtp", b"esmtp"],
        Service::Mailbox => &[b"imap"],
        // Programs ask for no name here; one must stand, so that a browser's are refused.
        Service::Directory => &[b"ldap"],
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{
        NOW, invented_authority, invented_operator, server_identity, shake_hands, stopped_clock, trusting,
    };
    use crate::{Authority, Identity, Revocation, client_config, roots_from_pem};
    use names::DAY;
    use rustls::{ClientConfig, HandshakeKind, NamedGroup, ProtocolVersion};

    fn server(authority: &Authority, service: Service, clients: ClientAuth) -> Arc<ServerConfig> {
        let identity = ServerIdentity::fixed(vec![server_identity(authority, "localhost")]);
        Arc::new(server_config(identity, service, clients, stopped_clock()).unwrap())
    }

    fn client(authority: &Authority, identity: Option<&Identity>) -> ClientConfig {
        let roots = roots_from_pem(authority.certificate_pem()).unwrap();
        client_config(roots, identity, stopped_clock()).unwrap()
    }

    #[test]
    fn the_key_exchange_is_post_quantum_where_both_can() {
        let authority = invented_authority();
        let server = server(&authority, Service::Mailbox, ClientAuth::None);
        let (server, _) = shake_hands(&server, &Arc::new(client(&authority, None)), "localhost").unwrap();
        assert_eq!(server.protocol_version(), Some(ProtocolVersion::TLSv1_3));
        assert_eq!(server.negotiated_key_exchange_group().unwrap().name(), NamedGroup::X25519MLKEM768);
    }

    #[test]
    fn version_1_2_is_spoken_with_forward_secret_suites_only() {
        let authority = invented_authority();
        let roots = roots_from_pem(authority.certificate_pem()).unwrap();
        let old = ClientConfig::builder_with_details(provider(), Arc::new(Judge(stopped_clock())))
            .with_protocol_versions(&[&TLS12])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let server = server(&authority, Service::Submission, ClientAuth::None);
        let (server, _) = shake_hands(&server, &Arc::new(old), "localhost").unwrap();
        assert_eq!(server.protocol_version(), Some(ProtocolVersion::TLSv1_2));
        let suites: Vec<u16> =
            provider().cipher_suites.iter().map(|suite| u16::from(suite.suite())).collect();
        // RELIABILITY §3.1, and nothing besides.
        assert_eq!(suites, [0x1302, 0x1301, 0x1303, 0xC030, 0xC02F, 0xC02C, 0xC02B, 0xCCA8, 0xCCA9]);
    }

    #[test]
    fn sessions_resume_only_where_no_client_certificate_counts() {
        let authority = invented_authority();
        let trust = trusting(&authority, Revocation::Off);
        for (case, service, clients, want) in [
            ("submission", Service::Submission, ClientAuth::None, HandshakeKind::Resumed),
            ("mailbox", Service::Mailbox, ClientAuth::None, HandshakeKind::Resumed),
            ("web", Service::Web, ClientAuth::None, HandshakeKind::Resumed),
            ("mx", Service::Mx, ClientAuth::None, HandshakeKind::Full),
            ("asked", Service::Submission, ClientAuth::Optional(trust), HandshakeKind::Full),
        ] {
            let server = server(&authority, service, clients);
            let client = Arc::new(client(&authority, None));
            shake_hands(&server, &client, "localhost").unwrap();
            let (second, _) = shake_hands(&server, &client, "localhost").unwrap();
            // A changed key share is still a full handshake as far as resumption goes.
            let resumed = second.handshake_kind() == Some(HandshakeKind::Resumed);
            assert_eq!(resumed, want == HandshakeKind::Resumed, "{case}: {:?}", second.handshake_kind());
        }
    }

    #[test]
    fn a_client_certificate_is_checked_wherever_it_is_shown() {
        let authority = invented_authority();
        let stranger = invented_authority();
        let identity =
            |issued: crate::Issued, now| Identity::from_pem(&issued.chain_pem, &issued.key_pem, now).unwrap();
        let name = invented_operator();
        let past = NOW.plus(-400 * DAY);
        let good = identity(authority.client(&name, NOW).unwrap(), NOW);
        let expired = identity(authority.client(&name, past).unwrap(), past);
        let foreign = identity(stranger.client(&name, NOW).unwrap(), NOW);
        let purpose = server_identity(&authority, "localhost");
        let required = || ClientAuth::Required(trusting(&authority, Revocation::Off));
        let optional = || ClientAuth::Optional(trusting(&authority, Revocation::Off));
        for (case, clients, shown, accepted) in [
            ("good, required", required(), Some(&good), true),
            ("none, required", required(), None, false),
            ("none, optional", optional(), None, true),
            ("good, optional", optional(), Some(&good), true),
            ("expired, required", required(), Some(&expired), false),
            ("expired, optional", optional(), Some(&expired), false),
            ("foreign, required", required(), Some(&foreign), false),
            ("foreign, optional", optional(), Some(&foreign), false),
            ("wrong purpose, required", required(), Some(&purpose), false),
        ] {
            let server = server(&authority, Service::Mx, clients);
            let client = Arc::new(client(&authority, shown));
            let outcome = shake_hands(&server, &client, "localhost");
            assert_eq!(outcome.is_ok(), accepted, "{case}: {:?}", outcome.err());
        }
    }

    #[test]
    fn a_browser_cannot_be_led_to_a_mail_door() {
        let authority = invented_authority();
        for (service, asked, accepted) in [
            (Service::Mailbox, "imap", true),
            (Service::Mailbox, "http/1.1", false),
            (Service::Directory, "http/1.1", false),
            (Service::Submission, "smtp", true),
            (Service::Submission, "h2", false),
            (Service::Web, "http/1.1", true),
            (Service::Web, "imap", false),
        ] {
            let server = server(&authority, service, ClientAuth::None);
            let mut client = client(&authority, None);
            client.alpn_protocols = vec![asked.as_bytes().to_vec()];
            let outcome = shake_hands(&server, &Arc::new(client), "localhost");
            assert_eq!(outcome.is_ok(), accepted, "{service:?} asked for {asked}");
        }
    }
}
