//! What a line is, wherever octets come in.
//!
//! A line ends with CR LF and with nothing else (RFC 5321 §2.3.8). A CR or LF alone, or a NUL, is a
//! [`Break`]: somebody else on the path may have read a line end there, and the difference between
//! two readers is how letters are smuggled (RELIABILITY S-01). Nothing is ever put right here.

use memchr::memchr3;

/// A control character where lines must be clean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// A CR that no LF follows.
    BareCr,
    /// An LF that no CR precedes.
    BareLf,
    /// A NUL.
    Nul,
}

/// What is wrong with the octets of a letter; they count from 0 behind the 354, or over all chunks, as sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A control character.
    Break(Break, u64),
    /// A line longer than the limit.
    LongLine(u64),
}

/// A dot at the beginning of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dots {
    /// Is an octet like others.
    Stay,
    /// Was put there and is to be taken out, or is the end.
    Mean,
}

/// What is taken of a letter: its octets as long as all were clean, its size and the first fault in any case.
#[derive(Debug)]
pub(crate) struct Taking {
    /// Octets of the present line so far.
    line: usize,
    line_limit: usize,
    size: u64,
    fault: Option<Fault>,
}

impl Taking {
    pub(crate) fn new(line_limit: usize) -> Self {
        Self { line: 0, line_limit, size: 0, fault: None }
    }

    pub(crate) fn fault(&self) -> Option<Fault> {
        self.fault
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Takes the whole lines at the beginning of `input`, where a line begins, that are the letter's as they stand:
    /// clean, none over the limit, none with a dot that means something. Given out together they are copied once.
    /// Answers how many octets they are; none behind a fault.
    pub(crate) fn whole_lines(&mut self, input: &[u8], dots: Dots, out: &mut Vec<u8>) -> usize {
        if self.line > 0 || self.fault.is_some() {
            return 0;
        }
        let mut octets = 0;
        while let Some(line) =
            input.get(octets..).filter(|line| dots == Dots::Stay || !line.starts_with(b"."))
        {
            match memchr3(b'\r', b'\n', 0, line) {
                Some(end) if end <= self.line_limit && line[end..].starts_with(b"\r\n") => octets += end + 2,
                Some(_) | None => break,
            }
        }
        self.give(&input[..octets], out);
        octets
    }

    /// Takes a piece of a line, which began at octet `at`.
    pub(crate) fn text(&mut self, run: &[u8], at: u64, out: &mut Vec<u8>) {
        let (fits, over) = run.split_at(run.len().min(self.line_limit - self.line));
        self.line += fits.len();
        self.give(fits, out);
        if !over.is_empty() {
            self.fault.get_or_insert(Fault::LongLine(at + fits.len() as u64));
            self.give(over, out);
        }
    }

    /// The line ends.
    pub(crate) fn end_line(&mut self, out: &mut Vec<u8>) {
        self.give(b"\r\n", out);
        self.line = 0;
    }

    /// A control character counts as one octet of the letter's size.
    pub(crate) fn break_at(&mut self, what: Break, at: u64) {
        self.size += 1;
        // A break is named even after a long line: only a break makes the end itself doubtful.
        if !matches!(self.fault, Some(Fault::Break(..))) {
            self.fault = Some(Fault::Break(what, at));
        }
    }

    fn give(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.size += bytes.len() as u64;
        if self.fault.is_none() {
            out.extend_from_slice(bytes);
        }
    }
}
