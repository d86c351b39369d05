//! Choosing somebody, answering, writing anew.

use std::time::Duration;

use axum::extract::multipart::{Multipart, MultipartRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use directory::Session;
use names::{AccountId, ConversationId, EntryId, PartyId, Timestamp};

use super::{Page, chrome, html};
use crate::data::{Chosen, Message, Permission, Sent};
use crate::errors::Trouble;
use crate::limits::{FILES_TOTAL_MAX, UPLOAD_TIME};
use crate::opaque::Purpose;
use crate::texts::{self, Missing};
use crate::upload::{self, UploadError, Written};
use crate::views::{Choose, Compose, Correspondent, FieldError, Kept, MayWrite, Place};
use crate::webmail::{Halt, Webmail, see_other};

type Posted = Result<Multipart, MultipartRejection>;

/// `GET /messages/nouveau`
pub async fn choose(State(app): State<Webmail>, headers: HeaderMap) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    let known = app.rooms().correspondents(&session.profile).await?;
    let correspondents = known.into_iter().map(|(party, who, permission)| {
        let (href, state) = match permission {
            Permission::Yes => {
                let reference = app.hide(Purpose::Correspondent, &session, party.0);
                (Some(format!("/messages/nouveau/{reference}")), String::new())
            }
            Permission::No(words) => (None, words),
        };
        Correspondent { name: who.name, role: who.role, href, state }
    });
    let correspondents = correspondents.collect();
    Ok(html(&Choose { chrome: chrome(&app, &session, Place::Messages, now).await?, correspondents }))
}

/// What is being written.
struct Writing {
    to: Chosen,
    permission: Permission,
    answers: Option<(ConversationId, EntryId)>,
    heading: String,
    back: String,
    action: String,
    hint: Option<String>,
}

impl Writing {
    async fn answer(
        app: &Webmail,
        session: &Session,
        conversation: &str,
        letter: &str,
        now: Timestamp,
    ) -> Result<Self, Halt> {
        let id = ConversationId(app.reveal(Purpose::Conversation, session, conversation)?);
        let entry = EntryId(app.reveal(Purpose::Letter, session, letter)?);
        let found = app.rooms().letter(&session.profile, id, entry).await?;
        let found =
            found.filter(|letter| !letter.is_ours() && !letter.is_report()).ok_or(Trouble::NotFound)?;
        let (to, permission) =
            app.rooms().answer(session, id, &found, now).await?.ok_or(Trouble::NotFound)?;
        Ok(Self {
            to,
            permission,
            answers: Some((id, entry)),
            heading: "Répondre".to_owned(),
            back: format!("/messages/{conversation}"),
            action: format!("/messages/{conversation}/repondre/{letter}"),
            hint: None,
        })
    }

    async fn anew(app: &Webmail, session: &Session, reference: &str, now: Timestamp) -> Result<Self, Halt> {
        let party = PartyId(app.reveal(Purpose::Correspondent, session, reference)?);
        let to = app.rooms().correspondent(&session.profile, party).await?.ok_or(Trouble::NotFound)?;
        Ok(Self {
            permission: app.rooms().may_write(session, &to, now).await?,
            to,
            answers: None,
            heading: "Nouveau message".to_owned(),
            back: "/messages/nouveau".to_owned(),
            action: format!("/messages/nouveau/{reference}"),
            hint: None,
        })
    }

    async fn pharmacy(
        app: &Webmail,
        session: &Session,
        reference: &str,
        now: Timestamp,
    ) -> Result<Self, Halt> {
        let account = AccountId(app.reveal(Purpose::Pharmacy, session, reference)?);
        let to = app.rooms().pharmacy(account).await?.ok_or(Trouble::NotFound)?;
        Ok(Self {
            permission: app.rooms().may_write(session, &to, now).await?,
            to,
            answers: None,
            heading: "Écrire à une pharmacie".to_owned(),
            back: "/pharmacies".to_owned(),
            action: format!("/pharmacies/{reference}"),
            hint: Some(texts::BRING_THE_PAPER.to_owned()),
        })
    }

