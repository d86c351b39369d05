//! What SEARCH compares of a header: from the summary, or from the whole block.

use std::borrow::Cow;

use wire::imap::{Date, EnvelopeField};
use wire::mime::{EnvelopeAddress, Head, Summary};

use super::fold::{fold, fold_into};

/// Subject, addresses and day of sending, folded.
#[derive(Default)]
pub(super) struct Words {
    from: Box<str>,
    to: Box<str>,
    cc: Box<str>,
    bcc: Box<str>,
    subject: Box<str>,
    /// The day as the Date field writes it, its zone disregarded.
    pub(super) sent: Option<Date>,
}

impl Words {
    pub(super) fn of(summary: &Summary) -> Self {
        let envelope = &summary.envelope;
        Self {
            from: addresses(&envelope.from),
            to: addresses(&envelope.to),
            cc: addresses(&envelope.cc),
            bcc: addresses(&envelope.bcc),
            subject: fold(&decoded(envelope.subject.as_deref().unwrap_or_default())).into(),
            sent: envelope.date.as_deref().and_then(day),
        }
    }

    pub(super) fn field(&self, field: EnvelopeField) -> &str {
        match field {
            EnvelopeField::From => &self.from,
            EnvelopeField::To => &self.to,
            EnvelopeField::Cc => &self.cc,
            EnvelopeField::Bcc => &self.bcc,
            EnvelopeField::Subject => &self.subject,
        }
    }

    /// Octets in memory, about.
    pub(super) fn weight(&self) -> usize {
        let texts = [&self.from, &self.to, &self.cc, &self.bcc, &self.subject];
        texts.iter().map(|text| text.len()).sum::<usize>() + size_of::<Self>() + 64
    }
}

/// Every field of a header block, decoded and folded.
pub(super) struct HeadWords(Vec<(String, String)>);

impl HeadWords {
    pub(super) fn of(block: &[u8]) -> Self {
        let fields = match Head::parse(block) {
            Ok(head) => {
                head.fields().map(|field| (field.name().to_owned(), fold(&field.decoded()))).collect()
            }
            Err(_) => vec![(String::new(), fold(&String::from_utf8_lossy(block)))],
        };
        Self(fields)
    }

    /// Whether a field of this name holds the folded text; an empty text asks whether it is there.
    pub(super) fn field_holds(&self, name: &str, text: &str) -> bool {
        self.0.iter().any(|(own, value)| own.eq_ignore_ascii_case(name) && value.contains(text))
    }

    /// Whether any field holds the folded text, its name included as it is written.
    pub(super) fn holds(&self, text: &str) -> bool {
        self.0
            .iter()
            .any(|(name, value)| value.contains(text) || fold(&format!("{name}: {value}")).contains(text))
    }
}

fn addresses(list: &[EnvelopeAddress]) -> Box<str> {
    let mut text = String::new();
    for address in list {
        let mailbox = address.mailbox.as_deref().unwrap_or_default();
        fold_into(&decoded(address.name.as_deref().unwrap_or_default()), &mut text);
        text.push_str(" <");
        fold_into(mailbox, &mut text);
        if let Some(host) = &address.host {
            text.push('@');
            fold_into(host, &mut text);
        }
        text.push_str(">, ");
    }
    text.into()
}

/// Encoded words decoded (RFC 2047).
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains("=?") {
        return Cow::Borrowed(text);
    }
    // One place decodes them: a header field.
    let head = Head::parse(format!("X: {text}\r\n\r\n"));
    let value = head.ok().and_then(|head| head.fields().next().map(|field| field.decoded()));
    value.map_or(Cow::Borrowed(text), Cow::Owned)
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
    fn fields_of_a_block_are_decoded() {
        let head = HeadWords::of("Subject: =?utf-8?Q?R=C3=A9sultats?=\r\nX-Empty:\r\n\r\n".as_bytes());
        assert!(head.field_holds("subject", "resultats") && head.holds("subject: res"));
        assert!(head.field_holds("X-EMPTY", "") && !head.field_holds("X-Other", ""));
        assert!(!head.holds("x-mss"));
    }
}
