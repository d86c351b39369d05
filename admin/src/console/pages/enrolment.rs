//! The first sign-in: an invitation, a password, a telephone that makes codes, codes on paper.

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::{Begun, Finished};
use names::SECOND;
use qrcode::QrCode;
use qrcode::render::svg;
use walls::Visitor;
use walls::cookie::Cookie;
use walls::limits::{PASSWORD_MAX, SIGN_IN_LIFE, TYPED_MAX};
use walls::page::{Fields, Form, html, see_other, set_cookie};

use super::Page;
use super::sign_in::{anchor, anchored, enter};
use crate::console::console::Console;
use crate::console::errors::{Halt, Trouble};
use crate::console::factors::Guarded;
use crate::console::limits::{CODE_MAX, QR_SIDE};
use crate::console::texts;
use crate::console::views::{FirstPassword, Recovery, SecondFactor};

/// What was typed, and why it was refused.
#[derive(Default)]
struct Said {
    login: String,
    code: String,
    error: Option<String>,
}

/// `GET /invitation`
pub(super) async fn show(State(app): State<Console>, headers: HeaderMap) -> Response {
    page(&app, &headers, Said::default())
}

fn page(app: &Console, headers: &HeaderMap, said: Said) -> Response {
    let status = if said.error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let anchor = anchor(app, headers);
    let Said { login, code, error } = said;
    let mut page = html(&FirstPassword { csrf: anchor.token(app.forms()), login, code, error });
    *page.status_mut() = status;
    anchor.drop_in(&mut page);
    page
}

/// `POST /invitation`
pub(super) async fn begin(
    State(app): State<Console>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    form: Form,
) -> Page {
    let fields = Fields::of(form)?;
    anchored(&app, &headers, &fields)?;
    let (login, code) = (fields.field("identifiant").trim(), fields.field("invitation").trim());
    let password = fields.field("nouveau");
    let refused = |error: String| {
        page(&app, &headers, Said { login: login.to_owned(), code: code.to_owned(), error: Some(error) })
    };
    if login.len() > TYPED_MAX || code.len() > CODE_MAX || password.len() > PASSWORD_MAX {
        return Ok(refused(texts::NO_INVITATION.to_owned()));
    }
    if password != fields.field("encore") {
        return Ok(refused(texts::TWO_PASSWORDS.to_owned()));
    }
    Ok(match app.begin_enrolment(login, code, password, visitor.address, app.now()).await? {
        Guarded::Wait(wait) => {
            let mut page = refused(texts::wait_for_sign_in(wait));
            *page.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            page
        }
        Guarded::Answered(Begun::Refused) => refused(texts::NO_INVITATION.to_owned()),
        Guarded::Answered(Begun::Weak(weak)) => refused(texts::weak(weak).to_owned()),
        Guarded::Answered(Begun::Begun(token)) => {
            let mut response = see_other("/invitation/telephone");
            set_cookie(&mut response, Cookie::ConsoleSignIn.set(&token, SIGN_IN_LIFE / SECOND));
            response
        }
    })
}

/// `GET /invitation/telephone`
pub(super) async fn show_factor(State(app): State<Console>, headers: HeaderMap) -> Page {
    match Cookie::ConsoleSignIn.read(&headers) {
        Some(pending) => factor_page(&app, &headers, &pending, None).await,
        None => Ok(see_other("/invitation")),
    }
}

async fn factor_page(app: &Console, headers: &HeaderMap, pending: &str, error: Option<String>) -> Page {
    let enrolling = app.admin().directory.enrolling(pending, &app.settings().house, app.now()).await?;
    let Some(enrolling) = enrolling else {
        let error = Some(texts::ENROLMENT_OVER.to_owned());
        return Ok(page(app, headers, Said { error, ..Said::default() }));
    };
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut page = html(&SecondFactor {
        csrf: app.forms().token(pending),
        picture: picture(&enrolling.url)?,
        secret: enrolling.secret,
        error,
    });
    *page.status_mut() = status;
    Ok(page)
}

/// The squares that a telephone reads, black on white whatever the page's colours.
fn picture(url: &str) -> Result<String, Halt> {
    let code = QrCode::new(url).map_err(|error| {
        tracing::error!(%error, "a picture of squares cannot be made");
        Trouble::Broken
    })?;
    let picture = code
        .render::<svg::Color<'_>>()
        .min_dimensions(QR_SIDE, QR_SIDE)
        .dark_color(svg::Color("#000000"))
        .light_color(svg::Color("#ffffff"))
        .build();
    // Inside a page it has no declaration of its own.
    Ok(picture.find("<svg").map_or(String::new(), |start| picture[start..].to_owned()))
}

/// `POST /invitation/telephone`
pub(super) async fn finish(
    State(app): State<Console>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    form: Form,
) -> Page {
    let fields = Fields::of(form)?;
    let pending = anchored(&app, &headers, &fields)?;
    let code = fields.field("code");
    let code = if code.len() > CODE_MAX { "" } else { code };
    match app.finish_enrolment(&pending, code, visitor.address, app.now()).await? {
        Finished::Enrolled(signed_in, codes) => Ok(enter(html(&Recovery { codes }), &signed_in)),
        Finished::Wrong => {
            factor_page(&app, &headers, &pending, Some(texts::WRONG_FIRST_CODE.to_owned())).await
        }
        Finished::Over => {
            let error = Some(texts::ENROLMENT_OVER.to_owned());
            Ok(page(&app, &headers, Said { error, ..Said::default() }))
        }
    }
}
