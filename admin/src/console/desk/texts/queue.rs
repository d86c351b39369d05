//! The sentences of the pages of what waits for other operators.

use names::{SECOND, Timestamp};
use relay::queue::{State, Waiting, Which};
use walls::texts::count;

pub(crate) const QUEUE: &str = "File d’attente";
pub(crate) const NOT_IN_QUEUE: &str = "Rien de cela n’attend pour un autre opérateur ni n’y est parti. La page \
    «\u{a0}Messages refusés\u{a0}» dit ce qui a été décidé d’un message.";
pub(crate) const NOT_A_DOMAIN: &str = "Ce n’est pas un nom de domaine, comme clinique.mssante.example.";
pub(crate) const BY_DOMAIN_AND_STATE: &str = "Ce qui attend";
pub(crate) const QUEUE_HEADINGS: [&str; 4] = ["Domaine", "État", "Le plus ancien", "Destinataires"];
pub(crate) const STATE: &str = "État";
pub(crate) const ACCEPTED: &str = "Accepté";
pub(crate) const GIVEN_UP: &str = "Abandonné";
pub(crate) const TRIES: &str = "Essais";
pub(crate) const OUTCOME: &str = "Issue";
pub(crate) const LAST_TRY: &str = "Dernier essai";
pub(crate) const PEER: &str = "Serveur";
pub(crate) const SAID: &str = "A répondu";

/// What a row of the queue does.
pub(crate) fn queue_state(state: State) -> &'static str {
    match state {
        State::Waiting => "En attente",
        State::UnderWay => "En cours d’envoi",
        State::Held => "Retenu",
        State::Quarantined => "Mis à part",
    }
}

/// The same with its times.
pub(crate) fn standing(row: &Waiting, now: Timestamp) -> String {
    let since = age(now.since(row.created_at));
    match row.state {
        State::Waiting => {
            let next = age(row.due_at.since(now).max(0));
            format!("En attente depuis {since}, prochain essai dans {next}")
        }
        State::UnderWay => format!("En cours d’envoi, accepté depuis {since}"),
        State::Held => format!("Retenu, accepté depuis {since}"),
        State::Quarantined => format!("Mis à part, accepté depuis {since}"),
    }
}

/// A time in a few words.
pub(crate) fn age(milliseconds: i64) -> String {
    let seconds = milliseconds.max(0) / SECOND;
    match seconds {
        0..60 => format!("{seconds}\u{a0}s"),
        60..3_600 => format!("{}\u{a0}min", seconds / 60),
        3_600..172_800 => format!("{}\u{a0}h", seconds / 3_600),
        _ => format!("{}\u{a0}jours", seconds / 86_400),
    }
}

/// How much waits.
pub(crate) fn waiting(found: u64) -> String {
    match found {
        0 => "Rien n’attend.".to_owned(),
        found => format!("{} en attente", count(found, "destinataire", "destinataires")),
    }
}

/// How a recipient's story ended.
pub(crate) fn ended(outcome: &str) -> &'static str {
    match outcome {
        "delivered" => "Remis à l’autre opérateur",
        "failed" => "Refusé par l’autre opérateur",
        "expired" => "Abandonné après trop de temps",
        "dropped" => "Abandonné par un administrateur",
        _ => "Autre issue",
    }
}

/// What an act on the queue is about.
pub(crate) fn meant(which: &Which) -> String {
    match which {
        Which::Letter(queue) => format!("le message {queue}"),
        Which::Domain(domain) => format!("tout ce qui attend pour {domain}"),
        Which::All => "toute la file".to_owned(),
    }
}

/// What was just done with the queue.
pub(crate) fn queue_done(done: &str, rows: u64) -> Option<String> {
    let rows = count(rows, "destinataire", "destinataires");
    match done {
        "reessai" => Some(format!("{rows}\u{a0}: essai demandé tout de suite.")),
        "retenue" => Some(format!("{rows}\u{a0}: l’envoi est retenu.")),
        "relachee" => Some(format!("{rows}\u{a0}: l’envoi reprend.")),
        "abandonnee" => Some(format!("{rows}\u{a0}: l’envoi est abandonné.")),
        _ => None,
    }
}
