//! A mailbox: what it is, what the directory says of it, its life.

use audit::Chain;
use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use directory::{
    AdministratorSession, MailboxEntry, MailboxMove, MailboxRefusal, MailboxSheet, MailboxState, Owner, Power,
};
use names::{AccountId, AccountKind, Timestamp};
use walls::Visitor;
use walls::opaque::Purpose;
use walls::page::{Form, html, see_other};

use super::{Done, Page, act_lines, form_with, frame, passwords};
use crate::console::console::Console;
use crate::console::errors::{Halt, Trouble};
use crate::console::factors::Proof;
use crate::console::limits::LAST_ACTS;
use crate::console::texts;
use crate::console::views::{Confirm, EntryForm, Mailbox, May, MemberLine, Place, ProofField};

/// The page of a mailbox, for this administrator.
pub(super) fn href(app: &Console, session: &AdministratorSession, account: AccountId) -> String {
    format!("/boites/{}", app.hide(Purpose::Mailbox, session, &[account.0]))
}

/// The mailbox of an address, if it is theirs to see.
pub(super) async fn sheet(
    app: &Console,
    session: &AdministratorSession,
    reference: &str,
    now: Timestamp,
) -> Result<MailboxSheet, Halt> {
    let [id] = app.reveal(Purpose::Mailbox, session, reference)?;
    let by = session.administrator.authority();
    let found = app.admin().directory.mailbox_sheet(AccountId(id), &by, now).await?;
    found.ok_or_else(|| Trouble::NotFound.into())
}

/// What stands on the page beside what is so.
#[derive(Default)]
pub(super) struct Said {
    pub(super) notice: Option<String>,
    pub(super) to: String,
    pub(super) from: String,
    pub(super) until: String,
    pub(super) member_error: Option<String>,
    pub(super) entry: Option<EntryForm>,
    pub(super) entry_error: Option<String>,
}

/// `GET /boites/{reference}`
pub(super) async fn show(
    State(app): State<Console>,
    headers: HeaderMap,
    Path(reference): Path<String>,
    Query(done): Query<Done>,
) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    let found = sheet(&app, &session, &reference, now).await?;
    let chain = Chain::Account(found.mailbox.account);
    let by = session.administrator.authority().actor();
    app.admin().looked_by(by, chain, "mailbox".to_owned(), now).await?;
    let notice = match done.fait.as_str() {
        "creee" => Some(texts::CREATED),
        "fiche" => Some(texts::DESCRIBED),
        "membre" => Some(texts::ADMITTED),
        "retrait" => Some(texts::REMOVED),
        "retire" => Some(texts::WITHDRAWN),
        word => MailboxMove::ALL.into_iter().find(|to| texts::moving(*to).3 == word).map(texts::moved),
    };
    page(&app, &session, found, Said { notice: notice.map(str::to_owned), ..Said::default() }, now).await
}

