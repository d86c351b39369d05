//! Letters of professionals: to each other, and to patients.

use names::{Address, Timestamp};

use crate::identity::reply_to_may_stand;
use crate::patient_name::{Agreement, compare};
use crate::recipient::{may_receive, patient_receives};
use crate::report::{answerable, report};
use crate::secrecy::{self, visible_to};
use crate::{
    Alert, AlertKind, Answerable, Contact, ContactChange, ContactState, Content, Delivery, Event, Filing,
    Grant, Letter, LetterKind, Mailbox, NameMismatch, Party, Patient, PatientHome, Refusal, ReportMatch,
    Secrecy, Snapshot, Switch, Viewer, Warning, alerts,
};

/// What follows from a letter of a professional who may send.
pub fn from_professional(
    snapshot: &Snapshot,
    sender: &Mailbox,
    letter: Option<&Letter>,
    now: Timestamp,
) -> Result<Delivery, Refusal> {
    match &snapshot.recipient {
        Party::Professional(recipient) => {
            may_receive(recipient)?;
            reply_to_may_stand(snapshot)?;
            let answerable = letter.map_or(Answerable::Yes, answerable);
            Ok(Delivery { answerable, ..Delivery::plain(Grant::AmongProfessionals) })
        }
        Party::Patient(patient) => {
            patient_receives(patient)?;
            reply_to_may_stand(snapshot)?;
            professional_to_patient(snapshot, sender, patient, letter, now)
        }
        Party::UnknownPatient => Err(Refusal::PatientUnknown),
        Party::InvalidPatientAddress => Err(Refusal::PatientAddressInvalid),
        Party::UnknownMailbox | Party::Nobody => Err(Refusal::RecipientUnknown),
        Party::OutsideTrust => Err(Refusal::RecipientOutsideTrust),
    }
}

fn professional_to_patient(
    snapshot: &Snapshot,
    sender: &Mailbox,
    patient: &Patient,
    letter: Option<&Letter>,
    now: Timestamp,
) -> Result<Delivery, Refusal> {
    let contact = snapshot.contact(&sender.address);
    if contact.blocks.letters == Switch::On {
        return Err(Refusal::LettersBlocked);
    }
    let Some(letter) = letter else { return Ok(Delivery::plain(Grant::ProfessionalWrites)) };
    match letter.kind {
        LetterKind::Report(ReportMatch::Matched) => return Ok(report()),
        LetterKind::Report(ReportMatch::Unmatched) => return Err(Refusal::ReportUnmatched),
        LetterKind::Ordinary => {}
    }
    let warnings = name_agrees(letter, patient, snapshot.settings.name_mismatch)?;
    can_be_read(letter.content)?;
    let secrecy = secrecy_of(letter, patient)?;
    let conversation = match form(letter, secrecy) {
        Form::Ends => Delivery {
            contacts: endings(snapshot, &contact, now),
            event: Some(Event::EndedBySender),
            answerable: Answerable::Never,
            ..Delivery::plain(Grant::ProfessionalEnds)
        },
        Form::Informs => {
            Delivery { answerable: Answerable::Never, ..Delivery::plain(Grant::ProfessionalInforms) }
        }
        Form::KeepsSecret => Delivery::plain(Grant::ProfessionalKeepsSecret),
        Form::Opens => Delivery {
            contacts: openings(snapshot, &sender.address),
            ..Delivery::plain(Grant::ProfessionalWrites)
        },
    };
    let filing = filing(patient, &contact);
    Ok(Delivery { filing, alert: letter_alert(patient, secrecy), secrecy, warnings, ..conversation })
}

/// What a letter of a professional does to the exchange.
enum Form {
    /// `[FIN]`.
    Ends,
    /// `X-MSS-MES: FIN`.
    Informs,
    /// The patient must not see it yet: an opened contact would give it away. Lifting the secrecy
    /// opens the contact.
    KeepsSecret,
    /// Any other.
    Opens,
}

fn form(letter: &Letter, secrecy: Secrecy) -> Form {
    match (letter.ends_exchange(), letter.forbids_answer(), visible_to(Viewer::Owner, secrecy)) {
        (true, _, _) => Form::Ends,
        (false, true, _) => Form::Informs,
        (false, false, false) => Form::KeepsSecret,
        (false, false, true) => Form::Opens,
    }
}

