//! What was answered to letters already taken: a sender who lost our `250` sends again (RFC 1047,
//! RELIABILITY R-22) and must get the same answer, and nothing stored twice.
//!
//! The key is the sender and the octets. Whom the letter was taken for is remembered beside it, one by one:
//! a sender who comes back with more recipients, or with fewer because one is refused by now, brings the
//! same letter, and it is taken for exactly those who do not have it.
//!
//! The key begins with the second the letter says it was written in (`Date`), which is one of its octets: letters
//! of an hour then stand side by side, and one that is taken changes a page that the letter before it changed
//! already. A hash alone opened a page of its own for each (ADR 0031). Whoever lies about the date loses that.

use std::collections::{BTreeSet, HashMap, HashSet};

use names::{QueueId, Timestamp};

use crate::{Error, Mailstore};

/// Keyed hash of what makes two submissions the same letter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AcceptedKey([u8; 16]);

/// Recipients of one letter, by keyed hashes that mean nothing beside another letter.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Recipients(BTreeSet<[u8; 8]>);

/// One passage of a letter through the house.
#[derive(Clone, Debug)]
pub struct Passage {
    /// What letter it is.
    pub key: AcceptedKey,
    /// For whom it is handed in.
    pub recipients: Recipients,
    /// The passage.
    pub queue: QueueId,
    /// How long the key is remembered.
    pub expires_at: Timestamp,
}

/// What a passage may do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Taken {
    /// The letter is new: the key is this passage's.
    Now,
    /// The letter is known, and none of these recipients has it: once it is kept, all of them are to be
    /// remembered ([`Mailstore::join`]).
    More(Recipients),
    /// All of them have it, by this passage.
    Again(QueueId),
    /// Some of them have it: the letter is to be prepared for the others.
    Partly,
}

impl Recipients {
    /// How many.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "a letter is for somebody")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the others are all among them.
    fn holds(&self, other: &Self) -> bool {
        other.0.is_subset(&self.0)
    }

    fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flatten().copied().collect()
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.chunks_exact(8).filter_map(|chunk| chunk.try_into().ok()).collect())
    }
}

/// How a key stands while the passages of one unit are looked at.
struct Standing {
    holder: QueueId,
    before: Recipients,
    /// The passage of this unit that adds recipients, and all of them then.
    joined: Option<(QueueId, Recipients)>,
}

impl Mailstore {
    /// The key of a submission: who sends, the hash of the data, in an order the caller keeps, and when those
    /// very data say they were written. Parts are told apart by their lengths.
    #[must_use]
    pub fn accepted_key(&self, parts: &[&[u8]], written: Option<Timestamp>) -> AcceptedKey {
        let mut bytes = b"accepted".to_vec();
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        let mut key = self.hashes().short(&bytes);
        let second = written.map_or(0, |written| written.0.div_euclid(1_000).clamp(0, i64::from(u32::MAX)));
        key[..4].copy_from_slice(&(second as u32).to_be_bytes());
        AcceptedKey(key)
    }

