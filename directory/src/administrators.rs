//! Administrators: who may do what in the console, how they sign in, their sessions.
//!
//! There is none by default. Somebody at the command line makes the first and hands over an invitation,
//! with which its holder chooses a password and enrols a second factor; neither opens anything alone.

mod enrolment;
mod powers;
mod rows;
mod second_factor;
mod sessions;
mod sign_in;
mod tending;
#[cfg(test)]
mod tests;

use audit::{Act, Actor, Chain, Entry, Line};
use names::{AdministratorId, Timestamp};

use crate::Directory;

pub use enrolment::{Begun, Enrolling, Finished};
pub use powers::{Authority, Power, Reach, Role, Roles};
pub use sessions::AdministratorSession;
pub use sign_in::{CheckedFactor, StartedFactor};
pub use tending::{AdministratorInvitation, NewAdministrator};

/// Whether an administrator may come in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AdministratorState {
    /// Has an invitation, or had one, and no second factor yet.
    Invited,
    /// May.
    Active,
    /// May not any more.
    Disabled,
}

impl AdministratorState {
    /// Every state, for tables of texts and tests.
    pub const ALL: [Self; 3] = [Self::Invited, Self::Active, Self::Disabled];

    /// The code kept in the database.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }

    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// Somebody who administers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Administrator {
    /// Row id.
    pub id: AdministratorId,
    /// What they type to sign in.
    pub login: String,
    /// How they are called, in the trail and on pages.
    pub name: String,
    /// What they may do.
    pub roles: Roles,
    /// Where.
    pub reach: Reach,
    /// Whether they may come in.
    pub state: AdministratorState,
    /// When they were made.
    pub created: Timestamp,
}

impl Administrator {
    /// What they may do, as the acts ask.
    #[must_use]
    pub fn authority(&self) -> Authority {
        Authority::new(Actor::Administrator(self.id), self.roles.clone(), self.reach.clone())
    }
}

impl Directory {
    /// A line about administrators, in the chain of the house.
    fn told_of_administrators(&self, by: Actor, act: Act, detail: String, now: Timestamp) -> Entry {
        let line = Line { at: now, actor: by, for_whom: None, act, detail };
        Entry::new(Chain::System, line, self.entropy())
    }
}
