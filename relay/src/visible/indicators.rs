//! What operators count: letters a day by door and software (DOMAIN §1.7). Numbers only.

use db::{Error, Tx, args};
use mailstore::Claims;
use names::{DAY, Timestamp};
use std::collections::BTreeMap;
use std::ops::Range;
use wire::mime::Head;

/// Characters of a software's number that are kept.
const SOFTWARE: usize = 32;

/// One letter as it counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Counted {
    day: i64,
    door: &'static str,
    software: String,
    counts: Counts,
}

/// Letters of one day, door and software.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Indicator {
    /// Days since 1 January 1970, UTC.
    pub day: i64,
    /// `submission`, `web`, `mx`.
    pub door: String,
    /// `X-MSS-NIL`; empty when the letter names none, `?` when what it names is no number.
    pub software: String,
    /// How many.
    pub counts: Counts,
}

/// Numbers of letters.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// All.
    pub letters: i64,
    /// With a patient among their recipients.
    pub to_patients: i64,
    /// With `X-MSS-CODECDA`.
    pub with_cda: i64,
    /// With `X-MSS-INS: O`.
    pub qualified_ins: i64,
}

impl Counted {
    pub(crate) fn of(head: &Head, door: &'static str, to_patient: bool, now: Timestamp) -> Self {
        let claims = claims(head);
        let counts = Counts {
            letters: 1,
            to_patients: i64::from(to_patient),
            with_cda: i64::from(claims.holds(Claims::CDA)),
            qualified_ins: i64::from(claims.holds(Claims::QUALIFIED_INS)),
        };
        Self { day: now.0.div_euclid(DAY), door, software: software(head), counts }
    }
}

/// What a letter claims of itself: it holds a CDA, the identity of its patient is qualified.
pub(crate) fn claims(head: &Head) -> Claims {
    let cda = head.field("X-MSS-CODECDA").map_or(Claims::NONE, |_| Claims::CDA);
    let qualified = head.x_mss("INS").filter(|said| said == "O");
    cda.and(qualified.map_or(Claims::NONE, |_| Claims::QUALIFIED_INS))
}

/// What a letter says of the software that made it; a sender cannot fill the table with other things.
fn software(head: &Head) -> String {
    let named = head.x_mss("NIL").unwrap_or_default();
    let number = |c: char| c.is_ascii_alphanumeric() || ['-', '_', '.'].contains(&c);
    if named.len() <= SOFTWARE && named.chars().all(number) { named } else { "?".to_owned() }
}

/// Counts these letters, with their unit.
pub(crate) async fn count(tx: &mut Tx, letters: &[&Counted]) -> Result<(), Error> {
    const INSERT: &str =
        "INSERT INTO indicator (day, door, software, letters, to_patients, with_cda, qualified_ins) VALUES";
    const ADD: &str = "ON CONFLICT (day, door, software) DO UPDATE SET
        letters = indicator.letters + excluded.letters,
        to_patients = indicator.to_patients + excluded.to_patients,
        with_cda = indicator.with_cda + excluded.with_cda,
        qualified_ins = indicator.qualified_ins + excluded.qualified_ins";
    // In order: two processes that count the same lines wait for each other, never deadlock.
    let mut lines = BTreeMap::<(i64, &str, &str), Counts>::new();
    for letter in letters {
        let line = lines.entry((letter.day, letter.door, &letter.software)).or_default();
        line.letters += letter.counts.letters;
        line.to_patients += letter.counts.to_patients;
        line.with_cda += letter.counts.with_cda;
        line.qualified_ins += letter.counts.qualified_ins;
    }
    let row = |((day, door, software), counts): ((i64, &str, &str), Counts)| {
        let Counts { letters, to_patients, with_cda, qualified_ins } = counts;
        args![day, door, software, letters, to_patients, with_cda, qualified_ins]
    };
    tx.insert_rows(INSERT, ADD, lines.into_iter().map(row).collect()).await?;
    Ok(())
}

/// The counts of every day from the one of `since` on, in order.
pub async fn indicators(tx: &mut Tx, since: Timestamp) -> Result<Vec<Indicator>, Error> {
    indicators_between(tx, since..Timestamp(i64::MAX)).await
}

/// The counts of every day that begins between two instants, and of the one that holds the first; in order.
pub async fn indicators_between(tx: &mut Tx, times: Range<Timestamp>) -> Result<Vec<Indicator>, Error> {
    const SELECT: &str = "SELECT day, door, software, letters, to_patients, with_cda, qualified_ins
        FROM indicator WHERE day >= $1 AND day < $2 ORDER BY day, door, software";
    // The first day that does not begin before the end.
    let end = times.end.0.div_euclid(DAY) + i64::from(times.end.0.rem_euclid(DAY) > 0);
    let rows = tx.rows(SELECT, args![times.start.0.div_euclid(DAY), end]).await?;
    rows.iter()
        .map(|row| {
            Ok(Indicator {
                day: row.int(0)?,
                door: row.text(1)?,
                software: row.text(2)?,
                counts: Counts {
                    letters: row.int(3)?,
                    to_patients: row.int(4)?,
                    with_cda: row.int(5)?,
                    qualified_ins: row.int(6)?,
                },
            })
        })
        .collect()
}
