//! Distinguished names, as certificates and the trust list write them. RFC 4514
//!
//! Two names are equal when their parts are, in order, after the preparation of RFC 4518: case,
//! layout, spaces and the way accents are encoded do not count. The order of parts does: the list and
//! a certificate read as RFC 4514 says both have the common name first, and a name written the other
//! way round is another name.

mod kinds;
mod parse;
mod prepare;
#[cfg(test)]
mod tests;

use std::fmt::{self, Write as _};
use std::hash::{Hash, Hasher};

pub use prepare::Prohibited;

/// Why a text is not a distinguished name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DistinguishedNameError {
    /// Nothing is named: an empty name would be everybody's.
    #[error("the name is empty")]
    Empty,
    /// Longer than any real one.
    #[error("the name is too long")]
    TooLong,
    /// An attribute type that is no object identifier and no short name we know.
    #[error("an attribute type is not known")]
    Kind,
    /// A part without `=`.
    #[error("a part has no equals sign")]
    NoEquals,
    /// A character that must be escaped stands bare, or a quoted value does not end.
    #[error("a character that has a meaning is not escaped")]
    Bare,
    /// A backslash before something that it does not escape.
    #[error("an escape is not understood")]
    Escape,
    /// A value written as its bytes is no even number of hexadecimal digits.
    #[error("a hexadecimal value is not understood")]
    Hexadecimal,
    /// Escaped bytes are not UTF-8.
    #[error("a value is not UTF-8")]
    Utf8,
    /// A value holds a character that no comparison is defined for.
    #[error("a value cannot be compared")]
    Prohibited(#[from] Prohibited),
}

/// A distinguished name with at least one part. Equality, order and hash are those of its
/// [`key`](Self::key).
#[derive(Clone)]
pub struct DistinguishedName {
    parts: Vec<Vec<Attribute>>,
    key: String,
}

#[derive(Clone)]
struct Attribute {
    /// `CN`, or `1.3.6.1.4.1.1466.0` when the type has no short name.
    kind: String,
    value: Value,
    /// The value prepared for comparison and escaped, or its bytes in hexadecimal.
    prepared: String,
}

#[derive(Clone)]
enum Value {
    Text(String),
    /// BER of a value that is no text.
    Bytes(Vec<u8>),
}

impl DistinguishedName {
    /// Reads RFC 4514 text, and the liberties real lists and tools take: spaces and line ends around
    /// separators, semicolons between parts, quoted values, lower-case types, `OID.` before numbers
    /// (RFC 2253 §4).
    pub fn parse(text: &str) -> Result<Self, DistinguishedNameError> {
        let mut parts = parse::parts(text)?;
        let mut key = String::with_capacity(text.len());
        for (place, part) in parts.iter_mut().enumerate() {
            // A part of several attributes is a set.
            part.sort_by(|a, b| (&a.kind, &a.prepared).cmp(&(&b.kind, &b.prepared)));
            for (inner, attribute) in part.iter().enumerate() {
                key.push_str(separator(place, inner));
                key.push_str(&attribute.kind);
                key.push('=');
                key.push_str(&attribute.prepared);
            }
        }
        let name = Self { parts, key };
        // What is shown must read back.
        if name.to_string().len() > parse::OCTETS { Err(DistinguishedNameError::TooLong) } else { Ok(name) }
    }

    /// The canonical text: equal for equal names and for no others. For storage and look-up.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The values of a type (`CN`, `OU`, `O`…) as they are written, first part first; those that are
    /// no text are left out.
    pub fn values<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a str> {
        self.of_kind(kind).filter_map(|attribute| match &attribute.value {
            Value::Text(text) => Some(text.as_str()),
            Value::Bytes(_) => None,
        })
    }

    /// The same in comparison form, bytes as hexadecimal after `#`.
    pub fn prepared_values<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a str> {
        self.of_kind(kind).map(|attribute| attribute.prepared.as_str())
    }

    fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Attribute> {
        self.parts.iter().flatten().filter(move |attribute| attribute.kind == kind)
    }
}

fn separator(place: usize, inner: usize) -> &'static str {
    match (place, inner) {
        (0, 0) => "",
        (_, 0) => ",",
        (_, _) => "+",
    }
}

/// RFC 4514 text in one layout: no spaces at separators, types in upper case, control characters as
/// hexadecimal so that a name is one line of a log.
impl fmt::Display for DistinguishedName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, part) in self.parts.iter().enumerate() {
            for (inner, attribute) in part.iter().enumerate() {
                out.write_str(separator(place, inner))?;
                write!(out, "{}=", attribute.kind)?;
                match &attribute.value {
                    // §2.4: behind a numeric type only bytes are defined.
                    Value::Text(text) if kinds::is_number(&attribute.kind) => {
                        write!(out, "#{}", hexadecimal(&parse::utf8_string(text)))?;
                    }
                    Value::Text(text) => escape(text, out)?,
                    Value::Bytes(bytes) => write!(out, "#{}", hexadecimal(bytes))?,
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for DistinguishedName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl PartialEq for DistinguishedName {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for DistinguishedName {}

impl PartialOrd for DistinguishedName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DistinguishedName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

impl Hash for DistinguishedName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl std::str::FromStr for DistinguishedName {
    type Err = DistinguishedNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// §2.4: `"+,;<>\` always, `#` and space at the start, space at the end; controls as hexadecimal.
fn escape(value: &str, out: &mut impl fmt::Write) -> fmt::Result {
    for (place, character) in value.char_indices() {
        match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => write!(out, "\\{character}")?,
            ' ' if place == 0 || place + 1 == value.len() => out.write_str("\\ ")?,
            '#' if place == 0 => out.write_str("\\#")?,
            // A space that is no ASCII would be taken for layout at either end.
            other if other.is_control() || (other.is_whitespace() && other != ' ') => {
                for byte in other.encode_utf8(&mut [0; 4]).bytes() {
                    write!(out, "\\{byte:02X}")?;
                }
            }
            other => out.write_char(other)?,
        }
    }
    Ok(())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}
