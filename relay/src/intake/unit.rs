//! The one unit of work of a batch of letters: decide again, then write everything.

use super::limits;
use super::snapshot::{self, Contacts, Known, Wanted};
use crate::alerts::store::{self, DueAlert};
use crate::queue::{NewOutbound, Queue};
use crate::sending::{self, Note};
use crate::visible::indicators::{self, Counted};
use crate::visible::store::{self as visible, Owed};
use crate::{Error, parties};
use audit::Entry;
use db::Tx;
use directory::Directory;
use mailstore::{Delivery, Hold, Mailstore, Passage, Taken, Trace, Work};
use names::{AccountId, Address, ConversationId, CrashPoint, QueueId, Timestamp};
use policy::{Act, Actor, Answered, Decision, Letter, Mandate, Purpose, Request, Settings};
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::Notify;

/// What the committer does with a batch of letters.
pub(crate) struct Commit {
    pub(crate) mailstore: Mailstore,
    pub(crate) directory: Directory,
    pub(crate) settings: Arc<Settings>,
    pub(crate) queue: Queue,
    pub(crate) alerts: Arc<Notify>,
}

/// A letter prepared for what was decided before the unit.
pub(crate) struct Prepared {
    pub(crate) queue: QueueId,
    /// What letter it is, and for whom.
    pub(crate) passage: Passage,
    pub(crate) sender: Option<Address>,
    pub(crate) actor: Actor,
    pub(crate) mandate: Option<Mandate>,
    pub(crate) recipients: Vec<PreparedRecipient>,
    pub(crate) reply_to: Vec<Address>,
    pub(crate) answered: Option<Answered>,
    /// Places in mailboxes: every recipient's, and the sender's own copy.
    pub(crate) deliveries: Vec<Delivery>,
    /// What the queue keeps of the letter, and its rows: one for each recipient elsewhere.
    pub(crate) holds: Vec<Hold>,
    pub(crate) outbound: Vec<NewOutbound>,
    pub(crate) alerts: Vec<DueAlert>,
    pub(crate) owed: Vec<Owed>,
    /// None for a report.
    pub(crate) counted: Option<Counted>,
    pub(crate) audit: Vec<Entry>,
    /// The letter's own, and those of reports that leave with it.
    pub(crate) traces: Vec<Trace>,
    /// What is counted of a letter that a mail program sent.
    pub(crate) note: Option<Note>,
    pub(crate) now: Timestamp,
}

/// One recipient, the facts the rules are given, and what they said before the unit.
pub(crate) struct PreparedRecipient {
    pub(crate) address: Address,
    /// The same as the envelope gave it: an alias, perhaps.
    pub(crate) given: Address,
    pub(crate) facts: Arc<Letter>,
    pub(crate) decision: Decision,
    /// The conversation of the letter it reports on, when a patient of ours sent it.
    pub(crate) conversation: Option<ConversationId>,
}

/// What became of a prepared letter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Committed {
    /// Written.
    Kept,
    /// An identical letter was taken before, under this number.
    Repeat(QueueId),
    /// Something changed since it was prepared, or some of its recipients have it already: prepare it
    /// anew, for the others.
    Changed,
}

impl Prepared {
    /// Every address whose standing matters.
    pub(crate) fn addresses(&self) -> Vec<Address> {
        let mut addresses: Vec<Address> = self.sender.iter().cloned().collect();
        addresses.extend(self.recipients.iter().map(|recipient| recipient.address.clone()));
        addresses.extend(self.reply_to.iter().cloned());
        addresses.extend(self.answered.iter().map(|answered| answered.from.clone()));
        addresses.sort();
        addresses.dedup();
        addresses
    }

    pub(crate) fn wanted<'a>(&'a self, recipient: &'a Address) -> Wanted<'a> {
        Wanted {
            sender: self.sender.as_ref(),
            recipient,
            reply_to: &self.reply_to,
            answered: self.answered.as_ref(),
        }
    }

    fn ends_exchange(&self) -> bool {
        self.recipients.iter().any(|recipient| recipient.facts.ends_exchange())
    }

    /// What the rules say of one recipient now.
    pub(crate) fn judge(
        &self,
        recipient: &Address,
        facts: &Arc<Letter>,
        known: &Known,
        contacts: &Contacts,
        settings: &Arc<Settings>,
    ) -> Decision {
        let snapshot = contacts.snapshot(known, &self.wanted(recipient), self.mandate.as_ref(), settings);
        let act = Act::Letter(Arc::clone(facts));
        policy::decide(&snapshot, &Request { actor: self.actor, purpose: Purpose::Mail, act }, self.now)
    }
}

