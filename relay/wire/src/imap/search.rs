//! What a SEARCH looks for (RFC 3501 §6.4.4), as a typed tree for the world to evaluate.
//!
//! Extensions: OLDER and YOUNGER (RFC 5032), MODSEQ (RFC 7162 §3.1.5), EMAILID and THREADID (RFC 8474 §6),
//! SAVEDBEFORE and the like (RFC 8514 §4.3), `$` (RFC 5182 §2.2).

use super::flags::{Keyword, SystemFlag};
use super::limits;
use super::scan::{Cursor, Date, Fault, Parsed};
use super::session::Selection;
use super::set::{SequenceSet, UidSet};

/// A search key. Texts are UTF-8, matched as substrings without regard to case; an empty text is in
/// everything (for [`SearchKey::Header`]: the field is there).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchKey {
    /// Every message.
    All,
    /// No message (`NEW`, `RECENT`: nothing is ever `\Recent`).
    Nothing,
    /// All of these.
    And(Vec<SearchKey>),
    /// One of both.
    Or(Box<SearchKey>, Box<SearchKey>),
    /// Not this.
    Not(Box<SearchKey>),
    /// Among these; sequence numbers are already resolved.
    Uids(UidSet),
    /// Has the flag.
    Flag(SystemFlag),
    /// Has the keyword.
    Keyword(Keyword),
    /// Internal date (its day in UTC, as INTERNALDATE shows it) compared with a day.
    Received(When, Date),
    /// The day written in the `Date` field, its time and zone disregarded, compared with a day.
    Sent(When, Date),
    /// RFC822.SIZE greater than.
    Larger(u64),
    /// RFC822.SIZE less than.
    Smaller(u64),
    /// An address field or the subject of the ENVELOPE holds the text.
    Envelope(EnvelopeField, String),
    /// The header field named first holds the text, decoded (RFC 2047).
    Header(String, String),
    /// The body holds the text.
    Body(String),
    /// The header or the body holds the text.
    Text(String),
    /// The internal date lies this many seconds back or more.
    Older(u32),
    /// The internal date lies this many seconds back or less.
    Younger(u32),
    /// The day on which the letter came into this folder, compared with a day. Every folder knows it:
    /// SAVEDATESUPPORTED is [`SearchKey::All`].
    Saved(When, Date),
    /// The EMAILID is this one.
    EmailId(String),
    /// The THREADID is this one.
    ThreadId(String),
    /// The last change has this modification sequence or a later one.
    Changed(u64),
}

impl SearchKey {
    /// Whether modification sequences are asked for, which are then told too.
    #[must_use]
    pub fn asks_changes(&self) -> bool {
        match self {
            Self::Changed(_) => true,
            Self::And(keys) => keys.iter().any(Self::asks_changes),
            Self::Or(one, other) => one.asks_changes() || other.asks_changes(),
            Self::Not(key) => key.asks_changes(),
            Self::All
            | Self::Nothing
            | Self::Uids(_)
            | Self::Flag(_)
            | Self::Keyword(_)
            | Self::Received(..)
            | Self::Sent(..)
            | Self::Larger(_)
            | Self::Smaller(_)
            | Self::Envelope(..)
            | Self::Header(..)
            | Self::Body(_)
            | Self::Text(_)
            | Self::Older(_)
            | Self::Younger(_)
            | Self::Saved(..)
            | Self::EmailId(_)
            | Self::ThreadId(_) => false,
        }
    }
}

/// How a day is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Earlier than the day.
    Before,
    /// On the day.
    On,
    /// On the day or later.
    Since,
}

/// A field that has a search key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvelopeField {
    /// `FROM`
    From,
    /// `TO`
    To,
    /// `CC`
    Cc,
    /// `BCC`
    Bcc,
    /// `SUBJECT`
    Subject,
}

/// A key as written, before sequence numbers are resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Key(SearchKey),
    Numbers(SequenceSet),
    Uids(SequenceSet),
    And(Vec<Written>),
    Or(Box<Written>, Box<Written>),
    Not(Box<Written>),
}

