//! What must hold of a resource, as the register and as the resource itself is asked.

use names::{Finess, NationalPersonId, NationalStructureId, fold};
use register::{Criterion, ListingId, Mailbox, Match, Organisation, Place, Professional, Situation};

use crate::ids::RoleId;

/// One thing that must hold: at least one of these. None means that nothing answers.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Condition(pub(crate) Vec<Test>);

/// An alternative of a condition.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Test {
    /// Holds of every entry.
    Everything,
    /// What the register is asked.
    Held(Criterion),
    /// What the register is asked, and of what it finds only what is written so, letter by letter (FHIR R4
    /// §3.1.1.5.5: `:exact`).
    Exact(Criterion, String),
    /// This situation.
    Role(RoleId),
    /// A situation in the structure of this row.
    At(ListingId),
    /// A place of the structure of this row.
    PartOf(ListingId),
    /// A structure whose number of this kind is this one.
    Numbered(Number, String),
}

/// Numbers of structures that look alike: nine digits are a FINESS or a SIREN.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Number {
    Finess,
    Sirene,
}

/// The structures that conditions name by their rows: their numbers, looked up.
pub(crate) trait Structures {
    /// The structure of a row, when there is one.
    fn structure(&self, row: ListingId) -> Option<&Organisation>;
}

impl Condition {
    /// Rows of structures that must be looked up before the register can be asked.
    pub(crate) fn rows(&self) -> impl Iterator<Item = ListingId> {
        self.0.iter().filter_map(|test| match test {
            Test::At(row) | Test::PartOf(row) => Some(*row),
            Test::Everything | Test::Held(_) | Test::Exact(..) | Test::Role(_) | Test::Numbered(..) => None,
        })
    }

    /// As the register is asked; none when every entry will do.
    pub(crate) fn criterion(&self, structures: &impl Structures) -> Option<Criterion> {
        if self.0.contains(&Test::Everything) {
            return None;
        }
        let mut any: Vec<_> = self.0.iter().filter_map(|test| test.criterion(structures)).collect();
        Some(if any.len() == 1 { any.remove(0) } else { Criterion::Any(any) })
    }

    /// Whether it holds of this situation. What is asked of the professional was asked of the register.
    pub(crate) fn holds_of_role(
        &self,
        professional: &Professional,
        situation: &Situation,
        structures: &impl Structures,
    ) -> bool {
        self.0.iter().any(|test| match test {
            Test::Everything | Test::Numbered(..) | Test::PartOf(_) => true,
            Test::Held(criterion) => role(criterion, situation),
            Test::Exact(criterion, text) => {
                person_is(criterion, professional, text) || place_is(criterion, &situation.place, text)
            }
            Test::Role(id) => id.professional == professional.id && id.is(situation),
            Test::At(row) => structures
                .structure(*row)
                .is_some_and(|structure| situation.organisation.as_ref() == Some(&structure.national_id)),
        })
    }

    /// Whether it holds of the professional as such, not of a situation of theirs.
    pub(crate) fn holds_of_practitioner(&self, professional: &Professional) -> bool {
        self.0.iter().any(|test| match test {
            Test::Held(Criterion::Address(wanted)) => has_mailbox(&professional.mailboxes, wanted),
            Test::Exact(criterion, text) => person_is(criterion, professional, text),
            Test::Held(_) | Test::Everything | Test::Role(_) | Test::At(_) | Test::PartOf(_) => true,
            Test::Numbered(..) => true,
        })
    }

    /// Whether it holds of this structure.
    pub(crate) fn holds_of_organisation(&self, organisation: &Organisation) -> bool {
        self.0.iter().any(|test| match test {
            Test::Numbered(Number::Finess, number) => {
                organisation.finess.as_ref().is_some_and(|finess| finess.as_str() == number)
                    || organisation.national_id.0.strip_prefix('1') == Some(number)
            }
            Test::Numbered(Number::Sirene, number) => {
                [&organisation.siret, &organisation.siren].into_iter().any(|own| own.as_ref() == Some(number))
                    || organisation.national_id.0.strip_prefix(['2', '3']) == Some(number)
            }
            Test::Exact(Criterion::Name(_), text) => {
                [&organisation.name, &organisation.trade_name].into_iter().any(|name| name.trim() == text)
            }
            Test::Exact(criterion, text) => place_is(criterion, &organisation.place, text),
            Test::Held(_) | Test::Everything | Test::Role(_) | Test::At(_) | Test::PartOf(_) => true,
        })
    }

    /// Whether entries that the register finds may fall away, so that its total is not ours.
    pub(crate) fn narrows(&self, practitioners: bool) -> bool {
        self.0.iter().any(|test| match test {
            Test::Numbered(..) | Test::Exact(..) => true,
            Test::Held(Criterion::Address(_)) => practitioners,
            Test::Held(_) | Test::Everything | Test::Role(_) | Test::At(_) | Test::PartOf(_) => false,
        })
    }
}

