//! A report on its way: into a mailbox of ours, or to the queue with the null sender.

use super::{Fate, Original, compose};
use crate::letter::Letter;
use crate::queue::{Content, Envelope, NewOutbound, Protection, Queue, Wishes, expiry};
use crate::{Error, Relay, intake};
use audit::{Act, Actor, Chain, Entry, Line};
use db::Tx;
use directory::Resolved;
use mailstore::{
    Delivery, Hidden, Hold, Mailstore, Marks, Origin, Place, QUEUE, Role, SealedLetter, Thread, Trace,
    TracedRecipient,
};
use names::{AccountId, Address, EntryId, OutboundId, QueueId, Timestamp};
use policy::Grant;
use wire::mime::Summary;
use wire::mime::compose::Composed;

/// A report that only has to be written.
#[derive(Clone)]
pub struct PreparedReport {
    mailstore: Mailstore,
    queue: Queue,
    parts: Parts,
    now: Timestamp,
}

/// The rows of a report.
#[derive(Clone, Default)]
pub(crate) struct Parts {
    pub(crate) deliveries: Vec<Delivery>,
    pub(crate) holds: Vec<Hold>,
    pub(crate) outbound: Vec<NewOutbound>,
    pub(crate) audit: Vec<Entry>,
    pub(crate) traces: Vec<Trace>,
}

impl PreparedReport {
    /// Writes it: delivered (no notice outside, nothing filed), or queued. A unit that writes other
    /// lines of the trail calls this last (lock order, DESIGN §2.2).
    pub async fn write_in(&self, tx: &mut Tx) -> Result<(), Error> {
        let store = |cause| Error::Store { what: "writing a report", cause };
        let queueing = |cause| Error::Database { what: "queueing a report", cause };
        let parts = &self.parts;
        self.mailstore.deliver(tx, &parts.deliveries).await.map_err(store)?;
        self.mailstore.hold(tx, &parts.holds).await.map_err(store)?;
        self.queue.enqueue(tx, &parts.outbound, self.now).await.map_err(queueing)?;
        self.mailstore.write_traces(tx, &parts.traces).await.map_err(store)?;
        audit::append(tx, &parts.audit).await.map_err(queueing)
    }

    /// Writes several, then `lines` of the trail: all folders are locked before the first chain head.
    pub async fn write_all(tx: &mut Tx, reports: &[&Self], lines: Vec<Entry>) -> Result<(), Error> {
        let store = |cause| Error::Store { what: "writing reports", cause };
        let queueing = |cause| Error::Database { what: "queueing reports", cause };
        let mut lines = lines;
        if let Some(first) = reports.first() {
            let mut all = Parts::default();
            for report in reports {
                let parts = report.parts.clone();
                all.deliveries.extend(parts.deliveries);
                all.holds.extend(parts.holds);
                all.outbound.extend(parts.outbound);
                all.traces.extend(parts.traces);
                lines.extend(parts.audit);
            }
            first.mailstore.deliver(tx, &all.deliveries).await.map_err(store)?;
            first.mailstore.hold(tx, &all.holds).await.map_err(store)?;
            first.queue.enqueue(tx, &all.outbound, first.now).await.map_err(queueing)?;
            first.mailstore.write_traces(tx, &all.traces).await.map_err(store)?;
        }
        audit::append(tx, &lines).await.map_err(queueing)
    }

    /// Its rows, for a unit that writes many at once.
    pub(crate) fn into_parts(self) -> Parts {
        self.parts
    }
}

impl std::fmt::Debug for PreparedReport {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (here, away) = (self.parts.deliveries.len(), self.parts.outbound.len());
        write!(out, "PreparedReport({here} delivered, {away} queued)")
    }
}

