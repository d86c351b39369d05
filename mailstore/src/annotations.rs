//! Annotations: what people and programs note about an account or one of its folders (RFC 5464). Names
//! and values are sealed: a note may say anything.

use names::{AccountId, FolderId, PersonId, Timestamp};

use crate::context::Kind;
use crate::{Error, Mailstore, News, limits};

/// What an annotation is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Subject {
    /// The account as a whole.
    Account,
    /// One of its folders.
    Folder(FolderId),
}

impl Subject {
    fn of(code: i64) -> Self {
        if code == 0 { Self::Account } else { Self::Folder(FolderId(code)) }
    }

    fn code(self) -> i64 {
        match self {
            Self::Account => 0,
            Self::Folder(folder) => folder.0,
        }
    }
}

/// Who sees an annotation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owner {
    /// Whoever may open the account.
    Everybody,
    /// One person among those who open it.
    Person(PersonId),
    /// Who signs in as the account itself.
    Account,
}

impl Owner {
    fn code(self, account: AccountId) -> i64 {
        match self {
            Self::Everybody => 0,
            Self::Person(person) => person.0,
            Self::Account => account.0,
        }
    }
}

/// An annotation as it is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Annotation {
    /// Its name, as the wire has it.
    pub entry: String,
    /// What it says.
    pub value: Vec<u8>,
}

/// A change of one annotation, sealed; see [`Mailstore::annotating`].
#[derive(Clone, Debug)]
pub struct Annotating {
    account: AccountId,
    subject: Subject,
    owner: i64,
    hash: [u8; 16],
    /// Its number, what is sealed, octets of the value; none removes it.
    new: Option<(i64, Vec<u8>, i64)>,
}

impl Mailstore {
    /// The annotations that `owner` sees: their own and everybody's, oldest first.
    pub async fn annotations(
        &self,
        account: AccountId,
        subject: Subject,
        owner: Owner,
    ) -> Result<Vec<Annotation>, Error> {
        const SELECT: &str = "SELECT id, sealed FROM annotation
            WHERE account = $1 AND folder = $2 AND (owner = $3 OR owner = 0) ORDER BY id";
        let args = db::args![account, subject.code(), owner.code(account)];
        let rows = self.db().read().await?.rows(SELECT, args).await?;
        let key = self.key(account).await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            let id = row.int(0)?;
            let plain = key.open(Kind::Annotation, id, "annotation", row.bytes(1)?)?;
            found.push(unpacked(&plain).ok_or(Error::Unreadable { what: "annotation", id })?);
        }
        Ok(found)
    }

    /// Which annotations `owner` sees in the whole account: what each is about, its name, and a number that another
    /// value does not have.
    pub async fn annotation_names(
        &self,
        account: AccountId,
        owner: Owner,
    ) -> Result<Vec<(Subject, String, i64)>, Error> {
        const SELECT: &str = "SELECT id, folder, sealed FROM annotation
            WHERE account = $1 AND (owner = $2 OR owner = 0) ORDER BY id";
        let rows = self.db().read().await?.rows(SELECT, db::args![account, owner.code(account)]).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let key = self.key(account).await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            let (id, subject) = (row.int(0)?, Subject::of(row.int(1)?));
            let plain = key.open(Kind::Annotation, id, "annotation", row.bytes(2)?)?;
            let note = unpacked(&plain).ok_or(Error::Unreadable { what: "annotation", id })?;
            found.push((subject, note.entry, id));
        }
        Ok(found)
    }

    /// A change of one annotation: its new value, or none to remove it.
    pub async fn annotating(
        &self,
        account: AccountId,
        (subject, owner): (Subject, Owner),
        (entry, value): (&str, Option<&[u8]>),
        now: Timestamp,
    ) -> Result<Annotating, Error> {
        let key = self.key(account).await?;
        let new = value.map(|value| {
            let id = self.db().id(now);
            let plain = [entry.as_bytes(), b"\0", value].concat();
            (id, key.seal(Kind::Annotation, id, &plain), value.len() as i64)
        });
        let words = [b"annotation".as_slice(), &account.0.to_be_bytes(), entry.as_bytes()].concat();
        let hash = self.hashes().short(&words);
        Ok(Annotating { account, subject, owner: owner.code(account), hash, new })
    }

    /// Writes changes, inside a unit; all or, when there is no more room, none.
    pub async fn annotate_in(&self, tx: &mut db::Tx, changes: &[Annotating]) -> Result<(), Error> {
        const REMOVE: &str = "DELETE FROM annotation
            WHERE account = $1 AND folder = $2 AND owner = $3 AND entry_hash = $4";
        const ADD: &str =
            "INSERT INTO annotation (id, account, folder, owner, entry_hash, sealed, size) VALUES";
        const ROOM: &str =
            "SELECT COUNT(*), CAST(COALESCE(SUM(size), 0) AS {INT}) FROM annotation WHERE account = $1";
        for change in changes {
            let (account, subject, owner) = (change.account, change.subject, change.owner);
            if let Subject::Folder(folder) = subject {
                // It must not outlive a folder that is removed meanwhile.
                self.lock_folder(tx, account, folder).await?;
            }
            tx.execute(REMOVE, db::args![account, subject.code(), owner, change.hash]).await?;
            if let Some((id, sealed, size)) = &change.new {
                let row = db::args![*id, account, subject.code(), owner, change.hash, sealed, *size];
                let written = tx.insert_rows(ADD, "", vec![row]).await;
                written.map_err(|cause| {
                    if cause.is_unique_violation() { Error::AnnotationsFull } else { cause.into() }
                })?;
            }
        }
        if let Some(change) = changes.first() {
            self.tell_after(tx, change.account, News { notes: true, ..News::default() });
        }
        let Some(account) = changes.iter().find(|change| change.new.is_some()).map(|change| change.account)
        else {
            return Ok(());
        };
        let row = tx.row(ROOM, db::args![account]).await?;
        if row.int(0)? > limits::ANNOTATIONS || row.int(1)? > limits::ANNOTATION_OCTETS {
            return Err(Error::AnnotationsFull);
        }
        Ok(())
    }
}

