//! From the parameters of a request to a question for the register. Pure.

mod condition;
mod dates;
mod values;

pub(crate) use condition::{Condition, Number, Structures, Test};

use names::Finess;
use register::{Criterion, Match, Query, Token as Mark, Wanted};

use crate::catalog::{self, Control, OF_A_READ, Parameter, Shapes, Subject};
use crate::ids::{self, RoleId};
use crate::pairs::{self, Pair};
use crate::view::View;
use crate::{Kind, Trouble, limits, systems};
use values::{Token, alternatives};

/// What to do with a parameter that nobody knows (FHIR R4 §3.1.1.4.1, `Prefer: handling=…`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Handling {
    /// Refuse it.
    Strict,
    /// Leave it out, and say so.
    #[default]
    Lenient,
}

/// A search that is understood.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Search {
    pub(crate) kind: Kind,
    /// All of them must hold.
    pub(crate) conditions: Vec<Condition>,
    /// Entries in a page; none only counts.
    pub(crate) count: usize,
    /// Where the page begins.
    pub(crate) from: Start,
    pub(crate) include: Vec<Include>,
    pub(crate) total: bool,
    pub(crate) view: View,
    /// Parameters that were understood, for the links.
    pub(crate) understood: Vec<Pair>,
    /// What was left out, for who reads the answer.
    pub(crate) ignored: Vec<String>,
}

/// Where a page begins.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Start {
    /// A mark of the register.
    pub(crate) after: Option<Mark>,
    /// Resources of the register's page that were given already: a professional has several situations.
    pub(crate) skip: usize,
}

/// What comes along with a situation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Include {
    Practitioner,
    Organization,
}

impl Search {
    pub(crate) fn parse(kind: Kind, base: &str, pairs: &[Pair], handling: Handling) -> Result<Self, Trouble> {
        let mut search = Self {
            kind,
            conditions: Vec::new(),
            count: limits::PAGE,
            from: Start::default(),
            include: Vec::new(),
            total: true,
            view: View::default(),
            understood: Vec::new(),
            ignored: Vec::new(),
        };
        for (key, value) in pairs {
            let (name, modifier) = key.split_once(':').map_or((key.as_str(), None), |(n, m)| (n, Some(m)));
            let known = match (catalog::parameter(kind, name), catalog::control(name)) {
                (Some(parameter), _) => search.ask(parameter, modifier, value, base)?,
                (None, Some(control)) => search.shape(control, modifier, value)?,
                (None, None) => {
                    search.unknown(key, handling)?;
                    false
                }
            };
            if known {
                search.understood.push((key.clone(), value.clone()));
            }
        }
        Ok(search)
    }

    /// Whether the parameter counts: one without a value asks nothing (FHIR R4 §3.1.1.4.1).
    fn ask(
        &mut self,
        parameter: &Parameter,
        modifier: Option<&str>,
        value: &str,
        base: &str,
    ) -> Result<bool, Trouble> {
        let name = parameter.name;
        if let Some(modifier) = modifier
            && !parameter.modifiers.contains(&modifier)
        {
            return Err(Trouble::not_offered(format!("{name}:{modifier} is not offered")));
        }
        let values = alternatives(name, value)?;
        if values.is_empty() {
            self.ignored.push(format!("{name} has no value and was left out"));
            return Ok(false);
        }
        if parameter.subject == Subject::LastUpdated {
            let [date] = values.as_slice() else {
                let text = format!("{name}: alternatives are not offered; repeat the parameter to narrow it");
                return Err(Trouble::not_offered(text));
            };
            let all = dates::updated(name, date.trim())?;
            self.conditions.extend(all.into_iter().map(|one| Condition(vec![Test::Held(one)])));
            return Ok(true);
        }
        let reader = Reader { kind: self.kind, name, modifier, base };
        let mut tests = Vec::new();
        for value in &values {
            tests.extend(reader.tests(parameter.subject, value)?);
        }
        self.conditions.push(Condition(tests));
        Ok(true)
    }

