//! Opening a space with the code of the announcement (DOMAIN §6.2): who, identifier and password, contacts,
//! agreement. What is under way hangs on a cookie of its own; the same page answers whatever was wrong.

mod steps;

pub use steps::{
    agree, choose_login, confirm, give_contact, show_agreement, show_codes, show_contact, show_login,
};

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::{Activating, Identity, Proofs};
use jiff::civil::Date;
use names::{Ins, ProfileState, SECOND};

use super::{Fields, Form, Page, html};
use crate::cookie::Cookie;
use crate::data::Identification;
use crate::errors::Trouble;
use crate::limits::{SIGN_IN_LIFE, TYPED_MAX};
use crate::texts;
use crate::views::{Choice, Identify, MayDecide, Terms};
use crate::webmail::{Halt, Peer, Webmail, see_other};
use walls::anchor::Anchor;
use walls::page::set_cookie;

/// `GET /activation`
pub async fn show(State(app): State<Webmail>, headers: HeaderMap) -> Page {
    Ok(identify_page(&app, &headers, None))
}

/// The form, and the cookie its token hangs on. What was typed is not shown again: it is a number that others
/// must not read over a shoulder.
fn identify_page(app: &Webmail, headers: &HeaderMap, error: Option<String>) -> Response {
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let anchor = Anchor::of(Cookie::Activation, headers, SIGN_IN_LIFE / SECOND, || app.chance());
    let rules = app.rooms().rules();
    let mut page = html(&Identify {
        csrf: anchor.token(app.forms()),
        birth_date: rules.proofs.contains(&Proofs::BirthDate),
        error,
        phone: rules.support_phone.clone(),
    });
    *page.status_mut() = status;
    anchor.drop_in(&mut page);
    page
}

/// `POST /activation`
pub async fn identify(
    State(app): State<Webmail>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    form: Form,
) -> Page {
    let (_, fields) = anchored(&app, &headers, form)?;
    let wrong = |words: &str| Ok(identify_page(&app, &headers, Some(words.to_owned())));
    // Shape says nothing about who exists: it is said first, and costs no try.
    let number: String =
        fields.field("numero").chars().take(TYPED_MAX).filter(|c| !c.is_whitespace()).collect();
    let Ok(ins) = Ins::parse(&number) else { return wrong(texts::WRONG_NUMBER) };
    let asks = app.rooms().rules().proofs.contains(&Proofs::BirthDate);
    let birth_date = date(fields.field("naissance"));
    if asks && birth_date.is_none() {
        return wrong(texts::WRONG_DATE);
    }
    let code: String = fields.field("code").chars().take(TYPED_MAX).collect();
    let identity = Identity { ins, birth_date, code: code.into() };
    match app.rooms().identify(&identity, peer.0, app.now()).await? {
        Identification::Known(known) => {
            let mut response = see_other("/activation/choix");
            set_cookie(&mut response, Cookie::Activation.set(&known.token, SIGN_IN_LIFE / SECOND));
            Ok(response)
        }
        Identification::Wrong => wrong(texts::NOT_RECOGNISED),
        Identification::Wait(seconds) => {
            let mut page = identify_page(&app, &headers, Some(texts::wait_for_sign_in(seconds)));
            *page.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            Ok(page)
        }
    }
}

/// `GET /activation/choix`
pub async fn choose(State(app): State<Webmail>, headers: HeaderMap) -> Page {
    let (token, activating) = under_way(&app, &headers).await?;
    choice_page(&app, &headers, &token, &activating, None).await
}

async fn choice_page(
    app: &Webmail,
    headers: &HeaderMap,
    token: &str,
    activating: &Activating,
    error: Option<String>,
) -> Page {
    let zone = jiff::tz::TimeZone::get(&activating.time_zone).unwrap_or_else(|_| app.settings().zone.clone());
    let may = match (activating.state, activating.oppose_until) {
        (ProfileState::Opposed, _) => MayDecide::Withdraw,
        (ProfileState::Announced, Some(until)) => MayDecide::OpposeUntil(texts::day(until, &zone)),
        // The letter came before we knew that it was posted.
        (ProfileState::Announced, None) => {
            let until = app.now().plus(app.rooms().rules().opposition());
            MayDecide::OpposeUntil(texts::day(until, &zone))
        }
        (ProfileState::Created | ProfileState::Activated | ProfileState::Closed, _) => MayDecide::Open,
    };
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut page = html(&Choice {
        csrf: app.forms().token(token),
        given_name: activating.given_name.clone(),
        may,
        is_minor: activating.is_minor,
        signed_in: app.session(headers, app.now()).await.is_ok(),
        phone: app.rooms().rules().support_phone.clone(),
        error,
    });
    *page.status_mut() = status;
    Ok(page)
}

/// `GET /conditions`
pub async fn terms(State(app): State<Webmail>) -> Response {
    html(&Terms { text: app.rooms().rules().terms.clone() })
}

/// The activation of this browser, or the way to its beginning.
pub(super) async fn under_way(app: &Webmail, headers: &HeaderMap) -> Result<(String, Activating), Halt> {
    let Some(token) = Cookie::Activation.read(headers) else { return Err(see_other("/activation").into()) };
    match app.rooms().activating(&token, app.now()).await? {
        Some(activating) => Ok((token, activating)),
        None => Err(see_other("/activation").into()),
    }
}

/// The cookie of an activation and the fields, once the form's token is its own.
pub(super) fn anchored(app: &Webmail, headers: &HeaderMap, form: Form) -> Result<(String, Fields), Halt> {
    let fields = Fields::of(form)?;
    match Anchor::held(Cookie::Activation, headers, app.forms(), &fields) {
        Some(anchor) => Ok((anchor, fields)),
        None => Err(Trouble::Form.into()),
    }
}

/// A date as people write it: 03/07/1958, 3-7-1958, 03071958, or 1958-07-03.
pub(super) fn date(text: &str) -> Option<Date> {
    let text = text.trim();
    let parts: Vec<&str> =
        text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let number = |part: &str| part.parse::<i16>().ok();
    let (day, month, year) = match parts[..] {
        [year, month, day] if year.len() == 4 => (number(day)?, number(month)?, number(year)?),
        [day, month, year] if year.len() == 4 => (number(day)?, number(month)?, number(year)?),
        [all] if all.len() == 8 => (number(&all[..2])?, number(&all[2..4])?, number(&all[4..])?),
        _ => return None,
    };
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_as_people_write_it() {
        let born = Date::new(1958, 7, 3).unwrap();
        for text in
            ["03/07/1958", "3/7/1958", " 03-07-1958 ", "03.07.1958", "03 07 1958", "03071958", "1958-07-03"]
        {
            assert_eq!(date(text), Some(born), "{text}");
        }
        for text in ["", "3 juillet 1958", "31/02/1958", "03/07/58", "1958", "0307195", "１９５８"] {
            assert_eq!(date(text), None, "{text}");
        }
    }
}