impl Relay {
    /// A delivery status report on one letter, for its envelope sender; none when nobody may be told: the
    /// letter is itself a report, or its sender has no mailbox any more. A null sender is the caller's to
    /// leave out.
    pub async fn status_report(
        &self,
        to: &Address,
        original: &Original<'_>,
        fates: &[Fate],
        now: Timestamp,
    ) -> Result<Option<PreparedReport>, Error> {
        if fates.is_empty() || original.head.is_some_and(is_report) {
            return Ok(None);
        }
        let from = self.postmaster(to, fates, now).await?;
        let host = self.inner().hostname.as_str();
        let message_id = self.message_id(self.queue_id(now));
        let composed = compose::status(&from, to, host, &message_id, original, fates, now);
        self.prepare_report(to, &composed, original.queue, now).await
    }

    /// Prepares a composed report about the passage `about` for `to`; none when there is nobody to tell.
    pub async fn prepare_report(
        &self,
        to: &Address,
        composed: &Composed,
        about: QueueId,
        now: Timestamp,
    ) -> Result<Option<PreparedReport>, Error> {
        let what = "finding whom to report to";
        let found = self.directory().resolve(std::slice::from_ref(to), now).await;
        let found = found.map_err(|cause| Error::Directory { what, cause })?.pop();
        let parts = match found {
            Some(Resolved::Professional(mailbox)) => {
                Some(self.report_here(mailbox.account, to, composed, None, now).await?)
            }
            Some(Resolved::Patient(patient)) => {
                let thread = Some((patient.account, about));
                Some(self.report_here(patient.account, &patient.address, composed, thread, now).await?)
            }
            Some(Resolved::Remote { trusted: true, .. }) => Some(self.report_away(to, composed, now).await?),
            Some(
                Resolved::Remote { trusted: false, .. }
                | Resolved::UnknownLocal { .. }
                | Resolved::InvalidPatientAddress,
            )
            | None => None,
        };
        if parts.is_none() {
            tracing::warn!(%about, "there is nobody to report to");
        }
        Ok(parts.map(|parts| PreparedReport {
            mailstore: self.mailstore().clone(),
            queue: self.queue().clone(),
            parts,
            now,
        }))
    }

    async fn report_here(
        &self,
        account: AccountId,
        to: &Address,
        composed: &Composed,
        thread: Option<(AccountId, QueueId)>,
        now: Timestamp,
    ) -> Result<Parts, Error> {
        let store = |cause| Error::Store { what: "preparing a report", cause };
        let mut letter = Letter::composed(self.mailstore(), composed, now).await?;
        intake::show_return_path(&mut letter.head, None);
        let sealed = self.seal_report(&letter, now);
        let key = self.mailstore().key(account).await.map_err(store)?;
        let thread = match thread {
            None => None,
            Some((account, about)) => Some(self.thread_of_report(&key, account, about, now).await?),
        };
        let entry = EntryId(self.mailstore().db().id(now));
        let queue = self.queue_id(now);
        let delivery = Delivery {
            key: key.own(&sealed.body),
            letter: sealed.clone(),
            place: Place::Role(Role::Inbox),
            entry,
            marks: Marks::default(),
            internal_date: now,
            saved_at: None,
            origin: Origin::Report,
            hidden: Hidden::NONE,
            thread,
            documents: Vec::new(),
            queue: Some(queue),
        };
        let detail = format!("queue={queue} entry={} rule={}", entry.0, Grant::Report.id());
        let line = Line { at: now, actor: Actor::System, for_whom: None, act: Act::LetterReceived, detail };
        Ok(Parts {
            deliveries: vec![delivery],
            audit: vec![Entry::new(Chain::Account(account), line, &self.inner().entropy)],
            traces: vec![trace(queue, to, composed, &sealed, "delivered", now)],
            ..Parts::default()
        })
    }

