//! The first page: search of mailboxes, people and organisations.

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use directory::{AdministratorSession, Mailbox, Power};
use names::Address;
use serde::Deserialize;
use walls::opaque::Purpose;
use walls::page::html;

use super::{Page, frame};
use crate::console::console::Console;
use crate::console::limits::{ANSWERS, QUERY_MAX, TOKEN_MAX};
use crate::console::texts;
use crate::console::views::{Answer, Home, Place};
use crate::search::{Hit, Hits};
use register::Token;

/// What is searched for.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    q: String,
    suite: String,
}

/// `GET /`
pub(super) async fn show(State(app): State<Console>, headers: HeaderMap, Query(asked): Query<Asked>) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    let authority = session.administrator.authority();
    let query: String = asked.q.trim().chars().take(QUERY_MAX).collect();
    let after = (!asked.suite.is_empty()).then(|| Token(asked.suite.chars().take(TOKEN_MAX).collect()));
    let first = after.is_none();
    let Hits { hits, next } = match query.is_empty() || !authority.may_somewhere(Power::LookAtEntries) {
        true => Hits::default(),
        false => app.admin().find(&query, (ANSWERS, after), &authority, now).await?,
    };
    let address = |token: &Token| {
        let fields = [("q", query.as_str()), ("suite", token.0.as_str())];
        format!("/?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish())
    };
    Ok(html(&Home {
        frame: frame(&session, Place::Directory),
        may_create: authority.may_somewhere(Power::ChangeMailboxes),
        found: (!query.is_empty()).then(|| texts::found(hits.len(), next.is_some() || !first)),
        next: next.as_ref().map(address),
        first: (!first).then(|| {
            format!("/?{}", form_urlencoded::Serializer::new(String::new()).append_pair("q", &query).finish())
        }),
        query,
        mailboxes: hits.into_iter().map(|hit| answer(&app, &session, hit)).collect(),
    }))
}

fn answer(app: &Console, session: &AdministratorSession, hit: Hit) -> Answer {
    let shown = |addresses: Vec<Address>| addresses.iter().map(Address::to_string).collect();
    match hit {
        Hit::Mailbox(mailbox) => mailbox_answer(app, session, &mailbox),
        Hit::Person(id, person, addresses) => Answer {
            name: person.display_name(),
            what: person.role(),
            href: format!("/personnes/{}", app.hide(Purpose::Person, session, &[id.0])),
            more: shown(addresses),
        },
        Hit::Organisation(id, organisation, addresses) => Answer {
            name: organisation.name,
            what: format!("{} {}", organisation.postal_code, organisation.town),
            href: format!("/structures/{}", app.hide(Purpose::Organisation, session, &[id.0])),
            more: shown(addresses),
        },
    }
}

/// A mailbox in a list.
pub(super) fn mailbox_answer(app: &Console, session: &AdministratorSession, mailbox: &Mailbox) -> Answer {
    Answer {
        name: mailbox.address.to_string(),
        what: format!("{}, {}", texts::kind(mailbox.kind), texts::state(mailbox.state).to_lowercase()),
        href: super::mailbox::href(app, session, mailbox.account),
        more: vec![mailbox.display_name()],
    }
}
