//! The network between operators fails without a word: DNS is ill, a peer falls silent after any verb, both sides
//! are parted and joined again. Each letter arrives once, or its sender has one report (RELIABILITY,
//!

use crate::neighbours::{PATIENTS, operators, patients_plan, practices_plan, with_neighbour};
use crate::people::{JEAN, MARIE};
use crate::two_operators::wait_for;
use certs::Issued;
use kit::{
    Cut, Cutter, Engine, Fate, House, How, Letter, Liar, Lie, Limit, Member, NamesServer, Occasion, Plan,
    Point, Script, TrustSpace, Way, Weather, jpeg, until,
};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

const SETTLED: Limit = Limit(Duration::from_secs(240), "every letter to be settled");
const CLINIC: &str = "clinique-du-parc.mssante.example";
/// How long a house of these stories waits for one answer: seconds where the rule is minutes.
const IMPATIENT: &str = "[queue]\npatience_seconds = 2\n";

fn impatient(mut plan: Plan) -> Plan {
    plan.settings.push_str(IMPATIENT);
    plan
}

fn identity(member: &Member) -> Issued {
    Issued { chain_pem: member.identity.chain_pem.clone(), key_pem: member.identity.key_pem.clone() }
}

fn write(house: &House, to: &str, subject: &str, by: Option<u32>) {
    let letter = Letter::new(MARIE.address, to, subject, "Bonjour.")
        .file("radio.jpg", "image/jpeg", jpeg(subject, 400_000))
        .octets();
    let mut client = house.sender(MARIE.address, MARIE.password).unwrap();
    let by = by.map_or_else(String::new, |by| format!(" BY={by};R"));
    client.expect(&format!("MAIL FROM:<{}>{by}", MARIE.address), 250).unwrap();
    client.expect(&format!("RCPT TO:<{to}>"), 250).unwrap();
    client.expect("DATA", 354).unwrap();
    let answer = client.letter(&letter).unwrap();
    assert_eq!(answer.code, 250, "{subject}: {}", answer.text);
}

/// Hurries until nothing waits.
fn drain(house: &House) {
    until(SETTLED, || {
        // It says so when there was nothing to hurry.
        drop(house.pli("queue", &["retry", "all"]));
        house.pli("queue", &["list"]).ok().text().contains("Nothing waits").then_some(())
    });
}

/// Waits for a line of the log behind its first `from` octets.
fn says(house: &House, from: usize, words: &'static str) {
    until(Limit(SETTLED.0, words), || house.log()[from..].contains(words).then_some(()));
}

/// How many recipients the sender was told to have failed, by reports.
fn failures(house: &House) -> Vec<String> {
    let letters = house.reader(MARIE.address, MARIE.password).unwrap().letters().unwrap();
    let mut failed = Vec::new();
    for letter in letters {
        let text = String::from_utf8_lossy(&letter).into_owned();
        let mut recipient = String::new();
        for line in text.lines() {
            if let Some(address) = line.strip_prefix("Final-Recipient: rfc822; ") {
                recipient = address.to_owned();
            }
            if line == "Action: failed" {
                failed.push(recipient.clone());
            }
        }
    }
    failed
}

#[test]
fn r_15_a_letter_waits_while_dns_is_ill_and_arrives_once_when_it_is_well() {
    let space = TrustSpace::found();
    let [practices, patients] = operators(&space);
    // It takes one letter a connection: each next one asks the way anew.
    let alone = Lie::SayAndClose("250 2.0.0 kept".to_owned());
    let script = Script::honest().always(Occasion::Dot, alone).demanding(&space.roots());
    let peer = Liar::open(identity(&patients.member), script);
    let names = NamesServer::open(PATIENTS, &patients.member.host);
    let clinic = space.member("mail.clinique-du-parc.mssante.example", "CLINIQUE DU PARC");
    let mut plan = with_neighbour(practices_plan(Engine::Sqlite, practices, &patients), CLINIC, &clinic, 9);
    plan.operator.as_mut().unwrap().routes.clear();
    plan.settings.push_str(&format!("[queue]\ndns = \"{}\"\nport = {}\n", names.address(), peer.port()));
    let house = House::build(plan);

    // Nothing is known of the domain yet, and everything is wrong with DNS, one thing after another.
    names.now(Weather::ServFail);
    let from = house.log().len();
    write(&house, JEAN.address, "Par gros temps", None);
    says(&house, from, "DNS gives no answer for patient.mssante.example");
    for (weather, words) in [
        (Weather::NxDomain, "DNS does not know patient.mssante.example"),
        (Weather::Silent, "DNS gives no answer for patient.mssante.example"),
    ] {
        names.now(weather);
        let (from, asked) = (house.log().len(), names.asked());
        until(Limit(SETTLED.0, words), || {
            drop(house.pli("queue", &["retry", "all"]));
            house.log()[from..].contains(words).then_some(())
        });
        assert!(names.asked() > asked, "{weather:?}: it was asked");
    }
    assert!(peer.heard().is_empty() && failures(&house).is_empty(), "neither sent nor given up");
    names.now(Weather::Fair);
    drain(&house);
    assert_eq!(peer.kept().len(), 1);

    // Once a way is known it stands in.
    names.now(Weather::ServFail);
    let from = house.log().len();
    write(&house, JEAN.address, "Par le chemin connu", None);
    drain(&house);
    says(&house, from, "the last known way stands in");
    assert_eq!(peer.kept().len(), 2);

    // A domain of the list that DNS never knows: one report, when the time of the letter is over.
    names.now(Weather::Fair);
    let surgeon = format!("chirurgie@{CLINIC}");
    write(&house, &surgeon, "Sans adresse", Some(60));
    drain(&house);
    let report = wait_for(&house, "the report", |text| text.contains("report-type=delivery-status"));
    assert!(String::from_utf8_lossy(&report).contains("Sans adresse"));
    assert_eq!(failures(&house), [surgeon]);
    assert_eq!(peer.heard().len(), 2);
    house.pli("verify", &[]).ok();
}

