//! National health identifiers and their check digits (DOMAIN §4.6).

use serde::{Deserialize, Serialize};

/// Why a text is not the identifier it was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HealthIdError {
    /// Wrong length or wrong characters.
    #[error("the identifier does not have the right shape")]
    Shape,
    /// Right shape, wrong check digits.
    #[error("the check digits of the identifier are wrong")]
    Key,
}

/// A patient's national health identity number (matricule INS): thirteen characters and a
/// two-digit key, `97 − (N mod 97)` with `2A` read as 19 and `2B` as 18. Never printed by `Debug`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ins(String);

impl Ins {
    /// Reads fifteen characters, spaces ignored, and checks the key.
    pub fn parse(text: &str) -> Result<Self, HealthIdError> {
        let (ins, key) = Self::split(text)?;
        if Self::key_of(&ins[..13])? == key { Ok(Self(ins)) } else { Err(HealthIdError::Key) }
    }

    /// Reads fifteen characters without checking the key: official examples carry wrong keys
    /// (DOMAIN §2.1), so invented test data may ask for this.
    pub fn parse_unchecked_key(text: &str) -> Result<Self, HealthIdError> {
        Self::split(text).map(|(ins, _)| Self(ins))
    }

    /// The full number of a thirteen-character matricule, its key computed.
    pub fn from_matricule(text: &str) -> Result<Self, HealthIdError> {
        let compact: String = text.chars().filter(|c| *c != ' ').map(|c| c.to_ascii_uppercase()).collect();
        if compact.len() != 13 {
            return Err(HealthIdError::Shape);
        }
        let key = Self::key_of(&compact)?;
        Ok(Self(format!("{compact}{key:02}")))
    }

    /// The fifteen characters. Take care where this goes.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn split(text: &str) -> Result<(String, u64), HealthIdError> {
        let compact: String = text.chars().filter(|c| *c != ' ').map(|c| c.to_ascii_uppercase()).collect();
        if compact.len() != 15 || !compact.is_ascii() {
            return Err(HealthIdError::Shape);
        }
        let key = compact[13..].parse().map_err(|_| HealthIdError::Shape)?;
        Self::key_of(&compact[..13])?;
        Ok((compact, key))
    }

    fn key_of(matricule: &str) -> Result<u64, HealthIdError> {
        if !matricule.is_ascii() || matricule.len() != 13 {
            return Err(HealthIdError::Shape);
        }
        let digits = match &matricule[5..7] {
            "2A" => format!("{}19{}", &matricule[..5], &matricule[7..]),
            "2B" => format!("{}18{}", &matricule[..5], &matricule[7..]),
            _ => matricule.to_owned(),
        };
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(HealthIdError::Shape);
        }
        let number: u64 = digits.parse().map_err(|_| HealthIdError::Shape)?;
        Ok(97 - number % 97)
    }
}

impl std::fmt::Debug for Ins {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Ins(…)")
    }
}

/// A professional's national number: eleven digits. The Luhn digit is advisory: official
/// documentation breaks it, so ask [`Rpps::luhn_holds`] and warn.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Rpps(String);

impl Rpps {
    /// Reads eleven digits.
    pub fn parse(text: &str) -> Result<Self, HealthIdError> {
        let digits = text.len() == 11 && text.bytes().all(|b| b.is_ascii_digit());
        if digits { Ok(Self(text.to_owned())) } else { Err(HealthIdError::Shape) }
    }

    /// The eleven digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the last digit is the Luhn digit of the others.
    #[must_use]
    pub fn luhn_holds(&self) -> bool {
        luhn(&self.0)
    }
}

/// An establishment's number: nine characters, the first two being the département.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Finess(String);

impl Finess {
    /// Reads nine letters or digits.
    pub fn parse(text: &str) -> Result<Self, HealthIdError> {
        let shape = text.len() == 9 && text.bytes().all(|b| b.is_ascii_alphanumeric());
        if shape { Ok(Self(text.to_ascii_uppercase())) } else { Err(HealthIdError::Shape) }
    }

    /// The nine characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// National person id (`IdNat_PP`): a digit of kind and an identifier, as `8` + RPPS or `0` + ADELI.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct NationalPersonId(pub String);

/// National structure id (`IdNat_Struct`): `1` + FINESS, `2` + SIREN, `3` + SIRET, `4` + RPPS rank.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct NationalStructureId(pub String);

fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte - b'0') << (place % 2);
            if digit > 9 { digit - 9 } else { digit }
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_an_ins_is_checked() {
        assert!(Ins::parse("279035121518989").is_ok());
        assert_eq!(Ins::parse("279035121518988"), Err(HealthIdError::Key));
        assert_eq!(Ins::parse("27903512151898"), Err(HealthIdError::Shape));
        assert_eq!(Ins::parse("é79035121518989"), Err(HealthIdError::Shape));
        assert!(Ins::parse_unchecked_key("288091234567823").is_ok());
        assert_eq!(format!("{:?}", Ins::from_matricule("2790351215189").unwrap()), "Ins(…)");
        assert_eq!(Ins::from_matricule("2790351215189").unwrap().expose(), "279035121518989");
    }

    #[test]
    fn corsican_places_count_as_numbers() {
        let north = Ins::from_matricule("180012B123456").unwrap();
        let south = Ins::from_matricule("180012A123456").unwrap();
        assert_ne!(north.expose()[13..], south.expose()[13..]);
        assert!(Ins::parse(north.expose()).is_ok());
    }

    #[test]
    fn a_wrong_luhn_digit_is_told_not_refused() {
        assert!(Rpps::parse("10002422979").unwrap().luhn_holds());
        assert!(!Rpps::parse("10102727017").unwrap().luhn_holds());
        assert!(Rpps::parse("1000242297").is_err());
    }
}
