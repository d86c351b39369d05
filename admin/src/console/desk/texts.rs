//! Every French sentence that these pages compose.

use std::collections::HashMap;

use audit::{Act, Actor, Chain, Line};
use directory::trust::{Diff, EventKind, Place, Source};
use directory::{Reason as Ground, Traits};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use names::{AccountKind, Domain, Month, ProfileState, SECOND, Timestamp};
use relay::queue::{State, Waiting, Which};
use relay::visible::{Notice, Opened};
use walls::texts::{count, moment};

use crate::patients::PatientRefusal;
use crate::statistics::Statistics;
use crate::statistics_tables::Sheet;
use crate::trail::TrailProof;
use crate::why::Reason;

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

/// As "novembre 2026".
pub(crate) fn month(month: Month) -> String {
    let name = MONTHS.get(usize::from(month.of_year()) - 1).copied().unwrap_or_default();
    format!("{name} {}", month.year())
}

/// As "22 novembre".
pub(crate) fn short_day(at: Timestamp) -> String {
    let date = at.utc().date();
    let name = MONTHS.get(date.month() as usize - 1).copied().unwrap_or_default();
    format!("{} {name}", date.day())
}

/// As "3 juillet 1958".
pub(crate) fn birth_date(date: Date) -> String {
    let name = MONTHS.get(date.month() as usize - 1).copied().unwrap_or_default();
    format!("{} {name} {}", date.day(), date.year())
}

/// As "12 345".
pub(crate) fn number(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = if number < 0 { "−".to_owned() } else { String::new() };
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// As "12 (25 %)".
pub(crate) fn part(part: i64, whole: i64) -> String {
    match whole {
        0 => number(part),
        whole => format!("{} ({}\u{a0}%)", number(part), part * 100 / whole),
    }
}

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

pub(crate) const PATIENTS: &str = "Patients";
pub(crate) const WHOLE_IDENTITY: &str = "Saisissez l’INS entière, ou bien le nom de naissance, le prénom et la date de \
    naissance, tous les trois.";
pub(crate) const NOT_ONE_PATIENT: &str = "Aucun espace, ou plusieurs, pour cette identité. Demandez l’INS à la personne, \
    et saisissez-la.";
pub(crate) const TOO_MANY_LOOKS: &str = "Vous avez consulté trop de patients aujourd’hui. Demandez à un collègue, ou \
    attendez demain.";
pub(crate) const WRONG_CASE: &str = "Indiquez le numéro du dossier de support\u{a0}: des lettres, des chiffres et des tirets, \
    32 au plus. Jamais un nom, jamais une INS.";
pub(crate) const WRONG_INS: &str = "L’INS du parent n’est pas juste\u{a0}: 15\u{a0}caractères, clé comprise.";
pub(crate) const BIRTH_NAME: &str = "Nom de naissance";
pub(crate) const BIRTH_DATE: &str = "Date de naissance";
pub(crate) const PROFILE: &str = "Espace";
pub(crate) const OPPOSE_UNTIL: &str = "Opposition possible jusqu’au";
pub(crate) const ERASED_ON: &str = "Sera détruit le";
pub(crate) const CODE_WAITS: &str = "Un code temporaire attend";
pub(crate) const TOLD_OUTSIDE: &str = "Peut être prévenu";
pub(crate) const REPRESENTATIVE: &str = "Agit pour cette personne";
pub(crate) const UNTIL_MAJORITY: &str = "jusqu’à la majorité";

/// Until a day.
pub(crate) fn until(day: &str) -> String {
    format!("jusqu’au {day}")
}

/// Yes or no.
pub(crate) fn yes_no(yes: bool) -> &'static str {
    if yes { "oui" } else { "non" }
}

/// How somebody can be told outside: never where.
pub(crate) fn ways(traits: &Traits) -> &'static str {
    match (&traits.email, &traits.phone) {
        (Some(_), Some(_)) => "par e-mail et par SMS",
        (Some(_), None) => "par e-mail",
        (None, Some(_)) => "par SMS",
        (None, None) => "par courrier seulement",
    }
}

/// Where a profile stands.
pub(crate) fn profile(state: ProfileState) -> &'static str {
    match state {
        ProfileState::Announced => "annoncé",
        ProfileState::Created => "créé, jamais ouvert",
        ProfileState::Activated => "activé",
        ProfileState::Opposed => "refusé par la personne",
        ProfileState::Closed => "fermé",
    }
}

/// An act on a profile, as a link and a title.
pub(crate) fn patient_act(act: &str) -> &'static str {
    match act {
        "oppose" => "Enregistrer une opposition",
        "withdraw" => "Retirer l’opposition",
        "close" => "Fermer l’espace",
        "reopen" => "Rouvrir l’espace",
        "add-representative" => "Ajouter un second parent",
        _ => "Signaler une intervention",
    }
}

