//! Charsets: any label to UTF-8, never UTF-7 (RELIABILITY M-10).

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// A charset we decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charset(&'static Encoding);

impl Charset {
    /// The charset of a label, as `iso-8859-15`. `None`: unknown, or one that hides ASCII (UTF-7 and
    /// the "replacement" family of ISO-2022-KR and HZ).
    #[must_use]
    pub fn of_label(label: &str) -> Option<Self> {
        // RFC 2231 §5 allows a language after an asterisk in encoded words.
        let label = label.split('*').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
        let found =
            Encoding::for_label(label.as_bytes()).or_else(|| match label.to_ascii_lowercase().as_str() {
                "cp1252" | "windows1252" | "iso8859-1" | "latin-1" | "ansi_x3.4-1986" => Some(WINDOWS_1252),
                "utf8mb4" | "cp65001" => Some(UTF_8),
                _ => None,
            })?;
        (found != encoding_rs::REPLACEMENT && found.name() != "x-user-defined").then_some(Self(found))
    }

    /// Decodes; the flag tells whether anything had to be replaced. Byte order marks are removed.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> (String, bool) {
        let (text, lossy) = self.0.decode_with_bom_removal(bytes);
        (text.into_owned(), lossy)
    }
}

/// UTF-8 if it is, else windows-1252: what unlabelled octets most often are in France.
pub(super) fn guess(bytes: &[u8]) -> (String, bool) {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(), true),
    }
}

/// The octets of an unfolded header value as text.
pub(super) fn raw_header(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_met_in_letters_are_known() {
        for (label, bytes, text) in [
            ("UTF-8", &b"\xc3\xa9"[..], "é"),
            ("iso-8859-1", b"\xe9", "é"),
            ("ISO-8859-15", b"\xa4", "€"),
            ("windows-1252", b"\x80", "€"),
            ("cp1252", b"\x80", "€"),
            ("us-ascii", b"\xe9", "é"),
            ("\"utf-8\"", b"\xc3\xa9", "é"),
            ("utf-8*fr", b"\xc3\xa9", "é"),
            ("koi8-r", b"\xc1", "а"),
            ("macintosh", b"\x8e", "é"),
            ("utf-16le", b"a\0", "a"),
        ] {
            assert_eq!(Charset::of_label(label).map(|c| c.decode(bytes).0).as_deref(), Some(text), "{label}");
        }
    }

    #[test]
    fn charsets_that_hide_ascii_are_unknown() {
        for label in ["utf-7", "UNICODE-1-1-UTF-7", "hz-gb-2312", "iso-2022-kr", "x-user-defined", "", "nope"]
        {
            assert_eq!(Charset::of_label(label), None, "{label}");
        }
    }

    #[test]
    fn overlong_and_surrogate_octets_never_pass_as_utf8() {
        for bytes in [&b"\xc0\xbc"[..], b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80"] {
            let (text, lossy) = Charset::of_label("utf-8").unwrap().decode(bytes);
            assert!(lossy && !text.contains('<'));
        }
    }
}
