//! Who the other side is, as its verified certificate says.

use crate::load::{host_names, instant, serial};
use crate::signed::sha256;
use crate::subject::rfc4514;
use names::Timestamp;
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The facts of a client certificate whose chain was verified in the handshake.
///
/// What they entitle to is decided elsewhere: chain → DN → domains of the trust list → envelope
/// sender (DESIGN §2.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerInfo {
    /// The subject as RFC 4514 text.
    pub subject: String,
    /// The issuer as RFC 4514 text.
    pub issuer: String,
    /// Serial number, hexadecimal.
    pub serial: String,
    /// Host names and addresses, lower case: from the SAN, or the CN when there is no SAN.
    pub names: Vec<String>,
    /// Its last moment.
    pub not_after: Timestamp,
    /// SHA-256 of the public key (SubjectPublicKeyInfo, DER): the same under two holders is a theft
    /// or a mistake (RELIABILITY T-07).
    pub spki: [u8; 32],
    /// How many certificates the peer sent.
    pub chain_length: usize,
}

/// A certificate that the verifier accepted and that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the peer's certificate")]
pub struct PeerError {
    #[source]
    cause: Option<x509_parser::nom::Err<x509_parser::error::X509Error>>,
}

impl PeerInfo {
    /// From a verified chain, leaf first.
    pub fn from_chain(chain: &[CertificateDer<'_>]) -> Result<Self, PeerError> {
        let leaf = chain.first().ok_or(PeerError { cause: None })?;
        let (_, leaf) = X509Certificate::from_der(leaf).map_err(|cause| PeerError { cause: Some(cause) })?;
        Ok(Self {
            subject: rfc4514(leaf.subject()),
            issuer: rfc4514(leaf.issuer()),
            serial: serial(&leaf),
            names: host_names(&leaf),
            not_after: instant(leaf.validity().not_after.timestamp()),
            spki: sha256(leaf.public_key().raw),
            chain_length: chain.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{
        NOW, invented_authority, invented_operator, server_identity, shake_hands, stopped_clock, trusting,
    };
    use crate::{
        ClientAuth, Identity, Revocation, ServerIdentity, Service, client_config, roots_from_pem,
        server_config,
    };
    use names::DAY;
    use std::sync::Arc;

    #[test]
    fn the_subject_reads_as_in_the_trust_list() {
        let authority = invented_authority();
        let issued = authority.operator(&invented_operator(), NOW).unwrap();
        let shown = Identity::from_pem(&issued.chain_pem, &issued.key_pem, NOW).unwrap();
        let roots = roots_from_pem(authority.certificate_pem()).unwrap();
        let own = ServerIdentity::fixed(vec![server_identity(&authority, "localhost")]);
        let clients = ClientAuth::Required(trusting(&authority, Revocation::Off));
        let server = server_config(own, Service::Mx, clients, stopped_clock()).unwrap();
        let client = client_config(roots, Some(&shown), stopped_clock()).unwrap();

        let (server, _) = shake_hands(&Arc::new(server), &Arc::new(client), "localhost").unwrap();
        let peer = PeerInfo::from_chain(server.peer_certificates().unwrap()).unwrap();
        assert_eq!(
            peer,
            PeerInfo {
                subject: "CN=mx.operateur.example,OU=318310021300028,O=GIP Données\\, Santé,\
                          ST=Bouches-du-Rhône (13),C=FR"
                    .into(),
                issuer: "CN=Autorité inventée,O=Pli (développement),C=FR".into(),
                serial: shown.serial.clone(),
                names: vec!["mx.operateur.example".into()],
                not_after: NOW.plus(365 * DAY),
                spki: peer.spki,
                chain_length: 2,
            }
        );
    }

    #[test]
    fn no_certificate_and_no_sense_are_errors_not_panics() {
        assert!(PeerInfo::from_chain(&[]).is_err());
        assert!(PeerInfo::from_chain(&[CertificateDer::from(vec![0x30, 0x82, 0xff])]).is_err());
    }
}