impl Written {
    /// With numbers turned into UIDs; `None` when a number is beyond the last message.
    pub(super) fn resolve(self, selection: &Selection) -> Option<SearchKey> {
        let view = &selection.view;
        Some(match self {
            Self::Key(key) => key,
            Self::Numbers(set) | Self::Uids(set) if set.is_saved() => {
                SearchKey::Uids(view.present(&selection.saved))
            }
            Self::Numbers(set) => SearchKey::Uids(view.by_numbers(&set.resolve(view.len()))?),
            Self::Uids(set) => SearchKey::Uids(view.present(&set.resolve(view.last()))),
            Self::And(keys) => {
                SearchKey::And(keys.into_iter().map(|key| key.resolve(selection)).collect::<Option<_>>()?)
            }
            Self::Or(a, b) => SearchKey::Or(Box::new(a.resolve(selection)?), Box::new(b.resolve(selection)?)),
            Self::Not(key) => SearchKey::Not(Box::new(key.resolve(selection)?)),
        })
    }
}

/// `search-key *(SP search-key)`
pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Written> {
    let mut budget = limits::SEARCH_KEYS;
    keys(cursor, 0, &mut budget)
}

fn keys(cursor: &mut Cursor<'_>, depth: usize, budget: &mut usize) -> Parsed<Written> {
    let mut keys = vec![key(cursor, depth, budget)?];
    while cursor.peek() == Some(b' ') {
        let mut ahead = *cursor;
        ahead.take(b' ');
        if ahead.at_end() {
            break; // one trailing space is let pass
        }
        *cursor = ahead;
        keys.push(key(cursor, depth, budget)?);
    }
    Ok(if keys.len() == 1 { keys.remove(0) } else { Written::And(keys) })
}

fn key(cursor: &mut Cursor<'_>, depth: usize, budget: &mut usize) -> Parsed<Written> {
    if depth > limits::SEARCH_DEPTH {
        return Err(Fault::Limit("the search is nested too deep"));
    }
    *budget = budget.checked_sub(1).ok_or(Fault::Limit("the search has too many keys"))?;
    match cursor.peek() {
        Some(b'(') => {
            cursor.take(b'(');
            let inside = keys(cursor, depth + 1, budget)?;
            cursor.expect(b')', "a parenthesis is not closed")?;
            return Ok(inside);
        }
        Some(b'0'..=b'9' | b'*' | b'$') => return cursor.sequence_set().map(Written::Numbers),
        Some(_) | None => {}
    }
    let word = cursor.word();
    let flag = |flag| Ok(Written::Key(SearchKey::Flag(flag)));
    let not = |flag| Ok(Written::Not(Box::new(Written::Key(SearchKey::Flag(flag)))));
    match word.as_str() {
        "ALL" | "OLD" | "SAVEDATESUPPORTED" => Ok(Written::Key(SearchKey::All)),
        "NEW" | "RECENT" => Ok(Written::Key(SearchKey::Nothing)),
        "ANSWERED" => flag(SystemFlag::Answered),
        "DELETED" => flag(SystemFlag::Deleted),
        "DRAFT" => flag(SystemFlag::Draft),
        "FLAGGED" => flag(SystemFlag::Flagged),
        "SEEN" => flag(SystemFlag::Seen),
        "UNANSWERED" => not(SystemFlag::Answered),
        "UNDELETED" => not(SystemFlag::Deleted),
        "UNDRAFT" => not(SystemFlag::Draft),
        "UNFLAGGED" => not(SystemFlag::Flagged),
        "UNSEEN" => not(SystemFlag::Seen),
        "NOT" => {
            cursor.space()?;
            Ok(Written::Not(Box::new(key(cursor, depth + 1, budget)?)))
        }
        "OR" => {
            cursor.space()?;
            let one = key(cursor, depth + 1, budget)?;
            cursor.space()?;
            Ok(Written::Or(Box::new(one), Box::new(key(cursor, depth + 1, budget)?)))
        }
        "UID" => {
            cursor.space()?;
            cursor.sequence_set().map(Written::Uids)
        }
        word => {
            let Some(with) = argument_of(word) else { return Err(Fault::Syntax("an unknown search key")) };
            cursor.space()?;
            with(cursor).map(Written::Key)
        }
    }
}

