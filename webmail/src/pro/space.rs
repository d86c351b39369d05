//! The professional space as one value: which host, which page, which answer.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use directory::ProfessionalSession;
use names::Timestamp;
use net::{Door, Listener, StopSignal};
use tower::ServiceExt;
use walls::page::NotAForm;

use super::errors;
use super::pages;
use super::settings::Settings;
use crate::cookie::Cookie;
use crate::csrf::{FormKey, comes_from_us};
use crate::data::{Failure, Rooms};
use crate::errors::Trouble;
use crate::headers::{Answer, Policies};
use crate::opaque::{Opaque, Purpose};
use crate::serve::{self, Pages, Visitor};
use crate::submissions::Submissions;
use crate::webmail::{host, mail_program, see_other};

/// The professionals' pages. Cheap to clone.
#[derive(Clone)]
pub struct Space(Arc<Inner>);

struct Inner {
    settings: Settings,
    rooms: Rooms,
    policies: Policies,
    forms: FormKey,
    opaque: Opaque,
    submissions: Submissions,
    pages: axum::Router<Space>,
}

/// An answer that ends a page early: a redirection, a trouble.
pub(crate) struct Halt(Box<Response>);

impl From<Response> for Halt {
    fn from(response: Response) -> Self {
        Self(Box::new(response))
    }
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Self {
        tracing::error!(error = &failure as &dyn std::error::Error, "a professional's page failed");
        Trouble::Broken.into()
    }
}

impl From<Trouble> for Halt {
    fn from(trouble: Trouble) -> Self {
        errors::page(trouble).into()
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

impl Space {
    /// The pages over these rooms.
    #[must_use]
    pub fn new(settings: Settings, rooms: Rooms) -> Self {
        Self(Arc::new(Inner {
            policies: Policies::new(&settings.origin, &settings.origin),
            forms: FormKey::new(&settings.root_key),
            opaque: Opaque::new(&settings.root_key),
            submissions: Submissions::default(),
            pages: pages::all(),
            settings,
            rooms,
        }))
    }

    /// Answers browsers at this listener until the stop, then lets answers under way finish within
    /// `door.drain`.
    pub async fn serve(self, listener: Listener, door: Door, stop: StopSignal) {
        serve::serve(self, listener, door, stop).await;
    }

    /// Answers one request of one visitor.
    pub async fn answer(&self, mut request: Request<Body>, visitor: Visitor) -> Response {
        let origin = &self.0.settings.origin;
        let kind;
        let discovery = self.0.settings.discovery.as_ref();
        let host = host(&request);
        let mut response = if host.as_deref() != Some(origin.authority()) {
            kind = Answer::KeptFile;
            mail_program(discovery, host, request, self.now()).await
        } else if let Some(profile) = discovery.and_then(|it| it.answer_profile(origin.authority(), &request))
        {
            kind = Answer::KeptFile;
            profile
        } else {
            let is_asset = request.uri().path().ends_with(".css") || request.uri().path().ends_with(".svg");
            let ours = comes_from_us(request.method(), request.headers(), origin);
            request.extensions_mut().insert(visitor);
            let response = if ours { self.route(request).await } else { errors::page(Trouble::Form) };
            kind = if is_asset && response.status().is_success() { Answer::Asset } else { Answer::Page };
            response
        };
        if response.status() == StatusCode::METHOD_NOT_ALLOWED {
            response = errors::page(Trouble::Method);
        }
        self.0.policies.apply(kind, response.headers_mut());
        response
    }

    async fn route(&self, request: Request<Body>) -> Response {
        match self.0.pages.clone().with_state(self.clone()).oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
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
    pub(crate) async fn session(
        &self,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<ProfessionalSession, Halt> {
        let session = match Cookie::Professional.read(headers) {
            Some(token) => self.rooms().professional_session(&token, now).await?,
            None => None,
        };
        session.ok_or_else(|| see_other("/connexion").into())
    }

    /// A reference to something that this professional may touch.
    pub(crate) fn hide(&self, purpose: Purpose, session: &ProfessionalSession, ids: &[i64]) -> String {
        self.opaque().hide_ids(purpose, &session.person.id.0.to_be_bytes(), ids)
    }

    /// What a reference shown to this professional means. Not theirs and not there are one answer.
    pub(crate) fn reveal<const N: usize>(
        &self,
        purpose: Purpose,
        session: &ProfessionalSession,
        text: &str,
    ) -> Result<[i64; N], Trouble> {
        self.opaque().reveal_ids(purpose, &session.person.id.0.to_be_bytes(), text).ok_or(Trouble::NotFound)
    }
}

impl Pages for Space {
    async fn answer_to(&self, request: Request<Body>, visitor: Visitor) -> Response {
        self.answer(request, visitor).await
    }
}
