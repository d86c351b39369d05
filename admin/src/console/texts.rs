//! Every French sentence that the console composes.

use directory::{
    Access, Departed, Mailbox, MailboxMove, MailboxRefusal, MailboxState, MemberRefusal, Owner, Period,
    Rights, Role, SignsIn, WeakPassword,
};
use jiff::tz::TimeZone;
use names::{AccountKind, Timestamp};

use crate::idle::Use;
use relay::LastUse;

use super::errors::Trouble;
use super::factors::Proof;

use walls::texts::MONTHS;
pub(crate) use walls::texts::{act, actor, called, count, day, from_day, wait_for_sign_in};

/// A trouble: heading and words.
pub(crate) fn trouble(trouble: Trouble) -> (&'static str, &'static str) {
    match trouble {
        Trouble::NotFound | Trouble::Method => (
            "Cette page n’existe pas",
            "L’adresse est fausse, ou ce qu’elle montre ne fait pas partie de ce que vous administrez.",
        ),
        Trouble::Forbidden => (
            "Vous pouvez regarder, pas agir",
            "Votre rôle permet de consulter cette page, pas de changer ce qu’elle montre. Rien n’a été changé.",
        ),
        Trouble::Form => (
            "Votre demande n’a pas été prise en compte",
            "La page était ouverte depuis trop longtemps, ou venait d’un autre site. Rien n’a été changé. Revenez à \
             l’accueil et recommencez.",
        ),
        Trouble::Broken => (
            "Le service a eu un incident",
            "Ce n’est pas de votre fait. Recommencez dans quelques minutes\u{a0}; rien n’est perdu.",
        ),
    }
}

/// A role.
pub(crate) fn role(role: Role) -> &'static str {
    match role {
        Role::Directory => "administrateur de l’annuaire",
        Role::Support => "agent de support",
        Role::Auditor => "auditeur",
    }
}

/// A kind of mailbox.
pub(crate) fn kind(kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::Personal => "Boîte personnelle (PER)",
        AccountKind::Organisational => "Boîte d’équipe (ORG)",
        AccountKind::Applicative => "Boîte applicative (APP)",
        AccountKind::Practice => "Boîte de cabinet (CAB)",
        AccountKind::Patient => "Espace d’un patient",
    }
}

/// The state of a mailbox.
pub(crate) fn state(state: MailboxState) -> &'static str {
    match state {
        MailboxState::Open => "Ouverte",
        MailboxState::Suspended => "Suspendue",
        MailboxState::Closed => "Fermée",
    }
}

/// What somebody may do in a mailbox.
pub(crate) fn rights(rights: Rights) -> &'static str {
    match rights {
        Rights::Read => "Lire",
        Rights::Write => "Lire et écrire",
        Rights::Manage => "Lire, écrire et gérer les membres",
    }
}

/// Why a new password is refused.
pub(crate) fn weak(weak: WeakPassword) -> &'static str {
    match weak {
        WeakPassword::TooShort => "Ce mot de passe est trop court\u{a0}: 9\u{a0}caractères au moins.",
        WeakPassword::TooLong => "Ce mot de passe est trop long.",
        WeakPassword::Kinds => {
            "Il manque à ce mot de passe une minuscule, une majuscule, un chiffre ou un signe."
        }
        WeakPassword::Personal => "Ce mot de passe contient votre nom ou votre identifiant.",
        WeakPassword::Guessable => "Ce mot de passe est trop facile à deviner.",
    }
}

/// Identifier or password is missing.
pub(crate) const FILL_BOTH: &str = "Saisissez votre identifiant et votre mot de passe.";
/// After a wrong code; the same when the password was wrong.
pub(crate) const WRONG_CODE: &str = "Ce code n’est pas le bon ou a déjà servi, ou votre identifiant ou votre mot de \
    passe ne l’était pas. Attendez le code suivant, ou revenez à la connexion.";
/// After too many wrong codes, or one too old.
pub(crate) const CODE_OVER: &str = "Cette connexion n’est plus valable. Saisissez de nouveau votre identifiant et \
    votre mot de passe.";
/// An invitation that does not go.
pub(crate) const NO_INVITATION: &str = "Identifiant ou code d’invitation ne sont pas justes, ou le code a déjà servi, \
    ou il a plus de 7\u{a0}jours.";
