//! kill -9 while letters leave for another operator: what was acknowledged arrives, and arrives twice only
//! when the process died between the peer's answer and its own mark (RFC 5321 §6.1, RFC 1047).

use crate::neighbours::{PATIENTS, operators, practices_plan};
use crate::people::{JEAN, MARIE};
use certs::Issued;
use kit::{Engine, House, Letter, Liar, Limit, Script, TrustSpace, setting, until};
use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const SENDERS: usize = 6;
/// Sessions to one operator (RELIABILITY R-27): no more letters can be under way when the process dies.
const SESSIONS: usize = 20;
const LOAD: Limit = Limit(Duration::from_secs(120), "enough letters before the kill");
const ARRIVAL: Limit = Limit(Duration::from_secs(180), "all letters to leave");

#[test]
fn nothing_acknowledged_is_lost_when_the_server_is_killed_while_it_sends() {
    let cycles: usize =
        setting("PLI_KILL_CYCLES").map_or(5, |cycles| cycles.parse().expect("a number of cycles"));
    let space = TrustSpace::found();
    let [practices, patients] = operators(&space);
    let identity = Issued {
        chain_pem: patients.member.identity.chain_pem.clone(),
        key_pem: patients.member.identity.key_pem.clone(),
    };
    let peer = Liar::open(identity, Script::honest().demanding(&space.roots()));
    let mut plan = practices_plan(Engine::Sqlite, practices, &patients);
    plan.operator.as_mut().unwrap().routes.iter_mut().for_each(|route| route.port = peer.port());
    let mut house = House::build(plan);
    let (next, acknowledged, unknown) = (AtomicUsize::new(0), Mutex::default(), Mutex::default());
    for cycle in 0..cycles {
        under_load(&house, &peer, &next, [&acknowledged, &unknown], cycle);
        house.kill();
        house.start();
        let ran = house.pli("verify", &[]);
        assert!(ran.code == Some(0), "cycle {cycle}: {}\n{}", ran.text(), ran.err);
    }
    // Who heard nothing sends again, and is recognised when the first copy was kept.
    let mut client = house.sender(MARIE.address, MARIE.password).unwrap();
    for number in unknown.lock().unwrap().drain(..) {
        assert_eq!(client.send(MARIE.address, &[JEAN.address], &letter(number)).unwrap().code, 250);
        acknowledged.lock().unwrap().push(number);
    }
    until(ARRIVAL, || {
        drop(house.pli("queue", &["retry", PATIENTS]));
        let waiting = house.pli("queue", &["list"]).ok().text();
        assert!(!waiting.contains("quarantined"), "letters stand aside that killed nobody:\n{waiting}");
        waiting.contains("Nothing waits").then_some(())
    });
    let mut copies: BTreeMap<usize, usize> = BTreeMap::new();
    for caught in peer.kept() {
        let number = number_of(&caught.octets);
        assert!(caught.octets.ends_with(&letter(number)), "letter {number} is damaged");
        assert_eq!(caught.to, [JEAN.address]);
        *copies.entry(number).or_default() += 1;
    }
    let acknowledged = acknowledged.into_inner().unwrap();
    let lost: Vec<_> = acknowledged.iter().filter(|number| !copies.contains_key(number)).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    assert_eq!(copies.len(), acknowledged.len(), "letters that nobody sent");
    let twice: usize = copies.values().map(|copies| copies - 1).sum();
    assert!(twice <= SESSIONS * cycles, "{twice} second copies in {cycles} deaths");
    let more: Vec<_> = copies.iter().filter(|(_, copies)| **copies > 1 + cycles).collect();
    assert!(more.is_empty(), "{more:?}");
    house.stop("TERM");
    house.pli("verify", &[]).ok();
    println!("{} letters, {cycles} deaths, none lost, {twice} came twice", acknowledged.len());
}

fn letter(number: usize) -> Vec<u8> {
    let text = format!("Lettre {number}. {}", "Quelques mots de plus.\r\n".repeat(20 + number % 900));
    Letter::new(MARIE.address, JEAN.address, &format!("Lettre {number}"), &text)
        .field("Message-ID", &format!("<{number}@stories.example>"))
        .field("Date", "Sat, 31 Jan 2026 09:00:00 +0100")
        .octets()
}

/// Senders write until the peer has had some more; then the server dies, anywhere in their lives.
fn under_load(
    house: &House,
    peer: &Liar,
    next: &AtomicUsize,
    [acknowledged, unknown]: [&Mutex<Vec<usize>>; 2],
    cycle: usize,
) {
    let wanted = peer.kept().len() + 20;
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                let Ok(mut client) = house.sender(MARIE.address, MARIE.password) else { return };
                while !stop.load(Ordering::SeqCst) {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    match client.envelope(MARIE.address, &[JEAN.address]) {
                        Ok(None) => {}
                        Ok(Some(refusal)) => panic!("letter {number}: {}", refusal.text),
                        Err(_) => return,
                    }
                    match client.letter(&letter(number)) {
                        Ok(answer) => {
                            assert_eq!(answer.code, 250, "letter {number}: {}", answer.text);
                            acknowledged.lock().unwrap().push(number);
                        }
                        Err(_) => return unknown.lock().unwrap().push(number),
                    }
                }
            });
        }
        until(LOAD, || (peer.kept().len() >= wanted).then_some(()));
        let chance = RandomState::new().hash_one(cycle) % 12_000;
        std::thread::park_timeout(Duration::from_micros(chance));
        house.signal("KILL");
        stop.store(true, Ordering::SeqCst);
    });
}

fn number_of(octets: &[u8]) -> usize {
    let text = String::from_utf8_lossy(octets);
    let (before, _) = text.split_once("@stories.example>").expect("every letter has a Message-ID");
    let (_, number) = before.rsplit_once('<').expect("in brackets");
    number.parse().expect("numbered by this story")
}
