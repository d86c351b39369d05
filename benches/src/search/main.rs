//! SEARCH of a folder of 10,000 letters (46 MB), by the mailbox door's own sifter over a real store:
//! no TLS, no machine, no client.
//!
//! ```text
//! cargo run --release --manifest-path benches/Cargo.toml --bin search -- FOLDER [QUESTION [REPEATS]]
//! ```
//!
//! The store in FOLDER is made when absent. Cold is a store opened anew, warm the same question again.
//! CPU is user and system time of the process.

mod corpus;
mod imap;
mod store;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use wire::imap::{EnvelopeField, SearchKey, When};

const QUESTIONS: [&str; 5] = ["SUBJECT", "FROM", "SINCE", "BODY", "TEXT"];

fn question(name: &str) -> SearchKey {
    let text = |text: &str| text.to_owned();
    match name {
        "SUBJECT" => SearchKey::Envelope(EnvelopeField::Subject, text("glycemie")),
        "FROM" => SearchKey::Envelope(EnvelopeField::From, text("martin7@")),
        "SINCE" => SearchKey::Received(When::Since, wire::imap::Date::constant(2026, 11, 22)),
        "BODY" => SearchKey::Body(text("phéochromocytome")),
        "TEXT" => SearchKey::Text(text("pheochromocytome")),
        other => panic!("{other} is none of {QUESTIONS:?}"),
    }
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().expect("the folder of the store"));
    let only = arguments.next();
    let repeats: usize = arguments.next().map_or(5, |count| count.parse().expect("a number of repeats"));
    let (account, inbox) = store::filled(&folder).await;
    for name in QUESTIONS.into_iter().filter(|name| only.as_ref().is_none_or(|only| only == name)) {
        let store = store::open(&folder).await;
        for turn in 0..repeats {
            let (begun, used) = (Instant::now(), cpu());
            let found = imap::search::ask(&store, account, inbox, question(name)).await;
            let (took, used) = (begun.elapsed(), cpu() - used);
            let turn = if turn == 0 { "cold" } else { "warm" };
            println!("{name:8} {turn} {took:>10.1?} wall {used:>8.1?} cpu, {found} found");
        }
    }
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
