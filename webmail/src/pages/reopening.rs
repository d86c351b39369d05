//! A closed space, opened again by its own person: behind both factors, or behind the password for somebody who
//! is signed in to the space of another.

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::{ClosedSpace, SignedIn, UserId};
use names::Timestamp;

use super::sign_in::{anchored, seconds, set};
use super::{Fields, Form, Page, form_of, html};
use crate::cookie::Cookie;
use crate::data::Reopening;
use crate::errors::Trouble;
use crate::limits::{PASSWORD_MAX, SESSION_LIFE, SIGN_IN_LIFE};
use crate::opaque::Purpose;
use crate::texts;
use crate::views::Reopen;
use crate::webmail::{Halt, Peer, Webmail, see_other};

/// What somebody reads whose code was right and whose space is closed. The button carries a reference that only
/// this browser, in this sign-in, may use, and not for longer than a sign-in lives.
pub(super) fn closed(app: &Webmail, pending: &str, space: &ClosedSpace, now: Timestamp) -> Response {
    let reference = app.opaque().hide_ids(Purpose::Reopening, pending.as_bytes(), &[space.user.0, now.0]);
    let csrf = app.forms().token(pending);
    html(&view(app, space, csrf, Proof::Reference(reference), None))
}

enum Proof {
    /// Both factors were shown: what says so.
    Reference(String),
    /// The password is asked for.
    Password,
}

fn view(app: &Webmail, space: &ClosedSpace, csrf: String, proof: Proof, error: Option<String>) -> Reopen {
    Reopen {
        csrf,
        until: texts::day(space.until, &app.settings().zone),
        reference: match proof {
            Proof::Reference(reference) => Some(reference),
            Proof::Password => None,
        },
        phone: app.rooms().rules().support_phone.clone(),
        error,
    }
}

/// `POST /connexion/rouvrir`
pub async fn by_code(State(app): State<Webmail>, headers: HeaderMap, form: Form) -> Page {
    let fields = Fields::of(form)?;
    let pending = anchored(&app, &headers, &fields)?;
    let now = app.now();
    let shown = app.opaque().reveal_ids(Purpose::Reopening, pending.as_bytes(), fields.field("espace"));
    let [user, seen] = shown.ok_or(Trouble::Form)?;
    let (user, seen) = (UserId(user), Timestamp(seen));
    if !(0..SIGN_IN_LIFE).contains(&now.since(seen)) {
        return Ok(see_other("/connexion"));
    }
    match app.rooms().reopen(user, now).await? {
        Some(signed_in) => {
            let mut response = inside(&signed_in);
            set(&mut response, Cookie::SignIn.clear());
            Ok(response)
        }
        // Opened meanwhile, or nothing is left of it: the sign-in says which.
        None => Ok(see_other("/connexion")),
    }
}

/// `GET /espace/rouvrir`
pub async fn show(State(app): State<Webmail>, headers: HeaderMap) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    page(&app, session.user, session.csrf, None, now).await
}

async fn page(app: &Webmail, user: UserId, csrf: String, error: Option<String>, now: Timestamp) -> Page {
    let Some(space) = app.rooms().closed_space(user, now).await? else {
        return Err(Halt::from(see_other("/profils")));
    };
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut page = html(&view(app, &space, csrf, Proof::Password, error));
    *page.status_mut() = status;
    Ok(page)
}

/// `POST /espace/rouvrir`
pub async fn by_password(
    State(app): State<Webmail>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    form: Form,
) -> Page {
    let now = app.now();
    let (session, fields) = form_of(&app, &headers, form, now).await?;
    let password = fields.field("mot_de_passe");
    let words = match password.is_empty() || password.len() > PASSWORD_MAX {
        true => texts::WRONG_PASSWORD.to_owned(),
        false => match app.rooms().reopen_own(&session, password, peer.0, now).await? {
            Reopening::Opened(signed_in) => return Ok(inside(&signed_in)),
            Reopening::WrongPassword => texts::WRONG_PASSWORD.to_owned(),
            Reopening::Wait(seconds) => texts::wait_for_sign_in(seconds),
            Reopening::Gone => return Ok(see_other("/profils")),
        },
    };
    page(&app, session.user, session.csrf, Some(words), now).await
}

fn inside(signed_in: &SignedIn) -> Response {
    let mut response = see_other("/messages");
    set(&mut response, Cookie::Session.set(&signed_in.token, seconds(SESSION_LIFE)));
    response
}
