//! The door of other operators, met by others as they should not be: RELIABILITY §2.1 and §2.2 on a
//! running server. What the machine and its world answer at each step is told by their own tests.

use crate::neighbours::{PATIENTS, operators, patients_plan, with_neighbour};
use crate::people::{JEAN, MARIE};
use certs::{Authority, Issued, ListOrder, Order, Purposes};
use kit::{Engine, House, Letter, Limit, Member, Publisher, SmtpClient, TrustSpace, now, until};
use names::{DAY, SECOND};
use std::io;
use std::time::Duration;

const CLINIC: &str = "clinique-du-parc.mssante.example";
const SURGEON: &str = "chirurgie@clinique-du-parc.mssante.example";

/// A house of patients, the operator of practices and a clinic beside it, and a clinic that lost its key.
struct Stage {
    space: TrustSpace,
    house: House,
    practices: Member,
    clinic: Member,
    revoked: Member,
}

impl Stage {
    fn set() -> Self {
        let space = TrustSpace::found();
        let [practices, patients] = operators(&space);
        let clinic = space.member("mail.clinique-du-parc.mssante.example", "CLINIQUE DU PARC");
        let revoked = space.member("mail.clinique-du-parc.mssante.example", "CLINIQUE DU PARC");
        let patients = space.operator(patients.member, &[&revoked.identity]);
        // Nobody listens there: nothing is sent in these stories.
        let plan = with_neighbour(patients_plan(Engine::Sqlite, patients, &practices), CLINIC, &clinic, 9);
        Self { house: House::build(plan), space, practices: practices.member, clinic, revoked }
    }

    fn peer(&self, member: &Member) -> SmtpClient {
        self.house.peer(Some(&member.identity)).unwrap()
    }

    /// Whether nothing was written in this house.
    fn is_untouched(&self) {
        let ran = self.house.pli("admin", &["account", "history", "--lines", "1000", JEAN.address]).ok();
        assert!(!ran.text().contains("received"), "{}", ran.text());
    }
}

/// What a client hears that shows this: the end of its connection, or a reply.
fn shown(house: &House, identity: Option<&Issued>, from: &str) -> io::Result<(u16, String)> {
    let mut client = house.peer(identity)?;
    let answer = client.say(&format!("MAIL FROM:<{from}>"))?;
    Ok((answer.code, answer.text))
}

