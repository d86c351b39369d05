//! A small HTTP client: one request, one answer, bounded in size and time.
//!
//! For lists of revoked certificates, the list of trusted domains, keys of an identity provider and
//! the gateway of text messages: a handful of requests an hour, so each has its own connection.
//! Nothing is followed: where an answer comes from is what the configuration says.

mod body;
mod url;

pub use body::{Credentials, form_encode};
pub use url::{Clear, Url, UrlError};

use crate::limits;
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Asks over HTTP/1.1. RFC 9112
#[derive(Clone, Debug)]
pub struct Fetcher {
    tls: Arc<ClientConfig>,
}

/// What an answer may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchLimits {
    /// Octets of its body.
    pub size: usize,
    /// From looking the name up to the last octet.
    pub time: Duration,
}

/// What is known of an earlier answer, so that the same one is not sent again. RFC 9110 §13.1
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    /// Its `ETag`.
    pub etag: Option<String>,
    /// Its `Last-Modified`.
    pub last_modified: Option<String>,
}

/// An answer. Its status may be any but a redirection: what an error means is the caller's.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The status code.
    pub status: u16,
    /// The whole body; empty when nothing changed.
    pub body: Bytes,
    /// `Content-Type` as it stands.
    pub content_type: Option<String>,
    /// For the next request.
    pub validators: Validators,
}

/// Why there is no answer. Says the host, never the path or the query: they may hold a secret.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No connection.
    #[error("cannot connect to {host}")]
    Connect {
        /// Host and port.
        host: String,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// No TLS.
    #[error("cannot speak TLS with {host}")]
    Tls {
        /// Host and port.
        host: String,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// What came is no HTTP, or ended early.
    #[error("no whole HTTP answer from {host}")]
    Http {
        /// Host and port.
        host: String,
        /// Why.
        #[source]
        cause: hyper::Error,
    },
    /// A value that no header can hold.
    #[error("cannot make the request to {host}")]
    Request {
        /// Host and port.
        host: String,
        /// Why.
        #[source]
        cause: hyper::http::Error,
    },
    /// It took too long.
    #[error("{host} did not answer within {} ms", .time.as_millis())]
    Slow {
        /// Host and port.
        host: String,
        /// The limit.
        time: Duration,
    },
    /// The body is too long.
    #[error("the answer of {host} is longer than {size} octets")]
    TooLong {
        /// Host and port.
        host: String,
        /// The limit.
        size: usize,
    },
    /// It points elsewhere.
    #[error("{host} answers {status}, a redirection, which is not followed; configure the final address")]
    Redirected {
        /// Host and port.
        host: String,
        /// The status code.
        status: u16,
    },
    /// It is compressed although nobody asked for that.
    #[error("the answer of {host} has a content coding")]
    Encoded {
        /// Host and port.
        host: String,
    },
}

impl Fetched {
    /// A status from 200 to 299.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What the [`Validators`] speak of is still the answer. RFC 9110 §15.4.5
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.status == StatusCode::NOT_MODIFIED.as_u16()
    }
}

impl Fetcher {
    /// Trusts what `tls` trusts.
    #[must_use]
    pub fn new(tls: Arc<ClientConfig>) -> Self {
        Self { tls }
    }

    /// GET, only if it is not what `known` speaks of.
    pub async fn get(
        &self,
        url: &Url,
        known: &Validators,
        limits: FetchLimits,
    ) -> Result<Fetched, FetchError> {
        let conditions =
            [(header::IF_NONE_MATCH, &known.etag), (header::IF_MODIFIED_SINCE, &known.last_modified)];
        let mut request = Request::new(Full::default());
        for (name, value) in conditions {
            // What once was a header's value is one again, or is of no use.
            if let Some(value) = value.as_deref().and_then(|value| HeaderValue::from_str(value).ok()) {
                request.headers_mut().insert(name, value);
            }
        }
        self.ask(url, request, limits).await
    }

    /// POST of a form. The answer is asked for as JSON, which is what such gateways speak.
    pub async fn post_form(
        &self,
        url: &Url,
        fields: &[(&str, &str)],
        credentials: &Credentials,
        limits: FetchLimits,
    ) -> Result<Fetched, FetchError> {
        let body = body::form(fields);
        self.post(url, "application/x-www-form-urlencoded", body.into(), credentials, limits).await
    }

