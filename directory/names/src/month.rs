//! Months of the calendar, in UTC: what operators report by.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

use crate::{DAY, Timestamp};

/// A month of the calendar, in UTC. Written `2026-11`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Month(i32);

/// The text is no month.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a month is written as 2026-11, from 1970 on")]
pub struct MonthError;

impl Month {
    /// The month an instant falls in; January 1970 for what came before.
    #[must_use]
    pub fn of(instant: Timestamp) -> Self {
        let date = instant.utc().date();
        Self((i32::from(date.year()) * 12 + i32::from(date.month()) - 1).max(1970 * 12))
    }

    /// The month that a number kept in a table stands for: twelve times the year, and months from January.
    #[must_use]
    pub fn numbered(number: i64) -> Option<Self> {
        let number = i32::try_from(number).ok()?;
        (1970 * 12..=9999 * 12 + 10).contains(&number).then_some(Self(number))
    }

    /// Its number in tables: twelve times the year, and months from January.
    #[must_use]
    pub fn number(self) -> i64 {
        i64::from(self.0)
    }

    /// As 2026.
    #[must_use]
    pub fn year(self) -> i32 {
        self.0.div_euclid(12)
    }

    /// From 1 to 12.
    #[must_use]
    pub fn of_year(self) -> u8 {
        self.0.rem_euclid(12) as u8 + 1
    }

    /// Its first instant.
    #[must_use]
    pub fn start(self) -> Timestamp {
        let year = i16::try_from(self.year()).unwrap_or(9999);
        Timestamp(Timestamp::noon_utc(year, self.of_year(), 1).0 - DAY / 2)
    }

    /// The first instant after it.
    #[must_use]
    pub fn end(self) -> Timestamp {
        self.next().start()
    }

    /// The one after; the last of all has none and answers itself.
    #[must_use]
    pub fn next(self) -> Self {
        Self::numbered(self.number() + 1).unwrap_or(self)
    }

    /// The one before; January 1970 answers itself.
    #[must_use]
    pub fn previous(self) -> Self {
        Self::numbered(self.number() - 1).unwrap_or(self)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}", self.year(), self.of_year())
    }
}

impl FromStr for Month {
    type Err = MonthError;

    fn from_str(text: &str) -> Result<Self, MonthError> {
        let digits = |text: &str, length: usize| -> Option<i64> {
            (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| text.parse().ok())
                .flatten()
        };
        let (year, month) = text.split_once('-').ok_or(MonthError)?;
        let (year, month) = (digits(year, 4).ok_or(MonthError)?, digits(month, 2).ok_or(MonthError)?);
        let named = (1..=12).contains(&month).then(|| Self::numbered(year * 12 + month - 1));
        named.flatten().ok_or(MonthError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_read_written_and_follow_each_other() {
        for (text, start, end) in [
            ("2026-11", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
            ("2026-12", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("2028-02", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"),
            ("1970-01", "1970-01-01T00:00:00Z", "1970-02-01T00:00:00Z"),
        ] {
            let month: Month = text.parse().unwrap();
            assert_eq!((month.to_string().as_str(), Month::of(month.start())), (text, month));
            assert_eq!((month.start().rfc3339().as_str(), month.end().rfc3339().as_str()), (start, end));
            assert_eq!(Month::of(month.end().plus(-1)), month, "{text}");
            assert_eq!(month.next().previous(), month, "{text}");
            assert_eq!(Month::numbered(month.number()), Some(month), "{text}");
        }
    }

    #[test]
    fn what_is_no_month_is_not_read() {
        for text in ["", "2026", "2026-13", "2026-00", "26-11", "2026-1", "2026-11-01", "+026-11", "1969-12"]
        {
            assert_eq!(text.parse::<Month>(), Err(MonthError), "{text}");
        }
        assert_eq!(Month::of(Timestamp(-5)).to_string(), "1970-01");
        assert_eq!(Month::numbered(0), None);
    }
}
