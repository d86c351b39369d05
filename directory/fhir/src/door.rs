//! The door as one value: which request, which answer.

use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::http::{HeaderMap, HeaderName, Method, Request, Response, header};
use names::{Clock, Timestamp};
use register::{Register, Sight};
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::access::{Client, Denied, Gatekeeper, Publisher};
use crate::answer::{Answer, guard, refuse};
use crate::ask::{self, Search};
use crate::negotiation::{accepts, handling, is_of, names_version};
use crate::pairs::{self, Pair};
use crate::render;
use crate::search::Shelves;
use crate::{Kind, Tally, Trouble, capability, limits, openapi};

/// How the door is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What stands before every path, as `https://annuaire.example`, without a stroke at its end.
    pub base: String,
    /// The header that carries the key.
    pub key_header: HeaderName,
}

/// The directory over FHIR. Cheap to clone. `H` is what it needs of the house.
pub struct Fhir<H>(Arc<Inner<H>>);

impl<H> Clone for Fhir<H> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Inner<H> {
    settings: Settings,
    public: Register,
    complete: Register,
    house: H,
    tally: Tally,
    clock: Clock,
    capability: Value,
    openapi: Value,
    at_once: Semaphore,
}

/// What a request is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place<'a> {
    Metadata,
    Description,
    All(Kind),
    Posted(Kind),
    One(Kind, &'a str),
}

