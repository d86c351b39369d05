//! The handlers of the professional space: ask the rooms, fill a view, render it.

mod certificate;
mod delegations;
mod home;
mod invitation;
mod journal;
mod passwords;
mod provider;
mod sessions;
mod sign_in;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use axum::routing::{get, post};
use directory::ProfessionalSession;
use names::Timestamp;
use serde::Deserialize;

use super::errors;
use super::space::{Halt, Space};
use super::views::{Frame, Place};
use crate::assets;
use crate::errors::Trouble;
use crate::limits::FORM_MAX;
use crate::pages::{Fields, Form, css};
use walls::page::set_cookie as set;

/// A page, or what ends it early.
type Page = Result<Response, Halt>;

/// Every page.
pub(crate) fn all() -> Router<Space> {
    Router::new()
        .route("/", get(home::show))
        .route("/connexion", get(sign_in::show).post(sign_in::first))
        .route("/connexion/code", get(sign_in::show_code).post(sign_in::second))
        .route("/connexion/certificat", post(certificate::show))
        .route("/connexion/fournisseur", get(provider::begin))
        .route("/connexion/retour", get(provider::finish))
        .route("/invitation", get(invitation::show).post(invitation::accept))
        .route("/deconnexion", post(sign_in::leave))
        .route("/au-revoir", get(sign_in::goodbye))
        .route("/mots-de-passe", get(passwords::show).post(passwords::create))
        .route("/mots-de-passe/retirer", post(passwords::withdraw))
        .route("/delegations", get(delegations::show).post(delegations::give))
        .route("/delegations/fin", post(delegations::end))
        .route("/sessions", get(sessions::show))
        .route("/sessions/fin", post(sessions::end))
        .route("/sessions/fin-des-autres", post(sessions::end_others))
        .route("/journal", get(journal::show))
        .route(&assets::style_path(), get(async || css(assets::STYLE)))
        .route("/icone.svg", get(async || ([(header::CONTENT_TYPE, "image/svg+xml")], assets::ICON)))
        .layer(DefaultBodyLimit::max(FORM_MAX))
        .fallback(async || errors::page(Trouble::NotFound))
}

/// What was just done, as the address says: a closed set of words.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Done {
    fait: String,
}

/// What surrounds the pages of this session.
fn frame(session: &ProfessionalSession, place: Place) -> Frame {
    Frame {
        person: session.person.display_name(),
        role: session.person.role(),
        place,
        csrf: session.csrf.clone(),
    }
}

/// The fields of a form of a professional who is signed in, once its token holds.
async fn form_of(
    app: &Space,
    headers: &HeaderMap,
    form: Form,
    now: Timestamp,
) -> Result<(ProfessionalSession, Fields), Halt> {
    let session = app.session(headers, now).await?;
    let fields = Fields::of(form)?;
    if session.is_csrf(fields.field("jeton")) { Ok((session, fields)) } else { Err(Trouble::Form.into()) }
}

fn seconds(milliseconds: i64) -> i64 {
    milliseconds / names::SECOND
}
