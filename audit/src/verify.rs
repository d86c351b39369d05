//! Proving that no line was changed.

use crate::Chain;
use crate::chain::{GENESIS, commit, hash_in, link};
use crate::checkpoint::{root, signed_bytes};
use crate::walk::{self, End, MARK};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use db::{Error, Tx, args};
use std::collections::BTreeMap;

/// One break in the trail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A line's text, salt, commitment or hash was changed, or a line is missing before it.
    #[error("chain {chain}: line {seq} does not follow from the one before")]
    Line {
        /// Key of the chain.
        chain: i64,
        /// Number of the line.
        seq: i64,
    },
    /// The last lines of a chain are missing, or its head was changed.
    #[error("chain {chain}: its head does not match its last line")]
    Head {
        /// Key of the chain.
        chain: i64,
    },
    /// A checkpoint's signature or root does not hold.
    #[error("checkpoint {number} does not hold")]
    Checkpoint {
        /// Its number.
        number: i64,
    },
    /// A chain no longer passes through a head that was signed.
    #[error("chain {chain}: line {seq} is not the one that checkpoint {number} signed")]
    Signed {
        /// Number of the checkpoint.
        number: i64,
        /// Key of the chain.
        chain: i64,
        /// Number of the line.
        seq: i64,
    },
}

/// Lines read at a time: pages end at marks.
const PAGE: i64 = 31 * MARK;

/// Walks every chain and checkpoint. `expected_key` is the house's public key.
pub async fn verify(tx: &mut Tx, expected_key: Option<&[u8]>) -> Result<Vec<Broken>, Error> {
    let mut broken = Vec::new();
    let signed = verify_checkpoints(tx, expected_key, &mut broken).await?;
    let heads = tx.rows("SELECT chain, seq, hash, tail FROM chain_head ORDER BY chain", args![]).await?;
    // A line that no walk passes would be seen by nobody: lines are counted too.
    let mut lines = BTreeMap::new();
    for row in tx.rows("SELECT chain, COUNT(*) FROM audit_line GROUP BY chain", args![]).await? {
        lines.insert(row.int(0)?, row.int(1)?);
    }
    for head in &heads {
        let (chain, end) = (head.int(0)?, End { seq: head.int(1)?, tail: head.maybe_int(3)? });
        let last = verify_chain(tx, chain, end, &signed, &mut broken).await?;
        if last != (end.seq, hash_in(head, 2)?) || lines.remove(&chain).unwrap_or(0) != end.seq {
            broken.push(Broken::Head { chain });
        }
    }
    broken.extend(lines.into_keys().map(|chain| Broken::Head { chain }));
    Ok(broken)
}

/// Walks one chain, and every checkpoint: what somebody may wait for. Lines that stand in no chain are seen
/// by [`verify`] only.
pub async fn verify_chain_of(
    tx: &mut Tx,
    chain: Chain,
    expected_key: Option<&[u8]>,
) -> Result<Vec<Broken>, Error> {
    let (mut broken, key) = (Vec::new(), chain.key());
    let signed = verify_checkpoints(tx, expected_key, &mut broken).await?;
    let head = tx.maybe_row("SELECT seq, hash, tail FROM chain_head WHERE chain = $1", args![key]).await?;
    let (end, hash) = match head {
        Some(head) => (End { seq: head.int(0)?, tail: head.maybe_int(2)? }, hash_in(&head, 1)?),
        None => (End { seq: 0, tail: None }, GENESIS),
    };
    if verify_chain(tx, key, end, &signed, &mut broken).await? != (end.seq, hash) {
        broken.push(Broken::Head { chain: key });
    }
    Ok(broken)
}

/// How many chains there are, and how many lines in all of them.
pub async fn size(tx: &mut Tx) -> Result<(u64, u64), Error> {
    const SIZE: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(seq), 0) AS {INT}) FROM chain_head";
    let row = tx.row(SIZE, args![]).await?;
    Ok((row.int(0)? as u64, row.int(1)? as u64))
}

type Signed = BTreeMap<(i64, i64), ([u8; 32], i64)>;

