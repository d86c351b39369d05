//! Letters of patients: the heart of the house.

use names::{AccountKind, ProfileState};

use crate::identity::reply_to_may_stand;
use crate::recipient::may_receive;
use crate::report::answerable;
use crate::{
    Acquaintance, Answerable, Answered, Contact, ContactState, Delivery, Grant, Letter, Mailbox, NoAnswer,
    Party, Patient, PatientHome, PharmacyMode, Refusal, RemotePatient, Settings, Snapshot, Switch, Warning,
};

/// What follows from a letter of a patient. A report in a patient's name is judged like any letter of theirs, so
/// that nothing passes in disguise; a receipt of ours has the null sender.
pub fn from_patient(
    snapshot: &Snapshot,
    sender: &Patient,
    letter: Option<&Letter>,
) -> Result<Delivery, Refusal> {
    patient_sends(sender)?;
    let checked = checked_by(sender, snapshot.settings.remote_patient);
    let recipient = match (&snapshot.recipient, checked) {
        (Party::Professional(recipient), _) => recipient,
        // Nothing tells a patient who else is a patient.
        (Party::Patient(_) | Party::UnknownPatient | Party::InvalidPatientAddress, _) => {
            return Err(Refusal::PatientToPatient);
        }
        (Party::OutsideTrust, _) => return Err(Refusal::RecipientOutsideTrust),
        // Nor which professional addresses exist without being in the directory.
        (Party::UnknownMailbox | Party::Nobody, CheckedBy::Us) => return Err(Refusal::NeverContacted),
        (Party::UnknownMailbox | Party::Nobody, CheckedBy::TheirOperator) => {
            return Err(Refusal::RecipientUnknown);
        }
    };
    let contact = snapshot.contact(&recipient.address);
    let (grant, flag) = match checked {
        CheckedBy::TheirOperator => (Grant::OperatorTrusted, Some(Warning::OperatorTrusted)),
        CheckedBy::Us => (patient_may_write(snapshot, recipient, &contact)?, None),
    };
    may_receive(recipient)?;
    reply_to_may_stand(snapshot)?;
    let own_block = (contact.blocks.letters == Switch::On).then_some(Warning::OwnBlock);
    let warnings = flag.into_iter().chain(own_block).collect();
    Ok(Delivery {
        answerable: letter.map_or(Answerable::Yes, answerable),
        warnings,
        ..Delivery::plain(grant)
    })
}

fn patient_sends(sender: &Patient) -> Result<(), Refusal> {
    match sender.home {
        PatientHome::Remote | PatientHome::Local(_, ProfileState::Activated) => Ok(()),
        PatientHome::Local(
            _,
            ProfileState::Announced | ProfileState::Created | ProfileState::Opposed | ProfileState::Closed,
        ) => Err(Refusal::SenderProfileInactive),
    }
}

/// Who has checked that a patient may write.
#[derive(Clone, Copy)]
enum CheckedBy {
    Us,
    TheirOperator,
}

fn checked_by(sender: &Patient, setting: RemotePatient) -> CheckedBy {
    match (sender.home, setting) {
        (PatientHome::Remote, RemotePatient::TrustOperator) => CheckedBy::TheirOperator,
        (PatientHome::Remote, RemotePatient::Enforce) | (PatientHome::Local(..), _) => CheckedBy::Us,
    }
}

fn patient_may_write(snapshot: &Snapshot, recipient: &Mailbox, contact: &Contact) -> Result<Grant, Refusal> {
    let allowed = match contact.state {
        ContactState::Ended => Err(Refusal::ExchangeEnded),
        ContactState::Open => Ok(Grant::PatientWrites),
        ContactState::Never if is_pharmacy(recipient, &snapshot.settings) => {
            pharmacy_first(snapshot.settings.pharmacy_mode, snapshot.acquaintance)
        }
        ContactState::Never => Err(Refusal::NeverContacted),
    }?;
    match &snapshot.answered {
        None => Ok(allowed),
        Some(answered) => {
            may_be_answered(snapshot, answered, contact)?;
            Ok(if allowed == Grant::PatientWrites { Grant::PatientAnswers } else { allowed })
        }
    }
}

/// An answer goes only to an answerable letter, and a `[FIN]` of its sender or of the one who would
/// get the answer leaves everything before it behind, even when they have written again since.
fn may_be_answered(snapshot: &Snapshot, answered: &Answered, contact: &Contact) -> Result<(), Refusal> {
    let author = snapshot.contact(&answered.from);
    let past = contact.is_past(answered.received_at) || author.is_past(answered.received_at);
    match answered.no_answer {
        NoAnswer::Forbidden => Err(Refusal::AnswerForbidden),
        NoAnswer::MayBeAnswered if past => Err(Refusal::AnswerTooLate),
        NoAnswer::MayBeAnswered => Ok(()),
    }
}

/// An organisation's mailbox in one of the configured sectors (DOMAIN §4.8).
fn is_pharmacy(mailbox: &Mailbox, settings: &Settings) -> bool {
    mailbox.kind == Some(AccountKind::Organisational)
        && mailbox.sector.as_ref().is_some_and(|sector| settings.pharmacy_sectors.contains(sector))
}

/// A pharmacy that has not ended the exchange. Its contact stays as it is: if the mode changes, a
/// pharmacy that never wrote is a stranger again.
fn pharmacy_first(mode: PharmacyMode, acquaintance: Acquaintance) -> Result<Grant, Refusal> {
    match (mode, acquaintance) {
        (PharmacyMode::Any, _) | (PharmacyMode::Known, Acquaintance::Known) => Ok(Grant::PharmacyFirst),
        (PharmacyMode::Known, Acquaintance::Stranger) => Err(Refusal::PharmacyNotKnown),
        (PharmacyMode::Closed, _) => Err(Refusal::PharmacyNotFirst),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invented::address;
    use names::SectorCode;

    #[test]
    fn a_pharmacy_is_a_team_s_mailbox_in_a_configured_sector() {
        let kinds = AccountKind::ALL.map(Some).into_iter().chain([None]);
        for (kind, sector) in kinds.flat_map(|kind| {
            [
                None,
                Some("SA33"),
                Some("SA38"),
                Some("SA39"),
                Some("SA65"),
                Some("SA31"),
                Some("SA56"),
                Some("sa33"),
            ]
            .map(|sector| (kind, sector))
        }) {
            let sector_code = sector.map(|code| SectorCode(code.to_owned()));
            let mailbox = Mailbox { kind, sector: sector_code, ..Mailbox::remote(address("a@b.example")) };
            let team = kind == Some(AccountKind::Organisational);
            let officine = matches!(sector, Some("SA33" | "SA38" | "SA39" | "SA65"));
            assert_eq!(is_pharmacy(&mailbox, &Settings::default()), team && officine, "{kind:?} {sector:?}");
            let none = Settings { pharmacy_sectors: Vec::new(), ..Settings::default() };
            assert!(!is_pharmacy(&mailbox, &none));
        }
    }
}
