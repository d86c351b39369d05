//! The list of conversations.

use std::collections::HashMap;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use directory::Session;
use mailstore::{Contact, Conversation};
use names::{ConversationId, PartyId};
use serde::Deserialize;

use super::{Page, chrome, cursor, from_cursor, html, zone};
use crate::data::{Permission, Who, by_contact};
use crate::limits::PAGE_LINES;
use crate::opaque::Purpose;
use crate::texts::{self, Standing};
use crate::views::{ConversationLine, Conversations, Pager, Place, When};
use crate::webmail::Webmail;

/// What the address says.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    avant: Option<String>,
    fait: Option<String>,
}

/// `GET /messages`
pub async fn show(State(app): State<Webmail>, headers: HeaderMap, Query(asked): Query<Asked>) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    let zone = zone(&app, &session);
    let before = from_cursor(&app, &session, asked.avant.as_deref());
    let before_key = before.map(|(at, id)| (at, ConversationId(id)));
    let page = app.rooms().conversations(&session.profile, before_key, PAGE_LINES).await?;
    let mut parties: Vec<PartyId> = page.iter().flat_map(|line| line.participants.iter().copied()).collect();
    parties.sort_unstable();
    parties.dedup();
    let who = app.rooms().who(&parties).await?;
    let contacts = app.rooms().contacts(&session.profile).await?;
    let lines = page.iter().map(|conversation| {
        let others: Vec<&Who> = conversation.participants.iter().filter_map(|party| who.get(party)).collect();
        ConversationLine {
            href: format!("/messages/{}", app.hide(Purpose::Conversation, &session, conversation.id.0)),
            correspondent: texts::people(&others.iter().map(|who| who.name.as_str()).collect::<Vec<_>>()),
            role: others.first().map(|who| who.role.clone()).unwrap_or_default(),
            subject: texts::subject(&conversation.subject),
            when: When::moment(conversation.last_at, &zone, now),
            unread: conversation.unread > 0,
            letters: u64::from(conversation.letters),
            attachments: u64::from(conversation.attachments),
            state: state(conversation, &who, &contacts),
        }
    });
    let lines = lines.collect::<Vec<_>>();
    let chrome = chrome(&app, &session, Place::Messages, now).await?;
    Ok(html(&Conversations {
        notice: notice(asked.fait.as_deref()),
        summary: format!("{}.", texts::new_messages(chrome.unread)),
        lines,
        pager: pager(&app, &session, &page, before.is_some()),
        chrome,
    }))
}

/// What has just been done, from the address: one of our own sentences, never its words.
pub fn notice(done: Option<&str>) -> Option<String> {
    (done? == "envoye").then(|| texts::SENT.to_owned())
}

fn pager(app: &Webmail, session: &Session, page: &[Conversation], left: bool) -> Pager {
    let full = page.len() == PAGE_LINES as usize;
    let last = page.last().filter(|_| full);
    Pager {
        first: left.then(|| "/messages".to_owned()),
        next: last.map(|last| format!("/messages?avant={}", cursor(app, session, last.last_at, last.id.0))),
    }
}

/// The state of an exchange in words, for the list: the contact says it, the page of the conversation
/// asks the rules themselves.
fn state(conversation: &Conversation, who: &HashMap<PartyId, Who>, contacts: &[Contact]) -> String {
    let known = |party: &PartyId| {
        let who = who.get(party)?;
        let contact = contacts.iter().find(|contact| contact.correspondent == *party);
        Some(match contact {
            Some(contact) => (by_contact(contact, who), who),
            None if who.is_pharmacy => (Permission::Yes, who),
            None => (Permission::No(texts::standing(Standing::NeverWrote, &who.name)), who),
        })
    };
    let states: Vec<_> = conversation.participants.iter().filter_map(known).collect();
    let open = states.iter().find(|(permission, _)| *permission == Permission::Yes);
    match (open, states.first()) {
        (Some((_, who)), _) if who.is_pharmacy => texts::standing(Standing::MayWritePharmacy, &who.name),
        (Some((_, who)), _) => texts::standing(Standing::MayWrite, &who.name),
        (None, Some((Permission::No(words), _))) => words.clone(),
        (None, Some((Permission::Yes, _)) | None) => String::new(),
    }
}
