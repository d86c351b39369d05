//! Free text as words that are looked for, each with everything that answers it.

use crate::index::{Fields, Place, Segment, initial_key, sound_key, stem_key, word_key};
use crate::limits;
use crate::words::{Alike, is_noise, is_particle, plain, spelt_out, synonyms};

/// The words of a question.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Asked(pub(crate) Vec<Word>);

/// One word of a question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Word {
    /// Folded, short forms spelt out.
    pub(crate) text: String,
    /// Written as one with the word before it, or the one behind it: `le goff` also asks for `legoff`.
    pub(crate) joined: Vec<String>,
    /// Whether an entry must answer it. Particles only help to choose among those found.
    pub(crate) required: bool,
}

/// Something that answers a word.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Variant {
    pub(crate) place: Place,
    pub(crate) alike: Alike,
    pub(crate) fields: Fields,
}

impl Alike {
    /// How much an answer of this kind counts.
    pub(crate) fn weight(self) -> f32 {
        match self {
            Self::Same => 1.0,
            Self::Meaning => 0.92,
            Self::Sound => 0.8,
            Self::Typo => 0.72,
            Self::Begins => 0.62,
            Self::Initial => 0.5,
        }
    }
}

impl Asked {
    /// Reads a question.
    pub(crate) fn of(text: &str) -> Self {
        let text: String = text.chars().take(limits::ASKED_CHARACTERS).collect();
        let all = plain(&text);
        let mut words: Vec<Word> = Vec::new();
        for (at, word) in all.iter().enumerate() {
            if is_noise(word) {
                continue;
            }
            let neighbours = [
                at.checked_sub(1).map(|before| format!("{}{word}", all[before])),
                all.get(at + 1).map(|behind| format!("{word}{behind}")),
            ];
            let joined = neighbours.into_iter().flatten().filter(|word| word.len() > 2).collect();
            let figures = word.bytes().all(|figure| figure.is_ascii_digit());
            let one_figure = figures && word.len() == 1;
            let required = !is_particle(word) && !one_figure;
            words.push(Word { text: spelt_out(word), joined, required });
        }
        words.truncate(limits::ASKED_WORDS);
        if !words.iter().any(|word| word.required) {
            words.iter_mut().for_each(|word| word.required = true);
        }
        if words.is_empty() {
            // `Docteur` alone: then it is what is looked for.
            words = all
                .into_iter()
                .map(|text| Word { text, joined: Vec::new(), required: true })
                .take(limits::ASKED_WORDS)
                .collect();
        }
        // Asked twice is asked once: the second would count the same answer again.
        let mut seen = Vec::new();
        words.retain(|word| {
            let first = !seen.contains(&word.text);
            seen.push(word.text.clone());
            first
        });
        Self(words)
    }

    /// The words that must be answered.
    pub(crate) fn required(&self) -> impl Iterator<Item = &Word> {
        self.0.iter().filter(|word| word.required)
    }
}

impl Word {
    /// Everything in a segment that answers this word.
    pub(crate) fn variants(&self, segment: &Segment) -> Vec<Variant> {
        let mut found = Vec::new();
        let text = self.text.as_str();
        let mut add = |place: Option<Place>, alike, fields| {
            found.extend(place.map(|place| Variant { place, alike, fields }));
        };
        add(segment.exactly(word_key(text)), Alike::Same, Fields::TEXT);
        for joined in &self.joined {
            add(segment.exactly(word_key(joined)), Alike::Same, Fields::HEARD);
            add(sound_key(joined).and_then(|key| segment.exactly(&key)), Alike::Sound, Fields::HEARD);
        }
        let letters = text.chars().count();
        let figures = text.bytes().any(|figure| figure.is_ascii_digit());
        if let (1, Some(letter)) = (letters, text.chars().next()) {
            add(segment.exactly(&initial_key(letter)), Alike::Initial, Fields::FAMILY.and(Fields::GIVEN));
            return found;
        }
        for synonym in synonyms(text) {
            add(segment.exactly(word_key(synonym)), Alike::Meaning, Fields::TEXT);
        }
        if letters >= limits::TYPO_LETTERS && !figures {
            add(segment.exactly(&stem_key(text)), Alike::Meaning, Fields::TRADE);
        }
        add(sound_key(text).and_then(|key| segment.exactly(&key)), Alike::Sound, Fields::HEARD);
        // A word of four letters of which one was forgotten has three.
        let longer_only = letters + 1 == limits::TYPO_LETTERS;
        if letters >= limits::TYPO_LETTERS || longer_only {
            segment.around(word_key(text), |longer, place| {
                if longer > 0 || !longer_only {
                    found.push(Variant { place, alike: Alike::Typo, fields: Fields::TEXT });
                }
            });
        }
        if letters >= limits::BEGINS_LETTERS || figures {
            let begins = segment.beginning(word_key(text), limits::WORDS_BEGUN).into_iter();
            found.extend(begins.map(|place| Variant { place, alike: Alike::Begins, fields: Fields::TEXT }));
        }
        // A place is answered by the best of its variants.
        found.sort_by_key(|variant| (variant.place, variant.alike));
        found.dedup_by_key(|variant| variant.place);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn required(text: &str) -> String {
        Asked::of(text).required().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_says_nothing_is_not_asked() {
        assert_eq!(required("Dr. Marie de La Tour, née Dupont"), "marie tour dupont");
        assert_eq!(required("phie ST Étienne"), "pharmacie saint etienne");
        assert_eq!(required("Le Van"), "le van", "when there is nothing else");
        assert_eq!(required("docteur"), "docteur");
        assert_eq!(required("martin MARTIN"), "martin");
        assert_eq!(required("…"), "");
        assert_eq!(Asked::of(&"mot ".repeat(10_000)).0.len(), 1);
    }

    #[test]
    fn neighbours_are_also_asked_as_one() {
        let asked = Asked::of("le goff");
        assert_eq!(asked.0[1].joined, ["legoff"]);
        assert!(!asked.0[0].required && asked.0[1].required);
    }
}
