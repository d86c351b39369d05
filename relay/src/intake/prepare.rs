//! What is made before the unit: sealed heads, wrapped keys, threads, documents, lines.

use super::archives::{Archive, Archives, Masked};
use super::snapshot::{self, Known, Wanted};
use super::unit::{self, Committed, Prepared, PreparedRecipient};
use super::{Draft, Outcome, Relay, Source, WAITING_KIB, heads};
use crate::alerts::store::DueAlert;
use crate::letter::Letter;
use crate::{Error, facts, parties};
use audit::{Act, Chain, Entry, Line};
use directory::Resolved;
use mailstore::{
    CommitterError, Confidentiality, Delivery, DocumentDraft, Hidden, Keyring, Marks, NewDocument, Origin,
    Place, Role, SealedLetter, Thread, ThreadState, Trace, TracedRecipient,
};
use names::{AccountId, Address, AlertId, EntryId, PartyId, QueueId, Timestamp};
use policy::filing::{ActDate, Entry as FiledAs, PartDecision};
use policy::{Decision, Filing, Refusal, Secrecy};
use std::collections::HashMap;
use std::sync::Arc;
use wire::mime::{Head, LeafView, Summary};

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
struct Judged {
    recipients: Vec<PreparedRecipient>,
    known: Known,
    /// Names as the directory knows them.
    names: HashMap<Address, String>,
}

impl Judged {
    fn account(&self, address: &Address) -> Option<AccountId> {
        unit::local_account(&self.known.party(address))
    }

    fn accounts(&self, source: &Source<'_>) -> Vec<AccountId> {
        let recipients = self.recipients.iter().filter_map(|recipient| self.account(&recipient.address));
        recipients.chain([source.account()]).collect()
    }

    fn name(&self, address: &Address) -> String {
        self.names.get(address).cloned().unwrap_or_else(|| address.to_string())
    }
}

/// What was made for all recipients.
#[derive(Default)]
struct Made {
    deliveries: Vec<Delivery>,
    alerts: Vec<DueAlert>,
    audit: Vec<Entry>,
}

/// Makes one letter's rows.
struct Making<'a> {
    relay: &'a Relay,
    source: &'a Source<'a>,
    draft: &'a Draft,
    archives: Option<&'a Archives>,
    keys: &'a Keyring,
    views: Vec<LeafView<'a>>,
    filed: Vec<PartDecision>,
    whole: SealedLetter,
    attachments: u32,
    now: Timestamp,
}

impl<'a> Making<'a> {
    fn new(
        relay: &'a Relay,
        source: &'a Source<'a>,
        draft: &'a Draft,
        archives: Option<&'a Archives>,
        keys: &'a Keyring,
        now: Timestamp,
    ) -> Self {
        let letter = &draft.letter;
        let summary = Summary::of(&letter.head, &letter.structure);
        let attachments = summary.attachments.iter().filter(|attachment| !attachment.inline).count();
        Self {
            views: letter.structure.leaf_views(),
            filed: policy::filing::file(&facts::for_filing(&letter.head, &letter.structure, now)),
            whole: seal(relay, letter, &letter.head, &summary, now),
            attachments: u32::try_from(attachments).unwrap_or(u32::MAX),
            relay,
            source,
            draft,
            archives,
            keys,
            now,
        }
    }

    /// The letter as this recipient may see it; most share one.
    fn letter_for(&self, recipient: &Address, is_patient: bool) -> SealedLetter {
        let shown = if is_patient { heads::for_patient(&self.draft.letter.head, recipient) } else { None };
        match shown {
            None => self.whole.clone(),
            Some(head) => {
                let summary = Summary::of(&head, &self.draft.letter.structure);
                seal(self.relay, &self.draft.letter, &head, &summary, self.now)
            }
        }
    }

    fn recipient(
        &mut self,
        recipient: &PreparedRecipient,
        judged: &Judged,
        made: &mut Made,
    ) -> Result<(), Error> {
        let Decision::Deliver(decided) = &recipient.decision else { return Ok(()) };
        let party = judged.known.party(&recipient.address);
        let Some(account) = unit::local_account(&party) else { return Ok(()) };
        let patient = unit::patient_account(&party);
        let store = |cause| Error::Store { what: "preparing a delivery", cause };
        let key = self.keys.of(account).map_err(store)?;
        let letter = self.letter_for(&recipient.address, patient.is_some());
        let entry = EntryId(self.relay.mailstore().db().id(self.now));
        let hidden = hidden(decided.secrecy);
        let documents = match (patient, decided.filing) {
            (Some(_), Filing::Automatic) => self.documents(key, entry, decided.secrecy, judged),
            (Some(_) | None, Filing::Automatic | Filing::Never) => Vec::new(),
        };
        for document in &documents {
            made.audit.push(self.line(
                account,
                Act::DocumentFiled,
                format!("document={} entry={}", document.id().0, entry.0),
            ));
        }
        let thread = patient.map(|_| {
            let mut thread = self.thread(key, &[self.source.account()], None);
            thread.state = thread_state(decided, self.source.account());
            thread
        });
        made.alerts.extend(patient.zip(decided.alert).map(|(account, alert)| DueAlert {
            id: AlertId(self.relay.mailstore().db().id(self.now)),
            account,
            alert,
        }));
        let detail =
            format!("queue={} entry={} rule={}", self.draft.queue, entry.0, recipient.decision.rule());
        made.audit.push(self.line(account, Act::LetterReceived, detail));
        for change in &decided.contacts {
            let act = match change.state {
                policy::ContactState::Open => Act::ContactOpened,
                policy::ContactState::Ended => Act::ContactEnded,
                policy::ContactState::Never => continue,
            };
            let with = judged.account(&change.correspondent).map_or(0, |account| account.0);
            made.audit.push(self.line(account, act, format!("with={with} queue={}", self.draft.queue)));
        }
        made.deliveries.push(Delivery {
            key: key.own(&letter.body),
            letter,
            place: place(decided.place),
            entry,
            marks: Marks::default(),
            internal_date: self.now,
            origin: Origin::Received,
            hidden,
            thread,
            documents,
            queue: Some(self.draft.queue),
        });
        Ok(())
    }

