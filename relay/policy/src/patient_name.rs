//! The name a sender writes in `To` against the names of the patient: catches the wrong INS.

use std::collections::HashSet;

use names::fold;

/// How a display name agrees with a patient.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Agreement {
    /// It shares a name with the patient, or says nothing that could disagree.
    Agrees,
    /// Its one word is none of the patient's: a nickname, perhaps.
    OneWordDiffers,
    /// It has two words or more and none is the patient's.
    Differs,
}

/// Compares a display name with every name the patient is known by.
///
/// Titles, particles, initials, numbers and the address itself are no names. "Le Breton" and
/// "LEBRETON" agree. Nothing known about the patient: nothing to disagree with.
#[must_use]
pub fn compare(display: &str, known: &[String]) -> Agreement {
    let ours: HashSet<String> = known.iter().flat_map(|name| spellings(name)).collect();
    let words = name_words(display);
    let agrees = spellings(display).iter().any(|spelling| ours.contains(spelling));
    match words.len() {
        _ if agrees || ours.is_empty() || display.contains('@') => Agreement::Agrees,
        0 => Agreement::Agrees,
        1 => Agreement::OneWordDiffers,
        _ => Agreement::Differs,
    }
}

/// Each word of a name, and each two neighbours written as one.
fn spellings(name: &str) -> Vec<String> {
    let folded = fold(name);
    let all: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty() && !is_title(word)).collect();
    let joined = all.windows(2).map(|pair| pair.concat()).filter(|word| is_name(word));
    name_words(name).into_iter().chain(joined).collect()
}

fn name_words(text: &str) -> Vec<String> {
    fold(text).split(' ').filter(|word| is_name(word)).map(str::to_owned).collect()
}

fn is_name(word: &str) -> bool {
    word.chars().count() > 1 && !word.chars().any(char::is_numeric) && !is_title(word) && !is_particle(word)
}

fn is_title(word: &str) -> bool {
    const TITLES: [&str; 19] = [
        "m",
        "mr",
        "mrs",
        "ms",
        "mme",
        "mlle",
        "monsieur",
        "madame",
        "mademoiselle",
        "dr",
        "docteur",
        "pr",
        "professeur",
        "me",
        "maitre",
        "patient",
        "patiente",
        "enfant",
        "usager",
    ];
    TITLES.contains(&word)
}

fn is_particle(word: &str) -> bool {
    const PARTICLES: [&str; 15] =
        ["de", "du", "des", "la", "le", "les", "el", "al", "ben", "van", "von", "der", "den", "da", "et"];
    PARTICLES.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_disagrees_only_when_it_is_somebody_else_s() {
        let known = ["Corse", "FIGATELLIX", "Dominique Anne", "Le Breton-Médard"].map(str::to_owned);
        for (display, want) in [
            ("Dominique CORSE", Agreement::Agrees),
            ("Mme Corse", Agreement::Agrees),
            ("corse", Agreement::Agrees),
            ("M. Jean-Anne PETIT", Agreement::Agrees),
            ("LEBRETON Alix", Agreement::Agrees),
            ("Medard Jeanne", Agreement::Agrees),
            ("Dr_Figatellix_Paul", Agreement::Agrees),
            ("", Agreement::Agrees),
            ("Mme", Agreement::Agrees),
            ("Madame la patiente", Agreement::Agrees),
            ("279035121518989@patient.example", Agreement::Agrees),
            ("jean petit <279035121518989@patient.example>", Agreement::Agrees),
            ("279035121518989", Agreement::Agrees),
            ("2 79 03 51 215 189 89", Agreement::Agrees),
            ("Maman", Agreement::OneWordDiffers),
            ("Mme PETIT", Agreement::OneWordDiffers),
            ("J. PETIT", Agreement::OneWordDiffers),
            ("Jean PETIT", Agreement::Differs),
            ("Jean de le Petit", Agreement::Differs),
            ("Corset Dominiqua", Agreement::Differs),
        ] {
            assert_eq!(compare(display, &known), want, "{display:?}");
        }
    }

    #[test]
    fn a_patient_without_known_names_contradicts_nobody() {
        assert_eq!(compare("Jean PETIT", &[]), Agreement::Agrees);
        assert_eq!(compare("Jean PETIT", &["…".to_owned()]), Agreement::Agrees);
    }

    #[test]
    fn a_patient_called_like_a_title_or_a_particle_is_not_refused_for_it() {
        let known = ["LE".to_owned(), "Thi Mai".to_owned()];
        assert_eq!(compare("Mai LE", &known), Agreement::Agrees);
        assert_eq!(compare("LE Thi", &known), Agreement::Agrees);
    }
}
