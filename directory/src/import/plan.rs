//! What an import would do: the steps that make up the difference, and how they are shown.

use names::{AccountId, AccountKind, CredentialId, DistinguishedName, Domain, PatientId, PersonId};

use crate::credentials::Owner;
use crate::delegations::{Delegation, Rights};
use crate::mailboxes::MailboxState;
use crate::mandates::Mandate;
use crate::seed::{Fault, Place};
use crate::users::Contact;
use crate::{Entrance, Mailbox, Organisation, Patient, Person, UserId, trust};

/// What an import would do. Prints one line for each step; patients are shown by file and line only.
pub struct Plan {
    pub(crate) steps: Vec<Step>,
    pub(crate) unchanged: usize,
    /// Rows left out, and why, in the order of the files.
    pub faults: Vec<Fault>,
    /// Accounts that would be new.
    pub accounts_created: Vec<(AccountId, AccountKind)>,
    /// Patients named who were known already.
    pub patients_known: Vec<PatientId>,
}

/// One row to write.
pub(crate) struct Step {
    pub(crate) at: Place,
    pub(crate) known: Known,
    pub(crate) write: Write,
}

/// Whether a row is new.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Known {
    New,
    Differs,
}

pub(crate) enum Write {
    Domain { domain: Domain, place: trust::Place, names: Vec<DistinguishedName> },
    Organisation(Organisation),
    Person(Person),
    Mailbox { mailbox: Box<Mailbox>, new_state: Option<MailboxState> },
    Member { mailbox: AccountId, person: PersonId, rights: Rights },
    Delegation(Delegation),
    Patient { patient: Box<Patient>, entrance: Option<Entrance> },
    NewUser { id: UserId, patient: PatientId, contact: Contact, password: String },
    UserContact { id: UserId, contact: Contact },
    Mandate(Mandate),
    Secret { id: CredentialId, owner: Owner, label: String, lookup: [u8; 32], secret: String },
}

impl Plan {
    /// Passwords of new users, by login id.
    pub(crate) fn passwords_to_hash(&self) -> impl Iterator<Item = (&str, &str)> {
        self.steps.iter().filter_map(|step| match &step.write {
            Write::NewUser { contact, password, .. } => Some((contact.login.as_str(), password.as_str())),
            Write::Domain { .. }
            | Write::Organisation(_)
            | Write::Person(_)
            | Write::Mailbox { .. }
            | Write::Member { .. }
            | Write::Delegation(_)
            | Write::Patient { .. }
            | Write::Secret { .. }
            | Write::UserContact { .. }
            | Write::Mandate(_) => None,
        })
    }

    /// New application passwords, by keyed hash.
    pub(crate) fn secrets_to_verify(&self) -> impl Iterator<Item = ([u8; 32], &str)> {
        self.steps.iter().filter_map(|step| match &step.write {
            Write::Secret { lookup, secret, .. } => Some((*lookup, secret.as_str())),
            Write::Domain { .. }
            | Write::Organisation(_)
            | Write::Person(_)
            | Write::Mailbox { .. }
            | Write::Member { .. }
            | Write::Delegation(_)
            | Write::Patient { .. }
            | Write::NewUser { .. }
            | Write::UserContact { .. }
            | Write::Mandate(_) => None,
        })
    }

    /// How many rows would be new.
    #[must_use]
    pub fn added(&self) -> usize {
        self.steps.iter().filter(|step| step.known == Known::New).count()
    }

    /// How many rows are there just so.
    #[must_use]
    pub fn unchanged(&self) -> usize {
        self.unchanged
    }

    /// How many rows would be written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether nothing would be written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

impl std::fmt::Display for Plan {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for step in &self.steps {
            let sign = match step.known {
                Known::New => '+',
                Known::Differs => '~',
            };
            writeln!(out, "{sign} {} ({})", step.write, step.at)?;
        }
        writeln!(
            out,
            "{} to write, {} as they are, {} left out",
            self.len(),
            self.unchanged,
            self.faults.len()
        )?;
        self.faults.iter().try_for_each(|fault| writeln!(out, "! {fault}"))
    }
}

impl std::fmt::Display for Write {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Domain { domain, place, .. } => write!(out, "domain {domain}, {}", place.code()),
            Self::Organisation(organisation) => write!(out, "organisation {}", organisation.name),
            Self::Person(person) => write!(out, "professional {}", person.display_name()),
            Self::Mailbox { mailbox, .. } => {
                write!(out, "mailbox {} {}", mailbox.kind.code(), mailbox.address)
            }
            Self::Member { .. } => write!(out, "member of a mailbox"),
            Self::Delegation(_) => write!(out, "delegation"),
            Self::Patient { patient, .. } => write!(out, "patient, {}", patient.life.recorded.code()),
            Self::NewUser { .. } => write!(out, "user of the patient space"),
            Self::UserContact { .. } => write!(out, "contact of a user of the patient space"),
            Self::Mandate(mandate) => write!(out, "mandate, {}", mandate.relation.code()),
            Self::Secret { label, .. } => write!(out, "application password for {label}"),
        }
    }
}
