//! The other parent of a child: inviting them, answering an invitation.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::{Invited, Relation, Session};
use serde::Deserialize;

use super::activation::date;
use super::{Form, Page, chrome, form_of, html, zone};
use crate::data::Failure;
use crate::errors::Trouble;
use crate::limits::TYPED_MAX;
use crate::opaque::Purpose;
use crate::texts;
use crate::views::{Place, ReceivedLine, Representatives};
use crate::webmail::{Webmail, see_other};

/// What the address says was just done.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Done {
    fait: Option<String>,
}

/// `GET /espace/representants`
pub async fn show(State(app): State<Webmail>, headers: HeaderMap, Query(done): Query<Done>) -> Page {
    let session = app.session(&headers, app.now()).await?;
    let note = done.fait.and_then(|what| texts::representation_done(&what)).map(str::to_owned);
    Ok(page(&app, &session, note, None).await?)
}

async fn page(
    app: &Webmail,
    session: &Session,
    note: Option<String>,
    error: Option<String>,
) -> Result<Response, Failure> {
    let now = app.now();
    let (asked, received) = app.rooms().representations(session, now).await?;
    let zone = zone(app, session);
    let child = session.profile.relation == Relation::LegalRepresentative;
    let received = received.into_iter().map(|line| ReceivedLine {
        words: texts::invited_to_represent(&line.other, &line.child),
        reference: app.hide(Purpose::Representation, session, line.id),
    });
    let asked = asked.into_iter().map(|line| {
        texts::representation_asked(&line.other, &line.child, line.state, &texts::day(line.expires, &zone))
    });
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut page = html(&Representatives {
        chrome: chrome(app, session, Place::Profiles, now).await?,
        child: child.then(|| session.profile.display_name.clone()),
        received: received.collect(),
        asked: asked.collect(),
        note,
        error,
        phone: app.rooms().rules().support_phone.clone(),
    });
    *page.status_mut() = status;
    Ok(page)
}

/// `POST /espace/representants`
pub async fn invite(State(app): State<Webmail>, headers: HeaderMap, form: Form) -> Page {
    let now = app.now();
    let (session, fields) = form_of(&app, &headers, form, now).await?;
    let typed = |name: &str| fields.field(name).trim().chars().take(TYPED_MAX).collect::<String>();
    let (birth_name, given_name) = (typed("nom"), typed("prenom"));
    let Some(birth_date) = date(fields.field("naissance")) else {
        return Ok(page(&app, &session, None, Some(texts::WRONG_DATE.to_owned())).await?);
    };
    if birth_name.is_empty() || given_name.is_empty() {
        return Ok(page(&app, &session, None, Some(texts::FILL_ALL.to_owned())).await?);
    }
    let whom = Invited { birth_name, given_name, birth_date };
    match app.rooms().invite_representative(&session, session.profile.patient, &whom, now).await? {
        Ok(()) => Ok(see_other("/espace/representants?fait=invite")),
        Err(refusal) => {
            Ok(page(&app, &session, None, Some(texts::representative_refused(refusal).to_owned())).await?)
        }
    }
}

/// `POST /espace/representants/reponse`
pub async fn answer(State(app): State<Webmail>, headers: HeaderMap, form: Form) -> Page {
    let now = app.now();
    let (session, fields) = form_of(&app, &headers, form, now).await?;
    let id = app.reveal(Purpose::Representation, &session, fields.field("invitation"))?;
    let (done, to) = match fields.field("reponse") {
        "oui" => (app.rooms().accept_representation(&session, id, now).await?, "accepte"),
        "non" => (app.rooms().refuse_representation(&session, id, now).await?, "refuse"),
        _ => return Err(Trouble::Form.into()),
    };
    let to = if done { to } else { "passe" };
    Ok(see_other(&format!("/espace/representants?fait={to}")))
}
