//! The exchanges of AUTH and AUTHENTICATE. What comes out is checked for shape here; whether the
//! password, the proof or the token is right is for the world (RELIABILITY A-03).
//!
//! | mechanism | what it is | how it reaches the world |
//! |---|---|---|
//! | PLAIN (RFC 4616), LOGIN | a password | [`Attempt::Password`] |
//! | SCRAM-SHA-256, -PLUS (RFC 5802, RFC 7677, RFC 9266) | a proof of a password | [`Attempt::Scram`] |
//! | XOAUTH2, OAUTHBEARER (RFC 7628) | a token of an identity provider | [`Attempt::Token`] |
//! | EXTERNAL (RFC 4422) | the certificate of the TLS session | [`Attempt::External`] |
//!
//! [`Exchange`] is the conversation, the same for both protocols.

mod bearer;
mod exchange;
mod external;
pub mod limits;
mod login;
mod plain;
mod scram;
#[cfg(test)]
pub(crate) mod testing;

pub use bearer::BearerHint;
pub use exchange::{Exchange, Step};
pub use scram::{Binding, ClientFinal, ClientFirst, PROOF, ServerFirst, server_final};

use crate::TlsFacts;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::{Zeroize, Zeroizing};

/// Exactly one way to write each value: padding required, no stray bits (RFC 4954 §4, RFC 4648 §3.5).
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// A password on its way to be checked: wiped when dropped, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Takes the bytes over; they are wiped when the secret is dropped.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes, for the one who checks them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Secret(…)")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// A way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// RFC 4616.
    Plain,
    /// Two prompts; the same strength as PLAIN, older. Also IMAP's own LOGIN command.
    Login,
    /// RFC 7677: the password never passes.
    ScramSha256,
    /// The same, bound to the TLS session (RFC 9266).
    ScramSha256Plus,
    /// A bearer token, as the large mail houses defined it before RFC 7628.
    XOAuth2,
    /// A bearer token (RFC 7628).
    OAuthBearer,
    /// The certificate of the TLS session (RFC 4422 appendix A).
    External,
}

impl Mechanism {
    /// All we can speak, the strongest first: the order in which they are offered.
    pub const ALL: [Self; 7] = [
        Self::ScramSha256Plus,
        Self::ScramSha256,
        Self::External,
        Self::OAuthBearer,
        Self::XOAuth2,
        Self::Plain,
        Self::Login,
    ];
    /// A password as it stands.
    pub const PASSWORDS: [Self; 2] = [Self::Plain, Self::Login];

    /// Reads a mechanism's name.
    #[must_use]
    pub fn parse(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|mechanism| name.eq_ignore_ascii_case(mechanism.as_str().as_bytes()))
    }

    /// Its registered name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha256Plus => "SCRAM-SHA-256-PLUS",
            Self::XOAuth2 => "XOAUTH2",
            Self::OAuthBearer => "OAUTHBEARER",
            Self::External => "EXTERNAL",
        }
    }

    /// Whether this TLS session can carry it: binding needs an exporter, EXTERNAL an accepted
    /// certificate.
    #[must_use]
    pub fn fits(self, tls: &TlsFacts) -> bool {
        match self {
            Self::ScramSha256Plus => tls.exporter.is_some(),
            Self::External => tls.client_certificate,
            Self::Plain | Self::Login | Self::ScramSha256 | Self::XOAuth2 | Self::OAuthBearer => true,
        }
    }

    fn is_bearer(self) -> bool {
        match self {
            Self::XOAuth2 | Self::OAuthBearer => true,
            Self::Plain | Self::Login | Self::ScramSha256 | Self::ScramSha256Plus | Self::External => false,
        }
    }
}

