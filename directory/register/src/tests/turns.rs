//! Who searches at the same time waits for the others' questions, not for all that somebody else has to ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::NOON;
use crate::testing::{Corpus, entries, put_in_force};
use crate::{Page, Query, Register};

/// Who asks, without a rest between two questions.
const ASKERS: usize = 8;
/// Questions of all of them together.
const ASKED: usize = 800;

/// On one thread, so that the machine's own turns do not count, and on SQLite, whose statements never wait: there a task
/// that asks again at once would keep its thread until the runtime takes it away.
#[tokio::test]
async fn of_eight_who_ask_without_a_rest_none_is_kept_waiting() {
    let databases = db::testing::both().await;
    let (_, db) =
        databases.iter().find(|(_, db)| db.engine() == db::Engine::Sqlite).expect("SQLite is one of both");
    put_in_force(db, entries(Corpus { entries: 300, ..Corpus::SMALL })).await.unwrap();
    let db: &db::Db = db;
    let register = Register::open(db.clone());
    let all = Arc::new(AtomicUsize::new(0));
    let askers: Vec<_> = (0..ASKERS)
        .map(|_| {
            let (register, all) = (register.clone(), Arc::clone(&all));
            tokio::spawn(async move {
                let query = Query { text: Some("martin".to_owned()), ..Query::default() };
                // How many questions of others were answered while one of this asker waited, at most.
                let (mut before, mut longest) = (all.load(Ordering::Relaxed), 0);
                while before < ASKED {
                    register.search(&query, &Page { count: 5, after: None }, NOON).await.unwrap();
                    let now = all.fetch_add(1, Ordering::Relaxed);
                    longest = longest.max(now - before);
                    before = now + 1;
                }
                longest
            })
        })
        .collect();
    for asker in askers {
        let longest = asker.await.unwrap();
        assert!(longest < 2 * ASKERS, "{longest} others were answered first");
    }
}
