//! Who acts for whom: given, received, ended.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use directory::{DelegationLine, DelegationRefusal, Period, ProfessionalSession, Rights};
use names::{AccountId, PersonId, Timestamp};

use super::sign_in::After;
use super::{Done, Page, form_of, frame};
use crate::limits::TYPED_MAX;
use crate::opaque::Purpose;
use crate::pages::{Form, html};
use crate::pro::space::Space;
use crate::pro::texts;
use crate::pro::views::{Choice, DelegationView, Delegations, Place};
use crate::views::When;
use crate::webmail::see_other;
use walls::days;

/// `GET /delegations`
pub(super) async fn show(State(app): State<Space>, headers: HeaderMap, Query(done): Query<Done>) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    let notice = match done.fait.as_str() {
        "fin" => Some(texts::DELEGATION_ENDED.to_owned()),
        _ => None,
    };
    page(&app, &session, Said { notice, ..Said::default() }, now).await
}

/// What stands on the page beside the lists.
#[derive(Default)]
struct Said {
    notice: Option<String>,
    error: Option<&'static str>,
    to: String,
    from: String,
    until: String,
}

async fn page(app: &Space, session: &ProfessionalSession, said: Said, now: Timestamp) -> Page {
    let rooms = app.rooms();
    let managed = rooms.mailboxes_of(session, now).await?.into_iter();
    let mailboxes = managed
        .filter(|(_, rights)| *rights == Rights::Manage)
        .map(|(mailbox, _)| Choice {
            reference: app.hide(Purpose::Mailbox, session, &[mailbox.account.0]),
            address: mailbox.address.to_string(),
        })
        .collect();
    let views = |lines: Vec<DelegationLine>| -> Vec<DelegationView> {
        lines.into_iter().map(|line| view(app, session, line, now)).collect()
    };
    let status = if said.error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut page = html(&Delegations {
        frame: frame(session, Place::Delegations),
        notice: said.notice,
        error: said.error.map(str::to_owned),
        fresh: session.is_fresh(now),
        mailboxes,
        to: said.to,
        from: said.from,
        until: said.until,
        given: views(rooms.delegations_given(session, now).await?),
        received: views(rooms.delegations_received(session, now).await?),
    });
    *page.status_mut() = status;
    Ok(page)
}

fn view(app: &Space, session: &ProfessionalSession, line: DelegationLine, now: Timestamp) -> DelegationView {
    let zone = &app.settings().zone;
    DelegationView {
        mailbox: line.mailbox.display_name(),
        address: line.mailbox.address.to_string(),
        person: line.person.display_name(),
        rights: texts::rights(line.rights),
        // An import may know no beginning; one that is to come is said otherwise.
        since: (line.starts.0 > 0 && line.starts <= now).then(|| When::moment(line.starts, zone, now)),
        until: texts::period(line.starts, line.ends, zone, now),
        reference: app.hide(Purpose::Delegation, session, &[line.mailbox.account.0, line.person.id.0]),
    }
}

/// `POST /delegations`
pub(super) async fn give(State(app): State<Space>, headers: HeaderMap, form: Form) -> Page {
    let now = app.now();
    let (session, fields) = form_of(&app, &headers, form, now).await?;
    if !session.is_fresh(now) {
        return Ok(see_other(&format!("/connexion{}", After::Delegations.query())));
    }
    let [mailbox] = app.reveal(Purpose::Mailbox, &session, fields.field("boite"))?;
    let (to, from) = (fields.field("personne").trim(), fields.field("debut").trim());
    let until = fields.field("fin").trim();
    let refused = |error| {
        let [to, from, until] = [to, from, until].map(str::to_owned);
        let said = Said { notice: None, error: Some(error), to, from, until };
        page(&app, &session, said, now)
    };
    if to.is_empty() || to.len() > TYPED_MAX {
        return refused(texts::NAME_SOMEBODY).await;
    }
    let zone = &app.settings().zone;
    let (Ok(starts), Ok(ends)) = (days::first_moment(from, zone), days::last_moment(until, zone)) else {
        return refused(texts::WRONG_DATE).await;
    };
    let period = Period { starts, ends };
    let Some(rights) = Rights::from_code(fields.field("droits")) else {
        return refused(texts::delegation_refused(DelegationRefusal::Managing)).await;
    };
    match app.rooms().delegate(&session, AccountId(mailbox), to, rights, period, now).await? {
        Ok(person) => {
            let notice = Some(texts::delegation_given(&person.display_name()));
            page(&app, &session, Said { notice, ..Said::default() }, now).await
        }
        Err(refusal) => refused(texts::delegation_refused(refusal)).await,
    }
}

/// `POST /delegations/fin`
pub(super) async fn end(State(app): State<Space>, headers: HeaderMap, form: Form) -> Page {
    let now = app.now();
    let (session, fields) = form_of(&app, &headers, form, now).await?;
    let [mailbox, person] = app.reveal(Purpose::Delegation, &session, fields.field("delegation"))?;
    // Sent twice, it has ended all the same.
    app.rooms().end_delegation(&session, AccountId(mailbox), PersonId(person), now).await?;
    Ok(see_other("/delegations?fait=fin"))
}
