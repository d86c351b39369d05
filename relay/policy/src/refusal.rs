//! Why a letter may not pass: a closed set, with words for people. SMTP codes are in `reply`.

/// The rule that refuses a letter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Refusal {
    /// The sender's domain is not on the trust list.
    SenderOutsideTrust,
    /// The sender's address belongs to nobody.
    SenderUnknown,
    /// The sender's mailbox is suspended.
    SenderSuspended,
    /// The sender's mailbox is closed.
    SenderClosed,
    /// The sending patient's space is not in use.
    SenderProfileInactive,
    /// The recipient's domain is not on the trust list.
    RecipientOutsideTrust,
    /// The recipient lives with another operator, and this house has no way out to operators.
    OperatorUnreachable,
    /// No such professional mailbox.
    RecipientUnknown,
    /// The recipient's mailbox is suspended.
    RecipientSuspended,
    /// The recipient's mailbox is closed.
    RecipientClosed,
    /// A patient address that is not an INS.
    PatientAddressInvalid,
    /// No patient has this address.
    PatientUnknown,
    /// The patient's space is announced, not open yet.
    PatientAnnounced,
    /// The patient opposed the creation of their space.
    PatientOpposed,
    /// The patient closed their space.
    PatientClosed,
    /// The patient refuses this sender's letters.
    LettersBlocked,
    /// A patient may not write to a patient.
    PatientToPatient,
    /// The correspondent has never written to the patient.
    NeverContacted,
    /// The correspondent ended the exchange.
    ExchangeEnded,
    /// The answered letter allows no answer.
    AnswerForbidden,
    /// The answered letter is older than the end of an exchange.
    AnswerTooLate,
    /// Mode `known`: the patient does not use this pharmacy.
    PharmacyNotKnown,
    /// Mode `closed`: pharmacies cannot be written to first.
    PharmacyNotFirst,
    /// The actor has no mandate for this profile.
    MandateMissing,
    /// The mandate was never accepted.
    MandateNotAccepted,
    /// The mandate has not begun.
    MandateNotYet,
    /// The mandate is over.
    MandateOver,
    /// The child has come of age.
    MandateMajority,
    /// `Reply-To` names an address outside the trust list.
    ReplyToOutsideTrust,
    /// `Reply-To` names a mailbox that does not exist.
    ReplyToUnknown,
    /// `Reply-To` names a patient.
    ReplyToPatient,
    /// The name in `To` is not the patient's.
    NameMismatch,
    /// Nothing but TNEF.
    OnlyTnef,
    /// A letter two programs would read differently.
    AmbiguousContent,
    /// A secrecy mark we cannot read, or an XDM archive that may hold one.
    SecrecyUnreadable,
    /// A secrecy mark of ours that another operator would not understand.
    SecrecyNotKept,
    /// The null sender sent something else than a report.
    NotAReport,
    /// A report on a letter the recipient did not send.
    ReportUnmatched,
    /// The mailbox has sent as many letters as it may in an hour.
    TooManyLettersInHour,
    /// The mailbox has sent as many letters as it may in a day.
    TooManyLettersInDay,
    /// The mailbox has reached as many patients as it may in a day.
    TooManyPatientsInDay,
}

