//! Signing in at the mail doors: every mechanism, one limiter, one answer to every wrong guess, one line
//! in the trail.

mod entrance;
mod reader;
mod session;
mod structure;
#[cfg(test)]
mod tests;
mod trail;

pub use entrance::{Certificates, ChannelBinding, Entrance};
pub use reader::{Reader, ReadingDoor};
pub(crate) use session::SignedIn;
pub(crate) use trail::tell_signed_in;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use directory::{Directory, Login};
use names::{Address, NationalStructureId, Timestamp};
use tokens::TokenFault;
use wire::sasl::{self, ClientFirst, Secret, ServerFirst, server_final};

use crate::intake::Relay;

/// Octets of our half of a SCRAM nonce (RFC 5802 §5.1: a fresh one each time).
const NONCE: usize = 18;

/// Why somebody is not let in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignInRefusal {
    /// Too many wrong guesses lately, from there or for this login.
    Wait(Duration),
    /// Login or password is wrong, or the mailbox is not open: the same answer for all.
    Wrong,
    /// We cannot say now.
    Unavailable,
}

/// What follows from what the client said.
pub(crate) enum Step {
    /// Send this; [`SignIn::respond`] with what the client says.
    Challenge(Vec<u8>),
    /// They are in.
    In(SignedIn),
}

/// One connection's attempts to sign in.
pub(crate) struct SignIn {
    relay: Relay,
    entrance: Entrance,
    /// The door's name, for the trail.
    door: &'static str,
    peer: IpAddr,
    /// The structure that the shown certificate names.
    structure: Option<NationalStructureId>,
    proving: Option<Proving>,
    /// The mechanism of the attempt under way, as metrics call it.
    mechanism: &'static str,
}

/// A SCRAM exchange under way.
enum Proving {
    /// Our challenge was sent.
    Asked { name: String, authzid: Option<String>, first: ServerFirst },
    /// The proof was right, and ours was sent.
    Answered(SignedIn),
}

/// What an attempt is counted and told as.
struct Guess {
    /// The login as typed, or what stands for one.
    name: String,
    /// The mailbox it aims at, when it names one.
    address: Option<Address>,
}

impl SignIn {
    pub(crate) fn new(relay: Relay, entrance: Entrance, door: &'static str, peer: IpAddr) -> Self {
        Self { relay, entrance, door, peer, structure: None, proving: None, mechanism: "none" }
    }

    /// The peer showed a certificate that the door's roots vouch for.
    pub(crate) fn secured(&mut self, peer: &certs::PeerInfo) {
        self.structure = structure::of_subject(&peer.subject);
    }

