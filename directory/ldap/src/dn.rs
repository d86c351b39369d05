//! Names of entries (RFC 4514), and which of ours they mean.

use names::{Address, NationalStructureId};

use crate::schema::Attribute;

/// Where the schema is read.
pub(crate) const SUBSCHEMA: &str = "cn=subschema";
/// The unit under the base that holds the structures.
pub(crate) const STRUCTURES: &str = "structures";

/// Octets of a name; ours have at most 400.
const OCTETS: usize = 1024;

/// The text is no distinguished name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a distinguished name")]
pub struct NotADn;

/// One part of a name: attributes with their values, compared as in [`comparable`].
type Part = Vec<(String, String)>;

/// The name under which everything stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Base {
    text: String,
    parts: Vec<Part>,
}

/// What a name means here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// The server itself.
    Root,
    /// The schema.
    Subschema,
    /// What everything stands under.
    Base,
    /// The unit of structures.
    Structures,
    /// A mailbox, whether it exists or not.
    Mailbox(Address),
    /// A structure, whether it exists or not.
    Structure(NationalStructureId),
    /// Nothing can have this name; the nearest that exists (RFC 4511 §4.1.9).
    Nowhere(Nearest),
}

/// The last existing entry on the way to one that does not exist.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Nearest {
    /// None of ours.
    None,
    /// The base.
    Base,
    /// The unit of structures.
    Structures,
}

impl Base {
    /// Reads the operator's base.
    pub fn parse(text: &str) -> Result<Self, NotADn> {
        let parts = parts(text)?;
        if parts.is_empty() { Err(NotADn) } else { Ok(Self { text: text.to_owned(), parts }) }
    }

    /// As the operator wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Attribute and value of its first part, for the entry it names.
    pub(crate) fn first(&self) -> Option<(&str, &str)> {
        let (kind, value) = self.text.split(',').next()?.split_once('=')?;
        Some((kind.trim(), value.trim()))
    }

    /// The name of the unit of structures.
    pub(crate) fn structures(&self) -> String {
        format!("ou={STRUCTURES},{}", self.text)
    }

    /// The name of a mailbox.
    pub(crate) fn mailbox(&self, address: &Address) -> String {
        format!("mail={},{}", escaped(&address.to_string()), self.text)
    }

    /// The name of a structure.
    pub(crate) fn structure(&self, id: &NationalStructureId) -> String {
        format!("{}={},{}", Attribute::PliStructureId.name(), escaped(&id.0), self.structures())
    }

    /// What a name means.
    pub(crate) fn target(&self, text: &str) -> Result<Target, NotADn> {
        let name = parts(text)?;
        if name.is_empty() {
            return Ok(Target::Root);
        }
        if name == parts(SUBSCHEMA)? {
            return Ok(Target::Subschema);
        }
        let Some(above) = name.len().checked_sub(self.parts.len()) else {
            return Ok(Target::Nowhere(Nearest::None));
        };
        let (own, rest) = name.split_at(above);
        if rest != self.parts {
            return Ok(Target::Nowhere(Nearest::None));
        }
        let single = |part: &Part| match part.as_slice() {
            [(kind, value)] => Some((kind.clone(), value.clone())),
            _ => None,
        };
        let is_unit = |part: &Part| {
            single(part).is_some_and(|(kind, value)| kind == "ou" && value.eq_ignore_ascii_case(STRUCTURES))
        };
        Ok(match own {
            [] => Target::Base,
            [unit] if is_unit(unit) => Target::Structures,
            [entry] => match single(entry) {
                // The address is a mailbox's name by either of its attributes.
                Some((kind, value)) if kind == "mail" || kind == "uid" => match Address::parse(&value) {
                    Ok(address) => Target::Mailbox(address),
                    Err(_) => Target::Nowhere(Nearest::Base),
                },
                Some(_) | None => Target::Nowhere(Nearest::Base),
            },
            [entry, unit] if is_unit(unit) => match single(entry) {
                Some((kind, value)) if kind == "plistructureid" => {
                    Target::Structure(NationalStructureId(value.to_uppercase()))
                }
                Some(_) | None => Target::Nowhere(Nearest::Structures),
            },
            [.., unit] if is_unit(unit) => Target::Nowhere(Nearest::Structures),
            [..] => Target::Nowhere(Nearest::Base),
        })
    }

