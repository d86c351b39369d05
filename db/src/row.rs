//! One row of an answer, read by place.

use crate::{Cause, Error};
use names::Timestamp;
use rusqlite::types::{FromSql, Value as SqliteValue, ValueRef};
use sqlx::Row as _;

/// One row; columns are read by their place, from 0.
pub enum Row {
    /// From SQLite.
    #[doc(hidden)]
    Sqlite(Vec<SqliteValue>),
    /// From PostgreSQL.
    #[doc(hidden)]
    Postgres(sqlx::postgres::PgRow),
}

macro_rules! getters {
    ($($name:ident, $maybe:ident => $type:ty, $what:literal);+ $(;)?) => {$(
        #[doc = concat!("The ", $what, " in a column that always has one.")]
        pub fn $name(&self, column: usize) -> Result<$type, Error> {
            match self {
                Self::Sqlite(values) => of_sqlite(values, column),
                Self::Postgres(row) => row.try_get(column).map_err(Cause::from),
            }
            .map_err(|cause| Error::Column { column, cause })
        }

        #[doc = concat!("The ", $what, " in a column that may have none.")]
        pub fn $maybe(&self, column: usize) -> Result<Option<$type>, Error> {
            match self {
                Self::Sqlite(values) => of_sqlite(values, column),
                Self::Postgres(row) => row.try_get(column).map_err(Cause::from),
            }
            .map_err(|cause| Error::Column { column, cause })
        }
    )+};
}

impl Row {
    getters! {
        int, maybe_int => i64, "integer";
        text, maybe_text => String, "text";
        bool, maybe_bool => bool, "truth value";
        bytes, maybe_bytes => Vec<u8>, "bytes";
    }

    /// The bytes in a column that always has some, moved out of the row: for those that are long.
    pub fn take_bytes(&mut self, column: usize) -> Result<Vec<u8>, Error> {
        self.moved(column).map_or_else(|| self.bytes(column), Ok)
    }

    /// The bytes in a column that may have none, likewise.
    pub fn take_maybe_bytes(&mut self, column: usize) -> Result<Option<Vec<u8>>, Error> {
        self.moved(column).map_or_else(|| self.maybe_bytes(column), |bytes| Ok(Some(bytes)))
    }

    fn moved(&mut self, column: usize) -> Option<Vec<u8>> {
        match self {
            Self::Sqlite(values) => match values.get_mut(column) {
                Some(SqliteValue::Blob(bytes)) => Some(std::mem::take(bytes)),
                Some(_) | None => None,
            },
            Self::Postgres(_) => None,
        }
    }

    /// The instant in a column that always has one.
    pub fn time(&self, column: usize) -> Result<Timestamp, Error> {
        self.int(column).map(Timestamp)
    }

    /// The instant in a column that may have none.
    pub fn maybe_time(&self, column: usize) -> Result<Option<Timestamp>, Error> {
        Ok(self.maybe_int(column)?.map(Timestamp))
    }
}

fn of_sqlite<T: FromSql>(values: &[SqliteValue], column: usize) -> Result<T, Cause> {
    let value = values.get(column).ok_or(rusqlite::Error::InvalidColumnIndex(column))?;
    let value = ValueRef::from(value);
    let kind = value.data_type();
    T::column_result(value)
        .map_err(|cause| rusqlite::Error::FromSqlConversionFailure(column, kind, Box::new(cause)).into())
}
