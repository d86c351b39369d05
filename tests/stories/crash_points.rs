//! An operator dies at every named step of a letter's way (RELIABILITY §4.3), and is started again: what
//! was acknowledged is at each recipient once, whole, and nobody is told otherwise.
//!
//! Only a server built for development knows these steps; one that is released must not.

use kit::{Engine, House};

#[cfg(debug_assertions)]
#[test]
fn nothing_acknowledged_is_lost_or_doubled_whatever_step_the_operator_dies_at_on_sqlite() {
    deaths::tell(Engine::Sqlite);
}

#[cfg(debug_assertions)]
#[test]
fn nothing_acknowledged_is_lost_or_doubled_whatever_step_the_operator_dies_at_on_postgresql() {
    deaths::tell(Engine::Postgres);
}

/// A release has no such steps: nothing of them is in its program, and it lives through a plan.
#[cfg(not(debug_assertions))]
#[test]
fn a_released_server_knows_no_plan_to_die() {
    use crate::people::{MARIE, PAUL};
    use kit::{Letter, Outside};
    let program = std::fs::read(Outside::program("pli")).unwrap();
    for word in ["PLI_CRASH", "receive.after-commit", "send.after-lease"] {
        assert!(!program.windows(word.len()).any(|window| window == word.as_bytes()), "{word}");
    }
    let mut house = House::open(Engine::Sqlite);
    house.stop("TERM");
    house.dies_at(Some("receive.after-commit"));
    house.start();
    let letter = Letter::new(MARIE.address, PAUL.address, "Lettre", "Quelques mots.").octets();
    let mut client = house.sender(MARIE.address, MARIE.password).unwrap();
    assert_eq!(client.send(MARIE.address, &[PAUL.address], &letter).unwrap().code, 250);
    let (_, status) = house.stop("TERM");
    assert!(status.success(), "it lived until it was told to stop: {status}");
}

#[cfg(debug_assertions)]
mod deaths {
    use super::{Engine, House};
    use crate::neighbours::{operators, patients_plan, practices_plan, with_neighbour};
    use crate::people::{JEAN, MARIE, PAUL, Professional, with_people};
    use kit::{Letter, Limit, TrustSpace, jpeg, until};
    use names::CrashPoint;
    use std::collections::{BTreeMap, BTreeSet};
    use std::os::unix::process::ExitStatusExt as _;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    /// Connections that write at once.
    const SENDERS: u32 = 4;
    /// Letters at each step, if the death does not come earlier.
    const LETTERS: u32 = 60;
    /// Under a minute: nothing may wait for the lease of the dead to run out.
    const EMPTY: Limit = Limit(Duration::from_secs(55), "the queue to be empty after the restart");
    /// SIGABRT: the process is gone between two instructions, as by SIGKILL.
    const ABORTED: i32 = 6;

    const CLINIC: &str = "clinique-du-parc.mssante.example";
    /// A professional of the other operator.
    const SURGEON: Professional =
        Professional { address: "chirurgie@clinique-du-parc.mssante.example", password: "demo-chirurgie" };
    /// A patient of the other operator who refuses letters: each costs a report.
    const OPPOSED: &str = "274089900050514@patient.mssante.example";
    const SURGERY: &str = r#"
[[domains]]
domain = "clinique-du-parc.mssante.example"
place = "local"
[[organisations]]
finess = "990000010"
name = "Clinique du Parc"
sector = "SA01"
street = "1 avenue du Parc"
postal_code = "99100"
town = "Valmont-sur-Orge"
[[people]]
id = "10099000027"
civility = "Dr"
given_name = "Paule"
family_name = "Ferrand"
profession = "10"
profession_label = "Médecin"
specialty = "Chirurgie"
[[mailboxes]]
address = "chirurgie@clinique-du-parc.mssante.example"
kind = "PER"
person = "10099000027"
organisation = "990000010"
[[passwords]]
person = "10099000027"
label = "Poste de la clinique"
password = "demo-chirurgie"
"#;

    /// At which passage of its step the operator dies: in the middle of many letters.
    fn passage(point: CrashPoint) -> u32 {
        match point {
            CrashPoint::ReceiveBeforeCommit => 10,
            CrashPoint::ReceiveAfterCommit => 20,
            CrashPoint::SendAfterLease => 5,
            // Two domains, two sessions: there may be no more.
            CrashPoint::SendAfterConnect => 2,
            CrashPoint::SendMidLetter => 30,
            CrashPoint::SendAfterLetter | CrashPoint::SendBeforeMark | CrashPoint::SendAfterMark => 15,
            CrashPoint::SendInMark => 10,
        }
    }

    /// What became of each letter, as its sender saw it (RELIABILITY §4.2).
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    enum Fate {
        Acknowledged,
        /// The connection ended behind the last dot.
        Unknown,
    }

