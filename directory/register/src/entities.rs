//! What is published (DOMAIN §1.5, §4.1, §4.4, §4.5).

use names::{
    AccountKind, Address, Finess, NationalPersonId, NationalStructureId, Profession, SectorCode, Timestamp,
};
use serde::{Deserialize, Serialize};

/// Row id of a professional or an organisation, the same as long as it is published. Those of the national
/// extracts are counted from 1; those of this house are [`db::Db::id`]s, far above.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct ListingId(pub i64);

/// Where an entry comes from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Source {
    /// This house: its own mailboxes and who holds them. Wins over the national extracts.
    Local,
    /// The national extracts.
    National,
}

/// A code of a national value set with its label.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Coded {
    /// As `SM04`.
    pub code: String,
    /// As `Cardiologie`; empty when the source gives none.
    pub label: String,
}

/// Category of a professional (TRE_R09).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Category {
    /// `C`
    Civil,
    /// `M`
    Military,
    /// `E`
    Student,
}

/// An entry of the directory.
#[derive(Clone, PartialEq, Debug)]
pub enum Listing {
    /// Somebody.
    Professional(Box<Professional>),
    /// A structure.
    Organisation(Box<Organisation>),
}

impl Listing {
    /// Its row id.
    #[must_use]
    pub fn id(&self) -> ListingId {
        match self {
            Self::Professional(professional) => professional.id,
            Self::Organisation(organisation) => organisation.id,
        }
    }

    /// All its mailboxes, those of situations behind the others.
    pub fn mailboxes(&self) -> impl Iterator<Item = &Mailbox> {
        let (own, situations) = match self {
            Self::Professional(professional) => (&professional.mailboxes, &professional.situations[..]),
            Self::Organisation(organisation) => (&organisation.mailboxes, &[][..]),
        };
        own.iter().chain(situations.iter().flat_map(|situation| &situation.mailboxes))
    }
}

/// A professional with all situations of practice.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Professional {
    /// Row id.
    pub id: ListingId,
    /// Where from.
    pub source: Source,
    /// `8` + RPPS, `0` + ADELI, `3`… for those known by their structure only (DOMAIN §4.6).
    pub national_id: NationalPersonId,
    /// In practice: `Dr`, `Pr`, `Mme`, `M`; empty when unknown.
    pub civility: String,
    /// First name in practice; may hold several.
    pub given_name: String,
    /// Last name in practice.
    pub family_name: String,
    /// Profession (TRE_G15).
    pub profession: Option<Profession>,
    /// Civil, military, student.
    pub category: Option<Category>,
    /// Know-how: specialities.
    pub know_how: Vec<Coded>,
    /// Where they practise.
    pub situations: Vec<Situation>,
    /// PER and CAB mailboxes held by the professional alone; those of a situation stand there.
    pub mailboxes: Vec<Mailbox>,
    /// When this entry last changed.
    pub updated: Timestamp,
}

/// A situation of practice: a professional in a structure (DOMAIN §4.5).
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Situation {
    /// Identifier of the activity, unique within the professional.
    pub id: String,
    /// `L` liberal, `S` employee, `B` volunteer.
    pub mode: Option<Coded>,
    /// Role or function.
    pub role: Option<Coded>,
    /// The structure, when there is one.
    pub organisation: Option<NationalStructureId>,
    /// Its name, so that a list needs no second look.
    pub organisation_name: String,
    /// Sector of activity of the structure.
    pub sector: Option<SectorCode>,
    /// Where it is.
    pub place: Place,
    /// Telephone of the structure.
    pub phone: Option<String>,
    /// PER and CAB mailboxes that belong to this situation.
    pub mailboxes: Vec<Mailbox>,
}

/// A legal or geographic entity.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Organisation {
    /// Row id.
    pub id: ListingId,
    /// Where from.
    pub source: Source,
    /// `1` + FINESS, `2` + SIREN, `3` + SIRET, `4` + RPPS rank (DOMAIN §4.6).
    pub national_id: NationalStructureId,
    /// FINESS of this entity.
    pub finess: Option<Finess>,
    /// FINESS of the legal entity it belongs to.
    pub finess_legal: Option<Finess>,
    /// SIRET, 14 digits.
    pub siret: Option<String>,
    /// SIREN, 9 digits.
    pub siren: Option<String>,
    /// Legal name.
    pub name: String,
    /// Name on the door; empty when there is no other.
    pub trade_name: String,
    /// Sector of activity (TRE_R02).
    pub sector: Option<SectorCode>,
    /// Whether it is the legal entity itself, not a place of it.
    pub legal: bool,
    /// Where it is.
    pub place: Place,
    /// Telephone.
    pub phone: Option<String>,
    /// ORG and APP mailboxes.
    pub mailboxes: Vec<Mailbox>,
    /// When this entry last changed.
    pub updated: Timestamp,
}

/// A postal address.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Place {
    /// Street and complements, one line each, as an envelope has them.
    pub lines: Vec<String>,
    /// Postal code.
    pub postal_code: String,
    /// Town.
    pub town: String,
    /// Code of the département; empty when unknown.
    pub department: String,
    /// Country; empty is France.
    pub country: String,
}

/// A mailbox as the directory publishes it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Mailbox {
    /// Never changes (DOMAIN §1.5).
    pub address: Address,
    /// Never changes: PER, ORG, APP, CAB.
    pub kind: AccountKind,
    /// What it is for.
    pub description: Option<String>,
    /// Service it is attached to (ORG, APP).
    pub service: Option<String>,
    /// Who answers for it: shown to administrators only (DOMAIN §4.1: restricted).
    pub responsible: Option<String>,
    /// Never shown to who searches.
    pub red_list: bool,
    /// 1 is the holder's preferred one.
    pub rank: i64,
    /// Whether its holder wants no paper beside (column 18 of the extract).
    pub paperless: bool,
    /// When it last changed.
    pub updated: Timestamp,
    /// Whether it may be written to now. Not part of a stored entry: see `local`.
    #[serde(skip)]
    pub standing: Standing,
}

/// Whether a mailbox that is published may be written to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Standing {
    /// It takes letters.
    #[default]
    Open,
    /// It is stopped for a time: letters are refused (DOMAIN §1.6), and nobody is to be led to it.
    Suspended,
}

impl Mailbox {
    /// Whether everybody may see it: it is not on the red list, and may be written to.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        !self.red_list && self.standing == Standing::Open
    }
}