    /// The sender's own line, and on the web their own copy: mail programs keep theirs by APPEND.
    fn sender(&mut self, judged: &Judged, made: &mut Made) -> Result<(), Error> {
        let account = self.source.account();
        let detail = format!("queue={} recipients={}", self.draft.queue, judged.recipients.len());
        made.audit.push(self.line(account, Act::LetterSent, detail));
        let Source::Web { .. } = self.source else { return Ok(()) };
        let key = self.keys.of(account).map_err(|cause| Error::Store { what: "keeping a copy", cause })?;
        let others: Vec<AccountId> =
            judged.recipients.iter().filter_map(|recipient| judged.account(&recipient.address)).collect();
        let conversation = self.draft.answering.as_ref().and_then(|answering| answering.conversation);
        let letter = self.whole.clone();
        made.deliveries.push(Delivery {
            key: key.own(&letter.body),
            letter,
            place: Place::Role(Role::Sent),
            entry: EntryId(self.relay.mailstore().db().id(self.now)),
            marks: Marks::new(mailstore::Flags::SEEN, &[]),
            internal_date: self.now,
            origin: Origin::Sent,
            hidden: self.draft.answering.as_ref().map_or(Hidden::NONE, |answering| answering.hidden),
            thread: Some(self.thread(key, &others, conversation)),
            documents: Vec::new(),
            queue: Some(self.draft.queue),
        });
        Ok(())
    }

    /// The conversation a letter joins in a patient's space: the one it answers, or the one with the
    /// same correspondents and subject.
    fn thread(
        &self,
        key: &mailstore::AccountKey,
        correspondents: &[AccountId],
        conversation: Option<names::ConversationId>,
    ) -> Thread {
        let mut parties: Vec<PartyId> =
            correspondents.iter().map(|account| mailstore::Party::of_account(*account)).collect();
        parties.sort_unstable();
        let subject = policy::secrecy::untagged(&self.draft.letter.head.subject());
        let mut thread = match conversation {
            Some(conversation) => Thread::existing(conversation),
            None => {
                let mut thread_key = names::fold(base_subject(&subject)).into_bytes();
                parties.iter().for_each(|party| thread_key.extend_from_slice(&party.0.to_be_bytes()));
                self.relay.mailstore().thread(key, &thread_key, base_subject(&subject), self.now)
            }
        };
        thread.participants = parties;
        thread.attachments = self.attachments;
        thread
    }

