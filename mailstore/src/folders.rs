//! Folders: IMAP mailboxes of an account. Names are sealed and found by keyed hash.

use std::collections::BTreeMap;

use names::{AccountId, FolderId, Timestamp};

use crate::context::Kind;
use crate::subscriptions::NewSubscription;
use crate::{AccountKey, Error, Mailstore, News, Role, Uid, limits};

/// A folder's name: levels separated by `/`; `INBOX` in any case is the same folder (RFC 9051 §5.1).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FolderName(String);

/// What EXPUNGE would remove of a folder.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Doomed {
    /// Messages marked `\Deleted`.
    pub messages: u32,
    /// Octets of them.
    pub octets: u64,
}

/// The text is not a folder's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a folder name: 1 to 255 octets, at most 10 levels, none empty, no control character, no * or %")]
pub struct FolderNameError;

impl FolderName {
    /// Reads a name, in UTF-8.
    pub fn parse(text: &str) -> Result<Self, FolderNameError> {
        let level =
            |level: &str| !level.is_empty() && !level.chars().any(|c| c.is_control() || "*%\\".contains(c));
        let levels = text.split('/').count() <= limits::FOLDER_DEPTH && text.split('/').all(level);
        if !levels || text.len() > limits::FOLDER_NAME {
            return Err(FolderNameError);
        }
        let (first, rest) = text.split_at(text.find('/').unwrap_or(text.len()));
        let first = if first.eq_ignore_ascii_case("INBOX") { "INBOX" } else { first };
        Ok(Self(format!("{first}{rest}")))
    }

    pub(crate) fn of_role(role: Role) -> Self {
        Self(role.name().to_owned())
    }

    /// The name in UTF-8.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// This name, moved along when its parent is renamed.
    fn moved(&self, from: &Self, to: &Self) -> Option<Self> {
        let rest = self.0.strip_prefix(&from.0)?;
        (rest.is_empty() || rest.starts_with('/')).then(|| Self(format!("{}{rest}", to.0)))
    }
}

/// A folder and its counters, as STATUS and SELECT want them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Folder {
    /// Its number.
    pub id: FolderId,
    /// Its name.
    pub name: FolderName,
    /// Its special use.
    pub role: Option<Role>,
    /// Whether LSUB shows it.
    pub subscribed: bool,
    /// UIDVALIDITY.
    pub uidvalidity: u32,
    /// UIDNEXT.
    pub uid_next: Uid,
    /// HIGHESTMODSEQ.
    pub modseq: i64,
    /// MESSAGES.
    pub messages: u32,
    /// UNSEEN.
    pub unseen: u32,
    /// SIZE, in octets.
    pub size: u64,
}

/// A folder to make: what costs cryptography is done, see [`Mailstore::new_folder`].
#[derive(Clone, Debug)]
pub struct NewFolder {
    id: FolderId,
    account: AccountId,
    hash: [u8; 16],
    sealed: Vec<u8>,
    uidvalidity: i64,
    role: Option<Role>,
}

impl NewFolder {
    /// The same, made for a use; refused when another folder of the account has it.
    #[must_use]
    pub fn with_role(self, role: Option<Role>) -> Self {
        Self { role, ..self }
    }

    /// The number it will have.
    #[must_use]
    pub fn id(&self) -> FolderId {
        self.id
    }
}

/// New names for a folder and what stands below it, see [`Mailstore::renaming`].
#[derive(Clone, Debug)]
pub struct Renaming {
    account: AccountId,
    folder: FolderId,
    names: Vec<NewName>,
}

#[derive(Clone, Debug)]
struct NewName {
    folder: FolderId,
    old: [u8; 16],
    new: [u8; 16],
    sealed: Vec<u8>,
}

impl Renaming {
    /// The folder that was named.
    #[must_use]
    pub fn folder(&self) -> FolderId {
        self.folder
    }
}

pub(crate) const INSERT: &str = "INSERT INTO folder (id, account, name_hash, sealed_name, role, subscribed,
    uidvalidity, uid_next, modseq, messages, unseen, size) VALUES";
const COLUMNS_OF_ACCOUNT: &str =
    "SELECT id, sealed_name, role, subscribed, uidvalidity, uid_next, modseq, messages,
    unseen, size FROM folder WHERE account = $1 ORDER BY id";
const COLUMNS_BY_NAME: &str =
    "SELECT id, sealed_name, role, subscribed, uidvalidity, uid_next, modseq, messages,
    unseen, size FROM folder WHERE account = $1 AND name_hash = $2";
