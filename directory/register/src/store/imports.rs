//! The row of an import: who works on it, how far it is, how it ended.

use db::{Db, Tx, args};
use names::Timestamp;

use crate::import::Failed;
use crate::{Error, limits, store};

/// The right to write a generation, for as long as it is renewed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Claim {
    pub(crate) generation: i64,
    pub(crate) holder: i64,
    /// When the import first began: the date of everything it writes, also when it goes on later.
    pub(crate) started_at: Timestamp,
    pub(crate) changes_done: i64,
    pub(crate) addresses_done: i64,
}

/// What an import is about.
#[derive(Clone, Debug)]
pub(crate) struct About {
    /// Names of the files, for people.
    pub(crate) files: String,
    /// Of their octets, and of what was asked with them.
    pub(crate) digest: [u8; 32],
}

/// An import that is under way, or stopped before its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unfinished {
    /// The generation it writes.
    pub generation: i64,
    /// Names of its files.
    pub files: String,
    /// When it began.
    pub started_at: Timestamp,
    /// Whoever works on it has it until then.
    pub held_until: Timestamp,
    /// Changes written so far.
    pub changes_done: i64,
    /// Whether it is being taken back.
    pub dropping: bool,
    pub(crate) digest: Vec<u8>,
    pub(crate) addresses_done: i64,
}

/// An import that went in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finished {
    /// The generation it made.
    pub generation: i64,
    /// Names of its files.
    pub files: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was put in force.
    pub finished_at: Timestamp,
    /// SHA-256 of the files.
    pub digest: Vec<u8>,
    /// What it did, in words.
    pub summary: String,
}

/// The import that has not ended, if there is one.
pub async fn unfinished(tx: &mut Tx) -> Result<Option<Unfinished>, Error> {
    let row = tx
        .maybe_row(
            "SELECT generation, files, started_at, held_until, changes_done, state, digest, addresses_done
             FROM register_import WHERE state <> 'finished'",
            args![],
        )
        .await?;
    row.map(|row| {
        Ok(Unfinished {
            generation: row.int(0)?,
            files: row.text(1)?,
            started_at: row.time(2)?,
            held_until: row.time(3)?,
            changes_done: row.int(4)?,
            dropping: row.text(5)? == "dropping",
            digest: row.bytes(6)?,
            addresses_done: row.int(7)?,
        })
    })
    .transpose()
}

/// The last imports that went in, newest first.
pub async fn finished(tx: &mut Tx, count: i64) -> Result<Vec<Finished>, Error> {
    let rows = tx
        .rows(
            "SELECT generation, files, started_at, finished_at, digest, summary FROM register_import
             WHERE state = 'finished' ORDER BY generation DESC LIMIT $1",
            args![count],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Finished {
                generation: row.int(0)?,
                files: row.text(1)?,
                started_at: row.time(2)?,
                finished_at: row.time(3)?,
                digest: row.bytes(4)?,
                summary: row.text(5)?,
            })
        })
        .collect()
}

/// Refuses while somebody else works on an import.
pub(crate) async fn free(tx: &mut Tx, now: Timestamp) -> Result<(), Failed> {
    match unfinished(tx).await? {
        Some(other) if other.held_until > now => Err(Failed::Busy { files: other.files }),
        Some(_) | None => Ok(()),
    }
}

/// Takes the right to write the next generation; goes on with an unfinished import of the same files.
pub(crate) async fn claim(db: &Db, about: About, holder: i64, now: Timestamp) -> Result<Claim, Failed> {
    db.write(db::unit("claim an import", (about, holder, now), |(about, holder, now), tx| {
        Box::pin(claimed(tx, about, *holder, *now))
    }))
    .await
}

async fn claimed(tx: &mut Tx, about: &About, holder: i64, now: Timestamp) -> Result<Claim, Failed> {
    tx.row("SELECT generation FROM register_pointer WHERE id = 1 {FOR UPDATE}", args![]).await?;
    let base = store::pointer(tx).await?.generation;
    free(tx, now).await?;
    let until = now.plus(limits::IMPORT_HELD);
    if let Some(known) = unfinished(tx).await? {
        if known.dropping || known.digest != about.digest || known.generation != base + 1 {
            return Err(Failed::Unfinished { files: known.files, started_at: known.started_at });
        }
        tx.execute(
            "UPDATE register_import SET holder = $1, held_until = $2 WHERE generation = $3",
            args![holder, until, known.generation],
        )
        .await?;
        return Ok(Claim {
            generation: known.generation,
            holder,
            started_at: known.started_at,
            changes_done: known.changes_done,
            addresses_done: known.addresses_done,
        });
    }
    tx.execute(
        "INSERT INTO register_import (generation, state, files, digest, started_at, held_until, holder,
            changes_done, addresses_done, summary) VALUES ($1, 'writing', $2, $3, $4, $5, $6, 0, 0, '')",
        args![base + 1, &about.files, &about.digest, now, until, holder],
    )
    .await?;
    Ok(Claim { generation: base + 1, holder, started_at: now, changes_done: 0, addresses_done: 0 })
}

/// How far an import is; `Overtaken` when it is not where this process left it.
pub(crate) struct Step {
    pub(crate) changes: (i64, i64),
    pub(crate) addresses: (i64, i64),
}

pub(crate) async fn advance(tx: &mut Tx, claim: &Claim, step: &Step, now: Timestamp) -> Result<(), Failed> {
    let touched = tx
        .execute(
            "UPDATE register_import SET changes_done = $1, addresses_done = $2, held_until = $3
             WHERE generation = $4 AND holder = $5 AND state = 'writing'
             AND changes_done = $6 AND addresses_done = $7",
            args![
                step.changes.1,
                step.addresses.1,
                now.plus(limits::IMPORT_HELD),
                claim.generation,
                claim.holder,
                step.changes.0,
                step.addresses.0
            ],
        )
        .await?;
    if touched == 1 { Ok(()) } else { Err(Failed::Overtaken) }
}

/// Keeps the claim alive while nothing is written.
pub(crate) async fn renew(db: &Db, claim: &Claim, now: Timestamp) -> Result<(), Failed> {
    let unit = (claim.clone(), now);
    db.write(db::unit("keep an import", unit, |(claim, now), tx| {
        Box::pin(async move {
            let sql = "UPDATE register_import SET held_until = $1 WHERE generation = $2 AND holder = $3";
            let until = now.plus(limits::IMPORT_HELD);
            let touched = tx.execute(sql, args![until, claim.generation, claim.holder]).await?;
            if touched == 1 { Ok(()) } else { Err(Failed::Overtaken) }
        })
    }))
    .await
}

/// Lets the claim go without ending the import: the next one need not wait.
pub(crate) async fn release(db: &Db, claim: &Claim) -> Result<(), Failed> {
    db.write(db::unit("let an import go", claim.clone(), |claim, tx| {
        Box::pin(async move {
            let sql = "UPDATE register_import SET held_until = 0 WHERE generation = $1 AND holder = $2";
            tx.execute(sql, args![claim.generation, claim.holder]).await?;
            Ok::<(), Failed>(())
        })
    }))
    .await
}
