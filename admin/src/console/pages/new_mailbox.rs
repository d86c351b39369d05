//! The form of a new mailbox.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use directory::{
    AdministratorSession, MailboxEntry, MailboxRefusal, NewHolder, NewMailbox, NewPerson, PersonDetails,
    Power, person_reference, structure_reference,
};
use names::{AccountKind, Address, Timestamp};
use walls::page::{Fields, Form, html, see_other};

use super::mailbox::said;
use super::{Page, form_with, frame};
use crate::console::console::Console;
use crate::console::errors::Trouble;
use crate::console::texts;
use crate::console::views::{self, Place, Typed};

/// `GET /boites/nouvelle`
pub(super) async fn show(State(app): State<Console>, headers: HeaderMap) -> Page {
    let now = app.now();
    let session = app.session_with(&headers, Power::ChangeMailboxes, now).await?;
    page(&app, &session, Typed::default(), None).await
}

async fn page(
    app: &Console,
    session: &AdministratorSession,
    typed: Typed,
    error: Option<(&'static str, String)>,
) -> Page {
    let by = session.administrator.authority();
    let organisations = app.admin().directory.organisations_of(&by).await?;
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut page = html(&views::NewMailbox {
        frame: frame(session, Place::NewMailbox).under("Annuaire", "/"),
        typed,
        organisations: organisations
            .into_iter()
            .map(|one| (one.national_id.0.chars().skip(1).collect(), one.name))
            .collect(),
        may_be_free: by.may(Power::ChangeMailboxes, None),
        error,
    });
    *page.status_mut() = status;
    Ok(page)
}

/// `POST /boites/nouvelle`
pub(super) async fn create(State(app): State<Console>, headers: HeaderMap, form: Form) -> Page {
    let now = app.now();
    let known = [
        "jeton",
        "type",
        "adresse",
        "structure",
        "personne",
        "civilite",
        "prenom",
        "nom",
        "description",
        "service",
        "responsable",
    ];
    let (session, fields) = form_with(&app, &headers, form, &known, now).await?;
    let by = session.administrator.authority();
    if !by.may_somewhere(Power::ChangeMailboxes) {
        return Err(Trouble::NotFound.into());
    }
    let typed = typed(&fields);
    let new = match read(&typed) {
        Ok(new) => new,
        Err((field, words)) => return page(&app, &session, typed, Some((field, words.to_owned()))).await,
    };
    made(&app, &session, typed, new, now).await
}

async fn made(
    app: &Console,
    session: &AdministratorSession,
    typed: Typed,
    new: NewMailbox,
    now: Timestamp,
) -> Page {
    match app.admin().create_mailbox(new, &session.administrator.authority(), now).await? {
        Ok(mailbox) => {
            Ok(see_other(&format!("{}?fait=creee", super::mailbox::href(app, session, mailbox.account))))
        }
        Err(refusal) => {
            let error = Some((field(refusal), texts::refused(refusal).to_owned()));
            page(app, session, typed, error).await
        }
    }
}

/// Beside which field a refusal is said.
fn field(refusal: MailboxRefusal) -> &'static str {
    match refusal {
        MailboxRefusal::Taken | MailboxRefusal::Domain => "adresse",
        MailboxRefusal::Organisation | MailboxRefusal::NotFound => "structure",
        MailboxRefusal::Person | MailboxRefusal::Holder => "personne",
        MailboxRefusal::TooLong | MailboxRefusal::State => "description",
    }
}

fn typed(fields: &Fields) -> Typed {
    let text = |name: &str| fields.field(name).trim().to_owned();
    Typed {
        kind: text("type"),
        address: text("adresse"),
        organisation: text("structure"),
        person: text("personne"),
        civility: text("civilite"),
        given_name: text("prenom"),
        family_name: text("nom"),
        description: text("description"),
        service: text("service"),
        responsible: text("responsable"),
    }
}

fn read(typed: &Typed) -> Result<NewMailbox, (&'static str, &'static str)> {
    let kind = AccountKind::from_code(&typed.kind).ok_or(("type", texts::refused(MailboxRefusal::Holder)))?;
    let address = Address::parse(&typed.address).map_err(|_| ("adresse", texts::NO_ADDRESS))?;
    let organisation = match typed.organisation.as_str() {
        "" => None,
        number => {
            let read = structure_reference(number);
            Some(read.map_err(|_| ("structure", texts::refused(MailboxRefusal::Organisation)))?)
        }
    };
    let new = (!typed.family_name.is_empty() || !typed.given_name.is_empty()).then(|| PersonDetails {
        civility: typed.civility.clone(),
        given_name: typed.given_name.clone(),
        family_name: typed.family_name.clone(),
        profession: None,
        specialty: None,
    });
    let person = match typed.person.as_str() {
        "" => None,
        id => {
            let national_id = person_reference(id).map_err(|_| ("personne", texts::NO_IDENTIFIER))?;
            Some(NewPerson { national_id, new })
        }
    };
    let entry = MailboxEntry {
        description: said(&typed.description),
        service: said(&typed.service),
        responsible: said(&typed.responsible),
        red_list: false,
        rank: 1,
    };
    Ok(NewMailbox { address, kind, holder: NewHolder { person, organisation }, entry })
}
