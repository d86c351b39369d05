//! The trust list: in force, what another would change, putting one in force, who speaks for a domain.

use axum::extract::multipart::{Multipart, MultipartRejection};
use axum::extract::{Extension, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::trust::{Brake, Outcome as Became};
use directory::{AdministratorSession, Power};
use names::Timestamp;
use serde::Deserialize;
use walls::limits::TYPED_MAX;
use walls::page::{Fields, html};
use walls::{Visitor, When};

use super::texts;
use super::views::{self, Described, Fact, Outcome};
use crate::console::console::Console;
use crate::console::errors::{Halt, Trouble};
use crate::console::factors::Proof;
use crate::console::limits::{LINES, UPLOAD_MAX};
use crate::console::pages::{Page, frame};
use crate::console::views::{Place, ProofField};
use crate::trust::{MaySend, hexadecimal};
use crate::{Error, TrustList};

/// Octets of a field of the form beside the file.
const FIELD: usize = 128;

/// Which domain is asked about.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    domaine: String,
}

/// `GET /confiance`
pub(super) async fn show(State(app): State<Console>, headers: HeaderMap, Query(asked): Query<Asked>) -> Page {
    let now = app.now();
    let session = app.session_with(&headers, Power::LookAtHouse, now).await?;
    let domain: String = asked.domaine.trim().chars().take(TYPED_MAX).collect();
    page(&app, &session, domain, None, Proof::Enough, now).await
}

/// What was brought.
struct Brought {
    list: TrustList,
    act: String,
    brake: Brake,
    fields: Fields,
}

