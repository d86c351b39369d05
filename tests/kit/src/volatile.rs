//! What differs from one house to the next: words for people, UIDVALIDITY, ids, instants of arrival. In a
//! recorded dialogue a star stands for the first, a hole such as `<validity-1>` for the others; what the
//! program says back later goes through the same hole.

use std::collections::BTreeMap;

/// What a house chooses freely: the words in front of it, its name, and what ends it.
const CHOSEN: [(&str, &str, char); 9] = [
    ("UIDVALIDITY ", "validity", ' '),
    ("APPENDUID ", "validity", ' '),
    ("COPYUID ", "validity", ' '),
    ("QRESYNC (", "validity", ' '),
    ("MAILBOXID (", "id", ')'),
    ("EMAILID (", "id", ')'),
    ("THREADID (", "id", ')'),
    ("INTERNALDATE \"", "date", '"'),
    ("SAVEDATE \"", "date", '"'),
];

/// The holes of one dialogue while it is written down.
#[derive(Default)]
pub(crate) struct Holes {
    values: Vec<(String, String)>,
    counts: BTreeMap<&'static str, usize>,
}

impl Holes {
    /// A line of the house, with holes.
    pub(crate) fn chosen(&mut self, line: &str) -> String {
        through(line, |kind, value| {
            // Two folders may have one UIDVALIDITY in one house and two in the next.
            let known = self.values.iter().find(|(hole, known)| known == value && hole.starts_with(kind));
            if let Some((hole, _)) = known.filter(|_| kind != "validity") {
                return hole.clone();
            }
            let count = self.counts.entry(kind).or_default();
            *count += 1;
            let hole = format!("{kind}-{count}");
            self.values.push((hole.clone(), value.to_owned()));
            hole
        })
    }

    /// A line of the program: what it heard before goes through the hole it heard it from.
    pub(crate) fn said_back(&self, line: &str) -> String {
        let latest = |kind: &str, value: &str| {
            let known = |(hole, known): &&(String, String)| known == value && hole.starts_with(kind);
            self.values.iter().rev().find(known).map(|(hole, _)| hole.clone())
        };
        let mut out = String::new();
        let mut rest = line;
        while let Some((start, end, kind)) = first_chosen(rest) {
            out.push_str(&rest[..start]);
            match latest(kind, &rest[start..end]) {
                Some(hole) => out.push_str(&format!("<{hole}>")),
                None => out.push_str(&rest[start..end]),
            }
            rest = &rest[end..];
        }
        out + rest
    }
}

fn through(line: &str, mut hole: impl FnMut(&'static str, &str) -> String) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((start, end, kind)) = first_chosen(rest) {
        out.push_str(&rest[..start]);
        out.push_str(&format!("<{}>", hole(kind, &rest[start..end])));
        rest = &rest[end..];
    }
    out + rest
}

/// Where the first value of [`CHOSEN`] stands.
fn first_chosen(line: &str) -> Option<(usize, usize, &'static str)> {
    let found = CHOSEN.iter().filter_map(|(words, kind, end)| {
        let start = line.find(words)? + words.len();
        let length = match *end {
            // Figures, whatever stands behind them.
            ' ' => line[start..].find(|c: char| !c.is_ascii_digit()).unwrap_or(line.len() - start),
            end => line[start..].find(end)?,
        };
        (length > 0).then_some((start, start + length, *kind))
    });
    found.min_by_key(|(start, ..)| *start)
}

/// A continuation, whatever it says.
const GO_ON: &str = "+ *";

/// Words for people give way to a star; codes stay.
pub(crate) fn blank(line: &str) -> String {
    if line.starts_with('+') {
        return GO_ON.to_owned();
    }
    if line.starts_with("* ID ") {
        return "* ID *".to_owned();
    }
    let mut words = line.splitn(3, ' ');
    let (Some(tag), Some(status), Some(rest)) = (words.next(), words.next(), words.next()) else {
        return line.to_owned();
    };
    let tagged = tag.strip_prefix('a').is_some_and(|number| number.parse::<u32>().is_ok());
    if !(tag == "*" || tagged) || !["OK", "NO", "BAD", "BYE", "PREAUTH"].contains(&status) {
        return line.to_owned();
    }
    match rest.strip_prefix('[').and_then(|code| code.split_once(']')) {
        Some((code, _)) => format!("{tag} {status} [{code}] *"),
        None => format!("{tag} {status} *"),
    }
}

