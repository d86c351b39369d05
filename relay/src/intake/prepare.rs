//! Judging a letter before the unit, handing it in, and writing down why it was refused.

use super::archives::Archives;
use super::making::{Made, Making};
use super::snapshot::{self, Known, Wanted};
use super::unit::{self, Committed, Prepared, PreparedRecipient};
use super::{Draft, Outcome, Relay, Source, WAITING_KIB};
use crate::{Error, facts, parties};
use audit::{Act, Chain, Entry, Line};
use directory::Resolved;
use mailstore::{CommitterError, Trace, TracedRecipient};
use names::{AccountId, Address, QueueId, Timestamp};
use policy::{Refusal, Secrecy};
use std::collections::HashMap;

/// Times a letter is prepared anew because something changed under it.
const ATTEMPTS: usize = 4;

impl Relay {
    /// Judges a letter and keeps it: for every recipient, or for nobody.
    ///
    /// When this answers `Accepted`, the letter is on disk and in every mailbox.
    pub async fn deliver(&self, source: &Source<'_>, draft: Draft, now: Timestamp) -> Result<Outcome, Error> {
        // Held until the letter is on disk: what waits for the committer has a bound in octets.
        let room = self.inner().waiting.acquire_many(weight(&draft)).await;
        let _room = room.map_err(|_closed| Error::Stopping)?;
        let mut archives = None;
        for _ in 0..ATTEMPTS {
            let prepared = match self.prepare(source, &draft, &mut archives, now).await? {
                Ready::Refused(refusal, recipient) => {
                    // What was taken stays taken, also when its reply was lost and the rules say
                    // something else by now.
                    let key = self.accepted_key(source, &draft);
                    let taken = self.mailstore().accepted(key, now).await;
                    let what = "looking for an earlier letter";
                    if let Some(queue) = taken.map_err(|cause| Error::Store { what, cause })? {
                        return Ok(Outcome::Accepted { queue });
                    }
                    let queue = draft.queue;
                    self.trace_refusal(source, queue, &recipient, refusal, now).await?;
                    return Ok(Outcome::Refused { refusal, queue });
                }
                Ready::Letter(prepared) => *prepared,
            };
            match self.inner().committer.submit(prepared).await {
                Ok(Committed::Kept) => return Ok(Outcome::Accepted { queue: draft.queue }),
                Ok(Committed::Repeat(queue)) => return Ok(Outcome::Accepted { queue }),
                Ok(Committed::Changed) => {}
                // Perhaps kept, perhaps not: its key tells when it is handed in again.
                Err(CommitterError::Failed(error)) if error.is_outcome_unknown() => {
                    tracing::warn!(queue = %draft.queue, "the outcome of a commit was lost; asking by its key");
                }
                Err(CommitterError::Failed(error)) => return Err(error),
                Err(CommitterError::Stopped) => return Err(Error::Stopping),
            }
        }
        // Somebody changes this contact faster than a letter can be prepared: let the sender try again.
        Err(Error::Database {
            what: "keeping up with changes",
            cause: db::Error::Deadline("deliver letters"),
        })
    }

    async fn prepare(
        &self,
        source: &Source<'_>,
        draft: &Draft,
        archives: &mut Option<Archives>,
        now: Timestamp,
    ) -> Result<Ready, Error> {
        let judged = self.judge(source, draft, archives, now).await?;
        let refused = judged
            .recipients
            .iter()
            .find_map(|recipient| Some((recipient.decision.refusal()?, recipient.address.clone())));
        if let Some((refusal, recipient)) = refused {
            return Ok(Ready::Refused(refusal, recipient));
        }
        let accounts: Vec<AccountId> = judged.accounts(source);
        let keys = self.mailstore().keyring(&accounts).await;
        let keys = keys.map_err(|cause| Error::Store { what: "opening the keys of recipients", cause })?;
        let mut making = Making::new(self, source, draft, archives.as_ref(), &keys, now);
        let mut made = Made::default();
        for recipient in &judged.recipients {
            making.recipient(recipient, &judged, &mut made)?;
        }
        making.sender(&judged, &mut made)?;
        let trace = making.trace(&judged.recipients);
        Ok(Ready::Letter(Box::new(Prepared {
            queue: draft.queue,
            key: self.accepted_key(source, draft),
            sender: source.address().clone(),
            actor: source.actor(),
            mandate: source.mandate().cloned(),
            recipients: judged.recipients,
            reply_to: draft.reply_to.clone(),
            answered: draft.answering.as_ref().map(|answering| answering.letter.clone()),
            deliveries: made.deliveries,
            alerts: made.alerts,
            audit: made.audit,
            trace,
            now,
        })))
    }

