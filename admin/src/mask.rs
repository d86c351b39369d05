//! A patient's address is their INS: who looks sees as much of it as their task needs.

use names::Address;

/// Digits that make a local part look like an INS, also one that is mistyped.
const LIKE_AN_INS: usize = 10;

/// How much of a patient's address is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sight {
    /// That it is a patient's, and whose domain.
    Domain,
    /// And its last four digits: enough to hear whether a caller speaks of the same.
    LastDigits,
}

/// An address for people to read: a patient's is hidden.
#[must_use]
pub fn shown(address: &str, sight: Sight) -> String {
    match Address::parse(address) {
        Ok(address) if is_patient(&address) => hidden(&address, sight),
        Ok(address) => address.to_string(),
        // Not an address: perhaps an INS typed without its domain.
        Err(_) if digits(address) >= LIKE_AN_INS => "…".to_owned(),
        Err(_) => address.to_owned(),
    }
}

/// Whether an address is, or looks like, a patient's.
#[must_use]
pub fn is_patient(address: &Address) -> bool {
    address.ins().is_ok() || digits(address.local()) >= LIKE_AN_INS
}

fn hidden(address: &Address, sight: Sight) -> String {
    match sight {
        Sight::Domain => format!("…@{}", address.domain()),
        Sight::LastDigits => {
            let local: Vec<char> = address.local().chars().collect();
            let last: String = local[local.len().saturating_sub(4)..].iter().collect();
            format!("…{last}@{}", address.domain())
        }
    }
}

fn digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patient_is_hidden_and_everybody_else_is_shown() {
        for (address, domain, last) in [
            ("285059900010125@patient.example", "…@patient.example", "…0125@patient.example"),
            ("2850599000101@patient.example", "…@patient.example", "…0101@patient.example"),
            ("a.2850599000101@x.example", "…@x.example", "…0101@x.example"),
            ("dr.martin75@x.example", "dr.martin75@x.example", "dr.martin75@x.example"),
            ("285059900010125", "…", "…"),
            ("", "", ""),
        ] {
            assert_eq!(shown(address, Sight::Domain), domain, "{address}");
            assert_eq!(shown(address, Sight::LastDigits), last, "{address}");
        }
    }
}
