//! From the text of a file to lines of named fields: TOML and CSV end up alike.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use crate::limits;
use crate::seed::{Fault, Place, SeedFile, Table};

/// One row, its fields not yet understood.
pub(crate) struct Line {
    pub(crate) at: Place,
    pub(crate) table: Table,
    pub(crate) fields: BTreeMap<String, String>,
}

/// The rows of a file; what cannot be read at all becomes a fault.
pub(crate) fn lines(file: &SeedFile, faults: &mut Vec<Fault>) -> Vec<Line> {
    let at = |line| Place { file: file.name.clone(), line };
    if file.text.len() > limits::SEED_OCTETS {
        faults.push(at(1).fault("the file is too large"));
        return Vec::new();
    }
    let text = file.text.strip_prefix('\u{feff}').unwrap_or(&file.text);
    match file.name.rsplit_once('.') {
        Some((_, "toml")) => toml_lines(text, at, faults),
        Some((path, "csv")) => {
            let stem = path.rsplit('/').next().unwrap_or(path);
            match Table::from_name(stem) {
                Some(table) => csv_lines(text, table, at, faults),
                None => {
                    faults.push(at(1).fault(format!("no table is called {stem:?}")));
                    Vec::new()
                }
            }
        }
        Some(_) | None => {
            faults.push(at(1).fault("a seed file is called something.toml or TABLE.csv"));
            Vec::new()
        }
    }
}

fn toml_lines(text: &str, at: impl Fn(usize) -> Place, faults: &mut Vec<Fault>) -> Vec<Line> {
    let line_of = |offset: usize| text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1;
    let document = match DeTable::parse(text) {
        Ok(document) => document.into_inner(),
        Err(error) => {
            let line = error.span().map_or(1, |span| line_of(span.start));
            faults.push(at(line).fault(format!("not TOML: {}", error.message())));
            return Vec::new();
        }
    };
    let mut lines = Vec::new();
    for (name, rows) in document {
        let line = line_of(name.span().start);
        let Some(table) = Table::from_name(name.get_ref()) else {
            faults.push(at(line).fault(format!("no table is called {:?}", name.get_ref())));
            continue;
        };
        let DeValue::Array(rows) = rows.into_inner() else {
            faults.push(at(line).fault(format!("write [[{}]] for each row", name.get_ref())));
            continue;
        };
        for row in rows {
            let place = at(line_of(row.span().start));
            let DeValue::Table(row) = row.into_inner() else {
                faults.push(place.fault("a row is a table of fields"));
                continue;
            };
            let fields: Result<BTreeMap<_, _>, String> = row
                .into_iter()
                .map(|(key, value)| Ok((key.into_inner().into_owned(), text_of(value.into_inner())?)))
                .collect();
            match fields {
                Ok(fields) => lines.push(Line { at: place, table, fields }),
                Err(reason) => faults.push(place.fault(reason)),
            }
        }
    }
    // The parser sorts tables by name; people read files from the top.
    lines.sort_by_key(|line| line.at.line);
    lines
}

/// A field as CSV would write it; lists are joined by `;`.
fn text_of(value: DeValue<'_>) -> Result<String, String> {
    Ok(match value {
        DeValue::String(text) => text.into_owned(),
        DeValue::Integer(number) => number.as_str().to_owned(),
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(truth) => truth.to_string(),
        DeValue::Datetime(date) => date.to_string(),
        DeValue::Array(values) => {
            let texts: Result<Vec<_>, _> = values.into_iter().map(|v| text_of(v.into_inner())).collect();
            texts?.join(";")
        }
        DeValue::Table(_) => {
            return Err("a field is a text, a number, a date, true, false or a list".to_owned());
        }
    })
}

fn csv_lines(text: &str, table: Table, at: impl Fn(usize) -> Place, faults: &mut Vec<Fault>) -> Vec<Line> {
    // Spreadsheets of French offices write semicolons; lists then need quotes, as everywhere.
    let header = text.lines().next().unwrap_or_default();
    let delimiter = if header.contains(';') && !header.contains(',') { b';' } else { b',' };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let header: Vec<String> = match reader.headers() {
        Ok(header) => header.iter().map(|name| name.trim().to_owned()).collect(),
        Err(_) => {
            faults.push(at(1).fault("the header row is not readable"));
            return Vec::new();
        }
    };
    let mut lines = Vec::new();
    // The reader counts a row's line before it has skipped the line feed and the blank lines that
    // precede it, so lines are counted here.
    let (mut offset, mut line) = (0, 1);
    let mut line_at = |position: Option<&csv::Position>| {
        let start = position.map_or(offset, |position| position.byte() as usize).max(offset);
        let blank = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let start = start + text.bytes().skip(start).take_while(blank).count();
        line += text.bytes().take(start).skip(offset).filter(|byte| *byte == b'\n').count();
        offset = start;
        line
    };
    for record in reader.records() {
        match record {
            Ok(record) => {
                let place = at(line_at(record.position()));
                if record.len() == header.len() {
                    let fields = header.iter().cloned().zip(record.iter().map(str::to_owned)).collect();
                    lines.push(Line { at: place, table, fields });
                } else {
                    let reason = format!("{} fields where the header has {}", record.len(), header.len());
                    faults.push(place.fault(reason));
                }
            }
            Err(error) => {
                faults.push(at(line_at(error.position())).fault("the row is not readable as CSV"));
            }
        }
    }
    lines
}
