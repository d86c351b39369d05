//! Opening a database of either engine, and the handle to it.

use crate::ids::{Ids, NODES};
use crate::migrate::Of;
use crate::notices::{self, Bell, Ear, Hearing, Notices, Shared};
use crate::sqlite::{self, Access, Checkpoints, Readers, Writer};
use crate::tx::Conn;
use crate::unit::Unit;
use crate::{Cause, Error, Migration, Tx, args, limits, lock, migrate, postgres};
use names::{Clock, Timestamp};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, PgPool};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Which engine stands behind a database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Engine {
    /// Embedded, the default.
    Sqlite,
    /// For when one machine is outgrown.
    Postgres,
}

/// What a commit has to survive.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Durability {
    /// A power cut: the log is synced before anybody hears of the commit.
    #[default]
    PowerCut,
    /// Only a crash of the process. For proving that tests would notice, never for service.
    ProcessCrash,
}

/// Where the database is.
#[derive(Clone, Debug)]
pub enum Config {
    /// Files named after `name` in a local folder, which is made when absent.
    Sqlite {
        /// The data folder.
        folder: PathBuf,
        /// File name without its ending, as `pli`.
        name: String,
        /// What a commit survives.
        durability: Durability,
    },
    /// A server: `postgres://user@host/database`, optionally within one schema.
    Postgres {
        /// Its address; may hold a password, so it is never printed.
        url: String,
        /// Schema, made when absent; none for the server's default.
        schema: Option<String>,
    },
}

/// One database. Cheap to clone.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    pools: Pools,
    ids: Arc<Ids>,
    node: i64,
    clock: Clock,
    _held: Option<File>,
    hearing: Option<Hearing>,
}

enum Pools {
    Sqlite { readers: Readers, writer: Writer, path: PathBuf, durability: Durability },
    Postgres { pool: PgPool, notices: Arc<Notices>, options: Box<PgConnectOptions> },
}

impl Db {
    /// Opens the database, making it when absent. Refuses what would break a promise: a second
    /// server on the folder, a network file system, an SQLite older than 3.51.3, a weakened sync.
    pub async fn open(config: &Config, clock: Clock) -> Result<Self, Error> {
        Self::open_with(config, clock, Bell::Heard).await
    }

    pub(crate) async fn open_with(config: &Config, clock: Clock, bell: Bell) -> Result<Self, Error> {
        let now = clock.now();
        let ids = Arc::new(Ids::new(0, now));
        let (pools, held) = match config {
            Config::Sqlite { folder, name, durability } => {
                let (pools, held) = open_sqlite(folder, name, *durability, &ids)?;
                (pools, Some(held))
            }
            Config::Postgres { url, schema } => (open_postgres(url, schema.as_deref()).await?, None),
        };
        let mut opening = Inner { pools, ids, node: 0, clock, _held: held, hearing: None };
        let (node, floor) = opening.take_node(now).await?;
        opening.ids.settle(node, floor);
        opening.node = node;
        if let (Pools::Postgres { pool, notices, options }, Config::Postgres { schema, .. }) =
            (&opening.pools, config)
        {
            let shared = Shared {
                pool: pool.clone(),
                options: (**options).clone(),
                channel: schema.as_ref().map_or("pli".to_owned(), |schema| format!("pli {schema}")),
                node,
                clock: opening.clock.clone(),
                notices: Arc::clone(notices),
            };
            opening.hearing = Some(shared.begin(bell).await?);
        }
        let inner = Arc::new(opening);
        tokio::spawn(renew_lease(Arc::downgrade(&inner)));
        Ok(Self(inner))
    }

