//! One issuer: its keys and addresses as last fetched, and its word on a token.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use names::Timestamp;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::answers::{Answers, TokenHash};
use crate::jwt::{Claims, Unverified, Use};
use crate::keys::KeySet;
use crate::metadata::Metadata;
use crate::settings::{Check, ClientSettings, Userinfo};
use crate::web::Web;
use crate::{Identity, IssuerSettings, TokenFault, limits};

/// One issuer.
pub(crate) struct Issuer {
    settings: IssuerSettings,
    web: Web,
    known: ArcSwapOption<Known>,
    /// When it was last asked for keys. Held while asking: those who need them wait for one answer.
    asked: Mutex<Option<Timestamp>>,
    answers: Answers,
}

/// What it published.
struct Known {
    metadata: Metadata,
    keys: KeySet,
    fetched: Timestamp,
}

impl Issuer {
    pub(crate) fn new(settings: IssuerSettings, web: Web) -> Self {
        Self {
            settings,
            web,
            known: ArcSwapOption::empty(),
            asked: Mutex::new(None),
            answers: Answers::default(),
        }
    }

    pub(crate) fn settings(&self) -> &IssuerSettings {
        &self.settings
    }

    pub(crate) fn web(&self) -> &Web {
        &self.web
    }

    /// Who this signed token speaks for.
    pub(crate) async fn verify(
        &self,
        token: &str,
        unverified: Unverified<'_>,
        now: Timestamp,
    ) -> Result<Identity, TokenFault> {
        let claims = self.verify_signed(unverified, Use::Access, now).await?;
        let expires = claims.check_times(now)?.plus(limits::LEEWAY);
        if claims.national_id(&self.settings).is_some() || self.settings.userinfo == Userinfo::Never {
            return claims.identity(&self.settings, None, expires);
        }
        let hash = TokenHash::of(token);
        if let Some(identity) = self.answers.find(hash, now) {
            return Ok(identity);
        }
        let user = self.userinfo(token, claims.text("sub"), now).await?;
        let identity = claims.identity(&self.settings, Some(&user), expires)?;
        self.answers.keep(hash, &identity, now);
        Ok(identity)
    }

    /// The claims of a signed token that holds in every respect.
    pub(crate) async fn verify_signed(
        &self,
        unverified: Unverified<'_>,
        shown_as: Use<'_>,
        now: Timestamp,
    ) -> Result<Claims, TokenFault> {
        // What no key could mend is refused before anybody is asked.
        unverified.algorithm(&self.settings)?;
        let mut known = self.known(now).await?;
        if !known.keys.names(unverified.key()) {
            // Somebody waits for their sign-in, for a key that may not exist.
            const WHAT: &str = "the issuer's new key";
            let asking = tokio::time::timeout(limits::NEW_KEY_TIME, self.refresh(&known, now)).await;
            known = asking.map_err(|_| TokenFault::Unreachable { what: WHAT, cause: None })??;
        }
        unverified.verify(&known.keys, &self.settings, shown_as, now)
    }

    /// Who the issuer says a token speaks for (RFC 7662).
    pub(crate) async fn introspect(&self, token: &str, now: Timestamp) -> Result<Identity, TokenFault> {
        let hash = TokenHash::of(token);
        if let Some(identity) = self.answers.find(hash, now) {
            return Ok(identity);
        }
        const WHAT: &str = "whether a token counts";
        let metadata = self.metadata(now).await?;
        let client = self.client(WHAT)?;
        let endpoint = endpoint(metadata.introspection_endpoint.as_deref(), WHAT)?;
        let fields = [("token", token), ("token_type_hint", "access_token")];
        let claims = self.web.post(WHAT, endpoint, &fields, client).await?;
        let claims = claims.map_err(|_| TokenFault::Unreachable { what: WHAT, cause: None })?;
        let claims = object(&claims)?;
        if claims.0.get("active") != Some(&Value::Bool(true)) {
            return Err(TokenFault::Inactive);
        }
        if claims.text("iss").is_some_and(|issuer| issuer != self.settings.issuer) {
            return Err(TokenFault::Issuer);
        }
        let audiences = &self.settings.audiences;
        if !audiences.is_empty() && !audiences.iter().any(|audience| claims.is_for(audience)) {
            return Err(TokenFault::Audience);
        }
        let expires = match claims.0.contains_key("exp") {
            true => claims.check_times(now)?.plus(limits::LEEWAY),
            false => now.plus(limits::ENDLESS_SESSION),
        };
        claims.check_strength(&self.settings)?;
        let user = match (claims.national_id(&self.settings), self.settings.userinfo) {
            (Some(_), _) | (None, Userinfo::Never) => None,
            (None, Userinfo::WhenMissing) => Some(self.userinfo(token, claims.text("sub"), now).await?),
        };
        let identity = claims.identity(&self.settings, user.as_ref(), expires)?;
        self.answers.keep(hash, &identity, now);
        Ok(identity)
    }

