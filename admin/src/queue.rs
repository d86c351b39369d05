//! The queue of letters for other operators, as operators see it: no subject, no body, no patient.

use crate::command::{DropNotice, QueueFilter};
use crate::{Admin, Error};
use audit::{Actor, Chain};
use directory::Resolved;
use names::{Address, Domain, OutboundId, QueueId, Timestamp};
use relay::queue::{Care, Ended, Notice, State, Waiting, Which};
use std::collections::BTreeMap;

/// Rows read at a time.
const PAGE: u32 = 500;
/// Letters of an account or of a Message-ID that are shown.
const LETTERS: u32 = 20;

/// What of the queue is listed; all that is given must fit.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct QueueView {
    /// For this domain.
    pub domain: Option<Domain>,
    /// In this state.
    pub state: Option<State>,
    /// Accepted at least so many milliseconds ago.
    pub older_than: Option<i64>,
}

impl QueueView {
    /// What was typed, as it is meant.
    pub fn read(filter: &QueueFilter) -> Result<Self, Error> {
        Ok(Self {
            domain: filter.domain.as_deref().map(domain).transpose()?,
            state: filter.state.as_deref().map(state).transpose()?,
            older_than: filter.older_than,
        })
    }

    fn fits(&self, row: &Waiting, now: Timestamp) -> bool {
        self.domain.as_ref().is_none_or(|domain| row.domain == *domain)
            && self.state.is_none_or(|state| row.state == state)
            && self.older_than.is_none_or(|age| now.since(row.created_at) >= age)
    }
}

/// What waits.
#[derive(Clone, Debug, Default)]
pub struct QueueList {
    /// The first of it, in the order it came.
    pub rows: Vec<Waiting>,
    /// How much fits what was asked.
    pub found: u64,
    /// The same by domain and state.
    pub totals: Vec<QueueTotal>,
}

/// Recipients that wait for one domain in one state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QueueTotal {
    /// Which domain.
    pub domain: String,
    /// Which state.
    pub state: &'static str,
    /// How many.
    pub count: u64,
    /// For how many milliseconds the oldest waits.
    pub oldest: i64,
}

/// A letter for other operators.
#[derive(Clone, Debug)]
pub struct QueuedLetter {
    /// Its number.
    pub queue: QueueId,
    /// Recipients it waits for.
    pub waiting: Vec<Waiting>,
    /// Recipients whose story is over.
    pub ended: Vec<Ended>,
}

