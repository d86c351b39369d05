//! The console as one value: which page, which answer.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use directory::{AdministratorSession, Power};
use names::{OrganisationId, Timestamp};
use net::{Door, Gate, Listener, StopSignal};
use tower::ServiceExt;
use walls::Visitor;
use walls::cookie::Cookie;
use walls::csrf::{FormKey, comes_from_us};
use walls::headers::{Answer, Policies};
use walls::opaque::{Opaque, Purpose};
use walls::page::{host, see_other};
use walls::serve::{self, Pages};
use walls::submissions::Submissions;

use super::errors::{Halt, Trouble};
use super::pages;
use super::settings::Settings;
use crate::Admin;

/// The administrators' pages. Cheap to clone.
#[derive(Clone)]
pub struct Console(Arc<Inner>);

struct Inner {
    settings: Settings,
    admin: Admin,
    gate: Gate,
    policies: Policies,
    forms: FormKey,
    opaque: Opaque,
    submissions: Submissions,
    pages: axum::Router<Console>,
}

impl Console {
    /// The pages over these rooms. `gate` is the limiter that all doors share.
    #[must_use]
    pub fn new(settings: Settings, admin: Admin, gate: Gate) -> Self {
        Self(Arc::new(Inner {
            policies: Policies::new(&settings.origin, &settings.origin),
            forms: FormKey::new(&settings.root_key),
            opaque: Opaque::new(&settings.root_key),
            submissions: Submissions::default(),
            pages: pages::all(),
            settings,
            admin,
            gate,
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
        let mut response = if host(&request).as_deref() == Some(origin.authority()) {
            let is_asset = request.uri().path().ends_with(".css") || request.uri().path().ends_with(".svg");
            let ours = comes_from_us(request.method(), request.headers(), origin);
            request.extensions_mut().insert(visitor);
            let response = if ours { self.route(request).await } else { Trouble::Form.page() };
            kind = if is_asset && response.status().is_success() { Answer::Asset } else { Answer::Page };
            response
        } else {
            // A name we do not have: somebody's DNS, or a rebinding attack. Say nothing.
            kind = Answer::KeptFile;
            StatusCode::MISDIRECTED_REQUEST.into_response()
        };
        if response.status() == StatusCode::METHOD_NOT_ALLOWED {
            response = Trouble::Method.page();
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

    pub(crate) fn admin(&self) -> &Admin {
        &self.0.admin
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.0.gate
    }

    pub(crate) fn forms(&self) -> &FormKey {
        &self.0.forms
    }

    pub(crate) fn submissions(&self) -> &Submissions {
        &self.0.submissions
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.admin.relay.now()
    }

    /// 256 fresh bits, as text.
    pub(crate) fn chance(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0.admin.entropy.bytes::<32>())
    }

    /// The session of this browser, or the way to the sign-in page.
    pub(crate) async fn session(
        &self,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<AdministratorSession, Halt> {
        let directory = &self.0.admin.directory;
        let session = match Cookie::Console.read(headers) {
            Some(token) => directory.administrator_session(&token, now).await?,
            None => None,
        };
        let Some(session) = session else { return Err(see_other("/connexion").into()) };
        directory.touch_administrator_session(&session, now).await?;
        Ok(session)
    }

    /// The session, if its administrator may; else there is no such page.
    pub(crate) async fn session_with(
        &self,
        headers: &HeaderMap,
        power: Power,
        now: Timestamp,
    ) -> Result<AdministratorSession, Halt> {
        let session = self.session(headers, now).await?;
        match session.administrator.authority().may_somewhere(power) {
            true => Ok(session),
            false => Err(Trouble::NotFound.into()),
        }
    }

    /// A reference to something that this administrator was shown.
    pub(crate) fn hide(&self, purpose: Purpose, session: &AdministratorSession, ids: &[i64]) -> String {
        self.0.opaque.hide_ids(purpose, &session.administrator.id.0.to_be_bytes(), ids)
    }

    /// What a reference shown to this administrator means. Not theirs and not there are one answer.
    pub(crate) fn reveal<const N: usize>(
        &self,
        purpose: Purpose,
        session: &AdministratorSession,
        text: &str,
    ) -> Result<[i64; N], Trouble> {
        self.0
            .opaque
            .reveal_ids(purpose, &session.administrator.id.0.to_be_bytes(), text)
            .ok_or(Trouble::NotFound)
    }
}

/// Whether this administrator may; else there is no such page.
pub(crate) fn allow(
    session: &AdministratorSession,
    power: Power,
    organisation: Option<OrganisationId>,
) -> Result<(), Trouble> {
    match session.administrator.authority().may(power, organisation) {
        true => Ok(()),
        false => Err(Trouble::NotFound),
    }
}

impl Pages for Console {
    async fn answer_to(&self, request: Request<Body>, visitor: Visitor) -> Response {
        self.answer(request, visitor).await
    }
}
