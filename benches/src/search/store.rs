//! A store of SQLite filled by letters.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use db::{Config, Db, Durability};
use mailstore::{
    Delivery, Hidden, KEY_MIGRATIONS, MIGRATIONS, Mailstore, Marks, Origin, Parts, Place, Reserve, Role,
    SealedLetter,
};
use names::{AccountId, AccountKind, Clock, Entropy, EntryId, FolderId, MINUTE, Timestamp};
use seal::MasterKeys;
use wire::mime::{Head, Scanner, Summary};

use crate::corpus;
use crate::imap::search::Opened;

pub(crate) const NOW: Timestamp = Timestamp(1_795_348_800_000);

/// The account and its inbox; made when absent.
pub(crate) async fn filled(folder: &Path) -> (AccountId, FolderId) {
    let noted = folder.join("ids");
    if let Ok(text) = std::fs::read_to_string(&noted) {
        let ids: Vec<i64> = text.split_whitespace().filter_map(|id| id.parse().ok()).collect();
        return (AccountId(ids[0]), FolderId(ids[1]));
    }
    std::fs::create_dir_all(folder).expect("the folder of the store");
    MasterKeys::create(&folder.join("master.keys"), &entropy()).expect("master keys");
    let Opened { store, .. } = open(folder).await;
    let account = store.create_account(AccountKind::Personal, NOW).await.expect("an account");
    let (mut octets, mut inbox) = (0, FolderId(0));
    for hundred in 0..100 {
        let mut deliveries = Vec::new();
        for number in hundred * 100..(hundred + 1) * 100 {
            let letter = corpus::letter(number);
            octets += letter.len();
            deliveries.push(delivery(&store, account, number, &letter).await);
        }
        let unit = db::unit("deliver", (store.clone(), deliveries), |(store, deliveries), tx| {
            Box::pin(store.deliver(tx, deliveries))
        });
        inbox = store.db().write(unit).await.expect("a delivery")[0].folder;
    }
    println!("10,000 letters of {octets} octets");
    std::fs::write(noted, format!("{} {}", account.0, inbox.0)).expect("the numbers noted");
    (account, inbox)
}

async fn delivery(store: &Mailstore, account: AccountId, number: u64, letter: &[u8]) -> Delivery {
    let at = letter.windows(4).position(|four| four == b"\r\n\r\n").expect("an empty line") + 4;
    let head = Head::parse(&letter[..at]).expect("a header block");
    let mut scanner = Scanner::new(&head);
    scanner.push(&letter[at..]);
    let summary = Summary::of(&head, &scanner.finish());
    let mut writer = store.body_writer(NOW);
    writer.push(&letter[at..]).await.expect("a body");
    let body = writer.finish().await.expect("a body");
    let head = store.seal_head(&body, head.bytes(), &summary.encode(), NOW);
    let key = store.key(account).await.expect("a key").own(&body);
    Delivery {
        letter: SealedLetter { body: Arc::new(body), head: Arc::new(head) },
        key,
        place: Place::Role(Role::Inbox),
        entry: EntryId(store.db().id(NOW)),
        marks: Marks::default(),
        internal_date: NOW.plus(-(10_000 - number as i64) * 30 * MINUTE),
        saved_at: None,
        origin: Origin::Received,
        hidden: Hidden::NONE,
        thread: None,
        documents: Vec::new(),
        queue: None,
    }
}

/// The store as a new process finds it.
pub(crate) async fn open(folder: &Path) -> Opened {
    let clock = Clock::new(|| NOW);
    let database = async |name: &str| {
        let (folder, name) = (folder.join(name), name.to_owned()); // Each has its lock.
        let config = Config::Sqlite { folder, name, durability: Durability::ProcessCrash };
        Db::open(&config, clock.clone()).await.expect("the database opens")
    };
    let (data, keys) = (database("data").await, database("keys").await);
    data.migrate(MIGRATIONS).await.expect("tables");
    keys.migrate(KEY_MIGRATIONS).await.expect("tables of keys");
    let masters = MasterKeys::load(&folder.join("master.keys")).expect("master keys");
    let parts = Parts {
        db: data,
        keys,
        masters: &masters,
        blobs: folder.join("blobs"),
        reserve: Reserve { octets: 0, share: 0 },
        entropy: entropy(),
    };
    Opened::new(Mailstore::open(parts, NOW).await.expect("the store opens"))
}

/// Octets that never repeat; a measurement needs no secret.
fn entropy() -> Entropy {
    let begun = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let next = AtomicU64::new(begun.as_nanos() as u64);
    Entropy::new(move |bytes| {
        for chunk in bytes.chunks_mut(8) {
            let word = next.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            chunk.copy_from_slice(&word.to_be_bytes()[..chunk.len()]);
        }
    })
}
