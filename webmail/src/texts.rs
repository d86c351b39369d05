//! Every French sentence composed in code: one function each, typed arguments, plural handled here.
//!
//! What a page always says stands in its template; what depends on a number, a date, a name or a
//! state is composed here. Spaces that must not break are U+00A0, as French typography asks.

use jiff::{ToSpan, Zoned, tz::TimeZone};

use names::Timestamp;

const MONTHS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];
const DAYS: [&str; 7] = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];

/// As "22 novembre 2026", "1er mai 2027".
pub fn day(at: Timestamp, zone: &TimeZone) -> String {
    long_day(&at.at(zone))
}

/// As "aujourd'hui à 9 h 05", "hier à 18 h", "mardi 17 novembre à 9 h 05", "3 mai 2025 à 12 h".
pub fn moment(at: Timestamp, zone: &TimeZone, now: Timestamp) -> String {
    let (at, now) = (at.at(zone), now.at(zone));
    let hour = hour(&at);
    let yesterday = now.date().checked_sub(1.day()).ok();
    if at.date() == now.date() {
        return format!("aujourd’hui à {hour}");
    }
    if Some(at.date()) == yesterday {
        return format!("hier à {hour}");
    }
    let weekday = DAYS[at.weekday().to_monday_zero_offset() as usize];
    if at.year() == now.year() {
        format!("{weekday} {} {} à {hour}", ordinal(at.day()), MONTHS[at.month() as usize - 1])
    } else {
        format!("{} à {hour}", long_day(&at))
    }
}

fn long_day(at: &Zoned) -> String {
    format!("{} {} {}", ordinal(at.day()), MONTHS[at.month() as usize - 1], at.year())
}

fn ordinal(day: i8) -> String {
    if day == 1 { "1er".to_owned() } else { day.to_string() }
}

fn hour(at: &Zoned) -> String {
    match at.minute() {
        0 => format!("{}\u{a0}h", at.hour()),
        minute => format!("{}\u{a0}h\u{a0}{minute:02}", at.hour()),
    }
}

/// "1 lettre", "2 lettres": French is singular below two.
fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number}\u{a0}{}", if number < 2 { one } else { many })
}

/// As "3 messages".
pub fn messages(number: u64) -> String {
    count(number, "message", "messages")
}

/// As "2 nouveaux messages", "1 nouveau message", "Aucun nouveau message".
pub fn new_messages(number: u64) -> String {
    match number {
        0 => "Aucun nouveau message".to_owned(),
        n => count(n, "nouveau message", "nouveaux messages"),
    }
}

/// As "1 pièce jointe".
pub fn attachments(number: u64) -> String {
    count(number, "pièce jointe", "pièces jointes")
}

/// As "4 documents".
pub fn documents(number: u64) -> String {
    count(number, "document", "documents")
}

/// As "3 pharmacies trouvées", "Aucune pharmacie trouvée".
pub fn pharmacies_found(number: u64, query: &str) -> String {
    match number {
        0 => format!("Aucune pharmacie trouvée pour «\u{a0}{query}\u{a0}»."),
        n => format!("{} pour «\u{a0}{query}\u{a0}».", count(n, "pharmacie trouvée", "pharmacies trouvées")),
    }
}

/// As "312 octets", "48 Ko", "1,4 Mo" (decimal units, as the limits are announced).
pub fn size(octets: u64) -> String {
    match octets {
        0..1_000 => count(octets, "octet", "octets"),
        1_000..1_000_000 => format!("{}\u{a0}Ko", octets.div_ceil(1_000).min(999)),
        _ => {
            let tenths = octets.div_ceil(100_000);
            match tenths % 10 {
                0 => format!("{}\u{a0}Mo", tenths / 10),
                tenth => format!("{},{tenth}\u{a0}Mo", tenths / 10),
            }
        }
    }
}

/// As "Page 2 sur 5".
pub fn page_of(page: u64, pages: u64) -> String {
    format!("Page\u{a0}{page} sur\u{a0}{pages}")
}

/// How a person is named inside a sentence: "Dr Claire MARTIN" → "Le Dr Claire MARTIN".
pub fn named(name: &str) -> String {
    if name.starts_with("Dr ") || name.starts_with("Pr ") { format!("Le {name}") } else { name.to_owned() }
}

