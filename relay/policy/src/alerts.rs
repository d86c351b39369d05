//! Which notice goes outside. Kinds only: the words are written by the worker that sends them, and
//! none of them names a sender, a speciality, a subject or a count.

use names::{ProfileState, Timestamp};

use crate::limits::ALERT_WINDOW;
use crate::secrecy::visible_to;
use crate::{Secrecy, Switch, Viewer};

/// A notice that is due.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Alert {
    /// What it is about.
    pub kind: AlertKind,
    /// Whose ordinary mailboxes and phones it may reach.
    pub audience: Audience,
}

/// What a notice is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AlertKind {
    /// A letter waits.
    Letter,
    /// A document was filed.
    Filing,
    /// A document was masked or shown again.
    Masking,
    /// A professional looked into the dossier.
    Access,
    /// … in an emergency.
    Emergency,
}

impl AlertKind {
    /// Every kind, for tables.
    pub const ALL: [Self; 5] = [Self::Letter, Self::Filing, Self::Masking, Self::Access, Self::Emergency];

    /// The code kept in the database.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Letter => "letter",
            Self::Filing => "filing",
            Self::Masking => "masking",
            Self::Access => "access",
            Self::Emergency => "emergency",
        }
    }

    /// The kind a code stands for.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Whether the patient may switch it off.
    #[must_use]
    pub fn may_be_switched_off(self) -> bool {
        match self {
            Self::Letter | Self::Filing | Self::Masking => true,
            Self::Access | Self::Emergency => false,
        }
    }

    /// Whether several of them may share one notice. The others each have their own.
    #[must_use]
    pub fn coalesces(self) -> bool {
        match self {
            Self::Letter => true,
            Self::Filing | Self::Masking | Self::Access | Self::Emergency => false,
        }
    }
}

/// Whom a notice may reach.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Audience {
    /// Everybody who sees the profile.
    Everybody,
    /// The patient alone: what it speaks of is hidden from those who act for them.
    OwnerOnly,
}

/// The notice an event of this kind calls for, if the profile lives here in this state and the
/// patient has set `muted` for this kind. Hidden from the patient: none at all.
#[must_use]
pub fn due(kind: AlertKind, profile: ProfileState, secrecy: Secrecy, muted: Switch) -> Option<Alert> {
    let receives = match profile {
        ProfileState::Created | ProfileState::Activated => true,
        ProfileState::Announced | ProfileState::Opposed | ProfileState::Closed => false,
    };
    let wanted = muted == Switch::Off || !kind.may_be_switched_off();
    audience(secrecy).filter(|_| receives && wanted).map(|audience| Alert { kind, audience })
}

fn audience(secrecy: Secrecy) -> Option<Audience> {
    let sees = |viewer| visible_to(viewer, secrecy);
    match (sees(Viewer::Owner), sees(Viewer::LegalRepresentative) && sees(Viewer::Helper)) {
        (true, true) => Some(Audience::Everybody),
        (true, false) => Some(Audience::OwnerOnly),
        (false, _) => None,
    }
}

/// The newest notice of the same kind and audience for the same profile.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Latest {
    /// When it leaves, or left.
    pub due_at: Timestamp,
    /// Whether it still waits.
    pub progress: Progress,
}

/// How far a notice has come.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Progress {
    /// No worker has taken it.
    Waiting,
    /// It is leaving, has left, or was given up.
    Gone,
}

/// What to do with a notice that is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Write a row that may leave from this instant.
    Send {
        /// Not before.
        not_before: Timestamp,
    },
    /// Nothing: the one that waits already will say it.
    Join,
}

/// Coalesces letters: at most one notice waits per profile, and two leave at least an hour apart.
/// Every other kind leaves at once, each for itself.
#[must_use]
pub fn coalesce(alert: Alert, latest: Option<Latest>, now: Timestamp) -> Step {
    match latest {
        Some(latest) if alert.kind.coalesces() => match latest.progress {
            Progress::Waiting => Step::Join,
            Progress::Gone => Step::Send { not_before: latest.due_at.plus(ALERT_WINDOW).max(now) },
        },
        Some(_) | None => Step::Send { not_before: now },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use names::{HOUR, MINUTE};
    use proptest::prelude::*;

    #[test]
    fn emergency_and_access_notices_cannot_be_switched_off() {
        for kind in AlertKind::ALL {
            let muted = due(kind, ProfileState::Activated, Secrecy::Open, Switch::On);
            assert_eq!(muted.is_some(), matches!(kind, AlertKind::Access | AlertKind::Emergency), "{kind:?}");
            assert!(due(kind, ProfileState::Created, Secrecy::Open, Switch::Off).is_some());
            assert_eq!(AlertKind::from_code(kind.code()), Some(kind));
        }
    }

    #[test]
    fn a_hidden_letter_gives_nothing_away() {
        for (secrecy, want) in [
            (Secrecy::Open, Some(Audience::Everybody)),
            (Secrecy::FromPatient, None),
            (Secrecy::FromRepresentatives, Some(Audience::OwnerOnly)),
            (Secrecy::FromBoth, None),
        ] {
            let alert = due(AlertKind::Letter, ProfileState::Activated, secrecy, Switch::Off);
            assert_eq!(alert.map(|alert| alert.audience), want, "{secrecy:?}");
        }
    }

    #[test]
    fn a_space_that_does_not_receive_is_told_nothing() {
        for state in [ProfileState::Announced, ProfileState::Opposed, ProfileState::Closed] {
            assert_eq!(due(AlertKind::Letter, state, Secrecy::Open, Switch::Off), None);
        }
    }

    #[test]
    fn only_letters_share_a_notice() {
        let now = Timestamp(10 * HOUR);
        let waiting = Latest { due_at: now, progress: Progress::Waiting };
        let gone = Latest { due_at: now.plus(-10 * MINUTE), progress: Progress::Gone };
        let old = Latest { due_at: now.plus(-2 * HOUR), progress: Progress::Gone };
        let at_once = Step::Send { not_before: now };
        for kind in AlertKind::ALL {
            let alert = Alert { kind, audience: Audience::Everybody };
            let letter = kind == AlertKind::Letter;
            assert_eq!(coalesce(alert, None, now), at_once);
            assert_eq!(coalesce(alert, Some(waiting), now), if letter { Step::Join } else { at_once });
            let later = Step::Send { not_before: now.plus(50 * MINUTE) };
            assert_eq!(coalesce(alert, Some(gone), now), if letter { later } else { at_once });
            assert_eq!(coalesce(alert, Some(old), now), at_once);
        }
    }

    proptest! {
        #[test]
        fn a_flood_of_letters_gives_one_notice_an_hour_and_none_is_forgotten(
            gaps in proptest::collection::vec(0..2 * HOUR, 1..60),
        ) {
            let alert = Alert { kind: AlertKind::Letter, audience: Audience::Everybody };
            let mut sent: Vec<Timestamp> = Vec::new();
            let mut now = Timestamp(0);
            for gap in gaps {
                now = now.plus(gap);
                let latest = sent.last().map(|&due_at| Latest {
                    due_at,
                    progress: if due_at > now { Progress::Waiting } else { Progress::Gone },
                });
                match coalesce(alert, latest, now) {
                    Step::Join => {}
                    Step::Send { not_before } => sent.push(not_before),
                }
                let next = sent.last().unwrap();
                prop_assert!(*next >= now && next.since(now) <= HOUR, "a letter is told of within the hour");
            }
            prop_assert!(sent.windows(2).all(|pair| pair[1].since(pair[0]) >= HOUR));
        }
    }
}
