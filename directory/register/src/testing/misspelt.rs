//! Misspelt questions with the entry they mean.
//!
//! Each begins with what somebody knows of an entry (names, town, perhaps speciality) that no other entry shares,
//! and is misspelt by one rule. The rules are those of [`Rule`]; everything drawn by lot is the same each time.

use std::collections::HashMap;

use names::fold;

use super::Lots;
use crate::{Listing, ListingId, Professional};

/// How a question is misspelt.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Rule {
    /// Small letters without accents.
    Folded,
    /// Capitals, as old lists have them.
    Capitals,
    /// Hyphens and apostrophes as spaces.
    Spaced,
    /// Hyphens, apostrophes and spaces inside a name left out.
    Joined,
    /// Last name first.
    Swapped,
    /// The first letter of the first name.
    Initial,
    /// One part of a last name of several.
    OnePart,
    /// `de`, `le`, `d’` left out.
    NoParticle,
    /// A letter of the last name missing.
    Missing,
    /// A letter of the last name twice, or a wrong one too many.
    TooMany,
    /// A wrong letter in the last name.
    Wrong,
    /// Two letters of the last name in the wrong order.
    Turned,
    /// Any of the four in the first name.
    InGiven,
    /// Any of the four in the town.
    InTown,
    /// The last name written as it is heard.
    Heard,
    /// The first name written as it is heard.
    GivenHeard,
    /// `cardiologue` for `Cardiologie`.
    Trade,
    /// The postal code instead of the town.
    PostalCode,
    /// The département instead of the town.
    Department,
    /// With a civility, and the last name alone.
    Civility,
    /// The first five letters of the last name.
    Beginning,
    /// A structure's name with one typing error.
    Structure,
    /// A structure's name with a short form.
    ShortForm,
    /// A structure by its service.
    Service,
    /// Words in any order.
    Shuffled,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 25] = [
        Self::Folded,
        Self::Capitals,
        Self::Spaced,
        Self::Joined,
        Self::Swapped,
        Self::Initial,
        Self::OnePart,
        Self::NoParticle,
        Self::Missing,
        Self::TooMany,
        Self::Wrong,
        Self::Turned,
        Self::InGiven,
        Self::InTown,
        Self::Heard,
        Self::GivenHeard,
        Self::Trade,
        Self::PostalCode,
        Self::Department,
        Self::Civility,
        Self::Beginning,
        Self::Structure,
        Self::ShortForm,
        Self::Service,
        Self::Shuffled,
    ];
}

/// A misspelt question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// How it is misspelt.
    pub rule: Rule,
    /// As somebody types it.
    pub text: String,
    /// Whom it means.
    pub means: ListingId,
}

/// So many questions for each rule, about some of these entries.
#[must_use]
pub fn questions(entries: &[Listing], each: usize) -> Vec<Question> {
    let mut known: HashMap<String, u32> = HashMap::new();
    for key in entries.iter().flat_map(keys) {
        *known.entry(key).or_default() += 1;
    }
    let mut all = Vec::new();
    for (number, rule) in Rule::ALL.into_iter().enumerate() {
        let mut lots = Lots::new(0xfeed + number as u64);
        let mut left = each;
        // Few entries have two names and a particle: most draws serve no purpose.
        for _ in 0..each * 4_000 {
            if left == 0 {
                break;
            }
            let listing = lots.one(entries);
            let is_one = |key: &String| known.get(key) == Some(&1);
            if let Some((text, needs)) = misspelt(rule, listing, &mut lots)
                && is_one(&needs)
                && !fold(&text).is_empty()
            {
                all.push(Question { rule, text, means: listing.id() });
                left -= 1;
            }
        }
    }
    all
}

/// What a question may say of an entry; it means one entry when no other shares the key.
fn keys(listing: &Listing) -> Vec<String> {
    match listing {
        Listing::Professional(person) => {
            let mut keys: Vec<String> = Vec::new();
            for situation in &person.situations {
                let (town, code) = (&situation.place.town, &situation.place.postal_code);
                for part in parts(&person.family_name) {
                    keys.push(key("name", &[&person.given_name, &part, town]));
                    keys.push(key("code", &[&part, code]));
                    keys.push(key("initial", &[&initial(&person.given_name), &part, town]));
                    keys.push(key("department", &[&person.given_name, &part, &situation.place.department]));
                    keys.push(key("trade", &[&part, &speciality(person), town]));
                    keys.push(key("alone", &[&part, town]));
                    let begins: String = fold(&part).chars().take(5).collect();
                    keys.push(key("begins", &[&person.given_name, &begins, town]));
                }
            }
            keys.sort();
            keys.dedup();
            keys
        }
        Listing::Organisation(organisation) => {
            let service = organisation.mailboxes.iter().find_map(|mailbox| mailbox.service.clone());
            vec![
                key("structure", &[&organisation.name, &organisation.place.town]),
                key("service", &[&service.unwrap_or_default(), &organisation.name, &organisation.place.town]),
            ]
        }
    }
}

