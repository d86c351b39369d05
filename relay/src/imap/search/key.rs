//! The keys of a SEARCH, and what they say of a message whose facts come in little by little.

use mailstore::{EntryRow, Flags, Keyword};
use names::DAY;
use wire::imap::{Date, EnvelopeField, SearchKey, UidSet, When};

use super::fold::fold;
use super::head::{HeadWords, Words};
use crate::imap::words;

/// A SEARCH ready to be asked of messages.
pub(super) struct Plan {
    key: Key,
    /// Folded texts looked for in bodies.
    pub(super) needles: Vec<String>,
    /// Whether subjects, addresses or dates of sending are asked for.
    pub(super) words: bool,
    /// Whether header blocks are.
    pub(super) heads: bool,
    /// Whether bodies are.
    pub(super) bodies: bool,
}

/// A key; texts are folded, numbers of needles stand for texts looked for in bodies.
enum Key {
    All,
    Nothing,
    And(Vec<Key>),
    Or(Box<Key>, Box<Key>),
    Not(Box<Key>),
    Uids(UidSet),
    Flag(Flags),
    /// `None`: no keyword of the store is written so.
    Keyword(Option<Keyword>),
    Received(When, i64),
    Sent(When, Date),
    Larger(u64),
    Smaller(u64),
    Envelope(EnvelopeField, String),
    Header(String, String),
    Body(usize),
    Text(usize),
}

/// What is known of a message so far.
#[derive(Clone, Copy)]
pub(super) struct Facts<'a> {
    pub(super) row: &'a EntryRow,
    pub(super) words: Option<&'a Words>,
    pub(super) head: Option<&'a HeadWords>,
    /// For each needle, whether the body holds it.
    pub(super) body: Option<&'a [bool]>,
}

impl<'a> Facts<'a> {
    pub(super) fn of(row: &'a EntryRow) -> Self {
        Self { row, words: None, head: None, body: None }
    }
}

impl Plan {
    pub(super) fn of(key: SearchKey) -> Self {
        let mut plan = Self { key: Key::All, needles: Vec::new(), words: false, heads: false, bodies: false };
        plan.key = plan.key(key);
        plan
    }

    /// Whether the search looks at anything that is sealed.
    pub(super) fn reads_letters(&self) -> bool {
        self.words || self.heads || self.bodies
    }

    /// What it looks at, for the trail; never what it looks for.
    pub(super) fn looks_at(&self) -> &'static str {
        match (self.bodies, self.heads || self.words) {
            (true, _) => "letters",
            (false, true) => "headers",
            (false, false) => "flags",
        }
    }

    /// Whether a message matches; `None` while the facts do not decide it.
    pub(super) fn judge(&self, facts: &Facts<'_>) -> Option<bool> {
        self.key.judge(facts, &self.needles)
    }

    fn key(&mut self, key: SearchKey) -> Key {
        match key {
            SearchKey::All => Key::All,
            SearchKey::Nothing => Key::Nothing,
            SearchKey::And(keys) => Key::And(keys.into_iter().map(|key| self.key(key)).collect()),
            SearchKey::Or(one, other) => Key::Or(Box::new(self.key(*one)), Box::new(self.key(*other))),
            SearchKey::Not(key) => Key::Not(Box::new(self.key(*key))),
            SearchKey::Uids(uids) => Key::Uids(uids),
            SearchKey::Flag(flag) => Key::Flag(words::flag(flag)),
            SearchKey::Keyword(keyword) => Key::Keyword(Keyword::parse(keyword.as_str())),
            SearchKey::Received(when, day) => Key::Received(when, midnight(day)),
            SearchKey::Sent(when, day) => {
                self.words = true;
                Key::Sent(when, day)
            }
            SearchKey::Larger(octets) => Key::Larger(octets.into()),
            SearchKey::Smaller(octets) => Key::Smaller(octets.into()),
            SearchKey::Envelope(field, text) => {
                self.words = true;
                Key::Envelope(field, fold(&text))
            }
            SearchKey::Header(name, text) => {
                self.heads = true;
                Key::Header(name, fold(&text))
            }
            SearchKey::Body(text) => self.text(&text).map_or(Key::All, Key::Body),
            SearchKey::Text(text) => {
                let key = self.text(&text).map_or(Key::All, Key::Text);
                self.heads |= matches!(key, Key::Text(_));
                key
            }
        }
    }

    /// The number of a needle; none for the empty text, which is in everything.
    fn text(&mut self, text: &str) -> Option<usize> {
        let needle = fold(text);
        if needle.is_empty() {
            return None;
        }
        self.bodies = true;
        Some(match self.needles.iter().position(|known| *known == needle) {
            Some(at) => at,
            None => {
                self.needles.push(needle);
                self.needles.len() - 1
            }
        })
    }
}

impl Key {
    fn judge(&self, facts: &Facts<'_>, needles: &[String]) -> Option<bool> {
        let row = facts.row;
        match self {
            Self::All => Some(true),
            Self::Nothing => Some(false),
            Self::And(keys) => {
                let mut all = Some(true);
                for key in keys {
                    match key.judge(facts, needles) {
                        Some(false) => return Some(false),
                        None => all = None,
                        Some(true) => {}
                    }
                }
                all
            }
            Self::Or(one, other) => match (one.judge(facts, needles), other.judge(facts, needles)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                (None, _) | (_, None) => None,
            },
            Self::Not(key) => key.judge(facts, needles).map(|verdict| !verdict),
            Self::Uids(uids) => Some(uids.contains(row.uid.0)),
            Self::Flag(flag) => Some(row.marks.flags.has(*flag)),
            Self::Keyword(keyword) => {
                Some(keyword.as_ref().is_some_and(|keyword| row.marks.has_keyword(keyword)))
            }
            Self::Received(when, midnight) => {
                let since = row.internal_date.0 - midnight;
                Some(match when {
                    When::Before => since < 0,
                    When::On => (0..DAY).contains(&since),
                    When::Since => since >= 0,
                })
            }
            Self::Sent(when, day) => facts.words.map(|words| {
                words.sent.is_some_and(|sent| match when {
                    When::Before => sent < *day,
                    When::On => sent == *day,
                    When::Since => sent >= *day,
                })
            }),
            Self::Larger(octets) => Some(row.size > *octets),
            Self::Smaller(octets) => Some(row.size < *octets),
            Self::Envelope(field, text) => {
                facts.words.map(|words| words.field(*field).contains(text.as_str()))
            }
            Self::Header(name, text) => facts.head.map(|head| head.field_holds(name, text)),
            Self::Body(needle) => facts.body.map(|found| found[*needle]),
            Self::Text(needle) => match (facts.head, facts.body) {
                (Some(head), _) if head.holds(&needles[*needle]) => Some(true),
                (_, Some(found)) => Some(found[*needle]),
                (_, None) => None,
            },
        }
    }
}

/// Milliseconds since 1970 at the beginning of a day in UTC.
fn midnight(day: Date) -> i64 {
    i64::from((day - Date::constant(1970, 1, 1)).get_days()) * DAY
}