/// Why, or that, one may write. The screen's words for what `policy` decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// The contact is open.
    MayWrite,
    /// A pharmacy: it may be written to at any time.
    MayWritePharmacy,
    /// The correspondent ended the exchange.
    Ended,
    /// The last letter asks for no answer; a new message may still be possible.
    NoAnswerWanted,
    /// The correspondent never wrote to this patient.
    NeverWrote,
    /// The pharmacies' door is closed by the operator, or this pharmacy never wrote (mode "known").
    PharmacyClosed,
    /// The correspondent's mailbox is closed, or no longer trusted.
    Gone,
    /// The person signed in may read but not write for this profile.
    ReadOnly,
    /// The profile itself cannot send (closed).
    ProfileClosed,
    /// An automatic sender or a report: nobody reads answers there.
    Automatic,
}

impl Standing {
    /// Whether the buttons are lit.
    pub fn may_write(self) -> bool {
        match self {
            Self::MayWrite | Self::MayWritePharmacy => true,
            Self::Ended
            | Self::NoAnswerWanted
            | Self::NeverWrote
            | Self::PharmacyClosed
            | Self::Gone
            | Self::ReadOnly
            | Self::ProfileClosed
            | Self::Automatic => false,
        }
    }

    /// Every case, for tables of tests and the gallery.
    #[cfg(test)]
    pub const ALL: [Self; 10] = [
        Self::MayWrite,
        Self::MayWritePharmacy,
        Self::Ended,
        Self::NoAnswerWanted,
        Self::NeverWrote,
        Self::PharmacyClosed,
        Self::Gone,
        Self::ReadOnly,
        Self::ProfileClosed,
        Self::Automatic,
    ];
}

/// The state of an exchange, in words, as "Le Dr Claire MARTIN a mis fin à l'échange."
pub fn standing(standing: Standing, correspondent: &str) -> String {
    let who = named(correspondent);
    match standing {
        Standing::MayWrite => "Vous pouvez répondre.".to_owned(),
        Standing::MayWritePharmacy => "Vous pouvez écrire à cette pharmacie.".to_owned(),
        Standing::Ended => {
            format!("{who} a mis fin à l’échange. Vous pourrez répondre s’il vous écrit de nouveau.")
        }
        Standing::NoAnswerWanted => format!("{who} n’attend pas de réponse à ce message."),
        Standing::NeverWrote => {
            format!("{who} ne vous a pas encore écrit. C’est le professionnel de santé qui écrit en premier.")
        }
        Standing::PharmacyClosed => "Vous ne pouvez pas écrire en premier à cette pharmacie.".to_owned(),
        Standing::Gone => {
            format!("{who} n’utilise plus cette messagerie. Vos messages ne lui parviendraient pas.")
        }
        Standing::ReadOnly => "Vous pouvez lire ces messages, mais pas y répondre.".to_owned(),
        Standing::ProfileClosed => {
            "Cet espace est fermé\u{a0}: il ne peut plus envoyer de messages.".to_owned()
        }
        Standing::Automatic => {
            "Ce message est automatique\u{a0}: personne ne lirait votre réponse.".to_owned()
        }
    }
}

/// The line on a letter the patient's side wrote: "Vous", "Anne DURAND, pour Léo DURAND".
pub fn written_by(author: &str, owner: &str, author_is_reader: bool) -> String {
    match (author_is_reader, author == owner) {
        (true, true) => "Vous".to_owned(),
        (true, false) => format!("Vous, pour {owner}"),
        (false, true) => author.to_owned(),
        (false, false) => format!("{author}, pour {owner}"),
    }
}

/// The line every letter written for somebody else carries, told before it is sent.
pub fn will_say_for(author: &str, owner: &str) -> String {
    format!("Votre message indiquera qu’il est écrit par {author} pour {owner}.")
}

/// Where a filed attachment went.
pub fn filed_under(category: &str) -> String {
    format!("Classé dans Mes documents, rubrique «\u{a0}{category}\u{a0}».")
}