impl Test {
    /// A professional by their national number.
    pub(crate) fn person(numbers: impl IntoIterator<Item = String>) -> Self {
        Self::Held(Criterion::Person(numbers.into_iter().map(NationalPersonId).collect()))
    }

    /// A structure by its national number.
    pub(crate) fn structure(number: String) -> Self {
        Self::Held(Criterion::Structure(vec![NationalStructureId(number)]))
    }

    fn criterion(&self, structures: &impl Structures) -> Option<Criterion> {
        match self {
            Self::Everything => None,
            Self::Held(criterion) | Self::Exact(criterion, _) => Some(criterion.clone()),
            Self::Role(id) => Some(Criterion::Row(vec![id.professional])),
            Self::At(row) => {
                let structure = structures.structure(*row)?;
                Some(Criterion::Structure(vec![structure.national_id.clone()]))
            }
            Self::PartOf(row) => Some(Criterion::PartOf(legal_number(structures.structure(*row)?)?)),
            Self::Numbered(_, number) => Some(Criterion::Identifier(number.clone())),
        }
    }
}

/// The FINESS by which places name their legal entity.
pub(crate) fn legal_number(organisation: &Organisation) -> Option<Finess> {
    let of_id = || organisation.national_id.0.strip_prefix('1').and_then(|text| Finess::parse(text).ok());
    organisation.finess.clone().or_else(of_id)
}

/// Whether it holds of a situation; what is asked about the person holds of all of theirs.
fn role(criterion: &Criterion, situation: &Situation) -> bool {
    match criterion {
        Criterion::Role(wanted) => [&situation.mode, &situation.role]
            .into_iter()
            .flatten()
            .any(|coded| text(&coded.code, wanted) || text(&coded.label, wanted)),
        Criterion::Town(wanted) => text(&situation.place.town, wanted),
        Criterion::PostalCode(wanted) => text(&situation.place.postal_code, wanted),
        Criterion::Line(wanted) => lines(&situation.place, wanted),
        Criterion::Organisation(wanted) => text(&situation.organisation_name, wanted),
        Criterion::Structure(numbers) => {
            situation.organisation.as_ref().is_some_and(|own| numbers.contains(own))
        }
        Criterion::Sector(wanted) => situation.sector.as_ref().is_some_and(|sector| text(&sector.0, wanted)),
        Criterion::Address(wanted) => has_mailbox(&situation.mailboxes, wanted),
        Criterion::Mailbox(address) => situation.mailboxes.iter().any(|own| own.address == *address),
        Criterion::Kind(kind) => situation.mailboxes.iter().any(|own| own.kind == *kind),
        Criterion::Service(wanted) => situation
            .mailboxes
            .iter()
            .any(|own| own.service.as_ref().is_some_and(|service| text(service, wanted))),
        Criterion::Any(criteria) => criteria.iter().any(|criterion| role(criterion, situation)),
        Criterion::Family(_)
        | Criterion::Given(_)
        | Criterion::Name(_)
        | Criterion::Profession(_)
        | Criterion::KnowHow(_)
        | Criterion::Person(_)
        | Criterion::Identifier(_)
        | Criterion::Row(_)
        | Criterion::UpdatedSince(_)
        | Criterion::UpdatedBefore(_)
        | Criterion::PartOf(_) => true,
    }
}

/// Whether a part of a professional's name is written so.
fn person_is(criterion: &Criterion, professional: &Professional, text: &str) -> bool {
    let Professional { civility, given_name, family_name, .. } = professional;
    let [civility, given, family] = [civility, given_name, family_name].map(|part| part.trim());
    let given_is = || given == text || given.split_whitespace().any(|one| one == text);
    let whole = || {
        let said: Vec<&str> = [civility, given, family].into_iter().filter(|part| !part.is_empty()).collect();
        said.join(" ") == text || format!("{given} {family}") == text
    };
    if matches!(criterion, Criterion::Name(_)) {
        return family == text || given_is() || whole();
    }
    (matches!(criterion, Criterion::Family(_)) && family == text)
        || (matches!(criterion, Criterion::Given(_)) && given_is())
}

/// Whether a part of a postal address is written so.
fn place_is(criterion: &Criterion, place: &Place, text: &str) -> bool {
    (matches!(criterion, Criterion::Town(_)) && place.town.trim() == text)
        || (matches!(criterion, Criterion::PostalCode(_)) && place.postal_code.trim() == text)
        || (matches!(criterion, Criterion::Line(_)) && place.lines.iter().any(|line| line.trim() == text))
}

fn lines(place: &Place, wanted: &Match) -> bool {
    place.lines.iter().any(|line| text(line, wanted))
}

/// Whether a mailbox that may be shown has such an address.
fn has_mailbox(mailboxes: &[Mailbox], wanted: &Match) -> bool {
    mailboxes.iter().filter(|mailbox| mailbox.is_shown()).any(|mailbox| {
        let address = mailbox.address.to_string();
        match wanted {
            Match::Exactly(text) => address == text.to_lowercase(),
            Match::Begins(text) => address.starts_with(&text.to_lowercase()),
            Match::Contains(text) => address.contains(&text.to_lowercase()),
            Match::Like(_) | Match::Present => true,
        }
    })
}

