//! The words everybody shares: ids, times, mail addresses, health identifiers.
//!
//! Pure: no clock, no randomness, no input or output. A value that exists is valid; parsing at
//! the edge is the only way in. Comparison forms (lower case, folded accents) are made here once,
//! so that no two rooms ever disagree on what "the same address" means.
#![warn(missing_docs)]

mod account;
mod address;
mod clock;
mod crash;
mod dn;
mod fold;
mod health;
mod ids;
mod month;
mod redacted;
mod time;

pub use account::{AccountKind, Profession, ProfileState, SectorCode};
pub use address::{Address, AddressError, Domain, LocalPart};
pub use clock::{Clock, Entropy};
pub use crash::{CrashPlan, CrashPoint};
pub use dn::{DistinguishedName, DistinguishedNameError, Prohibited};
pub use fold::fold;
pub use health::{Finess, HealthIdError, Ins, NationalPersonId, NationalStructureId, Rpps};
pub use ids::*;
pub use month::{Month, MonthError};
pub use redacted::Redacted;
pub use time::{DAY, HOUR, MINUTE, SECOND, Timestamp};
