//! The words of the grammar (RFC 3501 §9), read from one whole command with its literals in place.

use names::Timestamp;

use super::enabled::Strings;
use super::flags::{Flags, Keyword, SystemFlag};
use super::limits;
use super::name::{FolderName, NameError};
use super::set::{Bound, SequenceSet};

/// A calendar day, as SEARCH knows it.
pub type Date = jiff::civil::Date;

/// Why a command cannot be carried out as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It does not follow the grammar: `BAD`, and what was expected.
    Syntax(&'static str),
    /// One of our limits: `BAD [LIMIT]`.
    Limit(&'static str),
    /// A folder's name that cannot be: `NO [CANNOT]`.
    Name(NameError),
    /// A SEARCH in a charset we do not read: `NO [BADCHARSET …]`.
    Charset,
}

pub(super) type Parsed<T> = Result<T, Fault>;

/// `ATOM-CHAR`
pub(super) fn is_atom(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"(){%*\"\\]".contains(&byte)
}

/// `ASTRING-CHAR`
fn is_astring(byte: u8) -> bool {
    is_atom(byte) || byte == b']'
}

/// A place in a command.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a>(&'a [u8], Strings);

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self(text, Strings::default())
    }

    /// With folder names written this way.
    pub(super) fn speaking(self, strings: Strings) -> Self {
        Self(self.0, strings)
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// Takes one octet if it is next.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let next = self.peek() == Some(byte);
        if next {
            self.0 = &self.0[1..];
        }
        next
    }

    pub(super) fn expect(&mut self, byte: u8, what: &'static str) -> Parsed<()> {
        if self.take(byte) { Ok(()) } else { Err(Fault::Syntax(what)) }
    }

    pub(super) fn space(&mut self) -> Parsed<()> {
        self.expect(b' ', "a space was expected")
    }

    /// Nothing may follow. One trailing space is let pass: old Outlook writes it.
    pub(super) fn end(&mut self) -> Parsed<()> {
        self.take(b' ');
        if self.0.is_empty() { Ok(()) } else { Err(Fault::Syntax("the command is too long or misspelt")) }
    }

    pub(super) fn at_end(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes all that is left.
    pub(super) fn skip(&mut self) {
        self.0 = &[];
    }

    fn run(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().position(|byte| !wanted(*byte)).unwrap_or(self.0.len());
        let (run, rest) = self.0.split_at(end);
        self.0 = rest;
        run
    }

    /// A word of letters, digits, dots and the like, for names of commands and items; may be empty.
    pub(super) fn word(&mut self) -> String {
        let run = self.run(|byte| byte.is_ascii_alphanumeric() || b".-+=".contains(&byte));
        String::from_utf8_lossy(run).to_ascii_uppercase()
    }

    /// `tag`: `1*<any ASTRING-CHAR except "+">`
    pub(super) fn tag(&mut self) -> Option<&'a str> {
        let run = self.run(|byte| is_astring(byte) && byte != b'+');
        std::str::from_utf8(run).ok().filter(|tag| !tag.is_empty())
    }

    /// The octets of an initial response (RFC 4959): base64 or `=`, checked elsewhere.
    pub(super) fn base64(&mut self) -> Vec<u8> {
        self.run(|byte| byte.is_ascii_graphic()).to_vec()
    }

    /// Whether all that is left is the header of a literal whose octets are not here yet.
    pub(super) fn is_literal_header(&self) -> bool {
        let digits = self.0.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}\r\n"));
        let digits = digits.map(|digits| digits.strip_suffix(b"+").unwrap_or(digits));
        digits.is_some_and(|digits| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit))
    }

    /// `atom`
    pub(super) fn atom(&mut self) -> Parsed<&'a str> {
        match self.run(is_atom) {
            [] => Err(Fault::Syntax("an atom was expected")),
            run => Ok(std::str::from_utf8(run).expect("atoms are ASCII")),
        }
    }

    /// `number`
    pub(super) fn number(&mut self) -> Parsed<u32> {
        let digits = self.run(|byte| byte.is_ascii_digit());
        let text = std::str::from_utf8(digits).expect("digits are ASCII");
        text.parse().map_err(|_| Fault::Syntax("a 32-bit number was expected"))
    }

    /// `number64` (RFC 9051 §9): 63 bits, but that is the caller's affair.
    pub(super) fn number64(&mut self) -> Parsed<u64> {
        let digits = self.run(|byte| byte.is_ascii_digit());
        let text = std::str::from_utf8(digits).expect("digits are ASCII");
        text.parse().map_err(|_| Fault::Syntax("a number was expected"))
    }

    /// `number64`: 63 bits (RFC 9051 §9)
    pub(super) fn number63(&mut self) -> Parsed<u64> {
        self.number64().and_then(|number| match i64::try_from(number) {
            Ok(_) => Ok(number),
            Err(_) => Err(Fault::Syntax("a number has 63 bits")),
        })
    }

    /// `nz-number`
    pub(super) fn positive(&mut self) -> Parsed<u32> {
        self.number().and_then(|n| if n > 0 { Ok(n) } else { Err(Fault::Syntax("zero is not allowed here")) })
    }

    /// `string`; 8-bit octets are let pass in quotes too, as many programs write passwords so.
    pub(super) fn string(&mut self) -> Parsed<Vec<u8>> {
        match self.peek() {
            Some(b'"') => self.quoted(),
            Some(b'{') => self.literal(),
            Some(_) | None => Err(Fault::Syntax("a string was expected")),
        }
    }

    fn quoted(&mut self) -> Parsed<Vec<u8>> {
        self.expect(b'"', "a quote was expected")?;
        let mut text = Vec::new();
        loop {
            text.extend_from_slice(self.run(|byte| !b"\"\\\r\n\0".contains(&byte)));
            match self.0 {
                [b'"', rest @ ..] => {
                    self.0 = rest;
                    return Ok(text);
                }
                [b'\\', escaped @ (b'"' | b'\\'), rest @ ..] => {
                    text.push(*escaped);
                    self.0 = rest;
                }
                _ => return Err(Fault::Syntax("a quoted string is not closed or holds a bad escape")),
            }
        }
    }

    fn literal(&mut self) -> Parsed<Vec<u8>> {
        let text = self.literal8()?;
        // RFC 3501 §9: CHAR8 is any octet but NUL.
        if text.contains(&0) { Err(Fault::Syntax("a literal holds a NUL octet")) } else { Ok(text) }
    }

    /// A literal whose octets the framing has put in place: `{n}` or `{n+}`, CRLF, n octets of any kind.
    pub(super) fn literal8(&mut self) -> Parsed<Vec<u8>> {
        const WHAT: Fault = Fault::Syntax("a literal is misspelt");
        self.expect(b'{', "a literal was expected")?;
        let length = self.number().map_err(|_| WHAT)? as usize;
        self.take(b'+');
        let rest = self.0.strip_prefix(b"}\r\n").ok_or(WHAT)?;
        if rest.len() < length {
            return Err(WHAT);
        }
        let (text, rest) = rest.split_at(length);
        self.0 = rest;
        Ok(text.to_vec())
    }

    /// `astring`
    pub(super) fn astring(&mut self) -> Parsed<Vec<u8>> {
        match self.run(is_astring) {
            [] => self.string(),
            run => Ok(run.to_vec()),
        }
    }

    /// `astring` that must be UTF-8.
    pub(super) fn astring_text(&mut self) -> Parsed<String> {
        String::from_utf8(self.astring()?).map_err(|_| Fault::Syntax("a string is not UTF-8"))
    }

    /// `nstring`
    pub(super) fn nstring(&mut self) -> Parsed<Option<Vec<u8>>> {
        if self.0.len() >= 3 && self.0[..3].eq_ignore_ascii_case(b"NIL") {
            self.0 = &self.0[3..];
            return Ok(None);
        }
        self.string().map(Some)
    }

    /// `mailbox`
    pub(super) fn folder(&mut self) -> Parsed<FolderName> {
        FolderName::read(&self.astring()?, self.1).map_err(Fault::Name)
    }

    /// `list-mailbox`
    pub(super) fn pattern(&mut self) -> Parsed<Vec<u8>> {
        match self.run(|byte| is_astring(byte) || byte == b'*' || byte == b'%') {
            [] => self.string(),
            run => Ok(run.to_vec()),
        }
    }

    /// `sequence-set`, or `$` (RFC 5182 §3)
    pub(super) fn sequence_set(&mut self) -> Parsed<SequenceSet> {
        if self.take(b'$') {
            return Ok(SequenceSet::SAVED);
        }
        let mut ranges = Vec::new();
        loop {
            let first = self.bound()?;
            let last = if self.take(b':') { self.bound()? } else { first };
            ranges.push((first, last));
            if ranges.len() > limits::RANGES {
                return Err(Fault::Limit("too many ranges in a set"));
            }
            if !self.take(b',') {
                return Ok(SequenceSet(ranges));
            }
        }
    }

    /// `seq-number`
    pub(super) fn bound(&mut self) -> Parsed<Bound> {
        if self.take(b'*') { Ok(Bound::Star) } else { self.positive().map(Bound::Number) }
    }

    /// `flag-list`, or flags without parentheses when `STORE` asks (RFC 3501 §9 `store-att-flags`).
    pub(super) fn flags(&mut self) -> Parsed<Flags> {
        let mut flags = Flags::new();
        let listed = self.take(b'(');
        if listed && self.take(b')') {
            return Ok(flags);
        }
        loop {
            self.flag(&mut flags)?;
            if flags.keywords().len() > limits::KEYWORDS {
                return Err(Fault::Limit("too many keywords"));
            }
            if !self.take(b' ') {
                break;
            }
        }
        if listed {
            self.expect(b')', "the list of flags is not closed")?;
        }
        Ok(flags)
    }

    fn flag(&mut self, flags: &mut Flags) -> Parsed<()> {
        if self.take(b'\\') {
            let name = self.atom()?;
            match SystemFlag::ALL.into_iter().find(|flag| flag.as_str()[1..].eq_ignore_ascii_case(name)) {
                Some(flag) => flags.set(flag),
                // Programs that copy a message with its flags send \Recent back; only we could set it.
                None if name.eq_ignore_ascii_case("Recent") => {}
                None => return Err(Fault::Syntax("an unknown system flag")),
            }
        } else {
            let keyword = Keyword::parse(self.atom()?).ok_or(Fault::Limit("a keyword is too long"))?;
            flags.set_keyword(keyword);
        }
        Ok(())
    }

    /// `date`, with or without quotes: `1-Feb-1994`.
    pub(super) fn date(&mut self) -> Parsed<Date> {
        let quoted = self.take(b'"');
        let date = self.day_month_year()?;
        if quoted {
            self.expect(b'"', "the date is not closed")?;
        }
        Ok(date)
    }

    fn day_month_year(&mut self) -> Parsed<Date> {
        const WHAT: Fault = Fault::Syntax("a date like 1-Feb-1994 was expected");
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let day = self.number().ok().and_then(|day| i8::try_from(day).ok()).ok_or(WHAT)?;
        self.expect(b'-', "a date like 1-Feb-1994 was expected")?;
        let name = self.run(|byte| byte.is_ascii_alphabetic());
        let month =
            MONTHS.iter().position(|month| month.as_bytes().eq_ignore_ascii_case(name)).ok_or(WHAT)?;
        self.expect(b'-', "a date like 1-Feb-1994 was expected")?;
        let year = self.run(|byte| byte.is_ascii_digit());
        let year = std::str::from_utf8(year).ok().filter(|y| y.len() == 4).and_then(|y| y.parse().ok());
        Date::new(year.ok_or(WHAT)?, month as i8 + 1, day).map_err(|_| WHAT)
    }

    /// `date-time`: `"17-Jul-1996 02:44:25 -0700"`, a leading space for a one-digit day.
    pub(super) fn date_time(&mut self) -> Parsed<Timestamp> {
        const WHAT: Fault = Fault::Syntax("a date like \"17-Jul-1996 02:44:25 -0700\" was expected");
        let inner = self.quoted()?;
        let mut inner = Cursor::new(&inner);
        inner.take(b' ');
        let date = inner.day_month_year()?;
        inner.space()?;
        let two = |cursor: &mut Cursor<'_>, after: u8, top: i64| -> Parsed<i64> {
            let (digits, rest) = cursor.0.split_at_checked(2).ok_or(WHAT)?;
            let value = std::str::from_utf8(digits).ok().filter(|d| d.bytes().all(|b| b.is_ascii_digit()));
            let value: i64 = value.and_then(|d| d.parse().ok()).filter(|v| *v <= top).ok_or(WHAT)?;
            cursor.0 = rest;
            if after == 0 || cursor.take(after) { Ok(value) } else { Err(WHAT) }
        };
        let (hour, minute) = (two(&mut inner, b':', 23)?, two(&mut inner, b':', 59)?);
        let second = two(&mut inner, b' ', 60)?;
        let sign = match (inner.take(b'+'), inner.take(b'-')) {
            (true, _) => 1,
            (false, true) => -1,
            (false, false) => return Err(WHAT),
        };
        let zone = sign * (two(&mut inner, 0, 23)? * 60 + two(&mut inner, 0, 59)?);
        inner.end()?;
        let days = i64::from((date - Date::constant(1970, 1, 1)).get_days());
        Ok(Timestamp((((days * 24 + hour) * 60 + minute - zone) * 60 + second) * 1_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_all_three_kinds_are_read() {
        for (text, want) in [
            (&b"atom]x"[..], Some(&b"atom]x"[..])),
            (b"\"a \\\"b\\\\\"", Some(b"a \"b\\")),
            (b"{3}\r\na b", Some(b"a b")),
            (b"{3+}\r\na b", Some(b"a b")),
            (b"\"\"", Some(b"")),
            (b"{4}\r\na b", None),
            (b"{1}\r\n\0", None),
            (b"\"a", None),
            (b"\"a\\n\"", None),
            (b"(x", None),
            (b"{-1}\r\na", None),
            (b"{99999999999}\r\na", None),
        ] {
            let read = Cursor::new(text).astring().ok();
            assert_eq!(read.as_deref(), want, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn dates_are_read_strictly() {
        for (text, want) in [
            ("1-Feb-1994", Some((1994, 2, 1))),
            ("\"28-feb-2026\"", Some((2026, 2, 28))),
            ("30-Feb-2026", None),
            ("1-Foo-2026", None),
            ("1-Feb-94", None),
            ("1/Feb/1994", None),
        ] {
            let want = want.map(|(y, m, d)| Date::constant(y, m, d));
            assert_eq!(Cursor::new(text.as_bytes()).date().ok(), want, "{text}");
        }
        for (text, want) in [
            ("\"17-Jul-1996 02:44:25 -0700\"", Some("1996-07-17T09:44:25Z")),
            ("\" 1-Jan-2026 00:30:00 +0100\"", Some("2025-12-31T23:30:00Z")),
            ("\"1-Jan-2026 00:30:00\"", None),
            ("\"1-Jan-2026 24:30:00 +0000\"", None),
            ("\"1-Jan-2026 00:30:00 +00\"", None),
            ("17-Jul-1996", None),
        ] {
            let read = Cursor::new(text.as_bytes()).date_time().ok().map(Timestamp::rfc3339);
            assert_eq!(read.as_deref(), want, "{text}");
        }
    }

    #[test]
    fn sets_and_flags_are_read() {
        let set = Cursor::new(b"2,4:7,9,12:*").sequence_set().unwrap();
        assert_eq!(set.resolve(15).to_string(), "2,4:7,9,12:15");
        for bad in ["0", "1:", ",1", "a", "4294967296", "1,,2"] {
            let mut cursor = Cursor::new(bad.as_bytes());
            assert!(cursor.sequence_set().and_then(|_| cursor.end()).is_err(), "{bad}");
        }
        let flags = Cursor::new(b"(\\seen $Work \\Recent)").flags().unwrap();
        assert_eq!(flags.to_string(), "(\\Seen $Work)");
        assert!(Cursor::new(b"(\\Bogus)").flags().is_err());
        assert!(Cursor::new(b"(\\Seen").flags().is_err());
        assert_eq!(Cursor::new(b"()").flags().unwrap(), Flags::new());
    }
}
