//! Rows of a file, bounded and numbered. A quote that is never closed costs its own line and no other.

use std::collections::VecDeque;
use std::io::{self, BufRead};

use crate::limits;

const TOO_LONG: &str = "the line is too long";
const NOT_UTF8: &str = "the row is not UTF-8";
const OPEN: &str = "a field is opened with a quote and not closed";
const BEHIND: &str = "something stands behind the quote that closes a field";
const COUNT: &str = "the row has not as many fields as the header";

/// Reads rows.
pub(super) struct Records<R> {
    reader: R,
    line: u64,
    octets: u64,
    /// Lines that were looked at and not used.
    waiting: VecDeque<Line>,
    delimiter: u8,
    columns: Option<usize>,
}

/// A line as it came, without its end.
struct Line {
    number: u64,
    bytes: Vec<u8>,
    whole: bool,
}

/// A row as it came.
pub(super) enum Record {
    Fields { line: u64, fields: Vec<String> },
    Wrong { line: u64, reason: &'static str },
}

/// What some lines make together.
enum Split {
    Fields(Vec<String>),
    /// A quoted field goes on on the next line.
    Open,
    Wrong(&'static str),
}

impl<R: BufRead> Records<R> {
    pub(super) fn of(reader: R) -> Self {
        Self { reader, line: 0, octets: 0, waiting: VecDeque::new(), delimiter: b',', columns: None }
    }

    /// The first row, which also tells what stands between fields: French spreadsheets write semicolons.
    pub(super) fn header(&mut self) -> io::Result<Record> {
        let Some(line) = self.line()? else {
            return Ok(Record::Wrong { line: 1, reason: "the file is empty" });
        };
        if line.bytes.contains(&b';') && !line.bytes.contains(&b',') {
            self.delimiter = b';';
        }
        self.waiting.push_front(line);
        Ok(self.next()?.unwrap_or(Record::Wrong { line: 1, reason: "the file is empty" }))
    }

    /// How many fields a row has from now on.
    pub(super) fn expect(&mut self, columns: usize) {
        self.columns = Some(columns);
    }

    /// Octets read so far.
    pub(super) fn octets(&self) -> u64 {
        self.octets
    }

    /// The next row that is not blank.
    pub(super) fn next(&mut self) -> io::Result<Option<Record>> {
        loop {
            let Some(first) = self.line()? else { return Ok(None) };
            let line = first.number;
            if !first.whole {
                return Ok(Some(Record::Wrong { line, reason: TOO_LONG }));
            }
            if first.bytes.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            return self.row(first).map(|row| {
                Some(match row {
                    Ok(fields) => Record::Fields { line, fields },
                    Err(reason) => Record::Wrong { line, reason },
                })
            });
        }
    }

    /// The row that begins with this line.
    fn row(&mut self, first: Line) -> io::Result<Result<Vec<String>, &'static str>> {
        let mut bytes = first.bytes;
        let mut joined = 0;
        loop {
            match split(&bytes, self.delimiter) {
                Split::Fields(fields) => {
                    if self.columns.is_some_and(|columns| columns != fields.len()) {
                        // A stray quote may have eaten good rows: they are read again, on their own.
                        return Ok(Err(if joined > 0 { OPEN } else { COUNT }));
                    }
                    self.waiting.drain(..joined);
                    return Ok(Ok(fields));
                }
                Split::Wrong(reason) => return Ok(Err(if joined > 0 { OPEN } else { reason })),
                Split::Open => {}
            }
            if joined == limits::PATIENT_ROW_LINES {
                return Ok(Err(OPEN));
            }
            while self.waiting.len() <= joined {
                match self.read()? {
                    Some(line) => self.waiting.push_back(line),
                    None => return Ok(Err(OPEN)),
                }
            }
            let Some(next) = self.waiting.get(joined).filter(|next| next.whole) else { return Ok(Err(OPEN)) };
            bytes.push(b'\n');
            bytes.extend_from_slice(&next.bytes);
            joined += 1;
        }
    }

    fn line(&mut self) -> io::Result<Option<Line>> {
        match self.waiting.pop_front() {
            Some(line) => Ok(Some(line)),
            None => self.read(),
        }
    }

