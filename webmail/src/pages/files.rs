//! The second origin's answers: letters, their pictures, files.

use std::collections::HashMap;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use directory::Profile;
use names::Timestamp;

use super::html;
use crate::data::{Bodies, Failure, OneLetter, Stream};
use crate::errors::Trouble;
use crate::file_kind::FileKind;
use crate::headers::Answer;
use crate::sanitize::sanitize;
use crate::second_origin::{Show, Stale, Thing, Ticket, disposition};
use crate::texts;
use crate::views::{LetterBody, LetterHead, LetterPage, When};
use crate::webmail::Webmail;

/// Marks an answer as a style sheet.
pub fn asset(response: Response) -> Response {
    marked(response, Answer::Asset)
}

fn marked(mut response: Response, answer: Answer) -> Response {
    response.extensions_mut().insert(answer);
    response
}

/// The ticket and the profile it opens, or what to say instead.
async fn admitted(app: &Webmail, sealed: &str, now: Timestamp) -> Result<(Ticket, Profile), Trouble> {
    let ticket = app.tickets().read(sealed, now).map_err(|stale| match stale {
        Stale::Unknown => Trouble::NotFound,
        Stale::Expired => Trouble::LinkExpired,
    })?;
    let profile = app.rooms().profile_of_ticket(ticket.user, ticket.session, ticket.account, now).await;
    let profile = profile.map_err(|failure| broken(&failure))?;
    Ok((ticket, profile.ok_or(Trouble::LinkExpired)?))
}

fn broken(failure: &Failure) -> Trouble {
    tracing::error!(error = failure as &dyn std::error::Error, "the second origin failed");
    Trouble::Broken
}

fn trouble(app: &Webmail, trouble: Trouble) -> Response {
    marked(trouble.page(&format!("{}/messages", app.settings().app)), Answer::Letter)
}

/// `GET /lettre/{ticket}`
pub async fn letter(State(app): State<Webmail>, Path(sealed): Path<String>) -> Response {
    let now = app.now();
    match show_letter(&app, &sealed, now).await {
        Ok(page) => marked(page, Answer::Letter),
        Err(failed) => trouble(&app, failed),
    }
}

async fn show_letter(app: &Webmail, sealed: &str, now: Timestamp) -> Result<Response, Trouble> {
    let (ticket, profile) = admitted(app, sealed, now).await?;
    let Thing::Letter(conversation, id) = ticket.thing else { return Err(Trouble::NotFound) };
    let found = app.rooms().letter(&profile, conversation, id).await.map_err(|failure| broken(&failure))?;
    let letter = found.ok_or(Trouble::NotFound)?;
    let bodies = app.rooms().bodies(profile.account, &letter).await.map_err(|failure| broken(&failure))?;
    let pictures = pictures(app, &ticket, &letter, now);
    // Cleaning a large page takes a while: not on a thread that others wait for.
    let bodies = tokio::task::spawn_blocking(move || {
        bodies.into_iter().map(|body| harmless(body, &pictures)).collect()
    });
    let bodies: Vec<LetterBody> = bodies.await.map_err(|_| Trouble::Broken)?;
    let (heading, head) = match ticket.show {
        Show::Alone => {
            let head = head_of(app, &profile, &letter, now).await?;
            (head.subject.clone(), Some(head))
        }
        Show::Framed | Show::Picture | Show::Open | Show::Keep => (String::new(), None),
    };
    let instead = bodies.is_empty().then(|| texts::NO_TEXT.to_owned());
    Ok(html(&LetterPage { heading, head, instead, bodies }))
}

fn harmless(body: Bodies, pictures: &HashMap<String, String>) -> LetterBody {
    match body {
        Bodies::Plain(text) => LetterBody::Text(text),
        Bodies::Html(text) => {
            let pictures = pictures.clone();
            LetterBody::Clean(sanitize(&text, move |id| {
                pictures.get(id).or_else(|| pictures.get(&unpercent(id))).cloned()
            }))
        }
    }
}

/// A `cid:` address escapes what a Content-ID does not (RFC 2392 §2).
fn unpercent(id: &str) -> String {
    let mut octets = Vec::with_capacity(id.len());
    let mut rest = id.as_bytes();
    while let [first, more @ ..] = rest {
        let escaped = (*first == b'%')
            .then(|| {
                more.get(..2)
                    .and_then(|hex| std::str::from_utf8(hex).ok())
                    .and_then(|hex| u8::from_str_radix(hex, 16).ok())
            })
            .flatten();
        octets.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &more[2..] } else { more };
    }
    String::from_utf8_lossy(&octets).into_owned()
}

