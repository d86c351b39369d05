//! A mailbox that nobody uses: a letter about it, its suspension, its closing; the clock moved by months between, the
//! server killed behind the letter, and one who reads their mail beside it all.

use crate::people::{MARIE, PAUL};
use kit::{Engine, House, Letter, Limit, Plan, until};
use std::time::Duration;

const LOOKED: &str = "mailboxes that nobody uses are looked after";
/// Months within the year for which the house's certificate is good.
const RULES: &str = "[mailboxes]\nnotice_months = 3\nsuspension_months = 6\nclosing_months = 9\n";
const PHARMACY: &str = "contact@pharmacie-lilas.mssante.example";

#[test]
fn a_mailbox_that_nobody_uses_on_sqlite() {
    life(Engine::Sqlite);
}

#[test]
fn a_mailbox_that_nobody_uses_on_postgresql() {
    life(Engine::Postgres);
}

/// Starts the house so many days ahead, and waits until it has looked.
fn wake(house: &mut House, days: i64) {
    let before = house.log().len();
    house.days_later(days);
    house.start();
    until(Limit(Duration::from_secs(120), "a look over the mailboxes"), || {
        house.log()[before..].contains(LOOKED).then_some(())
    });
}

fn letters(house: &House, of: &crate::people::Professional, word: &str) -> usize {
    let mut reader = house.reader(of.address, of.password).unwrap();
    reader.run("SELECT INBOX").unwrap();
    let letters = reader.letters().unwrap();
    letters.iter().filter(|letter| String::from_utf8_lossy(letter).contains(word)).count()
}

fn shown(house: &House, mailbox: &str) -> String {
    house.pli("admin", &["mailbox", "show", mailbox]).ok().text()
}

/// What the server says to a letter for this mailbox.
fn answer(house: &House, to: &str) -> String {
    let mut client = house.sender(PAUL.address, PAUL.password).unwrap();
    let letter = Letter::new(PAUL.address, to, "Avant", "Une lettre de ce temps.");
    let said = client.send(PAUL.address, &[to], &letter.octets()).unwrap();
    said.text
}

fn life(engine: Engine) {
    let mut house = House::build(Plan { settings: RULES.to_owned(), ..Plan::demo(engine) });
    assert!(answer(&house, MARIE.address).starts_with("250"));
    assert!(shown(&house, MARIE.address).contains("last used   never"));

    // A quarter later: a letter to everybody. Whoever reads it uses their mailbox.
    house.stop("TERM");
    wake(&mut house, 100);
    house.kill();
    wake(&mut house, 100);
    // The letter names it behind «La boîte».
    let about = format!("te {}", PAUL.address);
    assert_eq!(letters(&house, &PAUL, &about), 1, "one letter, though the server was killed");
    let told = shown(&house, MARIE.address);
    assert!(told.contains("state       open") && told.contains("were written to on"), "{told}");

    // A quarter behind the letter.
    house.stop("TERM");
    wake(&mut house, 200);
    let rested = shown(&house, MARIE.address);
    assert!(
        rested.contains("state       suspended") && rested.contains("suspended by the house"),
        "{rested}"
    );
    assert!(answer(&house, MARIE.address).starts_with("550 5.2.1"), "{}", answer(&house, MARIE.address));
    assert!(house.reader(MARIE.address, MARIE.password).is_err(), "nobody opens it");
    assert!(shown(&house, PAUL.address).contains("state       open"), "who uses theirs keeps it");

    // An administrator reopens hers: what came before is there.
    house.pli("admin", &["mailbox", "reopen", MARIE.address]).ok();
    assert_eq!(letters(&house, &MARIE, "Une lettre de ce temps."), 1, "nothing is lost");

    // A quarter later again what nobody reopened is closed.
    house.stop("TERM");
    wake(&mut house, 300);
    assert!(shown(&house, PHARMACY).contains("state       closed"), "{}", shown(&house, PHARMACY));
    assert!(shown(&house, MARIE.address).contains("state       open"), "she began anew");
    house.stop("TERM");
    house.pli("verify", &[]).ok();
}
