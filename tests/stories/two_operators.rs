//! A doctor of one operator and a patient of another write to each other: two whole servers, mutual TLS
//! between them, each with its own database and people.

use crate::neighbours::Neighbours;
use crate::people::{DESK, JEAN, MARIE, sign_in};
use kit::{Browser, Engine, House, Letter, Limit, SmtpClient, Socket, Tool, jpeg, pdf, until};
use std::time::Duration;

/// From one operator to the other and into a mailbox.
const ACROSS: Limit = Limit(Duration::from_secs(90), "a letter to cross");

#[test]
fn a_doctor_and_a_patient_of_two_operators_write_to_each_other_on_sqlite() {
    correspond(Engine::Sqlite);
}

#[test]
fn a_doctor_and_a_patient_of_two_operators_write_to_each_other_on_postgresql() {
    correspond(Engine::Postgres);
}

fn correspond(engine: Engine) {
    let Neighbours { practices, patients } = Neighbours::open(engine);
    let report = pdf("Bilan de deux maisons");
    let first = Letter::new(MARIE.address, JEAN.address, "Bilan entre maisons", "Voici votre bilan.")
        .field("Message-ID", "<un@cabinet-lilas.mssante.example>")
        .field("Date", "Sat, 31 Jan 2026 09:00:00 +0100")
        .field("Disposition-Notification-To", MARIE.address)
        .field("X-MSS-NIL", "DEV935997")
        .file("bilan.pdf", "application/pdf", report.clone());
    // Port 587, then port 465.
    let answer = by_starttls(&practices).send(MARIE.address, &[JEAN.address], &first.octets()).unwrap();
    assert_eq!(answer.code, 250, "{}", answer.text);
    received(&patients, 1);
    let second = Letter::new(MARIE.address, JEAN.address, "Rendez-vous", "Lundi à neuf heures.");
    let mut client = practices.sender(MARIE.address, MARIE.password).unwrap();
    let answer = client.send(MARIE.address, &[JEAN.address], &second.octets()).unwrap();
    assert_eq!(answer.code, 250, "{}", answer.text);
    received(&patients, 2);

    // The patient reads, keeps the document, answers with a photo.
    let photo = jpeg("entre maisons", 40_000);
    let photo_path = patients.path("photo.jpg");
    std::fs::write(&photo_path, &photo).unwrap();
    let mut browser = Browser::start(DESK);
    sign_in(&mut browser, &patients, JEAN.login, JEAN.password);
    browser.open(&format!("{}/documents", patients.pages()));
    assert!(browser.has_link("Télécharger"), "the document is filed: {}", browser.text());
    to_conversation(&mut browser, &patients, "Bilan entre maisons");
    let words: Vec<String> = browser.frames().into_iter().map(|(_, text)| text).collect();
    assert!(words.join("\n").contains("Voici votre bilan."), "{words:?}");
    let kept = patients.path("downloaded.pdf");
    browser.download("Télécharger bilan.pdf", &kept);
    assert!(std::fs::read(&kept).unwrap() == report, "the PDF came across changed");
    // It was asked for, and the letter has been opened: a read receipt crosses back (RFC 8098).
    let receipt = wait_for(&practices, "the read receipt", |text| {
        text.contains("report-type=disposition-notification")
    });
    let receipt = String::from_utf8_lossy(&receipt).into_owned();
    assert!(receipt.starts_with("Return-Path: <>\r\n"), "{receipt}");
    assert!(receipt.contains("Original-Message-ID: <un@cabinet-lilas.mssante.example>"), "{receipt}");

    browser.follow("Répondre");
    browser.fill("Votre message", "Merci docteur, bien reçu.");
    browser.choose("Pièces jointes", &[&photo_path]);
    browser.press("Envoyer");

    let answer = wait_for(&practices, "the patient's answer", |text| text.contains("\r\nSubject: Re: "));
    assert_eq!(judged(&answer), "Jean Petit", "From bears the patient's name");
    assert!(attached(&answer) == photo, "the photo came across changed");

    // [FIN] by subject: the patient can answer no more.
    let end = Letter::new(MARIE.address, JEAN.address, "[FIN]", "Bonne continuation.");
    let answer = client.send(MARIE.address, &[JEAN.address], &end.octets()).unwrap();
    assert_eq!(answer.code, 250, "{}", answer.text);
    received(&patients, 3);
    to_conversation(&mut browser, &patients, "Bilan entre maisons");
    assert!(!browser.has_link("Répondre"), "the exchange has ended: {}", browser.text());
    for house in [&practices, &patients] {
        house.pli("verify", &[]).ok();
        assert!(!house.log().contains("167029900040424"), "a patient in a log:\n{}", house.log());
    }
}

