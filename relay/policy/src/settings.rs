//! The operator's choices where the law of the trade leaves one.

use names::SectorCode;
use serde::{Deserialize, Serialize};

use crate::Allowances;

/// Section `[policy]` of the configuration. Every field has a default.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Which pharmacies a patient may write to first.
    pub pharmacy_mode: PharmacyMode,
    /// Sectors of activity that make an organisation a pharmacy (TRE_R02, DOMAIN §4.8).
    pub pharmacy_sectors: Vec<SectorCode>,
    /// What to do when the name in `To` is somebody else's.
    pub name_mismatch: NameMismatch,
    /// What to do with letters of patients of other operators.
    pub remote_patient: RemotePatient,
    /// What to do with a letter that two programs would read differently (DESIGN §6).
    pub ambiguous_mime: AmbiguousMime,
    /// How much a mailbox may send.
    pub sending: Allowances,
    /// After how many days the sender of a letter to a patient hears that nobody opened it, if their
    /// mailbox follows its letters; 0 for never.
    pub unopened_after_days: u16,
    /// Whether letters of patients carry the fields that practice software knows them by.
    pub patient_fields: PatientFields,
    /// Whether there is a way out; assembly knows, not this section.
    #[serde(skip)]
    pub reach: Reach,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            pharmacy_mode: PharmacyMode::Any,
            pharmacy_sectors: ["SA33", "SA38", "SA39", "SA65"].map(|code| SectorCode(code.to_owned())).into(),
            name_mismatch: NameMismatch::Refuse,
            remote_patient: RemotePatient::TrustOperator,
            ambiguous_mime: AmbiguousMime::Quarantine,
            sending: Allowances::default(),
            unopened_after_days: 7,
            patient_fields: PatientFields::Written,
            reach: Reach::Everybody,
        }
    }
}

/// Whom letters can reach at all.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Reach {
    /// Ours, and those of every trusted operator.
    #[default]
    Everybody,
    /// Ours alone: this house does not speak with other operators. A letter to theirs would wait for
    /// ever, so nobody accepts it.
    OnlyOurs,
}

/// Which pharmacies a patient may write to first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PharmacyMode {
    /// All of them.
    Any,
    /// Those the patient is known to use.
    Known,
    /// None: a pharmacy is a correspondent like the others.
    Closed,
}

impl PharmacyMode {
    /// Every mode, for tables of tests.
    pub const ALL: [Self; 3] = [Self::Any, Self::Known, Self::Closed];
}

/// What to do when a display name of two words or more matches none of the patient's names. A
/// single word that does not match only ever warns.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameMismatch {
    /// Refuse: the INS is probably wrong.
    Refuse,
    /// Deliver, and tell.
    Warn,
}

/// What to do with a letter of another operator's patient to our professional.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemotePatient {
    /// Their operator has checked; the letter is flagged and counted.
    TrustOperator,
    /// Judge by the contacts we have seen or imported.
    Enforce,
}

/// What to do with an ambiguous letter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AmbiguousMime {
    /// Keep it aside with a notice.
    Quarantine,
    /// Refuse it.
    Refuse,
}

/// What a patient's letter says of them beside the text (docs/headers.md).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PatientFields {
    /// INS, date of birth, who wrote for them.
    Written,
    /// Nothing more than the letter itself.
    Absent,
}
