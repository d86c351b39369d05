//! Writing to chains and reading them back.

use crate::line::{Chain, Entry, Line};
use crate::walk;
use aws_lc_rs::digest::{Context, SHA256};
use db::{Args, Error, Row, Tx, Value, args};
use std::borrow::Borrow;
use std::collections::BTreeMap;

/// The hash a chain begins with.
pub(crate) const GENESIS: [u8; 32] = [0; 32];

const MAKE_HEAD: &str = "INSERT INTO chain_head (chain, seq, hash, tail) VALUES";
const HEADS: &str =
    "SELECT chain, seq, hash, tail FROM chain_head WHERE chain IN ({}) ORDER BY chain {FOR UPDATE}";
const WRITE: &str =
    "INSERT INTO audit_line (id, chain, seq, at, salt, line, commitment, hash, previous) VALUES";
const MOVE_HEADS: &str =
    "ON CONFLICT (chain) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, tail = excluded.tail";

/// The end of a chain that grows.
struct Growing {
    seq: i64,
    hash: [u8; 32],
    tail: Option<i64>,
}

/// Appends lines, in the order given, in the transaction of the acts they tell.
///
/// Chain heads are locked last in a unit, in the order of their ids (DESIGN §2.2).
pub async fn append<E: Borrow<Entry>>(tx: &mut Tx, entries: &[E]) -> Result<(), Error> {
    if entries.is_empty() {
        return Ok(());
    }
    let entries: Vec<&Entry> = entries.iter().map(Borrow::borrow).collect();
    let mut heads = lock_heads(tx, &entries).await?;
    let mut rows = Vec::with_capacity(entries.len());
    for entry in &entries {
        let key = entry.chain.key();
        let head = heads.entry(key).or_insert(Growing { seq: 0, hash: GENESIS, tail: None });
        let (id, text) = (tx.id(entry.line.at), entry.line.encode());
        let commitment = commit(&entry.salt, &text);
        head.seq += 1;
        head.hash = link(&head.hash, key, head.seq, &commitment);
        let previous = head.tail.replace(id);
        let at = entry.line.at;
        rows.push(args![id, key, head.seq, at, entry.salt, text, commitment, &head.hash, previous]);
    }
    tx.insert_rows(WRITE, "", rows).await?;
    let heads =
        heads.into_iter().map(|(chain, head)| args![chain, head.seq, &head.hash, head.tail]).collect();
    tx.insert_rows(MAKE_HEAD, MOVE_HEADS, heads).await?;
    Ok(())
}

async fn lock_heads(tx: &mut Tx, entries: &[&Entry]) -> Result<BTreeMap<i64, Growing>, Error> {
    let mut keys: Vec<i64> = entries.iter().map(|entry| entry.chain.key()).collect();
    keys.sort_unstable();
    keys.dedup();
    let list: Vec<Value> = keys.iter().copied().map(Value::from).collect();
    let mut found = tx.rows_in(HEADS, args![], list.clone()).await?;
    if found.len() < keys.len() {
        // A chain's first line: its head must exist before two writers can queue for it.
        let fresh: Vec<Args> = keys.iter().map(|key| args![*key, 0_i64, GENESIS, None::<i64>]).collect();
        tx.insert_rows(MAKE_HEAD, "ON CONFLICT (chain) DO NOTHING", fresh).await?;
        found = tx.rows_in(HEADS, args![], list).await?;
    }
    let growing = |row: &Row| {
        Ok((row.int(0)?, Growing { seq: row.int(1)?, hash: hash_in(row, 2)?, tail: row.maybe_int(3)? }))
    };
    found.iter().map(growing).collect()
}

/// One line as it stands in its chain.
#[derive(Clone, Debug)]
pub struct Written {
    /// Its number in the chain, from 1.
    pub seq: i64,
    /// What it tells; none when it was erased.
    pub line: Option<Line>,
}

/// The newest `limit` lines of a chain before number `before`, newest first.
pub async fn history(
    tx: &mut Tx,
    chain: Chain,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<Written>, Error> {
    let Some(end) = walk::end(tx, chain.key()).await? else { return Ok(Vec::new()) };
    let newest = before.map_or(end.seq, |before| before.saturating_sub(1).min(end.seq));
    let oldest = (newest - i64::from(limit)).max(0) + 1;
    if newest < oldest {
        return Ok(Vec::new());
    }
    let rows = walk::lines(tx, chain.key(), end, oldest, newest).await?;
    let asked = |row: &&Row| row.int(0).is_ok_and(|seq| (oldest..=newest).contains(&seq));
    rows.iter()
        .rev()
        .filter(asked)
        .map(|row| {
            let line = row.maybe_text(2)?.and_then(|text| Line::decode(&text));
            Ok(Written { seq: row.int(0)?, line })
        })
        .collect()
}

/// Erases what a line tells; its commitment stays and the chain still holds.
pub async fn erase(tx: &mut Tx, chain: Chain, seq: i64) -> Result<bool, Error> {
    let sql = "UPDATE audit_line SET line = NULL, salt = NULL WHERE id = $1";
    let Some(end) = walk::end(tx, chain.key()).await? else { return Ok(false) };
    for row in walk::lines(tx, chain.key(), end, seq, seq).await? {
        if row.int(0)? == seq {
            return Ok(tx.execute(sql, args![row.int(5)?]).await? == 1);
        }
    }
    Ok(false)
}

/// Erases what a page of a chain's lines tells, the newest before number `before` first; answers the number to
/// go on from. The commitments stay and the chain still holds.
pub async fn erase_page(
    tx: &mut Tx,
    chain: Chain,
    before: Option<i64>,
    limit: u32,
) -> Result<Option<i64>, Error> {
    const ERASE: &str = "UPDATE audit_line SET line = NULL, salt = NULL WHERE id IN ({})";
    let Some(end) = walk::end(tx, chain.key()).await? else { return Ok(None) };
    let newest = before.map_or(end.seq, |before| before.saturating_sub(1).min(end.seq));
    let oldest = (newest - i64::from(limit)).max(0) + 1;
    if newest < oldest {
        return Ok(None);
    }
    let rows = walk::lines(tx, chain.key(), end, oldest, newest).await?;
    let asked = |row: &&Row| row.int(0).is_ok_and(|seq| (oldest..=newest).contains(&seq));
    let ids: Vec<Value> =
        rows.iter().filter(asked).map(|row| Ok(row.int(5)?.into())).collect::<Result<_, Error>>()?;
    tx.execute_in(ERASE, args![], ids).await?;
    Ok((oldest > 1).then_some(oldest))
}

pub(crate) fn commit(salt: &[u8], text: &str) -> [u8; 32] {
    digest(&[salt, text.as_bytes()])
}

pub(crate) fn link(previous: &[u8; 32], chain: i64, seq: i64, commitment: &[u8; 32]) -> [u8; 32] {
    digest(&[previous, &chain.to_be_bytes(), &seq.to_be_bytes(), commitment])
}

pub(crate) fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

pub(crate) fn hash_in(row: &Row, column: usize) -> Result<[u8; 32], Error> {
    let bytes = row.bytes(column)?;
    bytes.try_into().map_err(|_| Error::Damaged("a hash of the trail is not 32 bytes".to_owned()))
}
