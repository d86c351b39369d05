//! The last acts on one's mailboxes.

use axum::extract::State;
use axum::http::HeaderMap;

use super::{Page, frame};
use crate::pages::html;
use crate::pro::space::Space;
use crate::pro::views::{Day, Journal, Line, Place};
use crate::texts;
use crate::views::When;

/// `GET /journal`
pub(super) async fn show(State(app): State<Space>, headers: HeaderMap) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    let zone = &app.settings().zone;
    let mut days: Vec<Day> = Vec::new();
    for told in app.rooms().journal(&session, now).await? {
        let label = texts::day(told.at, zone);
        let line = Line {
            when: When { machine: told.at.rfc3339(), words: texts::clock(told.at, zone) },
            what: told.what,
            who: told.who,
            place: told.place,
            more: told.more,
        };
        match days.last_mut() {
            Some(day) if day.label == label => day.lines.push(line),
            Some(_) | None => days.push(Day { label, lines: vec![line] }),
        }
    }
    Ok(html(&Journal { frame: frame(&session, Place::Journal), days }))
}
