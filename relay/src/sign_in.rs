//! Signing in at the mail doors: one limiter, one answer to every wrong guess.

use crate::intake::Relay;
use directory::Login;
use names::{Address, Timestamp};
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

/// Verifies a login and its password. The limiter of all doors is asked first and told the outcome
/// (RELIABILITY A-01).
pub(crate) async fn verify(
    relay: &Relay,
    gate: &Gate,
    peer: IpAddr,
    name: &str,
    authzid: Option<&str>,
    secret: &Secret,
    now: Timestamp,
) -> Result<Arc<Login>, SignInRefusal> {
    gate.check_auth(name, peer, now).map_err(|wait| SignInRefusal::Wait(wait.0))?;
    let known = match (Address::parse(name), std::str::from_utf8(secret.expose()), authzid) {
        (Ok(address), Ok(password), None) => {
            relay.directory().verify_login(&address, password, now).await.map_err(|error| {
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
            Err(SignInRefusal::Wrong)
        }
    }
}
