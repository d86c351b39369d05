//! Texts looked for in a body: its text parts, decoded, and the headers of the letters inside it.
//! Attachments are not looked into.

use std::ops::Range;

use mailstore::{BodyReader, Error};
use memchr::memmem::Finder;
use wire::mime::{Content, Decoder, Encoding, Part, text_of};

use super::fold::fold_into;
use super::grams::Grams;
use crate::imap::limits;

/// For each needle, whether the body holds it. The body is opened only when it has text. When its runs of octets
/// are gathered, it is read to its end.
pub(super) fn look(
    needles: &[Finder<'_>],
    root: &Part,
    gathered: Option<&mut Grams>,
    body: impl FnOnce() -> Result<BodyReader, Error>,
) -> Result<Vec<bool>, Error> {
    let mut sieve = Sieve::new(needles, gathered);
    let mut texts = Vec::new();
    gather(root, &mut texts);
    if texts.is_empty() {
        return Ok(sieve.found);
    }
    let mut body = body()?;
    for text in texts {
        let mut rest = text.range;
        let length = rest.end - rest.start;
        let mut decoder = Decoder::new(text.encoding);
        let mut waiting = Vec::new();
        while let Some(piece) = body.next_here(&mut rest)? {
            for piece in piece.chunks(limits::SEARCH_WINDOW) {
                if piece.len() as u64 == length && !text.encoding.is_encoded() {
                    // All of the text in one piece, which stands for itself.
                    sieve.sift_octets(piece, text.charset);
                    continue;
                }
                decoder.push(piece, &mut waiting);
                if waiting.len() >= limits::SEARCH_WINDOW {
                    let cut = cut(&waiting, text.charset);
                    sieve.sift_octets(&waiting[..cut], text.charset);
                    waiting.drain(..cut);
                }
            }
        }
        decoder.finish(&mut waiting);
        sieve.sift_octets(&waiting, text.charset);
        sieve.end_text();
        if sieve.gathered.is_none() && sieve.has_all() {
            break;
        }
    }
    Ok(sieve.found)
}

/// A run of octets that is text.
struct TextRange<'a> {
    range: Range<u64>,
    encoding: Encoding,
    charset: Option<&'a str>,
}

fn gather<'a>(part: &'a Part, texts: &mut Vec<TextRange<'a>>) {
    match &part.content {
        Content::Leaf if part.kind == "text" => texts.push(TextRange {
            range: part.body_start..part.body_end,
            encoding: part.encoding,
            charset: part.charset(),
        }),
        Content::Leaf => {}
        Content::Multipart(parts) => parts.iter().for_each(|part| gather(part, texts)),
        Content::Message { root, .. } => {
            let range = root.header_start..root.body_start;
            texts.push(TextRange { range, encoding: Encoding::EightBit, charset: None });
            gather(root, texts);
        }
    }
}

/// Where a window of text may end without cutting a character: after a line, where lines are seen.
fn cut(octets: &[u8], charset: Option<&str>) -> usize {
    match octets.iter().rposition(|octet| *octet == b'\n') {
        Some(at) if !is_wide(charset) => at + 1,
        Some(_) | None => octets.len() & !1,
    }
}

fn is_wide(charset: Option<&str>) -> bool {
    charset.is_some_and(|label| label.to_ascii_lowercase().starts_with("utf-16"))
}

/// Whether octets that are UTF-8 mean in their charset what they mean in UTF-8.
fn is_as_it_stands(text: &str, charset: Option<&str>) -> bool {
    match charset {
        // What `text_of` reads unlabelled octets as; a byte order mark is folded away.
        None => true,
        Some(label) if label.eq_ignore_ascii_case("utf-8") => true,
        // ISO-2022-JP and its like shift out of ASCII by ESC.
        Some(_) => text.is_ascii() && !text.contains('\u{1b}') && !is_wide(charset),
    }
}

/// Looks for needles in a text that comes in pieces.
struct Sieve<'a> {
    needles: &'a [Finder<'a>],
    gathered: Option<&'a mut Grams>,
    found: Vec<bool>,
    /// The folded text, of what was sifted only the end.
    folded: String,
    longest: usize,
}

impl<'a> Sieve<'a> {
    fn new(needles: &'a [Finder<'a>], gathered: Option<&'a mut Grams>) -> Self {
        let longest = needles.iter().map(|needle| needle.needle().len()).max().unwrap_or(0);
        Self { needles, gathered, found: vec![false; needles.len()], folded: String::new(), longest }
    }

    /// Most text is ASCII in any charset but a few, and needs no decoding.
    fn sift_octets(&mut self, octets: &[u8], charset: Option<&str>) {
        match std::str::from_utf8(octets) {
            Ok(text) if is_as_it_stands(text, charset) => self.sift(text),
            Ok(_) | Err(_) => self.sift(&text_of(octets, charset).text),
        }
    }

    fn sift(&mut self, text: &str) {
        let before = self.folded.len();
        fold_into(text, &mut self.folded);
        if let Some(gathered) = self.gathered.as_deref_mut() {
            gathered.add(&self.folded.as_bytes()[before..]);
        }
        for (needle, found) in self.needles.iter().zip(&mut self.found) {
            *found = *found || needle.find(self.folded.as_bytes()).is_some();
        }
        // A needle may begin here and end in the next piece.
        let mut from = self.folded.len().saturating_sub(self.longest);
        while !self.folded.is_char_boundary(from) {
            from -= 1;
        }
        self.folded.drain(..from);
    }

    fn end_text(&mut self) {
        self.folded.clear();
        if let Some(gathered) = self.gathered.as_deref_mut() {
            gathered.end_text();
        }
    }

    fn has_all(&self) -> bool {
        self.found.iter().all(|found| *found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_needle_across_two_pieces_is_found_and_across_two_texts_is_not() {
        let needles = ["cholesterol total", "zz"].map(Finder::new);
        let mut sieve = Sieve::new(&needles, None);
        sieve.sift(&"é".repeat(100));
        sieve.sift("Choles");
        sieve.sift("térol ");
        sieve.sift("TOTAL z");
        assert_eq!(sieve.found, [true, false]);
        sieve.end_text();
        sieve.sift("z");
        assert_eq!(sieve.found, [true, false]);
        assert!(!sieve.has_all());
    }

    #[test]
    fn octets_are_read_in_their_charset_also_when_they_look_like_ascii() {
        for (octets, charset) in [
            (&b"Bilan"[..], None),
            (b"BILAN", Some("windows-1252")),
            (b"b\0i\0l\0a\0n\0", Some("utf-16le")),
            (b"b\xeclan", Some("iso-8859-1")),
            (b"\x1b(Bbilan", Some("iso-2022-jp")),
        ] {
            let needles = ["bilan"].map(Finder::new);
            let mut sieve = Sieve::new(&needles, None);
            sieve.sift_octets(octets, charset);
            assert!(sieve.has_all(), "{charset:?}");
        }
    }

    #[test]
    fn windows_end_after_a_line_or_an_even_octet() {
        assert_eq!(cut(b"ab\r\ncd", None), 4);
        assert_eq!(cut(b"abcde", None), 4);
        assert_eq!(cut(b"a\0\n\0b", Some("UTF-16LE")), 4);
    }
}
