//! Sign-in by password and code, the same again before what outlives a session, and sign-out.

use axum::extract::{Extension, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use directory::SignedIn;
use serde::Deserialize;

use super::{Page, form_of, seconds, set};
use crate::cookie::Cookie;
use crate::data::{FirstStep, SecondStep};
use crate::errors::Trouble;
use crate::limits::{PASSWORD_MAX, SESSION_LIFE, SIGN_IN_LIFE, TYPED_MAX};
use crate::opaque::Purpose;
use crate::pages::{Fields, Form, html};
use crate::pro::space::Space;
use crate::pro::texts;
use crate::pro::views::{Code, Goodbye, SignIn};
use crate::serve::Visitor;
use crate::webmail::see_other;
use walls::anchor::Anchor;

/// Where one goes after signing in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum After {
    /// The first page.
    #[default]
    Home,
    /// Application passwords.
    Passwords,
    /// Delegations.
    Delegations,
}

impl After {
    const ALL: [Self; 3] = [Self::Home, Self::Passwords, Self::Delegations];

    fn word(self) -> &'static str {
        match self {
            Self::Home => "",
            Self::Passwords => "mots-de-passe",
            Self::Delegations => "delegations",
        }
    }

    /// A word that is not ours leads home: no address leads elsewhere.
    pub(super) fn of(word: &str) -> Self {
        Self::ALL.into_iter().find(|after| after.word() == word).unwrap_or_default()
    }

    /// As a part of the address of a form.
    pub(super) fn query(self) -> String {
        if self == Self::Home { String::new() } else { format!("?suite={}", self.word()) }
    }

    pub(super) fn page(self) -> String {
        format!("/{}", self.word())
    }
}

/// What the addresses of sign-in say.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    pub(super) suite: String,
    vers: String,
    fait: String,
}

/// What stands on the page of sign-in beside its fixed words.
#[derive(Default)]
pub(super) struct Said {
    pub(super) login: String,
    pub(super) error: Option<String>,
    pub(super) notice: Option<String>,
    again: Option<String>,
}

impl Said {
    pub(super) fn error(error: &str) -> Self {
        Self { error: Some(error.to_owned()), ..Self::default() }
    }
}

/// `GET /connexion`
pub(super) async fn show(State(app): State<Space>, headers: HeaderMap, Query(asked): Query<Asked>) -> Page {
    let after = After::of(&asked.suite);
    let again = match (app.session(&headers, app.now()).await.is_ok(), after) {
        (true, After::Home) => return Ok(see_other("/")),
        (true, After::Passwords | After::Delegations) => Some(texts::AGAIN.to_owned()),
        (false, _) => None,
    };
    let notice = (asked.fait == "choisi").then(|| texts::PASSWORD_CHOSEN.to_owned());
    Ok(sign_in_page(&app, &headers, after, Said { again, notice, ..Said::default() }))
}

/// The forms, and the cookie their token hangs on.
pub(super) fn sign_in_page(app: &Space, headers: &HeaderMap, after: After, said: Said) -> Response {
    let status = if said.error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let anchor = anchor(app, headers);
    let mut page = html(&SignIn {
        csrf: anchor.token(app.forms()),
        after: after.query(),
        again: said.again,
        login: said.login,
        error: said.error,
        notice: said.notice,
        provider: app.settings().provider.as_ref().map(|provider| provider.name.clone()),
        certificates: app.settings().certificates.is_some(),
    });
    *page.status_mut() = status;
    anchor.drop_in(&mut page);
    page
}

/// What the token of a form before sign-in hangs on.
pub(super) fn anchor(app: &Space, headers: &HeaderMap) -> Anchor {
    Anchor::of(Cookie::ProfessionalSignIn, headers, seconds(SIGN_IN_LIFE), || app.chance())
}

/// The cookie of a sign-in, once the form's token is its own.
pub(super) fn anchored(app: &Space, headers: &HeaderMap, fields: &Fields) -> Result<String, Trouble> {
    Anchor::held(Cookie::ProfessionalSignIn, headers, app.forms(), fields).ok_or(Trouble::Form)
}

