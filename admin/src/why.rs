//! Why a letter passed or did not: what support reads out on the telephone.

use crate::{Admin, Done, Error};
use audit::Chain;
use directory::Resolved;
use mailstore::Trace;
use names::{Address, QueueId, Timestamp};
use policy::{Grant, Refusal};
use relay::visible::{self, Notice, Opened, Standing};
use std::collections::HashMap;
use std::fmt::Write as _;

impl Admin {
    pub(crate) async fn why(&self, queue: &str, now: Timestamp) -> Result<Done, Error> {
        let queue: QueueId = queue.trim().parse().map_err(|_| {
            Error::Refused(format!(
                "«{}» is not a queue id: thirteen letters and digits, as the 250 or the refusal shows them",
                queue.trim()
            ))
        })?;
        let traced = self.mailstore.why(queue).await;
        let traced = traced.map_err(|cause| Error::Store { what: "looking for the letter", cause })?;
        let chain = traced.as_ref().and_then(|trace| trace.account).map_or(Chain::System, Chain::Account);
        self.looked(chain, format!("why queue={queue}"), now).await?;
        match traced {
            Some(trace) => {
                let standings = self.standings(&trace, now).await?;
                Ok(Done::complete(told(&trace, &standings)))
            }
            None => Err(Error::Refused(format!(
                "nothing is known of {queue}: read it again (O is 0, I and L are 1), or the trace has expired"
            ))),
        }
    }
}

impl Admin {
    /// What became of a letter in the mailboxes of our patients, by address.
    async fn standings(&self, trace: &Trace, now: Timestamp) -> Result<HashMap<String, Standing>, Error> {
        let what = "looking for what became of the letter";
        let mut standings = HashMap::new();
        for recipient in trace.recipients.iter().filter(|recipient| recipient.outcome == "delivered") {
            let Ok(address) = Address::parse(&recipient.address) else { continue };
            let found = self.directory.resolve(&[address], now).await;
            let found = found.map_err(|cause| Error::Directory { what, cause })?;
            let [Resolved::Patient(patient)] = &found[..] else { continue };
            let mut tx = self.mailstore.db().read().await?;
            let standing =
                visible::standing(&self.mailstore, &mut tx, patient.account, trace.queue, trace.at).await;
            let standing = standing.map_err(|cause| Error::Relay { what, cause: Box::new(cause) })?;
            standings.extend(standing.map(|standing| (recipient.address.clone(), standing)));
        }
        Ok(standings)
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

fn told(trace: &Trace, standings: &HashMap<String, Standing>) -> String {
    let mut text = format!("letter     {}\n", trace.queue);
    let _ = writeln!(text, "when       {}", trace.at.rfc3339());
    let _ = writeln!(text, "door       {}", trace.door);
    let _ = writeln!(text, "sender     {}", trace.sender);
    if trace.size > 0 {
        let _ = writeln!(text, "size       {} octets", trace.size);
    }
    let kept = if trace.body.is_some() { "yes" } else { "no, nothing was stored" };
    let _ = writeln!(text, "kept       {kept}");
    for recipient in &trace.recipients {
        let _ = writeln!(text, "\nrecipient  {}", recipient.address);
        let _ = writeln!(text, "outcome    {}", recipient.outcome);
        let _ = writeln!(text, "rule       {}", recipient.rule);
        if let Some((french, english)) = sentences(&recipient.rule) {
            let _ = writeln!(text, "           {french}");
            let _ = writeln!(text, "           {english}");
        }
        if let Some(standing) = standings.get(&recipient.address) {
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
            let why = |queue: String| Command::Why { queue };
            let done = house.admin.run(&why(queue.to_string().to_lowercase()), NOON).await.unwrap();
            for words in
                ["conversation.never-contacted", "une première fois", "has written first", "nothing was"]
            {
                assert!(done.text.contains(words), "{words}: {}", done.text);
            }
            let mut tx = store.db().read().await.unwrap();
            let lines = audit::history(&mut tx, Chain::System, None, 1).await.unwrap();
            assert_eq!(lines[0].line.as_ref().unwrap().detail, format!("why queue={queue}"));
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
            let standings = house.admin.standings(&trace, NOON).await.unwrap();
            assert!(standings.is_empty(), "{}", house.engine);
            let standing = Standing { filed: 2, notice: Notice::Failed, opened: Opened::At(NOON) };
            let text = told(&trace, &[(patient.to_owned(), standing)].into());
            for words in ["filed      2 documents", "notice     failed", "opened     2026-11-22T12:00:00"] {
                assert!(text.contains(words), "{words}: {text}");
            }
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