/// Port 587: STARTTLS, then the password.
fn by_starttls(house: &House) -> SmtpClient {
    let socket: Socket = house.clear(house.ports.submission).unwrap();
    let mut client = SmtpClient(socket);
    client.answer().unwrap();
    client.expect("EHLO stories.example", 250).unwrap();
    client.secure().unwrap();
    client.sign_in(MARIE.address, MARIE.password).unwrap();
    client
}

/// Waits until so many letters have come to the patient.
fn received(house: &House, letters: usize) {
    until(ACROSS, || {
        let ran = house.pli("admin", &["account", "history", "--lines", "1000", JEAN.address]).ok();
        let came = ran.text().lines().filter(|line| line.contains("received")).count();
        (came >= letters).then_some(())
    });
}

fn to_conversation(browser: &mut Browser, house: &House, subject: &str) {
    browser.open(&format!("{}/messages", house.pages()));
    let listed = browser.text();
    for link in browser.links("lenoir").into_iter().chain(browser.links("Lenoir")) {
        browser.open(&link);
        if browser.text().contains(subject) {
            return;
        }
    }
    panic!("no conversation about {subject} in:\n{listed}");
}

/// Waits for a letter in Marie's mailbox.
pub fn wait_for(house: &House, what: &'static str, wanted: impl Fn(&str) -> bool) -> Vec<u8> {
    until(Limit(ACROSS.0, what), || {
        let letters = house.reader(MARIE.address, MARIE.password).unwrap().letters().unwrap();
        letters.into_iter().find(|letter| wanted(&String::from_utf8_lossy(letter)))
    })
}

/// What a mail program makes of the answer: the name in From. Threads and text are judged on the way.
fn judged(letter: &[u8]) -> String {
    let program = r"
import sys
from email import message_from_bytes, policy
letter = message_from_bytes(sys.stdin.buffer.read(), policy=policy.default)
assert letter['Subject'] == 'Re: Bilan entre maisons', letter['Subject']
assert letter['In-Reply-To'] == '<un@cabinet-lilas.mssante.example>', letter['In-Reply-To']
assert '<un@cabinet-lilas.mssante.example>' in letter['References'], letter['References']
assert 'Merci docteur, bien reçu.' in letter.get_body(('plain',)).get_content()
[author] = letter['From'].addresses
assert author.addr_spec == '167029900040424@patient.mssante.example', author
assert [str(field) for field in letter.get_all('Return-Path')] == ['<' + author.addr_spec + '>']
print(author.display_name, end='')
";
    Tool::python(program).input(letter.to_vec()).run().ok().text()
}

fn attached(letter: &[u8]) -> Vec<u8> {
    let program = r"
import sys
from email import message_from_bytes, policy
letter = message_from_bytes(sys.stdin.buffer.read(), policy=policy.default)
[file] = letter.iter_attachments()
sys.stdout.buffer.write(file.get_content())
";
    Tool::python(program).input(letter.to_vec()).run().ok().out
}

/// Name, recipient as the doctor writes it, status of the report.
const FAILURES: [(&str, &str, &str); 6] = [
    ("announced", "190019900060637@patient.mssante.example", "5.2.0"),
    ("opposed", "274089900050514@patient.mssante.example", "5.2.1"),
    ("closed", "193079900080875@patient.mssante.example", "5.1.6"),
    ("unknown", "111119900010114@patient.mssante.example", "5.1.1"),
    ("no such number", "1234@patient.mssante.example", "5.1.3"),
    ("another name", "Zoé Quelquun <285059900010125@patient.mssante.example>", "5.1.4"),
];

#[test]
fn failures_that_a_professional_must_tell_apart_come_back_as_different_reports() {
    let Neighbours { practices, patients: _patients } = Neighbours::open(Engine::Sqlite);
    let mut client = practices.sender(MARIE.address, MARIE.password).unwrap();
    for (name, to, status) in FAILURES {
        let address = to.split_once('<').map_or(to, |(_, rest)| rest.trim_end_matches('>'));
        let letter = Letter::new(MARIE.address, to, &format!("Lettre: {name}"), "Bonjour.");
        let answer = client.send(MARIE.address, &[address], &letter.octets()).unwrap();
        if answer.code >= 500 {
            // What can be told at once is told at once.
            assert!(answer.text.contains(status), "{name}: {}", answer.text);
            continue;
        }
        assert_eq!(answer.code, 250, "{name}: {}", answer.text);
        let report = wait_for(&practices, name, |text| text.contains(&format!("Lettre: {name}")));
        let text = String::from_utf8_lossy(&report);
        for part in [
            "report-type=delivery-status",
            "\r\nAction: failed\r\n",
            &format!("\r\nStatus: {status}\r\n"),
            &format!("\r\nFinal-Recipient: rfc822; {address}\r\n"),
            "\r\nRemote-MTA: dns; mail.patients.mssante.example",
        ] {
            assert!(text.contains(part), "{name}: no {part:?} in\n{text}");
        }
        assert!(!text.contains("Bonjour.\r\n"), "{name}: the body is not given back:\n{text}");
    }
}