/// `POST /confiance/liste`: a file is compared, or put in force.
pub(super) async fn load(
    State(app): State<Console>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Page {
    let now = app.now();
    let session = app.session_with(&headers, Power::LookAtHouse, now).await?;
    let authority = session.administrator.authority();
    let mut form = form.map_err(|_| Trouble::Form)?;
    let Some(brought) = read(&mut form, &session).await? else {
        let outcome = Outcome { heading: texts::NO_FILE.to_owned(), lines: Vec::new(), wrong: true };
        return page(&app, &session, String::new(), Some(outcome), Proof::Enough, now).await;
    };
    if !authority.may(Power::ChangeHouse, None) {
        return Err(Trouble::Forbidden.into());
    }
    let (admin, by) = (app.admin(), authority.actor());
    let refused =
        |why: String| Outcome { heading: texts::LIST_REFUSED.to_owned(), lines: vec![why], wrong: true };
    let outcome = match brought.act.as_str() {
        "comparer" => match admin.compare_trust(&brought.list, by, now).await {
            Err(Error::Refused(why)) => refused(why),
            other => {
                let compared = other?;
                let mut lines: Vec<String> = compared.diff.to_string().lines().map(str::to_owned).collect();
                lines.extend(compared.left_out.iter().map(|why| texts::left_out_entry(why)));
                if lines.len() > LINES {
                    lines.truncate(LINES);
                    lines.push(texts::AND_MORE.to_owned());
                }
                lines.extend(compared.refusal.as_ref().map(|why| texts::would_be_refused(&why.to_string())));
                let heading = texts::would_change(&compared.diff);
                Outcome { heading, lines, wrong: compared.refusal.is_some() }
            }
        },
        "charger" => {
            let proof = app.prove(&session, &brought.fields, visitor.address, now).await?;
            if proof != Proof::Enough {
                return page(&app, &session, String::new(), None, proof, now).await;
            }
            let loaded = admin.load_trust(&brought.list, brought.brake, by, now).await?;
            match &loaded.outcome {
                Became::Applied(diff) => {
                    let heading = texts::in_force(diff);
                    Outcome { heading, lines: loaded.warnings.clone(), wrong: false }
                }
                Became::Unchanged => {
                    Outcome { heading: texts::UNCHANGED.to_owned(), lines: Vec::new(), wrong: false }
                }
                Became::Refused(why) => refused(why.to_string()),
            }
        }
        _ => return Err(Trouble::Form.into()),
    };
    page(&app, &session, String::new(), Some(outcome), Proof::Enough, now).await
}

/// The form: its token first, then the other fields, the file last. None without a file.
async fn read(form: &mut Multipart, session: &AdministratorSession) -> Result<Option<Brought>, Halt> {
    let mut typed: Vec<(String, String)> = Vec::new();
    while let Some(mut field) = form.next_field().await.map_err(|_| Trouble::Form)? {
        let name = field.name().unwrap_or_default().to_owned();
        if typed.is_empty() && name != "jeton" {
            return Err(Trouble::Form.into());
        }
        let is_file = name == "liste";
        let most = if is_file { UPLOAD_MAX } else { FIELD };
        let file_name: String =
            field.file_name().unwrap_or_default().chars().filter(|c| !c.is_control()).take(FIELD).collect();
        let mut octets = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(|_| Trouble::Form)? {
            if octets.len() + chunk.len() > most {
                return Err(Trouble::Form.into());
            }
            octets.extend_from_slice(&chunk);
        }
        if is_file {
            if octets.is_empty() {
                return Ok(None);
            }
            let value = |name: &str| {
                typed.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
            };
            let brake = if value("frein") == "leve" { Brake::Released } else { Brake::Holds };
            let act = value("geste").to_owned();
            let list = TrustList { name: format!("console: {file_name}"), bytes: octets };
            return Ok(Some(Brought { list, act, brake, fields: Fields::from(typed) }));
        }
        let value = String::from_utf8(octets).map_err(|_| Trouble::Form)?;
        if name == "jeton" && !session.is_csrf(&value) {
            return Err(Trouble::Form.into());
        }
        typed.push((name, value));
    }
    Ok(None)
}

async fn page(
    app: &Console,
    session: &AdministratorSession,
    domain: String,
    outcome: Option<Outcome>,
    proof: Proof,
    now: Timestamp,
) -> Result<Response, Halt> {
    let authority = session.administrator.authority();
    let (admin, zone) = (app.admin(), &app.settings().zone);
    let standing = admin.trust_standing(authority.actor(), now).await?;
    let (mut speakers, mut domain_error) = (None, None);
    if !domain.is_empty() {
        match admin.may_send(&domain, authority.actor(), now).await {
            Ok(found) => speakers = Some(told(&found, app, now)),
            Err(Error::Refused(_)) => domain_error = Some(texts::NOT_A_DOMAIN.to_owned()),
            Err(error) => return Err(error.into()),
        }
    }
    let fact = |name: &str, value: String| Fact { name: name.to_owned(), value };
    let mut facts = match &standing.current {
        Some(current) => vec![
            fact(texts::LIST_OF, walls::texts::moment(current.version, zone, now)),
            fact(texts::ENTRIES, texts::number(current.entries)),
            fact(texts::FROM, current.source.clone()),
            fact(texts::LOADED, walls::texts::moment(current.loaded_at, zone, now)),
            fact(texts::LOOKED_AT, walls::texts::moment(current.checked_at, zone, now)),
            fact(texts::SHA256, hexadecimal(&current.sha256)),
        ],
        None => vec![fact(texts::NATIONAL_LIST, texts::NO_LIST.to_owned())],
    };
    for (place, count) in &standing.domains {
        facts.push(fact(texts::domains(*place), texts::number(*count as i64)));
    }
    let wrong = proof != Proof::Enough || outcome.as_ref().is_some_and(|outcome| outcome.wrong);
    let events = standing.events.iter().map(|event| {
        let again = texts::times(event.times);
        let words = format!("{}\u{a0}: {}{again}", texts::event(event.kind), event.text);
        (event.kind.is_alarm(), When::moment(event.last_at, zone, now), words)
    });
    let mut page = html(&views::Trust {
        frame: frame(session, Place::Trust),
        facts,
        domain,
        domain_error,
        speakers,
        events: events.collect(),
        outcome,
        may_change: authority.may(Power::ChangeHouse, None),
        proof: ProofField { needed: !session.is_fresh(now), error: crate::console::texts::proof(proof) },
    });
    if wrong {
        *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(page)
}

fn told(found: &MaySend, app: &Console, now: Timestamp) -> (String, Vec<Described>) {
    let zone = &app.settings().zone;
    let fact = |name: &str, value: String| Fact { name: name.to_owned(), value };
    let speaker = |one: &directory::trust::Speaker| {
        let since = match one.since {
            Timestamp(0) => texts::LONG_AGO.to_owned(),
            since => walls::texts::moment(since, zone, now),
        };
        let seen =
            one.seen.map_or_else(|| texts::NEVER.to_owned(), |seen| walls::texts::moment(seen, zone, now));
        let mut facts = vec![
            fact(texts::SAID_BY, texts::source(one.source).to_owned()),
            fact(texts::SINCE, since),
            fact(texts::CERTIFICATE_SEEN, seen),
        ];
        for (name, value) in [(texts::CONTACT, &one.contact), (texts::SUPPORT, &one.support)] {
            if !value.is_empty() {
                facts.push(fact(name, value.clone()));
            }
        }
        (one.name.to_string(), facts)
    };
    let words = texts::domain_is(&found.domain, found.place, found.speakers.is_empty());
    (words, found.speakers.iter().map(speaker).collect())
}
