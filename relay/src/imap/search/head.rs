//! What SEARCH, SORT and THREAD compare of a header: from the summary, or from the whole block.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memmem::{self, Finder};
use names::Timestamp;
use wire::imap::{Date, EnvelopeField, reference};
use wire::mime::{
    Envelope, EnvelopeAddress, Field, Head, base_subject, clean, date_of, decode_words, message_ids,
};

use super::fold::{fold, fold_into};

/// Subject, addresses, dates and threads of a letter, folded.
#[derive(Default)]
pub(super) struct Words {
    from: Addresses,
    to: Addresses,
    cc: Addresses,
    bcc: Addresses,
    subject: Box<str>,
    /// Where the base subject stands in the subject (RFC 5256 §2.1).
    base: Range<u32>,
    /// Whether the subject says that the letter answers or passes on another.
    pub(super) answers: bool,
    /// The day as the Date field writes it, its zone disregarded.
    pub(super) sent: Option<Date>,
    /// The instant that the Date field means.
    pub(super) sent_at: Option<Timestamp>,
    /// The Message-ID, and the one it is an answer to.
    pub(super) id: Option<u64>,
    answered: Option<u64>,
    /// The references, once they were asked for, and the Message-ID that the thread began with.
    references: Option<Box<[u64]>>,
    root: Option<Box<str>>,
}

/// The addresses of a field: `name <mailbox@host>, name <…>, `, and where in it the parts of the first
/// stand.
#[derive(Default)]
struct Addresses {
    text: Box<str>,
    name: u32,
    mailbox: u32,
    address: u32,
}

impl Words {
    /// Of an envelope; references are left for later.
    pub(super) fn of(envelope: &Envelope) -> Self {
        let subject = fold(&decoded(envelope.subject.as_deref().unwrap_or_default()));
        let subject = collapsed(&subject).into_owned();
        let base = base_subject(&subject);
        let start = (base.text.as_ptr() as usize).saturating_sub(subject.as_ptr() as usize) as u32;
        let (range, answers) = (start..start + base.text.len() as u32, base.answers);
        let id = |text: &Option<String>| {
            text.as_deref().and_then(|text| message_ids(text).iter().find_map(|id| reference(id)))
        };
        Self {
            from: Addresses::of(&envelope.from),
            to: Addresses::of(&envelope.to),
            cc: Addresses::of(&envelope.cc),
            bcc: Addresses::of(&envelope.bcc),
            base: range,
            answers,
            sent: envelope.date.as_deref().and_then(day),
            sent_at: envelope.date.as_deref().and_then(date_of),
            id: id(&envelope.message_id),
            answered: id(&envelope.in_reply_to),
            references: None,
            root: None,
            subject: subject.into(),
        }
    }

    #[cfg(test)]
    pub(super) fn set_subject(&mut self, subject: &str) {
        self.subject = subject.into();
    }

    /// With its references. When there are none, what it answers is the only one (RFC 5256 §3).
    pub(super) fn with_references(self, references: &[String], root: Option<String>) -> Self {
        let mut all: Vec<u64> = references.iter().filter_map(|id| reference(id)).collect();
        if all.is_empty() {
            all.extend(self.answered);
        }
        Self { references: Some(all.into()), root: root.map(String::into_boxed_str), ..self }
    }

    pub(super) fn field(&self, field: EnvelopeField) -> &str {
        match field {
            EnvelopeField::From => &self.from.text,
            EnvelopeField::To => &self.to.text,
            EnvelopeField::Cc => &self.cc.text,
            EnvelopeField::Bcc => &self.bcc.text,
            EnvelopeField::Subject => &self.subject,
        }
    }

    /// The base subject (RFC 5256 §2.1).
    pub(super) fn base(&self) -> &str {
        self.subject.get(self.base.start as usize..self.base.end as usize).unwrap_or_default()
    }

    /// The mailbox of the first address of a field: what FROM, TO and CC sort by.
    pub(super) fn mailbox(&self, field: EnvelopeField) -> &str {
        self.addresses(field).map_or("", Addresses::mailbox)
    }

    /// The name of the first address of a field, or else the address (RFC 5957 §3).
    pub(super) fn display(&self, field: EnvelopeField) -> &str {
        self.addresses(field).map_or("", Addresses::display)
    }

    fn addresses(&self, field: EnvelopeField) -> Option<&Addresses> {
        match field {
            EnvelopeField::From => Some(&self.from),
            EnvelopeField::To => Some(&self.to),
            EnvelopeField::Cc => Some(&self.cc),
            EnvelopeField::Bcc => Some(&self.bcc),
            EnvelopeField::Subject => None,
        }
    }

    /// What THREAD goes by; none when it was not asked for yet.
    pub(super) fn references(&self) -> Option<&[u64]> {
        self.references.as_deref()
    }

    /// The Message-ID that its thread began with, as far as it says.
    pub(super) fn root(&self) -> Option<&str> {
        self.root.as_deref()
    }