    /// The claims of the user a token was given for (OpenID Connect Core §5.3).
    pub(crate) async fn userinfo(
        &self,
        token: &str,
        subject: Option<&str>,
        now: Timestamp,
    ) -> Result<Claims, TokenFault> {
        const WHAT: &str = "the claims of a user";
        let metadata = self.metadata(now).await?;
        let endpoint = endpoint(metadata.userinfo_endpoint.as_deref(), WHAT)?;
        let claims = object(&self.web.get_as(WHAT, endpoint, token).await?)?;
        // Core §5.3.2: "If they do not match, the UserInfo Response values MUST NOT be used."
        match (claims.text("sub"), subject) {
            (Some(said), Some(wanted)) if said == wanted => Ok(claims),
            (_, _) => Err(TokenFault::Subject),
        }
    }

    /// Our registration here.
    pub(crate) fn client(&self, what: &'static str) -> Result<&ClientSettings, TokenFault> {
        self.settings.client.as_ref().ok_or(TokenFault::Unreachable { what, cause: None })
    }

    /// Where the issuer answers what.
    pub(crate) async fn metadata(&self, now: Timestamp) -> Result<Metadata, TokenFault> {
        Ok(self.known(now).await?.metadata.clone())
    }

    /// Fetches keys that grew old; for the chore that keeps sign-ins from waiting.
    pub(crate) async fn keep_fresh(&self, now: Timestamp) -> Result<(), TokenFault> {
        match self.known.load_full() {
            Some(known) if (0..limits::KEYS_FRESH).contains(&now.since(known.fetched)) => Ok(()),
            Some(known) => self.refresh(&known, now).await.map(drop),
            None => self.fetch(None, now).await.map(drop),
        }
    }

    /// What is at hand serves a sign-in as long as it may serve at all: making it new is the chore's, and an
    /// issuer that is away keeps nobody waiting.
    async fn known(&self, now: Timestamp) -> Result<Arc<Known>, TokenFault> {
        match self.known.load_full() {
            Some(known) if (0..limits::KEYS_STALE).contains(&now.since(known.fetched)) => Ok(known),
            Some(known) => self.refresh(&known, now).await,
            None => self.fetch(None, now).await,
        }
    }

    /// What is published now, at most once in a while; the old when it cannot be asked, for a time.
    async fn refresh(&self, old: &Arc<Known>, now: Timestamp) -> Result<Arc<Known>, TokenFault> {
        match self.fetch(Some(old), now).await {
            Ok(known) => Ok(known),
            Err(fault) if now.since(old.fetched) < limits::KEYS_STALE => {
                tracing::warn!(issuer = self.settings.issuer, %fault, "an issuer's keys could not be renewed");
                Ok(Arc::clone(old))
            }
            Err(fault) => Err(fault),
        }
    }

    async fn fetch(&self, old: Option<&Arc<Known>>, now: Timestamp) -> Result<Arc<Known>, TokenFault> {
        const WHAT: &str = "the issuer's keys";
        let mut asked = self.asked.lock().await;
        // Somebody else asked while we waited.
        let current = self.known.load_full();
        let changed = match (&current, old) {
            (Some(current), Some(old)) => !Arc::ptr_eq(current, old),
            (Some(_), None) => true,
            (None, _) => false,
        };
        let recent = asked.is_some_and(|asked| (0..limits::KEYS_PAUSE).contains(&now.since(asked)));
        let usable = current.filter(|current| now.since(current.fetched) < limits::KEYS_STALE);
        match usable {
            Some(current) if changed || recent => return Ok(current),
            None if recent => return Err(TokenFault::Unreachable { what: WHAT, cause: None }),
            Some(_) | None => {}
        }
        *asked = Some(now);
        let known = Arc::new(self.published(WHAT, now).await?);
        self.known.store(Some(Arc::clone(&known)));
        Ok(known)
    }

    async fn published(&self, what: &'static str, now: Timestamp) -> Result<Known, TokenFault> {
        let issuer = &self.settings.issuer;
        let document = self.web.get(what, &Metadata::address(issuer)).await;
        let metadata = match (document, &self.settings.jwks) {
            (Ok(document), _) => Metadata::parse(&document, issuer),
            // Keys at an address the operator gave need no document.
            (Err(_), Some(keys)) => Some(Metadata::only_keys(issuer, keys)),
            (Err(fault), None) => return Err(fault),
        };
        let metadata = metadata.ok_or(TokenFault::Malformed("the issuer's discovery document"))?;
        let address = self.settings.jwks.as_ref().unwrap_or(&metadata.jwks_uri);
        let keys = match self.web.get(what, address).await {
            Ok(keys) => KeySet::parse(&keys).ok_or(TokenFault::Malformed("the issuer's keys"))?,
            // Who is asked about every token needs no keys for it.
            Err(_) if self.settings.check == Check::Introspection => KeySet::default(),
            Err(fault) => return Err(fault),
        };
        Ok(Known { metadata, keys, fetched: now })
    }
}

/// The address of something that this issuer may not offer.
pub(crate) fn endpoint<'a>(address: Option<&'a str>, what: &'static str) -> Result<&'a str, TokenFault> {
    address.ok_or(TokenFault::Unreachable { what, cause: None })
}

/// A JSON object of the issuer's.
pub(crate) fn object(json: &[u8]) -> Result<Claims, TokenFault> {
    serde_json::from_slice(json).map(Claims).map_err(|_| TokenFault::Malformed("the issuer's answer"))
}
