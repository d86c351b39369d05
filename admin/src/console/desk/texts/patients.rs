//! The sentences of the pages of patients' profiles, and of the settings.

use directory::{Reason as Ground, Traits};
use names::ProfileState;

use crate::patients::PatientRefusal;

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
