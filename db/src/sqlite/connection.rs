//! One connection and its statements.

use crate::migrate::{APPLIED, Applied};
use crate::{Args, Cause, Durability, Row, Value, limits};
use rusqlite::config::DbConfig;
use rusqlite::{OpenFlags, Statement};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// A connection. It may pass from thread to thread, and is used by one at a time.
pub(crate) struct Connection(rusqlite::Connection);

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Access {
    Read,
    Write,
}

/// What is in the write-ahead log, in pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Log {
    pub(crate) pages: i64,
    /// Those of them that are in the file as well.
    pub(crate) copied: i64,
}

/// Opens a connection on a file; the writing one makes it when absent.
pub(crate) fn open(path: &Path, access: Access, durability: Durability) -> Result<Connection, Cause> {
    let flags = match access {
        Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    };
    let connection = rusqlite::Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(limits::BUSY)?;
    connection.set_prepared_statement_cache_capacity(limits::STATEMENTS);
    // A plan is made for a statement, not for its values: else each new value of `x = ?` has the statement
    // prepared again, and what is kept in the cache is worth nothing.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    if access == Access::Write {
        connection.pragma_update(None, "page_size", limits::PAGE)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "wal_autocheckpoint", limits::WAL_PAGES)?;
    }
    let synchronous = match durability {
        Durability::PowerCut => "FULL",
        Durability::ProcessCrash => "OFF",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    let cache = match access {
        Access::Read => limits::CACHE_KIB,
        Access::Write => limits::WRITER_CACHE_KIB,
    };
    connection.pragma_update(None, "cache_size", -cache)?;
    // What a savepoint would restore is kept in memory: nobody reads it after a crash.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    if access == Access::Read {
        connection.pragma_update(None, "query_only", "ON")?;
    }
    Ok(Connection(connection))
}

/// The version of the library, as `[3, 51, 3]`.
pub(crate) fn version() -> Vec<u32> {
    rusqlite::version().split('.').filter_map(|part| part.parse().ok()).collect()
}

impl Connection {
    /// How hard this connection syncs its log: 2 is FULL.
    pub(crate) fn synchronous(&self) -> Result<i64, Cause> {
        Ok(self.0.pragma_query_value(None, "synchronous", |row| row.get(0))?)
    }

    /// What is in the log.
    pub(crate) fn log(&self) -> Result<Log, Cause> {
        let log = |row: &rusqlite::Row<'_>| Ok(Log { pages: row.get(1)?, copied: row.get(2)? });
        Ok(self.0.query_row("PRAGMA wal_checkpoint(NOOP)", (), log)?)
    }

    /// Copies the log back into the file, beside whoever reads and writes.
    pub(crate) fn copy_log(&self) -> Result<(), Cause> {
        Ok(self.0.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |_row| Ok(()))?)
    }

    /// Copies the whole log back and cuts it to nothing, unless somebody reads from it.
    pub(crate) fn empty_log(&self) -> Result<(), Cause> {
        Ok(self.0.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_row| Ok(()))?)
    }

    /// Runs texts without parameters, unprepared: migrations.
    pub(crate) fn raw(&self, text: &str) -> Result<(), Cause> {
        Ok(self.0.execute_batch(text)?)
    }

    /// Runs one of the few texts that begin and end transactions, prepared once: `BEGIN`, `SAVEPOINT unit`.
    pub(crate) fn control(&self, text: &'static str) -> Result<(), Cause> {
        Ok(self.0.prepare_cached(text)?.raw_execute().map(drop)?)
    }

    /// Runs a statement; answers how many rows it touched.
    pub(crate) fn execute(&self, text: &str, args: &Args) -> Result<u64, Cause> {
        let mut statement = self.0.prepare_cached(text)?;
        bind(&mut statement, args)?;
        if statement.column_count() == 0 {
            return Ok(statement.raw_execute()? as u64);
        }
        // A statement that answers rows (RETURNING) is run to its end for its effect.
        let mut rows = statement.raw_query();
        while rows.next()?.is_some() {}
        drop(rows);
        Ok(self.0.changes())
    }

    /// Runs a query; answers its rows, `most` of them at most.
    pub(crate) fn rows(&self, text: &str, args: &Args, most: usize) -> Result<Vec<Row>, Cause> {
        let mut statement = self.0.prepare_cached(text)?;
        bind(&mut statement, args)?;
        let columns = statement.column_count();
        let mut rows = statement.raw_query();
        let mut found = Vec::new();
        while found.len() < most
            && let Some(row) = rows.next()?
        {
            let values = (0..columns).map(|column| row.get(column)).collect::<Result<_, _>>()?;
            found.push(Row::Sqlite(values));
        }
        Ok(found)
    }
}

/// Binds by the number in `$n`; bare `?` count for themselves from 1 (see `dialect::list`).
fn bind(statement: &mut Statement<'_>, args: &Args) -> Result<(), Cause> {
    let mut bare = 0_usize;
    for place in 1..=statement.parameter_count() {
        let number: usize = match statement.parameter_name(place) {
            Some(name) => name.trim_start_matches(['$', '?']).parse().unwrap_or_default(),
            None => {
                bare += 1;
                bare
            }
        };
        let missing = rusqlite::Error::InvalidParameterCount(args.len(), statement.parameter_count());
        match number.checked_sub(1).and_then(|at| args.get(at)).ok_or(missing)? {
            Value::Int(value) => statement.raw_bind_parameter(place, value),
            Value::Text(value) => statement.raw_bind_parameter(place, value),
            Value::Bool(value) => statement.raw_bind_parameter(place, value),
            Value::Bytes(value) => statement.raw_bind_parameter(place, value),
        }?;
    }
    Ok(())
}

