//! Who is who and whom we trust: professionals, organisations, mailboxes; patients in a room of
//! their own; what people prove who they are with; the list of trusted domains.
//!
//! [`Directory`] is the room as other rooms hold it: a cheap handle with its caches. Functions that
//! take a [`db::Tx`] are the same questions inside somebody else's transaction.
//!
//! ```no_run
//! # async fn example(directory: directory::Directory, login: names::Address, now: names::Timestamp)
//! # -> Result<(), directory::Error> {
//! if let Some(login) = directory.verify_login(&login, "abcd-efgh-…", now).await? {
//!     println!("{} may write as {} addresses", login.address, login.may_send_as.len());
//! }
//! # Ok(()) }
//! ```
//!
//! Patients' identity traits are sealed at rest and found by keyed hash only. Nothing in here sends
//! anything: codes and announcements are handed to the caller.
#![warn(missing_docs)]

mod administrators;
mod api_keys;
mod browser;
mod credentials;
mod delegations;
mod directory;
mod error;
mod generation;
#[cfg(test)]
mod hostile_searches;
mod import;
pub mod inactivity;
pub mod limits;
mod login_cache;
mod logins;
mod mailbox_acts;
pub mod mailboxes;
pub mod mandates;
mod one_time_code;
pub mod organisations;
mod passwords;
mod patient_table;
pub mod patients;
pub mod people;
mod pharmacies;
mod professionals;
mod profile_state;
mod published;
mod resolve;
mod scram;
mod sealing;
mod seed;
mod sessions;
mod sign_in;
#[cfg(test)]
mod testing;
pub mod trust;
pub mod users;
mod words;

pub use administrators::{
    Administrator, AdministratorInvitation, AdministratorSession, AdministratorState, Authority, Begun,
    CheckedFactor, Enrolling, Finished, NewAdministrator, Power, Reach, Role, Roles, StartedFactor,
};
pub use api_keys::{ApiKey, IssuedApiKey};
pub use credentials::{Credential, IssuedPassword, Owner, PreparedPassword};
pub use delegations::{Period, Rights};
pub use directory::Directory;
pub use error::Error;
pub use generation::Generation;
pub use import::{Applied, Plan, PreparedImport};
pub use inactivity::{Idle, InactivityRules, InactivityStep};
pub use logins::{Login, MaySendAs, MayUse, Means, Proved, Seen};
pub use mailbox_acts::{
    Access, AdmittedLine, Departed, Left, MailboxEntry, MailboxMove, MailboxRefusal, MailboxSheet, NewHolder,
    NewMailbox, NewPerson, OrganisationSheet, PersonDetails, PersonSheet, PreparedMailbox, Reset, SignsIn,
    Whole,
};
pub use mailboxes::{Mailbox, MailboxState};
pub use mandates::{Profile, Relation};
pub use organisations::Organisation;
pub use passwords::WeakPassword;
pub use patient_table::{Besides, PatientBatch, PatientImport, PatientTable, Reading, TableError};
pub use patients::{
    Activating, ActivationRefusal, Answered, CaseNumber, CaseNumberError, ClosedSpace, ClosingWish,
    ConsentRefusal, Consents, ContactRefusal, DueErasure, Entrance, Erasure, GivenContact, Ground,
    Identified, Identity, Invited, LeasedNotice, LoginRefusal, NoticeKind, NoticeOutcome, NoticeWay, Patient,
    PreparedPatient, ProfileRules, Proof as Proofs, Reason, RepresentationLine, RepresentationState,
    RepresentativeRefusal, Sex, SpooledLetter, Spooling, SupportView, Traits, record_creations,
};
pub use people::Person;
pub use pharmacies::{Card, Pharmacy};
pub use professionals::{
    Accepted, DelegationLine, DelegationRefusal, Invitation, Member, MemberRefusal, ProfessionalSession,
    ProfessionalSessionLine, Proof, Standing,
};
pub use profile_state::{IllegalMove, ProfileEvent, ProfileLife};
/// Which address to use of whom, with reasons and warnings: the one resolver of the published directory.
/// [`Directory::resolve`] is something else: who of ours is behind an address, patients too.
pub use register::resolve as which_address;
pub use resolve::{Resolved, ResolvedPatient};
pub use seed::{Fault, Seed, SeedFile, invent_patients, person_reference, structure_reference};
pub use sessions::{Assurance, Session, SessionLine, SignedIn};
pub use sign_in::{CheckedCode, CodeToSend, Pending, Started};
pub use trust::Place;
pub use users::{Channel, UserId};

/// The tables of this room, and of the register below it: one does not go without the other.
pub const MIGRATIONS: &[db::Migration] = &WITH_REGISTER;

const WITH_REGISTER: [db::Migration; register::MIGRATIONS.len() + OWN.len()] = {
    let mut all = [OWN[0]; register::MIGRATIONS.len() + OWN.len()];
    let mut place = 0;
    while place < all.len() {
        let own = place.checked_sub(register::MIGRATIONS.len());
        all[place] = match own {
            Some(own) => OWN[own],
            None => register::MIGRATIONS[place],
        };
        place += 1;
    }
    all
};

const OWN: &[db::Migration] = &[
    db::Migration { name: "directory/0001", sql: include_str!("../migrations/0001.sql") },
    db::Migration { name: "directory/0002", sql: include_str!("../migrations/0002.sql") },
    db::Migration { name: "directory/0003", sql: include_str!("../migrations/0003.sql") },
    db::Migration { name: "directory/0004", sql: include_str!("../migrations/0004.sql") },
    db::Migration { name: "directory/0005", sql: include_str!("../migrations/0005.sql") },
    db::Migration { name: "directory/0010", sql: include_str!("../migrations/0010.sql") },
    db::Migration { name: "directory/0011", sql: include_str!("../migrations/0011.sql") },
    db::Migration { name: "directory/0020", sql: include_str!("../migrations/0020.sql") },
    db::Migration { name: "directory/0030", sql: include_str!("../migrations/0030.sql") },
    db::Migration { name: "directory/0040", sql: include_str!("../migrations/0040.sql") },
    db::Migration { name: "directory/0050", sql: include_str!("../migrations/0050.sql") },
    db::Migration { name: "directory/0060", sql: include_str!("../migrations/0060.sql") },
    db::Migration { name: "directory/0070", sql: include_str!("../migrations/0070.sql") },
];
