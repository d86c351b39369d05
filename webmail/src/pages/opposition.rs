//! Refusing a space with the code of the announcement, and changing one's mind.

use axum::extract::State;
use axum::http::HeaderMap;

use super::activation::{anchored, under_way};
use super::{Form, Page, html};
use crate::texts;
use crate::views::Decided;
use crate::webmail::{Webmail, see_other};

/// `POST /activation/opposition`
pub async fn oppose(State(app): State<Webmail>, headers: HeaderMap, form: Form) -> Page {
    let (token, _) = anchored(&app, &headers, form)?;
    under_way(&app, &headers).await?;
    if !app.rooms().oppose(&token, app.now()).await? {
        return Ok(see_other("/activation/choix"));
    }
    let phone = &app.rooms().rules().support_phone;
    Ok(html(&Decided { heading: texts::OPPOSED.to_owned(), words: texts::opposed(phone) }))
}

/// `POST /activation/retrait`
pub async fn withdraw(State(app): State<Webmail>, headers: HeaderMap, form: Form) -> Page {
    let (token, _) = anchored(&app, &headers, form)?;
    under_way(&app, &headers).await?;
    // Whatever it was, the page of choices says where things stand.
    app.rooms().withdraw(&token, app.now()).await?;
    Ok(see_other("/activation/choix"))
}
