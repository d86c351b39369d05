//! Which questions to the register find every entry that a filter can mean. They may find more: the
//! filter itself is asked of each entry afterwards.

#[cfg(test)]
mod tests;

use names::{AccountKind, Address, Finess, NationalStructureId, Timestamp};
use register::limits::CONTAINS_CHARACTERS;
use register::{Criterion, Match, Query, Wanted};

use crate::filter::{Filter, Like, Test};
use crate::limits;
use crate::schema::{Attribute, Class};

/// Where holders are looked for.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Plan {
    /// No holder can be meant.
    Nothing,
    /// In the answers to these questions.
    Questions(Vec<Query>),
    /// Everywhere.
    Everything,
}

/// Criteria of one question; more narrow nothing that a page would notice.
const CRITERIA: usize = 6;

/// The questions for a filter.
pub(crate) fn plan(filter: &Filter) -> Plan {
    match filter {
        Filter::And(all) => all.iter().map(plan).fold(Plan::Everything, both),
        Filter::Or(all) => all.iter().map(plan).fold(Plan::Nothing, either),
        // What something is not narrows nothing.
        Filter::Not(_) | Filter::Any(_) => Plan::Everything,
        Filter::Is(attribute, test) => of_attribute(*attribute, test),
        Filter::Words(Like { text, asked: Some(_) }) => {
            one(Query { text: Some(text.clone()), ..Query::default() })
        }
        Filter::Words(_) => Plan::Everything,
        Filter::Absent | Filter::Undefined => Plan::Nothing,
    }
}

fn one(query: Query) -> Plan {
    Plan::Questions(vec![query])
}

fn all(criteria: Vec<Criterion>) -> Plan {
    if criteria.is_empty() { Plan::Everything } else { one(Query { all: criteria, ..Query::default() }) }
}

/// Both must hold.
fn both(left: Plan, right: Plan) -> Plan {
    match (left, right) {
        (Plan::Nothing, _) | (_, Plan::Nothing) => Plan::Nothing,
        (Plan::Everything, other) | (other, Plan::Everything) => other,
        (Plan::Questions(left), Plan::Questions(right)) => {
            let (few, many) = if left.len() <= right.len() { (left, right) } else { (right, left) };
            // One question narrows each of the others; several by several would be too many.
            let [narrow] = few.as_slice() else { return Plan::Questions(few) };
            let questions: Vec<Query> = many.into_iter().filter_map(|query| merged(query, narrow)).collect();
            if questions.is_empty() { Plan::Nothing } else { Plan::Questions(questions) }
        }
    }
}

/// One of them must hold.
fn either(left: Plan, right: Plan) -> Plan {
    match (left, right) {
        (Plan::Everything, _) | (_, Plan::Everything) => Plan::Everything,
        (Plan::Nothing, other) | (other, Plan::Nothing) => other,
        (Plan::Questions(mut left), Plan::Questions(right)) => {
            left.extend(right.into_iter().filter(|query| !left.contains(query)).collect::<Vec<_>>());
            if left.len() > limits::ALTERNATIVES { Plan::Everything } else { Plan::Questions(left) }
        }
    }
}

/// Both questions in one; none when nobody can answer both.
fn merged(mut query: Query, other: &Query) -> Option<Query> {
    query.wanted = match (query.wanted, other.wanted) {
        (Wanted::Everything, wanted) | (wanted, Wanted::Everything) => wanted,
        (one, other) if one == other => one,
        (Wanted::Professionals | Wanted::Organisations, _) => return None,
    };
    query.reachable |= other.reachable;
    query.text = query.text.or_else(|| other.text.clone());
    for criterion in &other.all {
        if query.all.len() < CRITERIA && !query.all.contains(criterion) {
            query.all.push(criterion.clone());
        }
    }
    Some(query)
}

