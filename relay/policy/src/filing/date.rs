//! The day of an act, as file names begin with it.

/// A day of the calendar, without place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ActDate {
    /// 1900 to 2199.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

impl std::fmt::Display for ActDate {
    /// As `2022-05-31`.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl ActDate {
    /// A day that exists.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => 31,
        };
        let real = (1900..2200).contains(&year) && (1..=12).contains(&month) && (1..=days).contains(&day);
        real.then_some(Self { year, month, day })
    }
}

/// The day a name begins with, and what follows it: `20220531_…` (ECO.2.1.6), `2022-05-31 …`,
/// `31-05-2022 …`. Eight digits are read year first, and must not run on.
pub fn leading(name: &str) -> Option<(ActDate, &str)> {
    compact(name).or_else(|| spaced(name, [4, 2, 2])).or_else(|| spaced(name, [2, 2, 4]))
}

fn compact(name: &str) -> Option<(ActDate, &str)> {
    let (digits, rest) = digits(name, 8)?;
    let date = ActDate::new(number(&digits[..4])?, number(&digits[4..6])?, number(&digits[6..])?)?;
    ends(rest).then_some((date, rest))
}

fn spaced(name: &str, widths: [usize; 3]) -> Option<(ActDate, &str)> {
    let (first, rest) = digits(name, widths[0])?;
    let (second, rest) = digits(after_separator(rest)?, widths[1])?;
    let (third, rest) = digits(after_separator(rest)?, widths[2])?;
    let (year, day) = if widths[0] == 4 { (first, third) } else { (third, first) };
    let date = ActDate::new(number(year)?, number(second)?, number(day)?)?;
    ends(rest).then_some((date, rest))
}

fn digits(text: &str, count: usize) -> Option<(&str, &str)> {
    let (digits, rest) = text.split_at_checked(count)?;
    digits.bytes().all(|b| b.is_ascii_digit()).then_some((digits, rest))
}

fn after_separator(text: &str) -> Option<&str> {
    text.strip_prefix(['-', '_', '.', ' '])
}

fn ends(rest: &str) -> bool {
    !rest.starts_with(|c: char| c.is_ascii_digit())
}

fn number<T: std::str::FromStr>(digits: &str) -> Option<T> {
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_begin_with_a_day() {
        for (name, want) in [
            ("20220531_CR", Some(("2022-05-31", "_CR"))),
            ("2022-05-31 CR", Some(("2022-05-31", " CR"))),
            ("31.05.2022-CR", Some(("2022-05-31", "-CR"))),
            ("20240229", Some(("2024-02-29", ""))),
            ("20230229_CR", None),
            ("20221331_CR", None),
            ("202205311_CR", None),
            ("31052022_CR", None),
            ("2022_CR", None),
            ("CR_20220531", None),
            ("é20220531", None),
            ("", None),
        ] {
            let found = leading(name).map(|(date, rest)| (date.to_string(), rest));
            assert_eq!(found.as_ref().map(|(date, rest)| (date.as_str(), *rest)), want, "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_name_is_read_without_panic(name in "\\PC{0,20}|[0-9-]{0,12}") {
            if let Some((date, rest)) = leading(&name) {
                prop_assert!(name.ends_with(rest));
                prop_assert_eq!(ActDate::new(date.year, date.month, date.day), Some(date));
            }
        }
    }
}
