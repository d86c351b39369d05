//! Lines of a file, bounded, numbered, hashed on the way.

use std::io::{self, BufRead};

use aws_lc_rs::digest::{Context, SHA256};

use crate::limits;

/// Reads line by line.
pub(crate) struct Lines<R> {
    reader: R,
    line: Vec<u8>,
    number: u64,
    octets: u64,
    digest: Context,
}

/// A line as it came.
pub(crate) enum Line<'a> {
    Text(&'a str),
    /// What cannot be read at all, and why.
    Wrong(&'a [u8], &'static str),
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader, line: Vec::new(), number: 0, octets: 0, digest: Context::new(&SHA256) }
    }

    /// The next line without its end; none at the end of the file.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let mut whole = true;
        loop {
            let waiting = self.reader.fill_buf()?;
            if waiting.is_empty() {
                if self.line.is_empty() && whole {
                    return Ok(None);
                }
                break;
            }
            let (taken, ended) = match waiting.iter().position(|byte| *byte == b'\n') {
                Some(place) => (place + 1, true),
                None => (waiting.len(), false),
            };
            self.digest.update(&waiting[..taken]);
            let room = limits::LINE_OCTETS.saturating_sub(self.line.len());
            whole &= taken - usize::from(ended) <= room;
            self.line.extend_from_slice(&waiting[..(taken - usize::from(ended)).min(room)]);
            self.reader.consume(taken);
            self.octets += taken as u64;
            if ended {
                break;
            }
        }
        self.number += 1;
        if self.line.last() == Some(&b'\r') {
            self.line.pop();
        }
        if !whole {
            return Ok(Some(Line::Wrong(&self.line, "the line is too long")));
        }
        let bom: &[u8] = if self.number == 1 { b"\xef\xbb\xbf" } else { b"" };
        let line = self.line.strip_prefix(bom).unwrap_or(&self.line);
        Ok(Some(match std::str::from_utf8(line) {
            Ok(text) => Line::Text(text),
            Err(_) => Line::Wrong(line, "the line is not UTF-8"),
        }))
    }

    /// Of the line last read, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Octets read so far.
    pub(crate) fn octets(&self) -> u64 {
        self.octets
    }

    /// Hash of everything read.
    pub(crate) fn digest(self) -> [u8; 32] {
        let mut digest = [0; 32];
        digest.copy_from_slice(self.digest.finish().as_ref());
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<Result<String, &'static str>> {
        // A small buffer: lines are put together from pieces.
        let mut lines = Lines::new(io::BufReader::with_capacity(7, bytes));
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push(match line {
                Line::Text(text) => Ok(text.to_owned()),
                Line::Wrong(_, why) => Err(why),
            });
        }
        assert_eq!(lines.number(), all.len() as u64);
        assert_eq!(lines.octets(), bytes.len() as u64);
        all
    }

    #[test]
    fn lines_are_read_whatever_their_ends() {
        let ok = |text: &str| Ok(text.to_owned());
        assert_eq!(
            all(b"\xef\xbb\xbfun|deux\r\n\nlast, without end"),
            [ok("un|deux"), ok(""), ok("last, without end")]
        );
        assert_eq!(all(b""), []);
        assert_eq!(all("é\n\u{feff}b\n".as_bytes()), [ok("é"), ok("\u{feff}b")]);
    }

    #[test]
    fn a_line_that_cannot_be_read_stops_none_behind_it() {
        let mut bytes = b"a\n\xff\xfe\n".to_vec();
        bytes.extend(vec![b'x'; limits::LINE_OCTETS + 1]);
        bytes.extend(b"\nb\n");
        assert_eq!(
            all(&bytes),
            [
                Ok("a".to_owned()),
                Err("the line is not UTF-8"),
                Err("the line is too long"),
                Ok("b".to_owned())
            ]
        );
    }
}
