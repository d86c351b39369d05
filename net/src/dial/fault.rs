//! What went wrong in a handshake, in words an operator can use.

use certs::{Refusal, Refused};
use rustls::{AlertDescription, CertificateError, Error};
use std::io;
use wire::TlsFault;

/// Why a handshake that we began failed.
pub(crate) fn of_handshake(cause: &io::Error) -> TlsFault {
    match said_by_tls(cause) {
        Some(fault) => fault,
        None => match cause.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => TlsFault::Dropped,
            _ => TlsFault::Other(cause.to_string()),
        },
    }
}

/// What TLS says about a broken connection, if it was TLS that broke it. A server of TLS 1.3 judges
/// our certificate after our handshake is done: its alert comes in place of its first answer.
pub(crate) fn said_by_tls(cause: &io::Error) -> Option<TlsFault> {
    let error = cause.get_ref()?.downcast_ref::<Error>()?;
    if let Some(refusal) = Refusal::of(error) {
        return Some(of_refusal(&refusal));
    }
    Some(match error {
        Error::InvalidCertificate(error) => of_certificate(error),
        Error::AlertReceived(alert) => match alert {
            AlertDescription::ProtocolVersion
            | AlertDescription::HandshakeFailure
            | AlertDescription::InsufficientSecurity => TlsFault::Incompatible(name(*alert)),
            other => TlsFault::Alert(name(*other)),
        },
        Error::PeerIncompatible(why) => TlsFault::Incompatible(format!("{why:?}")),
        Error::InvalidMessage(_) | Error::InappropriateMessage { .. } => TlsFault::NotTls,
        other => TlsFault::Other(other.to_string()),
    })
}

/// A certificate that was accepted and cannot be read: nobody can say whose it is.
pub(crate) fn unreadable() -> TlsFault {
    TlsFault::BadCertificate("it cannot be read".to_owned())
}

fn of_refusal(refusal: &Refusal) -> TlsFault {
    match refusal.reason {
        Refused::SelfSigned | Refused::UnknownIssuer => TlsFault::UnknownIssuer,
        Refused::Expired => TlsFault::Expired,
        Refused::NotYet => TlsFault::NotYetValid,
        Refused::Revoked => TlsFault::Revoked,
        Refused::RevocationUnknown | Refused::ListStale => TlsFault::RevocationUnknown,
        Refused::WrongName => TlsFault::WrongName,
        Refused::NoCertificate
        | Refused::Unreadable
        | Refused::BadSignature
        | Refused::WrongPurpose
        | Refused::WeakKey
        | Refused::BadChain => TlsFault::BadCertificate(refusal.to_string()),
    }
}

/// What rustls' own verifier says (`certs::client_config`); `certs::outgoing_config` has its words
/// above.
fn of_certificate(error: &CertificateError) -> TlsFault {
    match error {
        CertificateError::UnknownIssuer => TlsFault::UnknownIssuer,
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsFault::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => TlsFault::NotYetValid,
        CertificateError::Revoked => TlsFault::Revoked,
        CertificateError::UnknownRevocationStatus
        | CertificateError::ExpiredRevocationList
        | CertificateError::ExpiredRevocationListContext { .. } => TlsFault::RevocationUnknown,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsFault::WrongName
        }
        other => TlsFault::BadCertificate(other.to_string()),
    }
}

/// As `certificate required`.
fn name(alert: AlertDescription) -> String {
    let (mut name, mut last) = (String::new(), ' ');
    for c in format!("{alert:?}").chars() {
        if c.is_ascii_uppercase() && last.is_ascii_lowercase() {
            name.push(' ');
        }
        name.push(c.to_ascii_lowercase());
        last = c;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_named_in_words() {
        for (alert, want) in [
            (AlertDescription::CertificateRequired, "certificate required"),
            (AlertDescription::UnknownCA, "unknown ca"),
            (AlertDescription::DecodeError, "decode error"),
        ] {
            assert_eq!(name(alert), want);
        }
    }

    #[test]
    fn what_is_not_tls_is_not_told_as_tls() {
        let reset = io::Error::from(io::ErrorKind::ConnectionReset);
        assert_eq!(said_by_tls(&reset), None);
        assert_eq!(of_handshake(&reset), TlsFault::Dropped);
        let wrapped = io::Error::new(io::ErrorKind::InvalidData, Error::DecryptError);
        assert!(matches!(said_by_tls(&wrapped), Some(TlsFault::Other(_))));
    }
}
