//! The rows of the queue.

use super::envelope::{Envelope, NewOutbound};
use super::home::{Home, Owner};
use super::limits;
use db::{Error, Heard, Row, Tx, Value, args};
use names::{BodyId, CrashPlan, CrashPoint, Domain, Entropy, HeadId, OutboundId, QueueId, Timestamp};
use seal::{MasterKeys, Vault};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

/// The queue: what seals its envelopes, and whom to wake. Cheap to clone; every clone is the same queue.
#[derive(Clone)]
pub struct Queue(Arc<Inner>);

struct Inner {
    vault: Vault,
    entropy: Entropy,
    woken: Arc<Notify>,
    /// Somebody hurries: domains that are left alone are tried all the same.
    hurried: Arc<AtomicBool>,
    crashes: CrashPlan,
}

/// What a sealed value of the queue is. The number is part of what is authenticated: never reuse one.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Envelope = 1,
    Reason = 2,
    Trace = 3,
}

/// A row that a worker holds.
#[derive(Clone, Debug)]
pub(crate) struct Leased {
    pub(crate) id: OutboundId,
    pub(crate) queue: QueueId,
    pub(crate) body: BodyId,
    pub(crate) head: HeadId,
    pub(crate) domain: Domain,
    /// None when it does not open: nobody knows any more where it goes.
    pub(crate) envelope: Option<Envelope>,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    /// Tries before this one.
    pub(crate) attempts: u32,
    /// Workers that died over it.
    pub(crate) strikes: u32,
    pub(crate) told_late_at: Option<Timestamp>,
}

/// What other processes are told: there are letters to send ...
pub(super) const WAKE: &str = "queue";
/// ... and domains that are left alone are to be tried all the same.
pub(super) const HURRY: &str = "queue hurry";

const INSERT: &str = "INSERT INTO outbound (id, queue, body, head, domain, sealed_envelope, created_at,
    expires_at, state, due_at, lease, attempts, strikes) VALUES";

impl Queue {
    /// The queue under these keys.
    #[must_use]
    pub fn new(masters: &MasterKeys, entropy: Entropy) -> Self {
        let vault = masters.vault("queue");
        let (woken, crashes) = (Arc::new(Notify::new()), CrashPlan::default());
        Self(Arc::new(Inner { vault, entropy, woken, hurried: Arc::default(), crashes }))
    }

    /// The same queue, and a process that dies where a test says. Before it is cloned.
    #[must_use]
    pub fn crashing(self, crashes: CrashPlan) -> Self {
        match Arc::try_unwrap(self.0) {
            Ok(inner) => Self(Arc::new(Inner { crashes, ..inner })),
            Err(shared) => Self(shared),
        }
    }

    /// Somebody is at this point of a letter's way.
    pub(crate) fn reach(&self, point: CrashPoint) {
        self.0.crashes.reach(point);
    }

