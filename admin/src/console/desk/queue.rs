//! Letters for other operators that wait: look, try at once, hold, release, drop.

use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::{AdministratorSession, Power};
use names::{Domain, Timestamp};
use relay::queue::{Care, Ended, State as Standing, Story, Waiting, Which};
use serde::Deserialize;
use walls::Visitor;
use walls::limits::TYPED_MAX;
use walls::page::{Fields, Form, html, see_other};

use super::views::{self, Choice, Fact, Grid, QueueDrop, QueueLetter, QueueRow};
use super::{act_of, texts};
use crate::console::console::Console;
use crate::console::errors::Trouble;
use crate::console::factors::Proof;
use crate::console::limits::LINES;
use crate::console::pages::{Page, frame};
use crate::console::views::{Place, ProofField};
use crate::mask::{Sight, shown};
use crate::queue::{QueueList, QueueView, which};
use crate::{DropNotice, Error};

const POWERS: (Power, Power) = (Power::LookAtHouse, Power::ChangeHouse);

/// What is asked for, and what was just done.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    domaine: String,
    etat: String,
    lettre: String,
    fait: String,
    nombre: u64,
}

/// `GET /file`
pub(super) async fn show(State(app): State<Console>, headers: HeaderMap, Query(asked): Query<Asked>) -> Page {
    let now = app.now();
    let session = app.session_with(&headers, Power::LookAtHouse, now).await?;
    let typed = |text: &str| text.trim().chars().take(TYPED_MAX).collect::<String>();
    let (domain, letter) = (typed(&asked.domaine), typed(&asked.lettre));
    if !letter.is_empty() {
        match letters_page(&app, &session, &letter, now).await {
            Ok(page) => return Ok(page),
            Err(Error::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let mut error = (!letter.is_empty()).then(|| texts::NOT_IN_QUEUE.to_owned());
    let view = QueueView {
        domain: Domain::parse(&domain).ok(),
        state: Standing::from_code(&asked.etat),
        older_than: None,
    };
    if !domain.is_empty() && view.domain.is_none() {
        error = Some(texts::NOT_A_DOMAIN.to_owned());
    }
    let by = session.administrator.authority().actor();
    let list = app.admin().queue_rows(&view, LINES as u32, by, now).await?;
    let state = |state: Standing| Choice {
        value: state.code().to_owned(),
        label: texts::queue_state(state).to_owned(),
        chosen: view.state == Some(state),
    };
    Ok(html(&views::Queue {
        frame: frame(&session, Place::Queue).noting(texts::queue_done(&asked.fait, asked.nombre)),
        states: Standing::ALL.into_iter().map(state).collect(),
        found: texts::waiting(list.found),
        totals: totals(&list),
        rows: list.rows.iter().map(|waiting| row(waiting, now)).collect(),
        may_change: session.administrator.authority().may(Power::ChangeHouse, None),
        domain,
        letter,
        error,
    }))
}

/// `GET /file/{lettre}`
pub(super) async fn letter(
    State(app): State<Console>,
    headers: HeaderMap,
    Path(letter): Path<String>,
) -> Page {
    let now = app.now();
    let session = app.session_with(&headers, Power::LookAtHouse, now).await?;
    // Numbers of letters only: what names somebody is typed into the form.
    let known: Result<names::QueueId, _> = letter.parse();
    let Ok(queue) = known else { return Err(Trouble::NotFound.into()) };
    match letters_page(&app, &session, &queue.to_string(), now).await {
        Err(Error::Refused(_)) => Err(Trouble::NotFound.into()),
        other => Ok(other?),
    }
}

/// `POST /file`: what is done with a letter, a domain, or all of it.
pub(super) async fn care(
    State(app): State<Console>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    form: Form,
) -> Page {
    let now = app.now();
    let (session, fields) = act_of(&app, &headers, form, POWERS, now).await?;
    let Ok(meant) = which(fields.field("quoi")) else { return Err(Trouble::NotFound.into()) };
    let by = session.administrator.authority().actor();
    let (care, done) = match fields.field("geste") {
        "reessayer" => (Care::Retry, "reessai"),
        "retenir" => (Care::Hold, "retenue"),
        "relacher" => (Care::Release, "relachee"),
        "abandonner" => return abandon(&app, &session, &fields, &meant, &visitor, now).await,
        _ => return Err(Trouble::Form.into()),
    };
    let rows = app.admin().care_for_queue(&meant, care, by, now).await?;
    Ok(see_other(&format!("/file?fait={done}&nombre={rows}")))
}

/// Dropping is for good: asked once more, with a second factor that is fresh.
async fn abandon(
    app: &Console,
    session: &AdministratorSession,
    fields: &Fields,
    meant: &Which,
    visitor: &Visitor,
    now: Timestamp,
) -> Page {
    let notice = match fields.field("prevenir") {
        "oui" => DropNotice::Report,
        "non" => DropNotice::Silent,
        _ => return Ok(confirm(session, fields.field("quoi"), meant, Proof::Enough, now)),
    };
    let proof = app.prove(session, fields, visitor.address, now).await?;
    if proof != Proof::Enough {
        return Ok(confirm(session, fields.field("quoi"), meant, proof, now));
    }
    let by = session.administrator.authority().actor();
    let rows = app.admin().drop_from_queue(meant, notice, by, now).await?;
    Ok(see_other(&format!("/file?fait=abandonnee&nombre={rows}")))
}

fn confirm(
    session: &AdministratorSession,
    which: &str,
    meant: &Which,
    proof: Proof,
    now: Timestamp,
) -> Response {
    let error = crate::console::texts::proof(proof);
    let mut page = html(&QueueDrop {
        frame: frame(session, Place::Queue).under(texts::QUEUE, "/file"),
        which: which.to_owned(),
        words: texts::meant(meant),
        proof: ProofField { needed: !session.is_fresh(now), error },
    });
    if proof != Proof::Enough {
        *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    page
}

async fn letters_page(
    app: &Console,
    session: &AdministratorSession,
    what: &str,
    now: Timestamp,
) -> Result<Response, Error> {
    let authority = session.administrator.authority();
    let letters = app.admin().queue_letters(what, authority.actor(), now).await?;
    let mut recipients = Vec::new();
    for letter in &letters {
        recipients.extend(letter.waiting.iter().map(|row| waiting(app, row, now)));
        recipients.extend(letter.ended.iter().map(|row| ended(app, row, now)));
    }
    let queue = letters.first().map(|letter| letter.queue.to_string()).unwrap_or_default();
    Ok(html(&QueueLetter {
        frame: frame(session, Place::Queue).under(texts::QUEUE, "/file"),
        queue,
        recipients,
        waits: letters.iter().any(|letter| !letter.waiting.is_empty()),
        may_change: authority.may(Power::ChangeHouse, None),
    }))
}

fn totals(list: &QueueList) -> Option<Grid> {
    let lines = list.totals.iter().map(|total| {
        let state = Standing::from_code(total.state).map_or("", texts::queue_state);
        vec![
            total.domain.clone(),
            state.to_owned(),
            texts::age(total.oldest),
            texts::number(total.count as i64),
        ]
    });
    let grid = Grid {
        title: texts::BY_DOMAIN_AND_STATE.to_owned(),
        headings: texts::QUEUE_HEADINGS.map(str::to_owned).to_vec(),
        words: 3,
        lines: lines.collect(),
        more: texts::left_out((list.found as usize).saturating_sub(list.rows.len())),
    };
    (!grid.lines.is_empty()).then_some(grid)
}

fn to_whom(row: &Waiting) -> String {
    let address = row.envelope.as_ref().map(|envelope| envelope.recipient.to_string());
    address.map_or_else(|| format!("…@{}", row.domain), |address| shown(&address, Sight::Domain))
}

fn row(row: &Waiting, now: Timestamp) -> QueueRow {
    QueueRow {
        queue: row.queue.to_string(),
        href: format!("/file/{}", row.queue),
        recipient: to_whom(row),
        state: texts::standing(row, now),
        why: row.last.as_ref().map_or_else(String::new, Story::shown),
    }
}

fn waiting(app: &Console, row: &Waiting, now: Timestamp) -> (String, Vec<Fact>) {
    let zone = &app.settings().zone;
    let mut facts = vec![
        fact(texts::STATE, texts::standing(row, now)),
        fact(texts::ACCEPTED, walls::texts::moment(row.created_at, zone, now)),
        fact(texts::GIVEN_UP, walls::texts::moment(row.expires_at, zone, now)),
        fact(texts::TRIES, texts::number(i64::from(row.attempts))),
    ];
    facts.extend(row.last.iter().flat_map(|story| last(app, story, now)));
    (to_whom(row), facts)
}

fn ended(app: &Console, row: &Ended, now: Timestamp) -> (String, Vec<Fact>) {
    let address = row.story.as_ref().and_then(|story| story.recipient.as_ref());
    let address = address
        .map_or_else(|| format!("…@{}", row.domain), |address| shown(&address.to_string(), Sight::Domain));
    let mut facts = vec![
        fact(texts::OUTCOME, texts::ended(&row.outcome).to_owned()),
        fact(texts::TRIES, texts::number(i64::from(row.attempts))),
    ];
    facts.extend(row.story.iter().flat_map(|story| last(app, story, now)));
    (address, facts)
}

fn last(app: &Console, story: &Story, now: Timestamp) -> Vec<Fact> {
    let mut facts = vec![fact(texts::LAST_TRY, walls::texts::moment(story.at, &app.settings().zone, now))];
    if let Some(peer) = &story.peer {
        facts.push(fact(texts::PEER, peer.to_string()));
    }
    facts.push(fact(texts::SAID, story.shown()));
    facts
}

fn fact(name: &str, value: String) -> Fact {
    Fact { name: name.to_owned(), value }
}
