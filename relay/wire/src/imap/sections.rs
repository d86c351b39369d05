//! From `BODY[2.1.MIME]<0.100>` to octets of the stored letter: a pure function.

use super::fetch_items::{Content, Label, Section, SectionText};
use crate::mime::{self, Encoding, Part, Summary};

/// A range of octets of one of the two blocks a letter is stored as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Which block.
    pub block: Block,
    /// First octet.
    pub start: u64,
    /// First octet after; never before `start`.
    pub end: u64,
}

impl Span {
    /// Octets in it.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.end - self.start
    }

    /// Whether nothing is in it; such spans are never asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }
}

/// The two blocks of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// The header block, empty line included.
    Head,
    /// All after it.
    Body,
}

/// Octets of a letter's blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub head_len: u64,
    pub body_len: u64,
}

/// What becomes of one content item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// What the world streams for it, no empty span among them.
    pub spans: Vec<Span>,
    /// What is written of it.
    pub writing: Writing,
}

/// How streamed octets become the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writing {
    /// There is no such part: `NIL`.
    Nil,
    /// As they come.
    AsIs,
    /// A header block to pick fields from, then cut.
    Filtered,
    /// Fields that were picked already: these of the [`Described`](super::Described) words.
    Picked { start: usize, end: usize },
    /// As they come, in a literal8.
    Octets,
    /// With their transfer encoding undone, of which this window is shown, in a literal8.
    Decoded { encoding: Encoding, start: u64, count: u64 },
    /// The part has a transfer encoding that nobody knows: `NIL`, and the command ends with UNKNOWN-CTE.
    Unknown,
}

impl Piece {
    pub(super) fn len(&self) -> u64 {
        self.spans.iter().map(Span::len).sum()
    }
}

/// Finds the octets of one item.
pub(super) fn resolve<S: AsRef<str>>(
    content: &Content,
    extent: Extent,
    summary: Option<&Summary<S>>,
) -> Piece {
    let nil = Piece { spans: vec![], writing: Writing::Nil };
    let Some(spans) = whole_spans(&content.section, extent, summary) else { return nil };
    if content.label == Label::Binary {
        return binary(content, spans, summary);
    }
    let filtered = matches!(content.section.text, SectionText::Fields(_) | SectionText::FieldsNot(_));
    let spans = match (filtered, content.partial) {
        // Fields are picked from the whole block first, then cut.
        (true, _) | (false, None) => spans,
        (false, Some((start, count))) => cut(&spans, start, count),
    };
    let writing = if filtered { Writing::Filtered } else { Writing::AsIs };
    Piece { spans: spans.into_iter().filter(|span| !span.is_empty()).collect(), writing }
}

/// A part without its transfer encoding (RFC 3516 §4.2). Multiparts and letters have none.
fn binary<S: AsRef<str>>(content: &Content, whole: Vec<Span>, summary: Option<&Summary<S>>) -> Piece {
    let (start, count) = content.partial.unwrap_or((0, u64::MAX));
    let part = summary.and_then(|summary| summary.part(&content.section.path)).map(|found| found.part);
    match part.filter(|part| part.is_leaf()) {
        Some(part) if part.encoding == Encoding::Unknown => {
            Piece { spans: vec![], writing: Writing::Unknown }
        }
        Some(part) if part.encoding.is_encoded() => {
            let start = start.min(part.decoded_len);
            let count = count.min(part.decoded_len - start);
            let spans = if count == 0 { vec![] } else { whole };
            let spans = spans.into_iter().filter(|span| !span.is_empty()).collect();
            Piece { spans, writing: Writing::Decoded { encoding: part.encoding, start, count } }
        }
        Some(_) | None => {
            let spans = cut(&whole, start, count);
            Piece { spans, writing: Writing::Octets }
        }
    }
}

/// What `BINARY.SIZE` says of a part: none when there is no such part.
pub(super) fn decoded_size<S: AsRef<str>>(path: &[u32], extent: Extent, summary: &Summary<S>) -> Size {
    if path.is_empty() {
        return Size::Octets(extent.head_len + extent.body_len);
    }
    match summary.part(path).map(|found| found.part) {
        None => Size::Absent,
        Some(part) if part.is_leaf() && part.encoding == Encoding::Unknown => Size::Unknown,
        Some(part) if part.is_leaf() && part.encoding.is_encoded() => Size::Octets(part.decoded_len),
        Some(part) => Size::Octets(part.size()),
    }
}

