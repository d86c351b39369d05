//! Signing in at the mail doors: one limiter, one answer to every wrong guess, one line in the trail.

use crate::intake::Relay;
use audit::{Act, Actor, Chain, Entry, Line};
use directory::Login;
use names::{AccountId, Address, Timestamp};
use net::Gate;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use wire::sasl::Secret;

/// Why a mail program is not let in.
#[derive(Debug)]
pub(crate) enum SignInRefusal {
    /// Too many wrong guesses lately, from there or for this login.
    Wait(Duration),
    /// Login or password is wrong, or the mailbox is not open: the same answer for all.
    Wrong,
    /// We cannot say now.
    Unavailable,
}

/// What a mail program showed to be let in.
pub(crate) struct Attempt<'a> {
    /// The door's name, for the trail.
    pub(crate) door: &'static str,
    pub(crate) peer: IpAddr,
    pub(crate) login: &'a str,
    pub(crate) authzid: Option<&'a str>,
    pub(crate) secret: &'a Secret,
}

/// Verifies a login and its password. The limiter of all doors is asked first and told the outcome
/// (RELIABILITY A-01).
pub(crate) async fn verify(
    relay: &Relay,
    gate: &Gate,
    attempt: Attempt<'_>,
    now: Timestamp,
) -> Result<Arc<Login>, SignInRefusal> {
    let Attempt { door, peer, login: name, authzid, secret } = attempt;
    gate.check_auth(name, peer, now).map_err(|wait| SignInRefusal::Wait(wait.0))?;
    let address = Address::parse(name);
    let known = match (&address, std::str::from_utf8(secret.expose()), authzid) {
        (Ok(address), Ok(password), None) => {
            relay.directory().verify_login(address, password, now).await.map_err(|error| {
                tracing::error!(%error, "a login could not be checked");
                SignInRefusal::Unavailable
            })?
        }
        // Nobody may act as somebody else by authorisation identity: delegations have their own logins.
        (Err(_), ..) | (_, Err(_), _) | (.., Some(_)) => None,
    };
    match known {
        Some(login) => {
            gate.succeeded(name, peer, now);
            Ok(login)
        }
        None => {
            gate.failed(name, peer, now);
            tracing::info!(%peer, "a sign-in was refused");
            if let Ok(address) = address {
                // Not waited for: the time of the answer would tell which mailboxes exist. How many
                // there can be is bounded by the limiter.
                tokio::spawn(tell_refused(relay.clone(), address, door, now));
            }
            Err(SignInRefusal::Wrong)
        }
    }
}

/// Tells that a session begins: one line a session, whatever is done in it.
pub(crate) async fn tell_signed_in(
    relay: &Relay,
    login: &Login,
    door: &'static str,
    now: Timestamp,
) -> Result<(), db::Error> {
    let account = Actor::Account(login.account);
    let actor = login.person.map_or(account, Actor::Person);
    let for_whom = (actor != account).then_some(account);
    let detail = format!("door={door} {}", login.means);
    let line = Line { at: now, actor, for_whom, act: Act::SignedIn, detail };
    tell(relay, login.account, line).await
}

/// Tells the owner of a mailbox that somebody tried to get in; a mailbox that does not exist has no
/// chain. Who it was is not known: the line names the mailbox only.
async fn tell_refused(relay: Relay, address: Address, door: &'static str, now: Timestamp) {
    let account = match relay.directory().mailbox(&address).await {
        Ok(Some(mailbox)) => mailbox.account,
        Ok(None) => return,
        Err(error) => return tracing::error!(%error, "a refused sign-in could not be told"),
    };
    let actor = Actor::Account(account);
    let detail = format!("door={door}");
    let line = Line { at: now, actor, for_whom: None, act: Act::SignInRefused, detail };
    if let Err(error) = tell(&relay, account, line).await {
        tracing::error!(%error, "a refused sign-in could not be told");
    }
}

async fn tell(relay: &Relay, account: AccountId, line: Line) -> Result<(), db::Error> {
    let lines = [Entry::new(Chain::Account(account), line, &relay.inner().entropy)];
    relay
        .mailstore()
        .db()
        .write(db::unit("tell of a sign-in", lines, |lines, tx| {
            Box::pin(async move { audit::append(tx, lines).await })
        }))
        .await
}
