//! The chunks of BDAT (RFC 3030 §2).

use crate::clean::{Break, Dots, Fault, Taking};
use memchr::memchr3;

/// Reads the octets of BDAT's chunks (RFC 3030 §2), one after another: nothing is taken out, but lines
/// are as clean as those of DATA, so that the same letter comes by both ways or by neither.
#[derive(Debug)]
pub struct Verbatim {
    /// The last octet was a CR, and is held back until its LF comes.
    after_cr: bool,
    read: u64,
    taking: Taking,
}

impl Verbatim {
    /// A letter whose lines may have `line_limit` octets without CRLF.
    #[must_use]
    pub fn new(line_limit: usize) -> Self {
        Self { after_cr: false, read: 0, taking: Taking::new(line_limit) }
    }

    /// The first thing that was wrong, if any; octets count from 0 over all chunks.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        self.taking.fault()
    }

    /// Octets of the letter so far, faults or not.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.taking.size()
    }

    /// Reads `input` and appends to `out` what is sure to be clean.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) {
        let mut rest = input;
        while let Some(&byte) = rest.first() {
            if !self.after_cr {
                let lines = self.taking.whole_lines(rest, Dots::Stay, out);
                if lines > 0 {
                    self.read += lines as u64;
                    rest = &rest[lines..];
                    continue;
                }
            }
            let run = match (self.after_cr, byte) {
                (true, b'\n') => {
                    self.after_cr = false;
                    self.taking.end_line(out);
                    1
                }
                (true, _) => {
                    self.after_cr = false;
                    self.taking.break_at(Break::BareCr, self.read - 1);
                    0
                }
                (false, b'\r') => {
                    self.after_cr = true;
                    1
                }
                (false, b'\n') => {
                    self.taking.break_at(Break::BareLf, self.read);
                    1
                }
                (false, 0) => {
                    self.taking.break_at(Break::Nul, self.read);
                    1
                }
                (false, _) => {
                    let run = memchr3(b'\r', b'\n', 0, rest).unwrap_or(rest.len());
                    self.taking.text(&rest[..run], self.read, out);
                    run
                }
            };
            self.read += run as u64;
            rest = &rest[run..];
        }
    }

    /// The last chunk has come. A last line without CRLF stays as it is; a CR that still waits for its
    /// LF is a bare one.
    pub fn finish(&mut self) {
        if self.after_cr {
            self.after_cr = false;
            self.taking.break_at(Break::BareCr, self.read - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(chunks: &[&[u8]]) -> (Vec<u8>, Option<Fault>, u64) {
        let (mut verbatim, mut out) = (Verbatim::new(8), Vec::new());
        for chunk in chunks {
            verbatim.push(chunk, &mut out);
        }
        verbatim.finish();
        (out, verbatim.fault(), verbatim.size())
    }

    proptest! {
        /// Whole lines are given out together, which octet by octet never happens.
        #[test]
        fn chunks_read_octet_by_octet_read_the_same(parts in prop::collection::vec(
            prop::sample::select(vec!["\r\n", "\r\n", ".", "..", "abc", "12345678", "\r", "\n", "\0", "\u{e9}"]), 0..30,
        )) {
            let text = parts.concat();
            let slowly: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
            prop_assert_eq!(read(&[text.as_bytes()]), read(&slowly));
        }
    }
}
