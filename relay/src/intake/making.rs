//! The rows of one letter, made of what was decided: sealed heads, wrapped keys, threads, documents,
//! lines of the trail.

use super::archives::{Archive, Archives, Masked};
use super::outbound;
use super::prepare::{Judged, traced_refusal};
use super::unit::{self, PreparedRecipient};
use super::{Draft, Relay, Source, heads};
use crate::alerts::store::DueAlert;
use crate::letter::Letter;
use crate::queue::NewOutbound;
use crate::visible::indicators::claims;
use crate::visible::store::{Follower, Owed};
use crate::{Error, facts, receipts};
use audit::{Act, Chain, Entry, Line};
use mailstore::{
    Confidentiality, Delivery, DocumentDraft, Hidden, Hold, Keyring, Marks, NewDocument, Origin, Place,
    QUEUE, Role, SealedLetter, Thread, ThreadState, Trace, TracedRecipient,
};
use names::{AccountId, Address, AlertId, EntryId, PartyId, Timestamp};
use policy::filing::{ActDate, Entry as FiledAs, PartDecision};
use policy::{Decision, Filing, LetterKind, Secrecy};
use std::cell::OnceCell;
use std::sync::Arc;
use wire::mime::{Head, LeafView, Summary};

/// What was made for all recipients.
#[derive(Default)]
pub(super) struct Made {
    pub(super) deliveries: Vec<Delivery>,
    pub(super) holds: Vec<Hold>,
    pub(super) outbound: Vec<NewOutbound>,
    pub(super) alerts: Vec<DueAlert>,
    pub(super) owed: Vec<Owed>,
    pub(super) audit: Vec<Entry>,
}

/// Where a copy goes.
#[derive(Clone, Copy)]
enum Way {
    /// Into a mailbox: the end of the way, which the head then tells (RFC 5321 §4.4).
    Delivered,
    /// To another operator, or among the sent letters.
    PassedOn,
}

/// Makes one letter's rows.
pub(super) struct Making<'a> {
    relay: &'a Relay,
    source: &'a Source<'a>,
    draft: &'a Draft,
    archives: Option<&'a Archives>,
    keys: &'a Keyring,
    /// The letter with its head as everybody may see it, for each way on which it was asked for.
    delivered: Option<SealedLetter>,
    passed_on: Option<SealedLetter>,
    /// What only letters to patients need, made for the first of them.
    attachments: OnceCell<u32>,
    filed: OnceCell<Vec<PartDecision>>,
    now: Timestamp,
}

impl<'a> Making<'a> {
    pub(super) fn new(
        relay: &'a Relay,
        source: &'a Source<'a>,
        draft: &'a Draft,
        archives: Option<&'a Archives>,
        keys: &'a Keyring,
        now: Timestamp,
    ) -> Self {
        Self {
            relay,
            source,
            draft,
            archives,
            keys,
            delivered: None,
            passed_on: None,
            attachments: OnceCell::new(),
            filed: OnceCell::new(),
            now,
        }
    }

    /// The letter as this recipient may see it; most share one.
    fn letter_for(&mut self, recipient: &Address, is_patient: bool, way: Way) -> SealedLetter {
        let head = &self.draft.letter.head;
        let shown = if is_patient { heads::for_patient(head, recipient) } else { None };
        match shown {
            None => self.whole(way),
            Some(head) => self.sealed(head, way),
        }
    }

    fn whole(&mut self, way: Way) -> SealedLetter {
        let known = match way {
            Way::Delivered => &self.delivered,
            Way::PassedOn => &self.passed_on,
        };
        if let Some(known) = known {
            return known.clone();
        }
        let letter = self.sealed(self.draft.letter.head.clone(), way);
        let place = match way {
            Way::Delivered => &mut self.delivered,
            Way::PassedOn => &mut self.passed_on,
        };
        place.insert(letter).clone()
    }

    fn sealed(&self, mut head: Head, way: Way) -> SealedLetter {
        match way {
            Way::Delivered => heads::show_return_path(&mut head, self.source.return_path()),
            Way::PassedOn => {}
        }
        let summary = Summary::of(&head, &self.draft.letter.structure);
        seal(self.relay, &self.draft.letter, &head, &summary, self.now)
    }