    fn shape(&mut self, control: &Control, modifier: Option<&str>, value: &str) -> Result<bool, Trouble> {
        let name = control.name;
        if let Some(modifier) = modifier {
            return Err(Trouble::not_offered(format!("{name}:{modifier} is not offered")));
        }
        let known = || -> Result<(), Trouble> {
            let known = control.values.contains(&value);
            known.then_some(()).ok_or_else(|| {
                Trouble::not_offered(format!("{name} may be one of: {}", control.values.join(", ")))
            })
        };
        match control.shapes {
            Shapes::Count => {
                let count = value.parse::<u64>();
                let count = count.map_err(|_| Trouble::value(format!("{name} is a number, 0 or more")))?;
                self.count = usize::try_from(count).unwrap_or(usize::MAX).min(limits::PAGE_MAX);
            }
            Shapes::Page => self.from = Start::parse(value)?,
            Shapes::Include => {
                known()?;
                if self.kind != Kind::PractitionerRole {
                    return Err(Trouble::not_offered(format!("{name} is offered on PractitionerRole only")));
                }
                let along = match value {
                    "PractitionerRole:practitioner" => Include::Practitioner,
                    _ => Include::Organization,
                };
                if !self.include.contains(&along) {
                    self.include.push(along);
                }
            }
            Shapes::Total => {
                known()?;
                self.total = value != "none";
            }
            Shapes::Summary | Shapes::Elements | Shapes::Format | Shapes::Pretty => {
                self.view.shape(control, value)?;
                return Ok(true);
            }
        }
        // Where the page begins stands in the links anew.
        Ok(control.shapes != Shapes::Page)
    }

    fn unknown(&mut self, key: &str, handling: Handling) -> Result<(), Trouble> {
        let shown: String = key.chars().take(60).collect();
        if key.contains('.') || key.starts_with("_has") {
            let text = format!("{shown}: chained parameters are not offered; ask in two steps");
            return Err(Trouble::not_offered(text));
        }
        match handling {
            Handling::Strict => Err(Trouble::not_offered(format!(
                "{shown} is no search parameter of {}; /metadata lists them",
                self.kind
            ))),
            Handling::Lenient => {
                self.ignored
                    .push(format!("{shown} is no search parameter of {} and was left out", self.kind));
                Ok(())
            }
        }
    }

    /// Whether only the number is asked for.
    pub(crate) fn only_counts(&self) -> bool {
        self.count == 0 || self.view.only_counts()
    }

    /// Whether the register's total is the number of our resources.
    pub(crate) fn counts_as_the_register(&self) -> bool {
        let practitioners = self.kind == Kind::Practitioner;
        self.kind != Kind::PractitionerRole && !self.conditions.iter().any(|own| own.narrows(practitioners))
    }

    /// As the register is asked.
    pub(crate) fn query(&self, structures: &impl Structures) -> Query {
        Query {
            text: None,
            all: self.conditions.iter().filter_map(|own| own.criterion(structures)).collect(),
            wanted: match self.kind {
                Kind::Practitioner | Kind::PractitionerRole => Wanted::Professionals,
                Kind::Organization => Wanted::Organisations,
            },
            reachable: false,
        }
    }

    /// The query of a link to this page, or to the one that begins at `start`.
    pub(crate) fn link(&self, start: &Start) -> String {
        let mark = start.write();
        let pairs = self.understood.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        pairs::write(pairs.chain(mark.iter().map(|mark| ("_page_token", mark.as_str()))))
    }
}

impl Start {
    fn parse(text: &str) -> Result<Self, Trouble> {
        let wrong = || Trouble::value("_page_token is taken from a next link, as it stands there");
        let (skip, mark) = text.split_once('-').ok_or_else(wrong)?;
        let skip: u16 = skip.parse().map_err(|_| wrong())?;
        let after = Some(mark.to_owned()).filter(|mark| !mark.is_empty()).map(Mark);
        Ok(Self { after, skip: usize::from(skip) })
    }

    /// None for the first page.
    fn write(&self) -> Option<String> {
        let mark = self.after.as_ref().map_or("", |mark| mark.0.as_str());
        (*self != Self::default()).then(|| format!("{}-{mark}", self.skip))
    }
}

