//! Entries that came lately, in the order in which they came (ADR 0041).
//!
//! On SQLite a row put among those of its folder changes a page of its own, and mostly two: fifty recipients of one
//! letter are sixty pages. In the order in which they come they share a page by the twenty. So deliveries write
//! `fresh_entry`, and its rows move to `entry`, where folders stand together, many at a time: when there are
//! thousands, when none has come for a while, and before an entry is changed or removed. Whoever reads asks the view
//! `entries`, which is both. PostgreSQL puts a new row where there is room: there they go to `entry` at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use db::Engine;
use names::{EntryId, FolderId};
use tokio::sync::mpsc;

use crate::store::Inner;
use crate::{Error, Mailstore, limits};

macro_rules! columns {
    () => {
        "folder, uid, id, account, modseq, flags, keywords, internal_date, size, head, body, origin, hidden,
        conversation, queue, saved_at"
    };
}

/// Puts entries among those of their folder.
pub(crate) const INSERT_ENTRY: &str = concat!("INSERT INTO entry (", columns!(), ") VALUES");
const INSERT_FRESH: &str = concat!("INSERT INTO fresh_entry (", columns!(), ") VALUES");
const HOW_MANY: &str = "SELECT COUNT(*) FROM fresh_entry";

/// An entry to write.
pub(crate) struct NewEntry {
    pub(crate) folder: FolderId,
    pub(crate) uid: i64,
    pub(crate) id: EntryId,
    /// Its columns, in the order of [`INSERT_ENTRY`].
    pub(crate) args: db::Args,
}

/// Where deliveries tell that entries wait to be moved.
#[derive(Debug)]
pub(crate) struct Fresh {
    /// Deliveries so far.
    deliveries: AtomicU64,
    many: mpsc::Sender<()>,
}

impl Fresh {
    /// With the other end for [`settle_in_quiet`].
    pub(crate) fn new() -> (Self, mpsc::Receiver<()>) {
        let (many, told) = mpsc::channel(1);
        (Self { deliveries: AtomicU64::new(0), many }, told)
    }

    fn came(&self, rows: i64) {
        self.deliveries.fetch_add(1, Ordering::Relaxed);
        if rows >= limits::FRESH_LEFT {
            // Told already: once is enough.
            _ = self.many.try_send(());
        }
    }
}

impl Mailstore {
    /// Writes the entries of a delivery.
    pub(crate) async fn enter(&self, tx: &mut db::Tx, mut entries: Vec<NewEntry>) -> Result<(), Error> {
        let args = |entries: Vec<NewEntry>| entries.into_iter().map(|entry| entry.args).collect();
        match tx.engine() {
            Engine::Sqlite => {
                entries.sort_unstable_by_key(|entry| entry.id);
                tx.insert_rows(INSERT_FRESH, "", args(entries)).await?;
                let rows = tx.row(HOW_MANY, db::args![]).await?.int(0)?;
                if rows >= limits::FRESH {
                    return self.settle(tx).await;
                }
                let fresh = Arc::clone(self.fresh());
                tx.after_commit(move || fresh.came(rows));
                Ok(())
            }
            Engine::Postgres => {
                entries.sort_unstable_by_key(|entry| (entry.folder, entry.uid));
                tx.insert_rows(INSERT_ENTRY, "", args(entries)).await?;
                Ok(())
            }
        }
    }

    /// Moves fresh entries to their folders: before any entry is changed or removed.
    pub(crate) async fn settle(&self, tx: &mut db::Tx) -> Result<(), Error> {
        const MOVE: &str = concat!(
            "INSERT INTO entry (",
            columns!(),
            ") SELECT ",
            columns!(),
            " FROM fresh_entry ORDER BY folder, uid"
        );
        if tx.engine() == Engine::Sqlite && tx.execute(MOVE, db::args![]).await? > 0 {
            tx.execute("DELETE FROM fresh_entry", db::args![]).await?;
        }
        Ok(())
    }

    /// [`Mailstore::settle`] as a whole act, if there is much to move.
    async fn settle_many(&self) -> Result<(), Error> {
        let rows = self.db().read().await?.row(HOW_MANY, db::args![]).await?.int(0)?;
        if rows < limits::FRESH_LEFT {
            return Ok(());
        }
        let unit = db::unit("settle entries", self.clone(), |store, tx| Box::pin(store.settle(tx)));
        self.db().write(unit).await
    }
}

/// Moves what came before the house was opened, and then whatever is left when none has come for a while: what is few
/// costs readers nothing. Ends with the store.
pub(crate) async fn settle_in_quiet(mut told: mpsc::Receiver<()>, store: Weak<Inner>) {
    loop {
        let mut seen = None;
        loop {
            let Some(inner) = store.upgrade() else { return };
            let deliveries = inner.fresh().deliveries.load(Ordering::Relaxed);
            if seen == Some(deliveries) {
                if let Err(error) = Mailstore::of(inner).settle_many().await {
                    // They stay where they are, and are read there.
                    tracing::warn!(%error, "fresh entries could not be moved to their folders");
                }
                break;
            }
            seen = Some(deliveries);
            drop(inner);
            tokio::time::sleep(limits::FRESH_QUIET).await;
        }
        if told.recv().await.is_none() {
            return;
        }
    }
}
