//! A signed token: read, checked against the issuer's keys and the operator's rules (RFC 7519, RFC 9068,
//! RFC 8725). Pure: keys and time are arguments.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use names::{NationalPersonId, SECOND, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::settings::SigningAlgorithm;
use crate::{Identity, IssuerSettings, TokenFault, limits};

/// A token taken apart, nothing of it believed yet.
pub(crate) struct Unverified<'a> {
    header: Header,
    claims: Claims,
    signed: &'a str,
    signature: Vec<u8>,
}

/// The fields of the header that count. `jku`, `jwk`, `x5u` and `x5c` name keys from inside the token:
/// they are not even read (RELIABILITY A-04).
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    typ: Option<String>,
    #[serde(default)]
    crit: Option<Value>,
}

/// What a token or the issuer says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Claims(pub(crate) Map<String, Value>);

/// What a token is shown as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Use<'a> {
    /// By a mail program, to be let in.
    Access,
    /// From the issuer to this client, at a sign-in it began with this nonce.
    Id {
        /// Our `client_id`.
        client: &'a str,
        /// What the token must repeat.
        nonce: &'a str,
    },
}

impl<'a> Unverified<'a> {
    /// ```abnf
    /// token = header "." claims "." signature   ; each base64url without padding, RFC 7515 §7.1
    /// ```
    pub(crate) fn parse(token: &'a str) -> Result<Self, TokenFault> {
        if token.len() > limits::TOKEN_OCTETS {
            return Err(TokenFault::TooLong);
        }
        let malformed = |_| TokenFault::Malformed("not base64url");
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenFault::Malformed("not three parts"))?;
        let (header, claims) = signed.split_once('.').ok_or(TokenFault::Malformed("not three parts"))?;
        let header = URL_SAFE_NO_PAD.decode(header).map_err(malformed)?;
        let claims = URL_SAFE_NO_PAD.decode(claims).map_err(malformed)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(malformed)?;
        let header = serde_json::from_slice(&header).map_err(|_| TokenFault::Malformed("no header"))?;
        let claims = serde_json::from_slice(&claims).map_err(|_| TokenFault::Malformed("no claims"))?;
        Ok(Self { header, claims: Claims(claims), signed, signature })
    }

    /// Who says to have made it; chooses the keys, proves nothing.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.claims.text("iss")
    }

    /// The key it says to be signed with.
    pub(crate) fn key(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// Everything about the token that the issuer's keys and the operator's settings can say.
    pub(crate) fn verify(
        self,
        keys: &crate::keys::KeySet,
        settings: &IssuerSettings,
        shown_as: Use<'_>,
        now: Timestamp,
    ) -> Result<Claims, TokenFault> {
        self.header.check_type(shown_as)?;
        let algorithm = self.algorithm(settings)?;
        keys.verify(self.key(), algorithm, self.signed.as_bytes(), &self.signature)?;
        if shown_as == Use::Access && self.is_something_else() {
            return Err(TokenFault::Type);
        }
        self.claims.check(settings, shown_as, now)?;
        Ok(self.claims)
    }

    /// An ID token tells a client who signed in; it is no key to a mailbox (RFC 8725 §2.8). Keycloak, and
    /// so the national issuer, says in the claims what a token is; others show it by what only they hold.
    fn is_something_else(&self) -> bool {
        let typ = self.header.typ.as_deref().unwrap_or_default().to_ascii_lowercase();
        let says_access = typ.ends_with("at+jwt");
        match self.claims.text("typ") {
            Some(typ) => typ != "Bearer",
            None => {
                !says_access
                    && ["nonce", "at_hash", "c_hash"].iter().any(|it| self.claims.0.contains_key(*it))
            }
        }
    }

    /// The algorithm, if it may sign; asked before any key is fetched.
    pub(crate) fn algorithm(&self, settings: &IssuerSettings) -> Result<SigningAlgorithm, TokenFault> {
        if self.header.crit.is_some() {
            return Err(TokenFault::Critical);
        }
        SigningAlgorithm::parse(&self.header.alg)
            .filter(|algorithm| settings.algorithms.contains(algorithm))
            .ok_or(TokenFault::Algorithm)
    }
}

impl Header {
    /// An access token is `at+jwt` (RFC 9068 §2.1) or, at many issuers, plain `JWT` or nothing; an ID
    /// token is never `at+jwt`, and neither is a logout token (RFC 8725 §3.11).
    fn check_type(&self, shown_as: Use<'_>) -> Result<(), TokenFault> {
        let Some(typ) = &self.typ else { return Ok(()) };
        let typ = typ.to_ascii_lowercase();
        let typ = typ.strip_prefix("application/").unwrap_or(&typ);
        match (typ, shown_as) {
            ("jwt", _) | ("at+jwt", Use::Access) => Ok(()),
            (_, _) => Err(TokenFault::Type),
        }
    }
}

