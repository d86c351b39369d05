//! The world of one connection: who is in, what was found, what waits for the next page.

mod searching;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use ldap3_proto::proto::LdapResultCode as Code;
use names::{Clock, Timestamp};
use net::{PeerInfo, World};
use register::{Alarm, Quota};

use crate::answer::Outcome;
use crate::filter::{Filter, Heard};
use crate::gatekeeper::{Caller, Credentials, Gatekeeper, Refused};
use crate::reason::Reason;
use crate::server::{Answer, Ask, Comparison, Ended, Server};
use crate::source::Source;
use crate::tally::Tally;
use crate::walk::{entry_at, nearest};
use crate::{Settings, limits};
use searching::{Kept, Running};

/// What all connections of the door share.
#[derive(Clone)]
pub struct House<S> {
    /// Where entries come from.
    pub source: S,
    /// What the operator chose.
    pub settings: Arc<Settings>,
    /// How many entries a day.
    pub quota: Quota,
    /// What is counted.
    pub tally: Tally,
    /// The time.
    pub clock: Clock,
}

/// The world of one connection.
pub struct LdapWorld<S, G> {
    house: House<S>,
    keeper: G,
    /// Strangers are counted by where they are.
    peer: IpAddr,
    caller: Option<Caller>,
    running: Option<Running<S>>,
    kept: VecDeque<(u64, Kept<S>)>,
    /// The number of the next list that is kept.
    next: u64,
}

impl<S: Source, G: Gatekeeper> LdapWorld<S, G> {
    /// For a new connection.
    #[must_use]
    pub fn new(house: House<S>, keeper: G, peer: IpAddr) -> Self {
        Self { house, keeper, peer, caller: None, running: None, kept: VecDeque::new(), next: 1 }
    }

    fn now(&self) -> Timestamp {
        self.house.clock.now()
    }

    async fn enter(&mut self, credentials: Credentials) -> Answer {
        self.leave();
        let entered = self.keeper.enter(credentials, self.now()).await;
        Answer::Entered(entered.map(|caller| {
            let address = caller.address.clone();
            self.caller = Some(caller);
            address
        }))
    }

    fn leave(&mut self) {
        self.keeper.leave();
        self.caller = None;
        self.kept.clear();
    }

    /// Whether who is in still may ask (RELIABILITY A-15).
    async fn remains(&mut self) -> Result<(), Ended> {
        if self.caller.is_none() {
            return Ok(());
        }
        let refused = match self.keeper.remains(self.house.clock.now()).await {
            Ok(()) => return Ok(()),
            Err(refused) => refused,
        };
        Err(match refused {
            Refused::Unavailable => Ended::plain(unavailable()),
            Refused::Wrong | Refused::Wait(_) => {
                self.leave();
                let outcome =
                    Outcome::new(Code::InsufficentAccessRights, "this login no longer counts; sign in again");
                let outcome = outcome.because(Reason::Withdrawn);
                Ended { out: true, ..Ended::plain(outcome) }
            }
        })
    }

    /// Takes entries of the asker's day: how many of them may be shown.
    async fn take(&mut self, entries: usize) -> Result<usize, Ended> {
        let asker = match &self.caller {
            Some(caller) => caller.asker.clone(),
            None => format!("peer:{}", network(self.peer)),
        };
        let granted = self.house.quota.take(&asker, entries as u64, self.now()).await.map_err(|error| {
            tracing::error!(%error, "entries could not be counted");
            Ended::plain(unavailable())
        })?;
        if let Some(alarm) = granted.alarm {
            self.house.tally.alarm();
            let share = match alarm {
                Alarm::Half => "half",
                Alarm::All => "all",
            };
            tracing::warn!(asker, share, "an asker was shown very many entries of the directory today");
        }
        Ok(usize::try_from(granted.entries).unwrap_or(entries).min(entries))
    }

    /// RFC 4511 §4.10.
    async fn compare(&mut self, comparison: Comparison) -> Outcome {
        if let Err(ended) = self.remains().await {
            return ended.outcome;
        }
        match self.take(1).await {
            Ok(0) => return exhausted(),
            Ok(_) => {}
            Err(ended) => return ended.outcome,
        }
        let Comparison { target, assertion } = comparison;
        let found = entry_at(&self.house.source, &self.house.settings, &target, self.now());
        let found = match tokio::time::timeout(limits::SEARCH, found).await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => return failed(&error),
            Err(_) => return Outcome::plain(Code::TimeLimitExceeded),
        };
        let Some((entry, holder)) = found else { return self.no_such_object(nearest(&target)) };
        match assertion {
            Filter::Undefined => Outcome::plain(Code::UndefinedAttributeType),
            Filter::Absent => Outcome::plain(Code::NoSuchAttribute),
            Filter::Is(attribute, _) if entry.values(attribute).is_empty() => {
                Outcome::plain(Code::NoSuchAttribute)
            }
            other => match other.matches(&entry, holder, &Heard::default(), &self.house.settings.arc) {
                Some(true) => Outcome::plain(Code::CompareTrue),
                Some(false) => Outcome::plain(Code::CompareFalse),
                None => Outcome::plain(Code::UndefinedAttributeType),
            },
        }
    }

    fn no_such_object(&self, nearest: crate::dn::Nearest) -> Outcome {
        let matched = self.house.settings.base.nearest(nearest);
        Outcome { matched, ..Outcome::plain(Code::NoSuchObject) }
    }
}

impl<S: Source, G: Gatekeeper> World<Server> for LdapWorld<S, G> {
    async fn answer(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::Enter(credentials) => self.enter(credentials).await,
            Ask::Leave => {
                self.leave();
                Answer::Done
            }
            Ask::Compare(comparison) => Answer::Compared(self.compare(*comparison).await),
            // A search is pulled.
            Ask::Search(_) => Answer::Ended(Box::new(Ended::plain(unavailable()))),
        }
    }

    async fn open(&mut self, ask: Ask) {
        self.running = match ask {
            Ask::Search(question) => {
                self.house.tally.searched();
                Some(self.begin(*question).await)
            }
            Ask::Enter(_) | Ask::Leave | Ask::Compare(_) => None,
        };
    }

    async fn pull(&mut self) -> Option<Answer> {
        let running = self.running.take()?;
        let (answer, running) = self.go_on(running).await;
        self.running = running;
        answer
    }

    async fn push(&mut self, _piece: Bytes) {}

    fn secured(&mut self, peer: &PeerInfo) {
        self.keeper.secured(peer);
    }
}

fn unavailable() -> Outcome {
    Outcome::new(Code::Unavailable, "the directory cannot be read now")
}

fn exhausted() -> Outcome {
    Outcome::new(Code::AdminLimitExceeded, "no more entries today").because(Reason::Quota)
}

/// What the register says of a failure is for the log.
fn failed(error: &register::Error) -> Outcome {
    match error {
        register::Error::StaleToken => {
            Outcome::new(Code::UnwillingToPerform, "the directory has changed; ask from the beginning")
        }
        register::Error::TooWide(_) => Outcome::new(Code::AdminLimitExceeded, "the question is too wide"),
        register::Error::Db(_) | register::Error::Corrupt(_) => {
            tracing::error!(error = error as &dyn std::error::Error, "the directory could not be read");
            unavailable()
        }
    }
}

/// Strangers of one network share a day.
fn network(peer: IpAddr) -> String {
    match peer.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}
