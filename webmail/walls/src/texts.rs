//! French sentences that the pages of all doors compose: dates, numbers, who did what.
//!
//! Spaces that must not break are U+00A0, as French typography asks.

use std::collections::HashMap;

use audit::Actor;
use jiff::{ToSpan, Zoned, tz::TimeZone};
use names::Timestamp;

/// The months, January first.
pub const MONTHS: [&str; 12] = [
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
#[must_use]
pub fn day(at: Timestamp, zone: &TimeZone) -> String {
    long_day(&at.at(zone))
}

/// As "à partir du 1er mai 2027": for what begins on a day that is not there yet.
#[must_use]
pub fn from_day(at: Timestamp, zone: &TimeZone) -> String {
    format!("à partir du {}", day(at, zone))
}

/// As "aujourd'hui à 9 h 05", "hier à 18 h", "mardi 17 novembre à 9 h 05", "3 mai 2025 à 12 h".
#[must_use]
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
#[must_use]
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number}\u{a0}{}", if number < 2 { one } else { many })
}

/// As "9 h 05".
#[must_use]
pub fn clock(at: Timestamp, zone: &TimeZone) -> String {
    hour(&at.at(zone))
}

/// How a person is named inside a sentence: "Dr Claire MARTIN" → "Le Dr Claire MARTIN".
#[must_use]
pub fn named(name: &str) -> String {
    if name.starts_with("Dr ") || name.starts_with("Pr ") { format!("Le {name}") } else { name.to_owned() }
}

/// The house, as an actor of the history.
pub const HOUSE: &str = "Le service";
/// An administrator, as an actor of the history.
pub const OPERATOR: &str = "Un administrateur du service";
/// Somebody the directory no longer knows.
pub const SOMEBODY: &str = "Une personne qui n’est plus dans l’annuaire";

/// Who acted, and for whom, before the words of [`act`].
#[must_use]
pub fn actor(who: &str, for_whom: Option<&str>) -> String {
    match for_whom {
        // A professional who writes from their own mailbox acts for nobody else.
        Some(whom) if whom == who => named(who),
        None => named(who),
        Some("Vous") => format!("{}, pour vous", named(who)),
        Some(whom) => format!("{}, pour {whom}", named(who)),
    }
}

/// Whom an actor of the trail stands for: `names` knows those it can know, by [`Actor`]'s text.
#[must_use]
pub fn called(actor: Actor, names: &HashMap<String, String>) -> String {
    match actor {
        Actor::System => HOUSE.to_owned(),
        Actor::Operator => OPERATOR.to_owned(),
        Actor::Administrator(_) | Actor::Program(_) => {
            names.get(&actor.to_string()).map_or_else(|| OPERATOR.to_owned(), Clone::clone)
        }
        Actor::Person(_) | Actor::Patient(_) | Actor::Account(_) => {
            names.get(&actor.to_string()).cloned().unwrap_or_else(|| SOMEBODY.to_owned())
        }
    }
}

