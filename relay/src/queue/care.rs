//! What operators do with the queue: look, hold, release, hurry, drop. Every act leaves its line.

use super::carrying::{lines, reports, reports_without};
use super::home::Owner;
use super::lanes::Job;
use super::limits;
use super::outcome::{Fault, Plan};
use super::settle::{End, Settle, Settlement, Story};
use super::store::{Kind, Leased, Queue};
use crate::{Error, Relay};
use audit::{Act, Actor, Chain, Entry, Line};
use db::{Row, Tx, Unit, Value, args};
use mailstore::{QUEUE, Work};
use names::{Domain, OutboundId, QueueId, Timestamp};
use std::sync::Arc;

/// Which rows are meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Which {
    /// Those of one letter.
    Letter(QueueId),
    /// Those for one domain.
    Domain(Domain),
    /// All.
    All,
}

/// What a row does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// It waits for its next try.
    Waiting,
    /// A worker has it.
    UnderWay,
    /// An operator holds it.
    Held,
    /// Put aside after three strikes, or because it is damaged.
    Quarantined,
}

impl State {
    /// Every state, for tables.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::UnderWay, Self::Held, Self::Quarantined];

    /// Its word.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::UnderWay => "under-way",
            Self::Held => "held",
            Self::Quarantined => "quarantined",
        }
    }

    /// The state of a word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// One recipient that waits. No subject, no body; who may see the addresses is the caller's to judge.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The row.
    pub id: OutboundId,
    /// Its letter.
    pub queue: QueueId,
    /// Where it goes.
    pub domain: Domain,
    /// What it does.
    pub state: State,
    /// The envelope, when it opens.
    pub envelope: Option<super::Envelope>,
    /// When the letter was accepted.
    pub created_at: Timestamp,
    /// When it is given up.
    pub expires_at: Timestamp,
    /// The next try.
    pub due_at: Timestamp,
    /// Tries so far.
    pub attempts: u32,
    /// Workers that died over it.
    pub strikes: u32,
    /// What happened at the last try.
    pub last: Option<Story>,
}

/// One recipient whose story is over.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its letter.
    pub queue: QueueId,
    /// Where it went.
    pub domain: Domain,
    /// How it ended: `delivered`, `failed`, `expired`, `dropped`.
    pub outcome: String,
    /// Tries.
    pub attempts: u32,
    /// What happened, when it opens.
    pub story: Option<Story>,
}

/// What an operator does to rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Care {
    /// They wait until they are released.
    Hold,
    /// They go on; those put aside too.
    Release,
    /// They are tried at once.
    Retry,
}

/// Whether senders hear of a drop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notice {
    /// They get the report that a failure would bring.
    Report,
    /// Nobody is told.
    Silent,
}

const COLUMNS: &str =
    "SELECT id, queue, domain, state, sealed_envelope, created_at, expires_at, due_at, lease,
    attempts, strikes, sealed_reason FROM outbound WHERE id > $1 ORDER BY id LIMIT $2";
const OF_LETTER: &str =
    "SELECT id, queue, domain, state, sealed_envelope, created_at, expires_at, due_at, lease,
    attempts, strikes, sealed_reason FROM outbound WHERE queue = $1 ORDER BY id LIMIT $2";

