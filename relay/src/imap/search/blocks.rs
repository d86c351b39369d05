//! The gists of a run of letters, opened: what a search compares without opening the letters (ADR 0032). The same
//! octets stand sealed in the store.

use mailstore::{GistOf, Uid};
use memchr::memmem::Finder;
use wire::imap::{Date, EnvelopeField};
use zeroize::{Zeroize, Zeroizing};

use super::grams::{Filter, Probe};
use super::head::{HeadWords, Words};
use crate::imap::limits;

/// The first octet of a gist: what it is made of and how texts were folded. Another one is made anew.
const VERSION: u8 = 1;
/// Stands behind each text: no octet of UTF-8.
const END: u8 = 0xff;

/// Gists of a run in memory. Wiped when dropped.
pub(super) trait Block: Sized + Send + Sync + 'static {
    const OF: GistOf;

    /// Of which letters, ascending.
    fn uids(&self) -> &[u32];
    fn encoded(&self) -> Zeroizing<Vec<u8>>;
    /// `None`: octets that mean something else, or were written by another version.
    fn decoded(octets: &[u8]) -> Option<Self>;
    /// Octets in memory, about.
    fn weight(&self) -> usize;
}

/// Subjects, addresses and days of a run, folded: field by field, so that one pass looks through them.
#[derive(Default)]
pub(super) struct Headers {
    uids: Vec<u32>,
    /// The day of the Date field: year, month and day; 0 when there is none.
    sent: Vec<u32>,
    fields: [Column; 5],
}

#[derive(Default)]
struct Column {
    text: Zeroizing<Vec<u8>>,
    /// Where the next letter's text begins.
    ends: Vec<u32>,
}

fn column(field: EnvelopeField) -> usize {
    match field {
        EnvelopeField::From => 0,
        EnvelopeField::To => 1,
        EnvelopeField::Cc => 2,
        EnvelopeField::Bcc => 3,
        EnvelopeField::Subject => 4,
    }
}

const FIELDS: [EnvelopeField; 5] =
    [EnvelopeField::From, EnvelopeField::To, EnvelopeField::Cc, EnvelopeField::Bcc, EnvelopeField::Subject];

impl Column {
    fn push(&mut self, text: &[u8]) {
        self.text.extend_from_slice(text);
        self.text.push(END);
        self.ends.push(self.text.len() as u32);
    }

    fn find(&self, needle: &Finder<'_>, mut found: impl FnMut(usize)) {
        if needle.needle().is_empty() {
            return (0..self.ends.len()).for_each(found);
        }
        let mut from = 0;
        while let Some(hit) = needle.find(&self.text[from..]) {
            let at = self.ends.partition_point(|end| *end as usize <= from + hit);
            found(at);
            from = self.ends[at] as usize;
        }
    }

    fn put(&self, out: &mut Vec<u8>) {
        put(out, &self.ends);
        out.extend_from_slice(&self.text);
    }

    fn take(rest: &mut &[u8], count: usize) -> Option<Self> {
        let ends = take(rest, count)?;
        let length = ends.last().map_or(0, |end| *end as usize);
        let (text, after) = rest.split_at_checked(length)?;
        *rest = after;
        let mut starts = std::iter::once(&0).chain(&ends);
        let fine = ends.iter().all(|end| {
            starts.next().is_some_and(|start| start < end) && text.get(*end as usize - 1) == Some(&END)
        });
        fine.then(|| Self { text: Zeroizing::new(text.to_vec()), ends })
    }

    fn text(&self, at: usize) -> &[u8] {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]) as usize;
        &self.text[start..self.ends[at] as usize - 1]
    }
}

impl Headers {
    pub(super) fn push(&mut self, uid: Uid, words: &Words) {
        self.uids.push(uid.0);
        self.sent.push(words.sent.map_or(0, packed));
        for (column, field) in self.fields.iter_mut().zip(FIELDS) {
            column.push(words.field(field).as_bytes());
        }
    }

