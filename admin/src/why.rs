//! Why a letter passed or did not: what support reads out on the telephone.

use crate::{Admin, Done, Error};
use audit::{Actor, Chain};
use directory::{Mailbox, Resolved, mailboxes};
use mailstore::Trace;
use names::{Address, QueueId, Timestamp};
use policy::{Grant, Refusal};
use relay::visible::{self, Notice, Opened, Standing};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// Why somebody looks at a letter that is not theirs; the trail keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Reason {
    /// Its sender asks.
    Sender,
    /// Somebody it was written to asks.
    Recipient,
    /// Another operator asks.
    Operator,
    /// Something does not work.
    Incident,
    /// A check of one's own.
    Check,
}

impl Reason {
    /// Every reason, in the order they are offered.
    pub const ALL: [Self; 5] = [Self::Sender, Self::Recipient, Self::Operator, Self::Incident, Self::Check];

    /// The code in the trail, in forms and on the command line.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Sender => "sender-asks",
            Self::Recipient => "recipient-asks",
            Self::Operator => "operator-asks",
            Self::Incident => "incident",
            Self::Check => "check",
        }
    }

    /// The reason a code stands for.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

/// What was decided on a letter, and what became of it. Never its subject, never its text.
#[derive(Clone, Debug)]
pub struct Explained {
    /// Its number.
    pub queue: QueueId,
    /// When it came.
    pub at: Timestamp,
    /// By which door.
    pub door: String,
    /// Envelope sender: a patient's address among them.
    pub sender: String,
    /// Octets as on the wire; 0 when it was refused before it was read.
    pub size: u64,
    /// Whether it is kept.
    pub kept: bool,
    /// What became of each recipient.
    pub recipients: Vec<ExplainedRecipient>,
    /// The mailboxes of professionals here that sent it or were written to: whose administrators may know.
    pub concerned: Vec<Mailbox>,
}

/// What was decided for one recipient.
#[derive(Clone, Debug)]
pub struct ExplainedRecipient {
    /// Its address: a patient's among them. [`crate::mask::shown`] hides it.
    pub address: String,
    /// `delivered`, `queued`, `refused`.
    pub outcome: String,
    /// The stable id of the rule.
    pub rule: String,
    /// The rule in French and in English.
    pub sentences: Option<(&'static str, &'static str)>,
    /// The reply given; empty when none was.
    pub reply: String,
    /// What became of it in a patient's mailbox here.
    pub standing: Option<Standing>,
}

impl Admin {
    /// What was decided on a letter, by the number in its `250` or in its refusal. The look is written down
    /// with its reason, also when nothing is found.
    pub async fn explain(
        &self,
        queue: &str,
        reason: Reason,
        by: Actor,
        now: Timestamp,
    ) -> Result<Explained, Error> {
        let queue: QueueId = queue.trim().parse().map_err(|_| {
            Error::Refused(format!(
                "«{}» is not a queue id: thirteen letters and digits, as the 250 or the refusal shows them",
                queue.trim()
            ))
        })?;
        let traced = self.mailstore.why(queue).await;
        let traced = traced.map_err(|cause| Error::Store { what: "looking for the letter", cause })?;
        let chain = traced.as_ref().and_then(|trace| trace.account).map_or(Chain::System, Chain::Account);
        self.looked_by(by, chain, format!("why queue={queue} reason={}", reason.code()), now).await?;
        match traced {
            Some(trace) => self.explained(trace, now).await,
            None => Err(Error::Refused(format!(
                "nothing is known of {queue}: read it again (O is 0, I and L are 1), or the trace has expired"
            ))),
        }
    }

    async fn explained(&self, trace: Trace, now: Timestamp) -> Result<Explained, Error> {
        let mut recipients = Vec::with_capacity(trace.recipients.len());
        for recipient in &trace.recipients {
            recipients.push(ExplainedRecipient {
                address: recipient.address.clone(),
                outcome: recipient.outcome.clone(),
                rule: recipient.rule.clone(),
                sentences: sentences(&recipient.rule),
                reply: recipient.reply.clone(),
                standing: self.standing(&trace, &recipient.address, &recipient.outcome, now).await?,
            });
        }
        Ok(Explained {
            queue: trace.queue,
            at: trace.at,
            door: trace.door.clone(),
            sender: trace.sender.clone(),
            size: trace.size,
            kept: trace.body.is_some(),
            recipients,
            concerned: self.concerned(&trace).await?,
        })
    }

