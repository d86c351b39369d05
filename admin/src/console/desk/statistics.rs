//! Figures of a month.

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use directory::{AdministratorSession, Power, Reach};
use names::{Month, Timestamp};
use serde::Deserialize;
use walls::limits::TYPED_MAX;
use walls::page::html;

use super::plot::{Plot, stacked};
use super::views::{self, Choice, Download, Fact, Grid};
use super::{spreadsheet, texts};
use crate::Error;
use crate::console::console::Console;
use crate::console::errors::Trouble;
use crate::console::limits::LINES;
use crate::console::pages::{Page, frame};
use crate::console::views::Place;
use crate::statistics::{Extent, HouseFigures, Statistics};
use crate::statistics_tables::Sheet;

/// Which figures.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    mois: String,
    boite: String,
}

impl Asked {
    fn month(&self, now: Timestamp) -> Month {
        self.mois.parse().ok().filter(|month: &Month| month.start() <= now).unwrap_or(Month::of(now))
    }

    fn mailbox(&self) -> Option<String> {
        let text: String = self.boite.trim().chars().take(TYPED_MAX).collect();
        (!text.is_empty()).then_some(text)
    }
}

/// `GET /statistiques`
pub(super) async fn show(State(app): State<Console>, headers: HeaderMap, Query(asked): Query<Asked>) -> Page {
    let now = app.now();
    let session = app.session_with(&headers, Power::LookAtFigures, now).await?;
    let (month, mailbox) = (asked.month(now), asked.mailbox());
    let (extent, by) = (extent(&session), session.administrator.authority().actor());
    let admin = app.admin();
    let (figures, error) = match admin.statistics(month, mailbox.as_deref(), &extent, by, now).await {
        Err(Error::Refused(_)) if mailbox.is_some() => {
            (admin.statistics(month, None, &extent, by, now).await?, Some(texts::NO_SUCH_MAILBOX.to_owned()))
        }
        other => (other?, None),
    };
    let months = admin.statistics_months(now).await?;
    let mailbox = mailbox.unwrap_or_default();
    let choice =
        |one: Month| Choice { value: one.to_string(), label: texts::month(one), chosen: one == month };
    let shown = if error.is_some() { "" } else { &mailbox };
    Ok(html(&views::Statistics {
        frame: frame(&session, Place::Statistics),
        heading: texts::figures_of(month, shown),
        until: texts::counted_until(&figures, &app.settings().zone),
        months: months.into_iter().map(choice).collect(),
        facts: facts(&figures),
        plots: plots(&figures),
        grids: grids(&figures),
        downloads: downloads(&figures, shown),
        mailbox,
        error,
    }))
}

/// `GET /statistiques/boites.csv`
pub(super) async fn download(
    State(app): State<Console>,
    headers: HeaderMap,
    Path(sheet): Path<String>,
    Query(asked): Query<Asked>,
) -> Page {
    let now = app.now();
    let session = app.session_with(&headers, Power::LookAtFigures, now).await?;
    let sheet = sheet.strip_suffix(".csv").and_then(Sheet::from_code).ok_or(Trouble::NotFound)?;
    let (month, mailbox) = (asked.month(now), asked.mailbox());
    let (extent, by) = (extent(&session), session.administrator.authority().actor());
    match app.admin().statistics(month, mailbox.as_deref(), &extent, by, now).await {
        Ok(figures) => {
            Ok(spreadsheet(&format!("pli-{}-{month}.csv", sheet.code()), &figures.csv(sheet, &[])))
        }
        Err(Error::Refused(_)) => Err(Trouble::NotFound.into()),
        Err(error) => Err(error.into()),
    }
}

/// Whose figures this administrator may see.
fn extent(session: &AdministratorSession) -> Extent {
    let authority = session.administrator.authority();
    match authority.reach() {
        Reach::Only(some) if !authority.may(Power::LookAtFigures, None) => {
            Extent::Organisations(some.iter().copied().collect())
        }
        Reach::Only(_) | Reach::Everywhere => Extent::House,
    }
}

fn facts(figures: &Statistics) -> Vec<Fact> {
    let mut facts = vec![Fact { name: texts::OPEN_MAILBOXES.to_owned(), value: texts::open(&figures.open) }];
    if let Some(house) = &figures.house {
        let all = house.letters.letters;
        facts.push(Fact { name: texts::ALL_LETTERS.to_owned(), value: texts::number(all) });
        for (name, part) in [
            (texts::TO_PATIENTS, house.letters.to_patients),
            (texts::WITH_CDA, house.letters.with_cda),
            (texts::QUALIFIED_INS, house.letters.qualified_ins),
        ] {
            facts.push(Fact { name: name.to_owned(), value: texts::part(part, all) });
        }
    }
    let total = &figures.total;
    facts.push(Fact { name: texts::SENT.to_owned(), value: texts::number(total.sent) });
    for (name, part) in [
        (texts::SENT_TO_PATIENTS, total.sent_to_patients),
        (texts::SENT_WITH_CDA, total.sent_with_cda),
        (texts::SENT_QUALIFIED, total.sent_with_qualified_ins),
    ] {
        facts.push(Fact { name: name.to_owned(), value: texts::part(part, total.sent) });
    }
    for (name, count) in [
        (texts::RECEIVED, total.received),
        (texts::REFUSED, total.refused),
        (texts::CONNECTIONS, total.connections),
    ] {
        facts.push(Fact { name: name.to_owned(), value: texts::number(count) });
    }
    facts
}