    /// Writes rows in the unit that accepts their letters; workers are woken after the commit. The caller
    /// has the letters held ([`mailstore::Mailstore::hold`], one use for each row).
    pub async fn enqueue(&self, tx: &mut Tx, rows: &[NewOutbound], now: Timestamp) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let insert = rows.iter().map(|row| {
            args![
                row.id,
                row.queue,
                row.body,
                row.head,
                row.envelope.recipient.domain().as_str(),
                self.seal(Kind::Envelope, row.id, row.queue, &row.envelope),
                row.created_at,
                row.expires_at,
                "waiting",
                row.not_before.map_or(now, |at| at.max(now)),
                0_i64,
                0_i64,
                0_i64
            ]
        });
        tx.insert_rows(INSERT, "", insert.collect()).await?;
        self.wake_after(tx);
        Ok(())
    }

    /// What the worker waits on.
    pub(crate) fn woken(&self) -> &Notify {
        &self.0.woken
    }

    /// Wakes the workers, of every process, once this unit is committed.
    pub(crate) fn wake_after(&self, tx: &mut Tx) {
        tx.tell_others(WAKE);
        let woken = Arc::clone(&self.0.woken);
        tx.after_commit(move || woken.notify_one());
    }

    /// Wakes the worker once this unit is committed, and lets it try domains that it leaves alone: who
    /// hurries a letter knows more than the worker does.
    pub(super) fn hurry_after(&self, tx: &mut Tx) {
        tx.tell_others(HURRY);
        let hurried = Arc::clone(&self.0.hurried);
        tx.after_commit(move || hurried.store(true, Ordering::SeqCst));
        self.wake_after(tx);
    }

    /// Whether somebody has hurried since this was last asked.
    /// Another process said that there is work, or hurries.
    pub(super) fn hear(&self, heard: &Heard) {
        match heard {
            Heard::Word(word) if &**word == HURRY => self.0.hurried.store(true, Ordering::SeqCst),
            Heard::Word(_) | Heard::Everything => {}
        }
    }

    pub(super) fn was_hurried(&self) -> bool {
        self.0.hurried.swap(false, Ordering::SeqCst)
    }

    pub(super) fn seal<T: serde::Serialize>(
        &self,
        kind: Kind,
        id: OutboundId,
        queue: QueueId,
        value: &T,
    ) -> Vec<u8> {
        let plain = postcard::to_stdvec(value).expect("values in memory always serialise");
        self.0.vault.seal(&context(kind, id, queue), &plain, &self.0.entropy)
    }

    pub(super) fn open<T: serde::de::DeserializeOwned>(
        &self,
        kind: Kind,
        id: OutboundId,
        queue: QueueId,
        sealed: Vec<u8>,
    ) -> Option<T> {
        let plain = self.0.vault.open(&context(kind, id, queue), sealed).ok()?;
        postcard::from_bytes(&plain).ok()
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Queue")
    }
}

/// What a sealed value is bound to: its kind, its row, its letter.
fn context(kind: Kind, id: OutboundId, queue: QueueId) -> [u8; 17] {
    let mut context = [0; 17];
    context[0] = kind as u8;
    context[1..9].copy_from_slice(&id.0.to_be_bytes());
    context[9..].copy_from_slice(&queue.0.to_be_bytes());
    context
}

