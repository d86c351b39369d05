//! What the operator chooses about profiles; the law's figures when nothing is said (DOMAIN §6.1).

use std::path::PathBuf;

use names::{DAY, Timestamp};

use crate::limits;

/// What somebody must know, beside the temporary code and the INS, to activate or oppose a profile.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Proof {
    /// Their date of birth.
    BirthDate,
}

/// The operator's choices about profiles.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProfileRules {
    /// From the announcement to creation without opposition, in days.
    pub opposition_days: i64,
    /// Years for which a closed profile is archived before it is destroyed.
    pub archive_years: i16,
    /// Days from an express request of deletion to the deletion: time to change one's mind. At most 88.
    pub deletion_days: i64,
    /// Age at which a legal representative's mandate ends by itself, in years. At most 18.
    pub majority: i16,
    /// Days a second parent has to answer.
    pub invitation_days: i64,
    /// What is asked at activation beside code and INS.
    pub proofs: Vec<Proof>,
    /// Where people telephone when they are lost.
    pub support_phone: String,
    /// Who writes to them, as letters and e-mails name it.
    pub sender: String,
    /// Lines under that name on a printed letter.
    pub sender_address: Vec<String>,
    /// The patients' pages, as letters and e-mails name them.
    pub origin: String,
    /// The terms that are accepted at activation.
    pub terms: String,
    /// The folder of letters to print. None: they wait.
    pub spool: Option<PathBuf>,
}

impl Default for ProfileRules {
    fn default() -> Self {
        Self {
            opposition_days: limits::OPPOSITION_TIME / DAY,
            archive_years: limits::ARCHIVE_YEARS,
            deletion_days: limits::DELETION_DAYS,
            majority: limits::MAJORITY,
            invitation_days: limits::REPRESENTATION_DAYS,
            proofs: vec![Proof::BirthDate],
            support_phone: "3422".to_owned(),
            sender: "Pli".to_owned(),
            sender_address: Vec::new(),
            origin: String::new(),
            terms: String::new(),
            spool: None,
        }
    }
}

impl ProfileRules {
    /// Says what is against the law or makes no sense.
    pub fn check(&self) -> Result<(), String> {
        let wrong = |what: &str| Err(what.to_owned());
        if !(1..=365).contains(&self.opposition_days) {
            return wrong("opposition_days is 1 to 365");
        }
        if !(0..=limits::DELETION_DAYS_MOST).contains(&self.deletion_days) {
            return wrong("deletion_days is 0 to 88: a deletion asked for is done within three months");
        }
        if !(1..=100).contains(&self.archive_years) {
            return wrong("archive_years is 1 to 100");
        }
        if !(12..=limits::MAJORITY).contains(&self.majority) {
            return wrong("majority is 12 to 18");
        }
        if !(1..=90).contains(&self.invitation_days) {
            return wrong("invitation_days is 1 to 90");
        }
        Ok(())
    }

    /// Time to oppose, in milliseconds.
    #[must_use]
    pub fn opposition(&self) -> i64 {
        self.opposition_days * DAY
    }

    /// When a deletion asked for at `now` is done.
    #[must_use]
    pub fn deletion(&self, now: Timestamp) -> Timestamp {
        now.plus(self.deletion_days * DAY)
    }

    /// The end of the archive of a profile closed at `closed`: years of the calendar, in UTC.
    #[must_use]
    pub fn archive_end(&self, closed: Timestamp) -> Timestamp {
        self.years_from(closed, self.archive_years)
    }

    /// Profiles closed at this instant or before have been archived long enough at `now`.
    #[must_use]
    pub fn archived_since(&self, now: Timestamp) -> Timestamp {
        self.years_from(now, -self.archive_years)
    }

    fn years_from(&self, at: Timestamp, years: i16) -> Timestamp {
        let moved = at.utc().checked_add(jiff::Span::new().years(years));
        moved.map_or(Timestamp(i64::MAX), |moved| Timestamp(moved.timestamp().as_millisecond()))
    }

    /// Which terms these are: a hash of their text.
    #[must_use]
    pub fn terms_version(&self) -> String {
        let hash = crate::sign_in::sha256(self.terms.as_bytes());
        hash[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_law_is_the_default_and_what_breaks_it_is_said() {
        let law = ProfileRules::default();
        assert_eq!((law.opposition_days, law.archive_years, law.majority), (42, 10, 18));
        assert!(law.check().is_ok() && law.deletion_days <= 88);
        for (case, rules) in [
            ("deletion after three months", ProfileRules { deletion_days: 89, ..law.clone() }),
            ("majority beyond the law", ProfileRules { majority: 19, ..law.clone() }),
            ("no time to oppose", ProfileRules { opposition_days: 0, ..law.clone() }),
            ("no archive", ProfileRules { archive_years: 0, ..law.clone() }),
        ] {
            assert!(rules.check().is_err(), "{case}");
        }
    }

    #[test]
    fn ten_years_are_years_of_the_calendar() {
        let law = ProfileRules::default();
        let closed = Timestamp::noon_utc(2024, 2, 29);
        assert_eq!(law.archive_end(closed), Timestamp::noon_utc(2034, 2, 28));
        let closed = Timestamp::noon_utc(2026, 11, 22);
        assert_eq!(law.archive_end(closed), Timestamp::noon_utc(2036, 11, 22));
        assert_eq!(law.archived_since(Timestamp::noon_utc(2036, 11, 22)), closed);
    }
}