/// The two new passwords differ.
pub(crate) const TWO_PASSWORDS: &str = "Les deux mots de passe ne sont pas les mêmes.";
/// The first code is not right.
pub(crate) const WRONG_FIRST_CODE: &str = "Ce code n’est pas le bon. Vérifiez que l’heure du téléphone est juste, et \
    saisissez le code qui s’affiche maintenant.";
/// The enrolment is too old.
pub(crate) const ENROLMENT_OVER: &str =
    "L’inscription a pris trop de temps. Recommencez avec le même code d’invitation.";

/// A move between the states of a mailbox: button, question, what will happen, and its word in addresses.
pub(crate) fn moving(to: MailboxMove) -> (&'static str, &'static str, [&'static str; 3], &'static str) {
    match to {
        MailboxMove::Suspend => (
            "Suspendre",
            "Suspendre cette boîte\u{a0}?",
            [
                "Plus personne ne peut l’ouvrir\u{a0}; les sessions en cours s’arrêtent à leur prochaine commande.",
                "Les nouveaux messages sont refusés pour l’instant\u{a0}; ceux qui attendent de partir partent.",
                "Les messages déjà reçus sont gardés, et la boîte peut être rouverte.",
            ],
            "suspendre",
        ),
        MailboxMove::Reopen => (
            "Rouvrir",
            "Rouvrir cette boîte\u{a0}?",
            [
                "Ceux qui l’utilisaient peuvent de nouveau l’ouvrir, avec les mêmes mots de passe.",
                "Elle reçoit de nouveau des messages.",
                "Les messages refusés entre-temps ne reviennent pas.",
            ],
            "rouvrir",
        ),
        MailboxMove::Close => (
            "Fermer",
            "Fermer cette boîte pour toujours\u{a0}?",
            [
                "Plus personne ne peut l’ouvrir, et elle ne pourra pas être rouverte.",
                "Elle disparaît de l’annuaire, et son adresse ne sera plus jamais donnée.",
                "Les nouveaux messages sont refusés\u{a0}; ceux qui attendent de partir partent.",
            ],
            "fermer",
        ),
    }
}

/// After it was done.
pub(crate) fn moved(to: MailboxMove) -> &'static str {
    match to {
        MailboxMove::Suspend => "La boîte est suspendue.",
        MailboxMove::Reopen => "La boîte est rouverte.",
        MailboxMove::Close => "La boîte est fermée.",
    }
}

/// Why an act on a mailbox is not done.
pub(crate) fn refused(refusal: MailboxRefusal) -> &'static str {
    match refusal {
        MailboxRefusal::NotFound => {
            "Cette boîte ou cette personne ne fait pas partie de ce que vous administrez."
        }
        MailboxRefusal::Taken => {
            "Cette adresse a déjà été donnée\u{a0}; une adresse n’est donnée qu’une fois."
        }
        MailboxRefusal::Domain => "Cette adresse n’est pas sous un domaine de ce service.",
        MailboxRefusal::Holder => {
            "Une boîte PER a un professionnel, une boîte ORG ou APP une structure et pas de professionnel, une \
             boîte CAB l’un ou l’autre."
        }
        MailboxRefusal::Organisation => "Choisissez une structure que vous administrez.",
        MailboxRefusal::Person => "Cette personne n’est pas connue ici\u{a0}: donnez son prénom et son nom.",
        MailboxRefusal::TooLong => {
            "Un texte a 200\u{a0}caractères au plus (un nom 100), et le rang va de 1 à 99."
        }
        MailboxRefusal::State => "L’état de la boîte ne le permet pas\u{a0}: une boîte fermée le reste.",
    }
}

/// Why somebody is not let in, or out.
pub(crate) fn not_member(refusal: MemberRefusal) -> &'static str {
    match refusal {
        MemberRefusal::NotYours => "Cette boîte n’est pas ouverte.",
        MemberRefusal::Nobody => "Personne ici n’a cet identifiant ou cette adresse.",
        MemberRefusal::Holder => "C’est la boîte de cette personne\u{a0}: ses droits ne changent pas.",
        MemberRefusal::Managing => "La gestion de la boîte d’une personne ne se donne pas.",
        MemberRefusal::LastManager => "Cette boîte doit garder quelqu’un qui la gère.",
        MemberRefusal::Past => "Le dernier jour doit être aujourd’hui ou plus tard, et pas avant le premier.",
    }
}