    async fn report_away(&self, to: &Address, composed: &Composed, now: Timestamp) -> Result<Parts, Error> {
        let store = |cause| Error::Store { what: "preparing a report", cause };
        let sealed = self.seal_report(&Letter::composed(self.mailstore(), composed, now).await?, now);
        let key = self.mailstore().key(QUEUE).await.map_err(store)?;
        let queue = self.queue_id(now);
        let international = to.needs_utf8() || !composed.head.is_ascii();
        let content = match (international, composed.body.is_ascii()) {
            (true, _) => Content::International,
            (false, false) => Content::EightBit,
            (false, true) => Content::SevenBit,
        };
        let envelope = Envelope {
            recipient: to.clone(),
            sender: None,
            wishes: Wishes::default(),
            content,
            protection: Protection::House,
            deliver_by: None,
        };
        let outbound = NewOutbound {
            id: OutboundId(self.mailstore().db().id(now)),
            queue,
            body: sealed.body.id(),
            head: sealed.head.id(),
            envelope,
            not_before: None,
            created_at: now,
            expires_at: expiry(now),
        };
        Ok(Parts {
            holds: vec![Hold { key: key.own(&sealed.body), letter: sealed.clone(), uses: 1 }],
            outbound: vec![outbound],
            traces: vec![trace(queue, to, composed, &sealed, "queued", now)],
            ..Parts::default()
        })
    }

    fn seal_report(&self, letter: &Letter, now: Timestamp) -> SealedLetter {
        let summary = Summary::of(&letter.head, &letter.structure);
        intake::seal(self, letter, &letter.head, &summary, now)
    }

    /// The conversation of the letter it speaks of: a patient sees it there, as an event.
    pub(crate) async fn thread_of_report(
        &self,
        key: &mailstore::AccountKey,
        account: AccountId,
        about: QueueId,
        now: Timestamp,
    ) -> Result<Thread, Error> {
        let what = "finding the conversation of a report";
        let mut tx = self.mailstore().db().read().await.map_err(|cause| Error::Database { what, cause })?;
        let found = self.mailstore().conversation_of_sent(&mut tx, account, about).await;
        Ok(match found.map_err(|cause| Error::Store { what, cause })? {
            Some(conversation) => Thread::existing(conversation),
            // The patient has removed their own copy: one conversation for all such reports.
            None => self.mailstore().thread(key, b"reports", super::texts::FROM, now),
        })
    }

    /// Who signs: the postmaster of a domain of ours that the list gives us, because the next operator
    /// checks our certificate against it (DESIGN §2.4).
    pub(super) async fn postmaster(
        &self,
        to: &Address,
        fates: &[Fate],
        now: Timestamp,
    ) -> Result<Address, Error> {
        let what = "finding who signs a report";
        let candidates: Vec<Address> =
            std::iter::once(to).chain(fates.iter().map(|fate| &fate.recipient)).cloned().collect();
        let found = self.directory().resolve(&candidates, now).await;
        let found = found.map_err(|cause| Error::Directory { what, cause })?;
        let ours = |resolved: &Resolved| match resolved {
            Resolved::Professional(_)
            | Resolved::Patient(_)
            | Resolved::UnknownLocal { .. }
            | Resolved::InvalidPatientAddress => true,
            Resolved::Remote { .. } => false,
        };
        let ours = candidates.iter().zip(&found).find(|(_, found)| ours(found));
        let domain = ours.map_or(&self.inner().hostname, |(address, _)| address.domain());
        Address::parse(&format!("postmaster@{domain}")).map_err(|_| Error::Database {
            what,
            cause: db::Error::Damaged("a domain of ours is too long".to_owned()),
        })
    }
}

/// A letter on which nothing is ever reported.
pub(crate) fn is_report(head: &wire::mime::Head) -> bool {
    let report = |field: wire::mime::Field<'_>| {
        field.unfolded().trim_start().to_ascii_lowercase().starts_with("multipart/report")
    };
    head.field("Content-Type").is_some_and(report)
}

fn trace(
    queue: QueueId,
    to: &Address,
    composed: &Composed,
    sealed: &SealedLetter,
    outcome: &str,
    now: Timestamp,
) -> Trace {
    let recipient = TracedRecipient {
        address: to.to_string(),
        rule: Grant::Report.id().to_owned(),
        outcome: outcome.to_owned(),
        reply: String::new(),
    };
    Trace {
        queue,
        at: now,
        door: "house".to_owned(),
        account: None,
        body: Some(sealed.body.id()),
        size: (composed.head.len() + composed.body.len()) as u64,
        message_id: None,
        envelope_id: None,
        sender: String::new(),
        claims: mailstore::Claims::NONE,
        recipients: vec![recipient],
    }
}