impl Admin {
    /// What waits for other operators, the first `most` rows of it.
    pub async fn queue_rows(
        &self,
        view: &QueueView,
        most: u32,
        by: Actor,
        now: Timestamp,
    ) -> Result<QueueList, Error> {
        let mut list = QueueList::default();
        let mut after = OutboundId(0);
        let mut totals = BTreeMap::<(String, &'static str), (u64, i64)>::new();
        loop {
            let mut tx = self.mailstore.db().read().await?;
            let page = self.relay.queue().page(&mut tx, after, PAGE, now).await?;
            drop(tx);
            let Some(last) = page.last() else { break };
            after = last.id;
            for row in page.into_iter().filter(|row| view.fits(row, now)) {
                list.found += 1;
                let total = totals.entry((row.domain.to_string(), row.state.code())).or_default();
                *total = (total.0 + 1, total.1.max(now.since(row.created_at)));
                if list.rows.len() < most as usize {
                    list.rows.push(row);
                }
            }
        }
        let total = |((domain, state), (count, oldest))| QueueTotal { domain, state, count, oldest };
        list.totals = totals.into_iter().map(total).collect();
        self.looked_by(by, Chain::System, format!("queue list rows={}", list.found), now).await?;
        Ok(list)
    }

    /// The letters of a queue id, of a Message-ID, or the last that an account of ours sent: what waits of
    /// them for another operator, and what went there. Refused when there is nothing.
    pub async fn queue_letters(
        &self,
        what: &str,
        by: Actor,
        now: Timestamp,
    ) -> Result<Vec<QueuedLetter>, Error> {
        let letters = self.letters_of(what.trim(), now).await?;
        self.looked_by(by, Chain::System, format!("queue show letters={}", letters.len()), now).await?;
        let mut found = Vec::new();
        for queue in letters {
            let mut tx = self.mailstore.db().read().await?;
            let waiting = self.relay.queue().of_letter(&mut tx, queue, now).await?;
            let ended = self.relay.queue().ended(&mut tx, queue).await?;
            if !waiting.is_empty() || !ended.is_empty() {
                found.push(QueuedLetter { queue, waiting, ended });
            }
        }
        if found.is_empty() {
            return Err(Error::Refused(format!(
                "nothing of «{}» waits for another operator or went to one; `pli admin why` tells what was decided",
                what.trim()
            )));
        }
        Ok(found)
    }

    /// The letters of a queue id, of a Message-ID, or those an account of ours sent last.
    async fn letters_of(&self, what: &str, now: Timestamp) -> Result<Vec<QueueId>, Error> {
        if let Ok(queue) = what.parse() {
            return Ok(vec![queue]);
        }
        let failed = |cause| Error::Store { what: "looking for a letter", cause };
        let account = match Address::parse(what) {
            Ok(address) => {
                let failed = |cause| Error::Directory { what: "looking an address up", cause };
                match self.directory.resolve(&[address], now).await.map_err(failed)?.pop() {
                    Some(Resolved::Professional(mailbox)) => Some(mailbox.account),
                    Some(Resolved::Patient(patient)) => Some(patient.account),
                    Some(_) | None => None,
                }
            }
            Err(_) => None,
        };
        match account {
            Some(account) => self.mailstore.letters_sent_by(account, LETTERS).await.map_err(failed),
            None => {
                let id = what.trim_start_matches('<').trim_end_matches('>');
                self.mailstore.letters_with_message_id(id, LETTERS).await.map_err(failed)
            }
        }
    }

    /// Holds letters, lets them go on, or tries them at once; answers how many recipients.
    pub async fn care_for_queue(
        &self,
        which: &Which,
        care: Care,
        by: Actor,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let failed = |cause| Error::Relay { what: "changing the queue", cause: Box::new(cause) };
        self.relay.care_for_queue(which, care, by, now).await.map_err(failed)
    }

    /// Drops letters for good; answers how many recipients. What a worker has in hand is not dropped.
    pub async fn drop_from_queue(
        &self,
        which: &Which,
        notice: DropNotice,
        by: Actor,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let notice = match notice {
            DropNotice::Report => Notice::Report,
            DropNotice::Silent => Notice::Silent,
        };
        let failed = |cause| Error::Relay { what: "dropping letters", cause: Box::new(cause) };
        let mut rows = 0;
        loop {
            let dropped = self.relay.drop_from_queue(which, notice, by, now).await.map_err(failed)?;
            rows += dropped;
            if dropped < u64::from(relay::queue::limits::SHOWN) {
                return Ok(rows);
            }
        }
    }
}

/// A queue id, a domain, or `all`.
pub fn which(text: &str) -> Result<Which, Error> {
    let text = text.trim();
    if text == "all" {
        return Ok(Which::All);
    }
    // A queue id has no dot and a domain has one.
    if text.contains('.') {
        return domain(text).map(Which::Domain);
    }
    text.parse().map(Which::Letter).map_err(|_| {
        Error::Refused(format!(
            "«{text}» is neither a queue id (thirteen letters and digits), a domain, nor `all`"
        ))
    })
}

fn domain(text: &str) -> Result<Domain, Error> {
    Domain::parse(text).map_err(|_| Error::Refused(format!("«{text}» is not a domain")))
}

fn state(text: &str) -> Result<State, Error> {
    let states = State::ALL.map(State::code).join(", ");
    State::from_code(text).ok_or_else(|| Error::Refused(format!("«{text}» is not a state: {states}")))
}
