//! How values are compared (RFC 4517 §4). Text is compared as everywhere in the directory: case, accents
//! and signs do not count ([`names::fold`]); the complaint about directories is that they do.

use crate::dn;
use crate::schema::{Class, Syntax};

/// The form in which equal values are equal texts, and in which order is the order of texts; none for a
/// value that the syntax does not allow.
pub(crate) fn prepared(syntax: Syntax, value: &str, arc: &str) -> Option<String> {
    match syntax {
        Syntax::Text | Syntax::Lines | Syntax::Opaque => Some(names::fold(value)),
        Syntax::Ascii => Some(value.trim().to_lowercase()),
        Syntax::Telephone => {
            let kept: String = value.chars().filter(|c| !" -.()/".contains(*c)).collect();
            (!kept.is_empty()).then(|| kept.to_lowercase())
        }
        Syntax::Oid => {
            let name = match Class::named(value.trim(), arc) {
                Some(class) => class.name(),
                None => value.trim(),
            };
            Some(name.to_ascii_lowercase())
        }
        Syntax::Integer => value.trim().parse::<i64>().ok().map(ordered),
        Syntax::Boolean => match value.to_ascii_uppercase().as_str() {
            boolean @ ("TRUE" | "FALSE") => Some(boolean.to_owned()),
            _ => None,
        },
        Syntax::Time => time(value).map(ordered),
        Syntax::Dn => dn::comparable(value),
        Syntax::Uuid => {
            let value = value.to_ascii_lowercase();
            let plain = value.len() == 36 && value.chars().all(|c| c == '-' || c.is_ascii_hexdigit());
            plain.then_some(value)
        }
    }
}

/// A part of a value, for substrings.
pub(crate) fn piece(syntax: Syntax, value: &str) -> Option<String> {
    match syntax {
        Syntax::Text | Syntax::Lines => Some(names::fold(value)),
        // A space at an end is part of what is looked for; nobody types one in an address.
        Syntax::Ascii => Some(value.trim().to_lowercase()),
        Syntax::Telephone => {
            Some(value.chars().filter(|c| !" -.()/".contains(*c)).collect::<String>().to_lowercase())
        }
        Syntax::Oid
        | Syntax::Integer
        | Syntax::Boolean
        | Syntax::Time
        | Syntax::Dn
        | Syntax::Uuid
        | Syntax::Opaque => None,
    }
}

/// Numbers as texts of one length, in the same order.
fn ordered(number: i64) -> String {
    format!("{:020}", i128::from(number) - i128::from(i64::MIN))
}

/// Milliseconds since 1970 of a generalized time (RFC 4517 §3.3.13): minutes, seconds and fraction may be
/// missing, the zone may not.
pub(crate) fn time(text: &str) -> Option<i64> {
    let (digits, rest) = text.split_at_checked(text.find(|c: char| !c.is_ascii_digit())?)?;
    let number =
        |at: usize, length: usize| digits.get(at..at + length).and_then(|part| part.parse::<i8>().ok());
    let year = digits.get(..4)?.parse().ok()?;
    let (month, day, hour) = (number(4, 2)?, number(6, 2)?, number(8, 2)?);
    let (minute, second, unit) = match digits.len() {
        10 => (0, 0, 3_600_000_i64),
        12 => (number(10, 2)?, 0, 60_000),
        14 => (number(10, 2)?, number(12, 2)?, 1_000),
        _ => return None,
    };
    // A leap second is the one before it here.
    let civil = jiff::civil::DateTime::new(year, month, day, hour, minute, second.min(59), 0).ok()?;
    let (fraction, zone) = match rest.strip_prefix(['.', ',']) {
        Some(fraction) => {
            let end = fraction.find(|c: char| !c.is_ascii_digit())?;
            let (digits, zone) = fraction.split_at(end);
            if digits.is_empty() || digits.len() > 9 {
                return None;
            }
            let scale = 10_i64.pow(u32::try_from(digits.len()).ok()?);
            (digits.parse::<i64>().ok()?.checked_mul(unit)? / scale, zone)
        }
        None => (0, rest),
    };
    let offset = match zone.as_bytes() {
        b"Z" => 0,
        [sign @ (b'+' | b'-'), digits @ ..] if matches!(digits.len(), 2 | 4) => {
            let digits = std::str::from_utf8(digits).ok()?;
            let hours: i64 = digits.get(..2)?.parse().ok()?;
            let minutes: i64 =
                digits.get(2..).filter(|minutes| !minutes.is_empty()).map_or(Ok(0), str::parse).ok()?;
            let offset = (hours * 60 + minutes) * 60_000;
            if *sign == b'+' { offset } else { -offset }
        }
        _ => return None,
    };
    let at = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond();
    at.checked_add(fraction)?.checked_sub(offset)
}

