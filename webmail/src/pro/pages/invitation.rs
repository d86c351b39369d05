//! A first password, or another, with the code that an administrator gave.

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use directory::Accepted;

use super::Page;
use super::sign_in::{anchor, anchored};
use crate::limits::{PASSWORD_MAX, TYPED_MAX};
use crate::pages::{Fields, Form, html};
use crate::pro::data::Invited;
use crate::pro::space::Space;
use crate::pro::texts;
use crate::pro::views::FirstPassword;
use crate::serve::Visitor;
use crate::webmail::see_other;

/// `GET /invitation`
pub(super) async fn show(State(app): State<Space>, headers: HeaderMap) -> Page {
    Ok(page(&app, &headers, None, None))
}

fn page(app: &Space, headers: &HeaderMap, typed: Option<&Fields>, error: Option<String>) -> Response {
    let typed = |name| typed.map_or_else(String::new, |fields| fields.field(name).to_owned());
    let anchor = anchor(app, headers);
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let (login, code) = (typed("identifiant"), typed("code"));
    let mut page = html(&FirstPassword { csrf: anchor.token(app.forms()), login, code, error });
    *page.status_mut() = status;
    anchor.drop_in(&mut page);
    page
}

/// `POST /invitation`
pub(super) async fn accept(
    State(app): State<Space>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    form: Form,
) -> Page {
    let fields = Fields::of(form)?;
    anchored(&app, &headers, &fields)?;
    let refused = |why: &str| Ok(page(&app, &headers, Some(&fields), Some(why.to_owned())));
    let (login, code) = (fields.field("identifiant").trim(), fields.field("code"));
    let password = fields.field("nouveau");
    if login.is_empty() || login.len() > TYPED_MAX || code.len() > TYPED_MAX || password.len() > PASSWORD_MAX
    {
        return refused(texts::WRONG_INVITATION);
    }
    if password != fields.field("encore") {
        return refused(texts::TWO_PASSWORDS);
    }
    match app.rooms().accept_invitation(login, code, password, visitor.address, app.now()).await? {
        Invited::Answered(Accepted::Chosen) => Ok(see_other("/connexion?fait=choisi")),
        Invited::Answered(Accepted::Refused) => refused(texts::WRONG_INVITATION),
        Invited::Answered(Accepted::Weak(weak)) => refused(texts::weak(weak)),
        Invited::Wait(wait) => {
            let error = Some(crate::texts::wait_for_sign_in(wait));
            let mut page = page(&app, &headers, Some(&fields), error);
            *page.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            Ok(page)
        }
    }
}
