//! The machine's questions, each given to the file that answers it.

use std::net::IpAddr;

use bytes::Bytes;
use net::World;
use wire::imap::{Answer, Ask, Changes, Notice, Refusal, SearchKey, Server, Watch};

use super::append::Appending;
use super::door::ImapDoor;
use super::fetch::Fetching;
use super::notify::Watching;
use super::search::{Question, Searching};
use super::session::{DOOR, Session};
use super::{acl, acts, append, fetch, folders, metadata, news, notify, quota, refusals, search, select};
use crate::sign_in::{SignIn, SignInRefusal, Step};

/// One connection of the mailbox door.
pub struct ImapWorld {
    door: ImapDoor,
    /// Until somebody is in.
    sign_in: Option<Box<SignIn>>,
    session: Option<Box<Session>>,
    pull: Option<Pull>,
    appending: Option<Box<Appending>>,
    /// What NOTIFY watches.
    watching: Option<Box<Watching>>,
}

/// An open pull.
enum Pull {
    Fetch(Box<Fetching>),
    Search(Box<Searching>),
    /// What is known already: the rows of a STORE, or a refusal.
    Ready(std::vec::IntoIter<Answer>),
}

impl Pull {
    /// Whether the next answer is read from the folder.
    fn asks_for_more(&self) -> bool {
        match self {
            Self::Fetch(fetching) => fetching.turns_page(),
            Self::Search(_) => true,
            Self::Ready(_) => false,
        }
    }
}

impl ImapWorld {
    pub(super) fn new(door: ImapDoor, peer: IpAddr) -> Self {
        let sign_in = SignIn::new(door.relay().clone(), door.entrance().clone(), DOOR, peer);
        Self {
            door,
            sign_in: Some(Box::new(sign_in)),
            session: None,
            pull: None,
            appending: None,
            watching: None,
        }
    }

    async fn step(&mut self, step: Result<Step, SignInRefusal>) -> Answer {
        let signed_in = match step {
            Ok(Step::Challenge(challenge)) => return Answer::Challenge(challenge),
            Ok(Step::In(signed_in)) => signed_in,
            Err(refusal) => return Answer::Outcome(Err(refusals::sign_in(&refusal))),
        };
        Answer::Outcome(match Session::open(&self.door, signed_in).await {
            Ok(session) => {
                self.sign_in = None;
                self.session = Some(Box::new(session));
                Ok(())
            }
            Err(refusal) => Err(refusal),
        })
    }

    async fn begin_append(&mut self, ask: append::Beginning) -> Result<(), Refusal> {
        let session = self.session.as_deref_mut().ok_or_else(refusals::confused)?;
        if let Some(refusal) = session.expired(&self.door).await {
            return Err(refusal);
        }
        let earlier = self.appending.take().map(|earlier| *earlier);
        self.appending = Some(Box::new(append::begin(&self.door, session, ask, earlier).await?));
        Ok(())
    }

    async fn notify(&mut self, watch: Option<Watch>) -> Result<Vec<Notice>, Refusal> {
        let session = self.session.as_deref_mut().ok_or_else(refusals::confused)?;
        if let Some(refusal) = session.expired(&self.door).await {
            return Err(refusal);
        }
        let (watching, notices) = notify::begin(&self.door, session, watch).await?;
        self.watching = watching;
        Ok(notices)
    }

    async fn ask_of(door: &ImapDoor, session: &mut Session, ask: Ask) -> Answer {
        match ask {
            Ask::Folders(count) => Answer::Folders(folders::list(door, session, count).await),
            Ask::Namespaces => Answer::Namespaces(Ok(session.namespaces())),
            Ask::Quota(ask) => Answer::Quota(quota::answer(door, session, ask).await),
            Ask::Acl(ask) => Answer::Acl(acl::answer(door, session, ask).await),
            Ask::Annotations(folder) => {
                Answer::Annotations(metadata::read(door, session, folder.as_ref()).await)
            }
            Ask::Annotate { folder, changes } => {
                Answer::Outcome(metadata::write(door, session, folder.as_ref(), &changes).await)
            }
            Ask::Create { folder, role } => {
                Answer::Created(folders::create(door, session, &folder, role).await)
            }
            Ask::Delete(name) => Answer::Deleted(folders::delete(door, session, &name).await),
            Ask::Rename { from, to } => Answer::Outcome(folders::rename(door, session, &from, &to).await),
            Ask::Subscribe { folder, change } => {
                Answer::Outcome(folders::subscribe(door, session, &folder, change).await)
            }
            Ask::Status { folder, count } => {
                Answer::Status(folders::status(door, session, &folder, count).await)
            }
            Ask::Select { folder, mode } => {
                Answer::Selected(select::select(door, session, &folder, mode).await)
            }
            Ask::Poll => Answer::Changes(news::poll(door, session).await),
            Ask::Since(modseq) => Answer::Since(news::since(door, session, modseq).await),
            Ask::Copy { uids, to } => Answer::Copied(acts::copy(door, session, &uids, &to).await),
            Ask::Move { uids, to } => Answer::Copied(acts::relocate(door, session, &uids, &to).await),
            Ask::Expunge { among } => Answer::Expunged(acts::expunge(door, session, among.as_ref()).await),
            Ask::Identify(_)
            | Ask::Unselect
            | Ask::Notify(_)
            | Ask::Authenticate { .. }
            | Ask::Respond(_)
            | Ask::Append { .. }
            | Ask::Finish
            | Ask::Discard
            | Ask::Fetch { .. }
            | Ask::Store { .. }
            | Ask::Search { .. }
            | Ask::Sort { .. }
            | Ask::Thread { .. } => Answer::Refused(refusals::confused()),
        }
    }

