//! What a FETCH asks of each message (RFC 3501 §6.4.5).

use std::fmt;

use super::limits;
use super::scan::{Cursor, Fault, Parsed};
use crate::mime::PartPath;

/// The items of one FETCH command, in the order written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchItems(Vec<FetchItem>);

/// One item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchItem {
    /// `FLAGS`
    Flags,
    /// `INTERNALDATE`
    InternalDate,
    /// `RFC822.SIZE`
    Size,
    /// `UID`
    Uid,
    /// `MODSEQ` (RFC 7162 §3.1.4.2)
    ModSeq,
    /// `ENVELOPE`
    Envelope,
    /// `BODY`, the structure without extension data.
    Body,
    /// `BODYSTRUCTURE`
    BodyStructure,
    /// `BODY[…]<…>` and its old names, and `BINARY[…]<…>`.
    Content(Content),
    /// `BINARY.SIZE[…]` (RFC 3516 §4.2): octets of a part once its transfer encoding is undone.
    BinarySize(PartPath),
    /// `PREVIEW` (RFC 8970); ours is always made, so `LAZY` changes nothing.
    Preview,
    /// `SAVEDATE` (RFC 8514)
    SaveDate,
    /// `EMAILID` (RFC 8474 §5.1)
    EmailId,
    /// `THREADID` (RFC 8474 §5.2)
    ThreadId,
}

/// A piece of a message's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Which text.
    pub section: Section,
    /// First octet and at most how many.
    pub partial: Option<(u64, u64)>,
    /// How the answer names it.
    pub label: Label,
    /// Whether reading it sets `\Seen`.
    pub reading: Reading,
}

/// How the answer names a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// `BODY[…]`
    Body,
    /// `RFC822`
    Rfc822,
    /// `RFC822.HEADER`
    Rfc822Header,
    /// `RFC822.TEXT`
    Rfc822Text,
    /// `BINARY[…]` (RFC 3516 §4.2): its transfer encoding undone, in a literal8.
    Binary,
}

/// Whether reading sets `\Seen`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It does.
    Marks,
    /// `BODY.PEEK[…]`, `RFC822.HEADER`
    Peeks,
}

/// The inside of `BODY[…]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Part numbers; none for the letter itself.
    pub path: Vec<u32>,
    /// What of it.
    pub text: SectionText,
}

/// What of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SectionText {
    /// `[]`, `[1.2]`: all of the letter, or the part's body.
    Whole,
    /// `[HEADER]`
    Header,
    /// `[HEADER.FIELDS (…)]`
    Fields(Vec<String>),
    /// `[HEADER.FIELDS.NOT (…)]`
    FieldsNot(Vec<String>),
    /// `[TEXT]`
    Text,
    /// `[1.MIME]`
    Mime,
}

impl FetchItems {
    /// The items, in the order written.
    #[must_use]
    pub fn items(&self) -> &[FetchItem] {
        &self.0
    }

    /// Whether each row must carry its summary: ENVELOPE, BODY, BODYSTRUCTURE, or a numbered part.
    #[must_use]
    pub fn needs_summary(&self) -> bool {
        self.0.iter().any(|item| match item {
            FetchItem::Envelope | FetchItem::Body | FetchItem::BodyStructure => true,
            FetchItem::BinarySize(_) | FetchItem::Preview | FetchItem::ThreadId => true,
            FetchItem::Content(content) => !content.section.path.is_empty(),
            FetchItem::Flags
            | FetchItem::InternalDate
            | FetchItem::Size
            | FetchItem::Uid
            | FetchItem::ModSeq => false,
            FetchItem::SaveDate | FetchItem::EmailId => false,
        })
    }

    /// Whether chunks follow the rows.
    #[must_use]
    pub fn reads_content(&self) -> bool {
        self.0.iter().any(|item| matches!(item, FetchItem::Content(_)))
    }

    /// Whether more may be among them than header blocks.
    #[must_use]
    pub fn reads_parts(&self) -> bool {
        self.reads_bodies() || self.contents().any(|content| !content.section.path.is_empty())
    }

    /// Whether chunks of bodies may be among them, when no numbered part is asked for.
    #[must_use]
    pub fn reads_bodies(&self) -> bool {
        let reads = |text: &SectionText| matches!(text, SectionText::Whole | SectionText::Text);
        self.0.iter().any(|item| matches!(item, FetchItem::Content(content) if reads(&content.section.text)))
    }

    /// Whether words of the letters' texts are shown (PREVIEW).
    #[must_use]
    pub fn shows_preview(&self) -> bool {
        self.0.contains(&FetchItem::Preview)
    }

