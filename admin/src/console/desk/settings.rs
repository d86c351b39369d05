//! The settings that decide about letters: shown, with where they stand.

use axum::extract::State;
use axum::http::HeaderMap;
use directory::Power;
use walls::page::html;

use super::views::{self, Fact};
use crate::console::console::Console;
use crate::console::pages::{Page, frame};
use crate::console::views::Place;
use crate::settings::lines;

/// `GET /reglages`
pub(super) async fn show(State(app): State<Console>, headers: HeaderMap) -> Page {
    let session = app.session_with(&headers, Power::LookAtHouse, app.now()).await?;
    let settings = app.admin().relay.settings();
    let facts = lines(settings).into_iter().map(|(name, value)| Fact { name, value });
    Ok(html(&views::Settings {
        frame: frame(&session, Place::Settings),
        sectors: settings.pharmacy_sectors.iter().map(|sector| sector.0.clone()).collect(),
        facts: facts.filter(|fact| fact.name != "pharmacy_sectors").collect(),
    }))
}
