//! Finding lines of a chain: from its tail or a mark, back from line to line (ADR 0023).

use db::{Error, Row, Tx, args};

/// Every so many lines of a chain one is found by its number. The index of migration 0002 says it too.
pub(crate) const MARK: i64 = 64;

/// Where a chain ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    pub(crate) seq: i64,
    /// The row of its last line; none before the first.
    pub(crate) tail: Option<i64>,
}

/// Where a chain ends, by its head; none for a chain nobody began.
pub(crate) async fn end(tx: &mut Tx, chain: i64) -> Result<Option<End>, Error> {
    let head = tx.maybe_row("SELECT seq, tail FROM chain_head WHERE chain = $1", args![chain]).await?;
    head.map(|head| Ok(End { seq: head.int(0)?, tail: head.maybe_int(1)? })).transpose()
}

/// Lines `oldest..=newest` of a chain, and perhaps some behind them, in order: `seq, salt, line,
/// commitment, hash, id`. What is missing or turned in a circle ends the walk.
pub(crate) async fn lines(
    tx: &mut Tx,
    chain: i64,
    end: End,
    oldest: i64,
    newest: i64,
) -> Result<Vec<Row>, Error> {
    const MARKED: &str = "SELECT id FROM audit_line WHERE chain = $1 AND seq = $2 AND seq % 64 = 0";
    // UNION, not UNION ALL: a circle is walked once.
    const WALK: &str = "WITH RECURSIVE walk (id, seq, previous) AS (
            SELECT id, seq, previous FROM audit_line WHERE id = $1 AND chain = $2
            UNION
            SELECT l.id, l.seq, l.previous FROM walk w JOIN audit_line l ON l.id = w.previous
                WHERE l.chain = $2 AND w.seq > $3)
        SELECT l.seq, l.salt, l.line, l.commitment, l.hash, l.id FROM walk w JOIN audit_line l ON l.id = w.id
        ORDER BY l.seq";
    let mark = (newest + MARK - 1) / MARK * MARK;
    let marked = match mark < end.seq {
        true => tx.maybe_row(MARKED, args![chain, mark]).await?,
        false => None,
    };
    let start = match marked {
        Some(row) => Some(row.int(0)?),
        None => end.tail,
    };
    match start {
        Some(start) => tx.rows(WALK, args![start, chain, oldest]).await,
        None => Ok(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use crate::chain::{GENESIS, commit, link};
    use crate::{Act, Actor, Chain, Entry, Line, MIGRATIONS, append, erase, erase_page, history, verify};
    use db::testing::both;
    use db::{Db, Error, args, unit};
    use names::{AccountId, Entropy, Timestamp};

    const OURS: Chain = Chain::Account(AccountId(7));

    fn line(number: i64) -> Line {
        let (actor, act) = (Actor::Operator, Act::ALL[0]);
        Line { at: Timestamp(1_000 + number), actor, for_whom: None, act, detail: format!("line={number}") }
    }

    /// Lines `numbers` of one chain, each between two of another.
    async fn write(db: &Db, numbers: std::ops::RangeInclusive<i64>) {
        let entropy = Entropy::new(|bytes| bytes.fill(7));
        let entries: Vec<Entry> = numbers
            .flat_map(|number| [(OURS, number), (Chain::System, number)])
            .map(|(chain, number)| Entry::new(chain, line(number), &entropy))
            .collect();
        for some in entries.chunks(300) {
            let unit = unit("append", some.to_vec(), |entries, tx| Box::pin(append(tx, entries)));
            let appended: Result<(), Error> = db.write(unit).await;
            appended.unwrap();
        }
    }

    async fn told(db: &Db, before: Option<i64>, limit: u32) -> Vec<(i64, Option<String>)> {
        let lines = history(&mut db.read().await.unwrap(), OURS, before, limit).await.unwrap();
        lines.into_iter().map(|line| (line.seq, line.line.map(|line| line.detail))).collect()
    }

    fn wanted(newest: i64, oldest: i64) -> Vec<(i64, Option<String>)> {
        (oldest..=newest).rev().map(|seq| (seq, Some(format!("line={seq}")))).collect()
    }

    #[tokio::test]
    async fn a_long_chain_is_read_from_anywhere_and_holds() {
        for (engine, db) in both().await {
            db.migrate(MIGRATIONS).await.unwrap();
            assert_eq!(told(&db, None, 5).await, [], "{engine}: a chain nobody began");
            write(&db, 1..=2_200).await;
            assert_eq!(told(&db, None, 70).await, wanted(2_200, 2_131), "{engine}");
            for before in [2_201, 2_200, 2_177, 2_176, 2_113, 1_000, 129, 128, 65, 64, 11] {
                let oldest = (before - 10).max(1);
                assert_eq!(
                    told(&db, Some(before), 10).await,
                    wanted(before - 1, oldest),
                    "{engine}: {before}"
                );
            }
            assert_eq!(told(&db, Some(4), 10).await, wanted(3, 1), "{engine}");
            assert_eq!(
                (told(&db, Some(1), 10).await, told(&db, None, 0).await),
                (vec![], vec![]),
                "{engine}"
            );
            assert_eq!(told(&db, Some(9_999), 3).await, wanted(2_200, 2_198), "{engine}");
            for seq in [1, 64, 1_500, 2_200] {
                let erased: Result<bool, Error> = db
                    .write(unit("erase", seq, |seq, tx| Box::pin(async move { erase(tx, OURS, *seq).await })))
                    .await;
                assert!(erased.unwrap(), "{engine}: {seq}");
                assert_eq!(told(&db, Some(seq + 1), 1).await, [(seq, None)], "{engine}");
            }
            let mut before = None;
            loop {
                let unit =
                    unit("erase a page", before, |before, tx| Box::pin(erase_page(tx, OURS, *before, 500)));
                let next: Result<Option<i64>, Error> = db.write(unit).await;
                before = next.unwrap();
                if before.is_none() {
                    break;
                }
            }
            assert!(told(&db, None, 2_200).await.iter().all(|(_, line)| line.is_none()), "{engine}");
            let house = history(&mut db.read().await.unwrap(), Chain::System, None, 3).await.unwrap();
            assert!(house.iter().all(|line| line.line.is_some()), "{engine}: another chain is not touched");
            let gone: Result<bool, Error> =
                db.write(unit("erase", (), |(), tx| Box::pin(erase(tx, OURS, 2_201)))).await;
            assert!(!gone.unwrap(), "{engine}");
            assert_eq!(verify(&mut db.read().await.unwrap(), None).await.unwrap(), [], "{engine}");
        }
    }

    #[tokio::test]
    async fn a_trail_of_the_old_shape_goes_on() {
        for (engine, db) in both().await {
            db.migrate(&MIGRATIONS[..1]).await.unwrap();
            let old = unit("old lines", (), |(), tx| {
                Box::pin(async move {
                    const LINE: &str = "INSERT INTO audit_line (chain, seq, at, salt, line, commitment, hash)
                        VALUES ($1, $2, $3, $4, $5, $6, $7)";
                    for chain in [Chain::System.key(), OURS.key()] {
                        let mut hash = GENESIS;
                        for seq in 1..=100 {
                            let (salt, text) = ([3; 16], line(seq).encode());
                            let commitment = commit(&salt, &text);
                            hash = link(&hash, chain, seq, &commitment);
                            let line = args![chain, seq, 1_000 + seq, salt, text, commitment, hash];
                            tx.execute(LINE, line).await?;
                        }
                        let head = "INSERT INTO chain_head (chain, seq, hash) VALUES ($1, 100, $2)";
                        tx.execute(head, args![chain, hash]).await?;
                    }
                    Ok::<_, Error>(())
                })
            });
            db.write(old).await.unwrap();
            db.migrate(MIGRATIONS).await.unwrap();
            assert_eq!(told(&db, None, 200).await, wanted(100, 1), "{engine}");
            write(&db, 101..=150).await;
            assert_eq!(told(&db, Some(121), 40).await, wanted(120, 81), "{engine}");
            assert_eq!(verify(&mut db.read().await.unwrap(), None).await.unwrap(), [], "{engine}");
        }
    }
}