    /// Octets in memory, about.
    pub(super) fn weight(&self) -> usize {
        let lists = [&self.from, &self.to, &self.cc, &self.bcc];
        let texts = lists.iter().map(|list| list.text.len()).sum::<usize>() + self.subject.len();
        let references = self.references.as_ref().map_or(0, |all| all.len() * size_of::<u64>());
        texts + references + self.root.as_ref().map_or(0, |root| root.len()) + size_of::<Self>() + 64
    }
}

impl Addresses {
    fn of(list: &[EnvelopeAddress]) -> Self {
        let (mut text, mut ends) = (String::new(), [0; 3]);
        for (index, address) in list.iter().enumerate() {
            let mailbox = address.mailbox.as_deref().unwrap_or_default();
            fold_into(&decoded(address.name.as_deref().unwrap_or_default()), &mut text);
            let name = text.len();
            text.push_str(" <");
            fold_into(mailbox, &mut text);
            let end = text.len();
            if let Some(host) = &address.host {
                text.push('@');
                fold_into(host, &mut text);
            }
            if index == 0 {
                ends = [name as u32, end as u32, text.len() as u32];
            }
            text.push_str(">, ");
        }
        let [name, mailbox, address] = ends;
        Self { text: text.into(), name, mailbox, address }
    }

    fn part(&self, from: usize, to: u32) -> &str {
        self.text.get(from..to as usize).unwrap_or_default()
    }

    fn mailbox(&self) -> &str {
        self.part(self.name as usize + " <".len(), self.mailbox)
    }

    fn display(&self) -> &str {
        match self.part(0, self.name) {
            "" => self.part(self.name as usize + " <".len(), self.address),
            name => name,
        }
    }
}

/// Every field of a header block, decoded and folded.
pub(super) struct HeadWords {
    /// `name: value`, each after the other with [`END`] behind it: what TEXT looks through in one go.
    text: String,
}

/// Ends a field: no header block holds a NUL (`HeadError::BareControl`), and no text made of one.
const END: char = '\0';

impl HeadWords {
    pub(super) fn of(block: &[u8]) -> Self {
        let mut text = String::with_capacity(block.len());
        match Head::parse(block) {
            Ok(head) => {
                for field in head.fields() {
                    fold_into(field.name(), &mut text);
                    text.push_str(": ");
                    value_into(&field, &mut text);
                    text.push(END);
                }
            }
            // Of a part that was kept as a letter: what can be read of it, without names.
            Err(_) => {
                text.push_str(": ");
                fold_into(&String::from_utf8_lossy(block), &mut text);
            }
        }
        Self { text }
    }

    /// Whether a field of this name holds the folded text; an empty text asks whether it is there.
    pub(super) fn field_holds(&self, name: &str, text: &str) -> bool {
        field_holds(&self.text, name, text)
    }

    /// All that a text is looked for in.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether any field holds the folded text, its name included.
    pub(super) fn holds(&self, text: &Finder<'_>) -> bool {
        text.find(self.text.as_bytes()).is_some()
    }
}

/// The same of the text of a header.
pub(super) fn field_holds(head: &str, name: &str, text: &str) -> bool {
    let value = |field: &'_ str| {
        let (own, rest) = field.split_at_checked(name.len())?;
        let value = rest.strip_prefix(": ")?;
        own.eq_ignore_ascii_case(name).then(|| value.contains(text))
    };
    head.split(END).any(|field| value(field) == Some(true))
}

/// The value of a field, decoded and folded. Most are of ASCII without encoded words, and take one pass.
fn value_into(field: &Field<'_>, out: &mut String) {
    let value = field.value();
    if !value.is_ascii() || memmem::find(value, b"=?").is_some() {
        return fold_into(&field.decoded(), out);
    }
    // As `clean` does it: runs of blanks and controls are one space, none stands at the ends.
    let words =
        value.split(|octet| *octet == b' ' || octet.is_ascii_control()).filter(|word| !word.is_empty());
    for (index, word) in words.enumerate() {
        if index > 0 {
            out.push(' ');
        }
        out.extend(word.iter().map(|octet| char::from(octet.to_ascii_lowercase())));
    }
}

/// Encoded words decoded (RFC 2047).
fn decoded(text: &str) -> Cow<'_, str> {
    if text.contains("=?") { Cow::Owned(clean(&decode_words(text))) } else { Cow::Borrowed(text) }
}

/// Each run of spaces and tabs as one space (RFC 5256 §2.1, step 1).
pub(super) fn collapsed(text: &str) -> Cow<'_, str> {
    if !text.contains('\t') && !text.contains("  ") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' ' | '\t' if out.ends_with(' ') => {}
            ' ' | '\t' => out.push(' '),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// The day of a Date field: `[day-name ","] day month year …` (RFC 5322 §3.3).
