//! Strict CRLF framing of commands and replies: see [`crate::clean`] for what a line is.

use crate::clean::Break;
use memchr::memchr3;
use zeroize::Zeroize;

/// Octets of an over-long line that are thrown away before it counts as endless.
const ENDLESS_LINE: usize = 65_536;
/// Octets of buffer an idle session keeps (DESIGN §3, S10).
const LINE_BUFFER_KEPT: usize = 1_024;

/// What stands at the front of what has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// No whole line yet.
    Incomplete,
    /// One line, without its CRLF, of any octets but CR, LF and NUL.
    Line(Vec<u8>),
    /// One line longer than allowed has gone by, its CRLF included; none of it may be read.
    TooLong,
    /// A control character; what follows it cannot be trusted to be a line.
    Broken(Break),
    /// A line that will not end.
    Endless,
}

/// Cuts what comes into lines.
#[derive(Debug, Default)]
pub struct Lines {
    bytes: Vec<u8>,
    /// Where the first unread byte stands in `bytes`.
    start: usize,
    /// Octets after `start` already known to hold no line end.
    clean: usize,
    /// Octets of an over-long line thrown away so far.
    thrown: usize,
    /// How the last over-long line began.
    head: [u8; HEAD],
}

/// Octets of an over-long line that are remembered: enough for a verb.
const HEAD: usize = 4;

impl Lines {
    /// Takes what the peer sent.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// What has come and was not read.
    #[must_use]
    pub fn unread(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// Reads away the first `count` unread octets.
    pub fn skip(&mut self, count: usize) {
        let end = (self.start + count).min(self.bytes.len());
        self.bytes[self.start..end].zeroize(); // it may have been a password
        self.start = end;
        self.clean = 0;
        if self.start == self.bytes.len() {
            self.clear();
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.start = 0;
        self.clean = 0;
        self.thrown = 0;
        self.bytes.clear();
        self.bytes.shrink_to(LINE_BUFFER_KEPT);
    }

    /// Reads away at most `count` unread octets and gives them out.
    pub fn take(&mut self, count: usize) -> Vec<u8> {
        let taken = self.unread()[..count.min(self.unread().len())].to_vec();
        self.skip(taken.len());
        taken
    }

    /// How the line began of which [`Lines::next`] last said [`Next::TooLong`].
    #[must_use]
    pub fn too_long_head(&self) -> [u8; HEAD] {
        self.head
    }

    /// Takes the next line of at most `limit` octets with its CRLF.
    pub fn next(&mut self, limit: usize) -> Next {
        let unread = &self.bytes[self.start..];
        let Some(found) = memchr3(b'\r', b'\n', 0, &unread[self.clean..]).map(|at| at + self.clean) else {
            self.clean = unread.len();
            return self.throw_away(limit);
        };
        match (unread[found], unread.get(found + 1)) {
            (0, _) => Next::Broken(Break::Nul),
            (b'\n', _) => Next::Broken(Break::BareLf),
            (_, Some(b'\n')) => {
                let line = if self.thrown + found > ENDLESS_LINE {
                    Next::Endless
                } else if self.thrown > 0 || found + 2 > limit {
                    self.head = if self.thrown > 0 { self.head } else { head(unread) };
                    Next::TooLong
                } else {
                    Next::Line(unread[..found].to_vec())
                };
                self.thrown = 0;
                self.skip(found + 2);
                line
            }
            (_, Some(_)) => Next::Broken(Break::BareCr),
            (_, None) => {
                self.clean = found;
                self.throw_away(limit)
            }
        }
    }

    /// Keeps an over-long line from filling memory; a CR at the end stays, its LF may come.
    fn throw_away(&mut self, limit: usize) -> Next {
        if self.thrown > 0 || self.clean + 2 > limit {
            if self.thrown == 0 {
                self.head = head(&self.bytes[self.start..]);
            }
            self.thrown += self.clean;
            self.bytes.drain(..self.start + self.clean);
            self.start = 0;
            self.clean = 0;
        }
        if self.thrown > ENDLESS_LINE { Next::Endless } else { Next::Incomplete }
    }
}

fn head(line: &[u8]) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    for (to, from) in head.iter_mut().zip(line) {
        *to = *from;
    }
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(lines: &mut Lines, limit: usize) -> Vec<Next> {
        let mut all = Vec::new();
        loop {
            match lines.next(limit) {
                Next::Incomplete => return all,
                next @ (Next::Broken(_) | Next::Endless) => {
                    all.push(next);
                    return all;
                }
                next @ (Next::Line(_) | Next::TooLong) => all.push(next),
            }
        }
    }

    fn line(text: &str) -> Next {
        Next::Line(text.as_bytes().to_vec())
    }

    #[test]
    fn lines_end_with_crlf_and_nothing_else() {
        for (case, input, want) in [
            ("two", "a\r\nb\r\n", vec![line("a"), line("b")]),
            ("half", "a\r\nb\r", vec![line("a")]),
            ("empty", "\r\n", vec![line("")]),
            ("bare LF", "a\nb\r\n", vec![Next::Broken(Break::BareLf)]),
            ("bare CR", "a\rb\r\n", vec![Next::Broken(Break::BareCr)]),
            ("two CR", "a\r\r\n", vec![Next::Broken(Break::BareCr)]),
            ("NUL", "a\0b\r\n", vec![Next::Broken(Break::Nul)]),
            ("as long as allowed", "12345678\r\n", vec![line("12345678")]),
            ("too long, and its tail", "123456789\r\nok\r\n", vec![Next::TooLong, line("ok")]),
        ] {
            for chunk in 1..=input.len() {
                let mut lines = Lines::default();
                let mut got = Vec::new();
                for part in input.as_bytes().chunks(chunk) {
                    lines.push(part);
                    if !matches!(got.last(), Some(Next::Broken(_))) {
                        got.extend(all(&mut lines, 10));
                    }
                }
                assert_eq!(got, want, "{case}, in chunks of {chunk}");
            }
        }
    }

    #[test]
    fn an_endless_line_fills_no_memory() {
        let mut lines = Lines::default();
        for _ in 0..64 {
            lines.push(&[b'x'; 1_024]);
            assert_eq!(lines.next(2_048), Next::Incomplete);
            assert!(lines.bytes.capacity() <= 8_192);
        }
        lines.push(&[b'x'; 1_024]);
        assert_eq!(lines.next(2_048), Next::Endless);
    }

    #[test]
    fn what_was_read_is_wiped() {
        let mut lines = Lines::default();
        lines.push(b"secret\r\nnext");
        assert_eq!(lines.next(100), line("secret"));
        assert_eq!(lines.bytes, b"\0\0\0\0\0\0\0\0next");
    }
}
