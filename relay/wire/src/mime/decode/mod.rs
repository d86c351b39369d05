//! Encodings undone: of parts as a stream (RFC 2045 §6), of words and parameters at once.

mod base64;
mod quoted;

use base64::Base64;
use quoted::Quoted;
use serde::{Deserialize, Serialize};

pub(super) use base64::{Lines, b};
pub(super) use quoted::q;

/// Content-Transfer-Encoding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    /// `7bit`, also when the field is absent.
    #[default]
    SevenBit,
    /// `8bit`.
    EightBit,
    /// `binary`.
    Binary,
    /// `base64`.
    Base64,
    /// `quoted-printable`.
    QuotedPrintable,
    /// Something else: the octets are taken as they are.
    Unknown,
}

impl Encoding {
    /// Reads the field's value, comments and case aside.
    #[must_use]
    pub fn parse(value: &str) -> Self {
        match value.trim().to_ascii_lowercase().as_str() {
            "7bit" | "7-bit" | "" => Self::SevenBit,
            "8bit" | "8-bit" => Self::EightBit,
            "binary" => Self::Binary,
            "base64" => Self::Base64,
            "quoted-printable" => Self::QuotedPrintable,
            _ => Self::Unknown,
        }
    }

    /// As IMAP's BODYSTRUCTURE writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SevenBit => "7BIT",
            Self::EightBit => "8BIT",
            Self::Binary => "BINARY",
            // Which one is not kept; a program must not take the octets for the file.
            Self::Unknown => "X-UNKNOWN",
            Self::Base64 => "BASE64",
            Self::QuotedPrintable => "QUOTED-PRINTABLE",
        }
    }

    /// Whether the octets stand for other octets.
    #[must_use]
    pub fn is_encoded(self) -> bool {
        matches!(self, Self::Base64 | Self::QuotedPrintable)
    }
}

/// Undoes a transfer encoding chunk by chunk; memory does not grow with the part.
#[derive(Debug)]
pub struct Decoder(State);

#[derive(Debug)]
enum State {
    Identity,
    Base64(Base64),
    Quoted(Quoted),
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new(Encoding::default())
    }
}

impl Decoder {
    /// A decoder at the first octet of a part's body.
    #[must_use]
    pub fn new(encoding: Encoding) -> Self {
        Self(match encoding {
            Encoding::SevenBit | Encoding::EightBit | Encoding::Binary | Encoding::Unknown => State::Identity,
            Encoding::Base64 => State::Base64(Base64::default()),
            Encoding::QuotedPrintable => State::Quoted(Quoted::default()),
        })
    }

    /// Takes a chunk and appends what it means.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        match &mut self.0 {
            State::Identity => out.extend_from_slice(chunk),
            State::Base64(base64) => base64.push(chunk, out),
            State::Quoted(quoted) => quoted.push(chunk, out),
        }
    }

    /// Takes a chunk and says how many octets it means, when nobody wants them any more: what comes out
    /// later is right in number only. `scratch` is where they are put if counting is not enough.
    pub(super) fn count(&mut self, chunk: &[u8], scratch: &mut Vec<u8>) -> u64 {
        let known = match &mut self.0 {
            State::Identity => Some(chunk.len() as u64),
            State::Base64(base64) => base64.count(chunk),
            State::Quoted(_) => None,
        };
        known.unwrap_or_else(|| {
            scratch.clear();
            self.push(chunk, scratch);
            scratch.len() as u64
        })
    }

    /// Counts the whole lines at the beginning of `rest`, all of `width` octets of the base64 alphabet, as a file's
    /// are: none where a line means more than that.
    pub(super) fn lines(&self, rest: &[u8], width: usize) -> Lines {
        match &self.0 {
            State::Base64(base64) => base64.lines(rest, width),
            State::Identity | State::Quoted(_) => Lines::default(),
        }
    }

    /// Appends what was still held back.
    pub fn finish(self, out: &mut Vec<u8>) {
        match self.0 {
            State::Identity => {}
            State::Base64(base64) => base64.finish(out),
            State::Quoted(quoted) => quoted.finish(out),
        }
    }

    /// Whether a base64 part held characters of no use, or data after its padding.
    #[must_use]
    pub fn junk(&self) -> bool {
        matches!(&self.0, State::Base64(Base64 { junk: true, .. }))
    }
}

/// Percent escapes (RFC 3986 §2.1), as in RFC 2231 parameters and `cid:` addresses.
pub(super) fn percent(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&octet, after)) = rest.split_first() {
        rest = after;
        match (octet, after) {
            (b'%', [a, b, tail @ ..]) => match (hex(*a), hex(*b)) {
                (Some(a), Some(b)) => {
                    out.push(a << 4 | b);
                    rest = tail;
                }
                _ => out.push(b'%'),
            },
            (octet, _) => out.push(octet),
        }
    }
    out
}

