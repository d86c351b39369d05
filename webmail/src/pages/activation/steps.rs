//! The steps of an activation, one page each.

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::{Activating, ActivationRefusal, Channel, Consents, ContactRefusal, LoginRefusal};
use names::SECOND;

use super::{Form, Page, anchored, html, under_way};
use crate::cookie::Cookie;
use crate::limits::{LOGIN_MAX, PASSWORD_MAX, SESSION_LIFE, TYPED_MAX};
use crate::texts;
use crate::views::{Agreement, ChooseLogin, ConfirmContact, GiveContact};
use crate::webmail::{Peer, Webmail, see_other};
use walls::page::set_cookie;

/// `GET /activation/identifiant`
pub async fn show_login(State(app): State<Webmail>, headers: HeaderMap) -> Page {
    let (token, activating) = under_way(&app, &headers).await?;
    Ok(login_page(&app, &token, activating.login.unwrap_or_default(), None))
}

fn login_page(app: &Webmail, token: &str, login: String, error: Option<&str>) -> Response {
    let view = ChooseLogin { csrf: app.forms().token(token), login, error: error.map(str::to_owned) };
    with_status(html(&view), error)
}

/// `POST /activation/identifiant`
pub async fn choose_login(State(app): State<Webmail>, headers: HeaderMap, form: Form) -> Page {
    let (token, fields) = anchored(&app, &headers, form)?;
    let login: String = fields.field("identifiant").trim().chars().take(LOGIN_MAX + 1).collect();
    let password = fields.field("mot_de_passe");
    let wrong = |words: &str| Ok(login_page(&app, &token, login.clone(), Some(words)));
    if password.len() > PASSWORD_MAX {
        return wrong(texts::weak_password(directory::WeakPassword::TooLong));
    }
    if password != fields.field("encore") {
        return wrong(texts::NOT_THE_SAME);
    }
    match app.rooms().choose_login(&token, &login, password, app.now()).await? {
        Ok(()) => Ok(see_other("/activation/contact")),
        Err(LoginRefusal::Over) => Ok(see_other("/activation")),
        Err(LoginRefusal::Login(error)) => wrong(texts::bad_login(error)),
        Err(LoginRefusal::Taken) => wrong(texts::LOGIN_TAKEN),
        Err(LoginRefusal::Password(weak)) => wrong(texts::weak_password(weak)),
    }
}

/// `GET /activation/contact`
pub async fn show_contact(State(app): State<Webmail>, headers: HeaderMap) -> Page {
    let (token, activating) = under_way(&app, &headers).await?;
    if activating.login.is_none() {
        return Ok(see_other("/activation/identifiant"));
    }
    Ok(contact_page(&app, &token, String::new(), String::new(), None))
}

fn contact_page(app: &Webmail, token: &str, email: String, mobile: String, error: Option<&str>) -> Response {
    let csrf = app.forms().token(token);
    with_status(html(&GiveContact { csrf, email, mobile, error: error.map(str::to_owned) }), error)
}

/// `POST /activation/contact`
pub async fn give_contact(State(app): State<Webmail>, headers: HeaderMap, form: Form) -> Page {
    let (token, fields) = anchored(&app, &headers, form)?;
    let typed = |name: &str| fields.field(name).trim().chars().take(TYPED_MAX).collect::<String>();
    let (email, mobile) = (typed("courriel"), typed("mobile"));
    let words = match app.rooms().give_contacts(&token, &email, &mobile, app.now()).await? {
        Ok(()) => return Ok(see_other("/activation/codes")),
        Err(ContactRefusal::Over) => return Ok(see_other("/activation")),
        Err(ContactRefusal::Nothing) => texts::NO_CONTACT,
        Err(ContactRefusal::Email) => texts::BAD_EMAIL,
        Err(ContactRefusal::Phone) => texts::BAD_PHONE,
        Err(ContactRefusal::TooMany) => texts::TOO_MANY_CODES,
        Err(ContactRefusal::WrongCode) => texts::WRONG_CODES,
    };
    Ok(contact_page(&app, &token, email, mobile, Some(words)))
}

/// `GET /activation/codes`
pub async fn show_codes(State(app): State<Webmail>, headers: HeaderMap) -> Page {
    let (token, activating) = under_way(&app, &headers).await?;
    if activating.contacts.is_empty() {
        return Ok(see_other("/activation/contact"));
    }
    Ok(codes_page(&app, &token, &activating, None))
}

