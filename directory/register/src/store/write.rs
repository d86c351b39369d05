//! Writing a generation that nobody sees yet, in units small enough that letters pass between them.

use db::{Db, Tx, Unit, Value, args};
use names::{AccountKind, Address, Timestamp};

use crate::ListingId;
use crate::import::Failed;
use crate::parts::Key;
use crate::store::imports::{self, Claim, Step};
use crate::store::{self, FOR_EVER, Pointer};

/// One entry's change.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) key: Key,
    pub(crate) id: ListingId,
    /// The version that ends.
    pub(crate) ends: Option<Version>,
    /// The version that begins.
    pub(crate) begins: Option<Begins>,
}

/// A version that is in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Version {
    pub(crate) since: i64,
    pub(crate) record: i64,
}

/// A new version.
#[derive(Clone, Debug)]
pub(crate) struct Begins {
    pub(crate) record: i64,
    pub(crate) activity: Option<Vec<u8>>,
    pub(crate) activity_digest: Option<Vec<u8>>,
    pub(crate) mailbox: Option<Vec<u8>>,
    pub(crate) mailbox_digest: Option<Vec<u8>>,
    pub(crate) activities: i64,
    pub(crate) mailboxes: i64,
}

/// A batch of changes, the first of which is number `step.changes.0` of its import.
pub(crate) struct Changes {
    pub(crate) claim: Claim,
    pub(crate) step: Step,
    pub(crate) writes: Vec<Write>,
    pub(crate) now: Timestamp,
}

impl Unit for Changes {
    const NAME: &'static str = "import entries";
    type Output = ();
    type Error = Failed;

    async fn run(&mut self, tx: &mut Tx) -> Result<(), Failed> {
        imports::advance(tx, &self.claim, &self.step, self.now).await?;
        let generation = self.claim.generation;
        let ended: Vec<(&Key, Version)> =
            self.writes.iter().filter_map(|write| Some((&write.key, write.ends?))).collect();
        let keys: Vec<Value> = ended.iter().map(|(key, _)| key.bytes().into()).collect();
        // Before the new versions stand there: those are in force for ever too.
        tx.execute_in(
            "UPDATE register_row SET until = $1 WHERE until = $2 AND national_key IN ({})",
            args![generation, FOR_EVER],
            keys,
        )
        .await?;
        let ended = ended
            .into_iter()
            .map(|(key, version)| args![generation, key.bytes(), version.since, version.record])
            .collect();
        let insert = "INSERT INTO register_ended (until, national_key, since, record) VALUES";
        tx.insert_rows(insert, "", ended).await?;
        let begun = || self.writes.iter().filter_map(|write| Some((write, write.begins.as_ref()?)));
        let records = begun()
            .map(|(write, new)| args![new.record, write.id.0, new.activity.clone(), new.mailbox.clone()])
            .collect();
        let insert = "INSERT INTO register_record (record, id, activity, mailbox) VALUES";
        tx.insert_rows(insert, "", records).await?;
        let rows = begun()
            .map(|(write, new)| {
                args![
                    write.key.bytes(),
                    generation,
                    FOR_EVER,
                    write.id.0,
                    new.record,
                    new.activity_digest.clone(),
                    new.mailbox_digest.clone(),
                    new.mailboxes,
                    new.activities,
                    self.claim.started_at
                ]
            })
            .collect();
        let insert = "INSERT INTO register_row (national_key, since, until, id, record, activity_digest,
            mailbox_digest, mailboxes, activities, changed_at) VALUES";
        tx.insert_rows(insert, "", rows).await?;
        Ok(())
    }
}

/// A batch of addresses that were never seen with these holders.
pub(crate) struct Addresses {
    pub(crate) claim: Claim,
    pub(crate) step: Step,
    pub(crate) addresses: Vec<(Vec<u8>, ListingId, AccountKind)>,
    pub(crate) now: Timestamp,
}

impl Unit for Addresses {
    const NAME: &'static str = "import addresses";
    type Output = ();
    type Error = Failed;

    async fn run(&mut self, tx: &mut Tx) -> Result<(), Failed> {
        imports::advance(tx, &self.claim, &self.step, self.now).await?;
        let rows = self
            .addresses
            .iter()
            .map(|(address, holder, kind)| {
                args![address.as_slice(), holder.0, kind.code(), self.claim.generation]
            })
            .collect();
        let insert = "INSERT INTO register_address (address, holder, kind, since) VALUES";
        tx.insert_rows(insert, "ON CONFLICT (address, holder) DO NOTHING", rows).await?;
        Ok(())
    }
}

