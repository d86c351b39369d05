//! Tables for spreadsheets: CSV as RFC 4180 describes it, in UTF-8, with `;` between fields, because a
//! French spreadsheet takes the comma for the decimal mark. No cell is a formula (RELIABILITY D-12).

/// Between two fields.
const DELIMITER: u8 = b';';

/// What begins a formula in one spreadsheet or another, and the white space that some of them pass over
/// before they look (RELIABILITY D-12; ASVS 1.2.10).
const DANGEROUS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '|', '\u{ff1d}', '\u{ff0b}', '\u{ff20}'];

/// Why writing cannot fail: rows of unequal width are a mistake of ours, seen in tests.
const IN_MEMORY: &str = "a table is written to memory, its rows as wide as its headings";

/// A table being written.
pub struct Table {
    writer: csv::Writer<Vec<u8>>,
}

impl Table {
    /// A table with these headings.
    #[must_use]
    pub fn new<I: IntoIterator<Item = S>, S: AsRef<str>>(headings: I) -> Self {
        let writer = csv::WriterBuilder::new()
            .delimiter(DELIMITER)
            .terminator(csv::Terminator::CRLF)
            .quote_style(csv::QuoteStyle::Always)
            .from_writer(Vec::new());
        let mut table = Self { writer };
        table.row(headings);
        table
    }

    /// Adds a line; each cell is made harmless.
    pub fn row<I: IntoIterator<Item = S>, S: AsRef<str>>(&mut self, cells: I) {
        let cells = cells.into_iter().map(|cell| harmless(cell.as_ref()));
        self.writer.write_record(cells.map(String::into_bytes)).expect(IN_MEMORY);
    }

    /// The whole text.
    #[must_use]
    pub fn text(self) -> String {
        String::from_utf8(self.writer.into_inner().expect(IN_MEMORY)).expect("cells are text")
    }
}

/// A cell that no spreadsheet takes for a formula: an apostrophe stands before what might begin one.
fn harmless(cell: &str) -> String {
    let cell: String = cell.chars().filter(|letter| *letter != '\0').collect();
    let begins = cell.trim_start_matches(' ').starts_with(DANGEROUS);
    if begins { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (cell, want) in [
            ("=1+1", "'=1+1"),
            ("+33", "'+33"),
            ("-2", "'-2"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("|calc", "'|calc"),
            ("  =1", "'  =1"),
            ("\0=1", "'=1"),
            ("＝1", "'＝1"),
            ("Clinique = bien", "Clinique = bien"),
            ("12", "12"),
            ("", ""),
            ("a@b.example", "a@b.example"),
        ] {
            assert_eq!(harmless(cell), want, "{cell:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_back_by_another_reader() {
        let rows = [
            ["adresse", "nom", "lettres"],
            ["a@b.example", "Hôpital «Saint-Roch»; aile \"B\"", "12"],
            ["", "deux\r\nlignes", "=HYPERLINK(\"https://x.example\")"],
        ];
        let mut table = Table::new(rows[0]);
        for row in &rows[1..] {
            table.row(row);
        }
        let text = table.text();
        assert!(text.starts_with("\"adresse\";\"nom\";\"lettres\"\r\n"), "{text}");
        let mut reader =
            csv::ReaderBuilder::new().delimiter(b';').has_headers(false).from_reader(text.as_bytes());
        let read: Vec<Vec<String>> =
            reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
        assert_eq!(read[1], ["a@b.example", "Hôpital «Saint-Roch»; aile \"B\"", "12"]);
        assert_eq!(read[2], ["", "deux\r\nlignes", "'=HYPERLINK(\"https://x.example\")"]);
    }
}
