//! Criteria as sets of entries of a segment: everybody who fits, and perhaps some who do not. Whoever is found is
//! looked at again ([`super::holds`]), so a set may be too wide and never too narrow.

use std::collections::HashMap;

use names::{Address, NationalPersonId};

use super::asked::{Asked, Variant};
use super::holds::without_noise;
use super::node::Node;
use crate::index::{Field, Fields, Flags, Place, Segment, day, mark, mark_key, word_key};
use crate::parts::Key;
use crate::words::{begins_particle, in_particle, is_particle, plain, telling, words};
use crate::{Criterion, Error, Match, Query, Sight, Wanted, limits};

/// What the database knows of a query's criteria: entries of people by national key, of mailboxes by address.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) people: HashMap<Key, Vec<i64>>,
    pub(crate) addresses: HashMap<Address, Vec<i64>>,
}

/// What a query says beside its free text, for every segment.
pub(crate) struct Plan<'q> {
    query: &'q Query,
    known: Known,
    sight: Sight,
    /// What must hold of an entry.
    pub(crate) flags: Flags,
    /// Whether whoever is in the sets fits, without a look.
    pub(crate) exact: bool,
}

impl<'q> Plan<'q> {
    /// The plan of a query.
    pub(crate) fn of(query: &'q Query, known: Known, sight: Sight) -> Self {
        let wanted = match query.wanted {
            Wanted::Everything => Flags::default(),
            Wanted::Professionals => Flags::PROFESSIONAL,
            Wanted::Organisations => Flags::ORGANISATION,
        };
        let flags = if query.reachable { wanted.and(reachable(sight)) } else { wanted };
        let exact = query.all.iter().all(is_exact);
        Self { query, known, sight, flags, exact }
    }

    /// What the criteria say of one segment.
    pub(crate) fn of_segment(&self, segment: &Segment) -> Result<Node, Error> {
        let nodes: Result<Vec<Node>, Error> =
            self.query.all.iter().map(|criterion| self.criterion(criterion, segment)).collect();
        Ok(Node::And(nodes?))
    }

    fn criterion(&self, criterion: &Criterion, segment: &Segment) -> Result<Node, Error> {
        let text = |asked: &Match, fields, code, present| self.text(asked, fields, code, present, segment);
        let fields = |fields: &[Field]| Fields::of(fields);
        let lists = |places| Ok(Node::Lists(places, Fields::MARK));
        let entries = |ids: &mut dyn Iterator<Item = i64>| {
            let mut entries: Vec<u32> = ids.filter_map(|id| segment.docs.ordinal(id)).collect();
            entries.sort_unstable();
            entries.dedup();
            Node::Entries(entries)
        };
        let (service, address, has_service) = match self.sight {
            Sight::Public => (Fields::of(&[Field::Service]), Fields::of(&[Field::Address]), 'v'),
            Sight::Administrator => (
                Fields::of(&[Field::Service, Field::HiddenService]),
                Fields::of(&[Field::Address, Field::HiddenAddress]),
                'w',
            ),
        };
        match criterion {
            Criterion::Family(asked) => text(asked, Fields::FAMILY, None, 'f'),
            Criterion::Given(asked) => text(asked, Fields::GIVEN, None, 'g'),
            Criterion::Name(asked) => text(&without_noise(asked), Fields::NAMES, None, 'n'),
            Criterion::Profession(asked) => {
                text(asked, fields(&[Field::Profession]), Some(mark::PROFESSION), 'p')
            }
            Criterion::KnowHow(asked) => text(asked, fields(&[Field::KnowHow]), Some(mark::KNOW_HOW), 'k'),
            Criterion::Sector(asked) => text(asked, Fields::of(&[]), Some(mark::SECTOR), 's'),
            Criterion::Role(asked) => text(asked, fields(&[Field::Role]), Some(mark::ROLE), 'r'),
            Criterion::Town(asked) => text(asked, fields(&[Field::Town]), None, 't'),
            Criterion::PostalCode(asked) => text(asked, fields(&[Field::PostalCode]), None, 'c'),
            Criterion::Line(asked) => text(asked, fields(&[Field::Line]), None, 'l'),
            Criterion::Organisation(asked) => text(asked, Fields::ORGANISATION, None, 'o'),
            Criterion::Service(asked) => text(asked, service, None, has_service),
            Criterion::Address(Match::Present) => Ok(Node::Flags(reachable(self.sight))),
            Criterion::Address(asked) => text(asked, address, None, 'n'),
            Criterion::Kind(kind) => {
                let (public, any) = Flags::kind(*kind);
                Ok(Node::Flags(match self.sight {
                    Sight::Public => public,
                    Sight::Administrator => any,
                }))
            }
            Criterion::Structure(ids) => lists(
                ids.iter().filter_map(|id| segment.exactly(&mark_key(mark::STRUCTURE, &id.0))).collect(),
            ),
            Criterion::PartOf(finess) => lists(exactly_key(segment, &mark_key(mark::LEGAL, finess.as_str()))),
            Criterion::Identifier(number) => {
                let people = numbered_people(number);
                let people = people.iter().filter_map(|key| self.known.people.get(key)).flatten().copied();
                Ok(Node::Or(vec![
                    entries(&mut { people }),
                    Node::Lists(numbered(number, segment), Fields::MARK),
                ]))
            }
            Criterion::Person(ids) => {
                let keys = ids.iter().filter_map(|id| self.known.people.get(&Key::person(id)));
                Ok(entries(&mut keys.flatten().copied()))
            }
            Criterion::Row(ids) => Ok(entries(&mut ids.iter().map(|id| id.0))),
            Criterion::Mailbox(address) => {
                Ok(entries(&mut self.known.addresses.get(address).into_iter().flatten().copied()))
            }
            Criterion::UpdatedSince(since) => {
                let (from, to) = (mark_key(mark::DAY, &day(*since)), mark_key(mark::DAY, "9999999"));
                lists(segment.between(&from, &to))
            }
            Criterion::UpdatedBefore(before) => {
                let (from, to) = (mark_key(mark::DAY, ""), mark_key(mark::DAY, &day(*before)));
                lists(segment.between(&from, &to))
            }
            Criterion::Any(alternatives) => {
                let nodes: Result<Vec<Node>, Error> =
                    alternatives.iter().map(|criterion| self.criterion(criterion, segment)).collect();
                Ok(Node::Or(nodes?))
            }
        }
    }

