//! Application passwords of a professional, or of the machine of an APP mailbox: listed, made, withdrawn.

use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode};
use directory::{AdministratorSession, Credential, MailboxRefusal, Owner};
use names::{CredentialId, Timestamp};
use walls::Visitor;
use walls::opaque::Purpose;
use walls::page::{Form, html, see_other};

use super::{Page, form_with, frame, mailbox, person};
use crate::console::console::Console;
use crate::console::errors::{Halt, Trouble};
use crate::console::factors::Proof;
use crate::console::texts;
use crate::console::views::{Device, NewPassword, Place, ProofField, Secret, When};
use crate::passwords::label;

/// Characters of the mark of a form.
const MARK_MAX: usize = 64;

/// The passwords in use of an owner, newest last.
pub(super) async fn devices(
    app: &Console,
    session: &AdministratorSession,
    owner: Owner,
    now: Timestamp,
) -> Result<Vec<Device>, Halt> {
    let mut devices: Vec<Credential> = app.admin().directory.passwords_of(owner).await?;
    devices.retain(|device| device.revoked.is_none());
    Ok(devices
        .into_iter()
        .map(|device| Device {
            created: When::moment(device.created, &app.settings().zone, now),
            reference: app.hide(Purpose::Credential, session, &[device.id.0]),
            label: device.label,
        })
        .collect())
}

/// Whose passwords a page is about.
struct Whose {
    owner: Owner,
    name: String,
    /// The page of the person or mailbox.
    href: String,
}

async fn of_person(
    app: &Console,
    session: &AdministratorSession,
    reference: &str,
    now: Timestamp,
) -> Result<Whose, Halt> {
    let found = person::sheet(app, session, reference, now).await?;
    if !person::may_reset(session, &found) {
        return Err(Trouble::NotFound.into());
    }
    let href = person::href(app, session, found.person.id);
    Ok(Whose { owner: Owner::Person(found.person.id), name: found.person.display_name(), href })
}

async fn of_machine(
    app: &Console,
    session: &AdministratorSession,
    reference: &str,
    now: Timestamp,
) -> Result<Whose, Halt> {
    let found = mailbox::sheet(app, session, reference, now).await?.mailbox;
    if !mailbox::may_issue(session, &found) {
        return Err(Trouble::NotFound.into());
    }
    let href = mailbox::href(app, session, found.account);
    Ok(Whose { owner: Owner::Machine(found.account), name: found.address.to_string(), href })
}

/// `GET /personnes/{reference}/mots-de-passe`
pub(super) async fn ask_for_person(
    State(app): State<Console>,
    headers: HeaderMap,
    Path(reference): Path<String>,
) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    let whose = of_person(&app, &session, &reference, now).await?;
    asking(&app, &session, whose, Said::default(), now)
}

/// `GET /boites/{reference}/mots-de-passe`
pub(super) async fn ask_for_machine(
    State(app): State<Console>,
    headers: HeaderMap,
    Path(reference): Path<String>,
) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    let whose = of_machine(&app, &session, &reference, now).await?;
    asking(&app, &session, whose, Said::default(), now)
}

#[derive(Default)]
struct Said {
    label: String,
    error: Option<&'static str>,
    proof: Option<String>,
}

