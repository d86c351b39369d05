//! Structures where people practise.

use super::people::of_towns;
use super::{Dice, Words, luhn_digit};

/// Kind of a structure, with its sector of activity (DOMAIN §4.8).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Hospital,
    Clinic,
    NursingHome,
    Pharmacy,
    Laboratory,
    HealthCentre,
    HealthHouse,
    GroupPractice,
    Practice,
}

impl Kind {
    /// Kinds and how many of a thousand structures are of each.
    const SHARES: [(Self, u64); 9] = [
        (Self::Hospital, 8),
        (Self::Clinic, 8),
        (Self::NursingHome, 35),
        (Self::Pharmacy, 90),
        (Self::Laboratory, 20),
        (Self::HealthCentre, 12),
        (Self::HealthHouse, 12),
        (Self::GroupPractice, 215),
        (Self::Practice, 600),
    ];

    pub(super) fn sector(self) -> &'static str {
        match self {
            Self::Hospital => "SA01",
            Self::Clinic => "SA04",
            Self::HealthCentre => "SA05",
            Self::Practice => "SA07",
            Self::GroupPractice => "SA08",
            Self::NursingHome => "SA17",
            Self::Laboratory => "SA25",
            Self::Pharmacy => "SA33",
            Self::HealthHouse => "SA52",
        }
    }

    /// Whether it is known by a FINESS; the others have a SIRET alone.
    fn has_finess(self) -> bool {
        !matches!(self, Self::GroupPractice | Self::Practice)
    }

    /// First number and count of the structures of this kind, of `all`.
    fn range(self, all: u64) -> (u64, u64) {
        let mut first = 0;
        for (kind, share) in Self::SHARES {
            let count = (all * share / 1_000).max(1);
            if kind == self {
                return (first, count);
            }
            first += count;
        }
        (0, 1)
    }

    /// The kind of structure number `number` of `all`.
    fn of(number: u64, all: u64) -> Self {
        let is_it = |(kind, _): &(Self, u64)| {
            let (first, count) = kind.range(all);
            (first..first + count).contains(&number)
        };
        Self::SHARES.iter().find(|share| is_it(share)).map_or(Self::Practice, |(kind, _)| *kind)
    }

    /// Where somebody of this profession practises.
    pub(super) fn for_profession(profession: &str, dice: &mut Dice) -> Self {
        let thrown = dice.below(100);
        match profession {
            "21" => match thrown {
                0..85 => Self::Pharmacy,
                85..92 => Self::Laboratory,
                _ => Self::Hospital,
            },
            "86" => Self::Laboratory,
            "35" | "98" => {
                if thrown < 40 {
                    Self::NursingHome
                } else {
                    Self::Hospital
                }
            }
            "10" | "50" | "60" => match thrown {
                0..40 => Self::Hospital,
                40..50 => Self::Clinic,
                50..56 => Self::NursingHome,
                56..60 => Self::HealthCentre,
                60..64 => Self::HealthHouse,
                64..78 => Self::GroupPractice,
                _ => Self::Practice,
            },
            _ => match thrown {
                0..20 => Self::Hospital,
                20..50 => Self::GroupPractice,
                _ => Self::Practice,
            },
        }
    }
}

/// A structure.
#[derive(Clone, Debug)]
pub(super) struct Structure {
    pub(super) kind: Kind,
    pub(super) finess: String,
    pub(super) finess_legal: String,
    pub(super) siret: String,
    pub(super) siren: String,
    pub(super) name: String,
    pub(super) trade_name: String,
    pub(super) number: String,
    pub(super) way_kind: &'static str,
    pub(super) way: &'static str,
    pub(super) hamlet: &'static str,
    pub(super) postal_code: &'static str,
    pub(super) town: &'static str,
    pub(super) phone: String,
}

impl Structure {
    /// Type and identifier as the mailbox extract has them.
    pub(super) fn identifier(&self) -> (&'static str, &str) {
        if self.finess.is_empty() { ("SIRET", &self.siret) } else { ("FINESS", &self.finess) }
    }

