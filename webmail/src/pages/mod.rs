//! The pages' handlers: ask `data`, fill a view, render it.

mod activation;
mod closing;
mod compose;
mod consents;
mod conversation;
mod conversations;
mod dossier;
mod files;
mod history;
mod opposition;
mod outside;
mod pharmacies;
mod profiles;
mod reopening;
mod representatives;
mod sign_in;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use directory::Session;
use jiff::tz::TimeZone;
use names::Timestamp;

use crate::assets;
use crate::data::Failure;
use crate::errors::Trouble;
use crate::limits::{FORM_MAX, MULTIPART_MAX};
use crate::opaque::Purpose;
use crate::views::{Acting, Chrome, Place};
use crate::webmail::{Halt, Webmail, see_other};

pub(crate) use walls::page::{Fields, Form, css, html};

/// A page, or what ends it early.
pub type Page = Result<Response, Halt>;

/// The application's pages. `outside`: the demo's outside box too.
pub fn app(outside: bool) -> Router<Webmail> {
    let forms = Router::new()
        .route("/", get(async || see_other("/messages")))
        .route("/connexion", get(sign_in::show).post(sign_in::first))
        .route("/connexion/code", get(sign_in::show_code).post(sign_in::second))
        .route("/activation", get(activation::show).post(activation::identify))
        .route("/activation/choix", get(activation::choose))
        .route("/activation/opposition", post(opposition::oppose))
        .route("/activation/retrait", post(opposition::withdraw))
        .route("/activation/identifiant", get(activation::show_login).post(activation::choose_login))
        .route("/activation/contact", get(activation::show_contact).post(activation::give_contact))
        .route("/activation/codes", get(activation::show_codes).post(activation::confirm))
        .route("/activation/accord", get(activation::show_agreement).post(activation::agree))
        .route("/conditions", get(activation::terms))
        .route("/bienvenue", get(closing::welcome))
        .route("/connexion/rouvrir", post(reopening::by_code))
        .route("/espace/rouvrir", get(reopening::show).post(reopening::by_password))
        .route("/espace/urgence", get(consents::show).post(consents::change))
        .route("/espace/fermer", get(closing::show).post(closing::close))
        .route("/espace/representants", get(representatives::show).post(representatives::invite))
        .route("/espace/representants/reponse", post(representatives::answer))
        .route("/deconnexion", post(sign_in::leave))
        .route("/au-revoir", get(sign_in::goodbye))
        .route("/profils", get(profiles::show).post(profiles::switch))
        .route("/messages", get(conversations::show))
        .route("/messages/{conversation}", get(conversation::show))
        .route("/messages/nouveau", get(compose::choose))
        .route("/pharmacies", get(pharmacies::show))
        .route("/documents", get(dossier::show))
        .route("/documents/{document}/{how}", get(dossier::take))
        .route("/pieces/{attachment}/{how}", get(conversation::take))
        .route("/lettres/{letter}", get(conversation::whole))
        .route("/historique", get(history::show))
        .route(&assets::style_path(), get(async || css(assets::STYLE)))
        .route("/icone.svg", get(async || ([(header::CONTENT_TYPE, "image/svg+xml")], assets::ICON)))
        .layer(DefaultBodyLimit::max(FORM_MAX));
    let uploads = Router::new()
        .route(
            "/messages/{conversation}/repondre/{letter}",
            get(compose::show_answer).post(compose::send_answer),
        )
        .route("/messages/nouveau/{correspondent}", get(compose::show_new).post(compose::send_new))
        .route("/pharmacies/{pharmacy}", get(compose::show_pharmacy).post(compose::send_pharmacy))
        .layer(DefaultBodyLimit::max(MULTIPART_MAX));
    let all = forms.merge(uploads).fallback(async || Trouble::NotFound);
    if outside { all.route("/boite-exterieure", get(outside::show)) } else { all }
}

/// The second origin.
pub fn files() -> Router<Webmail> {
    Router::new()
        .route("/lettre/{ticket}", get(files::letter))
        .route("/image/{ticket}", get(files::picture))
        .route("/fichier/{ticket}/{name}", get(files::file))
        .route(&assets::style_path(), get(async || files::asset(css(assets::STYLE))))
        .route(&assets::letter_style_path(), get(async || files::asset(css(assets::LETTER_STYLE))))
        .fallback(async || StatusCode::NOT_FOUND)
}

/// What surrounds the pages of this session.
async fn chrome(app: &Webmail, session: &Session, place: Place, now: Timestamp) -> Result<Chrome, Failure> {
    let profile = &session.profile;
    let others = app.rooms().profiles(session, now).await?;
    Ok(Chrome {
        person: session.user_name.clone(),
        space: profile.display_name.clone(),
        acting: (!profile.is_own()).then(|| Acting { relation: profiles::relation_to(profile).to_owned() }),
        place,
        unread: app.rooms().unread(profile).await?,
        may_switch: others.len() > 1,
        csrf: session.csrf.clone(),
    })
}

/// The zone of a session's open profile.
fn zone(app: &Webmail, session: &Session) -> TimeZone {
    TimeZone::get(&session.profile.time_zone).unwrap_or_else(|_| app.settings().zone.clone())
}

/// The fields of a small form of a signed-in person, once its token holds.
async fn form_of(
    app: &Webmail,
    headers: &HeaderMap,
    form: Form,
    now: Timestamp,
) -> Result<(Session, Fields), Halt> {
    let session = app.session(headers, now).await?;
    let fields = Fields::of(form)?;
    if session.is_csrf(fields.field("jeton")) { Ok((session, fields)) } else { Err(Trouble::Form.into()) }
}

/// Where the next page of a list begins: an instant and a number, sealed for this space.
fn cursor(app: &Webmail, session: &Session, at: Timestamp, id: i64) -> String {
    let content = [at.0.to_be_bytes(), id.to_be_bytes()].concat();
    app.opaque().hide(Purpose::Page, &session.profile.account.0.to_be_bytes(), &content)
}

/// What [`cursor`] was given. One that is not ours begins the list anew.
fn from_cursor(app: &Webmail, session: &Session, text: Option<&str>) -> Option<(Timestamp, i64)> {
    let holder = session.profile.account.0.to_be_bytes();
    let content = app.opaque().reveal(Purpose::Page, &holder, text?)?;
    let (at, id) = content.split_first_chunk::<8>()?;
    Some((Timestamp(i64::from_be_bytes(*at)), i64::from_be_bytes(id.try_into().ok()?)))
}
