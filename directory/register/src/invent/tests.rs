//! What is invented is read back by the imports.

use super::*;
use crate::import::{Covered, read_line};

fn both(wanted: &Wanted) -> (Invented, String, String) {
    let (mut mailboxes, mut activities) = (Vec::new(), Vec::new());
    let made = national(wanted, &mut mailboxes, &mut activities, |_, _| ()).unwrap();
    (made, String::from_utf8(mailboxes).unwrap(), String::from_utf8(activities).unwrap())
}

const SOME: Wanted = Wanted { professionals: 3_000, wrong_lines: 8, seed: 7, day: 0 };

#[test]
fn the_same_seed_makes_the_same_files_and_another_makes_others() {
    let first = both(&SOME);
    assert_eq!(first, both(&SOME));
    assert_ne!(first.1, both(&Wanted { seed: 8, ..SOME }).1);
}

#[test]
fn every_line_is_right_but_the_planted_ones() {
    let (made, mailboxes, activities) = both(&SOME);
    let mut wrong_digits = 0;
    for (text, covered, lines) in [
        (&mailboxes, Covered::Mailboxes, made.mailboxes),
        (&activities, Covered::Activities, made.activities),
    ] {
        let (header, rest) = text.split_once('\n').unwrap();
        let read: Vec<_> = rest.lines().map(|line| (line, read_line(covered, header, line))).collect();
        assert_eq!(read.len() as u64, lines);
        let wrong: Vec<_> = read.iter().filter_map(|(line, read)| Some((line, read.err()?))).collect();
        assert_eq!(wrong.len(), 8, "{wrong:#?}");
        if covered == Covered::Activities {
            wrong_digits = read.iter().filter(|(_, read)| *read == Ok(false)).count();
        }
    }
    assert_eq!(made.wrong_digits, 3);
    assert!((3..=12).contains(&wrong_digits), "{wrong_digits}");
    let share = made.activities as f64 / 3_000.0;
    assert!((1.35..1.6).contains(&share), "{share}");
    let share = made.mailboxes as f64 / 3_000.0;
    assert!((0.55..0.9).contains(&share), "{share}");
}

#[test]
fn a_later_day_differs_in_a_hundredth() {
    let (_, today, _) = both(&SOME);
    let (_, tomorrow, _) = both(&Wanted { day: 1, ..SOME });
    let differ = today.lines().zip(tomorrow.lines()).filter(|(today, tomorrow)| today != tomorrow).count();
    let share = differ as f64 / today.lines().count() as f64;
    assert!((0.002..0.02).contains(&share), "{share}");
}

#[test]
fn addresses_are_unique_and_some_names_are_compound_accented_or_have_particles() {
    let (_, mailboxes, _) = both(&SOME);
    let mut addresses: Vec<&str> = mailboxes.lines().filter_map(|line| line.split('|').nth(1)).collect();
    let count = addresses.len();
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!(addresses.len(), count);
    let people: Vec<Named> = (0..3_000).map(|number| named(&mut Dice::of(1, "t", number))).collect();
    let some = |what: &str, is: fn(&Named) -> bool| {
        let count = people.iter().filter(|named| is(named)).count();
        assert!(count > 20, "{what}: {count}");
    };
    some("compound given names", |named| named.given[0].contains(['-', ' ']));
    some("accents", |named| !named.given[0].is_ascii());
    some("particles", |named| named.birth.starts_with("de ") || named.birth.starts_with("Le "));
    some("maiden names", |named| named.used.is_some());
    some("double names", |named| named.birth.contains('-'));
}