    fn text(
        &self,
        asked: &Match,
        fields: Fields,
        code: Option<&'static str>,
        present: char,
        segment: &Segment,
    ) -> Result<Node, Error> {
        let by_word = match asked {
            Match::Exactly(text) => {
                let words = words(text);
                let separate =
                    telling(&words).into_iter().map(|word| Node::Lists(exactly(segment, word), fields));
                let joined = Node::Lists(exactly(segment, &words.concat()), fields);
                Node::Or(vec![all(separate), joined])
            }
            Match::Begins(text) => {
                let words = plain(text);
                let Some((last, before)) = words.split_last() else { return Ok(Node::NONE) };
                let before = self::words(&before.join(" "));
                let before = before.iter().filter(|word| !is_particle(word));
                let mut separate: Vec<Node> =
                    before.map(|word| Node::Lists(exactly(segment, word), fields)).collect();
                // A particle is no word of the index, but begins the joined name where names are joined.
                let is_passed = match fields.meet(Fields::WITHOUT_PARTICLES) {
                    true => begins_particle(last),
                    false => is_particle(last) && !separate.is_empty(),
                };
                separate.push(match is_passed {
                    true => Node::All,
                    false => Node::Lists(segment.beginning(word_key(last), limits::WORDS_FOLLOWED), fields),
                });
                let joined =
                    Node::Lists(segment.beginning(word_key(&words.concat()), limits::WORDS_FOLLOWED), fields);
                Node::Or(vec![Node::And(separate), joined])
            }
            Match::Contains(text) => {
                let words = plain(text);
                let long = |word: &&String| word.chars().count() >= limits::CONTAINS_CHARACTERS;
                if !words.iter().any(|word| long(&word)) {
                    return Err(Error::TooWide("three letters or figures in a row are needed"));
                }
                let lacks_particles = fields.meet(Fields::WITHOUT_PARTICLES);
                let is_passed = |word: &&String| is_particle(word) || (lacks_particles && in_particle(word));
                let inside = |word: &String| {
                    Node::Lists(segment.holding(word.as_bytes(), limits::WORDS_FOLLOWED), fields)
                };
                Node::And(words.iter().filter(long).filter(|word| !is_passed(word)).map(inside).collect())
            }
            Match::Like(text) => {
                let asked = Asked::of(text);
                all(asked.required().map(|word| {
                    let places = word.variants(segment).into_iter().map(|Variant { place, .. }| place);
                    Node::Lists(places.collect(), fields)
                }))
            }
            Match::Present => {
                let mark = mark_key(mark::PRESENT, present.encode_utf8(&mut [0; 4]));
                return Ok(Node::Lists(exactly_key(segment, &mark), Fields::MARK));
            }
        };
        let Some(kind) = code else { return Ok(by_word) };
        let by_code = match asked {
            Match::Exactly(code) | Match::Like(code) => exactly_key(segment, &mark_key(kind, code)),
            Match::Begins(code) => segment.beginning(&mark_key(kind, code), limits::WORDS_FOLLOWED),
            Match::Contains(_) | Match::Present => Vec::new(),
        };
        Ok(Node::Or(vec![by_word, Node::Lists(by_code, Fields::MARK)]))
    }
}

