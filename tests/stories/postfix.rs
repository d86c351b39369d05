//! Debian's Postfix as another operator: letters both ways over mutual TLS, and the reports of both sides.

use crate::neighbours::{operators, practices_plan, with_neighbour};
use crate::people::MARIE;
use crate::two_operators::wait_for;
use kit::{Engine, Foreign, House, Letter, Ports, Postfix, SmtpClient, TrustSpace, jpeg, pdf};

const DOMAIN: &str = "clinique-du-parc.mssante.example";
const SURGEON: &str = "chirurgie@clinique-du-parc.mssante.example";

#[test]
fn letters_pass_between_pli_and_postfix_whole_on_sqlite() {
    tell(Engine::Sqlite);
}

#[test]
fn letters_pass_between_pli_and_postfix_whole_on_postgresql() {
    tell(Engine::Postgres);
}

fn tell(engine: Engine) {
    let space = TrustSpace::found();
    let [practices, patients] = operators(&space);
    let clinic = space.member("mail.clinique-du-parc.mssante.example", "CLINIQUE DU PARC");
    let ports = Ports::find();
    let routes = [practices.route("cabinet-lilas.mssante.example")];
    let postfix = Postfix::open(
        ports,
        &Foreign {
            member: &clinic,
            roots: &space.roots(),
            domain: DOMAIN,
            mailboxes: &["chirurgie", "defunct"],
            routes: &routes,
        },
    );
    let plan = with_neighbour(practices_plan(engine, practices, &patients), DOMAIN, &clinic, ports.mx);
    let house = House::build(plan);
    out(&house, &postfix);
    failures_there(&house, &postfix);
    back(&house, &postfix);
    failure_here(&postfix);
    house.pli("verify", &[]).ok();
}

/// Everything that programs on the way like to change: dots, long lines, trailing blanks, eight bits.
fn letter(from: &str, to: &str, subject: &str) -> Letter {
    let text = format!(
        "Élève, œuvre : ça va.\r\n.\r\n..\r\n.point\r\nblancs derrière   \r\n\r\nFrom là\r\n{}\r\n",
        "é".repeat(480)
    );
    Letter::new(from, to, subject, &text)
        .field("Message-ID", &format!("<{}@story.example>", subject.to_lowercase()))
        .field("Date", "Sat, 31 Jan 2026 09:00:00 +0100")
        .field("X-MSS-NIL", "DEV935997")
        .field("x-Odd:  spacing", "kept")
        .file("bilan.pdf", "application/pdf", pdf(subject))
        .file("photo.jpg", "image/jpeg", jpeg(subject, 80_000))
}

fn unix(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len());
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        match line.strip_suffix(b"\r\n") {
            Some(line) => out.extend([line, b"\n"].concat()),
            None => out.extend(line),
        }
    }
    out
}

/// From Pli to Postfix, with a DSN asked for and given by Postfix.
fn out(house: &House, postfix: &Postfix) {
    let sent = letter(MARIE.address, SURGEON, "Aller").octets();
    let mut client = house.sender(MARIE.address, MARIE.password).unwrap();
    let mail = format!("MAIL FROM:<{}> RET=HDRS ENVID=aller-1 BODY=8BITMIME", MARIE.address);
    client.expect(&mail, 250).unwrap();
    client.expect(&format!("RCPT TO:<{SURGEON}> NOTIFY=SUCCESS,FAILURE"), 250).unwrap();
    client.expect("DATA", 354).unwrap();
    assert_eq!(client.letter(&sent).unwrap().code, 250);
    let kept = postfix.wait("chirurgie", "a letter at Postfix", |text| text.contains("Subject: Aller"));
    assert!(kept.ends_with(&unix(&sent)), "changed on the way:\n{}", String::from_utf8_lossy(&kept));
    let text = String::from_utf8_lossy(&kept);
    assert!(text.contains(&format!("Return-Path: <{}>", MARIE.address)), "{text:.2000}");
    assert!(text.contains("verified OK"), "Postfix saw and believed our certificate: {text:.2000}");
    let report = wait_for(house, "Postfix's good news", |text| text.contains("Action: delivered"));
    let text = String::from_utf8_lossy(&report);
    assert!(text.contains("Original-Envelope-Id: aller-1"), "{text}");
    assert!(text.contains("<aller@story.example>") && text.starts_with("Return-Path: <>\r\n"), "{text}");
}

/// Refused in session, and bounced by Postfix after it has accepted.
fn failures_there(house: &House, postfix: &Postfix) {
    let mut client = house.sender(MARIE.address, MARIE.password).unwrap();
    let nobody = format!("personne@{DOMAIN}");
    let sent = letter(MARIE.address, &nobody, "Inconnu").octets();
    assert_eq!(client.send(MARIE.address, &[&nobody], &sent).unwrap().code, 250);
    let report = wait_for(house, "our report", |text| {
        text.contains("<inconnu@story.example>") && text.contains("Action: failed")
    });
    let text = String::from_utf8_lossy(&report);
    assert!(text.contains("Status: 5.1.1") && text.contains("personne@clinique"), "{text}");
    assert!(text.contains("Remote-MTA: dns; mail.clinique-du-parc.mssante.example"), "{text}");
    assert!(!text.contains("%PDF") && !text.contains("JVBERi0"), "headers only: {text}");

    let defunct = format!("defunct@{DOMAIN}");
    let sent = letter(MARIE.address, &defunct, "Perdu").octets();
    assert_eq!(client.send(MARIE.address, &[&defunct], &sent).unwrap().code, 250);
    let bounce = wait_for(house, "Postfix's bounce", |text| {
        text.contains("<perdu@story.example>") && text.contains("Action: failed")
    });
    let text = String::from_utf8_lossy(&bounce);
    assert!(text.starts_with("Return-Path: <>\r\n"), "{text}");
    assert!(text.contains("Reporting-MTA: dns; mail.clinique-du-parc.mssante.example"), "{text}");
    assert!(postfix.log().contains("status=bounced"), "{}", postfix.log());
}

/// From Postfix to Pli.
fn back(house: &House, postfix: &Postfix) {
    let sent = letter(SURGEON, MARIE.address, "Retour").octets();
    let answer = plain(postfix).send(SURGEON, &[MARIE.address], &sent).unwrap();
    assert_eq!(answer.code, 250, "{}", answer.text);
    let kept = wait_for(house, "Postfix's letter", |text| text.contains("Subject: Retour"));
    assert!(kept.ends_with(&sent), "changed on the way:\n{}", String::from_utf8_lossy(&kept));
    let text = String::from_utf8_lossy(&kept);
    assert!(text.starts_with(&format!("Return-Path: <{SURGEON}>\r\nReceived: from ")), "{text:.2000}");
}

/// What we refuse, Postfix tells its own people.
fn failure_here(postfix: &Postfix) {
    let sent = letter(SURGEON, "personne@cabinet-lilas.mssante.example", "Personne").octets();
    let mut client = plain(postfix);
    let answer = client.send(SURGEON, &["personne@cabinet-lilas.mssante.example"], &sent).unwrap();
    assert_eq!(answer.code, 250, "{}", answer.text);
    let bounce = postfix.wait("chirurgie", "Postfix's bounce to its own", |text| {
        text.contains("<personne@story.example>") && text.contains("Action: failed")
    });
    let text = String::from_utf8_lossy(&bounce);
    assert!(text.contains("Status: 5.1.1") && text.contains("[recipient.unknown]"), "{text}");
}

fn plain(postfix: &Postfix) -> SmtpClient {
    postfix.submission().expect("Postfix takes letters of its own people")
}
