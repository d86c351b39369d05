//! Patients, for support agents: find the one who calls, see the state of their profile, act on it.

use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::{AdministratorSession, CaseNumber, Invited, Patient, Power, Reason};
use names::{Ins, PatientId, Timestamp};
use serde::Deserialize;
use walls::Visitor;
use walls::opaque::Purpose;
use walls::page::{Fields, Form, html, see_other};

use super::views::{self, Choice, Fact, PatientForm};
use super::{act_of, texts};
use crate::console::console::Console;
use crate::console::errors::{Halt, Trouble};
use crate::console::factors::Proof;
use crate::console::limits::NAME_MAX;
use crate::console::pages::{Page, frame};
use crate::console::views::{Place, ProofField};
use crate::days;
use crate::patients::{Found, PatientAct, PatientRefusal, PatientSheet, Whom, Why};

const POWERS: (Power, Power) = (Power::LookAtPatients, Power::ChangePatients);

/// `GET /patients`
pub(super) async fn ask(State(app): State<Console>, headers: HeaderMap) -> Page {
    let session = app.session_with(&headers, Power::LookAtPatients, app.now()).await?;
    Ok(search(&session, None))
}

/// `POST /patients`: what names a patient never stands in an address.
pub(super) async fn find(State(app): State<Console>, headers: HeaderMap, form: Form) -> Page {
    let now = app.now();
    let powers = (Power::LookAtPatients, Power::LookAtPatients);
    let (session, fields) = act_of(&app, &headers, form, powers, now).await?;
    let Some(whom) = whom(&fields) else { return Ok(search(&session, Some(texts::WHOLE_IDENTITY))) };
    match app.admin().find_patient(&whom, &session.administrator.authority(), now).await? {
        Found::One(patient) => Ok(see_other(&address(&app, &session, patient))),
        Found::NotOne => Ok(search(&session, Some(texts::NOT_ONE_PATIENT))),
        Found::TooOften => Ok(search(&session, Some(texts::TOO_MANY_LOOKS))),
    }
}

/// An INS, or the three traits together.
fn whom(fields: &Fields) -> Option<Whom> {
    let typed = |name: &str| fields.field(name).trim().chars().take(NAME_MAX).collect::<String>();
    let ins = ins(&typed("ins"));
    if ins.is_some() || !typed("ins").is_empty() {
        return ins.map(Whom::Ins);
    }
    let (birth_name, given_name) = (typed("nom"), typed("prenom"));
    let born = days::read(&typed("naissance"))?;
    let named = |name: &str| name.chars().filter(|letter| letter.is_alphabetic()).count() > 1;
    let whole = named(&birth_name) && named(&given_name);
    let birth_date = days::date_of(born);
    whole.then_some(Whom::Identity(Invited { birth_name, given_name, birth_date }))
}

fn ins(typed: &str) -> Option<Ins> {
    let digits: String = typed.chars().filter(|letter| !letter.is_whitespace()).collect();
    Ins::parse(&digits).ok()
}

/// What was just done.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Done {
    fait: String,
}

/// `GET /patients/{patient}`
pub(super) async fn show(
    State(app): State<Console>,
    headers: HeaderMap,
    Path(reference): Path<String>,
    Query(done): Query<Done>,
) -> Page {
    let now = app.now();
    let session = app.session_with(&headers, Power::LookAtPatients, now).await?;
    let patient = patient(&app, &session, &reference)?;
    let sheet = sheet(&app, &session, patient, now).await?;
    let href = address(&app, &session, patient);
    let state = sheet.view.state;
    let acts = acts().into_iter().filter(|act| act.fits(state)).map(|act| Choice {
        value: format!("{href}/{}", act.code()),
        label: texts::patient_act(act.code()).to_owned(),
        chosen: false,
    });
    Ok(html(&views::Patient {
        frame: frame(&session, Place::Patients)
            .under(texts::PATIENTS, "/patients")
            .noting(texts::patient_done(&done.fait).map(str::to_owned)),
        name: sheet.view.patient.display_name(),
        facts: facts(&app, &sheet, now),
        acts: acts.collect(),
    }))
}

