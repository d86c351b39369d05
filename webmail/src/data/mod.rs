//! The seam: every question the pages ask the rooms below, and nothing else.
//!
//! A page never calls the directory, the store or the relay itself. Whose space is asked about is
//! always taken from a live [`Session`], never from an address or a form.

mod letters;
mod profiles;
mod records;
mod writing;

pub use letters::{Bodies, OneLetter, Stream, Who};
pub use profiles::{Closing, Identification, Reopening};
pub use writing::{Chosen, Message, Permission, Sent, by_contact};

use std::net::IpAddr;
use std::sync::Arc;

use directory::{CheckedCode, ClosedSpace, CodeToSend, Profile, Relation, Session, SignedIn};
use mailstore::Viewer;
use names::{Clock, Entropy, PatientId, SessionId, Timestamp};
use net::Gate;
use relay::Relay;
use relay::alerts::Channels;

/// The rooms below, as the pages hold them. Cheap to clone.
#[derive(Clone)]
pub struct Rooms {
    /// Rules and intake; leads to the directory and the store.
    pub relay: Relay,
    /// The way out of sign-in codes.
    pub codes: Codes,
    /// The limiter that all doors share.
    pub gate: Gate,
    /// Time.
    pub clock: Clock,
    /// Chance.
    pub entropy: Entropy,
}

/// Sends sign-in codes outside. It must not make its caller wait: an answer that takes longer when a
/// code leaves would tell who exists (RELIABILITY A-02).
#[derive(Clone)]
pub struct Codes(Arc<dyn Fn(CodeToSend) + Send + Sync>);

impl Codes {
    /// Codes that leave by `send`.
    pub fn new(send: impl Fn(CodeToSend) + Send + Sync + 'static) -> Self {
        Self(Arc::new(send))
    }

    /// Sends one.
    pub(crate) fn send(&self, code: CodeToSend) {
        (self.0)(code);
    }

    /// Codes that leave by the channels of notices, each in a task of its own.
    #[must_use]
    pub fn through(channels: Channels, clock: Clock) -> Self {
        Self::new(move |code| {
            let (channels, clock) = (channels.clone(), clock.clone());
            tokio::spawn(async move {
                if let Err(error) = relay::alerts::send_code(&channels, &code, &clock).await {
                    tracing::error!(%error, "a sign-in code did not leave");
                }
            });
        })
    }
}

/// A room below failed.
#[derive(Debug, thiserror::Error)]
#[error("the pages failed while {what}")]
pub struct Failure {
    what: &'static str,
    #[source]
    cause: Box<dyn std::error::Error + Send + Sync>,
}

/// Names what we were doing when a room failed.
pub(crate) trait Doing<T> {
    /// As "reading a conversation".
    fn doing(self, what: &'static str) -> Result<T, Failure>;
}

impl<T, E: std::error::Error + Send + Sync + 'static> Doing<T> for Result<T, E> {
    fn doing(self, what: &'static str) -> Result<T, Failure> {
        self.map_err(|cause| Failure { what, cause: Box::new(cause) })
    }
}

/// Answer of step one.
#[derive(Debug)]
pub enum FirstStep {
    /// On to the code, whatever was wrong (RELIABILITY A-02).
    Pending {
        /// For the browser's cookie.
        token: String,
        /// Masked.
        destination: String,
    },
    /// Too many tries; the same for those who exist and those who do not.
    Wait(i64),
}

/// Answer of step two.
#[derive(Debug)]
pub enum SecondStep {
    /// In.
    SignedIn(SignedIn),
    /// Another try.
    Wrong,
    /// Back to step one.
    Over,
    /// Their own space is closed, and they may open it again.
    Closed(ClosedSpace),
    /// Every profile of this person is closed.
    NoProfile,
}

/// With whose eyes this session looks.
pub fn viewer(profile: &Profile) -> Viewer {
    match profile.relation {
        Relation::Own => Viewer::Patient,
        Relation::LegalRepresentative | Relation::Helper => Viewer::Representative,
    }
}

