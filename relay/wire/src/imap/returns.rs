//! What a SEARCH or SORT gives back: `RETURN (…)` (RFC 4731 §3.1, RFC 5182 §2, RFC 9394 §3.1).

use std::fmt;

use super::UidSet;
use super::scan::{Cursor, Fault, Parsed};

/// The options of `RETURN`, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Returns(Vec<Return>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Return {
    Min,
    Max,
    All,
    Count,
    Save,
    Partial(Window),
}

/// A page of results: `1:100`, or `-1:-100` counted from the last (RFC 9394 §4). Never empty; shown as it
/// was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub edge: Edge,
    written: (u32, u32),
}

/// Where counting begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    First,
    Last,
}

/// What of the results is kept as `$`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    Nothing,
    Everything,
    /// What `MIN`, `MAX` and `PARTIAL` return (RFC 5182 §2.4, RFC 9394 §3.2).
    Returned,
}

impl Returns {
    /// What a plain SEARCH gives after `ENABLE IMAP4rev2` (RFC 9051 §6.4.4).
    pub(super) fn all() -> Self {
        Self(vec![Return::All])
    }

    pub(super) fn has(&self, option: Return) -> bool {
        self.0.contains(&option)
    }

    pub(super) fn window(&self) -> Option<Window> {
        self.0.iter().find_map(|option| match option {
            Return::Partial(window) => Some(*window),
            Return::Min | Return::Max | Return::All | Return::Count | Return::Save => None,
        })
    }

    pub(super) fn keep(&self) -> Keep {
        let ends = self.has(Return::Min) || self.has(Return::Max) || self.window().is_some();
        match (self.has(Return::Save), self.has(Return::All) || self.has(Return::Count)) {
            (false, _) => Keep::Nothing,
            (true, false) if ends => Keep::Returned,
            (true, _) => Keep::Everything,
        }
    }

    /// Whether an answer is told at all: `RETURN (SAVE)` alone is silent (RFC 5182 §2.1).
    pub(super) fn tells(&self) -> bool {
        self.0 != [Return::Save]
    }

    /// How many results from which end are enough; none when all must be known.
    pub(super) fn enough(&self) -> Option<(Edge, u32)> {
        let mut enough = None;
        for option in &self.0 {
            let needs = match option {
                Return::Min => (Edge::First, 1),
                Return::Max => (Edge::Last, 1),
                Return::Partial(window) => (window.edge, window.range().1),
                Return::Save => continue,
                Return::All | Return::Count => return None,
            };
            enough = match enough {
                None => Some(needs),
                Some((edge, count)) if edge == needs.0 => Some((edge, needs.1.max(count))),
                Some(_) => return None,
            };
        }
        // SAVE alone keeps everything.
        enough
    }
}

impl Window {
    /// The places meant, the lesser first; 1 is the first or the last result.
    pub(super) fn range(self) -> (u32, u32) {
        let (a, b) = self.written;
        (a.min(b), a.max(b))
    }

    /// The messages of a set that stand on this page (RFC 9394 §3.3).
    pub(super) fn of(self, set: &UidSet) -> UidSet {
        let (from, to) = self.range();
        let all = u32::try_from(set.len()).unwrap_or(u32::MAX);
        // Counted from the first, 1 is the first.
        let (first, last) = match self.edge {
            Edge::First => (from, to.min(all)),
            Edge::Last => (all.saturating_sub(to) + 1, (all + 1).saturating_sub(from)),
        };
        let mut ranges = Vec::new();
        let mut before = 0;
        for &(low, high) in set.ranges() {
            let count = high - low + 1;
            let (start, end) = (first.max(before + 1), last.min(before + count));
            if start <= end {
                ranges.push((low + start - before - 1, low + end - before - 1));
            }
            before += count;
        }
        UidSet::from_ranges(ranges)
    }
}

impl fmt::Display for Window {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (a, b) = self.written;
        match self.edge {
            Edge::First => write!(out, "{a}:{b}"),
            Edge::Last => write!(out, "-{a}:-{b}"),
        }
    }
}

