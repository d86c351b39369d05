//! Group commit: what a letter's rows cost on each engine, with 1, 8 and 64 writers.
//!
//! ```text
//! cargo run --release --manifest-path benches/Cargo.toml -- [--seconds N] [POSTGRES_URL]
//! ```
//!
//! Two shapes are compared: every letter a unit of its own (the floor groups them), and a committer
//! that takes all waiting letters and writes them by a few multi-row statements. Each letter is
//! about fifteen rows, one of them a body of 2 kB. A figure counts letters whose commit was on disk
//! when the writer heard of it. Compare columns of one run only: the disk is shared.

use db::{Args, Config, Db, Durability, Error, Migration, Tx, Unit, args};
use names::{Clock, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

const TABLES: Migration = Migration {
    name: "bench/0001",
    sql: "CREATE TABLE folder (id {ID}, uid_next {INT} NOT NULL, modseq {INT} NOT NULL) {STRICT};\n\
CREATE TABLE body (id {ID}, size {INT} NOT NULL, data {BYTES} NOT NULL) {STRICT};\n\
CREATE TABLE head (id {ID}, body {INT} NOT NULL, data {BYTES} NOT NULL, summary {BYTES} NOT NULL) {STRICT};\n\
CREATE TABLE body_key (body {INT} NOT NULL, account {INT} NOT NULL, wrapped {BYTES} NOT NULL, PRIMARY KEY (body, account)) {CLUSTERED};\n\
CREATE TABLE entry (folder {INT} NOT NULL, uid {INT} NOT NULL, modseq {INT} NOT NULL, head {INT} NOT NULL, PRIMARY KEY (folder, uid)) {CLUSTERED};\n\
CREATE TABLE contact (patient {INT} NOT NULL, other {INT} NOT NULL, state {TEXT} NOT NULL, PRIMARY KEY (patient, other)) {CLUSTERED};\n\
CREATE TABLE thread (id {ID}, account {INT} NOT NULL, last_at {INT} NOT NULL) {STRICT};\n\
CREATE TABLE document (id {ID}, account {INT} NOT NULL, title {BYTES} NOT NULL) {STRICT};\n\
CREATE TABLE line (chain {INT} NOT NULL, seq {INT} NOT NULL, salt {BYTES} NOT NULL, line {TEXT} NOT NULL, hash {BYTES} NOT NULL, PRIMARY KEY (chain, seq)) {CLUSTERED};\n\
CREATE TABLE alert (id {ID}, account {INT} NOT NULL, due_at {INT} NOT NULL) {STRICT};\n\
CREATE TABLE accepted (mail_key {BYTES} NOT NULL PRIMARY KEY, queue {INT} NOT NULL) {CLUSTERED};\n",
};

const FOLDERS: i64 = 40;

/// A letter from a professional to a patient: two accounts, about fifteen rows.
#[derive(Clone)]
struct Letter {
    ids: [i64; 6],
    sender: i64,
    patient: i64,
}

async fn write_letters(tx: &mut Tx, letters: &[Letter]) -> Result<(), Error> {
    let body = vec![7_u8; 2_048];
    let rows = |make: &dyn Fn(&Letter) -> Vec<Args>| letters.iter().flat_map(make).collect::<Vec<Args>>();
    tx.insert_rows(
        "INSERT INTO accepted (mail_key, queue) VALUES",
        "",
        rows(&|l| vec![args![l.ids[0].to_be_bytes().to_vec(), l.ids[0]]]),
    )
    .await?;
    tx.insert_rows(
        "INSERT INTO contact (patient, other, state) VALUES",
        "ON CONFLICT (patient, other) DO UPDATE SET state = excluded.state",
        {
            let mut pairs: Vec<(i64, i64)> = letters.iter().map(|l| (l.patient, l.sender)).collect();
            pairs.sort_unstable();
            pairs.dedup();
            pairs.into_iter().map(|(patient, other)| args![patient, other, "open"]).collect()
        },
    )
    .await?;
    let mut wanted: Vec<i64> = letters.iter().flat_map(|l| [l.sender, l.patient]).collect();
    wanted.sort_unstable();
    let mut next = std::collections::BTreeMap::new();
    for chunk in wanted.chunk_by(|a, b| a == b) {
        let row = tx.row("UPDATE folder SET uid_next = uid_next + $2, modseq = modseq + $2 WHERE id = $1 RETURNING uid_next - $2", args![chunk[0], chunk.len() as i64]).await?;
        next.insert(chunk[0], row.int(0)?);
    }
    tx.insert_rows(
        "INSERT INTO body (id, size, data) VALUES",
        "",
        rows(&|l| vec![args![l.ids[0], 2_048_i64, &body]]),
    )
    .await?;
    tx.insert_rows(
        "INSERT INTO body_key (body, account, wrapped) VALUES",
        "",
        rows(&|l| {
            vec![args![l.ids[0], l.sender, vec![1_u8; 60]], args![l.ids[0], l.patient, vec![1_u8; 60]]]
        }),
    )
    .await?;
    tx.insert_rows(
        "INSERT INTO head (id, body, data, summary) VALUES",
        "",
        rows(&|l| vec![args![l.ids[1], l.ids[0], vec![2_u8; 600], vec![3_u8; 400]]]),
    )
    .await?;
    let mut entries = Vec::new();
    for letter in letters {
        for folder in [letter.sender, letter.patient] {
            let uid = next.entry(folder).or_default();
            entries.push(args![folder, *uid, *uid, letter.ids[1]]);
            *uid += 1;
        }
    }
    tx.insert_rows("INSERT INTO entry (folder, uid, modseq, head) VALUES", "", entries).await?;
    tx.insert_rows(
        "INSERT INTO thread (id, account, last_at) VALUES",
        "",
        rows(&|l| vec![args![l.ids[2], l.patient, 1_i64]]),
    )
    .await?;
    tx.insert_rows(
        "INSERT INTO document (id, account, title) VALUES",
        "",
        rows(&|l| vec![args![l.ids[3], l.patient, vec![4_u8; 60]]]),
    )
    .await?;
    tx.insert_rows(
        "INSERT INTO line (chain, seq, salt, line, hash) VALUES",
        "",
        rows(&|l| {
            (0..2)
                .map(|n| {
                    args![
                        l.ids[4 + n],
                        1_i64,
                        vec![5_u8; 16],
                        "1795348800000\tperson:1\t\tletter.received\tentry=1",
                        vec![6_u8; 32]
                    ]
                })
                .collect()
        }),
    )
    .await?;
    tx.insert_rows(
        "INSERT INTO alert (id, account, due_at) VALUES",
        "",
        rows(&|l| vec![args![l.ids[5], l.patient, 1_i64]]),
    )
    .await?;
    Ok(())
}

struct Batch(Vec<Letter>);

impl Unit for Batch {
    const NAME: &'static str = "letters";
    type Output = ();
    type Error = Error;

    async fn run(&mut self, tx: &mut Tx) -> Result<(), Error> {
        write_letters(tx, &self.0).await
    }
}

type Job = (Letter, oneshot::Sender<bool>);

/// Takes all waiting letters, writes them in one unit, answers each.
async fn committer(db: Db, mut inbox: mpsc::Receiver<Job>) {
    while let Some(first) = inbox.recv().await {
        let mut jobs = vec![first];
        while jobs.len() < 256 {
            match inbox.try_recv() {
                Ok(job) => jobs.push(job),
                Err(_) => break,
            }
        }
        let (letters, replies): (Vec<_>, Vec<_>) = jobs.into_iter().unzip();
        let done = db.write(Batch(letters)).await;
        if let Err(error) = &done {
            eprintln!("{error}");
        }
        for reply in replies {
            // Whoever went away hears nothing.
            let _ = reply.send(done.is_ok());
        }
    }
}

async fn measure(db: &Db, shape: &str, writers: usize, time: Duration) {
    let done = Arc::new(AtomicU64::new(0));
    let (inbox, waiting) = mpsc::channel(1_024);
    let committer = tokio::spawn(committer(db.clone(), waiting));
    let start = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let (db, done, inbox, alone) =
                (db.clone(), Arc::clone(&done), inbox.clone(), shape == "unit each");
            tokio::spawn(async move {
                let mut latencies = Vec::new();
                while start.elapsed() < time {
                    let now = Timestamp(1_795_348_800_000);
                    let letter = Letter {
                        ids: std::array::from_fn(|_| db.id(now)),
                        sender: 1 + (writer as i64 % (FOLDERS / 2)),
                        patient: 1 + FOLDERS / 2 + (latencies.len() as i64 % (FOLDERS / 2)),
                    };
                    let begun = Instant::now();
                    let kept = if alone {
                        db.write(Batch(vec![letter])).await.is_ok()
                    } else {
                        let (reply, answer) = oneshot::channel();
                        inbox.send((letter, reply)).await.is_ok() && answer.await == Ok(true)
                    };
                    assert!(kept, "a letter was not kept");
                    latencies.push(begun.elapsed());
                    done.fetch_add(1, Ordering::Relaxed);
                }
                latencies
            })
        })
        .collect();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await.expect("a writer ends"));
    }
    let took = start.elapsed();
    drop(inbox);
    committer.await.expect("the committer ends");
    latencies.sort_unstable();
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{:<11} {shape:<10} {writers:>3} writers {:>8.0} letters/s   p50 {:>7.2} ms   p99 {:>7.2} ms",
        format!("{:?}", db.engine()),
        done.load(Ordering::Relaxed) as f64 / took.as_secs_f64(),
        at(0.5),
        at(0.99)
    );
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).peekable();
    let mut seconds = 3.0;
    let mut url = None;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seconds" => seconds = arguments.next().and_then(|n| n.parse().ok()).expect("--seconds N"),
            "--help" | "-h" => return println!("usage: pli-benches [--seconds N] [POSTGRES_URL]"),
            other => url = Some(other.to_owned()),
        }
    }
    let folder = tempfile::tempdir_in(".").expect("a folder here");
    let clock = Clock::new(|| Timestamp(1_795_348_800_000));
    let mut configs = vec![Config::Sqlite {
        folder: folder.path().to_owned(),
        name: "bench".to_owned(),
        durability: Durability::PowerCut,
    }];
    configs.extend(
        url.map(|url| Config::Postgres { url, schema: Some(format!("bench_{}", std::process::id())) }),
    );
    for config in configs {
        let db = Db::open(&config, clock.clone()).await.expect("the database opens");
        db.migrate(&[TABLES]).await.expect("tables are made");
        let rows = (1..=FOLDERS).map(|id| args![id, 1_i64, 1_i64]).collect::<Vec<_>>();
        let made: Result<u64, Error> = db
            .write(db::unit("folders", rows, |rows, tx| {
                Box::pin(tx.insert_rows("INSERT INTO folder (id, uid_next, modseq) VALUES", "", rows.clone()))
            }))
            .await;
        made.expect("folders are made");
        for writers in [1, 8, 64] {
            for shape in ["unit each", "committer"] {
                measure(&db, shape, writers, Duration::from_secs_f64(seconds)).await;
            }
        }
    }
}