fn codes_page(app: &Webmail, token: &str, activating: &Activating, error: Option<&str>) -> Response {
    let masked = |channel| {
        let contact =
            activating.contacts.iter().find(|contact| contact.channel == channel && !contact.confirmed);
        contact.map(|contact| contact.masked.clone())
    };
    let view = ConfirmContact {
        csrf: app.forms().token(token),
        email: masked(Channel::Email),
        mobile: masked(Channel::Sms),
        error: error.map(str::to_owned),
        demo: app.settings().outside_box.is_some(),
    };
    with_status(html(&view), error)
}

/// `POST /activation/codes`
pub async fn confirm(
    State(app): State<Webmail>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    form: Form,
) -> Page {
    let (token, fields) = anchored(&app, &headers, form)?;
    let given = [
        (Channel::Email, fields.field("code_courriel").to_owned()),
        (Channel::Sms, fields.field("code_mobile").to_owned()),
    ];
    match app.rooms().confirm_contacts(&token, &given, peer.0, app.now()).await? {
        Ok(()) => Ok(see_other("/activation/accord")),
        Err(ContactRefusal::Over) => Ok(see_other("/activation")),
        Err(
            ContactRefusal::Nothing
            | ContactRefusal::Email
            | ContactRefusal::Phone
            | ContactRefusal::TooMany
            | ContactRefusal::WrongCode,
        ) => {
            let (token, activating) = under_way(&app, &headers).await?;
            Ok(codes_page(&app, &token, &activating, Some(texts::WRONG_CODES)))
        }
    }
}

/// `GET /activation/accord`
pub async fn show_agreement(State(app): State<Webmail>, headers: HeaderMap) -> Page {
    let (token, activating) = under_way(&app, &headers).await?;
    if let Some(back) = missing(&activating) {
        return Ok(see_other(back));
    }
    Ok(agreement_page(&app, &token, &activating, None))
}

/// Where the first step is that is not done yet.
fn missing(activating: &Activating) -> Option<&'static str> {
    match () {
        () if activating.is_minor => None,
        () if activating.login.is_none() => Some("/activation/identifiant"),
        () if !activating.contacts_confirmed() => Some("/activation/contact"),
        () => None,
    }
}

fn agreement_page(app: &Webmail, token: &str, activating: &Activating, error: Option<&str>) -> Response {
    let view = Agreement {
        csrf: app.forms().token(token),
        child: activating.is_minor.then(|| activating.given_name.clone()),
        error: error.map(str::to_owned),
    };
    with_status(html(&view), error)
}

/// `POST /activation/accord`
pub async fn agree(State(app): State<Webmail>, headers: HeaderMap, form: Form) -> Page {
    let (token, fields) = anchored(&app, &headers, form)?;
    let (_, activating) = under_way(&app, &headers).await?;
    let ticked = |name: &str| fields.field(name) == "oui";
    let wrong = |words: &str| Ok(agreement_page(&app, &token, &activating, Some(words)));
    if activating.is_minor && !ticked("representant") {
        return wrong(texts::DECLARE);
    }
    if !ticked("conditions") {
        return wrong(texts::ACCEPT_TERMS);
    }
    let consents =
        Consents { samu: ticked("samu"), professionals: ticked("urgence"), masked: ticked("masques") };
    let now = app.now();
    if activating.is_minor {
        let session = app.session(&headers, now).await?;
        return match app.rooms().activate_child(&token, &session, consents, now).await? {
            Ok(_) => {
                let mut response = see_other("/profils");
                set_cookie(&mut response, Cookie::Activation.clear());
                Ok(response)
            }
            Err(ActivationRefusal::Over | ActivationRefusal::Incomplete) => Ok(see_other("/activation")),
            Err(ActivationRefusal::Taken | ActivationRefusal::Minor | ActivationRefusal::NotYours) => {
                wrong(texts::NOT_YOUR_CHILD)
            }
        };
    }
    match app.rooms().activate(&token, consents, now).await? {
        Ok(signed_in) => {
            let mut response = see_other("/bienvenue");
            set_cookie(&mut response, Cookie::Session.set(&signed_in.token, SESSION_LIFE / SECOND));
            set_cookie(&mut response, Cookie::Activation.clear());
            Ok(response)
        }
        Err(ActivationRefusal::Taken) => {
            Ok(login_page(&app, &token, String::new(), Some(texts::LOGIN_TAKEN)))
        }
        Err(ActivationRefusal::Incomplete) => {
            Ok(see_other(missing(&activating).unwrap_or("/activation/identifiant")))
        }
        Err(ActivationRefusal::Over | ActivationRefusal::Minor | ActivationRefusal::NotYours) => {
            Ok(see_other("/activation"))
        }
    }
}

fn with_status(mut page: Response, error: Option<&str>) -> Response {
    if error.is_some() && page.status().is_success() {
        *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    page
}