/// The page; with a fault in a form, as an answer to it.
pub(super) async fn page(
    app: &Console,
    session: &AdministratorSession,
    found: MailboxSheet,
    said: Said,
    now: Timestamp,
) -> Page {
    let MailboxSheet { mailbox, admitted } = found;
    let by = session.administrator.authority();
    let zone = &app.settings().zone;
    let (here, organisation) = (href(app, session, mailbox.account), mailbox.organisation.as_ref());
    let allowed = |power| by.may(power, organisation.map(|one| one.id));
    let changes = allowed(Power::ChangeMailboxes);
    let moves = MailboxMove::ALL.into_iter().filter(|to| changes && to.from(mailbox.state).is_some());
    let may = May {
        describe: changes && mailbox.state != MailboxState::Closed,
        admit: allowed(Power::ChangeMembers) && mailbox.state == MailboxState::Open,
        passwords: may_issue(session, &mailbox),
        moves: moves
            .map(texts::moving)
            .map(|(label, _, _, word)| (label, format!("{here}/etat/{word}")))
            .collect(),
    };
    let members = admitted
        .into_iter()
        .map(|line| MemberLine {
            name: line.person.display_name(),
            href: super::person::href(app, session, line.person.id),
            rights: texts::rights(line.rights),
            code: line.rights.code(),
            until: texts::period(line.period, zone, now),
            identifier: line.person.national_id.0.chars().skip(1).collect(),
        })
        .collect();
    let devices = match may.passwords {
        true => passwords::devices(app, session, Owner::Machine(mailbox.account), now).await?,
        false => Vec::new(),
    };
    let mut facts = vec![
        ("Type", texts::kind(mailbox.kind).to_owned()),
        ("État", texts::state(mailbox.state).to_owned()),
    ];
    let shown = if mailbox.red_list { "Cachée des recherches (liste rouge)" } else { "Visible" };
    facts.push(("Annuaire", shown.to_owned()));
    for (label, value) in [
        ("Description", &mailbox.description),
        ("Service", &mailbox.service),
        ("Responsable", &mailbox.responsible),
    ] {
        facts.extend(value.clone().map(|value| (label, value)));
    }
    facts.extend(texts::use_of(&app.admin().use_of(mailbox.account, now).await?, zone));
    let entry = said.entry.unwrap_or_else(|| form_of_entry(&MailboxEntry::of(&mailbox)));
    let faulty = said.member_error.is_some() || said.entry_error.is_some();
    let mut page = html(&Mailbox {
        frame: frame(session, Place::Directory).under("Annuaire", "/").noting(said.notice),
        name: mailbox.display_name(),
        address: mailbox.address.to_string(),
        holder: mailbox
            .person
            .as_ref()
            .map(|holder| (super::person::href(app, session, holder.id), holder.display_name())),
        organisation: organisation.map(|one| {
            let reference = app.hide(Purpose::Organisation, session, &[one.id.0]);
            (format!("/structures/{reference}"), one.name.clone())
        }),
        members,
        has_members: mailbox.kind != AccountKind::Applicative,
        personal: mailbox.kind == AccountKind::Personal,
        may,
        facts,
        entry,
        to: said.to,
        from: said.from,
        until: said.until,
        devices,
        member_error: said.member_error,
        entry_error: said.entry_error,
        acts: act_lines(app, Chain::Account(mailbox.account), LAST_ACTS, now).await?,
        href: here,
    });
    if faulty {
        *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(page)
}

fn form_of_entry(entry: &MailboxEntry) -> EntryForm {
    EntryForm {
        description: entry.description.clone().unwrap_or_default(),
        service: entry.service.clone().unwrap_or_default(),
        responsible: entry.responsible.clone().unwrap_or_default(),
        rank: entry.rank.to_string(),
        red_list: entry.red_list,
    }
}

/// Whether the passwords of this mailbox are its own, and whoever asks'.
pub(super) fn may_issue(session: &AdministratorSession, mailbox: &directory::Mailbox) -> bool {
    let organisation = mailbox.organisation.as_ref().map(|one| one.id);
    let theirs = session.administrator.authority().may(Power::ChangeCredentials, organisation);
    theirs && mailbox.kind == AccountKind::Applicative && mailbox.state == MailboxState::Open
}

/// A text without space around it; none when nothing is left.
pub(super) fn said(text: &str) -> Option<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}