    /// Which engine this is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match self.0.pools {
            Pools::Sqlite { .. } => Engine::Sqlite,
            Pools::Postgres { .. } => Engine::Postgres,
        }
    }

    /// A fresh id: unique in this database, ordered by time, never shown in a URL.
    #[must_use]
    pub fn id(&self, now: Timestamp) -> i64 {
        self.0.ids.next(now)
    }

    /// One consistent view for reading; it ends when dropped.
    pub async fn read(&self) -> Result<Tx, Error> {
        self.0.read().await
    }

    /// Runs a unit of work. When this returns `Ok`, the unit is committed and on disk.
    pub async fn write<U: Unit>(&self, unit: U) -> Result<U::Output, U::Error> {
        self.0.write(unit).await
    }

    /// Applies the migrations that are not applied yet, in the order given, all or none. They are all that this
    /// program knows: a database that has others, of a newer one, is refused ([`Error::NewerDatabase`]).
    pub async fn migrate(&self, migrations: &[Migration]) -> Result<(), Error> {
        self.write(Migrate(Of::Rooms, migrations.to_vec(), self.0.clock.now())).await
    }

    /// Hears from now on what other processes on this database say ([`Tx::tell_others`]). Within a runtime.
    #[must_use]
    pub fn hear(&self) -> Ear {
        self.0.hearing.as_ref().map_or_else(Ear::deaf, Hearing::ear)
    }

    /// Copies SQLite's log into the file and empties it: for a stop, after which the file is whole by itself. What is
    /// still read by somebody stays in the log. On PostgreSQL there is nothing to do.
    pub async fn copy_back(&self) -> Result<(), Error> {
        let Pools::Sqlite { path, durability, .. } = &self.0.pools else { return Ok(()) };
        if self.is_dead() {
            return Err(Error::Dead);
        }
        let (path, durability) = (path.clone(), *durability);
        let copied =
            tokio::task::spawn_blocking(move || sqlite::open(&path, Access::Write, durability)?.empty_log());
        let failed = |cause| Error::Statement { sql: "PRAGMA wal_checkpoint".to_owned(), cause };
        copied.await.map_err(|_panicked| Error::Closed)?.map_err(failed)
    }

    /// Whether a disk error has ended all writing: the process should exit and start again.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        match &self.0.pools {
            Pools::Sqlite { writer, .. } => writer.health.dead.load(Ordering::Acquire),
            Pools::Postgres { .. } => false,
        }
    }

    /// Commits and units so far on SQLite, for metrics and benches; zeros on PostgreSQL.
    #[must_use]
    pub fn commits_and_units(&self) -> (u64, u64) {
        match &self.0.pools {
            Pools::Sqlite { writer, .. } => {
                (writer.health.commits.load(Ordering::Relaxed), writer.health.units.load(Ordering::Relaxed))
            }
            Pools::Postgres { .. } => (0, 0),
        }
    }

    /// Checks the engine's own structures: `PRAGMA integrity_check` and foreign keys on SQLite.
    /// Answers the complaints.
    pub async fn check_integrity(&self) -> Result<Vec<String>, Error> {
        let mut tx = self.read().await?;
        let mut complaints = Vec::new();
        if tx.engine() == Engine::Sqlite {
            for row in tx.rows("PRAGMA integrity_check", args![]).await? {
                let line = row.text(0)?;
                if line != "ok" {
                    complaints.push(line);
                }
            }
            for row in tx.rows("PRAGMA foreign_key_check", args![]).await? {
                complaints.push(format!("a row of {} points nowhere", row.text(0)?));
            }
        }
        Ok(complaints)
    }
}

struct Migrate(Of, Vec<Migration>, Timestamp);

impl Unit for Migrate {
    const NAME: &'static str = "migrate";
    type Output = ();
    type Error = Error;

    async fn run(&mut self, tx: &mut Tx) -> Result<(), Error> {
        migrate::apply(tx, self.0, &self.1, self.2).await
    }
}

impl Inner {
    async fn read(&self) -> Result<Tx, Error> {
        let opened = |cause: sqlx::Error| Error::Open { what: "for reading".to_owned(), cause: cause.into() };
        match &self.pools {
            Pools::Sqlite { readers, .. } => {
                Ok(Tx::reading(Conn::SqliteRead(readers.begin().await?), Arc::clone(&self.ids)))
            }
            Pools::Postgres { pool, .. } => {
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
                let conn = Conn::Postgres(postgres::begin(pool, begin).await.map_err(opened)?);
                Ok(Tx::reading(conn, Arc::clone(&self.ids)))
            }
        }
    }

