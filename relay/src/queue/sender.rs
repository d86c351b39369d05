//! The worker that empties the queue. Several may run, in several processes: leases keep them apart.

use super::counts::{Counters, Counts, Event};
use super::lanes::{Job, Lanes, Suspects, WasReady};
use super::limits;
use super::outcome::{Fault, Plan, Verdict};
use super::routes::{Outlook, Routes};
use super::session::{SessionState, SessionWorld, is_damage};
use super::settle::{End, Fate, Settle, Settlement};
use super::store::{Leased, Owner};
use crate::reports::{self, Original, PreparedReport};
use crate::{Error, Relay};
use audit::{Act, Actor, Chain, Entry, Line};
use db::Db;
use mailstore::{Committer, CommitterError, QUEUE};
use names::{CrashPoint, Domain, Entropy, HeadId, OutboundId, Timestamp};
use net::{Dialled, StopSignal, Target, TlsBegins};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::{Id, JoinSet};
use wire::mime::Head;
use wire::smtp_client::{Client, Config};

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
    routes: Routes,
    tls: OutgoingTls,
    /// Hosts that a long ClientHello does not reach, and since when.
    small_hello: Mutex<HashMap<SocketAddr, Timestamp>>,
    client: Arc<Config>,
    owner: Owner,
    lanes: Mutex<Lanes>,
    /// Told when a session took or settled something: there may be room, or need of a session.
    news: Notify,
    settler: Committer<Settle>,
    /// Work beside the sessions: letters put off.
    aside: Mutex<JoinSet<()>>,
}

impl Sender {
    /// A sender; its committer runs until the last clone is gone.
    #[must_use]
    pub fn new(parts: SenderParts) -> Self {
        let relay = parts.relay;
        let db = relay.mailstore().db().clone();
        let owner = Owner(db.id(relay.now()));
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
                () = tokio::time::sleep(wait) => {}
                Some(broken) = sessions.ended() => inner.mend(broken).await,
                _ = renewal.tick() => inner.renew().await,
            }
        }
        sessions.finish(inner).await;
        inner.close().await;
    }
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Sender({:?})", self.0.owner)
    }
}

/// The sessions under way.
#[derive(Default)]
struct Sessions {
    tasks: JoinSet<()>,
    states: HashMap<Id, (Domain, SessionState)>,
}

/// A session that ended by a panic: what it held.
struct Broken {
    domain: Domain,
    state: SessionState,
}

impl Sessions {
    fn begin(&mut self, inner: &Arc<Inner>, domain: Domain, stop: StopSignal) {
        let state = SessionState::default();
        let task = session(Arc::clone(inner), domain.clone(), state.clone(), stop);
        self.states.insert(self.tasks.spawn(task).id(), (domain, state));
    }

    /// The next session that ended; it tells when one broke. None when there are no sessions.
    async fn ended(&mut self) -> Option<Option<Broken>> {
        match self.tasks.join_next_with_id().await? {
            Ok((id, ())) => {
                self.states.remove(&id);
                Some(None)
            }
            Err(error) => {
                let (domain, state) = self.states.remove(&error.id())?;
                tracing::error!(%domain, %error, "a session broke");
                Some(Some(Broken { domain, state }))
            }
        }
    }

    async fn finish(&mut self, inner: &Arc<Inner>) {
        while let Some(broken) = self.ended().await {
            inner.mend(broken).await;
        }
    }
}

