//! What support agents, auditors and administrators of the house look at: figures, letters explained, the
//! queue, the trust list, patients' profiles, the trail, the settings.

mod letters;
mod patients;
mod plot;
mod queue;
mod settings;
mod statistics;
#[cfg(test)]
mod tests;
mod texts;
mod trail;
mod trust;
pub mod views;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use directory::{AdministratorSession, Power};
use names::Timestamp;
use walls::page::{Fields, Form};

use super::console::Console;
use super::errors::{Halt, Trouble};
use super::limits::UPLOAD_MAX;
use super::pages::form_of;

/// These pages.
pub(super) fn routes() -> Router<Console> {
    Router::new()
        .route("/statistiques", get(statistics::show))
        .route("/statistiques/{feuille}", get(statistics::download))
        .route("/lettres", get(letters::show).post(letters::explain))
        .route("/file", get(queue::show).post(queue::care))
        .route("/file/{lettre}", get(queue::letter))
        .route("/confiance", get(trust::show))
        .route("/confiance/liste", post(trust::load).layer(DefaultBodyLimit::max(UPLOAD_MAX)))
        .route("/patients", get(patients::ask).post(patients::find))
        .route("/patients/{patient}", get(patients::show))
        .route("/patients/{patient}/{geste}", get(patients::prepare).post(patients::act))
        .route("/journal", get(trail::choose).post(trail::open))
        .route("/journal/{chaine}", get(trail::show))
        .route("/journal/{chaine}/export", post(trail::export))
        .route("/journal/{chaine}/preuve", post(trail::prove))
        .route("/reglages", get(settings::show))
}

/// The fields of a form of somebody who may do this. Who may look at the page and not change it is told so;
/// to everybody else there is no such page.
async fn act_of(
    app: &Console,
    headers: &HeaderMap,
    form: Form,
    (look, change): (Power, Power),
    now: Timestamp,
) -> Result<(AdministratorSession, Fields), Halt> {
    let (session, fields) = form_of(app, headers, form, now).await?;
    let authority = session.administrator.authority();
    match (authority.may_somewhere(change), authority.may_somewhere(look)) {
        (true, _) => Ok((session, fields)),
        (false, true) => Err(Trouble::Forbidden.into()),
        (false, false) => Err(Trouble::NotFound.into()),
    }
}

/// A file to keep.
fn download(name: &str, kind: &'static str, content: String) -> Response {
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    let disposition = disposition.unwrap_or(HeaderValue::from_static("attachment"));
    let headers =
        [(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CONTENT_DISPOSITION, disposition)];
    (headers, content).into_response()
}

/// A table for spreadsheets: the mark at its beginning tells French ones that it is UTF-8.
fn spreadsheet(name: &str, csv: &str) -> Response {
    download(name, "text/csv; charset=utf-8", format!("\u{feff}{csv}"))
}
