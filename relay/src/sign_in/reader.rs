//! Signing in at a door that carries no letters: the directory's.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use directory::{Login, Means};
use names::{AccountId, HOUR, Timestamp};
use wire::sasl::{self, Mechanism, Secret};

use super::{Entrance, SignIn, SignInRefusal, SignedIn, Step, tell_signed_in};
use crate::intake::Relay;

/// Sign-ins that are remembered as told; beyond it those of the last hour are told again.
const TOLD: usize = 10_000;

/// What all connections of one such door share. Clones share it too.
#[derive(Clone)]
pub struct ReadingDoor {
    relay: Relay,
    entrance: Entrance,
    door: &'static str,
    /// When each login was last written to the trail: a program that completes addresses signs in at each
    /// letter typed, and one line an hour says as much as thousands.
    told: Arc<Mutex<HashMap<(AccountId, Means), Timestamp>>>,
}

/// One connection's sign-ins.
pub struct Reader {
    door: ReadingDoor,
    sign_in: SignIn,
    signed_in: Option<SignedIn>,
}

impl ReadingDoor {
    /// For a door of this name in the trail and the metrics.
    #[must_use]
    pub fn new(relay: Relay, entrance: Entrance, door: &'static str) -> Self {
        Self { relay, entrance, door, told: Arc::default() }
    }

    /// For a new connection.
    #[must_use]
    pub fn reader(&self, peer: IpAddr) -> Reader {
        let sign_in = SignIn::new(self.relay.clone(), self.entrance.clone(), self.door, peer);
        Reader { door: self.clone(), sign_in, signed_in: None }
    }

    async fn tell(&self, login: &Login, now: Timestamp) -> Result<(), SignInRefusal> {
        let who = (login.account, login.means);
        {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            if told.len() > TOLD {
                told.retain(|_, at| now.since(*at) < HOUR);
            }
            if told.get(&who).is_some_and(|at| now.since(*at) < HOUR) {
                return Ok(());
            }
            told.insert(who, now);
        }
        tell_signed_in(&self.relay, login, self.door, now).await.map_err(|error| {
            self.told.lock().unwrap_or_else(PoisonError::into_inner).remove(&who);
            tracing::error!(%error, "a sign-in could not be told");
            SignInRefusal::Unavailable
        })
    }
}

impl Reader {
    /// The peer showed a certificate that the door's roots vouch for.
    pub fn secured(&mut self, peer: &certs::PeerInfo) {
        self.sign_in.secured(peer);
    }

    /// Looks at a login and its application password.
    pub async fn by_password(
        &mut self,
        login: String,
        secret: Vec<u8>,
        now: Timestamp,
    ) -> Result<Arc<Login>, SignInRefusal> {
        let (mechanism, secret) = (Mechanism::Plain, Secret::new(secret));
        self.enter(sasl::Attempt::Password { mechanism, login, authzid: None, secret }, now).await
    }

    /// Looks at the certificate, for this mailbox or the only one it opens.
    pub async fn by_certificate(
        &mut self,
        mailbox: Option<String>,
        now: Timestamp,
    ) -> Result<Arc<Login>, SignInRefusal> {
        self.enter(sasl::Attempt::External { authzid: mailbox }, now).await
    }

    async fn enter(&mut self, attempt: sasl::Attempt, now: Timestamp) -> Result<Arc<Login>, SignInRefusal> {
        self.signed_in = None;
        let Step::In(signed_in) = self.sign_in.attempt(attempt, None, now).await? else {
            return Err(SignInRefusal::Wrong);
        };
        let login = Arc::clone(signed_in.login());
        self.door.tell(&login, now).await?;
        self.signed_in = Some(signed_in);
        Ok(login)
    }

    /// Whether who came in still may (RELIABILITY A-15).
    pub async fn remains(&mut self, now: Timestamp) -> Result<(), SignInRefusal> {
        let Some(signed_in) = &mut self.signed_in else { return Err(SignInRefusal::Wrong) };
        match signed_in.renew(self.door.relay.directory(), now).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => {
                self.signed_in = None;
                Err(SignInRefusal::Wrong)
            }
            Err(error) => {
                tracing::error!(%error, "a login could not be looked at again");
                Err(SignInRefusal::Unavailable)
            }
        }
    }

    /// Who came in leaves.
    pub fn leave(&mut self) {
        self.signed_in = None;
    }
}
