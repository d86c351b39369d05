//! Two servers on one PostgreSQL database, as on two machines: they share the queue and never take the same row,
//! one takes over what the other held when it died, and an open mailbox of one hears of what came through the
//! other.

use crate::neighbours::{operators, practices_plan};
use crate::people::{JEAN, MARIE, PAUL, Professional};
use certs::Issued;
use kit::{Engine, House, Letter, Liar, Lie, Limit, Occasion, Plan, Script, TrustSpace, until};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const LETTERS: usize = 200;
const SETTLED: Limit = Limit(Duration::from_secs(240), "nothing to wait");
/// An open mailbox is to show a letter within this, whichever server it came through.
const SOON: Duration = Duration::from_secs(1);

/// Two servers and the peer they send to.
struct Pair {
    one: House,
    other: House,
    peer: Liar,
}

impl Pair {
    fn open(space: &TrustSpace, script: Script) -> Self {
        let [practices, patients] = operators(space);
        let identity = Issued {
            chain_pem: patients.member.identity.chain_pem.clone(),
            key_pem: patients.member.identity.key_pem.clone(),
        };
        let peer = Liar::open(identity, script.demanding(&space.roots()));
        let mut plan = practices_plan(Engine::Postgres, practices, &patients);
        plan.operator.as_mut().unwrap().routes.iter_mut().for_each(|route| route.port = peer.port());
        let one = House::build(plan);
        let other = one.beside();
        Self { one, other, peer }
    }
}

fn letter(who: &Professional, number: usize) -> Vec<u8> {
    Letter::new(who.address, JEAN.address, &format!("Lettre {number}"), "Quelques mots.")
        .field("Message-ID", &format!("<{number}@deux.example>"))
        .field("Date", "Sat, 31 Jan 2026 09:00:00 +0100")
        .octets()
}

/// How often the peer answered for each letter.
fn kept(peer: &Liar) -> BTreeMap<usize, usize> {
    let mut copies = BTreeMap::new();
    for caught in peer.kept() {
        let text = String::from_utf8_lossy(&caught.octets).into_owned();
        let (before, _) = text.split_once("@deux.example>").expect("a letter of this story");
        let (_, number) = before.rsplit_once('<').expect("in brackets");
        *copies.entry(number.parse().expect("numbered by this story")).or_default() += 1;
    }
    copies
}

/// Half of the letters at each server, at once; all are accepted.
fn write(pair: &Pair) {
    std::thread::scope(|scope| {
        for (turn, (house, who)) in [(&pair.one, &MARIE), (&pair.other, &PAUL)].into_iter().enumerate() {
            scope.spawn(move || {
                let mut client = house.sender(who.address, who.password).unwrap();
                for number in (turn..LETTERS).step_by(2) {
                    let answer = client.send(who.address, &[JEAN.address], &letter(who, number)).unwrap();
                    assert_eq!(answer.code, 250, "letter {number}: {}", answer.text);
                }
            });
        }
    });
}

fn nothing_waits(house: &House) -> Option<()> {
    house.pli("queue", &["list"]).ok().text().contains("Nothing waits").then_some(())
}

fn count(house: &House, sql: &str) -> usize {
    house.schema().expect("PostgreSQL").ask(sql).parse().expect("a number")
}

/// The number of a server's data folder, which the leases of its worker bear.
fn home(house: &House) -> i64 {
    let lock = std::fs::read_to_string(house.path("data/lock")).unwrap();
    i64::from_str_radix(lock.split(' ').next().unwrap(), 16).unwrap()
}

#[test]
fn two_servers_send_what_both_accepted_and_each_letter_once() {
    let pair = Pair::open(&TrustSpace::found(), Script::honest());
    write(&pair);
    until(SETTLED, || nothing_waits(&pair.one));
    let copies = kept(&pair.peer);
    assert_eq!(copies.len(), LETTERS);
    assert!(copies.values().all(|count| *count == 1), "{copies:?}");
    // They are two: each has made sessions of its own.
    for house in [&pair.one, &pair.other] {
        assert!(house.log().contains("delivered") || house.log().contains("sent"), "{}", house.log());
    }
    pair.one.pli("verify", &[]).ok();
}

