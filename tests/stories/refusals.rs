//! Every refusal of the conversation rule that the submission door can meet: reply code, rule, a
//! sentence, and the reason again from `pli admin why`.

use crate::people::{DESK, JEAN, MARIE, PAUL, PHARMACIST, sign_in, with_people};
use kit::{Browser, Engine, House, Letter, Plan};

/// One letter that must not pass.
struct Row {
    case: &'static str,
    to: &'static str,
    /// Further fields.
    fields: &'static [(&'static str, &'static str)],
    /// The display name in To, where it matters.
    to_field: Option<&'static str>,
    subject: &'static str,
    code: u16,
    enhanced: &'static str,
    rule: &'static str,
    words: &'static str,
}

const fn row(
    case: &'static str,
    to: &'static str,
    code: u16,
    enhanced: &'static str,
    rule: &'static str,
) -> Row {
    Row { case, to, fields: &[], to_field: None, subject: "Bonjour", code, enhanced, rule, words: "" }
}

/// A patient whose operator is another.
const MORE_PEOPLE: &str = r#"
[[mailboxes]]
address = "suspendue@hopital-saint-roch.mssante.example"
kind = "ORG"
organisation = "990000010"
state = "suspended"
[[mailboxes]]
address = "fermee@hopital-saint-roch.mssante.example"
kind = "ORG"
organisation = "990000010"
state = "closed"
"#;

fn rows() -> Vec<Row> {
    vec![
        Row {
            words: "not in the trust space",
            ..row(
                "a recipient outside the trust space",
                "ami@courriel.example",
                550,
                "5.7.1",
                "trust.recipient",
            )
        },
        Row {
            words: "does not exist",
            ..row(
                "no such professional",
                "personne@cabinet-lilas.mssante.example",
                550,
                "5.1.1",
                "recipient.unknown",
            )
        },
        Row {
            words: "suspended",
            ..row(
                "a suspended mailbox",
                "suspendue@hopital-saint-roch.mssante.example",
                550,
                "5.2.1",
                "recipient.suspended",
            )
        },
        Row {
            words: "closed",
            ..row(
                "a closed mailbox",
                "fermee@hopital-saint-roch.mssante.example",
                550,
                "5.1.6",
                "recipient.closed",
            )
        },
        Row {
            words: "INS number",
            ..row(
                "a patient address with a wrong key",
                "285059900010126@patient.mssante.example",
                553,
                "5.1.3",
                "patient.address-invalid",
            )
        },
        Row {
            words: "not valid",
            ..row(
                "a patient address that is no INS",
                "jean.petit@patient.mssante.example",
                553,
                "5.1.3",
                "patient.address-invalid",
            )
        },
        Row {
            words: "No patient has",
            ..row("nobody's INS", "101019900099928@patient.mssante.example", 550, "5.1.1", "patient.unknown")
        },
        Row {
            words: "not open yet",
            ..row(
                "a space only announced",
                "190019900060637@patient.mssante.example",
                550,
                "5.2.0",
                "patient.announced",
            )
        },
        Row {
            words: "did not want",
            ..row(
                "a patient who opposed",
                "274089900050514@patient.mssante.example",
                550,
                "5.2.1",
                "patient.opposed",
            )
        },
        Row {
            words: "closed their space",
            ..row("a closed space", "193079900080875@patient.mssante.example", 550, "5.1.6", "patient.closed")
        },
        Row {
            to_field: Some("\"Sophie Bertrand\" <167029900040424@patient.mssante.example>"),
            words: "name is not that of the patient",
            ..row("somebody else's name", JEAN.address, 550, "5.1.4", "patient.name-mismatch")
        },
        Row {
            fields: &[("Reply-To", "secretariat@courriel.example")],
            words: "Reply-To",
            ..row(
                "answers wanted outside the trust space",
                JEAN.address,
                550,
                "5.7.1",
                "identity.reply-to-outside-trust",
            )
        },
        Row {
            fields: &[("Reply-To", "personne@cabinet-lilas.mssante.example")],
            words: "Reply-To",
            ..row("answers wanted by nobody", JEAN.address, 550, "5.1.8", "identity.reply-to-unknown")
        },
        Row {
            fields: &[("Reply-To", "285059900010125@patient.mssante.example")],
            words: "Reply-To",
            ..row(
                "answers wanted by another patient",
                JEAN.address,
                550,
                "5.7.1",
                "identity.reply-to-patient",
            )
        },
        Row {
            fields: &[("X-Pli-Secrecy", "INVISIBLE_POUR_TOUS")],
            words: "cannot be read",
            ..row("a secrecy we cannot read", JEAN.address, 554, "5.6.0", "secrecy.unreadable")
        },
    ]
}

