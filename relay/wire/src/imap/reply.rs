//! The words of the server: strings, status lines, response codes (RFC 3501 §7, §9; RFC 5530).

use std::borrow::Cow;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use names::Timestamp;

use super::ask::{Code, Refusal};
use super::enabled::Strings;

/// The end of a command, without its tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Completion {
    pub status: Verdict,
    pub code: Option<String>,
    pub text: Cow<'static, str>,
    pub tells: Tells,
}

/// What the last line of a command tells beside its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tells {
    Nothing,
    /// How far a client that resynchronises was told (RFC 7162 §3.2.7): known when the line is said.
    HighestModSeq,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Ok,
    No,
    Bad,
}

impl Completion {
    pub(super) fn ok(text: &'static str) -> Self {
        Self { status: Verdict::Ok, code: None, text: Cow::Borrowed(text), tells: Tells::Nothing }
    }

    pub(super) fn no(code: Code, text: &'static str) -> Self {
        Self {
            status: Verdict::No,
            code: Some(code.as_str().to_owned()),
            text: Cow::Borrowed(text),
            tells: Tells::Nothing,
        }
    }

    pub(super) fn bad(text: &'static str) -> Self {
        Self { status: Verdict::Bad, code: None, text: Cow::Borrowed(text), tells: Tells::Nothing }
    }

    pub(super) fn with(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    pub(super) fn is_bad(&self) -> bool {
        self.status == Verdict::Bad
    }

    /// Whether it went well and there is nothing more to say.
    pub(super) fn is_plain_ok(&self) -> bool {
        self.status == Verdict::Ok && self.code.is_none()
    }

    /// For a command that removed messages.
    pub(super) fn telling_highest(mut self) -> Self {
        self.tells = Tells::HighestModSeq;
        self
    }

    /// What the world refused.
    pub(super) fn refused(refusal: Refusal) -> Self {
        Self {
            status: Verdict::No,
            code: Some(refusal.code.as_str().to_owned()),
            text: Cow::Owned(printable(&refusal.text)),
            tells: Tells::Nothing,
        }
    }

    /// What the world refused to a command that could create its destination (RFC 3501 §6.3.11).
    pub(super) fn refused_destination(refusal: Refusal) -> Self {
        let missing = refusal.code == Code::Nonexistent;
        let completion = Self::refused(refusal);
        if missing { completion.with("TRYCREATE") } else { completion }
    }

    pub(super) fn line(&self, tag: &str) -> String {
        let status = match self.status {
            Verdict::Ok => "OK",
            Verdict::No => "NO",
            Verdict::Bad => "BAD",
        };
        match &self.code {
            Some(code) => format!("{tag} {status} [{code}] {}\r\n", self.text),
            None => format!("{tag} {status} {}\r\n", self.text),
        }
    }
}

impl Code {
    /// As on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unavailable => "UNAVAILABLE",
            Self::AuthenticationFailed => "AUTHENTICATIONFAILED",
            Self::AuthorizationFailed => "AUTHORIZATIONFAILED",
            Self::Expired => "EXPIRED",
            Self::ContactAdmin => "CONTACTADMIN",
            Self::NoPermission => "NOPERM",
            Self::InUse => "INUSE",
            Self::ServerBug => "SERVERBUG",
            Self::Cannot => "CANNOT",
            Self::Limit => "LIMIT",
            Self::OverQuota => "OVERQUOTA",
            Self::NotificationOverflow => "NOTIFICATIONOVERFLOW",
            Self::TooBig => "TOOBIG",
            Self::ExpungeIssued => "EXPUNGEISSUED",
            Self::UnknownCte => "UNKNOWN-CTE",
            Self::AlreadyExists => "ALREADYEXISTS",
            Self::HasChildren => "HASCHILDREN",
            Self::TooManyAnnotations => "METADATA TOOMANY",
            Self::UseAttr => "USEATTR",
            Self::Nonexistent => "NONEXISTENT",
        }
    }
}

/// `* BYE` with a code.
pub(super) fn bye(code: &str, text: &str) -> String {
    format!("* BYE [{code}] {}\r\n", printable(text))
}

