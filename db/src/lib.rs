//! The floor: one database of either engine, SQLite or PostgreSQL.
//!
//! Everything written goes through a [`Unit`]: a named piece of work that may be run again, whose
//! only effect is its [`Tx`]. [`Db::write`] returns when the unit is committed *and on disk*. On
//! SQLite one writer runs all waiting units inside one transaction and syncs once for all of them;
//! on PostgreSQL each unit has its own transaction and the server groups the syncs.
//!
//! ```no_run
//! # async fn example(db: db::Db) -> Result<(), db::Error> {
//! let counted = db
//!     .write(db::unit("count a visit", 7_i64, |place, tx| {
//!         Box::pin(async move {
//!             tx.execute("UPDATE place SET visits = visits + 1 WHERE id = $1", db::args![*place]).await
//!         })
//!     }))
//!     .await?;
//! # let _ = counted; Ok(()) }
//! ```
//!
//! No table of the domain is named here: each room keeps its own SQL and its own [`Migration`]s.
#![warn(missing_docs)]

mod dialect;
mod error;
mod ids;
mod limits;
mod lock;
mod migrate;
mod notices;
mod open;
mod postgres;
mod probe;
mod row;
mod sqlite;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(test)]
mod tests;
mod tx;
mod unit;
mod value;

pub use error::{Cause, Error};
pub use ids::first_id;
pub use migrate::Migration;
pub use notices::{Ear, Heard};
pub use open::{Config, Db, Durability, Engine};
pub use probe::{clock, probe};
pub use row::Row;
pub use tx::Tx;
pub use unit::{Isolation, Unit, unit};
pub use value::{Args, Value};