    async fn concerned(&self, trace: &Trace) -> Result<Vec<Mailbox>, Error> {
        let addresses = trace.recipients.iter().map(|recipient| recipient.address.as_str());
        let addresses: Vec<Address> =
            addresses.chain([trace.sender.as_str()]).filter_map(|text| Address::parse(text).ok()).collect();
        let addresses: Vec<&Address> = addresses.iter().collect();
        let mut tx = self.mailstore.db().read().await?;
        let mut concerned = mailboxes::find_by_addresses(&mut tx, &addresses).await?;
        // The account that sent may write under other addresses than its own.
        let sent: Vec<_> = trace.account.into_iter().collect();
        for mailbox in mailboxes::find(&mut tx, &sent).await? {
            if concerned.iter().all(|known| known.account != mailbox.account) {
                concerned.push(mailbox);
            }
        }
        Ok(concerned)
    }

    /// What became of a letter in the mailbox of a patient of ours.
    async fn standing(
        &self,
        trace: &Trace,
        address: &str,
        outcome: &str,
        now: Timestamp,
    ) -> Result<Option<Standing>, Error> {
        let what = "looking for what became of the letter";
        let Some(address) = Address::parse(address).ok().filter(|_| outcome == "delivered") else {
            return Ok(None);
        };
        let found = self.directory.resolve(&[address], now).await;
        let found = found.map_err(|cause| Error::Directory { what, cause })?;
        let [Resolved::Patient(patient)] = &found[..] else { return Ok(None) };
        let mut tx = self.mailstore.db().read().await?;
        let standing = visible::standing(&self.mailstore, &mut tx, patient.account, trace.queue, trace.at);
        standing.await.map_err(|cause| Error::Relay { what, cause: Box::new(cause) })
    }

    pub(crate) async fn why(
        &self,
        queue: &str,
        reason: Reason,
        by: Actor,
        now: Timestamp,
    ) -> Result<Done, Error> {
        Ok(Done::complete(told(&self.explain(queue, reason, by, now).await?)))
    }
}

fn history(standing: &Standing) -> String {
    let notice = match standing.notice {
        Notice::Left => "left",
        Notice::Failed => "failed",
        Notice::Waits => "waits to leave",
        Notice::None => "none: switched off, or hidden from the patient",
    };
    let opened = match standing.opened {
        Opened::At(at) => at.rfc3339(),
        Opened::Sometime => "yes; the trail of the account knows when".to_owned(),
        Opened::No => "not yet".to_owned(),
    };
    format!("filed      {} documents\nnotice     {notice}\nopened     {opened}\n", standing.filed)
}

fn told(letter: &Explained) -> String {
    let mut text = format!("letter     {}\n", letter.queue);
    let _ = writeln!(text, "when       {}", letter.at.rfc3339());
    let _ = writeln!(text, "door       {}", letter.door);
    let _ = writeln!(text, "sender     {}", letter.sender);
    if letter.size > 0 {
        let _ = writeln!(text, "size       {} octets", letter.size);
    }
    let kept = if letter.kept { "yes" } else { "no, nothing was stored" };
    let _ = writeln!(text, "kept       {kept}");
    for recipient in &letter.recipients {
        let _ = writeln!(text, "\nrecipient  {}", recipient.address);
        let _ = writeln!(text, "outcome    {}", recipient.outcome);
        let _ = writeln!(text, "rule       {}", recipient.rule);
        if let Some((french, english)) = recipient.sentences {
            let _ = writeln!(text, "           {french}");
            let _ = writeln!(text, "           {english}");
        }
        if let Some(standing) = &recipient.standing {
            text.push_str(&history(standing));
        }
        if !recipient.reply.is_empty() {
            let _ = writeln!(text, "reply      {}", recipient.reply);
        }
    }
    text
}

