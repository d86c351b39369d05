//! Every French sentence of the professional space that is composed in code.

use audit::Act;
use directory::{DelegationRefusal, Proof, Rights, WeakPassword};
use jiff::tz::TimeZone;
use names::Timestamp;

use crate::errors::Trouble;
use crate::texts;

/// The provider professionals sign in by, unless the configuration names another.
pub const PROVIDER: &str = "Pro Santé Connect";

/// Title and words of a trouble.
pub fn trouble(trouble: Trouble) -> (&'static str, &'static str) {
    match trouble {
        Trouble::NotFound | Trouble::Method => {
            ("Cette page n’existe pas", "Elle a peut-être été déplacée, ou n’est pas la vôtre.")
        }
        Trouble::Form => (
            "Votre demande n’a pas été prise en compte",
            "La page était ouverte depuis trop longtemps, ou venait d’un autre site. Rien n’a changé. \
             Revenez à l’accueil et recommencez.",
        ),
        Trouble::TooLarge => {
            ("Votre demande est trop longue", "Rien n’a changé. Revenez à l’accueil et recommencez.")
        }
        Trouble::TooMany => {
            ("Patientez un instant", "Trop de demandes à la fois. Recommencez dans une minute.")
        }
        Trouble::LinkExpired => ("Ce lien n’est plus valable", "Revenez à l’accueil et recommencez."),
        Trouble::Broken => {
            ("Le service a eu un incident", "Ce n’est pas de votre fait. Recommencez dans quelques minutes.")
        }
    }
}

/// Why one signs in again.
pub const AGAIN: &str = "Un mot de passe d’appareil ou une délégation sert longtemps\u{a0}: pour votre sécurité, \
    connectez-vous de nouveau.";
/// An identifier or a password was left out.
pub const FILL_BOTH: &str = "Indiquez votre identifiant et votre mot de passe.";
/// After a wrong code; the same when the password was wrong.
pub const WRONG_CODE: &str = "Ce code n’est pas le bon, ou votre identifiant ou votre mot de passe ne l’était pas. \
    Vérifiez le code, ou revenez à la connexion.";
/// After too many wrong codes, or one too old.
pub const CODE_OVER: &str =
    "Ce code n’est plus valable. Connectez-vous de nouveau pour en recevoir un autre.";
/// Whoever is right has no mailbox here, or nobody here is called so.
pub const NO_MAILBOX: &str = "Aucune boîte aux lettres n’est ouverte ici à votre nom. Adressez-vous à l’administrateur de \
    votre messagerie.";
/// The browser showed no certificate that names a person.
pub const NO_CERTIFICATE: &str = "Votre navigateur n’a pas présenté de certificat à votre nom. Insérez votre carte, \
    fermez le navigateur, rouvrez-le et choisissez votre certificat quand il vous le demande.";
/// The provider did not say who came, or it took too long.
pub const PROVIDER_REFUSED: &str = "La connexion n’a pas abouti. Recommencez, ou choisissez un autre moyen.";
/// The provider does not answer.
pub const PROVIDER_AWAY: &str = "Ce service de connexion ne répond pas pour le moment. Choisissez un autre moyen, ou réessayez plus tard.";
/// An invitation that is not right; one sentence for all cases.
pub const WRONG_INVITATION: &str = "L’identifiant ou le code d’invitation n’est pas le bon, ou ce code a déjà servi, ou il a \
    plus de 7 jours. Demandez-en un autre à l’administrateur de votre messagerie.";
/// The two new passwords differ.
pub const TWO_PASSWORDS: &str = "Les deux mots de passe ne sont pas les mêmes.";
/// After a first password.
pub const PASSWORD_CHOSEN: &str =
    "Votre mot de passe est enregistré. Connectez-vous avec lui, puis avec le code que vous recevrez.";

/// After sign-out.
pub const GOODBYE: &str = "Vos mots de passe d’application et vos délégations restent en place. Sur un ordinateur \
    partagé, fermez aussi le navigateur.";

/// Why a new password is refused.
pub fn weak(weak: WeakPassword) -> &'static str {
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

/// What somebody may do in a mailbox.
pub fn rights(rights: Rights) -> &'static str {
    match rights {
        Rights::Read => "Lire les messages",
        Rights::Write => "Lire et écrire au nom de cette boîte",
        Rights::Manage => "Lire, écrire et décider qui d’autre l’utilise",
    }
}

/// How one comes to a mailbox.
pub fn own_mailbox() -> String {
    "Votre boîte".to_owned()
}

/// A team's.
pub fn team_mailbox() -> String {
    "Boîte d’équipe".to_owned()
}

/// Another's, as "Par délégation, jusqu'au 3 mai 2027".
pub fn delegated_mailbox(ends: Option<Timestamp>, zone: &TimeZone) -> String {
    format!("Par délégation, {}", until(ends, zone))
}

/// As "jusqu'au 3 mai 2027 inclus" (the moment is the midnight after), "sans date de fin".
pub fn until(ends: Option<Timestamp>, zone: &TimeZone) -> String {
    match ends {
        Some(ends) => format!("jusqu’au {} inclus", texts::day(ends.plus(-1), zone)),
        None => "sans date de fin".to_owned(),
    }
}

/// The same, after its beginning when that is to come: "à partir du 1er mai 2027, sans date de fin".
pub fn period(starts: Timestamp, ends: Option<Timestamp>, zone: &TimeZone, now: Timestamp) -> String {
    match starts > now {
        true => format!("{}, {}", walls::texts::from_day(starts, zone), until(ends, zone)),
        false => until(ends, zone),
    }
}

