//! Folder names: Unicode inside, modified UTF-7 on the wire (RFC 3501 §5.1.3).
//!
//! A name is data, never a path of the file system (RELIABILITY I-05).

use std::fmt;

use base64::Engine;
use base64::alphabet::Alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use unicode_normalization::UnicodeNormalization;

use super::enabled::Strings;
use super::limits;

/// Between the levels of a name.
pub const DELIMITER: char = '/';

/// A folder's whole name, levels parted by `/`. `INBOX` is in capitals whatever the client wrote, and
/// letters are composed (NFC, RFC 9051 §5.1): macOS writes `e` and its accent apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FolderName(String);

/// Why a text is not a folder's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing, or an empty level (`a//b`, a leading delimiter).
    #[error("a level of the folder name is empty")]
    Empty,
    /// Over 512 octets or 16 levels.
    #[error("the folder name is too long or too deep")]
    TooLong,
    /// Control characters, wildcards, `.` or `..` as a level.
    #[error("the folder name holds a forbidden character")]
    Forbidden,
    /// Not modified UTF-7, or not the one way to write it.
    #[error("the folder name is not valid modified UTF-7")]
    Encoding,
    /// Not UTF-8, which this session has chosen.
    #[error("the folder name is not valid UTF-8")]
    Utf8,
}

impl FolderName {
    /// Reads a decoded name. One delimiter at the end is dropped (RFC 3501 §6.3.3).
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.len() > 4 * limits::FOLDER_NAME {
            return Err(NameError::TooLong);
        }
        let composed: String = text.strip_suffix(DELIMITER).unwrap_or(text).nfc().collect();
        let text = composed.as_str();
        if text.len() > limits::FOLDER_NAME || text.split(DELIMITER).count() > limits::FOLDER_DEPTH {
            return Err(NameError::TooLong);
        }
        for level in text.split(DELIMITER) {
            if level.is_empty() {
                return Err(NameError::Empty);
            }
            // Wildcards would make the folder impossible to LIST alone; dots mislead people and scripts.
            if level == "." || level == ".." || level.chars().any(is_forbidden) || has_stray_joiner(level) {
                return Err(NameError::Forbidden);
            }
        }
        // INBOX is one folder in any case (RFC 3501 §5.1), also as the parent of others.
        let (first, rest) = text.split_once(DELIMITER).map_or((text, None), |(a, b)| (a, Some(b)));
        Ok(Self(match (first.eq_ignore_ascii_case("INBOX"), rest) {
            (true, None) => "INBOX".to_owned(),
            (true, Some(rest)) => format!("INBOX{DELIMITER}{rest}"),
            (false, _) => text.to_owned(),
        }))
    }

    /// Reads a name from the wire.
    pub fn from_wire(bytes: &[u8]) -> Result<Self, NameError> {
        if bytes.len() > 4 * limits::FOLDER_NAME {
            return Err(NameError::TooLong);
        }
        Self::parse(&decode(bytes)?)
    }

    /// Reads a name as the session writes them. In UTF-8 an ampersand is one, and nothing is decoded.
    pub(super) fn read(bytes: &[u8], strings: Strings) -> Result<Self, NameError> {
        match strings {
            Strings::Ascii => Self::from_wire(bytes),
            Strings::Utf8 if bytes.len() > 4 * limits::FOLDER_NAME => Err(NameError::TooLong),
            Strings::Utf8 => Self::parse(&text(bytes, strings)?),
        }
    }

    /// The name as the session writes it, not yet quoted.
    pub(super) fn written(&self, strings: Strings) -> String {
        match strings {
            Strings::Ascii => self.to_wire(),
            Strings::Utf8 => self.as_str().to_owned(),
        }
    }

    /// The name, in Unicode.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as the wire wants it; ASCII, not yet quoted.
    #[must_use]
    pub fn to_wire(&self) -> String {
        encode(&self.0)
    }

    /// Whether it is the INBOX.
    #[must_use]
    pub fn is_inbox(&self) -> bool {
        self.0 == "INBOX"
    }

    /// The folder above.
    #[must_use]
    pub fn parent(&self) -> Option<FolderName> {
        self.0.rsplit_once(DELIMITER).map(|(parent, _)| Self(parent.to_owned()))
    }

    /// Whether it lies under `other`.
    #[must_use]
    pub fn is_under(&self, other: &FolderName) -> bool {
        self.0.strip_prefix(&other.0).is_some_and(|rest| rest.starts_with(DELIMITER))
    }
}

impl fmt::Display for FolderName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

