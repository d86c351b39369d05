//! Account keys: made, found, kept in memory for a while, destroyed.

use std::collections::HashMap;
use std::sync::Arc;

use names::{AccountId, BodyId, Entropy, Timestamp};
use seal::{Cipher, Key, MasterKeys, Vault};

use crate::cache::Generations;
use crate::context::{self, Kind};
use crate::{Error, Mailstore, SealedBody, limits};

/// The queue owns bodies too: its key is an account key like any other, so that a letter waiting for
/// another operator stays readable when its sender has removed every copy.
pub const QUEUE: AccountId = AccountId(0);

/// An account's key, unwrapped. Wiped when the last holder drops it; never printed.
pub struct AccountKey {
    account: AccountId,
    cipher: Cipher,
    entropy: Entropy,
}

/// A message key sealed for one owner account: what its row in `body_key` holds.
#[derive(Clone, Debug)]
pub struct WrappedKey {
    pub(crate) body: BodyId,
    pub(crate) account: AccountId,
    pub(crate) bytes: Vec<u8>,
}

impl WrappedKey {
    /// Whose it is.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.account
    }
}

impl AccountKey {
    /// Whose key this is.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// Makes this account an owner of `body`: seals its message key for it.
    #[must_use]
    pub fn own(&self, body: &SealedBody) -> WrappedKey {
        self.own_key(body.id, &body.key)
    }

    pub(crate) fn own_key(&self, body: BodyId, key: &Key) -> WrappedKey {
        let context = context::of(Kind::BodyKey, body, self.account);
        let bytes = self.cipher.wrap(&context, key, &self.entropy);
        WrappedKey { body, account: self.account, bytes }
    }

    pub(crate) fn message_key(&self, body: BodyId, wrapped: &[u8]) -> Result<Key, Error> {
        let context = context::of(Kind::BodyKey, body, self.account);
        self.cipher
            .unwrap(&context, wrapped)
            .map_err(|_| Error::Sealed { what: "the message key of body", id: body.0 })
    }

    pub(crate) fn seal(&self, kind: Kind, id: impl Into<i64>, plain: &[u8]) -> Vec<u8> {
        self.cipher.seal(&context::of(kind, id, self.account), plain, &self.entropy)
    }

    pub(crate) fn seal_at(&self, context: &[u8], plain: &[u8]) -> Vec<u8> {
        self.cipher.seal(context, plain, &self.entropy)
    }

    pub(crate) fn open_at(&self, context: &[u8], sealed: Vec<u8>) -> Result<Vec<u8>, seal::Tampered> {
        self.cipher.open(context, sealed)
    }

    pub(crate) fn open(
        &self,
        kind: Kind,
        id: impl Into<i64>,
        what: &'static str,
        sealed: Vec<u8>,
    ) -> Result<Vec<u8>, Error> {
        let id = id.into();
        self.cipher.open(&context::of(kind, id, self.account), sealed).map_err(|_| Error::Sealed { what, id })
    }
}

impl std::fmt::Debug for AccountKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "AccountKey({:?})", self.account)
    }
}

/// The keys of several accounts, loaded before a unit so that the unit waits for nothing but its `Tx`.
#[derive(Clone, Debug, Default)]
pub struct Keyring(HashMap<AccountId, Arc<AccountKey>>);

impl Keyring {
    /// The key of `account`, if it was asked for and exists.
    pub fn of(&self, account: AccountId) -> Result<&AccountKey, Error> {
        self.0.get(&account).map(AsRef::as_ref).ok_or(Error::NoKey(account))
    }
}

/// The key store: its own database, and a bounded memory of unwrapped keys.
pub(crate) struct Keys {
    db: db::Db,
    vault: Vault,
    entropy: Entropy,
    memory: Generations<AccountId, Arc<AccountKey>>,
}

impl Keys {
    pub(crate) fn new(db: db::Db, masters: &MasterKeys, entropy: Entropy) -> Self {
        Self { db, vault: masters.vault("account keys"), entropy, memory: Generations::new(limits::KEYS) }
    }