impl Work for Commit {
    const NAME: &'static str = "deliver letters";
    type Job = Prepared;
    type Answer = Committed;
    type Error = Error;

    fn entries(job: &Prepared) -> usize {
        let letter = job.deliveries.first().map(|delivery| &delivery.letter);
        let letter = letter.or_else(|| job.holds.first().map(|hold| &hold.letter));
        let body = letter.map_or(0, |letter| letter.body.size() / limits::AN_ENTRY);
        job.deliveries.len() + job.outbound.len() + body as usize
    }

    async fn before(&self, jobs: &[Arc<Prepared>]) -> Result<(), Error> {
        let delivered = jobs.iter().flat_map(|job| &job.deliveries).map(|delivery| &*delivery.letter.body);
        let held = jobs.iter().flat_map(|job| &job.holds).map(|hold| &*hold.letter.body);
        let safe = self.mailstore.secure(delivered.chain(held)).await;
        safe.map_err(|cause| Error::Store { what: "having bodies on disk", cause })
    }

    async fn run(&self, tx: &mut Tx, jobs: &[Arc<Prepared>]) -> Result<Vec<Committed>, Error> {
        let now = jobs.iter().map(|job| job.now).max().unwrap_or_default();
        let (known, mut contacts) = self.load(tx, jobs, now).await?;
        // Keys first: what a repeated letter once did to a contact must not count for those after it.
        let taken = self.take_keys(tx, jobs, now).await?;
        let mut answers = Vec::with_capacity(jobs.len());
        let (mut rows, mut kept, mut changed) = (Vec::new(), Vec::new(), HashSet::new());
        let (mut joined, mut given_back) = (Vec::new(), Vec::new());
        for (job, taken) in jobs.iter().zip(taken) {
            let more = match taken {
                // The first one is prepared anew and may yet be refused: so must its repeat.
                Taken::Again(first) if changed.contains(&first) => {
                    answers.push(Committed::Changed);
                    continue;
                }
                Taken::Again(first) => {
                    answers.push(Committed::Repeat(first));
                    continue;
                }
                Taken::Partly => {
                    answers.push(Committed::Changed);
                    continue;
                }
                Taken::Now => None,
                Taken::More(all) => Some(all),
            };
            let key = job.passage.key;
            answers.push(match (self.decide(job, &known, &mut contacts), more) {
                (Some(written), more) => {
                    rows.extend(written);
                    kept.push(&**job);
                    joined.extend(more.map(|all| (key, all, job.passage.expires_at)));
                    Committed::Kept
                }
                (None, more) => {
                    changed.insert(job.queue);
                    given_back.extend(more.is_none().then_some(key));
                    Committed::Changed
                }
            });
        }
        let keys = async {
            self.mailstore.join(tx, &joined).await?;
            self.mailstore.unaccept(tx, &given_back).await
        };
        keys.await.map_err(|cause| Error::Store { what: "noting accepted letters", cause })?;
        self.write(tx, &kept, &rows, now).await?;
        Ok(answers)
    }
}

impl Commit {
    async fn load(
        &self,
        tx: &mut Tx,
        jobs: &[Arc<Prepared>],
        now: Timestamp,
    ) -> Result<(Known, Contacts), Error> {
        let mut addresses: Vec<Address> = jobs.iter().flat_map(|job| job.addresses()).collect();
        addresses.sort();
        addresses.dedup();
        let resolved = self.directory.resolve_in(tx, &addresses, now).await;
        let resolved = resolved.map_err(|cause| Error::Directory { what: "looking parties up", cause })?;
        let known = Known::gather(&addresses, &resolved);
        let wanted: Vec<Wanted<'_>> = jobs
            .iter()
            .flat_map(|job| job.recipients.iter().map(|recipient| job.wanted(&recipient.address)))
            .collect();
        let ends = jobs.iter().any(|job| job.ends_exchange());
        let mut contacts =
            snapshot::load(&self.mailstore, &self.directory, tx, &known, &wanted, ends).await?;
        if snapshot::involves_patients(&known, &wanted) {
            let remote: Vec<Address> = addresses
                .iter()
                .filter(|address| parties::address(&known.party(address)).is_some())
                .cloned()
                .collect();
            contacts.ensure(&self.mailstore, tx, &remote, now).await?;
        }
        Ok((known, contacts))
    }

