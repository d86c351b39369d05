//! A signed-in session: who it is, what it watches, which folder it has open.

use std::sync::Arc;
use std::time::Duration;

use directory::Login;
use mailstore::{News, Watcher};
use names::AccountId;
use wire::imap::{Code, Refusal, WatchSelected};

use super::door::{ImapDoor, Place};
use super::news::Open;
use super::search::Lease;
use super::{limits, refusals};
use crate::sign_in::{SignedIn, tell_signed_in};

/// This door's name in the trail.
pub(super) const DOOR: &str = "mailbox";

/// What one connection is after its sign-in.
pub(super) struct Session {
    signed_in: SignedIn,
    pub(super) watcher: Watcher,
    /// Whose changes the watcher tells: the mailbox of the selected folder.
    watched: AccountId,
    /// The selected folder.
    pub(super) open: Option<Open>,
    /// Whether the selected folder is told of: after NOTIFY only when that says so (RFC 5465 §3.1).
    pub(super) watched_between: WatchSelected,
    /// What keeps the gists of folders it searched in memory.
    searched: Vec<Arc<Lease>>,
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
        let watched = login.account;
        let watcher = relay.mailstore().watch(watched);
        Ok(Self {
            signed_in,
            watcher,
            watched,
            open: None,
            watched_between: WatchSelected::Yes,
            searched: Vec::new(),
            _place: place,
        })
    }

    pub(super) fn login(&self) -> &Arc<Login> {
        self.signed_in.login()
    }

    /// Hears of one mailbox from now on, and of nothing that was before.
    pub(super) fn watch(&mut self, door: &ImapDoor, account: AccountId) {
        if self.watched != account {
            self.watcher = door.relay().mailstore().watch(account);
            self.watched = account;
        }
        self.watcher.take();
    }

    /// Keeps the gists of a folder in memory for the next search.
    pub(super) fn searched(&mut self, lease: Arc<Lease>) {
        self.searched.retain(|known| known.folder() != lease.folder());
        self.searched.truncate(limits::SEARCHED - 1);
        self.searched.insert(0, lease);
    }

    /// The selected folder. The machine never asks about one before it has selected it.
    pub(super) fn folder(&mut self) -> Result<&mut Open, Refusal> {
        self.open.as_mut().ok_or_else(refusals::confused)
    }

    /// Waits for news of the mailbox; none when it is time to ask [`Session::expired`]. Cancel-safe.
    pub(super) async fn listen(&mut self, door: &ImapDoor) -> Option<News> {
        tokio::select! {
            news = self.watcher.changed() => Some(news),
            () = doubt(door, &self.signed_in) => None,
        }
    }

    /// Why this session must end: its token ended, its password was revoked, its mailbox stopped or its
    /// rights ended, those in the mailbox of the selected folder too (RELIABILITY A-15). Costs two comparisons as long as the directory does not change.
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
            Ok(Some(_)) if self.open.is_some() => self.selected().err(),
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

/// Waits until a session may have to end though its peer says nothing: its token or a delegation ends, or
/// the directory changed (RELIABILITY A-15).
async fn doubt(door: &ImapDoor, signed_in: &SignedIn) {
    let relay = door.relay();
    let ended = async {
        match signed_in.next_end() {
            Some(end) => {
                let left = end.since(relay.now()).max(0).unsigned_abs();
                tokio::time::sleep(Duration::from_millis(left).max(limits::LOOK_AGAIN)).await;
            }
            None => std::future::pending().await,
        }
    };
    let changed = async {
        signed_in.changed(relay.directory()).await;
        tokio::time::sleep(limits::LOOK_AGAIN + turn(signed_in.login().account)).await;
    };
    tokio::select! {
        () = ended => {}
        () = changed => {}
    }
}

/// An account's turn after a change of the directory: not all the idle sessions look at once.
fn turn(account: AccountId) -> Duration {
    let spread = limits::LOOK_SPREAD.as_millis() as u64;
    Duration::from_millis(account.0.unsigned_abs() % spread)
}
