//! Where one is signed in, and ending it.

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use names::SessionId;

use super::{Done, Page, form_of, frame};
use crate::opaque::Purpose;
use crate::pages::{Form, html};
use crate::pro::space::Space;
use crate::pro::texts;
use crate::pro::views::{Place, SessionView, Sessions};
use crate::views::When;
use crate::webmail::see_other;

/// `GET /sessions`
pub(super) async fn show(State(app): State<Space>, headers: HeaderMap, Query(done): Query<Done>) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    let notice = match done.fait.as_str() {
        "fin" => Some(texts::SESSION_ENDED.to_owned()),
        "autres" => Some(texts::OTHERS_ENDED.to_owned()),
        _ => None,
    };
    let zone = &app.settings().zone;
    let mut lines = app.rooms().professional_sessions(&session, now).await?;
    lines.sort_by_key(|line| line.id != session.id);
    let sessions = lines
        .into_iter()
        .map(|line| SessionView {
            proof: texts::proof(line.proof),
            began: When::moment(line.created, zone, now),
            seen: When::moment(line.seen, zone, now),
            reference: (line.id != session.id).then(|| app.hide(Purpose::Session, &session, &[line.id.0])),
        })
        .collect();
    Ok(html(&Sessions { frame: frame(&session, Place::Sessions), notice, sessions }))
}

/// `POST /sessions/fin`
pub(super) async fn end(State(app): State<Space>, headers: HeaderMap, form: Form) -> Page {
    let now = app.now();
    let (session, fields) = form_of(&app, &headers, form, now).await?;
    let [id] = app.reveal(Purpose::Session, &session, fields.field("session"))?;
    app.rooms().end_professional_session(&session, SessionId(id), now).await?;
    Ok(see_other("/sessions?fait=fin"))
}

/// `POST /sessions/fin-des-autres`
pub(super) async fn end_others(State(app): State<Space>, headers: HeaderMap, form: Form) -> Page {
    let now = app.now();
    let (session, _) = form_of(&app, &headers, form, now).await?;
    app.rooms().end_other_professional_sessions(&session, now).await?;
    Ok(see_other("/sessions?fait=autres"))
}