    /// The documents of this letter for one dossier. No octet is copied: a row points into the body.
    fn documents(
        &self,
        key: &mailstore::AccountKey,
        entry: EntryId,
        secrecy: Secrecy,
        judged: &Judged,
    ) -> Vec<NewDocument> {
        let author = judged.name(self.source.address());
        let party = mailstore::Party::of_account(self.source.account());
        let draft = |view: &LeafView<'_>, filed: &FiledAs, masked: Masked| DocumentDraft {
            title: filed.title.0.clone(),
            file_name: file_name(view, filed),
            category: filed.category.code().to_owned(),
            mime: filed.media.media_type().to_owned(),
            size: view.part.decoded_len,
            act_date: filed.acted_on.map_or(self.now, day),
            author: Some(party),
            author_name: author.clone(),
            publisher: party,
            publisher_name: author.clone(),
            entry,
            queue: Some(self.draft.queue),
            body: self.draft.letter.body.id(),
            part: view.part.body_start..view.part.body_end,
            encoding: view.part.encoding.as_str().to_ascii_lowercase(),
            confidentiality: confidentiality(secrecy, masked),
        };
        let archive = |leaf| self.archives.and_then(|archives| archives.of_leaf(leaf));
        let parts = self.views.iter().zip(&self.filed).enumerate();
        parts
            .filter_map(|(leaf, (view, decision))| match (decision, archive(leaf)) {
                (PartDecision::Xdm(filed), Some(Archive { described, masked, .. })) => {
                    Some(draft(view, &filed.clone().described(described, self.now), *masked))
                }
                (PartDecision::FileAs(filed) | PartDecision::Xdm(filed), _) => {
                    Some(draft(view, filed, Masked::No))
                }
                (PartDecision::Leave(_), _) => None,
            })
            .map(|draft| self.relay.mailstore().new_document(key, &draft, self.now))
            .collect()
    }

    fn line(&self, account: AccountId, act: Act, detail: String) -> Entry {
        let (actor, for_whom) = self.source.audited();
        let line = Line { at: self.now, actor, for_whom, act, detail };
        Entry::new(Chain::Account(account), line, &self.relay.inner().entropy)
    }

    fn trace(&self, recipients: &[PreparedRecipient]) -> Trace {
        let letter = &self.draft.letter;
        let traced = |recipient: &PreparedRecipient| TracedRecipient {
            address: recipient.address.to_string(),
            rule: recipient.decision.rule().to_owned(),
            outcome: "delivered".to_owned(),
            reply: String::new(),
        };
        Trace {
            queue: self.draft.queue,
            at: self.now,
            door: self.source.door().to_owned(),
            account: Some(self.source.account()),
            body: Some(letter.body.id()),
            size: letter.head.len() as u64 + letter.body.size(),
            message_id: letter.head.message_id(),
            sender: self.source.address().to_string(),
            recipients: recipients.iter().map(traced).collect(),
        }
    }
}

fn seal(relay: &Relay, letter: &Letter, head: &Head, summary: &Summary, now: Timestamp) -> SealedLetter {
    let sealed = relay.mailstore().seal_head(&letter.body, head.bytes(), &summary.encode(), now);
    SealedLetter { body: Arc::clone(&letter.body), head: Arc::new(sealed) }
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

fn hidden(secrecy: Secrecy) -> Hidden {
    match secrecy {
        Secrecy::Open => Hidden::NONE,
        Secrecy::FromPatient => Hidden::PATIENT.and(Hidden::REPRESENTATIVES),
        Secrecy::FromRepresentatives => Hidden::REPRESENTATIVES,
        Secrecy::FromBoth => Hidden::PATIENT.and(Hidden::REPRESENTATIVES),
    }
}

fn confidentiality(secrecy: Secrecy, masked: Masked) -> Confidentiality {
    let by_patient = match masked {
        Masked::No => Confidentiality::NONE,
        Masked::FromProfessionals => Confidentiality::PROFESSIONALS,
    };
    by_patient.and(match secrecy {
        Secrecy::Open => Confidentiality::NONE,
        // What the patient must hear from a professional first, nobody who acts for them may read.
        Secrecy::FromPatient | Secrecy::FromBoth => {
            Confidentiality::PATIENT.and(Confidentiality::REPRESENTATIVES)
        }
        Secrecy::FromRepresentatives => Confidentiality::REPRESENTATIVES,
    })
}

fn place(place: policy::Place) -> Place {
    match place {
        policy::Place::Inbox => Place::Role(Role::Inbox),
        policy::Place::Quarantine => Place::Role(Role::Junk),
    }
}

fn thread_state(decided: &policy::Delivery, sender: AccountId) -> ThreadState {
    let opened = decided.contacts.iter().any(|change| change.state == policy::ContactState::Open);
    match decided.event {
        Some(policy::Event::EndedBySender) => ThreadState::EndedBy(mailstore::Party::of_account(sender)),
        None if opened => ThreadState::Open,
        None => ThreadState::Unchanged,
    }
}

/// A subject without the marks that answers and forwards put before it.
fn base_subject(subject: &str) -> &str {
    const MARKS: [&str; 6] = ["re", "fwd", "fw", "tr", "réf", "rép"];
    let mut rest = subject.trim();
    while let Some((mark, after)) = rest.split_once(':') {
        if !MARKS.contains(&mark.trim().to_lowercase().as_str()) {
            break;
        }
        rest = after.trim_start();
    }
    rest
}

fn file_name(view: &LeafView<'_>, filed: &FiledAs) -> String {
    match &view.part.filename {
        Some(name) => name.clone(),
        None => format!("{}.{}", filed.title.0, filed.media.extension()),
    }
}

/// Noon UTC of a day: that day in mainland France, whatever the season.
fn day(date: ActDate) -> Timestamp {
    Timestamp::noon_utc(i16::try_from(date.year).unwrap_or(1970), date.month, date.day)
}

#[cfg(test)]
mod tests {
    use super::base_subject;

    #[test]
    fn answers_share_the_subject_of_what_they_answer() {
        for (subject, base) in [
            ("Re: TR : Résultats", "Résultats"),
            ("RE:Re: a: b", "a: b"),
            ("Rendez-vous: mardi", "Rendez-vous: mardi"),
            ("", ""),
        ] {
            assert_eq!(base_subject(subject), base);
        }
    }
}
