//! Leased rows on their way to their domains: letters opened, rows that may go together grouped.

use super::lanes::Job;
use super::limits;
use super::outcome::{Fault, Plan};
use super::sender::Inner;
use super::session::is_damage;
use super::store::Leased;
use crate::Error;
use mailstore::QUEUE;
use names::{Domain, HeadId, Timestamp};
use std::sync::Arc;

impl Inner {
    /// Opens the letters of leased rows and hands them to their domains.
    pub(super) async fn take_in(self: &Arc<Self>, rows: Vec<Leased>, now: Timestamp) -> Result<(), Error> {
        self.with_lanes(|lanes| lanes.hold(&rows));
        let mut heads: Vec<HeadId> = rows.iter().map(|row| row.head).collect();
        heads.dedup();
        let what = "opening letters of the queue";
        let mut letters = match self.relay.mailstore().whole_letters(QUEUE, &heads).await {
            Ok(letters) => letters,
            Err(cause) => {
                // What is in hand is renewed for ever: it must not stay there without a session to come.
                self.set_aside(rows, None, now);
                return Err(Error::Store { what, cause });
            }
        };
        for group in groups(rows) {
            let Some(first) = group.first() else { continue };
            let (domain, head) = (first.domain.clone(), first.head);
            let sound = match letters.get(&head) {
                Some(Ok((head, body))) => Ok((head.clone(), body.clone())),
                Some(Err(error)) if !is_damage(error) => {
                    tracing::warn!(queue = %first.queue, %error, "a letter of the queue is out of reach");
                    Err(None)
                }
                Some(Err(error)) => Err(Some(error.to_string())),
                None => Err(Some("the letter is gone from the store".to_owned())),
            };
            match sound {
                Ok((head, body)) => {
                    let job = Job { rows: group, head, body, unheard: 0 };
                    self.place(&domain, job, now);
                }
                Err(damage) => self.set_aside(group, damage, now),
            }
        }
        letters.clear();
        self.news.notify_one();
        Ok(())
    }

    /// A letter goes to its domain's sessions, unless a look at its rows says otherwise.
    fn place(self: &Arc<Self>, domain: &Domain, job: Job, now: Timestamp) {
        let (mut plan, mut going) = (Plan::default(), Vec::new());
        for row in &job.rows {
            if row.strikes >= limits::STRIKES {
                plan.aside(row, "workers died over this letter", now);
            } else if row.envelope.is_none() {
                plan.aside(row, "the envelope does not open", now);
            } else if super::schedule::is_over(row, now) {
                let fault = self.with_lanes(|lanes| lanes.remembered(domain)).unwrap_or_else(|| Fault {
                    status: (4, 4, 7),
                    words: "the time of the letter is over".to_owned(),
                    said: None,
                    peer: None,
                });
                plan.expire(row, &fault, now);
            } else {
                going.push(row.clone());
            }
        }
        if !plan.rows.is_empty() {
            let (inner, job) = (Arc::clone(self), job.clone());
            self.beside(async move { inner.carry_out(&job, plan, now).await });
        }
        if going.is_empty() {
            return;
        }
        let job = Job { rows: going, ..job };
        let shut = self.with_lanes(|lanes| {
            let shut = lanes.is_shut(domain, now).then(|| lanes.remembered(domain)).flatten();
            if shut.is_none() {
                lanes.push(domain, job.clone());
            }
            shut
        });
        if let Some(fault) = shut {
            self.put_off(domain, vec![job], fault);
        }
    }

    /// Rows whose letter cannot be opened: put aside when it is damaged, given back when it is only out
    /// of reach.
    fn set_aside(self: &Arc<Self>, rows: Vec<Leased>, damage: Option<String>, now: Timestamp) {
        let mut plan = Plan::default();
        for row in &rows {
            match &damage {
                Some(why) => plan.aside(row, why, now),
                None => plan.back_later(row, now),
            }
        }
        let inner = Arc::clone(self);
        self.beside(async move { inner.carry_out_rows(plan, now).await });
    }
}

/// Rows that go in one transaction: one letter, one head, and all that MAIL says alike.
pub(super) fn groups(rows: Vec<Leased>) -> Vec<Vec<Leased>> {
    let mut groups: Vec<Vec<Leased>> = Vec::new();
    for row in rows {
        let fits = groups.last().and_then(|group| group.first()).is_some_and(|first| alike(first, &row));
        match groups.last_mut() {
            Some(group) if fits && group.len() < limits::RECIPIENTS => group.push(row),
            Some(_) | None => groups.push(vec![row]),
        }
    }
    groups
}

fn alike(one: &Leased, other: &Leased) -> bool {
    let (Some(a), Some(b)) = (&one.envelope, &other.envelope) else { return false };
    (one.queue, one.head, &one.domain) == (other.queue, other.head, &other.domain)
        && one.strikes == 0
        && other.strikes == 0
        && (&a.sender, a.content, a.protection) == (&b.sender, b.content, b.protection)
        && a.deliver_by == b.deliver_by
        && (a.wishes.give_back, &a.wishes.envelope_id) == (b.wishes.give_back, &b.wishes.envelope_id)
}