fn unpacked(plain: &[u8]) -> Option<Annotation> {
    let end = plain.iter().position(|byte| *byte == 0)?;
    let entry = String::from_utf8(plain[..end].to_vec()).ok()?;
    Some(Annotation { entry, value: plain[end + 1..].to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, stores};

    #[tokio::test]
    async fn notes_are_kept_by_owner_and_subject_and_go_with_their_folder() {
        for store in stores().await {
            let doctor = store.doctor().await;
            let name = crate::FolderName::parse("Notes").unwrap();
            let folder = Subject::Folder(store.create_folder(doctor, &name, NOW).await.unwrap().id);
            let (one, other) = (Owner::Person(PersonId(71)), Owner::Person(PersonId(72)));
            let write = async |subject, owner, entry: &str, value: Option<&[u8]>| {
                let change = store.annotating(doctor, (subject, owner), (entry, value), NOW).await.unwrap();
                let unit = db::unit("note", (store.store.clone(), change), |(store, change), tx| {
                    Box::pin(async move { store.annotate_in(tx, std::slice::from_ref(change)).await })
                });
                store.db().write(unit).await
            };
            write(folder, one, "/private/comment", Some(b"mine")).await.unwrap();
            write(folder, other, "/private/comment", Some(b"theirs")).await.unwrap();
            write(folder, Owner::Everybody, "/shared/comment", Some(b"ours\xff")).await.unwrap();
            write(Subject::Account, one, "/private/comment", Some(b"of the account")).await.unwrap();
            let seen = async |subject, owner| {
                let found = store.annotations(doctor, subject, owner).await.unwrap();
                found.into_iter().map(|note| note.value).collect::<Vec<_>>()
            };
            assert_eq!(seen(folder, one).await, [&b"mine"[..], b"ours\xff"], "{}", store.engine);
            assert_eq!(seen(folder, other).await, [&b"theirs"[..], b"ours\xff"]);
            assert_eq!(seen(folder, Owner::Account).await, [b"ours\xff"]);
            assert_eq!(seen(Subject::Account, one).await, [b"of the account"]);
            write(folder, one, "/private/comment", Some(b"again")).await.unwrap();
            write(folder, other, "/private/comment", None).await.unwrap();
            assert_eq!(seen(folder, one).await, [&b"ours\xff"[..], b"again"]);
            assert_eq!(seen(folder, other).await, [b"ours\xff"]);
            store.assert_clean().await;

            let too_much = vec![b'x'; usize::try_from(limits::ANNOTATION_OCTETS).unwrap()];
            let refused = write(folder, one, "/private/comment", Some(&too_much)).await;
            assert!(matches!(refused, Err(Error::AnnotationsFull)), "{refused:?}");
            assert_eq!(seen(folder, one).await, [&b"ours\xff"[..], b"again"]);
            store.delete_folder(doctor, &name, NOW).await.unwrap();
            assert_eq!(store.count("SELECT COUNT(*) FROM annotation").await, 1);
            store.assert_clean().await;
        }
    }
}