    /// Whether rows must carry [`FetchRow::object`](super::FetchRow::object).
    #[must_use]
    pub fn wants_object_ids(&self) -> bool {
        self.0.contains(&FetchItem::EmailId) || self.0.contains(&FetchItem::ThreadId)
    }

    /// Whether carrying it out sets `\Seen`.
    pub(super) fn marks_seen(&self) -> bool {
        self.0.iter().any(|item| matches!(item, FetchItem::Content(c) if c.reading == Reading::Marks))
    }

    /// The content items, in order.
    pub(super) fn contents(&self) -> impl Iterator<Item = &Content> {
        self.0.iter().filter_map(|item| match item {
            FetchItem::Content(content) => Some(content),
            _ => None,
        })
    }

    /// `fetch-att`, a list of them, or a macro; for UID FETCH the UID comes along (§6.4.8).
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mut items = Vec::new();
        if cursor.take(b'(') {
            loop {
                items.push(item(cursor)?);
                if items.len() > limits::FETCH_ITEMS {
                    return Err(Fault::Limit("too many items in a FETCH"));
                }
                if !cursor.take(b' ') {
                    break;
                }
            }
            cursor.expect(b')', "the list of items is not closed")?;
            return Ok(Self(items));
        }
        let mut ahead = *cursor;
        let fast = [FetchItem::Flags, FetchItem::InternalDate, FetchItem::Size];
        let (known, more) = match ahead.word().as_str() {
            "FAST" => (true, vec![]),
            "ALL" => (true, vec![FetchItem::Envelope]),
            "FULL" => (true, vec![FetchItem::Envelope, FetchItem::Body]),
            _ => (false, vec![]),
        };
        if known {
            *cursor = ahead;
            return Ok(Self(fast.into_iter().chain(more).collect()));
        }
        Ok(Self(vec![item(cursor)?]))
    }

    /// These items.
    pub(super) fn of(items: Vec<FetchItem>) -> Self {
        Self(items)
    }

    /// Whether this item is asked for.
    pub(super) fn has(&self, item: &FetchItem) -> bool {
        self.0.contains(item)
    }

    /// With one more item at the end, unless it is there.
    pub(super) fn with(mut self, item: FetchItem) -> Self {
        if !self.0.contains(&item) {
            self.0.push(item);
        }
        self
    }

    /// With `UID` in it (UID FETCH answers always show it, RFC 3501 §6.4.8).
    pub(super) fn with_uid(mut self) -> Self {
        if !self.0.contains(&FetchItem::Uid) {
            self.0.insert(0, FetchItem::Uid);
        }
        self
    }
}

fn item(cursor: &mut Cursor<'_>) -> Parsed<FetchItem> {
    let old = |label, text, reading| {
        Ok(FetchItem::Content(Content {
            section: Section { path: vec![], text },
            partial: None,
            label,
            reading,
        }))
    };
    match cursor.word().as_str() {
        "FLAGS" => Ok(FetchItem::Flags),
        "INTERNALDATE" => Ok(FetchItem::InternalDate),
        "RFC822.SIZE" => Ok(FetchItem::Size),
        "UID" => Ok(FetchItem::Uid),
        "MODSEQ" => Ok(FetchItem::ModSeq),
        "ENVELOPE" => Ok(FetchItem::Envelope),
        "BODYSTRUCTURE" => Ok(FetchItem::BodyStructure),
        "RFC822" => old(Label::Rfc822, SectionText::Whole, Reading::Marks),
        "RFC822.HEADER" => old(Label::Rfc822Header, SectionText::Header, Reading::Peeks),
        "RFC822.TEXT" => old(Label::Rfc822Text, SectionText::Text, Reading::Marks),
        "BINARY" => binary(cursor, Reading::Marks).map(FetchItem::Content),
        "BINARY.PEEK" => binary(cursor, Reading::Peeks).map(FetchItem::Content),
        "BINARY.SIZE" => part_path(cursor).map(FetchItem::BinarySize),
        "PREVIEW" => preview(cursor),
        "SAVEDATE" => Ok(FetchItem::SaveDate),
        "EMAILID" => Ok(FetchItem::EmailId),
        "THREADID" => Ok(FetchItem::ThreadId),
        "BODY" if cursor.peek() != Some(b'[') => Ok(FetchItem::Body),
        "BODY" => content(cursor, Reading::Marks).map(FetchItem::Content),
        "BODY.PEEK" => content(cursor, Reading::Peeks).map(FetchItem::Content),
        _ => Err(Fault::Syntax("an unknown FETCH item")),
    }
}