    /// A letter of another run's gist.
    pub(super) fn push_from(&mut self, other: &Self, at: usize) {
        self.uids.push(other.uids[at]);
        self.sent.push(other.sent[at]);
        for (column, other) in self.fields.iter_mut().zip(&other.fields) {
            column.push(other.text(at));
        }
    }

    /// Tells the letters whose field holds the text, by their places.
    pub(super) fn find(&self, field: EnvelopeField, needle: &Finder<'_>, found: impl FnMut(usize)) {
        self.fields[column(field)].find(needle, found);
    }

    pub(super) fn sent(&self, at: usize) -> Option<Date> {
        let day = self.sent[at];
        Date::new((day >> 16) as i16, (day >> 8) as u8 as i8, day as u8 as i8).ok().filter(|_| day != 0)
    }
}

/// A day of the years that a Date field writes, which are not negative.
fn packed(day: Date) -> u32 {
    u32::from(day.year().unsigned_abs()) << 16
        | u32::from(day.month().unsigned_abs()) << 8
        | u32::from(day.day().unsigned_abs())
}

impl Block for Headers {
    const OF: GistOf = GistOf::Headers;

    fn uids(&self) -> &[u32] {
        &self.uids
    }

    fn encoded(&self) -> Zeroizing<Vec<u8>> {
        let mut out = begun(&self.uids, self.weight());
        put(&mut out, &self.sent);
        self.fields.iter().for_each(|column| column.put(&mut out));
        out
    }

    fn decoded(octets: &[u8]) -> Option<Self> {
        let (uids, mut rest) = opened(octets)?;
        let sent = take(&mut rest, uids.len())?;
        let mut fields: [Column; 5] = Default::default();
        for column in &mut fields {
            *column = Column::take(&mut rest, uids.len())?;
        }
        rest.is_empty().then_some(Self { uids, sent, fields })
    }

    fn weight(&self) -> usize {
        let texts: usize = self.fields.iter().map(|column| column.text.len()).sum();
        texts + self.uids.len() * 28 + size_of::<Self>() + 64
    }
}

/// The header texts of a run, folded, and which texts may stand in its bodies.
#[derive(Default)]
pub(super) struct Texts {
    uids: Vec<u32>,
    heads: Column,
    /// Of each letter's filter: how many octets it has, as a power of two, or one of the two below.
    widths: Vec<u8>,
    starts: Vec<u32>,
    bits: Zeroizing<Vec<u8>>,
}

/// What a letter's gist of texts is made of.
pub(super) struct LetterTexts {
    /// Its header, folded; none when it is too long to be kept.
    pub(super) head: Option<String>,
    pub(super) body: Filter,
}

impl LetterTexts {
    pub(super) fn new(head: &HeadWords, body: Filter) -> Self {
        let text = head.text();
        Self { head: (text.len() <= limits::GIST_HEAD).then(|| text.to_owned()), body }
    }

    /// Octets in memory, about.
    pub(super) fn weight(&self) -> usize {
        self.head.as_ref().map_or(0, String::len) + self.body.0.as_ref().map_or(0, Vec::len) + 96
    }
}

impl Drop for LetterTexts {
    fn drop(&mut self) {
        self.head.zeroize();
        self.body.0.zeroize();
    }
}

/// In the place of a width: nothing is ruled out, everything is.
const ANYTHING: u8 = 254;
const NOTHING: u8 = 255;
/// In the place of a header that is not kept: no octet of UTF-8 either.
const UNTOLD: &[u8] = &[0xfe];

impl Texts {
    pub(super) fn push(&mut self, uid: Uid, letter: &LetterTexts) {
        self.uids.push(uid.0);
        self.heads.push(letter.head.as_ref().map_or(UNTOLD, |head| head.as_bytes()));
        self.put(letter.body.0.as_deref());
    }

    pub(super) fn push_from(&mut self, other: &Self, at: usize) {
        self.uids.push(other.uids[at]);
        self.heads.push(other.heads.text(at));
        self.put(other.bits(at));
    }