/// Where the pictures of a letter may be fetched, by Content-ID.
fn pictures(
    app: &Webmail,
    letter_ticket: &Ticket,
    letter: &OneLetter,
    now: Timestamp,
) -> HashMap<String, String> {
    let Thing::Letter(conversation, id) = letter_ticket.thing else { return HashMap::new() };
    let parts = (0u32..).zip(&letter.summary.attachments);
    let address = |place: u32| {
        let thing = Thing::Part(conversation, id, place);
        let until = now.plus(crate::limits::FRAME_LIFE);
        app.tickets().address(&Ticket { thing, show: Show::Picture, until, ..*letter_ticket }, "")
    };
    parts.filter_map(|(place, part)| Some((part.cid.clone()?, address(place)))).collect()
}

async fn head_of(
    app: &Webmail,
    profile: &Profile,
    letter: &OneLetter,
    now: Timestamp,
) -> Result<LetterHead, Trouble> {
    let zone = jiff::tz::TimeZone::get(&profile.time_zone).unwrap_or_else(|_| app.settings().zone.clone());
    let (author, role) = match letter.head.author() {
        Err(_) => (texts::SOMEBODY.to_owned(), String::new()),
        Ok(author) => {
            let who = app.rooms().who_at(&author.address, now).await.map_err(|failure| broken(&failure))?;
            (who.name, who.role)
        }
    };
    Ok(LetterHead {
        subject: texts::subject(&letter.head.subject()),
        author,
        role,
        when: When::moment(letter.row.entry.internal_date, &zone, now).words,
    })
}

/// `GET /image/{ticket}`
pub async fn picture(State(app): State<Webmail>, Path(sealed): Path<String>) -> Response {
    let now = app.now();
    match open(&app, &sealed, now).await {
        Ok((Ticket { show: Show::Picture, .. }, stream)) => {
            let kind = FileKind::of(&stream.first);
            if kind.is_picture() {
                marked(streamed(stream, Show::Picture, kind), Answer::Picture)
            } else {
                StatusCode::NOT_FOUND.into_response()
            }
        }
        Ok(_) | Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

/// `GET /fichier/{ticket}/{name}`. The name is for the browser's eyes; ours comes from the letter.
pub async fn file(State(app): State<Webmail>, Path((sealed, _)): Path<(String, String)>) -> Response {
    let now = app.now();
    match open(&app, &sealed, now).await {
        Ok((ticket, stream)) => {
            let kind = FileKind::of(&stream.first);
            let opened = ticket.show == Show::Open && kind.opens_in_browser();
            let answer = if opened { Answer::OpenedFile } else { Answer::KeptFile };
            let show = if opened { Show::Open } else { Show::Keep };
            marked(streamed(stream, show, kind), answer)
        }
        Err(failed) => trouble(&app, failed),
    }
}

async fn open(app: &Webmail, sealed: &str, now: Timestamp) -> Result<(Ticket, Stream), Trouble> {
    let (ticket, profile) = admitted(app, sealed, now).await?;
    let rooms = app.rooms();
    let stream = match ticket.thing {
        Thing::Letter(..) => None,
        Thing::Document(id) => rooms.document(&profile, id).await.map_err(|failure| broken(&failure))?,
        Thing::Part(conversation, id, place) => {
            match rooms.letter(&profile, conversation, id).await.map_err(|failure| broken(&failure))? {
                Some(letter) => rooms
                    .attachment(profile.account, &letter, place)
                    .await
                    .map_err(|failure| broken(&failure))?,
                None => None,
            }
        }
    };
    Ok((ticket, stream.ok_or(Trouble::NotFound)?))
}

/// A file as it is read: one frame in memory, whatever its size.
fn streamed(stream: Stream, show: Show, kind: FileKind) -> Response {
    let disposition = disposition(show, kind, &stream.name);
    let first = stream.first.clone();
    let rest = futures_util::stream::unfold(Some((Some(first), stream)), |state| async move {
        let (first, mut stream) = state?;
        match first {
            Some(first) => Some((Ok::<Bytes, Failure>(first), Some((None, stream)))),
            None => match stream.next().await {
                Ok(Some(piece)) => Some((Ok(piece), Some((None, stream)))),
                Ok(None) => None,
                // Cut, so that the browser sees that it is not whole.
                Err(failure) => {
                    tracing::error!(error = &failure as &dyn std::error::Error, "a file broke off");
                    Some((Err(failure), None))
                }
            },
        }
    });
    let mut response = Body::from_stream(rest).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind.media_type()));
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    response
}