    async fn write<U: Unit>(&self, unit: U) -> Result<U::Output, U::Error> {
        match &self.pools {
            Pools::Sqlite { writer, .. } => writer.write(unit).await,
            Pools::Postgres { pool, notices, .. } => postgres::write(pool, notices, &self.ids, unit).await,
        }
    }

    /// Leases a node number; answers it and the instant below which its ids may be in use.
    async fn take_node(&self, now: Timestamp) -> Result<(i64, Timestamp), Error> {
        self.write(Migrate(Of::Floor, OWN_TABLES.to_vec(), now)).await?;
        self.write(TakeNode(now)).await
    }
}

/// The floor's own tables.
pub(crate) const OWN_TABLES: [Migration; 2] = [LEASES, notices::TABLE];

const LEASES: Migration = Migration {
    name: "db/0001",
    sql: "CREATE TABLE node_lease (node {ID}, held_until {INT} NOT NULL, ids_until {INT} NOT NULL) {STRICT};\n",
};

struct TakeNode(Timestamp);

impl Unit for TakeNode {
    const NAME: &'static str = "lease a node number";
    const ISOLATION: crate::Isolation = crate::Isolation::Serializable;
    type Output = (i64, Timestamp);
    type Error = Error;

    async fn run(&mut self, tx: &mut Tx) -> Result<(i64, Timestamp), Error> {
        let now = self.0;
        let leases =
            tx.rows("SELECT node, held_until, ids_until FROM node_lease ORDER BY node", args![]).await?;
        // One server per folder is proved by the lock, so an embedded database is always node 0.
        let shared = tx.engine() == Engine::Postgres;
        let (mut free, mut floor) = (0, now);
        for lease in &leases {
            if lease.int(0)? != free {
                break;
            }
            if !shared || lease.int(1)? < now.0 {
                floor = floor.max(lease.time(2)?);
                break;
            }
            free += 1;
        }
        if free >= NODES {
            return Err(Error::Refused(format!("{NODES} processes already share this database")));
        }
        tx.execute(
            "INSERT INTO node_lease (node, held_until, ids_until) VALUES ($1, $2, $3)
             ON CONFLICT (node) DO UPDATE SET held_until = excluded.held_until, ids_until = excluded.ids_until",
            args![free, now.plus(limits::LEASE), floor.plus(limits::IDS_AHEAD)],
        )
        .await?;
        Ok((free, floor))
    }
}

struct RenewLease {
    node: i64,
    now: Timestamp,
}

impl Unit for RenewLease {
    const NAME: &'static str = "renew the node lease";
    type Output = ();
    type Error = Error;

    async fn run(&mut self, tx: &mut Tx) -> Result<(), Error> {
        tx.execute(
            "UPDATE node_lease SET held_until = $2, ids_until = $3 WHERE node = $1 AND ids_until < $3",
            args![self.node, self.now.plus(limits::LEASE), self.now.plus(limits::IDS_AHEAD)],
        )
        .await
        .map(drop)
    }
}

async fn renew_lease(inner: std::sync::Weak<Inner>) {
    loop {
        tokio::time::sleep(limits::LEASE_RENEWAL).await;
        let Some(inner) = inner.upgrade() else { return };
        let renewal = RenewLease { node: inner.node, now: inner.clock.now() };
        if let Err(error) = inner.write(renewal).await {
            tracing::warn!(%error, "the node lease could not be renewed");
        }
    }
}

