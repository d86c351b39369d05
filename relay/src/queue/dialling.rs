//! Sessions with the hosts of domains: begun, watched while they last, mended when they break.

use super::counts::Event;
use super::lanes::WasReady;
use super::limits;
use super::outcome::{Fault, Plan, Verdict};
use super::routes::Outlook;
use super::sender::Inner;
use super::session::{SessionState, SessionWorld};
use names::Domain;
use net::{Dialled, StopSignal, Target, TlsBegins};
use rustls::pki_types::ServerName;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::task::{AbortHandle, Id, JoinSet};
use wire::smtp_client::Client;

/// The sessions under way.
#[derive(Default)]
pub(super) struct Sessions {
    tasks: JoinSet<()>,
    states: HashMap<Id, Running>,
}

struct Running {
    domain: Domain,
    state: SessionState,
    task: AbortHandle,
}

/// A session that ended by a panic: what it held.
pub(super) struct Broken {
    domain: Domain,
    state: SessionState,
}

impl Sessions {
    pub(super) fn begin(&mut self, inner: &Arc<Inner>, domain: Domain, stop: StopSignal) {
        let state = SessionState::default();
        let task = session(Arc::clone(inner), domain.clone(), state.clone(), stop);
        let task = self.tasks.spawn(task);
        self.states.insert(task.id(), Running { domain, state, task });
    }

    /// The next session that ended; it tells when one broke. None when there are no sessions.
    pub(super) async fn ended(&mut self) -> Option<Option<Broken>> {
        match self.tasks.join_next_with_id().await? {
            Ok((id, ())) => {
                self.states.remove(&id);
                Some(None)
            }
            Err(error) if error.is_cancelled() => {
                self.states.remove(&error.id());
                Some(None)
            }
            Err(error) => {
                let Running { domain, state, .. } = self.states.remove(&error.id())?;
                tracing::error!(%domain, %error, "a session broke");
                Some(Some(Broken { domain, state }))
            }
        }
    }

    /// The stop was given: sessions end by themselves, those with a letter on the wire when it is through.
    /// A peer that takes too long over it is left: the letter is given back, nobody died over it, and a
    /// peer that has it all the same knows it when it comes again.
    pub(super) async fn finish(&mut self, inner: &Arc<Inner>, drain: Duration) {
        let ending = async {
            while let Some(broken) = self.ended().await {
                inner.mend(broken).await;
            }
        };
        if tokio::time::timeout(drain, ending).await.is_ok() {
            return;
        }
        let mut plan = Plan::default();
        for running in self.states.values() {
            // A session without a letter is writing down what a peer said: that is waited for.
            if let Some(job) = running.state.take_job() {
                tracing::warn!(domain = %running.domain, "a letter was on the wire at the stop: it is given back");
                running.task.abort();
                job.rows.iter().for_each(|row| plan.back(row));
            }
        }
        inner.carry_out_rows(plan, inner.now()).await;
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
        let mut world = SessionWorld::new(Arc::clone(&inner), domain.clone(), host.clone(), state.clone());
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

impl Inner {
    /// After a session that broke: its letter is taken again, alone, and a strike is counted then.
    pub(super) async fn mend(&self, broken: Option<Broken>) {
        let Some(Broken { domain, state }) = broken else { return };
        let was_ready = if state.was_ready() { WasReady::Yes } else { WasReady::No };
        self.session_over(&domain, was_ready);
        if let Some(job) = state.take_job() {
            let mut plan = Plan::default();
            job.rows.iter().for_each(|row| plan.suspect(row));
            self.carry_out_rows(plan, self.now()).await;
        }
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
