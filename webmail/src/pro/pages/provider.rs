//! Sign-in by the identity provider: to its page, and back.
//!
//! What was begun is sealed in a cookie of this browser, so that only it can finish, and is used once.

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use directory::Proof;
use names::NationalPersonId;
use serde::{Deserialize, Serialize};
use tokens::{CallBack, Pending};

use super::sign_in::{After, Asked, Said, enter, sign_in_page};
use super::{Page, seconds, set};
use crate::cookie::Cookie;
use crate::errors::Trouble;
use crate::limits::PROVIDER_LIFE;
use crate::opaque::Purpose;
use crate::pro::space::Space;
use crate::pro::texts;
use crate::webmail::see_other;

/// What the cookie holds, sealed.
#[derive(Serialize, Deserialize)]
struct Begun {
    pending: Pending,
    after: String,
}

/// `GET /connexion/fournisseur`: changes nothing here but this browser's cookie. A link and not a form,
/// because our policy lets forms go nowhere else.
pub(super) async fn begin(State(app): State<Space>, headers: HeaderMap, Query(asked): Query<Asked>) -> Page {
    let provider = app.settings().provider.as_ref().ok_or(Trouble::NotFound)?;
    let after = After::of(&asked.suite);
    let (address, pending) = match provider.flow.begin(app.now()).await {
        Ok(begun) => begun,
        Err(fault) => {
            tracing::warn!(%fault, "a sign-in by the identity provider cannot begin");
            return Ok(sign_in_page(&app, &headers, after, Said::error(texts::PROVIDER_AWAY)));
        }
    };
    let begun = Begun { pending, after: asked.suite };
    let Ok(begun) = postcard::to_stdvec(&begun) else { return Err(Trouble::Broken.into()) };
    let sealed = app.opaque().hide(Purpose::Provider, b"", &begun);
    let mut response = see_other(&address);
    set(&mut response, Cookie::Provider.set(&sealed, seconds(PROVIDER_LIFE)));
    Ok(response)
}

/// `GET /connexion/retour`
pub(super) async fn finish(
    State(app): State<Space>,
    headers: HeaderMap,
    Query(back): Query<CallBack>,
) -> Page {
    let mut response = finished(&app, &headers, back).await?;
    set(&mut response, Cookie::Provider.clear());
    Ok(response)
}

async fn finished(app: &Space, headers: &HeaderMap, back: CallBack) -> Result<Response, super::Halt> {
    let provider = app.settings().provider.as_ref().ok_or(Trouble::NotFound)?;
    let refused = |after, why: &str| Ok(sign_in_page(app, headers, after, Said::error(why)));
    let sealed = Cookie::Provider.read(headers).unwrap_or_default();
    let begun = app.opaque().reveal(Purpose::Provider, b"", &sealed);
    let Some(begun) = begun.and_then(|begun| postcard::from_bytes::<Begun>(&begun).ok()) else {
        return refused(After::Home, texts::PROVIDER_REFUSED);
    };
    let after = After::of(&begun.after);
    // The cookie is gone with this answer; a copy of it that comes back as well is refused here.
    let turn = app.submissions().turn(sealed).await;
    if turn.is_sent() {
        return refused(after, texts::PROVIDER_REFUSED);
    }
    turn.sent();
    let identity = match provider.flow.finish(begun.pending, &back, app.now()).await {
        Ok(identity) => identity,
        Err(fault) => {
            tracing::info!(%fault, "a sign-in by the identity provider did not succeed");
            let why = if fault.is_temporary() { texts::PROVIDER_AWAY } else { texts::PROVIDER_REFUSED };
            return refused(after, why);
        }
    };
    let person: NationalPersonId = identity.national_id;
    let replaced = Cookie::Professional.read(headers);
    let (proof, now) = (Proof::IdentityProvider, app.now());
    match app.rooms().sign_in_professional(&person, proof, replaced.as_deref(), now).await? {
        Some(signed_in) => Ok(enter(&signed_in, after)),
        None => refused(after, texts::NO_MAILBOX),
    }
}