    /// Makes the key of a new account; one that has a key keeps it.
    pub(crate) async fn make(&self, account: AccountId, now: Timestamp) -> Result<(), Error> {
        let key = Key::random(&self.entropy);
        let wrapped = self.vault.wrap(&context::of(Kind::AccountKey, account, 0), &key, &self.entropy);
        self.db
            .write(db::unit("make an account key", (account, wrapped, now), |(account, wrapped, now), tx| {
                Box::pin(async move {
                    let args = db::args![*account, wrapped, *now];
                    const INSERT: &str =
                        "INSERT INTO account_key (account, wrapped, created_at) VALUES ($1, $2, $3)
                        ON CONFLICT (account) DO NOTHING";
                    tx.execute(INSERT, args).await.map(drop).map_err(Error::from)
                })
            }))
            .await
    }

    pub(crate) async fn load(&self, accounts: &[AccountId]) -> Result<Keyring, Error> {
        let known = self.memory.all(accounts.iter().copied(), |_| 1);
        let mut ring = HashMap::with_capacity(accounts.len());
        let mut missing = Vec::new();
        for (&account, key) in accounts.iter().zip(known) {
            match key {
                Some(key) => drop(ring.insert(account, key)),
                None => missing.push(db::Value::from(account)),
            }
        }
        if !missing.is_empty() {
            const SELECT: &str = "SELECT account, wrapped FROM account_key WHERE account IN ({})";
            let rows = self.db.read().await?.rows_in(SELECT, db::args![], missing).await?;
            for row in rows {
                let account = AccountId(row.int(0)?);
                let key = Arc::new(self.unwrap(account, &row.bytes(1)?)?);
                self.memory.put(account, key.clone(), 1);
                ring.insert(account, key);
            }
        }
        Ok(Keyring(ring))
    }

    fn unwrap(&self, account: AccountId, wrapped: &[u8]) -> Result<AccountKey, Error> {
        let key = self
            .vault
            .unwrap(&context::of(Kind::AccountKey, account, 0), wrapped)
            .map_err(|_| Error::Sealed { what: "the key of account", id: account.0 })?;
        Ok(AccountKey { account, cipher: key.cipher(), entropy: self.entropy.clone() })
    }

    async fn destroy(&self, account: AccountId, now: Timestamp) -> Result<(), Error> {
        let parameters = (account, now);
        self.db
            .write(db::unit("destroy an account key", parameters, |(account, now), tx| {
                Box::pin(async move {
                    const RECORD: &str = "INSERT INTO destroyed_key (account, destroyed_at) VALUES ($1, $2)
                        ON CONFLICT (account) DO NOTHING";
                    tx.execute(RECORD, db::args![*account, *now]).await?;
                    tx.execute("DELETE FROM account_key WHERE account = $1", db::args![*account]).await?;
                    Ok::<_, Error>(())
                })
            }))
            .await
    }

    /// Forgets the keys in memory that `gone` says so of.
    pub(crate) fn forget(&self, gone: impl Fn(&AccountId) -> bool) {
        self.memory.forget(gone);
    }
}

impl Mailstore {
    /// The key of one account.
    pub async fn key(&self, account: AccountId) -> Result<Arc<AccountKey>, Error> {
        let mut ring = self.keys().load(&[account]).await?;
        ring.0.remove(&account).ok_or(Error::NoKey(account))
    }

    /// The keys of several accounts, in one question. An account without key is left out.
    pub async fn keyring(&self, accounts: &[AccountId]) -> Result<Keyring, Error> {
        self.keys().load(accounts).await
    }

    /// Destroys an account's key: nothing of its content opens any more, here or in a backup of the
    /// data. Its correspondents keep their own copies. The act is recorded beside the keys, and
    /// replayed when an older copy of them is restored.
    pub async fn destroy_key(&self, account: AccountId, now: Timestamp) -> Result<(), Error> {
        self.keys().destroy(account, now).await?;
        self.forget_everywhere(account).await
    }

    /// The accounts whose keys were destroyed, and when: what a restore of older keys must destroy again.
    pub async fn destroyed_keys(&self) -> Result<Vec<(AccountId, Timestamp)>, Error> {
        const SELECT: &str = "SELECT account, destroyed_at FROM destroyed_key ORDER BY account";
        let rows = self.keys().db.read().await?.rows(SELECT, db::args![]).await?;
        rows.iter().map(|row| Ok((AccountId(row.int(0)?), row.time(1)?))).collect()
    }
}
