//! Transfer encodings undone as a stream (RFC 2045 §6), and text of parts.

use serde::{Deserialize, Serialize};

use super::charset::{self, Charset};

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
            Self::Binary | Self::Unknown => "BINARY",
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

/// Whole lines of base64, their line ends included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lines {
    /// How many.
    pub count: u64,
    /// Octets of them.
    pub octets: usize,
    /// Octets they mean.
    pub decoded: u64,
}

/// Skips what is not of the alphabet (RFC 2045 §6.8) and remembers that it did.
#[derive(Debug, Default)]
struct Base64 {
    bits: u32,
    count: u8,
    padded: bool,
    junk: bool,
}

const SKIP: u8 = 0x40;
const PAD: u8 = 0x41;
const JUNK: u8 = 0x42;

/// Value of each octet of the base64 alphabet (RFC 4648 §4).
const SEXTETS: [u8; 256] = {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut table = [JUNK; 256];
    let mut i = 0;
    while i < 64 {
        table[ALPHABET[i] as usize] = i as u8;
        i += 1;
    }
    table[b'\r' as usize] = SKIP;
    table[b'\n' as usize] = SKIP;
    table[b' ' as usize] = SKIP;
    table[b'\t' as usize] = SKIP;
    table[b'=' as usize] = PAD;
    table
};

impl Base64 {
    fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        out.reserve(chunk.len() / 4 * 3 + 3);
        let mut rest = chunk;
        while !rest.is_empty() {
            // Four at a time while nothing is pending and all are of the alphabet.
            if self.count == 0 && !self.padded {
                while let Some((four, after)) = rest.split_first_chunk::<4>() {
                    let [a, b, c, d] = four.map(|octet| SEXTETS[octet as usize]);
                    if (a | b | c | d) & 0xc0 != 0 {
                        break;
                    }
                    let bits = u32::from(a) << 18 | u32::from(b) << 12 | u32::from(c) << 6 | u32::from(d);
                    out.extend_from_slice(&bits.to_be_bytes()[1..]);
                    rest = after;
                }
            }
            let Some((&octet, after)) = rest.split_first() else { break };
            rest = after;
            match SEXTETS[octet as usize] {
                SKIP => {}
                PAD => {
                    self.close(out);
                    self.padded = true;
                }
                JUNK => self.junk = true,
                sextet => {
                    // Data after the padding: a second piece glued on. Decoded, and reported.
                    self.junk |= self.padded;
                    self.padded = false;
                    self.bits = self.bits << 6 | u32::from(sextet);
                    self.count += 1;
                    if self.count == 4 {
                        out.extend_from_slice(&self.bits.to_be_bytes()[1..]);
                        (self.bits, self.count) = (0, 0);
                    }
                }
            }
        }
    }

    /// How many octets a chunk means, if all of it is of the alphabet, as each line of a file is.
    fn count(&mut self, chunk: &[u8]) -> Option<u64> {
        if !is_of_the_alphabet(chunk) || self.padded {
            return None;
        }
        let sextets = chunk.len() as u64 + u64::from(self.count);
        self.count = (sextets % 4) as u8;
        Some(sextets / 4 * 3)
    }

    fn lines(&self, rest: &[u8], width: usize) -> Lines {
        if width == 0 || !width.is_multiple_of(4) || self.count != 0 || self.padded {
            return Lines::default();
        }
        let whole = |line: &&[u8]| line[width..] == *b"\r\n" && is_of_the_alphabet(&line[..width]);
        let count = rest.chunks_exact(width + 2).take_while(whole).count();
        Lines { count: count as u64, octets: count * (width + 2), decoded: (count * (width / 4 * 3)) as u64 }
    }

    /// Ends a group of two or three characters.
    fn close(&mut self, out: &mut Vec<u8>) {
        match self.count {
            2 => out.push((self.bits >> 4) as u8),
            3 => out.extend_from_slice(&((self.bits >> 2) as u16).to_be_bytes()),
            _ => {}
        }
        (self.bits, self.count) = (0, 0);
    }

    fn finish(mut self, out: &mut Vec<u8>) {
        self.close(out);
    }
}

/// Whether these octets are sextets all.
fn is_of_the_alphabet(chunk: &[u8]) -> bool {
    // Without a table and without an early end: the compiler makes wide comparisons of it.
    chunk.iter().fold(true, |clean, octet| {
        let letter = (octet | 0x20).wrapping_sub(b'a') < 26;
        let digit = octet.wrapping_sub(b'0') < 10;
        clean & (letter | digit | (*octet == b'+') | (*octet == b'/'))
    })
}

/// Quoted-printable (RFC 2045 §6.7): trailing white space of a line is dropped, a broken escape is
/// kept as written.
#[derive(Debug, Default)]
struct Quoted {
    /// White space or the start of an escape that waits for what follows.
    held: Vec<u8>,
}

impl Quoted {
    /// White space held back before a line's end; more than any line may have is passed on.
    const HELD_MAX: usize = 1_000;

    fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        let mut rest = chunk;
        while let Some((&octet, after)) = rest.split_first() {
            if self.held.is_empty() {
                // Escapes and line ends matter, and the white space before them; the rest is as it stands.
                let plain = memchr::memchr2(b'=', b'\r', rest).unwrap_or(rest.len());
                let plain = without_blanks(&rest[..plain]);
                if plain > 0 {
                    out.extend_from_slice(&rest[..plain]);
                    rest = &rest[plain..];
                    continue;
                }
                if let [b'=', a, b, beyond @ ..] = rest {
                    match (hex(*a), hex(*b)) {
                        (Some(a), Some(b)) => {
                            out.push(a << 4 | b);
                            rest = beyond;
                            continue;
                        }
                        _ if (*a, *b) == (b'\r', b'\n') => {
                            rest = beyond;
                            continue;
                        }
                        _ => {}
                    }
                }
                if let [b'\r', b'\n', beyond @ ..] = rest {
                    out.extend_from_slice(b"\r\n");
                    rest = beyond;
                    continue;
                }
            }
            rest = after;
            self.octet(octet, out);
        }
    }

    fn octet(&mut self, octet: u8, out: &mut Vec<u8>) {
        match self.held.first() {
            None if matches!(octet, b'=' | b' ' | b'\t' | b'\r') => self.held.push(octet),
            None => out.push(octet),
            Some(b'=') => self.escape(octet, out),
            Some(_) => self.white(octet, out),
        }
    }

    /// After `=`: two hex digits, or white space and a line end (a soft break).
    fn escape(&mut self, octet: u8, out: &mut Vec<u8>) {
        self.held.push(octet);
        let soft = &self.held[1..];
        match soft {
            [a, b] if hex(*a).is_some() && hex(*b).is_some() => {
                let value = hex(*a).zip(hex(*b)).map_or(0, |(a, b)| a << 4 | b);
                out.push(value);
                self.held.clear();
            }
            [a] if hex(*a).is_some() => {}
            [.., b'\n'] if soft[..soft.len() - 1].iter().all(|b| matches!(b, b' ' | b'\t' | b'\r')) => {
                self.held.clear();
            }
            all if all.iter().all(|b| matches!(b, b' ' | b'\t' | b'\r'))
                && self.held.len() < Self::HELD_MAX => {}
            _ => {
                // Not an escape: the `=` stands for itself, the rest is read again.
                let held = std::mem::take(&mut self.held);
                out.push(b'=');
                for octet in &held[1..] {
                    self.octet(*octet, out);
                }
            }
        }
    }

    /// White space is data only if the line goes on.
    fn white(&mut self, octet: u8, out: &mut Vec<u8>) {
        match octet {
            b' ' | b'\t' | b'\r' if self.held.len() < Self::HELD_MAX => self.held.push(octet),
            b'\n' if self.held.last() == Some(&b'\r') => {
                self.held.clear();
                out.extend_from_slice(b"\r\n");
            }
            octet => {
                out.append(&mut self.held);
                self.octet(octet, out);
            }
        }
    }

    fn finish(self, out: &mut Vec<u8>) {
        // White space at the very end is transport's; a cut escape is kept.
        if self.held.first() == Some(&b'=') && self.held[1..].iter().any(|b| hex(*b).is_some()) {
            out.extend_from_slice(&self.held);
        }
    }
}

/// How long a run is without the blanks at its end.
fn without_blanks(run: &[u8]) -> usize {
    run.iter().rposition(|octet| !matches!(octet, b' ' | b'\t')).map_or(0, |at| at + 1)
}

fn hex(octet: u8) -> Option<u8> {
    match octet {
        b'0'..=b'9' => Some(octet - b'0'),
        b'a'..=b'f' => Some(octet - b'a' + 10),
        b'A'..=b'F' => Some(octet - b'A' + 10),
        _ => None,
    }
}

/// The Q encoding of encoded words (RFC 2047 §4.2).
pub(super) fn q(encoded: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((&octet, after)) = rest.split_first() {
        rest = after;
        match (octet, after) {
            (b'_', _) => out.push(b' '),
            (b'=', [a, b, tail @ ..]) => match (hex(*a), hex(*b)) {
                (Some(a), Some(b)) => {
                    out.push(a << 4 | b);
                    rest = tail;
                }
                _ => out.push(b'='),
            },
            (octet, _) => out.push(octet),
        }
    }
    out
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

/// The B encoding of encoded words (RFC 2047 §4.1).
pub(super) fn b(encoded: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut base64 = Base64::default();
    base64.push(encoded, &mut out);
    base64.finish(&mut out);
    out
}

/// Text of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Valid UTF-8. Line ends as in the part.
    pub text: String,
    /// Octets had to be replaced, or the charset is missing, unknown or forbidden and was guessed.
    pub lossy: bool,
}

/// The text of a part whose transfer encoding is undone ([`Decoder`]).
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

    proptest! {
        #[test]
        fn what_we_encode_decodes_in_any_cut(bytes in prop::collection::vec(any::<u8>(), 0..400), cut in 0_usize..600) {
            let mut encoded = Vec::new();
            super::super::encode::base64_lines(&bytes, &mut encoded);
            let cut = cut.min(encoded.len());
            prop_assert_eq!(decoded(Encoding::Base64, &[&encoded[..cut], &encoded[cut..]]), (bytes, false));
        }

        #[test]
        fn text_we_write_reads_back_with_its_line_breaks(text in "(\\PC|[=. \\t\\nF]|\\r\\n){0,300}") {
            let mut encoded = Vec::new();
            super::super::encode::quoted_printable(&text, &mut encoded);
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
