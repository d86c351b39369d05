//! Words between the processes that share one PostgreSQL (DESIGN §2.2).
//!
//! A unit says a word ([`crate::Tx::tell_others`]). After its commit the word waits in the process, joined
//! with others, until the one notifier writes them all as one row of `notice` and rings. No letter pays for
//! it in its own transaction, and a process that is alone writes nothing.
//!
//! Rows are the truth, the bell (`NOTIFY`) only makes it quick: every process looks at the rows each second
//! as well, so one that hears no bell, because a pooler stands between or its connection broke, is late by
//! a second and misses nothing. Rows of a node form a ring and are numbered without gaps; who finds a gap
//! was away too long, and is told that everything may have changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use names::Clock;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{PgPool, Row as _};
use tokio::sync::{Notify, broadcast};
use tokio::task::AbortHandle;

use crate::{Error, Migration, limits};

pub(crate) const TABLE: Migration = Migration {
    name: "db/0002",
    sql: "CREATE TABLE notice (node {INT} NOT NULL, slot {INT} NOT NULL, seq {INT} NOT NULL, words {TEXT} NOT NULL,
        PRIMARY KEY (node, slot)) {CLUSTERED};\n",
};

/// What another process said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heard {
    /// This word, after the commit that it was said in.
    Word(Arc<str>),
    /// More than is told one by one, or what was said is not known any more: look at all.
    Everything,
}

/// Hears what other processes say, from when it was made.
#[derive(Debug)]
pub struct Ear(Option<broadcast::Receiver<Heard>>);

impl Ear {
    /// What is heard next; none when there can be nobody else: on SQLite, and once the database is closed.
    /// Cancel-safe.
    pub async fn next(&mut self) -> Option<Heard> {
        match self.0.as_mut()?.recv().await {
            Ok(heard) => Some(heard),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Heard::Everything),
            Err(broadcast::error::RecvError::Closed) => {
                self.0 = None;
                None
            }
        }
    }

    /// What is there to hear without waiting.
    pub fn heard(&mut self) -> Option<Heard> {
        match self.0.as_mut()?.try_recv() {
            Ok(heard) => Some(heard),
            Err(broadcast::error::TryRecvError::Lagged(_)) => Some(Heard::Everything),
            Err(broadcast::error::TryRecvError::Empty | broadcast::error::TryRecvError::Closed) => None,
        }
    }

    /// An ear where there is nobody else.
    pub(crate) fn deaf() -> Self {
        Self(None)
    }

    /// Waits for one of these words, or for [`Heard::Everything`]; for ever where there is nobody to say it.
    /// Cancel-safe.
    pub async fn hears(&mut self, words: &[&str]) -> Heard {
        loop {
            match self.next().await {
                Some(Heard::Word(word)) if !words.contains(&&*word) => {}
                Some(heard) => return heard,
                None => std::future::pending().await,
            }
        }
    }
}

/// Whether a process listens to the bell; without, it looks each second.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Bell {
    Heard,
    #[cfg(feature = "testing")]
    Unheard,
}

/// This process's mouth and ears.
pub(crate) struct Notices {
    waiting: Mutex<Waiting>,
    spoken: Notify,
    closed: AtomicBool,
    heard: broadcast::Sender<Heard>,
}

#[derive(Default)]
enum Waiting {
    #[default]
    Nothing,
    Words(BTreeSet<String>),
    Many,
}

/// What goes into a row that says: more than is told one by one.
const MANY: &str = "*";

impl Notices {
    pub(crate) fn new() -> Self {
        Self {
            // Whoever had this node's number before may have died between a commit and its notice.
            waiting: Mutex::new(Waiting::Many),
            spoken: Notify::new(),
            closed: AtomicBool::new(false),
            heard: broadcast::channel(limits::WORDS_HEARD).0,
        }
    }

    /// Says words to the other processes; never waits.
    pub(crate) fn say(&self, words: Vec<String>) {
        if words.is_empty() {
            return;
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let joined = match std::mem::take(&mut *waiting) {
            Waiting::Many => Waiting::Many,
            Waiting::Nothing => Waiting::Words(words.into_iter().collect()),
            Waiting::Words(known) => Waiting::Words(known.into_iter().chain(words).collect()),
        };
        *waiting = match joined {
            Waiting::Words(words) if words.len() > limits::WORDS => Waiting::Many,
            joined => joined,
        };
        drop(waiting);
        self.spoken.notify_one();
    }

    /// Lets the notifier end, after its last words.
    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.spoken.notify_one();
    }

