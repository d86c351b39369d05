//! Who uses a mailbox beside its holder.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use directory::{MemberRefusal, Period, Rights};
use walls::days;
use walls::limits::TYPED_MAX;
use walls::page::{Form, see_other};

use super::mailbox::{Said, page, sheet};
use super::{Page, form_with};
use crate::console::console::Console;
use crate::console::errors::Trouble;
use crate::console::texts;

/// `POST /boites/{reference}/membres`
pub(super) async fn add(
    State(app): State<Console>,
    headers: HeaderMap,
    Path(reference): Path<String>,
    form: Form,
) -> Page {
    let now = app.now();
    let known = ["jeton", "personne", "droits", "debut", "fin"];
    let (session, fields) = form_with(&app, &headers, form, &known, now).await?;
    let found = sheet(&app, &session, &reference, now).await?;
    let to = fields.field("personne").trim().to_owned();
    let rights = Rights::from_code(fields.field("droits")).ok_or(Trouble::Form)?;
    let by = session.administrator.authority();
    let (from, until) = (fields.field("debut").trim().to_owned(), fields.field("fin").trim().to_owned());
    let zone = &app.settings().zone;
    let period = match (days::first_moment(&from, zone), days::last_moment(&until, zone)) {
        (Ok(starts), Ok(ends)) => Some(Period { starts, ends }),
        (Err(_), _) | (_, Err(_)) => None,
    };
    let set = match (period, to.is_empty() || to.len() > TYPED_MAX) {
        (None, _) => Err(texts::NO_DATE),
        (Some(_), true) => Err(texts::not_member(MemberRefusal::Nobody)),
        (period, false) => {
            let (account, wish) = (found.mailbox.account, (Some(rights), period));
            let set = app.admin().directory.set_member_as(&by, account, &to, wish, now).await?;
            set.map_err(texts::not_member)
        }
    };
    match set {
        Ok(()) => Ok(see_other(&format!("/boites/{reference}?fait=membre"))),
        Err(words) => {
            let member_error = Some(words.to_owned());
            page(&app, &session, found, Said { to, from, until, member_error, ..Said::default() }, now).await
        }
    }
}

/// `POST /boites/{reference}/membres/retirer`
pub(super) async fn remove(
    State(app): State<Console>,
    headers: HeaderMap,
    Path(reference): Path<String>,
    form: Form,
) -> Page {
    let now = app.now();
    let (session, fields) = form_with(&app, &headers, form, &["jeton", "personne"], now).await?;
    let found = sheet(&app, &session, &reference, now).await?;
    let (by, to) = (session.administrator.authority(), fields.field("personne"));
    let set = app.admin().directory.set_member_as(&by, found.mailbox.account, to, (None, None), now).await?;
    match set {
        // Sent twice, they are out all the same.
        Ok(()) | Err(MemberRefusal::Nobody) => Ok(see_other(&format!("/boites/{reference}?fait=retrait"))),
        Err(refusal) => {
            let member_error = Some(texts::not_member(refusal).to_owned());
            page(&app, &session, found, Said { member_error, ..Said::default() }, now).await
        }
    }
}