    pub(super) fn recipient(
        &mut self,
        recipient: &PreparedRecipient,
        judged: &Judged,
        made: &mut Made,
    ) -> Result<(), Error> {
        let Decision::Deliver(decided) = &recipient.decision else { return Ok(()) };
        for warning in &decided.warnings {
            tracing::info!(queue = %self.draft.queue, ?warning, "a letter passes with a warning");
        }
        let party = judged.known.party(&recipient.address);
        let store = |cause| Error::Store { what: "preparing a delivery", cause };
        let Some(account) = unit::local_account(&party) else {
            let is_patient = judged.known.is_patient(&recipient.address);
            let letter = self.letter_for(&recipient.address, is_patient, Way::PassedOn);
            let key = self.keys.of(QUEUE).map_err(store)?;
            let mut row =
                outbound::row(self.relay, self.source, self.draft, &recipient.address, &letter, self.now);
            if self.source.follower().is_some() && judged.known.is_patient(&recipient.address) {
                row.envelope.wishes = outbound::of_follower(row.envelope.wishes);
            }
            made.outbound.push(row);
            made.holds.push(Hold { key: key.own(&letter.body), letter, uses: 1 });
            return Ok(());
        };
        let patient = unit::patient_account(&party);
        let key = self.keys.of(account).map_err(store)?;
        let letter = self.letter_for(&recipient.address, patient.is_some(), Way::Delivered);
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
        let sender = self.source.address().and_then(|sender| judged.party_id(sender));
        let thread = patient.map(|_| match &recipient.conversation {
            Some(conversation) => Thread::existing(*conversation),
            None => {
                let mut thread = self.thread(key, sender.as_slice(), None);
                thread.state = thread_state(decided, sender);
                thread
            }
        });
        made.alerts.extend(patient.zip(decided.alert).map(|(account, alert)| DueAlert {
            id: AlertId(self.relay.mailstore().db().id(self.now)),
            account,
            alert,
        }));
        if let (Some(account), LetterKind::Ordinary) = (patient, recipient.facts.kind) {
            made.owed.extend(self.owed(account, entry, &letter));
        }
        let detail =
            format!("queue={} entry={} rule={}", self.draft.queue, entry.0, recipient.decision.rule());
        made.audit.push(self.line(account, Act::LetterReceived, detail));
        for change in &decided.contacts {
            let act = match change.state {
                policy::ContactState::Open => Act::ContactOpened,
                policy::ContactState::Ended => Act::ContactEnded,
                policy::ContactState::Never => continue,
            };
            let with = judged.party_id(&change.correspondent).map_or(0, |party| party.0);
            made.audit.push(self.line(account, act, format!("with={with} queue={}", self.draft.queue)));
        }
        made.deliveries.push(Delivery {
            key: key.own(&letter.body),
            letter,
            place: place(decided.place),
            entry,
            marks: Marks::default(),
            internal_date: self.now,
            saved_at: None,
            origin: match recipient.facts.kind {
                LetterKind::Ordinary => Origin::Received,
                LetterKind::Report(_) => Origin::Report,
            },
            hidden,
            thread,
            documents,
            queue: Some(self.draft.queue),
        });
        Ok(())
    }

    /// What somebody is to hear of this letter once a patient opens it, or does not.
    fn owed(&self, account: AccountId, entry: EntryId, letter: &SealedLetter) -> Option<Owed> {
        let asked = receipts::owed_to(&self.draft.letter.head, self.source.return_path());
        let follower = self.source.follower().map(|mailbox| {
            let days = i64::from(self.relay.settings().unopened_after_days);
            Follower { mailbox, remind_at: (days > 0).then(|| self.now.plus(days * names::DAY)) }
        });
        (asked.is_some() || follower.is_some()).then(|| Owed {
            entry,
            account,
            head: letter.head.id(),
            queue: self.draft.queue,
            receipt: asked.is_some(),
            follower,
            created_at: self.now,
        })
    }

