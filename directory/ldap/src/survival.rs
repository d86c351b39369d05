//! What the fuzzer plays, on every build: its seeds, and its seeds with octets changed, taken out and put in.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::fuzzed::{check, play};

/// Conversations for each seed.
const ROUNDS: usize = 400;

fn seeds() -> Vec<(String, Vec<u8>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/ldap_session");
    let files = std::fs::read_dir(folder).expect("the seeds are in the repository");
    let mut seeds: Vec<_> = files
        .map(|file| {
            let file = file.expect("a file");
            let octets = std::fs::read(file.path()).expect("a seed can be read");
            (file.file_name().to_string_lossy().into_owned(), octets)
        })
        .collect();
    seeds.sort();
    seeds
}

#[test]
fn every_seed_is_a_conversation_and_none_is_survived_by_half_an_answer() {
    for (name, seed) in seeds() {
        let (first, input) = seed.split_first().expect("a seed has its first octet");
        for read in [usize::MAX, 1, usize::from(first >> 1)] {
            let played = play(first & 1 == 1, input, read);
            check(&played);
            let silent = name == "long_form";
            assert!(silent || !played.sent.is_empty(), "{name} is answered");
            assert!(!silent || played.closed, "{name}: an unbind in long form ends the connection");
        }
    }
}

#[test]
fn seeds_with_octets_changed_are_survived() {
    // A fixed generator: every run plays the same conversations.
    let mut runner = TestRunner::deterministic();
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0..4_u8);
    let changes = proptest::collection::vec(change, 1..12);
    for (name, seed) in seeds() {
        for _ in 0..ROUNDS {
            let mut octets = seed[1..].to_vec();
            for (place, octet, how) in changes.new_tree(&mut runner).expect("changes").current() {
                let place = place.index(octets.len().max(1));
                match how {
                    0 => octets.insert(place.min(octets.len()), octet),
                    1 if place < octets.len() => drop(octets.remove(place)),
                    2 => octets.truncate(place.max(1)),
                    _ if place < octets.len() => octets[place] = octet,
                    _ => octets.push(octet),
                }
            }
            for secured in [false, true] {
                let whole = play(secured, &octets, usize::MAX);
                check(&whole);
                check(&play(secured, &octets, 3));
                assert!(whole.sent.len() < 1 << 20, "{name}: answers are no larger than questions deserve");
            }
        }
    }
}
