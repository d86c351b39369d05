//! What runs of letters hold, in short (ADR 0032): sealed values beside a folder, by which a search knows which
//! letters it need not open. Whoever searches makes them and reads them; here they are octets.
//!
//! They can always be made again, so nothing waits for them; but none outlives a letter it tells of: the first
//! letter of a run that goes takes the run's gists with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use names::{AccountId, FolderId};
use zeroize::Zeroizing;

use crate::context::{self, Kind};
use crate::messages::list;
use crate::{AccountKey, Error, Mailstore, Uid, limits};

/// What a gist is of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum GistOf {
    /// Subjects, addresses and dates.
    Headers = 1,
    /// Which texts may stand in a letter.
    Texts = 2,
}

/// A run of neighbours in a folder: the letters whose uids have the same quotient.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Run(pub u32);

impl Run {
    /// The run that a uid belongs to.
    #[must_use]
    pub fn of(uid: Uid) -> Self {
        Self(uid.0 / limits::RUN)
    }
}

/// A gist to keep, and every letter that it tells of.
pub struct NewGist {
    /// Of which run.
    pub run: Run,
    /// Of which letters.
    pub uids: Vec<Uid>,
    /// What to seal.
    pub plain: Zeroizing<Vec<u8>>,
}

/// A gist that was read and not opened.
pub struct SealedGist {
    key: Arc<AccountKey>,
    folder: FolderId,
    of: GistOf,
    run: Run,
    sealed: Vec<u8>,
}

impl GistOf {
    fn kind(self) -> Kind {
        match self {
            Self::Headers => Kind::GistOfHeaders,
            Self::Texts => Kind::GistOfTexts,
        }
    }

    pub(crate) fn from_code(code: i64) -> Option<Self> {
        match code {
            1 => Some(Self::Headers),
            2 => Some(Self::Texts),
            _ => None,
        }
    }
}

impl SealedGist {
    /// Of which run it is.
    #[must_use]
    pub fn run(&self) -> Run {
        self.run
    }

    /// Opens it, on whatever thread asks.
    pub fn open(self) -> Result<Vec<u8>, Error> {
        self.key.open_gist(self.of, self.folder, self.run, self.sealed)
    }
}

impl AccountKey {
    /// The key is the account's own, so the place alone is told: folder and run.
    fn seal_gist(&self, of: GistOf, folder: FolderId, run: Run, plain: &[u8]) -> Vec<u8> {
        self.seal_at(&context::of(of.kind(), folder, i64::from(run.0)), plain)
    }

    pub(crate) fn open_gist(
        &self,
        of: GistOf,
        folder: FolderId,
        run: Run,
        sealed: Vec<u8>,
    ) -> Result<Vec<u8>, Error> {
        self.open_at(&context::of(of.kind(), folder, i64::from(run.0)), sealed)
            .map_err(|_| Error::Sealed { what: "a gist of folder", id: folder.0 })
    }
}

