//! What was planned for letters is done: outcome, reports and trail on disk in one act.

use super::counts::Event;
use super::lanes::Job;
use super::limits;
use super::outcome::{Fault, Plan, Verdict};
use super::sender::Inner;
use super::settle::{End, Fate, Settlement};
use super::store::Leased;
use crate::reports::{self, Original, PreparedReport};
use crate::{Error, Relay};
use audit::{Act, Actor, Chain, Entry, Line};
use mailstore::CommitterError;
use names::{CrashPoint, Domain, Entropy, OutboundId, Timestamp};
use std::sync::{Arc, PoisonError};
use wire::mime::Head;

impl Inner {
    /// Writes what was planned for a letter, and tells its sender what is to be told. Returns when it is
    /// on disk; a database that is away is waited for, because the peer has spoken already.
    pub(super) async fn carry_out(&self, job: &Job, plan: Plan, now: Timestamp) {
        if plan.rows.is_empty() {
            return;
        }
        let _in_hand = InHand::of(self, &plan);
        let mut plan = plan;
        let reports = self.reports_for(job, &mut plan, now).await;
        log(&plan);
        let audit = lines(&plan, self.entropy(), now);
        self.write(plan, reports, audit, now).await;
    }

    /// As [`Inner::carry_out`], for rows without their letter: nobody is told anything.
    pub(super) async fn carry_out_rows(&self, plan: Plan, now: Timestamp) {
        let _in_hand = InHand::of(self, &plan);
        for row in &plan.rows {
            if let Fate::Aside { story } = &row.fate {
                tracing::error!(queue = %row.queue, row = row.id.0, why = story.words, "a letter was put aside");
            }
        }
        self.write(plan, Vec::new(), Vec::new(), now).await;
    }

    /// The reports on what is to be told. A letter is not given up without a word: as long as the report
    /// cannot be made, it waits.
    async fn reports_for(&self, job: &Job, plan: &mut Plan, now: Timestamp) -> Vec<PreparedReport> {
        for wait in limits::SETTLE_AGAIN {
            match reports(&self.relay, job, plan, now).await {
                Ok(reports) => return reports,
                Err(error) => {
                    tracing::error!(error = error.chain(), "a report could not be made; trying again");
                    tokio::time::sleep(wait).await;
                }
            }
        }
        tracing::error!("a report could not be made; what was to be given up waits");
        plan.keep_untold(now);
        Vec::new()
    }

    /// Counted and let go once it is on disk.
    async fn write(&self, plan: Plan, reports: Vec<PreparedReport>, audit: Vec<Entry>, now: Timestamp) {
        let told = reports.len();
        self.settle(Settlement { rows: plan.rows, reports, audit, now }).await;
        self.reach(CrashPoint::SendAfterMark);
        for event in plan.events {
            self.counters.count(event);
        }
        (0..told).for_each(|_| self.counters.count(Event::Report));
    }

    async fn settle(&self, settlement: Settlement) {
        let mut settlement = settlement;
        for wait in limits::SETTLE_AGAIN {
            let again = settlement.clone();
            match self.settler.submit(settlement).await {
                Ok(_) => return,
                Err(CommitterError::Stopped) => {
                    tracing::error!("the committer of the queue has stopped; leases will run out");
                    return;
                }
                Err(CommitterError::Failed(error)) => {
                    tracing::error!(
                        error = error.chain(),
                        "letters of the queue could not be settled; trying again"
                    );
                    settlement = again;
                    tokio::time::sleep(wait).await;
                }
            }
        }
        tracing::error!("letters of the queue could not be settled; their leases will run out");
    }

    /// Tries these letters later, beside the sessions.
    pub(super) fn put_off(self: &Arc<Self>, domain: &Domain, jobs: Vec<Job>, fault: Fault) {
        if jobs.is_empty() {
            return;
        }
        tracing::warn!(%domain, letters = jobs.len(), why = fault.words, "letters wait for another try");
        // Each is a piece of work of its own: one that breaks takes no other with it.
        for job in jobs {
            let (inner, fault) = (Arc::clone(self), fault.clone());
            self.beside(async move {
                let now = inner.now();
                let verdicts = vec![Verdict::Later(fault); job.rows.len()];
                let plan = Plan::of(&job, &verdicts, "", inner.entropy(), now);
                inner.carry_out(&job, plan, now).await;
            });
        }
    }

    pub(super) fn beside(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut aside = self.aside.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(ended) = aside.try_join_next() {
            if let Err(error) = ended {
                tracing::error!(%error, "work beside the sessions broke; the leases of its letters will run out");
            }
        }
        aside.spawn(work);
    }
}

