//! A pharmacy by name or town.

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use serde::Deserialize;

use super::{Page, chrome, html};
use crate::limits::{PHARMACIES_MAX, QUERY_MAX};
use crate::opaque::Purpose;
use crate::texts;
use crate::views::{Pharmacies, Pharmacy, Place};
use crate::webmail::Webmail;

/// What the address says.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    q: String,
}

/// `GET /pharmacies`
pub async fn show(State(app): State<Webmail>, headers: HeaderMap, Query(asked): Query<Asked>) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    let query: String = asked.q.trim().chars().take(QUERY_MAX).collect();
    let found = if query.is_empty() { Vec::new() } else { app.rooms().pharmacies(&query).await? };
    let shown = found.len().min(PHARMACIES_MAX as usize);
    let pharmacies = found.iter().take(shown).map(|pharmacy| Pharmacy {
        name: pharmacy.name.clone(),
        place: texts::place(&pharmacy.street, &pharmacy.postal_code, &pharmacy.town),
        href: format!("/pharmacies/{}", app.hide(Purpose::Pharmacy, &session, pharmacy.account.0)),
    });
    let pharmacies = pharmacies.collect();
    Ok(html(&Pharmacies {
        chrome: chrome(&app, &session, Place::Messages, now).await?,
        found: (!query.is_empty()).then(|| texts::pharmacies_found(shown as u64, &query)),
        query,
        pharmacies,
        more: found.len() > shown,
    }))
}
