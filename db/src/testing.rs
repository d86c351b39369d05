//! Fresh databases for tests, on each engine.

use crate::notices::Bell;
use crate::{Config, Db, Durability};
use names::{Clock, Timestamp};
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};

/// A database that goes away with the test; use it like a [`Db`].
pub struct TestDb {
    db: Db,
    folder: Option<tempfile::TempDir>,
    config: Config,
}

impl Deref for TestDb {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.db
    }
}

impl TestDb {
    /// The folder of an SQLite database, for looking at raw bytes.
    #[must_use]
    pub fn folder(&self) -> Option<&std::path::Path> {
        self.folder.as_ref().map(tempfile::TempDir::path)
    }

    /// Where it is.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Another process on the same PostgreSQL, that hears the bell or looks each second.
    ///
    /// # Panics
    /// On SQLite, which serves one process.
    pub async fn another_process(&self, listening: Listening) -> Db {
        let bell = match listening {
            Listening::Yes => Bell::Heard,
            Listening::No => Bell::Unheard,
        };
        Db::open_with(&self.config, stopped_clock(NOON), bell).await.expect("a second process opens it")
    }
}

/// Whether a process listens to the notices of others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Listening {
    /// As in service.
    Yes,
    /// As behind a pooler that swallows them.
    No,
}

/// A clock for tests that stands at `now`.
#[must_use]
pub fn stopped_clock(now: Timestamp) -> Clock {
    Clock::new(move || now)
}

const NOON: Timestamp = Timestamp(1_795_348_800_000);

/// A fresh SQLite database in a folder of its own.
pub async fn sqlite() -> TestDb {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let config = Config::Sqlite {
        folder: folder.path().to_owned(),
        name: "test".to_owned(),
        durability: Durability::PowerCut,
    };
    let db = Db::open(&config, stopped_clock(NOON)).await.expect("SQLite opens");
    TestDb { db, folder: Some(folder), config }
}

/// A fresh schema on the PostgreSQL server that `PLI_TEST_POSTGRES` names.
///
/// # Panics
/// Without that variable: `scripts/test` starts a server and sets it.
pub async fn postgres() -> TestDb {
    #[expect(clippy::disallowed_methods, reason = "tests are told their server by scripts/test")]
    let url = std::env::var("PLI_TEST_POSTGRES")
        .expect("PLI_TEST_POSTGRES is not set: run the tests by scripts/test, or see CONTRIBUTING.md");
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let unique = format!(
        "t{}_{}_{:x}",
        std::process::id(),
        COUNTER.fetch_add(1, Ordering::Relaxed),
        std::time::UNIX_EPOCH.elapsed().map_or(0, |age| age.as_nanos() as u64)
    );
    let config = Config::Postgres { url, schema: Some(unique) };
    let db = Db::open(&config, stopped_clock(NOON)).await.expect("PostgreSQL opens");
    TestDb { db, folder: None, config }
}

/// One fresh database of each engine, with its name.
pub async fn both() -> Vec<(&'static str, TestDb)> {
    vec![("SQLite", sqlite().await), ("PostgreSQL", postgres().await)]
}