    fn read(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        let mut whole = true;
        let before = self.octets;
        loop {
            let waiting = self.reader.fill_buf()?;
            if waiting.is_empty() {
                break;
            }
            let end = waiting.iter().position(|byte| *byte == b'\n');
            let (text, taken) = match end {
                Some(end) => (&waiting[..end], end + 1),
                None => (waiting, waiting.len()),
            };
            let room = limits::PATIENT_LINE.saturating_sub(bytes.len());
            whole &= text.len() <= room;
            bytes.extend_from_slice(&text[..text.len().min(room)]);
            self.reader.consume(taken);
            self.octets += taken as u64;
            if end.is_some() {
                break;
            }
        }
        if self.octets == before {
            return Ok(None);
        }
        self.line += 1;
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        if self.line == 1 && bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
        }
        Ok(Some(Line { number: self.line, bytes, whole }))
    }
}

fn split(bytes: &[u8], delimiter: u8) -> Split {
    let Ok(text) = std::str::from_utf8(bytes) else { return Split::Wrong(NOT_UTF8) };
    let delimiter = char::from(delimiter);
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let Some(quoted) = rest.strip_prefix('"') else {
            match rest.split_once(delimiter) {
                Some((field, behind)) => {
                    fields.push(field.to_owned());
                    rest = behind;
                    continue;
                }
                None => {
                    fields.push(rest.to_owned());
                    return Split::Fields(fields);
                }
            }
        };
        let mut field = String::new();
        let mut inside = quoted;
        let behind = loop {
            let Some((piece, behind)) = inside.split_once('"') else { return Split::Open };
            field.push_str(piece);
            match behind.strip_prefix('"') {
                Some(behind) => {
                    field.push('"');
                    inside = behind;
                }
                None => break behind,
            }
        };
        fields.push(field);
        if behind.is_empty() {
            return Split::Fields(fields);
        }
        match behind.strip_prefix(delimiter) {
            Some(behind) => rest = behind,
            None => return Split::Wrong(BEHIND),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<(u64, Result<Vec<String>, &'static str>)> {
        // A small buffer: lines are put together from pieces.
        let mut records = Records::of(io::BufReader::with_capacity(5, bytes));
        let Record::Fields { fields, .. } = records.header().unwrap() else { panic!("a header") };
        records.expect(fields.len());
        let mut all = Vec::new();
        while let Some(record) = records.next().unwrap() {
            all.push(match record {
                Record::Fields { line, fields } => (line, Ok(fields)),
                Record::Wrong { line, reason } => (line, Err(reason)),
            });
        }
        assert_eq!(records.octets(), bytes.len() as u64);
        all
    }

    fn row(fields: [&str; 2]) -> Result<Vec<String>, &'static str> {
        Ok(fields.map(str::to_owned).to_vec())
    }

    #[test]
    fn rows_are_read_as_spreadsheets_write_them() {
        for (case, text, want) in [
            ("commas", "a,b\n1,2\n", vec![(2, row(["1", "2"]))]),
            ("semicolons, a mark, no last end", "\u{feff}a;b\r\n1;2,3", vec![(2, row(["1", "2,3"]))]),
            ("quotes", "a,b\n\"1,\"\"2\"\"\",\"\"\n", vec![(2, row(["1,\"2\"", ""]))]),
            ("blank lines", "a,b\n\n  \n1,2\n\n", vec![(4, row(["1", "2"]))]),
            ("several lines", "a,b\n\"x\ny\",2\n3,4\n", vec![(2, row(["x\ny", "2"])), (4, row(["3", "4"]))]),
            ("a quote inside", "a,b\n5\" x,2\n", vec![(2, row(["5\" x", "2"]))]),
        ] {
            assert_eq!(all(text.as_bytes()), want, "{case}");
        }
    }

    #[test]
    fn a_wrong_row_costs_no_other() {
        let long = format!("a,b\n{},2\n3,4\n", "x".repeat(limits::PATIENT_LINE));
        for (case, text, reason) in [
            ("too few", &b"a,b\n1\n3,4\n"[..], COUNT),
            ("too many", b"a,b\n1,2,3\n3,4\n", COUNT),
            ("a quote never closed", b"a,b\n\"1,2\n3,4\n", OPEN),
            ("not UTF-8", b"a,b\n1,\xff\n3,4\n", NOT_UTF8),
            ("behind a quote", b"a,b\n\"1\"x,2\n3,4\n", BEHIND),
            ("too long", long.as_bytes(), TOO_LONG),
        ] {
            assert_eq!(all(text), [(2, Err(reason)), (3, row(["3", "4"]))], "{case}");
        }
        // Two stray quotes: the good row between them is not lost.
        assert_eq!(
            all(b"a,b\n\"1,2\n3,4\n\"5,6\n7,8\n"),
            [(2, Err(OPEN)), (3, row(["3", "4"])), (4, Err(OPEN)), (5, row(["7", "8"]))]
        );
    }
}
