//! What a worker holds in memory: rows in hand, by domain, and how many sessions each domain deserves.
//!
//! No clock, no socket: the worker says what happened and asks what to do.

use super::limits;
use super::outcome::Fault;
use super::store::Leased;
use bytes::Bytes;
use mailstore::BodyReader;
use names::{Domain, OutboundId, Timestamp};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::Notify;

/// A letter for some recipients at one domain: one transaction.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// One for each recipient; never empty.
    pub(super) rows: Vec<Leased>,
    pub(super) head: Bytes,
    pub(super) body: BodyReader,
    /// How often a connection that turned out to be dead has swallowed it.
    pub(super) unheard: u32,
}

/// All that is in hand.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    lanes: BTreeMap<Domain, Lane>,
    /// Rows in hand, and how often: one that was given back and hurried is taken again while whoever gave it
    /// back has not let go of it yet.
    held: HashMap<OutboundId, u32>,
    /// The one of them over which a worker died before.
    suspect: Option<OutboundId>,
    sessions: usize,
    /// Sessions by the host they speak to: one host may serve many domains.
    peers: HashMap<SocketAddr, usize>,
}

#[derive(Debug)]
struct Lane {
    waiting: VecDeque<Job>,
    /// Rows in hand, those that sessions work on included.
    rows: usize,
    /// Sessions that were begun.
    sessions: usize,
    /// Sessions whose peer said hello and is who it should be.
    ready: usize,
    /// Sessions that wait for a letter.
    idle: usize,
    /// Sessions it deserves.
    deserves: usize,
    /// Letters in a row that did not pass for a reason of the peer's.
    stumbles: u32,
    /// Left alone until then.
    shut_until: Timestamp,
    /// Why.
    fault: Option<Fault>,
    /// Told when a letter comes.
    letters: Arc<Notify>,
}

impl Default for Lane {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            rows: 0,
            sessions: 0,
            ready: 0,
            idle: 0,
            deserves: 1,
            stumbles: 0,
            fault: None,
            shut_until: Timestamp(i64::MIN),
            letters: Arc::new(Notify::new()),
        }
    }
}

impl Lanes {
    /// How many rows there is room for.
    pub(super) fn room(&self) -> usize {
        limits::IN_HAND.saturating_sub(self.held.len())
    }

    /// Whether a row over which a worker died may be taken: one at a time, so that the one that kills does
    /// not bring strikes on the others.
    pub(super) fn suspects(&self) -> Suspects {
        if self.suspect.is_some() { Suspects::Wait } else { Suspects::One }
    }

    /// Domains that have their share in hand already.
    pub(super) fn full(&self) -> Vec<Domain> {
        let full = self.lanes.iter().filter(|(_, lane)| lane.rows >= limits::IN_HAND_DOMAIN);
        full.map(|(domain, _)| domain.clone()).collect()
    }

    /// The rows in hand, for the renewal of their leases.
    pub(super) fn held(&self) -> Vec<OutboundId> {
        self.held.keys().copied().collect()
    }

    /// Until when a domain is left alone, if it is.
    pub(super) fn is_shut(&self, domain: &Domain, now: Timestamp) -> bool {
        self.lanes.get(domain).is_some_and(|lane| lane.shut_until > now)
    }

    /// Notes rows that were leased.
    pub(super) fn hold(&mut self, rows: &[Leased]) {
        for row in rows {
            if row.strikes > 0 {
                self.suspect = Some(row.id);
            }
            let times = self.held.entry(row.id).or_default();
            *times += 1;
            if *times == 1 {
                self.lanes.entry(row.domain.clone()).or_default().rows += 1;
            }
        }
    }

