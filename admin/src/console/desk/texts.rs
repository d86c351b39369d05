//! Every French sentence that these pages compose: a file for each page, and here what they share.

mod letters;
mod patients;
mod queue;
mod statistics;
mod trail;
mod trust;

use jiff::civil::Date;
use names::{Month, Timestamp};
use walls::texts::MONTHS;

pub(crate) use letters::*;
pub(crate) use patients::*;
pub(crate) use queue::*;
pub(crate) use statistics::*;
pub(crate) use trail::*;
pub(crate) use trust::*;

/// As "novembre 2026".
pub(crate) fn month(month: Month) -> String {
    let name = MONTHS.get(usize::from(month.of_year()) - 1).copied().unwrap_or_default();
    format!("{name} {}", month.year())
}

/// As "22 novembre".
pub(crate) fn short_day(at: Timestamp) -> String {
    let date = at.utc().date();
    let name = MONTHS.get(date.month() as usize - 1).copied().unwrap_or_default();
    format!("{} {name}", date.day())
}

/// As "3 juillet 1958".
pub(crate) fn birth_date(date: Date) -> String {
    let name = MONTHS.get(date.month() as usize - 1).copied().unwrap_or_default();
    format!("{} {name} {}", date.day(), date.year())
}

/// As "12 345".
pub(crate) fn number(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = if number < 0 { "−".to_owned() } else { String::new() };
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// As "12 (25 %)".
pub(crate) fn part(part: i64, whole: i64) -> String {
    match whole {
        0 => number(part),
        whole => format!("{} ({}\u{a0}%)", number(part), part * 100 / whole),
    }
}

#[cfg(test)]
mod tests {
    use directory::Reason as Ground;
    use directory::trust::{EventKind, Place};
    use relay::queue::State;

    use super::*;
    use crate::statistics_tables::Sheet;
    use crate::why::Reason;

    #[test]
    fn numbers_months_and_sizes_read_as_french_ones() {
        assert_eq!(number(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(
            (number(0), number(999), number(-1_000)),
            ("0".into(), "999".into(), "−1\u{202f}000".into())
        );
        assert_eq!(month("2026-08".parse().unwrap()), "août 2026");
        assert_eq!(part(1, 3), "1 (33\u{a0}%)");
        assert_eq!(part(0, 0), "0");
        assert_eq!(
            (size(12), size(12_345), size(2_340_000)),
            ("12\u{a0}octets".into(), "12\u{a0}ko".into(), "2,3\u{a0}Mo".into())
        );
    }

    #[test]
    fn every_case_has_words_of_its_own() {
        let differ = |mut words: Vec<&str>| {
            let all = words.len();
            words.sort_unstable();
            words.dedup();
            assert_eq!(words.len(), all);
        };
        differ(Reason::ALL.map(reason).to_vec());
        differ(Ground::ALL.map(ground).to_vec());
        differ(Sheet::ALL.map(sheet).to_vec());
        differ(State::ALL.map(queue_state).to_vec());
        differ(Place::ALL.map(domains).to_vec());
        differ(EventKind::ALL.map(event).to_vec());
        let acts = ["oppose", "withdraw", "close", "reopen", "add-representative", "intervene"];
        differ(acts.map(patient_act).to_vec());
        differ(acts.map(patient_act_means).to_vec());
        assert!(acts.iter().all(|act| patient_done(act).is_some()) && patient_done("rien").is_none());
    }
}
