//! The stream of DATA, with a dot before each dot that begins a line (RFC 5321 §4.5.2): read, and written.

use crate::clean::{Break, Dots, Fault, Taking};
use memchr::{memchr2, memchr3};

/// Reads the stream of DATA (RFC 5321 §4.5.2): takes dots out, finds the one true end.
///
/// Only CR LF `.` CR LF ends it, or `.` CR LF at its very beginning. After a [`Fault`] nothing more
/// is given out, but the end is still looked for, so that the rest is not read as commands.
#[derive(Debug)]
pub struct Unstuffer {
    place: Place,
    wire: u64,
    taking: Taking,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    LineStart,
    /// After the first dot of a line.
    Dot,
    /// After dot, CR at the start of a line.
    DotCr,
    Text,
    Cr,
}

impl Unstuffer {
    /// A stream whose lines may have `line_limit` octets without CRLF.
    #[must_use]
    pub fn new(line_limit: usize) -> Self {
        Self { place: Place::LineStart, wire: 0, taking: Taking::new(line_limit) }
    }

    /// The first thing that was wrong, if any.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        self.taking.fault()
    }

    /// Octets of the letter so far: without stuffed dots and end mark (RFC 1870 §3), faults or not.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.taking.size()
    }

    /// Octets read from the wire so far.
    #[must_use]
    pub fn wire(&self) -> u64 {
        self.wire
    }

    /// Reads `input`, appends the letter's octets to `out`, and returns how many were read when the
    /// end was found (what follows is not the letter's), or `None` when all was read without it.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) -> Option<usize> {
        let begin = self.wire;
        let mut at = 0;
        while let Some(&byte) = input.get(at) {
            if self.place == Place::LineStart {
                let lines = self.taking.whole_lines(&input[at..], Dots::Mean, out);
                if lines > 0 {
                    at += lines;
                    continue;
                }
            }
            self.wire = begin + at as u64;
            match (self.place, byte) {
                (Place::LineStart, b'.') => {
                    self.place = Place::Dot;
                    at += 1;
                }
                (Place::Dot, b'\r') => {
                    self.place = Place::DotCr;
                    at += 1;
                }
                (Place::DotCr, b'\n') => {
                    self.wire = begin + at as u64 + 1;
                    return Some(at + 1);
                }
                // The dot is taken out whatever follows it (RFC 5321 §4.5.2); the line goes on
                // with a CR that was held back.
                (Place::DotCr, _) => self.place = Place::Cr,
                (Place::Cr, b'\n') => {
                    self.taking.end_line(out);
                    self.place = Place::LineStart;
                    at += 1;
                }
                (Place::Cr, _) => {
                    self.taking.break_at(Break::BareCr, self.wire - 1);
                    self.place = Place::Text;
                }
                (Place::LineStart | Place::Text, b'\r') => {
                    self.place = Place::Cr;
                    at += 1;
                }
                (Place::LineStart | Place::Dot | Place::Text, b'\n') => {
                    self.taking.break_at(Break::BareLf, self.wire);
                    self.place = Place::Text;
                    at += 1;
                }
                (Place::LineStart | Place::Dot | Place::Text, 0) => {
                    self.taking.break_at(Break::Nul, self.wire);
                    self.place = Place::Text;
                    at += 1;
                }
                (Place::LineStart | Place::Dot | Place::Text, _) => {
                    let rest = &input[at..];
                    let run = memchr3(b'\r', b'\n', 0, rest).unwrap_or(rest.len());
                    self.taking.text(&rest[..run], self.wire, out);
                    self.place = Place::Text;
                    at += run;
                }
            }
        }
        self.wire = begin + input.len() as u64;
        None
    }
}

/// A letter that cannot be sent: it holds a CR or LF alone (RELIABILITY S-02).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the letter holds a CR or LF alone at octet {0}")]
pub struct Unclean(pub u64);

