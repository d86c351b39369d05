//! The trail, for auditors: a chain, its lines taken out, its proof.

use audit::{Chain, Written};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::{AdministratorSession, Power};
use names::{AccountId, DAY, Ins, PersonId, Timestamp};
use serde::Deserialize;
use std::collections::HashMap;
use walls::When;
use walls::limits::TYPED_MAX;
use walls::opaque::Purpose;
use walls::page::{Fields, Form, html, see_other};

use super::views::{self, Choice, Outcome, TrailChoose, TrailLine};
use super::{act_of, download, spreadsheet, texts};
use crate::console::console::Console;
use crate::console::errors::Trouble;
use crate::console::limits::LINES;
use crate::console::pages::{Page, frame};
use crate::console::views::Place;
use crate::trail::{ExportAs, TrailPage, Whose};
use crate::{Error, days};

/// What the form's list offers.
const KINDS: [&str; 4] = ["maison", "boite", "personne", "patient"];
/// Auditors do all of this or none of it.
const POWERS: (Power, Power) = (Power::ReadTrail, Power::ReadTrail);

/// `GET /journal`
pub(super) async fn choose(State(app): State<Console>, headers: HeaderMap) -> Page {
    let session = app.session_with(&headers, Power::ReadTrail, app.now()).await?;
    Ok(choice(&session, KINDS[0], String::new(), None))
}

/// `POST /journal`: what is typed may be an INS, which never stands in an address.
pub(super) async fn open(State(app): State<Console>, headers: HeaderMap, form: Form) -> Page {
    let now = app.now();
    let (session, fields) = act_of(&app, &headers, form, POWERS, now).await?;
    let typed: String = fields.field("qui").trim().chars().take(TYPED_MAX).collect();
    let kind = fields.field("chaine").to_owned();
    let whose = match kind.as_str() {
        "maison" => Some(Whose::House),
        "boite" => Some(Whose::Mailbox(typed.clone())),
        "personne" => Some(Whose::Person(typed.clone())),
        "patient" => {
            let digits: String = typed.chars().filter(|letter| !letter.is_whitespace()).collect();
            Ins::parse(&digits).ok().map(Whose::Patient)
        }
        _ => return Err(Trouble::Form.into()),
    };
    let found = match whose {
        Some(whose) => app.admin().chain_of(&whose, now).await,
        None => Err(Error::Refused(String::new())),
    };
    match found {
        Ok(chain) => Ok(see_other(&address(&app, &session, chain))),
        // What was typed is not shown again: it may be an INS.
        Err(Error::Refused(_)) => Ok(choice(&session, &kind, String::new(), Some(texts::NO_SUCH_CHAIN))),
        Err(error) => Err(error.into()),
    }
}

/// Where older lines begin.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    avant: Option<i64>,
}

/// `GET /journal/{chaine}`
pub(super) async fn show(
    State(app): State<Console>,
    headers: HeaderMap,
    Path(reference): Path<String>,
    Query(asked): Query<Asked>,
) -> Page {
    let now = app.now();
    let session = app.session_with(&headers, Power::ReadTrail, now).await?;
    let chain = chain(&app, &session, &reference)?;
    page(&app, &session, chain, asked.avant, Sent::default(), now).await
}

