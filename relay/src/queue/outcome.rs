//! From what a peer answered to what becomes of rows, and what their sender hears.

use super::counts::Event;
use super::envelope::{Envelope, Occasion};
use super::lanes::Job;
use super::limits;
use super::schedule::{self, Jitter, Next, Tell};
use super::settle::{End, Fate, Settled, Story};
use super::store::Leased;
use crate::reports::{self, Action, Cause};
use names::{Entropy, Timestamp};
use wire::smtp_client::{RecipientOutcome, Why};

/// Why a try came to nothing that says nothing about one recipient: no way, no session, no trust.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    /// Enhanced status (RFC 3463).
    pub(super) status: (u8, u8, u16),
    /// For the log, support and the report.
    pub(super) words: String,
    /// The peer's own words, when it spoke.
    pub(super) said: Option<String>,
    /// The host, when one was reached.
    pub(super) peer: Option<String>,
}

/// What a try means for one row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// The peer has the letter.
    Taken { said: String, reports: PeerReports },
    /// Never.
    Refused(Fault),
    /// Not now.
    Later(Fault),
    /// Perhaps: the last answer was lost (RFC 1047).
    Unknown(Fault),
}

/// Who tells the sender that the letter arrived (RFC 3461 §5.2.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum PeerReports {
    /// The peer: it offers DSN and was told what the sender wants.
    Itself,
    /// We do, with `relayed`.
    Not,
}

/// What is to be written and told of some rows.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) rows: Vec<Settled>,
    /// Told to the sender, by occasion: one report each.
    pub(super) tell: Vec<reports::Fate>,
    pub(super) events: Vec<Event>,
}

impl Fault {
    /// The same, as other letters may be told of it: a peer's words may name the recipient of the one it
    /// was said of.
    pub(super) fn for_others(&self) -> Self {
        let (class, subject, detail) = self.status;
        Self {
            status: self.status,
            words: format!("the peer was in trouble with the letter before ({class}.{subject}.{detail})"),
            said: None,
            peer: self.peer.clone(),
        }
    }
}

impl Verdict {
    /// What the machine says of a recipient.
    pub(super) fn of(outcome: &RecipientOutcome, reports: PeerReports, peer: &str) -> Self {
        let fault = |why: &Why, status| Fault {
            status,
            words: why.to_string(),
            said: why.reply().map(ToString::to_string),
            peer: Some(peer.to_owned()),
        };
        let status = outcome.status();
        match outcome {
            RecipientOutcome::Accepted { reply } => Self::Taken { said: reply.to_string(), reports },
            RecipientOutcome::Refused { why } => Self::Refused(fault(why, status)),
            RecipientOutcome::Deferred { why } => Self::Later(fault(why, status)),
            RecipientOutcome::Unknown { why } => Self::Unknown(Fault {
                status,
                words: format!("the last answer was lost: {why}"),
                said: None,
                peer: Some(peer.to_owned()),
            }),
        }
    }
}

impl Plan {
    /// What these verdicts mean, one for each row of the job.
    pub(super) fn of(job: &Job, verdicts: &[Verdict], peer: &str, entropy: &Entropy, now: Timestamp) -> Self {
        let mut plan = Self::default();
        for (row, verdict) in job.rows.iter().zip(verdicts) {
            plan.add(row, verdict, peer, entropy, now);
        }
        plan
    }

    fn add(&mut self, row: &Leased, verdict: &Verdict, peer: &str, entropy: &Entropy, now: Timestamp) {
        match verdict {
            Verdict::Taken { said, reports } => {
                self.events.push(Event::Delivered);
                let story = story(row, (2, 0, 0), said, Some(peer.to_owned()), now);
                self.rows.push(settled(row, Fate::Over { end: End::Delivered, story }));
                if *reports == PeerReports::Not {
                    let fault = Fault {
                        status: (2, 0, 0),
                        words: said.clone(),
                        said: Some(said.clone()),
                        peer: Some(peer.to_owned()),
                    };
                    self.tell(row, Occasion::Success, Action::Relayed, &fault, None);
                }
            }
            Verdict::Refused(fault) => self.give_up(row, End::Failed, fault, now),
            Verdict::Later(fault) => {
                self.events.push(Event::Deferred);
                self.later(row, fault, entropy, now);
            }
            Verdict::Unknown(fault) => {
                self.events.push(Event::Unknown);
                self.later(row, fault, entropy, now);
            }
        }
    }

