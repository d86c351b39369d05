//! A signed-in session: who it is, what it watches, which folder it has open.

use std::sync::Arc;

use directory::{Login, Rights, Seen};
use mailstore::Watcher;
use names::AccountId;
use wire::imap::{Access, Code, Refusal};
use wire::sasl;

use super::door::{ImapDoor, Place};
use super::news::Open;
use super::refusals;
use crate::sign_in::{self, Attempt, SignInRefusal};

/// This door's name in the trail.
const DOOR: &str = "mailbox";

/// What one connection is after its sign-in.
pub(super) struct Session {
    pub(super) login: Arc<Login>,
    pub(super) watcher: Watcher,
    /// The selected folder.
    pub(super) open: Option<Open>,
    /// When the login was last known to be good.
    seen: Seen,
    _place: Place,
}

impl Session {
    /// Lets a login in, or says why not.
    pub(super) async fn sign_in(
        door: &ImapDoor,
        peer: std::net::IpAddr,
        attempt: sasl::Attempt,
    ) -> Result<Self, Refusal> {
        let relay = door.relay();
        let now = relay.now();
        let seen = relay.directory().seen(now);
        // The other ways are not offered at this door.
        let sasl::Attempt::Password { login: name, authzid, secret, .. } = &attempt else {
            return Err(refusals::sign_in(&SignInRefusal::Wrong));
        };
        let attempt = Attempt { door: DOOR, peer, login: name, authzid: authzid.as_deref(), secret };
        let login = sign_in::verify(relay, door.gate(), attempt, now).await;
        let login = login.map_err(|refusal| refusals::sign_in(&refusal))?;
        let Some(place) = door.admit(&login) else {
            return Err(Refusal::new(Code::Limit, "too many sessions of this login; please close one"));
        };
        let told = sign_in::tell_signed_in(relay, &login, DOOR, now).await;
        told.map_err(refusals::database("telling of a sign-in"))?;
        let watcher = relay.mailstore().watch(login.account);
        Ok(Self { login, watcher, open: None, seen, _place: place })
    }

    pub(super) fn account(&self) -> AccountId {
        self.login.account
    }

    /// What the login's rights allow in this mailbox.
    pub(super) fn access(&self) -> Access {
        match self.login.rights {
            Rights::Read => Access::ReadOnly,
            Rights::Write | Rights::Manage => Access::ReadWrite,
        }
    }

    /// Refuses a login that may only read.
    pub(super) fn may_write(&self) -> Result<(), Refusal> {
        match self.access() {
            Access::ReadWrite => Ok(()),
            Access::ReadOnly => Err(refusals::may_only_read()),
        }
    }

    /// The selected folder. The machine never asks about one before it has selected it.
    pub(super) fn folder(&mut self) -> Result<&mut Open, Refusal> {
        self.open.as_mut().ok_or_else(refusals::confused)
    }

    /// Why this session must end: its password was revoked, its mailbox stopped or its rights ended
    /// (RELIABILITY A-15). Costs one comparison as long as the directory does not change.
    pub(super) async fn expired(&mut self, door: &ImapDoor) -> Option<Refusal> {
        let relay = door.relay();
        match relay.directory().renew_login(&self.login, &mut self.seen, relay.now()).await {
            Ok(Some(login)) => {
                self.login = login;
                None
            }
            Ok(None) => {
                Some(Refusal::new(Code::Expired, "this login no longer counts; please sign in again"))
            }
            Err(error) => {
                // Looked at again with the next command: nothing was taken as seen.
                tracing::error!(door = "mailbox", %error, "a login could not be looked at again");
                None
            }
        }
    }
}