impl Refusal {
    /// Every refusal, for tables.
    pub const ALL: [Self; 41] = [
        Self::SenderOutsideTrust,
        Self::SenderUnknown,
        Self::SenderSuspended,
        Self::SenderClosed,
        Self::SenderProfileInactive,
        Self::RecipientOutsideTrust,
        Self::OperatorUnreachable,
        Self::RecipientUnknown,
        Self::RecipientSuspended,
        Self::RecipientClosed,
        Self::PatientAddressInvalid,
        Self::PatientUnknown,
        Self::PatientAnnounced,
        Self::PatientOpposed,
        Self::PatientClosed,
        Self::LettersBlocked,
        Self::PatientToPatient,
        Self::NeverContacted,
        Self::ExchangeEnded,
        Self::AnswerForbidden,
        Self::AnswerTooLate,
        Self::PharmacyNotKnown,
        Self::PharmacyNotFirst,
        Self::MandateMissing,
        Self::MandateNotAccepted,
        Self::MandateNotYet,
        Self::MandateOver,
        Self::MandateMajority,
        Self::ReplyToOutsideTrust,
        Self::ReplyToUnknown,
        Self::ReplyToPatient,
        Self::NameMismatch,
        Self::OnlyTnef,
        Self::AmbiguousContent,
        Self::SecrecyUnreadable,
        Self::SecrecyNotKept,
        Self::NotAReport,
        Self::ReportUnmatched,
        Self::TooManyLettersInHour,
        Self::TooManyLettersInDay,
        Self::TooManyPatientsInDay,
    ];