async fn verify_chain(
    tx: &mut Tx,
    chain: i64,
    end: End,
    signed: &Signed,
    broken: &mut Vec<Broken>,
) -> Result<(i64, [u8; 32]), Error> {
    let (mut last, mut hash) = (0, GENESIS);
    loop {
        let (before, newest) = (last, (last + PAGE).min(end.seq));
        for row in &walk::lines(tx, chain, end, last + 1, newest).await? {
            let seq = row.int(0)?;
            let commitment = hash_in(row, 3)?;
            let told = match (row.maybe_bytes(1)?, row.maybe_text(2)?) {
                (Some(salt), Some(line)) => commit(&salt, &line) == commitment,
                (None, None) => true, // erased
                _ => false,
            };
            let next = link(&hash, chain, seq, &commitment);
            hash = hash_in(row, 4)?;
            if seq != last + 1 || !told || next != hash {
                broken.push(Broken::Line { chain, seq });
            }
            if let Some((expected, number)) =
                signed.get(&(chain, seq)).filter(|(expected, _)| *expected != hash)
            {
                debug_assert_ne!(*expected, hash);
                broken.push(Broken::Signed { number: *number, chain, seq });
            }
            last = seq;
        }
        if last <= before || last >= end.seq {
            break;
        }
    }
    for ((_, seq), (_, number)) in signed.range((chain, last + 1)..=(chain, i64::MAX)) {
        broken.push(Broken::Signed { number: *number, chain, seq: *seq });
    }
    Ok((last, hash))
}

