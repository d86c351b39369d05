//! Application passwords: one per device, shown once.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::{Credential, ProfessionalSession};
use names::{CredentialId, Timestamp};

use super::sign_in::After;
use super::{Done, Halt, Page, form_of, frame};
use crate::errors::Trouble;
use crate::limits::{DEVICE_MAX, DEVICES_MAX};
use crate::opaque::Purpose;
use crate::pages::{Form, html};
use crate::pro::space::Space;
use crate::pro::texts;
use crate::pro::views::{Device, NewPassword, Passwords, Place};
use crate::views::When;
use crate::webmail::see_other;

/// `GET /mots-de-passe`
pub(super) async fn show(State(app): State<Space>, headers: HeaderMap, Query(done): Query<Done>) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    let notice = match done.fait.as_str() {
        "note" => Some(texts::NOTED),
        "retire" => Some(texts::WITHDRAWN),
        _ => None,
    };
    page(&app, &session, Said { notice, ..Said::default() }, now).await
}

/// What stands on the page beside the list.
#[derive(Default)]
struct Said {
    notice: Option<&'static str>,
    error: Option<&'static str>,
    label: String,
}

async fn page(app: &Space, session: &ProfessionalSession, said: Said, now: Timestamp) -> Page {
    let uses = app.rooms().last_uses(session, now).await?;
    let zone = &app.settings().zone;
    let mut devices = in_use(app, session).await?;
    devices.sort_by_key(|device| std::cmp::Reverse(device.created));
    let devices = devices
        .into_iter()
        .map(|device| Device {
            created: When::moment(device.created, zone, now),
            used: texts::last_used(uses.get(&device.id).map(|at| crate::texts::moment(*at, zone, now))),
            reference: app.hide(Purpose::Credential, session, &[device.id.0]),
            label: device.label,
        })
        .collect();
    let status = if said.error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut page = html(&Passwords {
        frame: frame(session, Place::Passwords),
        notice: said.notice.map(str::to_owned),
        error: said.error.map(str::to_owned),
        mark: session.is_fresh(now).then(|| app.chance()),
        label: said.label,
        devices,
        mailboxes: addresses(app, session, now).await?,
    });
    *page.status_mut() = status;
    Ok(page)
}

async fn in_use(app: &Space, session: &ProfessionalSession) -> Result<Vec<Credential>, Halt> {
    let mut devices = app.rooms().passwords_of(session).await?;
    devices.retain(|device| device.revoked.is_none());
    Ok(devices)
}

async fn addresses(app: &Space, session: &ProfessionalSession, now: Timestamp) -> Result<Vec<String>, Halt> {
    let mailboxes = app.rooms().mailboxes_of(session, now).await?;
    Ok(mailboxes.into_iter().map(|(mailbox, _)| mailbox.address.to_string()).collect())
}

/// `POST /mots-de-passe`: the answer itself shows the password, because nobody could show it later.
pub(super) async fn create(State(app): State<Space>, headers: HeaderMap, form: Form) -> Page {
    let now = app.now();
    let (session, fields) = form_of(&app, &headers, form, now).await?;
    if !session.is_fresh(now) {
        return Ok(see_other(&format!("/connexion{}", After::Passwords.query())));
    }
    let label = fields.field("appareil").split_whitespace().collect::<Vec<_>>().join(" ");
    let refused = |error, label| Said { error: Some(error), label, ..Said::default() };
    let readable = !label.chars().any(char::is_control);
    if label.is_empty() || label.chars().count() > DEVICE_MAX || !readable {
        return page(&app, &session, refused(texts::NAME_THE_DEVICE, label), now).await;
    }
    let mark = fields.field("envoi");
    if mark.is_empty() || mark.len() > 64 {
        return Err(Trouble::Form.into());
    }
    let turn = app.submissions().turn(format!("{}:{mark}", session.person.id.0)).await;
    if turn.is_sent() {
        return page(&app, &session, refused(texts::SHOWN_ONCE, String::new()), now).await;
    }
    if in_use(&app, &session).await?.len() >= DEVICES_MAX {
        return page(&app, &session, refused(texts::TOO_MANY_DEVICES, label), now).await;
    }
    let issued = app.rooms().issue_password(&session, &label, now).await?;
    turn.sent();
    shown(&app, &session, label, &issued.secret, now).await
}

async fn shown(
    app: &Space,
    session: &ProfessionalSession,
    label: String,
    secret: &str,
    now: Timestamp,
) -> Result<Response, Halt> {
    Ok(html(&NewPassword {
        frame: frame(session, Place::Passwords),
        label,
        secret: secret.to_owned(),
        mailboxes: addresses(app, session, now).await?,
    }))
}

/// `POST /mots-de-passe/retirer`
pub(super) async fn withdraw(State(app): State<Space>, headers: HeaderMap, form: Form) -> Page {
    let now = app.now();
    let (session, fields) = form_of(&app, &headers, form, now).await?;
    let [id] = app.reveal(Purpose::Credential, &session, fields.field("appareil"))?;
    // Sent twice, it is withdrawn all the same.
    app.rooms().revoke_password(&session, CredentialId(id), now).await?;
    Ok(see_other("/mots-de-passe?fait=retire"))
}
