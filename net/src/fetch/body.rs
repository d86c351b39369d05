//! What a POST carries: a form, and who we are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{HeaderValue, InvalidHeaderValue};

/// Who asks.
#[derive(Clone)]
pub enum Credentials {
    /// Nobody in particular.
    None,
    /// User name and password. RFC 7617 §2
    Basic {
        /// User name, without a colon.
        user: String,
        /// Password.
        password: String,
    },
    /// A token. RFC 6750 §2.1
    Bearer(String),
}

impl Credentials {
    pub(super) fn header(&self) -> Option<Result<HeaderValue, InvalidHeaderValue>> {
        let text = match self {
            Self::None => return None,
            Self::Basic { user, password } => {
                format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
            }
            Self::Bearer(token) => format!("Bearer {token}"),
        };
        Some(HeaderValue::from_str(&text).map(|mut value| {
            value.set_sensitive(true);
            value
        }))
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::None => "None",
            Self::Basic { .. } => "Basic(…)",
            Self::Bearer(_) => "Bearer(…)",
        })
    }
}

pub(super) fn form(fields: &[(&str, &str)]) -> String {
    let fields = fields.iter().map(|(name, value)| format!("{}={}", form_encode(name), form_encode(value)));
    fields.collect::<Vec<_>>().join("&")
}

/// One name or value as `application/x-www-form-urlencoded` writes it. RFC 6749 appendix B
#[must_use]
pub fn form_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => {
                encoded.push(char::from(byte))
            }
            b' ' => encoded.push('+'),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_written_as_browsers_write_it() {
        // The example of RFC 6749, appendix B.
        assert_eq!(form_encode(" %&+£€"), "+%25%26%2B%C2%A3%E2%82%AC");
        assert_eq!(form(&[("a", "1 2"), ("b&", "=")]), "a=1+2&b%26=%3D");
    }

    #[test]
    fn credentials_are_one_header_and_are_never_shown() {
        // The example of RFC 7617 §2.
        let basic = Credentials::Basic { user: "Aladdin".into(), password: "open sesame".into() };
        assert_eq!(basic.header().unwrap().unwrap(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        let bearer = Credentials::Bearer("mF_9.B5f-4.1JqM".into());
        assert_eq!(bearer.header().unwrap().unwrap(), "Bearer mF_9.B5f-4.1JqM");
        assert!(Credentials::None.header().is_none());
        assert!(Credentials::Bearer("a\r\nb: c".into()).header().unwrap().is_err(), "no second header");
        assert_eq!(format!("{basic:?} {bearer:?}"), "Basic(…) Bearer(…)");
        assert!(basic.header().unwrap().unwrap().is_sensitive());
    }
}
