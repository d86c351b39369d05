//! What can go wrong below every room.

use std::path::PathBuf;

/// What the engine itself says of a failure.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum Cause {
    /// SQLite.
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL, or the way to it.
    Postgres(#[from] sqlx::Error),
}

impl Cause {
    /// SQLite's extended result code.
    fn sqlite_code(&self) -> Option<i32> {
        match self {
            Self::Sqlite(cause) => cause.sqlite_error().map(|error| error.extended_code),
            Self::Postgres(_) => None,
        }
    }

    /// PostgreSQL's SQLSTATE.
    fn sql_state(&self) -> Option<String> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(cause) => {
                cause.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned())
            }
        }
    }

    /// Whether another run may succeed: serialisation failure or deadlock of PostgreSQL.
    pub(crate) fn is_retryable(&self) -> bool {
        self.sql_state().is_some_and(|code| code == "40001" || code == "40P01")
    }

    /// Whether SQLite reports that the disk failed it (`SQLITE_IOERR` and its extended codes).
    pub(crate) fn is_disk_failure(&self) -> bool {
        self.sqlite_code().is_some_and(|code| code & 0xff == rusqlite::ffi::SQLITE_IOERR)
    }

    fn is_unique_violation(&self) -> bool {
        use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
        match self {
            Self::Sqlite(_) => self
                .sqlite_code()
                .is_some_and(|code| [SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE].contains(&code)),
            Self::Postgres(cause) => {
                cause.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
            }
        }
    }

    fn is_full(&self) -> bool {
        self.sqlite_code().is_some_and(|code| code & 0xff == rusqlite::ffi::SQLITE_FULL)
            || self.sql_state().is_some_and(|code| code == "53100")
    }
}

/// A failure of the floor. The cause is a source, not part of the text.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database cannot be reached or opened.
    #[error("cannot open the database {what}")]
    Open {
        /// A folder, or a server without its password.
        what: String,
        /// Why.
        #[source]
        cause: Cause,
    },
    /// Another server holds this data folder.
    #[error("another server uses {0}; stop it, or talk to it through its control socket")]
    Locked(PathBuf),
    /// A start-up refusal: going on would break a promise.
    #[error("refusing to start: {0}")]
    Refused(String),
    /// A file of the data folder cannot be made or read.
    #[error("cannot use {path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// A statement failed.
    #[error("statement failed: {sql}")]
    Statement {
        /// Its text, which never holds a value.
        sql: String,
        /// Why.
        #[source]
        cause: Cause,
    },
    /// A statement that must find a row found none.
    #[error("no row: {sql}")]
    NoRow {
        /// Its text.
        sql: String,
    },
    /// A column does not hold what the code expects.
    #[error("column {column} is not of the expected type")]
    Column {
        /// Place in the row, from 0.
        column: usize,
        /// Why.
        #[source]
        cause: Cause,
    },
    /// The unit took longer than its deadline and was rolled back.
    #[error("unit «{0}» took too long and was rolled back")]
    Deadline(&'static str),
    /// The unit panicked and was rolled back.
    #[error("unit «{0}» panicked and was rolled back")]
    Panicked(&'static str),
    /// The commit failed; nothing of the unit is kept.
    #[error("commit failed")]
    Commit {
        /// Why.
        #[source]
        cause: Cause,
    },
    /// The connection was lost while committing: the unit may or may not be kept. Ask by its key.
    #[error("the connection was lost during the commit; its outcome is unknown")]
    CommitUnknown {
        /// Why.
        #[source]
        cause: Cause,
    },
    /// The disk refused a sync: nothing more is written until the process starts again
    /// (RELIABILITY lesson 4: a failed sync is never retried).
    #[error("the database stopped writing after a disk error; restart the server")]
    Dead,
    /// Every reading connection is busy, and stayed so.
    #[error("no connection to the database became free in time")]
    Busy,
    /// The database is being closed.
    #[error("the database is closed")]
    Closed,
    /// A migration recorded in the database differs from the one in this binary.
    #[error("migration {0} in the database is not the one this binary knows; use the matching version")]
    Migration(String),
    /// The database has a migration that this binary does not know.
    #[error(
        "the database was brought up to date by a newer program (migration {0}); start that version, or restore \
         the backup from before it"
    )]
    NewerDatabase(String),
    /// What is stored contradicts what the code knows.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
}

impl Error {
    /// Whether a uniqueness rule of a table was broken.
    #[must_use]
    pub fn is_unique_violation(&self) -> bool {
        match self {
            Self::Statement { cause, .. } => cause.is_unique_violation(),
            _ => false,
        }
    }

    /// Whether the disk has no room left.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self {
            Self::Statement { cause, .. } | Self::Commit { cause } => cause.is_full(),
            _ => false,
        }
    }
}
