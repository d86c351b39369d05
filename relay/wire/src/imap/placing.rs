//! The grammar of APPEND and REPLACE (RFC 3501 §6.3.11, RFC 3502 §6.3.11, RFC 4466 §2, RFC 6855 §4, RFC 8508 §3).
//! Their letters never stand in a command: the heads are read here, up to each literal's own header.

use names::Timestamp;

use super::command::By;
use super::flags::Flags;
use super::name::FolderName;
use super::scan::{Cursor, Fault, Parsed};
use super::set::Bound;

/// What comes before the first letter.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub act: Act,
    pub folder: FolderName,
    pub letter: LetterHead,
}

/// Which command it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Append,
    /// REPLACE and UID REPLACE: the letter takes the place of this message of the selected folder.
    Replace {
        by: By,
        old: Bound,
    },
}

/// What is said of one letter.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LetterHead {
    pub flags: Flags,
    pub date: Option<Timestamp>,
    pub form: Form,
}

/// The kind of literal a letter comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `{n}`
    Plain,
    /// `~{n}` (RFC 3516 §4.4)
    Binary,
    /// `UTF8 (~{n}` and, behind the letter, `)` (RFC 6855 §4)
    Utf8,
}

/// Reads the head of an APPEND or a REPLACE; the tag and its space are behind the cursor. `None` when it is
/// neither, or what was read so far is not yet that far.
pub(super) fn head(mut cursor: Cursor<'_>) -> Option<Parsed<Head>> {
    let c = &mut cursor;
    let by = match c.word().as_str() {
        "APPEND" => None,
        "REPLACE" => Some(By::Number),
        "UID" => {
            c.take(b' ');
            match c.word().as_str() {
                "REPLACE" => Some(By::Uid),
                _ => return None,
            }
        }
        _ => return None,
    };
    if !c.take(b' ') {
        return None;
    }
    let act = match by {
        None => Act::Append,
        Some(by) => match c.bound().and_then(|old| c.space().map(|()| old)) {
            Ok(old) => Act::Replace { by, old },
            Err(fault) => return Some(Err(fault)),
        },
    };
    if c.is_literal_header() {
        return None; // the folder's name itself is the literal to come
    }
    let folder = match c.folder() {
        Ok(folder) => folder,
        Err(fault) => return Some(Err(fault)),
    };
    Some(letter(c).map(|letter| Head { act, folder, letter }))
}

/// `SP [flag-list SP] [date-time SP] literal`: the head of one letter, its literal's octets to come.
pub(super) fn letter(c: &mut Cursor<'_>) -> Parsed<LetterHead> {
    c.space()?;
    let mut flags = Flags::new();
    if c.peek() == Some(b'(') {
        flags = c.flags()?;
        c.space()?;
    }
    let mut date = None;
    if c.peek() == Some(b'"') {
        date = Some(c.date_time()?);
        c.space()?;
    }
    let form = form(c)?;
    if c.is_literal_header() { Ok(LetterHead { flags, date, form }) } else { Err(MISSPELT) }
}

const MISSPELT: Fault = Fault::Syntax("APPEND is misspelt");

fn form(c: &mut Cursor<'_>) -> Parsed<Form> {
    match c.peek() {
        Some(b'{') => Ok(Form::Plain),
        Some(b'~') => {
            c.take(b'~');
            Ok(Form::Binary)
        }
        Some(_) if c.word() == "UTF8" => {
            c.space()?;
            c.expect(b'(', "UTF8 (~{octets} was expected")?;
            c.expect(b'~', "UTF8 (~{octets} was expected")?;
            Ok(Form::Utf8)
        }
        Some(_) | None => Err(MISSPELT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Parsed<Head>> {
        head(Cursor::new(text.as_bytes()))
    }

    #[test]
    fn the_head_of_an_append_is_known_when_its_letter_begins() {
        assert_eq!(read("APPEND {5}\r\n"), None);
        assert_eq!(read("REPLACE 3 {5}\r\n"), None);
        assert_eq!(read("NOOP {5}\r\n"), None);
        assert_eq!(read("UID COPY 1 {5}\r\n"), None);
        let full =
            read("append {4}\r\nSent (\\Seen) \"17-Jul-1996 02:44:25 -0700\" {310}\r\n").unwrap().unwrap();
        assert_eq!((full.act, full.folder.as_str()), (Act::Append, "Sent"));
        assert_eq!(full.letter.flags.to_string(), "(\\Seen)");
        assert!(full.letter.date.is_some() && full.letter.form == Form::Plain);
        for (text, act, form) in [
            ("APPEND Sent {3}\r\n", Act::Append, Form::Plain),
            ("APPEND Sent ~{3+}\r\n", Act::Append, Form::Binary),
            ("APPEND Sent () UTF8 (~{3}\r\n", Act::Append, Form::Utf8),
            ("REPLACE * Drafts {3}\r\n", Act::Replace { by: By::Number, old: Bound::Star }, Form::Plain),
            (
                "uid replace 7 Drafts {3}\r\n",
                Act::Replace { by: By::Uid, old: Bound::Number(7) },
                Form::Plain,
            ),
        ] {
            let read = read(text).unwrap().unwrap();
            assert_eq!((read.act, read.letter.form), (act, form), "{text}");
        }
    }

    #[test]
    fn misspelt_heads_are_faults() {
        for bad in [
            "APPEND Sent () () {3}\r\n",
            "APPEND \"a\" x {3}\r\n",
            "APPEND a//b {3}\r\n",
            "APPEND Sent{3}\r\n",
            "APPEND Sent UTF8 ({3}\r\n",
            "APPEND Sent UTF8 ~{3}\r\n",
            "REPLACE 1:2 Sent {3}\r\n",
            "REPLACE 0 Sent {3}\r\n",
            "REPLACE Sent {3}\r\n",
            "UID REPLACE x Sent {3}\r\n",
        ] {
            assert!(read(bad).unwrap().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_letter_may_follow_a_letter() {
        let next = |text: &str| letter(&mut Cursor::new(text.as_bytes()));
        assert_eq!(next(" (\\Draft) {9}\r\n").unwrap().flags.to_string(), "(\\Draft)");
        assert_eq!(next(" ~{9}\r\n").unwrap().form, Form::Binary);
        assert!(next("{9}\r\n").is_err() && next(" x").is_err() && next("").is_err());
    }
}
