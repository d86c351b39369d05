//! Contacts: may this patient write to that correspondent, and answer which letters.

use names::{Address, Timestamp};

/// What stands between one patient and one correspondent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Contact {
    /// The professional side.
    pub correspondent: Address,
    /// Whether the patient may write.
    pub state: ContactState,
    /// Whose letter opened it: the correspondent, or a sender who named them in `Reply-To`.
    pub opened_by: Option<Address>,
    /// Letters received before this instant can never be answered; none while nobody has said `[FIN]`.
    pub answerable_from: Option<Timestamp>,
    /// What the patient has switched off for this correspondent.
    pub blocks: Blocks,
}

impl Contact {
    /// A correspondent who has never written to this patient.
    #[must_use]
    pub fn never(correspondent: Address) -> Self {
        Self {
            correspondent,
            state: ContactState::Never,
            opened_by: None,
            answerable_from: None,
            blocks: Blocks::default(),
        }
    }

    /// Whether a letter received at `received_at` is older than the last `[FIN]`.
    #[must_use]
    pub fn is_past(&self, received_at: Timestamp) -> bool {
        self.answerable_from.is_some_and(|from| received_at < from)
    }

    /// This contact after a letter of `sender` that opens or re-opens it.
    ///
    /// Who opened it stays known until somebody re-opens it, except that a correspondent who writes
    /// themselves takes their own contact over: from then on only their own `[FIN]` ends it.
    /// `answerable_from` never moves back.
    #[must_use]
    pub fn opened(&self, sender: &Address) -> ContactChange {
        let keeps_opener = self.state == ContactState::Open && self.correspondent != *sender;
        let opened_by = if keeps_opener { self.opened_by.clone() } else { Some(sender.clone()) };
        ContactChange {
            correspondent: self.correspondent.clone(),
            state: ContactState::Open,
            opened_by,
            answerable_from: self.answerable_from,
        }
    }

    /// This contact after a `[FIN]` at `now`.
    ///
    /// A letter of the same millisecond counts as earlier: better one letter that must be answered
    /// by a new one than an answer nobody wants.
    #[must_use]
    pub fn ended(&self, now: Timestamp) -> ContactChange {
        ContactChange {
            correspondent: self.correspondent.clone(),
            state: ContactState::Ended,
            opened_by: self.opened_by.clone(),
            answerable_from: self.answerable_from.max(Some(now.plus(1))),
        }
    }

    /// This contact with `change` written over it.
    #[must_use]
    pub fn with(self, change: &ContactChange) -> Self {
        Self {
            correspondent: change.correspondent.clone(),
            state: change.state,
            opened_by: change.opened_by.clone(),
            answerable_from: change.answerable_from,
            blocks: self.blocks,
        }
    }
}

/// Whether a patient may write to a correspondent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ContactState {
    /// The correspondent has never written.
    Never,
    /// They have.
    Open,
    /// They have said `[FIN]` and not written since.
    Ended,
}

impl ContactState {
    /// Every state, for tables of tests.
    pub const ALL: [Self; 3] = [Self::Never, Self::Open, Self::Ended];

    /// The code kept in the database.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Open => "open",
            Self::Ended => "ended",
        }
    }

    /// The state a code stands for.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// The patient's two switches against one correspondent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Blocks {
    /// On: no access to the dossier and nothing filed; letters still arrive, in the mailbox only.
    pub access: Switch,
    /// On: letters are refused with a clear reply.
    pub letters: Switch,
}

/// On or off.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Switch {
    /// As everybody begins.
    #[default]
    Off,
    /// The patient chose so.
    On,
}

/// A contact as it must stand after the letter: write these values over the row, or make the row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ContactChange {
    /// The professional side; the patient is the other party of the letter.
    pub correspondent: Address,
    /// New state.
    pub state: ContactState,
    /// New opener.
    pub opened_by: Option<Address>,
    /// New limit.
    pub answerable_from: Option<Timestamp>,
}

/// The letter a patient answers, as it was when it came in. A letter the writer may not see
/// ([`crate::secrecy::visible_to`]) is not one they can answer: the door must not find it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answered {
    /// Who sent it.
    pub from: Address,
    /// When we received it, by our clock (the `now` of its own decision).
    pub received_at: Timestamp,
    /// Whether it may be answered at all, as its own [`crate::Delivery`] said.
    pub no_answer: NoAnswer,
}

/// Whether a letter forbade its own answer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum NoAnswer {
    /// It did not.
    MayBeAnswered,
    /// It did: `X-MSS-MES: FIN`, `[FIN]`, a report.
    Forbidden,
}
