//! One connection to one host: its world gives the machine letters of one domain, one after the other.

use super::counts::Event;
use super::envelope::{Content, Envelope, GiveBack, Lateness, Notify, Occasion, Protection};
use super::lanes::{Idle, Job};
use super::limits;
use super::outcome::{Fault, PeerReports, Plan, Verdict};
use super::sender::Inner;
use bytes::Bytes;
use certs::PeerInfo;
use mailstore::BodyReader;
use names::{CrashPoint, DistinguishedName, Domain, SECOND, Timestamp};
use net::World;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use wire::smtp;
use wire::smtp_client::{
    Answer, Ask, Client, ContentKind, EnvelopeRecipient, Failure, Ours, RecipientOutcome, Settled, TimeLeft,
    Why,
};

/// What is known of a session outside its world, even when that broke.
#[derive(Clone, Default)]
pub(super) struct SessionState(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Whether the peer was ever ready and trusted.
    ready: bool,
    /// Why it came to nothing.
    fault: Option<Fault>,
    /// The letter under way, and since when.
    job: Option<(Arc<Job>, Timestamp)>,
}

impl SessionState {
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn was_ready(&self) -> bool {
        self.with(|state| state.ready)
    }

    pub(super) fn fault(&self) -> Option<Fault> {
        self.with(|state| state.fault.take())
    }

    /// The letter that was under way when the session broke.
    pub(super) fn take_job(&self) -> Option<Arc<Job>> {
        self.with(|state| state.job.take()).map(|(job, _)| job)
    }

    /// How long the present letter has been under way, in ms.
    pub(super) fn letter_time(&self, now: Timestamp) -> i64 {
        self.with(|state| state.job.as_ref().map_or(0, |(_, since)| now.since(*since)))
    }
}

/// What answers the machine of one session.
pub(super) struct SessionWorld {
    inner: Arc<Inner>,
    domain: Domain,
    /// The host's name, for reports and logs.
    host: Domain,
    peer: Option<PeerInfo>,
    state: SessionState,
    content: Option<Pouring>,
    /// The store could not give the letter out, and never will.
    damaged: bool,
}

/// A letter being given out.
struct Pouring {
    head: Option<Bytes>,
    body: BodyReader,
    rest: Range<u64>,
}

impl SessionWorld {
    pub(super) fn new(inner: Arc<Inner>, domain: Domain, host: Domain, state: SessionState) -> Self {
        Self { inner, domain, host, peer: None, state, content: None, damaged: false }
    }

    /// The peer is ready: who is it, and what is there for it?
    async fn ready(&mut self) -> Answer {
        if let Err(fault) = self.check_trust().await {
            self.state.with(|state| state.fault = Some(fault));
            return Answer::Quit;
        }
        self.state.with(|state| state.ready = true);
        self.inner.with_lanes(|lanes| lanes.ready(&self.domain));
        self.inner.reach(CrashPoint::SendAfterConnect);
        match self.inner.take(&self.domain) {
            Some(job) => self.begin(job),
            None => Answer::Done,
        }
    }

    fn begin(&mut self, job: Job) -> Answer {
        let now = self.inner.now();
        let envelope = envelope(&job, now);
        self.damaged = false;
        self.state.with(|state| state.job = Some((Arc::new(job), now)));
        Answer::Transaction(Box::new(envelope))
    }

    /// The next letter, None when there was none for a while. Cancel-safe: a letter is taken last.
    async fn next(&mut self) -> Option<Job> {
        let letters = self.inner.with_lanes(|lanes| lanes.letters(&self.domain));
        let patience = tokio::time::sleep(limits::IDLE);
        tokio::pin!(patience);
        let mut idle = None;
        loop {
            if let Some(job) = self.inner.take(&self.domain) {
                return Some(job);
            }
            idle.get_or_insert_with(|| IdleSession::begin(&self.inner, &self.domain));
            tokio::select! {
                () = letters.notified() => {}
                () = &mut patience => return self.inner.take(&self.domain),
            }
        }
    }

    /// The last link of the chain outbound (DESIGN §2.4): the certificate's name is on the list for this
    /// domain. Nothing was said of any letter yet (RELIABILITY T-11).
    async fn check_trust(&self) -> Result<(), Fault> {
        let distrust = |words: String| {
            self.inner.counters.count(Event::Distrusted);
            tracing::error!(domain = %self.domain, host = %self.host, why = words, "a peer is not who the trust list names: nothing is sent");
            Fault { status: (4, 7, 5), words, said: None, peer: Some(self.host.to_string()) }
        };
        let Some(peer) = &self.peer else {
            return Err(distrust("the peer showed no certificate".to_owned()));
        };
        let name = DistinguishedName::parse(&peer.subject)
            .map_err(|error| distrust(format!("the name in the peer's certificate: {error}")))?;
        let speaks_for = async {
            let mut tx = self.inner.db().read().await?;
            directory::trust::domains_of(&mut tx, &name).await
        };
        match speaks_for.await {
            Ok(domains) if domains.contains(&self.domain) => Ok(()),
            Ok(_) => Err(distrust(format!(
                "the trust list does not let the certificate «{}» speak for this domain",
                peer.subject
            ))),
            Err(error) => {
                tracing::error!(%error, "the trust list cannot be read");
                Err(Fault {
                    status: (4, 3, 0),
                    words: "the trust list cannot be read here".to_owned(),
                    said: None,
                    peer: Some(self.host.to_string()),
                })
            }
        }
    }