/// Stuffs a letter for DATA as a client, piece by piece (RFC 5321 §4.5.2).
#[derive(Debug)]
pub struct Stuffer {
    after_cr: bool,
    line_start: bool,
    read: u64,
}

impl Default for Stuffer {
    fn default() -> Self {
        Self { after_cr: false, line_start: true, read: 0 }
    }
}

impl Stuffer {
    /// Appends `piece` to `out`, with a dot before each dot that begins a line.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Unclean> {
        let mut rest = piece;
        while let Some(&first) = rest.first() {
            if self.after_cr {
                if first != b'\n' {
                    return Err(Unclean(self.read - 1));
                }
                out.push(b'\n');
                (self.after_cr, self.line_start) = (false, true);
                self.read += 1;
                rest = &rest[1..];
                continue;
            }
            if self.line_start && first == b'.' {
                out.push(b'.');
            }
            let run = memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
            out.extend_from_slice(&rest[..run]);
            self.line_start &= run == 0;
            self.read += run as u64;
            match rest.get(run) {
                None => return Ok(()),
                Some(b'\n') => return Err(Unclean(self.read)),
                Some(_) => {
                    out.push(b'\r');
                    self.after_cr = true;
                    self.read += 1;
                    rest = &rest[run + 1..];
                }
            }
        }
        Ok(())
    }

    /// Appends the end mark, after a CRLF when the last line had none.
    pub fn finish(self, out: &mut Vec<u8>) -> Result<(), Unclean> {
        if self.after_cr {
            return Err(Unclean(self.read - 1));
        }
        out.extend_from_slice(if self.line_start { b".\r\n".as_slice() } else { b"\r\n.\r\n" });
        Ok(())
    }
}