    /// The contact rows this letter writes, if the rules still say what it was prepared for. One that
    /// is prepared anew leaves no mark on the contacts of those after it.
    fn decide(
        &self,
        job: &Prepared,
        known: &Known,
        contacts: &mut Contacts,
    ) -> Option<Vec<mailstore::Contact>> {
        let stands = |recipient: &PreparedRecipient| {
            let (address, facts) = (&recipient.address, &recipient.facts);
            job.judge(address, facts, known, contacts, &self.settings) == recipient.decision
        };
        if !job.recipients.iter().all(stands) {
            return None;
        }
        let mut rows = Vec::new();
        for recipient in &job.recipients {
            if let Decision::Deliver(delivery) = &recipient.decision {
                rows.extend(contacts.apply(&recipient.address, &delivery.contacts));
            }
        }
        Some(rows)
    }

    async fn take_keys(
        &self,
        tx: &mut Tx,
        jobs: &[Arc<Prepared>],
        now: Timestamp,
    ) -> Result<Vec<Taken>, Error> {
        let passages: Vec<_> = jobs.iter().map(|job| job.passage.clone()).collect();
        let taken = self.mailstore.accept(tx, &passages, now).await;
        taken.map_err(|cause| Error::Store { what: "noting accepted letters", cause })
    }

    async fn write(
        &self,
        tx: &mut Tx,
        kept: &[&Prepared],
        contacts: &[mailstore::Contact],
        now: Timestamp,
    ) -> Result<(), Error> {
        let store = |what| move |cause| Error::Store { what, cause };
        self.mailstore.write_contacts(tx, contacts, now).await.map_err(store("writing contacts"))?;
        let notes: Vec<&Note> = kept.iter().filter_map(|job| job.note.as_ref()).collect();
        let counting = |cause| Error::Database { what: "counting what was sent", cause };
        sending::note_in(tx, &notes, now).await.map_err(counting)?;
        let deliveries: Vec<&Delivery> = kept.iter().flat_map(|job| &job.deliveries).collect();
        self.mailstore.deliver(tx, &deliveries).await.map_err(store("delivering"))?;
        let holds: Vec<Hold> = kept.iter().flat_map(|job| job.holds.iter().cloned()).collect();
        self.mailstore.hold(tx, &holds).await.map_err(store("keeping letters for the queue"))?;
        let outbound: Vec<NewOutbound> = kept.iter().flat_map(|job| job.outbound.iter().cloned()).collect();
        let queueing = |cause| Error::Database { what: "queueing letters", cause };
        self.queue.enqueue(tx, &outbound, now).await.map_err(queueing)?;
        let traces: Vec<Trace> = kept.iter().flat_map(|job| job.traces.iter().cloned()).collect();
        self.mailstore.write_traces(tx, &traces).await.map_err(store("tracing"))?;
        let owed: Vec<Owed> = kept.iter().flat_map(|job| job.owed.iter().copied()).collect();
        let owing = |cause| Error::Database { what: "noting what is owed", cause };
        visible::owe(tx, &owed).await.map_err(owing)?;
        let counted: Vec<&Counted> = kept.iter().filter_map(|job| job.counted.as_ref()).collect();
        let counting = |cause| Error::Database { what: "counting letters", cause };
        indicators::count(tx, &counted).await.map_err(counting)?;
        let alerts: Vec<DueAlert> = kept.iter().flat_map(|job| job.alerts.iter().copied()).collect();
        let writing = |cause| Error::Database { what: "writing notices", cause };
        if store::due(tx, &alerts, now).await.map_err(writing)?.is_some() {
            tx.tell_others(store::WAKE);
            let woken = Arc::clone(&self.alerts);
            tx.after_commit(move || woken.notify_one());
        }
        // Chain heads are locked last, in their order (DESIGN §2.2).
        let lines: Vec<&Entry> = kept.iter().flat_map(|job| &job.audit).collect();
        let auditing = |cause| Error::Database { what: "writing the trail", cause };
        audit::append(tx, &lines).await.map_err(auditing)?;
        self.queue.reach(CrashPoint::ReceiveBeforeCommit);
        Ok(())
    }
}

/// The patient and account behind a party of ours, for lines and notices.
pub(crate) fn patient_account(party: &policy::Party) -> Option<AccountId> {
    match party {
        policy::Party::Patient(policy::Patient { home: policy::PatientHome::Local(account, _), .. }) => {
            Some(*account)
        }
        policy::Party::Patient(_)
        | policy::Party::Professional(_)
        | policy::Party::UnknownPatient
        | policy::Party::InvalidPatientAddress
        | policy::Party::UnknownMailbox
        | policy::Party::OutsideTrust
        | policy::Party::Nobody => None,
    }
}

/// An account of ours behind a party, whoever it is.
pub(crate) fn local_account(party: &policy::Party) -> Option<AccountId> {
    match party {
        policy::Party::Professional(policy::Mailbox { home: policy::Home::Local(account), .. }) => {
            Some(*account)
        }
        other => patient_account(other),
    }
}
