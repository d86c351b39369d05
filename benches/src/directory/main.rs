//! Searching the directory: one million invented entries, misspelt questions, eight at a time.
//!
//! ```text
//! cargo run --release --manifest-path benches/Cargo.toml --bin directory -- FOLDER|postgres://… [ENTRIES [SECONDS]]
//! ```
//!
//! The directory is made when the database is empty; making and searching are measured apart. Questions are those of
//! the labelled set (`register::testing`): whoever asks waits for the answer and asks again at once.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use names::{Clock, Timestamp};
use register::testing::{Corpus, Question, entries, put_in_force, questions};
use register::{Page, Query, Register};

/// Who asks at the same time.
const ASKERS: usize = 8;
/// Questions of each rule.
const EACH: usize = 40;
/// When it happens.
const NOW: Timestamp = Timestamp(1_795_348_800_000);

fn main() {
    let mut arguments = std::env::args().skip(1);
    let place = arguments.next().expect("a folder, or a PostgreSQL address");
    let count = arguments.next().map_or(1_000_000, |count| count.parse().expect("a number of entries"));
    let seconds: u64 = arguments.next().map_or(20, |seconds| seconds.parse().expect("a number of seconds"));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(bench(place, count, Duration::from_secs(seconds)));
}

async fn bench(place: String, count: usize, long: Duration) {
    let config = if place.starts_with("postgres:") {
        db::Config::Postgres { url: place, schema: Some(format!("bench_directory_{count}")) }
    } else {
        std::fs::create_dir_all(&place).expect("a folder");
        let folder = PathBuf::from(place);
        db::Config::Sqlite { folder, name: "directory".to_owned(), durability: db::Durability::PowerCut }
    };
    let db = db::Db::open(&config, Clock::new(|| NOW)).await.expect("a database");
    db.migrate(register::MIGRATIONS).await.expect("tables");
    let corpus = Corpus { entries: count, ..Corpus::COUNTRY };
    let register = Register::open(db.clone());
    if register.pointer().await.expect("a pointer").entries == 0 {
        let (begun, used, low) = (Instant::now(), cpu(), resident());
        put_in_force(&db, entries(corpus)).await.expect("entries");
        println!(
            "made: {:.1?} wall, {:.1?} cpu, {} MB before, {} MB at most",
            begun.elapsed(),
            cpu() - used,
            low,
            peak()
        );
    }
    let before = resident();
    let begun = Instant::now();
    register.search(&text("martin"), &page(5), NOW).await.expect("an answer");
    let held = register.octets().await.expect("octets") / 1_000_000;
    println!(
        "first answer: {:.1?}; words in memory {held} MB; resident {before} then {} MB",
        begun.elapsed(),
        resident()
    );
    let all: Vec<_> = entries(corpus).collect();
    let asked = Arc::new(questions(&all, EACH));
    drop(all);
    quality(&register, &asked).await;
    speed(&register, &asked, long).await;
    println!("resident {} MB", resident());
    alone(&register, &asked).await;
    shapes(&register).await;
}

async fn quality(register: &Register, asked: &[Question]) {
    let (mut first, mut five) = (0, 0);
    let mut missed = std::collections::BTreeMap::<String, usize>::new();
    for Question { rule, text: words, means } in asked {
        let found = register.search(&text(words), &page(5), NOW).await.expect("an answer").listings;
        let place = found.iter().position(|listing| listing.id() == *means);
        first += usize::from(place == Some(0));
        five += usize::from(place.is_some());
        if place.is_none() {
            *missed.entry(format!("{rule:?}")).or_default() += 1;
        }
    }
    let of = |count: usize| count as f64 / asked.len() as f64;
    println!(
        "{} questions: top-1 {:.3}, recall@5 {:.3}; missed {missed:?}",
        asked.len(),
        of(first),
        of(five)
    );
}

