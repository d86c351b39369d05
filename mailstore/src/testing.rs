//! A store on each engine, for the tests of this crate.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use db::testing::TestDb;
use names::{AccountId, AccountKind, Entropy, EntryId, Timestamp};
use seal::MasterKeys;

use crate::{
    Delivered, Delivery, Error, Hidden, KEY_MIGRATIONS, MIGRATIONS, Mailstore, Marks, Origin, Parts, Place,
    Reserve, Role, SealedLetter, Thread,
};

pub(crate) const NOW: Timestamp = Timestamp(1_795_348_800_000);

/// Bytes that never repeat; not secret, which tests do not need.
pub(crate) fn entropy() -> Entropy {
    let next = AtomicU64::new(1);
    Entropy::new(move |bytes| {
        for chunk in bytes.chunks_mut(8) {
            let word = next.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            chunk.copy_from_slice(&word.to_be_bytes()[..chunk.len()]);
        }
    })
}

/// A store that goes away with its test.
pub(crate) struct TestStore {
    pub(crate) engine: &'static str,
    pub(crate) store: Mailstore,
    pub(crate) data: TestDb,
    pub(crate) keys: TestDb,
    folder: tempfile::TempDir,
}

impl std::ops::Deref for TestStore {
    type Target = Mailstore;

    fn deref(&self) -> &Mailstore {
        &self.store
    }
}

impl TestStore {
    pub(crate) fn blobs(&self) -> PathBuf {
        self.folder.path().join("blobs")
    }

    /// The files that stand in the folder of blobs.
    pub(crate) fn blob_files(&self) -> Vec<PathBuf> {
        let shelves = std::fs::read_dir(self.blobs()).unwrap().map(|shelf| shelf.unwrap().path());
        shelves.flat_map(|shelf| std::fs::read_dir(shelf).unwrap().map(|file| file.unwrap().path())).collect()
    }
}

fn parts<'a>(data: &TestDb, keys: &TestDb, masters: &'a MasterKeys, folder: &tempfile::TempDir) -> Parts<'a> {
    Parts {
        db: (**data).clone(),
        keys: (**keys).clone(),
        masters,
        blobs: folder.path().join("blobs"),
        reserve: Reserve { octets: 0, share: 0 },
        entropy: entropy(),
    }
}

pub(crate) async fn stores() -> Vec<TestStore> {
    let mut stores = Vec::new();
    for ((engine, data), (_, keys)) in db::testing::both().await.into_iter().zip(db::testing::both().await) {
        data.migrate(MIGRATIONS).await.unwrap();
        keys.migrate(KEY_MIGRATIONS).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let masters = MasterKeys::create(&folder.path().join("master.keys"), &entropy()).unwrap();
        let parts = parts(&data, &keys, &masters, &folder);
        let store = Mailstore::open(parts, NOW).await.unwrap();
        stores.push(TestStore { engine, store, data, keys, folder });
    }
    stores
}

impl TestStore {
    /// The blobs, without the segments.
    pub(crate) fn blobs_of_their_own(&self) -> Vec<PathBuf> {
        self.blob_files().into_iter().filter(|path| !self.segment_files().contains(path)).collect()
    }

    pub(crate) fn segment_files(&self) -> Vec<PathBuf> {
        let files = std::fs::read_dir(self.blobs().join("segments")).unwrap();
        let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        files.sort();
        files
    }

    /// The same store in a process that began anew: what was written is closed.
    pub(crate) async fn again(mut self) -> Self {
        let masters = MasterKeys::load(&self.folder.path().join("master.keys")).unwrap();
        let parts = parts(&self.data, &self.keys, &masters, &self.folder);
        self.store = Mailstore::open(parts, NOW).await.unwrap();
        for segment in self.segment_files() {
            // The thread that wrote it lets go when it has heard that its store is gone.
            std::fs::File::open(segment).unwrap().lock().unwrap();
        }
        self
    }

    /// The same store in another process on the same PostgreSQL.
    pub(crate) async fn in_another_process(&self, listening: db::testing::Listening) -> Mailstore {
        let masters = MasterKeys::load(&self.folder.path().join("master.keys")).unwrap();
        let data = self.data.another_process(listening).await;
        let parts = Parts { db: data, ..parts(&self.data, &self.keys, &masters, &self.folder) };
        Mailstore::open(parts, NOW).await.unwrap()
    }

    pub(crate) async fn doctor(&self) -> AccountId {
        self.create_account(AccountKind::Personal, NOW).await.unwrap()
    }

    pub(crate) async fn patient(&self) -> AccountId {
        self.create_account(AccountKind::Patient, NOW).await.unwrap()
    }

    /// A letter sealed: subject in the head, summary made of it.
    pub(crate) async fn sealed(&self, subject: &str, body: &[u8]) -> SealedLetter {
        let mut writer = self.body_writer(NOW);
        for piece in body.chunks(50_000) {
            writer.push(piece).await.unwrap();
        }
        let body = writer.finish().await.unwrap();
        let block = format!("Subject: {subject}\r\n\r\n");
        let summary = format!("summary of {subject}");
        let head = self.seal_head(&body, block.as_bytes(), summary.as_bytes(), NOW);
        SealedLetter { body: Arc::new(body), head: Arc::new(head) }
    }

    pub(crate) async fn delivery(&self, letter: &SealedLetter, account: AccountId) -> Delivery {
        Delivery {
            letter: letter.clone(),
            key: self.key(account).await.unwrap().own(&letter.body),
            place: Place::Role(Role::Inbox),
            entry: EntryId(self.db().id(NOW)),
            marks: Marks::default(),
            internal_date: NOW,
            saved_at: None,
            origin: Origin::Received,
            hidden: Hidden::NONE,
            thread: None,
            documents: Vec::new(),
            queue: None,
        }
    }

    pub(crate) async fn threaded(
        &self,
        letter: &SealedLetter,
        account: AccountId,
        thread: Thread,
    ) -> Delivery {
        Delivery { thread: Some(thread), ..self.delivery(letter, account).await }
    }

    pub(crate) async fn write(&self, deliveries: Vec<Delivery>) -> Result<Vec<Delivered>, Error> {
        let parameters = (self.store.clone(), deliveries);
        let unit = db::unit("deliver", parameters, |(store, deliveries), tx| {
            Box::pin(store.deliver(tx, deliveries))
        });
        self.db().write(unit).await
    }

    /// A letter in an inbox.
    pub(crate) async fn receive(&self, subject: &str, body: &[u8], account: AccountId) -> Delivered {
        let letter = self.sealed(subject, body).await;
        let delivery = self.delivery(&letter, account).await;
        self.write(vec![delivery]).await.unwrap().remove(0)
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        self.db().read().await.unwrap().row(sql, db::args![]).await.unwrap().int(0).unwrap()
    }

    /// Does damage behind the store's back.
    pub(crate) async fn damage(&self, sql: &'static str) {
        let unit = db::unit("damage", (self.store.clone(), sql), |(store, sql), tx| {
            Box::pin(async move {
                store.settle(tx).await?;
                Ok::<_, Error>(tx.execute(sql, db::args![]).await?)
            })
        });
        assert!(self.db().write(unit).await.unwrap() > 0, "{sql} did nothing");
    }

    pub(crate) async fn assert_clean(&self) {
        let report = self.verify(crate::Depth::Contents, NOW).await.unwrap();
        assert!(report.is_clean(), "{}: {:?}", self.engine, report.findings);
    }
}
