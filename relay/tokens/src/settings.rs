//! What the operator says of an issuer.

use names::Redacted;
use net::fetch::{Clear, Url};
use serde::Deserialize;

/// One issuer of tokens, as `[[oidc]]` in the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerSettings {
    /// Its name, exactly as in `iss`: `https://auth.example/realms/esante`.
    pub issuer: String,
    /// Whom a token must be for. At least one, unless the issuer itself is asked about every token.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// Algorithms that may sign.
    #[serde(default = "SigningAlgorithm::all")]
    pub algorithms: Vec<SigningAlgorithm>,
    /// Where the keys are, when the discovery document shall not say.
    #[serde(default)]
    pub jwks: Option<String>,
    /// Claims that may hold the national id; the first that is there counts. Name only claims that the
    /// person cannot choose.
    #[serde(default = "national_id_claim")]
    pub national_id_claims: Vec<String>,
    /// Values of `acr` that are strong enough; any when empty.
    #[serde(default)]
    pub acr: Vec<String>,
    /// How a token is checked.
    #[serde(default)]
    pub check: Check,
    /// When the claims of the user are asked for.
    #[serde(default)]
    pub userinfo: Userinfo,
    /// Who we are to this issuer; needed for introspection and for the professional space.
    #[serde(default)]
    pub client: Option<ClientSettings>,
}

/// Our registration at an issuer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientSettings {
    /// Our `client_id`.
    pub id: String,
    /// The secret, read from `secret_file` by whoever reads the configuration.
    #[serde(skip)]
    pub secret: Option<Redacted<String>>,
    /// File that holds the secret.
    #[serde(default)]
    pub secret_file: Option<std::path::PathBuf>,
    /// Scopes asked for at the professional space's sign-in.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
}

/// How a token is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Check {
    /// By its signature (RFC 9068).
    #[default]
    Signature,
    /// By asking the issuer (RFC 7662); the token may then be opaque.
    Introspection,
}

/// When the issuer is asked for the claims of the user (OpenID Connect Core §5.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Userinfo {
    /// When the token itself does not hold the national id.
    #[default]
    WhenMissing,
    /// Never.
    Never,
}

/// Algorithms that may sign a token. There is no `none` and nothing symmetric to choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSASSA-PSS with SHA-256.
    #[serde(rename = "PS256")]
    Ps256,
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

/// Settings that no token could be checked with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("oidc issuer {issuer}: {what}")]
pub struct SettingsError {
    /// Which issuer.
    pub issuer: String,
    /// What is wrong and what to do.
    pub what: &'static str,
}

impl SigningAlgorithm {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];

    fn all() -> Vec<Self> {
        Self::ALL.to_vec()
    }

    /// Reads `alg` (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2); case counts.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            "ES256" => Some(Self::Es256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

impl IssuerSettings {
    /// Settings with every default.
    #[must_use]
    pub fn new(issuer: &str, audiences: &[&str]) -> Self {
        Self {
            issuer: issuer.to_owned(),
            audiences: audiences.iter().map(|&audience| audience.to_owned()).collect(),
            algorithms: SigningAlgorithm::all(),
            jwks: None,
            national_id_claims: national_id_claim(),
            acr: Vec::new(),
            check: Check::default(),
            userinfo: Userinfo::default(),
            client: None,
        }
    }

    /// Says what is wrong before the first token does.
    pub fn check(&self) -> Result<(), SettingsError> {
        let wrong = |what| Err(SettingsError { issuer: self.issuer.clone(), what });
        if !is_web(&self.issuer) || self.jwks.as_deref().is_some_and(|url| !is_web(url)) {
            return wrong("issuer and jwks are https:// addresses (http:// on this machine's loopback only)");
        }
        if self.algorithms.is_empty() || self.national_id_claims.is_empty() {
            return wrong("name at least one algorithm and one claim that holds the national id");
        }
        match self.check {
            Check::Signature if self.audiences.is_empty() => wrong(
                "name the audiences: without them a token made for any other service would open mailboxes",
            ),
            Check::Introspection if self.client.as_ref().is_none_or(|client| client.secret.is_none()) => {
                wrong("introspection needs client.id and client.secret_file")
            }
            Check::Signature | Check::Introspection => Ok(()),
        }
    }
}

/// Whether we may ask there: never over a network in clear.
pub(crate) fn is_web(address: &str) -> bool {
    Url::parse(address, Clear::Loopback).is_ok()
}

fn national_id_claim() -> Vec<String> {
    // DOMAIN §3.1. `preferred_username` holds it too at the national issuer; elsewhere people choose it.
    vec!["SubjectNameID".to_owned()]
}

fn scopes() -> Vec<String> {
    vec!["openid".to_owned(), "scope_all".to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_would_believe_anybody_are_refused() {
        let client = |secret: Option<&str>| ClientSettings {
            id: "pli".to_owned(),
            secret: secret.map(|secret| Redacted(secret.to_owned())),
            secret_file: None,
            scopes: scopes(),
        };
        let good = IssuerSettings::new("https://auth.example", &["pli"]);
        let with = |change: fn(&mut IssuerSettings)| {
            let mut settings = good.clone();
            change(&mut settings);
            settings
        };
        let asked = IssuerSettings { check: Check::Introspection, ..good.clone() };
        for (case, settings, fine) in [
            ("good", good.clone(), true),
            ("no audience", with(|it| it.audiences.clear()), false),
            ("no algorithm", with(|it| it.algorithms.clear()), false),
            ("no claim", with(|it| it.national_id_claims.clear()), false),
            ("clear text", with(|it| it.issuer = "http://auth.example".to_owned()), false),
            ("loopback", with(|it| it.issuer = "http://127.0.0.1:4000/x".to_owned()), true),
            ("not loopback", with(|it| it.issuer = "http://localhost.evil.example".to_owned()), false),
            ("user info trick", with(|it| it.issuer = "http://localhost@evil.example".to_owned()), false),
            ("port trick", with(|it| it.issuer = "http://localhost:1@evil.example".to_owned()), false),
            ("keys in clear", with(|it| it.jwks = Some("http://keys.example".to_owned())), false),
            ("introspection, no client", asked.clone(), false),
            (
                "introspection, no secret",
                IssuerSettings { client: Some(client(None)), ..asked.clone() },
                false,
            ),
            ("introspection", IssuerSettings { client: Some(client(Some("s"))), ..asked }, true),
        ] {
            assert_eq!(settings.check().is_ok(), fine, "{case}");
        }
    }

    #[test]
    fn nothing_symmetric_can_be_named() {
        for name in ["none", "None", "HS256", "HS512", "rs256", "RSA1_5", "", "ES384", "dir"] {
            assert_eq!(SigningAlgorithm::parse(name), None, "{name}");
        }
    }
}