impl Claims {
    /// Issuer, audience, times and strength (RFC 9068 §4, OpenID Connect Core §3.1.3.7).
    pub(crate) fn check(
        &self,
        settings: &IssuerSettings,
        shown_as: Use<'_>,
        now: Timestamp,
    ) -> Result<(), TokenFault> {
        if self.text("iss") != Some(settings.issuer.as_str()) {
            return Err(TokenFault::Issuer);
        }
        match shown_as {
            Use::Access => {
                if !settings.audiences.iter().any(|audience| self.is_for(audience)) {
                    return Err(TokenFault::Audience);
                }
            }
            Use::Id { client, nonce } => {
                let authorised = self.text("azp").is_none_or(|azp| azp == client);
                if !self.is_for(client) || !authorised {
                    return Err(TokenFault::Audience);
                }
                if self.text("nonce") != Some(nonce) {
                    return Err(TokenFault::Pending);
                }
            }
        }
        self.check_times(now)?;
        self.check_strength(settings)
    }

    /// `exp` is required and not past, `nbf` and `iat` not ahead; a minute of leeway (RFC 7519 §4.1.4).
    pub(crate) fn check_times(&self, now: Timestamp) -> Result<Timestamp, TokenFault> {
        let expires = self.time("exp")?.ok_or(TokenFault::Malformed("no end"))?;
        if now.since(expires) >= limits::LEEWAY {
            return Err(TokenFault::Expired);
        }
        for (made, ahead) in [(self.time("nbf")?, "nbf"), (self.time("iat")?, "iat")] {
            let Some(made) = made else { continue };
            if made.since(now) > limits::LEEWAY {
                return Err(TokenFault::NotYet);
            }
            if ahead == "iat" && now.since(made) > limits::TOKEN_LIFE {
                return Err(TokenFault::Expired);
            }
        }
        Ok(expires)
    }

    pub(crate) fn check_strength(&self, settings: &IssuerSettings) -> Result<(), TokenFault> {
        let strong = settings.acr.is_empty()
            || self.text("acr").is_some_and(|acr| settings.acr.iter().any(|wanted| wanted == acr));
        if strong { Ok(()) } else { Err(TokenFault::Assurance) }
    }

    /// Whether the national id is among them.
    pub(crate) fn national_id(&self, settings: &IssuerSettings) -> Option<NationalPersonId> {
        let named = settings.national_id_claims.iter().find_map(|claim| self.text(claim))?.trim();
        let plain = !named.is_empty()
            && named.len() <= limits::CLAIM_CHARACTERS
            && !named.chars().any(|character| character.is_control() || character.is_whitespace());
        plain.then(|| NationalPersonId(named.to_owned()))
    }

    /// Whose token it is, with the claims of the user beside it when the token holds too little.
    pub(crate) fn identity(
        &self,
        settings: &IssuerSettings,
        user: Option<&Claims>,
        expires_at: Timestamp,
    ) -> Result<Identity, TokenFault> {
        let national_id = self.national_id(settings).or_else(|| user?.national_id(settings));
        Ok(Identity {
            issuer: settings.issuer.clone(),
            subject: self.text("sub").unwrap_or_default().to_owned(),
            national_id: national_id.ok_or(TokenFault::Nameless)?,
            expires_at,
            acr: self.text("acr").map(ToOwned::to_owned),
        })
    }

    pub(crate) fn text(&self, claim: &str) -> Option<&str> {
        self.0.get(claim)?.as_str()
    }

    /// `aud` is one text or several (RFC 7519 §4.1.3).
    pub(crate) fn is_for(&self, audience: &str) -> bool {
        match self.0.get("aud") {
            Some(Value::String(only)) => only == audience,
            Some(Value::Array(all)) => all.iter().any(|one| one.as_str() == Some(audience)),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => false,
        }
    }

    /// A NumericDate: seconds, perhaps with a fraction (RFC 7519 §2).
    fn time(&self, claim: &str) -> Result<Option<Timestamp>, TokenFault> {
        /// Seconds until the year 9999: beyond it nobody means a date.
        const LAST: f64 = 253_402_300_799.0;
        let Some(value) = self.0.get(claim) else { return Ok(None) };
        let seconds = value.as_f64().filter(|seconds| (0.0..=LAST).contains(seconds));
        let seconds = seconds.ok_or(TokenFault::Malformed("a time that is none"))?;
        #[expect(clippy::cast_possible_truncation, reason = "within the range just looked at")]
        Ok(Some(Timestamp(seconds as i64 * SECOND)))
    }
}