const COLUMNS_BY_ID: &str =
    "SELECT id, sealed_name, role, subscribed, uidvalidity, uid_next, modseq, messages,
    unseen, size FROM folder WHERE account = $1 AND id = $2";

pub(crate) fn insert_args(
    id: FolderId,
    account: AccountId,
    hash: [u8; 16],
    sealed: Vec<u8>,
    role: Option<Role>,
    uidvalidity: i64,
) -> db::Args {
    let role = role.map(Role::code);
    db::args![id, account, hash, sealed, role, true, uidvalidity, 1_i64, 1_i64, 0_i64, 0_i64, 0_i64]
}

/// Seconds since 1970 fit UIDVALIDITY's 32 bits until 2106, and grow.
pub(crate) fn first_uidvalidity(now: Timestamp) -> i64 {
    (now.0 / names::SECOND).clamp(1, i64::from(u32::MAX))
}

impl Mailstore {
    /// Every folder of an account, oldest first.
    pub async fn folders(&self, account: AccountId) -> Result<Vec<Folder>, Error> {
        let key = self.key(account).await?;
        let rows = self.db().read().await?.rows(COLUMNS_OF_ACCOUNT, db::args![account]).await?;
        rows.iter().map(|row| folder(&key, row)).collect()
    }

    /// The folder of that name.
    pub async fn folder(&self, account: AccountId, name: &FolderName) -> Result<Folder, Error> {
        let key = self.key(account).await?;
        let args = db::args![account, self.folder_hash(account, name)];
        let row = self.db().read().await?.maybe_row(COLUMNS_BY_NAME, args).await?.ok_or(Error::NoFolder)?;
        folder(&key, &row)
    }

    /// The folder of that number, as it stands now.
    pub async fn folder_by_id(&self, account: AccountId, id: FolderId) -> Result<Folder, Error> {
        let key = self.key(account).await?;
        let row = self.db().read().await?.maybe_row(COLUMNS_BY_ID, db::args![account, id]).await?;
        folder(&key, &row.ok_or(Error::NoFolder)?)
    }

    /// The folder of that special use.
    pub async fn role_folder_of(&self, account: AccountId, role: Role) -> Result<Folder, Error> {
        let found = self.folders(account).await?.into_iter().find(|folder| folder.role == Some(role));
        found.ok_or(Error::NoFolder)
    }

    /// Makes a folder, subscribed. Parents that are missing are not made: they are names only.
    pub async fn create_folder(
        &self,
        account: AccountId,
        name: &FolderName,
        now: Timestamp,
    ) -> Result<Folder, Error> {
        let new = self.new_folder(account, name, now).await?;
        let (parameters, key) = ((self.clone(), new), self.key(account).await?);
        let made = self.db().write(db::unit("make a folder", parameters, |(store, new), tx| {
            Box::pin(async move {
                store.create_folder_in(tx, new).await?;
                Ok::<_, Error>(tx.row(COLUMNS_BY_ID, db::args![new.account, new.id]).await?)
            })
        }));
        folder(&key, &made.await?)
    }

    /// A folder to make, its name sealed.
    pub async fn new_folder(
        &self,
        account: AccountId,
        name: &FolderName,
        now: Timestamp,
    ) -> Result<NewFolder, Error> {
        let key = self.key(account).await?;
        let id = FolderId(self.db().id(now));
        let sealed = key.seal(Kind::FolderName, id, name.as_str().as_bytes());
        let hash = self.folder_hash(account, name);
        Ok(NewFolder { id, account, hash, sealed, uidvalidity: first_uidvalidity(now), role: None })
    }

    /// [`Mailstore::create_folder`], inside a unit. A unit that is refused with
    /// [`Error::FolderExists`] may go on: nothing of the folder was written.
    pub async fn create_folder_in(&self, tx: &mut db::Tx, new: &NewFolder) -> Result<(), Error> {
        // A folder made again never gets an old UIDVALIDITY (RFC 9051 §2.3.1.1), even in one second.
        const VALIDITY: &str =
            "UPDATE account SET uidvalidity = CASE WHEN uidvalidity >= $2 THEN uidvalidity + 1
            ELSE $2 END WHERE id = $1 RETURNING uidvalidity";
        const COUNT: &str = "SELECT COUNT(*) FROM folder WHERE account = $1";
        let account = new.account;
        let validity = tx.maybe_row(VALIDITY, db::args![account, new.uidvalidity]).await?;
        let validity = validity.ok_or(Error::NoAccount(account))?.int(0)?;
        if tx.row(COUNT, db::args![account]).await?.int(0)? >= limits::FOLDERS {
            return Err(Error::FoldersFull);
        }
        // The row of the account is locked: two sessions cannot give a use at once.
        if let Some(role) = new.role {
            const HOLDER: &str = "SELECT id FROM folder WHERE account = $1 AND role = $2";
            if let Some(row) = tx.maybe_row(HOLDER, db::args![account, role.code()]).await? {
                return Err(Error::RoleTaken(FolderId(row.int(0)?)));
            }
        }
        let row = insert_args(new.id, account, new.hash, new.sealed.clone(), new.role, validity);
        if tx.insert_rows(INSERT, "ON CONFLICT (account, name_hash) DO NOTHING", vec![row]).await? == 0 {
            return Err(Error::FolderExists);
        }
        self.forget_subscription(tx, account, new.hash).await?;
        self.tell_after(tx, account, News { list: true, ..News::default() });
        Ok(())
    }

