//! What rustls asks when a peer shows a certificate.

use crate::anchors::Issuer;
use crate::load::host_names;
use crate::refused::{Refusal, Refused};
use crate::server_config::provider;
use crate::trust::{PeerTrust, Purpose};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use webpki::EndEntityCert;
use x509_parser::asn1_rs::Any;
use x509_parser::prelude::{FromDer, X509Certificate};

/// At our doors. The lists are looked up at each handshake, so that new ones count at once.
#[derive(Debug)]
pub(crate) struct ClientVerifier {
    trust: PeerTrust,
    presence: Presence,
    hints: Vec<DistinguishedName>,
    algorithms: WebPkiSupportedAlgorithms,
}

/// Whether a client may come without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Optional,
    Required,
}

/// On our way out.
#[derive(Debug)]
pub(crate) struct ServerVerifier {
    trust: PeerTrust,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientVerifier {
    pub(crate) fn new(trust: PeerTrust, presence: Presence) -> Self {
        // Intermediates too: some clients choose by the direct issuer of what they have.
        let name = |issuer: &Issuer| {
            let (_, sequence) = Any::from_der(&issuer.raw).ok()?;
            Some(DistinguishedName::in_sequence(sequence.data))
        };
        let hints = trust.anchors().issuers().iter().filter_map(name).collect();
        Self { trust, presence, hints, algorithms: provider().signature_verification_algorithms }
    }
}

impl ServerVerifier {
    pub(crate) fn new(trust: PeerTrust) -> Self {
        Self { trust, algorithms: provider().signature_verification_algorithms }
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn client_auth_mandatory(&self) -> bool {
        self.presence == Presence::Required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        sent: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let judged = self.trust.judge(leaf, sent, Purpose::Client, now);
        judged.map(|()| ClientCertVerified::assertion()).map_err(Refusal::into_tls)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verified = verify_tls12_signature(message, leaf, signature, &self.algorithms);
        verified.map_err(|cause| unsigned(cause, leaf))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verified = verify_tls13_signature(message, leaf, signature, &self.algorithms);
        verified.map_err(|cause| unsigned(cause, leaf))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        sent: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.trust.judge(leaf, sent, Purpose::Server, now).map_err(Refusal::into_tls)?;
        if !is_named(leaf, name) {
            return Err(Refusal::new(Refused::WrongName, leaf).into_tls());
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verified = verify_tls12_signature(message, leaf, signature, &self.algorithms);
        verified.map_err(|cause| unsigned(cause, leaf))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verified = verify_tls13_signature(message, leaf, signature, &self.algorithms);
        verified.map_err(|cause| unsigned(cause, leaf))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// The peer does not hold the key of the certificate it shows.
fn unsigned(cause: Error, leaf: &CertificateDer<'_>) -> Error {
    match cause {
        Error::InvalidCertificate(CertificateError::BadSignature) => {
            Refusal::new(Refused::BadSignature, leaf).into_tls()
        }
        cause => cause,
    }
}

/// By the alternative names, and by the common name only when there are none at all: the trust
/// space still has such certificates (DESIGN §2.4). RFC 9525 §6.3 would not look at it.
fn is_named(leaf: &CertificateDer<'_>, name: &ServerName<'_>) -> bool {
    let Ok((_, readable)) = X509Certificate::from_der(leaf) else { return false };
    match readable.subject_alternative_name() {
        Err(_) => false,
        Ok(Some(_)) => EndEntityCert::try_from(leaf)
            .is_ok_and(|leaf| leaf.verify_is_valid_for_subject_name(name).is_ok()),
        Ok(None) => match (host_names(&readable).as_slice(), name) {
            // Exactly that host; no wildcard, and no second name to choose from.
            ([only], ServerName::DnsName(name)) => {
                let wanted = name.as_ref().trim_end_matches('.');
                only.trim_end_matches('.').eq_ignore_ascii_case(wanted)
            }
            _ => false,
        },
    }
}
