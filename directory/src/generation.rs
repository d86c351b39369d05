//! One number that grows with every change of the directory, so that caches know they are old.

use std::sync::Arc;

use db::{Tx, args};
use tokio::sync::watch;

const BUMP: &str =
    "UPDATE directory_generation SET generation = generation + 1 WHERE id = 1 RETURNING generation";
const READ: &str = "SELECT generation FROM directory_generation WHERE id = 1";

/// The generation this process last heard of. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub struct Generation(Arc<watch::Sender<i64>>);

impl Generation {
    /// The number last heard of.
    #[must_use]
    pub fn known(&self) -> i64 {
        *self.0.borrow()
    }

    /// Says inside `tx` that the directory changes: every process's caches are old once it commits.
    ///
    /// Call it last in a unit: on PostgreSQL it holds the counter's row until the commit.
    pub async fn bump(&self, tx: &mut Tx) -> Result<(), db::Error> {
        let generation = tx.row(BUMP, args![]).await?.int(0)?;
        let known = self.clone();
        tx.after_commit(move || known.heard(generation));
        Ok(())
    }

    /// Reads the true number, as `tx` sees it. Nothing is believed from a transaction that may yet
    /// roll back: only [`Generation::bump`] after its commit and [`crate::Directory::notice_changes`]
    /// move the known number.
    pub async fn read(tx: &mut Tx) -> Result<i64, db::Error> {
        tx.row(READ, args![]).await?.int(0)
    }

    pub(crate) fn heard(&self, generation: i64) {
        self.0.send_if_modified(|known| {
            let is_news = generation > *known;
            *known = generation.max(*known);
            is_news
        });
    }

    /// Waits until another number than `seen` is known. Cancel-safe.
    pub(crate) async fn past(&self, seen: i64) {
        // It cannot fail: `self` is a sender.
        let _ = self.0.subscribe().wait_for(|known| *known != seen).await;
    }
}
