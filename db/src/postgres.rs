//! PostgreSQL: each unit in a transaction of its own, run again when the server asks for it.

use crate::ids::Ids;
use crate::notices::Notices;
use crate::tx::Conn;
use crate::unit::{Isolation, Unit};
use crate::{Error, Tx, limits};
use futures_util::FutureExt as _;
use sqlx::{PgPool, Postgres, Transaction};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// Waits until the unit is committed and on disk.
pub(crate) async fn write<U: Unit>(
    pool: &PgPool,
    notices: &Notices,
    ids: &Arc<Ids>,
    mut unit: U,
) -> Result<U::Output, U::Error> {
    let name = unit.name();
    let mut attempt = 0;
    loop {
        attempt += 1;
        let begin = match U::ISOLATION {
            Isolation::ReadCommitted => "BEGIN ISOLATION LEVEL READ COMMITTED",
            Isolation::Serializable => "BEGIN ISOLATION LEVEL SERIALIZABLE",
        };
        let transaction = self::begin(pool, begin).await.map_err(|cause| statement(begin, cause))?;
        let mut tx = Tx::writing(Conn::Postgres(transaction), Arc::clone(ids));
        let work = AssertUnwindSafe(unit.run(&mut tx)).catch_unwind();
        let outcome = match tokio::time::timeout(limits::UNIT_DEADLINE, work).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_panic)) => Err(Error::Panicked(name).into()),
            Err(_elapsed) => Err(Error::Deadline(name).into()),
        };
        let again = tx.retry && attempt < limits::RETRIES;
        let (after, words) = (tx.take_after(), tx.take_words());
        let Conn::Postgres(transaction) = tx.conn else { unreachable!("made of PostgreSQL above") };
        match outcome {
            Ok(output) => match commit(transaction).await {
                Ok(()) => {
                    after.into_iter().for_each(|act| act());
                    notices.say(words);
                    return Ok(output);
                }
                Err(Error::Commit { cause }) if cause.is_retryable() && attempt < limits::RETRIES => {}
                Err(error) => return Err(error.into()),
            },
            Err(_) if again => drop(transaction.rollback().await),
            Err(error) => {
                drop(transaction.rollback().await);
                return Err(error);
            }
        }
        tracing::debug!(unit = name, attempt, "the unit met another one and runs again");
        tokio::task::yield_now().await;
    }
}

/// Begins a transaction, to its end: a caller that goes away in the middle (IDLE does, whenever the
/// peer speaks) would hand the connection back with a transaction that nobody ends, and the next
/// unit on it would write into a read-only view.
pub(crate) async fn begin(
    pool: &PgPool,
    begin: &'static str,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let pool = pool.clone();
    let begun = tokio::spawn(async move { pool.begin_with(begin).await });
    // The task cannot be cancelled by its caller; what it began and nobody takes is rolled back.
    begun.await.map_err(|_gone| sqlx::Error::WorkerCrashed)?
}

async fn commit(transaction: Transaction<'static, Postgres>) -> Result<(), Error> {
    transaction.commit().await.map_err(|cause| match cause {
        // The server answered: nothing is kept.
        sqlx::Error::Database(_) => Error::Commit { cause: cause.into() },
        cause => Error::CommitUnknown { cause: cause.into() },
    })
}

fn statement(sql: &str, cause: sqlx::Error) -> Error {
    Error::Statement { sql: sql.to_owned(), cause: cause.into() }
}
