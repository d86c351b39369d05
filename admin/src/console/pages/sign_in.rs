//! Sign-in by password and second factor, and sign-out.

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use directory::{CheckedFactor, SignedIn};
use names::SECOND;
use walls::Visitor;
use walls::anchor::Anchor;
use walls::cookie::Cookie;
use walls::limits::{PASSWORD_MAX, SIGN_IN_LIFE, TYPED_MAX};
use walls::page::{Fields, Form, html, see_other, set_cookie};

use super::{Page, form_of};
use crate::console::console::Console;
use crate::console::errors::Trouble;
use crate::console::factors::Guarded;
use crate::console::limits::{CODE_MAX, SESSION_LIFE};
use crate::console::texts;
use crate::console::views::{Code, Goodbye, SignIn};

/// `GET /connexion`
pub(super) async fn show(State(app): State<Console>, headers: HeaderMap) -> Page {
    if app.session(&headers, app.now()).await.is_ok() {
        return Ok(see_other("/"));
    }
    Ok(page(&app, &headers, String::new(), None))
}

fn page(app: &Console, headers: &HeaderMap, login: String, error: Option<String>) -> Response {
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let anchor = anchor(app, headers);
    let mut page = html(&SignIn { csrf: anchor.token(app.forms()), login, error });
    *page.status_mut() = status;
    anchor.drop_in(&mut page);
    page
}

/// What the token of a form before sign-in hangs on.
pub(super) fn anchor(app: &Console, headers: &HeaderMap) -> Anchor {
    Anchor::of(Cookie::ConsoleSignIn, headers, SIGN_IN_LIFE / SECOND, || app.chance())
}

/// The cookie of a sign-in, once the form's token is its own.
pub(super) fn anchored(app: &Console, headers: &HeaderMap, fields: &Fields) -> Result<String, Trouble> {
    Anchor::held(Cookie::ConsoleSignIn, headers, app.forms(), fields).ok_or(Trouble::Form)
}

/// `POST /connexion`
pub(super) async fn first(
    State(app): State<Console>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    form: Form,
) -> Page {
    let fields = Fields::of(form)?;
    anchored(&app, &headers, &fields)?;
    let login = fields.field("identifiant").trim().to_owned();
    let password = fields.field("mot_de_passe");
    let fits = (1..=TYPED_MAX).contains(&login.len()) && (1..=PASSWORD_MAX).contains(&password.len());
    if !fits {
        return Ok(page(&app, &headers, String::new(), Some(texts::FILL_BOTH.to_owned())));
    }
    match app.start_sign_in(&login, password, visitor.address, app.now()).await? {
        Guarded::Wait(wait) => {
            let mut page = page(&app, &headers, login, Some(texts::wait_for_sign_in(wait)));
            *page.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            Ok(page)
        }
        Guarded::Answered(token) => {
            let mut response = see_other("/connexion/code");
            set_cookie(&mut response, Cookie::ConsoleSignIn.set(&token, SIGN_IN_LIFE / SECOND));
            Ok(response)
        }
    }
}

/// `GET /connexion/code`
pub(super) async fn show_code(State(app): State<Console>, headers: HeaderMap) -> Page {
    Ok(match Cookie::ConsoleSignIn.read(&headers) {
        Some(pending) => code_page(&app, &pending, None),
        None => see_other("/connexion"),
    })
}

fn code_page(app: &Console, pending: &str, error: Option<String>) -> Response {
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let outside = app.settings().outside.clone();
    let mut page = html(&Code { csrf: app.forms().token(pending), error, outside });
    *page.status_mut() = status;
    page
}

/// `POST /connexion/code`
pub(super) async fn second(
    State(app): State<Console>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    form: Form,
) -> Page {
    let fields = Fields::of(form)?;
    let pending = anchored(&app, &headers, &fields)?;
    let replaced = Cookie::Console.read(&headers);
    let code = fields.field("code");
    if code.len() > CODE_MAX {
        return Ok(code_page(&app, &pending, Some(texts::WRONG_CODE.to_owned())));
    }
    let checked = app.check_code(&pending, code, replaced.as_deref(), visitor.address, app.now()).await?;
    Ok(match checked {
        CheckedFactor::SignedIn(signed_in) => enter(see_other("/"), &signed_in),
        CheckedFactor::Wrong(_) => code_page(&app, &pending, Some(texts::WRONG_CODE.to_owned())),
        CheckedFactor::Over => page(&app, &headers, String::new(), Some(texts::CODE_OVER.to_owned())),
    })
}

/// With a fresh cookie, and without that of the sign-in.
pub(super) fn enter(mut response: Response, signed_in: &SignedIn) -> Response {
    set_cookie(&mut response, Cookie::Console.set(&signed_in.token, SESSION_LIFE / SECOND));
    set_cookie(&mut response, Cookie::ConsoleSignIn.clear());
    response
}

/// `POST /deconnexion`
pub(super) async fn leave(State(app): State<Console>, headers: HeaderMap, form: Form) -> Page {
    let now = app.now();
    let (session, _) = form_of(&app, &headers, form, now).await?;
    app.admin().directory.end_administrator_session(&session, now).await?;
    let mut response = see_other("/au-revoir");
    set_cookie(&mut response, Cookie::Console.clear());
    // RELIABILITY W-17: what the back button would show is gone.
    let clear = HeaderValue::from_static("\"cache\", \"cookies\", \"storage\"");
    response.headers_mut().insert("clear-site-data", clear);
    Ok(response)
}

/// `GET /au-revoir`
pub(super) async fn goodbye() -> Response {
    html(&Goodbye)
}