fn open_sqlite(
    folder: &Path,
    name: &str,
    durability: Durability,
    ids: &Arc<Ids>,
) -> Result<(Pools, File), Error> {
    std::fs::create_dir_all(folder).map_err(|cause| Error::File { path: folder.to_owned(), cause })?;
    lock::refuse_network_file_system(folder)?;
    let held = lock::hold(folder)?;
    let path = folder.join(format!("{name}.db"));
    let opened = |cause: Cause| Error::Open { what: path.display().to_string(), cause };
    refuse_old_sqlite()?;
    let connection = sqlite::open(&path, Access::Write, durability).map_err(opened)?;
    refuse_weak_sync(&connection, durability)?;
    let readers = Readers::of(path.clone(), durability);
    let started = Writer::start(connection, Arc::clone(ids));
    let writer = started.map_err(|cause| Error::File { path: path.clone(), cause })?;
    tokio::spawn(Checkpoints::of(path.clone(), durability, &writer.health).keep());
    Ok((Pools::Sqlite { readers, writer, path, durability }, held))
}

/// Versions before 3.51.3 can corrupt a write-ahead log that several connections checkpoint.
pub(crate) fn refuse_old_sqlite() -> Result<(), Error> {
    let numbers = sqlite::version();
    if numbers.as_slice() < [3, 51, 3].as_slice() {
        return Err(Error::Refused(format!("SQLite {numbers:?} is too old; build with 3.51.3 or later")));
    }
    Ok(())
}

fn refuse_weak_sync(connection: &sqlite::Connection, durability: Durability) -> Result<(), Error> {
    let failed = |cause| Error::Statement { sql: "PRAGMA synchronous".to_owned(), cause };
    let level = connection.synchronous().map_err(failed)?;
    if level < 2 && durability == Durability::PowerCut {
        return Err(Error::Refused(format!("SQLite does not sync its log (synchronous={level})")));
    }
    Ok(())
}

async fn open_postgres(url: &str, schema: Option<&str>) -> Result<Pools, Error> {
    let opened = |cause: sqlx::Error| Error::Open { what: "PostgreSQL".to_owned(), cause: cause.into() };
    let mut options = PgConnectOptions::from_str(url)
        .map_err(opened)?
        .statement_cache_capacity(limits::STATEMENTS)
        .application_name("pli")
        .disable_statement_logging();
    if let Some(schema) = schema {
        refuse_strange_schema(schema)?;
        let mut connection = PgConnection::connect_with(&options).await.map_err(opened)?;
        let make = sqlx::AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS {schema}"));
        sqlx::query(make).execute(&mut connection).await.map_err(opened)?;
        connection.close().await.map_err(opened)?;
        options = options.options([("search_path", schema)]);
    }
    let pool = PgPoolOptions::new()
        .max_connections(limits::POSTGRES_CONNECTIONS)
        .acquire_timeout(limits::ACQUIRE)
        .test_before_acquire(false)
        .connect_with(options.clone())
        .await
        .map_err(opened)?;
    refuse_weak_postgres(&mut *pool.acquire().await.map_err(opened)?).await?;
    Ok(Pools::Postgres { pool, notices: Arc::new(Notices::new()), options: Box::new(options) })
}

/// A schema's name stands in statements as it is.
pub(crate) fn refuse_strange_schema(schema: &str) -> Result<(), Error> {
    if schema.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Ok(());
    }
    Err(Error::Refused(format!("«{schema}» is not a schema name (letters, digits, _)")))
}

pub(crate) async fn refuse_weak_postgres(connection: &mut PgConnection) -> Result<(), Error> {
    for (setting, sql) in [("fsync", "SHOW fsync"), ("synchronous_commit", "SHOW synchronous_commit")] {
        let failed = |cause: sqlx::Error| Error::Statement { sql: sql.to_owned(), cause: cause.into() };
        let value: String = sqlx::query_scalar(sql).fetch_one(&mut *connection).await.map_err(failed)?;
        if value == "off" {
            return Err(Error::Refused(format!(
                "PostgreSQL has {setting}=off: an acknowledged letter could be lost"
            )));
        }
    }
    Ok(())
}
