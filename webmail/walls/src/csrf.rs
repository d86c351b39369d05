//! Nothing changes unless our own page asked for it (RELIABILITY A-06).
//!
//! Two independent checks on every state-changing request: where the browser says it comes from
//! (`Sec-Fetch-Site`, `Origin`), and a token of 256 bits that only a page of the same session holds.

use aws_lc_rs::hmac;
use axum::http::{HeaderMap, Method, header};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;

use crate::Origin;

/// Makes and checks the token of a form. Derived from the session's own secret, so nothing is
/// stored and a new session (sign-in, switch of profile) means new tokens.
#[derive(Clone)]
pub struct FormKey(hmac::Key);

impl FormKey {
    /// A key of its own, derived from the root key.
    pub fn new(root_key: &[u8; 32]) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, root_key);
        Self(hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&root, b"pli webmail form token 1").as_ref()))
    }

    /// The token of the pages shown to the browser that holds `secret` in its cookie.
    pub fn token(&self, secret: &str) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, secret.as_bytes()).as_ref())
    }

    /// Whether `token` is the one of `secret`; takes the same time whatever differs.
    pub fn holds(&self, secret: &str, token: &str) -> bool {
        self.token(secret).as_bytes().ct_eq(token.as_bytes()).into()
    }
}

/// Whether a request may change something, by where it says it comes from. A program that sends
/// neither field (not a browser) still needs the token.
pub fn comes_from_us(method: &Method, headers: &HeaderMap, app: &Origin) -> bool {
    if *method == Method::GET || *method == Method::HEAD {
        return true;
    }
    let only = |name: &str| {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => value.to_str().map(Some).map_err(|_| ()),
            (Some(_), Some(_)) => Err(()),
        }
    };
    let site = match only("sec-fetch-site") {
        Ok(site) => site.is_none_or(|site| site == "same-origin"),
        Err(()) => false,
    };
    let origin = match only(header::ORIGIN.as_str()) {
        Ok(origin) => origin.is_none_or(|origin| origin == app.to_string()),
        Err(()) => false,
    };
    site && origin
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_token_serves_one_session_only() {
        let key = FormKey::new(&[1; 32]);
        let token = key.token("session a");
        assert_eq!(token.len(), 43);
        assert!(key.holds("session a", &token));
        for (case, secret, token) in [
            ("another session", "session b", token.as_str()),
            ("empty", "session a", ""),
            ("cut", "session a", &token[..42]),
            ("longer", "session a", &format!("{token}A")),
        ] {
            assert!(!key.holds(secret, token), "{case}");
        }
        assert!(!FormKey::new(&[2; 32]).holds("session a", &token), "another key");
    }

    #[test]
    fn only_our_own_pages_may_post() {
        let app = Origin::parse("https://sante.example.fr").unwrap();
        for (case, fields, want) in [
            (
                "our page",
                &[("sec-fetch-site", "same-origin"), ("origin", "https://sante.example.fr")][..],
                true,
            ),
            ("an older browser", &[("origin", "https://sante.example.fr")], true),
            ("not a browser", &[], true),
            ("another site", &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")], false),
            (
                "our second origin",
                &[("sec-fetch-site", "same-site"), ("origin", "https://files.example.fr")],
                false,
            ),
            ("a sandboxed letter", &[("sec-fetch-site", "cross-site"), ("origin", "null")], false),
            ("null origin alone", &[("origin", "null")], false),
            (
                "right origin, wrong site",
                &[("sec-fetch-site", "cross-site"), ("origin", "https://sante.example.fr")],
                false,
            ),
            ("typed address", &[("sec-fetch-site", "none")], false),
            ("prefix of ours", &[("origin", "https://sante.example.fr.evil.example")], false),
            ("other scheme", &[("origin", "http://sante.example.fr")], false),
            ("other port", &[("origin", "https://sante.example.fr:8443")], false),
            (
                "two origins",
                &[("origin", "https://sante.example.fr"), ("origin", "https://evil.example")],
                false,
            ),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.append(*name, HeaderValue::from_static(value));
            }
            for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
                assert_eq!(comes_from_us(&method, &headers, &app), want, "{case} {method}");
            }
            assert!(comes_from_us(&Method::GET, &headers, &app), "{case}: reading is free");
        }
    }
}
