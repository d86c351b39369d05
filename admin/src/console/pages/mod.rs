//! The handlers of the console: ask the rooms, fill a view, render it.

mod departure;
mod enrolment;
mod home;
mod mailbox;
mod members;
mod new_mailbox;
mod passwords;
mod person;
mod reset;
mod sign_in;

use audit::Chain;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use axum::routing::{get, post};
use directory::AdministratorSession;
use names::Timestamp;
use serde::Deserialize;
use walls::assets;
use walls::limits::FORM_MAX;
use walls::page::{Fields, Form, css};

use super::console::Console;
use super::errors::{Halt, Trouble};
use super::texts;
use super::views::{ActLine, Frame, Place, When};

/// A page, or what ends it early.
pub(in crate::console) type Page = Result<Response, Halt>;

/// Every page.
pub(super) fn all() -> Router<Console> {
    Router::new()
        .route("/", get(home::show))
        .route("/boites/nouvelle", get(new_mailbox::show).post(new_mailbox::create))
        .route("/boites/{reference}", get(mailbox::show))
        .route("/boites/{reference}/fiche", post(mailbox::describe))
        .route("/boites/{reference}/etat/{word}", get(mailbox::ask).post(mailbox::change))
        .route("/boites/{reference}/membres", post(members::add))
        .route("/boites/{reference}/membres/retirer", post(members::remove))
        .route("/personnes/{reference}", get(person::show))
        .route("/personnes/{reference}/acces", get(reset::show).post(reset::reset))
        .route("/personnes/{reference}/depart", get(departure::ask).post(departure::carry_out))
        .merge(passwords::Whose::Person.routes())
        .merge(passwords::Whose::Machine.routes())
        .route("/structures/{reference}", get(person::organisation))
        .route("/connexion", get(sign_in::show).post(sign_in::first))
        .route("/connexion/code", get(sign_in::show_code).post(sign_in::second))
        .route("/invitation", get(enrolment::show).post(enrolment::begin))
        .route("/invitation/telephone", get(enrolment::show_factor).post(enrolment::finish))
        .route("/deconnexion", post(sign_in::leave))
        .route("/au-revoir", get(sign_in::goodbye))
        .route(&assets::style_path(), get(async || css(assets::STYLE)))
        .route("/icone.svg", get(async || ([(header::CONTENT_TYPE, "image/svg+xml")], assets::ICON)))
        .layer(DefaultBodyLimit::max(FORM_MAX))
        .merge(super::desk::routes())
        .fallback(async || Trouble::NotFound.page())
}

/// What surrounds the pages of this session.
pub(in crate::console) fn frame(session: &AdministratorSession, place: Place) -> Frame {
    let administrator = &session.administrator;
    Frame {
        name: administrator.name.clone(),
        roles: administrator.roles.iter().map(texts::role).collect::<Vec<_>>().join(", "),
        menu: place.menu(&administrator.authority()),
        crumbs: Vec::new(),
        csrf: session.csrf.clone(),
        notice: None,
    }
}

/// The fields of a form of an administrator who is signed in, once its token holds.
pub(in crate::console) async fn form_of(
    app: &Console,
    headers: &HeaderMap,
    form: Form,
    now: Timestamp,
) -> Result<(AdministratorSession, Fields), Halt> {
    let session = app.session(headers, now).await?;
    let fields = Fields::of(form)?;
    if session.is_csrf(fields.field("jeton")) { Ok((session, fields)) } else { Err(Trouble::Form.into()) }
}

/// The same, of a form that brings these fields and nothing else (RELIABILITY D-07).
async fn form_with(
    app: &Console,
    headers: &HeaderMap,
    form: Form,
    known: &[&str],
    now: Timestamp,
) -> Result<(AdministratorSession, Fields), Halt> {
    let (session, fields) = form_of(app, headers, form, now).await?;
    fields.only(known)?;
    Ok((session, fields))
}

/// What was just done, as the address says: a closed set of words.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Done {
    fait: String,
}

/// The last acts told in a chain, in words.
async fn act_lines(app: &Console, chain: Chain, most: u32, now: Timestamp) -> Result<Vec<ActLine>, Halt> {
    let (lines, names) = app.admin().last_acts(chain, most).await?;
    let zone = &app.settings().zone;
    Ok(lines
        .into_iter()
        .map(|line| {
            let for_whom = line.for_whom.map(|whom| texts::called(whom, &names));
            ActLine {
                when: When::moment(line.at, zone, now),
                what: texts::act(line.act),
                who: texts::actor(&texts::called(line.actor, &names), for_whom.as_deref()),
            }
        })
        .collect())
}