impl Queue {
    /// A page of all rows, oldest first, after row `after`.
    pub async fn page(
        &self,
        tx: &mut Tx,
        after: OutboundId,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<Waiting>, db::Error> {
        let rows = tx.rows(COLUMNS, args![after, limit]).await?;
        rows.iter().map(|row| self.waiting(row, now)).collect()
    }

    /// The rows of one letter.
    pub async fn of_letter(
        &self,
        tx: &mut Tx,
        queue: QueueId,
        now: Timestamp,
    ) -> Result<Vec<Waiting>, db::Error> {
        let rows = tx.rows(OF_LETTER, args![queue, limits::SHOWN]).await?;
        rows.iter().map(|row| self.waiting(row, now)).collect()
    }

    /// What became of the recipients of one letter that do not wait any more.
    pub async fn ended(&self, tx: &mut Tx, queue: QueueId) -> Result<Vec<Ended>, db::Error> {
        const ENDED: &str = "SELECT id, domain, outcome, attempts, sealed_trace FROM outbound_trace
            WHERE queue = $1 ORDER BY id LIMIT $2";
        let rows = tx.rows(ENDED, args![queue, limits::SHOWN]).await?;
        let ended = rows.iter().map(|row| {
            let id = OutboundId(row.int(0)?);
            Ok(Ended {
                queue,
                domain: domain(&row.text(1)?)?,
                outcome: row.text(2)?,
                attempts: u32::try_from(row.int(3)?).unwrap_or(u32::MAX),
                story: self.open(Kind::Trace, id, queue, row.bytes(4)?),
            })
        });
        ended.collect()
    }

    /// Holds, releases or hurries rows; answers how many. The worker is woken after the commit.
    pub async fn care(
        &self,
        tx: &mut Tx,
        which: &Which,
        care: Care,
        now: Timestamp,
    ) -> Result<u64, db::Error> {
        // A row that a worker has may be held too: it stays where it is once the worker gives it back.
        const HOLD: [&str; 3] = [
            "UPDATE outbound SET state = 'held' WHERE state = 'waiting' AND queue = $1",
            "UPDATE outbound SET state = 'held' WHERE state = 'waiting' AND domain = $1",
            "UPDATE outbound SET state = 'held' WHERE state = 'waiting'",
        ];
        const RELEASE: [&str; 3] = [
            "UPDATE outbound SET state = 'waiting', strikes = 0, due_at = CASE WHEN lease = 0 THEN $1 ELSE due_at END
                WHERE state <> 'waiting' AND queue = $2",
            "UPDATE outbound SET state = 'waiting', strikes = 0, due_at = CASE WHEN lease = 0 THEN $1 ELSE due_at END
                WHERE state <> 'waiting' AND domain = $2",
            "UPDATE outbound SET state = 'waiting', strikes = 0, due_at = CASE WHEN lease = 0 THEN $1 ELSE due_at END
                WHERE state <> 'waiting'",
        ];
        const RETRY: [&str; 3] = [
            "UPDATE outbound SET due_at = $1 WHERE state = 'waiting' AND lease = 0 AND queue = $2",
            "UPDATE outbound SET due_at = $1 WHERE state = 'waiting' AND lease = 0 AND domain = $2",
            "UPDATE outbound SET due_at = $1 WHERE state = 'waiting' AND lease = 0",
        ];
        let (texts, mut values) = match care {
            Care::Hold => (HOLD, args![]),
            Care::Release => (RELEASE, args![now]),
            Care::Retry => (RETRY, args![now]),
        };
        let text = match which {
            Which::Letter(queue) => {
                values.push(Value::from(*queue));
                texts[0]
            }
            Which::Domain(domain) => {
                values.push(Value::from(domain.as_str()));
                texts[1]
            }
            Which::All => texts[2],
        };
        let touched = tx.execute(text, values).await?;
        match care {
            Care::Hold => {}
            Care::Release | Care::Retry => self.hurry_after(tx),
        }
        Ok(touched)
    }

    /// Rows that may be dropped: those no worker has.
    async fn droppable(&self, tx: &mut Tx, which: &Which) -> Result<Vec<Leased>, db::Error> {
        const LETTER: &str =
            "SELECT id, queue, body, head, domain, sealed_envelope, created_at, expires_at, attempts,
            strikes, told_late_at FROM outbound WHERE lease = 0 AND queue = $1 ORDER BY id LIMIT $2";
        const DOMAIN: &str =
            "SELECT id, queue, body, head, domain, sealed_envelope, created_at, expires_at, attempts,
            strikes, told_late_at FROM outbound WHERE lease = 0 AND domain = $1 ORDER BY id LIMIT $2";
        const ALL: &str =
            "SELECT id, queue, body, head, domain, sealed_envelope, created_at, expires_at, attempts,
            strikes, told_late_at FROM outbound WHERE lease = 0 ORDER BY id LIMIT $1";
        let rows = match which {
            Which::Letter(queue) => tx.rows(LETTER, args![*queue, limits::SHOWN]).await?,
            Which::Domain(domain) => tx.rows(DOMAIN, args![domain.as_str(), limits::SHOWN]).await?,
            Which::All => tx.rows(ALL, args![limits::SHOWN]).await?,
        };
        rows.iter().map(|row| self.leased(row)).collect()
    }

    fn waiting(&self, row: &Row, now: Timestamp) -> Result<Waiting, db::Error> {
        let (id, queue) = (OutboundId(row.int(0)?), QueueId(row.int(1)?));
        let (due_at, lease) = (row.time(7)?, row.int(8)?);
        let state = match row.text(3)?.as_str() {
            "held" => State::Held,
            "quarantined" => State::Quarantined,
            _ if lease != 0 && due_at > now => State::UnderWay,
            _ => State::Waiting,
        };
        let last = row.maybe_bytes(11)?.and_then(|sealed| self.open(Kind::Reason, id, queue, sealed));
        Ok(Waiting {
            id,
            queue,
            domain: domain(&row.text(2)?)?,
            state,
            envelope: self.open(Kind::Envelope, id, queue, row.bytes(4)?),
            created_at: row.time(5)?,
            expires_at: row.time(6)?,
            due_at,
            attempts: u32::try_from(row.int(9)?).unwrap_or(u32::MAX),
            strikes: u32::try_from(row.int(10)?).unwrap_or(u32::MAX),
            last,
        })
    }
}

fn domain(text: &str) -> Result<Domain, db::Error> {
    Domain::parse(text).map_err(|_| db::Error::Damaged("a domain of the queue does not parse".to_owned()))
}

impl Relay {
    /// Holds, releases or hurries letters, with the line of who did it; answers how many rows.
    pub async fn care_for_queue(
        &self,
        which: &Which,
        care: Care,
        actor: Actor,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let act = match care {
            Care::Hold => "hold",
            Care::Release => "release",
            Care::Retry => "retry",
        };
        let entry = self.queue_line(act, which, actor, now);
        let parameters = (self.queue().clone(), which.clone(), care, entry, now);
        let unit = db::unit("care for the queue", parameters, |(queue, which, care, entry, now), tx| {
            Box::pin(async move {
                let touched = queue.care(tx, which, *care, *now).await?;
                audit::append(tx, std::slice::from_ref(entry)).await?;
                Ok::<_, db::Error>(touched)
            })
        });
        let failed = |cause| Error::Database { what: "changing the queue", cause };
        self.mailstore().db().write(unit).await.map_err(failed)
    }