    fn put(&mut self, bits: Option<&[u8]>) {
        self.starts.push(self.bits.len() as u32);
        self.widths.push(match bits {
            None => ANYTHING,
            Some([]) => NOTHING,
            Some(bits) => bits.len().trailing_zeros() as u8,
        });
        self.bits.extend_from_slice(bits.unwrap_or_default());
    }

    fn bits(&self, at: usize) -> Option<&[u8]> {
        match self.widths[at] {
            ANYTHING => None,
            NOTHING => Some(&[]),
            width => {
                let start = self.starts[at] as usize;
                self.bits.get(start..start + (1 << width))
            }
        }
    }

    /// A letter's header, when it is told.
    pub(super) fn head(&self, at: usize) -> Option<&str> {
        Some(self.heads.text(at))
            .filter(|text| *text != UNTOLD)
            .and_then(|text| std::str::from_utf8(text).ok())
    }

    /// Whether letters' headers are told: looked at once, not in each text.
    pub(super) fn tells_head(&self, at: usize) -> bool {
        self.heads.text(at) != UNTOLD
    }

    /// Tells the letters whose header holds the text, by their places.
    pub(super) fn find_in_heads(&self, needle: &Finder<'_>, found: impl FnMut(usize)) {
        self.heads.find(needle, found);
    }

    pub(super) fn body_may_hold(&self, at: usize, probe: &Probe) -> bool {
        probe.may_stand(self.bits(at))
    }
}

impl Block for Texts {
    const OF: GistOf = GistOf::Texts;

    fn uids(&self) -> &[u32] {
        &self.uids
    }

    fn encoded(&self) -> Zeroizing<Vec<u8>> {
        let mut out = begun(&self.uids, self.weight());
        self.heads.put(&mut out);
        out.extend_from_slice(&self.widths);
        out.extend_from_slice(&self.bits);
        out
    }

    fn decoded(octets: &[u8]) -> Option<Self> {
        let (uids, mut rest) = opened(octets)?;
        let heads = Column::take(&mut rest, uids.len())?;
        let (widths, bits) = rest.split_at_checked(uids.len())?;
        let (mut starts, mut start) = (Vec::with_capacity(widths.len()), 0);
        for width in widths {
            starts.push(start);
            start += match *width {
                ANYTHING | NOTHING => 0,
                // Of `WIDEST` bits.
                width @ 3..=13 => 1 << width,
                _ => return None,
            };
        }
        (bits.len() == start as usize).then(|| Self {
            uids,
            heads,
            widths: widths.to_vec(),
            starts,
            bits: Zeroizing::new(bits.to_vec()),
        })
    }

    fn weight(&self) -> usize {
        self.heads.text.len() + self.bits.len() + self.uids.len() * 14 + size_of::<Self>() + 64
    }
}

fn begun(uids: &[u32], about: usize) -> Zeroizing<Vec<u8>> {
    // Whole at once: what it would outgrow would not be wiped.
    let mut out = Zeroizing::new(Vec::with_capacity(about + 64));
    out.extend_from_slice(&[VERSION, uids.len() as u8]);
    put(&mut out, uids);
    out
}

fn put(out: &mut Vec<u8>, numbers: &[u32]) {
    numbers.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
}

fn opened(octets: &[u8]) -> Option<(Vec<u32>, &[u8])> {
    let (&[VERSION, count], mut rest) = octets.split_first_chunk::<2>()? else { return None };
    let uids = take(&mut rest, usize::from(count))?;
    uids.is_sorted_by(|one, other| one < other).then_some((uids, rest))
}

fn take(rest: &mut &[u8], count: usize) -> Option<Vec<u32>> {
    let (numbers, after) = rest.split_at_checked(count * 4)?;
    *rest = after;
    Some(numbers.as_chunks::<4>().0.iter().map(|number| u32::from_le_bytes(*number)).collect())
}