/// How somebody signs in to the professional space.
pub(crate) fn signs_in(signs_in: SignsIn) -> &'static str {
    match signs_in {
        SignsIn::WithPassword => "A choisi un mot de passe",
        SignsIn::Invited => "Invité, n’a pas encore choisi de mot de passe",
        SignsIn::Never => "Jamais invité",
    }
}

/// What a departure does, one by one.
pub(crate) fn departure(departed: &Departed) -> Vec<String> {
    let addresses = |mailboxes: &[Mailbox]| {
        mailboxes.iter().map(|mailbox| mailbox.address.to_string()).collect::<Vec<_>>().join(", ")
    };
    let mut effects = Vec::new();
    if !departed.own.is_empty() {
        effects.push(format!("Ses boîtes personnelles s’arrêtent\u{a0}: {}.", addresses(&departed.own)));
        effects.push(
            "Les messages déjà reçus y restent gardés sans que personne les lise, ceux qui attendent de partir \
             partent, les nouveaux sont refusés."
                .to_owned(),
        );
    }
    if !departed.shared.is_empty() {
        effects.push(format!("Cette personne quitte\u{a0}: {}.", addresses(&departed.shared)));
    }
    if !departed.unmanaged.is_empty() {
        effects.push(format!(
            "Plus personne ne gère\u{a0}: {}. Donnez ce droit à un autre membre.",
            addresses(&departed.unmanaged)
        ));
    }
    if departed.given > 0 {
        effects.push(match u64::try_from(departed.given).unwrap_or(u64::MAX) {
            1 => "L’accès qu’une autre personne avait à sa boîte se termine.".to_owned(),
            number => format!("Les {number}\u{a0}accès que d’autres avaient à sa boîte se terminent."),
        });
    }
    if !departed.kept.is_empty() {
        effects.push(format!("Cette personne garde\u{a0}: {}.", addresses(&departed.kept)));
    }
    effects.push(match departed.access {
        Access::Ended => "Ses mots de passe sont retirés et ses sessions se terminent.".to_owned(),
        Access::Kept => "Elle utilise encore une autre boîte\u{a0}: ses mots de passe restent.".to_owned(),
    });
    effects
}

/// How many answers a search has; of several pages, how many stand on this one.
pub(crate) fn found(number: usize, several: bool) -> String {
    match u64::try_from(number).unwrap_or(u64::MAX) {
        0 => "Aucune réponse".to_owned(),
        number if several => format!("{} sur cette page", count(number, "réponse", "réponses")),
        number => count(number, "réponse", "réponses"),
    }
}

/// After a mailbox was made.
pub(crate) const CREATED: &str = "La boîte est créée. Elle peut recevoir des messages dès maintenant.";
/// After its entry was changed.
pub(crate) const DESCRIBED: &str = "La fiche est enregistrée, et l’annuaire la montre déjà ainsi.";
/// After a member came or changed.
pub(crate) const ADMITTED: &str =
    "Les droits sont enregistrés\u{a0}: la boîte s’ouvre avec les mots de passe de cette personne.";
/// After a member went.
pub(crate) const REMOVED: &str = "Cette personne n’utilise plus la boîte.";
/// After an application password was withdrawn.
pub(crate) const WITHDRAWN: &str = "Le mot de passe est retiré\u{a0}: l’appareil ne peut plus s’en servir.";
/// What making an application password does, one by one.
pub(crate) fn new_password(owner: Owner) -> Vec<&'static str> {
    match owner {
        Owner::Person(_) => vec![
            "Le mot de passe s’affiche une seule fois\u{a0}: remettez-le en main propre ou par un moyen sûr.",
            "Il ouvre toutes les boîtes de cette personne, avec l’adresse de la boîte comme identifiant.",
            "La personne reçoit un avis dans sa boîte, et le journal garde votre nom.",
        ],
        Owner::Machine(_) => vec![
            "Le mot de passe s’affiche une seule fois\u{a0}: saisissez-le dans le logiciel qui utilise cette boîte.",
            "Il ouvre cette boîte et aucune autre, avec l’adresse de la boîte comme identifiant.",
            "Le journal garde votre nom.",
        ],
    }
}