/// Stuffs a whole letter for DATA, end mark included.
pub fn stuff(letter: &[u8]) -> Result<Vec<u8>, Unclean> {
    let mut out = Vec::with_capacity(letter.len() + letter.len() / 64 + 5);
    let mut stuffer = Stuffer::default();
    stuffer.push(letter, &mut out)?;
    stuffer.finish(&mut out)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unstuff(stream: &[u8], limit: usize) -> (Vec<u8>, Option<usize>, Option<Fault>) {
        let mut unstuffer = Unstuffer::new(limit);
        let mut out = Vec::new();
        let end = unstuffer.push(stream, &mut out);
        (out, end, unstuffer.fault())
    }

    #[test]
    fn data_ends_only_with_crlf_dot_crlf() {
        let cr = |at| Some(Fault::Break(Break::BareCr, at));
        let lf = |at| Some(Fault::Break(Break::BareLf, at));
        for (case, stream, letter, end, fault) in [
            ("empty letter", ".\r\n", "", Some(3), None),
            ("one line", "a\r\n.\r\n", "a\r\n", Some(6), None),
            ("stuffed first line", "..\r\n.\r\n", ".\r\n", Some(7), None),
            ("stuffed dots", "..a\r\n...\r\n.\r\n", ".a\r\n..\r\n", Some(13), None),
            ("a dot too few is taken out", ".a\r\n.\r\n", "a\r\n", Some(7), None),
            ("dot inside", "a.\r\nb.b\r\n.\r\n", "a.\r\nb.b\r\n", Some(12), None),
            ("what follows is not read", ".\r\nQUIT\r\n", "", Some(3), None),
            ("LF.LF", "a\n.\nb", "a", None, lf(1)),
            ("LF.CRLF", "a\n.\r\nb", "a", None, lf(1)),
            ("CRLF.LF", "a\r\n.\nb", "a\r\n", None, lf(4)),
            ("CR.CR", "a\r.\rb", "a", None, cr(1)),
            ("CRLF.CR", "a\r\n.\rb", "a\r\n", None, cr(4)),
            ("CRLF.CRCRLF", "a\r\n.\r\r\nb", "a\r\n", None, cr(4)),
            ("NUL", "a\r\n\0.\r\nb", "a\r\n", None, Some(Fault::Break(Break::Nul, 3))),
            ("the first fault is named", "a\nb\rc", "a", None, lf(1)),
            ("long line", "123456\r\n.\r\n", "12345", Some(11), Some(Fault::LongLine(5))),
            ("a break after a long line", "123456\nx", "12345", None, lf(6)),
            ("the stuffed dot is not counted", ".12345\r\n.\r\n", "12345\r\n", Some(11), None),
        ] {
            let (got, got_end, got_fault) = unstuff(stream.as_bytes(), 5);
            assert_eq!(got_end, end, "{case}: end");
            assert_eq!(got_fault, fault, "{case}: fault");
            assert_eq!(String::from_utf8(got).unwrap(), letter, "{case}: letter");
            let mut bytewise = Unstuffer::new(5);
            let mut at = 0;
            let found = stream.bytes().position(|byte| {
                at += 1;
                bytewise.push(&[byte], &mut Vec::new()).is_some()
            });
            assert_eq!((found.map(|_| at), bytewise.fault()), (end, fault), "{case}: byte by byte");
        }
    }

    fn text() -> impl Strategy<Value = Vec<u8>> {
        let parts: Vec<&'static [u8]> = vec![b"\r\n", b"\r\n", b".", b"a", b"\r", b"\n", b"..", b"\xe9"];
        prop::collection::vec(prop::sample::select(parts), 0..30).prop_map(|parts| parts.concat())
    }

    proptest! {
        /// RELIABILITY S-02: what we send has no bare CR or LF, one end mark only, and reads back.
        #[test]
        fn what_is_stuffed_reads_back_and_ends_once(letter in text()) {
            let clean = String::from_utf8_lossy(&letter).replace("\r\n", "");
            match stuff(&letter) {
                Err(Unclean(at)) => {
                    prop_assert!(clean.contains(['\r', '\n']));
                    prop_assert!(matches!(letter[at as usize], b'\r' | b'\n'));
                }
                Ok(stream) => {
                    prop_assert!(!clean.contains(['\r', '\n']));
                    let (read, end, fault) = unstuff(&stream, 1_000);
                    prop_assert_eq!(end, Some(stream.len()));
                    prop_assert_eq!(fault, None);
                    let mut want = letter.clone();
                    if !want.is_empty() && !want.ends_with(b"\r\n") {
                        want.extend_from_slice(b"\r\n");
                    }
                    prop_assert_eq!(read, want);
                }
            }
        }

        #[test]
        fn a_stream_cut_anywhere_reads_the_same(stream in text(), cut in any::<prop::sample::Index>()) {
            let whole = unstuff(&stream, 8);
            let cut = if stream.is_empty() { 0 } else { cut.index(stream.len()) };
            let mut unstuffer = Unstuffer::new(8);
            let mut out = Vec::new();
            let end = unstuffer.push(&stream[..cut], &mut out);
            let end = end.or_else(|| unstuffer.push(&stream[cut..], &mut out).map(|end| cut + end));
            prop_assert_eq!((out, end, unstuffer.fault()), whole);
        }

        /// Whole lines are given out together, which octet by octet never happens.
        #[test]
        fn a_stream_read_octet_by_octet_reads_the_same(stream in text()) {
            let (mut at_once, mut slowly) = (Unstuffer::new(8), Unstuffer::new(8));
            let (mut together, mut one_by_one) = (Vec::new(), Vec::new());
            let end = at_once.push(&stream, &mut together);
            let ended = stream.iter().position(|octet| slowly.push(&[*octet], &mut one_by_one).is_some());
            prop_assert_eq!(end, ended.map(|last| last + 1));
            prop_assert_eq!(together, one_by_one);
            let told = |unstuffer: &Unstuffer| (unstuffer.fault(), unstuffer.size(), unstuffer.wire());
            prop_assert_eq!(told(&at_once), told(&slowly));
        }
    }
}