/// `POST /boites/{reference}/fiche`
pub(super) async fn describe(
    State(app): State<Console>,
    headers: HeaderMap,
    Path(reference): Path<String>,
    form: Form,
) -> Page {
    let now = app.now();
    let known = ["jeton", "liste_rouge", "description", "service", "responsable", "rang"];
    let (session, fields) = form_with(&app, &headers, form, &known, now).await?;
    let found = sheet(&app, &session, &reference, now).await?;
    let typed = EntryForm {
        description: fields.field("description").to_owned(),
        service: fields.field("service").to_owned(),
        responsible: fields.field("responsable").to_owned(),
        rank: fields.field("rang").trim().to_owned(),
        red_list: fields.field("liste_rouge") == "oui",
    };
    let Ok(rank) = typed.rank.parse::<i64>() else {
        let entry_error = Some(texts::NO_RANK.to_owned());
        return page(&app, &session, found, Said { entry: Some(typed), entry_error, ..Said::default() }, now)
            .await;
    };
    let entry = MailboxEntry {
        description: said(&typed.description),
        service: said(&typed.service),
        responsible: said(&typed.responsible),
        red_list: typed.red_list,
        rank,
    };
    let (account, by) = (found.mailbox.account, session.administrator.authority());
    match app.admin().directory.describe_mailbox(account, &entry, &by, now).await? {
        Ok(_) => Ok(see_other(&format!("/boites/{reference}?fait=fiche"))),
        Err(MailboxRefusal::NotFound) => Err(Trouble::NotFound.into()),
        Err(refusal) => {
            let entry_error = Some(texts::refused(refusal).to_owned());
            page(&app, &session, found, Said { entry: Some(typed), entry_error, ..Said::default() }, now)
                .await
        }
    }
}

fn named(word: &str) -> Result<MailboxMove, Halt> {
    let found = MailboxMove::ALL.into_iter().find(|to| texts::moving(*to).3 == word);
    found.ok_or_else(|| Trouble::NotFound.into())
}

/// `GET /boites/{reference}/etat/{word}`
pub(super) async fn ask(
    State(app): State<Console>,
    headers: HeaderMap,
    Path((reference, word)): Path<(String, String)>,
) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    let proof = ProofField { needed: !session.is_fresh(now), error: None };
    asking(&app, &session, (&reference, named(&word)?), proof, None, now).await
}

async fn asking(
    app: &Console,
    session: &AdministratorSession,
    (reference, to): (&str, MailboxMove),
    proof: ProofField,
    error: Option<String>,
    now: Timestamp,
) -> Page {
    let found = sheet(app, session, reference, now).await?;
    let organisation = found.mailbox.organisation.as_ref().map(|one| one.id);
    crate::console::console::allow(session, Power::ChangeMailboxes, organisation)?;
    let (button, question, effects, word) = texts::moving(to);
    let (back, address) = (format!("/boites/{reference}"), found.mailbox.address.to_string());
    let status = if proof.error.is_some() || error.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let mut page = html(&Confirm {
        frame: frame(session, Place::Directory).under("Annuaire", "/").under(&address, &back),
        heading: format!("{question} {address}"),
        effects: effects.map(str::to_owned).to_vec(),
        action: format!("{back}/etat/{word}"),
        button,
        back,
        proof,
        choices: Vec::new(),
        error,
    });
    *page.status_mut() = status;
    Ok(page)
}

/// `POST /boites/{reference}/etat/{word}`
pub(super) async fn change(
    State(app): State<Console>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    Path((reference, word)): Path<(String, String)>,
    form: Form,
) -> Page {
    let now = app.now();
    let (session, fields) = form_with(&app, &headers, form, &["jeton", "code"], now).await?;
    let to = named(&word)?;
    let found = sheet(&app, &session, &reference, now).await?;
    let proof = app.prove(&session, &fields, visitor.address, now).await?;
    if proof != Proof::Enough {
        let field = ProofField { needed: true, error: texts::proof(proof) };
        return asking(&app, &session, (&reference, to), field, None, now).await;
    }
    let by = session.administrator.authority();
    match app.admin().directory.move_mailbox(found.mailbox.account, to, &by, now).await? {
        Ok(_) => Ok(see_other(&format!("/boites/{reference}?fait={}", texts::moving(to).3))),
        Err(MailboxRefusal::NotFound) => Err(Trouble::NotFound.into()),
        Err(refusal) => {
            let error = Some(texts::refused(refusal).to_owned());
            asking(&app, &session, (&reference, to), ProofField::default(), error, now).await
        }
    }
}
