//! Reports: DSN and MDN (DESIGN §2.4).

use crate::recipient::{may_receive, patient_receives};
use crate::{Answerable, Delivery, Grant, Letter, LetterKind, Party, Refusal, ReportMatch};

/// The null sender carries reports on letters we sent, and nothing else.
pub fn from_nobody(recipient: &Party, letter: Option<&Letter>) -> Result<Delivery, Refusal> {
    match recipient {
        Party::Professional(mailbox) => may_receive(mailbox)?,
        Party::Patient(patient) => patient_receives(patient)?,
        Party::UnknownPatient => return Err(Refusal::PatientUnknown),
        Party::InvalidPatientAddress => return Err(Refusal::PatientAddressInvalid),
        Party::UnknownMailbox | Party::Nobody => return Err(Refusal::RecipientUnknown),
        Party::OutsideTrust => return Err(Refusal::RecipientOutsideTrust),
    }
    match letter.map(|letter| letter.kind) {
        None | Some(LetterKind::Report(ReportMatch::Matched)) => Ok(report()),
        Some(LetterKind::Report(ReportMatch::Unmatched)) => Err(Refusal::ReportUnmatched),
        Some(LetterKind::Ordinary) => Err(Refusal::NotAReport),
    }
}

/// Attached to the letter it speaks of: opens nothing, never answered, never filed, no alert.
pub fn report() -> Delivery {
    Delivery { answerable: Answerable::Never, ..Delivery::plain(Grant::Report) }
}

pub fn answerable(letter: &Letter) -> Answerable {
    match letter.kind {
        LetterKind::Report(_) => Answerable::Never,
        LetterKind::Ordinary => Answerable::Yes,
    }
}
