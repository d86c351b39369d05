//! Sign-in in two steps, and sign-out.

use axum::extract::{Extension, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::{Fields, Form, Page, form_of, html};
use crate::cookie::Cookie;
use crate::data::{FirstStep, SecondStep};
use crate::errors::Trouble;
use crate::limits::{LOGIN_MAX, PASSWORD_MAX, SESSION_LIFE, SIGN_IN_LIFE};
use crate::opaque::Purpose;
use crate::texts;
use crate::views::{Code, Goodbye, SignIn};
use crate::webmail::{Peer, Webmail, see_other};
use walls::anchor::Anchor;

/// `GET /connexion`
pub async fn show(State(app): State<Webmail>, headers: HeaderMap) -> Page {
    if app.session(&headers, app.now()).await.is_ok() {
        return Ok(see_other("/messages"));
    }
    Ok(sign_in_page(&app, &headers, String::new(), None))
}

/// The form, and the cookie its token hangs on.
fn sign_in_page(app: &Webmail, headers: &HeaderMap, login: String, error: Option<String>) -> Response {
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let anchor = Anchor::of(Cookie::SignIn, headers, seconds(SIGN_IN_LIFE), || app.chance());
    let mut page = html(&SignIn { csrf: anchor.token(app.forms()), login, error });
    *page.status_mut() = status;
    anchor.drop_in(&mut page);
    page
}

/// `POST /connexion`
pub async fn first(
    State(app): State<Webmail>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    form: Form,
) -> Page {
    let fields = Fields::of(form)?;
    anchored(&app, &headers, &fields)?;
    let login = fields.field("identifiant").trim().to_owned();
    let password = fields.field("mot_de_passe");
    if login.is_empty()
        || login.chars().count() > LOGIN_MAX
        || password.is_empty()
        || password.len() > PASSWORD_MAX
    {
        return Ok(sign_in_page(&app, &headers, String::new(), Some(texts::FILL_BOTH.to_owned())));
    }
    match app.rooms().start_sign_in(&login, password, peer.0, app.now()).await? {
        FirstStep::Wait(wait) => {
            let mut page = sign_in_page(&app, &headers, login, Some(texts::wait_for_sign_in(wait)));
            *page.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            Ok(page)
        }
        FirstStep::Pending { token, destination } => {
            let sealed = app.opaque().hide(Purpose::Destination, token.as_bytes(), destination.as_bytes());
            let mut response = see_other(&format!("/connexion/code?vers={sealed}"));
            set(&mut response, Cookie::SignIn.set(&token, seconds(SIGN_IN_LIFE)));
            Ok(response)
        }
    }
}

/// What the code's page was told.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Towards {
    vers: String,
}

/// `GET /connexion/code`
pub async fn show_code(
    State(app): State<Webmail>,
    headers: HeaderMap,
    Query(towards): Query<Towards>,
) -> Page {
    let Some(pending) = Cookie::SignIn.read(&headers) else { return Ok(see_other("/connexion")) };
    Ok(code_page(&app, &pending, &towards.vers, None).unwrap_or_else(|| see_other("/connexion")))
}

/// The page of the code, if this browser has a sign-in under way.
fn code_page(app: &Webmail, pending: &str, towards: &str, error: Option<String>) -> Option<Response> {
    let destination = app.opaque().reveal(Purpose::Destination, pending.as_bytes(), towards)?;
    Some(html(&Code {
        csrf: app.forms().token(pending),
        action: format!("/connexion/code?vers={towards}"),
        destination: String::from_utf8(destination).ok()?,
        error,
        demo: app.settings().outside_box.is_some(),
    }))
}

/// `POST /connexion/code`
pub async fn second(
    State(app): State<Webmail>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Query(towards): Query<Towards>,
    form: Form,
) -> Page {
    let fields = Fields::of(form)?;
    let pending = anchored(&app, &headers, &fields)?;
    match app.rooms().check_code(&pending, fields.field("code"), peer.0, app.now()).await? {
        SecondStep::SignedIn(signed_in) => {
            let mut response = see_other("/messages");
            set(&mut response, Cookie::Session.set(&signed_in.token, seconds(SESSION_LIFE)));
            set(&mut response, Cookie::SignIn.clear());
            Ok(response)
        }
        SecondStep::Wrong => {
            let page = code_page(&app, &pending, &towards.vers, Some(texts::WRONG_CODE.to_owned()));
            let mut page = page.unwrap_or_else(|| see_other("/connexion"));
            if page.status().is_success() {
                *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            }
            Ok(page)
        }
        SecondStep::Over => {
            Ok(sign_in_page(&app, &headers, String::new(), Some(texts::CODE_OVER.to_owned())))
        }
        SecondStep::Closed(space) => Ok(super::reopening::closed(&app, &pending, &space, app.now())),
        SecondStep::NoProfile => {
            Ok(sign_in_page(&app, &headers, String::new(), Some(texts::NO_PROFILE.to_owned())))
        }
    }
}

/// The cookie of a sign-in, once the form's token is its own (login CSRF).
pub(super) fn anchored(
    app: &Webmail,
    headers: &HeaderMap,
    fields: &Fields,
) -> Result<String, crate::webmail::Halt> {
    Anchor::held(Cookie::SignIn, headers, app.forms(), fields).ok_or_else(|| Trouble::Form.into())
}

/// `POST /deconnexion`
pub async fn leave(State(app): State<Webmail>, headers: HeaderMap, form: Form) -> Page {
    let now = app.now();
    let (session, _) = form_of(&app, &headers, form, now).await?;
    app.rooms().sign_out(&session, now).await?;
    let mut response = see_other("/au-revoir");
    set(&mut response, Cookie::Session.clear());
    // RELIABILITY W-17: what the back button would show is gone.
    let clear = HeaderValue::from_static("\"cache\", \"cookies\", \"storage\"");
    response.headers_mut().insert("clear-site-data", clear);
    Ok(response)
}

/// `GET /au-revoir`
pub async fn goodbye() -> Response {
    html(&Goodbye { reason: texts::GOODBYE.to_owned() }).into_response()
}

pub(super) fn set(response: &mut Response, cookie: HeaderValue) {
    response.headers_mut().append(header::SET_COOKIE, cookie);
}

pub(super) fn seconds(milliseconds: i64) -> i64 {
    milliseconds / names::SECOND
}
