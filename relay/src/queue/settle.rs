//! What becomes of rows, written for many sessions at once: outcome, report, release and trail in one
//! transaction.

use super::home::Owner;
use super::limits;
use super::store::{Kind, Queue};
use crate::Error;
use crate::reports::PreparedReport;
use audit::Entry;
use db::{Tx, Value, args};
use mailstore::{Mailstore, QUEUE, Work};
use names::{Address, BodyId, CrashPoint, Domain, OutboundId, QueueId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// What a settlement says of one row.
#[derive(Clone, Debug)]
pub(crate) struct Settled {
    pub(crate) id: OutboundId,
    pub(crate) queue: QueueId,
    pub(crate) body: BodyId,
    pub(crate) domain: Domain,
    pub(crate) attempts: u32,
    pub(crate) fate: Fate,
}

/// What becomes of a row.
#[derive(Clone, Debug)]
pub(crate) enum Fate {
    /// Its story is over.
    Over { end: End, story: Story },
    /// Another try.
    Later { at: Timestamp, told_late: Option<Timestamp>, story: Story },
    /// It was not tried after all: somebody may take it at once.
    Back,
    /// The worker broke over it: somebody may take it at once, alone, and counts a strike first.
    Suspect,
    /// Put aside until an operator looks.
    Aside { story: Story },
}

/// How a recipient's story ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The peer has the letter.
    Delivered,
    /// It will never go there.
    Failed,
    /// It waited too long.
    Expired,
    /// An operator dropped it.
    Dropped,
}

impl End {
    /// The stored code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Dropped => "dropped",
        }
    }
}

/// What happened at the last try, for support. Sealed: a peer's reply may quote a recipient.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Story {
    /// To whom; none when the envelope does not open any more.
    pub recipient: Option<Address>,
    /// When.
    pub at: Timestamp,
    /// The enhanced status code, as `4.4.1`.
    pub status: String,
    /// What the peer said, or what we found.
    pub words: String,
    /// The peer's host, when one was reached.
    pub peer: Option<String>,
}

impl Story {
    /// A story whose words are cut to what is kept.
    pub(crate) fn new(
        recipient: Option<Address>,
        status: (u8, u8, u16),
        words: &str,
        peer: Option<String>,
        at: Timestamp,
    ) -> Self {
        let words = words.chars().take(limits::REPLY).collect();
        let (class, subject, detail) = status;
        Self { recipient, at, status: format!("{class}.{subject}.{detail}"), words, peer }
    }

    /// The words without the recipient they may quote: what a log or a screen may hold.
    #[must_use]
    pub fn shown(&self) -> String {
        let local = self.recipient.as_ref().map(Address::local);
        let mut shown = String::with_capacity(self.words.len());
        for word in self.words.split_inclusive(' ') {
            let digits = word.bytes().filter(u8::is_ascii_digit).count();
            let names = local.is_some_and(|local| word.to_lowercase().contains(local));
            shown.push_str(if word.contains('@') || names || digits >= 10 { "… " } else { word });
        }
        shown
    }
}

#[derive(Clone)]
/// The rows of one transaction with a peer, or of one decision of our own, settled together.
pub(crate) struct Settlement {
    pub(crate) rows: Vec<Settled>,
    /// Reports to senders; written if one of the rows was still there to be settled.
    pub(crate) reports: Vec<PreparedReport>,
    pub(crate) audit: Vec<Entry>,
    pub(crate) now: Timestamp,
}

/// What the committer of settlements does with a batch.
pub(crate) struct Settle {
    pub(crate) queue: Queue,
    pub(crate) mailstore: Mailstore,
    pub(crate) owner: Owner,
}

impl Work for Settle {
    const NAME: &'static str = "settle letters of the queue";
    type Job = Settlement;
    /// How many of its rows were still there to be settled.
    type Answer = u64;
    type Error = Error;

    fn entries(job: &Settlement) -> usize {
        job.rows.len()
    }

    async fn run(&self, tx: &mut Tx, jobs: &[Arc<Settlement>]) -> Result<Vec<u64>, Error> {
        let settling = |cause| Error::Database { what: "settling letters of the queue", cause };
        let over: Vec<(&Settled, End, &Story)> = jobs
            .iter()
            .flat_map(|job| &job.rows)
            .filter_map(|row| match &row.fate {
                Fate::Over { end, story } => Some((row, *end, story)),
                Fate::Later { .. } | Fate::Back | Fate::Suspect | Fate::Aside { .. } => None,
            })
            .collect();
        let mut found = self.queue.end(tx, &self.mailstore, self.owner, &over).await?;
        for job in jobs {
            for row in &job.rows {
                if self.queue.put_back(tx, self.owner, row, job.now).await.map_err(settling)? {
                    found.insert(row.id);
                }
            }
        }
        // A row whose lease ran out may be in hand twice: who is first tells of it.
        let mut claimed = HashSet::with_capacity(found.len());
        let live = jobs.iter().filter(|job| {
            let first = |row: &&Settled| found.contains(&row.id) && claimed.insert(row.id);
            job.rows.iter().filter(first).count() > 0
        });
        let live: Vec<_> = live.collect();
        let lines: Vec<Entry> = live.iter().flat_map(|job| job.audit.iter().cloned()).collect();
        // Folders are locked before chain heads (DESIGN §2.2), so all reports go together and the lines
        // of the trail last.
        let reports: Vec<&PreparedReport> = live.iter().flat_map(|job| &job.reports).collect();
        PreparedReport::write_all(tx, &reports, lines).await?;
        self.queue.reach(CrashPoint::SendInMark);
        let settled = |job: &Arc<Settlement>| job.rows.iter().filter(|row| found.contains(&row.id)).count();
        Ok(jobs.iter().map(|job| settled(job) as u64).collect())
    }
}