/// Where a peer falls silent, and whether it has the letter by then.
fn silences() -> [(&'static str, Occasion, bool); 10] {
    [
        ("greeting", Occasion::Greeting, false),
        ("hello", Occasion::Hello, false),
        ("starttls", Occasion::StartTls, false),
        ("handshake", Occasion::Handshake, false),
        ("hello-again", Occasion::HelloUnderTls, false),
        ("mail", Occasion::Mail, false),
        ("rcpt", Occasion::Rcpt(""), false),
        ("data", Occasion::Data, false),
        ("content", Occasion::Content(100_000), false),
        ("dot", Occasion::Dot, true),
    ]
}

#[test]
fn r_17_a_peer_that_falls_silent_after_any_verb_has_the_letter_once_when_it_speaks_again() {
    let space = TrustSpace::found();
    let [practices, patients] = operators(&space);
    let mut plan = impatient(practices_plan(Engine::Sqlite, practices, &patients));
    let mut peers = Vec::new();
    let never = ("never", Occasion::Mail, false);
    for (name, occasion, has_it) in silences().into_iter().chain([never]) {
        let domain = format!("{name}.mssante.example");
        let member = space.member(&format!("mail.{domain}"), &format!("PAIR {name}"));
        let script = match name {
            "never" => Script::honest().always(occasion, Lie::Silence),
            _ => Script::honest().times(1, occasion, Lie::Silence),
        };
        let liar = Liar::open(identity(&member), script.demanding(&space.roots()));
        plan = with_neighbour(plan, &domain, &member, liar.port());
        peers.push((name, domain, liar, has_it));
    }
    let house = House::build(plan);
    for (name, domain, ..) in &peers {
        let by = (*name == "never").then_some(60);
        write(&house, &format!("accueil@{domain}"), name, by);
    }
    drain(&house);
    for (name, _, liar, has_it) in &peers {
        let fates: Vec<Fate> = liar.heard().into_iter().map(|heard| heard.fate).collect();
        let wanted: &[Fate] = match (*name, has_it) {
            ("never", _) => &[],
            // The peer had the letter and its sender could not know (RFC 1047): the same octets again.
            (_, true) => &[Fate::Unanswered, Fate::Kept],
            (_, false) => &[Fate::Kept],
        };
        assert_eq!(fates, wanted, "{name}");
        let octets: Vec<_> = liar.heard().into_iter().map(|heard| heard.caught.octets).collect();
        assert!(octets.windows(2).all(|pair| pair[0] == pair[1]), "{name}: the same letter");
        assert!(liar.sessions().len() >= 2, "{name}: it was silent, and asked again");
    }
    assert_eq!(failures(&house), ["accueil@never.mssante.example"]);
    house.pli("verify", &[]).ok();
}

#[test]
fn r_19_two_operators_that_are_parted_and_joined_again_have_each_letter_once() {
    let space = TrustSpace::found();
    let [practices, patients] = operators(&space);
    let cutter = Cutter::open(SocketAddr::from((Ipv4Addr::LOCALHOST, patients.ports.mx)));
    let mut plan = impatient(practices_plan(Engine::Sqlite, practices.clone(), &patients));
    plan.operator.as_mut().unwrap().routes.iter_mut().for_each(|route| route.port = cutter.port());
    let patients = House::build(patients_plan(Engine::Sqlite, patients, &practices));
    let practices = House::build(plan);
    let received = || {
        let ran = patients.pli("admin", &["account", "history", "--lines", "1000", JEAN.address]).ok();
        ran.text().lines().filter(|line| line.contains("received")).count()
    };
    for (turn, (name, octets)) in
        [("Avant la session", None), ("Au milieu", Some(200_000)), ("Avant la réponse", Some(530_000))]
            .into_iter()
            .enumerate()
    {
        cutter.hang_up(); // what was kept open for the next letter would not be parted where it is wanted
        match octets {
            None => cutter.part(),
            Some(octets) => {
                let point = Point::Octets(octets);
                cutter.next(Some(Cut { after: (Way::Up, point), then: (Way::Up, How::Part) }));
            }
        }
        let from = practices.log().len();
        write(&practices, JEAN.address, name, None);
        says(&practices, from, "waits:");
        assert!(cutter.is_parted(), "{name}");
        // Trying changes nothing while it lasts.
        let connections = cutter.connections();
        until(SETTLED, || {
            drop(practices.pli("queue", &["retry", "all"]));
            (cutter.connections() > connections).then_some(())
        });
        assert_eq!(received(), turn, "{name}: nothing has come");
        cutter.heal();
        drain(&practices);
        assert_eq!(received(), turn + 1, "{name}");
    }
    assert!(failures(&practices).is_empty(), "what arrived is not reported");
    for house in [&practices, &patients] {
        house.pli("verify", &[]).ok();
    }
}