/// Text that may stand at the end of a line: one line of printable ASCII, not empty.
pub(super) fn printable(text: &str) -> String {
    let text: String = text.chars().map(|c| if (' '..='~').contains(&c) { c } else { '?' }).collect();
    if text.trim().is_empty() { "not possible".to_owned() } else { text }
}

/// A quoted string of printable ASCII.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

/// `string`: quoted when it is ASCII and short of line ends, else a literal, which alone may hold the
/// rest (RFC 3501 §9). NUL can stand in neither and becomes a space.
pub(super) fn string(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    // All octets are looked at, so that many are at once; most texts hold nothing that must be written otherwise.
    let as_it_is = |byte: u8| (b' '..=b'~').contains(&byte) & (byte != b'"') & (byte != b'\\');
    if bytes.len() <= QUOTED && bytes.iter().fold(true, |all, byte| all & as_it_is(*byte)) {
        out.reserve(bytes.len() + 2);
        out.push(b'"');
        out.extend_from_slice(bytes);
        out.push(b'"');
        return;
    }
    let quotable = |byte: u8| byte == b'\t' || (b' '..=b'~').contains(&byte) || byte == 0;
    if bytes.len() > QUOTED || !text.bytes().all(quotable) {
        literal_header(out, text.len() as u64);
        let start = out.len();
        out.extend_from_slice(bytes);
        out[start..].iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b' ');
        return;
    }
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0 => out.push(b' '),
            byte => out.push(byte),
        }
    }
    out.push(b'"');
}

/// Octets of a quoted string: some clients read lines of limited length.
const QUOTED: usize = 1_000;

/// `nstring`: an absent text is `NIL`, an empty one `""`; strict clients tell them apart.
pub(super) fn nstring(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => string(out, text),
        None => out.extend_from_slice(b"NIL"),
    }
}

/// `nstring` of unstructured header text. Clients that did not enable UTF-8 get encoded words
/// (RFC 2047 §2) in place of raw octets; the others get it in quotes as it is (RFC 6855 §3).
pub(super) fn header_text(out: &mut Vec<u8>, text: Option<&str>, strings: Strings) {
    match text {
        Some(text) if strings == Strings::Utf8 => utf8_string(out, text),
        Some(text) if !text.is_ascii() => string(out, &encoded_words(text)),
        Some(_) | None => nstring(out, text),
    }
}

/// `string` with UTF-8 in its quotes (RFC 6855 §3); what holds line ends is a literal still.
pub(super) fn utf8_string(out: &mut Vec<u8>, text: &str) {
    if text.is_ascii() || text.len() > 1_000 || text.chars().any(|c| c.is_control() && c != '\t') {
        return string(out, text);
    }
    out.extend_from_slice(quoted(text).as_bytes());
}

fn encoded_words(text: &str) -> String {
    // 75 characters a word at most, "=?UTF-8?B?" and "?=" included: 45 octets of text.
    const OCTETS: usize = 45;
    let mut words = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut end = rest.len().min(OCTETS);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (piece, tail) = rest.split_at(end);
        let separator = if words.is_empty() { "" } else { " " };
        write!(words, "{separator}=?UTF-8?B?{}?=", STANDARD.encode(piece)).expect("a String takes all");
        rest = tail;
    }
    words
}

/// `{n}` and its CRLF; n octets must follow.
pub(super) fn literal_header(out: &mut Vec<u8>, length: u64) {
    out.push(b'{');
    number(out, length);
    out.extend_from_slice(b"}\r\n");
}

