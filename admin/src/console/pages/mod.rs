//! The handlers of the console: ask the rooms, fill a view, render it.

mod enrolment;
mod home;
mod sign_in;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use axum::routing::{get, post};
use directory::AdministratorSession;
use names::Timestamp;
use walls::assets;
use walls::limits::FORM_MAX;
use walls::page::{Fields, Form, css};

use super::console::Console;
use super::errors::{Halt, Trouble};
use super::texts;
use super::views::{Frame, Place};

/// A page, or what ends it early.
pub(in crate::console) type Page = Result<Response, Halt>;

/// Every page.
pub(super) fn all() -> Router<Console> {
    Router::new()
        .route("/", get(home::show))
        .route("/connexion", get(sign_in::show).post(sign_in::first))
        .route("/connexion/code", get(sign_in::show_code).post(sign_in::second))
        .route("/invitation", get(enrolment::show).post(enrolment::begin))
        .route("/invitation/telephone", get(enrolment::show_factor).post(enrolment::finish))
        .route("/deconnexion", post(sign_in::leave))
        .route("/au-revoir", get(sign_in::goodbye))
        .route(&assets::style_path(), get(async || css(assets::STYLE)))
        .route("/icone.svg", get(async || ([(header::CONTENT_TYPE, "image/svg+xml")], assets::ICON)))
        .layer(DefaultBodyLimit::max(FORM_MAX))
        .merge(super::desk::routes())
        .fallback(async || Trouble::NotFound.page())
}

/// What surrounds the pages of this session.
pub(in crate::console) fn frame(session: &AdministratorSession, place: Place) -> Frame {
    let administrator = &session.administrator;
    Frame {
        name: administrator.name.clone(),
        roles: administrator.roles.iter().map(texts::role).collect::<Vec<_>>().join(", "),
        menu: place.menu(&administrator.authority()),
        crumbs: Vec::new(),
        csrf: session.csrf.clone(),
        notice: None,
    }
}

/// The fields of a form of an administrator who is signed in, once its token holds.
pub(in crate::console) async fn form_of(
    app: &Console,
    headers: &HeaderMap,
    form: Form,
    now: Timestamp,
) -> Result<(AdministratorSession, Fields), Halt> {
    let session = app.session(headers, now).await?;
    let fields = Fields::of(form)?;
    if session.is_csrf(fields.field("jeton")) { Ok((session, fields)) } else { Err(Trouble::Form.into()) }
}
