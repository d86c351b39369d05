//! Subscriptions: which names LSUB shows. A folder's own stands in its row; one without a folder is kept
//! here, because a subscription outlives its folder (RFC 3501 §6.3.6), and so is what a person wishes of the
//! folders of mailboxes that they share (RFC 4314 §4).

use names::{AccountId, FolderId, Timestamp};

use crate::context::Kind;
use crate::{Error, FolderName, Mailstore, News, limits};

/// A name to subscribe, sealed and hashed; see [`Mailstore::new_subscription`].
#[derive(Clone, Debug)]
pub struct NewSubscription {
    id: i64,
    pub(crate) account: AccountId,
    pub(crate) hash: [u8; 16],
    sealed: Vec<u8>,
}

/// Whether a name that is no folder of the account is to be shown to who signs in there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wish {
    /// It is.
    Shown,
    /// It is not, though the mailbox that it belongs to shows it.
    Hidden,
}

impl Mailstore {
    /// Names that are subscribed, or hidden, and that no folder of the account has; oldest first.
    pub async fn subscriptions(&self, account: AccountId) -> Result<Vec<(FolderName, Wish)>, Error> {
        const SELECT: &str =
            "SELECT id, sealed_name, hidden FROM subscription WHERE account = $1 ORDER BY id";
        let rows = self.db().read().await?.rows(SELECT, db::args![account]).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let key = self.key(account).await?;
        let mut names = Vec::new();
        for row in &rows {
            let id = row.int(0)?;
            let name = key.open(Kind::Subscription, id, "the name of subscription", row.bytes(1)?)?;
            let name = String::from_utf8(name).ok().and_then(|name| FolderName::parse(&name).ok());
            let wish = if row.bool(2)? { Wish::Hidden } else { Wish::Shown };
            names.push((name.ok_or(Error::Unreadable { what: "subscription", id })?, wish));
        }
        Ok(names)
    }

    /// A name to subscribe, or to forget with its folder.
    pub async fn new_subscription(
        &self,
        account: AccountId,
        name: &FolderName,
        now: Timestamp,
    ) -> Result<NewSubscription, Error> {
        let key = self.key(account).await?;
        let id = self.db().id(now);
        let sealed = key.seal(Kind::Subscription, id, name.as_str().as_bytes());
        Ok(NewSubscription { id, account, hash: self.folder_hash(account, name), sealed })
    }

    /// Shows a name to LSUB, inside a unit; tells which folder has it, if any.
    pub async fn subscribe_in(
        &self,
        tx: &mut db::Tx,
        named: &NewSubscription,
    ) -> Result<Option<FolderId>, Error> {
        const SHOW: &str =
            "UPDATE folder SET subscribed = TRUE WHERE account = $1 AND name_hash = $2 RETURNING id";
        let row = tx.maybe_row(SHOW, db::args![named.account, named.hash]).await?;
        let folder = row.map(|row| row.int(0).map(FolderId)).transpose()?;
        if folder.is_none() {
            if !self.has_room_for_subscription(tx, named.account).await? {
                return Err(Error::FoldersFull);
            }
            self.keep_subscription(tx, named).await?;
        }
        self.tell_after(tx, named.account, News { list: true, ..News::default() });
        Ok(folder)
    }

    /// Hides a name from LSUB, inside a unit; tells which folder has it, if any. A name that was not
    /// subscribed is hidden already.
    pub async fn unsubscribe_in(
        &self,
        tx: &mut db::Tx,
        account: AccountId,
        name: &FolderName,
    ) -> Result<Option<FolderId>, Error> {
        const HIDE: &str =
            "UPDATE folder SET subscribed = FALSE WHERE account = $1 AND name_hash = $2 RETURNING id";
        let hash = self.folder_hash(account, name);
        let row = tx.maybe_row(HIDE, db::args![account, hash]).await?;
        self.forget_subscription(tx, account, hash).await?;
        self.tell_after(tx, account, News { list: true, ..News::default() });
        Ok(row.map(|row| row.int(0).map(FolderId)).transpose()?)
    }

    /// Keeps what the person wishes of a folder of another mailbox, inside a unit; `named` is the whole name that
    /// it has for them.
    pub async fn wish_in(&self, tx: &mut db::Tx, named: &NewSubscription, wish: Wish) -> Result<(), Error> {
        const WISH: &str = "INSERT INTO subscription (id, account, name_hash, sealed_name, hidden) VALUES";
        if !self.has_room_for_subscription(tx, named.account).await? {
            return Err(Error::FoldersFull);
        }
        let hidden = wish == Wish::Hidden;
        let row = db::args![named.id, named.account, named.hash, &named.sealed, hidden];
        let anew = "ON CONFLICT (account, name_hash) DO UPDATE SET hidden = excluded.hidden";
        tx.insert_rows(WISH, anew, vec![row]).await?;
        self.tell_after(tx, named.account, News { list: true, ..News::default() });
        Ok(())
    }

    pub(crate) async fn has_room_for_subscription(
        &self,
        tx: &mut db::Tx,
        account: AccountId,
    ) -> Result<bool, Error> {
        const COUNT: &str = "SELECT COUNT(*) FROM subscription WHERE account = $1";
        Ok(tx.row(COUNT, db::args![account]).await?.int(0)? < limits::FOLDERS)
    }

    pub(crate) async fn keep_subscription(
        &self,
        tx: &mut db::Tx,
        named: &NewSubscription,
    ) -> Result<(), Error> {
        const KEEP: &str = "INSERT INTO subscription (id, account, name_hash, sealed_name) VALUES";
        let row = db::args![named.id, named.account, named.hash, &named.sealed];
        tx.insert_rows(KEEP, "ON CONFLICT (account, name_hash) DO UPDATE SET hidden = FALSE", vec![row])
            .await?;
        Ok(())
    }

    /// Forgets a name that has a folder now, or is wanted no more.
    pub(crate) async fn forget_subscription(
        &self,
        tx: &mut db::Tx,
        account: AccountId,
        hash: [u8; 16],
    ) -> Result<(), Error> {
        const FORGET: &str = "DELETE FROM subscription WHERE account = $1 AND name_hash = $2";
        tx.execute(FORGET, db::args![account, hash]).await?;
        Ok(())
    }
}
