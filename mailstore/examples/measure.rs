//! Figures of the store on this machine: letters delivered through the committer by 1, 8 and 64
//! writers, summaries and bodies of a folder of 10,000 read, on SQLite and, when `PLI_TEST_POSTGRES`
//! names a server, on PostgreSQL.
//!
//! `cargo run --release -p pli-mailstore --example measure`
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use db::Tx;
use mailstore::{
    Committer, Delivered, Delivery, Error, Hidden, KEY_MIGRATIONS, MIGRATIONS, Mailstore, Marks, Origin,
    Parts, Place, Reserve, Role, SealedLetter, Work,
};
use names::{AccountId, AccountKind, Entropy, EntryId, Timestamp};

const NOW: Timestamp = Timestamp(1_795_348_800_000);
const LETTERS: usize = 10_000;
const MAILBOXES: usize = 20;

struct Deliver(Mailstore);

impl Work for Deliver {
    const NAME: &'static str = "deliver";
    type Job = Delivery;
    type Answer = Delivered;
    type Error = Error;

    fn entries(_: &Delivery) -> usize {
        1
    }

    async fn run(&self, tx: &mut Tx, jobs: &[Arc<Delivery>]) -> Result<Vec<Delivered>, Error> {
        let deliveries: Vec<Delivery> = jobs.iter().map(|job| job.as_ref().clone()).collect();
        self.0.deliver(tx, &deliveries).await
    }
}

#[tokio::main]
async fn main() {
    measure("SQLite", db::testing::sqlite().await, db::testing::sqlite().await).await;
    if std::env::var("PLI_TEST_POSTGRES").is_ok() {
        measure("PostgreSQL", db::testing::postgres().await, db::testing::postgres().await).await;
    }
}

async fn measure(engine: &str, data: db::testing::TestDb, keys: db::testing::TestDb) {
    data.migrate(MIGRATIONS).await.unwrap();
    keys.migrate(KEY_MIGRATIONS).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let next = AtomicU64::new(1);
    let entropy = Entropy::new(move |bytes| {
        for chunk in bytes.chunks_mut(8) {
            let word = next.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            chunk.copy_from_slice(&word.to_be_bytes()[..chunk.len()]);
        }
    });
    let masters = seal::MasterKeys::create(&folder.path().join("keys"), &entropy).unwrap();
    let blobs = folder.path().join("blobs");
    let reserve = Reserve { octets: 0, share: 0 };
    let parts = Parts { db: data.clone(), keys: keys.clone(), masters: &masters, blobs, reserve, entropy };
    let store = Mailstore::open(parts, NOW).await.unwrap();
    let mut accounts = Vec::new();
    for _ in 0..MAILBOXES {
        accounts.push(store.create_account(AccountKind::Personal, NOW).await.unwrap());
    }
    for writers in [1, 8, 64] {
        let letters = if writers == 1 { 500 } else { 4_000 };
        deliver(engine, &store, &accounts, writers, letters).await;
    }
    let one = store.create_account(AccountKind::Personal, NOW).await.unwrap();
    let mut written = 0;
    while written < LETTERS {
        let mut batch = Vec::new();
        for _ in 0..500 {
            batch.push(delivery(&store, &letter(&store, 4_600).await, one).await);
        }
        written += batch.len();
        write(&store, batch).await;
    }
    read(engine, &store, one).await;
    let before = Instant::now();
    let letter = letter(&store, 2_000).await;
    let mut fifty = Vec::new();
    for _ in 0..50 {
        let account = store.create_account(AccountKind::Personal, NOW).await.unwrap();
        fifty.push(delivery(&store, &letter, account).await);
    }
    let made = before.elapsed();
    let before = Instant::now();
    write(&store, fifty).await;
    println!("{engine}: 50 recipients in {:?} (accounts made in {made:?})", before.elapsed());
    deliver(&format!("{engine}, {LETTERS} in the mailbox"), &store, &[one], 8, 4_000).await;
}

