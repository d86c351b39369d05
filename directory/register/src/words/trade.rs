//! Words of one trade: `cardiologue` asks for `Cardiologie`, `infirmière` for `Infirmier`.

/// Endings that only say person, field or gender, and what remains of them. The longest stand first.
const ENDINGS: [(&str, &str); 52] = [
    ("therapeutes", "therap"),
    ("therapeute", "therap"),
    ("therapies", "therap"),
    ("therapie", "therap"),
    ("ologistes", "olog"),
    ("ologiste", "olog"),
    ("ologiques", "olog"),
    ("ologique", "olog"),
    ("ologues", "olog"),
    ("ologue", "olog"),
    ("ologies", "olog"),
    ("ologie", "olog"),
    ("iatriques", "iatr"),
    ("iatrique", "iatr"),
    ("iatries", "iatr"),
    ("iatrie", "iatr"),
    ("iatres", "iatr"),
    ("iatre", "iatr"),
    ("iciennes", "ic"),
    ("icienne", "ic"),
    ("iciens", "ic"),
    ("icien", "ic"),
    ("iennes", "i"),
    ("ienne", "i"),
    ("iens", "i"),
    ("ien", "i"),
    ("icales", "ic"),
    ("icale", "ic"),
    ("icaux", "ic"),
    ("ical", "ic"),
    ("ieres", "ier"),
    ("iere", "ier"),
    ("iers", "ier"),
    ("trices", "t"),
    ("trice", "t"),
    ("teurs", "t"),
    ("teur", "t"),
    ("aires", ""),
    ("aire", ""),
    ("istes", ""),
    ("iste", ""),
    ("ismes", ""),
    ("isme", ""),
    ("ales", "al"),
    ("ale", "al"),
    ("ecins", "ecin"),
    ("ecine", "ecin"),
    ("ecines", "ecin"),
    ("ies", "i"),
    ("ie", "i"),
    ("es", ""),
    ("e", ""),
];
/// Letters that must remain of a word.
const STEM: usize = 4;

/// Words that mean the same in everyday speech: what is asked, and the words that answer it as well.
const SYNONYMS: [(&str, &[&str]); 22] = [
    ("orl", &["oto", "laryngologie"]),
    ("oto", &["orl"]),
    ("radiologue", &["radiodiagnostic"]),
    ("radiologie", &["radiodiagnostic", "imagerie"]),
    ("generaliste", &["generale"]),
    ("cancerologue", &["oncologie", "oncologue"]),
    ("cancerologie", &["oncologie"]),
    ("toubib", &["medecin"]),
    ("kine", &["kinesitherapeute"]),
    ("gyneco", &["gynecologie"]),
    ("ophtalmo", &["ophtalmologie"]),
    ("dermato", &["dermatologie"]),
    ("cardio", &["cardiologie"]),
    ("psy", &["psychiatrie", "psychologue"]),
    ("labo", &["laboratoire"]),
    ("analyses", &["biologie"]),
    ("officine", &["pharmacie"]),
    ("idel", &["infirmier"]),
    ("ide", &["infirmier"]),
    ("chu", &["universitaire", "hospitalier"]),
    ("ch", &["hospitalier"]),
    ("hopital", &["hospitalier"]),
];

/// What remains of a word of a trade without its ending; `None` when nothing is to be taken away.
pub(crate) fn stem(word: &str) -> Option<String> {
    let (ending, remains) = ENDINGS.iter().find(|(ending, _)| word.ends_with(ending))?;
    let kept = &word[..word.len() - ending.len()];
    (kept.len() + remains.len() >= STEM).then(|| format!("{kept}{remains}"))
}

/// Other words for the same.
pub(crate) fn synonyms(word: &str) -> &'static [&'static str] {
    SYNONYMS.iter().find(|(asked, _)| *asked == word).map_or(&[], |(_, found)| found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn person_and_field_have_one_stem() {
        for (a, b) in [
            ("cardiologue", "cardiologie"),
            ("ophtalmologiste", "ophtalmologie"),
            ("pediatre", "pediatrie"),
            ("psychiatre", "psychiatrie"),
            ("infirmiere", "infirmiers"),
            ("pharmacien", "pharmacie"),
            ("pharmacienne", "pharmacie"),
            ("chirurgien", "chirurgie"),
            ("chirurgienne", "chirurgien"),
            ("generaliste", "generale"),
            ("orthophoniste", "orthophonistes"),
            ("kinesitherapeute", "kinesitherapie"),
            ("dentiste", "dentaire"),
        ] {
            let of = |word: &str| stem(word).unwrap_or_else(|| word.to_owned());
            assert_eq!(of(a), of(b), "{a} and {b}");
        }
        assert_eq!(stem("rue"), None, "too little would remain");
    }
}
