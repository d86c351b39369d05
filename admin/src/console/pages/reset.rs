//! A professional who lost their password, telephone or device.

use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode};
use directory::{AdministratorSession, Channel, MailboxRefusal, PersonSheet, Reset, SignsIn};
use names::{Address, Timestamp};
use walls::Visitor;
use walls::page::{Fields, Form, html};

use super::person::{href, may_reset, sheet};
use super::{Page, form_with, frame};
use crate::console::console::Console;
use crate::console::errors::Trouble;
use crate::console::factors::Proof;
use crate::console::texts;
use crate::console::views::{Place, ProofField, ResetForm, Secret};

/// `GET /personnes/{reference}/acces`
pub(super) async fn show(
    State(app): State<Console>,
    headers: HeaderMap,
    Path(reference): Path<String>,
) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    let found = sheet(&app, &session, &reference, now).await?;
    page(&app, &session, &found, Said::default(), now).await
}

#[derive(Default)]
struct Said {
    email: String,
    phone: String,
    error: Option<String>,
    proof: Option<String>,
}

async fn page(
    app: &Console,
    session: &AdministratorSession,
    found: &PersonSheet,
    said: Said,
    now: Timestamp,
) -> Page {
    if !may_reset(session, found) {
        return Err(Trouble::NotFound.into());
    }
    let faulty = said.error.is_some() || said.proof.is_some();
    let (here, name) = (href(app, session, found.person.id), found.person.display_name());
    let mut page = html(&ResetForm {
        frame: frame(session, Place::Directory).under("Annuaire", "/").under(&name, &here),
        name,
        href: here,
        known: found.signs_in != SignsIn::Never,
        email: said.email,
        phone: said.phone,
        error: said.error,
        proof: ProofField { needed: !session.is_fresh(now), error: said.proof },
    });
    if faulty {
        *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(page)
}

/// Where codes go; none when nothing was typed.
fn contact(fields: &Fields) -> Result<Option<(Channel, String)>, ()> {
    let (email, phone) = (fields.field("courriel").trim(), fields.field("portable").trim());
    match (email.is_empty(), phone.is_empty()) {
        (true, true) => Ok(None),
        (false, true) => {
            let address = Address::parse(email).map_err(|_| ())?;
            Ok(Some((Channel::Email, address.to_string())))
        }
        (true, false) => crate::invitations::phone(phone).map(|phone| Some((Channel::Sms, phone))).ok_or(()),
        (false, false) => Err(()),
    }
}

/// `POST /personnes/{reference}/acces`: the answer itself shows the code, because nobody could show it later.
pub(super) async fn reset(
    State(app): State<Console>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    Path(reference): Path<String>,
    form: Form,
) -> Page {
    let now = app.now();
    let known = ["jeton", "courriel", "portable", "appareils", "code"];
    let (session, fields) = form_with(&app, &headers, form, &known, now).await?;
    let found = sheet(&app, &session, &reference, now).await?;
    let typed = |error: Option<String>, proof| Said {
        email: fields.field("courriel").to_owned(),
        phone: fields.field("portable").to_owned(),
        error,
        proof,
    };
    let no_contact = || typed(Some(texts::NO_CONTACT.to_owned()), None);
    let Ok(codes) = contact(&fields) else { return page(&app, &session, &found, no_contact(), now).await };
    let what = match fields.field("appareils") {
        "retirer" => Reset::SignInAndDevices,
        "garder" => Reset::SignIn,
        _ => return Err(Trouble::Form.into()),
    };
    let proof = app.prove(&session, &fields, visitor.address, now).await?;
    if proof != Proof::Enough {
        return page(&app, &session, &found, typed(None, texts::proof(proof)), now).await;
    }
    let by = session.administrator.authority();
    match app.admin().directory.reset_professional(found.person.id, codes, what, &by, now).await? {
        Ok(invitation) => Ok(html(&Secret {
            frame: frame(&session, Place::Directory).under("Annuaire", "/"),
            heading: format!("Code d’invitation pour {}", found.person.display_name()),
            secret: invitation.code.to_string(),
            words: texts::HAND_OVER.to_owned(),
            href: href(&app, &session, found.person.id),
        })),
        Err(MailboxRefusal::Person) => page(&app, &session, &found, no_contact(), now).await,
        Err(_) => Err(Trouble::NotFound.into()),
    }
}
