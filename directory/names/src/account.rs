//! Closed sets of the trade: kinds of mailbox, states of a patient's profile, codes.

use serde::{Deserialize, Serialize};

/// Kind of a mailbox: the four of the national directory (`JDV_J139-TypeBAL-RASS`), and a
/// patient's. It never changes after creation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum AccountKind {
    /// PER: one named professional.
    Personal,
    /// ORG: shared by the team of an organisation.
    Organisational,
    /// APP: the machine of an information system.
    Applicative,
    /// CAB: shared at practice level.
    Practice,
    /// A patient's own mailbox, `<INS>@` the patient domain.
    Patient,
}

impl AccountKind {
    /// Every kind, for tables of tests.
    pub const ALL: [Self; 5] =
        [Self::Personal, Self::Organisational, Self::Applicative, Self::Practice, Self::Patient];

    /// The code kept in the database and in import files: `PER`, `ORG`, `APP`, `CAB`, `PAT`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Personal => "PER",
            Self::Organisational => "ORG",
            Self::Applicative => "APP",
            Self::Practice => "CAB",
            Self::Patient => "PAT",
        }
    }

    /// The kind a code stands for.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Whether a professional, a team or a machine of theirs stands behind it.
    #[must_use]
    pub fn is_professional(self) -> bool {
        self != Self::Patient
    }
}

/// State of a patient's profile (DESIGN §2.5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum ProfileState {
    /// Told about; six weeks to oppose; letters refused.
    Announced,
    /// The space exists, letters are accepted, the patient has not signed in yet.
    Created,
    /// The patient uses it.
    Activated,
    /// The patient opposed its creation; letters refused.
    Opposed,
    /// Closed by the patient; letters refused.
    Closed,
}

impl ProfileState {
    /// Every state, for tables of tests.
    pub const ALL: [Self; 5] = [Self::Announced, Self::Created, Self::Activated, Self::Opposed, Self::Closed];

    /// The code kept in the database.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Created => "created",
            Self::Activated => "activated",
            Self::Opposed => "opposed",
            Self::Closed => "closed",
        }
    }

    /// The state a code stands for.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// Sector of activity of an organisation (TRE_R02, `SAnn`); `SA33` is an officine.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct SectorCode(pub String);

/// Profession of a person (TRE_G15); `10` is Médecin. The label is what the directory shows.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Profession {
    /// Code of the national value set, as `10`.
    pub code: String,
    /// French label, as `Médecin`.
    pub label: String,
}