/// `GET /patients/{patient}/{geste}`
pub(super) async fn prepare(
    State(app): State<Console>,
    headers: HeaderMap,
    Path((reference, act)): Path<(String, String)>,
) -> Page {
    let now = app.now();
    let session = app.session_with(&headers, Power::ChangePatients, now).await?;
    let patient = patient(&app, &session, &reference)?;
    form_page(&app, &session, patient, &act, Typed::default(), now).await
}

/// `POST /patients/{patient}/{geste}`
pub(super) async fn act(
    State(app): State<Console>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    Path((reference, act)): Path<(String, String)>,
    form: Form,
) -> Page {
    let now = app.now();
    let (session, fields) = act_of(&app, &headers, form, POWERS, now).await?;
    let patient = patient(&app, &session, &reference)?;
    let short = |name: &str| fields.field(name).trim().chars().take(NAME_MAX).collect::<String>();
    let mut typed = Typed { reason: short("motif"), case: short("dossier"), ..Typed::default() };
    let reason = Reason::from_code(&typed.reason).filter(|reason| Reason::OF_SUPPORT.contains(reason));
    let case = CaseNumber::parse(&typed.case);
    let wanted = wanted(&act, &fields)?;
    let error = match (reason, &case, &wanted) {
        (None, ..) => Some(texts::CHOOSE_A_REASON),
        (_, Err(_), _) => Some(texts::WRONG_CASE),
        (.., None) => Some(texts::WRONG_INS),
        (Some(_), Ok(_), Some(_)) => None,
    };
    typed.error = error.map(str::to_owned);
    let (Some(reason), Ok(case), Some(wanted)) = (reason, case, wanted) else {
        return form_page(&app, &session, patient, &act, typed, now).await;
    };
    let proof = app.prove(&session, &fields, visitor.address, now).await?;
    if proof != Proof::Enough {
        typed.proof = crate::console::texts::proof(proof);
        return form_page(&app, &session, patient, &act, typed, now).await;
    }
    let authority = session.administrator.authority();
    let why = Why { reason, case: Some(case) };
    match app.admin().act_on_patient(patient, &wanted, &why, &authority, now).await? {
        Ok(()) => Ok(see_other(&format!("{}?fait={}", address(&app, &session, patient), wanted.code()))),
        Err(PatientRefusal::NotAllowed) => Err(Trouble::Forbidden.into()),
        Err(refusal) => {
            typed.error = Some(texts::patient_refused(refusal).to_owned());
            form_page(&app, &session, patient, &act, typed, now).await
        }
    }
}

/// What the form asks for. The inner none: the INS of a representative is not one.
fn wanted(act: &str, fields: &Fields) -> Result<Option<PatientAct>, Trouble> {
    Ok(match act {
        "oppose" => Some(PatientAct::Oppose),
        "withdraw" => Some(PatientAct::Withdraw),
        "close" if fields.field("suppression") == "oui" => Some(PatientAct::CloseAndDelete),
        "close" => Some(PatientAct::Close),
        "reopen" => Some(PatientAct::Reopen),
        "intervene" => Some(PatientAct::Intervene),
        "add-representative" => ins(fields.field("ins")).map(PatientAct::AddRepresentative),
        _ => return Err(Trouble::NotFound),
    })
}

/// Those that have a page: closing asks there whether deletion is wanted.
fn acts() -> Vec<PatientAct> {
    // Any INS does: only the kind of act counts here.
    let nobody = Ins::from_matricule("1000000000000").ok();
    let mut acts = vec![PatientAct::Oppose, PatientAct::Withdraw, PatientAct::Close, PatientAct::Reopen];
    acts.extend(nobody.map(PatientAct::AddRepresentative));
    acts.push(PatientAct::Intervene);
    acts
}

/// What was typed into the form of an act, and what is wrong with it.
#[derive(Default)]
struct Typed {
    reason: String,
    case: String,
    error: Option<String>,
    proof: Option<String>,
}