/// What was done, as a noun: it reads right after "Vous" and after a name alike.
#[must_use]
pub fn act(act: audit::Act) -> &'static str {
    use audit::Act;
    match act {
        Act::LetterReceived => "Message reçu",
        Act::LetterSent => "Message envoyé",
        Act::LetterRefused => "Message refusé",
        Act::LetterRead => "Lecture d’une conversation",
        Act::LetterAppended => "Message rangé",
        Act::LetterCopied => "Message déplacé ou copié",
        Act::LetterRemoved => "Message supprimé",
        Act::LetterFlagged => "Message marqué",
        Act::LettersSearched => "Recherche dans les messages",
        Act::ContactOpened => "Échange ouvert",
        Act::ContactEnded => "Échange terminé",
        Act::ContactBlocked => "Correspondant bloqué ou débloqué",
        Act::DocumentFiled => "Document classé dans le dossier",
        Act::DocumentRead => "Lecture ou téléchargement d’un document",
        Act::DocumentMasked => "Visibilité d’un document modifiée",
        Act::DocumentDeleted => "Document supprimé",
        Act::LetterRelayed => "Message transmis à un autre opérateur",
        Act::LetterUndelivered => "Message qui n’a pas pu être remis",
        Act::QueueChanged => "File d’attente modifiée",
        Act::AlertSent => "Alerte envoyée à votre adresse ou téléphone",
        Act::AlertFailed => "Alerte qui n’a pas pu être envoyée",
        Act::ReceiptSent => "Accusé de lecture envoyé",
        Act::SignedIn => "Connexion",
        Act::SignInRefused => "Connexion refusée",
        Act::SignedOut => "Déconnexion",
        Act::ProfileSwitched => "Ouverture de l’espace d’une autre personne",
        Act::FolderChanged => "Dossier de messages modifié",
        Act::AccountCreated => "Espace créé",
        Act::AccountChanged => "État de l’espace modifié",
        Act::ProfileAnnounced => "Espace annoncé",
        Act::ActivationBegun => "Identification avec le code temporaire",
        Act::ProfileActivated => "Espace activé",
        Act::ProfileOpposed => "Opposition à la création de l’espace",
        Act::ProfileClosed => "Fermeture de l’espace",
        Act::ProfileReopened => "Réouverture de l’espace",
        Act::ProfileIntervened => "Intervention du support",
        Act::ProfileErased => "Effacement de l’espace",
        Act::ConsentChanged => "Accès en cas d’urgence modifiés",
        Act::RepresentativeInvited => "Invitation d’un autre représentant légal",
        Act::RepresentativeAdded => "Représentant légal ajouté",
        Act::RepresentativeRefused => "Invitation d’un représentant légal refusée",
        Act::RepresentativeEnded => "Fin du mandat d’un représentant légal",
        Act::CredentialIssued => "Moyen de connexion créé",
        Act::CredentialRevoked => "Moyen de connexion retiré",
        Act::Invited => "Invitation à l’espace professionnel",
        Act::AdministratorChanged => "Droits d’un administrateur modifiés",
        Act::AccountDescribed => "Fiche de la boîte modifiée",
        Act::Departed => "Départ d’un professionnel",
        Act::FactorsReset => "Moyens de connexion réinitialisés",
        Act::PasswordChosen => "Mot de passe choisi",
        Act::DelegationGiven => "Délégation donnée",
        Act::DelegationEnded => "Délégation terminée",
        Act::Imported => "Annuaire mis à jour",
        Act::AdminLooked => "Consultation par un administrateur",
        Act::TrailExported => "Export du journal par un auditeur",
        Act::TrailChecked => "Vérification du journal",
        Act::Reloaded => "Certificats relus",
        Act::Started => "Démarrage du service",
        Act::Stopped => "Arrêt du service",
    }
}

/// Too many sign-in tries.
#[must_use]
pub fn wait_for_sign_in(seconds: i64) -> String {
    let minutes = u64::try_from(seconds).unwrap_or(0).div_ceil(60).max(1);
    format!("Trop d’essais. Patientez {} avant de recommencer.", count(minutes, "minute", "minutes"))
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
    fn nobody_acts_for_themselves() {
        assert_eq!(actor("Dr Marie Lenoir", Some("Dr Marie Lenoir")), "Le Dr Marie Lenoir");
        assert_eq!(
            actor("Mme Anne Dubreuil", Some("Dr Marie Lenoir")),
            "Mme Anne Dubreuil, pour Dr Marie Lenoir"
        );
    }

    #[test]
    fn zero_and_one_are_singular() {
        for (number, want) in [(0, "0\u{a0}jour"), (1, "1\u{a0}jour"), (2, "2\u{a0}jours")] {
            assert_eq!(count(number, "jour", "jours"), want);
        }
        assert!(
            wait_for_sign_in(1).contains("1\u{a0}minute ") && wait_for_sign_in(61).contains("2\u{a0}minutes")
        );
    }
}
