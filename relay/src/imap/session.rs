//! A signed-in session: who it is, what it watches, which folder it has open.

use std::sync::Arc;

use directory::{Login, Rights};
use mailstore::Watcher;
use names::{AccountId, Timestamp};
use wire::imap::{Access, Code, Refusal};

use super::door::{ImapDoor, Place};
use super::news::Open;
use super::refusals;
use crate::sign_in::{SignedIn, tell_signed_in};

/// This door's name in the trail.
pub(super) const DOOR: &str = "mailbox";

/// What one connection is after its sign-in.
pub(super) struct Session {
    signed_in: SignedIn,
    pub(super) watcher: Watcher,
    /// The selected folder.
    pub(super) open: Option<Open>,
    _place: Place,
}

impl Session {
    /// Opens the mailbox of who is in.
    pub(super) async fn open(door: &ImapDoor, signed_in: SignedIn) -> Result<Self, Refusal> {
        let relay = door.relay();
        let login = signed_in.login();
        let Some(place) = door.admit(login) else {
            return Err(Refusal::new(Code::Limit, "too many sessions of this login; please close one"));
        };
        let told = tell_signed_in(relay, login, DOOR, relay.now()).await;
        told.map_err(refusals::database("telling of a sign-in"))?;
        let watcher = relay.mailstore().watch(login.account);
        Ok(Self { signed_in, watcher, open: None, _place: place })
    }

    pub(super) fn login(&self) -> &Arc<Login> {
        self.signed_in.login()
    }

    pub(super) fn account(&self) -> AccountId {
        self.login().account
    }

    /// What the login's rights allow in this mailbox.
    pub(super) fn access(&self) -> Access {
        match self.login().rights {
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

    /// When the token that opened the session ends.
    pub(super) fn until(&self) -> Option<Timestamp> {
        self.signed_in.until()
    }

    /// Why this session must end: its token ended, its password was revoked, its mailbox stopped or its
    /// rights ended (RELIABILITY A-15). Costs two comparisons as long as the directory does not change.
    pub(super) async fn expired(&mut self, door: &ImapDoor) -> Option<Refusal> {
        let relay = door.relay();
        let now = relay.now();
        if self.signed_in.is_over(now) {
            return Some(Refusal::new(
                Code::Expired,
                "your token has expired; please sign in with a new one",
            ));
        }
        match self.signed_in.renew(relay.directory(), now).await {
            Ok(Some(_)) => None,
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
