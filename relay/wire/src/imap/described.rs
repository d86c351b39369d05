//! What the answer to a FETCH says of one letter from its summary, written beside the machine: a page of
//! letters is described on another core while the page before it goes out.

use super::enabled::Strings;
use super::fetch_items::{Content, FetchItem, FetchItems, Section, SectionText};
use super::reply;
use super::sections::{self, Block, Extent, Piece, Size, Span, Writing};
use super::structure::{self, Form};
use crate::mime::Summary;

/// What a row says of its letter from the summary, and what is streamed behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Described {
    /// The items that a summary answers, written one after another, and fields picked from the header block.
    words: Vec<u8>,
    /// Where each of the items ends.
    ends: Vec<usize>,
    /// One per content item, in order.
    pub(super) pieces: Vec<Piece>,
    /// A part was measured whose transfer encoding nobody knows.
    pub(super) unknown_encoding: bool,
}

impl FetchItems {
    /// Describes a letter of a header block of `head_len` octets and a body of `body_len`, in the strings that
    /// this client reads. The summary is needed when [`FetchItems::needs_summary`] says so.
    #[must_use]
    pub fn describe<S: AsRef<str>>(
        &self,
        head_len: u64,
        body_len: u64,
        summary: Option<&Summary<S>>,
        strings: Strings,
    ) -> Described {
        let extent = Extent { head_len, body_len };
        let resolve = |content: &Content| sections::resolve(content, extent, summary);
        let mut described =
            Described { pieces: self.contents().map(resolve).collect(), ..Described::default() };
        let Some(summary) = summary.filter(|_| self.items().iter().any(FetchItem::is_described)) else {
            return described;
        };
        described.words.reserve(WORDS);
        for item in self.items().iter().filter(|item| item.is_described()) {
            described.word(item, extent, summary, strings);
            described.ends.push(described.words.len());
        }
        described
    }
}

/// Octets that most letters' ENVELOPE and BODYSTRUCTURE fit in.
const WORDS: usize = 768;

impl Described {
    /// The octets that the world streams after the row, in this order: ranges of the head block or of the
    /// body block. Empty when nothing is to be read.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        self.pieces.iter().flat_map(|piece| piece.spans.iter().copied()).collect()
    }

    /// The `n`-th of the items that a summary answers, as it is written.
    pub(super) fn words(&self, n: usize) -> Option<&[u8]> {
        let start = if n == 0 { 0 } else { *self.ends.get(n - 1)? };
        self.words.get(start..*self.ends.get(n)?)
    }

    /// Octets of the words, as [`Writing::Picked`] names them.
    pub(super) fn picked(&self, start: usize, end: usize) -> Option<&[u8]> {
        self.words.get(start..end)
    }

    /// Picks what is asked for by name from the letter's header block, where it is at hand: nothing is streamed
    /// for it then.
    pub fn pick(&mut self, items: &FetchItems, head: &[u8]) {
        for (piece, content) in self.pieces.iter_mut().zip(items.contents()) {
            let whole = Span { block: Block::Head, start: 0, end: head.len() as u64 };
            if piece.writing == Writing::Filtered && piece.spans == [whole] {
                let start = self.words.len();
                sections::filter(&mut self.words, head, content);
                *piece =
                    Piece { spans: Vec::new(), writing: Writing::Picked { start, end: self.words.len() } };
            }
        }
    }

    fn word<S: AsRef<str>>(
        &mut self,
        item: &FetchItem,
        extent: Extent,
        summary: &Summary<S>,
        strings: Strings,
    ) {
        let text = &mut self.words;
        match item {
            FetchItem::Envelope => {
                text.extend_from_slice(b"ENVELOPE ");
                structure::envelope(text, &summary.envelope, strings);
            }
            FetchItem::Body => {
                text.extend_from_slice(b"BODY ");
                structure::body(text, &summary.root, Form::Short, strings);
            }
            FetchItem::BodyStructure => {
                text.extend_from_slice(b"BODYSTRUCTURE ");
                structure::body(text, &summary.root, Form::Extended, strings);
            }
            FetchItem::Preview => {
                // RFC 8970 §3.2: UTF-8, at most 256 characters; the summary's has 200.
                text.extend_from_slice(b"PREVIEW ");
                match strings {
                    Strings::Ascii => reply::string(text, summary.preview.as_ref()),
                    Strings::Utf8 => reply::utf8_string(text, summary.preview.as_ref()),
                }
            }
            FetchItem::BinarySize(path) => {
                let section = Section { path: path.clone(), text: SectionText::Whole };
                text.extend_from_slice(format!("BINARY.SIZE[{section}] ").as_bytes());
                match sections::decoded_size(path, extent, summary) {
                    Size::Octets(octets) => reply::number(text, octets),
                    // The grammar knows a number only (RFC 3516 §7).
                    Size::Absent => text.push(b'0'),
                    Size::Unknown => {
                        text.push(b'0');
                        self.unknown_encoding = true;
                    }
                }
            }
            FetchItem::Flags
            | FetchItem::InternalDate
            | FetchItem::Size
            | FetchItem::Uid
            | FetchItem::ModSeq
            | FetchItem::SaveDate
            | FetchItem::EmailId
            | FetchItem::ThreadId
            | FetchItem::Content(_) => {}
        }
    }
}

impl FetchItem {
    /// Whether its words come from the letter's summary.
    pub(super) fn is_described(&self) -> bool {
        match self {
            Self::Envelope | Self::Body | Self::BodyStructure | Self::Preview | Self::BinarySize(_) => true,
            Self::Flags | Self::InternalDate | Self::Size | Self::Uid | Self::ModSeq | Self::SaveDate => {
                false
            }
            Self::EmailId | Self::ThreadId | Self::Content(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::world::split;

    #[test]
    fn each_item_is_found_by_its_place_and_borrowed_texts_say_the_same() {
        let (head, body, summary) = split(b"From: a@b.fr\r\nSubject: Bilan\r\n\r\nBonjour\r\n");
        let items = FetchItems::of(vec![
            FetchItem::Uid,
            FetchItem::Preview,
            FetchItem::Flags,
            FetchItem::BinarySize(vec![1]),
        ]);
        let (head_len, body_len) = (head.len() as u64, body.len() as u64);
        let described = items.describe(head_len, body_len, Some(&summary), Strings::Ascii);
        assert_eq!(described.words(0), Some(&b"PREVIEW \"Bonjour\""[..]));
        assert_eq!(described.words(1), Some(&b"BINARY.SIZE[1] 9"[..]));
        assert_eq!(described.words(2), None);
        let bytes = summary.encode();
        let borrowed = Summary::borrowed(&bytes).unwrap();
        assert_eq!(items.describe(head_len, body_len, Some(&borrowed), Strings::Ascii), described);
        let nothing = items.describe(head_len, body_len, None::<&Summary>, Strings::Ascii);
        assert_eq!((nothing.words(0), nothing.spans()), (None, vec![]));
    }
}