/// Puts a written generation in force; last in its unit, because readers wait for nothing but this row.
pub(crate) async fn flip(
    tx: &mut Tx,
    claim: &Claim,
    to: &Pointer,
    summary: &str,
    now: Timestamp,
) -> Result<(), Failed> {
    let touched = tx
        .execute(
            "UPDATE register_import SET state = 'finished', finished_at = $1, summary = $2, held_until = 0
             WHERE generation = $3 AND holder = $4 AND state = 'writing'",
            args![now, summary, claim.generation, claim.holder],
        )
        .await?;
    if touched != 1 {
        return Err(Failed::Overtaken);
    }
    tx.execute(
        "UPDATE register_pointer SET generation = $1, version = version + 1, next_id = $2, next_record = $3,
            entries = $4, mailboxes = $5, activities = $6, flipped_at = $7 WHERE id = 1",
        args![claim.generation, to.next_id, to.next_record, to.entries, to.mailboxes, to.activities, now],
    )
    .await?;
    tx.tell_others("register");
    Ok(())
}

/// What is known of an entry, as far as an import compares it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Known {
    pub(crate) key: Key,
    pub(crate) id: ListingId,
    pub(crate) version: Version,
    pub(crate) activity_digest: Option<Vec<u8>>,
    pub(crate) mailbox_digest: Option<Vec<u8>>,
    pub(crate) mailboxes: i64,
    pub(crate) activities: i64,
}

/// Entries of a generation with keys above `after`, in their order.
pub(crate) async fn known(
    db: &Db,
    generation: i64,
    after: Option<&Key>,
    count: i64,
) -> Result<Vec<Known>, Failed> {
    let mut tx = db.read().await?;
    let rows = tx
        .rows(
            "SELECT national_key, id, since, record, activity_digest, mailbox_digest, mailboxes, activities
             FROM register_row WHERE national_key > $1 AND since <= $2 AND until > $2
             ORDER BY national_key LIMIT $3",
            args![after.map_or(&b""[..], Key::bytes), generation, count],
        )
        .await?;
    rows.iter().map(known_from).collect()
}

/// Those of these entries that a generation has.
pub(crate) async fn known_of(db: &Db, generation: i64, keys: &[Key]) -> Result<Vec<Known>, Failed> {
    let mut tx = db.read().await?;
    let list = keys.iter().map(|key| Value::from(key.bytes())).collect();
    let rows = tx
        .rows_in(
            "SELECT national_key, id, since, record, activity_digest, mailbox_digest, mailboxes, activities
             FROM register_row WHERE since <= $1 AND until > $1 AND national_key IN ({})",
            args![generation],
            list,
        )
        .await?;
    rows.iter().map(known_from).collect()
}

fn known_from(row: &db::Row) -> Result<Known, Failed> {
    Ok(Known {
        key: Key::of_bytes(row.bytes(0)?)?,
        id: ListingId(row.int(1)?),
        version: Version { since: row.int(2)?, record: row.int(3)? },
        activity_digest: row.maybe_bytes(4)?,
        mailbox_digest: row.maybe_bytes(5)?,
        mailboxes: row.int(6)?,
        activities: row.int(7)?,
    })
}

/// The stored parts of versions, by record.
pub(crate) async fn records(
    db: &Db,
    list: &[i64],
) -> Result<std::collections::HashMap<i64, (Option<Vec<u8>>, Option<Vec<u8>>)>, Failed> {
    let mut tx = db.read().await?;
    let list: Vec<Value> = list.iter().map(|record| (*record).into()).collect();
    let sql = "SELECT record, activity, mailbox FROM register_record WHERE record IN ({})";
    let rows = tx.rows_in(sql, args![], list).await?;
    rows.iter().map(|row| Ok((row.int(0)?, (row.maybe_bytes(1)?, row.maybe_bytes(2)?)))).collect()
}

/// Kinds that addresses have had ever since they were first seen.
pub(crate) async fn kinds(
    db: &Db,
    addresses: &[&Address],
) -> Result<std::collections::HashMap<String, AccountKind>, Failed> {
    let mut tx = db.read().await?;
    let list: Vec<Value> = addresses.iter().map(|address| address.to_string().into_bytes().into()).collect();
    let sql = "SELECT address, kind FROM register_address WHERE address IN ({})";
    let rows = tx.rows_in(sql, args![], list).await?;
    rows.iter()
        .map(|row| {
            let address = String::from_utf8(row.bytes(0)?).map_err(|_| crate::Error::Corrupt("address"))?;
            let kind =
                AccountKind::from_code(&row.text(1)?).ok_or(crate::Error::Corrupt("kind of an address"))?;
            Ok((address, kind))
        })
        .collect()
}

/// What is in force now.
pub(crate) async fn pointer(db: &Db) -> Result<Pointer, Failed> {
    Ok(store::pointer(&mut db.read().await?).await?)
}