/// A number, as FETCH writes a million of them.
pub(super) fn number(out: &mut Vec<u8>, number: impl Into<u64>) {
    let mut rest: u64 = number.into();
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// `date-time`, in UTC: `"01-Feb-2026 03:34:27 +0000"`, the day with a leading space.
pub(super) fn date_time(out: &mut Vec<u8>, instant: Timestamp) {
    const MONTHS: [&[u8; 3]; 12] =
        [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
    let utc = instant.utc();
    let two = |out: &mut Vec<u8>, value: i8, first: u8| {
        let value = value.unsigned_abs();
        out.push(if value < 10 { first } else { b'0' + value / 10 });
        out.push(b'0' + value % 10);
    };
    out.push(b'"');
    two(out, utc.day(), b' ');
    out.push(b'-');
    out.extend_from_slice(MONTHS[usize::from((utc.month() - 1).unsigned_abs()) % 12]);
    out.push(b'-');
    // RFC 3501 §9: four digits.
    let year = u64::from(utc.year().clamp(0, 9999).unsigned_abs());
    (year < 1_000).then(|| out.extend_from_slice(&b"000"[..3 - year.checked_ilog10().unwrap_or(0) as usize]));
    number(out, year);
    out.push(b' ');
    two(out, utc.hour(), b'0');
    out.push(b':');
    two(out, utc.minute(), b'0');
    out.push(b':');
    two(out, utc.second(), b'0');
    out.extend_from_slice(b" +0000\"");
}

/// A folder's name as an astring, always quoted: some clients misread atoms such as `NIL`.
pub(super) fn folder(name: &super::FolderName, strings: Strings) -> String {
    quoted(&name.written(strings))
}

/// The prefix of all names below a folder, as a string (RFC 2342 §6).
pub(super) fn prefix(above: &super::FolderName, strings: Strings) -> String {
    quoted(&format!("{}{}", above.written(strings), super::DELIMITER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_quoted_or_literal_as_their_octets_demand() {
        for (text, want) in [
            (Some("a"), "\"a\""),
            (Some(""), "\"\""),
            (None, "NIL"),
            (Some("a\"b\\c"), "\"a\\\"b\\\\c\""),
            (Some("é"), "{2}\r\né"),
            (Some("a\r\nb"), "{4}\r\na\r\nb"),
            (Some("a\0b"), "\"a b\""),
        ] {
            let mut out = Vec::new();
            nstring(&mut out, text);
            assert_eq!(String::from_utf8(out).unwrap(), want);
        }
    }

    #[test]
    fn who_asked_for_utf8_gets_it_in_quotes_and_line_ends_in_literals() {
        for (text, want) in
            [("Résumé \"a\"", "\"Résumé \\\"a\\\"\""), ("plain", "\"plain\""), ("é\r\né", "{6}\r\né\r\né")]
        {
            let mut out = Vec::new();
            header_text(&mut out, Some(text), Strings::Utf8);
            assert_eq!(String::from_utf8(out).unwrap(), want);
        }
    }

    #[test]
    fn raw_utf8_in_headers_becomes_encoded_words_of_75_characters() {
        let mut out = Vec::new();
        header_text(&mut out, Some("Résumé"), Strings::Ascii);
        assert_eq!(out, b"\"=?UTF-8?B?UsOpc3Vtw6k=?=\"");
        for word in encoded_words(&"é".repeat(100)).split(' ') {
            assert!(word.len() <= 75, "{word}");
        }
    }

    #[test]
    fn dates_have_two_places_for_the_day() {
        for (instant, want) in [
            (1_769_916_867_000, "\" 1-Feb-2026 03:34:27 +0000\""),
            (1_795_348_800_999, "\"22-Nov-2026 12:00:00 +0000\""),
            (-62_000_000_000_000, "\"19-Apr-0005 09:46:40 +0000\""),
        ] {
            let mut out = Vec::new();
            date_time(&mut out, Timestamp(instant));
            assert_eq!(String::from_utf8(out).unwrap(), want);
        }
        let mut out = Vec::new();
        [0u64, 7, 10, 1_234_567_890, u64::MAX].into_iter().for_each(|n| number(&mut out, n));
        assert_eq!(out, format!("0710{}{}", 1_234_567_890, u64::MAX).into_bytes());
    }

    #[test]
    fn a_refusal_cannot_smuggle_a_line() {
        let refusal = Refusal::new(Code::OverQuota, "boîte pleine\r\na1 OK done");
        let line = Completion::refused(refusal).line("a1");
        assert_eq!(line, "a1 NO [OVERQUOTA] bo?te pleine??a1 OK done\r\n");
        let missing = Refusal::new(Code::Nonexistent, "no such folder");
        assert_eq!(Completion::refused_destination(missing).line("b"), "b NO [TRYCREATE] no such folder\r\n");
    }
}
