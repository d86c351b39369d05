//! GETMETADATA and SETMETADATA (RFC 5464): notes about a folder, or about the account as a whole.

use std::collections::BTreeSet;

use super::command::Command;
use super::reply::{self, Completion};
use super::scan::{Cursor, Fault, Parsed};
use super::server::{Out, Server, Task};
use super::session::Expunges;
use super::{Ask, Code, FolderName, Refusal, limits};

/// An entry's name, in small letters: `/private/…` is one person's, `/shared/…` everybody's who may
/// open the folder (RFC 5464 §3.2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryName(String);

/// Whose an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// `/private`
    Private,
    /// `/shared`
    Shared,
}

impl EntryName {
    /// Reads a name. Letters have no case; no level is empty, and there are two at least (RFC 5464 §3.2).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let rest = text.strip_prefix("/private/").or_else(|| text.strip_prefix("/shared/"))?;
        let sound = |byte: u8| (b' '..=b'~').contains(&byte) && !b"*%\"\\".contains(&byte);
        (text.len() <= limits::ENTRY_NAME
            && rest.split('/').all(|level| !level.is_empty())
            && rest.bytes().all(sound))
        .then_some(Self(text))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whose it is.
    #[must_use]
    pub fn sharing(&self) -> Sharing {
        if self.0.starts_with("/private/") { Sharing::Private } else { Sharing::Shared }
    }

    /// The one that only who runs the server may write (RFC 5464 §6.2.1).
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.0 == "/shared/admin"
    }
}

/// One note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// Its name.
    pub entry: EntryName,
    /// What it says.
    pub value: Vec<u8>,
}

/// One change of SETMETADATA; without a value the entry goes (RFC 5464 §4.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotate {
    /// Which.
    pub entry: EntryName,
    /// What it says from now on.
    pub value: Option<Vec<u8>>,
}

/// What GETMETADATA asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    entries: Vec<Asked>,
    options: Options,
}

/// An entry, or what lies below a level such as `/private`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked(String);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Options {
    /// Octets above which a value is not told.
    most: Option<u32>,
    depth: Depth,
}

/// How far below an entry (RFC 5464 §4.2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Depth {
    #[default]
    Zero,
    One,
    Infinity,
}

impl Asked {
    fn parse(text: &str) -> Option<Self> {
        let top = matches!(text.to_ascii_lowercase().as_str(), "/private" | "/shared");
        if top {
            Some(Self(text.to_ascii_lowercase()))
        } else {
            EntryName::parse(text).map(|entry| Self(entry.0))
        }
    }

    fn covers(&self, entry: &EntryName, depth: Depth) -> bool {
        let Some(rest) = entry.0.strip_prefix(&self.0) else { return false };
        match (rest.strip_prefix('/'), depth) {
            (None, _) => rest.is_empty(),
            (Some(_), Depth::Zero) => false,
            (Some(below), Depth::One) => !below.contains('/'),
            (Some(_), Depth::Infinity) => true,
        }
    }
}

/// `"GETMETADATA" [SP options] SP mailbox SP entries`; the options may also stand after the folder, where
/// the RFC's own examples have them.
pub(super) fn parse(c: &mut Cursor<'_>) -> Parsed<Command> {
    let mut chosen = Options::default();
    c.space()?;
    if c.peek() == Some(b'(') {
        chosen = options(c)?;
        c.space()?;
    }
    let folder = folder(c)?;
    c.space()?;
    let mut ahead = *c;
    if let Ok(later) = options(&mut ahead) {
        *c = ahead;
        chosen = later;
        c.space()?;
    }
    let mut entries = Vec::new();
    if c.take(b'(') {
        loop {
            entries.push(asked(c)?);
            if entries.len() > limits::ENTRIES {
                return Err(Fault::Limit("too many entries"));
            }
            if !c.take(b' ') {
                break;
            }
        }
        c.expect(b')', "the list of entries is not closed")?;
    } else {
        entries.push(asked(c)?);
    }
    Ok(Command::Metadata { folder, wanted: Wanted { entries, options: chosen } })
}

/// `"SETMETADATA" SP mailbox SP "(" entry SP value *(SP entry SP value) ")"`
pub(super) fn parse_set(c: &mut Cursor<'_>) -> Parsed<Command> {
    c.space()?;
    let folder = folder(c)?;
    c.space()?;
    c.expect(b'(', "entries and values were expected")?;
    let mut changes: Vec<Annotate> = Vec::new();
    loop {
        let entry = EntryName::parse(&c.astring_text()?).ok_or(NOT_AN_ENTRY)?;
        c.space()?;
        // `value = nstring / literal8` (RFC 5464 §5)
        let value = if c.take(b'~') { Some(c.literal8()?) } else { c.nstring()? };
        changes.retain(|change| change.entry != entry);
        changes.push(Annotate { entry, value });
        if changes.len() > limits::ENTRIES {
            return Err(Fault::Limit("too many entries"));
        }
        if !c.take(b' ') {
            break;
        }
    }
    c.expect(b')', "the list of entries is not closed")?;
    Ok(Command::SetMetadata { folder, changes })
}

