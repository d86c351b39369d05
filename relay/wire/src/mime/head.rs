//! The header block of a letter: kept byte for byte, read field by field.

use std::ops::Range;

use names::{AddressError, Timestamp};

use super::{
    addresses::{AddressList, Mailbox},
    encode,
    field::{self, Field},
    limits, words,
};

/// Fields that may stand once in a header block (RFC 5322 §3.6, RFC 2045 §3).
const UNIQUE: [&str; 16] = [
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Bcc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Disposition",
    "X-MSS-MES",
];

/// The header block of a letter with its final empty line.
#[derive(Clone, PartialEq, Eq)]
pub struct Head {
    raw: Vec<u8>,
    spans: Vec<Range<usize>>,
}

/// Why a header block is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// The block is longer than 100 KB.
    #[error("the header block is longer than {} octets", limits::HEAD_OCTETS)]
    TooLong,
    /// One field is longer than 64 KB.
    #[error("a header field is longer than {} octets", limits::FIELD_OCTETS)]
    FieldTooLong,
    /// There are more than 1,000 fields.
    #[error("there are more than {} header fields", limits::FIELDS)]
    TooManyFields,
    /// The line at this octet is no header field.
    #[error("the line at octet {at} is not a header field")]
    NotAField {
        /// Octet from the start of the block.
        at: usize,
    },
    /// CR, LF or NUL where none may stand.
    #[error("octet {at} of the header block is a bare CR, a bare LF or NUL")]
    BareControl {
        /// Octet from the start of the block.
        at: usize,
    },
    /// The block does not end with an empty line.
    #[error("the header block has no end")]
    Unfinished,
}

/// Why a letter's `From` does not name one author (RELIABILITY S-13).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorFault {
    /// There is no From field.
    #[error("there is no From field")]
    Missing,
    /// There are several From fields.
    #[error("there are several From fields")]
    Repeated,
    /// The field holds no address, or several.
    #[error("From must hold exactly one address, it holds {0}")]
    Count(usize),
    /// The field uses the group syntax.
    #[error("From must not be a group")]
    Group,
    /// What stands there is no address.
    #[error("From is not an address")]
    NotAnAddress(#[source] AddressError),
    /// The grammar of the field is broken.
    #[error("From does not follow RFC 5322")]
    Grammar,
}

impl Head {
    /// Reads a block that ends with its empty line.
    pub fn parse(raw: impl Into<Vec<u8>>) -> Result<Self, HeadError> {
        let raw = raw.into();
        if raw.len() > limits::HEAD_OCTETS {
            return Err(HeadError::TooLong);
        }
        if let Some(at) = bare_control(&raw) {
            return Err(HeadError::BareControl { at });
        }
        let mut spans = Vec::new();
        let mut at = 0;
        for piece in field::split(&raw) {
            if piece.len() > limits::FIELD_OCTETS {
                return Err(HeadError::FieldTooLong);
            }
            if spans.len() == limits::FIELDS {
                return Err(HeadError::TooManyFields);
            }
            Field::parse(piece).ok_or(HeadError::NotAField { at })?;
            spans.push(at..at + piece.len());
            at += piece.len();
        }
        if &raw[at..] != b"\r\n" {
            return Err(HeadError::Unfinished);
        }
        Ok(Self { raw, spans })
    }

    /// Reads the header block of a part or of a nested letter: what is no field is left out, and the
    /// flag says so. Never fails: such a block is not ours to refuse.
    pub(super) fn parse_part(mut raw: Vec<u8>) -> (Self, bool) {
        if !raw.ends_with(b"\r\n") && !raw.is_empty() {
            raw.extend_from_slice(b"\r\n");
        }
        let (mut spans, mut at, mut malformed) = (Vec::new(), 0, false);
        for piece in field::split(&raw) {
            match Field::parse(piece) {
                Some(_) if spans.len() < limits::FIELDS => spans.push(at..at + piece.len()),
                _ => malformed = true,
            }
            at += piece.len();
        }
        (Self { raw, spans }, malformed)
    }

