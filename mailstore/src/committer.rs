//! The committer: many waiting jobs, one transaction, one sync.
//!
//! While one batch is being written the next gathers by itself. Who hands in one job after the other is
//! answered with one batch and hands in again while the next is written: two half batches, each with a sync of
//! its own. So a batch waits a little for those who are about to come, as long as waiting has paid
//! (`gathering`, ADR 0031); a lonely job never waits, nor a batch that holds much already. If a batch fails its jobs run one by one, so that a
//! poisonous one fails alone.

use std::future::Future;
use std::sync::Arc;

use db::{Tx, Unit};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::gathering::{Gathering, holds_much};
use crate::limits;

/// What is done with a batch.
pub trait Work: Send + Sync + 'static {
    /// For logs: what it does.
    const NAME: &'static str;
    /// One thing to do.
    type Job: Send + Sync + 'static;
    /// What it gives once committed; a refusal is an answer too.
    type Answer: Send + 'static;
    /// A failure, which rolls the batch back.
    type Error: From<db::Error> + Send + 'static;

    /// How many entries of mailboxes, or rows as dear, the job writes: a batch of many waits for nobody.
    fn entries(job: &Self::Job) -> usize;

    /// What all the jobs need before they are done, outside of the transaction. May run again.
    fn before(&self, jobs: &[Arc<Self::Job>]) -> impl Future<Output = Result<(), Self::Error>> + Send {
        _ = jobs;
        std::future::ready(Ok(()))
    }

    /// Does all the jobs, and answers each, in order. May run again; has no effect but on `tx`.
    fn run(
        &self,
        tx: &mut Tx,
        jobs: &[Arc<Self::Job>],
    ) -> impl Future<Output = Result<Vec<Self::Answer>, Self::Error>> + Send;
}

/// Why a job has no answer.
#[derive(Debug, thiserror::Error)]
pub enum CommitterError<E> {
    /// Its own failure; nothing of it is kept.
    #[error("the job failed")]
    Failed(#[source] E),
    /// The committer has stopped; the job may or may not be kept.
    #[error("the committer has stopped")]
    Stopped,
}

/// Where jobs are handed in. Clones hand in to the same committer; it stops when the last is dropped.
pub struct Committer<W: Work> {
    jobs: mpsc::Sender<Waiting<W>>,
}

struct Waiting<W: Work> {
    job: Arc<W::Job>,
    answer: oneshot::Sender<Result<W::Answer, W::Error>>,
}

impl<W: Work> Clone for Committer<W> {
    fn clone(&self) -> Self {
        Self { jobs: self.jobs.clone() }
    }
}

impl<W: Work> std::fmt::Debug for Committer<W> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Committer({})", W::NAME)
    }
}

impl<W: Work> Committer<W> {
    /// A committer, and the future that does its work: whoever assembles the server spawns it. It ends
    /// when every `Committer` is gone and what was handed in is done.
    pub fn new(db: db::Db, work: W) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (jobs, waiting) = mpsc::channel(limits::WAITING_JOBS);
        (Self { jobs }, drive(db, Arc::new(work), waiting))
    }

    /// Hands a job in and waits until it is committed and on disk. When the caller gives up waiting, the
    /// job is done all the same.
    pub async fn submit(&self, job: W::Job) -> Result<W::Answer, CommitterError<W::Error>> {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { job: Arc::new(job), answer };
        self.jobs.send(waiting).await.map_err(|_| CommitterError::Stopped)?;
        answered.await.map_err(|_| CommitterError::Stopped)?.map_err(CommitterError::Failed)
    }
}

async fn drive<W: Work>(db: db::Db, work: Arc<W>, mut waiting: mpsc::Receiver<Waiting<W>>) {
    let mut batch = Vec::with_capacity(limits::BATCH);
    let mut gathering = Gathering::default();
    while waiting.recv_many(&mut batch, limits::BATCH).await > 0 {
        gather(&mut gathering, &mut waiting, &mut batch).await;
        let (began, jobs) = (Instant::now(), batch.len());
        let written = write(&db, &work, &batch).await;
        gathering.written(jobs, waiting.len(), began.elapsed());
        match written {
            Ok(answers) => answer(&mut batch, answers.into_iter().map(Ok)),
            Err(error) if batch.len() == 1 => answer(&mut batch, std::iter::once(Err(error))),
            Err(_) => {
                tracing::warn!(work = W::NAME, jobs = batch.len(), "a batch failed; its jobs run one by one");
                for alone in batch.drain(..) {
                    let mut alone = vec![alone];
                    match write(&db, &work, &alone).await {
                        Ok(answers) => answer(&mut alone, answers.into_iter().map(Ok)),
                        Err(error) => answer(&mut alone, std::iter::once(Err(error))),
                    }
                }
            }
        }
    }
}

/// Waits for those who are about to come, when that has paid lately.
async fn gather<W: Work>(
    gathering: &mut Gathering,
    waiting: &mut mpsc::Receiver<Waiting<W>>,
    batch: &mut Vec<Waiting<W>>,
) {
    let Some(wait) = gathering.wait(batch.len(), entries(batch)) else { return };
    let enough = wait.jobs.min(limits::BATCH);
    let end = Instant::now() + wait.at_most;
    while batch.len() < enough && !holds_much(entries(batch)) {
        let more = waiting.recv_many(batch, enough - batch.len());
        match tokio::time::timeout_at(end, more).await {
            // Nobody is left to hand in, or it took too long.
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
    }
    gathering.waited(batch.len());
}

fn entries<W: Work>(batch: &[Waiting<W>]) -> usize {
    batch.iter().map(|waiting| W::entries(&waiting.job)).sum()
}

async fn write<W: Work>(
    db: &db::Db,
    work: &Arc<W>,
    batch: &[Waiting<W>],
) -> Result<Vec<W::Answer>, W::Error> {
    let jobs: Vec<_> = batch.iter().map(|waiting| waiting.job.clone()).collect();
    work.before(&jobs).await?;
    db.write(Batch { work: work.clone(), jobs }).await
}

fn answer<W: Work>(batch: &mut Vec<Waiting<W>>, answers: impl Iterator<Item = Result<W::Answer, W::Error>>) {
    for (waiting, answer) in batch.drain(..).zip(answers) {
        // Whoever asked may be gone; the letter is kept all the same.
        drop(waiting.answer.send(answer));
    }
}

struct Batch<W: Work> {
    work: Arc<W>,
    jobs: Vec<Arc<W::Job>>,
}

impl<W: Work> Unit for Batch<W> {
    const NAME: &'static str = W::NAME;
    type Output = Vec<W::Answer>;
    type Error = W::Error;

    async fn run(&mut self, tx: &mut Tx) -> Result<Self::Output, Self::Error> {
        self.work.run(tx, &self.jobs).await
    }
}
