//! What holds of every entry and every question.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::{NOON, name};
use crate::testing::{Corpus, entries, put_in_force};
use crate::{Criterion, Error, Found, Listing, Match, Page, Query, Register, Sight};

/// A directory of each engine.
async fn directories() -> Vec<(&'static str, db::testing::TestDb, Register)> {
    let mut all = Vec::new();
    for (engine, db) in db::testing::both().await {
        put_in_force(&db, entries(Corpus { entries: 1_500, ..Corpus::SMALL })).await.unwrap();
        let register = Register::open(db.clone());
        all.push((engine, db, register));
    }
    all
}

/// Runs a property, which waits for answers, on cases drawn by lot.
fn hold<S: Strategy>(strategy: &S, cases: u32, property: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config).run(strategy, property).unwrap();
}

fn first_page(register: &Register, query: &Query) -> Result<Found, Error> {
    let page = Page { count: 100, after: None };
    tokio::task::block_in_place(|| {
        tokio::runtime::Handle::current().block_on(register.search(query, &page, NOON))
    })
}

fn text(text: &str) -> Query {
    Query { text: Some(text.to_owned()), ..Query::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_is_found_by_its_own_name_and_with_one_error_in_it() {
    let all: Vec<Listing> = entries(Corpus { entries: 1_500, ..Corpus::SMALL }).collect();
    for (engine, _db, register) in directories().await {
        hold(&(0..all.len(), any::<u64>()), 60, |(at, lot)| {
            let listing = &all[at];
            // With its number and place there is nobody else of that name.
            let town = match listing {
                Listing::Professional(person) => person.situations[0].place.postal_code.clone(),
                Listing::Organisation(organisation) => organisation.place.postal_code.clone(),
            };
            let whole = format!("{} {town}", name(listing));
            let found = first_page(&register, &text(&whole)).unwrap();
            let is_there = found.listings.iter().any(|found| found.id() == listing.id());
            prop_assert!(is_there, "{engine}: {whole}");
            let folded = names::fold(&name(listing));
            let words: Vec<&str> = folded.split(' ').filter(|word| word.len() >= 4).collect();
            if let Some(word) = words.get(lot as usize % words.len().max(1)) {
                let wrong = with_error(word, lot);
                let asked = format!("{} {town}", folded.replacen(word, &wrong, 1));
                let found = first_page(&register, &text(&asked)).unwrap();
                let is_there = found.listings.iter().any(|found| found.id() == listing.id());
                prop_assert!(is_there, "{engine}: {asked} for {whole}");
            }
            Ok(())
        });
    }
}

fn with_error(word: &str, lot: u64) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let at = (lot >> 8) as usize % letters.len();
    let letter = char::from(b'a' + ((lot >> 16) % 26) as u8);
    match lot % 4 {
        0 => drop(letters.remove(at)),
        1 => letters.insert(at, letter),
        2 => letters[at] = letter,
        _ => letters.swap(at, (at + 1) % word.len()),
    }
    if lot % 4 == 3 && at + 1 == word.len() {
        // The last has no neighbour behind it: swapped with the first it would be two errors.
        return word.to_owned();
    }
    letters.into_iter().collect()
}

/// Texts that databases, indexes and patterns could take for more than letters (RELIABILITY D-08).
fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "'",
        "\"",
        "%",
        "_",
        "*",
        ";",
        "--",
        "/*",
        "\\",
        "NEAR",
        "(",
        ")",
        "\u{0}",
        "\u{1}",
        "\u{2}r",
        "$1",
        "{}",
        "{FOR UPDATE}",
        "' OR 1=1",
        "martin",
        "ma",
        "é",
        "\u{202e}",
        "𝔐artin",
        "ﬁ",
        "中村",
        "*)(uid=*",
        "\n",
        "\u{ff}",
    ]);
    prop_oneof![prop::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat()), "\\PC{0,60}"]
}

fn matches() -> impl Strategy<Value = Match> {
    (0..4, hostile()).prop_map(|(kind, text)| match kind {
        0 => Match::Exactly(text),
        1 => Match::Begins(text),
        2 => Match::Contains(text),
        _ => Match::Like(text),
    })
}