#[test]
fn what_a_killed_server_held_is_sent_by_the_other_when_its_lease_is_over() {
    let space = TrustSpace::found();
    // The peer has each letter in hand for ever: whatever is under way at the kill is held by a lease.
    let silent = Script::honest().always(Occasion::Mail, Lie::Silence);
    let Pair { mut one, other, peer } = Pair::open(&space, silent);
    // Only the one to be killed has letters to send: the other holds none yet.
    let mut client = one.sender(MARIE.address, MARIE.password).unwrap();
    for number in 0..LETTERS {
        let answer = client.send(MARIE.address, &[JEAN.address], &letter(&MARIE, number)).unwrap();
        assert_eq!(answer.code, 250, "letter {number}: {}", answer.text);
    }
    let home = home(&one);
    assert_ne!(home, self::home(&other), "each data folder is a home of its own");
    let held = format!("SELECT count(*) FROM outbound WHERE lease >> 32 = {home}");
    until(Limit(SETTLED.0, "letters in hand"), || (count(&one, &held) > 0).then_some(()));
    one.signal("KILL");
    one.wait_for_end();
    let orphans = count(&one, &held);
    assert!(orphans > 0, "letters in hand died with it");

    // The peer is well again; nobody touches what the dead one held, until its lease is over.
    peer.now(Script::honest().demanding(&space.roots()));
    assert_eq!(count(&one, "SELECT count(*) FROM outbound"), LETTERS, "none is lost");
    let over =
        format!("UPDATE outbound SET due_at = 0 WHERE lease >> 32 = {home}; SELECT count(*) FROM outbound");
    count(&one, &over);
    until(SETTLED, || {
        drop(other.pli("queue", &["retry", "all"]));
        nothing_waits(&other)
    });
    let copies = kept(&peer);
    assert_eq!(copies.len(), LETTERS);
    assert!(copies.values().all(|count| *count == 1), "{copies:?}");
    println!("{orphans} letters in the hands of a dead server went out by the other");
    other.pli("verify", &[]).ok();
    let told = other.reader(MARIE.address, MARIE.password).unwrap().letters().unwrap();
    assert!(told.is_empty(), "what arrived is not reported");
}

#[test]
fn an_open_mailbox_shows_within_a_second_what_came_through_the_other_server() {
    let one = House::build(Plan::demo(Engine::Postgres));
    let other = one.beside();
    let mut reader = other.reader(PAUL.address, PAUL.password).unwrap();
    let before = reader.letters().unwrap().len();
    let mut client = one.sender(MARIE.address, MARIE.password).unwrap();
    let mut slowest = Duration::ZERO;
    for turn in 1..=10 {
        reader.socket.send(b"idle IDLE\r\n").unwrap();
        assert!(reader.whole_line().unwrap().line.starts_with('+'));
        let subject = format!("Nouvelle {turn}");
        let letter = Letter::new(MARIE.address, PAUL.address, &subject, "Bonjour.").octets();
        let answer = client.send(MARIE.address, &[PAUL.address], &letter).unwrap();
        assert_eq!(answer.code, 250, "{}", answer.text);
        let sent = Instant::now();
        let exists = format!("* {} EXISTS", before + turn);
        while reader.whole_line().unwrap().line != exists {}
        slowest = slowest.max(sent.elapsed());
        reader.socket.send(b"DONE\r\n").unwrap();
        while !reader.whole_line().unwrap().line.starts_with("idle OK") {}
    }
    println!("the slowest of ten letters was seen after {slowest:?}");
    assert!(slowest < SOON, "{slowest:?}");
    // And it can be read there.
    assert_eq!(reader.letters().unwrap().len(), before + 10);
}
