//! Rows of what is owed about letters to patients.

use db::{Error, Row, Tx, Value, args};
use names::{AccountId, EntryId, HeadId, QueueId, Timestamp};

/// A letter of which somebody is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owed {
    pub(crate) entry: EntryId,
    /// The patient's account.
    pub(crate) account: AccountId,
    /// The head as the patient sees it.
    pub(crate) head: HeadId,
    pub(crate) queue: QueueId,
    /// Whether a read receipt is owed.
    pub(crate) receipt: bool,
    pub(crate) follower: Option<Follower>,
    pub(crate) created_at: Timestamp,
}

/// A mailbox of ours that follows its letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Follower {
    pub(crate) mailbox: AccountId,
    /// When it hears that nobody opened the letter; never when absent, or when it was told.
    pub(crate) remind_at: Option<Timestamp>,
}

/// Writes rows, with the letters they speak of.
pub(crate) async fn owe(tx: &mut Tx, owed: &[Owed]) -> Result<(), Error> {
    const INSERT: &str =
        "INSERT INTO owed (entry, account, head, queue, receipt, follower, remind_at, created_at) VALUES";
    let row = |owed: &Owed| {
        let follower = owed.follower.map(|follower| follower.mailbox);
        let remind_at = owed.follower.and_then(|follower| follower.remind_at);
        let created = owed.created_at;
        args![owed.entry, owed.account, owed.head, owed.queue, owed.receipt, follower, remind_at, created]
    };
    tx.insert_rows(INSERT, "", owed.iter().map(row).collect()).await?;
    Ok(())
}

/// What is owed about letters of this account that nobody opened yet.
pub(crate) async fn unopened(tx: &mut Tx, account: AccountId) -> Result<Vec<Owed>, Error> {
    const SELECT: &str = "SELECT entry, account, head, queue, receipt, follower, remind_at, created_at
        FROM owed WHERE account = $1 AND opened_at IS NULL ORDER BY entry";
    tx.rows(SELECT, args![account]).await?.iter().map(read).collect()
}

/// Notes the first opening of a letter and whether a receipt leaves for it; whether it is the first.
pub(crate) async fn open(tx: &mut Tx, entry: EntryId, leaves: bool, now: Timestamp) -> Result<bool, Error> {
    const OPEN: &str = "UPDATE owed SET opened_at = $2, receipt = $3, remind_at = NULL
        WHERE entry = $1 AND opened_at IS NULL";
    Ok(tx.execute(OPEN, args![entry, now, leaves]).await? == 1)
}

/// Letters that nobody opened and whose senders are to hear of it now.
pub(crate) async fn to_remind(tx: &mut Tx, limit: u32, now: Timestamp) -> Result<Vec<Owed>, Error> {
    const SELECT: &str = "SELECT entry, account, head, queue, receipt, follower, remind_at, created_at
        FROM owed WHERE remind_at <= $1 ORDER BY remind_at LIMIT $2";
    tx.rows(SELECT, args![now, limit]).await?.iter().map(read).collect()
}

/// Notes that the sender was told; whether they were still to be.
pub(crate) async fn remind(tx: &mut Tx, entry: EntryId) -> Result<bool, Error> {
    const REMIND: &str = "UPDATE owed SET remind_at = NULL WHERE entry = $1 AND remind_at IS NOT NULL";
    Ok(tx.execute(REMIND, args![entry]).await? == 1)
}

/// For which of these letters a read receipt left.
pub(crate) async fn receipts(tx: &mut Tx, entries: &[EntryId]) -> Result<Vec<EntryId>, Error> {
    const SELECT: &str =
        "SELECT entry FROM owed WHERE receipt = TRUE AND opened_at IS NOT NULL AND entry IN ({})";
    let list = entries.iter().map(|entry| Value::from(*entry)).collect();
    tx.rows_in(SELECT, args![], list).await?.iter().map(|row| Ok(EntryId(row.int(0)?))).collect()
}

/// When the letter of this passage was opened in this account; none when nobody noted it.
pub(crate) async fn opened_at(
    tx: &mut Tx,
    account: AccountId,
    queue: QueueId,
) -> Result<Option<Option<Timestamp>>, Error> {
    const SELECT: &str = "SELECT opened_at FROM owed WHERE queue = $1 AND account = $2";
    let row = tx.maybe_row(SELECT, args![queue, account]).await?;
    row.map(|row| row.maybe_time(0)).transpose()
}

/// Removes what is older than the trace of its letter; answers how many.
pub(crate) async fn forget(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64, Error> {
    const OLD: &str = "DELETE FROM owed WHERE entry IN
        (SELECT entry FROM owed WHERE created_at <= $1 ORDER BY created_at LIMIT $2)";
    tx.execute(OLD, args![before, limit]).await
}

fn read(row: &Row) -> Result<Owed, Error> {
    let remind_at = row.maybe_time(6)?;
    Ok(Owed {
        entry: EntryId(row.int(0)?),
        account: AccountId(row.int(1)?),
        head: HeadId(row.int(2)?),
        queue: QueueId(row.int(3)?),
        receipt: row.bool(4)?,
        follower: row.maybe_int(5)?.map(|mailbox| Follower { mailbox: AccountId(mailbox), remind_at }),
        created_at: row.time(7)?,
    })
}

/// Forgets what is owed about the letters of an account that is erased.
pub(crate) async fn forget_account(tx: &mut Tx, account: AccountId) -> Result<(), Error> {
    tx.execute("DELETE FROM owed WHERE account = $1", args![account]).await.map(drop)
}
