//! Removing messages, and what nobody keeps any more.

use std::collections::BTreeMap;

use names::{AccountId, BodyId, ConversationId, FolderId};

use crate::counts::Counts;
use crate::messages::list;
use crate::{Error, Flags, FolderNews, Hidden, Mailstore, News, Uid};

impl Mailstore {
    /// Removes the messages marked `\Deleted`; of these uids only, when some are named (UID EXPUNGE).
    /// Answers the uids that are gone, in order.
    pub async fn expunge(
        &self,
        account: AccountId,
        folder: FolderId,
        only: Option<&[Uid]>,
    ) -> Result<Vec<Uid>, Error> {
        let parameters = (self.clone(), account, folder, only.map(<[Uid]>::to_vec));
        self.db()
            .write(db::unit("expunge", parameters, |(store, account, folder, only), tx| {
                Box::pin(store.expunge_in(tx, *account, *folder, only.as_deref()))
            }))
            .await
    }

    /// [`Mailstore::expunge`], inside a unit.
    pub async fn expunge_in(
        &self,
        tx: &mut db::Tx,
        account: AccountId,
        folder: FolderId,
        only: Option<&[Uid]>,
    ) -> Result<Vec<Uid>, Error> {
        const ALL: &str = "SELECT uid, flags FROM entries WHERE folder = $1 ORDER BY uid";
        const SOME: &str = "SELECT uid, flags FROM entries WHERE folder = $1 AND uid IN ({})";
        self.lock_folder(tx, account, folder).await?;
        let rows = match only {
            Some(uids) => tx.rows_in(SOME, db::args![folder], list(uids)).await?,
            None => tx.rows(ALL, db::args![folder]).await?,
        };
        let mut gone = Vec::new();
        for row in rows {
            if Flags(row.int(1)? as u8).has(Flags::DELETED) {
                gone.push(Uid(row.int(0)? as u32));
            }
        }
        gone.sort_unstable();
        self.remove_entries(tx, account, folder, Some(&gone)).await?;
        Ok(gone)
    }

    /// Removes these entries, or all, of a folder that is locked: rows, counters, message keys whose
    /// last use it was, and bodies nobody has a key to any more.
    pub(crate) async fn remove_entries(
        &self,
        tx: &mut db::Tx,
        account: AccountId,
        folder: FolderId,
        only: Option<&[Uid]>,
    ) -> Result<(), Error> {
        let uses = self.take_entries_out(tx, account, folder, only).await?;
        self.release(tx, account, uses).await
    }

    /// Removes entries and leaves their message keys alone; gives how many of each body went.
    pub(crate) async fn take_entries_out(
        &self,
        tx: &mut db::Tx,
        account: AccountId,
        folder: FolderId,
        only: Option<&[Uid]>,
    ) -> Result<BTreeMap<BodyId, i64>, Error> {
        const ALL: &str = "SELECT uid, flags, size, body, conversation, hidden FROM entry WHERE folder = $1";
        const SOME: &str = "SELECT uid, flags, size, body, conversation, hidden FROM entry WHERE folder = $1 AND uid IN ({})";
        const REMOVE: &str = "DELETE FROM entry WHERE folder = $1 AND uid IN ({})";
        const COUNT: &str =
            "UPDATE folder SET modseq = modseq + 1, messages = messages - $2, unseen = unseen - $3,
            size = size - $4 WHERE id = $1 RETURNING modseq";
        self.settle(tx).await?;
        let rows = match only {
            Some(uids) => tx.rows_in(SOME, db::args![folder], list(uids)).await?,
            None => tx.rows(ALL, db::args![folder]).await?,
        };
        if rows.is_empty() {
            return Ok(BTreeMap::new());
        }
        let (mut unseen, mut size, mut gone) = (0, 0, Vec::with_capacity(rows.len()));
        let mut uses = BTreeMap::new();
        let mut letters = BTreeMap::<ConversationId, Counts>::new();
        for row in &rows {
            let fresh = i64::from(!Flags(row.int(1)? as u8).has(Flags::SEEN));
            gone.push(Uid(row.int(0)? as u32));
            unseen += fresh;
            size += row.int(2)?;
            *uses.entry(BodyId(row.int(3)?)).or_default() += 1;
            if let Some(conversation) = row.maybe_int(4)? {
                let counts = letters.entry(ConversationId(conversation)).or_default();
                counts.add(Hidden(row.int(5)?), -1, -fresh);
            }
        }
        let count = gone.len() as i64;
        let modseq = tx.row(COUNT, db::args![folder, count, unseen, size]).await?.int(0)?;
        tx.execute_in(REMOVE, db::args![folder], list(&gone)).await?;
        gone.sort_unstable();
        self.drop_gists(tx, folder, &gone).await?;
        self.note_gone(tx, folder, modseq, &gone).await?;
        self.count_letters(tx, letters).await?;
        self.tell_after(tx, account, News::of(folder, FolderNews::touched(modseq, gone)));
        Ok(uses)
    }

    /// Gives up that many uses of bodies by an account (or by [`crate::QUEUE`]). A key without use is
    /// removed, and a body without key with its heads; a blob waits for the sweeper.
    pub async fn release(
        &self,
        tx: &mut db::Tx,
        account: AccountId,
        uses: BTreeMap<BodyId, i64>,
    ) -> Result<(), Error> {
        const USES: &str = "UPDATE body_key SET uses = uses - $2 WHERE account = $1 AND body IN ({})";
        const KEYS: &str =
            "DELETE FROM body_key WHERE account = $1 AND uses <= 0 AND body IN ({}) RETURNING body";
        let mut by_count = BTreeMap::<i64, Vec<db::Value>>::new();
        let bodies: Vec<db::Value> = uses.keys().map(|body| db::Value::from(*body)).collect();
        for (body, count) in uses {
            by_count.entry(count).or_default().push(body.into());
        }
        for (count, bodies) in by_count {
            tx.execute_in(USES, db::args![account, count], bodies).await?;
        }
        let mut freed = Vec::new();
        for row in tx.rows_in(KEYS, db::args![account], bodies).await? {
            freed.push(db::Value::from(row.int(0)?));
        }
        self.drop_bodies(tx, freed).await.map(drop)
    }

    /// Removes those of these bodies that nobody has a key to; tells how many.
    pub(crate) async fn drop_bodies(&self, tx: &mut db::Tx, bodies: Vec<db::Value>) -> Result<u64, Error> {
        const ORPHANS: &str = "SELECT id FROM body WHERE id IN ({})
            AND NOT EXISTS (SELECT 1 FROM body_key k WHERE k.body = body.id)";
        let mut orphans = Vec::new();
        for row in tx.rows_in(ORPHANS, db::args![], bodies).await? {
            orphans.push(db::Value::from(row.int(0)?));
        }
        // The first head of a body has its number; the others are few, and have an index.
        tx.execute_in("DELETE FROM head WHERE id IN ({})", db::args![], orphans.clone()).await?;
        const OTHERS: &str = "DELETE FROM head WHERE id <> body AND body IN ({})";
        tx.execute_in(OTHERS, db::args![], orphans.clone()).await?;
        Ok(tx.execute_in("DELETE FROM body WHERE id IN ({})", db::args![], orphans).await?)
    }
}
