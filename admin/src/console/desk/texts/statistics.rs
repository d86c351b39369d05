//! The sentences of the pages of figures of a month.

use directory::trust::Place;
use jiff::tz::TimeZone;
use names::{AccountKind, Month};
use walls::texts::{count, moment};

use super::{month, number};
use crate::statistics::Statistics;
use crate::statistics_tables::Sheet;

/// Title of a month's figures.
pub(crate) fn figures_of(of: Month, mailbox: &str) -> String {
    match mailbox {
        "" => format!("Chiffres de {}", month(of)),
        mailbox => format!("Chiffres de {}\u{a0}: {mailbox}", month(of)),
    }
}

/// Up to when figures go.
pub(crate) fn counted_until(figures: &Statistics, zone: &TimeZone) -> String {
    if figures.until == figures.month.end() {
        "Mois complet. Les mois et les jours sont ceux du temps universel.".to_owned()
    } else {
        let until = moment(figures.until, zone, figures.until);
        format!("Mois en cours, compté jusqu’à maintenant ({until}). Les jours sont ceux du temps universel.")
    }
}

pub(crate) const NO_SUCH_MAILBOX: &str =
    "Aucune boîte que vous administrez n’a cette adresse. Voici toutes les boîtes.";
pub(crate) const OPEN_MAILBOXES: &str = "Boîtes ouvertes";
pub(crate) const ALL_LETTERS: &str = "Messages acceptés, toutes portes";
pub(crate) const TO_PATIENTS: &str = "dont vers des patients";
pub(crate) const WITH_CDA: &str = "dont avec un document CDA";
pub(crate) const QUALIFIED_INS: &str = "dont avec une INS qualifiée";
pub(crate) const SENT: &str = "Envoyés par les boîtes";
pub(crate) const SENT_TO_PATIENTS: &str = "dont envoyés à des patients";
pub(crate) const SENT_WITH_CDA: &str = "dont envoyés avec un CDA";
pub(crate) const SENT_QUALIFIED: &str = "dont envoyés avec une INS qualifiée";
pub(crate) const RECEIVED: &str = "Reçus par les boîtes";
pub(crate) const REFUSED: &str = "Refus à l’envoi";
pub(crate) const CONNECTIONS: &str = "Connexions des logiciels de messagerie";
pub(crate) const BY_DAY: &str = "Messages par jour";
pub(crate) const BY_MONTH: &str = "Messages par mois";
pub(crate) const BY_MAILBOX: &str = "Par boîte";
pub(crate) const BY_DOMAIN: &str = "Par domaine";
pub(crate) const BY_SOFTWARE: &str = "Par logiciel";
pub(crate) const DAY: &str = "Jour";
pub(crate) const MONTH: &str = "Mois";
pub(crate) const MAILBOX_HEADINGS: [&str; 6] = ["Boîte", "Type", "Envoyés", "Reçus", "Refus", "Connexions"];
pub(crate) const DOMAIN_HEADINGS: [&str; 4] = ["Domaine", "Place", "Envoyés", "Reçus"];
pub(crate) const SOFTWARE_HEADINGS: [&str; 5] =
    ["Logiciel", "Messages", "Vers des patients", "Avec un CDA", "INS qualifiée"];

/// As "12 PER, 3 ORG".
pub(crate) fn open(open: &[(AccountKind, i64)]) -> String {
    if open.is_empty() {
        return "non connu pour ce mois".to_owned();
    }
    let kinds = open.iter().map(|(kind, count)| format!("{}\u{a0}{}", number(*count), kind.code()));
    kinds.collect::<Vec<_>>().join(", ")
}

/// What the highest bar is.
pub(crate) fn highest(label: &str, most: i64) -> String {
    format!("La plus haute barre\u{a0}: {} ({label}).", number(most))
}

/// By which door letters came.
pub(crate) fn door(door: &str) -> &'static str {
    match door {
        "submission" => "Logiciel de messagerie",
        "web" => "Espace patient",
        "mx" => "Autre opérateur",
        "house" => "Le service lui-même",
        _ => "Autre",
    }
}

/// What a domain is to us.
pub(crate) fn place(place: Option<Place>) -> &'static str {
    match place {
        Some(Place::Local) => "Nous, professionnels",
        Some(Place::LocalPatients) => "Nous, patients",
        Some(Place::Remote) => "Autre opérateur",
        Some(Place::RemotePatients) => "Autre opérateur, patients",
        None => "Plus sur la liste",
    }
}

/// What a letter says of its software.
pub(crate) fn software(named: &str) -> String {
    match named {
        "" => "Non indiqué".to_owned(),
        "?" => "Illisible".to_owned(),
        named => named.to_owned(),
    }
}

/// A table to take away.
pub(crate) fn sheet(sheet: Sheet) -> &'static str {
    match sheet {
        Sheet::Mailboxes => "Une ligne par boîte (CSV)",
        Sheet::Open => "Boîtes ouvertes par type (CSV)",
        Sheet::Domains => "Une ligne par domaine (CSV)",
        Sheet::Software => "Une ligne par logiciel (CSV)",
        Sheet::Days => "Une ligne par jour (CSV)",
    }
}

/// What a table leaves out.
pub(crate) fn left_out(lines: usize) -> Option<String> {
    (lines > 0).then(|| {
        let lines = count(lines as u64, "autre ligne", "autres lignes");
        format!("Et {lines}\u{a0}: le fichier CSV les contient toutes.")
    })
}
