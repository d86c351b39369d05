//! The conversation rule, complete (DESIGN §2.5): one recipient of one letter.

use names::{Address, ProfileState, Timestamp};

use crate::identity::reply_to_may_stand;
use crate::patient_name::{Agreement, compare};
use crate::secrecy::{self, visible_to};
use crate::{
    Acquaintance, Act, Actor, Alert, AlertKind, AmbiguousMime, Answerable, Answered, Byline, Contact,
    ContactChange, ContactState, Content, Decision, Delivery, Event, Filing, Grant, Letter, LetterKind,
    Mailbox, MailboxState, MandateKind, NameMismatch, NoAnswer, Party, Patient, PatientHome, PharmacyMode,
    Place, Purpose, Refusal, RemotePatient, ReportMatch, Request, Secrecy, Settings, Snapshot, Switch,
    Viewer, Warning, alerts, mandate,
};

/// Judges one recipient of one letter. Pure and total: the same facts give the same decision.
#[must_use]
pub fn decide(snapshot: &Snapshot, request: &Request, now: Timestamp) -> Decision {
    let Purpose::Mail = request.purpose;
    let letter = match &request.act {
        Act::Recipient => None,
        Act::Letter(letter) => Some(letter),
    };
    match judge(snapshot, request.actor, letter, now) {
        Ok(delivery) => Decision::Deliver(delivery),
        Err(refusal) => Decision::Refuse(refusal),
    }
}

/// A sender who may not send learns nothing about the recipient: they are judged first.
fn judge(
    snapshot: &Snapshot,
    actor: Actor,
    letter: Option<&Letter>,
    now: Timestamp,
) -> Result<Delivery, Refusal> {
    let delivery = match &snapshot.sender {
        Party::OutsideTrust => return Err(Refusal::SenderOutsideTrust),
        Party::UnknownMailbox | Party::UnknownPatient | Party::InvalidPatientAddress => {
            return Err(Refusal::SenderUnknown);
        }
        Party::Nobody => from_nobody(&snapshot.recipient, letter)?,
        Party::Professional(sender) => {
            may_send(sender)?;
            may_act(snapshot, actor, now)?;
            from_professional(snapshot, sender, letter, now)?
        }
        Party::Patient(sender) => {
            may_act(snapshot, actor, now)?;
            from_patient(snapshot, sender, letter)?
        }
    };
    let delivery = Delivery { byline: byline(actor), ..delivery };
    match letter {
        Some(letter) => set_aside(delivery, letter.content, snapshot.settings.ambiguous_mime),
        None => Ok(delivery),
    }
}

// Who acts.

/// Whoever acts for somebody else leans on a mandate of the right kind that holds now.
fn may_act(snapshot: &Snapshot, actor: Actor, now: Timestamp) -> Result<(), Refusal> {
    let for_patient = match actor {
        Actor::Own | Actor::Peer | Actor::House => return Ok(()),
        Actor::ForPatient { .. } => true,
        Actor::ForProfessional { .. } => false,
    };
    let mandate = snapshot.mandate.as_ref().ok_or(Refusal::MandateMissing)?;
    let suits = match mandate.kind {
        MandateKind::Parent { .. } | MandateKind::Guardian | MandateKind::Helper => for_patient,
        MandateKind::Delegate => !for_patient,
    };
    if suits { mandate::holds(mandate, now) } else { Err(Refusal::MandateMissing) }
}

fn byline(actor: Actor) -> Byline {
    match actor {
        Actor::Own | Actor::Peer | Actor::House => Byline::Own,
        Actor::ForPatient { .. } | Actor::ForProfessional { .. } => Byline::WrittenFor,
    }
}

fn may_send(sender: &Mailbox) -> Result<(), Refusal> {
    match sender.state {
        MailboxState::Open => Ok(()),
        MailboxState::Suspended => Err(Refusal::SenderSuspended),
        MailboxState::Closed => Err(Refusal::SenderClosed),
    }
}

// Who receives.

fn may_receive(recipient: &Mailbox) -> Result<(), Refusal> {
    match recipient.state {
        MailboxState::Open => Ok(()),
        MailboxState::Suspended => Err(Refusal::RecipientSuspended),
        MailboxState::Closed => Err(Refusal::RecipientClosed),
    }
}

/// A patient of another operator is theirs to refuse.
fn patient_receives(patient: &Patient) -> Result<(), Refusal> {
    match patient.home {
        PatientHome::Remote => Ok(()),
        PatientHome::Local(_, ProfileState::Created | ProfileState::Activated) => Ok(()),
        PatientHome::Local(_, ProfileState::Announced) => Err(Refusal::PatientAnnounced),
        PatientHome::Local(_, ProfileState::Opposed) => Err(Refusal::PatientOpposed),
        PatientHome::Local(_, ProfileState::Closed) => Err(Refusal::PatientClosed),
    }
}

// Reports.

/// The null sender carries reports on letters we sent, and nothing else.
fn from_nobody(recipient: &Party, letter: Option<&Letter>) -> Result<Delivery, Refusal> {
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
fn report() -> Delivery {
    Delivery { answerable: Answerable::Never, ..Delivery::plain(Grant::Report) }
}

fn answerable(letter: &Letter) -> Answerable {
    match letter.kind {
        LetterKind::Report(_) => Answerable::Never,
        LetterKind::Ordinary => Answerable::Yes,
    }
}

// Professionals.

fn from_professional(
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
    let ours = header.and_then(|header| Ok(header.and(tags?))).map_err(|_| Refusal::SecrecyUnreadable)?;
    match (ours, patient.home) {
        (Secrecy::Open, _) | (_, PatientHome::Local(..)) => Ok(ours.and(letter.xdm_secrecy)),
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

// Patients.

/// The heart of the house. A report in a patient's name is judged like any letter of theirs, so
/// that nothing passes in disguise; a receipt of ours has the null sender.
fn from_patient(snapshot: &Snapshot, sender: &Patient, letter: Option<&Letter>) -> Result<Delivery, Refusal> {
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
    mailbox.kind == Some(names::AccountKind::Organisational)
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

// Ambiguous letters.

/// Nobody sees an ambiguous letter before somebody has looked at it (DESIGN §6): it opens, files and
/// announces nothing. A `[FIN]` still ends the exchange: its subject is not in doubt.
fn set_aside(delivery: Delivery, content: Content, setting: AmbiguousMime) -> Result<Delivery, Refusal> {
    match (content, setting) {
        (Content::Readable | Content::OnlyTnef, _) => Ok(delivery),
        (Content::Ambiguous, AmbiguousMime::Refuse) => Err(Refusal::AmbiguousContent),
        (Content::Ambiguous, AmbiguousMime::Quarantine) => {
            let contacts = delivery.event.map_or_else(Vec::new, |Event::EndedBySender| delivery.contacts);
            let (place, filing, alert) = (Place::Quarantine, Filing::Never, None);
            Ok(Delivery { contacts, place, filing, alert, answerable: Answerable::Never, ..delivery })
        }
    }
}
