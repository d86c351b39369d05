//! Questions to an issuer over HTTPS.

use names::Redacted;
use net::fetch::{Clear, Credentials, FetchLimits, Fetched, Fetcher, Url, Validators, form_encode};

use crate::settings::ClientSettings;
use crate::{TokenFault, limits};

/// The way to one issuer.
#[derive(Clone)]
pub(crate) struct Web(Fetcher);

/// The issuer understood and said no (RFC 6749 §5.2).
pub(crate) struct SaidNo;

const COST: FetchLimits = FetchLimits { size: limits::DOCUMENT_OCTETS, time: limits::FETCH_TIME };

impl Web {
    pub(crate) fn new(fetcher: Fetcher) -> Self {
        Self(fetcher)
    }

    /// A document that anybody may read.
    pub(crate) async fn get(&self, what: &'static str, address: &str) -> Result<Vec<u8>, TokenFault> {
        let url = url(address, what)?;
        let fetched = self.0.get(&url, &Validators::default(), COST).await;
        whole(what, fetched.map_err(|cause| TokenFault::Unreachable { what, cause: Some(cause) })?)
    }

    /// What the bearer of a token may read. POST, which OpenID Connect Core §5.3.1 allows: nothing of it
    /// can be kept on the way.
    pub(crate) async fn get_as(
        &self,
        what: &'static str,
        address: &str,
        token: &str,
    ) -> Result<Vec<u8>, TokenFault> {
        let bearer = Credentials::Bearer(token.to_owned());
        let fetched = self.ask(what, address, &[], &bearer).await?;
        match fetched.status {
            // RFC 6750 §3.1: the token does not count there.
            401 | 403 => Err(TokenFault::Inactive),
            _ => whole(what, fetched),
        }
    }

    /// A form, sent as the client we are there.
    pub(crate) async fn post(
        &self,
        what: &'static str,
        address: &str,
        fields: &[(&str, &str)],
        client: &ClientSettings,
    ) -> Result<Result<Vec<u8>, SaidNo>, TokenFault> {
        let fetched = match &client.secret {
            Some(Redacted(secret)) => {
                // RFC 6749 §2.3.1: both are form-encoded before they are joined.
                let credentials =
                    Credentials::Basic { user: form_encode(&client.id), password: form_encode(secret) };
                self.ask(what, address, fields, &credentials).await?
            }
            None => {
                let fields = [fields, &[("client_id", client.id.as_str())]].concat();
                self.ask(what, address, &fields, &Credentials::None).await?
            }
        };
        match fetched.status {
            400 | 401 | 403 => Ok(Err(SaidNo)),
            _ => whole(what, fetched).map(Ok),
        }
    }

    async fn ask(
        &self,
        what: &'static str,
        address: &str,
        fields: &[(&str, &str)],
        credentials: &Credentials,
    ) -> Result<Fetched, TokenFault> {
        let fetched = self.0.post_form(&url(address, what)?, fields, credentials, COST).await;
        fetched.map_err(|cause| TokenFault::Unreachable { what, cause: Some(cause) })
    }
}

fn url(address: &str, what: &'static str) -> Result<Url, TokenFault> {
    Url::parse(address, Clear::Loopback).map_err(|_| TokenFault::Unreachable { what, cause: None })
}

fn whole(what: &'static str, fetched: Fetched) -> Result<Vec<u8>, TokenFault> {
    if fetched.is_success() {
        return Ok(fetched.body.to_vec());
    }
    tracing::warn!(what, status = fetched.status, "an issuer of tokens answers with an error");
    Err(TokenFault::Unreachable { what, cause: None })
}