    async fn settle(&mut self, settled: Settled) {
        self.content = None;
        self.inner.reach(CrashPoint::SendBeforeMark);
        let Some(job) = self.state.take_job() else { return };
        let mut job = Arc::unwrap_or_clone(job);
        if settled.unheard && job.unheard < limits::UNHEARD {
            job.unheard += 1;
            self.inner.with_lanes(|lanes| lanes.push_front(&self.domain, job));
            return;
        }
        let reports = if settled.dsn { PeerReports::Itself } else { PeerReports::Not };
        let mut outcomes = settled.outcomes;
        self.again(&mut job, &mut outcomes);
        if job.rows.is_empty() {
            return;
        }
        let now = self.inner.now();
        let plan = if self.damaged {
            let mut plan = Plan::default();
            for row in &job.rows {
                plan.aside(row, "the letter is damaged in the store", now);
            }
            plan
        } else {
            let host = self.host.as_str();
            let verdicts: Vec<Verdict> =
                outcomes.iter().map(|outcome| Verdict::of(outcome, reports, host)).collect();
            self.pace(&outcomes, now).await;
            Plan::of(&job, &verdicts, host, self.inner.entropy(), now)
        };
        self.inner.carry_out(&job, plan, now).await;
    }

    /// Recipients that only stood too far down the list go with the next letter, at once.
    fn again(&self, job: &mut Job, outcomes: &mut Vec<RecipientOutcome>) {
        let too_many = |outcome: &RecipientOutcome| match outcome {
            RecipientOutcome::Deferred { why } => why.is_too_many(),
            RecipientOutcome::Accepted { .. }
            | RecipientOutcome::Refused { .. }
            | RecipientOutcome::Unknown { .. } => false,
        };
        // When nobody passed, it is no matter of the list's length.
        if !outcomes.iter().any(too_many) || outcomes.iter().all(too_many) {
            return;
        }
        let rows = std::mem::take(&mut job.rows);
        let (mut now, mut next) = (Vec::new(), Vec::new());
        for (row, outcome) in rows.into_iter().zip(std::mem::take(outcomes)) {
            if too_many(&outcome) {
                next.push(row);
            } else {
                now.push(row);
                outcomes.push(outcome);
            }
        }
        job.rows = now;
        let next = Job { rows: next, ..job.clone() };
        self.inner.with_lanes(|lanes| lanes.push_front(&self.domain, next));
    }

    /// What the outcomes say of the peer: more sessions, fewer, or none for a while.
    async fn pace(&self, outcomes: &[RecipientOutcome], now: Timestamp) {
        let troubled = |outcome: &RecipientOutcome| match outcome {
            RecipientOutcome::Deferred { why: Why::Session(failure) } => *failure != Failure::Stopping,
            RecipientOutcome::Deferred { why: Why::Reply { reply, .. } } => reply.is_farewell(),
            RecipientOutcome::Deferred { why: Why::Ours(Ours::Unreadable) } => false,
            RecipientOutcome::Unknown { .. } => true,
            RecipientOutcome::Accepted { .. }
            | RecipientOutcome::Refused { .. }
            | RecipientOutcome::Deferred { why: Why::Ours(_) } => false,
        };
        if let Some(trouble) = outcomes.iter().find(|outcome| troubled(outcome)) {
            let waiting = self.inner.with_lanes(|lanes| lanes.stumbled(&self.domain, now));
            if let Verdict::Later(fault) | Verdict::Unknown(fault) =
                Verdict::of(trouble, PeerReports::Not, self.host.as_str())
            {
                let fault = fault.for_others();
                self.inner.with_lanes(|lanes| lanes.remember(&self.domain, &fault));
                self.inner.put_off(&self.domain, waiting, fault);
            }
        } else if outcomes.iter().any(|outcome| matches!(outcome, RecipientOutcome::Accepted { .. })) {
            self.inner.with_lanes(|lanes| lanes.succeeded(&self.domain));
            self.inner.look_again();
        }
    }
}

