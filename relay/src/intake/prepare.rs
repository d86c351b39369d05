//! Judging a letter before the unit, handing it in, and writing down why it was refused.

use super::archives::Archives;
use super::limits::{ATTEMPTS, WAITING_KIB};
use super::making::{Made, Making};
use super::reporting;
use super::snapshot::{self, Contacts, Known, Wanted};
use super::unit::{self, Committed, Prepared, PreparedRecipient};
use super::{Draft, Outcome, Relay, Sharing, Source};
use crate::visible::indicators::Counted;
use crate::{Error, facts, parties};
use audit::{Act, Chain, Entry, Line};
use directory::Resolved;
use mailstore::{CommitterError, QUEUE, Trace, TracedRecipient};
use names::{AccountId, Address, CrashPoint, PartyId, QueueId, Timestamp};
use policy::{Refusal, Secrecy};
use std::collections::HashMap;
use std::sync::Arc;

impl Relay {
    /// Judges a letter and keeps it: for every recipient, or for nobody; of a letter that another operator
    /// brings, for those whom no rule refuses, and its sender hears of the others by a report.
    ///
    /// When this answers `Accepted`, the letter is on disk: in every mailbox of ours, and in the queue for
    /// recipients elsewhere.
    ///
    /// A letter that was taken before is taken for those who do not have it: exactly the missing ones.
    pub async fn deliver(&self, source: &Source<'_>, draft: Draft, now: Timestamp) -> Result<Outcome, Error> {
        let mut draft = draft;
        // Held until the letter is on disk: what waits for the committer has a bound in octets.
        let room = self.inner().waiting.acquire_many(weight(&draft)).await;
        let _room = room.map_err(|_closed| Error::Stopping)?;
        let mut archives = None;
        for _ in 0..ATTEMPTS {
            let prepared = match self.prepare(source, &draft, &mut archives, now).await? {
                Ready::Refused(refused) => {
                    // What was taken stays taken, also when its reply was lost and the rules say
                    // something else by now.
                    match self.leave_out(source, &mut draft, now).await? {
                        Earlier::All(queue) => return Ok(Outcome::Accepted { queue }),
                        Earlier::Some => continue,
                        Earlier::None => {}
                    }
                    let queue = draft.queue;
                    self.trace_refusal(source, queue, &refused, now).await?;
                    let refusal = refused.first().map_or(Refusal::RecipientUnknown, |(_, refusal)| *refusal);
                    return Ok(Outcome::Refused { refusal, queue });
                }
                Ready::Letter(prepared) => *prepared,
            };
            match self.inner().committer.submit(prepared).await {
                Ok(Committed::Kept) => {
                    self.queue().reach(CrashPoint::ReceiveAfterCommit);
                    let (queue, door, recipients) = (draft.queue, source.door(), draft.recipients.len());
                    self.inner().tally.accepted(door);
                    tracing::info!(%queue, door, recipients, "a letter was accepted");
                    return Ok(Outcome::Accepted { queue });
                }
                Ok(Committed::Repeat(queue)) => return Ok(Outcome::Accepted { queue }),
                Ok(Committed::Changed) => match self.leave_out(source, &mut draft, now).await? {
                    Earlier::All(queue) => return Ok(Outcome::Accepted { queue }),
                    Earlier::Some | Earlier::None => {}
                },
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
        let refused: Vec<(Address, Refusal)> = judged
            .recipients
            .iter()
            .filter_map(|recipient| Some((recipient.address.clone(), recipient.decision.refusal()?)))
            .collect();
        // About a report no report is ever made (RFC 3464 §2): who brings one hears of a refusal now or never.
        let told_later = !crate::reports::is_report(&draft.letter.head);
        let nobody_gets_it = match source.sharing() {
            Sharing::EachAlone if told_later => refused.len() == judged.recipients.len(),
            Sharing::EachAlone | Sharing::AllOrNobody => !refused.is_empty(),
        };
        if nobody_gets_it {
            return Ok(Ready::Refused(refused));
        }
        let judged = self.name_parties(source, judged, now).await?;
        let accounts: Vec<AccountId> = judged.accounts(source);
        let keys = self.mailstore().keyring(&accounts).await;
        let keys = keys.map_err(|cause| Error::Store { what: "opening the keys of recipients", cause })?;
        let mut making = Making::new(self, source, draft, archives.as_ref(), &keys, now);
        let mut made = Made::default();
        for recipient in &judged.recipients {
            making.recipient(recipient, &judged, &mut made)?;
        }
        making.sender(&judged, &mut made)?;
        let trace = making.trace(&judged.recipients, &made);
        drop(making);
        let mut reports = crate::reports::Parts::default();
        if let Some(report) = self.report_on(source, draft, &judged, &made, now).await? {
            reports = report.into_parts();
        }
        made.deliveries.extend(reports.deliveries);
        made.holds.extend(reports.holds);
        made.outbound.extend(reports.outbound);
        made.audit.extend(reports.audit);
        let traces = std::iter::once(trace).chain(reports.traces).collect();
        let note = match source {
            Source::Submission { sender, .. } => {
                Some(self.note(sender.account, judged.recipients.iter().map(|recipient| &recipient.address)))
            }
            Source::Web { .. } | Source::Peer { .. } => None,
        };
        let ordinary = |recipient: &PreparedRecipient| recipient.facts.kind == policy::LetterKind::Ordinary;
        let counted = judged.recipients.iter().any(ordinary).then(|| {
            let to_patient = judged.recipients.iter().any(|to| judged.known.is_patient(&to.address));
            Counted::of(&draft.letter.head, source.door(), to_patient, now)
        });
        Ok(Ready::Letter(Box::new(Prepared {
            queue: draft.queue,
            passage: self.passage(source, draft, now),
            sender: source.address().cloned(),
            actor: source.actor(),
            mandate: source.mandate().cloned(),
            recipients: judged.recipients,
            reply_to: draft.reply_to.clone(),
            answered: draft.answering.as_ref().map(|answering| answering.letter.clone()),
            deliveries: made.deliveries,
            holds: made.holds,
            outbound: made.outbound,
            alerts: made.alerts,
            owed: made.owed,
            counted,
            audit: made.audit,
            traces,
            note,
            now,
        })))
    }

    /// A letter prepared and not yet handed in.
    #[cfg(test)]
    pub(super) async fn prepared(&self, source: &Source<'_>, draft: &Draft) -> Prepared {
        match self.prepare(source, draft, &mut None, self.now()).await.unwrap() {
            Ready::Letter(prepared) => *prepared,
            Ready::Refused(refused) => panic!("refused: {:?}", refused[0].1),
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
        let mut addresses: Vec<Address> = draft.recipients.iter().chain(&draft.reply_to).cloned().collect();
        addresses.extend(source.address().cloned());
        addresses.extend(draft.answering.iter().map(|answering| answering.letter.from.clone()));
        let resolved = self.directory().resolve(&addresses, now).await;
        let resolved = resolved.map_err(|cause| Error::Directory { what, cause })?;
        // One person under two of their addresses gets one letter (DESIGN §6: a patient's alias).
        let mut recipients: Vec<(Address, &Address)> = Vec::with_capacity(draft.recipients.len());
        for (place, given) in draft.recipients.iter().enumerate() {
            let party = parties::party(given, &resolved[place]);
            let address = parties::address(&party).unwrap_or(given).clone();
            addresses[place] = address.clone();
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
        let base = Arc::new(facts::of_letter(&draft.letter, asked));
        let shown = facts::ShownNames::of_head(&draft.letter.head);
        let reported = self.reported(&draft.letter).await?;
        let mut tx = self.mailstore().db().read().await.map_err(|cause| Error::Database { what, cause })?;
        let (mailstore, directory) = (self.mailstore(), self.directory());
        let contacts =
            snapshot::load(mailstore, directory, &mut tx, &known, &wanted, base.ends_exchange()).await?;
        let mut judged = Vec::with_capacity(wanted.len());
        for (question, (_, given)) in wanted.iter().zip(&recipients) {
            // Most recipients share one: the head names nobody, and the letter is no report.
            let mut facts = Arc::clone(&base);
            let named = shown.of(question.recipient).or_else(|| shown.of(given));
            if let Some(name) = named {
                Arc::make_mut(&mut facts).to_name = names::Redacted(Some(name.to_owned()));
            }
            let mut place = reporting::Place::default();
            if let Some(reported) = &reported {
                place = self.place_report(&mut tx, reported, &known, question.recipient).await?;
                Arc::make_mut(&mut facts).kind = policy::LetterKind::Report(place.matched());
            }
            let snapshot = contacts.snapshot(&known, question, source.mandate(), &self.inner().settings);
            let act = policy::Act::Letter(Arc::clone(&facts));
            let request = policy::Request { actor: source.actor(), purpose: policy::Purpose::Mail, act };
            let decision = policy::decide(&snapshot, &request, now);
            judged.push(PreparedRecipient {
                address: question.recipient.clone(),
                given: (*given).clone(),
                facts,
                decision,
                conversation: place.conversation,
            });
        }
        drop(tx);
        let names = addresses.iter().zip(&resolved);
        let names =
            names.filter_map(|(address, found)| Some((address.clone(), shown_name(found)?))).collect();
        Ok(Judged { recipients: judged, known, contacts, names })
    }

    /// Gives a party to every remote address of the letter that has none: the rows made next name
    /// parties. A first letter costs a unit of its own; one that never is written leaves a row behind
    /// that names a sealed address.
    async fn name_parties(
        &self,
        source: &Source<'_>,
        mut judged: Judged,
        now: Timestamp,
    ) -> Result<Judged, Error> {
        let recipients = judged.recipients.iter().map(|recipient| &recipient.address);
        let involved: Vec<&Address> = recipients.chain(source.address()).collect();
        if !involved.iter().any(|address| judged.known.is_patient(address)) {
            return Ok(judged);
        }
        let missing: Vec<Address> = involved
            .into_iter()
            .filter(|address| judged.contacts.id(address).is_none())
            .filter(|address| parties::address(&judged.known.party(address)).is_some())
            .cloned()
            .collect();
        if missing.is_empty() {
            return Ok(judged);
        }
        let unit = (self.mailstore().clone(), missing, now);
        let made =
            self.mailstore().db().write(db::unit("name parties", unit, |(mailstore, missing, now), tx| {
                Box::pin(async move {
                    let made = mailstore.ensure_parties(tx, missing, *now).await;
                    made.map_err(|cause| Error::Store { what: "noting a party", cause })
                })
            }));
        judged.contacts.learn(made.await?);
        Ok(judged)
    }

    /// What letter it is, so that it is known when it comes again: who hands it in, and its octets. For whom
    /// is remembered beside it.
    fn accepted_key(&self, source: &Source<'_>, draft: &Draft) -> mailstore::AcceptedKey {
        let sender = source.address().map_or_else(|| "<>".to_owned(), ToString::to_string);
        let actor = source.hands_in();
        let [door, actor, sender] = [source.door(), &actor, &sender].map(str::as_bytes);
        self.mailstore().accepted_key(&[door, actor, sender, &draft.letter.hash], draft.letter.written)
    }

    fn passage(&self, source: &Source<'_>, draft: &Draft, now: Timestamp) -> mailstore::Passage {
        let key = self.accepted_key(source, draft);
        let recipients: Vec<String> = draft.recipients.iter().map(ToString::to_string).collect();
        let recipients = recipients.iter().map(String::as_str);
        mailstore::Passage {
            key,
            recipients: self.mailstore().accepted_recipients(key, recipients),
            queue: draft.queue,
            expires_at: now.plus(source.memory()),
        }
    }

    /// Leaves out those who have this letter already.
    async fn leave_out(
        &self,
        source: &Source<'_>,
        draft: &mut Draft,
        now: Timestamp,
    ) -> Result<Earlier, Error> {
        let recipients: Vec<String> = draft.recipients.iter().map(ToString::to_string).collect();
        let recipients: Vec<&str> = recipients.iter().map(String::as_str).collect();
        let found = self.mailstore().accepted(self.accepted_key(source, draft), &recipients, now).await;
        let found = found.map_err(|cause| Error::Store { what: "looking for an earlier letter", cause })?;
        let Some((queue, have)) = found else { return Ok(Earlier::None) };
        if have.iter().all(|has| *has) {
            return Ok(Earlier::All(queue));
        }
        let mut missing = have.iter().map(|has| !has);
        draft.recipients.retain(|_| missing.next().unwrap_or(true));
        Ok(if have.contains(&true) { Earlier::Some } else { Earlier::None })
    }

    /// Writes down that a letter was refused, and why, for whoever asks on the telephone.
    pub(crate) async fn trace_refusal(
        &self,
        source: &Source<'_>,
        queue: QueueId,
        refused: &[(Address, Refusal)],
        now: Timestamp,
    ) -> Result<(), Error> {
        self.write_refusal(self.refusal(source, queue, refused, now)).await
    }

    /// What is to be written about a refused letter: its trace, and a line in its sender's trail.
    pub(crate) fn refusal(
        &self,
        source: &Source<'_>,
        queue: QueueId,
        refused: &[(Address, Refusal)],
        now: Timestamp,
    ) -> (Trace, Option<Entry>) {
        let rule = refused.first().map_or("", |(_, refusal)| refusal.id());
        self.inner().tally.refused(source.door(), rule);
        tracing::info!(%queue, door = source.door(), rule, refused = refused.len(), "a letter was refused");
        let trace = Trace {
            queue,
            at: now,
            door: source.door().to_owned(),
            account: source.account(),
            body: None,
            size: 0,
            message_id: None,
            envelope_id: None,
            sender: source.address().map(ToString::to_string).unwrap_or_default(),
            claims: mailstore::Claims::NONE,
            recipients: refused.iter().map(|(address, refusal)| traced_refusal(address, *refusal)).collect(),
        };
        let line = source.account().map(|account| {
            let (actor, for_whom) = source.audited();
            let detail = format!("queue={queue} rule={rule}");
            let line = Line { at: now, actor, for_whom, act: Act::LetterRefused, detail };
            Entry::new(Chain::Account(account), line, &self.inner().entropy)
        });
        (trace, line)
    }

    pub(crate) async fn write_refusal(&self, (trace, line): (Trace, Option<Entry>)) -> Result<(), Error> {
        let unit = (self.mailstore().clone(), trace, line);
        self.mailstore()
            .db()
            .write(db::unit("trace a refusal", unit, |(mailstore, trace, line), tx| {
                Box::pin(async move {
                    let traced = mailstore.write_traces(tx, std::slice::from_ref(trace)).await;
                    traced.map_err(|cause| Error::Store { what: "tracing a refusal", cause })?;
                    audit::append(tx, line.as_slice()).await?;
                    Ok::<(), Error>(())
                })
            }))
            .await
    }
}

/// A refused recipient, as the letter's trace keeps it.
pub(super) fn traced_refusal(address: &Address, refusal: Refusal) -> TracedRecipient {
    let said = policy::reply::reply(refusal);
    let (class, subject, detail) = said.enhanced;
    TracedRecipient {
        address: address.to_string(),
        rule: refusal.id().to_owned(),
        outcome: "refused".to_owned(),
        reply: format!("{} {class}.{subject}.{detail} {}", said.code, said.text),
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

/// Who has a letter already.
enum Earlier {
    /// None of its recipients has it.
    None,
    /// Those who do are left out now.
    Some,
    /// All have it, by this passage.
    All(QueueId),
}

/// What preparing came to.
enum Ready {
    /// By whom each recipient is refused whom the letter does not reach; at least one.
    Refused(Vec<(Address, Refusal)>),
    Letter(Box<Prepared>),
}

/// What the rules said before the unit.
pub(super) struct Judged {
    pub(super) recipients: Vec<PreparedRecipient>,
    pub(super) known: Known,
    contacts: Contacts,
    /// Names as the directory knows them.
    names: HashMap<Address, String>,
}

impl Judged {
    pub(super) fn account(&self, address: &Address) -> Option<AccountId> {
        unit::local_account(&self.known.party(address))
    }

    /// The party of an address of this letter.
    pub(super) fn party_id(&self, address: &Address) -> Option<PartyId> {
        self.contacts.id(address)
    }

    /// Whose keys are needed: everybody's who gets a copy, the queue's among them.
    fn accounts(&self, source: &Source<'_>) -> Vec<AccountId> {
        let passing = self.recipients.iter().filter(|recipient| recipient.decision.delivery().is_some());
        let recipients = passing.map(|recipient| self.account(&recipient.address).unwrap_or(QUEUE));
        recipients.chain(source.account()).collect()
    }

    pub(super) fn name(&self, address: &Address) -> String {
        self.names.get(address).cloned().unwrap_or_else(|| address.to_string())
    }
}

/// The name the directory knows; without one the address is shown (DESIGN §2.4).
fn shown_name(resolved: &Resolved) -> Option<String> {
    match resolved {
        Resolved::Professional(mailbox) => Some(mailbox.display_name()),
        Resolved::Patient(patient) => Some(patient.display_name.clone()),
        Resolved::UnknownLocal { .. } | Resolved::InvalidPatientAddress | Resolved::Remote { .. } => None,
    }
}
