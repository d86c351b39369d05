//! Professionals in the professional space: how they sign in, their sessions, whom they let act for them.
//!
//! Three proofs open a session: a password and a code sent outside, the national identity provider, a
//! certificate of the person's own. The last two are checked by the pages; what reaches this room is the
//! national identifier they proved.

mod asking;
pub(crate) mod delegating;
pub(crate) mod invitations;
mod members;
pub(crate) mod sessions;
mod sign_in;
#[cfg(test)]
mod tests;
mod users;

use audit::{Act, Actor, Chain, Entry, Line};
use names::{PersonId, Timestamp};

use crate::Directory;

pub use delegating::{DelegationLine, DelegationRefusal};
pub use invitations::{Accepted, Invitation};
pub use members::{Member, MemberRefusal, Standing};
pub use sessions::{ProfessionalSession, ProfessionalSessionLine, Proof};

impl Directory {
    /// A line in a professional's own chain.
    pub(crate) fn told_of_person(
        &self,
        person: PersonId,
        by: Actor,
        act: Act,
        detail: String,
        now: Timestamp,
    ) -> Entry {
        let for_whom = Some(Actor::Person(person)).filter(|whom| *whom != by);
        Entry::new(Chain::Person(person), Line { at: now, actor: by, for_whom, act, detail }, self.entropy())
    }
}
