//! Why a letter was refused, by its number.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::{AdministratorSession, Power};
use names::Timestamp;
use walls::When;
use walls::page::{Form, html};

use super::views::{self, Choice, Fact, Recipient};
use super::{act_of, texts};
use crate::Error;
use crate::console::console::Console;
use crate::console::limits::CODE_MAX;
use crate::console::pages::{Page, frame};
use crate::console::views::Place;
use crate::mask::{Sight, shown};
use crate::why::{Explained, ExplainedRecipient, Reason};

/// `GET /lettres`
pub(super) async fn show(State(app): State<Console>, headers: HeaderMap) -> Page {
    let session = app.session_with(&headers, Power::ExplainLetters, app.now()).await?;
    Ok(page(&session, String::new(), None, None))
}

/// `POST /lettres`: looking is an act, written down with its reason.
pub(super) async fn explain(State(app): State<Console>, headers: HeaderMap, form: Form) -> Page {
    let now = app.now();
    let powers = (Power::ExplainLetters, Power::ExplainLetters);
    let (session, fields) = act_of(&app, &headers, form, powers, now).await?;
    let queue: String = fields.field("numero").trim().chars().take(CODE_MAX).collect();
    let Some(reason) = Reason::from_code(fields.field("motif")) else {
        return Ok(page(&session, queue, Some(texts::CHOOSE_A_REASON), None));
    };
    let authority = session.administrator.authority();
    let found = match app.admin().explain(&queue, reason, authority.actor(), now).await {
        Err(Error::Refused(_)) => None,
        other => Some(other?),
    };
    // A letter of others and no letter are one answer (RELIABILITY D-01).
    let allowed = |letter: &Explained| {
        let may = |organisation| authority.may(Power::ExplainLetters, organisation);
        may(None) || letter.concerned.iter().any(|one| may(one.organisation.as_ref().map(|own| own.id)))
    };
    let Some(letter) = found.filter(allowed) else {
        return Ok(page(&session, queue, Some(texts::NO_SUCH_LETTER), None));
    };
    // Who answers patients' calls hears whether it is the same one; nobody else needs to.
    let sight = if authority.may(Power::LookAtPatients, None) { Sight::LastDigits } else { Sight::Domain };
    let told = told(&app, &letter, sight, now);
    Ok(page(&session, queue, None, Some(told)))
}

fn page(
    session: &AdministratorSession,
    queue: String,
    error: Option<&str>,
    letter: Option<views::Letter>,
) -> Response {
    let reason = |reason: Reason| Choice {
        value: reason.code().to_owned(),
        label: texts::reason(reason).to_owned(),
        chosen: false,
    };
    let mut page = html(&views::Letters {
        frame: frame(session, Place::Letters),
        queue,
        reasons: Reason::ALL.into_iter().map(reason).collect(),
        error: error.map(str::to_owned),
        letter,
    });
    if error.is_some() {
        *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    page
}

fn told(app: &Console, letter: &Explained, sight: Sight, now: Timestamp) -> views::Letter {
    let mut facts = vec![
        Fact { name: texts::CAME_BY.to_owned(), value: texts::door(&letter.door).to_owned() },
        Fact { name: texts::SENDER.to_owned(), value: sender(&letter.sender, sight) },
    ];
    if letter.size > 0 {
        facts.push(Fact { name: texts::SIZE.to_owned(), value: texts::size(letter.size) });
    }
    let kept = if letter.kept { texts::KEPT } else { texts::NOT_KEPT };
    facts.push(Fact { name: texts::STORED.to_owned(), value: kept.to_owned() });
    views::Letter {
        queue: letter.queue.to_string(),
        at: When::moment(letter.at, &app.settings().zone, now),
        facts,
        recipients: letter.recipients.iter().map(|one| recipient(app, one, sight, now)).collect(),
    }
}

fn sender(address: &str, sight: Sight) -> String {
    if address.is_empty() { texts::NO_SENDER.to_owned() } else { shown(address, sight) }
}

fn recipient(app: &Console, one: &ExplainedRecipient, sight: Sight, now: Timestamp) -> Recipient {
    let why = one.sentences.map_or_else(|| one.rule.clone(), |(french, _)| french.to_owned());
    let mut facts = vec![Fact { name: texts::RULE.to_owned(), value: one.rule.clone() }];
    if !one.reply.is_empty() {
        facts.push(Fact { name: texts::REPLY.to_owned(), value: one.reply.clone() });
    }
    if let Some(standing) = &one.standing {
        let opened = texts::opened(standing.opened, &app.settings().zone, now);
        for (name, value) in [
            (texts::FILED, texts::number(standing.filed as i64)),
            (texts::NOTICE, texts::notice(standing.notice).to_owned()),
            (texts::OPENED, opened),
        ] {
            facts.push(Fact { name: name.to_owned(), value });
        }
    }
    Recipient { address: shown(&one.address, sight), outcome: texts::outcome(&one.outcome), why, facts }
}
