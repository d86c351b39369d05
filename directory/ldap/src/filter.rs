//! Filters (RFC 4511 §4.5.1.7): read once, with attributes and values as they are compared, then asked of
//! many entries. The answer has three values: true, false, and undefined (none).

mod read;
#[cfg(test)]
mod tests;

pub(crate) use read::{Unreadable, assertion, read};

use std::collections::HashSet;

use register::ListingId;

use crate::dn;
use crate::entry::Entry;
use crate::schema::{Attribute, KINDS, Syntax, Usage};
use crate::values::{piece, prepared, resembles};

/// A filter.
#[derive(Clone, PartialEq, Debug)]
pub enum Filter {
    /// All of them; with none, true (RFC 4526).
    And(Vec<Filter>),
    /// One of them; with none, false.
    Or(Vec<Filter>),
    /// Not it.
    Not(Box<Filter>),
    /// Of one attribute.
    Is(Attribute, Test),
    /// Free words about the holder, as forgiving as the register is.
    Words(Like),
    /// Of all attributes that the rule can compare, and of the parts of the name.
    Any(Any),
    /// An attribute with options that no entry here has, as `cn;lang-fr`.
    Absent,
    /// An attribute, a rule or a value that is not known: neither true nor false.
    Undefined,
}

/// What one attribute is tested for; values are prepared.
#[derive(Clone, PartialEq, Debug)]
pub enum Test {
    /// One value is this.
    Equal(String),
    /// One value has these parts in this order.
    Parts {
        /// It begins so; empty for any beginning.
        initial: String,
        /// Then these.
        any: Vec<String>,
        /// It ends so.
        last: String,
    },
    /// One value is this or stands behind it.
    AtLeast(String),
    /// One value is this or stands before it.
    AtMost(String),
    /// There is a value.
    Present,
    /// One value resembles this.
    Like(Like),
    /// One value is this, letter for letter.
    Exactly(String),
}

/// A forgiving comparison. Holders that the register finds by it are looked up before entries are tested.
#[derive(Clone, PartialEq, Debug)]
pub struct Like {
    /// As typed.
    pub text: String,
    /// Which of the questions to the register it is; none for the comparison word by word.
    pub asked: Option<usize>,
}

/// An extensible match without one attribute, or that looks into names too.
#[derive(Clone, PartialEq, Debug)]
pub struct Any {
    /// Only this attribute.
    pub attribute: Option<Attribute>,
    /// Syntaxes that the rule compares.
    pub(crate) syntax: Option<Syntax>,
    /// As typed.
    pub value: String,
    /// Whether the parts of the name count.
    pub names: bool,
}

/// What the register found for the forgiving comparisons of a filter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard(Vec<HashSet<ListingId>>);

impl Heard {
    pub(crate) fn push(&mut self, found: HashSet<ListingId>) {
        self.0.push(found);
    }

    fn holds(&self, asked: usize, holder: Option<ListingId>) -> Option<bool> {
        let found = self.0.get(asked)?;
        Some(holder.is_some_and(|holder| found.contains(&holder)))
    }
}

impl Filter {
    /// Whether an entry, of this holder, is meant.
    pub(crate) fn matches(
        &self,
        entry: &Entry,
        holder: Option<ListingId>,
        heard: &Heard,
        arc: &str,
    ) -> Option<bool> {
        let ask = |filter: &Filter| filter.matches(entry, holder, heard, arc);
        match self {
            Filter::And(all) => {
                let mut verdict = Some(true);
                for one in all {
                    match ask(one) {
                        Some(true) => {}
                        Some(false) => return Some(false),
                        None => verdict = None,
                    }
                }
                verdict
            }
            Filter::Or(all) => {
                let mut verdict = Some(false);
                for one in all {
                    match ask(one) {
                        Some(true) => return Some(true),
                        Some(false) => {}
                        None => verdict = None,
                    }
                }
                verdict
            }
            Filter::Not(inner) => ask(inner).map(|verdict| !verdict),
            Filter::Is(attribute, Test::Like(like)) => {
                let found = like.asked.and_then(|asked| heard.holds(asked, holder));
                Some(found.unwrap_or_else(|| test(entry, *attribute, &Test::Like(like.clone()), arc)))
            }
            Filter::Is(attribute, wanted) => Some(test(entry, *attribute, wanted, arc)),
            // Structures have no address: who completes one does not meet them.
            Filter::Words(_) if entry.values(Attribute::Mail).is_empty() => Some(false),
            Filter::Words(like) => {
                let found = like.asked.and_then(|asked| heard.holds(asked, holder));
                Some(found.unwrap_or_else(|| words(entry, &like.text)))
            }
            Filter::Any(any) => Some(any.matches(entry, arc)),
            Filter::Absent => Some(false),
            Filter::Undefined => None,
        }
    }

