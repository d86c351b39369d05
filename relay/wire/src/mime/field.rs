//! One header field, and how a block is cut into fields (RFC 5322 §2.2).

use std::borrow::Cow;

use memchr::memchr;

use super::{charset, words};

/// A header field of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    raw: &'a [u8],
    colon: usize,
}

impl<'a> Field<'a> {
    /// Reads one field with its folded lines and last CRLF; `None` when it is no field.
    ///
    /// ```abnf
    /// field = 1*ftext ":" unstructured CRLF      ; RFC 5322 §3.6.8, no space before the colon
    /// ```
    pub(super) fn parse(raw: &'a [u8]) -> Option<Self> {
        let colon = memchr(b':', raw)?;
        let name = &raw[..colon];
        (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(Self { raw, colon })
    }

    /// The name as written.
    #[must_use]
    pub fn name(&self) -> &'a str {
        std::str::from_utf8(&self.raw[..self.colon]).unwrap_or_default()
    }

    /// Whether this is its name, in any case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.raw[..self.colon].eq_ignore_ascii_case(name.as_bytes())
    }

    /// The whole field as written, with name, folds and last CRLF.
    #[must_use]
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// What follows the colon as written, folds included, without the last CRLF.
    #[must_use]
    pub fn value(&self) -> &'a [u8] {
        let value = &self.raw[self.colon + 1..];
        value.strip_suffix(b"\r\n").unwrap_or(value)
    }

    /// The value on one line: folds undone (RFC 5322 §2.2.3), outer white space cut, encoded words
    /// left as they are. Octets that are not UTF-8 are read as windows-1252.
    #[must_use]
    pub fn unfolded(&self) -> String {
        let value = self.value();
        let joined: Cow<'_, [u8]> = if memchr(b'\n', value).is_some() || memchr(b'\r', value).is_some() {
            Cow::Owned(value.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect())
        } else {
            Cow::Borrowed(value)
        };
        charset::raw_header(&joined).trim_matches([' ', '\t']).to_owned()
    }

    /// The value as text for people: encoded words decoded, controls and bidi marks taken out.
    #[must_use]
    pub fn decoded(&self) -> String {
        words::clean(&words::decode(&self.unfolded()))
    }
}

/// Cuts a block into raw fields: each ends before a line that does not begin with white space. The
/// final empty line is not among them.
pub(super) fn split(block: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = block;
    std::iter::from_fn(move || {
        if rest.is_empty() || rest.starts_with(b"\r\n") {
            return None;
        }
        let mut end = 0;
        loop {
            end = match memchr(b'\n', &rest[end..]) {
                Some(at) => end + at + 1,
                None => rest.len(),
            };
            if !matches!(rest.get(end), Some(b' ' | b'\t')) {
                break;
            }
        }
        let (field, after) = rest.split_at(end);
        rest = after;
        Some(field)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_cut_into_fields_with_their_folds() {
        let block = b"A: 1\r\nB: 2\r\n 3\r\n\t4\r\nC:\r\n\r\nbody";
        let fields: Vec<_> = split(block).filter_map(Field::parse).collect();
        assert_eq!(fields.iter().map(Field::name).collect::<Vec<_>>(), ["A", "B", "C"]);
        assert_eq!(fields[1].raw(), b"B: 2\r\n 3\r\n\t4\r\n");
        assert_eq!(fields[1].unfolded(), "2 3\t4");
        assert_eq!(fields[2].unfolded(), "");
    }

    #[test]
    fn names_are_strict() {
        for (case, raw) in [
            ("space before colon", &b"From : a"[..]),
            ("no colon", b"From a"),
            ("no name", b": a"),
            ("leading space", b" From: a"),
            ("eight bits", b"Fr\xc3\xb4m: a"),
            ("control", b"Fr\x00m: a"),
        ] {
            assert!(Field::parse(raw).is_none(), "{case}");
        }
    }

    #[test]
    fn eight_bit_values_become_text() {
        assert_eq!(Field::parse(b"S: \xc3\xa9t\xc3\xa9\r\n").unwrap().unfolded(), "été");
        assert_eq!(Field::parse(b"S: \xe9t\xe9\r\n").unwrap().unfolded(), "été");
    }
}
