//! What is allowed in an emergency, seen and changed at any time.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::{ConsentRefusal, Consents, Relation, Session};
use serde::Deserialize;

use super::{Form, Page, chrome, form_of, html, zone};
use crate::data::Failure;
use crate::errors::Trouble;
use crate::texts;
use crate::views::{Emergency, Place};
use crate::webmail::{Webmail, see_other};

/// What the address says was just done.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Done {
    fait: String,
}

/// `GET /espace/urgence`
pub async fn show(State(app): State<Webmail>, headers: HeaderMap, Query(done): Query<Done>) -> Page {
    let session = app.session(&headers, app.now()).await?;
    let note = (done.fait == "note").then(|| texts::CONSENTS_SAVED.to_owned());
    Ok(page(&app, &session, note, None).await?)
}

async fn page(
    app: &Webmail,
    session: &Session,
    note: Option<String>,
    error: Option<String>,
) -> Result<Response, Failure> {
    let answered = app.rooms().emergency_consents(session).await?;
    let (profile, zone) = (&session.profile, zone(app, session));
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let Consents { samu, professionals, masked } = answered.consents;
    let mut page = html(&Emergency {
        chrome: chrome(app, session, Place::Profiles, app.now()).await?,
        of: (profile.relation != Relation::Own).then(|| profile.display_name.clone()),
        may_change: profile.relation != Relation::Helper,
        samu,
        professionals,
        masked,
        answered: answered.at.map(|at| texts::day(at, &zone)),
        note,
        error,
    });
    *page.status_mut() = status;
    Ok(page)
}

/// `POST /espace/urgence`
pub async fn change(State(app): State<Webmail>, headers: HeaderMap, form: Form) -> Page {
    let now = app.now();
    let (session, fields) = form_of(&app, &headers, form, now).await?;
    let ticked = |name: &str| match fields.field(name) {
        "" => Ok(false),
        "oui" => Ok(true),
        _ => Err(Trouble::Form),
    };
    let consents =
        Consents { samu: ticked("samu")?, professionals: ticked("urgence")?, masked: ticked("masques")? };
    match app.rooms().change_consents(&session, consents, now).await? {
        Ok(()) => Ok(see_other("/espace/urgence?fait=note")),
        Err(ConsentRefusal::NotYours) => {
            Ok(page(&app, &session, None, Some(texts::CONSENTS_NOT_YOURS.to_owned())).await?)
        }
        Err(ConsentRefusal::NotActivated) => {
            Ok(page(&app, &session, None, Some(texts::NOT_OPEN.to_owned())).await?)
        }
    }
}