impl<H: Gatekeeper + Publisher> Fhir<H> {
    /// The door over this register.
    #[must_use]
    pub fn new(settings: Settings, register: &Register, house: H, tally: Tally, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            capability: capability::statement(&settings.base, &render::instant(clock.now())),
            openapi: openapi::description(&settings.base, &settings.key_header),
            public: register.seen_by(Sight::Public),
            complete: register.seen_by(Sight::Administrator),
            settings,
            house,
            tally,
            clock,
            at_once: Semaphore::new(limits::AT_ONCE),
        }))
    }

    /// Answers one request of one peer.
    pub async fn answer(&self, request: Request<Body>, peer: IpAddr) -> Response<Body> {
        let method = request.method().clone();
        let limit = Duration::from_millis(limits::ANSWER.unsigned_abs());
        let answered = tokio::time::timeout(limit, self.route(request, peer)).await;
        let mut response = match answered.unwrap_or_else(|_| Err(Trouble::timeout())) {
            Ok(answer) => {
                self.0.tally.answered();
                answer.into_response()
            }
            Err(trouble) => {
                self.0.tally.refused(trouble.issue);
                refuse(trouble, &self.0.settings.key_header)
            }
        };
        let status = response.status();
        tracing::debug!(%method, %peer, status = status.as_u16(), "answered");
        guard(response.headers_mut(), self.0.settings.base.starts_with("https:"));
        response
    }

    async fn route(&self, request: Request<Body>, peer: IpAddr) -> Result<Answer, Trouble> {
        let (head, body) = request.into_parts();
        let (method, headers) = (head.method, head.headers);
        // Read to its end even where nobody wants it: an answer before that cuts the connection under the caller.
        let body = read(body, limits::BODY_OCTETS).await?;
        let place = place(head.uri.path());
        if let Some(Place::Metadata | Place::Description) = place {
            allow(&method, &[Method::GET, Method::HEAD], "GET, HEAD")?;
        }
        let pairs = pairs::parse(head.uri.query().unwrap_or_default())?;
        match place {
            Some(Place::Metadata) => {
                let view = viewed(&headers, &pairs)?;
                return Ok(Answer::resource(self.0.capability.clone()).pretty(view.pretty));
            }
            Some(Place::Description) => return Ok(Answer::plain(self.0.openapi.clone())),
            Some(Place::All(_) | Place::Posted(_) | Place::One(..)) | None => {}
        }
        let now = self.0.clock.now();
        let client = self.client(&headers, peer, now).await?;
        let Some(place) = place else { return Err(elsewhere(head.uri.path())) };
        let turn = self.0.at_once.acquire().await;
        let _turn = turn.map_err(|_| Trouble::broken())?;
        match place {
            Place::Metadata | Place::Description => Err(Trouble::broken()),
            Place::All(kind) if method == Method::PATCH => {
                self.patch(kind, Where::Matching(&pairs), &headers, &body, &client, now).await
            }
            Place::All(kind) => {
                allow(&method, &[Method::GET, Method::HEAD], "GET, HEAD, PATCH")?;
                self.search(kind, &pairs, &headers, &client, now).await
            }
            Place::Posted(kind) => {
                allow(&method, &[Method::POST], "POST")?;
                if !is_of(&headers, &["application/x-www-form-urlencoded"]) {
                    let text = "a posted search is a form: application/x-www-form-urlencoded";
                    return Err(Trouble::media_type(text));
                }
                if body.len() > limits::QUERY_OCTETS {
                    let most = limits::QUERY_OCTETS;
                    return Err(Trouble::too_long(format!("a form has at most {most} octets")));
                }
                let form =
                    std::str::from_utf8(&body).map_err(|_| Trouble::invalid("the form is not UTF-8"))?;
                // Parameters of the address count too (FHIR R4 §3.1.1.3).
                let mut both = pairs;
                both.extend(pairs::parse(form)?);
                self.search(kind, &both, &headers, &client, now).await
            }
            Place::One(kind, id) if method == Method::PATCH => {
                self.patch(kind, Where::Id(id), &headers, &body, &client, now).await
            }
            Place::One(kind, id) => {
                allow(&method, &[Method::GET, Method::HEAD], "GET, HEAD, PATCH")?;
                self.read(kind, id, &pairs, &headers, &client, now).await
            }
        }
    }

    async fn client(&self, headers: &HeaderMap, peer: IpAddr, now: Timestamp) -> Result<Client, Trouble> {
        let name = &self.0.settings.key_header;
        let missing = || Trouble::unknown_key(format!("send your key in the header {name}"));
        let key = headers.get(name).ok_or_else(missing)?;
        let key = key.to_str().map_err(|_| Trouble::unknown_key("nobody is known by this key"))?;
        self.0.house.admit(key, peer, now).await.map_err(|denied| match denied {
            Denied::Unknown => Trouble::unknown_key("nobody is known by this key"),
            Denied::Wait(wait) => {
                let seconds = wait.as_secs().max(1);
                Trouble::throttled("too many wrong keys came from there; wait", seconds)
            }
            Denied::Failed(cause) => {
                tracing::error!(error = &*cause, "a key could not be looked at");
                Trouble::broken()
            }
        })
    }

    async fn search(
        &self,
        kind: Kind,
        pairs: &[Pair],
        headers: &HeaderMap,
        client: &Client,
        now: Timestamp,
    ) -> Result<Answer, Trouble> {
        let search = Search::parse(kind, &self.0.settings.base, pairs, handling(headers))?;
        if !search.view.has_format() {
            accepts(headers)?;
        }
        let found = self.shelves(client, now).search(&search).await?;
        self.spend(client, found.shown, now).await?;
        tracing::info!(key = client.key, %kind, shown = found.shown, "searched");
        Ok(Answer::resource(found.bundle).pretty(search.view.pretty))
    }

    async fn read(
        &self,
        kind: Kind,
        id: &str,
        pairs: &[Pair],
        headers: &HeaderMap,
        client: &Client,
        now: Timestamp,
    ) -> Result<Answer, Trouble> {
        let view = viewed(headers, pairs)?;
        let shelves = self.shelves(client, now);
        let found = shelves.read(kind, id).await?;
        // Looking ids up one by one is a way to harvest, found or not.
        self.spend(client, 1, now).await?;
        let Some((listing, situation)) = found else {
            return Err(Trouble::not_found(format!("there is no {kind} with this id")));
        };
        let updated = updated(&listing);
        let version = render::version(updated);
        let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        if known.is_some_and(|known| names_version(known, &version)) {
            return Ok(Answer::not_modified().versioned(version, http_date(updated)));
        }
        let resource = shelves.resource(listing, situation).await?;
        Ok(Answer::resource(view.of(kind, resource))
            .pretty(view.pretty)
            .versioned(version, http_date(updated)))
    }

    async fn spend(&self, client: &Client, entries: u64, now: Timestamp) -> Result<(), Trouble> {
        match self.0.house.spend(client, entries, now).await {
            Ok(true) => {
                self.0.tally.shown(entries);
                Ok(())
            }
            Ok(false) => {
                let tomorrow = names::DAY - now.0.rem_euclid(names::DAY);
                let seconds = u64::try_from(tomorrow / names::SECOND).unwrap_or(0).max(1);
                let text = "this key has been shown all the entries of its day; ask the directory's operator for more";
                Err(Trouble::throttled(text, seconds))
            }
            Err(cause) => {
                tracing::error!(error = &*cause, "entries shown could not be counted");
                Err(Trouble::broken())
            }
        }
    }

    pub(crate) fn shelves<'a>(&'a self, client: &'a Client, now: Timestamp) -> Shelves<'a> {
        let Inner { public, complete, settings, .. } = &*self.0;
        Shelves { register: public, complete, client, base: &settings.base, now }
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.0.tally
    }

    pub(crate) fn house(&self) -> &H {
        &self.0.house
    }

    pub(crate) fn base(&self) -> &str {
        &self.0.settings.base
    }
}

