//! What every room relies on, on both engines.

use crate::testing::{TestDb, both, sqlite};
use crate::{Config, Db, Durability, Error, Migration, Tx, Unit, args, unit};
use names::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const TABLES: Migration = Migration {
    name: "test/0001",
    sql: "CREATE TABLE counter (id {ID}, value {INT} NOT NULL) {STRICT};\n\
          CREATE TABLE thing (place {INT} NOT NULL, name {TEXT}, data {BYTES}, good {BOOL}, PRIMARY KEY (place)) {CLUSTERED};\n",
};

async fn ready(db: &TestDb) {
    db.migrate(&[TABLES]).await.unwrap();
    db.write(unit("first row", (), |(), tx| {
        Box::pin(async move { tx.execute("INSERT INTO counter (id, value) VALUES (1, 0)", args![]).await })
    }))
    .await
    .map(drop)
    .unwrap_or_else(|error: Error| panic!("{error:?}"));
}

async fn value(db: &Db) -> i64 {
    let mut tx = db.read().await.unwrap();
    tx.row("SELECT value FROM counter WHERE id = 1", args![]).await.unwrap().int(0).unwrap()
}

/// Reads, then writes what it read plus one: loses updates wherever units are not kept apart.
struct ReadThenWrite;

impl Unit for ReadThenWrite {
    const NAME: &'static str = "read then write";
    type Output = i64;
    type Error = Error;

