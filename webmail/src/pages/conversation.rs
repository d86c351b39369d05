//! One conversation: its letters, their files, and whether one may answer.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use directory::Session;
use mailstore::Document;
use names::{ConversationId, EntryId, PartyId, Timestamp};
use relay::Opened;
use serde::Deserialize;
use wire::mime::Attachment;

use super::conversations::notice;
use super::{Page, chrome, html, zone};
use crate::data::{OneLetter, Permission, Who};
use crate::errors::Trouble;
use crate::file_kind::FileKind;
use crate::limits::{FILE_LIFE, FRAME_LIFE, PAGE_LETTERS};
use crate::opaque::Purpose;
use crate::second_origin::{Show, Thing, Ticket, file_name};
use crate::texts::{self, Standing};
use crate::views::{AttachedFile, Conversation, Letter, Pager, Party, Place, ThreadItem, When};
use crate::webmail::{Halt, Webmail, see_other};

/// What the address says.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    page: usize,
    fait: Option<String>,
}

/// Documents looked through for "classé dans…": those of the letters on the page are the newest.
const FILED_LOOKED_AT: u32 = 200;

/// `GET /messages/{conversation}`
pub async fn show(
    State(app): State<Webmail>,
    headers: HeaderMap,
    Path(reference): Path<String>,
    Query(asked): Query<Asked>,
) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    let id = ConversationId(app.reveal(Purpose::Conversation, &session, &reference)?);
    let rooms = app.rooms();
    let conversation = rooms.conversation(&session.profile, id).await?.ok_or(Trouble::NotFound)?;
    let letters = rooms.letters(&session.profile, id).await?;
    if letters.is_empty() {
        // All of them are hidden from whoever looks: nothing is there.
        return Err(Trouble::NotFound.into());
    }
    let mut authors: Vec<PartyId> = conversation.participants.clone();
    authors.extend(conversation.ended_by);
    let who = rooms.who(&authors).await?;
    let (answer_href, state) = answer(&app, &session, &conversation, &letters, &who, now).await?;
    let documents = rooms.documents(&session.profile, None, None, FILED_LOOKED_AT).await?;
    let pages = letters.len().div_ceil(PAGE_LETTERS as usize);
    let page = asked.page.min(pages.saturating_sub(1));
    let shown = letters.iter().skip(page * PAGE_LETTERS as usize).take(PAGE_LETTERS as usize);
    let drawing =
        Drawing { app: &app, session: &session, id, answerable: answer_href.is_some(), documents, now };
    let mut items = Vec::new();
    let mut entries = Vec::new();
    for (number, letter) in shown.enumerate() {
        entries.push(letter.row.entry.id);
        drawing.items(number, letter, &conversation.subject, &mut items).await?;
    }
    rooms.opened(&session, id, now).await?;
    let told = rooms.receipts_sent(&entries).await?;
    for item in &mut items {
        if let ThreadItem::Letter(letter) = item
            && entries.get(letter.number - 1).is_some_and(|entry| told.contains(entry))
        {
            letter.receipt = texts::receipt_sent(&letter.author);
        }
    }
    let here = format!("/messages/{reference}");
    let view = Conversation {
        chrome: chrome(&app, &session, Place::Messages, now).await?,
        subject: texts::subject(&conversation.subject),
        notice: notice(asked.fait.as_deref()),
        parties: conversation
            .participants
            .iter()
            .filter_map(|party| who.get(party))
            .map(|who| Party { name: who.name.clone(), role: who.role.clone() })
            .collect(),
        answer_href,
        state,
        items,
        pager: Pager {
            first: (page > 0).then(|| here.clone()),
            next: (page + 1 < pages).then(|| format!("{here}?page={}", page + 1)),
        },
    };
    Ok(html(&view))
}