/// Which resource a patch is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Where<'a> {
    /// That with this id.
    Id(&'a str),
    /// The only one that matches.
    Matching(&'a [Pair]),
}

/// When an entry last changed.
pub(crate) fn updated(listing: &register::Listing) -> Timestamp {
    match listing {
        register::Listing::Professional(own) => own.updated,
        register::Listing::Organisation(own) => own.updated,
    }
}

/// As HTTP writes a date (RFC 9110 §5.6.7).
pub(crate) fn http_date(time: Timestamp) -> String {
    time.utc().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The body, as far as it is read. What is too long is heard out within a bound: a connection that is closed on
/// unread octets is reset, and its caller loses the answer.
async fn read(body: Body, most: usize) -> Result<Vec<u8>, Trouble> {
    let (mut body, mut octets, mut heard) = (pin!(body), Vec::new(), 0);
    while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        let frame = frame.map_err(|_| Trouble::invalid("the body ends before its end"))?;
        let Ok(piece) = frame.into_data() else { continue };
        heard += piece.len();
        if heard <= most {
            octets.extend_from_slice(&piece);
        } else if heard > limits::HEARD_OUT_OCTETS {
            break;
        }
    }
    if heard > most {
        return Err(Trouble::too_long(format!("at most {most} octets are read")));
    }
    Ok(octets)
}

fn viewed(headers: &HeaderMap, pairs: &[Pair]) -> Result<crate::view::View, Trouble> {
    let view = ask::view(pairs)?;
    if !view.has_format() {
        accepts(headers)?;
    }
    Ok(view)
}

fn allow(method: &Method, methods: &[Method], told: &'static str) -> Result<(), Trouble> {
    methods.contains(method).then_some(()).ok_or_else(|| Trouble::method(told))
}

fn place(path: &str) -> Option<Place<'_>> {
    let mut parts = path.strip_prefix('/')?.split('/');
    let (first, second, third) = (parts.next()?, parts.next(), parts.next());
    match (first, second, third) {
        ("metadata", None, None) => Some(Place::Metadata),
        ("openapi.json", None, None) => Some(Place::Description),
        (kind, None | Some(""), None) => Some(Place::All(Kind::from_name(kind)?)),
        (kind, Some("_search"), None) => Some(Place::Posted(Kind::from_name(kind)?)),
        (kind, Some(id), None) => Some(Place::One(Kind::from_name(kind)?, id)),
        (_, _, Some(_)) => None,
    }
}

/// Why a path leads nowhere.
fn elsewhere(path: &str) -> Trouble {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    if Kind::from_name(first).is_some() {
        Trouble::not_served("versions, compartments and operations are not offered")
    } else if first.is_empty() {
        Trouble::not_served("searches name a type, as /Practitioner; batches are not offered")
    } else {
        Trouble::not_served("Practitioner, PractitionerRole and Organization are served; /metadata says how")
    }
}

#[cfg(test)]
mod tests;