    /// A letter prepared and not yet handed in.
    #[cfg(test)]
    pub(super) async fn prepared(&self, source: &Source<'_>, draft: &Draft) -> Prepared {
        match self.prepare(source, draft, &mut None, self.now()).await.unwrap() {
            Ready::Letter(prepared) => *prepared,
            Ready::Refused(refusal, _) => panic!("refused: {refusal:?}"),
        }
    }

    /// The first judgement, outside the unit; the second one inside must agree.
    async fn judge(
        &self,
        source: &Source<'_>,
        draft: &Draft,
        archives: &mut Option<Archives>,
        now: Timestamp,
    ) -> Result<Judged, Error> {
        let what = "judging a letter";
        let mut addresses = vec![source.address().clone()];
        addresses.extend(draft.recipients.iter().chain(&draft.reply_to).cloned());
        addresses.extend(draft.answering.iter().map(|answering| answering.letter.from.clone()));
        let resolved = self.directory().resolve(&addresses, now).await;
        let resolved = resolved.map_err(|cause| Error::Directory { what, cause })?;
        // One person under two of their addresses gets one letter (DESIGN §6: a patient's alias).
        let mut recipients: Vec<(Address, &Address)> = Vec::with_capacity(draft.recipients.len());
        for (place, given) in draft.recipients.iter().enumerate() {
            let party = parties::party(given, &resolved[place + 1]);
            let address = parties::address(&party).unwrap_or(given).clone();
            addresses[place + 1] = address.clone();
            if !recipients.iter().any(|(known, _)| *known == address) {
                recipients.push((address, given));
            }
        }
        let known = Known::gather(&addresses, &resolved);
        let wanted: Vec<Wanted<'_>> = recipients
            .iter()
            .map(|(recipient, _)| Wanted {
                sender: source.address(),
                recipient,
                reply_to: &draft.reply_to,
                answered: draft.answering.as_ref().map(|answering| &answering.letter),
            })
            .collect();
        // A letter between professionals is not opened: what it holds is theirs to read.
        if archives.is_none() && wanted.iter().any(|question| known.is_patient(question.recipient)) {
            *archives = Some(self.read_archives(&draft.letter, draft.queue).await?);
        }
        let asked = archives.as_ref().map_or(Ok(Secrecy::Open), Archives::secrecy);
        let base = facts::of_letter(&draft.letter, asked);
        let mut tx = self.mailstore().db().read().await.map_err(|cause| Error::Database { what, cause })?;
        let (mailstore, directory) = (self.mailstore(), self.directory());
        let contacts =
            snapshot::load(mailstore, directory, &mut tx, &known, &wanted, base.ends_exchange()).await?;
        drop(tx);
        let mut judged = Vec::with_capacity(wanted.len());
        for (question, (_, given)) in wanted.iter().zip(&recipients) {
            let mut facts = base.clone();
            let named = |address: &Address| facts::to_name(&draft.letter.head, address);
            facts.to_name = names::Redacted(named(question.recipient).or_else(|| named(given)));
            let snapshot = contacts.snapshot(&known, question, source.mandate(), self.settings());
            let act = policy::Act::Letter(facts.clone());
            let request = policy::Request { actor: source.actor(), purpose: policy::Purpose::Mail, act };
            let decision = policy::decide(&snapshot, &request, now);
            judged.push(PreparedRecipient { address: question.recipient.clone(), facts, decision });
        }
        let names =
            addresses.iter().zip(&resolved).map(|(address, found)| (address.clone(), shown_name(found)));
        Ok(Judged { recipients: judged, known, names: names.collect() })
    }

