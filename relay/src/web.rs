//! The patients' pages as the relay sees them: writing, answering, opening.

use crate::letter::Letter;
use crate::receipts::Opening;
use crate::reports::PreparedReport;
use crate::{Answering, Draft, Error, Outcome, Relay, Source, visible};
use audit::{Act, Actor, Chain, Entry, Line};
use mailstore::{Hidden, LetterRow, Viewer};
use names::{AccountId, Address, ConversationId, DocumentId, EntryId, PatientId, Timestamp};
use policy::{Answered, Mandate, NoAnswer, Refusal};
use wire::mime::Head;
use wire::mime::compose::{self, File, Person};

/// Somebody at the pages, in one profile.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The profile's account.
    pub account: AccountId,
    /// The profile's address.
    pub address: Address,
    /// Whose profile it is.
    pub patient: PatientId,
    /// Their name as the directory knows it.
    pub name: String,
    /// Who signed in: the same, or a parent or helper.
    pub actor: PatientId,
    /// Their name.
    pub actor_name: String,
    /// What they lean on when they act for somebody else.
    pub mandate: Option<Mandate>,
}

/// A letter as it was written on the page.
#[derive(Clone, Debug)]
pub struct Written<'a> {
    /// To whom.
    pub to: Address,
    /// Their name as the directory knows it.
    pub to_name: &'a str,
    /// The subject; an answer's is that of the letter it answers when empty.
    pub subject: &'a str,
    /// The text.
    pub text: &'a str,
    /// Files.
    pub files: &'a [File<'a>],
    /// The letter it answers, and its conversation.
    pub answers: Option<(ConversationId, EntryId)>,
}

/// Whether a letter can be answered, and to whom the answer would go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerState {
    /// Where an answer goes: the letter's Reply-To, or its author.
    pub to: Option<Address>,
    /// Why not, if not.
    pub refusal: Option<Refusal>,
}

impl Visitor {
    fn source(&self) -> Source<'_> {
        Source::Web {
            account: self.account,
            address: &self.address,
            patient: self.patient,
            actor: self.actor,
            mandate: self.mandate.as_ref(),
        }
    }

    /// Whose eyes read.
    #[must_use]
    pub fn viewer(&self) -> Viewer {
        if self.actor == self.patient { Viewer::Patient } else { Viewer::Representative }
    }

    fn line(&self, act: Act, detail: String, now: Timestamp) -> Line {
        let for_whom = (self.actor != self.patient).then_some(Actor::Patient(self.patient));
        Line { at: now, actor: Actor::Patient(self.actor), for_whom, act, detail }
    }
}

impl Relay {
    /// Whether this profile may write to this address now; the same judgement as at the end.
    pub async fn may_write(
        &self,
        visitor: &Visitor,
        to: &Address,
        now: Timestamp,
    ) -> Result<Option<Refusal>, Error> {
        match self.preview(&visitor.source(), to, now).await? {
            crate::Verdict::Pass => Ok(None),
            crate::Verdict::Refused(refusal, _) => Ok(Some(refusal)),
        }
    }

    /// Whether this letter may be answered now, and to whom the answer would go.
    pub async fn may_answer(
        &self,
        visitor: &Visitor,
        conversation: ConversationId,
        letter: EntryId,
        now: Timestamp,
    ) -> Result<Option<AnswerState>, Error> {
        let Some(answered) = self.answered(visitor, conversation, letter).await? else { return Ok(None) };
        let Some(to) = answered.to.clone() else {
            return Ok(Some(AnswerState { to: None, refusal: Some(Refusal::AnswerForbidden) }));
        };
        let refusal = self.preview_answer(&visitor.source(), &to, &answered.letter, now).await?;
        Ok(Some(AnswerState { to: Some(to), refusal }))
    }

    /// Keeps a letter written on the page, and delivers it. `Accepted` means: on disk, and in the
    /// correspondent's mailbox.
    pub async fn write(
        &self,
        visitor: &Visitor,
        written: &Written<'_>,
        now: Timestamp,
    ) -> Result<Option<Outcome>, Error> {
        self.check_room()?;
        let answered = match written.answers {
            None => None,
            Some((conversation, letter)) => match self.answered(visitor, conversation, letter).await? {
                Some(answered) => Some((conversation, answered)),
                None => return Ok(None),
            },
        };
        let queue = self.queue_id(now);
        let parent = answered.as_ref().map(|(_, answered)| &answered.head);
        let subject = match parent {
            Some(parent) if written.subject.trim().is_empty() => {
                compose::answer_subject(&policy::secrecy::untagged(&parent.subject()))
            }
            _ => written.subject.to_owned(),
        };
        let text = visitor.signed(written.text);
        let parent_id = parent.and_then(Head::message_id);
        let references = match (parent, &parent_id) {
            (Some(parent), Some(id)) => compose::references(&parent.references(), &parent.in_reply_to(), id),
            (Some(_), None) | (None, _) => Vec::new(),
        };
        let fields = self.patient_fields(visitor).await?;
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let letter = compose::Letter {
            from: Person { name: &visitor.name, address: &visitor.address },
            sender: None,
            to: &[Person { name: written.to_name, address: &written.to }],
            cc: &[],
            subject: &subject,
            message_id: &self.message_id(queue),
            in_reply_to: parent_id.as_deref(),
            references: &references,
            text: &text,
            attachments: written.files,
            fields: &fields,
        };
        let mut letter = Letter::composed(self.mailstore(), &letter.compose(now), now).await?;
        self.trace_composed(&mut letter.head, queue);
        let answering = answered.map(|(conversation, answered)| Answering {
            letter: answered.letter,
            conversation: Some(conversation),
            hidden: answered.hidden,
        });
        let recipients = vec![written.to.clone()];
        let wishes = crate::Wishes::default();
        let draft = Draft { queue, recipients, reply_to: Vec::new(), letter, answering, wishes };
        self.deliver(&visitor.source(), draft, now).await.map(Some)
    }

