//! The title a document gets, and the day its name gives.

use names::{Timestamp, fold};

use super::date::{self, ActDate};
use super::{LetterContent, PartFacts};
use crate::limits::TITLE_CHARS_MAX;
use crate::secrecy;

/// What the name of a file tells.
pub struct Named {
    /// A title; empty when neither file name nor subject says anything.
    pub text: String,
    /// The day it begins with, unless it lies after the letter.
    pub acted_on: Option<ActDate>,
}

/// Title and day from the file name, else the title from the subject.
pub fn of(letter: &LetterContent, part: &PartFacts) -> Named {
    let name = part.filename.0.as_deref().map(base_name).unwrap_or_default();
    let (name, _) = split_extension(&name);
    let (acted_on, rest) = match date::leading(name) {
        Some((day, rest)) if !is_after(letter.received_at, day) => (Some(day), rest),
        Some(_) | None => (None, name),
    };
    let from_name = tidy(rest);
    let text = if says_nothing(&from_name) { of_subject(&letter.subject.0) } else { from_name };
    Named { text: shorten(&text), acted_on }
}

/// A title that somebody gave in so many words, made fit to be shown; `None` when it says nothing.
pub fn given(text: &str) -> Option<String> {
    let shown: String = text.chars().filter(|&c| !is_hidden(c)).collect();
    let title = shorten(&tidy(&secrecy::untagged(&shown)));
    (!says_nothing(&title)).then_some(title)
}

/// The folded name without folder and extension, for comparisons: `ihe xdm`.
pub fn stem(part: &PartFacts) -> Option<String> {
    let name = base_name(part.filename.0.as_deref()?);
    Some(fold(split_extension(&name).0))
}

/// The extension, in lower case.
pub fn extension(part: &PartFacts) -> Option<String> {
    let name = base_name(part.filename.0.as_deref()?);
    split_extension(&name).1.map(str::to_ascii_lowercase)
}

/// A day after the letter came is an appointment, not an act. One day of grace for time zones.
pub fn is_after(received_at: Timestamp, day: ActDate) -> bool {
    let limit = received_at.plus(names::DAY).utc();
    let limit = (limit.year(), limit.month(), limit.day());
    (i32::from(day.year), i32::from(day.month), i32::from(day.day))
        > (i32::from(limit.0), i32::from(limit.1), i32::from(limit.2))
}

/// The last path component, without what must not be shown: controls, and signs that turn the
/// direction of writing, by which `exe.fdp` reads as `pdf.exe`.
fn base_name(raw: &str) -> String {
    let clean: String = raw.chars().filter(|&c| !is_hidden(c)).collect();
    clean.rsplit(['/', '\\']).next().unwrap_or_default().trim().to_owned()
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffd}' | '\u{e0000}'..='\u{e007f}')
}

/// An extension is one to five letters or digits after the last dot.
fn split_extension(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once('.') {
        Some((stem, extension))
            if (1..=5).contains(&extension.len()) && extension.bytes().all(|b| b.is_ascii_alphanumeric()) =>
        {
            (stem, Some(extension))
        }
        Some(_) | None => (name, None),
    }
}

/// The subject without answer and forward marks, secrecy tags, and the marks of gateways
/// (`XDM/1.0/DDM+`, `[KO Intégration système !][902]`; DOMAIN §3.6).
fn of_subject(subject: &str) -> String {
    let shown: String = subject.chars().filter(|&c| !is_hidden(c)).collect();
    let shown = secrecy::untagged(&shown);
    let mut rest = shown.trim();
    while let Some(shorter) = without_prefix(rest) {
        rest = shorter.trim_start();
    }
    let text = tidy(rest);
    if fold(&text) == "fin" || says_nothing(&text) { String::new() } else { text }
}

fn without_prefix(subject: &str) -> Option<&str> {
    const PREFIXES: [&str; 8] = ["re:", "re :", "tr:", "tr :", "fwd:", "fw:", "xdm/1.0/ddm+", "xdm/1.0/ddm"];
    let of_gateway = || {
        let (_, rest) = subject.strip_prefix("[KO ")?.split_once(']')?;
        Some(rest.strip_prefix('[').and_then(|code| code.split_once(']')).map_or(rest, |(_, rest)| rest))
    };
    let matching = PREFIXES.iter().find_map(|prefix| {
        let (start, rest) = subject.split_at_checked(prefix.len())?;
        start.eq_ignore_ascii_case(prefix).then_some(rest)
    });
    matching.or_else(of_gateway)
}

/// Underscores and runs of blanks become one space; stray signs at the ends go.
fn tidy(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c == '_' || c.is_whitespace()).filter(|word| !word.is_empty()).collect();
    words.join(" ").trim_matches(|c: char| c.is_whitespace() || "-+.,;:".contains(c)).to_owned()
}

/// Names that scanners, telephones and hurry give: no words but these, and numbers.
fn says_nothing(text: &str) -> bool {
    const EMPTY: [&str; 24] = [
        "doc",
        "document",
        "documents",
        "scan",
        "scanned",
        "scanner0001",
        "numerisation",
        "numeriser",
        "image",
        "img",
        "photo",
        "dsc",
        "fichier",
        "file",
        "attachment",
        "piece",
        "jointe",
        "noname",
        "sans",
        "titre",
        "untitled",
        "unknown",
        "ihe",
        "xdm",
    ];
    const SHORT: [&str; 6] = ["pdf", "pj", "export", "print", "impression", "copie"];
    let folded = fold(text);
    folded.split(' ').all(|word| {
        let letters = word.trim_matches(|c: char| c.is_ascii_digit());
        letters.is_empty() || EMPTY.contains(&letters) || EMPTY.contains(&word) || SHORT.contains(&letters)
    })
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= TITLE_CHARS_MAX {
        return text.to_owned();
    }
    let kept: String = text.chars().take(TITLE_CHARS_MAX - 1).collect();
    format!("{}…", kept.trim_end())
}