/// Case, accents and punctuation never count. A forgiving comparison is the register's.
fn text(own: &str, wanted: &Match) -> bool {
    let own = fold(own);
    match wanted {
        Match::Exactly(text) => own == fold(text),
        Match::Begins(text) => {
            let text = fold(text);
            own.starts_with(&text)
                || own.match_indices(' ').any(|(place, _)| own[place + 1..].starts_with(&text))
        }
        Match::Contains(text) => own.contains(&fold(text)),
        Match::Like(_) => true,
        Match::Present => !own.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{martin, nowhere};

    fn asks(criterion: Criterion) -> Condition {
        Condition(vec![Test::Held(criterion)])
    }

    #[test]
    fn a_question_about_places_keeps_the_situations_there() {
        let martin = martin();
        let begins = |text: &str| Match::Begins(text.to_owned());
        for (case, condition, kept) in [
            ("the town", asks(Criterion::Town(begins("lyon"))), vec!["A1"]),
            ("another town", asks(Criterion::Town(begins("SAINT"))), vec!["A2"]),
            ("a word within", asks(Criterion::Town(begins("étienne"))), vec!["A2"]),
            ("the mode", asks(Criterion::Role(Match::Exactly("L".to_owned()))), vec!["A1"]),
            ("the street", asks(Criterion::Line(Match::Contains("lilas".to_owned()))), vec!["A1"]),
            ("the name", asks(Criterion::Family(begins("martin"))), vec!["A1", "A2"]),
            ("a mailbox there", asks(Criterion::Address(begins("jeanne.martin@lilas"))), vec!["A1"]),
            (
                "one of two",
                Condition(vec![
                    Test::Held(Criterion::Town(begins("lyon"))),
                    Test::Held(Criterion::PostalCode(begins("42"))),
                ]),
                vec!["A1", "A2"],
            ),
            ("nothing", Condition(vec![]), vec![]),
        ] {
            let situations = martin.situations.iter();
            let left = situations.filter(|own| condition.holds_of_role(&martin, own, &nowhere()));
            assert_eq!(left.map(|own| own.id.as_str()).collect::<Vec<_>>(), kept, "{case}");
        }
    }

    /// FHIR R4 §3.1.1.5.5: the whole string, casing and accents too.
    #[test]
    fn what_is_exact_is_compared_letter_by_letter() {
        let martin = martin();
        let exact = |of: fn(Match) -> Criterion, text: &str| {
            Condition(vec![Test::Exact(of(Match::Exactly(text.to_owned())), text.to_owned())])
        };
        for (case, of, asked, found) in [
            ("as it is written", Criterion::Family as fn(Match) -> Criterion, "MARTIN-LEFÈVRE", true),
            ("without its accent", Criterion::Family, "MARTIN-LEFEVRE", false),
            ("in another case", Criterion::Family, "Martin-Lefèvre", false),
            ("without its hyphen", Criterion::Family, "MARTIN LEFÈVRE", false),
            ("its beginning", Criterion::Family, "MARTIN", false),
            ("one of two given names", Criterion::Given, "Marie", true),
            ("both given names", Criterion::Given, "Jeanne Marie", true),
            ("a given name in another case", Criterion::Given, "marie", false),
            ("any part of the name", Criterion::Name, "Jeanne", true),
            ("the whole name", Criterion::Name, "Dr Jeanne Marie MARTIN-LEFÈVRE", true),
            ("no part of the name", Criterion::Name, "jeanne", false),
        ] {
            assert_eq!(exact(of, asked).holds_of_practitioner(&martin), found, "{case}");
        }
        for (asked, places) in [
            ("SAINT-ÉTIENNE", vec!["A2"]),
            ("SAINT-ETIENNE", vec![]),
            ("Saint-Étienne", vec![]),
            ("LYON", vec!["A1"]),
        ] {
            let town = exact(Criterion::Town, asked);
            let there = martin.situations.iter().filter(|own| town.holds_of_role(&martin, own, &nowhere()));
            assert_eq!(there.map(|own| own.id.as_str()).collect::<Vec<_>>(), places, "{asked}");
        }
        let family = |text| exact(Criterion::Family, text);
        assert!(family("x").narrows(true), "the register's total is not ours");
    }

    #[test]
    fn a_mailbox_of_a_situation_is_not_the_professionals() {
        let martin = martin();
        let begins = |text: &str| asks(Criterion::Address(Match::Begins(text.to_owned())));
        assert!(begins("jeanne.martin@pro").holds_of_practitioner(&martin));
        assert!(!begins("jeanne.martin@lilas").holds_of_practitioner(&martin));
        assert!(!begins("jeanne.secret").holds_of_practitioner(&martin));
    }
}
