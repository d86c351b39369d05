//! Words as they are indexed and asked: folded, sounding, one typing error apart, of one trade.

mod alike;
mod near;
mod sound;
mod trade;

pub(crate) use alike::{Alike, alike};
pub(crate) use near::{neighbours, one_apart};
pub(crate) use sound::sound;
pub(crate) use trade::{stem, synonyms};

use names::fold;

/// Words too common to tell two entries apart. They count only where there is nothing else: there are
/// people whose whole name is `Le` or `Du`.
const PARTICLES: [&str; 42] = [
    "a", "al", "an", "au", "aux", "ben", "bin", "cedex", "d", "da", "dal", "de", "del", "della", "den",
    "der", "des", "di", "do", "dos", "du", "e", "el", "en", "et", "ibn", "l", "la", "le", "les", "lez", "lo",
    "los", "o", "sous", "sur", "ter", "the", "van", "von", "y", "zu",
];
/// What stands between the two names of somebody married, and is no name.
const MARRIAGE: [&str; 7] = ["nee", "ne", "epouse", "ep", "veuve", "vve", "divorcee"];
/// How people are addressed, and is no name.
const CIVILITIES: [&str; 12] =
    ["dr", "docteur", "pr", "professeur", "mme", "madame", "mlle", "monsieur", "mr", "me", "maitre", "prof"];
/// Short forms people type and signs carry.
const SHORT_FORMS: [(&str, &str); 8] = [
    ("st", "saint"),
    ("ste", "sainte"),
    ("sts", "saints"),
    ("phie", "pharmacie"),
    ("hop", "hopital"),
    ("av", "avenue"),
    ("bd", "boulevard"),
    ("cab", "cabinet"),
];

/// All words of a text, folded, short forms spelt out.
pub(crate) fn words(text: &str) -> Vec<String> {
    fold(text).split(' ').filter(|word| !word.is_empty()).map(spelt_out).collect()
}

/// All words of a text, folded, short forms as they are.
pub(crate) fn plain(text: &str) -> Vec<String> {
    fold(text).split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The words a text is found by: without particles, unless there is nothing else.
pub(crate) fn telling(words: &[String]) -> Vec<&str> {
    let told: Vec<&str> = words.iter().map(String::as_str).filter(|word| !is_particle(word)).collect();
    if told.is_empty() { words.iter().map(String::as_str).collect() } else { told }
}

/// Whether a word is too common to tell two entries apart.
pub(crate) fn is_particle(word: &str) -> bool {
    PARTICLES.binary_search(&word).is_ok()
}

/// Whether such a word begins so.
pub(crate) fn begins_particle(word: &str) -> bool {
    PARTICLES.iter().any(|particle| particle.starts_with(word))
}

/// Whether this stands in such a word.
pub(crate) fn in_particle(text: &str) -> bool {
    PARTICLES.iter().any(|particle| particle.contains(text))
}

/// Whether a word of a question says nothing about who is meant.
pub(crate) fn is_noise(word: &str) -> bool {
    MARRIAGE.contains(&word) || CIVILITIES.contains(&word)
}

/// Neighbouring words written as one, and all of them when there are more: `Le Goff` is found as `legoff`,
/// `Jean-Pierre` as `jeanpierre`.
pub(crate) fn joined(words: &[String]) -> Vec<String> {
    let mut found: Vec<String> = words.windows(2).map(|pair| pair.concat()).collect();
    if words.len() > 2 {
        found.push(words.concat());
    }
    found
}

/// Initials of a given name of several words: `jp` of `Jean-Pierre`.
pub(crate) fn initials(words: &[String]) -> Option<String> {
    (words.len() > 1).then(|| words.iter().filter_map(|word| word.chars().next()).collect())
}

/// A short form as the word it stands for.
pub(crate) fn spelt_out(word: &str) -> String {
    let whole = SHORT_FORMS.iter().find(|(short, _)| *short == word).map(|(_, whole)| *whole);
    whole.unwrap_or(word).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(text: &str) -> String {
        telling(&words(text)).join(" ")
    }

    #[test]
    fn signs_accents_particles_and_short_forms_do_not_count() {
        assert_eq!(told("Phie de l’Hôtel-Dieu"), "pharmacie hotel dieu");
        assert_eq!(told("ST-ÉTIENNE"), "saint etienne");
        assert_eq!(told("von der Leyen"), "leyen");
        assert_eq!(told("Le"), "le", "somebody's whole name");
        assert!(PARTICLES.is_sorted(), "they are looked up by halves");
    }

    #[test]
    fn neighbours_are_also_one_word() {
        assert_eq!(joined(&words("Le Goff")), ["legoff"]);
        assert_eq!(joined(&words("de La Tour")), ["dela", "latour", "delatour"]);
        assert_eq!(initials(&words("Jean-Pierre")), Some("jp".to_owned()));
        assert_eq!(initials(&words("Jean")), None);
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in "\\PC{0,60}") {
            let once = words(&text).join(" ");
            prop_assert_eq!(words(&once).join(" "), once.clone());
            prop_assert_eq!(names::fold(&once), once);
        }
    }
}