async fn form_page(
    app: &Console,
    session: &AdministratorSession,
    patient: PatientId,
    act: &str,
    typed: Typed,
    now: Timestamp,
) -> Result<Response, Halt> {
    let sheet = sheet(app, session, patient, now).await?;
    let known = acts().into_iter().find(|one| one.code() == act).ok_or(Trouble::NotFound)?;
    if !known.fits(sheet.view.state) && typed.error.is_none() {
        return Err(Trouble::NotFound.into());
    }
    let href = address(app, session, patient);
    let name = sheet.view.patient.display_name();
    let reason = |reason: Reason| Choice {
        value: reason.code().to_owned(),
        label: texts::ground(reason).to_owned(),
        chosen: reason.code() == typed.reason,
    };
    let wrong = typed.error.is_some() || typed.proof.is_some();
    let mut page = html(&PatientForm {
        frame: frame(session, Place::Patients).under(texts::PATIENTS, "/patients").under(&name, &href),
        heading: texts::patient_act(act).to_owned(),
        words: texts::patient_act_means(act).to_owned(),
        action: format!("{href}/{act}"),
        name,
        reasons: Reason::OF_SUPPORT.into_iter().map(reason).collect(),
        case: typed.case,
        asks_deletion: act == "close",
        asks_ins: act == "add-representative",
        error: typed.error,
        proof: ProofField { needed: !session.is_fresh(now), error: typed.proof },
    });
    if wrong {
        *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(page)
}

async fn sheet(
    app: &Console,
    session: &AdministratorSession,
    patient: PatientId,
    now: Timestamp,
) -> Result<PatientSheet, Halt> {
    let sheet = app.admin().patient_sheet(patient, &session.administrator.authority(), now).await?;
    sheet.ok_or_else(|| Trouble::NotFound.into())
}

/// As much of a person as the telephone needs: who, since when, who acts for them. No address outside, no
/// number, no letter.
fn facts(app: &Console, sheet: &PatientSheet, now: Timestamp) -> Vec<Fact> {
    let (view, zone) = (&sheet.view, &app.settings().zone);
    let Patient { traits, life, .. } = &view.patient;
    let fact = |name: &str, value: String| Fact { name: name.to_owned(), value };
    let day = |at: Timestamp| walls::texts::day(at, zone);
    let mut facts = vec![
        fact(texts::BIRTH_NAME, traits.birth_name.clone()),
        fact(texts::BIRTH_DATE, texts::birth_date(traits.birth_date)),
        fact(texts::PROFILE, texts::profile(view.state).to_owned()),
        fact(texts::SINCE, day(life.since(now))),
    ];
    facts.extend(view.oppose_until.map(|until| fact(texts::OPPOSE_UNTIL, day(until))));
    facts.extend(view.erase_at.map(|at| fact(texts::ERASED_ON, day(at))));
    facts.push(fact(texts::CODE_WAITS, texts::yes_no(view.has_code).to_owned()));
    facts.push(fact(texts::TOLD_OUTSIDE, texts::ways(traits).to_owned()));
    for (name, until) in &sheet.representatives {
        let until = until.map_or_else(|| texts::UNTIL_MAJORITY.to_owned(), |until| texts::until(&day(until)));
        facts.push(fact(texts::REPRESENTATIVE, format!("{name}, {until}")));
    }
    facts
}

fn search(session: &AdministratorSession, error: Option<&'static str>) -> Response {
    let mut page =
        html(&views::Patients { frame: frame(session, Place::Patients), error: error.map(str::to_owned) });
    if error.is_some() {
        *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    page
}

fn address(app: &Console, session: &AdministratorSession, patient: PatientId) -> String {
    format!("/patients/{}", app.hide(Purpose::Patient, session, &[patient.0]))
}

fn patient(app: &Console, session: &AdministratorSession, reference: &str) -> Result<PatientId, Trouble> {
    let [id] = app.reveal(Purpose::Patient, session, reference)?;
    Ok(PatientId(id))
}
