//! A signed-in session: who it is, what it watches, which folder it has open.

use std::sync::Arc;

use directory::{Login, MailboxState, Owner, Rights};
use mailstore::Watcher;
use names::AccountId;
use wire::imap::{Access, Code, Refusal, SignIn};

use super::door::{ImapDoor, Place};
use super::news::Open;
use super::refusals;

/// What one connection is after its sign-in.
pub(super) struct Session {
    pub(super) login: Arc<Login>,
    pub(super) watcher: Watcher,
    /// The selected folder.
    pub(super) open: Option<Open>,
    /// The directory as it was when the login was last known to be good.
    generation: i64,
    _place: Place,
}

impl Session {
    /// Lets a login in, or says why not.
    pub(super) async fn sign_in(
        door: &ImapDoor,
        peer: std::net::IpAddr,
        who: SignIn,
    ) -> Result<Self, Refusal> {
        let relay = door.relay();
        let generation = relay.directory().generation().known();
        let (name, authorize) = (who.login.as_str(), who.authorize.as_deref());
        // An authorisation identity that repeats the login asks for nothing more (RFC 4616 §2).
        let authorize = authorize.filter(|asked| *asked != name);
        let login =
            crate::sign_in::verify(relay, door.gate(), peer, name, authorize, &who.secret, relay.now())
                .await
                .map_err(|refusal| refusals::sign_in(&refusal))?;
        let Some(place) = door.admit(&login) else {
            return Err(Refusal::new(Code::Limit, "too many sessions of this login; please close one"));
        };
        let watcher = relay.mailstore().watch(login.account);
        Ok(Self { login, watcher, open: None, generation, _place: place })
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

    /// Why this session must end, when the password it came with was revoked or the mailbox stopped.
    /// Costs one comparison as long as the directory does not change.
    pub(super) async fn expired(&mut self, door: &ImapDoor) -> Option<Refusal> {
        let directory = door.relay().directory();
        let known = directory.generation().known();
        if known == self.generation {
            return None;
        }
        let owner = self.login.person.map_or(Owner::Machine(self.login.account), Owner::Person);
        let (mailbox, passwords) =
            match (directory.mailbox(&self.login.address).await, directory.passwords_of(owner).await) {
                (Ok(mailbox), Ok(passwords)) => (mailbox, passwords),
                (Err(error), _) | (_, Err(error)) => {
                    // Asked again after the next command: the generation is not taken as seen.
                    tracing::error!(door = "mailbox", %error, "a login could not be looked at again");
                    return None;
                }
            };
        let open = mailbox.is_some_and(|mailbox| mailbox.state == MailboxState::Open);
        let counts = passwords
            .iter()
            .any(|password| password.id == self.login.credential && password.revoked.is_none());
        if open && counts {
            self.generation = known;
            return None;
        }
        Some(Refusal::new(Code::Expired, "this login no longer counts; please sign in again"))
    }
}