/// `[SP "RETURN" SP "(" [option *(SP option)] ")"]` before the space that follows it; `RETURN ()` is
/// `RETURN (ALL)` (RFC 4731 §3.1).
pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Option<Returns>> {
    let mut ahead = *cursor;
    ahead.space()?;
    if ahead.word() != "RETURN" {
        return Ok(None);
    }
    ahead.space()?;
    ahead.expect(b'(', "a list of what to return was expected")?;
    let mut options = Vec::new();
    while !ahead.take(b')') {
        if !options.is_empty() {
            ahead.space()?;
        }
        let option = match ahead.word().as_str() {
            "MIN" => Return::Min,
            "MAX" => Return::Max,
            "ALL" => Return::All,
            "COUNT" => Return::Count,
            "SAVE" => Return::Save,
            "PARTIAL" => {
                ahead.space()?;
                Return::Partial(window(&mut ahead)?)
            }
            _ => return Err(Fault::Syntax("an unknown option of RETURN")),
        };
        // RFC 9394 §3.1: one PARTIAL, or one ALL, or neither.
        let many = |option: &Return| matches!(option, Return::All | Return::Partial(_));
        let clash =
            |known: &Return| many(known) && many(&option) && (*known, option) != (Return::All, Return::All);
        if options.iter().any(clash) {
            return Err(Fault::Syntax("PARTIAL goes with no other PARTIAL and not with ALL"));
        }
        if !options.contains(&option) {
            options.push(option);
        }
    }
    *cursor = ahead;
    Ok(Some(if options.is_empty() { Returns::all() } else { Returns(options) }))
}

/// `partial-range`: both ends of one sign, never `*` (RFC 9394 §4).
pub(super) fn window(cursor: &mut Cursor<'_>) -> Parsed<Window> {
    let edge = if cursor.take(b'-') { Edge::Last } else { Edge::First };
    let from = cursor.positive()?;
    cursor.expect(b':', "a range like 1:100 or -1:-100 was expected")?;
    if edge == Edge::Last {
        cursor.expect(b'-', "both ends of a range count from the same end")?;
    }
    Ok(Window { edge, written: (from, cursor.positive()?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Parsed<Option<Returns>> {
        parse(&mut Cursor::new(text.as_bytes()))
    }

    #[test]
    fn what_is_kept_and_how_much_is_enough_follow_from_the_options() {
        use Keep::*;
        for (text, keep, enough) in [
            ("", Nothing, None),
            ("ALL", Nothing, None),
            ("SAVE", Everything, None),
            ("SAVE ALL MIN", Everything, None),
            ("SAVE COUNT MIN", Everything, None),
            ("SAVE MIN", Returned, Some((Edge::First, 1))),
            ("MAX", Nothing, Some((Edge::Last, 1))),
            ("MIN MAX SAVE", Returned, None),
            ("PARTIAL 100:1", Nothing, Some((Edge::First, 100))),
            ("PARTIAL -1:-100 MAX SAVE", Returned, Some((Edge::Last, 100))),
            ("PARTIAL -1:-100 MIN", Nothing, None),
            ("PARTIAL 1:10 COUNT SAVE", Everything, None),
        ] {
            let returns = read(&format!(" RETURN ({text}) ALL")).unwrap().unwrap();
            assert_eq!((returns.keep(), returns.enough()), (keep, enough), "{text}");
            assert_eq!(returns.tells(), text != "SAVE", "{text}");
        }
    }

    #[test]
    fn a_page_of_a_set_is_counted_from_either_end() {
        let set = UidSet::from_ranges(vec![(3, 5), (9, 9), (20, 22)]);
        for (window, want) in [
            ("1:2", "3:4"),
            ("2:5", "4:5,9,20"),
            ("5:9", "20:22"),
            ("8:9", ""),
            ("-1:-1", "22"),
            ("-3:-5", "5,9,20"),
            ("-7:-100", "3"),
            ("-8:-9", ""),
        ] {
            let window = super::window(&mut Cursor::new(window.as_bytes())).unwrap();
            assert_eq!(window.of(&set).to_string(), want, "{window}");
            assert!(window.of(&UidSet::new()).is_empty());
        }
    }

    #[test]
    fn malformed_options_are_refused() {
        for bad in [
            " RETURN",
            " RETURN ALL",
            " RETURN (ALL",
            " RETURN (BOGUS)",
            " RETURN (MIN,MAX)",
            " RETURN (PARTIAL)",
            " RETURN (PARTIAL 1)",
            " RETURN (PARTIAL 0:1)",
            " RETURN (PARTIAL 1:*)",
            " RETURN (PARTIAL -1:5)",
            " RETURN (PARTIAL 1:-5)",
            " RETURN (PARTIAL 1:2 PARTIAL 3:4)",
            " RETURN (ALL PARTIAL 1:2)",
            " RETURN (PARTIAL 1:2 ALL)",
        ] {
            assert!(matches!(read(bad), Err(Fault::Syntax(_))), "{bad}: {:?}", read(bad));
        }
        assert_eq!(read(" ALL"), Ok(None));
        assert_eq!(read(" RETURN (ALL MIN ALL MIN) X").unwrap().unwrap().0.len(), 2);
        assert_eq!(
            read(" RETURN (PARTIAL -500:-400)").unwrap().unwrap().window().unwrap().range(),
            (400, 500)
        );
    }
}