    async fn page(
        &self,
        app: &Webmail,
        session: &Session,
        permission: Permission,
        typed: Typed,
        now: Timestamp,
    ) -> Page {
        let for_other = !session.profile.is_own();
        let mention =
            for_other.then(|| texts::will_say_for(&session.user_name, &session.profile.display_name));
        let files_lost = !typed.errors.is_empty() && typed.had_files;
        let status = match typed.errors.is_empty() {
            true => StatusCode::OK,
            false if typed.is_stale => StatusCode::FORBIDDEN,
            false => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let mut page = html(&Compose {
            chrome: chrome(app, session, Place::Messages, now).await?,
            heading: self.heading.clone(),
            back: self.back.clone(),
            correspondent: self.to.who.name.clone(),
            role: self.to.who.role.clone(),
            standing: match permission {
                Permission::Yes => MayWrite::Yes,
                Permission::No(words) => MayWrite::No { words },
            },
            action: self.action.clone(),
            submission: app.chance(),
            subject: self.answers.is_none().then_some(typed.subject),
            text: typed.text,
            mention,
            hint: self.hint.clone(),
            errors: typed.errors,
            files_lost,
        });
        *page.status_mut() = status;
        Ok(page)
    }

    async fn show(&self, app: &Webmail, session: &Session, now: Timestamp) -> Page {
        self.page(app, session, self.permission.clone(), Typed::default(), now).await
    }

    async fn send(&self, app: &Webmail, session: &Session, written: Written, now: Timestamp) -> Page {
        let errors = errors(&written, self.answers.is_none());
        if !written.token_holds || !errors.is_empty() {
            return self.page(app, session, self.permission.clone(), Typed::of(written, errors), now).await;
        }
        let turn = app.submissions().turn(format!("{}:{}", session.id.0, written.submission)).await;
        if turn.is_sent() && !written.submission.is_empty() {
            return Ok(self.sent());
        }
        let message = Message {
            to: &self.to,
            subject: written.subject.as_deref().filter(|_| self.answers.is_none()).unwrap_or_default(),
            text: &written.text,
            files: &written.files,
            answers: self.answers,
        };
        match app.rooms().send(session, &message, now).await? {
            Sent::Yes => {
                turn.sent();
                Ok(self.sent())
            }
            Sent::No(words) => {
                let errors = vec![FieldError { field: "", words: words.clone() }];
                self.page(app, session, Permission::No(words), Typed::of(written, errors), now).await
            }
        }
    }

    fn sent(&self) -> Response {
        let to = if self.answers.is_some() { self.back.as_str() } else { "/messages" };
        see_other(&format!("{to}?fait=envoye"))
    }
}

/// What stands in the form.
#[derive(Default)]
struct Typed {
    subject: String,
    text: String,
    had_files: bool,
    /// The form was of another session.
    is_stale: bool,
    errors: Vec<FieldError>,
}

impl Typed {
    fn of(written: Written, errors: Vec<FieldError>) -> Self {
        Self {
            had_files: written.had_files,
            is_stale: !written.token_holds,
            subject: written.subject.unwrap_or_default(),
            text: written.text,
            errors,
        }
    }
}

/// What to correct, in the order of the form.
fn errors(written: &Written, wants_subject: bool) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if !written.token_holds {
        errors.push(FieldError { field: "", words: texts::SEND_AGAIN.to_owned() });
    }
    let mut missing = written.missing.clone();
    if wants_subject && written.subject.is_none() {
        missing.push(Missing::Subject);
    }
    for what in missing {
        let field = match what {
            Missing::Subject | Missing::SubjectTooLong => "sujet",
            Missing::Text | Missing::TextTooLong => "texte",
        };
        // An answer has no field for the subject: there is nothing to correct.
        if wants_subject || field != "sujet" {
            errors.push(FieldError { field, words: texts::missing(what).to_owned() });
        }
    }
    errors.sort_by_key(|error| error.field);
    let refused = written.refused.iter();
    errors.extend(
        refused.map(|(why, name)| FieldError { field: "fichiers", words: texts::file_refused(*why, name) }),
    );
    errors
}

/// Reads a posted letter. What all of them hold in memory is bounded.
///
/// An upload may take minutes: the session is looked at again when it ends, so that a mandate taken
/// back or a sign-out meanwhile counts (RELIABILITY A-15), and the letter is judged by that instant.
async fn read(
    app: &Webmail,
    headers: &HeaderMap,
    posted: Posted,
) -> Result<(Option<Session>, Written, Timestamp), Halt> {
    let session = app.session_if_any(headers, app.now()).await?;
    let Ok(mut form) = posted else { return Err(Trouble::Form.into()) };
    // Of whoever has no session no file is kept, and they take nobody's place.
    let needed = if session.is_some() { mebibytes(headers) } else { 0 };
    let Ok(_place) = app.uploads().acquire_many(needed).await else { return Err(Trouble::TooMany.into()) };
    let holds = |token: &str| session.as_ref().is_some_and(|session| session.is_csrf(token));
    let reading = upload::read(&mut form, holds);
    match tokio::time::timeout(Duration::from_millis(UPLOAD_TIME.unsigned_abs()), reading).await {
        Ok(Ok(written)) => {
            let now = app.now();
            Ok((app.session_if_any(headers, now).await?, written, now))
        }
        Ok(Err(UploadError::Token | UploadError::Broken(_))) | Err(_) => Err(Trouble::Form.into()),
        Ok(Err(UploadError::TooLarge)) => Err(Trouble::TooLarge.into()),
    }
}

