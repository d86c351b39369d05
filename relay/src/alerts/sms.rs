//! Notices by text message: one POST of JSON to a gateway.

use super::ChannelError;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Longest wait for the gateway.
const PATIENCE: Duration = Duration::from_secs(30);
/// Octets of an answer that are read.
const ANSWER_MAX: usize = 16 * 1024;

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
    gateway: SmsGateway,
    secure: bool,
    host: String,
    port: u16,
    path: String,
}

#[derive(serde::Serialize)]
struct Message<'a> {
    to: &'a str,
    text: &'a str,
}

impl SmsChannel {
    /// Prepares the way.
    pub fn new(gateway: SmsGateway) -> Result<Self, ChannelError> {
        let set_up = |what: &str| ChannelError::SetUp { what: what.to_owned() };
        let url: hyper::Uri = gateway.url.parse().map_err(|_| set_up("alerts.sms.url is not a URL"))?;
        let host = url.host().ok_or_else(|| set_up("alerts.sms.url has no host"))?.to_owned();
        let secure = match url.scheme_str() {
            Some("https") => true,
            Some("http") if host == "localhost" || host == "127.0.0.1" => false,
            _ => return Err(set_up("alerts.sms.url must be https:// (http:// only on loopback)")),
        };
        let port = url.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let path = url.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { secure, host, port, path, gateway })
    }

    pub(crate) async fn send(&self, number: &str, text: &str) -> Result<(), ChannelError> {
        let temporary = |what: &str| ChannelError::Temporary { what: what.to_owned() };
        match tokio::time::timeout(PATIENCE, self.post(number, text)).await {
            Err(_elapsed) => Err(temporary("no answer of the gateway in time")),
            Ok(Err(cause)) => Err(temporary(&format!("the gateway cannot be reached: {cause}"))),
            Ok(Ok(status)) if status.is_success() => Ok(()),
            Ok(Ok(status)) if is_permanent(status) => {
                Err(ChannelError::Permanent { what: format!("status {}", status.as_u16()) })
            }
            Ok(Ok(status)) => Err(temporary(&format!("status {}", status.as_u16()))),
        }
    }

    async fn post(
        &self,
        number: &str,
        text: &str,
    ) -> Result<StatusCode, Box<dyn std::error::Error + Send + Sync>> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        if self.secure {
            let name = ServerName::try_from(self.host.clone())?;
            let stream = TlsConnector::from(Arc::clone(&self.gateway.tls)).connect(name, stream).await?;
            self.exchange(stream, number, text).await
        } else {
            self.exchange(stream, number, text).await
        }
    }

    async fn exchange<S>(
        &self,
        stream: S,
        number: &str,
        text: &str,
    ) -> Result<StatusCode, Box<dyn std::error::Error + Send + Sync>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let body = serde_json::to_vec(&Message { to: number, text })?;
        let mut request = Request::post(&self.path)
            .header("host", format!("{}:{}", self.host, self.port))
            .header("content-type", "application/json");
        if let Some(token) = &self.gateway.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Full::new(bytes::Bytes::from(body)))?;
        let answer = async {
            let response = sender.send_request(request).await?;
            let status = response.status();
            // Read to its end so that the gateway sees an orderly close; what it says is not kept.
            let _ = Limited::new(response.into_body(), ANSWER_MAX).collect().await;
            Ok::<_, hyper::Error>(status)
        };
        tokio::select! {
            status = answer => Ok(status?),
            ended = connection => Err(ended.err().map_or_else(|| "closed early".into(), Into::into)),
        }
    }
}

/// Whether trying again cannot help: the gateway understood and said no.
fn is_permanent(status: StatusCode) -> bool {
    status.is_client_error()
        && status != StatusCode::REQUEST_TIMEOUT
        && status != StatusCode::TOO_MANY_REQUESTS
        && status != StatusCode::UNAUTHORIZED
        && status != StatusCode::FORBIDDEN
}
