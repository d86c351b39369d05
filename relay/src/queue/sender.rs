//! The worker that empties the queue. Several may run, in several processes: leases keep them apart.

use super::counts::{Counters, Counts};
use super::dialling::Sessions;
use super::home::{Home, Owner};
use super::lanes::{Job, Lanes, Suspects};
use super::limits;
use super::outcome::Plan;
use super::routes::Routes;
use super::settle::Settle;
use super::store::{HURRY, WAKE};
use crate::{Error, Relay};
use db::Db;
use mailstore::Committer;
use names::{CrashPoint, Domain, Entropy, Timestamp};
use net::StopSignal;
use rustls::ClientConfig;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use wire::smtp_client::Config;

/// What a sender is made of.
pub struct SenderParts {
    /// What it sends, what it keeps, and whom it reports to.
    pub relay: Relay,
    /// Where domains' letters go.
    pub routes: Routes,
    /// How connections are secured.
    pub tls: OutgoingTls,
    /// Our name in EHLO, and how long peers may take.
    pub client: Config,
    /// Where it lives: what a dead worker of this home held is taken again at the start.
    pub home: Home,
    /// How long letters on the wire may take once the server stops; then they are given back.
    pub drain: Duration,
}

/// How connections to other operators are secured: roots, lists of the revoked, our certificate
/// (`certs::outgoing_config`).
pub struct OutgoingTls {
    /// What is tried first.
    pub config: Arc<ClientConfig>,
    /// The same with a small key share, for paths that drop a long ClientHello.
    pub small: Option<Arc<ClientConfig>>,
}

/// The worker. [`Sender::run`] is a task of the assembly.
#[derive(Clone)]
pub struct Sender(Arc<Inner>);

pub(super) struct Inner {
    pub(super) relay: Relay,
    pub(super) counters: Counters,
    pub(super) routes: Routes,
    pub(super) tls: OutgoingTls,
    /// Hosts that a long ClientHello does not reach, and since when.
    pub(super) small_hello: Mutex<HashMap<SocketAddr, Timestamp>>,
    pub(super) client: Arc<Config>,
    home: Home,
    drain: Duration,
    owner: Owner,
    lanes: Mutex<Lanes>,
    /// Told when a session took or settled something: there may be room, or need of a session.
    pub(super) news: Notify,
    pub(super) settler: Committer<Settle>,
    /// Work beside the sessions: letters put off.
    pub(super) aside: Mutex<JoinSet<()>>,
}

impl Sender {
    /// A sender; its committer runs until the last clone is gone.
    #[must_use]
    pub fn new(parts: SenderParts) -> Self {
        let relay = parts.relay;
        let db = relay.mailstore().db().clone();
        let home = parts.home;
        let owner = home.life(&relay.inner().entropy);
        let settle = Settle { queue: relay.queue().clone(), mailstore: relay.mailstore().clone(), owner };
        let (settler, work) = Committer::new(db, settle);
        tokio::spawn(work);
        Self(Arc::new(Inner {
            relay,
            counters: Counters::default(),
            routes: parts.routes,
            tls: parts.tls,
            small_hello: Mutex::default(),
            client: Arc::new(parts.client),
            home,
            drain: parts.drain,
            owner,
            lanes: Mutex::default(),
            news: Notify::new(),
            settler,
            aside: Mutex::default(),
        }))
    }

    /// What it counted so far, for metrics.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.0.counters.look()
    }

    /// The counters themselves, for who looks after [`Sender::run`] has taken this one.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.0.counters.clone()
    }

    /// Works until the stop; letters under way are finished, what only waits is given back.
    pub async fn run(self, mut stop: StopSignal) {
        let inner = &self.0;
        inner.recover().await;
        let mut sessions = Sessions::default();
        let mut others = inner.db().hear();
        let mut renewal = tokio::time::interval(limits::RENEWAL);
        renewal.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !stop.is_given() {
            let wait = match inner.fill().await {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::error!(
                        error = error.chain(),
                        "letters of the queue could not be taken; trying again"
                    );
                    limits::LOOK
                }
            };
            for domain in inner.with_lanes(|lanes| lanes.begin(inner.now())) {
                sessions.begin(inner, domain, stop.clone());
            }
            tokio::select! {
                () = stop.given() => break,
                () = inner.relay.queue().woken().notified() => {}
                () = inner.news.notified() => {}
                heard = others.hears(&[WAKE, HURRY]) => inner.relay.queue().hear(&heard),
                () = tokio::time::sleep(wait) => {}
                Some(broken) = sessions.ended() => inner.mend(broken).await,
                _ = renewal.tick() => inner.renew().await,
            }
        }
        sessions.finish(inner, inner.drain).await;
        inner.close().await;
    }
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Sender({:?})", self.0.owner)
    }
}

#[cfg(test)]
impl Sender {
    pub(super) fn inner(&self) -> &Inner {
        &self.0
    }

    pub(super) fn hold(&self, rows: &[super::store::Leased]) {
        self.0.with_lanes(|lanes| lanes.hold(rows));
    }