async fn speed(register: &Register, asked: &Arc<Vec<Question>>, long: Duration) {
    let next = Arc::new(AtomicUsize::new(0));
    let (begun, used) = (Instant::now(), cpu());
    let askers: Vec<_> = (0..ASKERS)
        .map(|_| {
            let (register, asked, next) = (register.clone(), Arc::clone(asked), Arc::clone(&next));
            tokio::spawn(async move {
                let mut took = Vec::new();
                while begun.elapsed() < long {
                    let question = &asked[next.fetch_add(7, Ordering::Relaxed) % asked.len()];
                    let begun = Instant::now();
                    register.search(&text(&question.text), &page(20), NOW).await.expect("an answer");
                    took.push((begun.elapsed(), question.text.clone()));
                }
                took
            })
        })
        .collect();
    let mut took = Vec::new();
    for asker in askers {
        took.extend(asker.await.expect("an asker"));
    }
    let wall = begun.elapsed();
    took.sort();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].0;
    println!(
        "{ASKERS} at a time: {} answers, {:.0}/s; p50 {:.2?}, p95 {:.2?}, p99 {:.2?}, worst {:.2?}; {:.2?} cpu each",
        took.len(),
        took.len() as f64 / wall.as_secs_f64(),
        at(0.5),
        at(0.95),
        at(0.99),
        at(1.0),
        (cpu() - used) / took.len() as u32,
    );
    for (took, text) in took.iter().rev().take(5) {
        println!("    {took:.1?} {text}");
    }
}

/// One question after the other, and the processor time of each: what it costs, however busy the machine is.
async fn alone(register: &Register, asked: &[Question]) {
    let mut costs = Vec::new();
    for question in asked {
        let before = on_processor();
        register.search(&text(&question.text), &page(20), NOW).await.expect("an answer");
        costs.push(on_processor().saturating_sub(before));
    }
    costs.sort();
    let at = |share: f64| costs[((costs.len() - 1) as f64 * share) as usize];
    let all: Duration = costs.iter().sum();
    let (p50, p95, p99, worst) = (at(0.5), at(0.95), at(0.99), at(1.0));
    println!(
        "alone: {:.2?} cpu each; p50 {p50:.2?}, p95 {p95:.2?}, p99 {p99:.2?}, worst {worst:.2?}",
        all / costs.len() as u32
    );
}

/// Time this thread was on a processor. On SQLite a search does not leave its thread.
fn on_processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(stat.split_whitespace().next().and_then(|time| time.parse().ok()).unwrap_or(0))
}

/// Questions of other shapes, alone.
async fn shapes(register: &Register) {
    use register::{Criterion, Match};
    let of = |criterion: Criterion| Query { all: vec![criterion], ..Query::default() };
    for (name, query) in [
        ("a common name", text("martin")),
        ("a profession", text("medecin")),
        ("profession and town", text("medecin paris")),
        ("three letters", text("mar")),
        ("family begins with a letter", of(Criterion::Family(Match::Begins("m".to_owned())))),
        ("family contains", of(Criterion::Family(Match::Contains("art".to_owned())))),
        ("address contains", of(Criterion::Address(Match::Contains("martin.1".to_owned())))),
        ("everything", Query::default()),
        ("everybody reachable", Query { reachable: true, ..Query::default() }),
    ] {
        let mut took = Vec::new();
        let mut found = register::Found::default();
        for _ in 0..5 {
            let begun = Instant::now();
            found = register.search(&query, &page(100), NOW).await.expect("an answer");
            took.push(begun.elapsed());
        }
        took.sort();
        println!(
            "{name}: {:.2?} (first {:.2?}), {} of {:?}",
            took[2],
            took[4],
            found.listings.len(),
            found.total
        );
    }
}

fn text(text: &str) -> Query {
    Query { text: Some(text.to_owned()), ..Query::default() }
}

fn page(count: usize) -> Page {
    Page { count, after: None }
}

/// User and system time of this process.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<i64> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|field| field.parse().ok())
        .collect();
    // Behind the state, which is no number: utime and stime are fields 14 and 15, in hundredths.
    Duration::from_millis(10 * (fields.get(10).unwrap_or(&0) + fields.get(11).unwrap_or(&0)) as u64)
}

fn resident() -> u64 {
    status("VmRSS:")
}

fn peak() -> u64 {
    status("VmHWM:")
}

fn status(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let found = status.lines().find_map(|text| text.strip_prefix(line));
    found.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1_000
}
