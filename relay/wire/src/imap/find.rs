//! SEARCH and UID SEARCH (RFC 3501 §6.4.4, §7.2.5), streamed in one line.

use super::command::By;
use super::reply::Completion;
use super::search::Written;
use super::server::{Out, Phase, Server, Task};
use super::{Answer, Ask, Refusal};

/// A SEARCH whose results are coming.
#[derive(Debug)]
pub(super) struct Finding {
    tag: String,
    by: By,
    refusal: Option<Refusal>,
}

impl Server {
    pub(super) fn search(&mut self, tag: &str, by: By, key: Written, out: &mut Out) {
        let key = self.selection.as_ref().and_then(|selection| key.resolve(&selection.view));
        let Some(key) = key else { return self.no_such_number(tag, out) };
        out.send(b"* SEARCH");
        self.pull(Ask::Search(key), Task::Search(Finding { tag: tag.to_owned(), by, refusal: None }), out);
    }

    pub(super) fn found(&mut self, mut finding: Finding, answer: Answer, out: &mut Out) {
        match answer {
            Answer::Found(uids) => {
                // A message that the client has not heard of yet has no number, and is not shown by UID
                // either: what a SEARCH finds must be there to FETCH.
                let view = self.selection.as_ref().map(|selection| &selection.view);
                let numbers = uids.into_iter().filter_map(|uid| Some((uid, view?.number(uid)?)));
                let mut text = String::new();
                for (uid, number) in numbers {
                    text.push(' ');
                    text.push_str(&match finding.by {
                        By::Number => number.to_string(),
                        By::Uid => uid.to_string(),
                    });
                }
                out.send(text.as_bytes());
            }
            Answer::Refused(refusal) => finding.refusal = Some(refusal),
            _ => return self.bye("SERVERBUG", "an internal error; please come back", out),
        }
        self.phase = Phase::Waiting(Task::Search(finding));
    }

    pub(super) fn search_ended(&mut self, finding: Finding, out: &mut Out) {
        out.send(b"\r\n");
        let completion = match finding.refusal {
            Some(refusal) => Completion::refused(refusal),
            None => Completion::ok("SEARCH done"),
        };
        self.complete_messages(&finding.tag, finding.by, completion, out);
    }
}
