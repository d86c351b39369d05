//! What the house knows about the two parties of one letter, loaded by the door.

use std::sync::Arc;

use names::{AccountId, AccountKind, Address, ProfileState, Redacted, SectorCode};

use crate::{Answered, Contact, Mandate, Settings, Switch};

/// What must be known to judge one recipient of one letter.
///
/// The loader's duties, which the rules cannot check:
/// * addresses are canonical (an alias is replaced by the account's own address);
/// * `contacts` holds, when the recipient is a patient, the sender's own contact with this patient,
///   the contact of each `reply_to`, and **every** contact of this patient whose `opened_by` is the
///   sender; when the sender is a patient, the contact with the recipient and with the author of
///   the answered letter. A contact that is not there counts as never opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Snapshot {
    /// Who sends: the envelope sender, after the identity chain (DESIGN §2.4) has held.
    pub sender: Party,
    /// The one recipient that is judged.
    pub recipient: Party,
    /// The contacts between the patient side and its correspondents, see above.
    pub contacts: Vec<Contact>,
    /// The `Reply-To` addresses of the letter, resolved; empty when there are none, or at RCPT.
    pub reply_to: Vec<Party>,
    /// The letter this one answers; none for a new letter.
    pub answered: Option<Answered>,
    /// Whether the patient and this pharmacy know each other (mode `known`).
    pub acquaintance: Acquaintance,
    /// The mandate the actor leans on, when they act for somebody else.
    pub mandate: Option<Mandate>,
    /// The operator's choices.
    pub settings: Arc<Settings>,
}

impl Snapshot {
    /// Two parties that share no history, under default settings.
    #[must_use]
    pub fn between(sender: Party, recipient: Party) -> Self {
        Self {
            sender,
            recipient,
            contacts: Vec::new(),
            reply_to: Vec::new(),
            answered: None,
            acquaintance: Acquaintance::Stranger,
            mandate: None,
            settings: Arc::default(),
        }
    }

    /// The contact with this correspondent; never opened when the snapshot holds none.
    #[must_use]
    pub fn contact(&self, correspondent: &Address) -> Contact {
        let known = self.contacts.iter().find(|contact| contact.correspondent == *correspondent);
        known.cloned().unwrap_or_else(|| Contact::never(correspondent.clone()))
    }
}

/// One side of a letter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Party {
    /// A mailbox of the trade: ours, or any address of a trusted remote domain of professionals.
    Professional(Mailbox),
    /// A patient, ours or of another operator of patients.
    Patient(Patient),
    /// A well-formed patient address of ours that belongs to nobody.
    UnknownPatient,
    /// An address at a patient domain whose local part is not an INS.
    InvalidPatientAddress,
    /// An address at one of our professional domains that has no mailbox.
    UnknownMailbox,
    /// An address whose domain is not on the trust list.
    OutsideTrust,
    /// The null sender `<>`.
    Nobody,
}

/// A mailbox of a professional, a team or a machine of theirs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mailbox {
    /// Its canonical address.
    pub address: Address,
    /// Where it lives.
    pub home: Home,
    /// Its kind; none when a remote mailbox is not in our copy of the directory.
    pub kind: Option<AccountKind>,
    /// Sector of activity of the organisation that holds it.
    pub sector: Option<SectorCode>,
    /// Whether it takes and sends letters.
    pub state: MailboxState,
}

impl Mailbox {
    /// A mailbox of another operator of which nothing else is known.
    #[must_use]
    pub fn remote(address: Address) -> Self {
        Self { address, home: Home::Remote, kind: None, sector: None, state: MailboxState::Open }
    }
}

/// Where a mailbox lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Home {
    /// With us.
    Local(AccountId),
    /// With another operator.
    Remote,
}

/// Whether a mailbox takes and sends letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MailboxState {
    /// It does.
    Open,
    /// Not for now.
    Suspended,
    /// Never again.
    Closed,
}

impl MailboxState {
    /// Every state, for tables of tests.
    pub const ALL: [Self; 3] = [Self::Open, Self::Suspended, Self::Closed];
}

/// A patient.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Patient {
    /// Their canonical address.
    pub address: Address,
    /// Where their space lives.
    pub home: PatientHome,
    /// Every name we know them by: birth name, used name, each given name. Empty when unknown.
    pub names: Redacted<Vec<String>>,
    /// Whether they have switched off the notice outside that a letter waits.
    pub letter_notices_muted: Switch,
}

/// Where a patient's space lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PatientHome {
    /// With us, in this state.
    Local(AccountId, ProfileState),
    /// With another operator of patients, who alone knows the state.
    Remote,
}

/// Whether a patient and a pharmacy know each other, from imported or declared facts (dispensations,
/// the patient's usual pharmacy). Asked only in the mode `known`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Acquaintance {
    /// Nothing says so.
    Stranger,
    /// They do.
    Known,
}