/// Whether each word of `wanted` is nearly a word of `value`: it begins so, or one error was typed. Used
/// where the register has no key of its own; both are folded.
pub(crate) fn resembles(value: &str, wanted: &str) -> bool {
    let mut wanted = wanted.split(' ').filter(|word| !word.is_empty()).peekable();
    wanted.peek().is_some()
        && wanted.all(|wanted| value.split(' ').any(|word| word.starts_with(wanted) || nearly(word, wanted)))
}

/// Four letters and more, one of them wrong, missing, added, or two swapped.
fn nearly(one: &str, other: &str) -> bool {
    let one: Vec<char> = one.chars().collect();
    let other: Vec<char> = other.chars().collect();
    if one.len().min(other.len()) < 4 || one.len().abs_diff(other.len()) > 1 {
        return false;
    }
    let start = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[start..], &other[start..]);
    match (one, other) {
        ([], _) | (_, []) => true,
        ([a, b, rest @ ..], [c, d, more @ ..]) if a == d && b == c && rest == more => true,
        _ => one[1..] == other[1..] || one[1..] == *other || *one == other[1..],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_mean_the_same_are_the_same() {
        for (syntax, one, other, same) in [
            (Syntax::Text, "Hélène  Lévy-Dupont", "helene LEVY DUPONT", true),
            (Syntax::Text, "Hélène", "Helena", false),
            (Syntax::Ascii, "A@B.example", "a@b.EXAMPLE", true),
            (Syntax::Ascii, "a.b@c.example", "ab@c.example", false),
            (Syntax::Telephone, "01 23-45.67 89", "0123456789", true),
            (Syntax::Oid, "2.5.6.6", "PERSON", true),
            (Syntax::Integer, "007", "7", true),
            (Syntax::Boolean, "true", "TRUE", true),
            (Syntax::Time, "20261122120000Z", "202611221300+0100", true),
            (Syntax::Time, "20261122120000.5Z", "20261122120000Z", false),
            (Syntax::Dn, "OU=Bal, C=FR", "ou=bal,c=fr", true),
            (Syntax::Lines, "1 rue X$31000 Toulouse", "1 RUE X $ 31000 TOULOUSE", true),
        ] {
            let [one, other] = [one, other].map(|value| prepared(syntax, value, "1.2").unwrap());
            assert_eq!(one == other, same, "{syntax:?}: {one} {other}");
        }
    }

    #[test]
    fn a_value_that_the_syntax_does_not_allow_is_none() {
        for (syntax, value) in [
            (Syntax::Integer, "x"),
            (Syntax::Integer, "99999999999999999999"),
            (Syntax::Boolean, "yes"),
            (Syntax::Time, "2026"),
            (Syntax::Time, "20261122120000"),
            (Syntax::Time, "20261322120000Z"),
            (Syntax::Time, "20261122120000.Z"),
            (Syntax::Time, "20261122120000+1"),
            (Syntax::Time, "é"),
            (Syntax::Dn, "nothing"),
            (Syntax::Uuid, "1234"),
            (Syntax::Telephone, "-"),
        ] {
            assert_eq!(prepared(syntax, value, "1.2"), None, "{value}");
        }
    }

    #[test]
    fn numbers_and_times_stand_in_their_order() {
        let order = |syntax, values: [&str; 3]| {
            let prepared = values.map(|value| prepared(syntax, value, "").unwrap());
            assert!(prepared.is_sorted(), "{prepared:?}");
        };
        order(Syntax::Integer, ["-5", "9", "10"]);
        order(Syntax::Time, ["19691231235959Z", "20261122120000Z", "20261122120001Z"]);
    }

    #[test]
    fn one_error_is_forgiven_and_not_two() {
        for (value, wanted, want) in [
            ("jean martin", "martin", true),
            ("jean martin", "mart", true),
            ("jean martin", "martin jean", true),
            ("jean martin", "martni", true),
            ("jean martin", "marttin", true),
            ("jean martin", "marti", true),
            ("jean martin", "mortin", true),
            ("jean martin", "morten", false),
            ("jean martin", "paul martin", false),
            ("jean martin", "", false),
            ("li", "lo", false),
            ("dupont", "dupond", true),
            ("abcde", "abdec", false),
        ] {
            assert_eq!(resembles(value, wanted), want, "{value} / {wanted}");
        }
    }
}