    fn accepted_key(&self, source: &Source<'_>, draft: &Draft) -> mailstore::AcceptedKey {
        let sender = source.address().to_string();
        let mut recipients: Vec<String> = draft.recipients.iter().map(ToString::to_string).collect();
        recipients.sort();
        let (actor, _) = source.audited();
        let actor = actor.to_string();
        let recipients = recipients.join(" ");
        let parts = [source.door(), &actor, &sender, &recipients].map(str::as_bytes);
        let [door, actor, sender, recipients] = parts;
        self.mailstore().accepted_key(&[door, actor, sender, recipients, &draft.letter.hash])
    }

    /// Writes down that a letter was refused, and why, for whoever asks on the telephone.
    pub(crate) async fn trace_refusal(
        &self,
        source: &Source<'_>,
        queue: QueueId,
        recipient: &Address,
        refusal: Refusal,
        now: Timestamp,
    ) -> Result<(), Error> {
        tracing::info!(queue = %queue, door = source.door(), rule = refusal.id(), "a letter was refused");
        let said = policy::reply::reply(refusal);
        let (class, subject, detail) = said.enhanced;
        let trace = Trace {
            queue,
            at: now,
            door: source.door().to_owned(),
            account: Some(source.account()),
            body: None,
            size: 0,
            message_id: None,
            envelope_id: None,
            sender: source.address().to_string(),
            recipients: vec![TracedRecipient {
                address: recipient.to_string(),
                rule: refusal.id().to_owned(),
                outcome: "refused".to_owned(),
                reply: format!("{} {class}.{subject}.{detail} {}", said.code, said.text),
            }],
        };
        let (actor, for_whom) = source.audited();
        let detail = format!("queue={queue} rule={}", refusal.id());
        let line = Line { at: now, actor, for_whom, act: Act::LetterRefused, detail };
        let line = Entry::new(Chain::Account(source.account()), line, &self.inner().entropy);
        let unit = (self.mailstore().clone(), trace, line);
        self.mailstore()
            .db()
            .write(db::unit("trace a refusal", unit, |(mailstore, trace, line), tx| {
                Box::pin(async move {
                    let traced = mailstore.write_traces(tx, std::slice::from_ref(trace)).await;
                    traced.map_err(|cause| Error::Store { what: "tracing a refusal", cause })?;
                    audit::append(tx, std::slice::from_ref(line)).await?;
                    Ok::<(), Error>(())
                })
            }))
            .await
    }
}

/// Kibibytes that a letter may stand in memory with while it waits: a head and a summary for each
/// recipient (patients get their own), and a short body. At most half of all there is, so that the
/// heaviest letter still passes.
fn weight(draft: &Draft) -> u32 {
    const SHORT_BODY: usize = 16 * 1024;
    let octets = 2 * draft.letter.head.len() * draft.recipients.len() + SHORT_BODY;
    u32::try_from(octets / 1024).unwrap_or(u32::MAX).clamp(1, WAITING_KIB / 2)
}

/// What preparing came to.
enum Ready {
    Refused(Refusal, Address),
    Letter(Box<Prepared>),
}

/// What the rules said before the unit.
pub(super) struct Judged {
    pub(super) recipients: Vec<PreparedRecipient>,
    pub(super) known: Known,
    /// Names as the directory knows them.
    names: HashMap<Address, String>,
}

impl Judged {
    pub(super) fn account(&self, address: &Address) -> Option<AccountId> {
        unit::local_account(&self.known.party(address))
    }

    fn accounts(&self, source: &Source<'_>) -> Vec<AccountId> {
        let recipients = self.recipients.iter().filter_map(|recipient| self.account(&recipient.address));
        recipients.chain([source.account()]).collect()
    }

    pub(super) fn name(&self, address: &Address) -> String {
        self.names.get(address).cloned().unwrap_or_else(|| address.to_string())
    }
}

fn shown_name(resolved: &Resolved) -> String {
    match resolved {
        Resolved::Professional(mailbox) => mailbox.display_name(),
        Resolved::Patient(patient) => patient.display_name.clone(),
        Resolved::UnknownLocal { .. } | Resolved::InvalidPatientAddress | Resolved::Remote { .. } => {
            String::new()
        }
    }
}