    async fn pull_of(door: &ImapDoor, session: &mut Session, ask: Ask) -> Result<Pull, Refusal> {
        if let Some(refusal) = session.expired(door).await {
            return Err(refusal);
        }
        match ask {
            Ask::Fetch { uids, items, seen, strings } => {
                let fetching = fetch::begin(door, session, uids, (items, strings), seen).await?;
                Ok(Pull::Fetch(Box::new(fetching)))
            }
            Ask::Search { key, wanted } => searching(door, session, key, Question::Search(wanted)).await,
            Ask::Sort { key, by } => searching(door, session, key, Question::Sort(by)).await,
            Ask::Thread { key, by } => searching(door, session, key, Question::Thread(by)).await,
            Ask::Store { uids, mode, flags, unchanged_since } => {
                let rows = acts::store(door, session, &uids, (mode, &flags, unchanged_since)).await?;
                Ok(Pull::Ready(rows.into_iter()))
            }
            _ => Err(refusals::confused()),
        }
    }
}

async fn searching(
    door: &ImapDoor,
    session: &mut Session,
    key: SearchKey,
    question: Question,
) -> Result<Pull, Refusal> {
    Ok(Pull::Search(Box::new(search::begin(door, session, key, question).await?)))
}

/// The answer that refuses an ask.
fn refused(ask: &Ask, refusal: Refusal) -> Answer {
    match ask {
        Ask::Annotations(_) => Answer::Annotations(Err(refusal)),
        Ask::Annotate { .. } => Answer::Outcome(Err(refusal)),
        Ask::Create { .. } => Answer::Created(Err(refusal)),
        Ask::Delete(_) => Answer::Deleted(Err(refusal)),
        Ask::Rename { .. } | Ask::Subscribe { .. } => Answer::Outcome(Err(refusal)),
        Ask::Folders(_) => Answer::Folders(Err(refusal)),
        Ask::Namespaces => Answer::Namespaces(Err(refusal)),
        Ask::Notify(_) => Answer::Notices(Err(refusal)),
        Ask::Quota(_) => Answer::Quota(Err(refusal)),
        Ask::Acl(_) => Answer::Acl(Err(refusal)),
        Ask::Status { .. } => Answer::Status(Err(refusal)),
        Ask::Select { .. } => Answer::Selected(Err(refusal)),
        Ask::Since(_) => Answer::Since(Err(refusal)),
        Ask::Poll => Answer::Changes(Changes { ended: Some(refusal), ..Changes::default() }),
        Ask::Copy { .. } | Ask::Move { .. } => Answer::Copied(Err(refusal)),
        Ask::Expunge { .. } => Answer::Expunged(Err(refusal)),
        Ask::Identify(_) | Ask::Unselect | Ask::Discard => Answer::Done,
        Ask::Authenticate { .. } | Ask::Respond(_) | Ask::Append { .. } => Answer::Outcome(Err(refusal)),
        Ask::Finish => Answer::Appended(Err(refusal)),
        Ask::Fetch { .. }
        | Ask::Store { .. }
        | Ask::Search { .. }
        | Ask::Sort { .. }
        | Ask::Thread { .. } => Answer::Refused(refusal),
    }
}