    #[derive(Default)]
    struct Ledger {
        fates: Mutex<BTreeMap<u32, Fate>>,
        next: AtomicU32,
    }

    impl Ledger {
        fn write(&self, letter: u32, fate: Fate) {
            self.fates.lock().unwrap().insert(letter, fate);
        }

        fn of(&self, fate: Fate) -> BTreeSet<u32> {
            let fates = self.fates.lock().unwrap();
            fates.iter().filter(|(_, other)| **other == fate).map(|(letter, _)| *letter).collect()
        }
    }

    /// Every letter can be written again from its number. All go to a colleague in the house and to one of
    /// the other operator; some to patients there, one of whom refuses.
    fn letter(number: u32) -> (Vec<&'static str>, Vec<u8>) {
        let mut to = vec![PAUL.address, SURGEON.address];
        if number.is_multiple_of(2) {
            to.push(JEAN.address);
        }
        if number.is_multiple_of(3) {
            to.push(OPPOSED);
        }
        let text = format!("Lettre {number}. {}", "Quelques mots de plus. ".repeat(40));
        let letter = Letter::new(MARIE.address, PAUL.address, &format!("Lettre {number}"), &text)
            .field("Message-ID", &format!("<{number}@deaths.example>"))
            .field("Date", "Sat, 31 Jan 2026 09:00:00 +0100");
        let letter = match number % 4 {
            0 => letter.file(&format!("photo-{number}.jpg"), "image/jpeg", jpeg(&number.to_string(), 40_000)),
            _ => letter,
        };
        (to, letter.octets())
    }

    /// Two operators: `here` dies, `there` takes its letters.
    struct Stage {
        here: House,
        there: House,
        ledger: Ledger,
    }

    pub(super) fn tell(engine: Engine) {
        let mut stage = Stage::set(engine);
        let mut figures = Vec::new();
        for point in CrashPoint::ALL {
            figures.push(stage.die_at(*point));
        }
        stage.whole_letters();
        println!("{engine:?}:\n{}", figures.join("\n"));
    }

    impl Stage {
        fn set(engine: Engine) -> Self {
            let space = TrustSpace::found();
            let [here, there] = operators(&space);
            let (mut plan, port) = (practices_plan(engine, here.clone(), &there), there.ports.mx);
            plan = with_neighbour(plan, CLINIC, &there.member, port);
            let there = House::build(with_people(patients_plan(engine, there, &here), SURGERY));
            Self { here: House::build(plan), there, ledger: Ledger::default() }
        }

        /// Letters under way, the death, the restart, the judgement. What is to be told of it.
        fn die_at(&mut self, point: CrashPoint) -> String {
            let name = point.name();
            let acknowledged = self.ledger.of(Fate::Acknowledged).len();
            self.here.stop("TERM");
            self.here.dies_at(Some(&format!("{name}:{}", passage(point))));
            self.here.start();
            let last = self.ledger.next.load(Ordering::SeqCst) + LETTERS;
            std::thread::scope(|scope| {
                for _ in 0..SENDERS {
                    scope.spawn(|| write_until_cut(&self.here, &self.ledger, last));
                }
            });
            let ended = self.here.wait_for_end();
            assert_eq!(ended.signal(), Some(ABORTED), "{name}: {ended}");
            self.here.dies_at(None);
            self.here.start();
            let waited = std::time::Instant::now();
            self.empty();
            let waited = waited.elapsed();
            let kept = self.judge(name);
            let acknowledged = self.ledger.of(Fate::Acknowledged).len() - acknowledged;
            let unknown = self.resubmit();
            self.empty();
            assert_eq!(self.judge(name), 0, "{name}: nothing is unknown any more");
            for house in [&self.here, &self.there] {
                house.pli("verify", &[]).ok();
            }
            format!(
                "{name:>22}: {acknowledged} acknowledged, {unknown} unknown of which {kept} had been kept; \
                 the queue was empty after {} ms",
                waited.as_millis()
            )
        }

        fn empty(&self) {
            until(EMPTY, || {
                let waits = self.here.pli("queue", &["list"]).ok().text();
                (waits == "Nothing waits.\n").then_some(())
            });
        }

