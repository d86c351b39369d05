//! The keys of a SEARCH, and what they say of a message whose facts come in little by little.

use mailstore::{EntryRow, Flags, Keyword, Mailstore};
use memchr::memmem::Finder;
use names::{AccountId, DAY, SECOND, Timestamp};
use wire::imap::{Date, EnvelopeField, SearchKey, UidSet, When};

use super::LooksAt;
use super::fold::fold;
use super::grams::Probe;
use super::head::{HeadWords, Words, collapsed};
use super::hints::Hints;
use crate::imap::{limits, words};

/// A SEARCH ready to be asked of messages.
pub(super) struct Plan {
    key: Key,
    /// Who names messages and threads.
    store: Mailstore,
    account: AccountId,
    /// Folded texts looked for in bodies.
    pub(super) needles: Vec<String>,
    /// What finds them: made once for all letters.
    pub(super) finders: Vec<Finder<'static>>,
    /// What text gists are asked for them.
    pub(super) probes: Vec<Probe>,
    /// Each field of any name, and the text looked for in it.
    pub(super) named: Vec<(String, Finder<'static>)>,
    /// Each text looked for in a subject or in addresses.
    pub(super) fields: Vec<(EnvelopeField, Finder<'static>)>,
    /// Whether dates of sending are asked for.
    pub(super) sent: bool,
    /// Whether subjects, addresses or dates of sending are asked for.
    pub(super) words: bool,
    /// Whether threads are.
    pub(super) threads: bool,
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
    /// With its number among the plan's fields.
    Envelope(usize, EnvelopeField, String),
    /// With its number among those that gists are asked for.
    Header(usize, String, String),
    Body(usize),
    Text(usize),
    /// Internal date at this instant or before.
    Until(Timestamp),
    /// At this instant or after.
    From(Timestamp),
    Saved(When, i64),
    Email(String),
    Thread(String),
    Changed(u64),
}

/// What is known of a message so far.
#[derive(Clone, Copy)]
pub(super) struct Facts<'a> {
    pub(super) row: &'a EntryRow,
    pub(super) words: Option<&'a Words>,
    pub(super) head: Option<&'a HeadWords>,
    /// For each needle, whether the body holds it.
    pub(super) body: Option<&'a [bool]>,
    /// What gists say, and the number of the row they say it of.
    pub(super) hints: Option<(&'a Hints, usize)>,
}

impl<'a> Facts<'a> {
    pub(super) fn of(row: &'a EntryRow) -> Self {
        Self { row, words: None, head: None, body: None, hints: None }
    }

    /// Whether the body holds a text; of some that is known without opening them.
    fn body_holds(&self, needle: usize) -> Option<bool> {
        match self.body {
            Some(found) => Some(found[needle]),
            None => self.hints.and_then(|(hints, at): (&Hints, usize)| hints.body_holds(needle, at)),
        }
    }
}

impl Plan {
    /// `None`: more texts are looked for than one search may.
    pub(super) fn of(key: SearchKey, store: &Mailstore, account: AccountId, now: Timestamp) -> Option<Self> {
        let mut plan = Self {
            key: Key::All,
            store: store.clone(),
            account,
            needles: Vec::new(),
            finders: Vec::new(),
            probes: Vec::new(),
            named: Vec::new(),
            fields: Vec::new(),
            sent: false,
            words: false,
            threads: false,
            heads: false,
            bodies: false,
        };
        plan.key = plan.key(key, now);
        plan.finders = plan.needles.iter().map(|needle| Finder::new(needle).into_owned()).collect();
        plan.probes = plan.needles.iter().map(|needle| Probe::of(needle)).collect();
        (plan.needles.len() <= limits::SEARCH_TEXTS).then_some(plan)
    }

    /// What it looks at, for the trail; never what it looks for.
    pub(super) fn looks_at(&self) -> LooksAt {
        match (self.bodies, self.heads || self.words) {
            (true, _) => LooksAt::Letters,
            (false, true) => LooksAt::Headers,
            (false, false) => LooksAt::Flags,
        }
    }

    /// Whether a message matches; `None` while the facts do not decide it.
    pub(super) fn judge(&self, facts: &Facts<'_>) -> Option<bool> {
        self.key.judge(facts, self)
    }

    fn key(&mut self, key: SearchKey, now: Timestamp) -> Key {
        match key {
            SearchKey::All => Key::All,
            SearchKey::Nothing => Key::Nothing,
            SearchKey::And(keys) => {
                let mut keys: Vec<Key> = keys.into_iter().map(|key| self.key(key, now)).collect();
                // What is known without opening anything is asked first: most are decided by it.
                keys.sort_by_key(Key::cost);
                Key::And(keys)
            }
            SearchKey::Or(one, other) => {
                let (one, other) = (self.key(*one, now), self.key(*other, now));
                let (first, second) = if other.cost() < one.cost() { (other, one) } else { (one, other) };
                Key::Or(Box::new(first), Box::new(second))
            }
            SearchKey::Not(key) => Key::Not(Box::new(self.key(*key, now))),
            SearchKey::Uids(uids) => Key::Uids(uids),
            SearchKey::Flag(flag) => Key::Flag(words::flag(flag)),
            SearchKey::Keyword(keyword) => Key::Keyword(Keyword::parse(keyword.as_str())),
            SearchKey::Received(when, day) => Key::Received(when, midnight(day)),
            SearchKey::Sent(when, day) => {
                (self.words, self.sent) = (true, true);
                Key::Sent(when, day)
            }
            SearchKey::Larger(octets) => Key::Larger(octets),
            SearchKey::Smaller(octets) => Key::Smaller(octets),
            SearchKey::Envelope(field, text) => {
                self.words = true;
                let text = fold(&text);
                let text = match field {
                    // Subjects are kept with their spaces made one.
                    EnvelopeField::Subject => collapsed(&text).into_owned(),
                    EnvelopeField::From | EnvelopeField::To | EnvelopeField::Cc | EnvelopeField::Bcc => text,
                };
                self.fields.push((field, Finder::new(&text).into_owned()));
                Key::Envelope(self.fields.len() - 1, field, text)
            }
            SearchKey::Header(name, text) => {
                self.heads = true;
                let text = fold(&text);
                self.named.push((name.clone(), Finder::new(&text).into_owned()));
                Key::Header(self.named.len() - 1, name, text)
            }
            SearchKey::Body(text) => self.text(&text).map_or(Key::All, Key::Body),
            SearchKey::Text(text) => {
                let key = self.text(&text).map_or(Key::All, Key::Text);
                self.heads |= matches!(key, Key::Text(_));
                key
            }
            SearchKey::Older(seconds) => Key::Until(now.plus(-SECOND * i64::from(seconds))),
            SearchKey::Younger(seconds) => Key::From(now.plus(-SECOND * i64::from(seconds))),
            SearchKey::Saved(when, day) => Key::Saved(when, midnight(day)),
            SearchKey::EmailId(id) => Key::Email(id),
            SearchKey::ThreadId(id) => {
                (self.words, self.threads) = (true, true);
                Key::Thread(id)
            }
            SearchKey::Changed(modseq) => Key::Changed(modseq),
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
    /// What has to be opened to answer it: nothing, a summary, a header block, a body.
    fn cost(&self) -> u8 {
        match self {
            Self::All
            | Self::Nothing
            | Self::Uids(_)
            | Self::Flag(_)
            | Self::Keyword(_)
            | Self::Received(..)
            | Self::Larger(_)
            | Self::Smaller(_)
            | Self::Until(_)
            | Self::From(_)
            | Self::Saved(..)
            | Self::Email(_)
            | Self::Changed(_) => 0,
            Self::Sent(..) | Self::Envelope(..) | Self::Thread(_) => 1,
            Self::Header(..) => 2,
            Self::Body(_) | Self::Text(_) => 3,
            Self::And(keys) => keys.iter().map(Self::cost).max().unwrap_or(0),
            Self::Or(one, other) => one.cost().max(other.cost()),
            Self::Not(key) => key.cost(),
        }
    }

    fn judge(&self, facts: &Facts<'_>, plan: &Plan) -> Option<bool> {
        let row = facts.row;
        match self {
            Self::All => Some(true),
            Self::Nothing => Some(false),
            Self::And(keys) => {
                let mut all = Some(true);
                for key in keys {
                    match key.judge(facts, plan) {
                        Some(false) => return Some(false),
                        None => all = None,
                        Some(true) => {}
                    }
                }
                all
            }
            Self::Or(one, other) => match one.judge(facts, plan) {
                Some(true) => Some(true),
                Some(false) => other.judge(facts, plan),
                None => other.judge(facts, plan).filter(|verdict| *verdict),
            },
            Self::Not(key) => key.judge(facts, plan).map(|verdict| !verdict),
            Self::Uids(uids) => Some(uids.contains(row.uid.0)),
            Self::Flag(flag) => Some(row.marks.flags.has(*flag)),
            Self::Keyword(keyword) => {
                Some(keyword.as_ref().is_some_and(|keyword| row.marks.has_keyword(keyword)))
            }
            Self::Received(when, midnight) => Some(is_when(*when, row.internal_date, *midnight)),
            Self::Saved(when, midnight) => Some(is_when(*when, row.saved_at, *midnight)),
            Self::Until(instant) => Some(row.internal_date <= *instant),
            Self::From(instant) => Some(row.internal_date >= *instant),
            Self::Email(id) => Some(plan.store.email_id(plan.account, row.head) == *id),
            Self::Thread(id) => facts.words.map(|words| {
                let own = plan.store.email_id(plan.account, row.head);
                plan.store.thread_id(plan.account, words.root().unwrap_or(&own)) == *id
            }),
            Self::Changed(modseq) => Some(words::modseq(row.modseq) >= *modseq),
            Self::Sent(when, day) => {
                let known = facts.hints.and_then(|(hints, at)| hints.sent(at));
                let sent = known.or_else(|| facts.words.map(|words| words.sent));
                sent.map(|sent| {
                    sent.is_some_and(|sent| match when {
                        When::Before => sent < *day,
                        When::On => sent == *day,
                        When::Since => sent >= *day,
                    })
                })
            }
            Self::Larger(octets) => Some(row.size > *octets),
            Self::Smaller(octets) => Some(row.size < *octets),
            Self::Envelope(number, field, text) => {
                let known = facts.hints.and_then(|(hints, at)| hints.field(*number, at));
                known.or_else(|| facts.words.map(|words| words.field(*field).contains(text.as_str())))
            }
            Self::Header(number, name, text) => match facts.head {
                Some(head) => Some(head.field_holds(name, text)),
                None => facts.hints.and_then(|(hints, at)| hints.named(*number, at)),
            },
            Self::Body(needle) => facts.body_holds(*needle),
            Self::Text(needle) => {
                let in_head = match facts.head {
                    Some(head) => Some(head.holds(&plan.finders[*needle])),
                    None => facts.hints.and_then(|(hints, at)| hints.head_holds(*needle, at)),
                };
                match (in_head, facts.body_holds(*needle)) {
                    (Some(true), _) | (_, Some(true)) => Some(true),
                    (Some(false), Some(false)) => Some(false),
                    (None, _) | (_, None) => None,
                }
            }
        }
    }
}

fn is_when(when: When, instant: Timestamp, midnight: i64) -> bool {
    let since = instant.0 - midnight;
    match when {
        When::Before => since < 0,
        When::On => (0..DAY).contains(&since),
        When::Since => since >= 0,
    }
}

/// Milliseconds since 1970 at the beginning of a day in UTC.
fn midnight(day: Date) -> i64 {
    i64::from((day - Date::constant(1970, 1, 1)).get_days()) * DAY
}
