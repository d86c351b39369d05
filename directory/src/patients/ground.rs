//! On what ground somebody else's profile is touched: who, why, under which case number.

use audit::Actor;
use names::PatientId;

/// Why (typed, so that it can be counted and shown; free text would hold personal data).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reason {
    /// The person did it themselves.
    Own,
    /// The person asked by telephone and was recognised.
    ByTelephone,
    /// The person asked in writing, with a copy of an identity paper.
    InWriting,
    /// A legal representative asked, with a proof of it.
    ByRepresentative,
    /// Identity or contact details were wrong.
    Correction,
    /// The service did not work as it should (R1111-36).
    Malfunction,
    /// Somebody abused the profile (R1111-36).
    Fraud,
    /// A court or an authority ordered it.
    Order,
    /// The person has died.
    Death,
    /// The house does it by itself: time has passed, or an import says so.
    Routine,
}

impl Reason {
    /// Every reason, for lists and tables of tests.
    pub const ALL: [Self; 10] = [
        Self::Own,
        Self::ByTelephone,
        Self::InWriting,
        Self::ByRepresentative,
        Self::Correction,
        Self::Malfunction,
        Self::Fraud,
        Self::Order,
        Self::Death,
        Self::Routine,
    ];

    /// Those that a support agent may give.
    pub const OF_SUPPORT: [Self; 8] = [
        Self::ByTelephone,
        Self::InWriting,
        Self::ByRepresentative,
        Self::Correction,
        Self::Malfunction,
        Self::Fraud,
        Self::Order,
        Self::Death,
    ];

    /// The code kept in the trail and used by commands.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::ByTelephone => "telephone",
            Self::InWriting => "writing",
            Self::ByRepresentative => "representative",
            Self::Correction => "correction",
            Self::Malfunction => "malfunction",
            Self::Fraud => "fraud",
            Self::Order => "order",
            Self::Death => "death",
            Self::Routine => "routine",
        }
    }

    /// The reason a code stands for.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

/// Why a text is no case number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a case number has 1 to 32 letters, digits and hyphens")]
pub struct CaseNumberError;

/// The number of a case in the support's own books. Holds no personal data by its shape.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaseNumber(String);

impl CaseNumber {
    /// Reads one.
    pub fn parse(text: &str) -> Result<Self, CaseNumberError> {
        let text = text.trim();
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        // Fifteen digits in a row could be an INS typed into the wrong field.
        let number = names::Ins::parse(text).is_ok();
        if plain && !number && (1..=32).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(CaseNumberError)
        }
    }

    /// As it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who acts, why, under which case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ground {
    /// Who.
    pub by: Actor,
    /// Why.
    pub reason: Reason,
    /// The proof, by its number in the support's books.
    pub case: Option<CaseNumber>,
}

impl Ground {
    /// The person themselves, or whoever is signed in as `patient`.
    #[must_use]
    pub fn own(patient: PatientId) -> Self {
        Self { by: Actor::Patient(patient), reason: Reason::Own, case: None }
    }

    /// The house by itself.
    #[must_use]
    pub fn routine(by: Actor) -> Self {
        Self { by, reason: Reason::Routine, case: None }
    }

    /// Somebody of the support.
    #[must_use]
    pub fn support(by: Actor, reason: Reason, case: Option<CaseNumber>) -> Self {
        Self { by, reason, case }
    }

    /// What the trail tells of it.
    #[must_use]
    pub fn detail(&self) -> String {
        match &self.case {
            Some(case) => format!("reason={} case={}", self.reason.code(), case.as_str()),
            None => format!("reason={}", self.reason.code()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_number_holds_no_identity() {
        for (text, good) in [
            ("SUP-2026-004711", true),
            ("7", true),
            ("", false),
            ("Mme Moreau", false),
            ("285059900010125", false),
            ("moreau@courriel.example", false),
            (&"9".repeat(33), false),
        ] {
            assert_eq!(CaseNumber::parse(text).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn every_reason_has_its_code() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), Some(reason));
        }
        assert!(!Reason::OF_SUPPORT.contains(&Reason::Own) && !Reason::OF_SUPPORT.contains(&Reason::Routine));
    }
}