/// One session: the hosts of a domain are tried until one is ready.
async fn session(inner: Arc<Inner>, domain: Domain, state: SessionState, stop: StopSignal) {
    let _counted = inner.counters.session();
    let hosts = match inner.routes.of(&domain, inner.now()).await {
        Ok(hosts) => hosts,
        Err(fault) => {
            let outlook = fault.outlook();
            let fault = Fault { status: fault.status(), words: fault.to_string(), said: None, peer: None };
            inner.no_way(&domain, fault, outlook).await;
            inner.session_over(&domain, WasReady::No);
            return;
        }
    };
    let mut fault = None;
    let mut crowded = false;
    let mut places = Vec::new();
    for host in hosts {
        places.extend(host.addresses.iter().map(|address| (host.name.clone(), *address)));
    }
    for (host, address) in places {
        if stop.is_given() {
            break;
        }
        if !inner.with_lanes(|lanes| lanes.enter(address)) {
            crowded = true;
            continue;
        }
        let slot = Slot(Arc::clone(&inner), address);
        let mut world =
            SessionWorld::new(Arc::clone(&inner), domain.clone(), host.clone(), state.clone(), stop.clone());
        let Some(target) = inner.target(address, &host) else { continue };
        let make = || Client::new(Arc::clone(&inner.client));
        let clock = inner.relay.inner().clock.clone();
        let dialled = net::dial(&target, make, &mut world, clock, stop.clone());
        let slow = inner.too_slow(&state);
        tokio::select! {
            dialled = dialled => inner.learn(address, dialled),
            () = slow => {
                tracing::error!(%domain, %host, "a letter takes too long on the wire: its session is given up");
                inner.give_up_slow(&domain, &state, host.as_str()).await;
            }
        }
        drop(slot);
        // A world that went without a word (it was dropped half way) leaves its letter here.
        if let Some(job) = state.take_job() {
            inner.with_lanes(|lanes| lanes.push_front(&domain, Arc::unwrap_or_clone(job)));
        }
        if state.was_ready() {
            inner.session_over(&domain, WasReady::Yes);
            return;
        }
        fault = state.fault().or(fault);
    }
    match fault {
        Some(fault) => {
            inner.counters.count(Event::SessionFailed);
            tracing::warn!(%domain, why = fault.words, "no session with this domain");
            inner.no_way(&domain, fault, Outlook::MayPass).await;
        }
        None if crowded => inner.with_lanes(|lanes| lanes.crowded(&domain, inner.now())),
        None if stop.is_given() => {}
        // Without a pause the next session would begin at once, and come to nothing like this one.
        None => {
            let words = "no host of this domain can be spoken to".to_owned();
            let fault = Fault { status: (4, 4, 4), words, said: None, peer: None };
            inner.no_way(&domain, fault, Outlook::MayPass).await;
        }
    }
    inner.session_over(&domain, WasReady::No);
}

/// A place among the sessions to one host.
struct Slot(Arc<Inner>, SocketAddr);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.with_lanes(|lanes| lanes.leave(self.1));
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

    /// Writes what was planned for a letter, and tells its sender what is to be told. Returns when it is
    /// on disk; a database that is away is waited for, because the peer has spoken already.
    pub(super) async fn carry_out(&self, job: &Job, plan: Plan, now: Timestamp) {
        if plan.rows.is_empty() {
            return;
        }
        let mut plan = plan;
        let reports = self.reports_for(job, &mut plan, now).await;
        log(&plan);
        let audit = lines(&plan, self.entropy(), now);
        self.write(plan, reports, audit, now).await;
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
        let done: Vec<(Domain, OutboundId)> =
            plan.rows.iter().map(|row| (row.domain.clone(), row.id)).collect();
        let told = reports.len();
        self.settle(Settlement { rows: plan.rows, reports, audit, now }).await;
        self.reach(CrashPoint::SendAfterMark);
        self.with_lanes(|lanes| lanes.let_go(done.iter().map(|(domain, id)| (domain, *id))));
        for event in plan.events {
            self.counters.count(event);
        }
        (0..told).for_each(|_| self.counters.count(Event::Report));
        self.news.notify_one();
    }

    fn target(&self, address: SocketAddr, name: &Domain) -> Option<Target> {
        let name = ServerName::try_from(name.as_str().to_owned()).ok()?;
        let now = self.now();
        let small = {
            let known = self.small_hello.lock().unwrap_or_else(PoisonError::into_inner);
            known.get(&address).is_some_and(|since| now.since(*since) < limits::SMALL_HELLO)
        };
        let target = match (&self.tls.small, small) {
            (Some(config), true) => {
                Target { address, begins: TlsBegins::StartTls, name, tls: Arc::clone(config), small: None }
            }
            (other, _) => Target {
                address,
                begins: TlsBegins::StartTls,
                name,
                tls: Arc::clone(&self.tls.config),
                small: other.clone(),
            },
        };
        Some(target)
    }

    fn learn(&self, address: SocketAddr, dialled: Dialled) {
        if dialled.small_hello {
            let now = self.now();
            let mut known = self.small_hello.lock().unwrap_or_else(PoisonError::into_inner);
            known.retain(|_, since| now.since(*since) < limits::SMALL_HELLO);
            known.insert(address, now);
        }
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
        let inner = Arc::clone(self);
        let work = async move {
            for job in jobs {
                let now = inner.now();
                let verdicts = vec![Verdict::Later(fault.clone()); job.rows.len()];
                let plan = Plan::of(&job, &verdicts, "", inner.entropy(), now);
                inner.carry_out(&job, plan, now).await;
            }
        };
        self.beside(work);
    }

    fn beside(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut aside = self.aside.lock().unwrap_or_else(PoisonError::into_inner);
        while aside.try_join_next().is_some() {}
        aside.spawn(work);
    }

    /// There is no way to a domain, for now or for good.
    async fn no_way(self: &Arc<Self>, domain: &Domain, fault: Fault, outlook: Outlook) {
        let now = self.now();
        match outlook {
            Outlook::MayPass => {
                self.with_lanes(|lanes| lanes.remember(domain, &fault));
                let waiting = self.with_lanes(|lanes| lanes.unreachable(domain, now));
                self.put_off(domain, waiting, fault);
            }
            Outlook::WillStay => {
                for job in self.with_lanes(|lanes| lanes.take_all(domain)) {
                    let verdicts = vec![Verdict::Refused(fault.clone()); job.rows.len()];
                    let plan = Plan::of(&job, &verdicts, "", self.entropy(), now);
                    self.carry_out(&job, plan, now).await;
                }
            }
        }
    }

    fn session_over(&self, domain: &Domain, was_ready: WasReady) {
        self.with_lanes(|lanes| lanes.ended(domain, was_ready));
        self.news.notify_one();
    }

    /// Returns when the letter of this session has been under way for too long.
    async fn too_slow(&self, state: &SessionState) {
        loop {
            tokio::time::sleep(limits::LETTER / 10).await;
            if state.letter_time(self.now()) > limits::LETTER.as_millis() as i64 {
                return;
            }
        }
    }

    async fn give_up_slow(self: &Arc<Self>, domain: &Domain, state: &SessionState, host: &str) {
        let Some(job) = state.take_job() else { return };
        let now = self.now();
        let fault = Fault {
            status: (4, 4, 2),
            words: "the peer took the letter too slowly".to_owned(),
            said: None,
            peer: Some(host.to_owned()),
        };
        // The whole letter may have been sent: what the peer made of it is not known.
        let verdicts = vec![Verdict::Unknown(fault.clone()); job.rows.len()];
        let plan = Plan::of(&job, &verdicts, host, self.entropy(), now);
        self.carry_out(&job, plan, now).await;
        let waiting = self.with_lanes(|lanes| {
            lanes.remember(domain, &fault);
            lanes.stumbled(domain, now)
        });
        self.put_off(domain, waiting, fault);
    }
}

