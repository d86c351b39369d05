//! The sentences of the pages of the trust list.

use directory::trust::{Diff, EventKind, Place, Source};
use names::Domain;

use super::number;

pub(crate) const NO_FILE: &str = "Choisissez le fichier de la liste.";
pub(crate) const LIST_REFUSED: &str = "La liste est refusée\u{a0}; celle en vigueur reste.";
pub(crate) const UNCHANGED: &str = "Cette liste est déjà en vigueur.";
pub(crate) const AND_MORE: &str =
    "… et d’autres changements\u{a0}: «\u{a0}pli admin trust diff\u{a0}» les montre tous.";
pub(crate) const NATIONAL_LIST: &str = "Liste nationale";
pub(crate) const NO_LIST: &str = "aucune\u{a0}: chargez-en une ici, ou réglez [trust] dans la configuration";
pub(crate) const LIST_OF: &str = "Liste nationale du";
pub(crate) const ENTRIES: &str = "Entrées";
pub(crate) const FROM: &str = "Origine";
pub(crate) const LOADED: &str = "Chargée";
pub(crate) const LOOKED_AT: &str = "Vérifiée";
pub(crate) const SHA256: &str = "Empreinte SHA-256";
pub(crate) const SAID_BY: &str = "Selon";
pub(crate) const SINCE: &str = "Depuis";
pub(crate) const CERTIFICATE_SEEN: &str = "Certificat vu";
pub(crate) const CONTACT: &str = "Contact";
pub(crate) const SUPPORT: &str = "Support";
pub(crate) const LONG_AGO: &str = "avant que la liste ne garde les dates";
pub(crate) const NEVER: &str = "jamais";

/// An entry of a list that cannot be read.
pub(crate) fn left_out_entry(why: &str) -> String {
    format!("Entrée illisible, laissée de côté\u{a0}: {why}")
}

/// Why a list would not be put in force.
pub(crate) fn would_be_refused(why: &str) -> String {
    format!("Elle serait refusée\u{a0}: {why}")
}

/// What a list would change.
pub(crate) fn would_change(diff: &Diff) -> String {
    if diff.is_empty() {
        "Rien ne changerait.".to_owned()
    } else {
        format!("Changerait\u{a0}: {}", changes(diff))
    }
}

/// What a list changed.
pub(crate) fn in_force(diff: &Diff) -> String {
    format!("La liste est en vigueur\u{a0}: {}", changes(diff))
}

fn changes(diff: &Diff) -> String {
    format!(
        "domaines +{} −{}, noms de certificats +{} −{}",
        diff.domains_added.len(),
        diff.domains_removed.len(),
        diff.names_added.len(),
        diff.names_removed.len()
    )
}

/// Domains of a place.
pub(crate) fn domains(place: Place) -> &'static str {
    match place {
        Place::Local => "Nos domaines de professionnels",
        Place::LocalPatients => "Nos domaines de patients",
        Place::Remote => "Domaines d’autres opérateurs",
        Place::RemotePatients => "Domaines de patients d’autres opérateurs",
    }
}

/// What happened to the list.
pub(crate) fn event(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Applied => "Liste chargée",
        EventKind::Refused => "Liste refusée",
        EventKind::Warning => "À vérifier",
        EventKind::SharedKey => "Une même clé vue chez deux opérateurs",
    }
}

/// How often.
pub(crate) fn times(times: i64) -> String {
    if times > 1 { format!(" ({}\u{a0}fois)", number(times)) } else { String::new() }
}

/// Who says that a name speaks for a domain.
pub(crate) fn source(source: Source) -> &'static str {
    match source {
        Source::Configuration => "la configuration",
        Source::Manual => "un import à la main",
        Source::List => "la liste nationale",
    }
}

/// What a domain is, in a sentence.
pub(crate) fn domain_is(domain: &Domain, place: Option<Place>, silent: bool) -> String {
    match place {
        None => format!("{domain} n’est pas de confiance\u{a0}: rien n’en est reçu, rien n’y est envoyé."),
        Some(_) if silent => {
            format!(
                "{domain} est de confiance, mais aucun certificat ne parle pour lui\u{a0}: aucun serveur ne peut en envoyer."
            )
        }
        Some(place) => {
            let what = match place {
                Place::Local => "est à nous, pour des professionnels",
                Place::LocalPatients => "est à nous, pour des patients",
                Place::Remote => "est à un autre opérateur",
                Place::RemotePatients => "est à un autre opérateur, pour des patients",
            };
            format!("{domain} {what}. Ces certificats peuvent en envoyer\u{a0}:")
        }
    }
}
