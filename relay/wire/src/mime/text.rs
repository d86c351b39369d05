//! Text of parts.

use super::charset::{self, Charset};

/// Text of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Valid UTF-8. Line ends as in the part.
    pub text: String,
    /// Octets had to be replaced, or the charset is missing, unknown or forbidden and was guessed.
    pub lossy: bool,
}

/// The text of a part whose transfer encoding is undone ([`super::Decoder`]).
///
/// No charset, an unknown one and UTF-7 are read as UTF-8 if valid, else as windows-1252: UTF-7 is
/// never decoded (RELIABILITY M-10).
#[must_use]
pub fn text_of(decoded: &[u8], charset: Option<&str>) -> Text {
    let (text, lossy) = match charset.map(Charset::of_label) {
        Some(Some(charset)) => charset.decode(decoded),
        Some(None) => (charset::guess(decoded).0, true),
        None => charset::guess(decoded),
    };
    Text { text, lossy }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_always_valid_and_never_utf7() {
        for (bytes, charset, text, lossy) in [
            (&b"\xc3\xa9"[..], Some("utf-8"), "é", false),
            (b"\xe9", Some("iso-8859-1"), "é", false),
            (b"\xe9", None, "é", true),
            (b"\xc3\xa9", None, "é", false),
            (b"+ADw-script+AD4-", Some("utf-7"), "+ADw-script+AD4-", true),
            (b"abc", Some("x-unknown"), "abc", true),
            (b"\xef\xbb\xbfa", Some("utf-8"), "a", false),
            (b"\xff", Some("utf-8"), "\u{fffd}", true),
        ] {
            assert_eq!(
                text_of(bytes, charset),
                Text { text: text.into(), lossy },
                "{bytes:?} as {charset:?}"
            );
        }
    }
}