/// How a read wants its resource.
pub(crate) fn view(pairs: &[Pair]) -> Result<View, Trouble> {
    let mut view = View::default();
    for (name, value) in pairs {
        match catalog::control(name) {
            Some(control) if OF_A_READ.contains(&control.shapes) => view.shape(control, value)?,
            // A read has no search parameters; what is not understood changes nothing.
            Some(_) | None => {}
        }
    }
    Ok(view)
}

/// Reads the values of one parameter.
struct Reader<'a> {
    kind: Kind,
    name: &'a str,
    modifier: Option<&'a str>,
    base: &'a str,
}

impl Reader<'_> {
    /// The alternatives that a value stands for.
    fn tests(&self, subject: Subject, value: &str) -> Result<Vec<Test>, Trouble> {
        let of_string = |criterion| match self.modifier {
            Some("exact") => Test::Exact(criterion, values::unescape(value).trim().to_owned()),
            Some(_) | None => Test::Held(criterion),
        };
        let held = |criterion| vec![of_string(criterion)];
        let string = || values::string(self.name, self.modifier, value);
        let token = || Token::parse(self.name, value);
        Ok(match subject {
            Subject::Id => self.id(&token()?.code),
            // Read before, because its values are no alternatives.
            Subject::LastUpdated => dates::updated(self.name, value)?.into_iter().map(Test::Held).collect(),
            Subject::Active => match token()?.code.as_str() {
                "true" => vec![Test::Everything],
                "false" => Vec::new(),
                _ => return Err(Trouble::value("active is true or false")),
            },
            Subject::Identifier => self.identifier(&token()?),
            Subject::Name => held(Criterion::Name(string()?)),
            Subject::Family => held(Criterion::Family(string()?)),
            Subject::Given => held(Criterion::Given(string()?)),
            Subject::Phonetic => {
                held(Criterion::Name(Match::Like(values::unescape(value).trim().to_owned())))
            }
            Subject::Qualification => qualification(token()?),
            // Addresses have no case (DOMAIN §4.1).
            Subject::Mailbox => vec![Test::Held(Criterion::Address(string()?))],
            Subject::Role => role(token()?),
            Subject::Practitioner => self.practitioner(value)?,
            Subject::Organization => self.organization(value, Test::At)?,
            Subject::PartOf => self.part_of(value)?,
            Subject::Sector => sector(token()?)?,
            Subject::Address => {
                let wanted = string()?;
                let (town, code) = (Criterion::Town(wanted.clone()), Criterion::PostalCode(wanted.clone()));
                [Criterion::Line(wanted), town, code].map(of_string).into()
            }
            Subject::City => held(Criterion::Town(string()?)),
            Subject::PostalCode => held(Criterion::PostalCode(string()?)),
            Subject::Line => held(Criterion::Line(string()?)),
        })
    }

    fn id(&self, text: &str) -> Vec<Test> {
        match self.kind {
            Kind::Practitioner | Kind::Organization => {
                ids::parse_row(text).map(|row| Test::Held(Criterion::Row(vec![row]))).into_iter().collect()
            }
            Kind::PractitionerRole => RoleId::parse(text).map(Test::Role).into_iter().collect(),
        }
    }

    fn identifier(&self, token: &Token) -> Vec<Test> {
        match self.kind {
            Kind::Practitioner | Kind::PractitionerRole => person(token),
            Kind::Organization => structure(token),
        }
    }

    fn practitioner(&self, value: &str) -> Result<Vec<Test>, Trouble> {
        if self.modifier == Some("identifier") {
            return Ok(person(&Token::parse(self.name, value)?));
        }
        let row = ids::parse_row(self.reference(Kind::Practitioner, value)?);
        Ok(row.map(|row| Test::Held(Criterion::Row(vec![row]))).into_iter().collect())
    }

    fn organization(
        &self,
        value: &str,
        by_row: impl Fn(register::ListingId) -> Test,
    ) -> Result<Vec<Test>, Trouble> {
        if self.modifier == Some("identifier") {
            let token = Token::parse(self.name, value)?;
            // A situation names its structure by the national number.
            let mut tests = Vec::new();
            if token.may_be_of(systems::STRUCTURE) {
                tests.push(Test::structure(token.code.clone()));
            }
            if token.may_be_of(systems::FINESS) {
                tests.push(Test::structure(format!("1{}", token.code)));
            }
            if token.may_be_of(systems::SIRENE) {
                tests.extend(["2", "3"].map(|kind| Test::structure(format!("{kind}{}", token.code))));
            }
            if token.may_be_of(systems::RPPS_RANK) {
                tests.push(Test::structure(format!("4{}", token.code)));
            }
            return Ok(tests);
        }
        let row = ids::parse_row(self.reference(Kind::Organization, value)?);
        Ok(row.map(by_row).into_iter().collect())
    }

    fn part_of(&self, value: &str) -> Result<Vec<Test>, Trouble> {
        if self.modifier != Some("identifier") {
            return self.organization(value, Test::PartOf);
        }
        let token = Token::parse(self.name, value)?;
        let number = match token.system.as_deref() {
            Some(systems::STRUCTURE) => token.code.strip_prefix('1').unwrap_or_default(),
            Some(systems::FINESS) | None => token.code.as_str(),
            Some(_) => "",
        };
        let number = Finess::parse(number).ok();
        Ok(number.map(|number| Test::Held(Criterion::PartOf(number))).into_iter().collect())
    }

    /// The id within `Type/id`, `id`, or an address of ours.
    fn reference<'v>(&self, to: Kind, value: &'v str) -> Result<&'v str, Trouble> {
        let own = value.strip_prefix(self.base).and_then(|rest| rest.strip_prefix('/')).unwrap_or(value);
        match own.split_once('/') {
            None => Ok(own),
            Some((kind, id)) if kind == to.name() => Ok(id),
            Some(_) => Err(Trouble::value(format!("{} refers to {to}/id of this server", self.name))),
        }
    }
}