/// Octets as a line of a transcript.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        let mut valid = chunk.valid();
        for c in chunk.valid().chars() {
            let token = c == '<' && stands_for_something(valid);
            if c.is_control() || token {
                out.push_str(&format!("<0x{:02X}>", u32::from(c)));
            } else {
                out.push(c);
            }
            valid = &valid[c.len_utf8()..];
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("<0x{byte:02X}>"));
        }
    }
    for (last, code) in [(' ', "<0x20>"), ('*', "<0x2A>")] {
        if let Some(before) = out.strip_suffix(last) {
            out = format!("{before}{code}");
        }
    }
    out
}

fn stands_for_something(text: &str) -> bool {
    let Some(token) = text.strip_prefix('<').and_then(|text| text.split_once('>')) else { return false };
    token.0.starts_with("0x") || CHOSEN.iter().any(|(_, kind, _)| token.0.starts_with(&format!("{kind}-")))
}

/// What the holes of a recorded dialogue hold while it is played.
#[derive(Default)]
pub(crate) struct Filled(BTreeMap<String, String>);

impl Filled {
    /// The octets of a line of the program.
    pub(crate) fn decode(&self, line: &str) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let mut rest = line;
        while let Some(at) = rest.find('<') {
            bytes.extend_from_slice(&rest.as_bytes()[..at]);
            rest = &rest[at..];
            if !stands_for_something(rest) {
                bytes.push(b'<');
                rest = &rest[1..];
                continue;
            }
            let (token, after) = rest[1..].split_once('>').unwrap_or((rest, ""));
            match token.strip_prefix("0x") {
                Some(figures) => {
                    bytes
                        .push(u8::from_str_radix(figures, 16).map_err(|_| format!("not an octet: {token}"))?);
                }
                None => {
                    let value = self.0.get(token).ok_or_else(|| format!("nothing was heard for {token}"))?;
                    bytes.extend_from_slice(value.as_bytes());
                }
            }
            rest = after;
        }
        bytes.extend_from_slice(rest.as_bytes());
        Ok(bytes)
    }

    /// Whether a line of a house is what was recorded.
    pub(crate) fn matches(&mut self, recorded: &str, got: &[u8]) -> bool {
        if recorded == GO_ON {
            return got.starts_with(b"+");
        }
        let got = encode(got);
        if let (Some(wanted), Some(offered)) = (capabilities(recorded), capabilities(&got)) {
            return wanted.0 == offered.0 && wanted.1.iter().all(|word| offered.1.contains(word));
        }
        self.fits(recorded, &got)
    }

    fn fits(&mut self, recorded: &str, got: &str) -> bool {
        let (mut recorded, mut got) = (recorded, got);
        loop {
            let hole = recorded.match_indices('<').find(|(at, _)| {
                let text = &recorded[*at..];
                stands_for_something(text) && !text.starts_with("<0x")
            });
            let Some((at, _)) = hole else {
                return match recorded.strip_suffix('*') {
                    Some(start) => got.starts_with(start),
                    None => got == recorded,
                };
            };
            let Some(after) = got.strip_prefix(&recorded[..at]) else { return false };
            let (name, rest) = recorded[at + 1..].split_once('>').unwrap_or_default();
            let next = rest.chars().next();
            let end = after.find(|c: char| Some(c) == next || c == ' ' && !name.starts_with("date"));
            let (value, remains) = after.split_at(end.unwrap_or(after.len()));
            let bound = self.0.entry(name.to_owned()).or_insert_with(|| value.to_owned());
            if value.is_empty() || bound != value {
                return false;
            }
            (recorded, got) = (rest, remains);
        }
    }
}

