//! Where patients look for a document (DOMAIN §5.4).

use names::fold;

use super::{LetterContent, PartFacts, title};

/// The shelves of the dossier.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Category {
    /// Ma santé en résumé.
    Summary,
    /// Ordonnances et soins.
    Prescription,
    /// Radio, écho, scanner, IRM.
    Imaging,
    /// Résultats de biologie.
    Biology,
    /// Comptes rendus.
    Report,
    /// Prévention et dépistages.
    Prevention,
    /// Certificats médicaux.
    Certificate,
    /// Autres documents.
    Other,
    /// Pièces administratives.
    Administrative,
    /// Synthèse du profil médical.
    ProfileSummary,
    /// Directives anticipées.
    AdvanceDirectives,
    /// Carnet vaccinal.
    Vaccination,
    /// Volonté du patient.
    Wishes,
    /// Remboursements.
    Reimbursement,
    /// Questionnaire santé.
    Questionnaire,
}

impl Category {
    /// Every category, in the order patients see them.
    pub const ALL: [Self; 15] = [
        Self::Summary,
        Self::Prescription,
        Self::Imaging,
        Self::Biology,
        Self::Report,
        Self::Prevention,
        Self::Certificate,
        Self::Other,
        Self::Administrative,
        Self::ProfileSummary,
        Self::AdvanceDirectives,
        Self::Vaccination,
        Self::Wishes,
        Self::Reimbursement,
        Self::Questionnaire,
    ];

    /// The national code.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.words().0
    }

    /// What patients read.
    #[must_use]
    pub fn label(self) -> &'static str {
        self.words().1
    }

    /// The category a code stands for.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.code() == code)
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Summary => ("SYNTHESE", "Ma santé en résumé"),
            Self::Prescription => ("ORD_SOIN", "Ordonnances et soins"),
            Self::Imaging => ("RADIO_SC", "Radio, écho, scanner, IRM"),
            Self::Biology => ("BIOLOGIE", "Résultats de biologie"),
            Self::Report => ("CPT_REND", "Comptes rendus"),
            Self::Prevention => ("DEPISTAG", "Prévention et dépistages"),
            Self::Certificate => ("CERT_MED", "Certificats médicaux"),
            Self::Other => ("AUTR_DOC", "Autres documents"),
            Self::Administrative => ("DOC_ADM", "Pièces administratives"),
            Self::ProfileSummary => ("SYNTH_PML", "Synthèse du profil médical"),
            Self::AdvanceDirectives => ("DIR_ANT", "Directives anticipées"),
            Self::Vaccination => ("CAR_VAC", "Carnet vaccinal"),
            Self::Wishes => ("VDP", "Volonté du patient"),
            Self::Reimbursement => ("REMB", "Remboursements"),
            Self::Questionnaire => ("QUEST_SANTE", "Questionnaire santé"),
        }
    }

    /// The category of a document type code (JDV_J07), where the rule is clear.
    #[must_use]
    pub fn of_document_code(code: &str) -> Option<Self> {
        match code {
            "18748-4" | "IMG-KOS" => Some(Self::Imaging),
            "11502-2" | "51969-4" | "96173-0" => Some(Self::Biology),
            "57833-6" | "57828-6" | "60593-1" => Some(Self::Prescription),
            "SYNTH" | "60591-5" => Some(Self::Summary),
            "75492-9" | "11369-6" | "87273-9" => Some(Self::Prevention),
            "CERT_DECL" | "89601-9" => Some(Self::Certificate),
            "51851-4" => Some(Self::Administrative),
            "REMB" => Some(Self::Reimbursement),
            "34112-3" | "11490-0" | "11488-4" | "34874-8" | "15507-7" => Some(Self::Report),
            code if code.starts_with("PRESC-") || code == "PROT_ALD" => Some(Self::Prescription),
            _ => None,
        }
    }

    /// The category of a document's class code (TRE_A03), where the rule is clear: coarser than its
    /// type, and so asked after it.
    #[must_use]
    pub fn of_class_code(code: &str) -> Option<Self> {
        match code {
            "10" => Some(Self::Report),
            "11" => Some(Self::Summary),
            "31" => Some(Self::Imaging),
            "42" => Some(Self::Prescription),
            _ => None,
        }
    }
}

/// The category the file's name suggests, else the code the sender gave, else the subject.
pub fn guess(letter: &LetterContent, part: &PartFacts) -> Category {
    let by_name = title::stem(part).and_then(|stem| of_words(&stem));
    let by_code = || letter.document_codes.iter().find_map(|code| Category::of_document_code(code.trim()));
    let by_subject = || of_words(&fold(&letter.subject.0));
    by_name.or_else(by_code).or_else(by_subject).unwrap_or(Category::Other)
}