/// What is applied in the database of this file, which nobody has open; nothing known if there is no file. Makes
/// nothing beside it, which would be owned by whoever looks. The log of a server that was killed is only read with
/// the file by opening both for work, so beside one nothing is known either.
pub(crate) fn applied(path: &Path) -> Result<Applied, Cause> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let killed = std::fs::metadata(log).is_ok_and(|log| log.len() > 0);
    if killed || !path.exists() {
        return Ok(Applied::new());
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let connection = rusqlite::Connection::open_with_flags(immutable(path), flags)?;
    if !connection.table_exists(None, "migration")? {
        return Ok(Applied::new());
    }
    let mut statement = connection.prepare(APPLIED)?;
    let rows = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The name SQLite knows a file by that is read and never locked (`https://sqlite.org/uri.html`).
fn immutable(path: &Path) -> OsString {
    let mut uri = OsString::from("file:");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'%' | b'?' | b'#' => uri.push(format!("%{byte:02X}")),
            byte => uri.push(OsStr::from_bytes(std::slice::from_ref(byte))),
        }
    }
    uri.push("?immutable=1");
    uri
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args;

    #[test]
    fn places_are_bound_by_their_number_and_bare_ones_by_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let connection = open(&path, Access::Write, Durability::PowerCut).unwrap();
        let row = |text: &str, args: Args| {
            let found = connection.rows(text, &args, usize::MAX).unwrap();
            (0..2).map(|column| found[0].int(column).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(row("SELECT $2, $1", args![1, 2]), [2, 1]);
        assert_eq!(row("SELECT $1, $1", args![7]), [7, 7]);
        assert_eq!(row("SELECT ?, ?", args![1, 2]), [1, 2]);
        assert_eq!(row("SELECT $3, 0 WHERE 5 IN (?, ?)", args![4, 5, 6]), [6, 0]);
        assert!(connection.rows("SELECT $2", &args![1], 1).is_err(), "a value is missing");
    }

    #[test]
    fn a_statement_asked_again_with_other_values_is_not_prepared_again() {
        let folder = tempfile::tempdir().unwrap();
        let connection = open(&folder.path().join("t.db"), Access::Write, Durability::PowerCut).unwrap();
        connection.raw("CREATE TABLE letter (id INTEGER PRIMARY KEY, folder INTEGER, seen INTEGER)").unwrap();
        connection.raw("CREATE INDEX letter_folder ON letter (folder)").unwrap();
        let texts = [
            "SELECT l.id FROM letter l JOIN letter m ON m.id = l.id AND m.seen = $1 WHERE l.folder IN (?, ?)",
            "UPDATE letter SET seen = $1 WHERE folder = $2 AND seen = $3",
        ];
        for text in texts {
            for value in 0..5 {
                connection.rows(text, &args![value, value + 1, value + 2], 1).unwrap();
            }
            let statement = connection.0.prepare_cached(text).unwrap();
            assert_eq!(statement.get_status(rusqlite::StatementStatus::RePrepare), 0, "{text}");
        }
    }

    #[test]
    fn the_log_is_copied_back_beside_a_reader() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let writer = open(&path, Access::Write, Durability::PowerCut).unwrap();
        writer.raw("CREATE TABLE t (a BLOB); INSERT INTO t VALUES (randomblob(40000))").unwrap();
        let reader = open(&path, Access::Read, Durability::PowerCut).unwrap();
        reader.raw("BEGIN").unwrap();
        reader.rows("SELECT length(a) FROM t", &args![], 1).unwrap();
        let before = writer.log().unwrap();
        assert!(before.pages >= 20 && before.copied == 0, "{before:?}");
        open(&path, Access::Write, Durability::PowerCut).unwrap().copy_log().unwrap();
        assert_eq!(writer.log().unwrap(), Log { copied: before.pages, ..before });
        assert_eq!(reader.rows("SELECT length(a) FROM t", &args![], 1).unwrap()[0].int(0).unwrap(), 40_000);
    }

    #[test]
    fn what_begins_and_ends_transactions_is_prepared_once_and_may_be_used_again_after_a_failure() {
        let folder = tempfile::tempdir().unwrap();
        let connection = open(&folder.path().join("t.db"), Access::Write, Durability::PowerCut).unwrap();
        connection.raw("CREATE TABLE parent (id INTEGER PRIMARY KEY); CREATE TABLE child (of INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)").unwrap();
        for _ in 0..3 {
            connection.control("BEGIN IMMEDIATE").unwrap();
            assert!(connection.control("BEGIN IMMEDIATE").is_err(), "one at a time");
            connection.execute("INSERT INTO child VALUES (7)", &args![]).unwrap();
            assert!(connection.control("COMMIT").is_err(), "nobody has number 7");
            connection.control("ROLLBACK").unwrap();
        }
        connection.control("BEGIN IMMEDIATE").unwrap();
        connection.control("COMMIT").unwrap();
        let statement = connection.0.prepare_cached("COMMIT").unwrap();
        assert_eq!(statement.get_status(rusqlite::StatementStatus::Run), 4, "one statement ran each time");
    }

    /// The options of `.cargo/config.toml` came through to the library.
    #[test]
    fn threads_share_no_counter_of_memory() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let mut options = connection.prepare("PRAGMA compile_options").unwrap();
        let options: Vec<String> =
            options.query_map((), |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        assert!(options.iter().any(|option| option == "DEFAULT_MEMSTATUS=0"), "{options:?}");
    }

    #[test]
    fn a_full_sync_is_what_a_commit_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let strong = open(&path, Access::Write, Durability::PowerCut).unwrap();
        assert_eq!(strong.synchronous().unwrap(), 2);
        let weak = open(&path, Access::Write, Durability::ProcessCrash).unwrap();
        assert_eq!(weak.synchronous().unwrap(), 0);
    }
}