fn asking(app: &Console, session: &AdministratorSession, whose: Whose, said: Said, now: Timestamp) -> Page {
    let faulty = said.error.is_some() || said.proof.is_some();
    let mut page = html(&NewPassword {
        frame: frame(session, Place::Directory).under("Annuaire", "/").under(&whose.name, &whose.href),
        effects: texts::new_password(whose.owner),
        name: whose.name,
        action: format!("{}/mots-de-passe", whose.href),
        back: whose.href,
        mark: app.chance(),
        label: said.label,
        error: said.error,
        proof: ProofField { needed: !session.is_fresh(now), error: said.proof },
    });
    if faulty {
        *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(page)
}

const FIELDS: [&str; 4] = ["jeton", "envoi", "appareil", "code"];

/// `POST /personnes/{reference}/mots-de-passe`
pub(super) async fn issue_for_person(
    State(app): State<Console>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    Path(reference): Path<String>,
    form: Form,
) -> Page {
    let now = app.now();
    let (session, fields) = form_with(&app, &headers, form, &FIELDS, now).await?;
    let whose = of_person(&app, &session, &reference, now).await?;
    issue(&app, &session, whose, &fields, visitor, now).await
}

/// `POST /boites/{reference}/mots-de-passe`
pub(super) async fn issue_for_machine(
    State(app): State<Console>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    Path(reference): Path<String>,
    form: Form,
) -> Page {
    let now = app.now();
    let (session, fields) = form_with(&app, &headers, form, &FIELDS, now).await?;
    let whose = of_machine(&app, &session, &reference, now).await?;
    issue(&app, &session, whose, &fields, visitor, now).await
}

/// The answer itself shows the password, because nobody could show it later.
async fn issue(
    app: &Console,
    session: &AdministratorSession,
    whose: Whose,
    fields: &walls::page::Fields,
    visitor: Visitor,
    now: Timestamp,
) -> Page {
    let typed = fields.field("appareil").to_owned();
    let Some(label) = label(&typed) else {
        let said = Said { label: typed, error: Some(texts::NAME_THE_DEVICE), ..Said::default() };
        return asking(app, session, whose, said, now);
    };
    let mark = fields.field("envoi");
    if mark.is_empty() || mark.len() > MARK_MAX {
        return Err(Trouble::Form.into());
    }
    let proof = app.prove(session, fields, visitor.address, now).await?;
    if proof != Proof::Enough {
        let said = Said { label, error: None, proof: texts::proof(proof) };
        return asking(app, session, whose, said, now);
    }
    let turn = app.submissions().turn(format!("{}:{mark}", session.administrator.id.0)).await;
    if turn.is_sent() {
        let said = Said { error: Some(texts::SHOWN_ONCE), ..Said::default() };
        return asking(app, session, whose, said, now);
    }
    let by = session.administrator.authority();
    let issued = match app.admin().issue_password(whose.owner, &label, &by, now).await? {
        Ok(issued) => issued,
        Err(MailboxRefusal::NotFound) => return Err(Trouble::NotFound.into()),
        Err(refusal) => {
            let said = Said { label, error: Some(texts::refused(refusal)), proof: None };
            return asking(app, session, whose, said, now);
        }
    };
    turn.sent();
    Ok(html(&Secret {
        frame: frame(session, Place::Directory).under("Annuaire", "/").under(&whose.name, &whose.href),
        heading: format!("Mot de passe pour {}", whose.name),
        secret: issued.secret.to_string(),
        words: texts::password_shown(whose.owner),
        href: whose.href,
    }))
}

/// `POST /personnes/{reference}/mots-de-passe/retirer`
pub(super) async fn withdraw_from_person(
    State(app): State<Console>,
    headers: HeaderMap,
    Path(reference): Path<String>,
    form: Form,
) -> Page {
    let now = app.now();
    let (session, fields) = form_with(&app, &headers, form, &["jeton", "appareil"], now).await?;
    let whose = of_person(&app, &session, &reference, now).await?;
    withdraw(&app, &session, &whose, fields.field("appareil"), now).await
}

/// `POST /boites/{reference}/mots-de-passe/retirer`
pub(super) async fn withdraw_from_machine(
    State(app): State<Console>,
    headers: HeaderMap,
    Path(reference): Path<String>,
    form: Form,
) -> Page {
    let now = app.now();
    let (session, fields) = form_with(&app, &headers, form, &["jeton", "appareil"], now).await?;
    let whose = of_machine(&app, &session, &reference, now).await?;
    withdraw(&app, &session, &whose, fields.field("appareil"), now).await
}

async fn withdraw(
    app: &Console,
    session: &AdministratorSession,
    whose: &Whose,
    device: &str,
    now: Timestamp,
) -> Page {
    let [device] = app.reveal(Purpose::Credential, session, device)?;
    let by = session.administrator.authority();
    let directory = &app.admin().directory;
    match directory.revoke_password_as(whose.owner, CredentialId(device), &by, now).await? {
        // Sent twice, it is withdrawn all the same.
        Ok(_) => Ok(see_other(&format!("{}?fait=retire", whose.href))),
        Err(_) => Err(Trouble::NotFound.into()),
    }
}
