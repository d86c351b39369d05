//! Between two whole servers the line breaks and processes die at the worst moments: a letter arrives once,
//! and what the sender cannot know it asks again (RFC 1047; RELIABILITY, §4.3).

use crate::neighbours::{PATIENTS, operators, patients_plan, practices_plan};
use crate::people::{JEAN, MARIE};
use kit::{
    Cut, Cutter, Engine, House, How, Letter, Liar, Lie, Limit, Occasion, Plan, Point, Script, TrustSpace,
    Way, jpeg, until,
};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

const ARRIVAL: Limit = Limit(Duration::from_secs(120), "the letter to arrive");

/// Two houses with a bad line from the practices to the patients.
struct Line {
    practices: House,
    patients: House,
    cutter: Cutter,
}

impl Line {
    fn lay(engine: Engine) -> Self {
        let space = TrustSpace::found();
        let [practices, patients] = operators(&space);
        let cutter = Cutter::open(SocketAddr::from((Ipv4Addr::LOCALHOST, patients.ports.mx)));
        let mut plan: Plan = practices_plan(engine, practices.clone(), &patients);
        let operator = plan.operator.as_mut().unwrap();
        operator.routes.iter_mut().for_each(|route| route.port = cutter.port());
        let patients = House::build(patients_plan(engine, patients, &practices));
        Self { practices: House::build(plan), patients, cutter }
    }

    /// A letter with a photo goes into the queue; how often such letters have come to the patient so far.
    fn send(&self, subject: &str) -> usize {
        let before = self.received();
        let letter = Letter::new(MARIE.address, JEAN.address, subject, "Voici la radio.").file(
            "radio.jpg",
            "image/jpeg",
            jpeg(subject, 400_000),
        );
        let mut client = self.practices.sender(MARIE.address, MARIE.password).unwrap();
        let answer = client.send(MARIE.address, &[JEAN.address], &letter.octets()).unwrap();
        assert_eq!(answer.code, 250, "{}", answer.text);
        before
    }

    fn received(&self) -> usize {
        let ran = self.patients.pli("admin", &["account", "history", "--lines", "1000", JEAN.address]).ok();
        ran.text().lines().filter(|line| line.contains("received")).count()
    }

    fn arrives(&self, before: usize) {
        until(ARRIVAL, || (self.received() > before).then_some(()));
    }

    /// Hurries until nothing waits.
    fn drain(&self) {
        until(ARRIVAL, || {
            // It says so when there was nothing to hurry.
            drop(self.practices.pli("queue", &["retry", "all"]));
            self.is_empty().then_some(())
        });
    }

    fn is_empty(&self) -> bool {
        self.practices.pli("queue", &["list"]).ok().text().contains("Nothing waits")
    }

    /// Waits for a line of the sender's log behind its first `from` octets.
    fn sender_says(&self, from: usize, words: &'static str) {
        until(Limit(ARRIVAL.0, words), || self.practices.log()[from..].contains(words).then_some(()));
    }

    fn is_sound(&self) {
        for house in [&self.practices, &self.patients] {
            house.pli("verify", &[]).ok();
        }
    }
}

#[test]
fn r_18_four_ends_of_a_letter_leave_one_copy_on_sqlite() {
    four_ends(Engine::Sqlite);
}

#[test]
fn r_18_four_ends_of_a_letter_leave_one_copy_on_postgresql() {
    four_ends(Engine::Postgres);
}

fn four_ends(engine: Engine) {
    let line = Line::lay(engine);

    // Cut in the middle of the letter: nothing is kept there, the next try brings it.
    line.cutter.next(Some(Cut::after(Way::Up, 200_000, How::Break)));
    let (log, before) = (line.practices.log().len(), line.send("Au milieu"));
    line.sender_says(log, "waits:");
    assert_eq!(line.received(), before, "half a letter is no letter");
    line.drain();
    assert_eq!(line.received(), before + 1);

    // The answer to the last dot is lost: the patient has the letter, the sender cannot know, asks again,
    // and is answered as the first time.
    line.cutter.hang_up(); // what was kept open for the next letter would not be cut
    line.cutter.next(Some(Cut::swallow_replies_after(Point::Octets(500_000))));
    let (log, before) = (line.practices.log().len(), line.send("Sans réponse"));
    line.arrives(before);
    assert!(!line.is_empty(), "the sender has heard nothing");
    line.cutter.hang_up();
    line.sender_says(log, "the last answer was lost");
    line.drain();
    assert_eq!(line.received(), before + 1, "sent twice, kept once");
    line.is_sound();

    // The answer comes and the line breaks behind it: that is an answer.
    let connections = line.cutter.connections();
    let before = line.send("Puis coupé");
    line.arrives(before);
    line.cutter.hang_up();
    line.drain();
    assert_eq!(line.received(), before + 1);
    assert!(line.cutter.connections() <= connections + 1, "it was not sent again");
    line.is_sound();
}

