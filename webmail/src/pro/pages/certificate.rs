//! Sign-in by the certificate that the handshake verified. Only people sign in here: the certificate of
//! an organisation or a machine names no person and is answered like none at all.

use axum::extract::{Extension, Query, State};
use axum::http::HeaderMap;
use directory::Proof;

use super::Page;
use super::sign_in::{After, Asked, Said, anchored, enter, sign_in_page};
use crate::cookie::Cookie;
use crate::errors::Trouble;
use crate::pages::{Fields, Form};
use crate::pro::space::Space;
use crate::pro::texts;
use crate::serve::Visitor;

/// `POST /connexion/certificat`
pub(super) async fn show(
    State(app): State<Space>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
    form: Form,
) -> Page {
    let after = After::of(&asked.suite);
    let fields = Fields::of(form)?;
    anchored(&app, &headers, &fields)?;
    let rule = app.settings().certificates.as_ref().ok_or(Trouble::NotFound)?;
    let person = visitor.certificate.as_ref().and_then(|certificate| rule.person(&certificate.subject));
    let Some(person) = person else {
        return Ok(sign_in_page(&app, &headers, after, Said::error(texts::NO_CERTIFICATE)));
    };
    let replaced = Cookie::Professional.read(&headers);
    let (proof, now) = (Proof::Certificate, app.now());
    Ok(match app.rooms().sign_in_professional(&person, proof, replaced.as_deref(), now).await? {
        Some(signed_in) => enter(&signed_in, after),
        None => sign_in_page(&app, &headers, after, Said::error(texts::NO_MAILBOX)),
    })
}