    /// Its forgiving comparisons, in the order in which they are asked.
    pub(crate) fn forgiving<'a>(&'a self, found: &mut Vec<(Option<Attribute>, &'a Like)>) {
        match self {
            Filter::And(all) | Filter::Or(all) => all.iter().for_each(|one| one.forgiving(found)),
            Filter::Not(inner) => inner.forgiving(found),
            Filter::Is(attribute, Test::Like(like)) => found.push((Some(*attribute), like)),
            Filter::Words(like) => found.push((None, like)),
            Filter::Is(..) | Filter::Any(_) | Filter::Absent | Filter::Undefined => {}
        }
    }
}

fn test(entry: &Entry, attribute: Attribute, wanted: &Test, arc: &str) -> bool {
    let syntax = attribute.syntax();
    let values = entry.values(attribute);
    let one = |holds: &dyn Fn(&str) -> bool| {
        values.iter().filter_map(|value| prepared(syntax, value, arc)).any(|value| holds(&value))
    };
    match wanted {
        Test::Present => !values.is_empty(),
        Test::Equal(wanted) => one(&|value| value == wanted),
        Test::AtLeast(wanted) => one(&|value| value >= wanted.as_str()),
        Test::AtMost(wanted) => one(&|value| value <= wanted.as_str()),
        Test::Like(like) => {
            let wanted = names::fold(&like.text);
            values.iter().any(|value| resembles(&names::fold(value), &wanted))
        }
        Test::Exactly(wanted) => values.iter().any(|value| value == wanted),
        Test::Parts { initial, any, last } => one(&|value| has_parts(value, initial, any, last)),
    }
}

/// Parts do not overlap (RFC 4517 §4.2.12).
fn has_parts(value: &str, initial: &str, any: &[String], last: &str) -> bool {
    let Some(mut rest) = value.strip_prefix(initial) else { return false };
    for part in any {
        match rest.find(part.as_str()) {
            Some(place) => rest = &rest[place + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// What free words are compared with when the register was not asked.
const WORDS: [Attribute; 9] = [
    Attribute::Cn,
    Attribute::Mail,
    Attribute::O,
    Attribute::Ou,
    Attribute::Title,
    Attribute::PliSpeciality,
    Attribute::L,
    Attribute::PostalCode,
    Attribute::Description,
];

fn words(entry: &Entry, text: &str) -> bool {
    let all = WORDS.iter().flat_map(|attribute| entry.values(*attribute));
    let all = all.map(|value| names::fold(value)).collect::<Vec<_>>().join(" ");
    resembles(&all, &names::fold(text))
}

impl Any {
    fn matches(&self, entry: &Entry, arc: &str) -> bool {
        let fits = |attribute: Attribute| {
            let kind = attribute.kind();
            kind.usage != Usage::Root
                && self.attribute.is_none_or(|only| only == attribute)
                && self.syntax.is_none_or(|syntax| alike(syntax, kind.syntax))
        };
        let same = |syntax: Syntax, value: &str| {
            let wanted = prepared(syntax, &self.value, arc);
            wanted.is_some() && prepared(syntax, value, arc) == wanted
        };
        let in_values = entry
            .attributes()
            .filter(|(attribute, _)| fits(*attribute))
            .any(|(attribute, values)| values.iter().any(|value| same(attribute.syntax(), value)));
        in_values
            || self.names
                && dn::values(&entry.dn).iter().any(|(kind, value)| {
                    let attribute = KINDS.iter().find(|known| known.names[0].eq_ignore_ascii_case(kind));
                    match (attribute, self.attribute) {
                        (Some(known), _) => fits(known.attribute) && same(known.syntax, value),
                        // `c` and `dc` are texts that no entry has but names do.
                        (None, None) => {
                            self.syntax.is_none_or(|syntax| alike(syntax, Syntax::Text))
                                && same(Syntax::Text, value)
                        }
                        (None, Some(_)) => false,
                    }
                })
    }
}

/// Whether a rule for one syntax may compare values of another: texts are texts.
fn alike(rule: Syntax, value: Syntax) -> bool {
    let text = |syntax: Syntax| matches!(syntax, Syntax::Text | Syntax::Ascii | Syntax::Lines);
    rule == value || text(rule) && text(value)
}

/// The parts of a substring assertion, prepared; none when the attribute knows no substrings.
pub(crate) fn parts(
    attribute: Attribute,
    initial: Option<&str>,
    any: &[&str],
    last: Option<&str>,
) -> Option<Test> {
    let syntax = attribute.syntax();
    let part = |text: Option<&str>| text.map_or(Some(String::new()), |text| piece(syntax, text));
    Some(Test::Parts {
        initial: part(initial)?,
        any: any.iter().map(|text| piece(syntax, text)).collect::<Option<_>>()?,
        last: part(last)?,
    })
}