/// What a client shows to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// PLAIN, LOGIN, or IMAP's LOGIN command.
    Password {
        /// How it came.
        mechanism: Mechanism,
        /// The login, as typed: 1–255 octets, no control character.
        login: String,
        /// Another identity the client wants to act for; `None` when absent or equal to the login.
        /// A world that grants no such right must refuse.
        authzid: Option<String>,
        /// The password: 1–1,024 octets, no NUL.
        secret: Secret,
    },
    /// XOAUTH2 or OAUTHBEARER. When the world refuses it for good, the machine tells the client why
    /// ([`BearerHint`]) before it passes the refusal on.
    Token {
        /// How it came.
        mechanism: Mechanism,
        /// Whose mailbox the client says the token opens.
        login: Option<String>,
        /// The token: `b64token` of RFC 6750 §2.1.
        token: Secret,
    },
    /// EXTERNAL: the world knows the certificate.
    External {
        /// The mailbox to come in as, when the certificate may open several.
        authzid: Option<String>,
    },
    /// The first message of SCRAM-SHA-256. The world answers with a challenge
    /// ([`ServerFirst::message`]); the client's answer is for [`ServerFirst::read`]; to a right proof
    /// the world answers with one more challenge ([`server_final`]), which the client answers with
    /// nothing.
    Scram {
        /// Whether it is the -PLUS form. `first` has been checked to agree.
        plus: bool,
        /// The message.
        first: ClientFirst,
    },
}

/// Why an exchange cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SaslError {
    /// The client sent `*`.
    #[error("the client cancelled the exchange")]
    Cancelled,
    /// Not canonical base64.
    #[error("not base64")]
    Base64,
    /// Not a message of this mechanism.
    #[error("not a message of this mechanism")]
    Shape,
    /// The client is not bound to this TLS session, or was told that it need not be.
    #[error("the channel binding does not hold")]
    Binding,
    /// A login or authorisation identity that is empty, too long, not UTF-8 or holds a control character.
    #[error("not a login")]
    Identity,
    /// An empty, over-long or malformed password or token.
    #[error("not a password or token")]
    Secret,
}

/// Decodes one line of the client's: `*` cancels, anything else is base64.
pub fn response(line: &[u8]) -> Result<Zeroizing<Vec<u8>>, SaslError> {
    if line == b"*" {
        return Err(SaslError::Cancelled);
    }
    decode(line)
}

/// Decodes an initial response: `=` stands for an empty one (RFC 4954 §4).
pub fn initial(argument: &[u8]) -> Result<Zeroizing<Vec<u8>>, SaslError> {
    if argument == b"=" { Ok(Zeroizing::new(Vec::new())) } else { decode(argument) }
}

fn decode(text: &[u8]) -> Result<Zeroizing<Vec<u8>>, SaslError> {
    BASE64.decode(text).map(Zeroizing::new).map_err(|_| SaslError::Base64)
}

/// Reads the login of a LOGIN exchange, or of one side of PLAIN.
pub fn identity(bytes: &[u8]) -> Result<String, SaslError> {
    let text = std::str::from_utf8(bytes).map_err(|_| SaslError::Identity)?;
    if text.is_empty() || text.len() > limits::IDENTITY || text.chars().any(char::is_control) {
        return Err(SaslError::Identity);
    }
    Ok(text.to_owned())
}

/// Reads an identity to act for: empty is none, and so is the login itself.
fn authzid(bytes: &[u8], login: Option<&str>) -> Result<Option<String>, SaslError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    Ok(Some(identity(bytes)?).filter(|other| Some(other.as_str()) != login))
}

/// Reads a password, of a LOGIN exchange, of PLAIN, or of IMAP's LOGIN command.
pub fn password_of(bytes: &[u8]) -> Result<Secret, SaslError> {
    if bytes.is_empty() || bytes.len() > limits::SECRET || bytes.contains(&0) {
        return Err(SaslError::Secret);
    }
    Ok(Secret(bytes.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_has_one_form_only() {
        assert_eq!(response(b"cGxp").unwrap().as_slice(), b"pli");
        assert_eq!(initial(b"=").unwrap().as_slice(), b"");
        assert_eq!(response(b"*").unwrap_err(), SaslError::Cancelled);
        for bad in [b"cGx".as_slice(), b"cG xp", b"cGxp\t", b"=", b"cGk", b"cGl=", b"-_==", b"\xff"] {
            assert_eq!(response(bad).unwrap_err(), SaslError::Base64, "{bad:?}");
        }
    }

    #[test]
    fn mechanisms_are_named_in_any_case() {
        assert_eq!(Mechanism::parse(b"pLaIn"), Some(Mechanism::Plain));
        assert_eq!(Mechanism::parse(b"login"), Some(Mechanism::Login));
        assert_eq!(Mechanism::parse(b"scram-sha-256-plus"), Some(Mechanism::ScramSha256Plus));
        for unknown in [b"CRAM-MD5".as_slice(), b"SCRAM-SHA-1", b"PLAIN ", b""] {
            assert_eq!(Mechanism::parse(unknown), None);
        }
    }
}
