//! From what the directory knows to what the rules ask.

use directory::Resolved;
use names::{Address, Redacted};
use policy::{Home, Mailbox, MailboxState, Party, Patient, PatientHome, Switch};

/// The party behind an address.
#[must_use]
pub(crate) fn party(address: &Address, resolved: &Resolved) -> Party {
    match resolved {
        Resolved::Professional(mailbox) => Party::Professional(Mailbox {
            address: mailbox.address.clone(),
            home: Home::Local(mailbox.account),
            kind: Some(mailbox.kind),
            sector: mailbox.organisation.as_ref().and_then(|organisation| organisation.sector.clone()),
            state: match mailbox.state {
                directory::MailboxState::Open => MailboxState::Open,
                directory::MailboxState::Suspended => MailboxState::Suspended,
                directory::MailboxState::Closed => MailboxState::Closed,
            },
        }),
        Resolved::Patient(patient) => Party::Patient(Patient {
            address: patient.address.clone(),
            home: PatientHome::Local(patient.account, patient.state),
            names: Redacted(patient.names.clone()),
            // Alert preferences come with the patient's settings pages; until then everybody is told.
            letter_notices_muted: Switch::Off,
        }),
        Resolved::UnknownLocal { patient_domain: true } => Party::UnknownPatient,
        Resolved::UnknownLocal { patient_domain: false } => Party::UnknownMailbox,
        Resolved::InvalidPatientAddress => Party::InvalidPatientAddress,
        Resolved::Remote { trusted: false, .. } => Party::OutsideTrust,
        Resolved::Remote { trusted: true, patient_domain: false } => {
            Party::Professional(Mailbox::remote(address.clone()))
        }
        Resolved::Remote { trusted: true, patient_domain: true } => Party::Patient(Patient {
            address: address.clone(),
            home: PatientHome::Remote,
            names: Redacted(Vec::new()),
            letter_notices_muted: Switch::Off,
        }),
    }
}

/// The canonical address of a party, when it has one.
#[must_use]
pub(crate) fn address(party: &Party) -> Option<&Address> {
    match party {
        Party::Professional(mailbox) => Some(&mailbox.address),
        Party::Patient(patient) => Some(&patient.address),
        Party::UnknownPatient
        | Party::InvalidPatientAddress
        | Party::UnknownMailbox
        | Party::OutsideTrust
        | Party::Nobody => None,
    }
}
