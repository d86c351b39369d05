//! Taking away what nobody reads: versions that ended, and an import that is dropped. In small units.

use db::{Db, Tx, Unit, Value, args};
use names::Timestamp;

use crate::import::Failed;
use crate::store::{self, FOR_EVER, imports};
use crate::{Error, limits};

/// Removes versions that neither the generation in force nor the one before it sees. Answers how many.
pub(crate) async fn sweep(db: &Db) -> Result<u64, Failed> {
    let generation = store::pointer(&mut db.read().await?).await?.generation;
    let mut swept = 0;
    loop {
        let removed = db.write(Sweep { until: generation - 1 }).await?;
        swept += removed;
        if removed == 0 {
            // The generation before the one in force stays, with its index, until the next import has ended.
            crate::index::sweep(db, generation).await?;
            return Ok(swept);
        }
    }
}

struct Sweep {
    until: i64,
}

impl Unit for Sweep {
    const NAME: &'static str = "sweep ended entries";
    type Output = u64;
    type Error = Failed;

    async fn run(&mut self, tx: &mut Tx) -> Result<u64, Failed> {
        let ended = tx
            .rows(
                "SELECT until, national_key, since, record FROM register_ended WHERE until <= $1
                 ORDER BY until, national_key LIMIT $2",
                args![self.until, limits::SWEPT_AT_ONCE],
            )
            .await?;
        let Some(last) = ended.last() else { return Ok(0) };
        let (until, key) = (last.int(0)?, last.bytes(1)?);
        let mut keys = Vec::new();
        let mut records: Vec<Value> = Vec::new();
        for row in &ended {
            keys.push(Value::from(row.bytes(1)?));
            records.push(row.int(3)?.into());
        }
        let sql = "DELETE FROM register_row WHERE until <= $1 AND national_key IN ({})";
        tx.execute_in(sql, args![until], keys).await?;
        tx.execute_in("DELETE FROM register_record WHERE record IN ({})", args![], records).await?;
        tx.execute(
            "DELETE FROM register_ended WHERE until < $1 OR (until = $1 AND national_key <= $2)",
            args![until, key],
        )
        .await?;
        Ok(ended.len() as u64)
    }
}

/// Takes an unfinished import back; answers the files it was of, none when there was nothing.
pub(crate) async fn drop_unfinished(db: &Db, now: Timestamp) -> Result<Option<String>, Failed> {
    let marked = db
        .write(db::unit("mark an import as dropped", now, |now, tx| {
            Box::pin(async move {
                tx.row("SELECT generation FROM register_pointer WHERE id = 1 {FOR UPDATE}", args![]).await?;
                imports::free(tx, *now).await?;
                let Some(known) = imports::unfinished(tx).await? else { return Ok(None) };
                tx.execute(
                    "UPDATE register_import SET state = 'dropping', holder = 0 WHERE generation = $1",
                    args![known.generation],
                )
                .await?;
                Ok::<_, Failed>(Some(known))
            })
        }))
        .await?;
    let Some(known) = marked else { return Ok(None) };
    while db.write(TakeBack { generation: known.generation }).await? {}
    Ok(Some(known.files))
}

struct TakeBack {
    generation: i64,
}

impl Unit for TakeBack {
    const NAME: &'static str = "take an import back";
    /// Whether something may be left.
    type Output = bool;
    type Error = Failed;

    async fn run(&mut self, tx: &mut Tx) -> Result<bool, Failed> {
        let first = store::pointer(tx).await?.next_record;
        let written = tx
            .rows(
                "SELECT record, id, mailbox FROM register_record WHERE record >= $1 ORDER BY record LIMIT $2",
                args![first, limits::SWEPT_AT_ONCE],
            )
            .await?;
        if !written.is_empty() {
            let (mut records, mut ids, mut addresses) = (Vec::new(), Vec::new(), Vec::new());
            for row in &written {
                records.push(Value::from(row.int(0)?));
                ids.push(Value::from(row.int(1)?));
                let (_, mailbox) = store::decoded(None, row.maybe_bytes(2)?)?;
                let held = mailbox.iter().flat_map(|part| part.addresses());
                addresses.extend(held.map(|(address, _)| Value::from(address.to_string().into_bytes())));
            }
            let sql = "DELETE FROM register_row WHERE since = $1 AND id IN ({})";
            tx.execute_in(sql, args![self.generation], ids).await?;
            let sql = "DELETE FROM register_address WHERE since = $1 AND address IN ({})";
            tx.execute_in(sql, args![self.generation], addresses).await?;
            tx.execute_in("DELETE FROM register_record WHERE record IN ({})", args![], records).await?;
            return Ok(true);
        }
        let sql = "SELECT national_key FROM register_ended WHERE until = $1 LIMIT $2";
        let ended = tx.rows(sql, args![self.generation, limits::SWEPT_AT_ONCE]).await?;
        if !ended.is_empty() {
            let keys: Vec<Value> =
                ended.iter().map(|row| row.bytes(0).map(Value::from)).collect::<Result<_, db::Error>>()?;
            let sql = "UPDATE register_row SET until = $1 WHERE until = $2 AND national_key IN ({})";
            tx.execute_in(sql, args![FOR_EVER, self.generation], keys.clone()).await?;
            let sql = "DELETE FROM register_ended WHERE until = $1 AND national_key IN ({})";
            tx.execute_in(sql, args![self.generation], keys).await?;
            return Ok(true);
        }
        tx.execute("DELETE FROM register_alias WHERE since = $1", args![self.generation])
            .await
            .map_err(Error::from)?;
        tx.execute("DELETE FROM register_import WHERE generation = $1", args![self.generation])
            .await
            .map_err(Error::from)?;
        Ok(false)
    }
}