const NOT_AN_ENTRY: Fault = Fault::Syntax("an entry is /private/... or /shared/...");

/// A folder, or the empty name for the account as a whole.
fn folder(c: &mut Cursor<'_>) -> Parsed<Option<FolderName>> {
    let mut ahead = *c;
    if ahead.astring()?.is_empty() {
        *c = ahead;
        return Ok(None);
    }
    c.folder().map(Some)
}

fn asked(c: &mut Cursor<'_>) -> Parsed<Asked> {
    Asked::parse(&c.astring_text()?).ok_or(NOT_AN_ENTRY)
}

/// `"(" option *(SP option) ")"`
fn options(c: &mut Cursor<'_>) -> Parsed<Options> {
    let mut options = Options::default();
    c.expect(b'(', "options were expected")?;
    loop {
        let word = c.word();
        c.space()?;
        match word.as_str() {
            "MAXSIZE" => options.most = Some(c.number()?),
            "DEPTH" => {
                options.depth = match c.word().as_str() {
                    "0" => Depth::Zero,
                    "1" => Depth::One,
                    "INFINITY" => Depth::Infinity,
                    _ => return Err(Fault::Syntax("DEPTH is 0, 1 or infinity")),
                }
            }
            _ => return Err(Fault::Syntax("an unknown option of GETMETADATA")),
        }
        if !c.take(b' ') {
            break;
        }
    }
    c.expect(b')', "the options are not closed")?;
    Ok(options)
}

impl Server {
    pub(super) fn metadata(&mut self, tag: &str, folder: Option<FolderName>, wanted: Wanted, out: &mut Out) {
        let task = Task::Metadata { tag: tag.to_owned(), folder: folder.clone(), wanted };
        self.ask(Ask::Annotations(folder), task, out);
    }

    pub(super) fn annotated(
        &mut self,
        tag: &str,
        folder: Option<&FolderName>,
        wanted: &Wanted,
        annotations: Result<Vec<Annotation>, Refusal>,
        out: &mut Out,
    ) {
        let annotations = match annotations {
            Ok(annotations) => annotations,
            Err(refusal) => return self.complete(tag, Completion::refused(refusal), Expunges::Told, out),
        };
        let Options { most, depth } = wanted.options;
        let mut longest = 0;
        let mut line = Vec::new();
        let mut tell = |entry: &str, value: Option<&[u8]>| {
            line.push(b' ');
            line.extend_from_slice(reply::quoted(entry).as_bytes());
            line.push(b' ');
            octets(&mut line, value);
        };
        // Each once, however often it is asked for: an answer is never longer than what is kept.
        let mut told = BTreeSet::new();
        for asked in &wanted.entries {
            let covered = annotations.iter().filter(|annotation| asked.covers(&annotation.entry, depth));
            let mut there = false;
            for annotation in covered {
                there |= annotation.entry.0 == asked.0;
                if !told.insert(annotation.entry.as_str()) {
                    continue;
                }
                if most.is_some_and(|most| annotation.value.len() as u64 > u64::from(most)) {
                    longest = longest.max(annotation.value.len());
                } else {
                    tell(&annotation.entry.0, Some(&annotation.value));
                }
            }
            // What is not there is NIL, if it was asked for by its name alone.
            if !there && depth == Depth::Zero && told.insert(&asked.0) {
                tell(&asked.0, None);
            }
        }
        if !line.is_empty() {
            let name = folder.map_or_else(|| "\"\"".to_owned(), |folder| self.folder_name(folder));
            out.send(format!("* METADATA {name} (").as_bytes());
            out.send(&line[1..]);
            out.send(b")\r\n");
        }
        // RFC 5464 §4.2.1
        let completion = match longest {
            0 => Completion::ok("GETMETADATA done"),
            longest => {
                Completion::ok("some values are longer").with(format!("METADATA LONGENTRIES {longest}"))
            }
        };
        self.complete(tag, completion, Expunges::Told, out);
    }

