//! SIGTERM under load, at both ends of the way between operators: who is served is served to the end, who
//! comes new is sent away, and nobody is left not knowing (RELIABILITY R-36).

use crate::neighbours::Neighbours;
use crate::people::{JEAN, MARIE};
use kit::{Engine, House, Letter, Limit, jpeg, until};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const SENDERS: usize = 6;
const STOPS: usize = 4;
const LOAD: Limit = Limit(Duration::from_secs(120), "enough letters before the stop");
const ACROSS: Limit = Limit(Duration::from_secs(180), "all letters to cross");

#[derive(Default)]
struct Ledger {
    next: AtomicUsize,
    accepted: AtomicUsize,
    refused: AtomicUsize,
    unknown: AtomicUsize,
}

#[test]
fn r_36_a_stop_under_load_leaves_no_outcome_unknown() {
    let Neighbours { mut practices, mut patients } = Neighbours::open(Engine::Sqlite);
    let ledger = Ledger::default();
    for stop in 0..STOPS {
        let wanted = ledger.accepted.load(Ordering::SeqCst) + 12 + 5 * stop;
        // The sender's house and the receiver's in turn.
        let at_home = stop.is_multiple_of(2);
        let told = under_load(&practices, &ledger, wanted, if at_home { &practices } else { &patients });
        let house = if at_home { &mut practices } else { &mut patients };
        let status = house.wait_for_end();
        assert!(status.success(), "stop {stop}: {status}");
        assert!(told.elapsed() < Duration::from_secs(35), "stop {stop}: {:?}", told.elapsed());
        house.start();
    }
    let accepted = ledger.accepted.load(Ordering::SeqCst);
    let came = || {
        let ran = patients.pli("admin", &["account", "history", "--lines", "100000", JEAN.address]).ok();
        ran.text().lines().filter(|line| line.contains("received")).count()
    };
    until(ACROSS, || {
        drop(practices.pli("queue", &["retry", "all"]));
        practices.pli("queue", &["list"]).ok().text().contains("Nothing waits").then_some(())
    });
    assert_eq!(came(), accepted, "every accepted letter once");
    assert_eq!(ledger.unknown.load(Ordering::SeqCst), 0, "senders that were told nothing");
    for house in [&practices, &patients] {
        assert!(!house.log().contains("the last answer was lost"), "nothing between operators is unknown");
        house.pli("verify", &[]).ok();
    }
    println!("{accepted} letters, {} sent away", ledger.refused.load(Ordering::SeqCst));
}

/// Senders write until so many letters are accepted; then the house is told to stop. When it was told.
fn under_load(practices: &House, ledger: &Ledger, wanted: usize, stopping: &House) -> Instant {
    let told = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                loop {
                    let written = write(practices, ledger);
                    if written.is_err() || told.load(Ordering::SeqCst) {
                        break;
                    }
                }
            });
        }
        until(LOAD, || (ledger.accepted.load(Ordering::SeqCst) >= wanted).then_some(()));
        stopping.signal("TERM");
        let now = Instant::now();
        told.store(true, Ordering::SeqCst);
        now
    })
}

/// One session, until it is sent away.
fn write(house: &House, ledger: &Ledger) -> std::io::Result<()> {
    let mut client = house.sender(MARIE.address, MARIE.password)?;
    for _ in 0..5 {
        let number = ledger.next.fetch_add(1, Ordering::SeqCst);
        let letter = Letter::new(MARIE.address, JEAN.address, &format!("Lettre {number}"), "Bonjour.").file(
            "radio.jpg",
            "image/jpeg",
            jpeg("radio", 60_000),
        );
        if let Some(refusal) = client.envelope(MARIE.address, &[JEAN.address])? {
            assert_eq!(refusal.code, 421, "{}", refusal.text);
            ledger.refused.fetch_add(1, Ordering::SeqCst);
            return Err(std::io::Error::other(refusal.text));
        }
        // From 354 on the sender needs an answer.
        match client.letter(&letter.octets()) {
            Ok(answer) if answer.code == 250 => ledger.accepted.fetch_add(1, Ordering::SeqCst),
            Ok(answer) => {
                assert_eq!(answer.code, 421, "{}", answer.text);
                ledger.refused.fetch_add(1, Ordering::SeqCst)
            }
            Err(_) => ledger.unknown.fetch_add(1, Ordering::SeqCst),
        };
    }
    Ok(())
}