/// What to do with an application password.
pub(crate) fn password_shown(owner: Owner) -> String {
    match owner {
        Owner::Person(_) => "À saisir dans le logiciel de messagerie de cette personne\u{a0}: l’identifiant est l’adresse de la boîte. Elle peut le retirer elle-même dans son espace professionnel.",
        Owner::Machine(_) => "À saisir dans le logiciel qui utilise cette boîte\u{a0}: l’identifiant est l’adresse de la boîte.",
    }
    .to_owned()
}

/// The device has no name, or too long a one.
pub(crate) const NAME_THE_DEVICE: &str =
    "Indiquez l’appareil ou le logiciel, en 100\u{a0}caractères au plus.";
/// The form was sent before: the password cannot be shown again.
pub(crate) const SHOWN_ONCE: &str =
    "Ce mot de passe a déjà été fait et montré une fois. S’il est perdu, retirez-le et faites-en un autre.";
/// A day does not read.
pub(crate) const NO_DATE: &str = "Écrivez les dates comme 31/12/2026, ou laissez les cases vides.";
/// The address does not read.
pub(crate) const NO_ADDRESS: &str = "Écrivez l’adresse entière, comme prenom.nom@hopital.mssante.example.";
/// The identifier does not read.
pub(crate) const NO_IDENTIFIER: &str =
    "Un numéro RPPS a 11\u{a0}chiffres, un numéro ADELI 9\u{a0}caractères.";
/// Where codes go does not read, or is missing.
pub(crate) const NO_CONTACT: &str = "Indiquez un courriel ou un téléphone portable, et pas les deux\u{a0}: les codes de connexion y arrivent.";
/// The rank does not read.
pub(crate) const NO_RANK: &str = "Le rang est un nombre de 1 à 99.";
/// After an invitation was made.
pub(crate) const HAND_OVER: &str = "Remettez ce code à la personne. Il sert une fois, pendant 7\u{a0}jours, sur la page «\u{a0}Choisir un mot de passe\u{a0}» de l’espace professionnel.";

/// As "à partir du 1er mai 2027, jusqu'au 3 mai 2027 inclus"; nothing without limits.
pub(crate) fn period(period: Period, zone: &TimeZone, now: Timestamp) -> String {
    let from = period.later(now).map(|starts| from_day(starts, zone));
    // The moment is the midnight after.
    let until = period.ends.map(|ends| format!("jusqu’au {} inclus", day(ends.plus(-1), zone)));
    from.into_iter().chain(until).collect::<Vec<_>>().join(", ")
}

/// When a mailbox was last used, and what the house did about it: label and value.
pub(crate) fn use_of(known: &Use, zone: &TimeZone) -> Vec<(&'static str, String)> {
    let last = match known.last {
        LastUse::At(at) => format!("le {}", day(at, zone)),
        LastUse::In(month) => {
            let name = MONTHS.get(usize::from(month.of_year()) - 1).copied().unwrap_or_default();
            format!("en {name} {}", month.year())
        }
        LastUse::Never => "aucune depuis son ouverture".to_owned(),
    };
    let mut facts = vec![("Dernière utilisation", last)];
    facts.extend(known.noticed.map(|at| ("Avis d’inactivité", format!("envoyé le {}", day(at, zone)))));
    facts.extend(known.suspended.map(|at| ("Suspendue pour inactivité", format!("le {}", day(at, zone)))));
    facts
}

/// Why a grave act waits for a code; none when nothing is said yet.
pub(crate) fn proof(proof: Proof) -> Option<String> {
    match proof {
        Proof::Enough => None,
        Proof::Asked => Some("Saisissez le code à 6\u{a0}chiffres que montre votre téléphone.".to_owned()),
        Proof::Wrong => {
            Some("Ce code n’est pas le bon ou a déjà servi. Attendez le code suivant.".to_owned())
        }
        Proof::Wait(seconds) => Some(wait_for_sign_in(seconds)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_has_words_of_its_own() {
        let differ = |mut words: Vec<&str>| {
            let all = words.len();
            words.sort_unstable();
            words.dedup();
            assert_eq!(words.len(), all);
        };
        differ(Role::ALL.map(role).to_vec());
        differ(MailboxState::ALL.map(state).to_vec());
        differ(Rights::ALL.map(rights).to_vec());
        assert_eq!(proof(Proof::Enough), None);
        assert!(proof(Proof::Wait(61)).is_some_and(|words| words.contains("2\u{a0}minutes")));
    }
}