    async fn run(&mut self, tx: &mut Tx) -> Result<i64, Error> {
        let seen = tx.row("SELECT value FROM counter WHERE id = 1 {FOR UPDATE}", args![]).await?.int(0)?;
        tokio::task::yield_now().await;
        tx.execute("UPDATE counter SET value = $1 WHERE id = 1", args![seen + 1]).await?;
        Ok(seen + 1)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_update_is_lost_among_sixty_four_writers() {
    for (engine, db) in both().await {
        ready(&db).await;
        let writers: Vec<_> = (0..64)
            .map(|_| {
                let db = (*db).clone();
                tokio::spawn(async move { db.write(ReadThenWrite).await.unwrap() })
            })
            .collect();
        let mut seen: Vec<i64> = Vec::new();
        for writer in writers {
            seen.push(writer.await.unwrap());
        }
        seen.sort_unstable();
        assert_eq!(seen, (1..=64).collect::<Vec<_>>(), "{engine}");
        assert_eq!(value(&db).await, 64, "{engine}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_units_share_one_commit_on_sqlite() {
    let db = sqlite().await;
    ready(&db).await;
    let (commits, units) = db.commits_and_units();
    let writes = (0..200).map(|_| db.write(ReadThenWrite));
    for result in futures_util::future::join_all(writes).await {
        result.unwrap();
    }
    let (commits_after, units_after) = db.commits_and_units();
    assert_eq!(units_after - units, 200);
    assert!(commits_after - commits <= 60, "{} commits for 200 units", commits_after - commits);
}

struct Spoiler(u8);

impl Unit for Spoiler {
    const NAME: &'static str = "spoiler";
    type Output = ();
    type Error = Error;

    async fn run(&mut self, tx: &mut Tx) -> Result<(), Error> {
        tx.execute("UPDATE counter SET value = value + 1000 WHERE id = 1", args![]).await?;
        match self.0 {
            0 => Err(Error::Damaged("on purpose".to_owned())),
            1 => panic!("on purpose"),
            _ => tx.execute("INSERT INTO counter (id, value) VALUES (1, 1)", args![]).await.map(drop),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_fails_or_panics_takes_nobody_with_it() {
    for (engine, db) in both().await {
        ready(&db).await;
        let good = (0..20).map(|_| db.write(ReadThenWrite));
        let bad = (0..9).map(|kind| db.write(Spoiler(kind % 3)));
        let (good, bad) =
            tokio::join!(futures_util::future::join_all(good), futures_util::future::join_all(bad));
        assert!(good.iter().all(Result::is_ok), "{engine}");
        assert!(bad.iter().all(Result::is_err), "{engine}");
        assert!(bad[2].as_ref().unwrap_err().is_unique_violation(), "{engine}");
        assert_eq!(value(&db).await, 20, "{engine}");
    }
}

#[tokio::test]
async fn watchers_hear_of_commits_only() {
    for (engine, db) in both().await {
        ready(&db).await;
        let told = Arc::new(AtomicUsize::new(0));
        for fails in [false, true] {
            let written = db
                .write(unit("tell", (Arc::clone(&told), fails), |(told, fails), tx| {
                    Box::pin(async move {
                        let told = Arc::clone(told);
                        tx.after_commit(move || {
                            told.fetch_add(1, Ordering::SeqCst);
                        });
                        if *fails { Err(Error::Damaged("on purpose".to_owned())) } else { Ok(()) }
                    })
                }))
                .await;
            assert_eq!(written.is_err(), fails, "{engine}");
        }
        assert_eq!(told.load(Ordering::SeqCst), 1, "{engine}");
    }
}

#[tokio::test]
async fn a_reader_keeps_one_view_while_others_write() {
    for (engine, db) in both().await {
        ready(&db).await;
        let mut view = db.read().await.unwrap();
        let sql = "SELECT value FROM counter WHERE id = 1";
        assert_eq!(view.row(sql, args![]).await.unwrap().int(0).unwrap(), 0, "{engine}");
        db.write(ReadThenWrite).await.unwrap();
        assert_eq!(view.row(sql, args![]).await.unwrap().int(0).unwrap(), 0, "{engine}: the view moved");
        drop(view);
        assert_eq!(value(&db).await, 1, "{engine}");
    }
}

#[tokio::test]
async fn many_rows_and_long_lists_travel_whole() {
    for (engine, db) in both().await {
        ready(&db).await;
        let written = db
            .write(unit("many", (), |(), tx| {
                Box::pin(async move {
                    let rows = (0..3_001_i64).map(|place| match place % 2 {
                        0 => args![place, format!("n{place}"), vec![1_u8, 2], true],
                        _ => args![place, None::<String>, None::<Vec<u8>>, None::<bool>],
                    });
                    tx.insert_rows("INSERT INTO thing (place, name, data, good) VALUES", "", rows.collect())
                        .await
                })
            }))
            .await;
        assert_eq!(written.map_err(|error: Error| error.to_string()), Ok(3_001), "{engine}");
        let mut tx = db.read().await.unwrap();
        let wanted = (0..1_500_i64).map(|n| (n * 2).into()).collect();
        let sql = "SELECT place, name, data, good FROM thing WHERE place >= $1 AND place IN ({})";
        let found = tx.rows_in(sql, args![1_000_i64], wanted).await.unwrap();
        assert_eq!(found.len(), 1_000, "{engine}");
        assert_eq!(found[0].maybe_bytes(2).unwrap().unwrap(), [1, 2], "{engine}");
        assert!(found[0].bool(3).unwrap(), "{engine}");
        let none = tx.row("SELECT name, data, good FROM thing WHERE place = 1", args![]).await.unwrap();
        assert_eq!((none.maybe_text(0).unwrap(), none.maybe_bool(2).unwrap()), (None, None), "{engine}");
        assert!(matches!(
            tx.row("SELECT 1 FROM thing WHERE place = -1", args![]).await,
            Err(Error::NoRow { .. })
        ));
    }
}

#[tokio::test]
async fn an_edited_migration_is_refused() {
    for (engine, db) in both().await {
        ready(&db).await;
        db.migrate(&[TABLES]).await.unwrap();
        let edited = Migration { sql: "CREATE TABLE other (id {ID}) {STRICT};\n", ..TABLES };
        assert!(matches!(db.migrate(&[edited]).await, Err(Error::Migration(_))), "{engine}");
    }
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused_and_left_as_it_is() {
    let newer = Migration { name: "test/0002", sql: "CREATE TABLE other (id {ID}) {STRICT};\n" };
    let mine = Migration { name: "test/0003", sql: "DROP TABLE counter;\n" };
    for (engine, db) in both().await {
        ready(&db).await;
        db.migrate(&[TABLES, newer]).await.unwrap();
        for older in [&[TABLES][..], &[TABLES, mine]] {
            let refused = db.migrate(older).await.unwrap_err();
            assert!(
                matches!(&refused, Error::NewerDatabase(name) if name == "test/0002"),
                "{engine}: {refused}"
            );
        }
        assert_eq!(value(&db).await, 0, "{engine}");
        db.migrate(&[TABLES, newer]).await.unwrap();
    }
}

#[tokio::test]
async fn reading_cannot_write() {
    for (engine, db) in both().await {
        ready(&db).await;
        let mut tx = db.read().await.unwrap();
        let written = tx.execute("UPDATE counter SET value = 9 WHERE id = 1", args![]).await;
        assert!(written.is_err(), "{engine}");
    }
}

#[tokio::test]
async fn a_second_server_on_the_folder_is_refused_and_ids_go_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::Sqlite {
        folder: folder.path().to_owned(),
        name: "pli".to_owned(),
        durability: Durability::PowerCut,
    };
    let clock = crate::testing::stopped_clock(Timestamp(1_000_000));
    let first = Db::open(&config, clock.clone()).await.unwrap();
    let id = first.id(Timestamp(1_000_000));
    assert!(matches!(Db::open(&config, clock.clone()).await, Err(Error::Locked(_))));
    drop(first);
    // The writer lets go of the file in its own time.
    let again = Db::open(&config, clock).await.unwrap();
    assert!(again.id(Timestamp(0)) > id, "ids stepped back over a restart");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_goes_away_leaves_no_view_behind() {
    for (engine, db) in both().await {
        ready(&db).await;
        for looks in 0..150 {
            let mut reading = Box::pin(db.read());
            // Given up after so many looks: before, amid and after the answer to BEGIN.
            for _ in 0..looks {
                let mut context = std::task::Context::from_waker(std::task::Waker::noop());
                if reading.as_mut().poll(&mut context).is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            drop(reading);
            let written = db.write(ReadThenWrite).await;
            assert!(written.is_ok(), "{engine}: after {looks} looks: {written:?}");
        }
        assert_eq!(value(&db).await, 150, "{engine}");
    }
}

mod notices {
    use std::time::Duration;

    use super::*;
    use crate::testing::{self, Listening};
    use crate::{Heard, limits};

    async fn say(db: &Db, word: &'static str) {
        let unit = unit("say", word, |word, tx| {
            Box::pin(async move {
                tx.tell_others(*word);
                Ok::<_, Error>(())
            })
        });
        db.write(unit).await.unwrap();
    }

    async fn hears(ear: &mut crate::Ear, word: &str) {
        let heard = tokio::time::timeout(Duration::from_secs(2), async {
            loop {
                match ear.next().await.unwrap() {
                    Heard::Word(heard) if *heard == *word => return,
                    Heard::Word(_) | Heard::Everything => {}
                }
            }
        });
        heard.await.unwrap_or_else(|_| panic!("{word} is not heard within two seconds"));
    }

    #[tokio::test]
    async fn other_processes_hear_a_word_after_its_commit_with_the_bell_and_without() {
        for listening in [Listening::Yes, Listening::No] {
            let first = testing::postgres().await;
            let second = first.another_process(listening).await;
            let (mut own, mut ear) = (first.hear(), second.hear());
            for word in ["one", "two"] {
                say(&first, word).await;
                hears(&mut ear, word).await;
            }
            say(&second, "back").await;
            hears(&mut own, "back").await;
            assert_eq!(own.heard(), None, "a process does not hear itself ({listening:?})");
        }
    }

    #[tokio::test]
    async fn a_word_of_a_unit_that_failed_is_not_said() {
        let first = testing::postgres().await;
        let second = first.another_process(Listening::Yes).await;
        let mut ear = second.hear();
        let failing = unit("fail", (), |(), tx| {
            Box::pin(async move {
                tx.tell_others("lie");
                tx.execute("SELECT nothing FROM nowhere", args![]).await.map(drop)
            })
        });
        first.write(failing).await.unwrap_err();
        say(&first, "truth").await;
        loop {
            match ear.next().await.unwrap() {
                Heard::Word(word) if &*word == "truth" => break,
                Heard::Word(word) => panic!("{word}"),
                Heard::Everything => {}
            }
        }
    }

    #[tokio::test]
    async fn a_process_that_fell_behind_looks_at_everything() {
        let first = testing::postgres().await;
        let second = first.another_process(Listening::Yes).await;
        let mut ear = second.hear();
        let flood = unit("flood", (), |(), tx| {
            Box::pin(async move {
                (0..=limits::WORDS).for_each(|n| tx.tell_others(n.to_string()));
                tx.tell_others("last");
                Ok::<_, Error>(())
            })
        });
        say(&first, "before").await;
        hears(&mut ear, "before").await;
        first.write(flood).await.unwrap();
        let heard = tokio::time::timeout(Duration::from_secs(2), ear.next()).await.unwrap();
        assert_eq!(heard, Some(Heard::Everything));
        // A gap in the numbers, as when more rows were written than are kept.
        let gap = unit("gap", (), |(), tx| {
            Box::pin(async move {
                tx.execute("UPDATE notice SET seq = seq + 1000 WHERE words = '*'", args![]).await
            })
        });
        assert!(first.write(gap).await.unwrap() > 0);
        let heard = tokio::time::timeout(Duration::from_secs(2), ear.next()).await.unwrap();
        assert_eq!(heard, Some(Heard::Everything));
    }

    #[tokio::test]
    async fn a_process_whose_listening_connection_was_cut_hears_on() {
        let first = testing::postgres().await;
        let second = first.another_process(Listening::Yes).await;
        let mut ear = second.hear();
        say(&first, "before").await;
        hears(&mut ear, "before").await;
        // The listeners of this schema alone: other tests have theirs.
        let cut = || {
            unit("cut", (), |(), tx| {
                Box::pin(async move {
                    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE query = 'LISTEN \"pli ' || current_schema() || '\"'";
                    tx.rows(sql, args![]).await
                })
            })
        };
        // The first word may be heard before it listens: by looking.
        while first.write(cut()).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        say(&first, "after").await;
        hears(&mut ear, "after").await;
    }

    #[tokio::test]
    async fn alone_nothing_is_written_and_on_sqlite_nobody_is_heard() {
        for (engine, db) in testing::both().await {
            let mut ear = db.hear();
            say(&db, "monologue").await;
            assert_eq!(ear.heard(), None, "{engine}");
            let rows = db.read().await.unwrap().row("SELECT COUNT(*) FROM notice", args![]).await.unwrap();
            assert_eq!(rows.int(0).unwrap(), 0, "{engine}");
        }
        assert_eq!(testing::sqlite().await.hear().next().await, None);
    }
}
