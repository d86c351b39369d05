//! Why a certificate was refused, and whose it was.

use crate::load::serial;
use crate::subject::rfc4514;
use rustls::pki_types::CertificateDer;
use rustls::{CertificateError, OtherError};
use std::io;
use std::sync::Arc;
use x509_parser::prelude::{FromDer, X509Certificate};

/// What is wrong with a certificate, or with what we know about it (RELIABILITY T-05).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refused {
    /// None was shown.
    NoCertificate,
    /// What was shown cannot be read.
    Unreadable,
    /// It vouches for itself.
    SelfSigned,
    /// No configured root stands above it.
    UnknownIssuer,
    /// A signature is wrong: of the chain, or of the handshake.
    BadSignature,
    /// Its time has not begun, or that of an authority above it.
    NotYet,
    /// Its time is over, or that of an authority above it.
    Expired,
    /// Its extended key usage names other purposes, or its key may not sign a handshake.
    WrongPurpose,
    /// Its RSA key has less than 2048 bits.
    WeakKey,
    /// It has been revoked, or an authority above it.
    Revoked,
    /// There is no list of an authority of its chain.
    RevocationUnknown,
    /// The list of an authority of its chain is too old.
    ListStale,
    /// It was issued for another name.
    WrongName,
    /// Another rule of RFC 5280 is broken: path length, constraints, an unknown critical extension.
    BadChain,
}

/// A refusal: the reason, and what the certificate says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: Refused,
    /// Whose, when it can be read. Not verified: anybody can write any name.
    pub shown: Option<Shown>,
}

/// What a certificate says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Subject, RFC 4514 text.
    pub subject: String,
    /// Issuer, RFC 4514 text.
    pub issuer: String,
    /// Serial number, hexadecimal.
    pub serial: String,
}

impl Refused {
    /// A stable word for logs and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NoCertificate => "no-certificate",
            Self::Unreadable => "unreadable",
            Self::SelfSigned => "self-signed",
            Self::UnknownIssuer => "unknown-issuer",
            Self::BadSignature => "bad-signature",
            Self::NotYet => "not-yet-valid",
            Self::Expired => "expired",
            Self::WrongPurpose => "wrong-purpose",
            Self::WeakKey => "weak-key",
            Self::Revoked => "revoked",
            Self::RevocationUnknown => "revocation-unknown",
            Self::ListStale => "revocation-list-stale",
            Self::WrongName => "wrong-name",
            Self::BadChain => "bad-chain",
        }
    }

    /// Whether the fault is on our side: whoever watches over the house should act.
    #[must_use]
    pub fn is_ours(self) -> bool {
        match self {
            Self::RevocationUnknown | Self::ListStale => true,
            Self::NoCertificate
            | Self::Unreadable
            | Self::SelfSigned
            | Self::UnknownIssuer
            | Self::BadSignature
            | Self::NotYet
            | Self::Expired
            | Self::WrongPurpose
            | Self::WeakKey
            | Self::Revoked
            | Self::WrongName
            | Self::BadChain => false,
        }
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::NoCertificate => "no certificate was shown",
            Self::Unreadable => "the certificate cannot be read",
            Self::SelfSigned => "the certificate is self-signed",
            Self::UnknownIssuer => "no configured authority issued the certificate",
            Self::BadSignature => "a signature is wrong",
            Self::NotYet => "the certificate is not valid yet",
            Self::Expired => "the certificate has expired",
            Self::WrongPurpose => "the certificate is not for this purpose",
            Self::WeakKey => "the certificate's key is too short",
            Self::Revoked => "the certificate has been revoked",
            Self::RevocationUnknown => "no list says whether the certificate has been revoked",
            Self::ListStale => "the list that would say whether the certificate has been revoked is too old",
            Self::WrongName => "the certificate was issued for another name",
            Self::BadChain => "the chain of the certificate breaks a rule",
        })
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.reason.fmt(out)
    }
}

impl std::error::Error for Refusal {}

impl Refusal {
    /// Reads what the certificate says of itself, if it can.
    pub(crate) fn new(reason: Refused, leaf: &CertificateDer<'_>) -> Self {
        let shown = X509Certificate::from_der(leaf).ok().map(|(_, leaf)| Shown {
            subject: rfc4514(leaf.subject()),
            issuer: rfc4514(leaf.issuer()),
            serial: serial(&leaf),
        });
        Self { reason, shown }
    }

    /// Through rustls, whose errors have no room for a subject: the peer is told
    /// `certificate_unknown`, the log all of it.
    pub(crate) fn into_tls(self) -> rustls::Error {
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(self))))
    }

    /// The refusal that ended a handshake on our side, if one did.
    #[must_use]
    pub fn of(error: &rustls::Error) -> Option<Self> {
        match error {
            rustls::Error::NoCertificatesPresented => {
                Some(Self { reason: Refused::NoCertificate, shown: None })
            }
            rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(cause))) => {
                cause.downcast_ref::<Self>().cloned()
            }
            rustls::Error::InvalidCertificate(CertificateError::BadEncoding) => {
                Some(Self { reason: Refused::Unreadable, shown: None })
            }
            _ => None, // rustls' enum
        }
    }

    /// The same for what a TLS stream says.
    #[must_use]
    pub fn of_io(error: &io::Error) -> Option<Self> {
        tls_error(error).and_then(Self::of)
    }
}

/// The alert with which the *peer* ended the conversation. Under TLS 1.3 a refused client hears it
/// only at its first read, after a handshake that seemed to succeed. RFC 8446 §4.4.2.4
#[must_use]
pub fn alert_of(error: &io::Error) -> Option<String> {
    match tls_error(error) {
        Some(rustls::Error::AlertReceived(alert)) => Some(format!("{alert:?}")),
        Some(_) | None => None,
    }
}

fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}