/// After a wrong code.
pub fn wrong_code(tries_left: u32) -> String {
    match tries_left {
        0 => "Ce code n’est plus valable. Demandez un nouveau code.".to_owned(),
        1 => "Ce code n’est pas le bon. Il vous reste un seul essai.".to_owned(),
        n => format!("Ce code n’est pas le bon. Il vous reste {n}\u{a0}essais."),
    }
}

/// How long to wait before another code may be asked for.
pub fn wait_for_code(seconds: i64) -> String {
    match seconds {
        ..=1 => "Patientez encore 1\u{a0}seconde, puis demandez un nouveau code.".to_owned(),
        2..=90 => format!("Patientez encore {seconds}\u{a0}secondes, puis demandez un nouveau code."),
        _ => {
            let minutes = count(u64::try_from(seconds).unwrap_or(0).div_ceil(60), "minute", "minutes");
            format!("Trop de codes demandés. Patientez {minutes}, puis demandez un nouveau code.")
        }
    }
}

/// Too many sign-in tries.
pub fn wait_for_sign_in(seconds: i64) -> String {
    let minutes = u64::try_from(seconds).unwrap_or(0).div_ceil(60).max(1);
    format!("Trop d’essais. Patientez {} avant de recommencer.", count(minutes, "minute", "minutes"))
}

/// Why a file was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileRefusal {
    /// Larger than one file may be.
    TooLarge,
    /// All files together are too large.
    TotalTooLarge,
    /// Too many files.
    TooMany,
    /// Nothing in it.
    Empty,
    /// A phone's HEIC picture: not readable by most programs.
    Heic,
    /// A kind of file we do not take.
    Kind,
}

/// The sentence about one refused file, with what to do instead.
pub fn file_refused(why: FileRefusal, name: &str) -> String {
    let file = format!("«\u{a0}{name}\u{a0}»");
    match why {
        FileRefusal::TooLarge => {
            format!("Le fichier {file} est trop lourd\u{a0}: 5\u{a0}Mo au plus par fichier.")
        }
        FileRefusal::TotalTooLarge => "Vos fichiers sont trop lourds ensemble\u{a0}: 18\u{a0}Mo au plus. \
             Envoyez-les en plusieurs messages."
            .to_owned(),
        FileRefusal::TooMany => {
            "Vous pouvez joindre 10\u{a0}fichiers au plus. Envoyez-les en plusieurs messages.".to_owned()
        }
        FileRefusal::Empty => format!("Le fichier {file} est vide."),
        FileRefusal::Heic => format!(
            "La photo {file} est au format HEIC, que tous les professionnels ne peuvent pas ouvrir. \
             Enregistrez-la au format JPEG, puis joignez-la de nouveau."
        ),
        FileRefusal::Kind => format!(
            "Le fichier {file} ne peut pas être joint. Fichiers acceptés\u{a0}: PDF, photo JPEG ou PNG, TIFF, texte, RTF."
        ),
    }
}

/// What an answer's form lacks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Missing {
    /// No text.
    Text,
    /// The text is beyond the limit.
    TextTooLong,
    /// No subject on a new message.
    Subject,
    /// The subject is beyond the limit.
    SubjectTooLong,
}

