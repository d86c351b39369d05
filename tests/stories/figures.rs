//! Figures tell how much, never who: a server that has carried and refused letters is scraped, and the
//! words of those letters are looked for.

use crate::people::{JEAN, MARIE, PAUL};
use kit::{Canary, Engine, House, Letter, Plan, Ports, Tool};
use std::path::Path;

/// In the letter, in addresses, in names of patients: nowhere in the figures.
const WORDS: [&str; 9] = [
    "Nephrectomie",
    "Glyburidine",
    "167029900040424",
    "marie.lenoir",
    "paul.ferrand",
    "jean.petit",
    "Lenoir",
    "cabinet-lilas",
    "personne-ici",
];

#[test]
fn what_is_scraped_names_nobody() {
    let port = Ports::find().web;
    let settings = format!("\n[metrics]\nlisten = \"127.0.0.1:{port}\"\n");
    let house = House::build(Plan { settings, ..Plan::demo(Engine::Sqlite) });
    let mut sender = house.sender(MARIE.address, MARIE.password).unwrap();
    for recipient in [PAUL.address, JEAN.address] {
        let letter = Letter::new(MARIE.address, recipient, "Nephrectomie", "Glyburidine.");
        assert_eq!(sender.send(MARIE.address, &[recipient], &letter.octets()).unwrap().code, 250);
    }
    let nobody = "personne-ici@cabinet-lilas.mssante.example";
    let letter = Letter::new(MARIE.address, nobody, "Nephrectomie", "Glyburidine.");
    assert_eq!(sender.send(MARIE.address, &[nobody], &letter.octets()).unwrap().code, 550);
    assert!(house.sender(PAUL.address, "wrong").is_err());

    let page = Tool::new("curl").arg("--silent").arg("--fail");
    let page = page.arg(format!("http://127.0.0.1:{port}/metrics")).run().ok().text();
    for line in [
        "pli_letters_total{door=\"submission\",rule=\"accepted\"} 2",
        "pli_letters_total{door=\"submission\",rule=\"recipient.unknown\"} 1",
        "outcome=\"refused\"} 1",
        "pli_sign_ins_failed_total 1",
        "pli_tls_handshakes_total{door=\"submission\",version=\"TLS1.3\"",
    ] {
        assert!(page.contains(line), "no {line} in {page}");
    }
    for word in WORDS {
        let seen = Canary::new(word).seen_in(page.as_bytes(), Path::new("/metrics"));
        assert!(seen.is_empty(), "{seen:?} in {page}");
    }
}