    pub(super) fn held(&self) -> Vec<names::OutboundId> {
        self.0.with_lanes(|lanes| lanes.held())
    }
}

/// What sessions use.
impl Inner {
    pub(super) fn now(&self) -> Timestamp {
        self.relay.now()
    }

    pub(super) fn db(&self) -> &Db {
        self.relay.mailstore().db()
    }

    pub(super) fn entropy(&self) -> &Entropy {
        &self.relay.inner().entropy
    }

    pub(super) fn with_lanes<T>(&self, act: impl FnOnce(&mut Lanes) -> T) -> T {
        act(&mut self.lanes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn reach(&self, point: CrashPoint) {
        self.relay.queue().reach(point);
    }

    /// The next letter of a domain; the worker hears that there is room.
    pub(super) fn take(&self, domain: &Domain) -> Option<Job> {
        self.with_lanes(|lanes| lanes.take(domain))
    }

    /// The worker looks whether more sessions are deserved.
    pub(super) fn look_again(&self) {
        self.news.notify_one();
    }
}

/// What the worker does itself.
impl Inner {
    async fn recover(&self) {
        let parameters = (self.relay.queue().clone(), self.home, self.now());
        let unit = db::unit("recover leases of the queue", parameters, |(queue, home, now), tx| {
            Box::pin(queue.recover(tx, *home, *now))
        });
        match self.db().write(unit).await {
            Ok(0) => {}
            Ok(rows) => {
                tracing::warn!(
                    rows,
                    "letters were under way when the server died: they are taken again in a few seconds"
                )
            }
            Err(error) => tracing::error!(%error, "leases could not be recovered; they will run out"),
        }
    }

    /// Takes what is due while there is room; answers how long to sleep.
    async fn fill(self: &Arc<Self>) -> Result<Duration, Error> {
        if self.relay.queue().was_hurried() {
            self.with_lanes(Lanes::open_all);
        }
        loop {
            let now = self.now();
            let (room, full, suspects) =
                self.with_lanes(|lanes| (lanes.room(), lanes.full(), lanes.suspects()));
            if room < limits::BATCH / 4 {
                return Ok(limits::LOOK);
            }
            let limit = room.min(limits::BATCH);
            let parameters = (self.relay.queue().clone(), self.owner, full, suspects, limit, now);
            let unit = db::unit("lease letters of the queue", parameters, |parameters, tx| {
                let (queue, owner, full, suspects, limit, now) = parameters;
                Box::pin(async move {
                    let mut rows = queue.lease(tx, *owner, full, *limit, *now).await?;
                    if rows.is_empty() && *suspects == Suspects::One {
                        rows.extend(queue.lease_suspect(tx, *owner, *now).await?);
                    }
                    Ok::<_, db::Error>(rows)
                })
            });
            let leasing = |cause| Error::Database { what: "leasing letters of the queue", cause };
            let rows = self.db().write(unit).await.map_err(leasing)?;
            if rows.is_empty() {
                return self.until_next(now).await;
            }
            self.reach(CrashPoint::SendAfterLease);
            self.take_in(rows, now).await?;
        }
    }

    async fn until_next(&self, now: Timestamp) -> Result<Duration, Error> {
        let reading = |cause| Error::Database { what: "looking for the next letter of the queue", cause };
        let mut tx = self.db().read().await.map_err(reading)?;
        // What is due already and was not taken (its domain is full, a suspect is under way) waits for news of
        // a session, not for the clock.
        let due = self.relay.queue().next_due(&mut tx, now).await.map_err(reading)?;
        let opens = self.with_lanes(|lanes| {
            lanes.tidy(now);
            lanes.opens(now)
        });
        let next = [due, opens].into_iter().flatten().min();
        let wait = next.map(|next| Duration::from_millis(u64::try_from(next.since(now)).unwrap_or(0)));
        Ok(wait.map_or(limits::LOOK, |wait| wait.clamp(limits::SHORTEST, limits::LOOK)))
    }

    async fn renew(&self) {
        let held = self.with_lanes(|lanes| lanes.held());
        if held.is_empty() {
            return;
        }
        let parameters = (self.relay.queue().clone(), self.owner, held, self.now());
        let unit = db::unit("renew leases of the queue", parameters, |(queue, owner, held, now), tx| {
            Box::pin(queue.renew(tx, *owner, held, *now))
        });
        if let Err(error) = self.db().write(unit).await {
            tracing::error!(%error, "leases of the queue could not be renewed");
        }
    }

    /// The end: what waits in memory is given back, so that the next worker has it at once.
    async fn close(&self) {
        let mut aside = std::mem::take(&mut *self.aside.lock().unwrap_or_else(PoisonError::into_inner));
        while aside.join_next().await.is_some() {}
        let now = self.now();
        let mut plan = Plan::default();
        for job in self.with_lanes(|lanes| lanes.drain()) {
            job.rows.iter().for_each(|row| plan.back(row));
        }
        if !plan.rows.is_empty() {
            self.carry_out_rows(plan, now).await;
        }
    }
}