/// Leasing.
impl Queue {
    /// Takes up to `limit` rows that are due, of any domain but those in `full`. No other worker gets them
    /// before the lease ends. Rows over which a worker died are left to [`Queue::lease_suspect`].
    pub(crate) async fn lease(
        &self,
        tx: &mut Tx,
        owner: Owner,
        full: &[Domain],
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Leased>, Error> {
        const ANY: &str = "UPDATE outbound SET lease = $2, due_at = $3 WHERE id IN (
                SELECT id FROM outbound WHERE state = 'waiting' AND due_at <= $1 AND lease = 0 AND strikes = 0
                ORDER BY due_at, id LIMIT $4 {FOR UPDATE} {SKIP LOCKED})
            RETURNING id, queue, body, head, domain, sealed_envelope, created_at, expires_at, attempts,
                strikes, told_late_at";
        const BUT: &str = "UPDATE outbound SET lease = $2, due_at = $3 WHERE id IN (
                SELECT id FROM outbound WHERE state = 'waiting' AND due_at <= $1 AND lease = 0 AND strikes = 0
                AND domain NOT IN ({}) ORDER BY due_at, id LIMIT $4 {FOR UPDATE} {SKIP LOCKED})
            RETURNING id, queue, body, head, domain, sealed_envelope, created_at, expires_at, attempts,
                strikes, told_late_at";
        let args = args![now, owner.0, now.plus(limits::LEASE), limit as i64];
        let rows = if full.is_empty() {
            tx.rows(ANY, args).await?
        } else {
            let full = full.iter().map(|domain| Value::from(domain.as_str())).collect();
            tx.rows_in(BUT, args, full).await?
        };
        let mut leased = rows.iter().map(|row| self.leased(row)).collect::<Result<Vec<_>, _>>()?;
        // RETURNING promises no order; rows of one letter have neighbouring numbers.
        leased.sort_by_key(|row| row.id);
        Ok(leased)
    }

    /// Takes one row over which a worker died, and counts the strike before the work.
    pub(crate) async fn lease_suspect(
        &self,
        tx: &mut Tx,
        owner: Owner,
        now: Timestamp,
    ) -> Result<Option<Leased>, Error> {
        const SUSPECT: &str =
            "UPDATE outbound SET strikes = strikes + CASE WHEN lease <> 0 THEN 1 ELSE 0 END,
                lease = $2, due_at = $3 WHERE id IN (
                SELECT id FROM outbound WHERE state = 'waiting' AND due_at <= $1
                AND (lease <> 0 OR strikes > 0)
                ORDER BY strikes, due_at, id LIMIT 1 {FOR UPDATE} {SKIP LOCKED})
            RETURNING id, queue, body, head, domain, sealed_envelope, created_at, expires_at, attempts,
                strikes, told_late_at";
        let row = tx.maybe_row(SUSPECT, args![now, owner.0, now.plus(limits::LEASE)]).await?;
        row.map(|row| self.leased(&row)).transpose()
    }

    /// Keeps rows that are still being worked on; those that an operator holds meanwhile too, so that a
    /// release does not give them to a second worker.
    pub(crate) async fn renew(
        &self,
        tx: &mut Tx,
        owner: Owner,
        rows: &[OutboundId],
        now: Timestamp,
    ) -> Result<u64, Error> {
        const RENEW: &str = "UPDATE outbound SET due_at = $2 WHERE lease = $1 AND id IN ({})";
        let rows = rows.iter().map(|id| Value::from(*id)).collect();
        tx.execute_in(RENEW, args![owner.0, now.plus(limits::LEASE)], rows).await
    }

    /// At the start of the server at `home`: whoever held a lease there is dead, and what they held is due after
    /// [`limits::REST`]. Leases of other homes are left alone.
    pub(crate) async fn recover(&self, tx: &mut Tx, home: Home, now: Timestamp) -> Result<u64, Error> {
        const RECOVER: &str = "UPDATE outbound SET due_at = $1 WHERE state = 'waiting'
            AND lease BETWEEN $2 AND $3";
        let (first, last) = home.owners();
        tx.execute(RECOVER, args![now.plus(limits::REST), first.0, last.0]).await
    }

    /// When the next row becomes due after `now`; none when none does.
    pub(crate) async fn next_due(&self, tx: &mut Tx, now: Timestamp) -> Result<Option<Timestamp>, Error> {
        let sql = "SELECT MIN(due_at) FROM outbound WHERE state = 'waiting' AND due_at > $1";
        tx.row(sql, args![now]).await?.maybe_time(0)
    }

    /// Every row, in order, untouched.
    #[cfg(test)]
    pub(crate) async fn all(&self, tx: &mut Tx) -> Result<Vec<Leased>, Error> {
        const ALL: &str = "SELECT id, queue, body, head, domain, sealed_envelope, created_at, expires_at,
            attempts, strikes, told_late_at FROM outbound ORDER BY id";
        tx.rows(ALL, args![]).await?.iter().map(|row| self.leased(row)).collect()
    }

    pub(super) fn leased(&self, row: &Row) -> Result<Leased, Error> {
        let (id, queue) = (OutboundId(row.int(0)?), QueueId(row.int(1)?));
        let domain = Domain::parse(&row.text(4)?);
        Ok(Leased {
            id,
            queue,
            body: BodyId(row.int(2)?),
            head: HeadId(row.int(3)?),
            domain: domain.map_err(|_| Error::Damaged("a domain of the queue does not parse".to_owned()))?,
            envelope: self.open(Kind::Envelope, id, queue, row.bytes(5)?),
            created_at: row.time(6)?,
            expires_at: row.time(7)?,
            attempts: u32::try_from(row.int(8)?).unwrap_or(u32::MAX),
            strikes: u32::try_from(row.int(9)?).unwrap_or(u32::MAX),
            told_late_at: row.maybe_time(10)?,
        })
    }
}