/// What stands in front of CAPABILITY, and what is offered: more may come, nothing may go.
fn capabilities(line: &str) -> Option<(&str, Vec<&str>)> {
    let (before, after) = line.split_once("CAPABILITY ")?;
    Some((before, after.split(']').next()?.split(' ').collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_back_goes_through_the_hole_it_came_from() {
        let mut holes = Holes::default();
        assert_eq!(holes.chosen("* OK [UIDVALIDITY 17] *"), "* OK [UIDVALIDITY <validity-1>] *");
        assert_eq!(holes.chosen("* OK [MAILBOXID (F7)] *"), "* OK [MAILBOXID (<id-1>)] *");
        assert_eq!(
            holes.chosen("* 1 FETCH (EMAILID (M3) THREADID (F7) UID 17)"),
            "* 1 FETCH (EMAILID (<id-2>) THREADID (<id-1>) UID 17)"
        );
        assert_eq!(
            holes.said_back("a1 SELECT INBOX (QRESYNC (17 90060115194045001 17))"),
            "a1 SELECT INBOX (QRESYNC (<validity-1> 90060115194045001 17))"
        );
        assert_eq!(
            holes.said_back("a1 SELECT INBOX (QRESYNC (18 4))"),
            "a1 SELECT INBOX (QRESYNC (18 4))",
            "nobody said 18"
        );
    }

    #[test]
    fn a_house_may_choose_and_offer_more_but_not_say_something_else() {
        let mut filled = Filled::default();
        let cases = [
            ("* OK [UIDVALIDITY <validity-1>] *", "* OK [UIDVALIDITY 99] these are", true),
            (
                "* STATUS INBOX (UIDVALIDITY <validity-1> UNSEEN 1)",
                "* STATUS INBOX (UIDVALIDITY 98 UNSEEN 1)",
                false,
            ),
            (
                "* STATUS INBOX (UIDVALIDITY <validity-1> UNSEEN 1)",
                "* STATUS INBOX (UIDVALIDITY 99 UNSEEN 1)",
                true,
            ),
            (
                "* STATUS INBOX (UIDVALIDITY <validity-1> UNSEEN 1)",
                "* STATUS INBOX (UIDVALIDITY 99 UNSEEN 2)",
                false,
            ),
            ("* CAPABILITY IMAP4rev1 IDLE", "* CAPABILITY IMAP4rev1 MOVE IDLE", true),
            ("* CAPABILITY IMAP4rev1 IDLE", "* CAPABILITY IMAP4rev1 MOVE", false),
            ("a1 OK [CAPABILITY IDLE] *", "a1 OK [CAPABILITY MOVE IDLE] welcome", true),
            (
                "* 1 FETCH (INTERNALDATE \"<date-1>\" UID 1)",
                "* 1 FETCH (INTERNALDATE \" 1-Feb-2026 03:34:27 +0000\" UID 1)",
                true,
            ),
            ("a2 OK *", "a2 OK done", true),
            ("a2 OK *", "a2 NO [NONEXISTENT] no", false),
            ("* LIST () \"/\" x<0x2A>", "* LIST () \"/\" x*", true),
            ("* LIST () \"/\" x<0x2A>", "* LIST () \"/\" xy", false),
        ];
        for (recorded, got, wanted) in cases {
            assert_eq!(filled.matches(recorded, got.as_bytes()), wanted, "{recorded} / {got}");
        }
        assert_eq!(filled.decode("a1 X <validity-1> <0x0D> <1@a>").unwrap(), b"a1 X 99 \r <1@a>");
        assert!(filled.decode("<id-9>").is_err());
    }

    #[test]
    fn what_is_encoded_comes_back() {
        for bytes in [&b"caf\xc3\xa9 \xe9 <0x41> <id-1> <a@b> \t "[..], b"UID FETCH 1:*", b""] {
            assert_eq!(Filled::default().decode(&encode(bytes)).unwrap(), bytes);
        }
    }
}