    fn take(&self) -> Option<String> {
        match std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner)) {
            Waiting::Nothing => None,
            Waiting::Words(words) => Some(words.into_iter().collect::<Vec<_>>().join("\n")),
            Waiting::Many => Some(MANY.to_owned()),
        }
    }

    fn hear(&self, words: &str) {
        // Without ears in this process there is nobody to tell, which is no failure.
        match words {
            MANY => drop(self.heard.send(Heard::Everything)),
            words => words.lines().for_each(|word| drop(self.heard.send(Heard::Word(word.into())))),
        }
    }
}

/// One process on a shared database.
pub(crate) struct Shared {
    pub(crate) pool: PgPool,
    pub(crate) options: PgConnectOptions,
    /// Channels belong to the whole database, so a schema has its own.
    pub(crate) channel: String,
    pub(crate) node: i64,
    pub(crate) clock: Clock,
    pub(crate) notices: Arc<Notices>,
}

impl Shared {
    /// Starts to speak. What others say once this returned is heard, by who asks for it.
    pub(crate) async fn begin(self, bell: Bell) -> Result<Hearing, Error> {
        let statement =
            |cause: sqlx::Error| Error::Statement { sql: STANDING.to_owned(), cause: cause.into() };
        let mut known = self.standing().await.map_err(statement)?;
        let own = known.remove(&self.node).unwrap_or(0);
        let shared = Arc::new(self);
        tokio::spawn(Arc::clone(&shared).speak(own));
        shared.notices.spoken.notify_one();
        Ok(Hearing { shared, known, bell, tasks: OnceLock::new() })
    }

    async fn speak(self: Arc<Self>, mut seq: i64) {
        loop {
            self.notices.spoken.notified().await;
            // Asked first: what is said after it was closed is said by nobody.
            let closed = self.notices.closed.load(Ordering::Acquire);
            if let Some(words) = self.notices.take() {
                match self.write(seq + 1, &words).await {
                    Ok(Written::Row) => seq += 1,
                    Ok(Written::Nothing) => {}
                    Err(cause) => {
                        tracing::warn!(%cause, "the other processes could not be told; trying again");
                        *self.notices.waiting.lock().unwrap_or_else(PoisonError::into_inner) = Waiting::Many;
                        self.notices.spoken.notify_one();
                        // The row may be written all the same: its number is not used again.
                        seq += 1;
                        tokio::time::sleep(limits::LOOK_AT_NOTICES).await;
                    }
                }
            }
            if closed {
                return;
            }
            tokio::time::sleep(limits::NOTICE_PAUSE).await;
        }
    }

    /// Writes a row and rings, when somebody else is there.
    async fn write(&self, seq: i64, words: &str) -> Result<Written, sqlx::Error> {
        const OTHERS: &str = "SELECT 1 FROM node_lease WHERE node <> $1 AND held_until > $2 LIMIT 1";
        // It wakes, it keeps nothing: no disk has to turn for it.
        const LIGHTLY: &str = "SET LOCAL synchronous_commit TO off";
        const ROW: &str = "INSERT INTO notice (node, slot, seq, words) VALUES ($1, $2, $3, $4)
            ON CONFLICT (node, slot) DO UPDATE SET seq = excluded.seq, words = excluded.words";
        const RING: &str = "SELECT pg_notify($1, $2)";
        let now = self.clock.now();
        let others = sqlx::query(OTHERS).bind(self.node).bind(now.0).fetch_optional(&self.pool).await?;
        if others.is_none() {
            return Ok(Written::Nothing);
        }
        let mut tx = self.pool.begin().await?;
        sqlx::query(LIGHTLY).execute(&mut *tx).await?;
        let row = sqlx::query(ROW).bind(self.node).bind(seq % limits::NOTICES_KEPT).bind(seq).bind(words);
        row.execute(&mut *tx).await?;
        sqlx::query(RING).bind(&self.channel).bind(self.node.to_string()).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(Written::Row)
    }