fn of_attribute(attribute: Attribute, test: &Test) -> Plan {
    use Attribute as A;
    match attribute {
        A::Mail | A::Uid => of_address(test),
        A::Sn => all(of_text(Criterion::Family, test)),
        A::GivenName => all(of_text(Criterion::Given, test)),
        A::Cn | A::DisplayName => of_name(test),
        A::O => all(of_text(Criterion::Organisation, test)),
        A::Ou => all(of_text(Criterion::Service, test)),
        A::L => all(of_text(Criterion::Town, test)),
        A::PostalCode => all(of_text(Criterion::PostalCode, test)),
        A::Street => all(of_text(Criterion::Line, test)),
        A::Title => all(of_text(Criterion::Profession, test)),
        A::PliProfession => all(of_code(Criterion::Profession, test)),
        A::PliSpeciality => all(of_text(Criterion::KnowHow, test)),
        A::PliSpecialityCode => all(of_code(Criterion::KnowHow, test)),
        A::PliSector => all(of_code(Criterion::Sector, test)),
        A::PliRole => all(of_text(Criterion::Role, test)),
        A::PliPracticeMode => all(of_code(Criterion::Role, test)),
        A::PliNationalId | A::PliRpps => match equal(test) {
            Some(value) => all(vec![Criterion::Identifier(value.to_uppercase())]),
            None => Plan::Everything,
        },
        A::PliStructureId => match equal(test) {
            Some(value) => all(vec![structure(value)]),
            None => Plan::Everything,
        },
        // An entity's own number, or that of the legal entity it belongs to.
        A::PliFiness => {
            let legal = equal(test).and_then(|value| Finess::parse(value).ok()).map(Criterion::PartOf);
            either(identifier("1", test), legal.map_or(Plan::Nothing, |legal| all(vec![legal])))
        }
        A::PliSiret => identifier("3", test),
        A::PliMailboxKind => match equal(test).map(|value| AccountKind::from_code(&value.to_uppercase())) {
            Some(Some(kind)) => all(vec![Criterion::Kind(kind)]),
            Some(None) => Plan::Nothing,
            None => Plan::Everything,
        },
        A::ModifyTimestamp => match test {
            Test::AtLeast(value) | Test::Equal(value) => match since(value) {
                Some(since) => all(vec![Criterion::UpdatedSince(since)]),
                None => Plan::Everything,
            },
            Test::Parts { .. } | Test::AtMost(_) | Test::Present | Test::Like(_) | Test::Exactly(_) => {
                Plan::Everything
            }
        },
        A::ObjectClass | A::StructuralObjectClass => match equal(test) {
            Some(value) => of_class(Class::named(value, "")),
            None => Plan::Everything,
        },
        // Attributes that no index knows, or that only the fixed entries have.
        A::PersonalTitle
        | A::St
        | A::PostalAddress
        | A::TelephoneNumber
        | A::Description
        | A::PliRank
        | A::PliPaperless
        | A::EntryDn
        | A::EntryUuid
        | A::HasSubordinates
        | A::SubschemaSubentry => Plan::Everything,
        A::CreateTimestamp
        | A::ObjectClasses
        | A::AttributeTypes
        | A::NamingContexts
        | A::SupportedControl
        | A::SupportedExtension
        | A::SupportedFeatures
        | A::SupportedLdapVersion
        | A::SupportedSaslMechanisms
        | A::VendorName
        | A::VendorVersion => Plan::Nothing,
    }
}

fn equal(test: &Test) -> Option<&str> {
    match test {
        Test::Equal(value) | Test::Exactly(value) => Some(value),
        Test::Parts { .. } | Test::AtLeast(_) | Test::AtMost(_) | Test::Present | Test::Like(_) => None,
    }
}

fn of_address(test: &Test) -> Plan {
    match test {
        Test::Equal(value) | Test::Exactly(value) => match Address::parse(value) {
            Ok(address) => all(vec![Criterion::Mailbox(address)]),
            Err(_) => Plan::Nothing,
        },
        Test::Present => one(Query { reachable: true, ..Query::default() }),
        Test::Parts { .. } => all(of_text(Criterion::Address, test)),
        Test::AtLeast(_) | Test::AtMost(_) | Test::Like(_) => Plan::Everything,
    }
}

/// Criteria on a text that the register has word by word.
fn of_text(criterion: fn(Match) -> Criterion, test: &Test) -> Vec<Criterion> {
    match test {
        Test::Equal(value) => exactly(criterion, value),
        Test::Exactly(value) => exactly(criterion, &names::fold(value)),
        Test::Parts { initial, any, last } => {
            let begins = words(initial).into_iter().map(|word| Match::Begins(word.to_owned()));
            // Only the longest of the others: one narrows, all would cost.
            let longest = any.iter().chain([last]).flat_map(|part| words(part)).max_by_key(|word| word.len());
            let longest = longest.filter(|word| word.chars().count() >= CONTAINS_CHARACTERS);
            let contains = longest.map(|word| Match::Contains(word.to_owned()));
            begins.chain(contains).map(criterion).collect()
        }
        Test::Like(Like { text, asked: Some(_) }) => vec![criterion(Match::Like(text.clone()))],
        Test::Like(_) | Test::Present | Test::AtLeast(_) | Test::AtMost(_) => Vec::new(),
    }
}

/// Criteria on a code: known by how it begins, not by what stands in it.
fn of_code(criterion: fn(Match) -> Criterion, test: &Test) -> Vec<Criterion> {
    match test {
        Test::Equal(value) => exactly(criterion, value),
        Test::Exactly(value) => exactly(criterion, &names::fold(value)),
        Test::Parts { initial, .. } if !initial.is_empty() => vec![criterion(Match::Begins(initial.clone()))],
        Test::Parts { .. } | Test::Like(_) | Test::Present | Test::AtLeast(_) | Test::AtMost(_) => Vec::new(),
    }
}

