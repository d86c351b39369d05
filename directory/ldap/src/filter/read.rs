//! Filters from the wire (RFC 4511 §4.5.1). A value that is no text is an error of this one request; an
//! attribute or a rule that is not known makes its test undefined, not the filter wrong.

use super::{Any, Filter, Like, Test, parts};
use crate::ber::{self, Broken, Reader};
use crate::limits;
use crate::schema::{Attribute, Syntax};
use crate::values::prepared;

/// Free words, as Microsoft's programs name them: no attribute, but every one that names somebody.
const WORDS: &str = "anr";

/// Why a filter is not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error(transparent)]
    Broken(#[from] Broken),
    #[error("a value in the filter is not UTF-8")]
    NotText,
    #[error("the filter has too many tests")]
    TooWide,
    #[error("a value in the filter is too long")]
    TooLong,
}

/// Reads the next element as a filter. How deep it may stand was checked with the message.
pub(crate) fn read(from: &mut Reader<'_>, arc: &str) -> Result<Filter, Unreadable> {
    let mut reading = Reading { arc, tests: 0, asked: 0 };
    reading.filter(from)
}

/// The assertion of a compare request, or of an equality: undefined when nothing is known of it.
pub(crate) fn assertion(description: &str, value: &str, arc: &str) -> Filter {
    of_attribute(description, arc, |attribute| prepared(attribute.syntax(), value, arc).map(Test::Equal))
}

struct Reading<'a> {
    arc: &'a str,
    tests: usize,
    asked: usize,
}

impl Reading<'_> {
    fn filter(&mut self, from: &mut Reader<'_>) -> Result<Filter, Unreadable> {
        self.tests += 1;
        if self.tests > limits::FILTER_NODES {
            return Err(Unreadable::TooWide);
        }
        let arc = self.arc;
        let element = from.element()?;
        let mut inside = Reader::new(element.body);
        match element.tag {
            0xa0 => self.all(inside).map(Filter::And),
            0xa1 => self.all(inside).map(Filter::Or),
            0xa2 => {
                let inner = self.filter(&mut inside)?;
                if inside.is_empty() { Ok(Filter::Not(Box::new(inner))) } else { Err(Broken::Kind.into()) }
            }
            0xa3 => {
                let (name, value) = pair(inside)?;
                if is_words(name) {
                    return Ok(self.words(value));
                }
                Ok(assertion(name, value, arc))
            }
            0xa4 => self.substrings(inside),
            0xa5 => {
                let (name, value) = pair(inside)?;
                Ok(of_attribute(name, arc, |attribute| ordered(attribute, value, arc).map(Test::AtLeast)))
            }
            0xa6 => {
                let (name, value) = pair(inside)?;
                Ok(of_attribute(name, arc, |attribute| ordered(attribute, value, arc).map(Test::AtMost)))
            }
            0x87 => {
                let name = ber::text(element.body)?;
                Ok(of_attribute(name, arc, |_| Some(Test::Present)))
            }
            0xa8 => {
                let (name, value) = pair(inside)?;
                if is_words(name) {
                    return Ok(self.words(value));
                }
                Ok(self.approximately(name, value))
            }
            0xa9 => self.extensible(inside),
            _ => Err(Broken::Kind.into()),
        }
    }

    fn all(&mut self, mut inside: Reader<'_>) -> Result<Vec<Filter>, Unreadable> {
        let mut all = Vec::new();
        while !inside.is_empty() {
            all.push(self.filter(&mut inside)?);
        }
        Ok(all)
    }

    fn substrings(&mut self, mut inside: Reader<'_>) -> Result<Filter, Unreadable> {
        let name = inside.text()?;
        let mut pieces = inside.inside(ber::SEQUENCE)?;
        if pieces.is_empty() {
            return Err(Broken::Kind.into());
        }
        let (mut initial, mut any, mut last) = (None, Vec::new(), None);
        let mut first = true;
        while !pieces.is_empty() {
            let piece = pieces.element()?;
            let text = value(piece.body)?;
            match piece.tag {
                0x80 if first => initial = Some(text),
                0x81 => any.push(text),
                0x82 if pieces.is_empty() => last = Some(text),
                _ => return Err(Broken::Kind.into()),
            }
            first = false;
        }
        if is_words(name) {
            let words: Vec<&str> = initial.into_iter().chain(any).chain(last).collect();
            return Ok(self.words(&words.join(" ")));
        }
        Ok(of_attribute(name, self.arc, |attribute| parts(attribute, initial, &any, last)))
    }

    fn approximately(&mut self, name: &str, value: &str) -> Filter {
        let arc = self.arc;
        let filter = of_attribute(name, arc, |attribute| match attribute.syntax() {
            Syntax::Text | Syntax::Lines => Some(Test::Like(Like { text: value.to_owned(), asked: None })),
            // RFC 4511 §4.5.1.7.6: where there is nothing to approximate, it is equality.
            other => prepared(other, value, arc).map(Test::Equal),
        });
        match filter {
            Filter::Is(attribute, Test::Like(like)) if of_names(attribute) => {
                Filter::Is(attribute, Test::Like(Like { asked: self.ask(), ..like }))
            }
            other => other,
        }
    }

    fn words(&mut self, text: &str) -> Filter {
        Filter::Words(Like { text: text.to_owned(), asked: self.ask() })
    }

    fn ask(&mut self) -> Option<usize> {
        let asked = (self.asked < limits::FORGIVING).then_some(self.asked);
        self.asked += 1;
        asked
    }

    /// RFC 4511 §4.5.1.7.7.
    fn extensible(&mut self, mut inside: Reader<'_>) -> Result<Filter, Unreadable> {
        let rule = inside.maybe(0x81)?.map(ber::text).transpose()?;
        let name = inside.maybe(0x82)?.map(ber::text).transpose()?;
        let text = value(inside.expect(0x83)?)?;
        let names = inside.maybe(0x84)?.map(ber::boolean).transpose()?.unwrap_or(false);
        if !inside.is_empty() || rule.is_none() && name.is_none() {
            return Err(Broken::Kind.into());
        }
        let attribute = match name {
            None => None,
            Some(name) if is_words(name) => return Ok(self.words(text)),
            Some(name) => match described(name, self.arc) {
                Described::Known(attribute) => Some(attribute),
                Described::Optioned => return Ok(Filter::Absent),
                Described::Unknown => return Ok(Filter::Undefined),
            },
        };
        let rule = match rule.map(Rule::named) {
            None => None,
            Some(Some(rule)) => Some(rule),
            Some(None) => return Ok(Filter::Undefined),
        };
        let syntax = match (rule, attribute) {
            (Some(Rule::Exact), Some(attribute)) if !names => {
                return Ok(Filter::Is(attribute, Test::Exactly(text.to_owned())));
            }
            // Letter for letter in every attribute: the same as text, and then nobody is missed.
            (Some(Rule::Exact), _) => Some(Syntax::Text),
            (Some(Rule::Of(syntax)), _) => Some(syntax),
            (None, Some(attribute)) => Some(attribute.syntax()),
            (None, None) => return Ok(Filter::Undefined),
        };
        if syntax.is_some_and(|syntax| prepared(syntax, text, self.arc).is_none()) {
            return Ok(Filter::Undefined);
        }
        Ok(Filter::Any(Any { attribute, syntax, value: text.to_owned(), names }))
    }
}