    /// Drops letters that no worker has: their rows go, their senders hear of it unless they are not to.
    /// Answers how many rows; there may be more than one call drops (`limits::SHOWN`).
    pub async fn drop_from_queue(
        &self,
        which: &Which,
        notice: Notice,
        actor: Actor,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let reading = |cause| Error::Database { what: "reading the queue", cause };
        let mut tx = self.mailstore().db().read().await.map_err(reading)?;
        let rows = self.queue().droppable(&mut tx, which).await.map_err(reading)?;
        drop(tx);
        let heads: Vec<_> = rows.iter().map(|row| row.head).collect();
        let opened = self.mailstore().whole_letters(QUEUE, &heads).await;
        let letters = opened.map_err(|cause| Error::Store { what: "opening letters of the queue", cause })?;
        let fault = Fault {
            status: (5, 7, 0),
            words: "an operator dropped the letter".to_owned(),
            said: None,
            peer: None,
        };
        let mut settlements = Vec::new();
        for group in super::taking::groups(rows) {
            let Some(first) = group.first() else { continue };
            let mut plan = Plan::default();
            group.iter().for_each(|row| plan.give_up(row, End::Dropped, &fault, now));
            let unreadable = group.iter().filter(|row| row.envelope.is_none()).count();
            if notice == Notice::Report && unreadable > 0 {
                let queue = first.queue;
                tracing::error!(%queue, rows = unreadable, "a letter is dropped and nobody can be told: its envelope does not open");
                self.inner().tally.dropped_untold(unreadable as u64);
            }
            let told = match (notice, letters.get(&first.head)) {
                (Notice::Silent, _) => Vec::new(),
                (Notice::Report, Some(Ok((head, body)))) => {
                    let job = Job { head: head.clone(), body: body.clone(), rows: group, unheard: 0 };
                    reports(self, &job, &plan, now).await?
                }
                // The letter is damaged; its envelope may not be.
                (Notice::Report, Some(Err(_)) | None) => {
                    reports_without(self, first, None, &plan, now).await?
                }
            };
            let audit = lines(&plan, &self.inner().entropy, now);
            settlements.push(Settlement { rows: plan.rows, reports: told, audit, now });
        }
        let settle =
            Settle { queue: self.queue().clone(), mailstore: self.mailstore().clone(), owner: Owner::NOBODY };
        let entry = self.queue_line("drop", which, actor, now);
        self.mailstore().db().write(Drop { settle, settlements, entry }).await
    }

    fn queue_line(&self, act: &str, which: &Which, actor: Actor, now: Timestamp) -> Entry {
        let what = match which {
            Which::Letter(queue) => format!("queue={queue}"),
            Which::Domain(domain) => format!("domain={domain}"),
            Which::All => "all".to_owned(),
        };
        let detail = format!("{act} {what}");
        let line = Line { at: now, actor, for_whom: None, act: Act::QueueChanged, detail };
        Entry::new(Chain::System, line, &self.inner().entropy)
    }
}

/// Rows, reports and the operator's line together.
struct Drop {
    settle: Settle,
    settlements: Vec<Settlement>,
    entry: Entry,
}

impl Unit for Drop {
    const NAME: &'static str = "drop letters of the queue";
    type Output = u64;
    type Error = Error;

    async fn run(&mut self, tx: &mut Tx) -> Result<u64, Error> {
        let jobs: Vec<Arc<Settlement>> = self.settlements.iter().cloned().map(Arc::new).collect();
        let ended = self.settle.run(tx, &jobs).await?;
        let failed = |cause| Error::Database { what: "noting a drop", cause };
        audit::append(tx, std::slice::from_ref(&self.entry)).await.map_err(failed)?;
        Ok(ended.into_iter().sum())
    }
}
