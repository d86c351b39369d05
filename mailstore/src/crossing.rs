//! COPY and MOVE from one account to another: the message keys are sealed for the other account before
//! the unit, no body is copied. What arrives is a copy, never a letter received (DESIGN §2.3).

use std::collections::BTreeMap;

use names::{AccountId, BodyId, EntryId, FolderId, Timestamp};

use crate::{Error, Mailstore, Origin, Transferred, Uid, WrappedKey};

/// A folder of an account.
pub type Spot = (AccountId, FolderId);

/// Messages on their way to another account, their keys sealed for it, see [`Mailstore::crossing`].
#[derive(Clone, Debug)]
pub struct Crossing {
    from: Spot,
    to: Spot,
    entries: BTreeMap<Uid, EntryId>,
    keys: BTreeMap<BodyId, WrappedKey>,
    now: Timestamp,
}

impl Crossing {
    /// How many messages set out.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// What becomes of the messages where they were.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Leaving {
    /// COPY: they stay.
    Stay,
    /// MOVE: they go.
    Go,
}

impl Mailstore {
    /// Prepares messages for another account: reads and seals their keys. Those gone are left out.
    pub async fn crossing(
        &self,
        from: Spot,
        to: Spot,
        uids: &[Uid],
        now: Timestamp,
    ) -> Result<Crossing, Error> {
        const KEYS: &str = "SELECT body, wrapped FROM body_key WHERE account = $1 AND body IN ({})";
        let ring = self.keyring(&[from.0, to.0]).await?;
        let (giver, taker) = (ring.of(from.0)?, ring.of(to.0)?);
        let rows = self.entries_of(from.0, from.1, uids).await?;
        let entries = rows.iter().map(|row| (row.uid, EntryId(self.db().id(now)))).collect();
        let mut bodies: Vec<BodyId> = rows.iter().map(|row| row.body).collect();
        bodies.sort_unstable();
        bodies.dedup();
        let bodies = bodies.into_iter().map(db::Value::from).collect();
        let mut keys = BTreeMap::new();
        for row in self.db().read().await?.rows_in(KEYS, db::args![from.0], bodies).await? {
            let body = BodyId(row.int(0)?);
            keys.insert(body, taker.own_key(body, &giver.message_key(body, &row.bytes(1)?)?));
        }
        Ok(Crossing { from, to, entries, keys, now })
    }

    /// Carries messages over, inside a unit. Those gone since they were prepared are left out.
    pub async fn cross_in(
        &self,
        tx: &mut db::Tx,
        crossing: &Crossing,
        leaving: Leaving,
    ) -> Result<Transferred, Error> {
        const KEY: &str = "INSERT INTO body_key (body, account, wrapped, uses) VALUES";
        const MORE: &str = "ON CONFLICT (body, account) DO UPDATE SET uses = body_key.uses + excluded.uses";
        let Crossing { from, to, entries, keys, now } = crossing;
        // Row locks are taken in one order.
        let (first, second) = if from.1 < to.1 { (from, to) } else { (to, from) };
        self.lock_folder(tx, first.0, first.1).await?;
        self.lock_folder(tx, second.0, second.1).await?;
        let uids: Vec<Uid> = entries.keys().copied().collect();
        let mut rows = self.rows_to_transfer(tx, from.1, Some(&uids)).await?;
        rows.retain(|row| keys.contains_key(&row.body));
        let mut uses = BTreeMap::<BodyId, i64>::new();
        for row in &mut rows {
            row.id = entries[&row.uid];
            row.saved_at = *now;
            // What was appended there was delivered nowhere (ADR 0021).
            row.origin = if row.origin == Origin::Appended { row.origin } else { Origin::Copied };
            (row.conversation, row.queue) = (None, None);
            *uses.entry(row.body).or_default() += 1;
        }
        let wrapped = uses.iter().map(|(body, count)| db::args![*body, to.0, &keys[body].bytes, *count]);
        tx.insert_rows(KEY, MORE, wrapped.collect()).await?;
        let carried = self.put(tx, to.0, to.1, &rows).await?;
        match leaving {
            Leaving::Stay => {}
            Leaving::Go => {
                let gone: Vec<Uid> = rows.iter().map(|row| row.uid).collect();
                self.remove_entries(tx, from.0, from.1, Some(&gone)).await?;
            }
        }
        Ok(carried)
    }
}