fn criteria() -> impl Strategy<Value = Criterion> {
    (0..14, matches(), hostile()).prop_map(|(kind, asked, text)| match kind {
        0 => Criterion::Family(asked),
        1 => Criterion::Given(asked),
        2 => Criterion::Name(asked),
        3 => Criterion::Profession(asked),
        4 => Criterion::KnowHow(asked),
        5 => Criterion::Sector(asked),
        6 => Criterion::Role(asked),
        7 => Criterion::Town(asked),
        8 => Criterion::PostalCode(asked),
        9 => Criterion::Line(asked),
        10 => Criterion::Organisation(asked),
        11 => Criterion::Service(asked),
        12 => Criterion::Address(asked),
        _ => Criterion::Identifier(text),
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_asked_does_harm_shows_the_red_list_or_differs_between_engines() {
    let directories = directories().await;
    let red: Vec<String> = entries(Corpus { entries: 1_500, ..Corpus::SMALL })
        .flat_map(|listing| listing.mailboxes().cloned().collect::<Vec<_>>())
        .filter(|mailbox| mailbox.red_list)
        .map(|mailbox| mailbox.address.to_string())
        .collect();
    assert!(red.len() > 10);
    let strategy = (prop::option::of(hostile()), prop::collection::vec(criteria(), 0..3), any::<bool>());
    hold(&strategy, 80, |(text, all, reachable)| {
        let query = Query { text, all, reachable, ..Query::default() };
        let mut answers = Vec::new();
        for (engine, _db, register) in &directories {
            match first_page(register, &query) {
                Ok(found) => {
                    let shown = found.listings.iter().flat_map(Listing::mailboxes);
                    let hidden = shown
                        .map(|mailbox| mailbox.address.to_string())
                        .find(|address| red.contains(address));
                    prop_assert!(hidden.is_none(), "{engine}: {query:?} shows {hidden:?}");
                    answers.push(Some((
                        found.listings.iter().map(Listing::id).collect::<Vec<_>>(),
                        found.total,
                    )));
                }
                Err(Error::TooWide(_)) => answers.push(None),
                Err(error) => prop_assert!(false, "{engine}: {query:?}: {error}"),
            }
        }
        prop_assert_eq!(&answers[0], &answers[1]);
        Ok(())
    });
    // Every red-listed address, asked in every way.
    for address in red.iter().take(40) {
        let number: String = address.chars().filter(char::is_ascii_digit).collect();
        for (engine, _db, register) in &directories {
            let ways = [
                text(address),
                text(&number),
                Query { all: vec![Criterion::Address(Match::Exactly(address.clone()))], ..Query::default() },
                Query { all: vec![Criterion::Address(Match::Begins(address.clone()))], ..Query::default() },
                Query {
                    all: vec![Criterion::Address(Match::Contains(address[..12].to_owned()))],
                    ..Query::default()
                },
                Query {
                    all: vec![Criterion::Mailbox(names::Address::parse(address).unwrap())],
                    ..Query::default()
                },
            ];
            for query in ways {
                let found = first_page(register, &query).unwrap();
                let mut shown = found.listings.iter().flat_map(Listing::mailboxes);
                assert!(shown.all(|mailbox| !mailbox.red_list), "{engine}: {query:?}");
                if query.text.is_none() {
                    let holder = found.listings.iter().any(|listing| listing.mailboxes().count() == 0);
                    assert!(!holder, "{engine}: {query:?} finds its holder");
                }
            }
            let admin = register.seen_by(Sight::Administrator);
            let query =
                Query { all: vec![Criterion::Address(Match::Exactly(address.clone()))], ..Query::default() };
            assert_eq!(first_page(&admin, &query).unwrap().listings.len(), 1, "{engine}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_index_finds_whoever_a_look_at_every_entry_finds() {
    let all: Vec<Listing> = entries(Corpus { entries: 1_500, ..Corpus::SMALL }).collect();
    let (_, _db, register) = directories().await.remove(0);
    let values = |listing: &Listing| -> Vec<(u8, String)> {
        match listing {
            Listing::Professional(person) => vec![
                (0, person.family_name.clone()),
                (1, person.given_name.clone()),
                (2, format!("{} {}", person.given_name, person.family_name)),
                (3, person.situations[0].place.town.clone()),
                (4, person.situations[0].place.lines[0].clone()),
            ],
            Listing::Organisation(organisation) => {
                vec![(2, organisation.name.clone()), (3, organisation.place.town.clone())]
            }
        }
    };
    let strategy = (0..all.len(), 0_usize..5, 0_u8..4, 0_usize..30, 3_usize..12);
    hold(&strategy, 120, |(at, which, kind, from, length)| {
        let values = values(&all[at]);
        let (field, value) = &values[which % values.len()];
        let folded: Vec<char> = names::fold(value).chars().collect();
        let part = |from: usize| folded.iter().skip(from).take(length).collect::<String>();
        let asked = match kind {
            0 => Match::Exactly(value.clone()),
            1 => Match::Begins(part(0)),
            2 => Match::Contains(part(from % folded.len())),
            _ => Match::Like(value.clone()),
        };
        let criterion = match field {
            0 => Criterion::Family(asked),
            1 => Criterion::Given(asked),
            2 => Criterion::Name(asked),
            3 => Criterion::Town(asked),
            _ => Criterion::Line(asked),
        };
        let query = Query { all: vec![criterion], ..Query::default() };
        let found = match first_page(&register, &query) {
            Ok(found) => found.listings.iter().map(Listing::id).collect::<Vec<_>>(),
            Err(Error::TooWide(_)) => return Ok(()),
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        };
        let want: Vec<_> = all
            .iter()
            .filter(|listing| crate::search::fits_all(&query, listing))
            .map(Listing::id)
            .take(100)
            .collect();
        prop_assert_eq!(found, want, "{:?}", query);
        Ok(())
    });
}
