//! The labelled set: 500 misspelt questions, and how often the entry they mean is found.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::testing::{Corpus, Question, entries, put_in_force, questions};
use crate::{Listing, Page, Query, Register};

use super::NOON;

/// Questions of each of the 25 rules.
const EACH: usize = 20;
/// The set as it is kept: rule, question, id of the entry it means.
const KEPT: &str = include_str!("../../tests/data/misspelt.tsv");

fn set() -> Vec<Question> {
    let all: Vec<Listing> = entries(Corpus::SMALL).collect();
    questions(&all, EACH)
}

fn as_kept(questions: &[Question]) -> String {
    questions.iter().fold(String::new(), |mut lines, Question { rule, text, means }| {
        writeln!(lines, "{rule:?}\t{text}\t{}", means.0).expect("a string takes it");
        lines
    })
}

#[test]
fn the_kept_set_is_what_the_rules_make() {
    let made = set();
    assert_eq!(made.len(), 500);
    assert!(
        as_kept(&made) == KEPT,
        "tests/data/misspelt.tsv is not what the rules make:\n{}",
        as_kept(&made)
    );
}

#[tokio::test]
async fn misspelt_questions_find_whom_they_mean() {
    let mut answers = Vec::new();
    for (engine, db) in db::testing::both().await {
        put_in_force(&db, entries(Corpus::SMALL)).await.unwrap();
        let register = Register::open(db.clone());
        let (mut first, mut among_five, mut all) = (0, 0, Vec::new());
        let mut by_rule: HashMap<String, (usize, usize)> = HashMap::new();
        let mut missed = String::new();
        let set = set();
        for Question { rule, text, means } in &set {
            let query = Query { text: Some(text.clone()), ..Query::default() };
            let page = Page { count: 5, after: None };
            let found = register.search(&query, &page, NOON).await.unwrap().listings;
            let place = found.iter().position(|listing| listing.id() == *means);
            let rule = by_rule.entry(format!("{rule:?}")).or_default();
            first += usize::from(place == Some(0));
            among_five += usize::from(place.is_some());
            rule.0 += usize::from(place == Some(0));
            rule.1 += usize::from(place.is_some());
            if place != Some(0) {
                let best = found.first().map(super::name);
                writeln!(missed, "{text:?} means {}: {place:?}, best {best:?}", means.0).unwrap();
            }
            all.push(found.iter().map(Listing::id).collect::<Vec<_>>());
        }
        let of = |count: usize| count as f64 / set.len() as f64;
        println!("{engine}: top-1 {:.3}, recall@5 {:.3}\n{by_rule:?}\n{missed}", of(first), of(among_five));
        assert!(of(among_five) >= 0.98, "{engine}: recall@5 {}\n{by_rule:?}\n{missed}", of(among_five));
        assert!(of(first) >= 0.90, "{engine}: top-1 {}\n{by_rule:?}\n{missed}", of(first));
        answers.push(all);
    }
    assert!(answers[0] == answers[1], "both engines give the same answers");
}
