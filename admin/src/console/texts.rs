//! Every French sentence that the console composes.

use directory::{AdministratorState, MailboxState, Rights, Role, WeakPassword};
use names::AccountKind;

use super::errors::Trouble;
use super::factors::Proof;

pub(crate) use walls::texts::wait_for_sign_in;

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

/// Whether an administrator may come in.
pub(crate) fn administrator_state(state: AdministratorState) -> &'static str {
    match state {
        AdministratorState::Invited => "invité",
        AdministratorState::Active => "actif",
        AdministratorState::Disabled => "désactivé",
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
        differ(AdministratorState::ALL.map(administrator_state).to_vec());
        differ(MailboxState::ALL.map(state).to_vec());
        differ(Rights::ALL.map(rights).to_vec());
        assert_eq!(proof(Proof::Enough), None);
        assert!(proof(Proof::Wait(61)).is_some_and(|words| words.contains("2\u{a0}minutes")));
    }
}