fn sentences(rule: &str) -> Option<(&'static str, &'static str)> {
    let refusal = Refusal::from_id(rule).map(|rule| (rule.french(), rule.english()));
    let grant = || Grant::ALL.into_iter().find(|grant| grant.id() == rule);
    refusal.or_else(|| grant().map(|grant| (grant.french(), grant.english())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Command;
    use crate::testing::{NOON, houses};
    use mailstore::TracedRecipient;

    fn traced(queue: QueueId, rule: &str, outcome: &str) -> Trace {
        Trace {
            queue,
            at: NOON,
            door: "submission".to_owned(),
            account: None,
            body: None,
            size: 0,
            message_id: None,
            envelope_id: None,
            sender: "dr@cabinet.example".to_owned(),
            claims: mailstore::Claims::NONE,
            recipients: vec![TracedRecipient {
                address: "x@patient.example".to_owned(),
                rule: rule.to_owned(),
                outcome: outcome.to_owned(),
                reply: String::new(),
            }],
        }
    }

    #[tokio::test]
    async fn a_trace_is_told_with_its_rule_in_both_languages_and_the_look_is_noted() {
        for house in houses().await {
            let store = &house.admin.mailstore;
            let queue = QueueId(store.db().id(NOON));
            let trace = traced(queue, "conversation.never-contacted", "refused");
            let unit = db::unit("trace", (store.clone(), trace), |(store, trace), tx| {
                Box::pin(store.write_traces(tx, std::slice::from_ref(trace)))
            });
            store.db().write(unit).await.unwrap();
            let why = |queue: String| Command::Why { queue, reason: Reason::Incident };
            let done = house.admin.run(&why(queue.to_string().to_lowercase()), NOON).await.unwrap();
            for words in
                ["conversation.never-contacted", "une première fois", "has written first", "nothing was"]
            {
                assert!(done.text.contains(words), "{words}: {}", done.text);
            }
            let mut tx = store.db().read().await.unwrap();
            let lines = audit::history(&mut tx, Chain::System, None, 1).await.unwrap();
            let detail = format!("why queue={queue} reason=incident");
            assert_eq!(lines[0].line.as_ref().unwrap().detail, detail);
            drop(tx);
            for unknown in ["0000000000000", "not a number"] {
                let error = house.admin.run(&why(unknown.to_owned()), NOON).await.unwrap_err();
                assert!(matches!(error, Error::Refused(_)), "{unknown}: {error}");
            }
        }
    }

    #[tokio::test]
    async fn a_delivered_letter_is_told_with_what_became_of_it() {
        for house in crate::testing::full_houses().await {
            let store = &house.admin.mailstore;
            let patient = "285059900010125@patient.mssante.example";
            let trace = Trace {
                recipients: vec![TracedRecipient {
                    address: patient.to_owned(),
                    rule: Grant::ALL[0].id().to_owned(),
                    outcome: "delivered".to_owned(),
                    reply: String::new(),
                }],
                ..traced(QueueId(store.db().id(NOON)), "", "")
            };
            // The letter itself is gone: nothing is told, and nothing fails.
            let mut letter = house.admin.explained(trace, NOON).await.unwrap();
            assert!(letter.recipients[0].standing.is_none(), "{}", house.engine);
            assert_eq!(letter.concerned, [], "{}: a patient's letter is no organisation's", house.engine);
            letter.recipients[0].standing =
                Some(Standing { filed: 2, notice: Notice::Failed, opened: Opened::At(NOON) });
            let text = told(&letter);
            for words in ["filed      2 documents", "notice     failed", "opened     2026-11-22T12:00:00"] {
                assert!(text.contains(words), "{words}: {text}");
            }
        }
    }

    #[tokio::test]
    async fn the_mailboxes_a_letter_concerns_are_known_and_patients_are_none() {
        for house in crate::testing::full_houses().await {
            let doctor = "marie.lenoir@cabinet-lilas.mssante.example";
            let patient = "285059900010125@patient.mssante.example";
            let store = &house.admin.mailstore;
            let recipient = |address: &str| TracedRecipient {
                address: address.to_owned(),
                rule: String::new(),
                outcome: "refused".to_owned(),
                reply: String::new(),
            };
            let trace = Trace {
                sender: patient.to_owned(),
                recipients: vec![recipient(doctor), recipient(patient), recipient("x@elsewhere.example")],
                ..traced(QueueId(store.db().id(NOON)), "", "")
            };
            let letter = house.admin.explained(trace, NOON).await.unwrap();
            let concerned: Vec<String> = letter.concerned.iter().map(|one| one.address.to_string()).collect();
            assert_eq!(concerned, [doctor], "{}", house.engine);
        }
    }

    #[test]
    fn every_rule_that_can_stand_in_a_trace_has_its_sentences() {
        for rule in Refusal::ALL.map(Refusal::id).into_iter().chain(Grant::ALL.map(Grant::id)) {
            assert!(sentences(rule).is_some(), "{rule}");
        }
        assert!(sentences("no.such-rule").is_none());
    }
}
