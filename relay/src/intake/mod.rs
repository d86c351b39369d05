//! The way of every letter: load a snapshot, let the rules decide, write everything in one unit.
//!
//! Doors bring a [`Draft`]: the submission door, the patients' pages, the MX door. A recipient who lives
//! with another operator gets a row of the queue in the same unit, a report the conversation of the
//! letter it speaks of. What
//! costs cryptography or a disk is prepared before the unit ([`prepare`]); the unit loads the
//! snapshot, calls [`policy::decide`] for each recipient, and writes letters, contacts, documents,
//! notices, audit lines and the idempotency key together ([`unit`]). Only when that is on disk does
//! anybody hear `250` or `201`.

mod archives;
mod heads;
mod limits;
mod making;
mod outbound;
mod prepare;
#[cfg(test)]
mod remote_tests;
mod reporting;
mod snapshot;
#[cfg(test)]
mod tests;
mod unit;
#[cfg(test)]
mod xdm_tests;

pub(crate) use heads::{TRACE, show_return_path};
pub(crate) use making::seal;

use crate::Error;
use crate::letter::{Incoming, Letter};
use crate::queue::Queue;
use crate::sending::PatientHashes;
use crate::tally::{RelayCounts, Tally};
use directory::{Directory, Login, MaySendAs, Resolved};
use mailstore::{Committer, Hidden, Mailstore};
use names::{
    AccountId, Address, Clock, ConversationId, DistinguishedName, Domain, Entropy, PatientId, QueueId,
    Timestamp,
};
use policy::{Act, Actor, Decision, Mandate, Purpose, Refusal, Request, Settings};
use snapshot::Contacts;
use std::sync::Arc;
use tokio::sync::{Notify, Semaphore};
use wire::mime::Head;
use wire::smtp::{MailParameters, Origin, RcptParameters, Trace};

/// Mail in and rules applied. Cheap to clone.
#[derive(Clone)]
pub struct Relay(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) mailstore: Mailstore,
    pub(crate) directory: Directory,
    pub(crate) settings: Arc<Settings>,
    pub(crate) hostname: Domain,
    pub(crate) clock: Clock,
    pub(crate) entropy: Entropy,
    pub(crate) committer: Committer<unit::Commit>,
    /// How our own trace field names this house: nobody else can tell it or make it.
    trace_token: String,
    /// Permits of one kibibyte.
    pub(crate) waiting: Semaphore,
    /// Room for XDM archives being read.
    pub(crate) archives: Arc<Semaphore>,
    pub(crate) queue: Queue,
    pub(crate) patients: PatientHashes,
    pub(crate) tally: Tally,
}

/// What a relay is made of.
pub struct Parts {
    /// What we keep.
    pub mailstore: Mailstore,
    /// Who is who.
    pub directory: Directory,
    /// The operator's choices.
    pub settings: Settings,
    /// Our name in Received and Message-ID.
    pub hostname: Domain,
    /// Time.
    pub clock: Clock,
    /// Chance.
    pub entropy: Entropy,
    /// Told after each commit that wrote a notice: the worker of notices waits on it.
    pub alerts: Arc<Notify>,
    /// Letters for other operators.
    pub queue: Queue,
    /// Finds a patient among those written to.
    pub patients: PatientHashes,
}

/// Who brings a letter.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    /// A professional's mail program.
    Submission {
        /// Who signed in.
        login: &'a Login,
        /// The address they write as.
        sender: &'a MaySendAs,
    },
    /// A patient, or somebody who acts for them, on the web.
    Web {
        /// The account that writes.
        account: AccountId,
        /// Its address.
        address: &'a Address,
        /// The profile that writes.
        patient: PatientId,
        /// Who signed in; the same as `patient` when they act for themselves.
        actor: PatientId,
        /// What they lean on when they act for somebody else.
        mandate: Option<&'a Mandate>,
    },
    /// Another operator, known by its certificate.
    Peer {
        /// Which.
        peer: &'a Peer,
        /// Who writes: the envelope sender at RCPT, the letter's author once it is known. None is the
        /// null sender: a report.
        sender: Option<&'a Address>,
        /// Where reports on this letter go: the envelope sender.
        return_path: Option<&'a Address>,
    },
}

/// Another operator, as its certificate and the trust list say (DESIGN §2.4).
#[derive(Clone, Debug)]
pub struct Peer {
    /// The distinguished name of its certificate.
    pub name: DistinguishedName,
    /// The domains the list gives to this name.
    pub domains: Vec<Domain>,
}