/// Where to answer, or why not: the newest letter that came is the one answered; before any came, the
/// correspondent is written to again.
async fn answer(
    app: &Webmail,
    session: &Session,
    conversation: &mailstore::Conversation,
    letters: &[OneLetter],
    who: &HashMap<PartyId, Who>,
    now: Timestamp,
) -> Result<(Option<String>, String), Halt> {
    let answered = |letter: &&OneLetter| !letter.is_ours() && !letter.is_report() && !letter.ends_exchange();
    let newest = letters.iter().find(answered);
    let name =
        || conversation.participants.first().and_then(|party| who.get(party)).map_or("", |who| &who.name);
    let rooms = app.rooms();
    let (asked, href) = match newest {
        Some(letter) => (
            rooms.answer(session, conversation.id, letter, now).await?,
            answer_href(app, session, conversation.id, letter),
        ),
        None => {
            let (chosen, href) = match conversation.participants.first() {
                Some(party) if who.get(party).is_some_and(|who| who.is_pharmacy) => {
                    let account = names::AccountId(party.0);
                    let reference = app.hide(Purpose::Pharmacy, session, account.0);
                    (rooms.pharmacy(account).await?, format!("/pharmacies/{reference}"))
                }
                Some(party) => {
                    let reference = app.hide(Purpose::Correspondent, session, party.0);
                    (
                        rooms.correspondent(&session.profile, *party).await?,
                        format!("/messages/nouveau/{reference}"),
                    )
                }
                None => (None, String::new()),
            };
            match chosen {
                Some(chosen) => {
                    let permission = rooms.may_write(session, &chosen, now).await?;
                    (Some((chosen, permission)), href)
                }
                None => (None, href),
            }
        }
    };
    Ok(match asked {
        Some((_, Permission::Yes)) => (Some(href), String::new()),
        Some((_, Permission::No(words))) => (None, words),
        None => (None, texts::standing(Standing::Gone, name())),
    })
}

/// Where a letter is answered.
pub fn answer_href(
    app: &Webmail,
    session: &Session,
    conversation: ConversationId,
    letter: &OneLetter,
) -> String {
    let conversation = app.hide(Purpose::Conversation, session, conversation.0);
    let letter = app.hide(Purpose::Letter, session, letter.row.entry.id.0);
    format!("/messages/{conversation}/repondre/{letter}")
}

/// Makes views of letters.
struct Drawing<'a> {
    app: &'a Webmail,
    session: &'a Session,
    id: ConversationId,
    answerable: bool,
    documents: Vec<Document>,
    now: Timestamp,
}

impl Drawing<'_> {
    async fn items(
        &self,
        number: usize,
        letter: &OneLetter,
        subject: &str,
        items: &mut Vec<ThreadItem>,
    ) -> Result<(), Halt> {
        let when = When::moment(letter.row.entry.internal_date, &zone(self.app, self.session), self.now);
        let (author, role) = self.author(letter).await?;
        if letter.ends_exchange() && !letter.is_ours() {
            let words = texts::ended_by(&author);
            items.push(ThreadItem::Event { words, when: when.clone() });
            if letter.summary.preview.trim().is_empty() && letter.files().next().is_none() {
                return Ok(());
            }
        }
        if letter.is_report() {
            items.push(ThreadItem::Event { words: texts::REPORTED.to_owned(), when: when.clone() });
        }
        let own = letter.head.subject();
        let forbids = letter.forbids_answer() && !letter.is_ours();
        items.push(ThreadItem::Letter(Box::new(Letter {
            number: number + 1,
            ours: letter.is_ours(),
            when,
            subject: if texts::same_subject(&own, subject) { String::new() } else { texts::subject(&own) },
            unread: !letter.row.entry.marks.flags.has(mailstore::Flags::SEEN) && !letter.is_ours(),
            frame: self.ticket(Thing::Letter(self.id, letter.row.entry.id), Show::Framed),
            height: Letter::height_for(letter.length()),
            whole: format!("/lettres/{}", self.reference(letter, 0, Purpose::Letter)),
            attachments: letter.files().map(|(place, file)| self.file(letter, place, file)).collect(),
            answer_href: (self.answerable
                && !forbids
                && !letter.is_ours()
                && !letter.is_report()
                && number > 0)
                .then(|| answer_href(self.app, self.session, self.id, letter)),
            state: if forbids { texts::standing(Standing::NoAnswerWanted, &author) } else { String::new() },
            receipt: String::new(),
            author,
            role,
        })));
        Ok(())
    }

    /// Who wrote, from the directory; on our own letters, which of the people of this space.
    async fn author(&self, letter: &OneLetter) -> Result<(String, String), Halt> {
        let owner = &self.session.profile.display_name;
        if letter.is_ours() {
            // Which of the people of this space wrote it stands at the end of the text (DOMAIN §2.10).
            let own = self.session.profile.is_own();
            return Ok((texts::sent_from(owner, own), String::new()));
        }
        if letter.is_report() {
            return Ok((texts::REPORTER.to_owned(), String::new()));
        }
        let Ok(author) = letter.head.author() else { return Ok((texts::SOMEBODY.to_owned(), String::new())) };
        let who = self.app.rooms().who_at(&author.address, self.now).await?;
        Ok((who.name, who.role))
    }

    fn file(&self, letter: &OneLetter, place: u32, file: &Attachment) -> AttachedFile {
        let kind = FileKind::announced(&file.media_type, file.filename.as_deref().unwrap_or_default());
        let reference = self.reference(letter, place, Purpose::Attachment);
        let part = letter.summary.part(&file.path).map(|found| found.part.body_start);
        let filed = self
            .documents
            .iter()
            .find(|document| {
                document.draft.entry == letter.row.entry.id && Some(document.draft.part.start) == part
            })
            .and_then(|document| policy::filing::Category::from_code(&document.draft.category))
            .map(|category| texts::filed_under(category.label()));
        AttachedFile {
            name: file_name(file.filename.as_deref().unwrap_or_default(), kind),
            kind: kind.word(),
            size: texts::size(file.size),
            download: format!("/pieces/{reference}/telecharger"),
            view: kind.opens_in_browser().then(|| format!("/pieces/{reference}/voir")),
            filed: filed.unwrap_or_default(),
        }
    }

    fn ticket(&self, thing: Thing, show: Show) -> String {
        self.app.tickets().address(&ticket(self.session, thing, show, self.now), "")
    }

    fn reference(&self, letter: &OneLetter, place: u32, purpose: Purpose) -> String {
        let content =
            [&self.id.0.to_be_bytes()[..], &letter.row.entry.id.0.to_be_bytes(), &place.to_be_bytes()]
                .concat();
        self.app.opaque().hide(purpose, &self.session.profile.account.0.to_be_bytes(), &content)
    }
}