    /// The last row of each node.
    async fn standing(&self) -> Result<BTreeMap<i64, i64>, sqlx::Error> {
        let rows = sqlx::query(STANDING).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// Looks at the rows of the others whenever it rings, and each second.
    async fn look(self: Arc<Self>, mut known: BTreeMap<i64, i64>, rung: Arc<Notify>) {
        loop {
            drop(tokio::time::timeout(limits::LOOK_AT_NOTICES, rung.notified()).await);
            if let Err(cause) = self.look_once(&mut known).await {
                tracing::debug!(%cause, "the notices of other processes could not be read");
            }
        }
    }

    async fn look_once(&self, known: &mut BTreeMap<i64, i64>) -> Result<(), sqlx::Error> {
        const NEW: &str = "SELECT seq, words FROM notice WHERE node = $1 AND seq > $2 ORDER BY seq";
        for (node, last) in self.standing().await? {
            let seen = known.entry(node).or_insert(0);
            if node == self.node || last <= *seen {
                continue;
            }
            for row in sqlx::query(NEW).bind(node).bind(*seen).fetch_all(&self.pool).await? {
                let seq: i64 = row.try_get(0)?;
                match seq == *seen + 1 {
                    true => self.notices.hear(row.try_get(1)?),
                    false => self.notices.hear(MANY),
                }
                *seen = seq;
            }
        }
        Ok(())
    }

    /// Hears the bell on a connection of its own, made again whenever it breaks.
    async fn listen(self: Arc<Self>, rung: Arc<Notify>) {
        let mut wait = limits::LISTEN_AGAIN;
        loop {
            let heard_from = tokio::time::Instant::now();
            if let Err(cause) = self.listen_once(&rung).await {
                tracing::warn!(%cause, "notices of other processes are heard late until it listens again");
            }
            // What stood for a while broke by accident; what breaks at once is left alone longer each time.
            wait = match heard_from.elapsed() > limits::LISTEN_AT_MOST {
                true => limits::LISTEN_AGAIN,
                false => (wait * 2).min(limits::LISTEN_AT_MOST),
            };
            tokio::time::sleep(wait).await;
        }
    }

    async fn listen_once(&self, rung: &Notify) -> Result<(), sqlx::Error> {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .idle_timeout(None::<Duration>)
            .max_lifetime(None::<Duration>)
            .acquire_timeout(limits::ACQUIRE)
            .connect_with(self.options.clone())
            .await?;
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen(&self.channel).await?;
        // What was said while nobody listened is looked at now.
        rung.notify_one();
        let own = self.node.to_string();
        while let Some(ring) = listener.try_recv().await? {
            if ring.payload() != own {
                rung.notify_one();
            }
        }
        Ok(())
    }
}

const STANDING: &str = "SELECT node, MAX(seq) FROM notice GROUP BY node";

/// Whether there was somebody to write for.
enum Written {
    Row,
    Nothing,
}

/// The hearing of a process. It costs a connection and a look each second once somebody has an ear.
pub(crate) struct Hearing {
    shared: Arc<Shared>,
    known: BTreeMap<i64, i64>,
    bell: Bell,
    tasks: OnceLock<Vec<AbortHandle>>,
}

impl Hearing {
    pub(crate) fn ear(&self) -> Ear {
        let ear = Ear(Some(self.shared.notices.heard.subscribe()));
        self.tasks.get_or_init(|| {
            let rung = Arc::new(Notify::new());
            let look = Arc::clone(&self.shared).look(self.known.clone(), Arc::clone(&rung));
            let mut tasks = vec![tokio::spawn(look).abort_handle()];
            match self.bell {
                Bell::Heard => tasks.push(tokio::spawn(Arc::clone(&self.shared).listen(rung)).abort_handle()),
                #[cfg(feature = "testing")]
                Bell::Unheard => {}
            }
            tasks
        });
        ear
    }
}

impl Drop for Hearing {
    fn drop(&mut self) {
        self.tasks.take().iter().flatten().for_each(AbortHandle::abort);
        self.shared.notices.close();
    }
}