    /// The stable id of the rule: part of the interface, never changed once released.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.words().0
    }

    /// One plain French sentence for the person who wrote.
    #[must_use]
    pub fn french(self) -> &'static str {
        self.words().1
    }

    /// The same in English, in ASCII: it also goes into SMTP replies.
    #[must_use]
    pub fn english(self) -> &'static str {
        self.words().2
    }

    /// The refusal a stable id stands for, for `pli admin why`.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|refusal| refusal.id() == id)
    }

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::SenderOutsideTrust => (
                "trust.sender",
                "L’adresse de l’expéditeur n’appartient pas à l’espace de confiance.",
                "The sender's domain is not in the trust space.",
            ),
            Self::SenderUnknown => (
                "sender.unknown",
                "L’adresse de l’expéditeur n’existe pas.",
                "The sender's address does not exist.",
            ),
            Self::SenderSuspended => (
                "sender.suspended",
                "La messagerie de l’expéditeur est suspendue : contactez votre administrateur.",
                "The sender's mailbox is suspended; please ask your administrator.",
            ),
            Self::SenderClosed => (
                "sender.closed",
                "La messagerie de l’expéditeur est fermée.",
                "The sender's mailbox is closed.",
            ),
            Self::SenderProfileInactive => (
                "sender.profile-inactive",
                "Cet espace doit être activé avant d’envoyer une lettre.",
                "This space must be activated before a letter can be sent from it.",
            ),
            Self::RecipientOutsideTrust => (
                "trust.recipient",
                "L’adresse du destinataire n’appartient pas à l’espace de confiance : la lettre ne peut pas y être envoyée.",
                "The recipient's domain is not in the trust space; letters cannot be sent there.",
            ),
            Self::OperatorUnreachable => (
                "operator.unreachable",
                "Ce correspondant dépend d’un autre opérateur, et cette messagerie n’échange pas de lettres avec les autres opérateurs.",
                "The recipient lives with another operator, and this server exchanges no letters with other operators.",
            ),
            Self::RecipientUnknown => (
                "recipient.unknown",
                "Cette adresse n’existe pas. Vérifiez-la dans l’annuaire.",
                "This address does not exist; please check it in the directory.",
            ),
            Self::RecipientSuspended => (
                "recipient.suspended",
                "La messagerie du destinataire est suspendue.",
                "The recipient's mailbox is suspended.",
            ),
            Self::RecipientClosed => (
                "recipient.closed",
                "La messagerie du destinataire est fermée.",
                "The recipient's mailbox is closed.",
            ),
            Self::PatientAddressInvalid => (
                "patient.address-invalid",
                "Cette adresse de patient n’est pas valide : vérifiez le numéro INS.",
                "This patient address is not valid; please check the INS number.",
            ),
            Self::PatientUnknown => (
                "patient.unknown",
                "Aucun patient n’a cette adresse : vérifiez le numéro INS.",
                "No patient has this address; please check the INS number.",
            ),
            Self::PatientAnnounced => (
                "patient.announced",
                "L’espace de ce patient n’est pas encore ouvert. Réessayez dans quelques semaines.",
                "This patient's space is not open yet; please try again in a few weeks.",
            ),
            Self::PatientOpposed => (
                "patient.opposed",
                "Ce patient n’a pas souhaité d’espace : il ne peut pas recevoir de lettres ici.",
                "This patient did not want a space and cannot receive letters here.",
            ),
            Self::PatientClosed => (
                "patient.closed",
                "Ce patient a fermé son espace : il ne peut plus recevoir de lettres ici.",
                "This patient closed their space and can no longer receive letters here.",
            ),
            Self::LettersBlocked => (
                "block.letters",
                "Ce patient ne souhaite pas recevoir vos lettres dans son espace.",
                "This patient does not wish to receive your letters in their space.",
            ),
            Self::PatientToPatient => (
                "conversation.patient-to-patient",
                "Depuis votre espace, vous pouvez écrire seulement à des professionnels.",
                "Patients can write to professionals only.",
            ),
            Self::NeverContacted => (
                "conversation.never-contacted",
                "Vous pourrez écrire à ce correspondant dès qu’il vous aura écrit une première fois.",
                "A patient can write to this correspondent only after the correspondent has written first.",
            ),
            Self::ExchangeEnded => (
                "conversation.ended",
                "Ce correspondant a mis fin à vos échanges. Vous pourrez lui écrire s’il vous écrit de nouveau.",
                "This correspondent has ended the exchange; the patient can write again once they do.",
            ),
            Self::AnswerForbidden => (
                "conversation.no-answer",
                "Cette lettre n’attend pas de réponse.",
                "This letter does not accept an answer.",
            ),
            Self::AnswerTooLate => (
                "conversation.answer-too-late",
                "Il n’est plus possible de répondre à cette lettre, car l’échange a pris fin depuis.",
                "This letter can no longer be answered, because the exchange has ended since.",
            ),
            Self::PharmacyNotKnown => (
                "pharmacy.not-known",
                "Vous pouvez écrire en premier seulement aux pharmacies où vous êtes déjà connu.",
                "A patient can write first only to a pharmacy they already use.",
            ),
            Self::PharmacyNotFirst => (
                "pharmacy.not-first",
                "Vous pourrez écrire à cette pharmacie dès qu’elle vous aura écrit une première fois.",
                "A patient can write to this pharmacy only after the pharmacy has written first.",
            ),
            Self::MandateMissing => (
                "mandate.missing",
                "Vous n’êtes pas autorisé à agir pour cette personne.",
                "You are not authorised to act for this person.",
            ),
            Self::MandateNotAccepted => (
                "mandate.not-accepted",
                "L’autorisation d’agir pour cette personne n’a pas encore été acceptée.",
                "The authorisation to act for this person has not been accepted.",
            ),
            Self::MandateNotYet => (
                "mandate.not-yet",
                "L’autorisation d’agir pour cette personne n’a pas encore commencé.",
                "The authorisation to act for this person has not begun yet.",
            ),
            Self::MandateOver => (
                "mandate.over",
                "L’autorisation d’agir pour cette personne est terminée.",
                "The authorisation to act for this person is over.",
            ),
            Self::MandateMajority => (
                "mandate.majority",
                "Cette personne est maintenant majeure : elle gère elle-même son espace.",
                "This person has come of age and now manages their own space.",
            ),
            Self::ReplyToOutsideTrust => (
                "identity.reply-to-outside-trust",
                "L’adresse de réponse (Reply-To) n’appartient pas à l’espace de confiance.",
                "The Reply-To address is not in the trust space.",
            ),
            Self::ReplyToUnknown => (
                "identity.reply-to-unknown",
                "L’adresse de réponse (Reply-To) n’existe pas.",
                "The Reply-To address does not exist.",
            ),
            Self::ReplyToPatient => (
                "identity.reply-to-patient",
                "L’adresse de réponse (Reply-To) ne peut pas être celle d’un patient.",
                "The Reply-To address cannot be a patient's.",
            ),
            Self::NameMismatch => (
                "patient.name-mismatch",
                "Le nom du destinataire n’est pas celui du patient de cette adresse : vérifiez le numéro INS.",
                "The recipient's name is not that of the patient at this address; please check the INS number.",
            ),
            Self::OnlyTnef => (
                "content.tnef",
                "Cette lettre est dans un format que le patient ne peut pas lire (winmail.dat) : envoyez-la en HTML ou en texte brut.",
                "This letter is in a format the patient cannot read (winmail.dat): send as HTML or plain text.",
            ),
            Self::AmbiguousContent => (
                "content.ambiguous",
                "La structure de cette lettre est ambiguë : deux logiciels y liraient deux textes différents.",
                "The structure of this letter is ambiguous: two programs would read different texts in it.",
            ),
            Self::SecrecyUnreadable => (
                "secrecy.unreadable",
                "La marque de confidentialité de cette lettre, ou l’archive IHE_XDM.zip qui la porte, ne peut pas être lue ; la lettre n’a pas été remise.",
                "The confidentiality mark of this letter, or the IHE_XDM.zip archive that carries it, cannot be read; the letter was not delivered.",
            ),
            Self::SecrecyNotKept => (
                "secrecy.not-kept",
                "Ce patient dépend d’un autre opérateur, qui pourrait montrer cette lettre malgré sa marque de confidentialité.",
                "This patient belongs to another operator, who might show this letter in spite of its confidentiality mark.",
            ),
            Self::NotAReport => (
                "report.only-reports",
                "Sans expéditeur, seul un accusé est accepté.",
                "Only reports are accepted from the null sender.",
            ),
            Self::ReportUnmatched => (
                "report.unmatched",
                "Cet accusé ne correspond à aucune lettre envoyée par le destinataire.",
                "This report matches no letter that the recipient sent.",
            ),
            Self::TooManyLettersInHour => (
                "limit.letters-hour",
                "Cette messagerie a envoyé autant de lettres qu’elle peut en une heure. Réessayez plus tard.",
                "This mailbox has sent as many letters as it may in an hour.",
            ),
            Self::TooManyLettersInDay => (
                "limit.letters-day",
                "Cette messagerie a envoyé autant de lettres qu’elle peut en un jour. Réessayez plus tard.",
                "This mailbox has sent as many letters as it may in a day.",
            ),
            Self::TooManyPatientsInDay => (
                "limit.patients-day",
                "Cette messagerie a écrit à autant de patients qu’elle peut en un jour. Réessayez demain.",
                "This mailbox has written to as many patients as it may in a day.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Grant;
    use std::collections::HashSet;

    #[test]
    fn every_rule_has_its_own_id_and_a_sentence_in_both_languages() {
        let refusals = Refusal::ALL.map(|rule| (rule.id(), rule.french(), rule.english()));
        let grants = Grant::ALL.map(|rule| (rule.id(), rule.french(), rule.english()));
        let (mut ids, mut french, mut english) = (HashSet::new(), HashSet::new(), HashSet::new());
        for (id, in_french, in_english) in refusals.into_iter().chain(grants) {
            assert!(
                id.contains('.') && id.bytes().all(|b| b.is_ascii_lowercase() || b"-.".contains(&b)),
                "{id}"
            );
            for sentence in [in_french, in_english] {
                assert!(sentence.len() > 15 && sentence.ends_with('.'), "{id}: {sentence}");
                assert!(sentence.starts_with(char::is_uppercase), "{id}: {sentence}");
            }
            assert!(ids.insert(id), "{id} stands for two rules");
            assert!(french.insert(in_french), "{id} repeats a French sentence");
            assert!(english.insert(in_english), "{id} repeats an English sentence");
        }
    }

    #[test]
    fn a_refusal_is_found_by_its_id() {
        for refusal in Refusal::ALL {
            assert_eq!(Refusal::from_id(refusal.id()), Some(refusal));
        }
        assert_eq!(Refusal::from_id("no.such-rule"), None);
    }
}