    fn later(&mut self, row: &Leased, fault: &Fault, entropy: &Entropy, now: Timestamp) {
        match schedule::after_failure(row, Jitter::draw(entropy), now) {
            Next::GiveUp => self.expire(row, fault, now),
            Next::Again { at, tell } => {
                let told_late = match tell {
                    Tell::Late => {
                        let until = Some(schedule::deadline(row));
                        self.tell(row, Occasion::Delay, Action::Delayed, fault, until);
                        Some(now)
                    }
                    Tell::Nothing => None,
                };
                let story = story(row, fault.status, &fault.words, fault.peer.clone(), now);
                self.rows.push(settled(row, Fate::Later { at, told_late, story }));
            }
        }
    }

    /// Gives a row up whose time is over. RFC 3463 §3.5: 4.4.7, delivery time expired; with class 5 when
    /// the sender set the hour (RFC 2852 §4.2).
    pub(super) fn expire(&mut self, row: &Leased, fault: &Fault, now: Timestamp) {
        let class = if schedule::deadline(row) < row.expires_at { 5 } else { 4 };
        let fault = Fault { status: (class, 4, 7), ..fault.clone() };
        self.give_up(row, End::Expired, &fault, now);
    }

    /// Gives a row up.
    pub(super) fn give_up(&mut self, row: &Leased, end: End, fault: &Fault, now: Timestamp) {
        self.events.push(match end {
            End::Expired => Event::Expired,
            End::Delivered | End::Failed | End::Dropped => Event::Failed,
        });
        let story = story(row, fault.status, &fault.words, fault.peer.clone(), now);
        self.rows.push(settled(row, Fate::Over { end, story }));
        self.tell(row, Occasion::Failure, Action::Failed, fault, None);
    }

    /// Puts a row aside: nobody is told but the operator.
    pub(super) fn aside(&mut self, row: &Leased, words: &str, now: Timestamp) {
        self.events.push(Event::Quarantined);
        let story = story(row, (4, 3, 0), words, None, now);
        self.rows.push(settled(row, Fate::Aside { story }));
    }

    /// Gives a row back untouched.
    pub(super) fn back(&mut self, row: &Leased) {
        self.rows.push(settled(row, Fate::Back));
    }

    /// Gives a row back whose letter is out of reach for now: no try is told, the wait grows all the same.
    pub(super) fn back_later(&mut self, row: &Leased, now: Timestamp) {
        let story = story(row, (4, 3, 0), "the letter is out of reach in the store", None, now);
        let at = now.plus(limits::SHUT);
        self.rows.push(settled(row, Fate::Later { at, told_late: None, story }));
    }

    /// What was to be given up waits, because nobody can be told of it now.
    pub(super) fn keep_untold(&mut self, now: Timestamp) {
        for row in &mut self.rows {
            if let Fate::Over { end: End::Failed | End::Expired | End::Dropped, story } = &row.fate {
                let (at, story) = (now.plus(limits::SHUT), story.clone());
                row.fate = Fate::Later { at, told_late: None, story };
            } else if let Fate::Later { told_late, .. } = &mut row.fate {
                *told_late = None;
            }
        }
        self.tell.clear();
        self.events.retain(|event| !matches!(event, Event::Failed | Event::Expired));
    }

    /// Gives a row back over which a session broke.
    pub(super) fn suspect(&mut self, row: &Leased) {
        self.rows.push(settled(row, Fate::Suspect));
    }

    fn tell(
        &mut self,
        row: &Leased,
        occasion: Occasion,
        action: Action,
        fault: &Fault,
        retry_until: Option<Timestamp>,
    ) {
        let Some(Envelope { sender: Some(_), recipient, wishes, .. }) = &row.envelope else { return };
        if wishes.wants(occasion) {
            self.tell.push(reports::Fate {
                recipient: recipient.clone(),
                original: wishes.original.clone(),
                action,
                status: fault.status,
                cause: fault.said.clone().map_or(Cause::Status, Cause::Said),
                remote: fault.peer.clone(),
                retry_until,
            });
        }
    }
}

fn settled(row: &Leased, fate: Fate) -> Settled {
    Settled {
        id: row.id,
        queue: row.queue,
        body: row.body,
        domain: row.domain.clone(),
        attempts: row.attempts.saturating_add(1),
        fate,
    }
}

fn story(row: &Leased, status: (u8, u8, u16), words: &str, peer: Option<String>, now: Timestamp) -> Story {
    let recipient = row.envelope.as_ref().map(|envelope| envelope.recipient.clone());
    Story::new(recipient, status, words, peer, now)
}
