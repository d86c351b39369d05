//! A thousand hostile searches of the published directory over a house with fifty patients find none of them.
//!
//! They cannot: `register`, which answers, knows the tables of this room no more than its crate does (the table of
//! arrows in `tests/stories/architecture.rs`), and what this room publishes of itself ([`crate::published`]) is read
//! from people, organisations and mailboxes. The test looks all the same.

use std::fmt::Write as _;

use names::{AccountKind, Address, Ins, NationalPersonId, NationalStructureId};
use register::{Criterion, Match, Page, Query, Register, Sight};

use crate::testing::{NOW, SEED, empty_houses, read_files};
use crate::which_address::{Purpose, Who};

const CANARIES: u64 = 50;
/// What turns a value into an attack on whatever stands behind the search; `%s` is the value.
const ATTACKS: [&str; 20] = [
    "%s",
    "%s*",
    "*%s*",
    "' OR '1'='1",
    "%s' OR '1'='1' --",
    "' UNION SELECT * FROM patient --",
    "'; SELECT traits FROM patient; --",
    "\" OR \"\"=\"",
    "%s%' AND 1=1 --",
    "_%s_",
    "*)(uid=*%s",
    "*)(objectClass=*))(|(uid=%s",
    "%s) NEAR (%s",
    "patient:%s",
    "{FOR UPDATE}%s",
    "$1 %s $2",
    "\u{0}%s",
    "\u{1}s%s",
    "%s@patient.mssante.example",
    "patient mssante %s",
];

struct Canary {
    family: String,
    given: String,
    ins: String,
    email: String,
}

fn canaries() -> Vec<Canary> {
    let one = |number: u64| {
        let letters = |number: u64| {
            let letter = |place: u32| char::from(b'a' + (number / 7_u64.pow(place) % 7) as u8);
            format!("{}x{}q{}", letter(0), letter(1), letter(2))
        };
        let ins = Ins::from_matricule(&format!("2850599{number:06}")).unwrap();
        Canary {
            family: format!("Vwyz{}", letters(number)),
            given: format!("Qkvw{}", letters(number + 50)),
            ins: ins.expose().to_owned(),
            email: format!("canari{number}@boite-canari.example"),
        }
    };
    (0..CANARIES).map(one).collect()
}

fn patients(canaries: &[Canary]) -> String {
    let mut toml = String::new();
    for (number, Canary { family, given, ins, email }) in canaries.iter().enumerate() {
        let state = ["activated", "created", "announced"][number % 3];
        write!(
            toml,
            "[[patients]]\nins = \"{ins}\"\nbirth_name = \"{family}\"\ngiven_names = [\"{given}\"]\n\
             birth_date = 1985-05-12\nsex = \"F\"\nemail = \"{email}\"\nstate = \"{state}\"\nsince = \"-20d\"\n"
        )
        .unwrap();
    }
    toml
}

/// A thousand questions: each of fifty canaries in twenty attacks, as text and as criteria in turn.
fn searches(canaries: &[Canary]) -> impl Iterator<Item = Query> {
    canaries.iter().enumerate().flat_map(|(number, canary)| {
        ATTACKS.iter().enumerate().map(move |(attack, form)| {
            let values = [&canary.family, &canary.given, &canary.ins, &canary.email];
            let value = form.replace("%s", values[(number + attack) % values.len()]);
            let asked = || match (number + attack) % 4 {
                0 => Match::Exactly(value.clone()),
                1 => Match::Begins(value.clone()),
                2 => Match::Contains(value.clone()),
                _ => Match::Like(value.clone()),
            };
            let criterion = match attack % 12 {
                0 => Criterion::Family(asked()),
                1 => Criterion::Given(asked()),
                2 => Criterion::Name(asked()),
                3 => Criterion::Address(asked()),
                4 => Criterion::Identifier(value.clone()),
                5 => Criterion::Person(vec![NationalPersonId(canary.ins.clone())]),
                6 => Criterion::Structure(vec![NationalStructureId(canary.ins.clone())]),
                7 => Criterion::Kind(AccountKind::Patient),
                8 => Criterion::Mailbox(patient_address(&canary.ins)),
                9 => Criterion::Service(asked()),
                10 => Criterion::Town(asked()),
                _ => Criterion::Organisation(asked()),
            };
            let (text, all) = match (number + attack) % 3 {
                0 => (Some(value), Vec::new()),
                1 => (None, vec![criterion]),
                _ => (Some(value), vec![criterion]),
            };
            Query { text, all, ..Query::default() }
        })
    })
}

fn patient_address(ins: &str) -> Address {
    Address::parse(&format!("{ins}@patient.mssante.example")).unwrap()
}

#[tokio::test]
async fn a_thousand_hostile_searches_find_none_of_fifty_patients() {
    let canaries = canaries();
    for house in empty_houses().await {
        let seed = read_files(&[("seed.toml", SEED), ("canaries.toml", &patients(&canaries))]);
        let applied = house.directory.import(seed, NOW).await.unwrap();
        assert_eq!(applied.faults, [], "{}", house.engine);
        let public = Register::open((*house.db).clone());
        let page = Page { count: 100, after: None };
        let everybody = public.search(&Query::default(), &page, NOW).await.unwrap().listings;
        assert!(!everybody.is_empty(), "{}: professionals are published", house.engine);
        let mut asked = 0;
        // Administrators of the directory find no patient by it either.
        for register in [public.clone(), public.seen_by(Sight::Administrator)] {
            for query in searches(&canaries) {
                asked += 1;
                let found = match register.search(&query, &page, NOW).await {
                    Ok(found) => found.listings,
                    Err(register::Error::TooWide(_)) => continue,
                    Err(error) => panic!("{}: {query:?}: {error}", house.engine),
                };
                let shown = format!("{found:?}");
                let addresses: String = found
                    .iter()
                    .flat_map(|entry| entry.mailboxes())
                    .map(|mailbox| format!("{} ", mailbox.address))
                    .collect();
                for Canary { family, given, ins, email } in &canaries {
                    for secret in [family, given, ins, email, &ins[..13].to_owned()] {
                        assert!(
                            !shown.contains(secret.as_str()),
                            "{}: {query:?} shows {secret}",
                            house.engine
                        );
                        assert!(
                            !addresses.contains(secret.as_str()),
                            "{}: {query:?} shows {secret}",
                            house.engine
                        );
                    }
                }
            }
        }
        assert_eq!(asked, 2_000, "{}: a thousand for each sight", house.engine);
        for Canary { family, given, ins, .. } in &canaries {
            assert!(public.by_address(&patient_address(ins)).await.unwrap().is_none());
            for who in [Who::Address(patient_address(ins)), Who::Text(format!("{given} {family}"))] {
                let found = public.resolve(&who, Purpose::Colleague, None, NOW).await.unwrap();
                assert_eq!((found.choice, found.others), (None, Vec::new()), "{}", house.engine);
            }
        }
    }
}