impl Queue {
    /// Ends rows: they go, their trace stays, the bodies they held are released. Answers those that were
    /// still there; about the others nothing is to be told twice.
    pub(crate) async fn end(
        &self,
        tx: &mut Tx,
        mailstore: &Mailstore,
        owner: Owner,
        over: &[(&Settled, End, &Story)],
    ) -> Result<HashSet<OutboundId>, Error> {
        const GO: &str = "DELETE FROM outbound WHERE id IN ({}) RETURNING id";
        const UNTAKEN: &str = "DELETE FROM outbound WHERE lease = $1 AND id IN ({}) RETURNING id";
        const TRACE: &str =
            "INSERT INTO outbound_trace (queue, id, at, domain, outcome, attempts, sealed_trace) VALUES";
        let ending = |cause| Error::Database { what: "ending letters of the queue", cause };
        let ids = over.iter().map(|(row, ..)| Value::from(row.id)).collect();
        let mut found = HashSet::with_capacity(over.len());
        // What a peer answered counts whoever has the row by now; an operator ends only what no worker has
        // taken since they looked.
        let gone = match owner {
            Owner::NOBODY => tx.rows_in(UNTAKEN, args![owner.0], ids).await,
            Owner(_) => tx.rows_in(GO, args![], ids).await,
        };
        for row in gone.map_err(ending)? {
            found.insert(OutboundId(row.int(0).map_err(ending)?));
        }
        let mut uses = BTreeMap::<BodyId, i64>::new();
        let mut traces = Vec::with_capacity(found.len());
        let mut ended = HashSet::with_capacity(found.len());
        let first = over.iter().filter(|(row, ..)| found.contains(&row.id) && ended.insert(row.id));
        for (row, end, story) in first {
            *uses.entry(row.body).or_default() += 1;
            traces.push(args![
                row.queue,
                row.id,
                story.at,
                row.domain.as_str(),
                end.code(),
                row.attempts,
                self.seal(Kind::Trace, row.id, row.queue, story)
            ]);
        }
        tx.insert_rows(TRACE, "ON CONFLICT (queue, id) DO NOTHING", traces).await.map_err(ending)?;
        if !uses.is_empty() {
            let what = "releasing letters of the queue";
            let released = mailstore.release(tx, QUEUE, uses).await;
            released.map_err(|cause| Error::Store { what, cause })?;
        }
        Ok(found)
    }

    /// Gives a leased row back in the state its fate says; whether it was still ours to give. An
    /// operator's hold stands.
    async fn put_back(
        &self,
        tx: &mut Tx,
        owner: Owner,
        row: &Settled,
        now: Timestamp,
    ) -> Result<bool, db::Error> {
        const LATER: &str =
            "UPDATE outbound SET due_at = $3, lease = 0, attempts = attempts + 1, strikes = 0,
            told_late_at = COALESCE($4, told_late_at), sealed_reason = $5 WHERE id = $1 AND lease = $2";
        const BACK: &str = "UPDATE outbound SET due_at = $3, lease = 0 WHERE id = $1 AND lease = $2";
        const SUSPECT: &str = "UPDATE outbound SET due_at = $3 WHERE id = $1 AND lease = $2";
        const ASIDE: &str = "UPDATE outbound SET state = 'quarantined', lease = 0, sealed_reason = $3
            WHERE id = $1 AND lease = $2";
        let sealed = |story| self.seal(Kind::Reason, row.id, row.queue, story);
        let touched = match &row.fate {
            Fate::Over { .. } => return Ok(false),
            Fate::Later { at, told_late, story } => {
                tx.execute(LATER, args![row.id, owner.0, *at, *told_late, sealed(story)]).await?
            }
            Fate::Back => tx.execute(BACK, args![row.id, owner.0, now]).await?,
            Fate::Suspect => tx.execute(SUSPECT, args![row.id, owner.0, now]).await?,
            Fate::Aside { story } => tx.execute(ASIDE, args![row.id, owner.0, sealed(story)]).await?,
        };
        Ok(touched > 0)
    }

    /// Removes a page of traces older than support needs them; answers how many: call it until there are
    /// none.
    pub async fn retain(&self, tx: &mut Tx, now: Timestamp) -> Result<u64, db::Error> {
        // Numbers are ordered by time: only the oldest page is looked at, not a year of letters every hour.
        const OLD: &str = "DELETE FROM outbound_trace WHERE at <= $1 AND queue IN
            (SELECT queue FROM outbound_trace ORDER BY queue, id LIMIT $2)";
        let page = mailstore::limits::RETENTION_PAGE;
        tx.execute(OLD, args![now.plus(-mailstore::limits::TRACE), page]).await
    }
}
