//! Names of the trade in URLs: systems of codes and identifiers, extensions (DOMAIN §4.1; the examples of the
//! directory's implementation guide, IG-AS 1.1.0, and of the French core, for those that DOMAIN names in short).

/// National person id: `8` + RPPS, `0` + ADELI.
pub const PERSON: &str = "urn:oid:1.2.250.1.71.4.2.1";
/// RPPS of a person, and activity id of a situation.
pub const RPPS: &str = "https://rpps.esante.gouv.fr";
/// National structure id: `1` + FINESS, `3` + SIRET.
pub const STRUCTURE: &str = "urn:oid:1.2.250.1.71.4.2.2";
/// FINESS.
pub const FINESS: &str = "https://finess.esante.gouv.fr";
/// RPPS rank of a practice.
pub const RPPS_RANK: &str = "https://rppsrang.esante.gouv.fr";
/// SIREN and SIRET.
pub const SIRENE: &str = "https://sirene.fr";
/// Kinds of identifiers: `IDNPS`, `RPPS`, `IDNST`, `FINEG`, `FINEJ`, `RPPSRG`, `SIREN`, `SIRET`.
pub const IDENTIFIER_TYPE: &str = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203";
/// Legal or geographic entity.
pub const ORGANISATION_TYPE: &str = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-3307";
/// Which of its types a code of an organisation is.
pub const ORGANISATION_TYPES: &str =
    "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-ext-organization-types";
/// Sectors of activity.
pub const SECTOR: &str =
    "https://mos.esante.gouv.fr/NOS/TRE_R02-SecteurActivite/FHIR/TRE-R02-SecteurActivite";
/// Professions.
pub const PROFESSION: &str =
    "https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante";
/// Civil, military, student.
pub const CATEGORY: &str =
    "https://mos.esante.gouv.fr/NOS/TRE_R09-CategorieProfessionnelle/FHIR/TRE-R09-CategorieProfessionnelle";
/// Specialities (`SM04`); other know-how stands in systems that the extracts do not tell.
pub const SPECIALITY: &str =
    "https://mos.esante.gouv.fr/NOS/TRE_R38-SpecialiteOrdinale/FHIR/TRE-R38-SpecialiteOrdinale";
/// Modes of practice.
pub const MODE: &str = "https://mos.esante.gouv.fr/NOS/TRE_R23-ModeExercice/FHIR/TRE-R23-ModeExercice";
/// Functions (`FON-05`).
pub const FUNCTION: &str = "https://mos.esante.gouv.fr/NOS/TRE_R21-Fonction/FHIR/TRE-R21-Fonction";
/// Kinds of e-mail: of the trust space, or ordinary.
pub const EMAIL_TYPE: &str =
    "https://mos.esante.gouv.fr/NOS/TRE_R256-TypeMessagerie/FHIR/TRE-R256-TypeMessagerie";
/// The extension that carries it.
pub const EMAIL_TYPE_EXTENSION: &str =
    "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-contact-point-email-type";
/// Kinds of mailboxes, the codes of `JDV_J139-TypeBAL-RASS`.
pub const MAILBOX_TYPE: &str = "https://mos.esante.gouv.fr/NOS/TRE_R257-TypeBAL/FHIR/TRE-R257-TypeBAL";
/// What is told of a mailbox.
pub const MAILBOX: &str =
    "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-ext-mailbox-mss-metadata";
/// Tag of a resource that is not given whole (FHIR R4 §3.1.1.5).
pub const SUBSETTED: &str = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";
