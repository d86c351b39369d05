//! The conversation rule, complete (DESIGN §2.5): one recipient of one letter.

use names::Timestamp;

use crate::by_patient::from_patient;
use crate::by_professional::from_professional;
use crate::report::from_nobody;
use crate::{
    Act, Actor, AmbiguousMime, Answerable, Byline, Content, Decision, Delivery, Event, Filing, Home, Letter,
    Mailbox, MailboxState, MandateKind, Party, PatientHome, Place, Purpose, Reach, Refusal, Request,
    Snapshot, mandate,
};

/// Judges one recipient of one letter. Pure and total: the same facts give the same decision.
#[must_use]
pub fn decide(snapshot: &Snapshot, request: &Request, now: Timestamp) -> Decision {
    let Purpose::Mail = request.purpose;
    let letter = match &request.act {
        Act::Recipient => None,
        Act::Letter(letter) => Some(&**letter),
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
    may_reach(snapshot)?;
    let delivery = Delivery { byline: byline(actor), ..delivery };
    match letter {
        Some(letter) => set_aside(delivery, letter.content, snapshot.settings.ambiguous_mime),
        None => Ok(delivery),
    }
}

/// Last of all: who asks with a letter that no rule allows hears of that rule.
fn may_reach(snapshot: &Snapshot) -> Result<(), Refusal> {
    let theirs = match &snapshot.recipient {
        Party::Professional(recipient) => matches!(recipient.home, Home::Remote),
        Party::Patient(recipient) => matches!(recipient.home, PatientHome::Remote),
        Party::UnknownPatient
        | Party::InvalidPatientAddress
        | Party::UnknownMailbox
        | Party::OutsideTrust
        | Party::Nobody => false,
    };
    match snapshot.settings.reach {
        Reach::OnlyOurs if theirs => Err(Refusal::OperatorUnreachable),
        Reach::OnlyOurs | Reach::Everybody => Ok(()),
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
