//! One transaction, of either engine.

use crate::dialect::{ListFirst, Mode};
use crate::ids::Ids;
use crate::{Args, Cause, Engine, Error, Row, Value, dialect, limits, sqlite};
use names::Timestamp;
use sqlx::{AssertSqlSafe, Executor as _, Postgres, Transaction};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

/// One transaction: a consistent view for reading, or the only way to write.
pub struct Tx {
    pub(crate) conn: Conn,
    after: Vec<Box<dyn FnOnce() + Send>>,
    words: Vec<String>,
    /// Set when a statement failed in a way that another run may cure.
    pub(crate) retry: bool,
    /// A view takes no locks: `{FOR UPDATE}` says nothing in it.
    mode: Mode,
    /// The unit that runs on SQLite, and when it must have ended: its statements cannot be interrupted, so
    /// it is asked before each.
    pub(crate) deadline: Option<(&'static str, Instant)>,
    ids: Arc<Ids>,
}

pub(crate) enum Conn {
    SqliteRead(sqlite::View),
    SqliteWrite(Box<sqlite::Connection>),
    Postgres(Transaction<'static, Postgres>),
}

macro_rules! query {
    ($sql:expr, $args:expr) => {{
        let mut query = sqlx::query($sql);
        for value in $args {
            query = match value {
                Value::Int(value) => query.bind(value),
                Value::Text(value) => query.bind(value),
                Value::Bool(value) => query.bind(value),
                Value::Bytes(value) => query.bind(value),
            };
        }
        query
    }};
}

impl Tx {
    pub(crate) fn reading(conn: Conn, ids: Arc<Ids>) -> Self {
        Self {
            conn,
            after: Vec::new(),
            words: Vec::new(),
            retry: false,
            mode: Mode::Reading,
            deadline: None,
            ids,
        }
    }

    pub(crate) fn writing(conn: Conn, ids: Arc<Ids>) -> Self {
        Self {
            conn,
            after: Vec::new(),
            words: Vec::new(),
            retry: false,
            mode: Mode::Writing,
            deadline: None,
            ids,
        }
    }

    /// A fresh id, as [`crate::Db::id`] gives: for rows whose number nobody needs before the unit.
    #[must_use]
    pub fn id(&self, now: Timestamp) -> i64 {
        self.ids.next(now)
    }

    /// Which engine this is, for the rare statement that must know.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match self.conn {
            Conn::SqliteRead(_) | Conn::SqliteWrite(_) => Engine::Sqlite,
            Conn::Postgres(_) => Engine::Postgres,
        }
    }

    /// Runs a statement; answers how many rows it touched.
    pub async fn execute(&mut self, sql: &'static str, args: Args) -> Result<u64, Error> {
        let text = dialect::render(sql, self.engine(), self.mode);
        self.execute_text(text, args).await
    }

    /// Runs a query; answers all its rows.
    pub async fn rows(&mut self, sql: &'static str, args: Args) -> Result<Vec<Row>, Error> {
        let text = dialect::render(sql, self.engine(), self.mode);
        self.rows_text(text, args).await
    }

    /// Runs a query that finds exactly one row; none is an error.
    pub async fn row(&mut self, sql: &'static str, args: Args) -> Result<Row, Error> {
        self.maybe_row(sql, args).await?.ok_or_else(|| Error::NoRow { sql: sql.to_owned() })
    }

    /// Runs a query that finds one row or none.
    pub async fn maybe_row(&mut self, sql: &'static str, args: Args) -> Result<Option<Row>, Error> {
        let text = dialect::render(sql, self.engine(), self.mode);
        let found = match &mut self.conn {
            Conn::Postgres(tx) => {
                let query = query!(AssertSqlSafe(text.clone()), args);
                query.fetch_optional(&mut **tx).await.map(|row| row.map(Row::Postgres)).map_err(Cause::from)
            }
            Conn::SqliteRead(_) | Conn::SqliteWrite(_) => {
                self.in_time()?;
                self.sqlite().rows(&text, &args, 1).map(|mut rows| rows.pop())
            }
        };
        self.note(found, text)
    }

    /// Runs a query whose text holds `IN ({})`, once for each batch of the list; the list's
    /// placeholders follow those of `args`. An empty list finds nothing and asks nothing.
    pub async fn rows_in(
        &mut self,
        sql: &'static str,
        args: Args,
        list: Vec<Value>,
    ) -> Result<Vec<Row>, Error> {
        let mut found = Vec::new();
        for batch in batches(list) {
            let (text, args) = self.with_list(sql, &args, batch);
            found.extend(self.rows_text(text, args).await?);
        }
        Ok(found)
    }

    /// Runs a statement whose text holds `IN ({})`, as [`Tx::rows_in`] does.
    pub async fn execute_in(
        &mut self,
        sql: &'static str,
        args: Args,
        list: Vec<Value>,
    ) -> Result<u64, Error> {
        let mut touched = 0;
        for batch in batches(list) {
            let (text, args) = self.with_list(sql, &args, batch);
            touched += self.execute_text(text, args).await?;
        }
        Ok(touched)
    }

    /// Inserts many rows by few statements: `insert` ends in `VALUES`, `suffix` is empty or an
    /// `ON CONFLICT` clause. All rows have the same number of columns.
    pub async fn insert_rows(
        &mut self,
        insert: &'static str,
        suffix: &'static str,
        rows: Vec<Args>,
    ) -> Result<u64, Error> {
        let columns = rows.first().map_or(0, Vec::len);
        let insert = dialect::render(insert, self.engine(), self.mode);
        let mut touched = 0;
        let mut rows = rows.into_iter();
        while rows.len() > 0 {
            // Powers of two, so that a handful of prepared texts serves every size.
            let count = power_of_two(rows.len().min(limits::PARAMETERS / columns.max(1)));
            let args: Args = rows.by_ref().take(count).flatten().collect();
            debug_assert_eq!(args.len(), columns * count, "rows of unequal width");
            let text = Cow::Owned(dialect::values(&insert, suffix, self.engine(), columns, count));
            touched += self.execute_text(text, args).await?;
        }
        Ok(touched)
    }