#[test]
fn every_refusal_at_this_door_has_its_code_its_rule_and_its_reason() {
    let settings = "[policy]\nambiguous_mime = \"refuse\"\n".to_owned();
    let house = House::build(Plan { settings, ..with_people(Plan::demo(Engine::Sqlite), MORE_PEOPLE) });
    let mut client = house.sender(MARIE.address, MARIE.password).unwrap();
    let mut told = Vec::new();
    let mut judge = |row: &Row, answer: &kit::Answer| {
        let start = format!("{} {} ", row.code, row.enhanced);
        let words = answer
            .text
            .replace(&format!("\n{start}"), " ")
            .replace(&format!("\n{}-{} ", row.code, row.enhanced), " ");
        let plain = words.trim_start_matches(&format!("{}-{} ", row.code, row.enhanced)).to_owned();
        let rule = format!("[{}]", row.rule);
        let first = answer.text.starts_with(&start)
            || answer.text.starts_with(&format!("{}-{} ", row.code, row.enhanced));
        if !first || !words.contains(&rule) || !words.contains(row.words) {
            told.push(format!("{}: {}", row.case, answer.text));
            return;
        }
        let Some(reference) = answer.reference() else {
            told.push(format!("{}: no reference in {plain}", row.case));
            return;
        };
        let why = house.pli("admin", &["why", &reference]).text();
        // Under the rule: the sentence in French, the sentence in English.
        let sentences =
            why.lines().filter(|line| line.starts_with("           ") && line.ends_with('.')).count();
        if !why.contains(row.rule)
            || !why.contains(row.words)
            || sentences != 2
            || !why.contains("nothing was stored")
        {
            told.push(format!("{}: `pli admin why {reference}` says {why}", row.case));
        }
    };
    for row in rows() {
        let to_field = row.to_field.unwrap_or(row.to);
        let mut letter = Letter::new(MARIE.address, to_field, row.subject, "Quelques mots.");
        for (name, value) in row.fields {
            letter = letter.field(name, value);
        }
        let answer = client.send(MARIE.address, &[row.to], &letter.octets()).unwrap();
        judge(&row, &answer);
    }
    let tnef = format!(
        "From: {}\r\nTo: {}\r\nSubject: Bonjour\r\nMIME-Version: 1.0\r\nContent-Type: application/ms-tnef; name=\"winmail.dat\"\r\n\
         Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"winmail.dat\"\r\n\r\neJ8+IgEAAQAAAA==\r\n",
        MARIE.address, JEAN.address
    );
    let answer = client.send(MARIE.address, &[JEAN.address], tnef.as_bytes()).unwrap();
    judge(
        &Row { words: "winmail.dat", ..row("nothing but TNEF", JEAN.address, 554, "5.6.1", "content.tnef") },
        &answer,
    );
    let ambiguous = format!(
        "From: {}\r\nTo: {}\r\nSubject: Bonjour\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\nContent-Type: text/html\r\n\r\n\
         <p>un</p>\r\n--b--\r\n",
        MARIE.address, JEAN.address
    );
    let answer = client.send(MARIE.address, &[JEAN.address], ambiguous.as_bytes()).unwrap();
    judge(
        &Row {
            words: "ambiguous",
            ..row("two kinds of content", JEAN.address, 554, "5.6.0", "content.ambiguous")
        },
        &answer,
    );
    assert_eq!(told, Vec::<String>::new());
    // The same door still lets a good letter in.
    let letter = Letter::new(
        MARIE.address,
        "Jean Petit <167029900040424@patient.mssante.example>",
        "Bonjour",
        "Bien.",
    );
    let answer = client.send(MARIE.address, &[JEAN.address], &letter.octets()).unwrap();
    assert_eq!(answer.code, 250, "{}", answer.text);
    let why = house.pli("admin", &["why", answer.queue().expect("a queue id")]).ok().text();
    assert!(why.contains("kept       yes"), "{why}");
}

