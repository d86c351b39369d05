//! Who did what in this space.

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use serde::Deserialize;

use super::{Page, chrome, cursor, from_cursor, html, zone};
use crate::limits::PAGE_LINES;
use crate::texts;
use crate::views::{Day, History, Line, Pager, Place, When};
use crate::webmail::Webmail;

/// What the address says.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    avant: Option<String>,
}

/// `GET /historique`
pub async fn show(State(app): State<Webmail>, headers: HeaderMap, Query(asked): Query<Asked>) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    let zone = zone(&app, &session);
    let before = from_cursor(&app, &session, asked.avant.as_deref()).map(|(_, seq)| seq);
    let (told, next) = app.rooms().history(&session, before, PAGE_LINES).await?;
    let mut days: Vec<Day> = Vec::new();
    for line in told {
        let label = texts::day(line.at, &zone);
        let shown = Line {
            when: When { machine: line.at.rfc3339(), words: texts::clock(line.at, &zone) },
            who: line.who,
            what: line.what.to_owned(),
        };
        match days.last_mut() {
            Some(day) if day.label == label => day.lines.push(shown),
            Some(_) | None => days.push(Day { label, lines: vec![shown] }),
        }
    }
    Ok(html(&History {
        chrome: chrome(&app, &session, Place::History, now).await?,
        days,
        pager: Pager {
            first: before.is_some().then(|| "/historique".to_owned()),
            next: next
                .map(|seq| format!("/historique?avant={}", cursor(&app, &session, names::Timestamp(0), seq))),
        },
    }))
}
