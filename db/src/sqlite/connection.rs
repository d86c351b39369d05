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

    /// Copies the log back into the file when `pages` of it or more are not, beside whoever reads and writes.
    pub(crate) fn checkpoint(&self, pages: i64) -> Result<(), Cause> {
        let waiting = |row: &rusqlite::Row<'_>| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?);
        if self.0.query_row("PRAGMA wal_checkpoint(NOOP)", (), waiting)? >= pages {
            self.0.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |_row| Ok(()))?;
        }
        Ok(())
    }

    /// Copies the whole log back and cuts it to nothing, unless somebody reads from it.
    pub(crate) fn empty_log(&self) -> Result<(), Cause> {
        Ok(self.0.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_row| Ok(()))?)
    }

    /// Runs texts without parameters: `BEGIN`, `SAVEPOINT`, migrations.
    pub(crate) fn raw(&self, text: &str) -> Result<(), Cause> {
        Ok(self.0.execute_batch(text)?)
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
    fn the_log_is_copied_back_beside_a_reader_when_enough_of_it_waits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let writer = open(&path, Access::Write, Durability::PowerCut).unwrap();
        writer.raw("CREATE TABLE t (a BLOB); INSERT INTO t VALUES (randomblob(40000))").unwrap();
        let reader = open(&path, Access::Read, Durability::PowerCut).unwrap();
        reader.raw("BEGIN").unwrap();
        reader.rows("SELECT length(a) FROM t", &args![], 1).unwrap();
        let waiting = || {
            let count = |row: &rusqlite::Row<'_>| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?);
            writer.0.query_row("PRAGMA wal_checkpoint(NOOP)", (), count).unwrap()
        };
        let pages = waiting();
        assert!(pages >= 20, "{pages}");
        let other = open(&path, Access::Write, Durability::PowerCut).unwrap();
        other.checkpoint(pages + 1).unwrap();
        assert_eq!(waiting(), pages, "too little to bother");
        other.checkpoint(pages).unwrap();
        assert_eq!(waiting(), 0);
        assert_eq!(reader.rows("SELECT length(a) FROM t", &args![], 1).unwrap()[0].int(0).unwrap(), 40_000);
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
