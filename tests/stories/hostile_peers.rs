//! A thousand sends to operators that refuse, contradict themselves, cut the line and pretend to be others:
//! each recipient has the letter or its sender has one report, and nobody has another's.

use crate::neighbours::{operators, practices_plan, with_neighbour};
use crate::people::{MARIE, PAUL, Professional};
use certs::Issued;
use kit::{Engine, Fate, House, Letter, Liar, Lie, Limit, Member, Occasion, Script, TrustSpace, until};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

#[test]
fn a_thousand_sends_to_hostile_peers_end_as_a_letter_or_one_report_on_sqlite() {
    tell(Engine::Sqlite);
}

#[test]
fn a_thousand_sends_to_hostile_peers_end_as_a_letter_or_one_report_on_postgresql() {
    tell(Engine::Postgres);
}

const LETTERS: usize = 250;
const RECIPIENTS: usize = 4;
/// Seconds that senders give each letter; what has not arrived by then comes back (RFC 2852).
const BY: u32 = 120;
const SETTLED: Limit = Limit(Duration::from_secs(420), "every send to be settled");

/// What each of them does.
fn vices(other: &Member) -> Vec<(&'static str, Script)> {
    let honest = Script::honest;
    let say = |words: &str| Lie::Say(words.to_owned());
    let farewell = |words: &str| Lie::SayAndClose(words.to_owned());
    vec![
        ("honest", honest()),
        ("never-now", honest().saying(Occasion::Mail, "451 4.3.2 not now")),
        ("never", honest().saying(Occasion::Mail, "550 5.7.1 not you")),
        (
            "mixed",
            honest()
                .saying(Occasion::Rcpt("plein"), "452 4.2.2 full")
                .saying(Occasion::Rcpt("parti"), "550 5.1.6 gone"),
        ),
        ("farewell", honest().times(3, Occasion::Data, farewell("421 4.3.2 bye"))),
        ("half-way", honest().times(3, Occasion::Content(200), Lie::Break)),
        ("lost-answer", honest().times(3, Occasion::Dot, Lie::Close)),
        ("yes-and-gone", honest().always(Occasion::Dot, farewell("250 2.0.0 kept"))),
        ("injects", honest().always(Occasion::StartTls, say("220 2.0.0 go\r\n250 2.1.0 ok"))),
        ("impostor", honest().always(Occasion::Handshake, Lie::Certificate(other.identity.clone()))),
        ("busy", honest().always(Occasion::Greeting, farewell("554 5.3.2 no mail here"))),
        ("after-all-not", honest().saying(Occasion::Dot, "554 5.6.0 not this")),
        (
            "slow",
            honest().always(Occasion::Dot, Lie::Drip("250 2.0.0 kept".to_owned(), Duration::from_millis(5))),
        ),
        ("two-minds", honest().times(30, Occasion::Dot, say("451 4.3.0 later"))),
    ]
}

/// Everybody's mailbox names; two of them are what `mixed` treats badly.
const NAMES: [&str; 4] = ["accueil", "plein", "parti", "chirurgie"];

struct Peer {
    vice: &'static str,
    domain: String,
    liar: Liar,
}

/// One send: a letter and a recipient.
type Send = (usize, String);

fn tell(engine: Engine) {
    let space = TrustSpace::found();
    let [practices, patients] = operators(&space);
    let mut plan = practices_plan(engine, practices, &patients);
    let mut peers = Vec::new();
    for (vice, script) in vices(&patients.member) {
        let domain = format!("{vice}.mssante.example");
        let member = space.member(&format!("mail.{domain}"), &format!("PAIR {vice}"));
        let identity =
            Issued { chain_pem: member.identity.chain_pem.clone(), key_pem: member.identity.key_pem.clone() };
        let liar = Liar::open(identity, script.demanding(&space.roots()));
        plan = with_neighbour(plan, &domain, &member, liar.port());
        peers.push(Peer { vice, domain, liar });
    }
    let house = House::build(plan);
    let sends = write(&house, &peers);
    until(SETTLED, || {
        let ran = house.pli("queue", &["list"]).ok();
        ran.text().contains("Nothing waits").then_some(())
    });
    judge(&house, &peers, &sends);
    house.pli("verify", &[]).ok();
}

/// The letters of two senders at once; all are accepted.
fn write(house: &House, peers: &[Peer]) -> BTreeSet<Send> {
    let all: BTreeMap<usize, Vec<String>> =
        (0..LETTERS).map(|letter| (letter, recipients(letter, peers))).collect();
    std::thread::scope(|scope| {
        for (turn, who) in [&MARIE, &PAUL].into_iter().enumerate() {
            let mine = all.iter().filter(move |(letter, _)| *letter % 2 == turn);
            scope.spawn(move || {
                let mut client = house.sender(who.address, who.password).unwrap();
                for (letter, to) in mine {
                    let mail = format!("MAIL FROM:<{}> BY={BY};R", who.address);
                    client.expect(&mail, 250).unwrap();
                    for to in to {
                        client.expect(&format!("RCPT TO:<{to}>"), 250).unwrap();
                    }
                    client.expect("DATA", 354).unwrap();
                    let answer = client.letter(&octets(*letter, who)).unwrap();
                    assert_eq!(answer.code, 250, "letter {letter}: {}", answer.text);
                }
            });
        }
    });
    all.into_iter().flat_map(|(letter, to)| to.into_iter().map(move |to| (letter, to))).collect()
}

