//! Distinguished names as text. RFC 4514

use x509_parser::der_parser::asn1_rs::ToDer;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// A name as RFC 4514 §2 writes it: the last part of the encoded sequence first, joined by commas
/// without space, as `CN=mx.example,OU=318310021300028,O=GIP MIPIH,ST=Haute-Garonne (31),C=FR`.
pub(crate) fn rfc4514(name: &X509Name<'_>) -> String {
    let parts: Vec<String> =
        name.iter_rdn().map(|part| part.iter().map(attribute).collect::<Vec<_>>().join("+")).collect();
    parts.into_iter().rev().collect::<Vec<_>>().join(",")
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let oid = attribute.attr_type().to_id_string();
    match (short_name(&oid), attribute.as_str()) {
        (Some(short), Ok(value)) => format!("{short}={}", escape(value)),
        // §2.4: a type without a short name, or a value that is no text, is written as its bytes.
        (short, _) => format!("{}=#{}", short.unwrap_or(&oid), hexadecimal(attribute)),
    }
}

/// The types of RFC 4514 §3, and those of French health certificates that have a usual name.
fn short_name(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.5.4.3" => "CN",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.6" => "C",
        "2.5.4.9" => "STREET",
        "0.9.2342.19200300.100.1.25" => "DC",
        "0.9.2342.19200300.100.1.1" => "UID",
        _ => return None,
    })
}

/// §2.4: `"+,;<>\` always, `#` and space at the start, space at the end, NUL as hexadecimal.
fn escape(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut text = String::with_capacity(value.len());
    for (place, character) in value.chars().enumerate() {
        match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => text.extend(['\\', character]),
            ' ' if place == 0 || place == last => text.push_str("\\ "),
            '#' if place == 0 => text.push_str("\\#"),
            '\0' => text.push_str("\\00"),
            other => text.push(other),
        }
    }
    text
}

fn hexadecimal(attribute: &AttributeTypeAndValue<'_>) -> String {
    // Encoding cannot fail for a value that was just decoded; an empty one would match no list.
    attribute.attr_value().to_der_vec().unwrap_or_default().iter().map(|byte| format!("{byte:02X}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_characters_are_escaped_as_rfc_4514_wants() {
        for (value, want) in [
            ("plain", "plain"),
            ("Données, Santé", "Données\\, Santé"),
            ("#1 of # all", "\\#1 of # all"),
            (" a ", "\\ a\\ "),
            (" ", "\\ "),
            ("\"a\"+b;<c>\\", "\\\"a\\\"\\+b\\;\\<c\\>\\\\"),
            ("a\0b", "a\\00b"),
            ("x=y", "x=y"),
        ] {
            assert_eq!(escape(value), want, "{value:?}");
        }
    }

    #[test]
    fn unknown_types_are_written_as_their_bytes() {
        // RDNs: 1.3.6.1.4.1.1466.0 = OCTET STRING 04 02 48 69 (the example of RFC 4514 §4), O=Test.
        const NAME: &[u8] = &[
            0x30, 0x23, 0x31, 0x0d, 0x30, 0x0b, 0x06, 0x03, 0x55, 0x04, 0x0a, 0x0c, 0x04, b'T', b'e', b's',
            b't', 0x31, 0x12, 0x30, 0x10, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x8b, 0x3a, 0x00, 0x04,
            0x04, 0x48, 0x69, 0x48, 0x69,
        ];
        use x509_parser::prelude::FromDer;
        let (_, name) = X509Name::from_der(NAME).unwrap();
        assert_eq!(rfc4514(&name), "1.3.6.1.4.1.1466.0=#040448694869,O=Test");
    }
}
