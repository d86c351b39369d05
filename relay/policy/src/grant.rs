//! Why a letter may pass: the rows of DESIGN §2.5 that say yes.

/// The rule that lets a letter pass.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Grant {
    /// A professional writes to a patient: the exchange opens or re-opens.
    ProfessionalWrites,
    /// … with the subject `[FIN]`: the exchange ends.
    ProfessionalEnds,
    /// … with `X-MSS-MES: FIN`: this letter opens nothing and cannot be answered.
    ProfessionalInforms,
    /// A professional writes to a patient who is not to see it yet: nothing opens.
    ProfessionalKeepsSecret,
    /// A patient answers a letter.
    PatientAnswers,
    /// A patient writes anew to an open contact.
    PatientWrites,
    /// A patient writes first to a pharmacy.
    PharmacyFirst,
    /// Another operator says its patient may write.
    OperatorTrusted,
    /// Two professionals inside the trust list.
    AmongProfessionals,
    /// A report on a letter the recipient sent.
    Report,
}

impl Grant {
    /// Every grant, for tables.
    pub const ALL: [Self; 10] = [
        Self::ProfessionalWrites,
        Self::ProfessionalEnds,
        Self::ProfessionalInforms,
        Self::ProfessionalKeepsSecret,
        Self::PatientAnswers,
        Self::PatientWrites,
        Self::PharmacyFirst,
        Self::OperatorTrusted,
        Self::AmongProfessionals,
        Self::Report,
    ];

    /// The stable id of the rule.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.words().0
    }

    /// One French sentence.
    #[must_use]
    pub fn french(self) -> &'static str {
        self.words().1
    }

    /// One English sentence.
    #[must_use]
    pub fn english(self) -> &'static str {
        self.words().2
    }

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::ProfessionalWrites => (
                "conversation.professional-writes",
                "Un professionnel écrit au patient, qui pourra lui répondre.",
                "A professional writes to the patient, who may answer.",
            ),
            Self::ProfessionalEnds => (
                "conversation.professional-ends",
                "Le professionnel met fin aux échanges.",
                "The professional ends the exchange.",
            ),
            Self::ProfessionalInforms => (
                "conversation.no-answer-wanted",
                "Le professionnel informe le patient sans attendre de réponse.",
                "The professional informs the patient and wants no answer to this letter.",
            ),
            Self::ProfessionalKeepsSecret => (
                "conversation.not-yet-visible",
                "La lettre attend une consultation d’annonce avant d’être montrée au patient.",
                "The letter waits for a consultation before the patient may see it.",
            ),
            Self::PatientAnswers => (
                "conversation.patient-answers",
                "Le patient répond à une lettre reçue.",
                "The patient answers a letter.",
            ),
            Self::PatientWrites => (
                "conversation.patient-writes",
                "Le patient écrit à un correspondant qui lui a déjà écrit.",
                "The patient writes to a correspondent who has written before.",
            ),
            Self::PharmacyFirst => (
                "pharmacy.first-letter",
                "Le patient écrit en premier à une pharmacie.",
                "The patient writes first to a pharmacy.",
            ),
            Self::OperatorTrusted => (
                "trust.patient-operator",
                "L’opérateur du patient a vérifié que cet échange est permis.",
                "The patient's operator has checked that this exchange is allowed.",
            ),
            Self::AmongProfessionals => (
                "trust.among-professionals",
                "Deux professionnels de l’espace de confiance s’écrivent.",
                "Two professionals of the trust space write to each other.",
            ),
            Self::Report => (
                "report.matched",
                "Un accusé concernant une lettre envoyée par le destinataire.",
                "A report on a letter that the recipient sent.",
            ),
        }
    }
}
