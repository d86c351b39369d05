//! Whether a word answers a word of a question, and how well: the same answer that the index gives, word by word.

use super::{one_apart, sound, stem, synonyms};
use crate::limits;

/// How a word answers. The first is the best.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Alike {
    /// It is the word.
    Same,
    /// It means the same.
    Meaning,
    /// It sounds the same.
    Sound,
    /// One typing error lies between them.
    Typo,
    /// It begins so.
    Begins,
    /// It begins with the one letter given.
    Initial,
}

/// How well `word`, of an entry, answers `asked`.
pub(crate) fn alike(asked: &str, word: &str) -> Option<Alike> {
    if asked == word {
        return Some(Alike::Same);
    }
    let letters = asked.chars().count();
    if letters == 1 {
        return word.starts_with(asked).then_some(Alike::Initial);
    }
    let of = |word: &str| stem(word).unwrap_or_else(|| word.to_owned());
    if synonyms(asked).contains(&word) || (letters >= limits::TYPO_LETTERS && of(asked) == of(word)) {
        return Some(Alike::Meaning);
    }
    if letters >= limits::SOUND_LETTERS && sound(asked).is_some_and(|key| sound(word) == Some(key)) {
        return Some(Alike::Sound);
    }
    // A word of four letters of which one was forgotten has three.
    let may_err =
        letters >= limits::TYPO_LETTERS || (letters + 1 == limits::TYPO_LETTERS && word.len() > asked.len());
    if may_err && one_apart(asked, word) {
        return Some(Alike::Typo);
    }
    (letters >= limits::BEGINS_LETTERS && word.starts_with(asked)).then_some(Alike::Begins)
}