    /// Recipients of the letter of this key.
    #[must_use]
    pub fn accepted_recipients<'a>(
        &self,
        key: AcceptedKey,
        recipients: impl IntoIterator<Item = &'a str>,
    ) -> Recipients {
        let hash = |recipient: &str| {
            let mut bytes = b"accepted for ".to_vec();
            bytes.extend_from_slice(&key.0);
            bytes.extend_from_slice(recipient.as_bytes());
            let mut short = [0; 8];
            short.copy_from_slice(&self.hashes().short(&bytes)[..8]);
            short
        };
        Recipients(recipients.into_iter().map(hash).collect())
    }

    /// Takes the keys of these passages, unless they are taken, and says for each what it may do. Of two
    /// with one key in one call the second is the first one's repeat.
    ///
    /// A passage that comes again because the outcome of its commit was lost gets its own number when
    /// that commit stands: its trace, written with the key, is the proof.
    pub async fn accept(
        &self,
        tx: &mut db::Tx,
        passages: &[Passage],
        now: Timestamp,
    ) -> Result<Vec<Taken>, Error> {
        const INSERT: &str = "INSERT INTO accepted (key, queue, expires_at, recipients) VALUES";
        const FIND: &str = "SELECT key, queue, expires_at, recipients FROM accepted WHERE key IN ({})
            ORDER BY key {FOR UPDATE}";
        const EXPIRED: &str = "DELETE FROM accepted WHERE expires_at <= $1 AND key IN ({})";
        const KEPT: &str = "SELECT queue FROM letter WHERE queue IN ({})";
        let list = || passages.iter().map(|passage| db::Value::from(passage.key.0)).collect::<Vec<_>>();
        let mut expired = false;
        loop {
            let mut firsts: Vec<&Passage> = passages.iter().collect();
            firsts.sort_by_key(|passage| passage.key);
            firsts.dedup_by_key(|passage| passage.key);
            let standing = |passage: &Passage| Standing {
                holder: passage.queue,
                before: passage.recipients.clone(),
                joined: None,
            };
            let mut standings: HashMap<Vec<u8>, Standing> =
                firsts.iter().map(|passage| (passage.key.0.to_vec(), standing(passage))).collect();
            let rows = firsts.iter().map(|passage| {
                db::args![passage.key.0, passage.queue, passage.expires_at, passage.recipients.to_bytes()]
            });
            let rows: Vec<_> = rows.collect();
            let wanted = rows.len() as u64;
            let new: HashSet<QueueId> = firsts.iter().map(|passage| passage.queue).collect();
            if tx.insert_rows(INSERT, "ON CONFLICT (key) DO NOTHING", rows).await? == wanted {
                return Ok(judge(passages, standings, &new, &HashSet::new()));
            }
            let mut stale = false;
            for row in tx.rows_in(FIND, db::args![], list()).await? {
                let holder = QueueId(row.int(1)?);
                stale |= row.time(2)? <= now && passages.iter().all(|passage| passage.queue != holder);
                let before = Recipients::from_bytes(&row.maybe_bytes(3)?.unwrap_or_default());
                standings.insert(row.bytes(0)?, Standing { holder, before, joined: None });
            }
            // An expired key stands in the way rarely: once, then the insert succeeds.
            if stale && !expired {
                tx.execute_in(EXPIRED, db::args![now], list()).await?;
                expired = true;
                continue;
            }
            let queues = passages.iter().map(|passage| db::Value::from(passage.queue)).collect();
            let kept = tx.rows_in(KEPT, db::args![], queues).await?;
            let kept = kept.iter().map(|row| row.int(0).map(QueueId)).collect::<Result<_, _>>()?;
            return Ok(judge(passages, standings, &new, &kept));
        }
    }

    /// Remembers all recipients of letters that were taken for more of them ([`Taken::More`]), in the very
    /// unit that asked.
    pub async fn join(
        &self,
        tx: &mut db::Tx,
        letters: &[(AcceptedKey, Recipients, Timestamp)],
    ) -> Result<(), Error> {
        const JOIN: &str = "UPDATE accepted SET recipients = $2,
            expires_at = CASE WHEN expires_at < $3 THEN $3 ELSE expires_at END WHERE key = $1";
        for (key, recipients, expires_at) in letters {
            tx.execute(JOIN, db::args![key.0, recipients.to_bytes(), *expires_at]).await?;
        }
        Ok(())
    }

    /// Gives keys back that were taken in this very unit, for passages that are not kept after all.
    pub async fn unaccept(&self, tx: &mut db::Tx, keys: &[AcceptedKey]) -> Result<(), Error> {
        let list = keys.iter().map(|key| db::Value::from(key.0)).collect();
        tx.execute_in("DELETE FROM accepted WHERE key IN ({})", db::args![], list).await?;
        Ok(())
    }

    /// The passage that holds this key now, if any, and which of these recipients have the letter.
    pub async fn accepted(
        &self,
        key: AcceptedKey,
        recipients: &[&str],
        now: Timestamp,
    ) -> Result<Option<(QueueId, Vec<bool>)>, Error> {
        const FIND: &str = "SELECT queue, recipients FROM accepted WHERE key = $1 AND expires_at > $2";
        let row = self.db().read().await?.maybe_row(FIND, db::args![key.0, now]).await?;
        let Some(row) = row else { return Ok(None) };
        let known = Recipients::from_bytes(&row.maybe_bytes(1)?.unwrap_or_default());
        let has = |recipient: &&str| known.holds(&self.accepted_recipients(key, [*recipient]));
        Ok(Some((QueueId(row.int(0)?), recipients.iter().map(has).collect())))
    }
}

/// What each passage may do. `new` are the passages that may just have taken their keys, `kept` those of
/// which a trace stands already.
fn judge(
    passages: &[Passage],
    mut standings: HashMap<Vec<u8>, Standing>,
    new: &HashSet<QueueId>,
    kept: &HashSet<QueueId>,
) -> Vec<Taken> {
    let judged = passages.iter().map(|passage| {
        let Some(standing) = standings.get_mut(&passage.key.0[..]) else { return Taken::Partly };
        let wanted = &passage.recipients;
        if standing.holder == passage.queue {
            return if kept.contains(&passage.queue) { Taken::Again(passage.queue) } else { Taken::Now };
        }
        if standing.before.holds(wanted) {
            return Taken::Again(standing.holder);
        }
        match &standing.joined {
            Some((joined, all)) if all.holds(wanted) => Taken::Again(*joined),
            // Two of one unit: the second one waits until the first one stands.
            None if standing.before.0.is_disjoint(&wanted.0) && !new.contains(&standing.holder) => {
                let all = Recipients(standing.before.0.union(&wanted.0).copied().collect());
                standing.joined = Some((passage.queue, all.clone()));
                Taken::More(all)
            }
            Some(_) | None => Taken::Partly,
        }
    });
    judged.collect()
}
