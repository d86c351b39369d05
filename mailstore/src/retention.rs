//! What has been kept long enough.

use names::Timestamp;

use crate::{Error, Mailstore, limits};

/// What is due to be removed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Due {
    /// Keys of letters already taken, expired.
    pub accepted: u64,
    /// Traces of letters, a year and some old.
    pub traces: u64,
    /// Bodies nobody has a key to: a rare leftover of two accounts letting go at the same instant.
    pub bodies: u64,
}

/// What retention removed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Swept {
    /// Rows.
    pub rows: Due,
    /// Rows of what went from folders, forgotten.
    pub gone: u64,
    /// Blobs without a body.
    pub blobs: u64,
    /// Blob writes that were interrupted.
    pub unfinished: u64,
    /// Segments removed, and segments whose living bodies were copied out.
    pub segments: u64,
}

const ORPHANS: &str = "SELECT id FROM body WHERE NOT EXISTS (SELECT 1 FROM body_key k WHERE k.body = body.id)
    ORDER BY id LIMIT $1";
/// The keys have no index on when they expire: all are looked at, beside the writer.
const EXPIRED: &str = "SELECT key FROM accepted WHERE expires_at <= $1 ORDER BY key LIMIT $2";

impl Mailstore {
    /// What is due at `now`; nothing is changed.
    pub async fn due(&self, now: Timestamp) -> Result<Due, Error> {
        const ACCEPTED: &str = "SELECT COUNT(*) FROM accepted WHERE expires_at <= $1";
        const TRACES: &str = "SELECT COUNT(*) FROM letter WHERE at <= $1";
        const BODIES: &str =
            "SELECT COUNT(*) FROM body WHERE NOT EXISTS (SELECT 1 FROM body_key k WHERE k.body = body.id)";
        let mut tx = self.db().read().await?;
        let accepted = tx.row(ACCEPTED, db::args![now]).await?.int(0)?;
        let traces = tx.row(TRACES, db::args![now.plus(-limits::TRACE)]).await?.int(0)?;
        let bodies = tx.row(BODIES, db::args![]).await?.int(0)?;
        Ok(Due { accepted: accepted as u64, traces: traces as u64, bodies: bodies as u64 })
    }

    /// Removes what is due at `now`, a page a unit so that letters pass between, then sweeps the blobs.
    pub async fn retain(&self, now: Timestamp) -> Result<Swept, Error> {
        let mut swept = Swept::default();
        loop {
            // Looked for beside the writer: all bodies are looked at, while letters pass.
            let mut view = self.db().read().await?;
            let orphans = view.rows(ORPHANS, db::args![limits::RETENTION_PAGE]).await?;
            let orphans: Vec<db::Value> =
                orphans.iter().map(|row| Ok(db::Value::from(row.int(0)?))).collect::<Result<_, Error>>()?;
            let expired = view.rows(EXPIRED, db::args![now, limits::RETENTION_PAGE]).await?;
            let expired: Vec<db::Value> =
                expired.iter().map(|row| Ok(db::Value::from(row.bytes(0)?))).collect::<Result<_, Error>>()?;
            drop(view);
            let parameters = (self.clone(), expired, orphans, now);
            let unit = db::unit("retention", parameters, |(store, expired, orphans, now), tx| {
                Box::pin(store.retain_page(tx, expired.clone(), orphans.clone(), *now))
            });
            let page = self.db().write(unit);
            let page = page.await?;
            swept.rows.accepted += page.accepted;
            swept.rows.traces += page.traces;
            swept.rows.bodies += page.bodies;
            let full = limits::RETENTION_PAGE as u64;
            if page.accepted < full && page.traces < full && page.bodies < full {
                break;
            }
        }
        swept.gone = self.forget_gone().await?;
        (swept.blobs, swept.unfinished) = self.sweep(now).await?;
        let segments = self.sweep_segments(now).await?;
        swept.segments = segments.removed + segments.copied_out;
        if segments.cut > 0 {
            tracing::info!(octets = segments.cut, "what a crash left behind in segments is given back");
        }
        Ok(swept)
    }

    async fn retain_page(
        &self,
        tx: &mut db::Tx,
        expired: Vec<db::Value>,
        orphans: Vec<db::Value>,
        now: Timestamp,
    ) -> Result<Due, Error> {
        // One that was taken again since it was looked for lives on.
        const ACCEPTED: &str = "DELETE FROM accepted WHERE expires_at <= $1 AND key IN ({})";
        // Numbers are ordered by time: only the oldest page is looked at, not a year of letters every hour.
        const TRACES: &str = "DELETE FROM letter WHERE at <= $1 AND queue IN
            (SELECT queue FROM letter ORDER BY queue LIMIT $2)";
        let page = limits::RETENTION_PAGE;
        let accepted = tx.execute_in(ACCEPTED, db::args![now], expired).await?;
        let traces = tx.execute(TRACES, db::args![now.plus(-limits::TRACE), page]).await?;
        let bodies = self.drop_bodies(tx, orphans).await?;
        Ok(Due { accepted, traces, bodies })
    }
}