    pub(super) fn set_metadata(
        &mut self,
        tag: &str,
        folder: Option<FolderName>,
        changes: Vec<Annotate>,
        out: &mut Out,
    ) {
        // RFC 5464 §4.3
        let values = changes.iter().filter_map(|change| change.value.as_ref());
        if values.map(Vec::len).max().is_some_and(|longest| longest > limits::ANNOTATION) {
            let completion = Completion::no(Code::Limit, "a value is too long");
            let completion = completion.with(format!("METADATA MAXSIZE {}", limits::ANNOTATION));
            return self.complete(tag, completion, Expunges::Told, out);
        }
        let task = Task::Outcome { tag: tag.to_owned(), done: "SETMETADATA done" };
        self.ask(Ask::Annotate { folder, changes }, task, out);
    }
}

/// `nstring / literal8`: a NUL can stand in a literal8 only (RFC 3516 §4.1).
fn octets(out: &mut Vec<u8>, value: Option<&[u8]>) {
    let Some(value) = value else { return out.extend_from_slice(b"NIL") };
    match std::str::from_utf8(value) {
        Ok(text) if !text.contains('\0') => return reply::string(out, text),
        Ok(_) => out.push(b'~'),
        Err(_) if value.contains(&0) => out.push(b'~'),
        Err(_) => {}
    }
    reply::literal_header(out, value.len() as u64);
    out.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_private_or_shared_and_have_no_case() {
        for (text, want) in [
            ("/private/comment", Some("/private/comment")),
            ("/Shared/Vendor/X/y", Some("/shared/vendor/x/y")),
            ("/private", None),
            ("/private/", None),
            ("/private//x", None),
            ("/private/x/", None),
            ("/other/x", None),
            ("/private/*", None),
            ("/private/\u{e9}", None),
            ("private/x", None),
        ] {
            let read = EntryName::parse(text);
            assert_eq!(read.as_ref().map(EntryName::as_str), want, "{text}");
        }
        assert!(EntryName::parse(&format!("/private/{}", "x".repeat(limits::ENTRY_NAME))).is_none());
    }

    #[test]
    fn depth_says_how_far_below() {
        let entry = |text| EntryName::parse(text).unwrap();
        for (asked, name, depths) in [
            ("/private/a", "/private/a", [true, true, true]),
            ("/private/a", "/private/a/b", [false, true, true]),
            ("/private/a", "/private/a/b/c", [false, false, true]),
            ("/private/a", "/private/ab", [false, false, false]),
            ("/private", "/private/a", [false, true, true]),
            ("/private", "/shared/a", [false, false, false]),
        ] {
            let asked = Asked::parse(asked).unwrap();
            let found =
                [Depth::Zero, Depth::One, Depth::Infinity].map(|depth| asked.covers(&entry(name), depth));
            assert_eq!(found, depths, "{asked:?} {name}");
        }
    }

    #[test]
    fn a_value_may_hold_any_octets_in_a_literal8() {
        let read = |text: &[u8]| {
            let mut cursor = Cursor::new(text);
            parse_set(&mut cursor).and_then(|command| cursor.end().map(|()| command))
        };
        let Ok(Command::SetMetadata { changes, .. }) = read(b" INBOX (/private/x ~{3}\r\na\0b)") else {
            panic!()
        };
        assert_eq!(changes[0].value.as_deref(), Some(&b"a\0b"[..]));
        assert!(read(b" INBOX (/private/x {3}\r\na\0b)").is_err(), "a literal holds no NUL");
        assert!(read(b" INBOX (/private/x ~\"a\")").is_err());
        for (value, want) in [
            (&b"a\0b"[..], &b"~{3}\r\na\0b"[..]),
            (b"\xff\0", b"~{2}\r\n\xff\0"),
            (b"\xff", b"{1}\r\n\xff"),
            (b"ab", b"\"ab\""),
        ] {
            let mut out = Vec::new();
            octets(&mut out, Some(value));
            assert_eq!(out, want);
        }
    }

    #[test]
    fn options_stand_before_or_after_the_folder() {
        let read = |text: &str| {
            let mut cursor = Cursor::new(text.as_bytes());
            parse(&mut cursor).and_then(|command| cursor.end().map(|()| command))
        };
        for text in [
            " INBOX /private/comment",
            " \"\" (/shared/comment /shared/admin)",
            " (DEPTH infinity MAXSIZE 5) INBOX (/private)",
            " INBOX (MAXSIZE 1024) (/private/comment)",
        ] {
            assert!(read(text).is_ok(), "{text}: {:?}", read(text));
        }
        for text in [
            " INBOX",
            " INBOX ()",
            " (DEPTH 2) INBOX /private",
            " (BOGUS 1) INBOX /private",
            " INBOX (/private/a",
            " INBOX /bogus/a",
        ] {
            assert!(matches!(read(text), Err(Fault::Syntax(_))), "{text}: {:?}", read(text));
        }
    }
}