impl Rooms {
    /// Identifier and password. The code leaves by itself, so that the answer takes no longer when
    /// there is one.
    pub async fn start_sign_in(
        &self,
        login: &str,
        password: &str,
        peer: IpAddr,
        now: Timestamp,
    ) -> Result<FirstStep, Failure> {
        if let Err(wait) = self.gate.check_auth(login, peer, now) {
            return Ok(FirstStep::Wait(i64::try_from(wait.0.as_secs()).unwrap_or(i64::MAX)));
        }
        let started =
            self.relay.directory().start_sign_in(login, password, now).await.doing("starting a sign-in")?;
        match started.code {
            None => self.gate.failed(login, peer, now),
            Some(code) => self.codes.send(code),
        }
        Ok(FirstStep::Pending { token: started.pending.token, destination: started.pending.destination })
    }

    /// The six digits. Guesses count against the address they come from.
    pub async fn check_code(
        &self,
        pending: &str,
        code: &str,
        peer: IpAddr,
        now: Timestamp,
    ) -> Result<SecondStep, Failure> {
        let checked = self.relay.directory().check_code(pending, code, now).await.doing("checking a code")?;
        Ok(match checked {
            CheckedCode::SignedIn(signed_in) => SecondStep::SignedIn(signed_in),
            CheckedCode::Wrong => {
                self.gate.failed(pending, peer, now);
                SecondStep::Wrong
            }
            CheckedCode::Over => SecondStep::Over,
            CheckedCode::Closed(space) => SecondStep::Closed(space),
            CheckedCode::NoProfile => SecondStep::NoProfile,
        })
    }

    /// The live session of a cookie.
    pub async fn session(&self, token: &str, now: Timestamp) -> Result<Option<Session>, Failure> {
        let directory = self.relay.directory();
        let session = directory.session(token, now).await.doing("finding a session")?;
        if let Some(session) = &session {
            directory.touch_session(session, now).await.doing("touching a session")?;
        }
        Ok(session)
    }

    /// Ends it.
    pub async fn sign_out(&self, session: &Session, now: Timestamp) -> Result<(), Failure> {
        self.relay.directory().end_session(session, session.id, now).await.doing("signing out").map(drop)
    }

    /// Whether a session the second origin was told of still lives, and the profile of that account
    /// it may open.
    pub async fn profile_of_ticket(
        &self,
        user: directory::UserId,
        session: SessionId,
        account: names::AccountId,
        now: Timestamp,
    ) -> Result<Option<Profile>, Failure> {
        let directory = self.relay.directory();
        let live = directory.sessions_of(user, now).await.doing("finding the sessions of a user")?;
        if !live.iter().any(|line| line.id == session) {
            return Ok(None);
        }
        let profiles = directory.profiles_of(user, now).await.doing("finding the profiles of a user")?;
        Ok(profiles.into_iter().find(|profile| profile.account == account))
    }

    /// The profiles this person may open, their own first, with the number of new messages.
    pub async fn profiles(&self, session: &Session, now: Timestamp) -> Result<Vec<(Profile, u64)>, Failure> {
        let profiles =
            self.relay.directory().profiles_of(session.user, now).await.doing("listing profiles")?;
        let mut counted = Vec::with_capacity(profiles.len());
        for profile in profiles {
            let unread = self.unread(&profile).await?;
            counted.push((profile, unread));
        }
        Ok(counted)
    }

    /// Opens another profile under a new session token.
    pub async fn switch_profile(
        &self,
        session: &Session,
        to: PatientId,
        now: Timestamp,
    ) -> Result<Option<SignedIn>, Failure> {
        self.relay.directory().switch_profile(session, to, now).await.doing("switching profile")
    }

    /// New messages of a space.
    pub async fn unread(&self, profile: &Profile) -> Result<u64, Failure> {
        let unread = self.relay.mailstore().unread(profile.account, viewer(profile)).await;
        Ok(unread.doing("counting new messages")?.0)
    }
}
