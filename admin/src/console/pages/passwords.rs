//! Application passwords of a professional, or of the machine of an APP mailbox: listed, made, withdrawn.

use axum::Router;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
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

/// Whose passwords a page is about; the route says.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whose {
    /// A professional's.
    Person,
    /// Those of the machine behind an APP mailbox.
    Machine,
}

/// The owner, looked up.
struct Holder {
    owner: Owner,
    name: String,
    /// The page of the person or mailbox.
    href: String,
}

impl Whose {
    /// `/{prefix}/{reference}/mots-de-passe` and what stands below it.
    pub(super) fn routes(self) -> Router<Console> {
        let prefix = match self {
            Whose::Person => "personnes",
            Whose::Machine => "boites",
        };
        let page = format!("/{prefix}/{{reference}}/mots-de-passe");
        let withdrawal = format!("{page}/retirer");
        Router::new()
            .route(&page, get(ask).post(issue))
            .route(&withdrawal, post(withdraw))
            .layer(Extension(self))
    }

    /// The holder that a reference means, if this administrator may make passwords for them.
    async fn find(
        self,
        app: &Console,
        session: &AdministratorSession,
        reference: &str,
        now: Timestamp,
    ) -> Result<Holder, Halt> {
        match self {
            Whose::Person => {
                let found = person::sheet(app, session, reference, now).await?;
                if !person::may_reset(session, &found) {
                    return Err(Trouble::NotFound.into());
                }
                let href = person::href(app, session, found.person.id);
                let name = found.person.display_name();
                Ok(Holder { owner: Owner::Person(found.person.id), name, href })
            }
            Whose::Machine => {
                let found = mailbox::sheet(app, session, reference, now).await?.mailbox;
                if !mailbox::may_issue(session, &found) {
                    return Err(Trouble::NotFound.into());
                }
                let href = mailbox::href(app, session, found.account);
                Ok(Holder { owner: Owner::Machine(found.account), name: found.address.to_string(), href })
            }
        }
    }
}

/// `GET …/mots-de-passe`
async fn ask(
    State(app): State<Console>,
    Extension(whose): Extension<Whose>,
    headers: HeaderMap,
    Path(reference): Path<String>,
) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    let holder = whose.find(&app, &session, &reference, now).await?;
    asking(&app, &session, holder, Said::default(), now)
}

#[derive(Default)]
struct Said {
    label: String,
    error: Option<&'static str>,
    proof: Option<String>,
}

fn asking(app: &Console, session: &AdministratorSession, holder: Holder, said: Said, now: Timestamp) -> Page {
    let faulty = said.error.is_some() || said.proof.is_some();
    let mut page = html(&NewPassword {
        frame: frame(session, Place::Directory).under("Annuaire", "/").under(&holder.name, &holder.href),
        effects: texts::new_password(holder.owner),
        name: holder.name,
        action: format!("{}/mots-de-passe", holder.href),
        back: holder.href,
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

/// `POST …/mots-de-passe`
async fn issue(
    State(app): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Extension(whose): Extension<Whose>,
    headers: HeaderMap,
    Path(reference): Path<String>,
    form: Form,
) -> Page {
    let now = app.now();
    let (session, fields) = form_with(&app, &headers, form, &FIELDS, now).await?;
    let holder = whose.find(&app, &session, &reference, now).await?;
    issue_for(&app, &session, holder, &fields, visitor, now).await
}

/// The answer itself shows the password, because nobody could show it later.
async fn issue_for(
    app: &Console,
    session: &AdministratorSession,
    holder: Holder,
    fields: &walls::page::Fields,
    visitor: Visitor,
    now: Timestamp,
) -> Page {
    let typed = fields.field("appareil").to_owned();
    let Some(label) = label(&typed) else {
        let said = Said { label: typed, error: Some(texts::NAME_THE_DEVICE), ..Said::default() };
        return asking(app, session, holder, said, now);
    };
    let mark = fields.field("envoi");
    if mark.is_empty() || mark.len() > MARK_MAX {
        return Err(Trouble::Form.into());
    }
    let proof = app.prove(session, fields, visitor.address, now).await?;
    if proof != Proof::Enough {
        let said = Said { label, error: None, proof: texts::proof(proof) };
        return asking(app, session, holder, said, now);
    }
    let turn = app.submissions().turn(format!("{}:{mark}", session.administrator.id.0)).await;
    if turn.is_sent() {
        let said = Said { error: Some(texts::SHOWN_ONCE), ..Said::default() };
        return asking(app, session, holder, said, now);
    }
    let by = session.administrator.authority();
    let issued = match app.admin().issue_password(holder.owner, &label, &by, now).await? {
        Ok(issued) => issued,
        Err(MailboxRefusal::NotFound) => return Err(Trouble::NotFound.into()),
        Err(refusal) => {
            let said = Said { label, error: Some(texts::refused(refusal)), proof: None };
            return asking(app, session, holder, said, now);
        }
    };
    turn.sent();
    Ok(html(&Secret {
        frame: frame(session, Place::Directory).under("Annuaire", "/").under(&holder.name, &holder.href),
        heading: format!("Mot de passe pour {}", holder.name),
        secret: issued.secret.to_string(),
        words: texts::password_shown(holder.owner),
        href: holder.href,
    }))
}

/// `POST …/mots-de-passe/retirer`
async fn withdraw(
    State(app): State<Console>,
    Extension(whose): Extension<Whose>,
    headers: HeaderMap,
    Path(reference): Path<String>,
    form: Form,
) -> Page {
    let now = app.now();
    let (session, fields) = form_with(&app, &headers, form, &["jeton", "appareil"], now).await?;
    let holder = whose.find(&app, &session, &reference, now).await?;
    let [device] = app.reveal(Purpose::Credential, &session, fields.field("appareil"))?;
    let by = session.administrator.authority();
    let directory = &app.admin().directory;
    match directory.revoke_password_as(holder.owner, CredentialId(device), &by, now).await? {
        // Sent twice, it is withdrawn all the same.
        Ok(_) => Ok(see_other(&format!("{}?fait=retire", holder.href))),
        Err(_) => Err(Trouble::NotFound.into()),
    }
}
