//! Whether a recipient takes letters at all.

use names::ProfileState;

use crate::{Mailbox, MailboxState, Patient, PatientHome, Refusal};

pub fn may_receive(recipient: &Mailbox) -> Result<(), Refusal> {
    match recipient.state {
        MailboxState::Open => Ok(()),
        MailboxState::Suspended => Err(Refusal::RecipientSuspended),
        MailboxState::Closed => Err(Refusal::RecipientClosed),
    }
}

/// A patient of another operator is theirs to refuse.
pub fn patient_receives(patient: &Patient) -> Result<(), Refusal> {
    match patient.home {
        PatientHome::Remote => Ok(()),
        PatientHome::Local(_, ProfileState::Created | ProfileState::Activated) => Ok(()),
        PatientHome::Local(_, ProfileState::Announced) => Err(Refusal::PatientAnnounced),
        PatientHome::Local(_, ProfileState::Opposed) => Err(Refusal::PatientOpposed),
        PatientHome::Local(_, ProfileState::Closed) => Err(Refusal::PatientClosed),
    }
}