impl Mailstore {
    /// The gists of these runs of a folder, as far as there are any, not yet opened.
    pub async fn gists(
        &self,
        account: AccountId,
        folder: FolderId,
        of: GistOf,
        runs: &BTreeSet<Run>,
    ) -> Result<Vec<SealedGist>, Error> {
        const ALL: &str = "SELECT block, sealed FROM gist
            WHERE folder = $1 AND kind = $2 AND account = $3 AND block >= $4 AND block <= $5";
        let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return Ok(Vec::new()) };
        let key = self.key(account).await?;
        let args = db::args![folder, of as i64, account, i64::from(first.0), i64::from(last.0)];
        let rows = self.db().read().await?.rows(ALL, args).await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let run = Run(u32::try_from(row.int(0)?).unwrap_or(u32::MAX));
            if runs.contains(&run) {
                found.push(SealedGist { key: Arc::clone(&key), folder, of, run, sealed: row.bytes(1)? });
            }
        }
        Ok(found)
    }

    /// The runs of a folder that have such a gist, of however many of their letters it tells.
    pub async fn runs_told(
        &self,
        account: AccountId,
        folder: FolderId,
        of: GistOf,
    ) -> Result<BTreeSet<Run>, Error> {
        const TOLD: &str = "SELECT block FROM gist WHERE folder = $1 AND kind = $2 AND account = $3";
        let rows = self.db().read().await?.rows(TOLD, db::args![folder, of as i64, account]).await?;
        rows.iter().map(|row| Ok(Run(u32::try_from(row.int(0)?).unwrap_or(u32::MAX)))).collect()
    }

    /// Keeps gists in the place of those of the same runs. One of them that tells of a letter that has gone
    /// meanwhile is not kept.
    pub async fn keep_gists(
        &self,
        account: AccountId,
        folder: FolderId,
        of: GistOf,
        gists: Vec<NewGist>,
    ) -> Result<(), Error> {
        let key = self.key(account).await?;
        for some in gists.chunks(limits::GISTS_AT_ONCE) {
            let sealed = some.iter().map(|gist| {
                let sealed = key.seal_gist(of, folder, gist.run, &gist.plain);
                (gist.run, gist.uids.clone(), sealed)
            });
            let unit = (self.clone(), account, folder, of, sealed.collect::<Vec<_>>());
            self.db()
                .write(db::unit("keep gists", unit, |(store, account, folder, of, gists), tx| {
                    Box::pin(store.keep_gists_in(tx, *account, (*folder, *of), gists))
                }))
                .await?;
        }
        Ok(())
    }

    async fn keep_gists_in(
        &self,
        tx: &mut db::Tx,
        account: AccountId,
        (folder, of): (FolderId, GistOf),
        gists: &[(Run, Vec<Uid>, Vec<u8>)],
    ) -> Result<(), Error> {
        const THERE: &str = "SELECT uid FROM entries WHERE folder = $1 AND uid IN ({})";
        const KEEP: &str = "INSERT INTO gist (folder, kind, block, account, sealed) VALUES";
        const INSTEAD: &str = "ON CONFLICT (folder, kind, block) DO UPDATE SET sealed = excluded.sealed";
        // Whoever removes letters locks the folder as well: none goes between the look and the end.
        match self.lock_folder(tx, account, folder).await {
            Err(Error::NoFolder) => return Ok(()),
            locked => locked?,
        }
        let mut rows = Vec::with_capacity(gists.len());
        for (run, uids, sealed) in gists {
            if tx.rows_in(THERE, db::args![folder], list(uids)).await?.len() == uids.len() {
                rows.push(db::args![folder, of as i64, i64::from(run.0), account, sealed]);
            }
        }
        if !rows.is_empty() {
            tx.insert_rows(KEEP, INSTEAD, rows).await?;
        }
        Ok(())
    }

    /// Removes what tells of these letters, which are going.
    pub(crate) async fn drop_gists(
        &self,
        tx: &mut db::Tx,
        folder: FolderId,
        gone: &[Uid],
    ) -> Result<(), Error> {
        const DROP: &str = "DELETE FROM gist WHERE folder = $1 AND kind IN (1, 2) AND block IN ({})";
        let runs: BTreeSet<Run> = gone.iter().map(|uid| Run::of(*uid)).collect();
        let runs = runs.into_iter().map(|run| db::Value::from(i64::from(run.0))).collect();
        tx.execute_in(DROP, db::args![folder], runs).await.map(drop).map_err(Error::from)
    }

    /// Every gist opens: tells the folder of one that does not.
    pub(crate) async fn verify_gists(&self, tx: &mut db::Tx) -> Result<BTreeMap<i64, u64>, Error> {
        const PAGE: &str = "SELECT folder, kind, block, account, sealed FROM gist
            WHERE folder > $1 OR (folder = $1 AND kind > $2) OR (folder = $1 AND kind = $2 AND block > $3)
            ORDER BY folder, kind, block LIMIT $4";
        let (mut closed, mut after) = (BTreeMap::new(), (0, 0, -1));
        loop {
            let args = db::args![after.0, after.1, after.2, limits::PAGE as i64];
            let rows = tx.rows(PAGE, args).await?;
            for row in &rows {
                after = (row.int(0)?, row.int(1)?, row.int(2)?);
                let (folder, account) = (FolderId(after.0), AccountId(row.int(3)?));
                let ring = self.keyring(&[account]).await?;
                let Ok(key) = ring.of(account) else { continue };
                let run = Run(u32::try_from(after.2).unwrap_or(u32::MAX));
                let opens = GistOf::from_code(after.1).is_some_and(|of| {
                    row.bytes(4).is_ok_and(|sealed| key.open_gist(of, folder, run, sealed).is_ok())
                });
                if !opens {
                    *closed.entry(folder.0).or_default() += 1;
                }
            }
            if rows.len() < limits::PAGE {
                return Ok(closed);
            }
        }
    }
}