/// The identity chain of this door: login → envelope → From and Sender (DESIGN §2.4).
#[test]
fn nobody_writes_in_another_s_name() {
    let house = House::open(Engine::Sqlite);
    let mut client = house.sender(MARIE.address, MARIE.password).unwrap();
    let refused = |answer: kit::Answer, code: u16, words: &str, case: &str| {
        assert!(answer.code == code && answer.text.contains(words), "{case}: {}", answer.text);
    };
    let letter =
        |fields: &str| format!("{fields}\r\nTo: {}\r\nSubject: x\r\n\r\nx\r\n", PAUL.address).into_bytes();
    let own = format!("From: {}", MARIE.address);
    for (case, fields, code, words) in [
        ("another's From", format!("From: {}", PAUL.address), 550, "5.7.1"),
        ("a patient's From", format!("From: {}", JEAN.address), 550, "5.7.1"),
        ("no From", "X-Nothing: x".to_owned(), 554, "5.6.0"),
        ("two From", format!("{own}\r\nFrom: {}", PAUL.address), 554, "5.6.0"),
        ("two addresses in From", format!("{own}, {}", PAUL.address), 554, "5.6.0"),
        ("another's Sender", format!("{own}\r\nSender: {}", PAUL.address), 550, "5.7.1"),
        (
            "a name that hides an address",
            format!("From: =?utf-8?Q?{}?= <x@courriel.example>", MARIE.address),
            550,
            "5.7.1",
        ),
    ] {
        refused(client.send(MARIE.address, &[PAUL.address], &letter(&fields)).unwrap(), code, words, case);
    }
    for (case, path) in
        [("another's envelope", PAUL.address), ("a stranger's", "x@courriel.example"), ("nobody's", "")]
    {
        refused(client.send(path, &[PAUL.address], &letter(&own)).unwrap(), 550, "5.", case);
    }
    // Who may write for a mailbox may: the nurse for the cardiologist, the pharmacist for the pharmacy.
    let mut pharmacist = house.sender(PHARMACIST.address, PHARMACIST.password).unwrap();
    let from_pharmacy = Letter::new(PHARMACIST.address, PAUL.address, "x", "x");
    let answer = pharmacist.send(PHARMACIST.address, &[PAUL.address], &from_pharmacy.octets()).unwrap();
    assert_eq!(answer.code, 250, "{}", answer.text);
    let mut reader = house.reader(PAUL.address, PAUL.password).unwrap();
    assert_eq!(reader.letters().unwrap().len(), 1, "only the pharmacy's letter came");
}

/// `X-MSS-MES: FIN` and `[FIN]` on the patient's side.
#[test]
fn an_ended_exchange_and_a_closed_letter_cannot_be_answered() {
    let house = House::open(Engine::Sqlite);
    let mut client = house.sender(MARIE.address, MARIE.password).unwrap();
    let mut send = |letter: Letter| {
        let answer = client.send(MARIE.address, &[JEAN.address], &letter.octets()).unwrap();
        assert_eq!(answer.code, 250, "{}", answer.text);
    };
    let letter = |subject: &str| Letter::new(MARIE.address, JEAN.address, subject, "Quelques mots.");
    send(letter("Question"));
    send(letter("Pour information").field("X-MSS-MES", "FIN"));
    let mut browser = Browser::start(DESK);
    sign_in(&mut browser, &house, JEAN.login, JEAN.password);
    let of_subject = |browser: &mut Browser, subject: &str| {
        browser.open(&format!("{}/messages", house.pages()));
        for link in browser.links("Lenoir") {
            browser.open(&link);
            if browser.text().contains(subject) {
                return;
            }
        }
        panic!("no conversation about {subject}");
    };
    of_subject(&mut browser, "Pour information");
    assert!(!browser.has_link("Répondre"), "{}", browser.text());
    assert!(browser.text().contains("n’attend pas de réponse"), "{}", browser.text());
    of_subject(&mut browser, "Question");
    assert!(browser.has_link("Répondre"), "{}", browser.text());
    browser.follow("Répondre");
    let form = browser.address();
    // The end comes while the patient is writing.
    send(letter("[FIN]"));
    browser.fill("Votre message", "Encore une question.");
    browser.press("Envoyer");
    let text = browser.text();
    assert!(text.contains("a mis fin à l’échange") || text.contains("l’échange a pris fin"), "{text}");
    let mut reader = house.reader(MARIE.address, MARIE.password).unwrap();
    assert_eq!(reader.letters().unwrap(), Vec::<Vec<u8>>::new(), "an answer passed");
    of_subject(&mut browser, "Question");
    assert!(!browser.has_link("Répondre"), "{}", browser.text());
    let status = browser.open(&form)["status"].as_u64();
    let text = browser.text();
    assert!(status.is_some() && text.contains("échange"), "{text}");
}
