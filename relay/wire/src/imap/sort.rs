//! What SORT orders by (RFC 5256 §3, §5; RFC 5957).

use super::limits;
use super::scan::{Cursor, Fault, Parsed};

/// One key of a SORT; the first decides, the next where it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortKey {
    /// What is compared.
    pub by: SortBy,
    /// Whether the greatest comes first. Messages that every key finds equal stay in the order of the
    /// folder, whatever the direction (RFC 5256 §3).
    pub direction: Direction,
}

/// What two messages are compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortBy {
    /// `ARRIVAL`: the internal date, to the second and below.
    Arrival,
    /// `CC`: the mailbox (before the `@`) of the first address; empty when there is none.
    Cc,
    /// `DATE`: the instant of the `Date` field; the internal date when it cannot be read (§2.2).
    Date,
    /// `FROM`: as `CC`.
    From,
    /// `SIZE`: RFC822.SIZE.
    Size,
    /// `SUBJECT`: the base subject (§2.1).
    Subject,
    /// `TO`: as `CC`.
    To,
    /// `DISPLAYFROM`: the name of the first address, else the address itself (RFC 5957 §3).
    DisplayFrom,
    /// `DISPLAYTO`: likewise.
    DisplayTo,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The least first.
    Ascending,
    /// `REVERSE`
    Descending,
}

impl SortBy {
    const ALL: [(SortBy, &'static str); 9] = [
        (Self::Arrival, "ARRIVAL"),
        (Self::Cc, "CC"),
        (Self::Date, "DATE"),
        (Self::From, "FROM"),
        (Self::Size, "SIZE"),
        (Self::Subject, "SUBJECT"),
        (Self::To, "TO"),
        (Self::DisplayFrom, "DISPLAYFROM"),
        (Self::DisplayTo, "DISPLAYTO"),
    ];

    /// Whether rows alone, which are not sealed, decide.
    #[must_use]
    pub fn is_of_the_row(self) -> bool {
        match self {
            Self::Arrival | Self::Size => true,
            Self::Cc
            | Self::Date
            | Self::From
            | Self::Subject
            | Self::To
            | Self::DisplayFrom
            | Self::DisplayTo => false,
        }
    }
}

/// `sort-criteria = "(" sort-criterion *(SP sort-criterion) ")"`
pub(super) fn criteria(cursor: &mut Cursor<'_>) -> Parsed<Vec<SortKey>> {
    cursor.expect(b'(', "a list of sort criteria was expected")?;
    let mut keys = Vec::new();
    loop {
        let mut word = cursor.word();
        let mut direction = Direction::Ascending;
        if word == "REVERSE" {
            direction = Direction::Descending;
            cursor.space()?;
            word = cursor.word();
        }
        let known = SortBy::ALL.into_iter().find(|(_, name)| *name == word);
        let by = known.ok_or(Fault::Syntax("an unknown sort criterion"))?.0;
        keys.push(SortKey { by, direction });
        if keys.len() > limits::SORT_CRITERIA {
            return Err(Fault::Limit("too many sort criteria"));
        }
        if !cursor.take(b' ') {
            break;
        }
    }
    cursor.expect(b')', "the list of sort criteria is not closed")?;
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn criteria_are_read_with_their_directions() {
        let read = |text: &str| criteria(&mut Cursor::new(text.as_bytes()));
        let keys = read("(reverse date SUBJECT DISPLAYTO)").unwrap();
        let key = |by, direction| SortKey { by, direction };
        assert_eq!(
            keys,
            [
                key(SortBy::Date, Direction::Descending),
                key(SortBy::Subject, Direction::Ascending),
                key(SortBy::DisplayTo, Direction::Ascending)
            ]
        );
        for bad in ["", "()", "DATE", "(DATE", "(REVERSE)", "(REVERSE REVERSE DATE)", "(BOGUS)", "(DATE )"] {
            assert!(matches!(read(bad), Err(Fault::Syntax(_))), "{bad}");
        }
        assert!(matches!(read(&format!("({}DATE)", "DATE ".repeat(40))), Err(Fault::Limit(_))));
    }
}