    /// The name of the nearest existing entry.
    pub(crate) fn nearest(&self, nearest: Nearest) -> String {
        match nearest {
            Nearest::None => String::new(),
            Nearest::Base => self.text.clone(),
            Nearest::Structures => self.structures(),
        }
    }
}

/// A form in which equal names are equal texts; nothing for what is no name.
pub(crate) fn comparable(text: &str) -> Option<String> {
    let parts = parts(text).ok()?;
    let part = |part: &Part| {
        part.iter().map(|(kind, value)| format!("{kind}={}", escaped(value))).collect::<Vec<_>>().join("+")
    };
    Some(parts.iter().map(part).collect::<Vec<_>>().join(","))
}

/// Attributes and values of all parts, for filters that look into names (RFC 4511 §4.5.1.7.7).
pub(crate) fn values(text: &str) -> Vec<(String, String)> {
    parts(text).unwrap_or_default().into_iter().flatten().collect()
}

/// RFC 4514 §3. Spaces around separators are layout (RFC 2253 §4).
fn parts(text: &str) -> Result<Vec<Part>, NotADn> {
    if text.len() > OCTETS {
        return Err(NotADn);
    }
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let mut parts = vec![Vec::new()];
    let mut rest = text.chars().peekable();
    loop {
        let mut kind = String::new();
        loop {
            match rest.next().ok_or(NotADn)? {
                '=' => break,
                ',' | '+' | '\\' | '"' | '\0' => return Err(NotADn),
                other => kind.push(other),
            }
        }
        let kind = canonical(kind.trim()).ok_or(NotADn)?;
        let (value, end) = value(&mut rest)?;
        let part = parts.last_mut().ok_or(NotADn)?;
        part.push((kind, value));
        part.sort();
        match end {
            None => return Ok(parts),
            Some('+') => {}
            Some(_) => parts.push(Vec::new()),
        }
    }
}

/// Types that have several names get one, in lower case.
fn canonical(kind: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    if kind.is_empty() || !kind.chars().all(plain) {
        return None;
    }
    let name = match Attribute::named(kind, crate::schema::ARC) {
        Some(known) => known.name(),
        None => kind,
    };
    Some(name.to_ascii_lowercase())
}

fn value(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<(String, Option<char>), NotADn> {
    while rest.next_if_eq(&' ').is_some() {}
    let mut octets = Vec::new();
    // Spaces at the end are layout unless they are escaped.
    let mut kept = 0;
    let end = loop {
        match rest.next() {
            end @ (None | Some(',' | '+')) => break end,
            Some('"' | ';' | '<' | '>' | '\0') => return Err(NotADn),
            // Values written as their encoding: nothing here is named so.
            Some('#') if octets.is_empty() => return Err(NotADn),
            Some('\\') => {
                let first = rest.next().ok_or(NotADn)?;
                match first.to_digit(16) {
                    Some(high) => {
                        let low = rest.next().and_then(|low| low.to_digit(16)).ok_or(NotADn)?;
                        octets.push(u8::try_from(high * 16 + low).map_err(|_| NotADn)?);
                    }
                    None if " \"#+,;<=>\\".contains(first) => octets.push(first as u8),
                    None => return Err(NotADn),
                }
                kept = octets.len();
            }
            Some(other) => {
                octets.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes());
                if other != ' ' {
                    kept = octets.len();
                }
            }
        }
    };
    octets.truncate(kept);
    let text = String::from_utf8(octets).map_err(|_| NotADn)?;
    if text.contains('\0') {
        return Err(NotADn);
    }
    let text = text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ").to_lowercase();
    if text.is_empty() { Err(NotADn) } else { Ok((text, end)) }
}