fn plots(figures: &Statistics) -> Vec<(Plot, Grid)> {
    let mut plots = Vec::new();
    if let Some(house) = &figures.house {
        plots.extend(days(house));
    }
    let points: Vec<(String, Vec<i64>)> = figures
        .trend
        .iter()
        .map(|(month, counts)| (texts::month(*month), vec![counts.sent, counts.received]))
        .collect();
    let series = [texts::SENT, texts::RECEIVED];
    plots.extend(with_table(texts::BY_MONTH, texts::MONTH, &series, points));
    plots
}

/// Letters of each day, by door.
fn days(house: &HouseFigures) -> Option<(Plot, Grid)> {
    let points = house.days.iter().map(|day| {
        let counts = day.doors.iter().map(|(_, count)| *count).collect();
        (texts::short_day(day.start), counts)
    });
    let series: Vec<&str> = house
        .days
        .first()
        .map_or(Vec::new(), |day| day.doors.iter().map(|(door, _)| texts::door(door)).collect());
    with_table(texts::BY_DAY, texts::DAY, &series, points.collect())
}

/// A plot with what it shows in a table.
fn with_table(
    title: &str,
    what: &str,
    series: &[&str],
    points: Vec<(String, Vec<i64>)>,
) -> Option<(Plot, Grid)> {
    let plot = stacked(title.to_owned(), series, &points, texts::highest)?;
    let line = |(label, counts): (String, Vec<i64>)| {
        [label].into_iter().chain(counts.into_iter().map(texts::number)).collect()
    };
    let headings = [what].into_iter().chain(series.iter().copied()).map(str::to_owned).collect();
    let lines = points.into_iter().map(line).collect();
    Some((plot, Grid { title: title.to_owned(), headings, words: 1, lines, more: None }))
}

fn grids(figures: &Statistics) -> Vec<Grid> {
    let strings = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let lines = figures.mailboxes.iter().take(LINES).map(|one| {
        let counts = &one.counts;
        let numbers = [counts.sent, counts.received, counts.refused, counts.connections];
        let words = [one.mailbox.address.to_string(), one.mailbox.kind.code().to_owned()];
        words.into_iter().chain(numbers.map(texts::number)).collect()
    });
    let mut grids = vec![Grid {
        title: texts::BY_MAILBOX.to_owned(),
        headings: strings(&texts::MAILBOX_HEADINGS),
        words: 2,
        lines: lines.collect(),
        more: texts::left_out(figures.mailboxes.len().saturating_sub(LINES)),
    }];
    let Some(house) = &figures.house else { return grids };
    let lines = house.domains.iter().take(LINES).map(|one| {
        let words = [one.domain.to_string(), texts::place(one.place).to_owned()];
        words.into_iter().chain([one.counts.sent, one.counts.received].map(texts::number)).collect()
    });
    grids.push(Grid {
        title: texts::BY_DOMAIN.to_owned(),
        headings: strings(&texts::DOMAIN_HEADINGS),
        words: 2,
        lines: lines.collect(),
        more: texts::left_out(house.domains.len().saturating_sub(LINES)),
    });
    let lines = house.software.iter().take(LINES).map(|(software, counts)| {
        let numbers = [counts.letters, counts.to_patients, counts.with_cda, counts.qualified_ins];
        [texts::software(software)].into_iter().chain(numbers.map(texts::number)).collect()
    });
    grids.push(Grid {
        title: texts::BY_SOFTWARE.to_owned(),
        headings: strings(&texts::SOFTWARE_HEADINGS),
        words: 1,
        lines: lines.collect(),
        more: texts::left_out(house.software.len().saturating_sub(LINES)),
    });
    grids.retain(|grid| !grid.lines.is_empty());
    grids
}

fn downloads(figures: &Statistics, mailbox: &str) -> Vec<Download> {
    let mailbox: String = form_urlencoded::byte_serialize(mailbox.as_bytes()).collect();
    let whole = figures.house.is_some();
    let sheets = Sheet::ALL.into_iter().filter(|sheet| whole || *sheet == Sheet::Mailboxes);
    sheets
        .map(|sheet| Download {
            href: format!("/statistiques/{}.csv?mois={}&boite={mailbox}", sheet.code(), figures.month),
            label: texts::sheet(sheet).to_owned(),
        })
        .collect()
}
