//! What the queue counts, for metrics.

use super::store::Queue;
use db::{Error, Tx, args};
use names::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What became of recipients since the start of this process, and what is open now.
#[derive(Clone, Default)]
pub struct Counters(Arc<Cells>);

#[derive(Default)]
struct Cells {
    delivered: AtomicU64,
    failed: AtomicU64,
    expired: AtomicU64,
    deferred: AtomicU64,
    unknown: AtomicU64,
    quarantined: AtomicU64,
    distrusted: AtomicU64,
    reports: AtomicU64,
    sessions: AtomicU64,
    sessions_failed: AtomicU64,
    open: AtomicU64,
}

/// A look at the counters.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Recipients whose letter a peer took over.
    pub delivered: u64,
    /// Recipients refused for good.
    pub failed: u64,
    /// Recipients given up after too long a wait.
    pub expired: u64,
    /// Tries that ended with "later".
    pub deferred: u64,
    /// Tries whose last answer was lost (RFC 1047): the peer may get the letter twice.
    pub unknown_outcomes: u64,
    /// Rows put aside.
    pub quarantined: u64,
    /// Sessions given up because the peer's certificate does not speak for the domain.
    pub distrusted: u64,
    /// Reports written to senders.
    pub reports: u64,
    /// Sessions begun.
    pub sessions: u64,
    /// Sessions that came to nothing.
    pub sessions_failed: u64,
    /// Sessions open now.
    pub open_sessions: u64,
}

/// Something that is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Event {
    Delivered,
    Failed,
    Expired,
    Deferred,
    Unknown,
    Quarantined,
    Distrusted,
    Report,
    SessionFailed,
}

impl Counters {
    pub(super) fn count(&self, event: Event) {
        let cell = match event {
            Event::Delivered => &self.0.delivered,
            Event::Failed => &self.0.failed,
            Event::Expired => &self.0.expired,
            Event::Deferred => &self.0.deferred,
            Event::Unknown => &self.0.unknown,
            Event::Quarantined => &self.0.quarantined,
            Event::Distrusted => &self.0.distrusted,
            Event::Report => &self.0.reports,
            Event::SessionFailed => &self.0.sessions_failed,
        };
        cell.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a session as open for as long as the answer lives.
    pub(super) fn session(&self) -> OpenSession {
        self.0.sessions.fetch_add(1, Ordering::Relaxed);
        self.0.open.fetch_add(1, Ordering::Relaxed);
        OpenSession(self.clone())
    }

    /// How much so far.
    #[must_use]
    pub fn look(&self) -> Counts {
        let read = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
        Counts {
            delivered: read(&self.0.delivered),
            failed: read(&self.0.failed),
            expired: read(&self.0.expired),
            deferred: read(&self.0.deferred),
            unknown_outcomes: read(&self.0.unknown),
            quarantined: read(&self.0.quarantined),
            distrusted: read(&self.0.distrusted),
            reports: read(&self.0.reports),
            sessions: read(&self.0.sessions),
            sessions_failed: read(&self.0.sessions_failed),
            open_sessions: read(&self.0.open),
        }
    }
}

impl std::fmt::Debug for Counters {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.look().fmt(out)
    }
}

/// A session that is open.
pub(super) struct OpenSession(Counters);

impl Drop for OpenSession {
    fn drop(&mut self) {
        self.0.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How much waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Depth {
    /// Waiting for a try, or under way.
    pub waiting: u64,
    /// Held by an operator.
    pub held: u64,
    /// Put aside after three strikes.
    pub quarantined: u64,
    /// When the oldest that waits was accepted.
    pub oldest: Option<Timestamp>,
}

impl Queue {
    /// How much waits, in the whole database.
    pub async fn depth(&self, tx: &mut Tx) -> Result<Depth, Error> {
        const DEPTH: &str = "SELECT state, COUNT(*), MIN(created_at) FROM outbound GROUP BY state";
        let mut depth = Depth::default();
        for row in tx.rows(DEPTH, args![]).await? {
            let count = u64::try_from(row.int(1)?).unwrap_or(0);
            match row.text(0)?.as_str() {
                "held" => depth.held = count,
                "quarantined" => depth.quarantined = count,
                _ => (depth.waiting, depth.oldest) = (count, row.maybe_time(2)?),
            }
        }
        Ok(depth)
    }
}
