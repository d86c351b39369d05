//! The one writer: a thread that runs waiting units inside one transaction and syncs once for all.

use super::Connection;
use crate::ids::Ids;
use crate::tx::Conn;
use crate::unit::Unit;
use crate::{Cause, Error, Tx, limits};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread::Thread;
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};

/// The way to the one writer.
#[derive(Clone)]
pub(crate) struct Writer {
    inbox: mpsc::Sender<Box<dyn Waiting>>,
    pub(crate) health: Arc<Health>,
}

/// What the writer tells about itself.
#[derive(Default)]
pub(crate) struct Health {
    pub(crate) dead: AtomicBool,
    pub(crate) commits: AtomicU64,
    pub(crate) units: AtomicU64,
}

impl Writer {
    /// Starts the writer on its connection. It ends when the last `Writer` is gone and all that
    /// waited is answered.
    pub(crate) fn start(connection: Connection, ids: Arc<Ids>) -> std::io::Result<Self> {
        let (inbox, waiting) = mpsc::channel(limits::WAITING_UNITS);
        let health = Arc::new(Health::default());
        let tx = Tx::writing(Conn::SqliteWrite(Box::new(connection)), ids);
        let told = Arc::clone(&health);
        let writing = move || run_to_its_end(write_groups(tx, waiting, told));
        std::thread::Builder::new().name("sqlite-writer".to_owned()).spawn(writing)?;
        Ok(Self { inbox, health })
    }

    /// Waits until the unit is committed and on disk.
    pub(crate) async fn write<U: Unit>(&self, unit: U) -> Result<U::Output, U::Error> {
        if self.health.dead.load(Ordering::Acquire) {
            return Err(Error::Dead.into());
        }
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Job { unit, outcome: None, reply });
        self.inbox.send(job).await.map_err(|_| U::Error::from(Error::Closed))?;
        answer.await.map_err(|_| U::Error::from(Error::Closed))?
    }
}

/// A unit in the queue, its types forgotten.
trait Waiting: Send {
    fn name(&self) -> &'static str;
    /// Runs the unit and keeps its outcome; says whether it wants to be kept.
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, bool>;
    /// Forgets the outcome, because of a failure below.
    fn fail(&mut self, error: Error);
    fn failed(&self) -> bool;
    /// Tells the caller.
    fn answer(self: Box<Self>);
}

struct Job<U: Unit> {
    unit: U,
    outcome: Option<Result<U::Output, U::Error>>,
    reply: oneshot::Sender<Result<U::Output, U::Error>>,
}

impl<U: Unit> Waiting for Job<U> {
    fn name(&self) -> &'static str {
        self.unit.name()
    }

    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            let name = self.unit.name();
            tx.deadline = Some((name, Instant::now() + limits::UNIT_DEADLINE));
            let outcome = AssertUnwindSafe(self.unit.run(tx)).catch_unwind().await;
            let outcome = outcome.unwrap_or_else(|_panic| Err(Error::Panicked(name).into()));
            tx.deadline = None;
            let keep = outcome.is_ok();
            self.outcome = Some(outcome);
            keep
        })
    }

    fn fail(&mut self, error: Error) {
        self.outcome = Some(Err(error.into()));
    }

    fn failed(&self) -> bool {
        matches!(self.outcome, Some(Err(_)))
    }

    fn answer(self: Box<Self>) {
        let outcome = self.outcome.unwrap_or_else(|| Err(Error::Closed.into()));
        // The caller may have gone; what is committed stays committed.
        let _ = self.reply.send(outcome);
    }
}

async fn write_groups(mut tx: Tx, mut waiting: mpsc::Receiver<Box<dyn Waiting>>, health: Arc<Health>) {
    while let Some(first) = waiting.recv().await {
        let mut group = vec![first];
        if let Err(cause) = write_group(&mut tx, &mut group, Some(&mut waiting), &health).await {
            // The whole transaction is gone: give each unit one of its own, so that the one at
            // fault fails alone.
            tracing::warn!(error = %cause, units = group.len(), "a group was rolled back; running its units one by one");
            for job in group {
                let mut alone = vec![job];
                if let Err(cause) = write_group(&mut tx, &mut alone, None, &health).await {
                    tracing::error!(error = %cause, unit = alone[0].name(), "a unit could not be committed");
                    if cause.is_disk_failure() {
                        health.dead.store(true, Ordering::Release);
                    }
                    let dead = health.dead.load(Ordering::Acquire);
                    alone[0].fail(if dead { Error::Dead } else { Error::Commit { cause } });
                }
                alone.into_iter().for_each(Waiting::answer);
            }
        } else {
            group.into_iter().for_each(Waiting::answer);
        }
    }
}

/// Runs a future on this thread. Units wait for nothing but their statements, which do not wait at all.
fn run_to_its_end(work: impl Future<Output = ()>) {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut work = std::pin::pin!(work);
    while work.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
        std::thread::park();
    }
}

/// Runs the units of a group, and those that arrive meanwhile, in one transaction. On `Err` nothing
/// is kept and every unit of `group` may be run again.
async fn write_group(
    tx: &mut Tx,
    group: &mut Vec<Box<dyn Waiting>>,
    mut arriving: Option<&mut mpsc::Receiver<Box<dyn Waiting>>>,
    health: &Health,
) -> Result<(), Cause> {
    if health.dead.load(Ordering::Acquire) {
        group.iter_mut().for_each(|job| job.fail(Error::Dead));
        return Ok(());
    }
    let started = Instant::now();
    let mut after = Vec::new();
    tx.sqlite().control("BEGIN IMMEDIATE")?;
    let mut next = 0;
    let result = loop {
        if let Err(cause) = run_one(tx, &mut group[next], &mut after).await {
            break Err(cause);
        }
        next += 1;
        if next < group.len() {
            continue;
        }
        let room = group.len() < limits::GROUP_UNITS && started.elapsed() < limits::GROUP_TIME;
        match arriving.as_mut().filter(|_| room).and_then(|inbox| inbox.try_recv().ok()) {
            Some(job) => group.push(job),
            None => break tx.sqlite().control("COMMIT"),
        }
    };
    match result {
        Ok(()) => {
            health.commits.fetch_add(1, Ordering::Relaxed);
            health.units.fetch_add(group.len() as u64, Ordering::Relaxed);
            after.into_iter().for_each(|act: Box<dyn FnOnce() + Send>| act());
            Ok(())
        }
        Err(cause) => {
            if cause.is_disk_failure() {
                // After a failed sync the state of the disk is unknown: stop (RELIABILITY lesson 4).
                health.dead.store(true, Ordering::Release);
            }
            // SQLite may have rolled back by itself; then this fails and changes nothing.
            let _ = tx.sqlite().control("ROLLBACK");
            Err(cause)
        }
    }
}

/// Runs one unit inside its savepoint; on its failure takes back only its own changes.
async fn run_one(
    tx: &mut Tx,
    job: &mut Box<dyn Waiting>,
    after: &mut Vec<Box<dyn FnOnce() + Send>>,
) -> Result<(), Cause> {
    tx.sqlite().control("SAVEPOINT unit")?;
    if job.run(tx).await {
        after.extend(tx.take_after());
        tx.sqlite().control("RELEASE unit")
    } else {
        drop(tx.take_after());
        debug_assert!(job.failed());
        tx.sqlite().control("ROLLBACK TO unit")?;
        tx.sqlite().control("RELEASE unit")
    }
}