/// RFC 4514 §2.4.
pub(crate) fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for (place, character) in value.char_indices() {
        let edge = place == 0 || place + 1 == value.len();
        match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => text.extend(['\\', character]),
            ' ' if edge => text.push_str("\\ "),
            '#' if place == 0 => text.push_str("\\#"),
            '\0' => text.push_str("\\00"),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Base {
        Base::parse("ou=bal,o=mssante,c=fr").unwrap()
    }

    #[test]
    fn names_mean_what_they_name_in_any_layout() {
        let address = Address::parse("marie.o+x@cabinet.mssante.example").unwrap();
        for (text, want) in [
            ("", Target::Root),
            ("  ", Target::Root),
            ("cn=Subschema", Target::Subschema),
            ("OU=Bal, O=MSSante, C=FR", Target::Base),
            ("2.5.4.11=bal,o=mssante,c=fr", Target::Base),
            ("ou=structures,ou=bal,o=mssante,c=fr", Target::Structures),
            (
                r"mail=marie.o\+x@cabinet.mssante.example,ou=bal,o=mssante,c=fr",
                Target::Mailbox(address.clone()),
            ),
            (
                r"MAIL = Marie.O\2bx@cabinet.mssante.example , ou=bal, o=mssante, c=fr",
                Target::Mailbox(address.clone()),
            ),
            (r"uid=marie.o\+x@cabinet.mssante.example,ou=bal,o=mssante,c=fr", Target::Mailbox(address)),
            (
                "pliStructureId=12A0000014,ou=structures,ou=bal,o=mssante,c=fr",
                Target::Structure(NationalStructureId("12A0000014".into())),
            ),
            ("o=mssante,c=fr", Target::Nowhere(Nearest::None)),
            ("dc=example,dc=org", Target::Nowhere(Nearest::None)),
            ("mail=no address,ou=bal,o=mssante,c=fr", Target::Nowhere(Nearest::Base)),
            ("cn=x,ou=bal,o=mssante,c=fr", Target::Nowhere(Nearest::Base)),
            ("cn=x,ou=structures,ou=bal,o=mssante,c=fr", Target::Nowhere(Nearest::Structures)),
            ("cn=y,cn=x,ou=structures,ou=bal,o=mssante,c=fr", Target::Nowhere(Nearest::Structures)),
            ("mail=a@b.example+cn=x,ou=bal,o=mssante,c=fr", Target::Nowhere(Nearest::Base)),
        ] {
            assert_eq!(base().target(text), Ok(want), "{text}");
        }
    }

    /// RELIABILITY D-09.
    #[test]
    fn what_is_no_name_is_refused() {
        for text in [
            "x",
            "=x",
            "ou=",
            "ou=bal,",
            ",ou=bal",
            "ou=bal,,c=fr",
            r"ou=a\",
            r"ou=a\g1",
            r"ou=\zz",
            "ou=\"x\"",
            "ou=a;ou=b",
            "ou=#04",
            r"ou=\ff",
            r"mail=a\00@b.example,ou=bal,o=mssante,c=fr",
            "ou=a\0",
            "o u=x",
            "(uid=*)",
            "*)(uid=*",
        ] {
            assert_eq!(base().target(text), Err(NotADn), "{text:?}");
        }
        assert_eq!(base().target(&format!("ou={}", "x".repeat(2_000))), Err(NotADn));
    }

    #[test]
    fn our_names_read_back() {
        for text in ["o'brien+tri@a.example", "#x@a.example", "a=b@a.example"] {
            let address = Address::parse(text).unwrap();
            assert_eq!(base().target(&base().mailbox(&address)), Ok(Target::Mailbox(address)), "{text}");
        }
        let id = NationalStructureId("1750000018".into());
        assert_eq!(base().target(&base().structure(&id)), Ok(Target::Structure(id)));
        assert_eq!(comparable("OU=Bal,C=FR"), comparable("ou=bal, c=fr"));
        assert_eq!(comparable("nothing"), None);
    }
}
