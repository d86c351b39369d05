//! Mail addresses, parsed once at the edge (RFC 5321 §4.1.2, RFC 6531 §3.3).

use crate::{HealthIdError, Ins};
use serde::{Deserialize, Serialize};

/// Octets in a local part (RFC 5321 §4.5.3.1.1).
const LOCAL_PART_MAX: usize = 64;
/// Octets in a domain (RFC 5321 §4.5.3.1.2).
const DOMAIN_MAX: usize = 255;
/// Octets in a whole address: a path is 256 with its angle brackets (RFC 5321 §4.5.3.1.3).
const ADDRESS_MAX: usize = 254;

/// Why a text is not a mail address we accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// There is no `@`.
    #[error("the address has no @")]
    NoAt,
    /// The part before the `@` is empty, too long or holds a forbidden character.
    #[error("the part before the @ is not valid")]
    LocalPart,
    /// The part after the `@` is not a host name of letters, digits and hyphens.
    #[error("the part after the @ is not a domain name")]
    Domain,
    /// The whole is longer than 254 octets.
    #[error("the address is too long")]
    TooLong,
}

/// The part before the `@`: a dot-atom, kept as written, compared in lower case.
///
/// Quoted local parts, source routes and percent hacks are refused: no mailbox of the trust space
/// has one, and each has carried an attack (RELIABILITY S-06, S-14).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct LocalPart(String);

impl LocalPart {
    fn parse(text: &str) -> Result<Self, AddressError> {
        let atoms = text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom));
        if text.len() <= LOCAL_PART_MAX && atoms && !text.contains("=?") {
            Ok(Self(text.to_lowercase()))
        } else {
            Err(AddressError::LocalPart)
        }
    }

    /// The text, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// RFC 5322 §3.2.3 `atext` and RFC 6531 §3.3 `UTF8-non-ascii`, less `%` and `!` (routing hacks).
fn is_atom(c: char) -> bool {
    match c {
        '%' | '!' => false,
        c if c.is_ascii() => c.is_ascii_alphanumeric() || "#$&'*+-/=?^_`{|}~".contains(c),
        c => c.is_alphanumeric(),
    }
}

/// A host name of letters, digits and hyphens, in lower case; at least two labels.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Domain(String);

impl Domain {
    /// Reads a domain. A trailing dot, an address literal or a non-ASCII label is refused.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if text.len() <= DOMAIN_MAX && text.contains('.') && text.split('.').all(label) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(AddressError::Domain)
        }
    }

    /// The text, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Domain {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

/// A mail address in comparison form (lower case). May name a patient: print it with care.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Address {
    local: LocalPart,
    domain: Domain,
}

impl Address {
    /// Reads `local@domain`, without angle brackets.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.len() > ADDRESS_MAX {
            return Err(AddressError::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(AddressError::NoAt)?;
        Ok(Self { local: LocalPart::parse(local)?, domain: Domain::parse(domain)? })
    }

    /// The address of a patient at the patient operator's domain.
    #[must_use]
    pub fn of_patient(ins: &Ins, domain: &Domain) -> Self {
        Self { local: LocalPart(ins.expose().to_lowercase()), domain: domain.clone() }
    }

    /// The part before the `@`, in lower case.
    #[must_use]
    pub fn local(&self) -> &str {
        self.local.as_str()
    }

    /// The part after the `@`.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The INS this address stands for: fifteen characters with a right key, or thirteen whose key
    /// is computed (an alias, DESIGN §6). Whether the domain is a patient domain is not asked here.
    pub fn ins(&self) -> Result<Ins, HealthIdError> {
        if self.local().len() == 13 { Ins::from_matricule(self.local()) } else { Ins::parse(self.local()) }
    }

    /// Whether SMTPUTF8 is needed to carry it (RFC 6531).
    #[must_use]
    pub fn needs_utf8(&self) -> bool {
        !self.local().is_ascii()
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}@{}", self.local.0, self.domain.0)
    }
}

/// Shows the domain only: a local part may be an INS.
impl std::fmt::Debug for Address {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "…@{}", self.domain.0)
    }
}

impl std::str::FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ordinary_addresses_compare_in_lower_case() {
        let address = Address::parse("Jean.DUPONT@Cabinet.MSSante.FR").unwrap();
        assert_eq!(address.to_string(), "jean.dupont@cabinet.mssante.fr");
        assert_eq!(format!("{address:?}"), "…@cabinet.mssante.fr");
    }

    #[test]
    fn forms_that_have_carried_attacks_are_refused() {
        for hostile in [
            "user%far@near.fr",
            "near!user@near.fr",
            "\"user@far\"@near.fr",
            "a@[127.0.0.1]",
            "a@near.fr.",
            "a@",
            "@near.fr",
            "a..b@near.fr",
            ".a@near.fr",
            "a b@near.fr",
            "a\r\n@near.fr",
            "a@b",
            "a",
            "=?utf-8?q?a=40b?=@near.fr",
            "a@-near.fr",
            "a@né.fr",
            "a\u{202e}b@near.fr",
            "a,b@near.fr",
            "@a.fr,@b.fr:user@c.fr",
            "a@b@near.fr",
        ] {
            assert!(Address::parse(hostile).is_err(), "{hostile:?} was accepted");
        }
    }

    #[test]
    fn a_patient_address_gives_its_ins_with_or_without_key() {
        let full = Address::parse("279035121518989@patient.mssante.fr").unwrap();
        let short = Address::parse("2790351215189@patient.mssante.fr").unwrap();
        assert_eq!(full.ins(), short.ins());
        assert!(Address::parse("dr.martin@patient.mssante.fr").unwrap().ins().is_err());
    }

    proptest! {
        #[test]
        fn what_parses_prints_and_parses_again(text in "\\PC{0,40}@[a-zA-Z0-9.-]{0,30}") {
            if let Ok(address) = Address::parse(&text) {
                prop_assert_eq!(Address::parse(&address.to_string()), Ok(address));
            }
        }
    }
}