/// The fourth end: after a 4yz that copy is nobody's, whatever the peer did with it.
#[test]
fn r_18_a_letter_put_off_after_its_last_dot_is_sent_again_as_it_was() {
    let space = TrustSpace::found();
    let [practices, patients] = operators(&space);
    let identity = certs::Issued {
        chain_pem: patients.member.identity.chain_pem.clone(),
        key_pem: patients.member.identity.key_pem.clone(),
    };
    let later = Lie::Say("451 4.3.0 later".to_owned());
    let liar =
        Liar::open(identity, Script::honest().demanding(&space.roots()).times(1, Occasion::Dot, later));
    let mut plan = practices_plan(Engine::Sqlite, practices, &patients);
    plan.operator.as_mut().unwrap().routes.iter_mut().for_each(|route| route.port = liar.port());
    let house = House::build(plan);
    let letter = Letter::new(MARIE.address, JEAN.address, "Plus tard", "Bonjour.").octets();
    let mut client = house.sender(MARIE.address, MARIE.password).unwrap();
    assert_eq!(client.send(MARIE.address, &[JEAN.address], &letter).unwrap().code, 250);
    until(ARRIVAL, || {
        drop(house.pli("queue", &["retry", PATIENTS]));
        (!liar.kept().is_empty()).then_some(())
    });
    let heard = liar.heard();
    assert_eq!(heard.len(), 2);
    assert!(heard[0].caught.octets == heard[1].caught.octets, "the same octets, the same Message-ID");
}

/// Where the sender dies, and whether the peer has the letter by then.
const SENDER_DIES: [&str; 8] = [
    "receive.after-commit",
    "send.after-lease",
    "send.after-connect",
    "send.mid-letter",
    "send.after-letter",
    "send.before-mark",
    "send.in-mark",
    "send.after-mark",
];

#[test]
fn a_sender_that_dies_at_any_named_point_delivers_once_all_the_same() {
    let mut line = Line::lay(Engine::Sqlite);
    for point in SENDER_DIES {
        line.practices.stop("TERM");
        line.practices.dies_at(Some(point));
        line.practices.start();
        let before = line.received();
        let letter = Letter::new(MARIE.address, JEAN.address, point, "Voici la radio.")
            .field("Message-ID", &format!("<{point}@story.example>"))
            .field("Date", "Sat, 31 Jan 2026 09:00:00 +0100")
            .file("radio.jpg", "image/jpeg", jpeg(point, 300_000))
            .octets();
        let sent = || {
            let mut client = line.practices.sender(MARIE.address, MARIE.password)?;
            client.send(MARIE.address, &[JEAN.address], &letter)
        };
        let answer = sent();
        line.practices.wait_for_end();
        line.practices.dies_at(None);
        line.practices.start();
        // A program that heard nothing sends again (and is recognised).
        match answer {
            Ok(answer) => assert_eq!(answer.code, 250, "{point}: {}", answer.text),
            Err(_) => {
                let mut client = line.practices.sender(MARIE.address, MARIE.password).unwrap();
                assert_eq!(
                    client.send(MARIE.address, &[JEAN.address], &letter).unwrap().code,
                    250,
                    "{point}"
                );
            }
        }
        line.arrives(before);
        line.drain();
        assert_eq!(line.received(), before + 1, "{point}: one letter");
        line.is_sound();
        println!("{point}: one letter");
    }
}

#[test]
fn a_receiver_that_dies_around_its_commit_has_the_letter_once() {
    let mut line = Line::lay(Engine::Sqlite);
    for point in ["receive.before-commit", "receive.after-commit"] {
        line.patients.stop("TERM");
        line.patients.dies_at(Some(point));
        line.patients.start();
        let log = line.practices.log().len();
        let letter = Letter::new(MARIE.address, JEAN.address, point, "Bonjour.").octets();
        let mut client = line.practices.sender(MARIE.address, MARIE.password).unwrap();
        assert_eq!(client.send(MARIE.address, &[JEAN.address], &letter).unwrap().code, 250, "{point}");
        line.patients.wait_for_end();
        line.sender_says(log, "the last answer was lost");
        line.patients.dies_at(None);
        line.patients.start();
        line.drain();
        let ran = line.patients.pli("admin", &["account", "history", "--lines", "1000", JEAN.address]).ok();
        let came = ran.text().lines().filter(|line| line.contains("received")).count();
        assert_eq!(came, if point.contains("before") { 1 } else { 2 }, "{point}:\n{}", ran.text());
        line.is_sound();
    }
}