impl std::fmt::Debug for NewGist {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "NewGist({:?} of {} letters)", self.run, self.uids.len())
    }
}

impl std::fmt::Debug for SealedGist {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "SealedGist({:?} of {:?})", self.run, self.folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::stores;
    use crate::{Depth, FlagChange, Flags, Marks};

    fn gist(run: u32, uids: &[u32], plain: &[u8]) -> NewGist {
        NewGist { run: Run(run), uids: uids.iter().copied().map(Uid).collect(), plain: plain.to_vec().into() }
    }

    #[tokio::test]
    async fn gists_are_kept_sealed_replaced_and_gone_with_the_first_letter_they_tell_of() {
        for store in stores().await {
            let (doctor, other) = (store.doctor().await, store.doctor().await);
            let place = store.receive("un", b"x", doctor).await;
            store.receive("deux", b"y", doctor).await;
            let folder = place.folder;
            let of = GistOf::Texts;
            let runs: BTreeSet<Run> = [Run(0), Run(7)].into();
            store.keep_gists(doctor, folder, of, vec![gist(0, &[1], b"un seul")]).await.unwrap();
            store.keep_gists(doctor, folder, of, vec![gist(0, &[1, 2], b"cholesterol")]).await.unwrap();
            // Of a letter that is not there, and of a folder of somebody else.
            store.keep_gists(doctor, folder, of, vec![gist(7, &[450], b"z")]).await.unwrap();
            store.keep_gists(other, folder, of, vec![gist(0, &[1, 2], b"faux")]).await.unwrap();
            let open = async |account, of| {
                let found = store.gists(account, folder, of, &runs).await.unwrap();
                found.into_iter().map(|one| (one.run(), one.open().unwrap())).collect::<Vec<_>>()
            };
            assert_eq!(open(doctor, of).await, [(Run(0), b"cholesterol".to_vec())], "{}", store.engine);
            assert_eq!((open(doctor, GistOf::Headers).await, open(other, of).await), (vec![], vec![]));
            let row = store.db().read().await.unwrap().row("SELECT sealed FROM gist", db::args![]).await;
            let sealed = row.unwrap().bytes(0).unwrap();
            assert!(!sealed.windows(5).any(|piece| piece == b"chole"), "in clear");
            assert!(store.verify(Depth::Contents, crate::testing::NOW).await.unwrap().is_clean());
            // Moved to another run, it does not open.
            store.damage("UPDATE gist SET block = 7").await;
            let moved = store.gists(doctor, folder, of, &runs).await.unwrap().pop().unwrap();
            assert!(matches!(moved.open(), Err(Error::Sealed { .. })));
            let report = store.verify(Depth::Contents, crate::testing::NOW).await.unwrap();
            assert_eq!(report.findings.len(), 1, "{report:?}");
            store.damage("UPDATE gist SET block = 0").await;
            let deleted = FlagChange::Add(Marks::new(Flags::DELETED, &[]));
            store.store_flags(doctor, folder, &[Uid(1)], deleted, None).await.unwrap();
            store.expunge(doctor, folder, None).await.unwrap();
            assert_eq!(open(doctor, of).await, [], "{}: outlives its letter", store.engine);
            store.keep_gists(doctor, folder, of, vec![gist(0, &[1, 2], b"late")]).await.unwrap();
            assert_eq!(open(doctor, of).await, [], "{}: kept after its letter went", store.engine);
        }
    }

    #[tokio::test]
    async fn gists_go_with_their_account_and_do_not_open_without_its_key() {
        for store in stores().await {
            let doctor = store.doctor().await;
            let folder = store.receive("un", b"x", doctor).await.folder;
            store.keep_gists(doctor, folder, GistOf::Headers, vec![gist(0, &[1], b"un")]).await.unwrap();
            store.erase_account(doctor, crate::testing::NOW).await.unwrap();
            let row = store.db().read().await.unwrap().row("SELECT COUNT(*) FROM gist", db::args![]).await;
            assert_eq!(row.unwrap().int(0).unwrap(), 0, "{}", store.engine);
            let runs = [Run(0)].into();
            assert!(store.gists(doctor, folder, GistOf::Headers, &runs).await.is_err());
        }
    }
}
