//! Dates with a prefix (FHIR R4 §3.1.1.4.5). A date without a time is the whole day, UTC.

use jiff::Timestamp as Instant;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use names::Timestamp;
use register::Criterion;

use crate::Trouble;

/// What `_lastUpdated=…` asks; all of it must hold.
pub(super) fn updated(name: &str, text: &str) -> Result<Vec<Criterion>, Trouble> {
    let wrong = || {
        Trouble::value(format!(
            "{name}: write a date as 2026, 2026-01, 2026-01-31 or 2026-01-31T12:00:00Z, behind eq, ne, gt, lt, \
             ge, le or nothing"
        ))
    };
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (prefix, date) = text.split_at(letters);
    let (start, end) = range(date).ok_or_else(wrong)?;
    let (since, before) = (Criterion::UpdatedSince, Criterion::UpdatedBefore);
    Ok(match prefix {
        "" | "eq" => vec![since(start), before(end)],
        "ne" => vec![Criterion::Any(vec![before(start), since(end)])],
        "gt" => vec![since(end)],
        "ge" => vec![since(start)],
        "lt" => vec![before(start)],
        "le" => vec![before(end)],
        _ => return Err(wrong()),
    })
}

/// The first instant of what a text names, and the first one after it.
fn range(text: &str) -> Option<(Timestamp, Timestamp)> {
    if let Some((date, _)) = text.split_once('T') {
        date.parse::<Date>().ok()?;
        let start: Instant = text.parse().ok()?;
        let start = Timestamp(start.as_millisecond());
        let fraction = text.contains('.');
        return Some((start, start.plus(if fraction { 1 } else { names::SECOND })));
    }
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next(), parts.next());
    let fits = digits(year, 4)
        && month.is_none_or(|month| digits(month, 2))
        && day.is_none_or(|day| digits(day, 2))
        && parts.next().is_none();
    if !fits {
        return None;
    }
    let number = |part: Option<&str>| part.map_or(Some(1), |part| part.parse::<i8>().ok());
    let first = Date::new(year.parse().ok()?, number(month)?, number(day)?).ok()?;
    let next = match (month, day) {
        (None, _) => first.checked_add(jiff::Span::new().years(1)),
        (Some(_), None) => first.checked_add(jiff::Span::new().months(1)),
        (Some(_), Some(_)) => first.tomorrow(),
    };
    Some((midnight(first)?, midnight(next.ok()?)?))
}

fn midnight(date: Date) -> Option<Timestamp> {
    let zoned = date.at(0, 0, 0, 0).to_zoned(TimeZone::UTC).ok()?;
    Some(Timestamp(zoned.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use names::{DAY, SECOND};
    use proptest::prelude::*;

    /// 2026-01-31T00:00:00Z.
    const LAST: Timestamp = Timestamp(1_769_817_600_000);

    #[test]
    fn a_date_is_all_of_its_time() {
        for (text, start, end) in [
            ("2026-01-31", LAST, LAST.plus(DAY)),
            ("2026-01", LAST.plus(-30 * DAY), LAST.plus(DAY)),
            ("2026", LAST.plus(-30 * DAY), LAST.plus(335 * DAY)),
            ("2026-01-31T00:00:00Z", LAST, LAST.plus(SECOND)),
            ("2026-01-31T01:00:00+01:00", LAST, LAST.plus(SECOND)),
            ("2026-01-31T00:00:00.000Z", LAST, LAST.plus(1)),
        ] {
            assert_eq!(range(text), Some((start, end)), "{text}");
        }
        for wrong in [
            "",
            "26",
            "2026-1",
            "2026-13",
            "2026-02-30",
            "2026-01-31T",
            "2026-01-31T00:00:00",
            "T",
            "9999",
            "2026-01-01-",
        ] {
            assert_eq!(range(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn prefixes_compare_with_both_ends() {
        let (since, before) = (Criterion::UpdatedSince, Criterion::UpdatedBefore);
        let end = LAST.plus(DAY);
        for (prefix, asked) in [
            ("", vec![since(LAST), before(end)]),
            ("eq", vec![since(LAST), before(end)]),
            ("ne", vec![Criterion::Any(vec![before(LAST), since(end)])]),
            ("gt", vec![since(end)]),
            ("ge", vec![since(LAST)]),
            ("lt", vec![before(LAST)]),
            ("le", vec![before(end)]),
        ] {
            assert_eq!(updated("_lastUpdated", &format!("{prefix}2026-01-31")), Ok(asked), "{prefix}");
        }
        for wrong in ["sa2026", "eb2026", "ap2026", "ge", "x"] {
            assert_eq!(updated("_lastUpdated", wrong).unwrap_err().status.as_u16(), 400, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_fail(text in "(ge)?[0-9TZ:+.-]{0,30}|\\PC{0,20}") {
            let _ = updated("_lastUpdated", &text);
        }
    }
}
