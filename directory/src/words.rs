//! Words as they are searched: folded, without particles, with common short forms spelt out.

use names::fold;

/// Words too common to tell two places apart: `pharmacie des Lilas` must find `Pharmacie Les Lilas`.
const PARTICLES: [&str; 18] = [
    "a", "au", "aux", "cedex", "d", "de", "des", "du", "en", "et", "l", "la", "le", "les", "lez", "sous",
    "sur", "un",
];
/// Short forms people type and signs carry.
const SHORT_FORMS: [(&str, &str); 4] =
    [("st", "saint"), ("ste", "sainte"), ("phie", "pharmacie"), ("dr", "docteur")];

/// The words a text is found by.
pub(crate) fn indexed(text: &str) -> Vec<String> {
    spelt_out(text).filter(|word| !PARTICLES.contains(&word.as_str())).collect()
}

/// The words of a question, each of which must begin a word of what is found. Particles count only
/// when there is nothing else.
pub(crate) fn asked(text: &str, at_most: usize) -> Vec<String> {
    let mut words = indexed(text);
    words.sort();
    words.dedup();
    // The longest says most: it is the one the index is entered by.
    words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
    words.truncate(at_most);
    words
}

fn spelt_out(text: &str) -> impl Iterator<Item = String> {
    fold(text)
        .split(' ')
        .filter(|word| !word.is_empty())
        .map(|word| {
            let whole = SHORT_FORMS.iter().find(|(short, _)| *short == word).map(|(_, whole)| *whole);
            whole.unwrap_or(word).to_owned()
        })
        .collect::<Vec<_>>()
        .into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_accents_and_short_forms_do_not_count() {
        assert_eq!(indexed("Pharmacie de l’Hôtel-Dieu"), ["pharmacie", "hotel", "dieu"]);
        assert_eq!(asked("phie ST étienne", 6), ["pharmacie", "etienne", "saint"]);
        assert!(asked(" de la ", 6).is_empty());
    }
}
