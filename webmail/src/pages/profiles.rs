//! Whose space is open.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use directory::{Profile, Relation};
use names::PatientId;

use super::{Form, Page, chrome, form_of, html};
use crate::cookie::Cookie;
use crate::errors::Trouble;
use crate::limits::SESSION_LIFE;
use crate::opaque::Purpose;
use crate::views::{Place, ProfileLine, Profiles};
use crate::webmail::{Webmail, see_other};

/// How a profile is called in the list.
fn relation(profile: &Profile) -> &'static str {
    match profile.relation {
        Relation::Own => "Mon espace",
        Relation::LegalRepresentative => "Mon enfant",
        Relation::Helper => "Une personne que j’aide",
    }
}

/// How it is called in the banner.
pub fn relation_to(profile: &Profile) -> &'static str {
    match profile.relation {
        Relation::Own => "",
        Relation::LegalRepresentative => "votre enfant",
        Relation::Helper => "que vous aidez",
    }
}

/// `GET /profils`
pub async fn show(State(app): State<Webmail>, headers: HeaderMap) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    let profiles = app.rooms().profiles(&session, now).await?;
    let line = |(profile, unread): &(Profile, u64)| ProfileLine {
        name: profile.display_name.clone(),
        relation: relation(profile).to_owned(),
        unread: *unread,
        current: profile.patient == session.profile.patient,
        reference: app.hide(Purpose::Profile, &session, profile.patient.0),
    };
    let chrome = chrome(&app, &session, Place::Profiles, now).await?;
    let closed = app.rooms().closed_space(session.user, now).await?.is_some();
    Ok(html(&Profiles { chrome, profiles: profiles.iter().map(line).collect(), closed }))
}

/// `POST /profils`
pub async fn switch(State(app): State<Webmail>, headers: HeaderMap, form: Form) -> Page {
    let now = app.now();
    let (session, fields) = form_of(&app, &headers, form, now).await?;
    let to = PatientId(app.reveal(Purpose::Profile, &session, fields.field("profil"))?);
    let Some(signed_in) = app.rooms().switch_profile(&session, to, now).await? else {
        return Err(Trouble::NotFound.into());
    };
    let mut response = see_other("/messages");
    let cookie = Cookie::Session.set(&signed_in.token, SESSION_LIFE / names::SECOND);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}
