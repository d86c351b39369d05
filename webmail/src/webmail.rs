//! The pages as one value: which host, which page, which answer.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use directory::Session;
use names::Timestamp;
use net::{Door, Listener, StopSignal};
use tokio::sync::Semaphore;
use tower::ServiceExt;
use walls::page::NotAForm;

use crate::Discovery;
use crate::cookie::Cookie;
use crate::csrf::{FormKey, comes_from_us};
use crate::data::{Failure, Rooms};
use crate::errors::Trouble;
use crate::headers::{Answer, Policies};
use crate::limits::UPLOADS_MIB;
use crate::opaque::{Opaque, Purpose};
use crate::pages;
use crate::second_origin::Tickets;
use crate::serve::{self, Pages, Visitor};
use crate::settings::Settings;
use crate::submissions::Submissions;

pub(crate) use walls::page::{host, see_other};

/// The patient's pages. Cheap to clone.
#[derive(Clone)]
pub struct Webmail(Arc<Inner>);

struct Inner {
    settings: Settings,
    rooms: Rooms,
    policies: Policies,
    forms: FormKey,
    opaque: Opaque,
    tickets: Tickets,
    uploads: Semaphore,
    submissions: Submissions,
    app: axum::Router<Webmail>,
    files: axum::Router<Webmail>,
}

/// Where a request came from, beside it.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// An answer that ends a page early: a redirection, a trouble.
pub struct Halt(Box<Response>);

impl From<Response> for Halt {
    fn from(response: Response) -> Self {
        Self(Box::new(response))
    }
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Self {
        tracing::error!(error = &failure as &dyn std::error::Error, "a page failed");
        Trouble::Broken.into_response().into()
    }
}

impl From<Trouble> for Halt {
    fn from(trouble: Trouble) -> Self {
        trouble.into_response().into()
    }
}

impl From<NotAForm> for Halt {
    fn from(_: NotAForm) -> Self {
        Trouble::Form.into()
    }
}

impl IntoResponse for Halt {
    fn into_response(self) -> Response {
        *self.0
    }
}

impl Webmail {
    /// The pages over these rooms.
    #[must_use]
    pub fn new(settings: Settings, rooms: Rooms) -> Self {
        let opaque = Opaque::new(&settings.root_key);
        Self(Arc::new(Inner {
            policies: Policies::new(&settings.app, &settings.files),
            forms: FormKey::new(&settings.root_key),
            tickets: Tickets::new(opaque.clone(), settings.files.clone()),
            opaque,
            uploads: Semaphore::new(UPLOADS_MIB as usize),
            submissions: Submissions::default(),
            app: pages::app(settings.outside_box.is_some()),
            files: pages::files(),
            settings,
            rooms,
        }))
    }

    /// Answers browsers at this listener until the stop, then lets answers under way finish within
    /// `door.drain`.
    pub async fn serve(self, listener: Listener, door: Door, stop: StopSignal) {
        serve::serve(self, listener, door, stop).await;
    }

    /// Answers one request of one peer.
    pub async fn answer(&self, mut request: Request<Body>, peer: IpAddr) -> Response {
        request.extensions_mut().insert(Peer(peer));
        let host = host(&request);
        let settings = &self.0.settings;
        if host.as_deref() == Some(settings.app.authority()) {
            self.answer_app(request).await
        } else if host.as_deref() == Some(settings.files.authority()) {
            self.answer_files(request).await
        } else {
            let mut response = mail_program(settings.discovery.as_ref(), host, request, self.now()).await;
            self.0.policies.apply(Answer::KeptFile, response.headers_mut());
            response
        }
    }

    async fn answer_app(&self, request: Request<Body>) -> Response {
        let method = request.method().clone();
        let is_asset = request.uri().path().ends_with(".css") || request.uri().path().ends_with(".svg");
        let mut response = if comes_from_us(&method, request.headers(), &self.0.settings.app) {
            route(&self.0.app, self.clone(), request).await
        } else {
            Trouble::Form.into_response()
        };
        let kind = if is_asset && response.status().is_success() { Answer::Asset } else { Answer::Page };
        if response.status() == StatusCode::METHOD_NOT_ALLOWED {
            response = Trouble::Method.into_response();
        }
        self.0.policies.apply(kind, response.headers_mut());
        response
    }

    async fn answer_files(&self, request: Request<Body>) -> Response {
        let mut response = if matches!(*request.method(), Method::GET | Method::HEAD) {
            route(&self.0.files, self.clone(), request).await
        } else {
            StatusCode::METHOD_NOT_ALLOWED.into_response()
        };
        let kind = response.extensions().get::<Answer>().copied().unwrap_or(Answer::KeptFile);
        self.0.policies.apply(kind, response.headers_mut());
        response
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(crate) fn rooms(&self) -> &Rooms {
        &self.0.rooms
    }

    pub(crate) fn forms(&self) -> &FormKey {
        &self.0.forms
    }

    pub(crate) fn opaque(&self) -> &Opaque {
        &self.0.opaque
    }

    pub(crate) fn tickets(&self) -> &Tickets {
        &self.0.tickets
    }

    pub(crate) fn uploads(&self) -> &Semaphore {
        &self.0.uploads
    }

    pub(crate) fn submissions(&self) -> &Submissions {
        &self.0.submissions
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.rooms.clock.now()
    }

    /// 256 fresh bits, as text.
    pub(crate) fn chance(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0.rooms.entropy.bytes::<32>())
    }

    /// The session of this browser, or the way to the sign-in page.
    pub(crate) async fn session(&self, headers: &HeaderMap, now: Timestamp) -> Result<Session, Halt> {
        self.session_if_any(headers, now).await?.ok_or_else(|| see_other("/connexion").into())
    }

    /// The same, where a session that has ended is no reason to turn away.
    pub(crate) async fn session_if_any(
        &self,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Option<Session>, Halt> {
        match Cookie::Session.read(headers) {
            Some(token) => Ok(self.rooms().session(&token, now).await?),
            None => Ok(None),
        }
    }

    /// A reference to something of this session's open space.
    pub(crate) fn hide(&self, purpose: Purpose, session: &Session, id: i64) -> String {
        self.opaque().hide_ids(purpose, &session.profile.account.0.to_be_bytes(), &[id])
    }

    /// What a reference of this session's open space means. Not ours and not there are one answer.
    pub(crate) fn reveal(&self, purpose: Purpose, session: &Session, text: &str) -> Result<i64, Halt> {
        let ids = self.opaque().reveal_ids(purpose, &session.profile.account.0.to_be_bytes(), text);
        ids.map(|[id]| id).ok_or_else(|| Trouble::NotFound.into())
    }
}

impl Pages for Webmail {
    async fn answer_to(&self, request: Request<Body>, visitor: Visitor) -> Response {
        self.answer(request, visitor.address).await
    }
}

async fn route(router: &axum::Router<Webmail>, state: Webmail, request: Request<Body>) -> Response {
    match router.clone().with_state(state).oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// The answer under a name that is not the pages' own: a mail program's, or nobody's.
pub(crate) async fn mail_program(
    discovery: Option<&Discovery>,
    host: Option<String>,
    request: Request<Body>,
    now: Timestamp,
) -> Response {
    let answer = match discovery.zip(host) {
        Some((discovery, host)) => discovery.answer(&host, request, now).await,
        None => None,
    };
    // A name we do not have: somebody's DNS, or a rebinding attack. Say nothing.
    answer.unwrap_or_else(|| StatusCode::MISDIRECTED_REQUEST.into_response())
}
