//! How a mail program sets itself up from an address alone.
//!
//! Four dialects of one answer: where the mail doors are, and that the login is the whole address.
//! [`mozilla`](Dialect::Mozilla) is Thunderbird's and K-9's, asked for with and without an address;
//! [`autodiscover`](Dialect::Autodiscover) and its [JSON signpost](Dialect::Signpost) are Outlook's; the
//! [profile](Dialect::Apple) is for iOS and macOS. Nothing here depends on whether a mailbox exists: a
//! stranger learns no more than DNS says (RFC 6186).

mod apple;
mod microsoft;
mod mozilla;

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use names::{Address, Domain, Timestamp};

use crate::limits::{DISCOVERY_BODY, DISCOVERY_QUERY};
use crate::pro::MailDoors;

/// What mail programs are told. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Discovery(Arc<Setup>);

/// What mail programs are told, as the binary puts it together.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The domains whose mailboxes are ours.
    pub domains: Vec<Domain>,
    /// Where the mail doors are.
    pub doors: MailDoors,
    /// The professional space, where passwords are issued.
    pub space: Option<String>,
}

/// How a door is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Channel {
    /// TLS from the first byte.
    Implicit,
    StartTls,
}

impl Channel {
    fn mozilla(self) -> &'static str {
        match self {
            Self::Implicit => "SSL",
            Self::StartTls => "STARTTLS",
        }
    }

    fn microsoft(self) -> &'static str {
        match self {
            Self::Implicit => "SSL",
            Self::StartTls => "TLS",
        }
    }
}

/// A door as a mail program dials it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct MailDoor {
    port: u16,
    channel: Channel,
}

/// TLS from the first byte first (RFC 8314 §4.1).
fn doors(implicit: Option<u16>, starttls: Option<u16>) -> Vec<MailDoor> {
    let door = |channel| move |port| MailDoor { port, channel };
    let (implicit, starttls) = (implicit.map(door(Channel::Implicit)), starttls.map(door(Channel::StartTls)));
    implicit.into_iter().chain(starttls).collect()
}

/// What a path asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    Mozilla,
    Autodiscover,
    Signpost,
    Apple,
}

impl Dialect {
    /// Outlook writes its paths in several cases.
    fn of(path: &str) -> Option<Self> {
        match path {
            "/mail/config-v1.1.xml" | "/.well-known/autoconfig/mail/config-v1.1.xml" => Some(Self::Mozilla),
            "/mail/apple.mobileconfig" => Some(Self::Apple),
            path => {
                let path = path.to_ascii_lowercase();
                if path == "/autodiscover/autodiscover.xml" {
                    return Some(Self::Autodiscover);
                }
                let rest = path.strip_prefix("/autodiscover/autodiscover.json")?;
                (rest.is_empty() || rest.starts_with('/')).then_some(Self::Signpost)
            }
        }
    }
}

impl Discovery {
    /// What mail programs are told.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        Self(Arc::new(setup))
    }

    /// The domain a host speaks for: the domain itself, or one of the two names that programs try. A dot at
    /// the end is Outlook's.
    fn domain(&self, host: &str) -> Option<&Domain> {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let name = name.strip_suffix('.').unwrap_or(name);
        let bare = ["autoconfig.", "autodiscover."].iter().find_map(|prefix| name.strip_prefix(prefix));
        self.0.domains.iter().find(|domain| domain.as_str() == bare.unwrap_or(name))
    }

    /// Answers a request for a name that is not one of the pages' own; `None` when the name is not a mail
    /// program's either.
    pub(crate) async fn answer(
        &self,
        host: &str,
        request: Request<Body>,
        now: Timestamp,
    ) -> Option<Response> {
        let domain = self.domain(host)?;
        Some(match Dialect::of(request.uri().path()) {
            Some(dialect) => self.tell(dialect, domain, host, request, now).await,
            None => StatusCode::NOT_FOUND.into_response(),
        })
    }

    /// The same on the professionals' own pages, for the link to the profile; `None` when the path is
    /// another.
    pub(crate) fn answer_profile(&self, host: &str, request: &Request<Body>) -> Option<Response> {
        let asked = Dialect::of(request.uri().path()) == Some(Dialect::Apple) && is_read(request.method());
        let address = self.address(request.uri().query().unwrap_or_default())?;
        let domain = self.0.domains.iter().find(|domain| *domain == address.domain())?;
        asked.then(|| apple::profile(&self.0, domain, Some(&address), host))
    }

    async fn tell(
        &self,
        dialect: Dialect,
        domain: &Domain,
        host: &str,
        request: Request<Body>,
        now: Timestamp,
    ) -> Response {
        let query = request.uri().query().unwrap_or_default();
        let asked = self.address(query);
        let read = is_read(request.method());
        let here = |address: &Address| self.0.domains.contains(address.domain());
        match dialect {
            // With another operator's address the answer would be a lie.
            Dialect::Mozilla | Dialect::Apple if asked.as_ref().is_some_and(|address| !here(address)) => {
                StatusCode::NOT_FOUND.into_response()
            }
            Dialect::Mozilla if read => mozilla::config(&self.0, domain, asked.as_ref()),
            Dialect::Apple if read => apple::profile(&self.0, domain, asked.as_ref(), host),
            Dialect::Signpost if read => microsoft::signpost(query, host),
            Dialect::Autodiscover if request.method() == Method::POST => {
                let Ok(body) = to_bytes(request.into_body(), DISCOVERY_BODY).await else {
                    return StatusCode::PAYLOAD_TOO_LARGE.into_response();
                };
                microsoft::settings(&self.0, &body, now)
            }
            Dialect::Autodiscover => microsoft::invalid(now),
            Dialect::Mozilla | Dialect::Apple | Dialect::Signpost => {
                StatusCode::METHOD_NOT_ALLOWED.into_response()
            }
        }
    }

    /// The address a query names, by whichever of its names.
    fn address(&self, query: &str) -> Option<Address> {
        ["emailaddress", "address", "email"]
            .iter()
            .find_map(|name| parameter(query, name))
            .and_then(|text| Address::parse(&text).ok())
    }
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// One parameter of a query, by its name in any case.
fn parameter(query: &str, name: &str) -> Option<String> {
    if query.len() > DISCOVERY_QUERY {
        return None;
    }
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.eq_ignore_ascii_case(name).then(|| unescape(value))
    })
}

/// `%41` is `A`; what is no escape stays as it is. `+` is a plus: it is one in addresses.
fn unescape(text: &str) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = (first == b'%').then(|| after.get(..2)).flatten();
        let octet = escaped.and_then(|hex| std::str::from_utf8(hex).ok());
        match octet.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(octet) => {
                octets.push(octet);
                rest = &after[2..];
            }
            None => {
                octets.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

/// An answer of one of the dialects. Programs keep it a while; nothing in it is secret.
fn told(kind: &'static str, text: String) -> Response {
    let mut response = text.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

#[cfg(test)]
mod tests;
