//! The sentences of the pages of why a letter was refused.

use jiff::tz::TimeZone;
use names::Timestamp;
use relay::visible::{Notice, Opened};
use walls::texts::moment;

use crate::why::Reason;

pub(crate) const CHOOSE_A_REASON: &str = "Choisissez un motif\u{a0}: il est inscrit au journal.";
pub(crate) const NO_SUCH_LETTER: &str = "Rien n’est connu sous ce numéro, ou le message n’est pas de ceux que vous \
    administrez. Relisez-le\u{a0}: treize lettres et chiffres\u{a0}; O se lit 0, I et L se lisent 1. Une trace est \
    gardée 400\u{a0}jours.";
pub(crate) const CAME_BY: &str = "Arrivé par";
pub(crate) const SENDER: &str = "Expéditeur";
pub(crate) const NO_SENDER: &str = "aucun (un rapport)";
pub(crate) const SIZE: &str = "Taille";
pub(crate) const STORED: &str = "Conservé";
pub(crate) const KEPT: &str = "oui";
pub(crate) const NOT_KEPT: &str = "non, rien n’a été enregistré";
pub(crate) const RULE: &str = "Règle";
pub(crate) const REPLY: &str = "Réponse donnée à l’expéditeur";
pub(crate) const FILED: &str = "Documents classés";
pub(crate) const NOTICE: &str = "Alerte";
pub(crate) const OPENED: &str = "Ouvert";

/// Why somebody looks.
pub(crate) fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Sender => "L’expéditeur demande",
        Reason::Recipient => "Un destinataire demande",
        Reason::Operator => "Un autre opérateur demande",
        Reason::Incident => "Incident en cours",
        Reason::Check => "Vérification",
    }
}

/// What became of a letter for one recipient.
pub(crate) fn outcome(outcome: &str) -> &'static str {
    match outcome {
        "delivered" => "Remis",
        "queued" => "Confié à la file, pour un autre opérateur",
        "refused" => "Refusé",
        _ => "Autre issue",
    }
}

/// As "12 ko".
pub(crate) fn size(octets: u64) -> String {
    match octets {
        0..1_000 => format!("{octets}\u{a0}octets"),
        1_000..1_000_000 => format!("{}\u{a0}ko", octets / 1_000),
        _ => format!("{},{}\u{a0}Mo", octets / 1_000_000, octets / 100_000 % 10),
    }
}

/// What became of the notice outside.
pub(crate) fn notice(notice: Notice) -> &'static str {
    match notice {
        Notice::Left => "partie",
        Notice::Failed => "n’a pas pu partir",
        Notice::Waits => "attend de partir",
        Notice::None => "aucune\u{a0}: désactivée, ou message caché au patient",
    }
}

/// Whether it was opened.
pub(crate) fn opened(opened: Opened, zone: &TimeZone, now: Timestamp) -> String {
    match opened {
        Opened::At(at) => moment(at, zone, now),
        Opened::Sometime => "oui".to_owned(),
        Opened::No => "pas encore".to_owned(),
    }
}