    pub(super) fn department(&self) -> &str {
        match self.postal_code.get(..2) {
            Some("97") => self.postal_code.get(..3).unwrap_or_default(),
            Some("20") if self.postal_code < "20200" => "2A",
            Some("20") => "2B",
            other => other.unwrap_or_default(),
        }
    }
}

/// How many structures there are for so many professionals.
pub(super) fn count(professionals: u64) -> u64 {
    (professionals / 6).max(9)
}

/// A structure of a kind, for somebody.
pub(super) fn pick(kind: Kind, all: u64, dice: &mut Dice) -> u64 {
    let (first, count) = kind.range(all);
    first + dice.below(count)
}

/// Structure number `number` of `all`, always the same.
pub(super) fn structure(words: &Words, seed: u64, number: u64, all: u64) -> Structure {
    let mut dice = Dice::of(seed, "structure", number);
    let kind = Kind::of(number, all);
    let (postal_code, town) = of_towns(words, &mut dice);
    let mut made = Structure {
        kind,
        finess: String::new(),
        finess_legal: String::new(),
        siret: String::new(),
        siren: String::new(),
        name: String::new(),
        trade_name: String::new(),
        number: (1 + dice.below(120)).to_string(),
        way_kind: dice.one(&["RUE", "AV", "BD", "PL", "CHE", "ALL"]),
        way: dice.one(&words.streets),
        hamlet: if dice.once_in(40) {
            dice.one(&["Le Bourg", "Les Granges", "La Croix", "Z A du Parc"])
        } else {
            ""
        },
        postal_code,
        town,
        phone: format!("0{}{:08}", 1 + dice.below(5), dice.below(100_000_000)),
    };
    // Numbers are counted: no two structures share one. Their holders do not exist.
    let siren = format!("{:08}", 90_000_000 + number % 10_000_000);
    made.siren = format!("{siren}{}", luhn_digit(&siren));
    let site = format!("{}{:04}", made.siren, 1 + dice.below(40));
    made.siret = format!("{site}{}", luhn_digit(&site));
    if kind.has_finess() {
        made.finess = finess(made.department(), number);
        made.finess_legal = finess(made.department(), 900_000 + number % 90_000);
    }
    let name = words.family.get(dice.below(words.family.len() as u64) as usize).copied().unwrap_or_default();
    let town_name = town.to_uppercase();
    (made.name, made.trade_name) = match kind {
        Kind::Hospital => (format!("CENTRE HOSPITALIER DE {town_name}"), format!("CH {town_name}")),
        Kind::Clinic => {
            (format!("SAS CLINIQUE {}", name.to_uppercase()), format!("CLINIQUE {}", name.to_uppercase()))
        }
        Kind::NursingHome => (format!("EHPAD {}", dice.one(&words.streets).to_uppercase()), String::new()),
        Kind::Pharmacy => {
            (format!("SELARL PHARMACIE {}", name.to_uppercase()), format!("PHARMACIE DE {town_name}"))
        }
        Kind::Laboratory => (format!("LABORATOIRE {}", name.to_uppercase()), String::new()),
        Kind::HealthCentre => (format!("CENTRE DE SANTE DE {town_name}"), String::new()),
        Kind::HealthHouse => (format!("MSP {town_name}"), String::new()),
        Kind::GroupPractice => (format!("SCM {}", dice.one(&words.streets).to_uppercase()), String::new()),
        Kind::Practice => (format!("CABINET {}", name.to_uppercase()), String::new()),
    };
    made
}

/// Département, six digits, and a check digit where digits alone make it up.
fn finess(department: &str, number: u64) -> String {
    let body = format!("{:0>2}{:06}", department.get(..2).unwrap_or("00"), number % 1_000_000);
    if body.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("{body}{}", luhn_digit(&body))
    } else {
        format!("{body}{}", number % 10)
    }
}
