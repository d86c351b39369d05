//! Identifiers as the extracts write them (DOMAIN §4.6). Shapes are checked; a wrong Luhn digit is only
//! counted, because official documents break it.

use names::{Finess, NationalPersonId, NationalStructureId, Rpps};

/// Characters of a national identifier at most: the longest are a structure and a local number.
const LONGEST: usize = 64;

/// Whether the check digit of an identifier holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Check {
    Holds,
    Fails,
}

/// A professional: the national identification when given, else kind and identifier.
pub(crate) fn person(
    national: &str,
    kind: &str,
    id: &str,
) -> Result<(NationalPersonId, Check), &'static str> {
    let whole = match (national, kind, id) {
        ("", "", "") => return Err("no professional is named"),
        ("", kind, id) => {
            let prefix = match kind {
                "RPPS" => "8",
                "ADELI" => "0",
                kind if kind.len() == 1 && kind.as_bytes()[0].is_ascii_digit() => kind,
                _ => return Err("the kind of identifier of the professional is not known"),
            };
            format!("{prefix}{id}")
        }
        (national, _, _) => national.to_owned(),
    };
    let wrong = Err("the identifier of the professional is of no known shape");
    let (Some(prefix), Some(rest)) = (whole.get(..1), whole.get(1..)) else { return wrong };
    let plain = |rest: &str| {
        !rest.is_empty()
            && rest.len() < LONGEST
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/.-_".contains(&byte))
    };
    let check = match prefix {
        "8" => match Rpps::parse(rest) {
            Ok(rpps) if rpps.luhn_holds() => Check::Holds,
            Ok(_) => Check::Fails,
            Err(_) => return wrong,
        },
        "0" if rest.len() == 9 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) => Check::Holds,
        "1" | "3" | "4" | "5" | "6" if plain(rest) => Check::Holds,
        _ => return wrong,
    };
    Ok((NationalPersonId(whole), check))
}

/// A structure as the mailbox extract names it: with or without the digit of its kind.
pub(crate) fn structure(kind: &str, id: &str) -> Result<(NationalStructureId, Check), &'static str> {
    let kind = names::fold(kind);
    let prefix = match kind.as_str() {
        "finess" | "1" => Some('1'),
        "siren" | "2" => Some('2'),
        "siret" | "3" => Some('3'),
        "rpps rang" | "cabinet rpps" | "4" => Some('4'),
        _ => None,
    };
    let digits = id.bytes().all(|byte| byte.is_ascii_digit());
    let bare = match (prefix, id.len()) {
        (Some('1'), 9) => Some('1'),
        (Some('2'), 9) if digits => Some('2'),
        (Some('3'), 14) if digits => Some('3'),
        (None, 9) => Some('1'),
        (None, 14) if digits => Some('3'),
        _ => None,
    };
    let whole = bare.map_or_else(|| id.to_owned(), |prefix| format!("{prefix}{id}"));
    national_structure(whole)
}

/// A national structure identifier, its digit of kind included.
pub(crate) fn national_structure(whole: String) -> Result<(NationalStructureId, Check), &'static str> {
    let wrong = Err("the identifier of the structure is of no known shape");
    let (Some(prefix), Some(rest)) = (whole.get(..1), whole.get(1..)) else {
        return Err("no structure is named");
    };
    let digits = rest.bytes().all(|byte| byte.is_ascii_digit());
    let fits = match prefix {
        "1" => Finess::parse(rest).is_ok(),
        "2" => digits && rest.len() == 9,
        "3" => digits && rest.len() == 14,
        // RPPS and a rank.
        "4" => digits && (12..=14).contains(&rest.len()),
        _ => false,
    };
    if !fits {
        return wrong;
    }
    let check = match prefix {
        "1" if !digits => Check::Holds, // Corsica: 2A and 2B have no Luhn digit of numbers.
        "1" | "2" | "3" if !luhn(rest) => Check::Fails,
        _ => Check::Holds,
    };
    Ok((NationalStructureId(whole), check))
}

/// Whether the last digit is the Luhn digit of the others.
pub(crate) fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte.wrapping_sub(b'0')) << (place % 2);
            if digit > 9 { digit - 9 } else { digit }
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn professionals_are_named_in_two_ways_and_shapes_are_checked() {
        let whole = |national: &str, kind: &str, id: &str| {
            person(national, kind, id).map(|(id, check)| (id.0, check == Check::Holds))
        };
        assert_eq!(whole("810002422979", "8", "10002422979"), Ok(("810002422979".to_owned(), true)));
        assert_eq!(whole("", "8", "10002422979"), Ok(("810002422979".to_owned(), true)));
        assert_eq!(whole("", "RPPS", "10102727017"), Ok(("810102727017".to_owned(), false)));
        assert_eq!(whole("", "ADELI", "012800736"), Ok(("0012800736".to_owned(), true)));
        assert_eq!(whole("3580008803/12-A", "", ""), Ok(("3580008803/12-A".to_owned(), true)));
        for (national, kind, id) in [
            ("", "", ""),
            ("81000242297", "", ""),
            ("8100024229790", "", ""),
            ("8É0002422979", "", ""),
            ("9123", "", ""),
            ("é", "", ""),
            ("", "CARD", "10002422979"),
            ("3", "", ""),
            ("3a b", "", ""),
        ] {
            assert!(whole(national, kind, id).is_err(), "{national} {kind} {id}");
        }
    }

    #[test]
    fn structures_are_named_with_and_without_their_digit() {
        let whole =
            |kind: &str, id: &str| structure(kind, id).map(|(id, check)| (id.0, check == Check::Holds));
        assert_eq!(whole("FINESS", "580008803"), Ok(("1580008803".to_owned(), true)));
        assert_eq!(whole("1", "1580008803"), Ok(("1580008803".to_owned(), true)));
        assert_eq!(whole("FINESS", "2A0000014"), Ok(("12A0000014".to_owned(), true)));
        assert_eq!(whole("SIRET", "31831002130002"), Ok(("331831002130002".to_owned(), false)));
        assert_eq!(whole("SIREN", "318310021"), Ok(("2318310021".to_owned(), luhn("318310021"))));
        assert_eq!(whole("", "580008804"), Ok(("1580008804".to_owned(), false)));
        for (kind, id) in [("", ""), ("SIRET", "123"), ("FINESS", "58000880-"), ("", "9580008803"), ("", "é")]
        {
            assert!(whole(kind, id).is_err(), "{kind} {id}");
        }
    }
}