/// `POST /journal/{chaine}/export`
pub(super) async fn export(
    State(app): State<Console>,
    headers: HeaderMap,
    Path(reference): Path<String>,
    form: Form,
) -> Page {
    let now = app.now();
    let (session, fields) = act_of(&app, &headers, form, POWERS, now).await?;
    let chain = chain(&app, &session, &reference)?;
    let form = ExportAs::from_code(fields.field("forme")).ok_or(Trouble::Form)?;
    let dates = dates(&fields);
    let times = days::read(&dates.0).zip(days::read(&dates.1)).filter(|(from, until)| from <= until);
    let Some((from, until)) = times else {
        let sent = Sent { dates, error: Some(texts::WRONG_DATES), proof: None };
        return page(&app, &session, chain, None, sent, now).await;
    };
    let by = session.administrator.authority().actor();
    match app.admin().export_trail(chain, from..until.plus(DAY), form, by, now).await {
        Ok(text) => {
            let name =
                format!("pli-journal-{}-{}.{}", days::written(from), days::written(until), form.code());
            Ok(match form {
                ExportAs::Csv => spreadsheet(&name, &text),
                ExportAs::JsonLines => download(&name, "application/jsonl; charset=utf-8", text),
            })
        }
        Err(Error::Refused(_)) => {
            let sent = Sent { dates, error: Some(texts::TOO_MANY_LINES), proof: None };
            page(&app, &session, chain, None, sent, now).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /journal/{chaine}/preuve`: of this chain, or of all.
pub(super) async fn prove(
    State(app): State<Console>,
    headers: HeaderMap,
    Path(reference): Path<String>,
    form: Form,
) -> Page {
    let now = app.now();
    let (session, fields) = act_of(&app, &headers, form, POWERS, now).await?;
    let shown = chain(&app, &session, &reference)?;
    let one = (fields.field("quoi") != "tout").then_some(shown);
    let by = session.administrator.authority().actor();
    let proof = match app.admin().prove_trail(one, by, now).await {
        Ok(proof) => Outcome {
            heading: texts::proof_of(&proof),
            lines: proof.broken.iter().take(LINES).map(ToString::to_string).collect(),
            wrong: !proof.broken.is_empty(),
        },
        Err(Error::Refused(_)) => {
            Outcome { heading: texts::TOO_LONG_TO_PROVE.to_owned(), lines: Vec::new(), wrong: true }
        }
        Err(error) => return Err(error.into()),
    };
    let sent = Sent { proof: Some(proof), ..Sent::default() };
    page(&app, &session, shown, None, sent, now).await
}

/// What was just asked of a chain.
#[derive(Default)]
struct Sent {
    dates: (String, String),
    error: Option<&'static str>,
    proof: Option<Outcome>,
}

fn dates(fields: &Fields) -> (String, String) {
    let short = |name: &str| fields.field(name).trim().chars().take(10).collect();
    (short("du"), short("au"))
}

async fn page(
    app: &Console,
    session: &AdministratorSession,
    chain: Chain,
    before: Option<i64>,
    sent: Sent,
    now: Timestamp,
) -> Page {
    let authority = session.administrator.authority();
    let lines = app.admin().trail_page(chain, before, LINES as u32, authority.actor(), now).await?;
    let href = address(app, session, chain);
    let wrong = sent.error.is_some() || sent.proof.as_ref().is_some_and(|proof| proof.wrong);
    let mut page = html(&views::Trail {
        frame: frame(session, Place::Trail).under(texts::TRAIL, "/journal"),
        heading: texts::chain(chain, &lines.names),
        older: lines.older.map(|seq| format!("{href}?avant={seq}")),
        lines: told(app, &lines, now),
        href,
        dates: sent.dates,
        error: sent.error.map(str::to_owned),
        proof: sent.proof,
    });
    if wrong {
        *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(page)
}

fn told(app: &Console, page: &TrailPage, now: Timestamp) -> Vec<TrailLine> {
    page.lines.iter().map(|written| line(app, written, &page.names, now)).collect()
}

fn line(app: &Console, written: &Written, names: &HashMap<String, String>, now: Timestamp) -> TrailLine {
    let seq = written.seq;
    match &written.line {
        Some(line) => TrailLine {
            seq,
            at: Some(When::moment(line.at, &app.settings().zone, now)),
            words: texts::who_did_what(line, names),
            detail: line.detail.clone(),
        },
        None => TrailLine { seq, at: None, words: texts::ERASED.to_owned(), detail: String::new() },
    }
}

fn choice(
    session: &AdministratorSession,
    chosen: &str,
    typed: String,
    error: Option<&'static str>,
) -> Response {
    let kind = |kind: &str| Choice {
        value: kind.to_owned(),
        label: texts::kind_of_chain(kind).to_owned(),
        chosen: kind == chosen,
    };
    let mut page = html(&TrailChoose {
        frame: frame(session, Place::Trail),
        kinds: KINDS.into_iter().map(kind).collect(),
        typed,
        error: error.map(str::to_owned),
    });
    if error.is_some() {
        *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    page
}

/// The page of a chain, for this administrator alone.
fn address(app: &Console, session: &AdministratorSession, chain: Chain) -> String {
    let ids = match chain {
        Chain::System => [0, 0],
        Chain::Account(account) => [1, account.0],
        Chain::Person(person) => [2, person.0],
    };
    format!("/journal/{}", app.hide(Purpose::Chain, session, &ids))
}

fn chain(app: &Console, session: &AdministratorSession, reference: &str) -> Result<Chain, Trouble> {
    match app.reveal::<2>(Purpose::Chain, session, reference)? {
        [0, _] => Ok(Chain::System),
        [1, account] => Ok(Chain::Account(AccountId(account))),
        [2, person] => Ok(Chain::Person(PersonId(person))),
        [..] => Err(Trouble::NotFound),
    }
}
