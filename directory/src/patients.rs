//! Patients: a room of their own. Traits are sealed; the INS is found by keyed hash; no search, no
//! list and no door of the professional directory leads here.
//!
//! One file for each part of a profile's life (DESIGN §2.5, DOMAIN §6.1–6.4): entering and being told,
//! opposing, activating, what is allowed in an emergency, being represented, closing, reopening, erasure.

mod activation;
mod codes;
mod consents;
mod entering;
mod erasure;
mod finding;
mod ground;
mod moves;
mod notices;
mod patient;
mod reopening;
mod representatives;
mod rules;
#[cfg(test)]
mod tests;

pub use activation::{
    Activating, ActivationRefusal, ContactRefusal, GivenContact, Identified, Identity, LoginRefusal,
};
pub use consents::{Answered, ConsentRefusal, Consents};
pub use entering::{Entrance, PreparedPatient};
pub use erasure::{DueErasure, Erasure};
pub use ground::{CaseNumber, CaseNumberError, Ground, Reason};
pub use moves::{ClosingWish, SupportView};
pub use notices::{LeasedNotice, NoticeKind, NoticeOutcome, NoticeWay, SpooledLetter, Spooling};
pub use patient::{Patient, Sex, Traits, record_creations};
pub use reopening::ClosedSpace;
pub use representatives::{Invited, RepresentationLine, RepresentationState, RepresentativeRefusal};
pub use rules::{ProfileRules, Proof};

pub(crate) use notices::{WAKE, welcome};
pub(crate) use patient::{apply_event, find, find_by_account, find_by_ins, save};
pub(crate) use reopening::closed_space;
