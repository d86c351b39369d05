//! One row of an answer, read by place.

use crate::Error;
use names::Timestamp;
use sqlx::Row as _;

/// One row; columns are read by their place, from 0.
pub enum Row {
    /// From SQLite.
    #[doc(hidden)]
    Sqlite(sqlx::sqlite::SqliteRow),
    /// From PostgreSQL.
    #[doc(hidden)]
    Postgres(sqlx::postgres::PgRow),
}

macro_rules! getters {
    ($($name:ident, $maybe:ident => $type:ty, $what:literal);+ $(;)?) => {$(
        #[doc = concat!("The ", $what, " in a column that always has one.")]
        pub fn $name(&self, column: usize) -> Result<$type, Error> {
            match self {
                Self::Sqlite(row) => row.try_get_unchecked(column),
                Self::Postgres(row) => row.try_get(column),
            }
            .map_err(|cause| Error::Column { column, cause })
        }

        #[doc = concat!("The ", $what, " in a column that may have none.")]
        pub fn $maybe(&self, column: usize) -> Result<Option<$type>, Error> {
            match self {
                Self::Sqlite(row) => row.try_get_unchecked(column),
                Self::Postgres(row) => row.try_get(column),
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

    /// The instant in a column that always has one.
    pub fn time(&self, column: usize) -> Result<Timestamp, Error> {
        self.int(column).map(Timestamp)
    }

    /// The instant in a column that may have none.
    pub fn maybe_time(&self, column: usize) -> Result<Option<Timestamp>, Error> {
        Ok(self.maybe_int(column)?.map(Timestamp))
    }
}