/// A ticket of this session.
pub fn ticket(session: &Session, thing: Thing, show: Show, now: Timestamp) -> Ticket {
    let life = match show {
        Show::Framed | Show::Picture | Show::Alone => FRAME_LIFE,
        Show::Open | Show::Keep => FILE_LIFE,
    };
    let (user, account) = (session.user, session.profile.account);
    Ticket { session: session.id, user, account, thing, show, until: now.plus(life) }
}

/// How a file is asked for in an address of ours.
pub fn how(text: &str) -> Result<Show, Halt> {
    match text {
        "voir" => Ok(Show::Open),
        "telecharger" => Ok(Show::Keep),
        _ => Err(Trouble::NotFound.into()),
    }
}

fn revealed(
    app: &Webmail,
    session: &Session,
    purpose: Purpose,
    text: &str,
) -> Option<(ConversationId, EntryId, u32)> {
    let content = app.opaque().reveal(purpose, &session.profile.account.0.to_be_bytes(), text)?;
    let (conversation, rest) = content.split_first_chunk::<8>()?;
    let (letter, place) = rest.split_first_chunk::<8>()?;
    let conversation = ConversationId(i64::from_be_bytes(*conversation));
    Some((conversation, EntryId(i64::from_be_bytes(*letter)), u32::from_be_bytes(place.try_into().ok()?)))
}

/// `GET /pieces/{attachment}/{how}`: notes who takes the file, then leads to the second origin.
pub async fn take(
    State(app): State<Webmail>,
    headers: HeaderMap,
    Path((reference, way)): Path<(String, String)>,
) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    let show = how(&way)?;
    let (conversation, letter, place) =
        revealed(&app, &session, Purpose::Attachment, &reference).ok_or(Trouble::NotFound)?;
    let found = app.rooms().letter(&session.profile, conversation, letter).await?.ok_or(Trouble::NotFound)?;
    let file = found.summary.attachments.get(place as usize).ok_or(Trouble::NotFound)?;
    let kind = FileKind::announced(&file.media_type, file.filename.as_deref().unwrap_or_default());
    let name = file_name(file.filename.as_deref().unwrap_or_default(), kind);
    app.rooms().took(&session, Opened::Attachment(letter), now).await?;
    let ticket = ticket(&session, Thing::Part(conversation, letter, place), show, now);
    Ok(see_other(&app.tickets().address(&ticket, &name)))
}

/// `GET /lettres/{letter}`: leads to the letter alone, for reading at ease and for printing.
pub async fn whole(State(app): State<Webmail>, headers: HeaderMap, Path(reference): Path<String>) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    let (conversation, letter, _) =
        revealed(&app, &session, Purpose::Letter, &reference).ok_or(Trouble::NotFound)?;
    let ticket = ticket(&session, Thing::Letter(conversation, letter), Show::Alone, now);
    Ok(see_other(&app.tickets().address(&ticket, "")))
}
