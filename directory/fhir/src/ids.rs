//! Ids of resources: the row of the register, and for a situation its place within the professional.
//!
//! They mean nothing to others and stay the same as long as the entry is published.

use register::{ListingId, Situation};

/// What an id of `PractitionerRole` says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RoleId {
    /// Whose situation.
    pub professional: ListingId,
    situation: u64,
}

impl RoleId {
    /// The id of a situation of this professional.
    #[must_use]
    pub fn of(professional: ListingId, situation: &Situation) -> Self {
        Self { professional, situation: fingerprint(&situation.id) }
    }

    /// Whether it stands for this situation of its professional.
    #[must_use]
    pub fn is(self, situation: &Situation) -> bool {
        self.situation == fingerprint(&situation.id)
    }

    /// Reads `row-situation`; there is one spelling of each.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (row, situation) = text.split_once('-')?;
        let parsed = Self { professional: parse_row(row)?, situation: hexadecimal(situation)? };
        (parsed.to_string() == text).then_some(parsed)
    }
}

impl std::fmt::Display for RoleId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}-{:016x}", row(self.professional), self.situation)
    }
}

/// The id of a professional or an organisation.
#[must_use]
pub fn row(id: ListingId) -> String {
    format!("{:x}", id.0.cast_unsigned())
}

/// The row an id stands for; there is one spelling of each.
#[must_use]
pub fn parse_row(text: &str) -> Option<ListingId> {
    let id = ListingId(hexadecimal(text)?.cast_signed());
    (row(id) == text).then_some(id)
}

fn hexadecimal(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if digits { u64::from_str_radix(text, 16).ok() } else { None }
}

/// FNV-1a: the identifier of an activity may hold signs that an id may not (FHIR R4 §2.24.0.1), and needs
/// telling apart from the few others of one professional only.
fn fingerprint(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::situation;
    use proptest::prelude::*;

    #[test]
    fn an_id_is_read_back_and_has_one_spelling() {
        for id in [0, 1, 4_711, i64::MAX, -1] {
            assert_eq!(parse_row(&row(ListingId(id))), Some(ListingId(id)));
        }
        for wrong in ["", "01", "+1", "-1", "1A", "g", "11111111111111111", " 1", "1-2"] {
            assert_eq!(parse_row(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_situation_is_known_by_its_own_id_only() {
        let (here, there) = (situation("1012345678"), situation("580008803/77"));
        let id = RoleId::of(ListingId(42), &here);
        assert!(id.is(&here));
        assert!(!id.is(&there));
        assert_eq!(RoleId::parse(&id.to_string()), Some(id));
        assert!(id.to_string().len() <= 64);
        for wrong in ["2a", "2a-", "-2a", "2a-1", "2A-00000000000000ff", "2a-00000000000000ff-1"] {
            assert_eq!(RoleId::parse(wrong), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_fail(text in "\\PC{0,80}") {
            let _ = (parse_row(&text), RoleId::parse(&text));
        }
    }
}
