//! Notices by text message: one POST of JSON to a gateway.

use super::ChannelError;
use net::fetch::{Clear, Credentials, FetchLimits, Fetcher, Url, UrlError};
use rustls::ClientConfig;
use std::sync::Arc;
use std::time::Duration;

/// What the gateway's answer may cost. What it says is not kept.
const LIMITS: FetchLimits = FetchLimits { size: 256 * 1024, time: Duration::from_secs(30) };

/// The gateway that carries text messages.
#[derive(Clone)]
pub struct SmsGateway {
    /// Where to POST `{"to": …, "text": …}`: `https://host[:port]/path`, or `http://` on loopback.
    pub url: String,
    /// Bearer token.
    pub token: Option<String>,
    /// TLS with the roots to trust.
    pub tls: Arc<ClientConfig>,
}

/// Notices by text message.
pub struct SmsChannel {
    fetcher: Fetcher,
    url: Url,
    credentials: Credentials,
}

#[derive(serde::Serialize)]
struct Message<'a> {
    to: &'a str,
    text: &'a str,
}

impl SmsChannel {
    /// Prepares the way.
    pub fn new(gateway: SmsGateway) -> Result<Self, ChannelError> {
        let set_up = |cause: UrlError| ChannelError::SetUp { what: format!("alerts.sms.url {cause}") };
        let url = Url::parse(&gateway.url, Clear::Loopback).map_err(set_up)?;
        let credentials = gateway.token.map_or(Credentials::None, Credentials::Bearer);
        Ok(Self { fetcher: Fetcher::new(gateway.tls), url, credentials })
    }

    pub(crate) async fn send(&self, number: &str, text: &str) -> Result<(), ChannelError> {
        let temporary = |what: String| ChannelError::Temporary { what };
        let body = serde_json::to_vec(&Message { to: number, text })
            .map_err(|cause| temporary(cause.to_string()))?;
        match self.fetcher.post_json(&self.url, body.into(), &self.credentials, LIMITS).await {
            Err(cause) => Err(temporary(format!("the gateway cannot be reached: {cause}"))),
            Ok(answer) if answer.is_success() => Ok(()),
            Ok(answer) if is_permanent(answer.status) => {
                Err(ChannelError::Permanent { what: format!("status {}", answer.status) })
            }
            Ok(answer) => Err(temporary(format!("status {}", answer.status))),
        }
    }
}

/// Whether trying again cannot help: the gateway understood and said no. Not so when it wants other
/// credentials (401, 403), more time (408) or fewer messages (429): these are mended on our side.
fn is_permanent(status: u16) -> bool {
    (400..500).contains(&status) && ![401, 403, 408, 429].contains(&status)
}
