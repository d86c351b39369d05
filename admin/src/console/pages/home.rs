//! The first page: search of mailboxes, people and organisations.

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use directory::Power;
use serde::Deserialize;
use walls::page::html;

use super::{Page, frame};
use crate::console::console::Console;
use crate::console::limits::QUERY_MAX;
use crate::console::views::{Home, Place};

/// What is searched for.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    q: String,
}

/// `GET /`
pub(super) async fn show(State(app): State<Console>, headers: HeaderMap, Query(asked): Query<Asked>) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    let query: String = asked.q.trim().chars().take(QUERY_MAX).collect();
    Ok(html(&Home {
        frame: frame(&session, Place::Directory),
        may_create: session.administrator.authority().may_somewhere(Power::ChangeMailboxes),
        query,
        found: None,
        answers: Vec::new(),
    }))
}