fn day(text: &str) -> Option<Date> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let text = text.split_once(',').map_or(text, |(_, rest)| rest);
    let mut words = text.split_ascii_whitespace();
    let day = words.next()?.parse().ok()?;
    let month = words.next()?.get(..3)?.to_ascii_lowercase();
    let month = MONTHS.iter().position(|known| *known == month)? + 1;
    let year: i16 = words.next()?.parse().ok()?;
    // RFC 5322 §4.3: years of two and three digits.
    let year = match year {
        0..50 => year + 2000,
        50..1000 => year + 1900,
        year => year,
    };
    Date::new(year, i8::try_from(month).ok()?, day).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_of_a_date_field_is_read_without_its_zone() {
        for (text, want) in [
            ("Sun, 1 Feb 2026 23:59:00 -1200", Some((2026, 2, 1))),
            ("22 Nov 2026 10:00:00 +0100 (CET)", Some((2026, 11, 22))),
            ("Fri, 05 june 98 10:00 GMT", Some((1998, 6, 5))),
            ("yesterday", None),
            ("31 Feb 2026 10:00:00 +0000", None),
            ("", None),
        ] {
            assert_eq!(day(text), want.map(|(y, m, d)| Date::constant(y, m, d)), "{text}");
        }
    }

    #[test]
    fn what_is_sorted_and_threaded_by_is_read_from_the_envelope() {
        let head = Head::parse(
            "From: =?utf-8?Q?Zo=C3=A9?= <Zoe.B@x.example>, b@x.example\r\nTo: Nobody@Y.example\r\nCc: Garde: c@x.example;\r\n\
             Subject: Re: [liste]  \t BILAN   s\u{e9}rique (fwd)\r\nMessage-ID: <\"a\"@x>\r\nIn-Reply-To: <b@x> <c@x>\r\n\
             Date: Mon, 2 Nov 2026 23:30:00 -0500\r\n\r\n",
        );
        let words = Words::of(&Envelope::of(&head.unwrap()));
        assert_eq!(words.base(), "bilan serique");
        assert!(words.answers);
        assert_eq!(words.field(EnvelopeField::Subject), "re: [liste] bilan serique (fwd)");
        assert_eq!(words.mailbox(EnvelopeField::From), "zoe.b");
        assert_eq!(words.display(EnvelopeField::From), "zoe");
        assert_eq!(words.display(EnvelopeField::To), "nobody@y.example");
        assert_eq!(words.mailbox(EnvelopeField::Cc), "garde");
        assert_eq!(words.mailbox(EnvelopeField::Bcc), "");
        assert_eq!(words.id, reference("a@x"));
        assert_eq!(words.sent, Some(Date::constant(2026, 11, 2)));
        assert_eq!(words.sent_at.map(Timestamp::rfc3339).as_deref(), Some("2026-11-03T04:30:00Z"));
        assert_eq!(words.references(), None);
        let words = words.with_references(&["nonsense".to_owned()], None);
        assert_eq!(words.references(), Some(&[reference("b@x").unwrap()][..]));
        let words = words.with_references(&["d@x".to_owned()], Some("d@x".to_owned()));
        assert_eq!(words.references(), Some(&[reference("d@x").unwrap()][..]));
        assert_eq!(words.root(), Some("d@x"));
        assert_eq!(Words::default().base(), "");
    }

    #[test]
    fn fields_of_a_block_are_decoded() {
        let block =
            "Subject: =?utf-8?Q?R=C3=A9sultats?=\r\nX-Empty:\r\nX-Long: Un\t deux \r\n  TROIS \r\n\r\n";
        let head = HeadWords::of(block.as_bytes());
        let holds = |text: &str| head.holds(&Finder::new(text));
        assert!(head.field_holds("subject", "resultats") && holds("subject: res"));
        assert!(head.field_holds("X-EMPTY", "") && !head.field_holds("X-Other", ""));
        assert!(!head.field_holds("X-Lon", "") && !head.field_holds("Long", "") && !head.field_holds("", ""));
        assert!(head.field_holds("x-long", "un deux trois") && holds("x-long: un deux trois"));
        assert!(!holds("x-mss") && !holds("trois ") && !holds("resultats x-empty"));
        let broken = HeadWords::of("Élève sans champ".as_bytes());
        assert!(broken.holds(&Finder::new("eleve sans")) && !broken.field_holds("Subject", ""));
    }

    proptest::proptest! {
        #[test]
        fn a_field_read_in_one_pass_is_the_field_decoded_and_folded(value in "[a-zA-Z=?. \t\u{1}\u{7f}é]{0,20}(\r\n [A-Z \t]{0,5})?") {
            let block = format!("X-Any:{value}\r\n\r\n");
            let head = Head::parse(block).unwrap();
            let field = head.fields().next().unwrap();
            let mut read = String::new();
            value_into(&field, &mut read);
            proptest::prop_assert_eq!(read, fold(&field.decoded()));
        }
    }
}
