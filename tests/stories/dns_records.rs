//! What `pli check dns` tells an operator to publish, published in a server of DNS that is not ours.

use kit::{Engine, House, Limit, Plan, ZoneServer, until};
use std::time::Duration;

const READ: Limit = Limit(Duration::from_secs(30), "NSD to read its zone");

/// What remains to be done, of what `pli check dns` says.
fn open_points(told: &str) -> Vec<&str> {
    told.lines().filter(|line| line.contains("ATTENTION") || line.contains("WRONG")).collect()
}

#[test]
fn the_records_that_check_dns_prints_are_those_it_finds_once_they_are_published() {
    let mut names = ZoneServer::open();
    let plan = Plan {
        domains: vec!["cabinet.example".to_owned(), "hopital.example".to_owned()],
        settings: format!("[queue]\ndns = \"{}\"\n", names.address()),
        ..Plan::demo(Engine::Sqlite)
    };
    let house = House::build(plan);
    let ask = || house.pli("check", &["dns"]).ok().text();

    let before = ask();
    for missing in [
        "mail.pli.example: ",
        "cabinet.example: ",
        "_imaps._tcp.cabinet.example is not there",
        "autoconfig.hopital.example: ",
    ] {
        assert!(open_points(&before).iter().any(|line| line.contains(missing)), "{missing}\n{before}");
    }

    // The lines as they are printed, with the one address that only the operator knows.
    let printed: Vec<&str> = before.lines().filter(|line| line.contains(". IN ")).collect();
    let records: Vec<&str> = printed.iter().copied().filter(|line| !line.contains('«')).collect();
    for name in ["admin.localhost. IN CNAME", "annuaire.localhost. IN CNAME", "hopital.example. IN MX"] {
        assert!(records.iter().any(|line| line.starts_with(name)), "{name}\n{before}");
    }
    // What is told of each point that is open is the record of the list.
    for line in open_points(&before).iter().filter(|line| line.contains(" SRV ")) {
        let advice = line.split(['«', '»']).nth(1).unwrap();
        assert!(records.contains(&advice), "{advice}\n{before}");
    }
    let zone = records.join("\n").replace("<address of this machine>", "127.0.0.1") + "\n";
    names.publish(&zone);
    let after = until(READ, || Some(ask()).filter(|told| open_points(told).is_empty()));
    assert!(after.contains("the mail of cabinet.example comes to mail.pli.example"), "{after}");
    assert!(!names.log().contains("error"), "NSD understands every line:\n{}", names.log());

    // One record goes elsewhere: that one is named, with what it is and what it should be.
    let imaps = format!("{} mail.pli.example.", house.ports.imaps);
    assert!(zone.contains(&imaps), "{zone}");
    names.publish(&zone.replace(&imaps, "993 old.pli.example."));
    let astray = until(READ, || Some(ask()).filter(|told| !open_points(told).is_empty()));
    for line in open_points(&astray) {
        assert!(line.contains("_imaps._tcp.") && line.contains("old.pli.example:993"), "{astray}");
    }
    assert_eq!(open_points(&astray).len(), 2, "once for each domain: {astray}");

    // The mail of a domain goes to somebody else.
    names.publish(
        &zone.replace("cabinet.example. IN MX 10 mail.pli.example.", "cabinet.example. IN MX 10 ns.example."),
    );
    let elsewhere = until(READ, || Some(ask()).filter(|told| told.contains("goes to ns.example")));
    assert_eq!(open_points(&elsewhere).len(), 1, "{elsewhere}");

    // Nobody answers: one line, and no waiting for each name.
    drop(names);
    let silent = ask();
    assert!(matches!(open_points(&silent)[..], [line] if line.contains("gives no answer")), "{silent}");
}