/// The contact of each `Reply-To` address, else the sender's own.
fn openings(snapshot: &Snapshot, sender: &Address) -> Vec<ContactChange> {
    let mut addresses: Vec<&Address> = snapshot.reply_to.iter().filter_map(professional_address).collect();
    addresses.sort();
    addresses.dedup();
    if addresses.is_empty() {
        addresses.push(sender);
    }
    addresses.into_iter().map(|address| snapshot.contact(address).opened(sender)).collect()
}

fn professional_address(party: &Party) -> Option<&Address> {
    match party {
        Party::Professional(mailbox) => Some(&mailbox.address),
        Party::Patient(_)
        | Party::UnknownPatient
        | Party::InvalidPatientAddress
        | Party::UnknownMailbox
        | Party::OutsideTrust
        | Party::Nobody => None,
    }
}

/// The sender's own contact, even if it was never open, so that what they sent in the name of a
/// `Reply-To` address is past too; and every contact they opened.
fn endings(snapshot: &Snapshot, own: &Contact, now: Timestamp) -> Vec<ContactChange> {
    let sender = &own.correspondent;
    let opened = snapshot.contacts.iter().filter(|contact| {
        contact.correspondent != *sender
            && contact.state == ContactState::Open
            && contact.opened_by.as_ref() == Some(sender)
    });
    std::iter::once(own).chain(opened).map(|contact| contact.ended(now)).collect()
}

fn name_agrees(letter: &Letter, patient: &Patient, setting: NameMismatch) -> Result<Vec<Warning>, Refusal> {
    let Some(display) = letter.to_name.0.as_deref() else { return Ok(Vec::new()) };
    match (compare(display, &patient.names.0), setting) {
        (Agreement::Agrees, NameMismatch::Refuse | NameMismatch::Warn) => Ok(Vec::new()),
        (Agreement::OneWordDiffers, NameMismatch::Refuse | NameMismatch::Warn)
        | (Agreement::Differs, NameMismatch::Warn) => Ok(vec![Warning::NameMismatch]),
        (Agreement::Differs, NameMismatch::Refuse) => Err(Refusal::NameMismatch),
    }
}

fn can_be_read(content: Content) -> Result<(), Refusal> {
    match content {
        Content::OnlyTnef => Err(Refusal::OnlyTnef),
        Content::Readable | Content::Ambiguous => Ok(()),
    }
}

/// Every mark of the letter together. Our own header and tags mean nothing to another operator, who
/// would show the letter; what stands in an XDM archive is part of the common rules.
fn secrecy_of(letter: &Letter, patient: &Patient) -> Result<Secrecy, Refusal> {
    let header = letter.secrecy_header.as_deref().map_or(Ok(Secrecy::Open), secrecy::from_header);
    let tags = secrecy::from_subject(&letter.subject.0);
    let unreadable = |_| Refusal::SecrecyUnreadable;
    let ours = header.and_then(|header| Ok(header.and(tags?))).map_err(unreadable)?;
    let archives = letter.xdm_secrecy.map_err(unreadable)?;
    match (ours, patient.home) {
        (Secrecy::Open, _) | (_, PatientHome::Local(..)) => Ok(ours.and(archives)),
        (Secrecy::FromPatient | Secrecy::FromRepresentatives | Secrecy::FromBoth, PatientHome::Remote) => {
            Err(Refusal::SecrecyNotKept)
        }
    }
}

fn filing(patient: &Patient, contact: &Contact) -> Filing {
    match (patient.home, contact.blocks.access) {
        (PatientHome::Local(..), Switch::Off) => Filing::Automatic,
        (PatientHome::Local(..), Switch::On) | (PatientHome::Remote, _) => Filing::Never,
    }
}

fn letter_alert(patient: &Patient, secrecy: Secrecy) -> Option<Alert> {
    match patient.home {
        PatientHome::Remote => None,
        PatientHome::Local(_, profile) => {
            alerts::due(AlertKind::Letter, profile, secrecy, patient.letter_notices_muted)
        }
    }
}
