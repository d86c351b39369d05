//! The sentences of the pages of the trail.

use std::collections::HashMap;

use audit::{Act, Actor, Chain, Line};
use walls::texts::count;

use crate::trail::TrailProof;

pub(crate) const TRAIL: &str = "Journal";
pub(crate) const NO_SUCH_CHAIN: &str =
    "Personne n’est connu ainsi. Vérifiez ce que vous avez choisi et saisi.";
pub(crate) const WRONG_DATES: &str = "Indiquez deux dates comme 22/11/2026, la première avant la seconde.";
pub(crate) const TOO_MANY_LINES: &str =
    "Plus de 100\u{202f}000\u{a0}lignes\u{a0}: demandez une période plus courte.";
pub(crate) const TOO_LONG_TO_PROVE: &str = "Le journal est trop long pour être vérifié pendant que vous attendez. La \
    commande «\u{a0}pli verify --quick\u{a0}» le vérifie pendant que le serveur travaille.";
pub(crate) const ERASED: &str = "Ligne effacée\u{a0}; sa place est gardée";

/// A kind of chain to choose.
pub(crate) fn kind_of_chain(kind: &str) -> &'static str {
    match kind {
        "boite" => "Une boîte (adresse)",
        "personne" => "Un professionnel (numéro RPPS)",
        "patient" => "Un patient (INS)",
        _ => "Le service (réglages, démarrages, administrateurs)",
    }
}

/// Whose chain it is.
pub(crate) fn chain(chain: Chain, names: &HashMap<String, String>) -> String {
    let named = |actor: Actor| names.get(&actor.to_string()).cloned();
    match chain {
        Chain::System => "Journal du service".to_owned(),
        Chain::Account(account) => match named(Actor::Account(account)) {
            Some(name) => format!("Journal de {name}"),
            None => format!("Journal du compte {}", account.0),
        },
        Chain::Person(person) => match named(Actor::Person(person)) {
            Some(name) => format!("Journal de {name}"),
            None => format!("Journal du professionnel {}", person.0),
        },
    }
}

/// Who did what, for whom.
pub(crate) fn who_did_what(line: &Line, names: &HashMap<String, String>) -> String {
    let who = actor(line.actor, names);
    let what = act(line.act);
    match line.for_whom {
        Some(whom) if whom != line.actor => format!("{what}\u{a0}: {who}, pour {}", actor(whom, names)),
        Some(_) | None => format!("{what}\u{a0}: {who}"),
    }
}

fn act(act: Act) -> &'static str {
    walls::texts::act(act)
}

fn actor(actor: Actor, names: &HashMap<String, String>) -> String {
    let named = names.get(&actor.to_string()).cloned();
    match actor {
        Actor::System => "le service".to_owned(),
        Actor::Operator => "un administrateur, par la ligne de commande".to_owned(),
        Actor::Person(id) => named.unwrap_or_else(|| format!("professionnel {}", id.0)),
        Actor::Account(id) => named.unwrap_or_else(|| format!("compte {}", id.0)),
        Actor::Administrator(id) => named.unwrap_or_else(|| format!("administrateur {}", id.0)),
        Actor::Program(id) => format!("logiciel {}", id.0),
        // Who a patient is stands in the patients' room alone.
        Actor::Patient(id) => format!("patient {}", id.0),
    }
}

/// What a proof found.
pub(crate) fn proof_of(proof: &TrailProof) -> String {
    let lines = count(proof.lines, "ligne", "lignes");
    let chains = count(proof.chains, "chaîne", "chaînes");
    if proof.broken.is_empty() {
        format!("Vérifié\u{a0}: {lines} dans {chains}, aucune n’a été changée.")
    } else {
        let broken = count(proof.broken.len() as u64, "rupture", "ruptures");
        format!(
            "{broken} sur {lines}\u{a0}: gardez une copie du dossier des données et comparez avec les empreintes signées."
        )
    }
}