/// A letter to be judged and kept.
pub struct Draft {
    /// Its passage through the house.
    pub queue: QueueId,
    /// Envelope recipients, each once.
    pub recipients: Vec<Address>,
    /// The addresses of Reply-To.
    pub reply_to: Vec<Address>,
    /// Its octets.
    pub letter: Letter,
    /// The letter it answers, when a patient answers one.
    pub answering: Option<Answering>,
    /// What its sender asked of the passage itself.
    pub wishes: Wishes,
}

/// What a sender asks of the passage, not of the letter: MAIL's parameters (DSN, REQUIRETLS, DELIVERBY,
/// FUTURERELEASE) and RCPT's, by recipient.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// For the whole letter.
    pub mail: MailParameters,
    /// For each recipient that asked for something.
    pub recipients: Vec<(Address, RcptParameters)>,
}

/// The letter a patient answers.
#[derive(Clone, Debug)]
pub struct Answering {
    /// What the rules ask about it.
    pub letter: policy::Answered,
    /// The conversation it stands in.
    pub conversation: Option<ConversationId>,
    /// From whom it is hidden: the sender's copy of the answer is hidden from them too, because it
    /// tells what the letter told (DESIGN §2.5, Secrecy).
    pub hidden: Hidden,
}

/// What became of a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// On disk and in every mailbox. A resubmission gets the number of the first time.
    Accepted {
        /// The number.
        queue: QueueId,
    },
    /// Nobody got it.
    Refused {
        /// Why.
        refusal: Refusal,
        /// The number under which `pli admin why` finds the reason.
        queue: QueueId,
    },
}

/// What is known of a recipient before the letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A letter may pass; the final word comes with the letter.
    Pass,
    /// No letter would, and the number under which `pli admin why` finds the reason (0: a preview).
    Refused(Refusal, QueueId),
}

impl Source<'_> {
    /// The address that writes; none for the null sender.
    pub(crate) fn address(&self) -> Option<&Address> {
        match self {
            Self::Submission { sender, .. } => Some(&sender.address),
            Self::Web { address, .. } => Some(address),
            Self::Peer { sender, .. } => *sender,
        }
    }

    /// Where reports on the letter go; nobody hears of the null sender's letters (RFC 5321 §6.1).
    pub(crate) fn return_path(&self) -> Option<&Address> {
        match self {
            Self::Submission { .. } | Self::Web { .. } => self.address(),
            Self::Peer { return_path, .. } => *return_path,
        }
    }

    /// The mailbox of ours that follows its letters to patients (DESIGN §4): it said so.
    pub(crate) fn follower(&self) -> Option<AccountId> {
        match self {
            Self::Submission { sender, .. } => sender.followed.then_some(sender.account),
            Self::Web { .. } | Self::Peer { .. } => None,
        }
    }

    /// The account that writes, when it is one of ours.
    pub(crate) fn account(&self) -> Option<AccountId> {
        match self {
            Self::Submission { sender, .. } => Some(sender.account),
            Self::Web { account, .. } => Some(*account),
            Self::Peer { .. } => None,
        }
    }

    /// The actor as the rules see them.
    pub(crate) fn actor(&self) -> Actor {
        match self {
            Self::Submission { .. } => Actor::Own,
            Self::Web { patient, actor, .. } if patient == actor => Actor::Own,
            Self::Web { patient, actor, .. } => Actor::ForPatient { actor: *actor, patient: *patient },
            Self::Peer { .. } => Actor::Peer,
        }
    }

    /// The actor as the trail names them, and for whom. The trail of a patient does not say which
    /// operator brought a letter: the letter's sealed trace does.
    pub(crate) fn audited(&self) -> (audit::Actor, Option<audit::Actor>) {
        match self {
            Self::Submission { login, sender } => {
                let account = audit::Actor::Account(sender.account);
                let actor = login.person.map_or(account, audit::Actor::Person);
                (actor, (actor != account).then_some(account))
            }
            Self::Web { patient, actor, .. } => {
                let for_whom = (patient != actor).then_some(audit::Actor::Patient(*patient));
                (audit::Actor::Patient(*actor), for_whom)
            }
            Self::Peer { .. } => (audit::Actor::System, None),
        }
    }

    pub(crate) fn mandate(&self) -> Option<&Mandate> {
        match self {
            Self::Submission { .. } | Self::Peer { .. } => None,
            Self::Web { mandate, .. } => *mandate,
        }
    }

    /// The door, as traces name it.
    pub(crate) fn door(&self) -> &'static str {
        match self {
            Self::Submission { .. } => "submission",
            Self::Web { .. } => "web",
            Self::Peer { .. } => "mx",
        }
    }

    /// What happens when a rule refuses one recipient of several once the letter is known.
    pub(crate) fn sharing(&self) -> Sharing {
        match self {
            // A mail program shows its user one reply (ADR 0009).
            Self::Submission { .. } | Self::Web { .. } => Sharing::AllOrNobody,
            // Another operator's server hears of the others by a report (ADR 0017).
            Self::Peer { .. } => Sharing::EachAlone,
        }
    }

    /// How long the same letter handed in again gets the first answer (DESIGN §6), in ms.
    pub(crate) fn memory(&self) -> i64 {
        match self {
            Self::Submission { .. } | Self::Web { .. } => limits::RESUBMISSION,
            Self::Peer { .. } => limits::PEER_RESUBMISSION,
        }
    }

    /// Who hands the letter in, for telling a resubmission.
    pub(crate) fn hands_in(&self) -> String {
        match self {
            Self::Submission { .. } | Self::Web { .. } => self.audited().0.to_string(),
            Self::Peer { peer, .. } => peer.name.key().to_owned(),
        }
    }
}