impl World<Client> for SessionWorld {
    async fn answer(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::Ready(_) => self.ready().await,
            Ask::Settled(settled) => {
                self.settle(settled).await;
                Answer::Done
            }
            Ask::Failed(failure) => {
                let fault = Fault {
                    status: failure.status(),
                    words: failure.to_string(),
                    said: failure.reply().map(ToString::to_string),
                    peer: Some(self.host.to_string()),
                };
                self.state.with(|state| state.fault.get_or_insert(fault).status);
                Answer::Done
            }
            // A stream, never a single answer.
            Ask::Content => Answer::Unreadable,
        }
    }

    async fn open(&mut self, ask: Ask) {
        let Ask::Content = ask else { return };
        self.content = self.state.with(|state| {
            let (job, _) = state.job.as_ref()?;
            let size = job.body.size();
            Some(Pouring { head: Some(job.head.clone()), body: job.body.clone(), rest: 0..size })
        });
    }

    async fn pull(&mut self) -> Option<Answer> {
        let pouring = self.content.as_mut()?;
        if let Some(head) = pouring.head.take() {
            return Some(Answer::Chunk(head));
        }
        self.inner.reach(CrashPoint::SendMidLetter);
        match pouring.body.next(&mut pouring.rest).await {
            Ok(None) => {
                self.inner.reach(CrashPoint::SendAfterLetter);
                None
            }
            Ok(Some(piece)) => Some(Answer::Chunk(piece)),
            Err(error) => {
                tracing::error!(%error, domain = %self.domain, "a letter of the queue cannot be read");
                self.damaged = is_damage(&error);
                self.content = None;
                Some(Answer::Unreadable)
            }
        }
    }

    async fn push(&mut self, _: Bytes) {}

    async fn event(&mut self) -> Answer {
        match self.next().await {
            Some(job) => self.begin(job),
            None => Answer::Quit,
        }
    }

    fn secured(&mut self, peer: &PeerInfo) {
        self.peer = Some(peer.clone());
    }
}

/// A session that waits for a letter; counted until dropped.
struct IdleSession(Arc<Inner>, Domain);

impl IdleSession {
    fn begin(inner: &Arc<Inner>, domain: &Domain) -> Self {
        inner.with_lanes(|lanes| lanes.idle(domain, Idle::Begins));
        Self(Arc::clone(inner), domain.clone())
    }
}

impl Drop for IdleSession {
    fn drop(&mut self) {
        self.0.with_lanes(|lanes| lanes.idle(&self.1, Idle::Ends));
    }
}

/// Whether the store will never give this letter out: it is damaged or gone, not only out of reach.
pub(super) fn is_damage(error: &mailstore::Error) -> bool {
    use mailstore::Error;
    matches!(error, Error::Sealed { .. } | Error::Unreadable { .. } | Error::NoBody(_))
}

/// What goes before a letter. All rows of a job share what MAIL says.
fn envelope(job: &Job, now: Timestamp) -> wire::smtp_client::Envelope {
    let first = job.rows.first().and_then(|row| row.envelope.as_ref());
    let recipients = job.rows.iter().filter_map(|row| row.envelope.as_ref());
    wire::smtp_client::Envelope {
        sender: first.and_then(|envelope| envelope.sender.clone()),
        recipients: recipients.map(recipient).collect(),
        size: job.head.len() as u64 + job.body.size(),
        content: match first.map(|envelope| envelope.content) {
            None | Some(Content::SevenBit) => ContentKind::SevenBit,
            Some(Content::EightBit) => ContentKind::EightBit,
            Some(Content::International) => ContentKind::Utf8,
        },
        ret: first.and_then(|envelope| envelope.wishes.give_back).map(|give_back| match give_back {
            GiveBack::Full => smtp::Ret::Full,
            GiveBack::Headers => smtp::Ret::Headers,
        }),
        envelope_id: first.and_then(|envelope| envelope.wishes.envelope_id.clone()),
        require_tls: first.is_some_and(|envelope| envelope.protection == Protection::RequireTls),
        deliver_by: first.and_then(|envelope| envelope.deliver_by).map(|by| TimeLeft {
            seconds: by.at.since(now).div_euclid(SECOND),
            mode: match by.then {
                Lateness::Return => smtp::ByMode::Return,
                Lateness::Notify => smtp::ByMode::Notify,
            },
        }),
    }
}

fn recipient(envelope: &Envelope) -> EnvelopeRecipient {
    let notify = envelope.wishes.notify.as_ref().map(|notify| match notify {
        Notify::Never => smtp::Notify::Never,
        Notify::On(occasions) => smtp::Notify::When(smtp::NotifyWhen {
            success: occasions.contains(&Occasion::Success),
            failure: occasions.contains(&Occasion::Failure),
            delay: occasions.contains(&Occasion::Delay),
        }),
    });
    EnvelopeRecipient {
        address: envelope.recipient.clone(),
        notify,
        original: envelope.wishes.original.clone(),
    }
}
