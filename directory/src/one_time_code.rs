//! Sign-ins that wait for their six digits (RELIABILITY ): the rows and their races. Patients
//! and professionals keep them in tables of their own, by the same statements.

use db::{Tx, args};
use names::Timestamp;

use crate::sealing::Sealing;
use crate::{Error, limits};

/// A sign-in about to wait for its code.
pub(crate) struct NewCode {
    pub(crate) id: i64,
    /// SHA-256 of the token the browser holds.
    pub(crate) pending: [u8; 32],
    /// Who (a row of the book's people), when the first factor was right.
    pub(crate) holder: Option<i64>,
    /// Keyed hash of the code.
    pub(crate) code: [u8; 32],
    pub(crate) now: Timestamp,
}

/// Whether a code leaves the house.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dispatch {
    /// Send the new code.
    Send,
    /// Send nothing: the first factor was wrong, or too many codes left already.
    Keep,
}

/// What became of a try.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Try {
    /// Right, and the first to say so.
    Right(i64),
    /// Wrong; another try is left. Whose it was, when the first factor was right.
    Wrong(Option<i64>),
    /// No sign-in waits under this token any more.
    Over,
}

/// Whose sign-ins wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Book {
    /// Those of the patients' space.
    Patients,
    /// Those of the professionals' space.
    Professionals,
}

impl Book {
    fn statements(self) -> &'static Statements {
        match self {
            Self::Patients => &PATIENTS,
            Self::Professionals => &PROFESSIONALS,
        }
    }
}

/// The statements over one of the two tables.
struct Statements {
    /// Holds the person's row until the end of the unit, so that counts over their codes do not race.
    lock: &'static str,
    forget: &'static str,
    counts: &'static str,
    latest: &'static str,
    shift: &'static str,
    retire: &'static str,
    insert: &'static str,
    find: &'static str,
    miss: &'static str,
    win: &'static str,
}

/// A macro because a statement is one constant.
macro_rules! statements {
    ($table:literal, $lock:literal) => {
        Statements {
            lock: $lock,
            forget: concat!("DELETE FROM ", $table, " WHERE created_at < $1"),
            counts: concat!(
                "SELECT created_at FROM ",
                $table,
                " WHERE holder = $1 AND created_at > $2 ORDER BY created_at DESC"
            ),
            latest: concat!(
                "SELECT id FROM ",
                $table,
                " WHERE holder = $1 AND used = FALSE AND expires_at > $2 AND tries < $3
                ORDER BY created_at DESC LIMIT 1"
            ),
            shift: concat!("UPDATE ", $table, " SET pending = $2 WHERE id = $1"),
            retire: concat!("UPDATE ", $table, " SET used = TRUE WHERE holder = $1 AND used = FALSE"),
            insert: concat!(
                "INSERT INTO ",
                $table,
                " (id, pending, holder, code, created_at, expires_at, tries, used)
                VALUES ($1, $2, $3, $4, $5, $6, 0, FALSE)"
            ),
            find: concat!(
                "SELECT id, holder, code, expires_at, tries, used FROM ",
                $table,
                " WHERE pending = $1 {FOR UPDATE}"
            ),
            miss: concat!("UPDATE ", $table, " SET tries = tries + 1 WHERE id = $1"),
            win: concat!("UPDATE ", $table, " SET used = TRUE WHERE id = $1 AND used = FALSE"),
        }
    };
}

const PATIENTS: Statements =
    statements!("one_time_code", "SELECT id FROM patient_user WHERE id = $1 {FOR UPDATE}");
const PROFESSIONALS: Statements =
    statements!("professional_code", "SELECT person FROM professional_user WHERE person = $1 {FOR UPDATE}");