/// What happens when a rule refuses one recipient of several.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sharing {
    /// Nobody gets the letter.
    AllOrNobody,
    /// The others do.
    EachAlone,
}

impl Relay {
    /// Puts a relay together; its committer runs until the last clone is gone.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let settings = Arc::new(parts.settings);
        let commit = unit::Commit {
            mailstore: parts.mailstore.clone(),
            directory: parts.directory.clone(),
            settings: Arc::clone(&settings),
            queue: parts.queue.clone(),
            alerts: Arc::clone(&parts.alerts),
        };
        let (committer, work) = Committer::new(parts.mailstore.db().clone(), commit);
        tokio::spawn(work);
        Self(Arc::new(Inner {
            committer,
            trace_token: parts.mailstore.token(b"letters that were here"),
            waiting: Semaphore::new(limits::WAITING_KIB as usize),
            mailstore: parts.mailstore,
            directory: parts.directory,
            settings,
            hostname: parts.hostname,
            clock: parts.clock,
            entropy: parts.entropy,
            archives: Arc::new(Semaphore::new(archives::OPEN_AT_ONCE)),
            queue: parts.queue,
            patients: parts.patients,
            tally: Tally::default(),
        }))
    }

    /// What we keep.
    #[must_use]
    pub fn mailstore(&self) -> &Mailstore {
        &self.0.mailstore
    }

    /// Who is who.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.0.directory
    }

    /// Letters for other operators.
    #[must_use]
    pub fn queue(&self) -> &Queue {
        &self.0.queue
    }

    /// The operator's choices.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Where the salts of lines come from.
    pub(crate) fn entropy(&self) -> &Entropy {
        &self.0.entropy
    }

    /// What was counted since the start, for metrics.
    #[must_use]
    pub fn counts(&self) -> RelayCounts {
        self.0.tally.look()
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    /// A number for a passage that begins now.
    #[must_use]
    pub fn queue_id(&self, now: Timestamp) -> QueueId {
        QueueId(self.0.mailstore.db().id(now))
    }

    /// Whether there is room for another letter.
    pub fn check_room(&self) -> Result<(), Error> {
        let what = "looking for room";
        self.0.mailstore.check_room().map_err(|cause| Error::Store { what, cause })
    }

    /// Begins to take a letter in.
    #[must_use]
    pub fn begin_letter(&self, now: Timestamp) -> Incoming {
        Incoming::begin(&self.0.mailstore, now)
    }

    /// Completes the head of a letter of ours: adds what RFC 6409 §8 wants added, and what every letter gets
    /// on its way in.
    pub fn complete_head(
        &self,
        head: &mut Head,
        trace: &Trace,
        origin: Origin,
        queue: QueueId,
        now: Timestamp,
    ) {
        if head.field("Date").is_none() {
            head.append("Date", &now.rfc5322());
        }
        if head.field("Message-ID").is_none() {
            head.append("Message-ID", &format!("<{}>", self.message_id(queue)));
        }
        self.receive_head(head, trace, origin, queue, now);
    }

    /// Takes Bcc out, and puts on top what tells the letter's way: Received (RFC 5321 §4.4) and our own
    /// trace field. A return path that came along is nobody's word: final delivery writes its own.
    pub(crate) fn receive_head(
        &self,
        head: &mut Head,
        trace: &Trace,
        origin: Origin,
        queue: QueueId,
        now: Timestamp,
    ) {
        head.remove("Bcc");
        head.remove("Resent-Bcc");
        head.remove("Return-Path");
        crate::patient_fields::drop_claims(head);
        let received = wire::smtp::received(trace, origin, &self.0.hostname, queue, now);
        let own = format!("{}: {} {queue}\r\n", heads::TRACE, self.0.trace_token);
        heads::put_on_top(head, &format!("{received}{own}"));
    }

    /// Puts our own trace field on a letter that is composed here: it has no way behind it yet.
    pub(crate) fn trace_composed(&self, head: &mut Head, queue: QueueId) {
        heads::put_on_top(head, &format!("{}: {} {queue}\r\n", heads::TRACE, self.0.trace_token));
    }

    /// How often a letter has been in this house before (RELIABILITY S-09).
    pub(crate) fn own_traces(&self, head: &Head) -> usize {
        let token = &self.0.trace_token;
        let own = |field: &wire::mime::Field<'_>| {
            field.unfolded().split_ascii_whitespace().next().is_some_and(|word| word == token)
        };
        head.fields_named(heads::TRACE).filter(own).count()
    }

    /// A Message-ID of ours, without brackets.
    #[must_use]
    pub fn message_id(&self, queue: QueueId) -> String {
        let chance: String = self.0.entropy.bytes::<8>().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{queue}.{chance}@{}", self.0.hostname)
    }

    /// RCPT: may any letter of `source` reach this address? A refusal is traced under a number of its
    /// own, so that support can say why.
    pub async fn may_receive(
        &self,
        source: &Source<'_>,
        recipient: &Address,
        now: Timestamp,
    ) -> Result<Verdict, Error> {
        let Some(refusal) = self.judge_early(source, recipient, None, now).await?.refusal() else {
            return Ok(Verdict::Pass);
        };
        let queue = self.queue_id(now);
        let refused = [(recipient.clone(), refusal)];
        match source {
            Source::Submission { .. } | Source::Web { .. } => {
                self.trace_refusal(source, queue, &refused, now).await?;
            }
            // Written beside the session: how long a commit takes would tell which addresses exist
            // (RELIABILITY S-10).
            Source::Peer { .. } => {
                let (relay, written) = (self.clone(), self.refusal(source, queue, &refused, now));
                tokio::spawn(async move {
                    if let Err(error) = relay.write_refusal(written).await {
                        tracing::warn!(error = error.chain(), %queue, "a refusal could not be traced");
                    }
                });
            }
        }
        Ok(Verdict::Refused(refusal, queue))
    }

    /// The same question without a trace, for greying out what cannot be done.
    pub async fn preview(
        &self,
        source: &Source<'_>,
        recipient: &Address,
        now: Timestamp,
    ) -> Result<Verdict, Error> {
        let refusal = self.judge_early(source, recipient, None, now).await?.refusal();
        Ok(refusal.map_or(Verdict::Pass, |refusal| Verdict::Refused(refusal, QueueId(0))))
    }

    /// Whether a letter of `source` that answers `answered` may reach `recipient`.
    pub(crate) async fn preview_answer(
        &self,
        source: &Source<'_>,
        recipient: &Address,
        answered: &policy::Answered,
        now: Timestamp,
    ) -> Result<Option<Refusal>, Error> {
        Ok(self.judge_early(source, recipient, Some(answered), now).await?.refusal())
    }

    async fn judge_early(
        &self,
        source: &Source<'_>,
        recipient: &Address,
        answered: Option<&policy::Answered>,
        now: Timestamp,
    ) -> Result<Decision, Error> {
        let mut addresses = vec![recipient.clone()];
        addresses.extend(source.address().cloned());
        addresses.extend(answered.map(|answered| answered.from.clone()));
        let what = "looking a recipient up";
        let resolved = self.0.directory.resolve(&addresses, now).await;
        let resolved = resolved.map_err(|cause| Error::Directory { what, cause })?;
        // No letter of another operator passes through to a third (RELIABILITY S-06).
        if let (Source::Peer { .. }, Some(Resolved::Remote { .. })) = (source, resolved.first()) {
            return Ok(Decision::Refuse(Refusal::RecipientOutsideTrust));
        }
        let known = snapshot::Known::gather(&addresses, &resolved);
        let wanted = snapshot::Wanted { sender: source.address(), recipient, reply_to: &[], answered };
        let mut contacts = Contacts::default();
        if snapshot::involves_patients(&known, &[wanted]) {
            let read = self.0.mailstore.db().read().await;
            let mut tx = read.map_err(|cause| Error::Database { what, cause })?;
            let (mailstore, directory) = (&self.0.mailstore, &self.0.directory);
            contacts = snapshot::load(mailstore, directory, &mut tx, &known, &[wanted], false).await?;
        }
        let snapshot = contacts.snapshot(&known, &wanted, source.mandate(), &self.0.settings);
        let request = Request { actor: source.actor(), purpose: Purpose::Mail, act: Act::Recipient };
        Ok(policy::decide(&snapshot, &request, now))
    }
}
