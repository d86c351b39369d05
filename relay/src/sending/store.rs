//! The rows of what mailboxes have sent.

use db::{Error, Tx, args};
use names::{AccountId, DAY, HOUR, Timestamp};

/// A letter to be counted in the unit that keeps it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Note {
    pub(crate) account: AccountId,
    /// Keyed hashes of the patients it goes to.
    pub(crate) patients: Vec<[u8; 32]>,
}

/// Hours in the window of letters.
pub(super) const WINDOW: i64 = 24;
/// Days after which counts are of no use.
const KEPT: i64 = 3;

const LETTERS: &str = "SELECT hour, letters FROM sent_letters WHERE account = $1 AND hour > $2";
const PATIENTS: &str = "SELECT COUNT(*) FROM sent_patient WHERE account = $1 AND day = $2";
const KNOWN: &str = "SELECT day FROM sent_patient WHERE account = $1 AND day = $2 AND patient = $3";
const COUNT: &str = "INSERT INTO sent_letters (account, hour, letters) VALUES ($1, $2, $3)
    ON CONFLICT (account, hour) DO UPDATE SET letters = sent_letters.letters + excluded.letters";
const REACH: &str = "INSERT INTO sent_patient (account, day, patient) VALUES";
const FORGET_LETTERS: &str = "DELETE FROM sent_letters WHERE hour < $1";
const FORGET_PATIENTS: &str = "DELETE FROM sent_patient WHERE day < $1";

pub(super) fn hour(now: Timestamp) -> i64 {
    now.0.div_euclid(HOUR)
}

pub(super) fn day(now: Timestamp) -> i64 {
    now.0.div_euclid(DAY)
}

/// Letters of each of the last hours.
pub(super) async fn letters(
    tx: &mut Tx,
    account: AccountId,
    now: Timestamp,
) -> Result<Vec<(i64, i64)>, Error> {
    let rows = tx.rows(LETTERS, args![account, hour(now) - WINDOW]).await?;
    rows.iter().map(|row| Ok((row.int(0)?, row.int(1)?))).collect()
}

/// How many patients were reached today.
pub(super) async fn patients(tx: &mut Tx, account: AccountId, now: Timestamp) -> Result<i64, Error> {
    tx.row(PATIENTS, args![account, day(now)]).await?.int(0)
}

/// Whether this patient was reached today.
pub(super) async fn is_known(
    tx: &mut Tx,
    account: AccountId,
    patient: &[u8; 32],
    now: Timestamp,
) -> Result<bool, Error> {
    Ok(tx.maybe_row(KNOWN, args![account, day(now), patient]).await?.is_some())
}

/// Counts letters in the unit that keeps them; accounts in their order, so that two processes wait for
/// each other in one direction only (DESIGN §2.2).
pub(crate) async fn note_in(tx: &mut Tx, notes: &[&Note], now: Timestamp) -> Result<(), Error> {
    let mut letters = std::collections::BTreeMap::<i64, i64>::new();
    for note in notes {
        *letters.entry(note.account.0).or_default() += 1;
    }
    for (account, count) in letters {
        tx.execute(COUNT, args![account, hour(now), count]).await?;
    }
    let mut reached: Vec<(i64, [u8; 32])> = notes
        .iter()
        .flat_map(|note| note.patients.iter().map(|patient| (note.account.0, *patient)))
        .collect();
    reached.sort_unstable();
    reached.dedup();
    if reached.is_empty() {
        return Ok(());
    }
    let rows = reached.iter().map(|(account, patient)| args![*account, day(now), *patient]).collect();
    tx.insert_rows(REACH, "ON CONFLICT (account, day, patient) DO NOTHING", rows).await.map(drop)
}

/// Forgets what no limit looks at any more.
pub(super) async fn forget(tx: &mut Tx, now: Timestamp) -> Result<u64, Error> {
    let letters = tx.execute(FORGET_LETTERS, args![hour(now) - KEPT * WINDOW]).await?;
    let patients = tx.execute(FORGET_PATIENTS, args![day(now) - KEPT]).await?;
    Ok(letters + patients)
}
