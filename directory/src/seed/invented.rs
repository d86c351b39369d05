//! Invented patients, as the table `patients.csv` of a seed. Nobody is meant.

use std::io::{self, Write};

use names::Ins;
use register::invent::{Dice, Sex, named};

/// The header row.
const HEADER: &str = "ins,birth_name,used_name,given_names,birth_date,sex,email,phone,state,since";
/// Numbers of births in a place and month.
const ORDERS: u64 = 999;
/// Numbers of places in a department.
const PLACES: u64 = 990;
/// Where people are born, as the number has it; 99 is abroad.
const BORN: [&str; 16] =
    ["75", "13", "69", "31", "2A", "2A", "2A", "2A", "2B", "2B", "2B", "2B", "59", "35", "97", "99"];

/// Writes so many patients, the same for the same seed.
pub fn invent_patients(count: u64, seed: u64, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{HEADER}")?;
    for number in 0..count {
        let mut dice = Dice::of(seed, "patient", number);
        let named = named(&mut dice);
        let (year, month, day) = (1_930 + dice.below(96), 1 + dice.below(12), 1 + dice.below(28));
        let is_woman = named.sex == Sex::Woman;
        // People without a number of their own yet have a waiting one that begins with 7 or 8 (DOMAIN §4.6).
        let first = match (is_woman, dice.once_in(15)) {
            (false, false) => 1,
            (true, false) => 2,
            (false, true) => 7,
            (true, true) => 8,
        };
        // Place and order together count the people, so that no number comes twice.
        let (order, place) = (1 + number % ORDERS, 1 + number / ORDERS % PLACES);
        let turn = number / (ORDERS * PLACES);
        // Few people are born in Corsica, and some in every small set.
        let place_of_birth = match dice.below(40) {
            0..20 => 0,
            20 => 1,
            21 => 2,
            _ => 3,
        };
        let born = BORN.get(((place_of_birth * 4 + turn) % 16) as usize).copied().unwrap_or("99");
        let matricule = format!("{first}{:02}{month:02}{born}{place:03}{order:03}", year % 100);
        let ins =
            Ins::from_matricule(&matricule).map_err(|_| io::Error::other("an invented number is none"))?;
        let state = match dice.below(100) {
            0..5 => "announced",
            5..35 => "created",
            35..95 => "activated",
            95..97 => "opposed",
            _ => "closed",
        };
        let email = match dice.once_in(800) {
            true => format!("patient{number}@courriel.example"),
            false => String::new(),
        };
        // Numbers that the regulator keeps for fiction.
        let phone = match dice.once_in(400) {
            true => format!("063998{:04}", dice.below(10_000)),
            false => String::new(),
        };
        writeln!(
            out,
            "{},{},{},{},{year:04}-{month:02}-{day:02},{},{email},{phone},{state},-{}d",
            ins.expose(),
            named.birth,
            named.used.as_deref().unwrap_or_default(),
            named.given.join(";"),
            if is_woman { "F" } else { "M" },
            1 + dice.below(900)
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::read_files;
    use std::collections::HashSet;

    #[test]
    fn invented_patients_are_read_without_a_fault_and_no_number_comes_twice() {
        let mut out = Vec::new();
        invent_patients(2_500, 3, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let seed = read_files(&[("patients.csv", &text)]);
        assert_eq!((seed.faults.len(), seed.patients.len()), (0, 2_500), "{:?}", seed.faults.first());
        let numbers: HashSet<&str> = seed.patients.iter().map(|row| row.row.traits.ins.expose()).collect();
        assert_eq!(numbers.len(), 2_500);
        for born in ["2A", "2B"] {
            assert!(numbers.iter().any(|number| &number[5..7] == born), "{born}");
        }
        assert!(numbers.iter().any(|number| number.starts_with(['7', '8'])), "a waiting number");
        let mut again = Vec::new();
        invent_patients(2_500, 3, &mut again).unwrap();
        assert_eq!(text.as_bytes(), again);
    }
}
