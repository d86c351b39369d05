//! What was answered to letters already taken: a sender who lost our `250` sends again (RFC 1047,
//! RELIABILITY R-22) and must get the same answer, and nothing stored twice.

use std::collections::{HashMap, HashSet};

use names::{QueueId, Timestamp};

use crate::{Error, Mailstore};

/// Keyed hash of what makes two submissions the same letter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AcceptedKey([u8; 16]);

impl Mailstore {
    /// The key of a submission: who sends, the envelope, the hash of the data, in an order the caller
    /// keeps. Parts are told apart by their lengths.
    #[must_use]
    pub fn accepted_key(&self, parts: &[&[u8]]) -> AcceptedKey {
        let mut bytes = b"accepted".to_vec();
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        AcceptedKey(self.hashes().short(&bytes))
    }

    /// Takes these keys for these passages, unless they are taken: answers for each the passage that
    /// had it first and still holds it, or `None` when it is this one's now. The same key twice in one
    /// call is the second one's repeat.
    ///
    /// A passage that comes again because the outcome of its commit was lost gets its own number when
    /// that commit stands: its trace, written with the key, is the proof.
    pub async fn accept(
        &self,
        tx: &mut db::Tx,
        letters: &[(AcceptedKey, QueueId, Timestamp)],
        now: Timestamp,
    ) -> Result<Vec<Option<QueueId>>, Error> {
        const INSERT: &str = "INSERT INTO accepted (key, queue, expires_at) VALUES";
        const FIND: &str = "SELECT key, queue, expires_at FROM accepted WHERE key IN ({})";
        const EXPIRED: &str = "DELETE FROM accepted WHERE expires_at <= $1 AND key IN ({})";
        const KEPT: &str = "SELECT queue FROM letter WHERE queue IN ({})";
        let list = || letters.iter().map(|letter| db::Value::from(letter.0.0)).collect::<Vec<_>>();
        let mut expired = false;
        loop {
            let mut rows: Vec<_> = letters.iter().collect();
            rows.sort_by_key(|letter| letter.0);
            rows.dedup_by_key(|letter| letter.0);
            let wanted = rows.len() as u64;
            let mut holders: HashMap<_, _> =
                rows.iter().map(|letter| (letter.0.0.to_vec(), letter.1)).collect();
            let rows =
                rows.into_iter().map(|(key, queue, expires)| db::args![key.0, *queue, *expires]).collect();
            let taken = tx.insert_rows(INSERT, "ON CONFLICT (key) DO NOTHING", rows).await?;
            if taken == wanted {
                return Ok(letters
                    .iter()
                    .map(|letter| repeat_of(letter, &holders, &HashSet::new()))
                    .collect());
            }
            let mut stale = false;
            for row in tx.rows_in(FIND, db::args![], list()).await? {
                let holder = QueueId(row.int(1)?);
                stale |= row.time(2)? <= now && letters.iter().all(|letter| letter.1 != holder);
                holders.insert(row.bytes(0)?, holder);
            }
            // An expired key stands in the way rarely: once, then the insert succeeds.
            if stale && !expired {
                tx.execute_in(EXPIRED, db::args![now], list()).await?;
                expired = true;
                continue;
            }
            let queues = letters.iter().map(|letter| db::Value::from(letter.1)).collect();
            let kept = tx.rows_in(KEPT, db::args![], queues).await?;
            let kept = kept.iter().map(|row| row.int(0).map(QueueId)).collect::<Result<_, _>>()?;
            return Ok(letters.iter().map(|letter| repeat_of(letter, &holders, &kept)).collect());
        }
    }

    /// Gives keys back that were taken in this very unit, for passages that are not kept after all.
    pub async fn unaccept(&self, tx: &mut db::Tx, keys: &[AcceptedKey]) -> Result<(), Error> {
        let list = keys.iter().map(|key| db::Value::from(key.0)).collect();
        tx.execute_in("DELETE FROM accepted WHERE key IN ({})", db::args![], list).await?;
        Ok(())
    }

    /// The passage that holds this key now, if any.
    pub async fn accepted(&self, key: AcceptedKey, now: Timestamp) -> Result<Option<QueueId>, Error> {
        const FIND: &str = "SELECT queue FROM accepted WHERE key = $1 AND expires_at > $2";
        let row = self.db().read().await?.maybe_row(FIND, db::args![key.0, now]).await?;
        row.map(|row| Ok(QueueId(row.int(0)?))).transpose()
    }
}

/// The passage this one repeats: another that holds its key, or itself when it was kept before.
fn repeat_of(
    (key, queue, _): &(AcceptedKey, QueueId, Timestamp),
    holders: &HashMap<Vec<u8>, QueueId>,
    kept: &HashSet<QueueId>,
) -> Option<QueueId> {
    holders.get(&key.0[..]).copied().filter(|holder| holder != queue || kept.contains(queue))
}