async fn write(store: &Mailstore, deliveries: Vec<Delivery>) {
    let unit = db::unit("deliver", (store.clone(), deliveries), |(store, deliveries), tx| {
        Box::pin(store.deliver(tx, deliveries))
    });
    store.db().write(unit).await.unwrap();
}

async fn deliver(engine: &str, store: &Mailstore, accounts: &[AccountId], writers: usize, letters: usize) {
    let (committer, driver) = Committer::new(store.db().clone(), Deliver(store.clone()));
    let driver = tokio::spawn(driver);
    let (commits, _) = store.db().commits_and_units();
    let (before, cpu) = (Instant::now(), cpu());
    let mut tasks = Vec::new();
    for writer in 0..writers {
        let (committer, store, accounts) = (committer.clone(), store.clone(), accounts.to_vec());
        tasks.push(tokio::spawn(async move {
            for at in 0..letters / writers {
                let account = accounts[(writer * 7 + at) % accounts.len()];
                let job = delivery(&store, &letter(&store, 2_000).await, account).await;
                committer.submit(job).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let (took, cpu) = (before.elapsed(), self::cpu() - cpu);
    let commits = store.db().commits_and_units().0 - commits;
    println!(
        "{engine}: {writers} writers: {:.0} letters/s, {:.3} ms CPU a letter, {:.2} commits a letter",
        letters as f64 / took.as_secs_f64(),
        cpu * 1e3 / letters as f64,
        commits as f64 / letters as f64,
    );
    drop(committer);
    driver.await.unwrap();
}

async fn read(engine: &str, store: &Mailstore, account: AccountId) {
    let inbox = store.role_folder_of(account, Role::Inbox).await.unwrap();
    let before = Instant::now();
    let rows = store.all_entries(account, inbox.id).await.unwrap();
    println!("{engine}: {} entries listed in {:?}", rows.len(), before.elapsed());
    for pass in ["cold", "warm"] {
        let (before, cpu) = (Instant::now(), cpu());
        let mut pages = store.pages(account, rows.clone());
        let mut seen = 0;
        loop {
            let page = pages.summaries().await.unwrap();
            if page.is_empty() {
                break;
            }
            seen += page.len();
        }
        let (took, cpu) = (before.elapsed().as_secs_f64(), self::cpu() - cpu);
        println!(
            "{engine}: summaries {pass}: {:.0}/s, {:.1} µs CPU each",
            seen as f64 / took,
            cpu * 1e6 / seen as f64
        );
    }
    let (before, cpu) = (Instant::now(), cpu());
    let mut octets = 0;
    for page in rows.chunks(mailstore::limits::BODY_PAGE) {
        let ids: Vec<_> = page.iter().map(|row| row.body).collect();
        for reader in store.bodies(account, &ids).await.unwrap() {
            octets += reader.unwrap().range(0..u64::MAX).await.unwrap().len();
        }
    }
    let (took, cpu) = (before.elapsed().as_secs_f64(), self::cpu() - cpu);
    println!(
        "{engine}: bodies: {:.0}/s, {:.1} µs CPU each ({octets} octets)",
        rows.len() as f64 / took,
        cpu * 1e6 / rows.len() as f64
    );
}

async fn letter(store: &Mailstore, size: usize) -> SealedLetter {
    let mut writer = store.body_writer(NOW);
    writer.push(&vec![b'x'; size]).await.unwrap();
    let body = writer.finish().await.unwrap();
    let head = store.seal_head(&body, &[b'h'; 600], &[b's'; 400], NOW);
    SealedLetter { body: Arc::new(body), head: Arc::new(head) }
}

async fn delivery(store: &Mailstore, letter: &SealedLetter, account: AccountId) -> Delivery {
    Delivery {
        letter: letter.clone(),
        key: store.key(account).await.unwrap().own(&letter.body),
        place: Place::Role(Role::Inbox),
        entry: EntryId(store.db().id(NOW)),
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

/// CPU seconds of this process so far (Linux).
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / 100.0
}
