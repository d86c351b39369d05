//! What a SEARCH looks for (RFC 3501 §6.4.4), as a typed tree for the world to evaluate.

use super::flags::{Keyword, SystemFlag};
use super::limits;
use super::scan::{Cursor, Date, Fault, Parsed};
use super::set::{SequenceSet, UidSet};
use super::view::View;

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
    Larger(u32),
    /// RFC822.SIZE less than.
    Smaller(u32),
    /// An address field or the subject of the ENVELOPE holds the text.
    Envelope(EnvelopeField, String),
    /// The header field named first holds the text, decoded (RFC 2047).
    Header(String, String),
    /// The body holds the text.
    Body(String),
    /// The header or the body holds the text.
    Text(String),
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
    pub(super) fn resolve(self, view: &View) -> Option<SearchKey> {
        Some(match self {
            Self::Key(key) => key,
            Self::Numbers(set) => SearchKey::Uids(view.by_numbers(&set.resolve(view.len()))?),
            Self::Uids(set) => SearchKey::Uids(view.present(&set.resolve(view.greatest()))),
            Self::And(keys) => {
                SearchKey::And(keys.into_iter().map(|key| key.resolve(view)).collect::<Option<_>>()?)
            }
            Self::Or(a, b) => SearchKey::Or(Box::new(a.resolve(view)?), Box::new(b.resolve(view)?)),
            Self::Not(key) => SearchKey::Not(Box::new(key.resolve(view)?)),
        })
    }
}

/// `["CHARSET" SP astring SP] search-key *(SP search-key)`
pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Written> {
    let mut ahead = *cursor;
    if ahead.word() == "CHARSET" {
        ahead.space()?;
        let charset = ahead.astring()?;
        if !charset.eq_ignore_ascii_case(b"UTF-8") && !charset.eq_ignore_ascii_case(b"US-ASCII") {
            return Err(Fault::Charset);
        }
        ahead.space()?;
        *cursor = ahead;
    }
    let mut budget = limits::SEARCH_KEYS;
    let keys = keys(cursor, 0, &mut budget)?;
    cursor.end()?;
    Ok(keys)
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
        Some(b'0'..=b'9' | b'*') => return cursor.sequence_set().map(Written::Numbers),
        Some(_) | None => {}
    }
    let word = cursor.word();
    let flag = |flag| Ok(Written::Key(SearchKey::Flag(flag)));
    let not = |flag| Ok(Written::Not(Box::new(Written::Key(SearchKey::Flag(flag)))));
    match word.as_str() {
        "ALL" | "OLD" => Ok(Written::Key(SearchKey::All)),
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
        "LARGER" => |c| Ok(K::Larger(c.number()?)),
        "SMALLER" => |c| Ok(K::Smaller(c.number()?)),
        "FROM" => |c| Ok(K::Envelope(EnvelopeField::From, c.astring_text()?)),
        "TO" => |c| Ok(K::Envelope(EnvelopeField::To, c.astring_text()?)),
        "CC" => |c| Ok(K::Envelope(EnvelopeField::Cc, c.astring_text()?)),
        "BCC" => |c| Ok(K::Envelope(EnvelopeField::Bcc, c.astring_text()?)),
        "SUBJECT" => |c| Ok(K::Envelope(EnvelopeField::Subject, c.astring_text()?)),
        "BODY" => |c| Ok(K::Body(c.astring_text()?)),
        "TEXT" => |c| Ok(K::Text(c.astring_text()?)),
        "HEADER" => |c| {
            let name = c.astring_text()?;
            c.space()?;
            Ok(K::Header(name, c.astring_text()?))
        },
        _ => return None,
    })
}

fn keyword(cursor: &mut Cursor<'_>) -> Parsed<SearchKey> {
    let keyword = Keyword::parse(cursor.atom()?).ok_or(Fault::Limit("a keyword is too long"))?;
    Ok(SearchKey::Keyword(keyword))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Parsed<SearchKey> {
        let view = View::new(&UidSet::from_ranges(vec![(11, 13), (20, 20)]));
        parse(&mut Cursor::new(text.as_bytes()))
            .map(|written| written.resolve(&view).expect("numbers in range"))
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
            ("CHARSET utf-8 SUBJECT \"é\"", K::Envelope(EnvelopeField::Subject, "é".into())),
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
            ("SEEN)", "the command is too long or misspelt"),
            ("(SEEN", "a parenthesis is not closed"),
            ("SUBJECT", "a space was expected"),
            ("SUBJECT \"\u{0}\"", "a quoted string is not closed or holds a bad escape"),
        ] {
            assert_eq!(read(text), Err(Fault::Syntax(want)), "{text}");
        }
        assert_eq!(read("CHARSET ISO-8859-1 ALL"), Err(Fault::Charset));
        assert!(read("SUBJECT \"\u{e9}\"").is_ok());
        assert!(matches!(parse(&mut Cursor::new(b"SUBJECT \"\xe9\"")), Err(Fault::Syntax(_))));
        let deep = format!("{}ALL{}", "(".repeat(51), ")".repeat(51));
        assert!(matches!(read(&deep), Err(Fault::Limit(_))));
        assert!(matches!(read(&format!("{}ALL", "NOT ".repeat(60))), Err(Fault::Limit(_))));
        assert!(matches!(read(&format!("{}ALL", "OR SEEN ".repeat(10_000))), Err(Fault::Limit(_))));
        assert!(matches!(read(&"SEEN ".repeat(1_001)), Err(Fault::Limit(_))));
        assert!(read(&format!("{}ALL{}", "(".repeat(50), ")".repeat(50))).is_ok());
    }
}