fn person(token: &Token) -> Vec<Test> {
    let mut numbers = Vec::new();
    if token.may_be_of(systems::PERSON) {
        numbers.push(token.code.clone());
    }
    if token.may_be_of(systems::RPPS) {
        numbers.push(format!("8{}", token.code));
    }
    if token.system.is_none() {
        numbers.push(format!("0{}", token.code));
    }
    if numbers.is_empty() { Vec::new() } else { vec![Test::person(numbers)] }
}

fn structure(token: &Token) -> Vec<Test> {
    let number = || token.code.clone();
    match token.system.as_deref() {
        None => vec![Test::Held(Criterion::Identifier(number()))],
        Some(systems::STRUCTURE) => vec![Test::structure(number())],
        Some(systems::FINESS) => vec![Test::Numbered(Number::Finess, number().to_ascii_uppercase())],
        Some(systems::SIRENE) => vec![Test::Numbered(Number::Sirene, number())],
        Some(systems::RPPS_RANK) => vec![Test::structure(format!("4{}", token.code))],
        Some(_) => Vec::new(),
    }
}

fn qualification(token: Token) -> Vec<Test> {
    let mut tests = Vec::new();
    let exactly = || Match::Exactly(token.code.clone());
    if token.may_be_of(systems::PROFESSION) {
        tests.push(Test::Held(Criterion::Profession(exactly())));
    }
    // Know-how has several systems, one for each kind of it; a code stands in one of them only.
    if token.system.as_deref() != Some(systems::PROFESSION) {
        tests.push(Test::Held(Criterion::KnowHow(exactly())));
    }
    tests
}

fn role(token: Token) -> Vec<Test> {
    let known = token.may_be_of(systems::MODE) || token.may_be_of(systems::FUNCTION);
    if known { vec![Test::Held(Criterion::Role(Match::Exactly(token.code)))] } else { Vec::new() }
}

fn sector(token: Token) -> Result<Vec<Test>, Trouble> {
    if token.system.as_deref() == Some(systems::ORGANISATION_TYPE) {
        return Err(Trouble::not_offered("type is searched by sector of activity (TRE_R02) only"));
    }
    if !token.may_be_of(systems::SECTOR) {
        return Ok(Vec::new());
    }
    Ok(vec![Test::Held(Criterion::Sector(Match::Exactly(token.code)))])
}

#[cfg(test)]
mod tests;
