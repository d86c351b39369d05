//! Damage and lack of sense: a question too wide, a page too deep, a segment that is not whole.

use super::{NOON, publish};
use crate::testing::{Corpus, entries, put_in_force};
use crate::tests::invented::town;
use crate::{Criterion, Error, Match, Page, Query, Register, Token, limits};

#[tokio::test]
async fn a_question_that_is_too_wide_is_refused() {
    let db = db::testing::sqlite().await;
    db.migrate(crate::MIGRATIONS).await.unwrap();
    publish(&db, town()).await;
    let register = Register::open(db.clone());
    let page = |count, after| Page { count, after };
    let mut deep = Criterion::Any(Vec::new());
    for _ in 0..=limits::DEPTH {
        deep = Criterion::Any(vec![deep]);
    }
    let many = Criterion::Identifier("1".to_owned());
    for criterion in [
        Criterion::Any(vec![many; limits::ALTERNATIVES + 1]),
        Criterion::Name(Match::Contains("a b c".to_owned())),
        Criterion::Name(Match::Contains(String::new())),
        deep,
    ] {
        let query = Query { all: vec![criterion], ..Query::default() };
        assert!(matches!(register.search(&query, &page(10, None), NOON).await, Err(Error::TooWide(_))));
    }
    let all = Query::default();
    assert_eq!(register.search(&all, &page(usize::MAX, None), NOON).await.unwrap().listings.len(), 8);
    assert!(register.search(&all, &page(0, None), NOON).await.unwrap().listings.is_empty());
    let made_up = Some(Token("i7fffffffffffffff-0".to_owned()));
    assert!(matches!(register.search(&all, &page(10, made_up), NOON).await, Err(Error::StaleToken)));
}

#[tokio::test]
async fn a_damaged_segment_is_an_error_and_no_panic() {
    for (engine, db) in db::testing::both().await {
        put_in_force(&db, entries(Corpus { entries: 300, ..Corpus::SMALL })).await.unwrap();
        for sql in [
            "UPDATE register_segment_piece SET octets = $1 WHERE part = 2",
            "UPDATE register_segment_piece SET octets = $1 WHERE part = 1",
            "UPDATE register_segment_piece SET octets = $1 WHERE part = 0",
            "DELETE FROM register_segment_piece WHERE octets = $1 AND part = 2",
        ] {
            db.write(db::unit("damage", sql, |sql, tx| {
                Box::pin(async move { tx.execute(sql, db::args![vec![0xff_u8; 40]]).await })
            }))
            .await
            .unwrap();
            let register = Register::open(db.clone());
            let query = Query { text: Some("martin".to_owned()), ..Query::default() };
            let found = register.search(&query, &Page { count: 10, after: None }, NOON).await;
            assert!(found.is_err() || found.is_ok_and(|found| found.listings.is_empty()), "{engine}: {sql}");
        }
    }
}
