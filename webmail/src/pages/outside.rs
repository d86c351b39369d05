//! The demo's page "boîte extérieure". Not mounted elsewhere.

use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::html;
use crate::errors::Trouble;
use crate::views::{Outside, OutsideLine, When};
use crate::webmail::Webmail;

/// `GET /boite-exterieure`
pub async fn show(State(app): State<Webmail>) -> Response {
    let Some(outside) = &app.settings().outside_box else { return Trouble::NotFound.into_response() };
    let now = app.now();
    let line = |mail: crate::OutsideMail| OutsideLine {
        when: When::moment(mail.at, &app.settings().zone, now),
        to: mail.to,
        subject: mail.subject,
        text: mail.text,
    };
    html(&Outside { mails: (outside.0)().into_iter().map(line).collect() })
}