/// `section [partial]`
fn content(cursor: &mut Cursor<'_>, reading: Reading) -> Parsed<Content> {
    cursor.expect(b'[', "a section was expected")?;
    let section = section(cursor)?;
    cursor.expect(b']', "the section is not closed")?;
    Ok(Content { section, partial: partial(cursor)?, label: Label::Body, reading })
}

/// `partial = "<" number64 "." nz-number64 ">"` (RFC 9051 §9; RFC 3501 has 32 bits)
fn partial(cursor: &mut Cursor<'_>) -> Parsed<Option<(u64, u64)>> {
    if !cursor.take(b'<') {
        return Ok(None);
    }
    let start = cursor.number63()?;
    cursor.expect(b'.', "a partial is <start.count>")?;
    let count = cursor.number63()?;
    if count == 0 {
        return Err(Fault::Syntax("zero is not allowed here"));
    }
    cursor.expect(b'>', "a partial is <start.count>")?;
    Ok(Some((start, count)))
}

/// `section-binary [partial]` (RFC 3516 §7)
fn binary(cursor: &mut Cursor<'_>, reading: Reading) -> Parsed<Content> {
    let section = Section { path: part_path(cursor)?, text: SectionText::Whole };
    Ok(Content { section, partial: partial(cursor)?, label: Label::Binary, reading })
}

/// `section-binary`: a part's numbers in brackets.
fn part_path(cursor: &mut Cursor<'_>) -> Parsed<PartPath> {
    cursor.expect(b'[', "a section was expected")?;
    let Section { path, text } = section(cursor)?;
    cursor.expect(b']', "the section is not closed")?;
    if text == SectionText::Whole { Ok(path) } else { Err(Fault::Syntax("BINARY takes part numbers only")) }
}

/// `PREVIEW [SP "(" preview-mod *(SP preview-mod) ")"]` (RFC 8970 §3.1, §6)
fn preview(cursor: &mut Cursor<'_>) -> Parsed<FetchItem> {
    let mut ahead = *cursor;
    if ahead.take(b' ') && ahead.take(b'(') {
        if ahead.word() != "LAZY" {
            return Err(Fault::Syntax("an unknown modifier of PREVIEW"));
        }
        ahead.expect(b')', "the modifiers of PREVIEW are not closed")?;
        *cursor = ahead;
    }
    Ok(FetchItem::Preview)
}

fn section(cursor: &mut Cursor<'_>) -> Parsed<Section> {
    let mut path = Vec::new();
    while cursor.peek().is_some_and(|byte| byte.is_ascii_digit()) {
        path.push(cursor.positive()?);
        if path.len() > limits::SECTION_DEPTH {
            return Err(Fault::Limit("a section is too deep"));
        }
        if !cursor.take(b'.') {
            return Ok(Section { path, text: SectionText::Whole });
        }
        if cursor.peek() == Some(b']') {
            return Err(Fault::Syntax("a section ends with a dot"));
        }
    }
    let text = match cursor.word().as_str() {
        "" if path.is_empty() => SectionText::Whole,
        "HEADER" => SectionText::Header,
        "HEADER.FIELDS" => SectionText::Fields(field_names(cursor)?),
        "HEADER.FIELDS.NOT" => SectionText::FieldsNot(field_names(cursor)?),
        "TEXT" => SectionText::Text,
        "MIME" if !path.is_empty() => SectionText::Mime,
        _ => return Err(Fault::Syntax("an unknown section")),
    };
    Ok(Section { path, text })
}

fn field_names(cursor: &mut Cursor<'_>) -> Parsed<Vec<String>> {
    cursor.space()?;
    cursor.expect(b'(', "a list of fields was expected")?;
    let mut names = Vec::new();
    loop {
        let name = cursor.astring()?;
        // ftext of RFC 5322 §3.6.8; anything else could not be echoed safely.
        if name.is_empty() || !name.iter().all(|b| b.is_ascii_graphic() && *b != b':') {
            return Err(Fault::Syntax("a header field name was expected"));
        }
        names.push(String::from_utf8(name).expect("printable ASCII"));
        if names.len() > limits::FIELD_NAMES {
            return Err(Fault::Limit("too many header fields"));
        }
        if !cursor.take(b' ') {
            break;
        }
    }
    cursor.expect(b')', "the list of fields is not closed")?;
    Ok(names)
}

