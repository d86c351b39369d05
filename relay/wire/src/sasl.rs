//! The exchanges of AUTH and AUTHENTICATE: PLAIN (RFC 4616) and LOGIN (the expired draft that mail
//! programs still speak). What comes out is checked for shape here; whether the password is right
//! is for the world (RELIABILITY A-03).

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::{Zeroize, Zeroizing};

/// Octets of a login or of an authorisation identity (RFC 4616 §2).
const IDENTITY_MAX: usize = 255;
/// Octets of a password, capped before anything is hashed (RELIABILITY A-03).
const SECRET_MAX: usize = 1_024;
/// Exactly one way to write each value: padding required, no stray bits (RFC 4954 §4, RFC 4648 §3.5).
const BASE64: GeneralPurpose = GeneralPurpose::new(
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

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// How a password may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// RFC 4616.
    Plain,
    /// Two prompts; the same strength as PLAIN, older.
    Login,
}

impl Mechanism {
    /// Reads a mechanism's name.
    #[must_use]
    pub fn parse(name: &[u8]) -> Option<Self> {
        if name.eq_ignore_ascii_case(b"PLAIN") {
            Some(Self::Plain)
        } else if name.eq_ignore_ascii_case(b"LOGIN") {
            Some(Self::Login)
        } else {
            None
        }
    }
}

/// The challenge of LOGIN that asks for the login: `Username:` in base64.
pub const LOGIN_USERNAME: &str = "VXNlcm5hbWU6";
/// The challenge of LOGIN that asks for the password: `Password:` in base64.
pub const LOGIN_PASSWORD: &str = "UGFzc3dvcmQ6";

/// What a client said who it is.
pub struct Credentials {
    /// The login: 1–255 octets, no control character.
    pub login: String,
    /// Another identity to act for; `None` when absent or equal to the login.
    pub authzid: Option<String>,
    /// The password: 1–1,024 octets, no NUL.
    pub secret: Secret,
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
    /// PLAIN needs exactly two NULs: `[authzid] NUL login NUL password`.
    #[error("not a PLAIN message")]
    Shape,
    /// A login or authorisation identity that is empty, too long, not UTF-8 or holds a control character.
    #[error("not a login")]
    Identity,
    /// An empty, over-long or NUL-holding password.
    #[error("not a password")]
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

/// Reads a PLAIN message.
///
/// ```abnf
/// message = [authzid] %x00 authcid %x00 passwd   ; RFC 4616 §2, none of them may hold a NUL
/// ```
pub fn plain(message: &[u8]) -> Result<Credentials, SaslError> {
    let mut parts = message.split(|&b| b == 0);
    let (Some(authzid), Some(login), Some(password), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(SaslError::Shape);
    };
    let login = identity(login)?;
    let authzid = if authzid.is_empty() { None } else { Some(identity(authzid)?) };
    let secret = password_of(password)?;
    Ok(Credentials { authzid: authzid.filter(|other| *other != login), login, secret })
}

/// Reads the login of a LOGIN exchange, or of one side of PLAIN.
pub fn identity(bytes: &[u8]) -> Result<String, SaslError> {
    let text = std::str::from_utf8(bytes).map_err(|_| SaslError::Identity)?;
    if text.is_empty() || text.len() > IDENTITY_MAX || text.chars().any(char::is_control) {
        return Err(SaslError::Identity);
    }
    Ok(text.to_owned())
}

/// Reads a password, of a LOGIN exchange, of PLAIN, or of IMAP's LOGIN command.
pub fn password_of(bytes: &[u8]) -> Result<Secret, SaslError> {
    if bytes.is_empty() || bytes.len() > SECRET_MAX || bytes.contains(&0) {
        return Err(SaslError::Secret);
    }
    Ok(Secret(bytes.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_messages_are_read_and_tricks_refused() {
        let long = [b"\0dr\0".as_slice(), &[b'x'; 1_025]].concat();
        let longest = [b"\0dr\0".as_slice(), &[b'x'; 1_024]].concat();
        for (case, message, want) in [
            ("ordinary", b"\0dr\0pw".as_slice(), Ok(("dr", None))),
            ("authzid equal", b"dr\0dr\0pw", Ok(("dr", None))),
            ("authzid explicit", b"chef\0dr\0pw", Ok(("dr", Some("chef")))),
            ("longest password", &longest, Ok(("dr", None))),
            ("empty", b"", Err(SaslError::Shape)),
            ("one NUL", b"dr\0pw", Err(SaslError::Shape)),
            ("NUL in the password", b"\0dr\0pw\0admin", Err(SaslError::Shape)),
            ("empty login", b"\0\0pw", Err(SaslError::Identity)),
            ("control in login", b"\0dr\n\0pw", Err(SaslError::Identity)),
            ("not UTF-8", b"\0dr\xff\0pw", Err(SaslError::Identity)),
            ("empty password", b"\0dr\0", Err(SaslError::Secret)),
            ("password of 1,025", &long, Err(SaslError::Secret)),
        ] {
            let got = plain(message);
            let got = got.as_ref().map(|c| (c.login.as_str(), c.authzid.as_deref())).map_err(|e| *e);
            assert_eq!(got, want, "{case}");
        }
    }

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
        assert_eq!(Mechanism::parse(b"CRAM-MD5"), None);
    }
}