fn is_forbidden(c: char) -> bool {
    // Bidirectional overrides and other invisible marks let one folder pass for another.
    c.is_control()
        || matches!(c, '*' | '%' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Whether a joiner stands where it cannot be seen. Between two signs of a script that joins, or of a picture, it
/// changes what is shown and belongs to the name (RFC 5198 §3 keeps it); elsewhere it would only let one folder
/// pass for another.
fn has_stray_joiner(level: &str) -> bool {
    let is_joiner = |c: char| matches!(c, '\u{200c}' | '\u{200d}');
    let joins = |c: Option<char>| c.is_some_and(|c| is_of_a_joining_script(c) || is_of_a_picture(c));
    let mut before = None;
    let mut rest = level.chars();
    while let Some(c) = rest.next() {
        if is_joiner(c) && !(joins(before) && joins(rest.clone().next())) {
            return true;
        }
        before = Some(c);
    }
    false
}

/// From Arabic to Myanmar, Khmer and Mongolian.
fn is_of_a_joining_script(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{109f}' | '\u{1780}'..='\u{18af}')
}

/// Arrows and signs, the mark that asks for colours, emoji.
fn is_of_a_picture(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{2bff}' | '\u{fe0f}' | '\u{1f000}'..='\u{1faff}')
}

/// The use of a folder (RFC 6154 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// `\Archive`
    Archive,
    /// `\Drafts`
    Drafts,
    /// `\Junk`
    Junk,
    /// `\Sent`
    Sent,
    /// `\Trash`
    Trash,
}

impl Role {
    /// All of them.
    pub const ALL: [Role; 5] = [Self::Archive, Self::Drafts, Self::Junk, Self::Sent, Self::Trash];

    /// As on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Archive => "\\Archive",
            Self::Drafts => "\\Drafts",
            Self::Junk => "\\Junk",
            Self::Sent => "\\Sent",
            Self::Trash => "\\Trash",
        }
    }
}

/// The base64 of RFC 3501 §5.1.3: `,` in place of `/`, no padding, spare bits zero.
fn modified_base64() -> GeneralPurpose {
    const TEXT: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";
    let alphabet = Alphabet::new(TEXT).expect("64 distinct printable characters");
    let config = GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone);
    GeneralPurpose::new(&alphabet, config)
}

/// A name, or a pattern of names, as the session writes them, to Unicode.
pub(super) fn text(bytes: &[u8], strings: Strings) -> Result<String, NameError> {
    match strings {
        Strings::Ascii => decode(bytes),
        Strings::Utf8 => String::from_utf8(bytes.to_vec()).map_err(|_| NameError::Utf8),
    }
}

/// Modified UTF-7 to Unicode; only the canonical writing is taken, so that no two wire names are one
/// folder. Bytes beyond ASCII are refused: UTF-8 is for those who enabled it (RFC 6855).
pub(super) fn decode(wire: &[u8]) -> Result<String, NameError> {
    let wire = std::str::from_utf8(wire).ok().filter(|text| text.is_ascii()).ok_or(NameError::Encoding)?;
    let mut text = String::with_capacity(wire.len());
    let mut rest = wire;
    while let Some(at) = rest.find('&') {
        text.push_str(&rest[..at]);
        let end = at + rest[at..].find('-').ok_or(NameError::Encoding)?;
        let coded = &rest[at + 1..end];
        if coded.is_empty() {
            text.push('&');
        } else {
            let bytes = modified_base64().decode(coded).map_err(|_| NameError::Encoding)?;
            let units: Vec<u16> =
                bytes.chunks(2).map(|pair| pair.iter().fold(0, |n, b| n << 8 | u16::from(*b))).collect();
            text.push_str(&String::from_utf16(&units).map_err(|_| NameError::Encoding)?);
        }
        rest = &rest[end + 1..];
    }
    text.push_str(rest);
    // Writing it again must give the same octets: refuses ASCII in base64, "&-&-" splits, odd lengths.
    if encode(&text) == wire { Ok(text) } else { Err(NameError::Encoding) }
}

