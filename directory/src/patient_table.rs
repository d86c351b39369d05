//! The table of patients as a large file: read row by row, some hundreds at a time, in bounded memory.
//!
//! The columns are those of the table `patients` of a seed, found by their names in the header row, in any order;
//! `,` or `;` stands between them, fields may be quoted, the text is UTF-8 with or without a mark of order. A row
//! that is not right is named by line and reason and never stops the others; no reason repeats what a row says.

mod besides;
mod checkpoint;
mod lines;

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use names::{Ins, Timestamp};

pub use besides::Besides;
pub use checkpoint::PatientImport;
use lines::{Record, Records};

use crate::seed::fields::Fields;
use crate::seed::{Fault, Place, Placed, Seed, rows};
use crate::{Entrance, limits};

/// The columns there may be; the first five must be.
const COLUMNS: [&str; 15] = [
    "ins",
    "birth_name",
    "given_names",
    "birth_date",
    "sex",
    "used_name",
    "used_given_name",
    "ins_oid",
    "birth_place",
    "email",
    "phone",
    "postal_address",
    "state",
    "since",
    "time_zone",
];
/// Of these, how many must be.
const NEEDED: usize = 5;

/// Why a file is no table of patients.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// It cannot be read.
    #[error("cannot read {path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// Its first row names other columns.
    #[error("{path}: {reason}")]
    Header {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// How a table is read.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// Everybody new comes in like this; as their rows say when absent.
    pub entrance: Option<Entrance>,
    /// Rows up to this line are in already: they are read, and given to nobody.
    pub behind: u64,
    /// Rows taken at a time.
    pub batch: usize,
}

/// A file of patients, being read.
pub struct PatientTable {
    path: PathBuf,
    name: String,
    records: Records<BufReader<File>>,
    columns: Vec<&'static str>,
    reading: Reading,
    /// Numbers met so far, eight octets each.
    seen: HashSet<u64>,
    now: Timestamp,
}

/// Some rows of it.
#[derive(Default)]
pub struct PatientBatch {
    /// The good ones, to be planned or imported.
    pub seed: Seed,
    /// The wrong ones.
    pub faults: Vec<Fault>,
    /// Rows read, wrong ones and those that were in already among them.
    pub rows: u64,
    /// The line of the last of them.
    pub through: u64,
    /// Octets of the file read so far.
    pub octets: u64,
}

impl PatientTable {
    /// Opens a table and reads its header.
    pub fn open(path: &Path, reading: Reading, now: Timestamp) -> Result<Self, TableError> {
        let file = File::open(path).map_err(|cause| TableError::File { path: path.to_owned(), cause })?;
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let mut table = Self {
            path: path.to_owned(),
            name,
            records: Records::of(BufReader::with_capacity(limits::PATIENT_READ, file)),
            columns: Vec::new(),
            reading,
            seen: HashSet::new(),
            now,
        };
        let header = table.records.header().map_err(|cause| table.failed(cause))?;
        table.columns =
            columns(header).map_err(|reason| TableError::Header { path: path.to_owned(), reason })?;
        table.records.expect(table.columns.len());
        Ok(table)
    }

    /// What tells this file and this way to read it from any other: a hash.
    pub fn digest(path: &Path, entrance: Option<Entrance>) -> Result<[u8; 32], TableError> {
        let failed = |cause| TableError::File { path: path.to_owned(), cause };
        let mut file = File::open(path).map_err(failed)?;
        let mut digest = Context::new(&SHA256);
        digest.update(match entrance {
            None => b"as written",
            Some(Entrance::Announced) => b"announced ",
            Some(Entrance::AtOnce) => b"at once   ",
        });
        let mut octets = vec![0; limits::PATIENT_READ];
        loop {
            match file.read(&mut octets).map_err(failed)? {
                0 => break,
                read => digest.update(&octets[..read]),
            }
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(digest.finish().as_ref());
        Ok(hash)
    }

    /// The next rows; none at the end of the file.
    pub fn batch(&mut self) -> Result<Option<PatientBatch>, TableError> {
        let mut batch = PatientBatch::default();
        while batch.seed.patients.len() < self.reading.batch && batch.rows < limits::PATIENT_ROWS_AT_ONCE {
            let Some(record) = self.records.next().map_err(|cause| self.failed(cause))? else { break };
            batch.rows += 1;
            let (line, row) = match record {
                Record::Fields { line, fields } => (line, self.row(fields)),
                Record::Wrong { line, reason } => (line, Err(reason.to_owned())),
            };
            batch.through = line;
            let place =
                || Place { file: self.name.clone(), line: usize::try_from(line).unwrap_or(usize::MAX) };
            match row {
                Ok(row) if line > self.reading.behind => {
                    batch.seed.patients.push(Placed { at: place(), row });
                }
                Ok(_) => {}
                Err(reason) => batch.faults.push(place().fault(reason)),
            }
        }
        batch.octets = self.records.octets();
        Ok((batch.rows > 0).then_some(batch))
    }

    fn row(&mut self, texts: Vec<String>) -> Result<rows::PatientRow, String> {
        let mut fields = Fields::new();
        for (column, text) in self.columns.iter().zip(texts) {
            // A cell of several lines is how people write an address.
            let text = if *column == "postal_address" { text.replace(['\r', '\n'], ";") } else { text };
            fields.insert((*column).to_owned(), text);
        }
        let mut row = rows::patient(fields, self.now)?;
        if let Some(entrance) = self.reading.entrance {
            row.entrance = Some(entrance);
            row.life = entrance.life(self.now);
        }
        match self.seen.insert(index(&row.traits.ins)) {
            true => Ok(row),
            false => Err("the same INS stands earlier in this file".to_owned()),
        }
    }

    fn failed(&self, cause: io::Error) -> TableError {
        TableError::File { path: self.path.clone(), cause }
    }
}

fn columns(header: Record) -> Result<Vec<&'static str>, String> {
    let names = match header {
        Record::Fields { fields, .. } => fields,
        Record::Wrong { reason, .. } => return Err(format!("the header row cannot be read: {reason}")),
    };
    let mut columns: Vec<&'static str> = Vec::with_capacity(names.len());
    for (number, name) in names.iter().enumerate() {
        let name = name.trim().to_lowercase();
        // A first row that is no header holds a person: it is not repeated.
        let Some(column) = COLUMNS.into_iter().find(|known| *known == name) else {
            let known = COLUMNS.join(", ");
            return Err(format!("column {} of the first row is none of {known}", number + 1));
        };
        if columns.contains(&column) {
            return Err(format!("the column {column} stands there twice"));
        }
        columns.push(column);
    }
    match COLUMNS.iter().take(NEEDED).find(|needed| !columns.contains(needed)) {
        Some(absent) => Err(format!("there is no column {absent}")),
        None => Ok(columns),
    }
}

/// An INS as a number: fifteen digits to the base of twelve, for `2A` and `2B`.
fn index(ins: &Ins) -> u64 {
    ins.expose().bytes().fold(0, |number, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A' => 10,
            _ => 11,
        };
        number * 12 + u64::from(digit)
    })
}

#[cfg(test)]
mod tests;