/// How somebody proved who they are.
pub fn proof(proof: Proof) -> &'static str {
    match proof {
        Proof::PasswordAndCode => "mot de passe et code",
        Proof::IdentityProvider => "service de connexion national",
        Proof::Certificate => "certificat",
    }
}

/// Why a delegation is not given.
pub fn delegation_refused(why: DelegationRefusal) -> &'static str {
    match why {
        DelegationRefusal::NotYours => "Vous ne pouvez pas déléguer cette boîte.",
        DelegationRefusal::Nobody => {
            "Personne dans la structure de cette boîte n’a cet identifiant ou cette adresse."
        }
        DelegationRefusal::Yourself => "Cette personne est déjà la titulaire de cette boîte.",
        DelegationRefusal::Past => {
            "La date de fin doit être aujourd’hui ou plus tard, et pas avant le début."
        }
        DelegationRefusal::Managing => "Choisissez lire, ou lire et écrire.",
    }
}

/// A date was not read.
pub const WRONG_DATE: &str = "Indiquez les dates comme 31/12/2026, ou laissez les cases vides.";
/// No person was named.
pub const NAME_SOMEBODY: &str = "Indiquez le numéro RPPS ou l’adresse de la personne.";
/// The device has no name, or too long a one.
pub const NAME_THE_DEVICE: &str = "Donnez un nom à cet appareil, de 60\u{a0}caractères au plus\u{a0}: par exemple «\u{a0}Ordinateur du cabinet\u{a0}».";
/// The form was sent twice.
pub const SHOWN_ONCE: &str = "Ce mot de passe a déjà été créé et ne peut plus être montré. Si vous ne l’avez pas noté, \
    retirez-le et créez-en un autre.";
/// Too many devices.
pub const TOO_MANY_DEVICES: &str =
    "Vous avez atteint le nombre de mots de passe possibles. Retirez ceux qui ne servent plus.";
/// After a password was withdrawn.
pub const WITHDRAWN: &str = "Ce mot de passe est retiré\u{a0}: l’appareil ne peut plus s’en servir.";
/// After it was noted.
pub const NOTED: &str = "Le nouveau mot de passe est en service.";
/// After a delegation ended.
pub const DELEGATION_ENDED: &str = "La délégation est terminée.";
/// After the other sessions ended.
pub const OTHERS_ENDED: &str = "Les autres sessions sont terminées.";
/// After one session ended.
pub const SESSION_ENDED: &str = "Cette session est terminée.";

/// After a delegation was given.
pub fn delegation_given(to: &str) -> String {
    format!("La délégation à {to} est en place.")
}

/// When a device was last used, as far as the last lines of the journal know.
pub fn last_used(at: Option<String>) -> String {
    match at {
        Some(words) => format!("Utilisé {words}"),
        None => "Pas utilisé récemment".to_owned(),
    }
}

/// What was done, where the patients' words do not fit a professional.
pub fn act(act: Act) -> &'static str {
    match act {
        Act::AccountCreated => "Boîte créée",
        Act::AccountChanged => "État de la boîte modifié",
        Act::CredentialIssued => "Mot de passe d’application créé",
        Act::CredentialRevoked => "Mot de passe d’application retiré",
        Act::Invited => "Invitation à choisir un mot de passe",
        Act::SignedOut => "Session terminée",
        other => texts::act(other),
    }
}

/// How somebody came in, from the door's name in the trail.
pub fn door(name: &str) -> &'static str {
    match name {
        "professional-space" => "dans l’espace professionnel",
        "submission" => "par un logiciel de messagerie, pour écrire",
        "imap" | "mailbox" => "par un logiciel de messagerie, pour lire",
        _ => "",
    }
}

/// Who tried, when only an identifier is known.
pub const SOMEBODY_TRIED: &str = "Une personne qui a saisi cet identifiant";
/// Whoever reads.
pub const YOU: &str = "Vous";
/// The journal's name for what concerns the person and no mailbox.
pub const THIS_SPACE: &str = "Espace professionnel";

/// Who acted, and for which mailbox's holder.
pub fn actor(who: &str, for_whom: Option<&str>) -> String {
    texts::actor(who, for_whom)
}

/// To or from whom a delegation goes.
pub fn delegate(name: &str) -> String {
    let name = if name == YOU { "vous" } else { name };
    format!("personne déléguée\u{a0}: {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_words() {
        for weakness in [
            WeakPassword::TooShort,
            WeakPassword::TooLong,
            WeakPassword::Kinds,
            WeakPassword::Personal,
            WeakPassword::Guessable,
        ] {
            assert!(weak(weakness).ends_with('.'));
        }
        let mut acts: Vec<&str> = Act::ALL.iter().map(|one| act(*one)).collect();
        acts.sort_unstable();
        acts.dedup();
        assert_eq!(acts.len(), Act::ALL.len(), "no two acts read alike");
    }

    #[test]
    fn the_last_day_is_said_whole() {
        let paris = TimeZone::get("Europe/Paris").unwrap();
        // Midnight in Paris between 31 December 2026 and 1 January 2027.
        let midnight = Timestamp(1_798_758_000_000);
        assert_eq!(until(Some(midnight), &paris), "jusqu’au 31 décembre 2026 inclus");
        assert_eq!(until(None, &paris), "sans date de fin");
        let said = period(midnight, None, &paris, midnight.plus(-1));
        assert_eq!(said, "à partir du 1er janvier 2027, sans date de fin");
        assert_eq!(period(midnight, None, &paris, midnight), "sans date de fin", "it has begun");
    }
}