/// What the worker does itself.
impl Inner {
    async fn recover(&self) {
        let parameters = (self.relay.queue().clone(), self.now());
        let unit = db::unit("recover leases of the queue", parameters, |(queue, now), tx| {
            Box::pin(queue.recover(tx, *now))
        });
        match self.db().write(unit).await {
            Ok(0) => {}
            Ok(rows) => {
                tracing::warn!(rows, "letters were under way when the server died: they are taken again")
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
        let due = self.relay.queue().next_due(&mut tx).await.map_err(reading)?;
        let opens = self.with_lanes(|lanes| {
            lanes.tidy(now);
            lanes.opens(now)
        });
        let next = [due, opens].into_iter().flatten().min();
        let wait = next.map(|next| Duration::from_millis(u64::try_from(next.since(now)).unwrap_or(0)));
        // Rows of domains that are full are due and stay so: news will come from their sessions.
        Ok(wait.map_or(limits::LOOK, |wait| wait.clamp(limits::SHORTEST, limits::LOOK)))
    }

    /// Opens the letters of leased rows and hands them to their domains.
    async fn take_in(self: &Arc<Self>, rows: Vec<Leased>, now: Timestamp) -> Result<(), Error> {
        self.with_lanes(|lanes| lanes.hold(&rows));
        let mut heads: Vec<HeadId> = rows.iter().map(|row| row.head).collect();
        heads.dedup();
        let what = "opening letters of the queue";
        let mut letters = match self.relay.mailstore().whole_letters(QUEUE, &heads).await {
            Ok(letters) => letters,
            Err(cause) => {
                // What is in hand is renewed for ever: it must not stay there without a session to come.
                self.set_aside(rows, None, now);
                return Err(Error::Store { what, cause });
            }
        };
        for group in groups(rows) {
            let Some(first) = group.first() else { continue };
            let (domain, head) = (first.domain.clone(), first.head);
            let sound = match letters.get(&head) {
                Some(Ok((head, body))) => Ok((head.clone(), body.clone())),
                Some(Err(error)) if !is_damage(error) => {
                    tracing::warn!(queue = %first.queue, %error, "a letter of the queue is out of reach");
                    Err(None)
                }
                Some(Err(error)) => Err(Some(error.to_string())),
                None => Err(Some("the letter is gone from the store".to_owned())),
            };
            match sound {
                Ok((head, body)) => {
                    let job = Job { rows: group, head, body, unheard: 0 };
                    self.place(&domain, job, now);
                }
                Err(damage) => self.set_aside(group, damage, now),
            }
        }
        letters.clear();
        self.news.notify_one();
        Ok(())
    }

    /// A letter goes to its domain's sessions, unless a look at its rows says otherwise.
    fn place(self: &Arc<Self>, domain: &Domain, job: Job, now: Timestamp) {
        let (mut plan, mut going) = (Plan::default(), Vec::new());
        for row in &job.rows {
            if row.strikes >= limits::STRIKES {
                plan.aside(row, "workers died over this letter", now);
            } else if row.envelope.is_none() {
                plan.aside(row, "the envelope does not open", now);
            } else if super::schedule::is_over(row, now) {
                let fault = self.with_lanes(|lanes| lanes.remembered(domain)).unwrap_or_else(|| Fault {
                    status: (4, 4, 7),
                    words: "the time of the letter is over".to_owned(),
                    said: None,
                    peer: None,
                });
                plan.expire(row, &fault, now);
            } else {
                going.push(row.clone());
            }
        }
        if !plan.rows.is_empty() {
            let (inner, job) = (Arc::clone(self), job.clone());
            self.beside(async move { inner.carry_out(&job, plan, now).await });
        }
        if going.is_empty() {
            return;
        }
        let job = Job { rows: going, ..job };
        let shut = self.with_lanes(|lanes| {
            let shut = lanes.is_shut(domain, now).then(|| lanes.remembered(domain)).flatten();
            if shut.is_none() {
                lanes.push(domain, job.clone());
            }
            shut
        });
        if let Some(fault) = shut {
            self.put_off(domain, vec![job], fault);
        }
    }

    /// Rows whose letter cannot be opened: put aside when it is damaged, given back when it is only out
    /// of reach.
    fn set_aside(self: &Arc<Self>, rows: Vec<Leased>, damage: Option<String>, now: Timestamp) {
        let mut plan = Plan::default();
        for row in &rows {
            match &damage {
                Some(why) => plan.aside(row, why, now),
                None => plan.back_later(row, now),
            }
        }
        let inner = Arc::clone(self);
        self.beside(async move { inner.carry_out_rows(plan, now).await });
    }

    /// As [`Inner::carry_out`], for rows without their letter: nobody is told anything.
    async fn carry_out_rows(&self, plan: Plan, now: Timestamp) {
        for row in &plan.rows {
            if let Fate::Aside { story } = &row.fate {
                tracing::error!(queue = %row.queue, row = row.id.0, why = story.words, "a letter was put aside");
            }
        }
        self.write(plan, Vec::new(), Vec::new(), now).await;
    }

    /// After a session that broke: its letter is taken again, alone, and a strike is counted then.
    async fn mend(&self, broken: Option<Broken>) {
        let Some(Broken { domain, state }) = broken else { return };
        let was_ready = if state.was_ready() { WasReady::Yes } else { WasReady::No };
        self.session_over(&domain, was_ready);
        if let Some(job) = state.take_job() {
            let mut plan = Plan::default();
            job.rows.iter().for_each(|row| plan.suspect(row));
            self.carry_out_rows(plan, self.now()).await;
        }
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

/// Rows that go in one transaction: one letter, one head, and all that MAIL says alike.
pub(super) fn groups(rows: Vec<Leased>) -> Vec<Vec<Leased>> {
    let mut groups: Vec<Vec<Leased>> = Vec::new();
    for row in rows {
        let fits = groups.last().and_then(|group| group.first()).is_some_and(|first| alike(first, &row));
        match groups.last_mut() {
            Some(group) if fits && group.len() < limits::RECIPIENTS => group.push(row),
            Some(_) | None => groups.push(vec![row]),
        }
    }
    groups
}

fn alike(one: &Leased, other: &Leased) -> bool {
    let (Some(a), Some(b)) = (&one.envelope, &other.envelope) else { return false };
    (one.queue, one.head, &one.domain) == (other.queue, other.head, &other.domain)
        && one.strikes == 0
        && other.strikes == 0
        && (&a.sender, a.content, a.protection) == (&b.sender, b.content, b.protection)
        && (a.wishes.give_back, &a.wishes.envelope_id) == (b.wishes.give_back, &b.wishes.envelope_id)
}

/// Reports on what is to be told.
pub(super) async fn reports(
    relay: &Relay,
    job: &Job,
    plan: &Plan,
    now: Timestamp,
) -> Result<Vec<PreparedReport>, Error> {
    let Some(first) = job.rows.first() else { return Ok(Vec::new()) };
    let envelope = first.envelope.as_ref();
    let Some(sender) = envelope.and_then(|envelope| envelope.sender.as_ref()) else {
        return Ok(Vec::new());
    };
    if plan.tell.is_empty() {
        return Ok(Vec::new());
    }
    let Ok(head) = Head::parse(job.head.to_vec()) else {
        tracing::error!(queue = %first.queue, "the head of a letter does not parse: its sender hears nothing");
        return Ok(Vec::new());
    };
    let original = Original {
        queue: first.queue,
        head: &head,
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