/// Whether the sets of a criterion hold nobody who does not fit.
fn is_exact(criterion: &Criterion) -> bool {
    match criterion {
        Criterion::Kind(_) | Criterion::Row(_) | Criterion::Person(_) | Criterion::PartOf(_) => true,
        Criterion::Family(asked)
        | Criterion::Given(asked)
        | Criterion::Name(asked)
        | Criterion::Profession(asked)
        | Criterion::KnowHow(asked)
        | Criterion::Sector(asked)
        | Criterion::Role(asked)
        | Criterion::Town(asked)
        | Criterion::PostalCode(asked)
        | Criterion::Line(asked)
        | Criterion::Organisation(asked)
        | Criterion::Service(asked)
        | Criterion::Address(asked) => *asked == Match::Present,
        Criterion::Structure(_)
        | Criterion::Identifier(_)
        | Criterion::UpdatedSince(_)
        | Criterion::UpdatedBefore(_)
        | Criterion::Mailbox(_) => false,
        Criterion::Any(alternatives) => alternatives.iter().all(is_exact),
    }
}

fn reachable(sight: Sight) -> Flags {
    match sight {
        Sight::Public => Flags::REACHABLE,
        Sight::Administrator => Flags::HAS_MAILBOX,
    }
}

/// The keys somebody with this number may have: with the digit of its kind, or without (DOMAIN §4.6).
pub(crate) fn numbered_people(number: &str) -> Vec<Key> {
    let number = number.trim();
    let with = |kind: &str| Key::person(&NationalPersonId(format!("{kind}{number}")));
    ["", "0", "1", "3", "5", "8"].into_iter().map(with).collect()
}

/// Those in all; nobody when there is nothing to look for.
fn all(nodes: impl Iterator<Item = Node>) -> Node {
    let nodes: Vec<Node> = nodes.collect();
    if nodes.is_empty() { Node::NONE } else { Node::And(nodes) }
}

fn exactly(segment: &Segment, word: &str) -> Vec<Place> {
    exactly_key(segment, word_key(word))
}

fn exactly_key(segment: &Segment, key: &[u8]) -> Vec<Place> {
    segment.exactly(key).into_iter().collect()
}

/// Structures with a number, written with or without the leading digit of its kind.
fn numbered(number: &str, segment: &Segment) -> Vec<Place> {
    let number = number.trim();
    let mut places = exactly_key(segment, &mark_key(mark::STRUCTURE, number));
    for kind in ["1", "2", "4"] {
        places.extend(segment.exactly(&mark_key(mark::STRUCTURE, &format!("{kind}{number}"))));
    }
    if number.len() >= limits::SIREN_FIGURES {
        // A SIREN is the beginning of a SIRET.
        places.extend(
            segment.beginning(&mark_key(mark::STRUCTURE, &format!("3{number}")), limits::WORDS_FOLLOWED),
        );
        places.extend(segment.beginning(&mark_key(mark::NUMBER, number), limits::WORDS_FOLLOWED));
        if let Some(bare) = number.get(1..).filter(|_| number.is_ascii()) {
            places.extend(segment.exactly(&mark_key(mark::NUMBER, bare)));
        }
    }
    places.sort_unstable();
    places.dedup();
    places
}