/// Rows in order, the surest first: an *ordonnance* for an MRI is a prescription, a *facture* for
/// one is a bill, and "bilan" or "résultats" mean biology only when nothing else is said. A word
/// with a star stands for all that begin with it; several words must stand together.
fn of_words(folded: &str) -> Option<Category> {
    const ROWS: [(Category, &[&str]); 11] = [
        (Category::AdvanceDirectives, &["directives anticipees"]),
        (
            Category::Prescription,
            &[
                "ordonnance*",
                "prescription*",
                "ordo",
                "arret de travail",
                "protocole de soins",
                "plan de soins",
                "plan de traitement",
                "posologie",
            ],
        ),
        (
            Category::Administrative,
            &[
                "facture*",
                "devis",
                "attestation*",
                "convocation*",
                "rendez vous",
                "rdv",
                "mutuelle",
                "honoraires",
                "bulletin de situation",
                "bulletin d hospitalisation",
                "feuille de soins",
                "consentement",
                "admission",
                "quittance",
                "recu",
            ],
        ),
        (Category::Certificate, &["certificat*", "aptitude", "non contre indication"]),
        (Category::Prevention, &["depistage*", "vaccin*", "prevention", "frottis"]),
        (Category::Summary, &["synthese*", "vsm"]),
        (
            Category::Imaging,
            &[
                "radio",
                "radios",
                "radiographi*",
                "radiologi*",
                "scanner*",
                "tdm",
                "irm",
                "echo",
                "echographi*",
                "echodoppler",
                "doppler",
                "mammographi*",
                "imagerie",
                "scintigraphi*",
                "tep",
                "tepscan",
                "panoramique",
                "arthroscanner",
                "coroscanner",
                "uroscanner",
                "angioscanner",
                "angio irm",
                "osteodensitometri*",
                "rx",
            ],
        ),
        (
            Category::Biology,
            &[
                "biologi*",
                "bio",
                "analyse*",
                "labo",
                "laboratoire",
                "prise de sang",
                "bilan sanguin",
                "nfs",
                "ecbu",
                "serologi*",
                "hba1c",
                "hemogramme",
                "bacteriologi*",
                "glycemie",
                "inr",
                "lipidique",
                "hepatique",
            ],
        ),
        (
            Category::Report,
            &[
                "compte rendu",
                "compte rendus",
                "comptes rendus",
                "compterendu",
                "cr",
                "crh",
                "cro",
                "cra",
                "crop",
                "lettre de liaison",
                "lettre de sortie",
                "courrier*",
                "consultation*",
                "hospitalisation",
                "operatoire",
                "urgences",
                "orthophoni*",
                "orthopti*",
                "kine",
                "kinesitherapi*",
                "psychologi*",
                "psychomot*",
                "auditif",
                "anatomopathologi*",
                "endoscopi*",
                "coloscopie",
                "lettre",
            ],
        ),
        (Category::Biology, &["bilan*", "resultat*"]),
        (Category::ProfileSummary, &["profil medical"]),
    ];
    let words: Vec<&str> = folded.split(' ').collect();
    ROWS.iter()
        .find(|(_, phrases)| phrases.iter().any(|phrase| holds(&words, phrase)))
        .map(|(category, _)| *category)
}

fn holds(words: &[&str], phrase: &str) -> bool {
    let wanted: Vec<&str> = phrase.split(' ').collect();
    words
        .windows(wanted.len())
        .any(|window| window.iter().zip(&wanted).all(|(word, wanted)| is_word(word, wanted)))
}

fn is_word(word: &str, wanted: &str) -> bool {
    wanted.strip_suffix('*').map_or(word == wanted, |start| word.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn french_words_lead_to_the_shelf() {
        for (words, want) in [
            ("Ordonnance Dr Martin", "ORD_SOIN"),
            ("Prescription IRM genou", "ORD_SOIN"),
            ("Avis d'arrêt de travail", "ORD_SOIN"),
            ("CR_d_imagerie_medicale_CORSE_FIGATELLIX", "RADIO_SC"),
            ("Échographie abdominale", "RADIO_SC"),
            ("scanner thoracique", "RADIO_SC"),
            ("Résultats scanner", "RADIO_SC"),
            ("IRM", "RADIO_SC"),
            ("Bilan sanguin", "BIOLOGIE"),
            ("Résultats du 12 mai", "BIOLOGIE"),
            ("Bilan", "BIOLOGIE"),
            ("Bilan orthophonique", "CPT_REND"),
            ("Compte-rendu de biologie", "BIOLOGIE"),
            ("Compte rendu opératoire", "CPT_REND"),
            ("CRH", "CPT_REND"),
            ("Courrier de consultation", "CPT_REND"),
            ("Certificat de sport", "CERT_MED"),
            ("Facture IRM", "DOC_ADM"),
            ("Attestation de présence", "DOC_ADM"),
            ("Convocation scanner", "DOC_ADM"),
            ("Dépistage du cancer colorectal", "DEPISTAG"),
            ("Carnet de vaccination", "DEPISTAG"),
            ("Volet de synthèse médicale", "SYNTHESE"),
            ("Directives anticipées", "DIR_ANT"),
        ] {
            assert_eq!(of_words(&fold(words)).map(Category::code), Some(want), "{words}");
        }
        assert_eq!(of_words(&fold("Bonjour Madame")), None);
        assert_eq!(of_words(&fold("crème solaire")), None);
        assert_eq!(of_words(""), None);
    }

    #[test]
    fn a_category_is_found_by_its_code() {
        for category in Category::ALL {
            assert_eq!(Category::from_code(category.code()), Some(category));
            assert!(!category.label().is_empty());
        }
        assert_eq!(Category::of_document_code("PRESC-BIO"), Some(Category::Prescription));
        assert_eq!(Category::of_document_code("11502-2"), Some(Category::Biology));
        assert_eq!(Category::of_document_code("99999-9"), None);
        assert_eq!(Category::of_class_code("31"), Some(Category::Imaging));
        assert_eq!(Category::of_class_code("99"), None);
    }
}
