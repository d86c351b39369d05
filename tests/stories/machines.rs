//! Machines of organisations open their applicative mailboxes by certificate (EXTERNAL), at both mail doors of a
//! running server; whoever shows another one gets nowhere.

use crate::people::with_people;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use certs::{Authority, Issued, ListOrder, OperatorName};
use kit::{Engine, House, ImapClient, Letter, Limit, Plan, Publisher, SmtpClient, now, until};
use std::io;
use std::time::Duration;

/// The hospital's machine, and the pharmacy's beside it.
const LABORATORY: &str = "laboratoire_auto@hopital-saint-roch.mssante.example";
const DISPENSARY: &str = "logiciel_auto@pharmacie-lilas.mssante.example";
const PHARMACY: &str = "[[mailboxes]]\naddress = \"logiciel_auto@pharmacie-lilas.mssante.example\"\n\
    kind = \"APP\"\norganisation = \"990000036\"\ndescription = \"Logiciel de la pharmacie\"\n";
/// Somebody of the same house to write to.
const PAUL: &str = "paul.ferrand@hopital-saint-roch.mssante.example";

/// A certificate of an organisation's machine.
fn machine(authority: &Authority, structure: &str) -> Issued {
    let name = OperatorName {
        common_name: "machine.example".to_owned(),
        structure: structure.to_owned(),
        organisation: "STRUCTURE INVENTÉE".to_owned(),
        department: "Bouches-du-Rhône (13)".to_owned(),
    };
    authority.client(&name, now()).expect("a certificate can be made")
}

/// What became of a sign-in.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// In.
    In,
    /// Asked, and refused by the door.
    Refused,
    /// The mechanism is not offered to them.
    NotOffered,
    /// The handshake ended it.
    Shut,
}

fn client(house: &House, identity: Option<&Issued>) -> io::Result<(SmtpClient, String)> {
    let mut client = SmtpClient(house.secure_as(house.ports.submissions, identity)?);
    client.answer()?;
    let offered = client.expect("EHLO stories.example", 250)?.text;
    Ok((client, offered))
}

/// At the submission door; `wish` names a mailbox.
fn sends(house: &House, identity: Option<&Issued>, wish: Option<&str>) -> Outcome {
    let Ok((mut client, offered)) = client(house, identity) else { return Outcome::Shut };
    let response = wish.map_or_else(|| "=".to_owned(), |wish| BASE64_STANDARD.encode(wish));
    let answer = client.say(&format!("AUTH EXTERNAL {response}")).expect("an answer");
    match (offered.contains("EXTERNAL"), answer.code) {
        (true, 235) => Outcome::In,
        (true, 535) => Outcome::Refused,
        (false, 504) => Outcome::NotOffered,
        (_, _) => panic!("{offered}\n{}", answer.text),
    }
}

/// At the door of mailboxes.
fn reads(house: &House, identity: Option<&Issued>, wish: Option<&str>) -> Outcome {
    let socket = house.secure_as(house.ports.imaps, identity);
    let Ok(mut client) = socket.and_then(ImapClient::connect) else { return Outcome::Shut };
    let offered = client.run("CAPABILITY").expect("a list")[0].line.contains("AUTH=EXTERNAL");
    let response = wish.map_or_else(|| "=".to_owned(), |wish| BASE64_STANDARD.encode(wish));
    let (_, end) = client.ask(&format!("AUTHENTICATE EXTERNAL {response}")).expect("an answer");
    match (offered, end.split(' ').next()) {
        (true, Some("OK")) => {
            client.run("SELECT INBOX").expect("its mailbox");
            Outcome::In
        }
        (true, Some("NO")) => Outcome::Refused,
        (false, Some("NO" | "BAD")) => Outcome::NotOffered,
        (_, _) => panic!("{offered}: {end}"),
    }
}

#[test]
fn a_machine_opens_its_organisation_s_mailbox_by_certificate_and_no_other_does_on_sqlite() {
    tell(Engine::Sqlite);
}

#[test]
fn a_machine_opens_its_organisation_s_mailbox_by_certificate_and_no_other_does_on_postgresql() {
    tell(Engine::Postgres);
}

