//! A letter that is too large for somebody: told in the session where it is our own limit, by one report where
//! it is the other operator's, and in both languages (DOMAIN §3.6; RELIABILITY S-18).

use crate::neighbours::{Neighbours, operators, practices_plan};
use crate::people::{JEAN, MARIE};
use crate::two_operators::wait_for;
use certs::Issued;
use kit::{Engine, House, Letter, Liar, Limit, Script, TrustSpace, jpeg, until};
use std::time::Duration;

/// What the door takes, and what it says of it.
const OURS: usize = 25_000_000;
const SETTLED: Limit = Limit(Duration::from_secs(120), "nothing to wait");

fn photo(subject: &str, octets: usize) -> Vec<u8> {
    Letter::new(MARIE.address, JEAN.address, subject, "Voici la radio.")
        .file("radio.jpg", "image/jpeg", jpeg(subject, octets))
        .octets()
}

#[test]
fn a_letter_above_our_own_limit_is_refused_at_both_doors_before_it_is_sent() {
    let Neighbours { practices, patients } = Neighbours::open(Engine::Sqlite);
    let mut client = practices.sender(MARIE.address, MARIE.password).unwrap();
    let offered = client.expect("EHLO stories.example", 250).unwrap();
    assert!(offered.text.contains(&format!("SIZE {OURS}")), "{}", offered.text);
    // Declared: at MAIL, and the session goes on.
    let answer = client.say(&format!("MAIL FROM:<{}> SIZE=26000000", MARIE.address)).unwrap();
    assert!(answer.text.starts_with("552 5.3.4 "), "{}", answer.text);
    let letter = photo("Assez petite", 300_000);
    assert_eq!(client.send(MARIE.address, &[JEAN.address], &letter).unwrap().code, 250);
    // Not declared: after the dot. 26 MB on the wire.
    let letter = photo("Trop grande", 19_000_000);
    assert!(letter.len() > 26_000_000 - 400_000, "{}", letter.len());
    let mut client = practices.sender(MARIE.address, MARIE.password).unwrap();
    let answer = client.send(MARIE.address, &[JEAN.address], &letter).unwrap();
    assert!(answer.text.starts_with("552 5.3.4 "), "{}", answer.text);
    until(SETTLED, || nothing_waits(&practices));
    let ran = patients.pli("admin", &["account", "history", "--lines", "1000", JEAN.address]).ok();
    let came = ran.text().lines().filter(|line| line.contains("received")).count();
    assert_eq!(came, 1, "{}", ran.text());
    let none = practices.reader(MARIE.address, MARIE.password).unwrap().letters().unwrap();
    assert!(none.is_empty(), "what was refused in the session is reported there and nowhere else");
}

fn nothing_waits(house: &House) -> Option<()> {
    house.pli("queue", &["list"]).ok().text().contains("Nothing waits").then_some(())
}

/// How the other operator says it, and whether the letter crossed the wire.
fn smaller() -> [(&'static str, Script, bool); 3] {
    use kit::Occasion;
    let ten = ["PIPELINING", "SIZE 10000000", "8BITMIME", "ENHANCEDSTATUSCODES"];
    let silent = ["PIPELINING", "SIZE", "8BITMIME", "ENHANCEDSTATUSCODES"];
    [
        ("it announces less", Script::honest().offering(&ten), false),
        (
            "it says so at MAIL",
            Script::honest().offering(&silent).saying(Occasion::Mail, "552 5.3.4 10 MB here"),
            false,
        ),
        (
            "it says so after the letter",
            Script::honest().offering(&silent).saying(Occasion::Dot, "552 5.3.4 10 MB here"),
            true,
        ),
    ]
}

#[test]
fn a_letter_above_the_other_operator_s_limit_comes_back_as_one_report_in_both_languages() {
    for (name, script, crossed) in smaller() {
        let space = TrustSpace::found();
        let [practices, patients] = operators(&space);
        let identity = Issued {
            chain_pem: patients.member.identity.chain_pem.clone(),
            key_pem: patients.member.identity.key_pem.clone(),
        };
        let peer = Liar::open(identity, script.demanding(&space.roots()));
        let mut plan = practices_plan(Engine::Sqlite, practices, &patients);
        plan.operator.as_mut().unwrap().routes.iter_mut().for_each(|route| route.port = peer.port());
        let house = House::build(plan);
        let letter = photo("Grande radio", 9_000_000);
        assert!((10_000_001..OURS).contains(&letter.len()), "{}", letter.len());
        let mut client = house.sender(MARIE.address, MARIE.password).unwrap();
        assert_eq!(client.send(MARIE.address, &[JEAN.address], &letter).unwrap().code, 250, "{name}");
        let report = wait_for(&house, name, |text| text.contains("report-type=delivery-status"));
        until(SETTLED, || nothing_waits(&house));
        let text = String::from_utf8_lossy(&report);
        for part in [
            "\r\nAction: failed\r\n",
            "\r\nStatus: 5.3.4\r\n",
            &format!("\r\nFinal-Recipient: rfc822; {}\r\n", JEAN.address),
            "La lettre est trop volumineuse.",
            "The letter is too large.",
            "Grande radio",
        ] {
            assert!(text.contains(part), "{name}: no {part:?} in\n{text}");
        }
        assert!(text.len() < 30_000, "{name}: the letter is not given back: {} octets", text.len());
        let letters = house.reader(MARIE.address, MARIE.password).unwrap().letters().unwrap();
        assert_eq!(letters.len(), 1, "{name}: one report");
        assert!(peer.kept().is_empty(), "{name}");
        assert_eq!(!peer.heard().is_empty(), crossed, "{name}: whether ten megabytes were sent for nothing");
        let mails: Vec<String> = peer
            .sessions()
            .into_iter()
            .flat_map(|session| session.lines)
            .filter(|line| line.starts_with("MAIL"))
            .collect();
        assert!(mails.iter().all(|mail| mail.contains("SIZE=")), "{name}: {mails:?}");
    }
}