/// Matching rules that may be named (RFC 4517 §4.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Rule {
    /// That of values of this kind.
    Of(Syntax),
    /// Letter for letter.
    Exact,
}

const RULES: [(&str, &str, Rule); 13] = [
    ("caseIgnoreMatch", "2.5.13.2", Rule::Of(Syntax::Text)),
    ("caseExactMatch", "2.5.13.5", Rule::Exact),
    ("caseIgnoreIA5Match", "1.3.6.1.4.1.1466.109.114.2", Rule::Of(Syntax::Ascii)),
    ("caseExactIA5Match", "1.3.6.1.4.1.1466.109.114.1", Rule::Exact),
    ("caseIgnoreListMatch", "2.5.13.11", Rule::Of(Syntax::Lines)),
    ("objectIdentifierMatch", "2.5.13.0", Rule::Of(Syntax::Oid)),
    ("distinguishedNameMatch", "2.5.13.1", Rule::Of(Syntax::Dn)),
    ("integerMatch", "2.5.13.14", Rule::Of(Syntax::Integer)),
    ("booleanMatch", "2.5.13.13", Rule::Of(Syntax::Boolean)),
    ("telephoneNumberMatch", "2.5.13.20", Rule::Of(Syntax::Telephone)),
    ("generalizedTimeMatch", "2.5.13.27", Rule::Of(Syntax::Time)),
    ("uuidMatch", "1.3.6.1.1.16.2", Rule::Of(Syntax::Uuid)),
    ("numericStringMatch", "2.5.13.8", Rule::Of(Syntax::Telephone)),
];

impl Rule {
    fn named(text: &str) -> Option<Self> {
        let found = RULES.iter().find(|(name, oid, _)| name.eq_ignore_ascii_case(text) || *oid == text);
        found.map(|(.., rule)| *rule)
    }
}

enum Described {
    Known(Attribute),
    Optioned,
    Unknown,
}

/// RFC 4512 §2.5: a type, and options behind semicolons.
fn described(description: &str, arc: &str) -> Described {
    let (name, options) = description.split_once(';').unwrap_or((description, ""));
    match Attribute::named(name.trim(), arc) {
        Some(attribute) if options.is_empty() => Described::Known(attribute),
        Some(_) => Described::Optioned,
        None => Described::Unknown,
    }
}

fn of_attribute(description: &str, arc: &str, test: impl FnOnce(Attribute) -> Option<Test>) -> Filter {
    match described(description, arc) {
        Described::Known(attribute) => {
            test(attribute).map_or(Filter::Undefined, |test| Filter::Is(attribute, test))
        }
        Described::Optioned => Filter::Absent,
        Described::Unknown => Filter::Undefined,
    }
}

/// A value that has an order: texts, numbers, times.
fn ordered(attribute: Attribute, value: &str, arc: &str) -> Option<String> {
    let syntax = attribute.syntax();
    match syntax {
        Syntax::Text | Syntax::Ascii | Syntax::Integer | Syntax::Time | Syntax::Uuid => {
            prepared(syntax, value, arc)
        }
        Syntax::Lines | Syntax::Telephone | Syntax::Oid | Syntax::Boolean | Syntax::Dn | Syntax::Opaque => {
            None
        }
    }
}

/// Names of holders, for which the register has keys of sound and shape.
fn of_names(attribute: Attribute) -> bool {
    matches!(attribute, Attribute::Cn | Attribute::Sn | Attribute::GivenName | Attribute::DisplayName)
}

fn is_words(description: &str) -> bool {
    description.eq_ignore_ascii_case(WORDS)
}

fn pair<'a>(mut inside: Reader<'a>) -> Result<(&'a str, &'a str), Unreadable> {
    let name = inside.text()?;
    let value = value(inside.expect(ber::OCTETS)?)?;
    if inside.is_empty() { Ok((name, value)) } else { Err(Broken::Kind.into()) }
}

fn value(body: &[u8]) -> Result<&str, Unreadable> {
    if body.len() > limits::VALUE {
        return Err(Unreadable::TooLong);
    }
    std::str::from_utf8(body).map_err(|_| Unreadable::NotText)
}