    /// Notes rows that were settled.
    pub(super) fn let_go<'a>(&mut self, rows: impl IntoIterator<Item = (&'a Domain, OutboundId)>) {
        for (domain, id) in rows {
            if let Some(times) = self.held.get_mut(&id).filter(|times| **times > 1) {
                *times -= 1;
                continue;
            }
            if self.suspect == Some(id) {
                self.suspect = None;
            }
            if self.held.remove(&id).is_some()
                && let Some(lane) = self.lanes.get_mut(domain)
            {
                lane.rows = lane.rows.saturating_sub(1);
            }
        }
    }

    /// A letter waits for a session.
    pub(super) fn push(&mut self, domain: &Domain, job: Job) {
        let lane = self.lanes.entry(domain.clone()).or_default();
        lane.waiting.push_back(job);
        lane.letters.notify_one();
    }

    /// A letter that goes before all others: it was under way already.
    pub(super) fn push_front(&mut self, domain: &Domain, job: Job) {
        let lane = self.lanes.entry(domain.clone()).or_default();
        lane.waiting.push_front(job);
        lane.letters.notify_one();
    }

    /// The next letter for a session.
    pub(super) fn take(&mut self, domain: &Domain) -> Option<Job> {
        self.lanes.get_mut(domain)?.waiting.pop_front()
    }

    /// All that waits for a domain, when there is no way to it.
    #[must_use = "these letters are in hand and in no lane any more"]
    pub(super) fn take_all(&mut self, domain: &Domain) -> Vec<Job> {
        self.lanes.get_mut(domain).map(|lane| lane.waiting.drain(..).collect()).unwrap_or_default()
    }

    /// What an idle session waits on.
    pub(super) fn letters(&mut self, domain: &Domain) -> Arc<Notify> {
        Arc::clone(&self.lanes.entry(domain.clone()).or_default().letters)
    }

    /// A session of this domain waits for a letter, or no longer does.
    pub(super) fn idle(&mut self, domain: &Domain, idle: Idle) {
        if let Some(lane) = self.lanes.get_mut(domain) {
            match idle {
                Idle::Begins => lane.idle += 1,
                Idle::Ends => lane.idle = lane.idle.saturating_sub(1),
            }
        }
    }

    /// Domains for which one more session is to begin; each is counted as begun.
    pub(super) fn begin(&mut self, now: Timestamp) -> Vec<Domain> {
        let mut begun = Vec::new();
        // The domain with fewest sessions first: none of them waits for the many of another.
        let mut wanting: Vec<(usize, Domain)> = self
            .lanes
            .iter()
            .filter(|(_, lane)| lane.wants_session(now))
            .map(|(domain, lane)| (lane.sessions, domain.clone()))
            .collect();
        wanting.sort();
        for (_, domain) in wanting {
            let Some(lane) = self.lanes.get_mut(&domain) else { continue };
            while self.sessions < limits::SESSIONS && lane.wants_session(now) {
                lane.sessions += 1;
                self.sessions += 1;
                begun.push(domain.clone());
            }
        }
        begun
    }

    /// Whether a session may be opened to this host now; counted as opened when it may.
    pub(super) fn enter(&mut self, host: SocketAddr) -> bool {
        let sessions = self.peers.entry(host).or_default();
        let may = *sessions < limits::SESSIONS_DOMAIN;
        *sessions += usize::from(may);
        may
    }

    /// The session to this host is over.
    pub(super) fn leave(&mut self, host: SocketAddr) {
        if let Some(sessions) = self.peers.get_mut(&host) {
            *sessions = sessions.saturating_sub(1);
            if *sessions == 0 {
                self.peers.remove(&host);
            }
        }
    }

    /// The peer of a session is ready for letters.
    pub(super) fn ready(&mut self, domain: &Domain) {
        if let Some(lane) = self.lanes.get_mut(domain) {
            lane.ready += 1;
        }
    }

    /// A letter passed: the domain deserves more.
    pub(super) fn succeeded(&mut self, domain: &Domain) {
        if let Some(lane) = self.lanes.get_mut(domain) {
            lane.stumbles = 0;
            lane.fault = None;
            lane.deserves = (lane.deserves + 1).clamp(limits::SESSIONS_PROVEN, limits::SESSIONS_DOMAIN);
        }
    }

    /// A letter did not pass for a reason of the peer's: it deserves fewer sessions. When it goes on like
    /// that the domain is shut for a while, and what waits is given out to be tried later.
    #[must_use = "these letters are in hand and in no lane any more"]
    pub(super) fn stumbled(&mut self, domain: &Domain, now: Timestamp) -> Vec<Job> {
        let Some(lane) = self.lanes.get_mut(domain) else { return Vec::new() };
        lane.deserves = (lane.deserves / 2).max(1);
        lane.stumbles += 1;
        if lane.stumbles < limits::STUMBLES {
            return Vec::new();
        }
        lane.stumbles = 0;
        lane.shut_until = now.plus(limits::SHUT);
        lane.waiting.drain(..).collect()
    }

    /// Why there was no way to a domain the last time.
    pub(super) fn remember(&mut self, domain: &Domain, fault: &Fault) {
        self.lanes.entry(domain.clone()).or_default().fault = Some(fault.clone());
    }

    /// The same, while it is remembered.
    pub(super) fn remembered(&self, domain: &Domain) -> Option<Fault> {
        self.lanes.get(domain)?.fault.clone()
    }

    /// All that waits, at the end.
    #[must_use = "these letters are in hand and in no lane any more"]
    pub(super) fn drain(&mut self) -> Vec<Job> {
        self.lanes.values_mut().flat_map(|lane| lane.waiting.drain(..)).collect()
    }

    /// No session could be had. When others are at work the domain only wanted fewer; else it is shut for
    /// a while, and what waits is given out to be tried later.
    #[must_use = "these letters are in hand and in no lane any more"]
    pub(super) fn unreachable(&mut self, domain: &Domain, now: Timestamp) -> Vec<Job> {
        let Some(lane) = self.lanes.get_mut(domain) else { return Vec::new() };
        if lane.ready > 0 {
            lane.deserves = lane.ready;
            return Vec::new();
        }
        lane.deserves = 1;
        lane.shut_until = now.plus(limits::SHUT);
        lane.waiting.drain(..).collect()
    }

    /// All hosts of a domain have as many sessions as we allow: wait a moment.
    pub(super) fn crowded(&mut self, domain: &Domain, now: Timestamp) {
        if let Some(lane) = self.lanes.get_mut(domain) {
            lane.shut_until = lane.shut_until.max(now.plus(limits::CROWDED));
        }
    }

    /// A session is over.
    pub(super) fn ended(&mut self, domain: &Domain, was_ready: WasReady) {
        self.sessions = self.sessions.saturating_sub(1);
        if let Some(lane) = self.lanes.get_mut(domain) {
            lane.sessions = lane.sessions.saturating_sub(1);
            if was_ready == WasReady::Yes {
                lane.ready = lane.ready.saturating_sub(1);
            }
        }
    }

    /// No domain is left alone any more.
    pub(super) fn open_all(&mut self) {
        for lane in self.lanes.values_mut() {
            lane.shut_until = Timestamp(i64::MIN);
            lane.stumbles = 0;
        }
    }

    /// Forgets domains with nothing in hand whose rest is over; what they deserved with them.
    pub(super) fn tidy(&mut self, now: Timestamp) {
        self.lanes.retain(|_, lane| {
            !lane.waiting.is_empty() || lane.rows > 0 || lane.sessions > 0 || lane.shut_until > now
        });
    }

    /// When the first domain that waits to be tried again opens.
    pub(super) fn opens(&self, now: Timestamp) -> Option<Timestamp> {
        let shut = self.lanes.values().filter(|lane| !lane.waiting.is_empty() && lane.shut_until > now);
        shut.map(|lane| lane.shut_until).min()
    }
}

/// Whether a suspect may be taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Suspects {
    One,
    Wait,
}

/// Whether a session begins or ends to wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Idle {
    Begins,
    Ends,
}

/// Whether a session ever had a peer that was ready.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum WasReady {
    Yes,
    No,
}

impl Lane {
    fn wants_session(&self, now: Timestamp) -> bool {
        // A session that was begun and is not ready yet will take a letter, as an idle one will.
        let coming = self.sessions - self.ready.min(self.sessions) + self.idle;
        self.shut_until <= now && self.sessions < self.deserves && self.waiting.len() > coming
    }
}
