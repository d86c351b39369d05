//! Instants: milliseconds since 1970 UTC. Always passed in, never read here.

use serde::{Deserialize, Serialize};

/// One second, in milliseconds.
pub const SECOND: i64 = 1_000;
/// One minute, in milliseconds.
pub const MINUTE: i64 = 60 * SECOND;
/// One hour, in milliseconds.
pub const HOUR: i64 = 60 * MINUTE;
/// One day, in milliseconds.
pub const DAY: i64 = 24 * HOUR;

/// An instant in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This instant moved by `milliseconds` (negative: earlier).
    #[must_use]
    pub fn plus(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// Milliseconds from `earlier` to this instant; negative when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Noon UTC of a day of the calendar; the epoch when there is no such day.
    #[must_use]
    pub fn noon_utc(year: i16, month: u8, day: u8) -> Self {
        let (month, day) = (i8::try_from(month).unwrap_or(0), i8::try_from(day).unwrap_or(0));
        let noon = jiff::civil::Date::new(year, month, day)
            .and_then(|date| date.at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC));
        Self(noon.map_or(0, |noon| noon.timestamp().as_millisecond()))
    }

    /// The date and time in UTC. Instants outside years 1 to 9999 are clamped.
    #[must_use]
    pub fn utc(self) -> jiff::Zoned {
        self.at(&jiff::tz::TimeZone::UTC)
    }

    /// The date and time in a zone.
    #[must_use]
    pub fn at(self, zone: &jiff::tz::TimeZone) -> jiff::Zoned {
        const RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_207_200_000;
        let clamped = self.0.clamp(*RANGE.start(), *RANGE.end());
        jiff::Timestamp::from_millisecond(clamped)
            .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
            .to_zoned(zone.clone())
    }

    /// As `Sun, 22 Nov 2026 03:34:27 +0000` (RFC 5322 §3.3), in UTC.
    #[must_use]
    pub fn rfc5322(self) -> String {
        self.utc().strftime("%a, %d %b %Y %H:%M:%S %z").to_string()
    }

    /// As `2026-11-22T03:34:27Z` (RFC 3339), in UTC.
    #[must_use]
    pub fn rfc3339(self) -> String {
        self.utc().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_print_as_mail_and_logs_want_them() {
        let instant = Timestamp(1_795_318_467_000);
        assert_eq!(instant.rfc5322(), "Sun, 22 Nov 2026 03:34:27 +0000");
        assert_eq!(instant.rfc3339(), "2026-11-22T03:34:27Z");
        assert_eq!(Timestamp(i64::MAX).rfc3339().len(), 20);
    }
}
