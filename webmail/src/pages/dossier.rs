//! The documents of a space.

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use directory::Session;
use jiff::tz::TimeZone;
use mailstore::{Confidentiality, Document};
use names::DocumentId;
use policy::filing::Category as Kind;
use relay::Opened;
use serde::Deserialize;

use super::conversation::{how, ticket};
use super::{Page, chrome, cursor, from_cursor, html, zone};
use crate::errors::Trouble;
use crate::file_kind::FileKind;
use crate::limits::PAGE_LINES;
use crate::opaque::Purpose;
use crate::second_origin::{Thing, file_name};
use crate::texts;
use crate::views::{Category, Dossier, Group, Pager, Paper, Place};
use crate::webmail::{Webmail, see_other};

/// What the address says.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    rubrique: Option<String>,
    avant: Option<String>,
}

/// Documents looked through for the categories to offer.
const CATEGORIES_LOOKED_AT: u32 = 200;

/// `GET /documents`
pub async fn show(State(app): State<Webmail>, headers: HeaderMap, Query(asked): Query<Asked>) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    let zone = zone(&app, &session);
    let chosen = asked.rubrique.as_deref().and_then(Kind::from_code);
    let before = from_cursor(&app, &session, asked.avant.as_deref());
    let before_key = before.map(|(at, id)| (at, DocumentId(id)));
    let rooms = app.rooms();
    let page = rooms.documents(&session.profile, chosen.map(Kind::code), before_key, PAGE_LINES).await?;
    let here = |kind: Option<Kind>| match kind {
        None => "/documents".to_owned(),
        Some(kind) => format!("/documents?rubrique={}", kind.code()),
    };
    let sign = if chosen.is_some() { '&' } else { '?' };
    // What is hidden is left out of a page, so a short page may still be followed by another.
    let next = match page.last() {
        None => None,
        Some(last) => {
            let after = Some((last.draft.act_date, last.id));
            let more = rooms.documents(&session.profile, chosen.map(Kind::code), after, PAGE_LINES).await?;
            let cursor = cursor(&app, &session, last.draft.act_date, last.id.0);
            (!more.is_empty()).then(|| format!("{}{sign}avant={cursor}", here(chosen)))
        }
    };
    // Only categories that hold something, or the reader scrolls through fifteen empty ones.
    let newest = rooms.documents(&session.profile, None, None, CATEGORIES_LOOKED_AT).await?;
    let held: Vec<Kind> = Kind::ALL
        .into_iter()
        .filter(|kind| newest.iter().any(|document| kind_of(document) == *kind))
        .collect();
    let kinds = held.iter().copied().chain(chosen.filter(|kind| !held.contains(kind)));
    let filter = |kind: Option<Kind>| Category {
        label: kind.map_or("Tous", Kind::label).to_owned(),
        href: here(kind),
        current: kind == chosen,
    };
    let mut groups: Vec<Group> = Vec::new();
    for kind in Kind::ALL {
        let documents: Vec<Paper> = page
            .iter()
            .filter(|document| kind_of(document) == kind)
            .map(|document| paper(&app, &session, &zone, document))
            .collect();
        if !documents.is_empty() {
            groups.push(Group { label: kind.label().to_owned(), documents });
        }
    }
    Ok(html(&Dossier {
        chrome: chrome(&app, &session, Place::Documents, now).await?,
        categories: std::iter::once(None).chain(kinds.map(Some)).map(filter).collect(),
        groups,
        pager: Pager { first: before.is_some().then(|| here(chosen)), next },
    }))
}

fn kind_of(document: &Document) -> Kind {
    Kind::from_code(&document.draft.category).unwrap_or(Kind::Other)
}

fn paper(app: &Webmail, session: &Session, zone: &TimeZone, document: &Document) -> Paper {
    let draft = &document.draft;
    let kind = FileKind::announced(&draft.mime, &draft.file_name);
    let reference = app.hide(Purpose::Document, session, document.id.0);
    Paper {
        title: draft.title.clone(),
        day: texts::day(draft.act_date, zone),
        kind: kind.word(),
        size: texts::size(draft.size),
        author: draft.author_name.clone(),
        secrecy: if draft.confidentiality.has(Confidentiality::PROFESSIONALS) {
            texts::MASKED.to_owned()
        } else {
            String::new()
        },
        download: format!("/documents/{reference}/telecharger"),
        view: kind.opens_in_browser().then(|| format!("/documents/{reference}/voir")),
        letter: None,
    }
}

/// `GET /documents/{document}/{how}`: notes who takes it, then leads to the second origin.
pub async fn take(
    State(app): State<Webmail>,
    headers: HeaderMap,
    Path((reference, way)): Path<(String, String)>,
) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    let show = how(&way)?;
    let id = DocumentId(app.reveal(Purpose::Document, &session, &reference)?);
    let document = app.rooms().document(&session.profile, id).await?.ok_or(Trouble::NotFound)?;
    let name = file_name(&document.name, FileKind::of(&document.first));
    app.rooms().took(&session, Opened::Document(id), now).await?;
    let ticket = ticket(&session, Thing::Document(id), show, now);
    Ok(see_other(&app.tickets().address(&ticket, &name)))
}
