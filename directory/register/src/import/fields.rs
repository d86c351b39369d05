//! Fields that both extracts have.

use names::{Profession, SectorCode};

use crate::{Category, Coded, Place, limits};

/// A field cut out of a line: without blanks around it.
pub(crate) fn checked(field: &str) -> Result<&str, &'static str> {
    let field = field.trim();
    if field.len() > limits::FIELD_CHARACTERS {
        return Err("a field is too long");
    }
    // Control characters begin with one of these octets; hardly any field holds one.
    let suspicious = |octet: u8| octet < b' ' || octet == 0x7f || octet == 0xc2;
    if field.bytes().any(suspicious) && field.chars().any(char::is_control) {
        return Err("a field holds a control character");
    }
    Ok(field)
}

/// As people are addressed, from the codes of the extracts.
pub(crate) fn civility(practice: &str, civil: &str) -> String {
    let code = if practice.is_empty() { civil } else { practice };
    match code {
        "DR" => "Dr",
        "PR" => "Pr",
        "MME" | "MLLE" => "Mme",
        other => other,
    }
    .to_owned()
}

pub(crate) fn category(code: &str) -> Option<Category> {
    match code {
        "C" => Some(Category::Civil),
        "M" => Some(Category::Military),
        "E" => Some(Category::Student),
        _ => None,
    }
}

pub(crate) fn coded(code: &str, label: &str) -> Option<Coded> {
    (!code.is_empty()).then(|| Coded { code: code.to_owned(), label: label.to_owned() })
}

pub(crate) fn profession(code: &str, label: &str) -> Option<Profession> {
    (!code.is_empty()).then(|| Profession { code: code.to_owned(), label: label.to_owned() })
}

pub(crate) fn sector(code: &str) -> Option<SectorCode> {
    (!code.is_empty()).then(|| SectorCode(code.to_owned()))
}

/// One line of an envelope from its pieces.
pub(crate) fn joined(pieces: &[&str]) -> String {
    let mut line = String::new();
    for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(piece);
    }
    line
}

/// A postal address; lines that are empty do not count.
pub(crate) fn place(
    lines: [String; 4],
    postal_code: &str,
    town: &str,
    department: &str,
    country: &str,
) -> Place {
    let department =
        if (1..=3).contains(&department.len()) && department.bytes().all(|b| b.is_ascii_alphanumeric()) {
            department.to_owned()
        } else {
            department_of(postal_code)
        };
    Place {
        lines: lines.into_iter().filter(|line| !line.is_empty()).collect(),
        postal_code: postal_code.to_owned(),
        town: town.to_owned(),
        department,
        country: if country.eq_ignore_ascii_case("france") { String::new() } else { country.to_owned() },
    }
}

/// The département of a postal code; Corsica is cut at 20200.
fn department_of(postal_code: &str) -> String {
    if postal_code.len() != 5 || !postal_code.bytes().all(|byte| byte.is_ascii_digit()) {
        return String::new();
    }
    match &postal_code[..2] {
        "97" | "98" => postal_code[..3].to_owned(),
        "20" if postal_code < "20200" => "2A".to_owned(),
        "20" => "2B".to_owned(),
        two => two.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_with_a_control_character_is_refused() {
        for good in ["", "Hélène Â Œ", "\u{a0}x", " x ", "中村", "\u{c2}"] {
            assert_eq!(checked(good), Ok(good.trim()), "{good:?}");
        }
        for octet in (0..0x20_u32).chain(0x7f..0xa0) {
            let text = format!("a{}b", char::from_u32(octet).unwrap());
            assert!(checked(&text).is_err(), "{text:?}");
        }
        assert!(checked(&"é".repeat(limits::FIELD_CHARACTERS)).is_err(), "too long");
    }

    #[test]
    fn a_department_is_read_from_the_code_or_from_the_postal_code() {
        let department =
            |postal: &str, code: &str| place(Default::default(), postal, "", code, "").department;
        for (postal, code, wanted) in [
            ("58000", "58", "58"),
            ("20000", "", "2A"),
            ("20200", "", "2B"),
            ("97400", "La Réunion", "974"),
            ("1000", "", ""),
            ("75011", "Paris", "75"),
        ] {
            assert_eq!(department(postal, code), wanted, "{postal} {code}");
        }
    }
}