#[cfg(test)]
mod tests {
    use super::super::grams::Grams;
    use super::*;
    use wire::mime::{Envelope, Head};

    fn words(subject: &str) -> Words {
        let head = format!(
            "From: A <a@x.example>\r\nSubject: {subject}\r\nDate: Mon, 2 Nov 2026 23:30:00 -0500\r\n\r\n"
        );
        Words::of(&Envelope::of(&Head::parse(head).unwrap()))
    }

    fn found(block: &Headers, field: EnvelopeField, needle: &str) -> Vec<usize> {
        let mut found = Vec::new();
        block.find(field, &Finder::new(needle), |at| found.push(at));
        found
    }

    #[test]
    fn fields_of_a_run_are_looked_through_and_come_back_from_octets() {
        let mut one = Headers::default();
        for (uid, subject) in [(3, "bilan bilan"), (4, ""), (9, "autre bilan")] {
            one.push(Uid(uid), &words(subject));
        }
        one.push(Uid(10), &Words::default());
        let mut again = Headers::decoded(&one.encoded()).unwrap();
        again.push_from(&one, 0);
        assert_eq!(again.uids(), [3, 4, 9, 10, 3]);
        assert_eq!(found(&again, EnvelopeField::Subject, "bilan"), [0, 2, 4]);
        assert_eq!(found(&again, EnvelopeField::Subject, ""), [0, 1, 2, 3, 4]);
        assert_eq!(found(&again, EnvelopeField::From, "<a@x.example>"), [0, 1, 2, 4]);
        assert_eq!(found(&again, EnvelopeField::Cc, "a"), [0_usize; 0]);
        assert_eq!((again.sent(0), again.sent(3)), (Some(Date::constant(2026, 11, 2)), None));
    }

    #[test]
    fn headers_and_filters_come_back_from_octets() {
        let mut grams = Grams::new();
        let mut filter = |text: &str| {
            grams.add(text.as_bytes());
            grams.take()
        };
        let head = |text: &str| HeadWords::of(text.as_bytes());
        let mut one = Texts::default();
        one.push(Uid(1), &LetterTexts::new(&head("Subject: Bilan\r\n\r\n"), filter("")));
        let long = format!("X-Long: {}\r\n\r\n", "bilan ".repeat(limits::GIST_HEAD));
        one.push(Uid(2), &LetterTexts::new(&head(&long), filter(&"cholesterol ".repeat(9))));
        one.push(Uid(3), &LetterTexts { head: None, body: Filter(None) });
        let mut again = Texts::decoded(&one.encoded()).unwrap();
        again.push_from(&one, 1);
        again.push_from(&one, 0);
        let mut found = Vec::new();
        again.find_in_heads(&Finder::new("bilan"), |at| found.push(at));
        assert_eq!(found, [0, 4]);
        assert_eq!(again.head(4), Some("subject: bilan\0"));
        assert_eq!((again.head(1), again.tells_head(0), again.tells_head(3)), (None, true, false));
        let may = |text: &str| (0..5).map(|at| again.body_may_hold(at, &Probe::of(text))).collect::<Vec<_>>();
        assert_eq!(may("cholesterol"), [false, true, true, true, false]);
        assert_eq!(may("glycemie"), [false, false, true, false, false]);
    }

    #[test]
    fn other_octets_are_no_gist() {
        let mut headers = Headers::default();
        headers.push(Uid(3), &words("bilan"));
        let octets = headers.encoded();
        for end in 0..octets.len() {
            assert!(Headers::decoded(&octets[..end]).is_none(), "{end}");
        }
        for at in 0..octets.len() {
            let mut wrong = octets.to_vec();
            wrong[at] ^= 0x80;
            drop((Headers::decoded(&wrong), Texts::decoded(&wrong)));
        }
        assert!(Texts::decoded(&[2, 0]).is_none() && Texts::decoded(&[1, 1, 3, 0, 0, 0, 40, 40]).is_none());
    }
}
