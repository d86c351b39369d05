//! Sign-in by browser at an issuer: authorisation code with PKCE (OpenID Connect Core §3.1, RFC 7636,
//! RFC 9700).

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use names::{Entropy, Timestamp};
use net::fetch::form_encode;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::issuer::{Issuer, endpoint};
use crate::jwt::{Unverified, Use};
use crate::settings::Userinfo;
use crate::{Identity, Issuers, SettingsError, TokenFault, limits};

/// Sign-in at one issuer, coming back to one page of ours.
#[derive(Clone)]
pub struct CodeFlow {
    issuer: Arc<Issuer>,
    redirect: String,
    entropy: Entropy,
}

/// A sign-in that was begun: keep it where only this browser can bring it back (a sealed `__Host-`
/// cookie), and use it once.
#[derive(Clone, Serialize, Deserialize)]
pub struct Pending {
    issuer: String,
    state: String,
    nonce: String,
    verifier: String,
    began: i64,
}

/// What the browser brings back from the issuer's page: the query of our redirect address.
#[derive(Clone, Default, Deserialize)]
pub struct CallBack {
    /// The code to change into tokens.
    #[serde(default)]
    pub code: Option<String>,
    /// What we gave it to bring back.
    #[serde(default)]
    pub state: Option<String>,
    /// Who sends it (RFC 9207).
    #[serde(default)]
    pub iss: Option<String>,
    /// Why there is no code.
    #[serde(default)]
    pub error: Option<String>,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    #[serde(default)]
    id_token: Option<String>,
}

impl CodeFlow {
    /// Sign-in at the configured issuer of this name; `redirect` is our address, registered there.
    pub fn new(
        issuers: &Issuers,
        issuer: &str,
        redirect: &str,
        entropy: Entropy,
    ) -> Result<Self, SettingsError> {
        let wrong = |what| SettingsError { issuer: issuer.to_owned(), what };
        let found = issuers.named(issuer).ok_or_else(|| wrong("is not configured"))?;
        if found.settings().client.is_none() {
            return Err(wrong("sign-in by browser needs client.id"));
        }
        Ok(Self { issuer: Arc::clone(found), redirect: redirect.to_owned(), entropy })
    }

    /// Where to send the browser, and what to keep until it comes back.
    pub async fn begin(&self, now: Timestamp) -> Result<(String, Pending), TokenFault> {
        const WHAT: &str = "the issuer's sign-in page";
        let metadata = self.issuer.metadata(now).await?;
        let page = endpoint(metadata.authorization_endpoint.as_deref(), WHAT)?;
        let client = self.issuer.client(WHAT)?;
        let pending = Pending {
            issuer: self.issuer.settings().issuer.clone(),
            state: self.chance(),
            nonce: self.chance(),
            verifier: self.chance(),
            began: now.0,
        };
        // RFC 7636 §4.2.
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, pending.verifier.as_bytes()));
        let acr = self.issuer.settings().acr.join(" ");
        let scopes = client.scopes.join(" ");
        let fields = [
            ("response_type", "code"),
            ("client_id", &client.id),
            ("redirect_uri", &self.redirect),
            ("scope", &scopes),
            ("state", &pending.state),
            ("nonce", &pending.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("acr_values", &acr),
        ];
        let fields = fields.iter().filter(|(_, value)| !value.is_empty());
        let query: Vec<String> =
            fields.map(|(name, value)| format!("{name}={}", form_encode(value))).collect();
        let joint = if page.contains('?') { '&' } else { '?' };
        Ok((format!("{page}{joint}{}", query.join("&")), pending))
    }

    /// Who came back. The caller sees to it that a [`Pending`] is used once.
    pub async fn finish(
        &self,
        pending: Pending,
        back: &CallBack,
        now: Timestamp,
    ) -> Result<Identity, TokenFault> {
        const WHAT: &str = "the tokens of a sign-in";
        let settings = self.issuer.settings();
        let age = now.since(Timestamp(pending.began));
        let state = back.state.as_deref().unwrap_or_default();
        let ours: bool = pending.state.as_bytes().ct_eq(state.as_bytes()).into();
        let foreign = back.iss.as_ref().is_some_and(|issuer| *issuer != settings.issuer);
        if !ours || foreign || pending.issuer != settings.issuer || !(0..limits::PENDING_LIFE).contains(&age)
        {
            return Err(TokenFault::Pending);
        }
        let metadata = self.issuer.metadata(now).await?;
        // RFC 9207 §2.4: an issuer that says it names itself does so.
        if metadata.authorization_response_iss_parameter_supported && back.iss.is_none() {
            return Err(TokenFault::Pending);
        }
        let code = match (&back.code, &back.error) {
            (Some(code), None) => code,
            (None, _) | (Some(_), Some(_)) => return Err(TokenFault::Refused),
        };
        let client = self.issuer.client(WHAT)?;
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect),
            ("code_verifier", &pending.verifier),
        ];
        let endpoint = endpoint(metadata.token_endpoint.as_deref(), WHAT)?;
        let tokens = self.issuer.web().post(WHAT, endpoint, &fields, client).await?;
        let tokens = tokens.map_err(|_| TokenFault::Refused)?;
        let tokens: Tokens =
            serde_json::from_slice(&tokens).map_err(|_| TokenFault::Malformed("the issuer's answer"))?;
        let id_token = tokens.id_token.ok_or(TokenFault::Malformed("no ID token"))?;
        let shown_as = Use::Id { client: &client.id, nonce: &pending.nonce };
        let claims = self.issuer.verify_signed(Unverified::parse(&id_token)?, shown_as, now).await?;
        let expires = claims.check_times(now)?.plus(limits::LEEWAY);
        if claims.national_id(settings).is_some() || settings.userinfo == Userinfo::Never {
            return claims.identity(settings, None, expires);
        }
        let user = self.issuer.userinfo(&tokens.access_token, claims.text("sub"), now).await?;
        claims.identity(settings, Some(&user), expires)
    }

    fn chance(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.entropy.bytes::<{ limits::CHANCE }>())
    }
}

impl std::fmt::Debug for CodeFlow {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "CodeFlow({})", self.issuer.settings().issuer)
    }
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Pending(…)")
    }
}

impl std::fmt::Debug for CallBack {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("CallBack(…)")
    }
}