fn tell(engine: Engine) {
    let authority = Authority::new("AC Organisations inventée", now()).expect("an authority can be made");
    let elsewhere = Authority::new("AC d'ailleurs", now()).expect("an authority can be made");
    let [hospital, pharmacy, practice, lost] =
        ["1990000010", "1990000036", "1990000028", "1990000010"].map(|id| machine(&authority, id));
    let [stranger, nobody] = [machine(&elsewhere, "1990000010"), machine(&authority, "1999999999")];
    let serial = lost.serial().expect("a certificate has a number");
    let list = authority.revocation_list(&ListOrder::daily(&[&serial], now())).expect("a list can be made");
    let publisher = Publisher::open(list.der);
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("machines.pem");
    std::fs::write(&roots, authority.certificate_pem()).unwrap();
    let settings = format!(
        "[machines]\nclient_roots = \"{}\"\nlist_urls = [\"{}\"]\n",
        roots.display(),
        publisher.address()
    );
    let house = House::build(with_people(Plan { settings, ..Plan::demo(engine) }, PHARMACY));
    // What no list vouches for is refused: the door opens when the list has come.
    until(Limit(Duration::from_secs(100), "a list to be fetched"), || {
        (sends(&house, Some(&hospital), None) == Outcome::In).then_some(())
    });

    type Case<'a> = (&'static str, Option<&'a Issued>, Option<&'static str>, Outcome);
    let cases: [Case<'_>; 9] = [
        ("its only machine", Some(&hospital), None, Outcome::In),
        ("its machine by name", Some(&hospital), Some(LABORATORY), Outcome::In),
        ("another organisation's", Some(&pharmacy), Some(LABORATORY), Outcome::Refused),
        ("a person of the same house", Some(&hospital), Some(PAUL), Outcome::Refused),
        ("no applicative mailbox", Some(&practice), None, Outcome::Refused),
        ("a structure that nobody knows", Some(&nobody), Some(LABORATORY), Outcome::Refused),
        ("revoked", Some(&lost), Some(LABORATORY), Outcome::Shut),
        ("from another root", Some(&stranger), Some(LABORATORY), Outcome::Shut),
        ("no certificate", None, Some(LABORATORY), Outcome::NotOffered),
    ];
    for (name, identity, wish, wanted) in cases {
        let before = house.log().len();
        assert_eq!(sends(&house, identity, wish), wanted, "{name}, sending");
        assert_eq!(reads(&house, identity, wish), wanted, "{name}, reading");
        if wanted == Outcome::Shut {
            let word = if name == "revoked" { "revoked" } else { "unknown-issuer" };
            until(Limit(Duration::from_secs(20), "a line of the log"), || {
                house.log()[before..].contains(word).then_some(())
            });
        }
    }
    // The other organisation's machine is well in its own.
    assert_eq!(reads(&house, Some(&pharmacy), Some(DISPENSARY)), Outcome::In);

    // Inside, a machine writes as itself and as nobody else; a colleague reads it.
    let (mut machine, _) = client(&house, Some(&hospital)).unwrap();
    machine.expect("AUTH EXTERNAL =", 235).unwrap();
    let forged = Letter::new(PAUL, PAUL, "Faux", "Bonjour.").octets();
    let answer = machine.send(PAUL, &[PAUL], &forged).unwrap();
    assert_eq!(answer.code / 100, 5, "{}", answer.text);
    let letter = Letter::new(LABORATORY, PAUL, "Résultats", "Glycémie normale.")
        .field("Message-ID", "<resultats@machines.example>")
        .field("Date", "Sat, 31 Jan 2026 09:00:00 +0100")
        .octets();
    let answer = machine.send(LABORATORY, &[PAUL], &letter).unwrap();
    assert_eq!(answer.code, 250, "{}", answer.text);
    let letters = house.reader(PAUL, "demo-paul-ferrand").unwrap().letters().unwrap();
    assert!(letters.iter().any(|found| found.ends_with(&letter)), "{} letters", letters.len());
    house.pli("verify", &[]).ok();
}
