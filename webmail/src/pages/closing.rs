//! The first page of a space, and its end: closing it, with the password again.

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use directory::{ClosingWish, Session};

use super::{Form, Page, chrome, form_of, html, zone};
use crate::cookie::Cookie;
use crate::data::{self, Failure};
use crate::limits::PASSWORD_MAX;
use crate::texts;
use crate::views::{Closing, Decided, Place, Welcome};
use crate::webmail::{Peer, Webmail};
use walls::page::set_cookie;

/// `GET /bienvenue`
pub async fn welcome(State(app): State<Webmail>, headers: HeaderMap) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    Ok(html(&Welcome { chrome: chrome(&app, &session, Place::Messages, now).await? }))
}

/// `GET /espace/fermer`
pub async fn show(State(app): State<Webmail>, headers: HeaderMap) -> Page {
    let session = app.session(&headers, app.now()).await?;
    Ok(closing_page(&app, &session, None).await?)
}

async fn closing_page(app: &Webmail, session: &Session, error: Option<String>) -> Result<Response, Failure> {
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let rules = app.rooms().rules();
    let mut page = html(&Closing {
        chrome: chrome(app, session, Place::Profiles, app.now()).await?,
        years: rules.archive_years,
        days: rules.deletion_days,
        phone: rules.support_phone.clone(),
        error,
    });
    *page.status_mut() = status;
    Ok(page)
}

/// `POST /espace/fermer`
pub async fn close(
    State(app): State<Webmail>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    form: Form,
) -> Page {
    let now = app.now();
    let (session, fields) = form_of(&app, &headers, form, now).await?;
    let wish = match fields.field("suite") {
        "archive" => ClosingWish::Archive,
        "suppression" => ClosingWish::Delete,
        _ => return Ok(closing_page(&app, &session, Some(texts::CHOOSE_WHAT_FOLLOWS.to_owned())).await?),
    };
    let password = fields.field("mot_de_passe");
    if password.is_empty() || password.len() > PASSWORD_MAX {
        return Ok(closing_page(&app, &session, Some(texts::WRONG_PASSWORD.to_owned())).await?);
    }
    let words = match app.rooms().close_own(&session, password, wish, peer.0, now).await? {
        data::Closing::WrongPassword => texts::WRONG_PASSWORD.to_owned(),
        data::Closing::Wait(seconds) => texts::wait_for_sign_in(seconds),
        data::Closing::NotOpen => texts::NOT_OPEN.to_owned(),
        data::Closing::Closed(closed) => {
            let rules = app.rooms().rules();
            let zone = zone(&app, &session);
            let until = closed.life.erase.unwrap_or_else(|| rules.archive_end(now));
            let words = texts::closed(wish, &texts::day(until, &zone), &rules.support_phone);
            let mut page = html(&Decided { heading: texts::CLOSED.to_owned(), words });
            set_cookie(&mut page, Cookie::Session.clear());
            // RELIABILITY W-17: what the back button would show is gone.
            let clear = HeaderValue::from_static("\"cache\", \"cookies\", \"storage\"");
            page.headers_mut().insert("clear-site-data", clear);
            return Ok(page);
        }
    };
    Ok(closing_page(&app, &session, Some(words)).await?)
}
