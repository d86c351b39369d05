//! Accounts: mailboxes of the trade, each with its key, its folders and its party.

use names::{AccountId, AccountKind, FolderId, Timestamp};

use crate::context::Kind;
use crate::folders::{self, FolderName};
use crate::{AccountKey, Error, Mailstore, Role};

/// Whether an account is in use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AccountState {
    /// In use.
    Open,
    /// Closed: nothing is delivered, what is there may be read by whom the law names.
    Closed,
    /// Erased: its key is destroyed.
    Erased,
}

impl AccountState {
    fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Erased => "erased",
        }
    }
}

/// An account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// Its kind, which never changes.
    pub kind: AccountKind,
    /// Whether it is in use.
    pub state: AccountState,
    /// Since when.
    pub created_at: Timestamp,
}

/// An account made ready: its key exists, its rows do not.
pub struct NewAccount {
    account: AccountId,
    kind: AccountKind,
    folders: Vec<db::Args>,
    uidvalidity: i64,
}

impl Mailstore {
    /// Makes an account with its key and its six folders.
    pub async fn create_account(&self, kind: AccountKind, now: Timestamp) -> Result<AccountId, Error> {
        let account = self.prepare_account(kind, now).await?;
        let id = account.account;
        self.db()
            .write(db::unit("make an account", (self.clone(), account, now), |(store, account, now), tx| {
                Box::pin(async move { store.write_account(tx, account, *now).await })
            }))
            .await?;
        Ok(id)
    }

    /// Gives an account of the directory its place in the store, unless it has one: its key first, in
    /// the store of keys, then its rows. May be asked again after a crash between the two rooms.
    pub async fn ensure_account(
        &self,
        account: AccountId,
        kind: AccountKind,
        now: Timestamp,
    ) -> Result<(), Error> {
        let known = "SELECT id FROM account WHERE id = $1";
        if self.db().read().await?.maybe_row(known, db::args![account]).await?.is_some() {
            return Ok(());
        }
        let account = self.prepare_account_as(account, kind, now).await?;
        self.db()
            .write(db::unit("make an account", (self.clone(), account, now), |(store, account, now), tx| {
                Box::pin(async move { store.write_account(tx, account, *now).await })
            }))
            .await
            .map(drop)
    }

    /// Makes the key and seals the folder names of a new account: what comes before the unit that
    /// writes it together with its mailbox in the directory. Never written, it leaves an unused key.
    pub async fn prepare_account(&self, kind: AccountKind, now: Timestamp) -> Result<NewAccount, Error> {
        self.prepare_account_as(AccountId(self.db().id(now)), kind, now).await
    }

    /// [`Mailstore::prepare_account`] under a number the directory has drawn.
    pub async fn prepare_account_as(
        &self,
        account: AccountId,
        kind: AccountKind,
        now: Timestamp,
    ) -> Result<NewAccount, Error> {
        self.keys().make(account, now).await?;
        let key = self.key(account).await?;
        let uidvalidity = folders::first_uidvalidity(now);
        let rows = Role::ALL.into_iter().map(|role| self.role_folder(&key, role, uidvalidity, now));
        Ok(NewAccount { account, kind, folders: rows.collect(), uidvalidity })
    }

    /// Writes the rows of a new account.
    pub async fn write_account(
        &self,
        tx: &mut db::Tx,
        new: &NewAccount,
        now: Timestamp,
    ) -> Result<AccountId, Error> {
        const ACCOUNT: &str =
            "INSERT INTO account (id, kind, state, created_at, uidvalidity) VALUES ($1, $2, $3, $4, $5)";
        const PARTY: &str = "INSERT INTO party (id, account) VALUES ($1, $1)";
        let state = AccountState::Open.code();
        tx.execute(ACCOUNT, db::args![new.account, new.kind.code(), state, now, new.uidvalidity]).await?;
        tx.execute(PARTY, db::args![new.account]).await?;
        tx.insert_rows(folders::INSERT, "", new.folders.clone()).await?;
        Ok(new.account)
    }

    /// One account.
    pub async fn account(&self, tx: &mut db::Tx, account: AccountId) -> Result<Account, Error> {
        const SELECT: &str = "SELECT kind, state, created_at FROM account WHERE id = $1";
        let row = tx.maybe_row(SELECT, db::args![account]).await?.ok_or(Error::NoAccount(account))?;
        let state = row.text(1)?;
        let state = [AccountState::Open, AccountState::Closed, AccountState::Erased]
            .into_iter()
            .find(|known| known.code() == state);
        match (AccountKind::from_code(&row.text(0)?), state) {
            (Some(kind), Some(state)) => Ok(Account { id: account, kind, state, created_at: row.time(2)? }),
            (None, _) | (_, None) => Err(Error::Unreadable { what: "account", id: account.0 }),
        }
    }

    /// Changes the state of an account.
    pub async fn set_account_state(
        &self,
        tx: &mut db::Tx,
        account: AccountId,
        state: AccountState,
    ) -> Result<(), Error> {
        let args = db::args![account, state.code()];
        match tx.execute("UPDATE account SET state = $2 WHERE id = $1", args).await? {
            0 => Err(Error::NoAccount(account)),
            _ => Ok(()),
        }
    }

    fn role_folder(&self, key: &AccountKey, role: Role, uidvalidity: i64, now: Timestamp) -> db::Args {
        let id = FolderId(self.db().id(now));
        let name = FolderName::of_role(role);
        let sealed = key.seal(Kind::FolderName, id, name.as_str().as_bytes());
        let hash = self.folder_hash(key.account(), &name);
        folders::insert_args(id, key.account(), hash, sealed, Some(role), uidvalidity)
    }
}

impl NewAccount {
    /// The number it will have.
    #[must_use]
    pub fn id(&self) -> AccountId {
        self.account
    }
}

impl std::fmt::Debug for NewAccount {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "NewAccount({:?})", self.account)
    }
}