/// Four recipients: two neighbours at one operator, two elsewhere; every pair of operators comes together.
fn recipients(letter: usize, peers: &[Peer]) -> Vec<String> {
    let count = peers.len();
    let (first, step) = (letter % count, 1 + letter / count % (count - 1));
    let place = |turn: usize| &peers[(first + turn * step) % count].domain;
    let name = |turn: usize| NAMES[(letter + turn) % NAMES.len()];
    let to: BTreeSet<String> = [
        format!("{}@{}", name(0), place(0)),
        format!("{}@{}", name(1), place(0)),
        format!("{}@{}", name(2), place(1)),
        format!("n{letter}.{}@{}", name(3), place(1)),
    ]
    .into();
    assert_eq!(to.len(), RECIPIENTS);
    to.into_iter().collect()
}

fn octets(letter: usize, who: &Professional) -> Vec<u8> {
    let text = format!("Lettre {letter}.\r\n.\r\n{}", "Quelques mots.\r\n".repeat(40 + letter % 60));
    Letter::new(who.address, "plusieurs:;", &format!("Lettre {letter}"), &text)
        .field("Message-ID", &format!("<{letter}@hostiles.example>"))
        .field("Date", "Sat, 31 Jan 2026 09:00:00 +0100")
        .octets()
}

fn judge(house: &House, peers: &[Peer], sends: &BTreeSet<Send>) {
    let reports = reports(house);
    let mut kept: BTreeMap<Send, u32> = BTreeMap::new();
    let mut unanswered: BTreeMap<Send, u32> = BTreeMap::new();
    for peer in peers {
        for session in peer.liar.sessions() {
            let talked = session.lines.iter().any(|line| line.starts_with("MAIL"));
            assert!(!talked || session.secured, "{}: MAIL in the clear", peer.vice);
            let trusted = !matches!(peer.vice, "injects" | "impostor" | "busy");
            assert!(!talked || trusted, "{}: MAIL to a peer that is not trusted", peer.vice);
        }
        for heard in peer.liar.heard() {
            let letter = number(&heard.caught.octets);
            let who = if letter.is_multiple_of(2) { &MARIE } else { &PAUL };
            assert_eq!(heard.caught.from, who.address, "{}", peer.vice);
            assert!(
                heard.caught.octets.ends_with(&octets(letter, who)),
                "{}: letter {letter} is damaged",
                peer.vice
            );
            for to in heard.caught.to {
                let send = (letter, to);
                assert!(
                    send.1.ends_with(&format!("@{}", peer.domain)),
                    "{}: {} is not theirs",
                    peer.vice,
                    send.1
                );
                assert!(sends.contains(&send), "{}: nobody sent {send:?}", peer.vice);
                match heard.fate {
                    Fate::Kept => *kept.entry(send).or_default() += 1,
                    Fate::Unanswered => *unanswered.entry(send).or_default() += 1,
                    Fate::Refused => {}
                }
            }
        }
    }
    let mut wrong = Vec::new();
    let mut figures: BTreeMap<&str, [u32; 3]> = BTreeMap::new();
    for send in sends {
        let [kept, unanswered, reported] =
            [&kept, &unanswered, &reports].map(|counts| counts.get(send).copied().unwrap_or(0));
        // A second copy, or a report of what arrived, only where an answer was lost (RFC 1047).
        if !matches!((kept, reported), (1, 0) | (0, 1)) {
            wrong.push(format!("{send:?}: kept {kept}, unanswered {unanswered}, reported {reported}"));
        }
        let vice = send.1.rsplit_once('@').map_or("", |(_, domain)| domain);
        let row = figures.entry(vice).or_default();
        for (sum, count) in row.iter_mut().zip([kept, unanswered, reported]) {
            *sum += count;
        }
    }
    assert!(reports.keys().all(|send| sends.contains(send)), "a report about a letter that nobody sent");
    for (domain, [kept, unanswered, reported]) in &figures {
        println!("{domain:<28} kept {kept:>3}  unanswered {unanswered:>3}  reported {reported:>3}");
    }
    assert!(wrong.is_empty(), "{} of {} sends:\n{}", wrong.len(), sends.len(), wrong.join("\n"));
    // The peers did lie, and did not only lie.
    for (vice, delivered, came_back) in [
        ("honest", true, false),
        ("farewell", true, false),
        ("lost-answer", true, false),
        ("never", false, true),
        ("mixed", true, true),
        ("yes-and-gone", true, false),
        ("injects", false, true),
        ("impostor", false, true),
    ] {
        let [kept, _, reported] = figures[format!("{vice}.mssante.example").as_str()];
        assert_eq!((kept > 0, reported > 0), (delivered, came_back), "{vice}");
    }
}

/// How often the senders were told that a send failed.
fn reports(house: &House) -> BTreeMap<Send, u32> {
    let mut told = BTreeMap::new();
    for who in [&MARIE, &PAUL] {
        for report in house.reader(who.address, who.password).unwrap().letters().unwrap() {
            let text = String::from_utf8_lossy(&report).into_owned();
            let letter = number(&report);
            let who_of = if letter.is_multiple_of(2) { &MARIE } else { &PAUL };
            assert_eq!(who.address, who_of.address, "a report went to another sender");
            assert!(!text.contains("Quelques mots"), "the body is not given back");
            let mut recipient = "";
            for line in text.lines() {
                if let Some(address) = line.strip_prefix("Final-Recipient: rfc822; ") {
                    recipient = address;
                }
                if line == "Action: failed" {
                    *told.entry((letter, recipient.to_owned())).or_default() += 1;
                }
            }
        }
    }
    told
}

fn number(octets: &[u8]) -> usize {
    let text = String::from_utf8_lossy(octets);
    let (before, _) = text.split_once("@hostiles.example>").expect("a letter of this story");
    let (_, number) = before.rsplit_once('<').expect("an id in brackets");
    number.parse().expect("numbered by this story")
}