/// `POST /connexion`
pub(super) async fn first(
    State(app): State<Space>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
    form: Form,
) -> Page {
    let after = After::of(&asked.suite);
    let fields = Fields::of(form)?;
    anchored(&app, &headers, &fields)?;
    let login = fields.field("identifiant").trim().to_owned();
    let password = fields.field("mot_de_passe");
    let fits = (1..=TYPED_MAX).contains(&login.len()) && (1..=PASSWORD_MAX).contains(&password.len());
    if !fits {
        return Ok(sign_in_page(&app, &headers, after, Said::error(texts::FILL_BOTH)));
    }
    match app.rooms().start_professional_sign_in(&login, password, visitor.address, app.now()).await? {
        FirstStep::Wait(wait) => {
            let error = Some(crate::texts::wait_for_sign_in(wait));
            let mut page = sign_in_page(&app, &headers, after, Said { login, error, ..Said::default() });
            *page.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            Ok(page)
        }
        FirstStep::Pending { token, destination } => {
            let sealed = app.opaque().hide(Purpose::Destination, token.as_bytes(), destination.as_bytes());
            let mut response = see_other(&code_address(&sealed, after));
            set(&mut response, Cookie::ProfessionalSignIn.set(&token, seconds(SIGN_IN_LIFE)));
            Ok(response)
        }
    }
}

fn code_address(sealed: &str, after: After) -> String {
    match after {
        After::Home => format!("/connexion/code?vers={sealed}"),
        After::Passwords | After::Delegations => {
            format!("/connexion/code?vers={sealed}&suite={}", after.word())
        }
    }
}

/// `GET /connexion/code`
pub(super) async fn show_code(
    State(app): State<Space>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Page {
    let Some(pending) = Cookie::ProfessionalSignIn.read(&headers) else { return Ok(see_other("/connexion")) };
    Ok(code_page(&app, &pending, &asked, None).unwrap_or_else(|| see_other("/connexion")))
}

/// The page of the code, if this browser has a sign-in under way.
fn code_page(app: &Space, pending: &str, asked: &Asked, error: Option<String>) -> Option<Response> {
    let destination = app.opaque().reveal(Purpose::Destination, pending.as_bytes(), &asked.vers)?;
    Some(html(&Code {
        csrf: app.forms().token(pending),
        action: code_address(&asked.vers, After::of(&asked.suite)),
        destination: String::from_utf8(destination).ok()?,
        error,
        outside: app.settings().outside.clone(),
    }))
}

/// `POST /connexion/code`
pub(super) async fn second(
    State(app): State<Space>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
    form: Form,
) -> Page {
    let after = After::of(&asked.suite);
    let fields = Fields::of(form)?;
    let pending = anchored(&app, &headers, &fields)?;
    let replaced = Cookie::Professional.read(&headers);
    let code = fields.field("code");
    let (replaced, address) = (replaced.as_deref(), visitor.address);
    let refused = |why: &str| sign_in_page(&app, &headers, after, Said::error(why));
    match app.rooms().check_professional_code(&pending, code, replaced, address, app.now()).await? {
        SecondStep::SignedIn(signed_in) => Ok(enter(&signed_in, after)),
        SecondStep::Wrong => {
            let page = code_page(&app, &pending, &asked, Some(texts::WRONG_CODE.to_owned()));
            let mut page = page.unwrap_or_else(|| see_other("/connexion"));
            if page.status().is_success() {
                *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            }
            Ok(page)
        }
        SecondStep::Over => Ok(refused(texts::CODE_OVER)),
        SecondStep::Closed(_) | SecondStep::NoProfile => Ok(refused(texts::NO_MAILBOX)),
    }
}

/// Into the space, with a fresh cookie.
pub(super) fn enter(signed_in: &SignedIn, after: After) -> Response {
    let mut response = see_other(&after.page());
    set(&mut response, Cookie::Professional.set(&signed_in.token, seconds(SESSION_LIFE)));
    set(&mut response, Cookie::ProfessionalSignIn.clear());
    response
}

/// `POST /deconnexion`
pub(super) async fn leave(State(app): State<Space>, headers: HeaderMap, form: Form) -> Page {
    let now = app.now();
    let (session, _) = form_of(&app, &headers, form, now).await?;
    app.rooms().end_professional_session(&session, session.id, now).await?;
    let mut response = see_other("/au-revoir");
    set(&mut response, Cookie::Professional.clear());
    // RELIABILITY W-17: what the back button would show is gone.
    let clear = HeaderValue::from_static("\"cache\", \"cookies\", \"storage\"");
    response.headers_mut().insert("clear-site-data", clear);
    Ok(response)
}

/// `GET /au-revoir`
pub(super) async fn goodbye() -> Response {
    html(&Goodbye { words: texts::GOODBYE.to_owned() })
}
