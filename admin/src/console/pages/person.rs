//! A professional: their mailboxes, their passwords.

use audit::Chain;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use directory::{AdministratorSession, Owner, PersonSheet, Power, Whole};
use names::{OrganisationId, PersonId, Timestamp};
use walls::opaque::Purpose;
use walls::page::html;

use super::home::mailbox_answer;
use super::{Done, Page, act_lines, frame, passwords};
use crate::console::console::Console;
use crate::console::errors::{Halt, Trouble};
use crate::console::limits::LAST_ACTS;
use crate::console::texts;
use crate::console::views::{Organisation, Person, Place};

/// The page of a professional, for this administrator.
pub(super) fn href(app: &Console, session: &AdministratorSession, person: PersonId) -> String {
    format!("/personnes/{}", app.hide(Purpose::Person, session, &[person.0]))
}

/// The professional of an address, if they are theirs to see.
pub(super) async fn sheet(
    app: &Console,
    session: &AdministratorSession,
    reference: &str,
    now: Timestamp,
) -> Result<PersonSheet, Halt> {
    let [id] = app.reveal(Purpose::Person, session, reference)?;
    let by = session.administrator.authority();
    let found = app.admin().directory.person_sheet(PersonId(id), &by, now).await?;
    found.ok_or_else(|| Trouble::NotFound.into())
}

/// Whether passwords and factors of this professional are whoever asks'.
pub(super) fn may_reset(session: &AdministratorSession, found: &PersonSheet) -> bool {
    let by = session.administrator.authority();
    let mut organisations =
        found.mailboxes.iter().map(|(mailbox, _)| mailbox.organisation.as_ref().map(|one| one.id));
    let house = found.mailboxes.is_empty().then_some(None);
    let all = organisations.by_ref().chain(house).all(|one| by.may(Power::ChangeCredentials, one));
    found.whole == Whole::Yes && all
}

/// `GET /personnes/{reference}`
pub(super) async fn show(
    State(app): State<Console>,
    headers: HeaderMap,
    Path(reference): Path<String>,
    Query(done): Query<Done>,
) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    let found = sheet(&app, &session, &reference, now).await?;
    let (by, person) = (session.administrator.authority(), found.person.clone());
    app.admin().looked_by(by.actor(), Chain::Person(person.id), "person".to_owned(), now).await?;
    let may_reset = may_reset(&session, &found);
    let may_depart = found
        .mailboxes
        .iter()
        .any(|(mailbox, _)| by.may(Power::Depart, mailbox.organisation.as_ref().map(|one| one.id)));
    let devices = match may_reset {
        true => passwords::devices(&app, &session, Owner::Person(person.id), now).await?,
        false => Vec::new(),
    };
    let number: String = person.national_id.0.chars().skip(1).collect();
    let mut facts = vec![("Numéro national", number)];
    if !person.role().is_empty() {
        facts.push(("Fonction", person.role()));
    }
    facts.push(("Espace professionnel", texts::signs_in(found.signs_in).to_owned()));
    let notice = (done.fait == "retire").then(|| texts::WITHDRAWN.to_owned());
    Ok(html(&Person {
        frame: frame(&session, Place::Directory).under("Annuaire", "/").noting(notice),
        name: person.display_name(),
        href: href(&app, &session, person.id),
        facts,
        mailboxes: found.mailboxes.iter().map(|(one, _)| mailbox_answer(&app, &session, one)).collect(),
        may_reset,
        may_depart,
        devices,
        acts: act_lines(&app, Chain::Person(person.id), LAST_ACTS, now).await?,
    }))
}

/// `GET /structures/{reference}`
pub(super) async fn organisation(
    State(app): State<Console>,
    headers: HeaderMap,
    Path(reference): Path<String>,
) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    let [id] = app.reveal(Purpose::Organisation, &session, &reference)?;
    let by = session.administrator.authority();
    let found = app.admin().directory.organisation_sheet(OrganisationId(id), &by).await?;
    let found = found.ok_or(Trouble::NotFound)?;
    let detail = format!("organisation={id}");
    app.admin().looked_by(by.actor(), Chain::System, detail, now).await?;
    let one = found.organisation;
    let number: String = one.national_id.0.chars().skip(1).collect();
    let place = format!("{}, {} {}", one.street, one.postal_code, one.town);
    Ok(html(&Organisation {
        frame: frame(&session, Place::Directory).under("Annuaire", "/"),
        name: one.name,
        facts: vec![("Numéro national", number), ("Adresse", place)],
        mailboxes: found.mailboxes.iter().map(|mailbox| mailbox_answer(&app, &session, mailbox)).collect(),
    }))
}
