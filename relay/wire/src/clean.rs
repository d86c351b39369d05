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

/// Octets of the whole lines at the beginning of `input` that are the letter's as they stand: clean, none over the
/// limit, none with a dot that means something. Given out together they are copied once.
pub(crate) fn whole_lines(input: &[u8], line_limit: usize, dots: Dots) -> usize {
    let mut octets = 0;
    while let Some(line) = input.get(octets..).filter(|line| dots == Dots::Stay || !line.starts_with(b".")) {
        match memchr3(b'\r', b'\n', 0, line) {
            Some(end) if end <= line_limit && line[end..].starts_with(b"\r\n") => octets += end + 2,
            Some(_) | None => break,
        }
    }
    octets
}
