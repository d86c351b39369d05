//! The end of an account: its key first, so that nothing opens any more, then its rows, a page a unit so that
//! letters pass between. Begun and interrupted, it may be begun again.

use std::collections::BTreeMap;

use names::{AccountId, BodyId, FolderId, Timestamp};

use crate::{AccountState, Error, Mailstore, Uid, limits};

/// What was removed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Erased {
    /// Places in folders.
    pub entries: u64,
    /// Documents.
    pub documents: u64,
    /// Conversations.
    pub conversations: u64,
}

const DOCUMENTS: &str = "SELECT id, body FROM document WHERE account = $1 ORDER BY id LIMIT $2";
const DROP_DOCUMENTS: &str = "DELETE FROM document WHERE account = $1 AND id IN ({})";
const FOLDERS: &str = "SELECT id FROM folder WHERE account = $1 ORDER BY id";
const ENTRIES: &str = "SELECT uid FROM entries WHERE folder = $1 ORDER BY uid LIMIT $2";
const CONVERSATIONS: &str = "SELECT id FROM conversation WHERE account = $1 ORDER BY id LIMIT $2";
const TRACES: &str = "DELETE FROM letter WHERE queue IN
    (SELECT queue FROM letter WHERE account = $1 ORDER BY queue LIMIT $2)";

impl Mailstore {
    /// Destroys an account's key, then removes what it kept. Correspondents keep their own copies. Blobs and
    /// segments are given back by [`Mailstore::retain`], as those of any removed letter; until then they hold
    /// octets that no key opens. The account's number stays, as erased.
    pub async fn erase_account(&self, account: AccountId, now: Timestamp) -> Result<Erased, Error> {
        self.destroy_key(account, now).await?;
        let mut erased = Erased::default();
        loop {
            let page = self.erase_documents(account).await?;
            erased.documents += page;
            if page < limits::PAGE as u64 {
                break;
            }
        }
        let rows = self.db().read().await?.rows(FOLDERS, db::args![account]).await?;
        for row in rows {
            erased.entries += self.erase_folder(account, FolderId(row.int(0)?)).await?;
        }
        loop {
            let page = self.erase_conversations(account).await?;
            erased.conversations += page;
            if page < limits::PAGE as u64 {
                break;
            }
        }
        while self.erase_traces(account).await? >= limits::PAGE as u64 {}
        self.finish_erasure(account).await?;
        self.forget_everywhere(account).await?;
        Ok(erased)
    }

    async fn erase_documents(&self, account: AccountId) -> Result<u64, Error> {
        let unit = (self.clone(), account);
        self.db()
            .write(db::unit("erase documents", unit, |(store, account), tx| {
                Box::pin(async move {
                    let rows = tx.rows(DOCUMENTS, db::args![*account, limits::PAGE as i64]).await?;
                    let mut uses = BTreeMap::<BodyId, i64>::new();
                    let mut ids = Vec::with_capacity(rows.len());
                    for row in &rows {
                        ids.push(db::Value::from(row.int(0)?));
                        *uses.entry(BodyId(row.int(1)?)).or_default() += 1;
                    }
                    let removed = tx.execute_in(DROP_DOCUMENTS, db::args![*account], ids).await?;
                    store.release(tx, *account, uses).await?;
                    Ok::<_, Error>(removed)
                })
            }))
            .await
    }

    async fn erase_folder(&self, account: AccountId, folder: FolderId) -> Result<u64, Error> {
        let mut removed = 0;
        loop {
            let unit = (self.clone(), account, folder);
            let page = self.db().write(db::unit("erase entries", unit, |(store, account, folder), tx| {
                Box::pin(async move {
                    store.lock_folder(tx, *account, *folder).await?;
                    let rows = tx.rows(ENTRIES, db::args![*folder, limits::PAGE as i64]).await?;
                    let uids: Vec<Uid> =
                        rows.iter().map(|row| Ok(Uid(row.int(0)? as u32))).collect::<Result<_, Error>>()?;
                    store.remove_entries(tx, *account, *folder, Some(&uids)).await?;
                    Ok::<_, Error>(uids.len() as u64)
                })
            }));
            let page = page.await?;
            removed += page;
            if page < limits::PAGE as u64 {
                return Ok(removed);
            }
        }
    }

    async fn erase_conversations(&self, account: AccountId) -> Result<u64, Error> {
        self.db()
            .write(db::unit("erase conversations", account, |account, tx| {
                Box::pin(async move {
                    let rows = tx.rows(CONVERSATIONS, db::args![*account, limits::PAGE as i64]).await?;
                    let ids: Vec<db::Value> =
                        rows.iter().map(|row| Ok(row.int(0)?.into())).collect::<Result<_, Error>>()?;
                    const PARTICIPANTS: &str = "DELETE FROM participant WHERE conversation IN ({})";
                    tx.execute_in(PARTICIPANTS, db::args![], ids.clone()).await?;
                    let removed =
                        tx.execute_in("DELETE FROM conversation WHERE id IN ({})", db::args![], ids).await?;
                    Ok::<_, Error>(removed)
                })
            }))
            .await
    }

    /// The traces of letters this account sent.
    async fn erase_traces(&self, account: AccountId) -> Result<u64, Error> {
        self.db()
            .write(db::unit("erase traces", account, |account, tx| {
                Box::pin(async move {
                    Ok::<_, Error>(tx.execute(TRACES, db::args![*account, limits::PAGE as i64]).await?)
                })
            }))
            .await
    }

    async fn finish_erasure(&self, account: AccountId) -> Result<(), Error> {
        const REST: [&str; 6] = [
            "DELETE FROM gist WHERE folder IN (SELECT id FROM folder WHERE account = $1)",
            "DELETE FROM expunged WHERE folder IN (SELECT id FROM folder WHERE account = $1)",
            "DELETE FROM annotation WHERE account = $1",
            "DELETE FROM subscription WHERE account = $1",
            "DELETE FROM folder WHERE account = $1",
            "DELETE FROM contact WHERE patient = $1",
        ];
        let unit = (self.clone(), account);
        self.db()
            .write(db::unit("finish the erasure of an account", unit, |(store, account), tx| {
                Box::pin(async move {
                    for sql in REST {
                        tx.execute(sql, db::args![*account]).await?;
                    }
                    match store.set_account_state(tx, *account, AccountState::Erased).await {
                        // One that never had its place in the store.
                        Err(Error::NoAccount(_)) => Ok(()),
                        other => other,
                    }
                })
            }))
            .await
    }
}