/// MiB that an answer of this length may hold in memory while it arrives: its files' most when it does not say.
fn mebibytes(headers: &HeaderMap) -> u32 {
    const MIB: usize = 1 << 20;
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    length.unwrap_or(FILES_TOTAL_MAX).clamp(1, FILES_TOTAL_MAX).div_ceil(MIB) as u32
}

/// The words of a letter whose writer is signed out, or in another space than the letter is of: they stand on a page
/// that waits until they are back.
fn kept(form: &Uri, written: Written) -> Response {
    let page = Kept {
        action: form.path().to_owned(),
        subject: written.subject,
        text: written.text,
        had_files: written.had_files,
    };
    (StatusCode::FORBIDDEN, html(&page)).into_response()
}

/// What was halted, unless the form is of another session: then its words are not lost with it.
fn unless_lost(halt: Halt, form: &Uri, written: Written) -> Page {
    if written.token_holds { Err(halt) } else { Ok(kept(form, written)) }
}

/// `GET /messages/{conversation}/repondre/{letter}`
pub async fn show_answer(
    State(app): State<Webmail>,
    headers: HeaderMap,
    Path((conversation, letter)): Path<(String, String)>,
) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    Writing::answer(&app, &session, &conversation, &letter, now).await?.show(&app, &session, now).await
}

/// `POST` of the same.
pub async fn send_answer(
    State(app): State<Webmail>,
    headers: HeaderMap,
    Path((conversation, letter)): Path<(String, String)>,
    form: Uri,
    posted: Posted,
) -> Page {
    let (session, written, now) = read(&app, &headers, posted).await?;
    let Some(session) = session else { return Ok(kept(&form, written)) };
    match Writing::answer(&app, &session, &conversation, &letter, now).await {
        Ok(writing) => writing.send(&app, &session, written, now).await,
        Err(halt) => unless_lost(halt, &form, written),
    }
}

/// `GET /messages/nouveau/{correspondent}`
pub async fn show_new(State(app): State<Webmail>, headers: HeaderMap, Path(reference): Path<String>) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    Writing::anew(&app, &session, &reference, now).await?.show(&app, &session, now).await
}

/// `POST` of the same.
pub async fn send_new(
    State(app): State<Webmail>,
    headers: HeaderMap,
    Path(reference): Path<String>,
    form: Uri,
    posted: Posted,
) -> Page {
    let (session, written, now) = read(&app, &headers, posted).await?;
    let Some(session) = session else { return Ok(kept(&form, written)) };
    match Writing::anew(&app, &session, &reference, now).await {
        Ok(writing) => writing.send(&app, &session, written, now).await,
        Err(halt) => unless_lost(halt, &form, written),
    }
}

/// `GET /pharmacies/{pharmacy}`
pub async fn show_pharmacy(
    State(app): State<Webmail>,
    headers: HeaderMap,
    Path(reference): Path<String>,
) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    Writing::pharmacy(&app, &session, &reference, now).await?.show(&app, &session, now).await
}

/// `POST` of the same.
pub async fn send_pharmacy(
    State(app): State<Webmail>,
    headers: HeaderMap,
    Path(reference): Path<String>,
    form: Uri,
    posted: Posted,
) -> Page {
    let (session, written, now) = read(&app, &headers, posted).await?;
    let Some(session) = session else { return Ok(kept(&form, written)) };
    match Writing::pharmacy(&app, &session, &reference, now).await {
        Ok(writing) => writing.send(&app, &session, written, now).await,
        Err(halt) => unless_lost(halt, &form, written),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_takes_the_room_it_says_it_needs() {
        for (length, want) in [
            (Some("0"), 1),
            (Some("2000000"), 2),
            (Some("99999999999"), 18),
            (Some("-1"), 18),
            (Some("much"), 18),
            (None, 18),
        ] {
            let fields = length.map(|length| (header::CONTENT_LENGTH, length.parse().unwrap()));
            assert_eq!(mebibytes(&fields.into_iter().collect()), want, "{length:?}");
        }
    }
}