    /// Marks the letters of a conversation as read, and writes down who opened them; what was owed at
    /// their opening leaves in the same unit.
    pub async fn open_conversation(
        &self,
        visitor: &Visitor,
        conversation: ConversationId,
        now: Timestamp,
    ) -> Result<(), Error> {
        let openings = self.openings(visitor, conversation, now).await?;
        let line = visitor.line(Act::LetterRead, format!("conversation={}", conversation.0), now);
        let line = Entry::new(Chain::Account(visitor.account), line, &self.inner().entropy);
        let opened = OpenedConversation {
            store: self.mailstore().clone(),
            account: visitor.account,
            conversation,
            viewer: visitor.viewer(),
            openings,
            line,
            now,
        };
        let unit = db::unit("open a conversation", opened, |opened, tx| Box::pin(opened.write(tx)));
        self.mailstore().db().write(unit).await
    }

    /// Writes down that a document, or an attachment of a letter, was opened.
    pub async fn note_document_read(
        &self,
        visitor: &Visitor,
        what: Opened,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (act, detail) = match what {
            Opened::Document(document) => (Act::DocumentRead, format!("document={}", document.0)),
            Opened::Attachment(entry) => (Act::LetterRead, format!("attachment of entry={}", entry.0)),
        };
        let line = Entry::new(
            Chain::Account(visitor.account),
            visitor.line(act, detail, now),
            &self.inner().entropy,
        );
        self.mailstore()
            .db()
            .write(db::unit("note a document read", line, |line, tx| {
                Box::pin(
                    async move { audit::append(tx, std::slice::from_ref(line)).await.map_err(Error::from) },
                )
            }))
            .await
    }

    /// The header block of a letter of this account.
    pub async fn head_of(&self, account: AccountId, row: &LetterRow) -> Result<Option<Head>, Error> {
        let blocks = self.mailstore().header_blocks(account, &[row.entry.head]).await;
        let blocks = blocks.map_err(|cause| Error::Store { what: "opening a letter's head", cause })?;
        Ok(blocks.into_iter().flatten().next().and_then(|block| Head::parse(block.to_vec()).ok()))
    }

    async fn answered(
        &self,
        visitor: &Visitor,
        conversation: ConversationId,
        letter: EntryId,
    ) -> Result<Option<AnsweredLetter>, Error> {
        let found = self.mailstore().letter(visitor.account, conversation, letter, visitor.viewer()).await;
        let Some(row) =
            found.map_err(|cause| Error::Store { what: "finding the letter to answer", cause })?
        else {
            return Ok(None);
        };
        let Some(head) = self.head_of(visitor.account, &row).await? else { return Ok(None) };
        let Ok(author) = head.author() else { return Ok(None) };
        // The patient's own letters stand in the conversation too: nobody answers themselves.
        let own = author.address == visitor.address || row.entry.origin != mailstore::Origin::Received;
        let reply_to = head.reply_to().mailboxes.into_iter().next().map(|mailbox| mailbox.address);
        let to = (!own).then(|| reply_to.unwrap_or_else(|| author.address.clone()));
        let forbids = policy::fin_by_subject(&head.subject())
            || head.x_mss("MES").is_some_and(|value| policy::fin_by_header(&value))
            || head.field("Content-Type").is_some_and(|field| {
                field.unfolded().trim_start().to_ascii_lowercase().starts_with("multipart/report")
            });
        let no_answer = if forbids || own { NoAnswer::Forbidden } else { NoAnswer::MayBeAnswered };
        let letter = Answered { from: author.address, received_at: row.entry.internal_date, no_answer };
        Ok(Some(AnsweredLetter { letter, to, head, hidden: row.entry.hidden }))
    }
}

/// What was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// A document of the dossier.
    Document(DocumentId),
    /// An attachment of a letter.
    Attachment(EntryId),
}

/// A conversation that somebody opens.
struct OpenedConversation {
    store: mailstore::Mailstore,
    account: AccountId,
    conversation: ConversationId,
    viewer: Viewer,
    openings: Vec<Opening>,
    line: Entry,
    now: Timestamp,
}

impl OpenedConversation {
    async fn write(&self, tx: &mut db::Tx) -> Result<(), Error> {
        let what = "opening a conversation";
        let read = self.store.mark_read(tx, self.account, self.conversation, self.viewer).await;
        read.map_err(|cause| Error::Store { what, cause })?;
        let mut receipts = Vec::new();
        for opening in &self.openings {
            let leaves = opening.receipt.is_some();
            let first = visible::store::open(tx, opening.entry, leaves, self.now).await;
            // Two parents at the same instant: one of them is the first.
            if first.map_err(|cause| Error::Database { what, cause })? {
                receipts.extend(&opening.receipt);
            }
        }
        PreparedReport::write_all(tx, &receipts, vec![self.line.clone()]).await
    }
}

struct AnsweredLetter {
    letter: Answered,
    to: Option<Address>,
    head: Head,
    hidden: Hidden,
}

impl Visitor {
    /// The text, with a line that says who wrote it when it was somebody else (DOMAIN §2.10).
    fn signed(&self, text: &str) -> String {
        if self.actor == self.patient {
            return text.to_owned();
        }
        format!("{}\r\n\r\n-- \r\nÉcrit par {} pour {}.", text.trim_end(), self.actor_name, self.name)
    }
}
