//! The file of lines that were left out: where, why, and the line itself.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

/// Characters of a line that are repeated; longer ones are found by their number.
const REPEATED: usize = 2_000;

/// Writes what is left out, one line for each: `FILE:LINE: reason`, a tabulator, the line.
pub(crate) struct Rejects {
    path: PathBuf,
    file: Option<BufWriter<File>>,
    count: u64,
    first: Vec<String>,
}

/// Reasons shown without opening the file.
const SHOWN: usize = 5;

impl Rejects {
    /// Nothing is made until something is left out, but a file of an earlier time is emptied.
    pub(crate) fn at(path: &Path) -> io::Result<Self> {
        if path.exists() {
            File::create(path)?;
        }
        Ok(Self { path: path.to_owned(), file: None, count: 0, first: Vec::new() })
    }

    /// One more.
    pub(crate) fn push(&mut self, file: &str, line: u64, reason: &str, text: &[u8]) -> io::Result<()> {
        let out = match &mut self.file {
            Some(out) => out,
            None => self.file.insert(BufWriter::new(File::create(&self.path)?)),
        };
        let place = format!("{file}:{line}: {reason}");
        let text: String = String::from_utf8_lossy(text).chars().take(REPEATED).collect();
        writeln!(out, "{place}\t{}", text.replace(['\n', '\r'], " "))?;
        if self.first.len() < SHOWN {
            self.first.push(place);
        }
        self.count += 1;
        Ok(())
    }

    /// Something to be looked at about a line that was taken all the same.
    pub(crate) fn warn(&mut self, file: &str, line: u64, what: &str) -> io::Result<()> {
        self.push(file, line, what, b"")?;
        self.count -= 1;
        Ok(())
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The first ones, in words.
    pub(crate) fn first(&self) -> &[String] {
        &self.first
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), BufWriter::flush)
    }
}