fn key(what: &str, values: &[&str]) -> String {
    format!("{what} {}", values.iter().map(|value| fold(value)).collect::<Vec<_>>().join("|"))
}

/// The parts by which a last name may be asked: the whole, and each of several.
fn parts(family: &str) -> Vec<String> {
    let mut parts = vec![family.to_owned()];
    if family.contains('-') {
        parts.extend(family.split('-').map(str::to_owned));
    }
    parts
}

fn initial(given: &str) -> String {
    given.chars().take(1).collect()
}

fn speciality(person: &Professional) -> String {
    match person.know_how.first() {
        Some(know_how) => know_how.label.clone(),
        None => person.profession.as_ref().map_or_else(String::new, |profession| profession.label.clone()),
    }
}

/// The question, and the key that says whether it means one entry.
fn misspelt(rule: Rule, listing: &Listing, lots: &mut Lots) -> Option<(String, String)> {
    match listing {
        Listing::Professional(person) => of_person(rule, person, lots),
        Listing::Organisation(organisation) => {
            let (name, town) = (&organisation.name, &organisation.place.town);
            let needs = key("structure", &[name, town]);
            let text = match rule {
                Rule::Structure => {
                    let words: Vec<&str> = name.split(' ').collect();
                    let at = lots.below(words.len());
                    let wrong = with_error(words[at], lots)?;
                    let words: Vec<&str> = words
                        .iter()
                        .enumerate()
                        .map(|(n, word)| if n == at { &wrong } else { *word })
                        .collect();
                    format!("{} {town}", words.join(" "))
                }
                Rule::ShortForm => {
                    let short = name
                        .replace("Pharmacie", "Phie")
                        .replace("Saint-", "St ")
                        .replace("Sainte-", "Ste ")
                        .replace("Hôpital", "Hop");
                    (short != *name).then(|| format!("{short} {town}"))?
                }
                Rule::Service => {
                    let service =
                        organisation.mailboxes.iter().find(|mailbox| !mailbox.red_list)?.service.clone()?;
                    let needs = key("service", &[&service, name, town]);
                    return Some((fold(&format!("{service} {name} {town}")), needs));
                }
                _ => return None,
            };
            Some((text, needs))
        }
    }
}

fn of_person(rule: Rule, person: &Professional, lots: &mut Lots) -> Option<(String, String)> {
    let (given, family) = (person.given_name.as_str(), person.family_name.as_str());
    let place = &lots.one(&person.situations).place;
    let town = place.town.as_str();
    let whole = format!("{given} {family} {town}");
    let needs = key("name", &[given, family, town]);
    let text = match rule {
        Rule::Folded => fold(&whole),
        Rule::Capitals => fold(&whole).to_uppercase(),
        Rule::Spaced => has_signs(&format!("{given} {family}")).then(|| whole.replace(['-', '’'], " "))?,
        Rule::Joined => {
            let joined = |name: &str| name.replace(['-', '’', ' '], "");
            has_signs(family).then(|| format!("{} {} {town}", joined(given), joined(family)))?
        }
        Rule::Swapped => format!("{family} {given} {town}"),
        Rule::Initial => {
            let letter = initial(given);
            return Some((format!("{letter}. {family} {town}"), key("initial", &[&letter, family, town])));
        }
        Rule::OnePart => {
            let parts: Vec<&str> = family.split('-').filter(|_| family.contains('-')).collect();
            let part = *parts.get(lots.below(2))?;
            return Some((format!("{part} {given} {town}"), key("name", &[given, part, town])));
        }
        Rule::NoParticle => {
            let bare =
                ["de La ", "de ", "d’", "Le "].iter().find_map(|particle| family.strip_prefix(particle))?;
            format!("{given} {bare} {town}")
        }
        Rule::Missing => format!("{given} {} {town}", missing(family, lots)?),
        Rule::TooMany => format!("{given} {} {town}", too_many(family, lots)?),
        Rule::Wrong => format!("{given} {} {town}", wrong(family, lots)?),
        Rule::Turned => format!("{given} {} {town}", turned(family, lots)?),
        Rule::InGiven => format!("{} {family} {town}", with_error(given, lots)?),
        Rule::InTown => format!("{given} {family} {}", with_error(town, lots)?),
        Rule::Heard => format!("{given} {} {town}", heard(family)?),
        Rule::GivenHeard => format!("{} {family} {town}", heard(given)?),
        Rule::Trade => {
            let trade = trade(&speciality(person))?;
            return Some((
                format!("{family} {trade} {town}"),
                key("trade", &[family, &speciality(person), town]),
            ));
        }
        Rule::PostalCode => {
            let code = &place.postal_code;
            return Some((format!("{family} {code}"), key("code", &[family, code])));
        }
        Rule::Department => {
            let department = &place.department;
            return Some((
                format!("{given} {family} {department}"),
                key("department", &[given, family, department]),
            ));
        }
        Rule::Civility => {
            return Some((format!("Docteur {family} {town}"), key("alone", &[family, town])));
        }
        Rule::Beginning => {
            let begins: String = fold(family).chars().take(5).collect();
            let long = fold(family).chars().count() > 6 && !begins.contains(' ');
            let needs = key("begins", &[given, &begins, town]);
            return long.then(|| (format!("{begins} {given} {town}"), needs));
        }
        Rule::Shuffled => {
            let folded = fold(&whole);
            let mut words: Vec<&str> = folded.split(' ').collect();
            for at in (1..words.len()).rev() {
                words.swap(at, lots.below(at + 1));
            }
            words.join(" ")
        }
        Rule::Structure | Rule::ShortForm | Rule::Service => return None,
    };
    Some((text, needs))
}