    /// Takes what a client shows. The limiter of all doors is asked first and told the outcome
    /// (RELIABILITY A-01).
    pub(crate) async fn attempt(
        &mut self,
        attempt: sasl::Attempt,
        binding: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<Step, SignInRefusal> {
        self.mechanism = match &attempt {
            sasl::Attempt::Password { mechanism, .. } | sasl::Attempt::Token { mechanism, .. } => {
                mechanism.as_str()
            }
            sasl::Attempt::External { .. } => sasl::Mechanism::External.as_str(),
            sasl::Attempt::Scram { plus: true, .. } => sasl::Mechanism::ScramSha256Plus.as_str(),
            sasl::Attempt::Scram { plus: false, .. } => sasl::Mechanism::ScramSha256.as_str(),
        };
        let step = self.try_it(attempt, binding, now).await;
        self.count(&step);
        step
    }

    fn count(&self, step: &Result<Step, SignInRefusal>) {
        let outcome = match step {
            Ok(Step::Challenge(_)) => return,
            Ok(Step::In(_)) => "ok",
            Err(SignInRefusal::Wrong) => "refused",
            Err(SignInRefusal::Wait(_)) => "delayed",
            Err(SignInRefusal::Unavailable) => "unavailable",
        };
        self.relay.inner().tally.signed_in(self.door, self.mechanism, outcome);
    }

    async fn try_it(
        &mut self,
        attempt: sasl::Attempt,
        binding: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<Step, SignInRefusal> {
        self.proving = None;
        match attempt {
            sasl::Attempt::Password { login, authzid, secret, .. } => {
                let guess = self.guess(login, now)?;
                let seen = self.relay.directory().seen(now);
                let found = self.by_password(&guess, authzid, &secret, now).await?;
                self.settle(guess, found, now).map(|login| Step::In(SignedIn::new(login, seen, None)))
            }
            sasl::Attempt::Scram { first, .. } => self.challenge(first, binding, now),
            sasl::Attempt::Token { login, token, .. } => self.by_token(login, &token, now).await,
            sasl::Attempt::External { authzid } => self.by_certificate(authzid, now).await,
        }
    }

    /// Takes what a client answers to a challenge of ours.
    pub(crate) async fn respond(&mut self, answer: Secret, now: Timestamp) -> Result<Step, SignInRefusal> {
        let step = self.prove(answer, now).await;
        self.count(&step);
        step
    }

    async fn prove(&mut self, answer: Secret, now: Timestamp) -> Result<Step, SignInRefusal> {
        match self.proving.take() {
            // RFC 5802 §5: the client has seen our proof, and has nothing to add.
            Some(Proving::Answered(signed_in)) if answer.expose().is_empty() => Ok(Step::In(signed_in)),
            Some(Proving::Asked { name, authzid, first }) => {
                // Asked again: many exchanges may have been begun before the first one failed.
                let guess = self.guess(name, now)?;
                let seen = self.relay.directory().seen(now);
                let proved = self.by_proof(&guess, authzid, &first, &answer, now).await?;
                let (login, signature) = match proved {
                    Some(proved) => (Some(proved.login), proved.signature),
                    None => (None, [0; 32]),
                };
                let login = self.settle(guess, login, now)?;
                self.proving = Some(Proving::Answered(SignedIn::new(login, seen, None)));
                Ok(Step::Challenge(server_final(&signature)))
            }
            Some(Proving::Answered(_)) | None => Err(SignInRefusal::Wrong),
        }
    }

    async fn by_password(
        &self,
        guess: &Guess,
        authzid: Option<String>,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<Option<Arc<Login>>, SignInRefusal> {
        match (&guess.address, std::str::from_utf8(secret.expose()), authzid) {
            (Some(address), Ok(password), None) => {
                let found = self.directory().verify_login(address, password, now).await;
                found.map_err(|error| unavailable(&error))
            }
            // Nobody may act as somebody else by authorisation identity: delegations have their own
            // logins (RELIABILITY A-03).
            (None, ..) | (_, Err(_), _) | (.., Some(_)) => Ok(None),
        }
    }

    /// The same challenge for every login, known or not (docs/adr/0019-one-salt.md).
    fn challenge(
        &mut self,
        first: ClientFirst,
        binding: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<Step, SignInRefusal> {
        let guess = self.guess(first.login.clone(), now)?;
        let (salt, iterations) = self.directory().scram_challenge();
        let nonce: [u8; NONCE] = self.relay.inner().entropy.bytes();
        let challenge = ServerFirst::new(&first, &nonce, &salt, iterations, binding);
        let challenge = challenge.map_err(|_| SignInRefusal::Wrong)?;
        let message = challenge.message().to_vec();
        self.proving = Some(Proving::Asked { name: guess.name, authzid: first.authzid, first: challenge });
        Ok(Step::Challenge(message))
    }

    async fn by_proof(
        &self,
        guess: &Guess,
        authzid: Option<String>,
        first: &ServerFirst,
        answer: &Secret,
        now: Timestamp,
    ) -> Result<Option<directory::Proved>, SignInRefusal> {
        match (&guess.address, first.read(answer.expose()), authzid) {
            (Some(address), Ok(last), None) => {
                let found =
                    self.directory().verify_proof(address, &last.auth_message, &last.proof, now).await;
                found.map_err(|error| unavailable(&error))
            }
            (None, ..) | (_, Err(_), _) | (.., Some(_)) => Ok(None),
        }
    }

    async fn by_token(
        &self,
        login: Option<String>,
        token: &Secret,
        now: Timestamp,
    ) -> Result<Step, SignInRefusal> {
        let text = std::str::from_utf8(token.expose()).map_err(|_| SignInRefusal::Wrong)?;
        // Without a login, the token itself is what is guessed.
        let wished = login.is_some();
        let guess = self.guess(login.unwrap_or_else(|| text.to_owned()), now)?;
        let seen = self.directory().seen(now);
        let identity = match self.entrance.issuers().verify(text, now).await {
            Ok(identity) => Some(identity),
            Err(fault) if fault.is_temporary() => {
                tracing::error!(error = chain(&fault), "a token could not be checked");
                return Err(SignInRefusal::Unavailable);
            }
            Err(fault) => {
                tracing::info!(peer = %self.peer, %fault, "a token was refused");
                None
            }
        };
        // A wish that is no address is not fulfilled by another mailbox.
        let identity = identity.filter(|_| !wished || guess.address.is_some());
        let until = identity.as_ref().map(|identity| identity.expires_at);
        let found = match &identity {
            Some(identity) => {
                let wish = guess.address.as_ref();
                let found = self.directory().login_of_person(&identity.national_id, wish, now).await;
                found.map_err(|error| unavailable(&error))?
            }
            None => None,
        };
        self.settle(guess, found, now).map(|login| Step::In(SignedIn::new(login, seen, until)))
    }

    async fn by_certificate(&self, authzid: Option<String>, now: Timestamp) -> Result<Step, SignInRefusal> {
        // Without a certificate the mechanism is not offered, and there is nothing to guess.
        let Some(structure) = &self.structure else { return Err(SignInRefusal::Wrong) };
        let wished = authzid.is_some();
        let guess = self.guess(authzid.unwrap_or_else(|| structure.0.clone()), now)?;
        let seen = self.directory().seen(now);
        let found = match (&guess.address, wished) {
            (wish @ Some(_), true) => {
                self.directory().login_of_organisation(structure, wish.as_ref(), now).await
            }
            (None, true) => Ok(None),
            (_, false) => self.directory().login_of_organisation(structure, None, now).await,
        };
        let found = found.map_err(|error| unavailable(&error))?;
        self.settle(guess, found, now).map(|login| Step::In(SignedIn::new(login, seen, None)))
    }

    /// Asks the limiter of all doors.
    fn guess(&self, name: String, now: Timestamp) -> Result<Guess, SignInRefusal> {
        let gate = self.entrance.gate();
        gate.check_auth(&name, self.peer, now).map_err(|wait| SignInRefusal::Wait(wait.0))?;
        let address = Address::parse(&name).ok();
        Ok(Guess { name, address })
    }

    /// Tells the limiter, and the owner of the mailbox, how it went.
    fn settle(
        &self,
        guess: Guess,
        found: Option<Arc<Login>>,
        now: Timestamp,
    ) -> Result<Arc<Login>, SignInRefusal> {
        let gate = self.entrance.gate();
        if let Some(login) = found {
            gate.succeeded(&guess.name, self.peer, now);
            return Ok(login);
        }
        gate.failed(&guess.name, self.peer, now);
        tracing::info!(peer = %self.peer, "a sign-in was refused");
        if let Some(address) = guess.address {
            // Not waited for: the time of the answer would tell which mailboxes exist. How many there
            // can be is bounded by the limiter.
            tokio::spawn(trail::tell_refused(self.relay.clone(), address, self.door, now));
        }
        Err(SignInRefusal::Wrong)
    }

    fn directory(&self) -> &Directory {
        self.relay.directory()
    }
}

fn unavailable(error: &directory::Error) -> SignInRefusal {
    tracing::error!(%error, "a login could not be checked");
    SignInRefusal::Unavailable
}

fn chain(fault: &TokenFault) -> String {
    match std::error::Error::source(fault) {
        Some(cause) => format!("{fault}: {cause}"),
        None => fault.to_string(),
    }
}