    /// The block as it is stored, final empty line included.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.raw
    }

    /// Octets of the block, final empty line included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.raw.len()
    }

    /// Whether it has no field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// All fields, in order.
    pub fn fields(&self) -> impl DoubleEndedIterator<Item = Field<'_>> {
        self.spans.iter().filter_map(|span| Field::parse(&self.raw[span.clone()]))
    }

    /// The first field of this name, in any case.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<Field<'_>> {
        self.fields().find(|field| field.is(name))
    }

    /// All fields of this name, in order.
    pub fn fields_named<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = Field<'a>> {
        self.fields().filter(move |field| field.is(name))
    }

    /// How many fields have this name.
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        self.fields_named(name).count()
    }

    /// The names of fields that may stand once and stand several times.
    #[must_use]
    pub fn repeated(&self) -> Vec<&'static str> {
        UNIQUE.into_iter().filter(|name| self.count(name) > 1).collect()
    }

    /// Takes out all fields of this name (Bcc, RFC 6409 §8 and RFC 5321 §7.2); says how many.
    pub fn remove(&mut self, name: &str) -> usize {
        let (mut raw, mut spans, mut removed) = (Vec::with_capacity(self.raw.len()), Vec::new(), 0);
        for span in &self.spans {
            let piece = &self.raw[span.clone()];
            if Field::parse(piece).is_some_and(|field| field.is(name)) {
                removed += 1;
            } else {
                spans.push(raw.len()..raw.len() + piece.len());
                raw.extend_from_slice(piece);
            }
        }
        raw.extend_from_slice(b"\r\n");
        (self.raw, self.spans) = (raw, spans);
        removed
    }

    /// Gives all fields of this name another one of the same length, so that nothing else in the letter moves;
    /// says how many.
    pub fn rename(&mut self, name: &str, other: &str) -> usize {
        assert_eq!(name.len(), other.len(), "the block keeps its length");
        let mut renamed = 0;
        for span in &self.spans {
            if Field::parse(&self.raw[span.clone()]).is_some_and(|field| field.is(name)) {
                self.raw[span.start..span.start + name.len()].copy_from_slice(other.as_bytes());
                renamed += 1;
            }
        }
        renamed
    }

    /// Puts a field at the top (`Received`, RFC 5321 §4.4). The value is folded at its spaces; line
    /// breaks and controls in it become spaces, so it can never be more than one field.
    pub fn prepend(&mut self, name: &str, value: &str) {
        let line = encode::field(name, value);
        let shift = line.len();
        let mut spans = Vec::with_capacity(self.spans.len() + 1);
        spans.push(0..shift);
        spans.extend(self.spans.iter().map(|span| span.start + shift..span.end + shift));
        self.spans = spans;
        self.raw.splice(0..0, line);
    }

    /// Puts a field at the end (`Message-ID`, `Date`: RFC 6409 §8.2, §8.3), as [`Head::prepend`] does.
    pub fn append(&mut self, name: &str, value: &str) {
        let line = encode::field(name, value);
        let end = self.raw.len() - b"\r\n".len();
        self.spans.push(end..end + line.len());
        self.raw.splice(end..end, line);
    }

    /// The one author (RELIABILITY S-13): exactly one From with exactly one address.
    pub fn author(&self) -> Result<Mailbox, AuthorFault> {
        let mut fields = self.fields_named("From");
        let field = fields.next().ok_or(AuthorFault::Missing)?;
        if fields.next().is_some() {
            return Err(AuthorFault::Repeated);
        }
        let mut list = AddressList::parse(&field.unfolded());
        if !list.groups.is_empty() {
            return Err(AuthorFault::Group);
        }
        match (list.mailboxes.len(), list.refused.as_slice()) {
            (1, []) => Ok(list.mailboxes.remove(0)),
            (0, [one]) => Err(one.cause.map_or(AuthorFault::Grammar, AuthorFault::NotAnAddress)),
            (good, bad) => Err(AuthorFault::Count(good + bad.len())),
        }
    }

    /// The addresses of all fields of this name (`To`, `Cc`, `Bcc`, `Reply-To`, `Sender`,
    /// `Disposition-Notification-To`).
    #[must_use]
    pub fn addresses(&self, name: &str) -> AddressList {
        let mut all = AddressList::default();
        for field in self.fields_named(name) {
            let list = AddressList::parse(&field.unfolded());
            all.mailboxes.extend(list.mailboxes);
            all.refused.extend(list.refused);
            all.groups.extend(list.groups);
        }
        all
    }

    /// `From`, however many addresses it holds. To judge a sender use [`Head::author`].
    #[must_use]
    pub fn from(&self) -> AddressList {
        self.addresses("From")
    }

    /// `Sender`.
    #[must_use]
    pub fn sender(&self) -> AddressList {
        self.addresses("Sender")
    }

    /// `Reply-To`.
    #[must_use]
    pub fn reply_to(&self) -> AddressList {
        self.addresses("Reply-To")
    }

    /// `To`.
    #[must_use]
    pub fn to(&self) -> AddressList {
        self.addresses("To")
    }

    /// `Cc`.
    #[must_use]
    pub fn cc(&self) -> AddressList {
        self.addresses("Cc")
    }

    /// Who asks for a read receipt (RFC 8098 §2.1).
    #[must_use]
    pub fn disposition_notification_to(&self) -> AddressList {
        self.addresses("Disposition-Notification-To")
    }

    /// The subject for people: decoded, one line, at most 500 characters; empty when absent.
    #[must_use]
    pub fn subject(&self) -> String {
        self.field("Subject").map(|f| words::cut(&f.decoded(), limits::SUBJECT_CHARS)).unwrap_or_default()
    }

    /// `Date` as an instant.
    #[must_use]
    pub fn date(&self) -> Option<Timestamp> {
        date_of(&self.field("Date")?.unfolded())
    }

    /// The Message-ID without its brackets.
    #[must_use]
    pub fn message_id(&self) -> Option<String> {
        message_ids(&self.field("Message-ID")?.unfolded()).into_iter().next()
    }

    /// The Message-IDs of `In-Reply-To`, without brackets.
    #[must_use]
    pub fn in_reply_to(&self) -> Vec<String> {
        self.field("In-Reply-To").map(|f| message_ids(&f.unfolded())).unwrap_or_default()
    }

    /// The Message-IDs of `References`, oldest first, without brackets; the last 100.
    #[must_use]
    pub fn references(&self) -> Vec<String> {
        let mut all = self.field("References").map(|f| message_ids(&f.unfolded())).unwrap_or_default();
        all.split_off(all.len().saturating_sub(limits::REFERENCES))
    }

    /// One of the headers of the trade, as `x_mss("MES")` for `X-MSS-MES` (DOMAIN §3.4): trimmed.
    #[must_use]
    pub fn x_mss(&self, name: &str) -> Option<String> {
        self.field(&format!("X-MSS-{name}")).map(|f| words::clean(&f.unfolded()))
    }

    /// `Auto-Submitted` without parameters, in lower case, when it is not `no` (RFC 3834 §5): nobody
    /// answers such a letter by machine.
    #[must_use]
    pub fn auto_submitted(&self) -> Option<String> {
        let text = self.field("Auto-Submitted")?.unfolded();
        let word = text.split([';', '(']).next().unwrap_or_default().trim().to_ascii_lowercase();
        (word != "no").then_some(word)
    }

    /// `Received` fields, to count hops (RFC 5321 §6.3).
    #[must_use]
    pub fn hops(&self) -> usize {
        self.count("Received")
    }
}