/// As the answer names it: `BODY[1.HEADER.FIELDS (DATE)]<0>`.
impl fmt::Display for Content {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.label {
            Label::Rfc822 => return out.write_str("RFC822"),
            Label::Rfc822Header => return out.write_str("RFC822.HEADER"),
            Label::Rfc822Text => return out.write_str("RFC822.TEXT"),
            Label::Body => write!(out, "BODY[{}]", self.section)?,
            Label::Binary => write!(out, "BINARY[{}]", self.section)?,
        }
        match self.partial {
            Some((start, _)) => write!(out, "<{start}>"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path: Vec<String> = self.path.iter().map(u32::to_string).collect();
        out.write_str(&path.join("."))?;
        if !path.is_empty() && self.text != SectionText::Whole {
            out.write_str(".")?;
        }
        match &self.text {
            SectionText::Whole => Ok(()),
            SectionText::Header => out.write_str("HEADER"),
            SectionText::Fields(names) => write!(out, "HEADER.FIELDS ({})", echo(names)),
            SectionText::FieldsNot(names) => write!(out, "HEADER.FIELDS.NOT ({})", echo(names)),
            SectionText::Text => out.write_str("TEXT"),
            SectionText::Mime => out.write_str("MIME"),
        }
    }
}

/// Field names as astrings.
fn echo(names: &[String]) -> String {
    let quoted = names.iter().map(|name| {
        if name.bytes().all(super::scan::is_atom) { name.clone() } else { super::reply::quoted(name) }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Parsed<FetchItems> {
        let mut cursor = Cursor::new(text.as_bytes());
        let items = FetchItems::parse(&mut cursor)?;
        cursor.end()?;
        Ok(items)
    }

    #[test]
    fn macros_stand_alone() {
        assert_eq!(parse("fast").unwrap().items().len(), 3);
        assert_eq!(parse("ALL").unwrap().items().len(), 4);
        assert_eq!(parse("full").unwrap().items().len(), 5);
        assert!(parse("(FULL)").is_err());
    }

    #[test]
    fn sections_are_echoed_as_they_were_asked() {
        for text in [
            "BODY[]",
            "BODY[HEADER]",
            "BODY[1.2.MIME]",
            "BODY[4.2.HEADER]",
            "BODY[TEXT]<0>",
            "BODY[1.HEADER.FIELDS (From X-\\y)]",
            "BODY[HEADER.FIELDS.NOT (DATE SUBJECT)]<5>",
            "RFC822.TEXT",
            "BINARY[1.2]",
            "BINARY[]<0>",
        ] {
            let ask = text.replace(">", ".99>").replace("X-\\y", "\"X-\\\\y\"");
            let items = parse(&ask).unwrap();
            let FetchItem::Content(content) = &items.items()[0] else { panic!("{text}") };
            assert_eq!(content.to_string(), text.replace("X-\\y", "\"X-\\\\y\""));
        }
    }

    #[test]
    fn malformed_items_are_refused() {
        for text in [
            "",
            "()",
            "(FLAGS",
            "FLAGS UID",
            "BODY[",
            "BODY[MIME]",
            "BODY[0]",
            "BODY[1.]",
            "BODY[1.BAD]",
            "BODY[]<1>",
            "BODY[]<0.0>",
            "BODY[HEADER.FIELDS ()]",
            "BODY[HEADER.FIELDS (a:b)]",
            "BOGUS",
            "BODY.PEEK",
            "RFC822.BOGUS",
            "BINARY",
            "BINARY[1.MIME]",
            "BINARY.SIZE",
            "BINARY.SIZE[TEXT]",
            "BINARY.SIZE[1]<0.5>",
            "PREVIEW (EAGER)",
            "PREVIEW (LAZY",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_a_row_must_carry_follows_from_the_items() {
        for (text, summary, content, seen) in [
            ("FAST", false, false, false),
            ("ALL", true, false, false),
            ("BODY[]", false, true, true),
            ("BODY.PEEK[HEADER]", false, true, false),
            ("BODY.PEEK[1]", true, true, false),
            ("RFC822.HEADER", false, true, false),
            ("RFC822.TEXT", false, true, true),
            ("BODY", true, false, false),
            ("BINARY[1]", true, true, true),
            ("BINARY.PEEK[1]<0.9>", true, true, false),
            ("BINARY.SIZE[1]", true, false, false),
            ("PREVIEW (LAZY)", true, false, false),
            ("(SAVEDATE EMAILID)", false, false, false),
            ("THREADID", true, false, false),
        ] {
            let items = parse(text).unwrap();
            assert_eq!(
                (items.needs_summary(), items.reads_content(), items.marks_seen()),
                (summary, content, seen),
                "{text}"
            );
        }
    }
}
