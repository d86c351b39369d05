//! Who uses a mailbox beside its holder.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use directory::{MemberRefusal, Rights};
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
    let (session, fields) = form_with(&app, &headers, form, &["jeton", "personne", "droits"], now).await?;
    let found = sheet(&app, &session, &reference, now).await?;
    let to = fields.field("personne").trim().to_owned();
    let rights = Rights::from_code(fields.field("droits")).ok_or(Trouble::Form)?;
    let by = session.administrator.authority();
    let set = match to.is_empty() || to.len() > TYPED_MAX {
        true => Err(MemberRefusal::Nobody),
        false => {
            let account = found.mailbox.account;
            app.admin().directory.set_member_as(&by, account, &to, Some(rights), now).await?
        }
    };
    match set {
        Ok(()) => Ok(see_other(&format!("/boites/{reference}?fait=membre"))),
        Err(refusal) => {
            let member_error = Some(texts::not_member(refusal).to_owned());
            page(&app, &session, found, Said { to, member_error, ..Said::default() }, now).await
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
    let set = app.admin().directory.set_member_as(&by, found.mailbox.account, to, None, now).await?;
    match set {
        // Sent twice, they are out all the same.
        Ok(()) | Err(MemberRefusal::Nobody) => Ok(see_other(&format!("/boites/{reference}?fait=retrait"))),
        Err(refusal) => {
            let member_error = Some(texts::not_member(refusal).to_owned());
            page(&app, &session, found, Said { member_error, ..Said::default() }, now).await
        }
    }
}