#[test]
fn t_05_nine_certificates_that_are_not_good_enough_are_refused_and_the_log_says_which_and_why() {
    let stage = Stage::set();
    let subjects = ["auto-signe", "ailleurs", "serveur", "expire", "futur", "inconnu"]
        .map(|place| TrustSpace::name(&format!("{place}.clinique.example"), "CLINIQUE DU PARC"));
    let [alone, other, server, past, future, nobody] =
        subjects.each_ref().map(|subject| Order::operator(subject, now()));
    let issue = |order: &Order<'_>| stage.space.authority().issue(order).expect("a certificate can be made");
    let alone = alone.self_signed().expect("a certificate can be made");
    let other = Authority::new("AC d'ailleurs", now())
        .and_then(|elsewhere| elsewhere.issue(&other))
        .expect("a certificate can be made");
    let server = issue(&Order { purposes: Purposes::Server, ..server });
    let past = issue(&Order { from: now().plus(-30 * DAY), until: now().plus(-DAY), ..past });
    let future = issue(&Order { from: now().plus(DAY), until: now().plus(30 * DAY), ..future });
    let nobody = issue(&nobody);
    // The certificate, the sender it names, the reply when the handshake succeeds, and words of one line.
    type Case<'a> = (&'static str, Option<&'a Issued>, &'static str, Option<u16>, [&'static str; 2]);
    let cases: [Case<'_>; 9] = [
        ("none", None, SURGEON, None, ["no-certificate", "mx"]),
        ("self-signed", Some(&alone), SURGEON, None, ["self-signed", "auto-signe"]),
        ("wrong authority", Some(&other), SURGEON, None, ["unknown-issuer", "ailleurs"]),
        ("wrong purpose", Some(&server), SURGEON, None, ["wrong-purpose", "serveur"]),
        ("expired", Some(&past), SURGEON, None, ["expired", "expire."]),
        ("not yet valid", Some(&future), SURGEON, None, ["not-yet-valid", "futur"]),
        ("revoked", Some(&stage.revoked.identity), SURGEON, None, ["revoked", "CLINIQUE DU PARC"]),
        ("not on the list", Some(&nobody), SURGEON, Some(554), ["not on the list", "inconnu"]),
        (
            "another's domain",
            Some(&stage.clinic.identity),
            MARIE.address,
            Some(550),
            ["does not let this certificate speak", "cabinet-lilas.mssante.example"],
        ),
    ];
    for (name, identity, from, code, words) in cases {
        let before = stage.house.log().len();
        match (shown(&stage.house, identity, from), code) {
            (Err(_), None) => {}
            (Ok((said, text)), Some(code)) => {
                assert!(said == code && text.contains("5.7.1"), "{name}: {text}")
            }
            (got, _) => panic!("{name}: {got:?}"),
        }
        until(Limit(Duration::from_secs(20), name), || {
            let log = stage.house.log();
            let line = log[before..].lines().find(|line| words.iter().all(|word| line.contains(word)));
            line.map(|line| println!("{name}: {line}"))
        });
    }
    // The story itself can fail: with nothing wrong, the door is open.
    let (code, text) = shown(&stage.house, Some(&stage.clinic.identity), SURGEON).unwrap();
    assert_eq!(code, 250, "{text}");
    stage.is_untouched();
}

#[test]
fn t_08_a_certificate_is_refused_soon_after_the_list_that_revokes_it_is_published() {
    let space = TrustSpace::found();
    let [practices, mut patients] = operators(&space);
    let clinic = space.member("mail.clinique-du-parc.mssante.example", "CLINIQUE DU PARC");
    let list = |revoked: &[&str], number: u64| {
        // A publisher that promises the next list in a moment is asked again in a moment.
        let (this_update, next_update) = (now(), now().plus(3 * SECOND));
        let order = ListOrder { revoked, number, this_update, next_update };
        space.authority().revocation_list(&order).expect("a list can be made").der
    };
    let publisher = Publisher::open(list(&[], 1));
    patients.lists.truncate(1);
    patients.published.push(publisher.address());
    let plan = with_neighbour(patients_plan(Engine::Sqlite, patients, &practices), CLINIC, &clinic, 9);
    let house = House::build(plan);
    let said = || shown(&house, Some(&clinic.identity), SURGEON);
    let soon = Limit(Duration::from_secs(100), "a list to be fetched");
    until(soon, || said().is_ok_and(|(code, _)| code == 250).then_some(()));
    let mut before = house.peer(Some(&clinic.identity)).unwrap();
    let serial = clinic.identity.serial().expect("a certificate has a number");
    publisher.publish(list(&[&serial], 2));
    until(soon, || {
        drop(said());
        house.log().lines().any(|line| line.contains("refused") && line.contains("revoked")).then_some(())
    });
    assert!(said().is_err(), "the door is shut to it");
    // A session from before lives on; the next handshake is what is judged.
    assert_eq!(before.say(&format!("MAIL FROM:<{SURGEON}>")).unwrap().code, 250);
}

#[test]
fn t_06_from_is_bound_to_the_certificate_as_the_envelope_is() {
    let stage = Stage::set();
    let mut client = stage.peer(&stage.clinic);
    let forged = Letter::new(MARIE.address, JEAN.address, "Ordonnance", "Faux.").octets();
    let answer = client.send(SURGEON, &[JEAN.address], &forged).unwrap();
    assert!(answer.text.starts_with("550 5.7.1"), "{}", answer.text);
    stage.is_untouched();
    // Who may speak for that domain may say the same words.
    let answer = stage.peer(&stage.practices).send(MARIE.address, &[JEAN.address], &forged).unwrap();
    assert_eq!(answer.code, 250, "{}", answer.text);
}

#[test]
fn t_01_what_is_pipelined_after_starttls_in_the_clear_is_never_a_command() {
    let stage = Stage::set();
    let mut client = SmtpClient(stage.house.clear(stage.house.ports.mx).unwrap());
    client.answer().unwrap();
    client.expect("EHLO stories.example", 250).unwrap();
    let injected = format!("STARTTLS\r\nMAIL FROM:<{SURGEON}>\r\n");
    client.0.send(injected.as_bytes()).unwrap();
    // Whatever it says to STARTTLS, it says nothing to the rest, and does not go on.
    let said = client.0.rest().unwrap();
    assert!(!String::from_utf8_lossy(&said).contains("250 "), "{}", String::from_utf8_lossy(&said));
    stage.is_untouched();
}

#[test]
fn t_04_a_browser_that_was_led_to_the_door_is_sent_away() {
    let stage = Stage::set();
    for first in ["POST / HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"] {
        let mut client = SmtpClient(stage.house.clear(stage.house.ports.mx).unwrap());
        client.answer().unwrap();
        client.0.send(first.as_bytes()).unwrap();
        let said = String::from_utf8_lossy(&client.0.rest().unwrap()).into_owned();
        assert_eq!(said.matches("\r\n").count(), 1, "one refusal and the end: {said}");
        assert!(said.starts_with('5') || said.starts_with("421"), "{said}");
    }
}

#[test]
fn s_06_nothing_passes_through_and_s_11_nobody_signs_in_here() {
    let stage = Stage::set();
    let mut client = SmtpClient(stage.house.clear(stage.house.ports.mx).unwrap());
    client.answer().unwrap();
    let offered = client.expect("EHLO stories.example", 250).unwrap();
    assert!(offered.text.contains("STARTTLS") && !offered.text.contains("AUTH"), "{}", offered.text);
    for command in [format!("MAIL FROM:<{SURGEON}>"), "AUTH PLAIN AGEAYg==".to_owned()] {
        let answer = client.say(&command).unwrap();
        assert!(matches!(answer.code, 500..=538), "in the clear: {}", answer.text);
    }
    let mut client = stage.peer(&stage.clinic);
    let offered = client.expect("EHLO stories.example", 250).unwrap();
    assert!(!offered.text.contains("AUTH") && !offered.text.contains("STARTTLS"), "{}", offered.text);
    assert!(matches!(client.say("AUTH PLAIN AGEAYg==").unwrap().code, 500..=538));
    let forms = [
        "x@outside.example",
        "x@clinique-du-parc.mssante.example",
        "marie.lenoir@cabinet-lilas.mssante.example",
        "x%outside.example@patient.mssante.example",
        "outside.example!x@patient.mssante.example",
        "@patient.mssante.example,@b.example:x@outside.example",
        "\"x@outside.example\"@patient.mssante.example",
        "x@[127.0.0.1]",
        "x@outside.example.",
        "x@",
        "@patient.mssante.example",
        "x",
        "x@patient.mssante.example@outside.example",
        "x@mail.patients.mssante.example",
    ];
    for form in forms {
        // Wrong forms use up the patience of a session: each gets its own.
        let mut client = stage.peer(&stage.clinic);
        client.expect(&format!("MAIL FROM:<{SURGEON}>"), 250).unwrap();
        let answer = client.say(&format!("RCPT TO:<{form}>")).unwrap();
        assert!(matches!(answer.code, 500..=559), "{form}: {}", answer.text);
        assert!(client.say("DATA").unwrap().code >= 500, "{form}");
    }
    stage.is_untouched();
}

#[test]
fn s_10_the_door_tells_nothing_of_who_exists() {
    let stage = Stage::set();
    let mut client = stage.peer(&stage.clinic);
    for address in [JEAN.address.to_owned(), format!("111119900010114@{PATIENTS}")] {
        assert_eq!(client.say(&format!("VRFY {address}")).unwrap().code, 252, "{address}");
        assert_eq!(client.say(&format!("EXPN {address}")).unwrap().code, 502, "{address}");
    }
}

#[test]
fn s_07_the_null_sender_brings_reports_and_nothing_else() {
    let stage = Stage::set();
    let mut client = stage.peer(&stage.clinic);
    let letter = Letter::new(SURGEON, JEAN.address, "Sans expéditeur", "Bonjour.").octets();
    let answer = client.send("", &[JEAN.address], &letter).unwrap();
    assert!(matches!(answer.code, 550..=554), "a letter is no report: {}", answer.text);
    client.expect("MAIL FROM:<>", 250).unwrap();
    client.expect(&format!("RCPT TO:<{}>", JEAN.address), 250).unwrap();
    let second = client.say("RCPT TO:<285059900010125@patient.mssante.example>").unwrap();
    assert!(second.code >= 450, "a report has one recipient: {}", second.text);
    stage.is_untouched();
}

#[test]
fn s_09_a_letter_that_has_been_here_before_is_stopped() {
    let stage = Stage::set();
    let mut client = stage.peer(&stage.clinic);
    let mut letter = Letter::new(SURGEON, JEAN.address, "En rond", "Bonjour.").octets();
    for hop in 0..60 {
        let line =
            format!("Received: from a{hop}.example by b{hop}.example; Sat, 31 Jan 2026 09:00:00 +0100\r\n");
        letter.splice(0..0, line.into_bytes());
    }
    let answer = client.send(SURGEON, &[JEAN.address], &letter).unwrap();
    assert!(answer.text.starts_with("554 5.4.6"), "{}", answer.text);
    stage.is_untouched();
}
