//! May this person act for that one now.

use names::{DAY, Timestamp};

use crate::limits::MAJORITY_YEARS;
use crate::{Refusal, Viewer};

/// Somebody's right to act for somebody else.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mandate {
    /// What it rests on.
    pub kind: MandateKind,
    /// Where it stands.
    pub state: MandateState,
    /// When it begins.
    pub from: Timestamp,
    /// When it ends; none for an open end.
    pub until: Option<Timestamp>,
}

/// What a mandate rests on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MandateKind {
    /// A parent of a minor. `majority` is the instant the child comes of age, see [`majority`].
    Parent {
        /// When it ends by itself.
        majority: Timestamp,
    },
    /// A guardian whom a judge appointed, for a minor or an adult.
    Guardian,
    /// A helper whom the patient invited.
    Helper,
    /// A colleague or secretary of a professional.
    Delegate,
}

/// Where a mandate stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MandateState {
    /// Asked for, not answered.
    Pending,
    /// In force between its dates.
    Accepted,
    /// Declined.
    Refused,
    /// Taken back.
    Revoked,
}

impl MandateState {
    /// Every state, for tables of tests.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Accepted, Self::Refused, Self::Revoked];
}

impl MandateKind {
    /// With whose eyes the holder sees.
    #[must_use]
    pub fn viewer(self) -> Viewer {
        match self {
            Self::Parent { .. } | Self::Guardian => Viewer::LegalRepresentative,
            Self::Helper => Viewer::Helper,
            Self::Delegate => Viewer::Professional,
        }
    }
}

/// Whether this mandate holds now, and if not, why.
pub fn holds(mandate: &Mandate, now: Timestamp) -> Result<(), Refusal> {
    match mandate.state {
        MandateState::Pending | MandateState::Refused => return Err(Refusal::MandateNotAccepted),
        MandateState::Revoked => return Err(Refusal::MandateOver),
        MandateState::Accepted => {}
    }
    match mandate.kind {
        MandateKind::Parent { majority } if now >= majority => return Err(Refusal::MandateMajority),
        MandateKind::Parent { .. } | MandateKind::Guardian | MandateKind::Helper | MandateKind::Delegate => {}
    }
    match mandate.until {
        _ if now < mandate.from => Err(Refusal::MandateNotYet),
        Some(until) if now >= until => Err(Refusal::MandateOver),
        Some(_) | None => Ok(()),
    }
}

/// The instant somebody born on this day comes of age: the first of their eighteenth birthday where
/// the clocks are `zone_offset` ms ahead of UTC. Born on 29 February: on 1 March.
///
/// None when there is no such day.
#[must_use]
pub fn majority(year: i64, month: i64, day: i64, zone_offset: i64) -> Option<Timestamp> {
    let real = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    let days = days_from_civil(year + MAJORITY_YEARS, month, day);
    (real && (1..=9999).contains(&year)).then(|| Timestamp(days * DAY - zone_offset))
}

fn days_in(year: i64, month: i64) -> i64 {
    days_from_civil(year + month / 12, month % 12 + 1, 1) - days_from_civil(year, month, 1)
}

/// Days from 1970-01-01; a day past the month's end runs into the next month. Counts years from
/// March, so that a leap day comes last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use names::HOUR;

    #[test]
    fn a_mandate_holds_only_when_accepted_and_between_its_dates() {
        let (from, until) = (Timestamp(100), Some(Timestamp(200)));
        let helper = Mandate { kind: MandateKind::Helper, state: MandateState::Accepted, from, until };
        let in_state = |state| Mandate { state, ..helper.clone() };
        for (case, mandate, now, want) in [
            ("in force", helper.clone(), 100, Ok(())),
            ("last instant", helper.clone(), 199, Ok(())),
            ("too early", helper.clone(), 99, Err(Refusal::MandateNotYet)),
            ("over", helper.clone(), 200, Err(Refusal::MandateOver)),
            ("open end", Mandate { until: None, ..helper.clone() }, i64::MAX, Ok(())),
            ("pending", in_state(MandateState::Pending), 150, Err(Refusal::MandateNotAccepted)),
            ("refused", in_state(MandateState::Refused), 150, Err(Refusal::MandateNotAccepted)),
            ("revoked", in_state(MandateState::Revoked), 150, Err(Refusal::MandateOver)),
        ] {
            assert_eq!(holds(&mandate, Timestamp(now)), want, "{case}");
        }
    }

    #[test]
    fn a_parent_loses_the_child_s_space_on_the_eighteenth_birthday_and_a_guardian_does_not() {
        let majority = majority(2008, 11, 23, HOUR).unwrap();
        assert_eq!(majority.rfc3339(), "2026-11-22T23:00:00Z");
        let parent = |kind| Mandate { kind, state: MandateState::Accepted, from: Timestamp(0), until: None };
        let as_parent = parent(MandateKind::Parent { majority });
        assert_eq!(holds(&as_parent, majority.plus(-1)), Ok(()));
        assert_eq!(holds(&as_parent, majority), Err(Refusal::MandateMajority));
        assert_eq!(holds(&parent(MandateKind::Guardian), majority), Ok(()));
    }

    #[test]
    fn birthdays_are_counted_by_the_calendar() {
        for (born, of_age) in [
            ((1952, 1, 1), "1970-01-01T00:00:00Z"),
            ((2008, 2, 29), "2026-03-01T00:00:00Z"),
            ((2082, 12, 31), "2100-12-31T00:00:00Z"),
            ((1982, 2, 28), "2000-02-28T00:00:00Z"),
        ] {
            assert_eq!(majority(born.0, born.1, born.2, 0).unwrap().rfc3339(), of_age, "{born:?}");
        }
        for unreal in [(2007, 2, 29), (2007, 0, 1), (2007, 13, 1), (2007, 4, 31), (2007, 12, 0), (0, 1, 1)] {
            assert_eq!(majority(unreal.0, unreal.1, unreal.2, 0), None, "{unreal:?}");
        }
    }
}