    /// The sender's own line, and on the web their own copy: mail programs keep theirs by APPEND.
    pub(super) fn sender(&mut self, judged: &Judged, made: &mut Made) -> Result<(), Error> {
        let Some(account) = self.source.account() else { return Ok(()) };
        let detail = format!("queue={} recipients={}", self.draft.queue, judged.recipients.len());
        made.audit.push(self.line(account, Act::LetterSent, detail));
        let Source::Web { .. } = self.source else { return Ok(()) };
        let key = self.keys.of(account).map_err(|cause| Error::Store { what: "keeping a copy", cause })?;
        let others: Vec<PartyId> =
            judged.recipients.iter().filter_map(|recipient| judged.party_id(&recipient.address)).collect();
        let conversation = self.draft.answering.as_ref().and_then(|answering| answering.conversation);
        let letter = self.whole(Way::PassedOn);
        made.deliveries.push(Delivery {
            key: key.own(&letter.body),
            letter,
            place: Place::Role(Role::Sent),
            entry: EntryId(self.relay.mailstore().db().id(self.now)),
            marks: Marks::new(mailstore::Flags::SEEN, &[]),
            internal_date: self.now,
            saved_at: None,
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
        correspondents: &[PartyId],
        conversation: Option<names::ConversationId>,
    ) -> Thread {
        let mut parties = correspondents.to_vec();
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
        thread.attachments = *self.attachments.get_or_init(|| attachments(&self.draft.letter));
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
        // Only a letter with an author is filed: a report never is.
        let Some(sender) = self.source.address() else { return Vec::new() };
        let author = judged.name(sender);
        let Some(party) = judged.party_id(sender) else { return Vec::new() };
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
        let letter = &self.draft.letter;
        let filing = || policy::filing::file(&facts::for_filing(&letter.head, &letter.structure, self.now));
        let filed = self.filed.get_or_init(filing);
        let views = letter.structure.leaf_views();
        let parts = views.iter().zip(filed).enumerate();
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

    pub(super) fn trace(&self, recipients: &[PreparedRecipient], made: &Made) -> Trace {
        let letter = &self.draft.letter;
        let away: Vec<&Address> = made.outbound.iter().map(|row| &row.envelope.recipient).collect();
        let traced = |recipient: &PreparedRecipient| match recipient.decision.refusal() {
            Some(refusal) => traced_refusal(&recipient.address, refusal),
            None => TracedRecipient {
                address: recipient.address.to_string(),
                rule: recipient.decision.rule().to_owned(),
                outcome: if away.contains(&&recipient.address) { "queued" } else { "delivered" }.to_owned(),
                reply: String::new(),
            },
        };
        Trace {
            queue: self.draft.queue,
            at: self.now,
            door: self.source.door().to_owned(),
            account: self.source.account(),
            body: Some(letter.body.id()),
            size: letter.head.len() as u64 + letter.body.size(),
            message_id: letter.head.message_id(),
            envelope_id: outbound::envelope_id(&self.draft.wishes),
            sender: self.source.address().map(ToString::to_string).unwrap_or_default(),
            claims: claims(&letter.head),
            recipients: recipients.iter().map(traced).collect(),
        }
    }
}

/// What programs show as attached.
fn attachments(letter: &Letter) -> u32 {
    let summary = Summary::of(&letter.head, &letter.structure);
    let attached = summary.attachments.iter().filter(|attachment| !attachment.inline);
    u32::try_from(attached.count()).unwrap_or(u32::MAX)
}

pub(crate) fn seal(
    relay: &Relay,
    letter: &Letter,
    head: &Head,
    summary: &Summary,
    now: Timestamp,
) -> SealedLetter {
    let sealed = relay.mailstore().seal_head(&letter.body, head.bytes(), &summary.encode(), now);
    SealedLetter { body: Arc::clone(&letter.body), head: Arc::new(sealed) }
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

fn thread_state(decided: &policy::Delivery, sender: Option<PartyId>) -> ThreadState {
    let opened = decided.contacts.iter().any(|change| change.state == policy::ContactState::Open);
    match (decided.event, sender) {
        (Some(policy::Event::EndedBySender), Some(sender)) => ThreadState::EndedBy(sender),
        (None, _) if opened => ThreadState::Open,
        (Some(policy::Event::EndedBySender) | None, _) => ThreadState::Unchanged,
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