/// Unicode to modified UTF-7.
pub(super) fn encode(text: &str) -> String {
    let mut wire = String::with_capacity(text.len());
    let mut units: Vec<u8> = Vec::new();
    let flush = |units: &mut Vec<u8>, wire: &mut String| {
        if !units.is_empty() {
            wire.push('&');
            modified_base64().encode_string(&*units, wire);
            wire.push('-');
            units.clear();
        }
    };
    for c in text.chars() {
        match c {
            '&' => {
                flush(&mut units, &mut wire);
                wire.push_str("&-");
            }
            ' '..='~' => {
                flush(&mut units, &mut wire);
                wire.push(c);
            }
            c => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| units.extend(unit.to_be_bytes())),
        }
    }
    flush(&mut units, &mut wire);
    wire
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn joiners_belong_to_names_that_show_them_and_hide_in_no_other() {
        for name in
            ["\u{1f468}\u{200d}\u{2695}\u{fe0f}", "\u{646}\u{627}\u{645}\u{647}\u{200c}\u{647}\u{627}"]
        {
            let parsed = FolderName::parse(name).unwrap();
            assert_eq!(parsed.as_str(), name);
            assert_eq!(FolderName::from_wire(parsed.to_wire().as_bytes()).unwrap(), parsed);
        }
        for name in [
            "Pat\u{200d}ients",
            "\u{200d}\u{1f468}",
            "\u{1f468}\u{200d}",
            "\u{1f468}\u{200d}\u{200d}\u{2695}",
            "\u{1f468}\u{200d}/\u{2695}",
            "\u{53f0}\u{200d}\u{5317}",
            "a\u{200b}b",
        ] {
            assert_eq!(FolderName::parse(name), Err(NameError::Forbidden), "{name:?}");
        }
    }

    #[test]
    fn names_of_the_rfc_and_of_french_people_are_read_and_written() {
        for (wire, text) in [
            ("~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語"),
            ("&AMk-l&AOk-ments envoy&AOk-s", "Éléments envoyés"),
            ("A&-B", "A&B"),
            ("&2D3eAA-", "😀"),
        ] {
            assert_eq!(FolderName::from_wire(wire.as_bytes()).unwrap().as_str(), text);
            assert_eq!(FolderName::parse(text).unwrap().to_wire(), wire);
        }
    }

    #[test]
    fn lies_in_modified_utf7_and_bad_names_are_refused() {
        for (wire, want) in [
            (&b"&AGE-"[..], NameError::Encoding), // an ASCII letter in base64
            (b"&Jjo", NameError::Encoding),       // no end
            (b"&Jjo!-", NameError::Encoding),     // not base64
            (b"&AA-", NameError::Encoding),       // half a unit
            (b"&2D0-", NameError::Encoding),      // half a surrogate pair
            (b"&AOk-&AOk-", NameError::Encoding), // null shift
            (b"&AOl-", NameError::Encoding),      // spare bits
            (b"\xc3\xa9", NameError::Encoding),   // raw UTF-8
            (b"a//b", NameError::Empty),
            (b"/a", NameError::Empty),
            (b"", NameError::Empty),
            (b"..", NameError::Forbidden),
            (b"a/../b", NameError::Forbidden),
            (b"a*b", NameError::Forbidden),
            (b"a%b", NameError::Forbidden),
            (b"&AAA-", NameError::Forbidden),  // NUL
            (b"&IC4-x", NameError::Forbidden), // right-to-left override
        ] {
            assert_eq!(FolderName::from_wire(wire), Err(want), "{}", String::from_utf8_lossy(wire));
        }
        assert_eq!(FolderName::parse(&"x".repeat(10_000)), Err(NameError::TooLong));
        assert_eq!(FolderName::from_wire(&[b'x'; 10_000]), Err(NameError::TooLong));
        assert_eq!(FolderName::parse(&"x/".repeat(17)), Err(NameError::TooLong));
    }

    #[test]
    fn the_inbox_is_one_in_any_case_and_knows_its_children() {
        for text in ["inbox", "InBox", "INBOX/"] {
            assert!(FolderName::parse(text).unwrap().is_inbox());
        }
        let child = FolderName::parse("inbox/Work").unwrap();
        assert_eq!(child.as_str(), "INBOX/Work");
        assert_eq!(child.parent(), FolderName::parse("INBOX").ok());
        assert!(child.is_under(&FolderName::parse("Inbox").unwrap()));
        assert!(!FolderName::parse("INBOXES").unwrap().is_under(&FolderName::parse("INBOX").unwrap()));
    }

    proptest! {
        #[test]
        fn any_text_survives_the_wire(text in "\\PC{0,40}") {
            prop_assert_eq!(decode(encode(&text).as_bytes()), Ok(text));
        }
        #[test]
        fn any_wire_name_is_refused_or_comes_back_the_same(wire in prop::collection::vec(any::<u8>(), 0..30)) {
            if let Ok(text) = decode(&wire) {
                prop_assert_eq!(encode(&text).into_bytes(), wire);
            }
        }
    }
}
