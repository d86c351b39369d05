//! The issuers whose tokens open mailboxes.

use std::sync::Arc;

use names::{NationalPersonId, Timestamp};
use net::fetch::Fetcher;

use crate::issuer::Issuer;
use crate::jwt::Unverified;
use crate::metadata::Metadata;
use crate::settings::Check;
use crate::web::Web;
use crate::{IssuerSettings, SettingsError, TokenFault, limits};

/// Whom a token speaks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// Who says so.
    pub issuer: String,
    /// Their name for the person.
    pub subject: String,
    /// The person's national id, as `8` and eleven digits (DOMAIN §4.6).
    pub national_id: NationalPersonId,
    /// From then on it counts no longer; the leeway between clocks is in it.
    pub expires_at: Timestamp,
    /// How strongly the person signed in, in the issuer's words.
    pub acr: Option<String>,
}

/// The issuers of the configuration. Clones share what was fetched.
#[derive(Clone, Default)]
pub struct Issuers(Vec<Arc<Issuer>>);

impl Issuers {
    /// Issuers as configured; none is asked anything yet.
    pub fn new(settings: Vec<IssuerSettings>, fetcher: &Fetcher) -> Result<Self, SettingsError> {
        let mut issuers: Vec<Arc<Issuer>> = Vec::new();
        for settings in settings {
            settings.check()?;
            if issuers.iter().any(|issuer| issuer.settings().issuer == settings.issuer) {
                return Err(SettingsError { issuer: settings.issuer, what: "stands more than once" });
            }
            issuers.push(Arc::new(Issuer::new(settings, Web::new(fetcher.clone()))));
        }
        Ok(Self(issuers))
    }

    /// Whether no token can open anything: the mechanisms are not offered then.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Who an access token speaks for.
    ///
    /// A signed token is checked with the keys of the issuer it names, never with those of another; one
    /// that names none of ours may still be known to an issuer that wants to be asked.
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<Identity, TokenFault> {
        if token.len() > limits::TOKEN_OCTETS {
            return Err(TokenFault::TooLong);
        }
        // RFC 6750 §2.1: b64token. Anything else would only travel on into a request.
        let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~+/=".contains(&octet);
        if token.is_empty() || !token.bytes().all(plain) {
            return Err(TokenFault::Malformed("not a bearer token"));
        }
        let unverified = Unverified::parse(token);
        let named = unverified.as_ref().ok().and_then(Unverified::issuer);
        let named = named.and_then(|name| self.0.iter().find(|issuer| issuer.settings().issuer == name));
        match (unverified, named) {
            (Ok(unverified), Some(issuer)) if issuer.settings().check == Check::Signature => {
                issuer.verify(token, unverified, now).await
            }
            (_, Some(issuer)) => issuer.introspect(token, now).await,
            (Ok(_), None) => Err(TokenFault::Issuer),
            (Err(fault), None) => self.introspect(token, fault, now).await,
        }
    }

    /// Where the issuer describes itself, when there is one only: what a client is told whose token is
    /// refused.
    #[must_use]
    pub fn discovery(&self) -> Option<String> {
        let [issuer] = &self.0[..] else { return None };
        Some(Metadata::address(&issuer.settings().issuer))
    }

    /// Fetches what grew old, so that no sign-in waits for it. Call it now and then.
    pub async fn keep_fresh(&self, now: Timestamp) {
        for issuer in &self.0 {
            if let Err(fault) = issuer.keep_fresh(now).await {
                tracing::warn!(issuer = issuer.settings().issuer, %fault, "an issuer's keys cannot be fetched");
            }
        }
    }

    /// The issuer of this name, with whom people sign in by browser.
    pub(crate) fn named(&self, name: &str) -> Option<&Arc<Issuer>> {
        self.0.iter().find(|issuer| issuer.settings().issuer == name)
    }

    /// An opaque token says not who made it.
    async fn introspect(
        &self,
        token: &str,
        fault: TokenFault,
        now: Timestamp,
    ) -> Result<Identity, TokenFault> {
        let mut said = fault;
        for issuer in self.0.iter().filter(|issuer| issuer.settings().check == Check::Introspection) {
            match issuer.introspect(token, now).await {
                Ok(identity) => return Ok(identity),
                Err(fault) => said = fault,
            }
        }
        Err(said)
    }
}

impl std::fmt::Debug for Issuers {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.0.iter().map(|issuer| &issuer.settings().issuer)).finish()
    }
}