fn exactly(criterion: fn(Match) -> Criterion, value: &str) -> Vec<Criterion> {
    if value.is_empty() { Vec::new() } else { vec![criterion(Match::Exactly(value.to_owned()))] }
}

/// Common names: of people, of structures, and of the services of structures.
fn of_name(test: &Test) -> Plan {
    if let Test::Like(Like { text, asked: Some(_) }) = test {
        return all(vec![Criterion::Name(Match::Like(text.clone()))]);
    }
    let matches: Vec<Match> = match test {
        Test::Equal(value) => words(value).into_iter().map(|word| Match::Begins(word.to_owned())).collect(),
        Test::Exactly(value) => {
            let folded = names::fold(value);
            words(&folded).into_iter().map(|word| Match::Begins(word.to_owned())).collect()
        }
        Test::Parts { initial, any, last } => {
            let begins = words(initial).into_iter().map(|word| Match::Begins(word.to_owned()));
            let others = any.iter().chain([last]).flat_map(|part| words(part));
            let others = others.filter(|word| word.chars().count() >= CONTAINS_CHARACTERS);
            begins.chain(others.map(|word| Match::Contains(word.to_owned()))).collect()
        }
        Test::Like(_) | Test::Present | Test::AtLeast(_) | Test::AtMost(_) => Vec::new(),
    };
    let length = |wanted: &Match| match wanted {
        Match::Begins(word) | Match::Contains(word) => word.len(),
        Match::Exactly(_) | Match::Like(_) | Match::Present => 0,
    };
    let Some(longest) = matches.iter().max_by_key(|wanted| length(wanted)).cloned() else {
        return Plan::Everything;
    };
    let people = Query {
        all: matches.into_iter().take(CRITERIA).map(Criterion::Name).collect(),
        wanted: Wanted::Professionals,
        ..Query::default()
    };
    let structures = [Criterion::Name(longest.clone()), Criterion::Service(longest)].map(|criterion| Query {
        all: vec![criterion],
        wanted: Wanted::Organisations,
        ..Query::default()
    });
    Plan::Questions([people].into_iter().chain(structures).collect())
}

/// The words of a folded text, the longest first, no more than three.
fn words(text: &str) -> Vec<&str> {
    let signs = |c: char| !c.is_alphanumeric();
    let mut words: Vec<&str> = text.split(signs).filter(|word| !word.is_empty()).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.truncate(3);
    words
}

fn structure(id: &str) -> Criterion {
    Criterion::Structure(vec![NationalStructureId(id.to_uppercase())])
}

/// A number of a structure: its own, its legal entity's, or that of a place of practice.
fn identifier(prefix: &str, test: &Test) -> Plan {
    let Some(value) = equal(test) else { return Plan::Everything };
    let value = value.to_uppercase();
    either(all(vec![structure(&format!("{prefix}{value}"))]), all(vec![Criterion::Identifier(value)]))
}

/// The time of a prepared value, to the second before it: entries show whole seconds.
fn since(prepared: &str) -> Option<Timestamp> {
    let number = prepared.parse::<i128>().ok()? + i128::from(i64::MIN);
    i64::try_from(number).ok().map(|at| Timestamp(at).plus(-names::SECOND))
}

fn of_class(class: Option<Class>) -> Plan {
    let wanted = |wanted| one(Query { wanted, ..Query::default() });
    match class {
        Some(Class::Person | Class::OrganizationalPerson | Class::InetOrgPerson) => {
            wanted(Wanted::Professionals)
        }
        Some(Class::OrganizationalRole | Class::Organization | Class::PliStructure) => {
            wanted(Wanted::Organisations)
        }
        Some(Class::Top) => Plan::Everything,
        Some(Class::PliMailbox) => one(Query { reachable: true, ..Query::default() }),
        Some(Class::OrganizationalUnit | Class::Subentry | Class::Subschema) | None => Plan::Nothing,
    }
}

/// The question whose best answers a forgiving comparison takes for true.
pub(crate) fn forgiving(attribute: Option<Attribute>, text: &str) -> Query {
    let like = || Match::Like(text.to_owned());
    match attribute {
        None => Query { text: Some(text.to_owned()), ..Query::default() },
        Some(Attribute::Sn) => Query { all: vec![Criterion::Family(like())], ..Query::default() },
        Some(Attribute::GivenName) => Query { all: vec![Criterion::Given(like())], ..Query::default() },
        Some(_) => Query { all: vec![Criterion::Name(like())], ..Query::default() },
    }
}