async fn verify_checkpoints(
    tx: &mut Tx,
    expected_key: Option<&[u8]>,
    broken: &mut Vec<Broken>,
) -> Result<Signed, Error> {
    let mut signed = Signed::new();
    let mut previous = GENESIS;
    let sql = "SELECT number, at, root, public_key, signature FROM audit_checkpoint ORDER BY number";
    for (place, row) in tx.rows(sql, args![]).await?.iter().enumerate() {
        let number = row.int(0)?;
        let stored = hash_in(row, 2)?;
        let key = row.bytes(3)?;
        let heads = tx
            .rows(
                "SELECT chain, seq, hash FROM audit_checkpoint_head WHERE number = $1 ORDER BY chain",
                args![number],
            )
            .await?;
        let mut moved = Vec::with_capacity(heads.len());
        for head in &heads {
            let (chain, seq, hash) = (head.int(0)?, head.int(1)?, hash_in(head, 2)?);
            moved.push((chain, seq, hash));
            signed.insert((chain, seq), (hash, number));
        }
        let bytes = signed_bytes(number, row.time(1)?, &stored);
        let right = number == place as i64 + 1
            && root(&previous, &moved) == stored
            && expected_key.is_none_or(|expected| expected == key)
            && UnparsedPublicKey::new(&ED25519, &key).verify(&bytes, &row.bytes(4)?).is_ok();
        if !right {
            broken.push(Broken::Checkpoint { number });
        }
        previous = stored;
    }
    Ok(signed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Act, Actor, Entry, Line, MIGRATIONS, Signer, append, checkpoint, erase, history};
    use db::testing::{TestDb, both};
    use db::{Db, unit};
    use names::{AccountId, Entropy, PersonId, Timestamp};

    fn entries(count: i64) -> Vec<Entry> {
        let entropy = Entropy::new(|bytes| bytes.fill(7));
        (0..count)
            .map(|n| {
                let line = Line {
                    at: Timestamp(1_000 + n),
                    actor: Actor::Person(PersonId(5)),
                    for_whom: (n % 2 == 0).then_some(Actor::Account(AccountId(9))),
                    act: Act::ALL[n as usize % Act::ALL.len()],
                    detail: format!("entry={n}\nrule=x"),
                };
                let chain = if n % 3 == 0 { Chain::System } else { Chain::Account(AccountId(10 + n % 3)) };
                Entry::new(chain, line, &entropy)
            })
            .collect()
    }

    async fn with_lines(db: &TestDb) -> Vec<u8> {
        db.migrate(MIGRATIONS).await.unwrap();
        let signer = Signer::from_seed(&[3; 32]).unwrap();
        let key = signer.public_key().to_vec();
        write(db, entries(30)).await;
        db.write(unit("sign", signer, |signer, tx| {
            Box::pin(async move { checkpoint(tx, signer, Timestamp(5_000)).await })
        }))
        .await
        .map_err(|error: Error| error)
        .unwrap()
        .unwrap();
        write(db, entries(9)).await;
        key
    }

    async fn write(db: &Db, entries: Vec<Entry>) {
        let appended: Result<(), Error> =
            db.write(unit("append", entries, |entries, tx| Box::pin(append(tx, entries)))).await;
        appended.unwrap();
    }

    async fn execute(db: &Db, sql: &'static str) -> u64 {
        let done: Result<u64, Error> =
            db.write(unit("damage", sql, |sql, tx| Box::pin(tx.execute(sql, args![])))).await;
        done.unwrap()
    }

    #[tokio::test]
    async fn an_untouched_trail_holds_and_reads_back() {
        for (engine, db) in both().await {
            let key = with_lines(&db).await;
            let mut tx = db.read().await.unwrap();
            assert_eq!(verify(&mut tx, Some(&key)).await.unwrap(), [], "{engine}");
            let ours = verify_chain_of(&mut tx, Chain::Account(AccountId(11)), Some(&key)).await.unwrap();
            assert_eq!((ours, size(&mut tx).await.unwrap()), (vec![], (3, 39)), "{engine}");
            let lines = history(&mut tx, Chain::System, None, 3).await.unwrap();
            assert_eq!(lines.iter().map(|line| line.seq).collect::<Vec<_>>(), [13, 12, 11], "{engine}");
            let newest = lines[0].line.clone().unwrap();
            assert_eq!(
                (newest.actor, newest.detail.as_str()),
                (Actor::Person(PersonId(5)), "entry=6 rule=x")
            );
            assert_eq!(
                verify(&mut tx, Some(b"another key")).await.unwrap(),
                [Broken::Checkpoint { number: 1 }]
            );
        }
    }

    #[tokio::test]
    async fn every_kind_of_change_shows() {
        for (what, sql) in [
            ("text", "UPDATE audit_line SET line = 'x' WHERE chain = 11 AND seq = 2"),
            ("salt", "UPDATE audit_line SET salt = NULL WHERE chain = 11 AND seq = 2"),
            ("a missing line", "DELETE FROM audit_line WHERE chain = 11 AND seq = 2"),
            ("the last line", "DELETE FROM audit_line WHERE chain = 11 AND seq = 13"),
            ("two swapped", "UPDATE audit_line SET seq = 100 - seq WHERE chain = 11"),
            ("a head", "UPDATE chain_head SET seq = seq - 1 WHERE chain = 11"),
            ("a line before that is another", "UPDATE audit_line SET previous = id WHERE chain = 11 AND seq = 5"),
            ("a tail that is another", "UPDATE chain_head SET tail = tail - 1 WHERE chain = 11"),
            (
                "a line nobody comes by",
                "INSERT INTO audit_line (id, chain, seq, at, commitment, hash, previous)
                    SELECT 1, chain, 14, at, commitment, hash, id FROM audit_line WHERE chain = 11 AND seq = 3",
            ),
            ("a chain without head", "DELETE FROM chain_head WHERE chain = 11"),
            ("a checkpoint's time", "UPDATE audit_checkpoint SET at = at + 1"),
            ("a signed head", "UPDATE audit_checkpoint_head SET seq = 1 WHERE chain = 11"),
        ] {
            for (engine, db) in both().await {
                with_lines(&db).await;
                assert!(execute(&db, sql).await > 0, "{engine}: {what}: nothing was damaged");
                let mut tx = db.read().await.unwrap();
                assert_ne!(verify(&mut tx, None).await.unwrap(), [], "{engine}: {what} went unseen");
                let one = verify_chain_of(&mut tx, Chain::Account(AccountId(11)), None).await.unwrap();
                // A line of the chain that no walk passes is seen only when all lines are counted.
                assert_eq!(one.is_empty(), what == "a line nobody comes by", "{engine}: {what}: {one:?}");
                let other = verify_chain_of(&mut tx, Chain::Account(AccountId(12)), None).await.unwrap();
                let of_all = ["a checkpoint's time", "a signed head"].contains(&what);
                assert_eq!(other.is_empty(), !of_all, "{engine}: {what}: {other:?}");
            }
        }
    }

    #[tokio::test]
    async fn an_erased_line_tells_nothing_and_breaks_nothing() {
        for (engine, db) in both().await {
            let key = with_lines(&db).await;
            let erased: Result<bool, Error> =
                db.write(unit("erase", (), |(), tx| Box::pin(erase(tx, Chain::System, 13)))).await;
            assert!(erased.unwrap(), "{engine}");
            let mut tx = db.read().await.unwrap();
            assert_eq!(verify(&mut tx, Some(&key)).await.unwrap(), [], "{engine}");
            assert!(history(&mut tx, Chain::System, None, 1).await.unwrap()[0].line.is_none(), "{engine}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn writers_at_once_make_one_chain() {
        for (engine, db) in both().await {
            db.migrate(MIGRATIONS).await.unwrap();
            let writers = (0..32).map(|_| write(&db, entries(6)));
            futures_join(writers).await;
            let mut tx = db.read().await.unwrap();
            assert_eq!(verify(&mut tx, None).await.unwrap(), [], "{engine}");
            assert_eq!(history(&mut tx, Chain::System, None, 1).await.unwrap()[0].seq, 64, "{engine}");
        }
    }

    async fn futures_join(writers: impl Iterator<Item = impl Future<Output = ()>>) {
        let mut writers: Vec<_> = writers.map(Box::pin).collect();
        std::future::poll_fn(|context| {
            writers.retain_mut(|writer| writer.as_mut().poll(context).is_pending());
            if writers.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    }
}