/// Rows on their way to the table. They are let go when this ends, however it ends: over what a panic
/// left behind the lease runs out, and whoever takes it then counts a strike.
pub(super) struct InHand<'a> {
    inner: &'a Inner,
    rows: Vec<(Domain, OutboundId)>,
}

impl<'a> InHand<'a> {
    pub(super) fn of(inner: &'a Inner, plan: &Plan) -> Self {
        Self { inner, rows: plan.rows.iter().map(|row| (row.domain.clone(), row.id)).collect() }
    }
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.inner.with_lanes(|lanes| lanes.let_go(self.rows.iter().map(|(domain, id)| (domain, *id))));
        self.inner.news.notify_one();
    }
}

/// Reports on what is to be told.
pub(super) async fn reports(
    relay: &Relay,
    job: &Job,
    plan: &Plan,
    now: Timestamp,
) -> Result<Vec<PreparedReport>, Error> {
    let Some(first) = job.rows.first() else { return Ok(Vec::new()) };
    if plan.tell.is_empty() {
        return Ok(Vec::new());
    }
    let head = Head::parse(job.head.to_vec());
    if head.is_err() {
        tracing::error!(queue = %first.queue, "the head of a letter does not parse: it is not given back");
    }
    reports_without(relay, first, head.as_ref().ok(), plan, now).await
}

/// The same without the letter: its head is given back when that can still be read.
pub(super) async fn reports_without(
    relay: &Relay,
    first: &Leased,
    head: Option<&Head>,
    plan: &Plan,
    now: Timestamp,
) -> Result<Vec<PreparedReport>, Error> {
    let envelope = first.envelope.as_ref();
    let Some(sender) = envelope.and_then(|envelope| envelope.sender.as_ref()) else {
        return Ok(Vec::new());
    };
    let original = Original {
        queue: first.queue,
        head,
        envelope_id: envelope.and_then(|envelope| envelope.wishes.envelope_id.as_deref()),
        arrived: first.created_at,
    };
    let mut written = Vec::new();
    for action in [reports::Action::Failed, reports::Action::Delayed, reports::Action::Relayed] {
        let fates: Vec<reports::Fate> =
            plan.tell.iter().filter(|fate| fate.action == action).cloned().collect();
        written.extend(relay.status_report(sender, &original, &fates, now).await?);
    }
    Ok(written)
}

/// Lines of the trail: what left the house, and what never will.
pub(super) fn lines(plan: &Plan, entropy: &Entropy, now: Timestamp) -> Vec<Entry> {
    let mut lines = Vec::new();
    for (end, act) in [
        (End::Delivered, Act::LetterRelayed),
        (End::Failed, Act::LetterUndelivered),
        (End::Expired, Act::LetterUndelivered),
        (End::Dropped, Act::LetterUndelivered),
    ] {
        let over = plan
            .rows
            .iter()
            .filter(|row| matches!(&row.fate, Fate::Over { end: other, .. } if *other == end));
        let over: Vec<_> = over.collect();
        let Some(first) = over.first() else { continue };
        let detail = format!(
            "queue={} domain={} recipients={} outcome={}",
            first.queue,
            first.domain,
            over.len(),
            end.code()
        );
        let line = Line { at: now, actor: Actor::System, for_whom: None, act, detail };
        lines.push(Entry::new(Chain::System, line, entropy));
    }
    lines
}

/// One line for each recipient, by its row's number: whose address that is, the sealed rows know.
fn log(plan: &Plan) {
    for settled in &plan.rows {
        let (queue, row, domain, attempt) = (settled.queue, settled.id.0, &settled.domain, settled.attempts);
        match &settled.fate {
            Fate::Over { end: End::Delivered, story } => {
                let peer = story.peer.as_deref().unwrap_or_default();
                tracing::info!(%queue, row, %domain, attempt, peer, "delivered: {}", story.shown());
            }
            Fate::Over { end, story } => {
                let (outcome, status) = (end.code(), &story.status);
                tracing::warn!(%queue, row, %domain, attempt, outcome, status, "given up: {}", story.shown());
            }
            Fate::Later { at, story, .. } => {
                let (next, status) = (at.rfc3339(), &story.status);
                tracing::warn!(%queue, row, %domain, attempt, next, status, "waits: {}", story.shown());
            }
            Fate::Aside { story } => {
                tracing::error!(%queue, row, %domain, why = story.shown(), "a letter was put aside");
            }
            Fate::Back | Fate::Suspect => tracing::info!(%queue, row, %domain, "given back"),
        }
    }
}