    /// Renames a folder and what stands below it. Renaming INBOX is refused: RFC 9051 §6.3.6 would
    /// have it move the letters, which no mail program means.
    pub async fn rename_folder(
        &self,
        account: AccountId,
        from: &FolderName,
        to: &FolderName,
    ) -> Result<(), Error> {
        let parameters = (self.clone(), self.renaming(account, from, to).await?);
        self.db()
            .write(db::unit("rename a folder", parameters, |(store, renaming), tx| {
                Box::pin(store.rename_folder_in(tx, renaming))
            }))
            .await
    }

    /// New names for a folder and what stands below it, sealed.
    pub async fn renaming(
        &self,
        account: AccountId,
        from: &FolderName,
        to: &FolderName,
    ) -> Result<Renaming, Error> {
        let key = self.key(account).await?;
        let all = self.folders(account).await?;
        let source = all.iter().find(|folder| folder.name == *from).ok_or(Error::NoFolder)?;
        if source.role == Some(Role::Inbox) || to.moved(from, to).is_some() {
            return Err(Error::FolderKept(source.id));
        }
        let mut renaming = Renaming { account, folder: source.id, names: Vec::new() };
        for folder in &all {
            if let Some(name) = folder.name.moved(from, to) {
                let name = FolderName::parse(name.as_str()).map_err(|_| Error::FoldersFull)?;
                if all.iter().any(|other| other.name == name) {
                    return Err(Error::FolderExists);
                }
                renaming.names.push(NewName {
                    folder: folder.id,
                    old: self.folder_hash(account, &folder.name),
                    new: self.folder_hash(account, &name),
                    sealed: key.seal(Kind::FolderName, folder.id, name.as_str().as_bytes()),
                });
            }
        }
        // Row locks are taken in one order.
        renaming.names.sort_by_key(|name| name.folder);
        Ok(renaming)
    }

    /// [`Mailstore::rename_folder`], inside a unit.
    pub async fn rename_folder_in(&self, tx: &mut db::Tx, renaming: &Renaming) -> Result<(), Error> {
        const RENAME: &str =
            "UPDATE folder SET name_hash = $3, sealed_name = $4 WHERE id = $1 AND name_hash = $2";
        for name in &renaming.names {
            match tx.execute(RENAME, db::args![name.folder, name.old, name.new, &name.sealed]).await {
                // Another session renamed it since we looked: say so rather than guess.
                Ok(0) => return Err(Error::NoFolder),
                Ok(_) => {}
                Err(cause) if cause.is_unique_violation() => return Err(Error::FolderExists),
                Err(cause) => return Err(cause.into()),
            }
            self.forget_subscription(tx, renaming.account, name.new).await?;
        }
        self.tell_after(tx, renaming.account, News { list: true, ..News::default() });
        Ok(())
    }

    /// Removes a folder with all its messages; those with a special use stay (Thunderbird would make
    /// them again at once, and rules deliver there).
    pub async fn delete_folder(
        &self,
        account: AccountId,
        name: &FolderName,
        now: Timestamp,
    ) -> Result<(), Error> {
        let parameters = (self.clone(), self.new_subscription(account, name, now).await?);
        self.db()
            .write(db::unit("remove a folder", parameters, |(store, named), tx| {
                Box::pin(store.delete_folder_in(tx, named))
            }))
            .await
            .map(drop)
    }