        /// Everybody has every acknowledged letter once, and of the unknown ones all recipients or none.
        /// How many unknown ones were kept.
        fn judge(&self, step: &str) -> usize {
            let (acknowledged, unknown) = (self.ledger.of(Fate::Acknowledged), self.ledger.of(Fate::Unknown));
            let local = once(step, "the colleague here", &inbox(&self.here, &PAUL));
            let missing: Vec<_> = acknowledged.difference(&local).collect();
            assert!(missing.is_empty(), "{step}: acknowledged and lost: {missing:?}");
            let nobodys: Vec<_> = local.iter().filter(|letter| !acknowledged.contains(letter)).collect();
            assert!(nobodys.iter().all(|letter| unknown.contains(letter)), "{step}: nobody sent {nobodys:?}");
            let across = once(step, "the colleague there", &inbox(&self.there, &SURGEON));
            assert_eq!(across, local, "{step}: a letter is at one recipient and not at the other");
            let patients = local.iter().filter(|letter| letter.is_multiple_of(2)).count();
            assert_eq!(self.received(), patients, "{step}: letters to the patient");
            // Nothing but reports comes back, one for each letter to who refuses, none for any other.
            let reports = once(step, "the sender's reports", &inbox(&self.here, &MARIE));
            let refused: BTreeSet<_> =
                local.iter().copied().filter(|letter| letter.is_multiple_of(3)).collect();
            assert_eq!(reports, refused, "{step}: reports");
            nobodys.len()
        }

        /// Letters to the patient, who has no mailbox door: from the trail.
        fn received(&self) -> usize {
            let ran = self.there.pli("admin", &["account", "history", "--lines", "1000", JEAN.address]).ok();
            ran.text().lines().filter(|line| line.contains("received")).count()
        }

        /// A sender that heard nothing sends again: 250, and still one letter (RELIABILITY R-22).
        fn resubmit(&self) -> usize {
            let unknown = self.ledger.of(Fate::Unknown);
            let mut client = self.here.sender(MARIE.address, MARIE.password).unwrap();
            for number in &unknown {
                let (to, octets) = letter(*number);
                let answer = client.send(MARIE.address, &to, &octets).unwrap();
                assert_eq!(answer.code, 250, "letter {number} again: {}", answer.text);
                self.ledger.write(*number, Fate::Acknowledged);
            }
            unknown.len()
        }

        /// Octet for octet what was sent, below the fields the houses add; and the reports are about who
        /// refuses.
        fn whole_letters(&self) {
            for (house, who) in [(&self.here, &PAUL), (&self.there, &SURGEON)] {
                for kept in inbox(house, who) {
                    let number = number_of(&kept);
                    assert!(body(&kept) == body(&letter(number).1), "{}: {number} is damaged", who.address);
                }
            }
            for report in inbox(&self.here, &MARIE) {
                let text = String::from_utf8_lossy(&report);
                assert_eq!(text.matches("\r\nFinal-Recipient:").count(), 1, "{text}");
                assert!(text.contains("\r\nStatus: 5.2.1\r\n") && text.contains(OPPOSED), "{text}");
            }
        }
    }

    fn write_until_cut(house: &House, ledger: &Ledger, last: u32) {
        let Ok(mut client) = house.sender(MARIE.address, MARIE.password) else { return };
        loop {
            let number = ledger.next.fetch_add(1, Ordering::SeqCst);
            if number >= last {
                return;
            }
            let (to, octets) = letter(number);
            match client.envelope(MARIE.address, &to) {
                Ok(None) => {}
                Ok(Some(refusal)) => panic!("letter {number} was refused: {}", refusal.text),
                // Cut before the letter: nothing was asked of the house.
                Err(_) => return,
            }
            match client.letter(&octets) {
                Ok(answer) if answer.code == 250 => ledger.write(number, Fate::Acknowledged),
                Ok(answer) => panic!("letter {number}: {}", answer.text),
                Err(_) => {
                    ledger.write(number, Fate::Unknown);
                    return;
                }
            }
        }
    }

    fn inbox(house: &House, who: &Professional) -> Vec<Vec<u8>> {
        house.reader(who.address, who.password).unwrap().letters().unwrap()
    }

    /// The numbers of these letters; each stands there once.
    fn once(step: &str, where_: &str, letters: &[Vec<u8>]) -> BTreeSet<u32> {
        let mut seen = BTreeSet::new();
        for letter in letters {
            let number = number_of(letter);
            assert!(seen.insert(number), "{step}: {where_}: letter {number} twice");
        }
        seen
    }

    /// The number in our Message-ID, of the letter itself or of the one a report gives back.
    fn number_of(octets: &[u8]) -> u32 {
        let text = String::from_utf8_lossy(octets);
        let (before, _) = text.split_once("@deaths.example>").unwrap_or_else(|| panic!("whose?\n{text}"));
        let (_, number) = before.rsplit_once('<').expect("an identifier has an angle");
        number.parse().expect("numbered by this story")
    }

    fn body(octets: &[u8]) -> &[u8] {
        let head = octets.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        &octets[head..]
    }

    /// The story itself can fail: a judge whose ledger holds one letter too many must say so.
    #[test]
    #[should_panic(expected = "acknowledged and lost")]
    fn a_letter_that_was_never_kept_would_be_noticed() {
        let stage = Stage::set(Engine::Sqlite);
        stage.ledger.write(1, Fate::Acknowledged);
        stage.judge("none");
    }
}
