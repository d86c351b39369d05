//! Days as people type them.

use names::{DAY, Timestamp};

/// The first instant of a day (UTC) written `2026-11-22` or `22/11/2026`; none when it is no day.
#[must_use]
pub fn read(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let (year, month, day) = match text.contains('/') {
        true => {
            let mut parts = text.splitn(3, '/');
            let (day, month) = (parts.next()?, parts.next()?);
            (parts.next()?, month, day)
        }
        false => {
            let mut parts = text.splitn(3, '-');
            (parts.next()?, parts.next()?, parts.next()?)
        }
    };
    let digits = |part: &str, most: usize| {
        let plain = (1..=most).contains(&part.len()) && part.bytes().all(|octet| octet.is_ascii_digit());
        plain.then(|| part.parse::<u16>().ok()).flatten()
    };
    let (year, month, day) = (digits(year, 4)?, digits(month, 2)?, digits(day, 2)?);
    let (year, month, day) = (i16::try_from(year).ok()?, u8::try_from(month).ok()?, u8::try_from(day).ok()?);
    let noon = Timestamp::noon_utc(year, month, day);
    // A day that does not exist is answered with the epoch.
    (year >= 1970 && noon.0 > 0).then(|| noon.plus(-DAY / 2))
}

/// A day as files and tables write it: `2026-11-22` (UTC).
#[must_use]
pub fn written(instant: Timestamp) -> String {
    instant.rfc3339().chars().take(10).collect()
}

/// The date of an instant (UTC).
#[must_use]
pub fn date_of(instant: Timestamp) -> jiff::civil::Date {
    instant.utc().date()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_in_both_ways_and_no_other() {
        let wanted = Timestamp(1_795_305_600_000);
        for text in ["2026-11-22", "22/11/2026", " 2026-11-22 "] {
            assert_eq!(read(text), Some(wanted), "{text}");
        }
        assert_eq!(written(wanted), "2026-11-22");
        assert_eq!(date_of(wanted), jiff::civil::date(2026, 11, 22));
        for text in
            ["", "2026-11", "2026-13-01", "2026-02-30", "31/11/2026", "22-11-2026x", "1969-12-31", "a/b/c"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