    /// [`Mailstore::delete_folder`], inside a unit; tells which folder it was. Its subscription, by which
    /// it is named here, outlives it (RFC 3501 §6.3.6).
    pub async fn delete_folder_in(
        &self,
        tx: &mut db::Tx,
        named: &NewSubscription,
    ) -> Result<FolderId, Error> {
        const LOCK: &str =
            "SELECT id, role, subscribed FROM folder WHERE account = $1 AND name_hash = $2 {FOR UPDATE}";
        let account = named.account;
        let row = tx.maybe_row(LOCK, db::args![account, named.hash]).await?.ok_or(Error::NoFolder)?;
        let folder = FolderId(row.int(0)?);
        if row.maybe_text(1)?.is_some() {
            return Err(Error::FolderKept(folder));
        }
        self.remove_entries(tx, account, folder, None).await?;
        tx.execute("DELETE FROM expunged WHERE folder = $1", db::args![folder]).await?;
        tx.execute("DELETE FROM annotation WHERE account = $1 AND folder = $2", db::args![account, folder])
            .await?;
        tx.execute("DELETE FROM folder WHERE id = $1", db::args![folder]).await?;
        if row.bool(2)? && self.has_room_for_subscription(tx, account).await? {
            self.keep_subscription(tx, named).await?;
        }
        self.tell_after(tx, account, News { list: true, ..News::default() });
        Ok(folder)
    }

    pub(crate) fn folder_hash(&self, account: AccountId, name: &FolderName) -> [u8; 16] {
        let mut bytes = b"folder".to_vec();
        bytes.extend_from_slice(&account.0.to_be_bytes());
        bytes.extend_from_slice(name.as_str().as_bytes());
        self.hashes().short(&bytes)
    }

    /// What EXPUNGE would remove of each of these folders; those of which it would remove nothing are left out.
    pub async fn deleted_messages(
        &self,
        account: AccountId,
        folders: &[FolderId],
    ) -> Result<BTreeMap<FolderId, Doomed>, Error> {
        const COUNT: &str = "SELECT folder, COUNT(*), CAST(SUM(size) AS {INT}) FROM entries WHERE account = $1 AND flags % 16 >= 8
            AND folder IN ({}) GROUP BY folder";
        let folders = folders.iter().map(|folder| db::Value::from(*folder)).collect();
        let rows = self.db().read().await?.rows_in(COUNT, db::args![account], folders).await?;
        let count = |row: &db::Row| {
            let messages = u32::try_from(row.int(1)?).unwrap_or(u32::MAX);
            let octets = u64::try_from(row.int(2)?).unwrap_or_default();
            Ok((FolderId(row.int(0)?), Doomed { messages, octets }))
        };
        rows.iter().map(count).collect()
    }

    /// Locks a folder of this account for the rest of the unit.
    pub(crate) async fn lock_folder(
        &self,
        tx: &mut db::Tx,
        account: AccountId,
        folder: FolderId,
    ) -> Result<(), Error> {
        const LOCK: &str = "SELECT id FROM folder WHERE account = $1 AND id = $2 {FOR UPDATE}";
        tx.maybe_row(LOCK, db::args![account, folder]).await?.map(drop).ok_or(Error::NoFolder)
    }
}

fn folder(key: &AccountKey, row: &db::Row) -> Result<Folder, Error> {
    let id = FolderId(row.int(0)?);
    let unreadable = || Error::Unreadable { what: "folder", id: id.0 };
    let name = key.open(Kind::FolderName, id, "the name of folder", row.bytes(1)?)?;
    let role = match row.maybe_text(2)? {
        Some(code) => Some(Role::from_code(&code).ok_or_else(unreadable)?),
        None => None,
    };
    let number = |column| row.int(column).map_err(Error::from);
    Ok(Folder {
        id,
        name: FolderName(String::from_utf8(name).map_err(|_| unreadable())?),
        role,
        subscribed: row.bool(3)?,
        uidvalidity: u32::try_from(number(4)?).map_err(|_| unreadable())?,
        uid_next: Uid(u32::try_from(number(5)?).map_err(|_| unreadable())?),
        modseq: number(6)?,
        messages: u32::try_from(number(7)?).map_err(|_| unreadable())?,
        unseen: u32::try_from(number(8)?).map_err(|_| unreadable())?,
        size: u64::try_from(number(9)?).map_err(|_| unreadable())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_into_levels_and_inbox_has_no_case() {
        let name = |text| FolderName::parse(text).unwrap();
        assert_eq!(name("inbox"), name("INBOX"));
        assert_eq!(name("Inbox/été").as_str(), "INBOX/été");
        assert_eq!(name("a/b").moved(&name("a"), &name("c/d")), Some(name("c/d/b")));
        assert_eq!(name("ab").moved(&name("a"), &name("c")), None);
        for text in
            ["", "/a", "a/", "a//b", "a*", "%", "a\\b", "a\nb", &"x".repeat(256), &["a"; 11].join("/")]
        {
            assert_eq!(FolderName::parse(text), Err(FolderNameError), "{text:?}");
        }
    }
}