type WithArgument = fn(&mut Cursor<'_>) -> Parsed<SearchKey>;

/// Keys that take one argument, or two.
fn argument_of(word: &str) -> Option<WithArgument> {
    use SearchKey as K;
    Some(match word {
        "KEYWORD" => |c| keyword(c),
        "UNKEYWORD" => |c| Ok(K::Not(Box::new(keyword(c)?))),
        "BEFORE" => |c| Ok(K::Received(When::Before, c.date()?)),
        "ON" => |c| Ok(K::Received(When::On, c.date()?)),
        "SINCE" => |c| Ok(K::Received(When::Since, c.date()?)),
        "SENTBEFORE" => |c| Ok(K::Sent(When::Before, c.date()?)),
        "SENTON" => |c| Ok(K::Sent(When::On, c.date()?)),
        "SENTSINCE" => |c| Ok(K::Sent(When::Since, c.date()?)),
        "LARGER" => |c| Ok(K::Larger(c.number64()?)),
        "SMALLER" => |c| Ok(K::Smaller(c.number64()?)),
        "FROM" => |c| Ok(K::Envelope(EnvelopeField::From, c.astring_text()?)),
        "TO" => |c| Ok(K::Envelope(EnvelopeField::To, c.astring_text()?)),
        "CC" => |c| Ok(K::Envelope(EnvelopeField::Cc, c.astring_text()?)),
        "BCC" => |c| Ok(K::Envelope(EnvelopeField::Bcc, c.astring_text()?)),
        "SUBJECT" => |c| Ok(K::Envelope(EnvelopeField::Subject, c.astring_text()?)),
        "BODY" => |c| Ok(K::Body(c.astring_text()?)),
        "TEXT" => |c| Ok(K::Text(c.astring_text()?)),
        "OLDER" => |c| Ok(K::Older(c.positive()?)),
        "YOUNGER" => |c| Ok(K::Younger(c.positive()?)),
        "SAVEDBEFORE" => |c| Ok(K::Saved(When::Before, c.date()?)),
        "SAVEDON" => |c| Ok(K::Saved(When::On, c.date()?)),
        "SAVEDSINCE" => |c| Ok(K::Saved(When::Since, c.date()?)),
        "EMAILID" => |c| Ok(K::EmailId(object_id(c)?)),
        "THREADID" => |c| Ok(K::ThreadId(object_id(c)?)),
        "MODSEQ" => |c| Ok(K::Changed(modseq(c)?)),
        "HEADER" => |c| {
            let name = c.astring_text()?;
            c.space()?;
            Ok(K::Header(name, c.astring_text()?))
        },
        _ => return None,
    })
}

/// `objectid = 1*255(ALPHA / DIGIT / "_" / "-")` (RFC 8474 §7)
fn object_id(cursor: &mut Cursor<'_>) -> Parsed<String> {
    let id = cursor.atom()?;
    let good = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if good && id.len() <= limits::OBJECT_ID {
        Ok(id.to_owned())
    } else {
        Err(Fault::Syntax("an object identifier was expected"))
    }
}

/// `[entry-name SP entry-type-req SP] mod-sequence-valzer` (RFC 7162 §3.1.5, §7). A message has one
/// modification sequence for all its flags, which counts for each of them, as the RFC allows.
fn modseq(cursor: &mut Cursor<'_>) -> Parsed<u64> {
    const WHAT: Fault = Fault::Syntax("a modification sequence was expected");
    if cursor.peek() == Some(b'"') {
        if !cursor.string()?.starts_with(b"/flags/") {
            return Err(Fault::Syntax("an entry name like \"/flags/\\\\Seen\" was expected"));
        }
        cursor.space()?;
        if !matches!(cursor.word().as_str(), "ALL" | "PRIV" | "SHARED") {
            return Err(Fault::Syntax("all, priv or shared was expected"));
        }
        cursor.space()?;
    }
    let word = cursor.word();
    let number = word.bytes().all(|byte| byte.is_ascii_digit()).then(|| word.parse::<i64>().ok()).flatten();
    number.and_then(|number| u64::try_from(number).ok()).ok_or(WHAT)
}

fn keyword(cursor: &mut Cursor<'_>) -> Parsed<SearchKey> {
    let keyword = Keyword::parse(cursor.atom()?).ok_or(Fault::Limit("a keyword is too long"))?;
    Ok(SearchKey::Keyword(keyword))
}

#[cfg(test)]
mod tests {
    use super::super::{Mode, Selected};
    use super::*;

    fn read(text: &str) -> Parsed<SearchKey> {
        let uids = UidSet::from_ranges(vec![(11, 13), (20, 20)]);
        let selected = Selected { uids, ..Selected::default() };
        let mut selection = Selection::new(&selected, Mode::ReadOnly);
        selection.saved = UidSet::from_ranges(vec![(5, 12)]);
        let mut cursor = Cursor::new(text.as_bytes());
        let written = parse(&mut cursor)?;
        cursor.end()?;
        Ok(written.resolve(&selection).expect("numbers in range"))
    }

    #[test]
    fn keys_become_a_tree_with_uids_only() {
        use SearchKey as K;
        let day = Date::constant(2026, 2, 1);
        for (text, want) in [
            ("ALL", K::All),
            ("2:3", K::Uids(UidSet::range(12..=13))),
            ("*", K::Uids(UidSet::range(20..=20))),
            ("UID 12:*", K::Uids(UidSet::from_ranges(vec![(12, 13), (20, 20)]))),
            ("UNSEEN", K::Not(Box::new(K::Flag(SystemFlag::Seen)))),
            ("since 1-Feb-2026", K::Received(When::Since, day)),
            ("SENTON \"1-Feb-2026\"", K::Sent(When::On, day)),
            ("SUBJECT \"é\"", K::Envelope(EnvelopeField::Subject, "é".into())),
            ("$", K::Uids(UidSet::range(11..=12))),
            ("UID $", K::Uids(UidSet::range(11..=12))),
            ("OLDER 3600", K::Older(3600)),
            ("YOUNGER 1", K::Younger(1)),
            ("SAVEDBEFORE 1-Feb-2026", K::Saved(When::Before, day)),
            ("SAVEDON 1-Feb-2026", K::Saved(When::On, day)),
            ("SAVEDSINCE 1-Feb-2026", K::Saved(When::Since, day)),
            ("SAVEDATESUPPORTED", K::All),
            ("EMAILID M6d99ac3275bb4e", K::EmailId("M6d99ac3275bb4e".into())),
            ("THREADID T-_1", K::ThreadId("T-_1".into())),
            ("MODSEQ 620162338", K::Changed(620_162_338)),
            ("MODSEQ \"/flags/\\\\draft\" all 0", K::Changed(0)),
            ("HEADER Message-ID {3}\r\n<a>", K::Header("Message-ID".into(), "<a>".into())),
            (
                "SEEN (OR LARGER 5 NOT TEXT x)",
                K::And(vec![
                    K::Flag(SystemFlag::Seen),
                    K::Or(Box::new(K::Larger(5)), Box::new(K::Not(Box::new(K::Text("x".into()))))),
                ]),
            ),
        ] {
            assert_eq!(read(text), Ok(want), "{text}");
        }
    }

    #[test]
    fn malformed_and_monstrous_searches_are_refused() {
        for (text, want) in [
            ("", "an unknown search key"),
            ("OLDER 0", "zero is not allowed here"),
            ("YOUNGER x", "a 32-bit number was expected"),
            ("EMAILID a/b", "an object identifier was expected"),
            ("MODSEQ x", "a modification sequence was expected"),
            ("MODSEQ 9223372036854775808", "a modification sequence was expected"),
            ("MODSEQ \"/x\" all 1", "an entry name like \"/flags/\\\\Seen\" was expected"),
            ("MODSEQ \"/flags/x\" any 1", "all, priv or shared was expected"),
            ("SEEN)", "the command is too long or misspelt"),
            ("(SEEN", "a parenthesis is not closed"),
            ("SUBJECT", "a space was expected"),
            ("SUBJECT \"\u{0}\"", "a quoted string is not closed or holds a bad escape"),
        ] {
            assert_eq!(read(text), Err(Fault::Syntax(want)), "{text}");
        }
        assert!(read("SUBJECT \"\u{e9}\"").is_ok());
        assert!(read("MODSEQ 5 OR SEEN NOT MODSEQ 6").unwrap().asks_changes());
        assert!(!read("NOT (SEEN OR ALL DRAFT)").unwrap().asks_changes());
        assert!(matches!(parse(&mut Cursor::new(b"SUBJECT \"\xe9\"")), Err(Fault::Syntax(_))));
        let deep = format!("{}ALL{}", "(".repeat(51), ")".repeat(51));
        assert!(matches!(read(&deep), Err(Fault::Limit(_))));
        assert!(matches!(read(&format!("{}ALL", "NOT ".repeat(60))), Err(Fault::Limit(_))));
        assert!(matches!(read(&format!("{}ALL", "OR SEEN ".repeat(10_000))), Err(Fault::Limit(_))));
        assert!(matches!(read(&"SEEN ".repeat(1_001)), Err(Fault::Limit(_))));
        assert!(read(&format!("{}ALL{}", "(".repeat(50), ")".repeat(50))).is_ok());
    }
}