/// Writes a waiting sign-in and says whether its code may leave.
///
/// Too soon after the last code, the last one stays the right one and this browser may give it:
/// pressing the button twice locks nobody out. A wrong first factor leaves a row that no code opens.
pub(crate) async fn start(tx: &mut Tx, book: Book, new: &NewCode) -> Result<Dispatch, Error> {
    let sql = book.statements();
    tx.execute(sql.forget, args![new.now.plus(-limits::CODE_KEPT)]).await?;
    let Some(holder) = new.holder else {
        insert(tx, sql, new, None).await?;
        return Ok(Dispatch::Keep);
    };
    tx.maybe_row(sql.lock, args![holder]).await?;
    let since = new.now.plus(-limits::CODE_KEPT);
    let sent = tx.rows(sql.counts, args![holder, since]).await?;
    let sent: Vec<Timestamp> = sent.iter().map(|row| row.time(0)).collect::<Result<_, _>>()?;
    if may_send(&sent, new.now) {
        tx.execute(sql.retire, args![holder]).await?;
        insert(tx, sql, new, Some(holder)).await?;
        return Ok(Dispatch::Send);
    }
    match tx.maybe_row(sql.latest, args![holder, new.now, limits::CODE_TRIES]).await? {
        Some(latest) => tx.execute(sql.shift, args![latest.int(0)?, new.pending]).await.map(drop)?,
        None => insert(tx, sql, new, None).await?,
    }
    Ok(Dispatch::Keep)
}

/// Counts a try. Of many right ones at once, one wins.
pub(crate) async fn check(
    tx: &mut Tx,
    book: Book,
    sealing: &Sealing,
    pending: &[u8; 32],
    code: &str,
    now: Timestamp,
) -> Result<Try, Error> {
    let sql = book.statements();
    let Some(row) = tx.maybe_row(sql.find, args![pending]).await? else { return Ok(Try::Over) };
    let id = row.int(0)?;
    if row.bool(5)? || row.time(3)? <= now || row.int(4)? >= limits::CODE_TRIES {
        return Ok(Try::Over);
    }
    let right =
        aws_lc_rs::constant_time::verify_slices_are_equal(&row.bytes(2)?, &sealing.code_hash(id, code))
            .is_ok();
    let holder = row.maybe_int(1)?;
    match holder.filter(|_| right) {
        None => {
            tx.execute(sql.miss, args![id]).await?;
            Ok(Try::Wrong(holder))
        }
        Some(holder) if tx.execute(sql.win, args![id]).await? == 1 => Ok(Try::Right(holder)),
        Some(_) => Ok(Try::Over),
    }
}

/// Whether one more code may leave after those of the last day, newest first.
fn may_send(sent: &[Timestamp], now: Timestamp) -> bool {
    let within = |time: i64| sent.iter().filter(|sent| now.since(**sent) < time).count() as i64;
    within(limits::CODE_PAUSE) == 0
        && within(names::HOUR) < limits::CODES_PER_HOUR
        && within(names::DAY) < limits::CODES_PER_DAY
}

async fn insert(tx: &mut Tx, sql: &Statements, new: &NewCode, holder: Option<i64>) -> Result<(), db::Error> {
    let row = args![new.id, new.pending, holder, new.code, new.now, new.now.plus(limits::CODE_LIFE)];
    tx.execute(sql.insert, row).await.map(drop)
}

#[cfg(test)]
mod tests {
    use names::{HOUR, MINUTE, SECOND};

    use super::*;

    #[test]
    fn codes_leave_once_a_minute_five_times_an_hour_ten_times_a_day() {
        let now = Timestamp(100 * HOUR);
        let ago = |times: &[i64]| times.iter().map(|time| now.plus(-time)).collect::<Vec<_>>();
        for (case, sent, want) in [
            ("first ever", ago(&[]), true),
            ("59 seconds after", ago(&[59 * SECOND]), false),
            ("60 seconds after", ago(&[60 * SECOND]), true),
            ("sixth in an hour", ago(&[2, 10, 20, 30, 59].map(|m| m * MINUTE)), false),
            ("fifth fell out of the hour", ago(&[2, 10, 20, 30, 60].map(|m| m * MINUTE)), true),
            ("eleventh in a day", ago(&[2, 3, 4, 5, 6, 7, 8, 9, 10, 23].map(|h| h * HOUR)), false),
            ("tenth in a day", ago(&[2, 3, 4, 5, 6, 7, 8, 9, 10].map(|h| h * HOUR)), true),
        ] {
            assert_eq!(may_send(&sent, now), want, "{case}");
        }
    }
}