/// The sentence beside the field.
pub fn missing(what: Missing) -> &'static str {
    match what {
        Missing::Text => "Écrivez votre message avant de l’envoyer.",
        Missing::TextTooLong => "Votre message est trop long\u{a0}: 50\u{a0}000\u{a0}caractères au plus.",
        Missing::Subject => "Indiquez en quelques mots le sujet de votre message.",
        Missing::SubjectTooLong => "Le sujet est trop long\u{a0}: 150\u{a0}caractères au plus.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use names::{DAY, HOUR, MINUTE};

    fn paris() -> TimeZone {
        TimeZone::get("Europe/Paris").unwrap()
    }

    /// Sunday 22 November 2026, 04:34 in Paris.
    const NOW: Timestamp = Timestamp(1_795_318_467_000);

    #[test]
    fn dates_are_said_as_people_say_them() {
        for (case, at, want) in [
            ("today", NOW.plus(-4 * MINUTE), "aujourd’hui à 4\u{a0}h\u{a0}30"),
            ("yesterday although five hours ago", NOW.plus(-5 * HOUR), "hier à 23\u{a0}h\u{a0}34"),
            ("this week", NOW.plus(-5 * DAY), "mardi 17 novembre à 4\u{a0}h\u{a0}34"),
            ("first of a month", NOW.plus(-21 * DAY), "dimanche 1er novembre à 4\u{a0}h\u{a0}34"),
            ("in summer time", NOW.plus(-130 * DAY), "mercredi 15 juillet à 5\u{a0}h\u{a0}34"),
            ("another year", NOW.plus(-400 * DAY), "18 octobre 2025 à 5\u{a0}h\u{a0}34"),
        ] {
            assert_eq!(moment(at, &paris(), NOW), want, "{case}");
        }
        assert_eq!(day(NOW, &paris()), "22 novembre 2026");
    }

    #[test]
    fn the_zone_of_the_profile_decides_the_day() {
        let late = Timestamp(1_795_318_467_000).plus(-5 * HOUR); // 22:34 UTC the day before
        assert_eq!(day(late, &TimeZone::UTC), "21 novembre 2026");
        assert_eq!(day(late, &TimeZone::get("Indian/Reunion").unwrap()), "22 novembre 2026");
        assert_eq!(moment(NOW.plus(-34 * MINUTE - 27_000), &paris(), NOW), "aujourd’hui à 4\u{a0}h");
    }

    #[test]
    fn zero_and_one_are_singular() {
        for (number, want) in [(0, "0\u{a0}message"), (1, "1\u{a0}message"), (2, "2\u{a0}messages")] {
            assert_eq!(messages(number), want);
        }
        assert_eq!(new_messages(0), "Aucun nouveau message");
        assert_eq!(new_messages(1), "1\u{a0}nouveau message");
        assert_eq!(new_messages(12), "12\u{a0}nouveaux messages");
        assert_eq!(attachments(1), "1\u{a0}pièce jointe");
        assert_eq!(pharmacies_found(0, "x"), "Aucune pharmacie trouvée pour «\u{a0}x\u{a0}».");
        assert_eq!(pharmacies_found(1, "x"), "1\u{a0}pharmacie trouvée pour «\u{a0}x\u{a0}».");
        assert!(wrong_code(1).contains("un seul essai") && wrong_code(2).contains("2\u{a0}essais"));
        assert!(
            wait_for_sign_in(1).contains("1\u{a0}minute ") && wait_for_sign_in(61).contains("2\u{a0}minutes")
        );
    }

    #[test]
    fn sizes_never_show_less_than_the_file_weighs() {
        for (octets, want) in [
            (0, "0\u{a0}octet"),
            (1, "1\u{a0}octet"),
            (999, "999\u{a0}octets"),
            (1_000, "1\u{a0}Ko"),
            (47_001, "48\u{a0}Ko"),
            (999_999, "999\u{a0}Ko"),
            (1_000_000, "1\u{a0}Mo"),
            (1_400_000, "1,4\u{a0}Mo"),
            (4_999_999, "5\u{a0}Mo"),
            (25_000_000, "25\u{a0}Mo"),
        ] {
            assert_eq!(size(octets), want, "{octets}");
        }
    }

    #[test]
    fn only_an_open_exchange_lights_the_buttons_and_every_state_has_its_words() {
        for case in Standing::ALL {
            let words = standing(case, "Dr Claire MARTIN");
            assert!(words.ends_with('.'), "{case:?}: {words}");
            assert_eq!(
                case.may_write(),
                words.starts_with("Vous pouvez répondre.") || words.starts_with("Vous pouvez écrire")
            );
        }
        assert!(standing(Standing::Ended, "Dr Claire MARTIN").starts_with("Le Dr Claire MARTIN a mis fin"));
        assert!(standing(Standing::Ended, "Hôpital Nord").starts_with("Hôpital Nord a mis fin"));
    }

    #[test]
    fn who_wrote_for_whom_is_said() {
        assert_eq!(written_by("Anne", "Anne", true), "Vous");
        assert_eq!(written_by("Anne", "Léo", true), "Vous, pour Léo");
        assert_eq!(written_by("Paul", "Léo", false), "Paul, pour Léo");
    }
}
