//! Who acts for whom: given, received, ended.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use directory::{DelegationLine, DelegationRefusal, ProfessionalSession, Rights};
use jiff::civil::Date;
use jiff::tz::TimeZone;
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
        // An import may know no beginning.
        since: (line.starts.0 > 0).then(|| When::moment(line.starts, zone, now)),
        until: texts::until(line.ends, zone),
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
    let (to, until) = (fields.field("personne").trim(), fields.field("fin").trim());
    let refused = |error| {
        let said = Said { notice: None, error: Some(error), to: to.to_owned(), until: until.to_owned() };
        page(&app, &session, said, now)
    };
    if to.is_empty() || to.len() > TYPED_MAX {
        return refused(texts::NAME_SOMEBODY).await;
    }
    let ends = match last_day(until, &app.settings().zone) {
        Ok(ends) => ends,
        Err(NoDate) => return refused(texts::WRONG_DATE).await,
    };
    let Some(rights) = Rights::from_code(fields.field("droits")) else {
        return refused(texts::delegation_refused(DelegationRefusal::Managing)).await;
    };
    match app.rooms().delegate(&session, AccountId(mailbox), to, rights, ends, now).await? {
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

/// Not a day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct NoDate;

/// The midnight after a day written as 31/12/2026 or 2026-12-31; none when nothing is written.
fn last_day(text: &str, zone: &TimeZone) -> Result<Option<Timestamp>, NoDate> {
    if text.is_empty() {
        return Ok(None);
    }
    let parts: Vec<&str> = text.split(['/', '-', '.', ' ']).collect();
    let number = |part: &str| part.parse::<i16>().map_err(|_| NoDate);
    let [year, month, day] = match parts[..] {
        [year, month, day] if year.len() == 4 => [number(year)?, number(month)?, number(day)?],
        [day, month, year] if year.len() == 4 => [number(year)?, number(month)?, number(day)?],
        _ => return Err(NoDate),
    };
    let small = |part: i16| i8::try_from(part).map_err(|_| NoDate);
    let date = Date::new(year, small(month)?, small(day)?).map_err(|_| NoDate)?;
    let midnight = date.tomorrow().ok().and_then(|next| next.to_zoned(zone.clone()).ok()).ok_or(NoDate)?;
    Ok(Some(Timestamp(midnight.timestamp().as_millisecond())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_counts_whole_in_the_zone_of_the_house() {
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let midnight = Ok(Some(Timestamp(1_798_758_000_000)));
        for (text, want) in [
            ("31/12/2026", midnight),
            ("2026-12-31", midnight),
            ("31.12.2026", midnight),
            ("", Ok(None)),
            ("31/02/2026", Err(NoDate)),
            ("31/12/26", Err(NoDate)),
            ("demain", Err(NoDate)),
            ("31/12", Err(NoDate)),
            ("9999-12-31", Err(NoDate)),
            ("1/1/2026/1", Err(NoDate)),
        ] {
            assert_eq!(last_day(text, &paris), want, "{text}");
        }
    }
}
