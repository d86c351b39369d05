//! Who the other side is, as its verified certificate says.

use crate::load::{host_names, instant, serial};
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
            chain_length: chain.len(),
        })
    }
}
