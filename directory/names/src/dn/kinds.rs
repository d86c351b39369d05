//! Attribute types: their numbers and short names.

/// The types of RFC 4514 §3, then those certificates of health and of companies carry. The first name
/// of a number is the one written.
const KINDS: [(&str, &str); 26] = [
    ("CN", "2.5.4.3"),
    ("L", "2.5.4.7"),
    ("ST", "2.5.4.8"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("C", "2.5.4.6"),
    ("STREET", "2.5.4.9"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("UID", "0.9.2342.19200300.100.1.1"),
    ("SN", "2.5.4.4"),
    ("SERIALNUMBER", "2.5.4.5"),
    ("TITLE", "2.5.4.12"),
    ("DESCRIPTION", "2.5.4.13"),
    ("BUSINESSCATEGORY", "2.5.4.15"),
    ("POSTALCODE", "2.5.4.17"),
    ("NAME", "2.5.4.41"),
    ("GIVENNAME", "2.5.4.42"),
    ("INITIALS", "2.5.4.43"),
    ("GENERATIONQUALIFIER", "2.5.4.44"),
    ("DNQUALIFIER", "2.5.4.46"),
    ("PSEUDONYM", "2.5.4.65"),
    ("ORGANIZATIONIDENTIFIER", "2.5.4.97"),
    ("EMAILADDRESS", "1.2.840.113549.1.9.1"),
    // Other tools' names for the same.
    ("S", "2.5.4.8"),
    ("T", "2.5.4.12"),
    ("E", "1.2.840.113549.1.9.1"),
];

/// The one way a type is written: its short name in upper case, or its number.
pub(super) fn canonical(text: &str) -> Option<String> {
    let number = match text.get(..4) {
        Some(head) if head.eq_ignore_ascii_case("OID.") => &text[4..],
        _ => text,
    };
    let number = if is_number(number) {
        number
    } else {
        KINDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, number)| *number)?
    };
    let short = KINDS.iter().find(|(_, known)| *known == number).map(|(name, _)| *name);
    Some(short.unwrap_or(number).to_owned())
}

/// RFC 4512 §1.4 `numericoid`: at least two arcs, no leading zeros.
pub(super) fn is_number(text: &str) -> bool {
    let arc = |arc: &str| {
        !arc.is_empty()
            && arc.bytes().all(|byte| byte.is_ascii_digit())
            && (arc == "0" || !arc.starts_with('0'))
    };
    text.contains('.') && text.split('.').all(arc)
}