/// What follows from it.
pub(crate) fn patient_act_means(act: &str) -> &'static str {
    match act {
        "oppose" => {
            "L’espace ne s’ouvrira pas. Les messages des professionnels seront refusés, et ils l’apprendront. La \
             personne reçoit une confirmation."
        }
        "withdraw" => "L’espace est créé et reçoit les messages. La personne reçoit une confirmation.",
        "close" => {
            "Plus personne ne peut l’ouvrir et les messages sont refusés. Ce qu’il contient est archivé dix ans, sauf si \
             la personne demande sa suppression. Elle reçoit une confirmation."
        }
        "reopen" => "L’espace retrouve ce qu’il contenait. Une suppression demandée est annulée.",
        "add-representative" => {
            "Un second parent pourra lire et écrire pour cet enfant. Il doit avoir son propre espace, activé. Vérifiez la \
             pièce qui prouve son autorité\u{a0}: elle est gardée sous le numéro de dossier."
        }
        _ => {
            "À enregistrer quand le support a corrigé ou vérifié quelque chose dans ce profil. La personne est prévenue \
             qu’une intervention a eu lieu, sans détail de santé."
        }
    }
}

/// What was just done.
pub(crate) fn patient_done(done: &str) -> Option<&'static str> {
    match done {
        "oppose" => Some("L’opposition est enregistrée. Les messages sont refusés dès maintenant."),
        "withdraw" => Some("L’opposition est retirée."),
        "close" => Some("L’espace est fermé."),
        "close-and-delete" => Some("L’espace est fermé. Sa suppression est prévue à la date indiquée."),
        "reopen" => Some("L’espace est rouvert."),
        "add-representative" => Some("Le second parent représente cet enfant. Tous deux sont prévenus."),
        "intervene" => Some("L’intervention est inscrite au journal. La personne est prévenue."),
        _ => None,
    }
}

/// Why it was not done.
pub(crate) fn patient_refused(refusal: PatientRefusal) -> &'static str {
    match refusal {
        PatientRefusal::NotAllowed => "Vous n’avez pas ce droit.",
        PatientRefusal::State(_) => "L’état de l’espace a changé entre-temps\u{a0}: revenez à la fiche.",
        PatientRefusal::NoChild => "Cette personne est majeure, ou son espace n’est pas ouvert.",
        PatientRefusal::NoRepresentative => {
            "Aucune personne majeure n’a d’espace activé avec cette INS. Le parent doit d’abord activer le sien."
        }
        PatientRefusal::Already => "Ce parent représente déjà cet enfant.",
        PatientRefusal::NoProof => "Indiquez le numéro du dossier qui garde la preuve.",
    }
}

/// On what ground support acts.
pub(crate) fn ground(ground: Ground) -> &'static str {
    match ground {
        Ground::ByTelephone => "La personne appelle, identité vérifiée",
        Ground::InWriting => "Demande écrite, avec une pièce d’identité",
        Ground::ByRepresentative => "Un représentant légal demande, avec la preuve",
        Ground::Correction => "Identité ou coordonnées à corriger",
        Ground::Malfunction => "Dysfonctionnement du service",
        Ground::Fraud => "Usage frauduleux",
        Ground::Order => "Décision de justice ou d’une autorité",
        Ground::Death => "Décès",
        Ground::Own => "La personne elle-même",
        Ground::Routine => "Le service",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_months_and_sizes_read_as_french_ones() {
        assert_eq!(number(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(
            (number(0), number(999), number(-1_000)),
            ("0".into(), "999".into(), "−1\u{202f}000".into())
        );
        assert_eq!(month("2026-08".parse().unwrap()), "août 2026");
        assert_eq!(part(1, 3), "1 (33\u{a0}%)");
        assert_eq!(part(0, 0), "0");
        assert_eq!(
            (size(12), size(12_345), size(2_340_000)),
            ("12\u{a0}octets".into(), "12\u{a0}ko".into(), "2,3\u{a0}Mo".into())
        );
    }

    #[test]
    fn every_case_has_words_of_its_own() {
        let differ = |mut words: Vec<&str>| {
            let all = words.len();
            words.sort_unstable();
            words.dedup();
            assert_eq!(words.len(), all);
        };
        differ(Reason::ALL.map(reason).to_vec());
        differ(Ground::ALL.map(ground).to_vec());
        differ(Sheet::ALL.map(sheet).to_vec());
        differ(State::ALL.map(queue_state).to_vec());
        differ(Place::ALL.map(domains).to_vec());
        differ(EventKind::ALL.map(event).to_vec());
        let acts = ["oppose", "withdraw", "close", "reopen", "add-representative", "intervene"];
        differ(acts.map(patient_act).to_vec());
        differ(acts.map(patient_act_means).to_vec());
        assert!(acts.iter().all(|act| patient_done(act).is_some()) && patient_done("rien").is_none());
    }
}
