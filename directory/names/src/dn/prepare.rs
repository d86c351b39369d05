//! What two values are compared by. RFC 4518
//!
//! The tables of characters are those of the Unicode version we are built with, not of Unicode 3.2:
//! what was assigned then means the same today, and names with newer letters exist.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::{is_combining_mark, is_public_assigned};

/// A character for which no comparison is defined (RFC 4518 §2.4): unassigned, of private use, the
/// replacement of something unreadable, or one that changes how others are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("U+{:04X} cannot be compared", u32::from(self.0))]
pub struct Prohibited(pub char);

/// The value for comparison: §2.2 map and fold, §2.3 normalize, §2.4 prohibit, §2.6.1 insignificant
/// spaces. Here every run of spaces becomes one and those at the ends go; the same values are equal.
pub(super) fn prepare(value: &str) -> Result<String, Prohibited> {
    let mut folded: String = fold(value).nfkc().collect();
    // A compatibility form may open into capitals or into what is mapped: once more until nothing moves.
    // Twice is enough for every character there is; the bound is for those to come.
    for _ in 0..4 {
        let again: String = fold(&folded).nfkc().collect();
        if again == folded {
            break;
        }
        folded = again;
    }
    if let Some(prohibited) = folded.chars().find(|&character| is_prohibited(character)) {
        return Err(Prohibited(prohibited));
    }
    Ok(without_insignificant_spaces(&folded))
}

/// §2.2, with the full folding that RFC 3454 table B.2 approximates: `ß` is `ss`, a final sigma is
/// a sigma.
fn fold(value: &str) -> String {
    let mut folded = String::with_capacity(value.len());
    for character in value.chars().filter_map(map) {
        match character {
            // The Turkish letters keep apart: only their own capital or small form is theirs.
            'ı' => folded.push('ı'),
            other => folded.extend(other.to_uppercase().flat_map(char::to_lowercase)),
        }
    }
    folded
}

/// §2.2: controls and what is not seen vanish, every kind of space is a space.
fn map(character: char) -> Option<char> {
    match character {
        '\t'..='\r' | '\u{85}' => Some(' '),
        '\u{200b}' => None,
        other if other.is_control() || is_unseen(other) => None,
        other if other.is_whitespace() => Some(' '),
        other => Some(other),
    }
}

/// §2.2: code points of control functions, variation selectors and soft hyphens.
fn is_unseen(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{1806}'
            | '\u{180b}'..='\u{180e}'
            | '\u{200c}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2063}'
            | '\u{206a}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffc}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0001}'
            | '\u{e0020}'..='\u{e007f}'
    )
}

fn is_prohibited(character: char) -> bool {
    match character {
        '\u{340}' | '\u{341}' | '\u{fffd}' => true,
        other => !is_public_assigned(other),
    }
}

/// §2.6.1: a space that carries a combining mark is a character like others.
fn without_insignificant_spaces(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let mut waiting = false;
    while let Some(character) = characters.next() {
        let carries = characters.peek().is_some_and(|&next| is_combining_mark(next));
        if character == ' ' && !carries {
            waiting = true;
            continue;
        }
        if waiting && !out.is_empty() {
            out.push(' ');
        }
        waiting = false;
        out.push(character);
    }
    out
}