impl World<Server> for ImapWorld {
    async fn answer(&mut self, ask: Ask) -> Answer {
        self.door.ahead().asked();
        match ask {
            Ask::Identify(pairs) => {
                tracing::debug!(pairs = pairs.len(), "a mail program named itself");
                Answer::Done
            }
            Ask::Authenticate { attempt, binding } => {
                let Some(sign_in) = self.sign_in.as_mut() else {
                    return Answer::Outcome(Err(refusals::confused()));
                };
                let now = self.door.relay().now();
                // Boxed: once in a session, and the session lives long.
                let step = Box::pin(sign_in.attempt(attempt, binding.as_deref(), now)).await;
                self.step(step).await
            }
            Ask::Respond(answer) => {
                let Some(sign_in) = self.sign_in.as_mut() else {
                    return Answer::Outcome(Err(refusals::confused()));
                };
                let now = self.door.relay().now();
                let step = Box::pin(sign_in.respond(answer, now)).await;
                self.step(step).await
            }
            Ask::Append { folder, flags, date, size, replaces } => {
                let beginning = append::Beginning { folder, flags, date, size, replaces };
                Answer::Outcome(self.begin_append(beginning).await)
            }
            Ask::Finish => {
                let (appending, session) = (self.appending.take(), self.session.as_deref_mut());
                let (Some(appending), Some(session)) = (appending, session) else {
                    return Answer::Appended(Err(refusals::confused()));
                };
                Answer::Appended(match session.expired(&self.door).await {
                    Some(refusal) => Err(refusal),
                    None => append::finish(&self.door, session, *appending).await,
                })
            }
            Ask::Discard => {
                self.appending = None;
                Answer::Done
            }
            Ask::Notify(watch) => Answer::Notices(self.notify(watch).await),
            // Whoever may no longer use the folder's mailbox may leave it.
            Ask::Unselect => {
                if let Some(session) = self.session.as_deref_mut() {
                    session.open = None;
                }
                Answer::Done
            }
            ask => match self.session.as_deref_mut() {
                Some(session) => match session.expired(&self.door).await {
                    Some(refusal) => refused(&ask, refusal),
                    None => Self::ask_of(&self.door, session, ask).await,
                },
                None => Answer::Refused(refusals::confused()),
            },
        }
    }

    async fn open(&mut self, ask: Ask) {
        // What an earlier pull left goes before the new one takes memory.
        self.pull = None;
        let begun = match self.session.as_deref_mut() {
            Some(session) => Self::pull_of(&self.door, session, ask).await,
            None => Err(refusals::confused()),
        };
        let refused = |refusal| Pull::Ready(vec![Answer::Refused(refusal)].into_iter());
        self.pull = Some(begun.unwrap_or_else(refused));
    }

    async fn pull(&mut self) -> Option<Answer> {
        self.door.ahead().asked();
        // A peer that reads slowly keeps no right that ended meanwhile (RELIABILITY A-15).
        if self.pull.as_ref().is_some_and(Pull::asks_for_more)
            && let Some(session) = self.session.as_deref_mut()
            && let Some(refusal) = session.expired(&self.door).await
        {
            self.pull = Some(Pull::Ready(Vec::new().into_iter()));
            return Some(Answer::Refused(refusal));
        }
        let item = match (self.pull.as_mut(), self.session.as_deref_mut()) {
            (Some(Pull::Fetch(fetching)), Some(session)) => fetching.next(session).await,
            (Some(Pull::Search(searching)), _) => searching.next().await,
            (Some(Pull::Ready(answers)), _) => answers.next(),
            (Some(Pull::Fetch(_)), None) | (None, _) => None,
        };
        if item.is_none() {
            self.pull = None;
        }
        item
    }

    fn secured(&mut self, peer: &certs::PeerInfo) {
        if let Some(sign_in) = self.sign_in.as_mut() {
            sign_in.secured(peer);
        }
    }

    async fn push(&mut self, piece: Bytes) {
        if let Some(appending) = self.appending.as_deref_mut() {
            appending.push(&piece).await;
        }
    }

    async fn event(&mut self) -> Answer {
        let Some(session) = self.session.as_deref_mut() else { return std::future::pending().await };
        let Some(watching) = self.watching.as_deref_mut() else {
            return Answer::Changes(news::wait(&self.door, session).await);
        };
        loop {
            tokio::select! {
                biased;
                changes = news::wait(&self.door, session) => return Answer::Changes(changes),
                () = watching.stirred() => {}
            }
            if let Some(refusal) = session.expired(&self.door).await {
                return Answer::Changes(Changes { ended: Some(refusal), ..Changes::default() });
            }
            let notices = watching.look(&self.door, session).await;
            if notices.contains(&Notice::Overflow) {
                self.watching = None;
                return Answer::Notices(Ok(notices));
            }
            if !notices.is_empty() {
                return Answer::Notices(Ok(notices));
            }
        }
    }
}

impl std::fmt::Debug for ImapWorld {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("ImapWorld")
    }
}