/// Names and counts only: a header block tells of people.
impl std::fmt::Debug for Head {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Head").field("fields", &self.spans.len()).field("octets", &self.raw.len()).finish()
    }
}

/// The instant that the value of a `Date` field means (RFC 5322 §3.3).
#[must_use]
pub fn date_of(text: &str) -> Option<Timestamp> {
    let date = mail_parser::DateTime::parse_rfc822(text)?;
    date.is_valid().then(|| Timestamp(date.to_timestamp().saturating_mul(1_000)))
}

/// `<id>` tokens of a value, without brackets; a bare word counts when there are no brackets at all
/// (RFC 5322 §3.6.4).
#[must_use]
pub fn message_ids(text: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        rest = &rest[open + 1..];
        let Some(close) = rest.find('>') else { break };
        let id: String = rest[..close].chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
        if !id.is_empty() && !id.contains('<') {
            ids.push(id);
        }
        rest = &rest[close + 1..];
    }
    if ids.is_empty() && !text.contains(['<', '>']) {
        let word: String =
            text.split_whitespace().next().unwrap_or_default().chars().filter(|c| !c.is_control()).collect();
        ids.extend(Some(word).filter(|w| !w.is_empty()));
    }
    ids
}

/// The first NUL, CR without LF, or LF without CR.
fn bare_control(raw: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = memchr::memchr3(b'\r', b'\n', 0, &raw[at..]) {
        at += found;
        if raw[at] == b'\r' && raw.get(at + 1) == Some(&b'\n') {
            at += 2;
        } else {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn head(text: &str) -> Head {
        Head::parse(format!("{}\r\n", text.replace('\n', "\r\n"))).unwrap()
    }

    #[test]
    fn a_renamed_field_keeps_its_place_and_its_value() {
        let mut head = head("x-pli-trace: a\n b\nX-Pli-Traces: c\nX-PLI-TRACE: d\n");
        let length = head.len();
        assert_eq!(head.rename("X-Pli-Trace", "X-Was-Trace"), 2);
        assert_eq!(head.bytes(), b"X-Was-Trace: a\r\n b\r\nX-Pli-Traces: c\r\nX-Was-Trace: d\r\n\r\n");
        assert_eq!(head.len(), length);
    }

    #[test]
    fn a_block_is_kept_byte_for_byte() {
        let raw = b"Received: a\r\n\tb\r\nX-Odd:   spaces \t\r\nFROM:a@b.fr\r\n\r\n";
        let head = Head::parse(&raw[..]).unwrap();
        assert_eq!(head.bytes(), raw);
        assert_eq!(head.fields().map(|f| f.name()).collect::<Vec<_>>(), ["Received", "X-Odd", "FROM"]);
        assert_eq!(head.field("from").unwrap().unfolded(), "a@b.fr");
    }

    #[test]
    fn blocks_that_are_none_are_refused() {
        let many = "a: b\r\n".repeat(limits::FIELDS + 1) + "\r\n";
        let long = format!("a: {}\r\n\r\n", "x ".repeat(limits::FIELD_OCTETS / 2));
        let huge = format!("{}\r\n", "a: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n".repeat(2_600));
        for (case, raw, want) in [
            ("no end", "a: b\r\n", HeadError::Unfinished),
            ("text after the end", "a: b\r\n\r\nbody", HeadError::Unfinished),
            ("no colon", "a: b\r\nnonsense\r\n\r\n", HeadError::NotAField { at: 6 }),
            ("fold first", " a: b\r\n\r\n", HeadError::NotAField { at: 0 }),
            ("mbox line", "From x@y Mon\r\n\r\n", HeadError::NotAField { at: 0 }),
            ("bare LF", "a: b\nc: d\r\n\r\n", HeadError::BareControl { at: 4 }),
            ("bare CR", "a: b\rc: d\r\n\r\n", HeadError::BareControl { at: 4 }),
            ("NUL", "a: \0\r\n\r\n", HeadError::BareControl { at: 3 }),
            ("too many", &many, HeadError::TooManyFields),
            ("field too long", &long, HeadError::FieldTooLong),
            ("block too long", &huge, HeadError::TooLong),
        ] {
            assert_eq!(Head::parse(raw).err(), Some(want), "{case}");
        }
        assert!(Head::parse("\r\n").unwrap().is_empty());
    }

    #[test]
    fn fields_come_and_go_without_touching_the_others() {
        let mut head = head("Subject: s\nBcc: x@y.fr,\n z@y.fr\nTo: a@b.fr\nbcc: q@y.fr\n");
        assert_eq!(head.remove("Bcc"), 2);
        head.prepend("Received", "from x\r\nBcc: evil@x.fr");
        head.append("Message-ID", "<1@pli>");
        assert_eq!(
            head.bytes(),
            b"Received: from x Bcc: evil@x.fr\r\nSubject: s\r\nTo: a@b.fr\r\nMessage-ID: <1@pli>\r\n\r\n"
        );
        assert_eq!(Head::parse(head.bytes()).unwrap(), head);
        assert_eq!(head.remove("Bcc"), 0);
    }

    #[test]
    fn a_letter_has_exactly_one_author() {
        for (case, text, want) in [
            ("none", "To: a@b.fr\n", Err(AuthorFault::Missing)),
            ("one", "From: Jean <a@b.fr>\n", Ok("a@b.fr")),
            ("two fields", "From: a@b.fr\nFROM: c@d.fr\n", Err(AuthorFault::Repeated)),
            ("two addresses", "From: a@b.fr, c@d.fr\n", Err(AuthorFault::Count(2))),
            ("good and bad", "From: a@b.fr, nobody\n", Err(AuthorFault::Count(2))),
            ("empty", "From:\n", Err(AuthorFault::Count(0))),
            ("group", "From: g: a@b.fr;\n", Err(AuthorFault::Group)),
            ("two brackets", "From: <a@b.fr> <c@d.fr>\n", Err(AuthorFault::Grammar)),
            (
                "encoded word",
                "From: =?utf-8?q?a=40b?=@c.fr\n",
                Err(AuthorFault::NotAnAddress(AddressError::LocalPart)),
            ),
            (
                "quoted local part",
                "From: \"a@b.fr\"@c.fr\n",
                Err(AuthorFault::NotAnAddress(AddressError::LocalPart)),
            ),
            ("folded", "From: Jean\n <a@b.fr>\n", Ok("a@b.fr")),
        ] {
            let author = head(text).author().map(|m| m.address.to_string());
            assert_eq!(author, want.map(str::to_owned), "{case}");
        }
    }

    #[test]
    fn repeated_fields_are_told() {
        assert_eq!(
            head("To: a@b.fr\nSubject: a\nsubject: b\nTO: c@d.fr\nReceived: a\nReceived: b\n").repeated(),
            ["To", "Subject"]
        );
    }

    #[test]
    fn typed_fields() {
        let head = head(
            "From: a@b.fr\nSubject: =?utf-8?Q?R=C3=A9sultats=0D=0AX-Evil:?=\n =?utf-8?Q?_1?=\nDate: Sun, 22 Nov 2026 04:34:27 +0100 (CET)\n\
             Message-ID: <abc@d.fr>\nIn-Reply-To: <p@d.fr>\nReferences: <o@d.fr>\n\t<p@d.fr>\nX-MSS-MES:  FIN \nX-MSS-NIL: 3734\n\
             Disposition-Notification-To: \"x\" <a@b.fr>\nAuto-Submitted: auto-replied; x=y\nReceived: 1\nReceived: 2\n",
        );
        assert_eq!(head.subject(), "Résultats X-Evil: 1");
        assert_eq!(head.date(), Some(Timestamp(1_795_318_467_000)));
        assert_eq!(head.message_id().as_deref(), Some("abc@d.fr"));
        assert_eq!(head.in_reply_to(), ["p@d.fr"]);
        assert_eq!(head.references(), ["o@d.fr", "p@d.fr"]);
        assert_eq!(head.x_mss("MES").as_deref(), Some("FIN"));
        assert_eq!(head.x_mss("INS"), None);
        assert_eq!(head.disposition_notification_to().mailboxes.len(), 1);
        assert_eq!(head.auto_submitted().as_deref(), Some("auto-replied"));
        assert_eq!(head.hops(), 2);
        assert_eq!(format!("{head:?}"), format!("Head {{ fields: 12, octets: {} }}", head.len()));
    }

    #[test]
    fn dates_of_mailers() {
        for (text, want) in [
            ("Sun, 22 Nov 2026 03:34:27 +0000", Some(1_795_318_467_000)),
            ("22 Nov 2026 03:34:27 GMT", Some(1_795_318_467_000)),
            ("Sun, 22 Nov 2026 05:34:27 +0200", Some(1_795_318_467_000)),
            ("Sun, 99 Nov 2026 05:34:27 +0200", None),
            ("hier", None),
            ("", None),
        ] {
            assert_eq!(head(&format!("Date: {text}\n")).date().map(|t| t.0), want, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_block_is_read_or_refused_and_what_is_read_is_unchanged(raw in prop::collection::vec(prop::sample::select(&b"Aa:\r\n \t=?\0\xe9<>@,"[..]), 0..80)) {
            if let Ok(head) = Head::parse(raw.clone()) {
                prop_assert_eq!(head.bytes(), &raw[..]);
                let joined: Vec<u8> = head.fields().flat_map(|f| f.raw().to_vec()).chain(*b"\r\n").collect();
                prop_assert_eq!(joined, raw);
            }
        }

        #[test]
        fn whatever_is_put_in_is_one_field(value in "\\PC{0,200}|[\\x00-\\x20a]{0,60}") {
            let mut head = head("From: a@b.fr\n");
            head.prepend("Received", &value);
            head.append("X-Note", &value);
            let again = Head::parse(head.bytes()).unwrap();
            prop_assert_eq!(again.fields().map(|f| f.name().to_owned()).collect::<Vec<_>>(), ["Received", "From", "X-Note"]);
            let words = |text: &str| text.split(|c: char| c == ' ' || c.is_control()).filter(|w| !w.is_empty()).map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(words(&again.field("X-Note").unwrap().unfolded()), words(&value));
        }
    }
}
