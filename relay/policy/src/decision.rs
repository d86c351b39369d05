//! What comes out of a judgement: applying it leaves no choice.

use crate::{Alert, ContactChange, Grant, Refusal, Secrecy};

/// The verdict on one recipient of one letter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// The recipient gets the letter, and this is what else happens. At [`crate::Act::Recipient`]
    /// only the fact that it would pass counts: nothing is to be applied.
    Deliver(Delivery),
    /// They do not; nothing changes.
    Refuse(Refusal),
}

impl Decision {
    /// The stable id of the rule that decided, for the audit line and `pli admin why`.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        match self {
            Self::Deliver(delivery) => delivery.grant.id(),
            Self::Refuse(refusal) => refusal.id(),
        }
    }

    /// Why not, if not.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Deliver(_) => None,
            Self::Refuse(refusal) => Some(*refusal),
        }
    }

    /// What follows, if it passes.
    #[must_use]
    pub fn delivery(&self) -> Option<&Delivery> {
        match self {
            Self::Deliver(delivery) => Some(delivery),
            Self::Refuse(_) => None,
        }
    }

    /// The line the audit trail gets.
    #[must_use]
    pub fn recorded(&self) -> Recorded {
        match self {
            Self::Refuse(_) => Recorded::LetterRefused,
            Self::Deliver(delivery) => match (delivery.grant, delivery.event) {
                (Grant::Report, _) => Recorded::ReportDelivered,
                (_, Some(Event::EndedBySender)) => Recorded::ExchangeEnded,
                (_, None) => Recorded::LetterDelivered,
            },
        }
    }
}

/// All that follows from a letter that passes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivery {
    /// The rule that lets it pass.
    pub grant: Grant,
    /// Contacts to write over, in the same unit. At most one per correspondent.
    pub contacts: Vec<ContactChange>,
    /// What the conversation shows besides the letter.
    pub event: Option<Event>,
    /// Whether the recipient may ever answer this letter; kept with it, see [`crate::Answered`].
    pub answerable: Answerable,
    /// Where it goes.
    pub place: Place,
    /// Whether its documents are filed ([`crate::filing::file`] says which).
    pub filing: Filing,
    /// The notice due outside for the letter itself.
    pub alert: Option<Alert>,
    /// From whom the letter, its conversation and its traces are hidden.
    pub secrecy: Secrecy,
    /// Whether the letter must say who wrote it for whom.
    pub byline: Byline,
    /// What to tell or count without refusing.
    pub warnings: Vec<Warning>,
}

impl Delivery {
    /// A letter that arrives and changes nothing else.
    #[must_use]
    pub fn plain(grant: Grant) -> Self {
        Self {
            grant,
            contacts: Vec::new(),
            event: None,
            answerable: Answerable::Yes,
            place: Place::Inbox,
            filing: Filing::Never,
            alert: None,
            secrecy: Secrecy::Open,
            byline: Byline::Own,
            warnings: Vec::new(),
        }
    }
}

/// What a conversation shows besides its letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Event {
    /// "Dr Martin a mis fin à vos échanges."
    EndedBySender,
}

/// Whether a letter may be answered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Answerable {
    /// While the contact allows it.
    Yes,
    /// Never.
    Never,
}

/// Where a letter goes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Place {
    /// The inbox, or another operator.
    Inbox,
    /// Aside, with a notice, because its structure is ambiguous; the recipient does not see it.
    Quarantine,
}

/// Whether the documents of a letter go into the dossier.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Filing {
    /// By themselves; the sender is their publisher.
    Automatic,
    /// Not at all: there is no dossier here, or the patient blocked this, or it is a report.
    Never,
}

/// Whether a letter names its writer beside its sender.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Byline {
    /// Its sender wrote it.
    Own,
    /// Somebody wrote it for its sender: it says so, and the audit names both.
    WrittenFor,
}

/// What is told or counted without refusing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Warning {
    /// The name in `To` matches none of the patient's names.
    NameMismatch,
    /// We took another operator's word that this patient may write.
    OperatorTrusted,
    /// The patient writes to somebody whose own letters they refuse: no answer can come.
    OwnBlock,
}

/// What the audit trail says of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Recorded {
    /// A letter was delivered.
    LetterDelivered,
    /// A letter was delivered that ended an exchange.
    ExchangeEnded,
    /// A report was attached to its letter.
    ReportDelivered,
    /// A letter was refused.
    LetterRefused,
}

impl Recorded {
    /// The code in the audit line.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::LetterDelivered => "letter.delivered",
            Self::ExchangeEnded => "letter.exchange-ended",
            Self::ReportDelivered => "letter.report",
            Self::LetterRefused => "letter.refused",
        }
    }
}
