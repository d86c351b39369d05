//! What an issuer says of itself: the discovery document (OpenID Connect Discovery §3, RFC 8414 §2).

use serde::Deserialize;

use crate::settings::is_web;

/// Where the issuer answers what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Metadata {
    issuer: String,
    pub(crate) jwks_uri: String,
    #[serde(default)]
    pub(crate) authorization_endpoint: Option<String>,
    #[serde(default)]
    pub(crate) token_endpoint: Option<String>,
    #[serde(default)]
    pub(crate) userinfo_endpoint: Option<String>,
    #[serde(default)]
    pub(crate) introspection_endpoint: Option<String>,
    #[serde(default)]
    pub(crate) authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    /// Where the document is (OpenID Connect Discovery §4).
    pub(crate) fn address(issuer: &str) -> String {
        format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
    }

    /// All that is known of an issuer whose keys the operator names.
    pub(crate) fn only_keys(issuer: &str, jwks_uri: &str) -> Self {
        Self { issuer: issuer.to_owned(), jwks_uri: jwks_uri.to_owned(), ..Self::default() }
    }

    /// Reads it, if it is this issuer's own and sends nobody out of TLS.
    pub(crate) fn parse(json: &[u8], issuer: &str) -> Option<Self> {
        let metadata: Self = serde_json::from_slice(json).ok()?;
        let sound = metadata.issuer == issuer && metadata.addresses().all(is_web);
        sound.then_some(metadata)
    }

    fn addresses(&self) -> impl Iterator<Item = &str> {
        let optional = [
            &self.authorization_endpoint,
            &self.token_endpoint,
            &self.userinfo_endpoint,
            &self.introspection_endpoint,
        ];
        optional.into_iter().flatten().chain([&self.jwks_uri]).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_speaks_for_its_own_issuer_over_tls_only() {
        let issuer = "https://auth.example/realms/x";
        let good = r#"{"issuer":"https://auth.example/realms/x","jwks_uri":"https://auth.example/k"}"#;
        assert_eq!(
            Metadata::address("https://auth.example/"),
            "https://auth.example/.well-known/openid-configuration"
        );
        assert!(Metadata::parse(good.as_bytes(), issuer).is_some());
        for (case, bad) in [
            ("another issuer", good.replace("realms/x", "realms/y")),
            ("keys in clear", good.replace("https://auth.example/k", "http://auth.example/k")),
            ("no keys", r#"{"issuer":"https://auth.example/realms/x"}"#.to_owned()),
            ("not a document", "<html>".to_owned()),
        ] {
            assert!(Metadata::parse(bad.as_bytes(), issuer).is_none(), "{case}");
        }
    }
}