/// The size of a part without its transfer encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    Octets(u64),
    Absent,
    /// Its transfer encoding cannot be undone.
    Unknown,
}

/// The octets meant by a section before the partial is cut; `None` when there is no such part.
fn whole_spans<S: AsRef<str>>(
    section: &Section,
    extent: Extent,
    summary: Option<&Summary<S>>,
) -> Option<Vec<Span>> {
    let head = Span { block: Block::Head, start: 0, end: extent.head_len };
    let body = Span { block: Block::Body, start: 0, end: extent.body_len };
    if section.path.is_empty() {
        return match section.text {
            SectionText::Whole => Some(vec![head, body]),
            SectionText::Header | SectionText::Fields(_) | SectionText::FieldsNot(_) => Some(vec![head]),
            SectionText::Text => Some(vec![body]),
            SectionText::Mime => None,
        };
    }
    // RFC 3501 §6.4.5 numbers parts; `Summary::part` walks them.
    let found = summary?.part(&section.path)?;
    match section.text {
        // The one part of a letter that is no multipart: its body is the letter's.
        SectionText::Whole if found.headed_by_letter => Some(vec![body]),
        SectionText::Whole => Some(vec![body_of(found.part)]),
        SectionText::Mime if found.headed_by_letter => Some(vec![head]),
        SectionText::Mime => Some(vec![header_of(found.part)]),
        SectionText::Header | SectionText::Fields(_) | SectionText::FieldsNot(_) => {
            nested(found.part).map(|root| vec![header_of(root)])
        }
        SectionText::Text => nested(found.part).map(|root| vec![body_of(root)]),
    }
}

fn header_of<S: AsRef<str>>(part: &Part<S>) -> Span {
    Span { block: Block::Body, start: part.header_start, end: part.body_start.max(part.header_start) }
}

fn body_of<S: AsRef<str>>(part: &Part<S>) -> Span {
    Span { block: Block::Body, start: part.body_start, end: part.body_end.max(part.body_start) }
}

/// The letter inside a part.
fn nested<S>(part: &Part<S>) -> Option<&Part<S>> {
    match &part.content {
        mime::Content::Message { root, .. } => Some(root),
        mime::Content::Leaf | mime::Content::Multipart(_) => None,
    }
}

/// The octets `start..start + count` of the spans laid end to end; none beyond their end.
pub(super) fn cut(spans: &[Span], start: u64, count: u64) -> Vec<Span> {
    let (mut skip, mut left) = (start, count);
    let mut kept = Vec::new();
    for span in spans {
        let skipped = skip.min(span.len());
        skip -= skipped;
        let taken = left.min(span.len() - skipped);
        left -= taken;
        if taken > 0 {
            let start = span.start + skipped;
            kept.push(Span { block: span.block, start, end: start + taken });
        }
    }
    kept
}

/// Picks the fields of `HEADER.FIELDS` or `HEADER.FIELDS.NOT` from a header block: whole fields in
/// their order, folded lines included, then the empty line (RFC 3501 §6.4.5). What is left of it by the partial
/// is written.
pub(super) fn filter(out: &mut Vec<u8>, head: &[u8], content: &Content) {
    let start = out.len();
    fields(out, head, &content.section.text);
    if let Some((skip, count)) = content.partial {
        let all = out.len() - start;
        let skip = usize::try_from(skip).map_or(all, |skip| skip.min(all));
        out.drain(start..start + skip);
        let kept = usize::try_from(count).map_or(all, |count| count.min(all - skip));
        out.truncate(start + kept);
    }
}

fn fields(kept: &mut Vec<u8>, head: &[u8], text: &SectionText) {
    let (names, listed_stay) = match text {
        SectionText::Fields(names) => (names, true),
        SectionText::FieldsNot(names) => (names, false),
        SectionText::Whole | SectionText::Header | SectionText::Text | SectionText::Mime => {
            return kept.extend_from_slice(head);
        }
    };
    let mut keep = false;
    let mut rest = head;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at(end);
        rest = after;
        if matches!(line, b"\r\n" | b"\n") {
            break;
        }
        if !matches!(line.first(), Some(b' ' | b'\t')) {
            let colon = memchr::memchr(b':', line).unwrap_or(line.len());
            let name = line[..colon].trim_ascii_end();
            let listed = names.iter().any(|wanted| wanted.as_bytes().eq_ignore_ascii_case(name));
            keep = listed == listed_stay;
        }
        if keep {
            kept.extend_from_slice(line);
        }
    }
    kept.extend_from_slice(b"\r\n");
}