    /// POST of JSON that is already written.
    pub async fn post_json(
        &self,
        url: &Url,
        body: Bytes,
        credentials: &Credentials,
        limits: FetchLimits,
    ) -> Result<Fetched, FetchError> {
        self.post(url, "application/json", body, credentials, limits).await
    }

    async fn post(
        &self,
        url: &Url,
        content_type: &'static str,
        body: Bytes,
        credentials: &Credentials,
        limits: FetchLimits,
    ) -> Result<Fetched, FetchError> {
        let length = body.len();
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        let headers = request.headers_mut();
        // RFC 9110 §8.6: said of an empty form too, which servers otherwise take for no form at all.
        headers.insert(header::CONTENT_LENGTH, length.into());
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(value) = credentials.header() {
            let value =
                value.map_err(|cause| FetchError::Request { host: url.place(), cause: cause.into() })?;
            headers.insert(header::AUTHORIZATION, value);
        }
        self.ask(url, request, limits).await
    }

    async fn ask(
        &self,
        url: &Url,
        request: Request<Full<Bytes>>,
        limits: FetchLimits,
    ) -> Result<Fetched, FetchError> {
        let slow = |_| FetchError::Slow { host: url.place(), time: limits.time };
        // Boxed: rare, and its callers' tasks live long.
        let asked = Box::pin(self.connect(url, request, limits.size));
        tokio::time::timeout(limits.time, asked).await.map_err(slow)?
    }

    async fn connect(
        &self,
        url: &Url,
        request: Request<Full<Bytes>>,
        size: usize,
    ) -> Result<Fetched, FetchError> {
        let host = || url.place();
        let tcp = TcpStream::connect((url.host(), url.port())).await;
        let tcp = tcp.map_err(|cause| FetchError::Connect { host: host(), cause })?;
        match url.server_name() {
            None => exchange(tcp, url, request, size).await,
            Some(name) => {
                let tls = TlsConnector::from(Arc::clone(&self.tls)).connect(name, tcp).await;
                let tls = tls.map_err(|cause| FetchError::Tls { host: host(), cause })?;
                exchange(tls, url, request, size).await
            }
        }
    }
}

async fn exchange<S>(
    stream: S,
    url: &Url,
    mut request: Request<Full<Bytes>>,
    size: usize,
) -> Result<Fetched, FetchError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |cause| FetchError::Http { host: url.place(), cause };
    let bad = |cause| FetchError::Request { host: url.place(), cause };
    *request.uri_mut() =
        url.target().parse().map_err(|cause: hyper::http::uri::InvalidUri| bad(cause.into()))?;
    let place = HeaderValue::from_str(&url.authority()).map_err(|cause| bad(cause.into()))?;
    let headers = request.headers_mut();
    headers.insert(header::HOST, place);
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));

    let mut settings = http1::Builder::new();
    settings.max_buf_size(limits::HTTP_BUFFER).max_headers(limits::HTTP_HEADERS);
    let (mut sender, connection) = settings.handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(failed)?;
        read(response, url, size).await
    };
    // When the connection fails, the answer's own future says how.
    let driven = async {
        let _ = connection.await;
        std::future::pending().await
    };
    tokio::select! {
        biased;
        answer = answer => answer,
        never = driven => never,
    }
}

async fn read(
    response: Response<hyper::body::Incoming>,
    url: &Url,
    size: usize,
) -> Result<Fetched, FetchError> {
    let status = response.status();
    let text = |name: HeaderName| {
        response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
        return Err(FetchError::Redirected { host: url.place(), status: status.as_u16() });
    }
    if text(header::CONTENT_ENCODING).is_some_and(|coding| !coding.eq_ignore_ascii_case("identity")) {
        return Err(FetchError::Encoded { host: url.place() });
    }
    let content_type = text(header::CONTENT_TYPE);
    let validators = Validators { etag: text(header::ETAG), last_modified: text(header::LAST_MODIFIED) };
    let too_long = || FetchError::TooLong { host: url.place(), size };
    let announced = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    if announced.is_some_and(|length| length > size) {
        return Err(too_long());
    }
    let mut incoming = response.into_body();
    let mut body = BytesMut::new();
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|cause| FetchError::Http { host: url.place(), cause })?;
        if let Ok(data) = frame.into_data() {
            if body.len() + data.len() > size {
                return Err(too_long());
            }
            body.extend_from_slice(&data);
        }
    }
    Ok(Fetched { status: status.as_u16(), body: body.freeze(), content_type, validators })
}

#[cfg(test)]
mod tests;