fn has_signs(name: &str) -> bool {
    name.contains(['-', '’', ' '])
}

/// The longest word of a name, where in it, and its letters: errors are made in words of four letters and more.
fn longest(name: &str) -> Option<(String, Vec<char>, String)> {
    let folded = fold(name);
    let word = folded.split(' ').max_by_key(|word| word.len())?;
    let (before, after) = folded.split_once(word)?;
    (word.chars().count() >= 4).then(|| (before.to_owned(), word.chars().collect(), after.to_owned()))
}

fn missing(name: &str, lots: &mut Lots) -> Option<String> {
    let (before, mut letters, after) = longest(name)?;
    letters.remove(lots.below(letters.len()));
    Some(format!("{before}{}{after}", letters.into_iter().collect::<String>()))
}

fn too_many(name: &str, lots: &mut Lots) -> Option<String> {
    let (before, mut letters, after) = longest(name)?;
    let at = lots.below(letters.len());
    let letter = if lots.percent(50) { letters[at] } else { drawn(lots) };
    letters.insert(at, letter);
    Some(format!("{before}{}{after}", letters.into_iter().collect::<String>()))
}

fn wrong(name: &str, lots: &mut Lots) -> Option<String> {
    let (before, mut letters, after) = longest(name)?;
    let at = lots.below(letters.len());
    letters[at] = drawn(lots);
    Some(format!("{before}{}{after}", letters.into_iter().collect::<String>()))
}

fn turned(name: &str, lots: &mut Lots) -> Option<String> {
    let (before, mut letters, after) = longest(name)?;
    let at = lots.below(letters.len() - 1);
    letters.swap(at, at + 1);
    Some(format!("{before}{}{after}", letters.into_iter().collect::<String>()))
}

fn with_error(name: &str, lots: &mut Lots) -> Option<String> {
    match lots.below(4) {
        0 => missing(name, lots),
        1 => too_many(name, lots),
        2 => wrong(name, lots),
        _ => turned(name, lots),
    }
}

fn drawn(lots: &mut Lots) -> char {
    char::from(b'a' + lots.below(26) as u8)
}

/// Ways to write what is heard: the first that fits is used, each where it stands in a word.
const HEARD: [(&str, &str); 22] = [
    ("ph", "f"),
    ("th", "t"),
    ("eau", "o"),
    ("ault", "o"),
    ("aud ", "o "),
    ("aux ", "o "),
    ("ard ", "ar "),
    ("and ", "ant "),
    ("ond ", "ont "),
    ("ont ", "on "),
    ("que", "ke"),
    ("qu", "k"),
    ("ain", "in"),
    ("ll", "l"),
    ("rr", "r"),
    ("nn", "n"),
    ("ss", "s"),
    ("y", "i"),
    ("ois ", "oi "),
    ("ert ", "er "),
    ("ce", "se"),
    ("gi", "ji"),
];

/// A name as it is heard; none when nothing in it is written another way.
fn heard(name: &str) -> Option<String> {
    let folded = format!("{} ", fold(name));
    let (from, to) = HEARD.iter().find(|(from, _)| folded.contains(from))?;
    Some(folded.replacen(from, to, 1).trim_end().to_owned())
}

/// Whoever practises something, as people say.
fn trade(label: &str) -> Option<&'static str> {
    let trades = [
        ("Médecine générale", "généraliste"),
        ("Cardiologie", "cardiologue"),
        ("Dermatologie", "dermatologue"),
        ("Pédiatrie", "pédiatre"),
        ("Ophtalmologie", "ophtalmologiste"),
        ("Psychiatrie", "psychiatre"),
        ("Gynécologie", "gynécologue"),
        ("Radiodiagnostic", "radiologue"),
        ("Neurologie", "neurologue"),
        ("Rhumatologie", "rhumatologue"),
        ("Pneumologie", "pneumologue"),
        ("Urologie", "urologue"),
        ("Oto-rhino", "ORL"),
        ("Infirmier", "infirmière"),
        ("Masseur-kiné", "kiné"),
        ("Chirurgien-dentiste", "dentiste"),
        ("Pharmacien", "pharmacienne"),
        ("Orthophoniste", "orthophoniste"),
    ];
    trades.iter().find(|(begins, _)| label.starts_with(begins)).map(|(_, trade)| *trade)
}
