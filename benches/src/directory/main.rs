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
use register::{Listing, Page, Query, Register};

/// Who asks at the same time.
const ASKERS: usize = 8;
/// Questions of each of the 25 rules.
const EACH: usize = 400;
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
    // On a thread of its own, whose memory is another than that of the searches: giving a gigabyte back takes most of
    // a second, in the middle of whoever asks for memory next.
    let made = std::thread::spawn(move || {
        let all: Vec<_> = entries(corpus).collect();
        let asked = questions(&all, EACH);
        (mixed(&all, &asked), asked)
    });
    let (mixed, asked) = made.join().expect("questions");
    let mixed = Arc::new(mixed);
    alone(&register, &mixed).await;
    speed(&register, &mixed, long).await;
    println!("resident {} MB", resident());
    shapes(&register).await;
    quality(&register, &asked).await;
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

/// What is asked in a day: the misspelt questions, and what people type beside: beginnings while they type, a frequent
/// name, a name and a town, a profession in a town, a town, a service.
fn mixed(all: &[Listing], asked: &[Question]) -> Vec<(&'static str, String)> {
    let mut mixed: Vec<(&'static str, String)> =
        asked.iter().map(|question| ("misspelt", question.text.clone())).collect();
    // Two thousand people spread over all.
    for (number, listing) in all.iter().step_by((all.len() / 2_000).max(1)).enumerate() {
        let Listing::Professional(person) = listing else { continue };
        let town = person.situations.first().map_or("", |situation| &situation.place.town);
        let letters = 3 + number % 4;
        let beginning: String = person.family_name.chars().take(letters).collect();
        mixed.push(("beginning", format!("{} {beginning}", person.given_name)));
        mixed.push(("beginning alone", beginning));
        mixed.push(("name and town", format!("{} {town}", person.family_name)));
        if number % 4 == 0 {
            mixed.push(("family name", person.family_name.clone()));
            mixed.push(("given name", person.given_name.clone()));
            mixed.push(("town", town.to_owned()));
            if let Some(profession) = &person.profession {
                mixed.push(("profession and town", format!("{} {town}", profession.label)));
                mixed.push(("profession", profession.label.clone()));
            }
        }
    }
    for (kind, words) in [
        ("frequent name", ["martin", "bernard", "durand", "petit", "marie", "jean"]),
        ("frequent word", ["medecin", "infirmier", "pharmacie", "hopital", "centre hospitalier", "cabinet"]),
        ("service", ["cardiologie", "urgences", "secretariat", "radiologie", "pediatrie", "chirurgie paris"]),
    ] {
        (0..20).for_each(|_| mixed.extend(words.map(|word| (kind, word.to_owned()))));
    }
    // An order that has nothing to do with kinds, the same each time; the place is in the hash, or the same question
    // would be asked by everybody at the same time.
    let mut mixed: Vec<_> = mixed.into_iter().enumerate().collect();
    mixed.sort_by_key(|(place, (_, text))| {
        place
            .to_le_bytes()
            .into_iter()
            .chain(text.bytes())
            .fold(1_469_598_103_934_665_603_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(1_099_511_628_211)
            })
    });
    mixed.into_iter().map(|(_, question)| question).collect()
}

async fn speed(register: &Register, asked: &Arc<Vec<(&'static str, String)>>, long: Duration) {
    let next = Arc::new(AtomicUsize::new(0));
    let (begun, used) = (Instant::now(), cpu());
    let askers: Vec<_> = (0..ASKERS)
        .map(|_| {
            let (register, asked, next) = (register.clone(), Arc::clone(asked), Arc::clone(&next));
            tokio::spawn(async move {
                let mut took = Vec::new();
                while begun.elapsed() < long {
                    let (_, question) = &asked[next.fetch_add(1, Ordering::Relaxed) % asked.len()];
                    let begun = Instant::now();
                    register.search(&text(question), &page(20), NOW).await.expect("an answer");
                    took.push((begun.elapsed(), question.clone()));
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

/// One question after the other, twice: on the clock, and on SQLite the processor time of each, which is what it costs
/// however busy the machine is.
async fn alone(register: &Register, asked: &[(&'static str, String)]) {
    for round in ["first", "again"] {
        let used = cpu();
        let mut costs: Vec<(Duration, Duration, &'static str, &str)> = Vec::new();
        for (kind, question) in asked {
            let (before, begun) = (on_processor(), Instant::now());
            register.search(&text(question), &page(20), NOW).await.expect("an answer");
            costs.push((on_processor().saturating_sub(before), begun.elapsed(), kind, question));
        }
        let each = (cpu() - used) / costs.len() as u32;
        println!("one at a time, {round}: {} questions, {each:.2?} cpu each", costs.len());
        let mut kinds: Vec<&str> = costs.iter().map(|cost| cost.2).collect();
        kinds.sort_unstable();
        kinds.dedup();
        for kind in std::iter::once("").chain(kinds) {
            let of_kind = || costs.iter().filter(|cost| kind.is_empty() || cost.2 == kind);
            let at = |mut all: Vec<Duration>| {
                all.sort();
                let at = |share: f64| all[((all.len() - 1) as f64 * share) as usize];
                format!(
                    "p50 {:.2?}, p95 {:.2?}, p99 {:.2?}, worst {:.2?}",
                    at(0.5),
                    at(0.95),
                    at(0.99),
                    at(1.0)
                )
            };
            let name = if kind.is_empty() { "all" } else { kind };
            let (thread, clock) = (of_kind().map(|c| c.0).collect(), of_kind().map(|c| c.1).collect());
            println!("  {name}: on the processor {}; on the clock {}", at(thread), at(clock));
        }
        costs.sort();
        for (cost, _, kind, question) in costs.iter().rev().take(8) {
            println!("    {cost:.2?} {kind}: {question}");
        }
    }
}

/// Time this thread was on a processor. On SQLite a search does not leave its thread.
fn on_processor() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
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
        ("family begins with martin", of(Criterion::Family(Match::Begins("martin".to_owned())))),
        ("name contains dupont", of(Criterion::Name(Match::Contains("dupont".to_owned())))),
        ("family contains", of(Criterion::Family(Match::Contains("art".to_owned())))),
        ("address contains", of(Criterion::Address(Match::Contains("martin.1".to_owned())))),
        ("everything", Query::default()),
        ("everybody reachable", Query { reachable: true, ..Query::default() }),
    ] {
        let mut took = Vec::new();
        let mut found = register::Found::default();
        for _ in 0..5 {
            let (begun, used) = (Instant::now(), on_processor());
            found = register.search(&query, &page(100), NOW).await.expect("an answer");
            took.push((on_processor() - used, begun.elapsed()));
        }
        took.sort();
        println!(
            "{name}: on the processor {:.2?} (most {:.2?}), on the clock {:.2?}, {} of {:?}",
            took[2].0,
            took[4].0,
            took[2].1,
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