fn hex(octet: u8) -> Option<u8> {
    match octet {
        b'0'..=b'9' => Some(octet - b'0'),
        b'a'..=b'f' => Some(octet - b'a' + 10),
        b'A'..=b'F' => Some(octet - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(encoding: Encoding, chunks: &[&[u8]]) -> (Vec<u8>, bool) {
        let mut decoder = Decoder::new(encoding);
        let mut out = Vec::new();
        for chunk in chunks {
            decoder.push(chunk, &mut out);
        }
        let junk = decoder.junk();
        decoder.finish(&mut out);
        (out, junk)
    }

    proptest! {
        /// Counting may begin anywhere, and says what decoding would have given.
        #[test]
        fn octets_counted_are_octets_decoded(
            pieces in proptest::collection::vec("[A-Za-z0-9+/]{0,9}|[A-Za-z0-9+/=*\r\n ]{0,9}", 0..12),
            counted_from in 0_usize..12,
        ) {
            for encoding in [Encoding::Base64, Encoding::QuotedPrintable, Encoding::SevenBit] {
                let all: Vec<&[u8]> = pieces.iter().map(String::as_bytes).collect();
                let (want, junk) = decoded(encoding, &all);
                let (mut decoder, mut out) = (Decoder::new(encoding), Vec::new());
                let (before, after) = all.split_at(counted_from.min(all.len()));
                before.iter().for_each(|piece| decoder.push(piece, &mut out));
                let mut scratch = vec![7];
                let counted: u64 = after.iter().map(|piece| decoder.count(piece, &mut scratch)).sum();
                prop_assert_eq!(decoder.junk(), junk);
                prop_assert_eq!(&out[..], &want[..out.len()]);
                let known = out.len() as u64 + counted;
                let mut rest = Vec::new();
                decoder.finish(&mut rest);
                prop_assert_eq!(known + rest.len() as u64, want.len() as u64, "{:?}", encoding);
            }
        }
    }

    #[test]
    fn base64_as_mailers_write_it() {
        for (text, want, junk) in [
            ("", "", false),
            ("YQ==", "a", false),
            ("YWI=", "ab", false),
            ("YWJj\r\n", "abc", false),
            ("YW\r\nJj\r\nZA==", "abcd", false),
            ("YQ", "a", false),
            ("YQ=", "a", false),
            ("Y", "", false),
            ("YW*Jj", "abc", true),
            ("YQ==YQ==", "aa", true),
            ("YQ==\r\n\r\nGenerated by x", "a", true),
        ] {
            let (out, found) = decoded(Encoding::Base64, &[text.as_bytes()]);
            assert!(out.starts_with(want.as_bytes()), "{text}");
            assert!(junk || out.len() == want.len(), "{text}");
            assert_eq!(found, junk, "{text}");
        }
    }

    #[test]
    fn quoted_printable_as_mailers_write_it() {
        for (text, want) in [
            ("", ""),
            ("a=C3=A9b", "aéb"),
            ("a=c3=a9b", "aéb"),
            ("long =\r\nline", "long line"),
            ("long = \t\r\nline", "long line"),
            ("trailing  \t\r\nnext", "trailing\r\nnext"),
            ("kept =20\r\nnext", "kept  \r\nnext"),
            ("a=XYb", "a=XYb"),
            ("a=4", "a=4"),
            ("a=", "a"),
            ("a==41", "a=A"),
            ("a= b", "a= b"),
            ("end  ", "end"),
            ("=3D", "="),
            ("x\r\n\r\ny", "x\r\n\r\ny"),
            ("=\nsoft", "soft"),
        ] {
            assert_eq!(
                String::from_utf8(decoded(Encoding::QuotedPrintable, &[text.as_bytes()]).0).unwrap(),
                want,
                "{text:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_we_encode_decodes_in_any_cut(bytes in prop::collection::vec(any::<u8>(), 0..400), cut in 0_usize..600) {
            let mut encoded = Vec::new();
            crate::mime::encode::base64_lines(&bytes, &mut encoded);
            let cut = cut.min(encoded.len());
            prop_assert_eq!(decoded(Encoding::Base64, &[&encoded[..cut], &encoded[cut..]]), (bytes, false));
        }

        #[test]
        fn text_we_write_reads_back_with_its_line_breaks(text in "(\\PC|[=. \\t\\nF]|\\r\\n){0,300}") {
            let mut encoded = Vec::new();
            crate::mime::encode::quoted_printable(&text, &mut encoded);
            for line in String::from_utf8(encoded.clone()).unwrap().split("\r\n") {
                prop_assert!(line.len() <= 76 && !line.contains(['\r', '\n']) && !line.ends_with(' '));
            }
            let mut want = text.replace("\r\n", "\n").replace('\r', "\n");
            if !want.ends_with('\n') {
                want.push('\n');
            }
            let got = String::from_utf8(decoded(Encoding::QuotedPrintable, &[&encoded]).0).unwrap();
            prop_assert_eq!(got.replace("\r\n", "\n"), want);
        }

        #[test]
        fn any_octets_decode_alike_in_any_cut(bytes in prop::collection::vec(prop::sample::select(&b"=AZa0\r\n \t\xe9"[..]), 0..60)) {
            for encoding in [Encoding::Base64, Encoding::QuotedPrintable, Encoding::EightBit] {
                let whole = decoded(encoding, &[&bytes]);
                let pieces: Vec<&[u8]> = bytes.chunks(1).collect();
                prop_assert_eq!(decoded(encoding, &pieces), whole);
            }
        }
    }
}