    /// Does `act` once this transaction is committed and on disk; never when it is not. For telling
    /// watchers. It must not block.
    pub fn after_commit(&mut self, act: impl FnOnce() + Send + 'static) {
        self.after.push(Box::new(act));
    }

    /// Tells the other processes on this database once this transaction is committed: they hear the word
    /// ([`crate::Db::hear`]) within milliseconds, or a second later at most. Nobody is there on SQLite.
    pub fn tell_others(&mut self, word: impl Into<String>) {
        match self.engine() {
            Engine::Sqlite => {}
            Engine::Postgres => self.words.push(word.into()),
        }
    }

    /// What the other processes are to be told after the commit.
    pub(crate) fn take_words(&mut self) -> Vec<String> {
        std::mem::take(&mut self.words)
    }

    /// What is to be done after the commit.
    pub(crate) fn take_after(&mut self) -> Vec<Box<dyn FnOnce() + Send>> {
        std::mem::take(&mut self.after)
    }

    /// Runs a text without parameters, unprepared: migrations.
    pub(crate) async fn raw(&mut self, text: String) -> Result<(), Cause> {
        match &mut self.conn {
            Conn::Postgres(tx) => Ok((&mut **tx).execute(AssertSqlSafe(text)).await.map(drop)?),
            Conn::SqliteRead(_) | Conn::SqliteWrite(_) => self.sqlite().raw(&text),
        }
    }

    async fn execute_text(&mut self, text: Cow<'static, str>, args: Args) -> Result<u64, Error> {
        let done = match &mut self.conn {
            Conn::Postgres(tx) => {
                let query = query!(AssertSqlSafe(text.clone()), args);
                query.execute(&mut **tx).await.map(|done| done.rows_affected()).map_err(Cause::from)
            }
            Conn::SqliteRead(_) | Conn::SqliteWrite(_) => {
                self.in_time()?;
                self.sqlite().execute(&text, &args)
            }
        };
        self.note(done, text)
    }

    async fn rows_text(&mut self, text: Cow<'static, str>, args: Args) -> Result<Vec<Row>, Error> {
        let found = match &mut self.conn {
            Conn::Postgres(tx) => {
                let query = query!(AssertSqlSafe(text.clone()), args);
                let rows = query.fetch_all(&mut **tx).await.map_err(Cause::from);
                rows.map(|rows| rows.into_iter().map(Row::Postgres).collect())
            }
            Conn::SqliteRead(_) | Conn::SqliteWrite(_) => {
                self.in_time()?;
                self.sqlite().rows(&text, &args, usize::MAX)
            }
        };
        self.note(found, text)
    }

    /// The connection, of a transaction that is known to be SQLite's.
    pub(crate) fn sqlite(&self) -> &sqlite::Connection {
        match &self.conn {
            Conn::SqliteRead(view) => view,
            Conn::SqliteWrite(connection) => connection,
            Conn::Postgres(_) => unreachable!("asked for SQLite in an arm of SQLite"),
        }
    }

    fn in_time(&self) -> Result<(), Error> {
        match self.deadline {
            Some((unit, deadline)) if Instant::now() > deadline => Err(Error::Deadline(unit)),
            Some(_) | None => Ok(()),
        }
    }

    fn with_list(&self, sql: &'static str, args: &Args, batch: Vec<Value>) -> (Cow<'static, str>, Args) {
        let text = dialect::render(sql, self.engine(), self.mode);
        let (text, first) = dialect::list(&text, self.engine(), args.len(), batch.len());
        let args = match first {
            ListFirst::Yes => batch.into_iter().chain(args.iter().cloned()).collect(),
            ListFirst::No => args.iter().cloned().chain(batch).collect(),
        };
        (Cow::Owned(text), args)
    }

    fn note<T>(&mut self, result: Result<T, Cause>, sql: Cow<'static, str>) -> Result<T, Error> {
        result.map_err(|cause| {
            self.retry |= cause.is_retryable();
            let mut sql = sql.into_owned();
            sql.truncate(300);
            Error::Statement { sql, cause }
        })
    }
}

/// The list in batches whose lengths are powers of two; the last is filled by repeating its last
/// value, which changes no `IN`.
fn batches(list: Vec<Value>) -> Vec<Vec<Value>> {
    const LONGEST: usize = 1_024;
    list.chunks(LONGEST)
        .map(|batch| {
            let mut batch = batch.to_vec();
            if let Some(last) = batch.last().cloned() {
                batch.resize(batch.len().next_power_of_two(), last);
            }
            batch
        })
        .collect()
}

/// The greatest power of two not above `count`, which is at least 1.
fn power_of_two(count: usize) -> usize {
    1 << (usize::BITS - 1 - count.max(1).leading_zeros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_statement_texts_serve_every_length() {
        assert_eq!([1, 2, 3, 4, 50, 64].map(power_of_two), [1, 2, 2, 4, 32, 64]);
        let list: Vec<Value> = (0..5_i64).map(Value::from).collect();
        assert_eq!(batches(list.clone())[0].len(), 8);
        assert_eq!(batches(list)[0][7], Value::from(4_i64));
        assert!(batches(Vec::new()).is_empty());
    }
}
