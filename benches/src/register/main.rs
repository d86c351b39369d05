//! The national extracts at full scale: time and memory of an import, of a daily update, and of letters beside it.
//!
//! ```text
//! cargo run --release --manifest-path benches/Cargo.toml --bin register -- make FOLDER [PROFESSIONALS]
//! cargo run --release --manifest-path benches/Cargo.toml --bin register -- import FOLDER [postgres://… SCHEMA]
//! cargo run --release --manifest-path benches/Cargo.toml --bin register -- update FOLDER [postgres://… SCHEMA]
//! ```
//!
//! `make` writes the files of two days into FOLDER; `import` brings the first day in, `update` the second, which
//! differs in a hundredth. Each is a process of its own: the peak of memory is that of one import.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use db::{Config, Db, Durability};
use names::{Clock, Timestamp};
use register::import::{Importer, Order, Phase, Progress, Removals};
use register::invent::{Wanted, national};

#[tokio::main(worker_threads = 2)]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["make", folder] => make(Path::new(folder), 1_500_000),
        ["make", folder, professionals] => make(Path::new(folder), professionals.parse().expect("a number")),
        ["import", folder, at @ ..] => import(Path::new(folder), "day0", at).await,
        ["update", folder, at @ ..] => import(Path::new(folder), "day1", at).await,
        _ => panic!("make, import or update, and a folder"),
    }
}

fn make(folder: &Path, professionals: u64) {
    for day in 0..2 {
        let (begun, into) = (Instant::now(), folder.join(format!("day{day}")));
        std::fs::create_dir_all(&into).expect("a folder");
        let file = |name: &str| BufWriter::new(File::create(into.join(name)).expect("a file"));
        let (mut mailboxes, mut activities) = (file("mailboxes.txt"), file("activities.txt"));
        let wanted = Wanted { professionals, wrong_lines: 100, seed: 1, day };
        let made = national(&wanted, &mut mailboxes, &mut activities, |_, _| ()).expect("written");
        mailboxes.flush().expect("written");
        activities.flush().expect("written");
        println!("day {day}: {made:?} in {:.1?}", begun.elapsed());
    }
}

async fn import(folder: &Path, day: &str, at: &[&str]) {
    let config = match at {
        [url, schema] => Config::Postgres { url: (*url).to_owned(), schema: Some((*schema).to_owned()) },
        _ => Config::Sqlite {
            folder: folder.join("sqlite"),
            name: "pli".to_owned(),
            durability: Durability::PowerCut,
        },
    };
    let db = Db::open(&config, clock()).await.expect("the database opens");
    db.migrate(register::MIGRATIONS).await.expect("tables");
    let waits = Arc::new(Waits::default());
    let beside = tokio::spawn(Arc::clone(&waits).measure(db.clone()));
    let phases: Arc<Mutex<Vec<(Phase, Instant)>>> = Arc::default();
    let heard = Arc::clone(&phases);
    let teller = Arc::new(move |progress: Progress| {
        let mut heard = heard.lock().expect("not poisoned");
        if heard.last().is_none_or(|last| last.0 != progress.phase) {
            heard.push((progress.phase, Instant::now()));
        }
    });
    let importer = Importer::new(db.clone(), clock(), teller);
    let from = folder.join(day);
    let order = Order {
        files: ["mailboxes.txt", "activities.txt"].iter().map(|name| from.join(name)).collect(),
        rejects: from.join("rejects"),
        scratch: PathBuf::from(folder).join("scratch"),
        removals: Removals::default(),
    };
    let (begun, used) = (Instant::now(), cpu());
    let planned = importer.plan(&order).await.expect("a plan");
    println!("{:?}", planned.counts());
    println!("planned after {:.1?}, {}", begun.elapsed(), memory());
    let ready = importer.apply(planned).await.expect("applied");
    let flipping = Instant::now();
    db.write(db::unit("flip", (ready, clock().now()), |(ready, now), tx| Box::pin(ready.flip(tx, *now))))
        .await
        .expect("in force");
    println!("in force after {:.1?}; the flip took {:.1?}", begun.elapsed(), flipping.elapsed());
    let swept = importer.sweep().await.expect("swept");
    println!("{swept} swept; {:.1?} in all, {:.1?} of CPU, {}", begun.elapsed(), cpu() - used, memory());
    let phases = phases.lock().expect("not poisoned").clone();
    for (place, (phase, at)) in phases.iter().enumerate() {
        let end = phases.get(place + 1).map_or_else(Instant::now, |next| next.1);
        println!("  {phase:?} {:.1?}", end - *at);
    }
    waits.stop.store(true, Ordering::Relaxed);
    beside.await.expect("measured");
    println!("{}", waits.told());
}

/// Small units beside the import, as a letter's: how long each waited for its commit.
#[derive(Default)]
struct Waits {
    stop: AtomicBool,
    count: AtomicU64,
    waits: Mutex<Vec<Duration>>,
}

impl Waits {
    async fn measure(self: Arc<Self>, db: Db) {
        while !self.stop.load(Ordering::Relaxed) {
            let begun = Instant::now();
            let unit = db::unit("a letter", (), |(), tx| {
                Box::pin(async move {
                    let sql = "UPDATE register_pointer SET version = version WHERE id = 1";
                    tx.execute(sql, db::args![]).await
                })
            });
            let _touched: Result<u64, db::Error> = db.write(unit).await;
            self.waits.lock().expect("not poisoned").push(begun.elapsed());
            self.count.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn told(&self) -> String {
        let mut waits = self.waits.lock().expect("not poisoned").clone();
        waits.sort_unstable();
        let at = |share: f64| waits.get((waits.len() as f64 * share) as usize).copied().unwrap_or_default();
        format!(
            "{} small units beside it: p50 {:.1?}, p99 {:.1?}, longest {:.1?}",
            waits.len(),
            at(0.5),
            at(0.99),
            waits.last().copied().unwrap_or_default()
        )
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench is its own assembly")]
fn clock() -> Clock {
    Clock::new(|| {
        let age = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
        Timestamp(age.as_millis() as i64)
    })
}

fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() / 1024
    };
    format!("{} MiB resident, {} at the peak", of("VmRSS:"), of("VmHWM:"))
}

/// User and system time of this process.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<i64> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|f| f.parse().ok())
        .collect();
    // Ticks of 10 ms; the state before them is no number.
    fields
        .get(10..12)
        .map_or(Duration::ZERO, |ticks| Duration::from_millis(10 * (ticks[0] + ticks[1]) as u64))
}
