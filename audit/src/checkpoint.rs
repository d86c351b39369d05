//! Signed heads: what makes rewriting the whole trail show.

use crate::chain::{GENESIS, digest, hash_in};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use db::{Args, Error, Tx, args};
use names::Timestamp;

/// The house's signing key (Ed25519).
pub struct Signer(Ed25519KeyPair);

/// The signing key cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the audit signing key is not 32 bytes of Ed25519 seed")]
pub struct SignerError;

impl Signer {
    /// The key made from a 32-byte seed, kept beside the master keys.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, SignerError> {
        Ed25519KeyPair::from_seed_unchecked(seed).map(Self).map_err(|_| SignerError)
    }

    /// What others verify with.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }
}

/// One checkpoint. Its text is exported daily; a copy elsewhere proves the trail up to then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Number, from 1.
    pub number: i64,
    /// When it was made.
    pub at: Timestamp,
    /// Hash over the checkpoint before and all heads that moved since.
    pub root: [u8; 32],
    /// Signature over number, instant and root.
    pub signature: Vec<u8>,
}

impl Checkpoint {
    /// The exported line: number, instant, root and signature in hexadecimal.
    #[must_use]
    pub fn export(&self) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        format!("{} {} {} {}\n", self.number, self.at.rfc3339(), hex(&self.root), hex(&self.signature))
    }
}

/// Signs every head that moved since the last checkpoint; none when nothing moved.
pub async fn checkpoint(tx: &mut Tx, signer: &Signer, now: Timestamp) -> Result<Option<Checkpoint>, Error> {
    let last = tx
        .maybe_row("SELECT number, root FROM audit_checkpoint ORDER BY number DESC LIMIT 1", args![])
        .await?;
    let (number, previous) = match last {
        Some(row) => (row.int(0)? + 1, hash_in(&row, 1)?),
        None => (1, GENESIS),
    };
    let moved = tx
        .rows(
            "SELECT h.chain, h.seq, h.hash FROM chain_head h WHERE h.seq > 0 AND h.seq > COALESCE(
                (SELECT MAX(c.seq) FROM audit_checkpoint_head c WHERE c.chain = h.chain), 0) ORDER BY h.chain",
            args![],
        )
        .await?;
    if moved.is_empty() {
        return Ok(None);
    }
    let mut heads = Vec::with_capacity(moved.len());
    for row in &moved {
        heads.push((row.int(0)?, row.int(1)?, hash_in(row, 2)?));
    }
    let root = root(&previous, &heads);
    let signature = signer.0.sign(&signed_bytes(number, now, &root)).as_ref().to_vec();
    tx.execute(
        "INSERT INTO audit_checkpoint (number, at, root, public_key, signature) VALUES ($1, $2, $3, $4, $5)",
        args![number, now, root, signer.public_key(), &signature],
    )
    .await?;
    let rows: Vec<Args> = heads.iter().map(|(chain, seq, hash)| args![number, *chain, *seq, hash]).collect();
    tx.insert_rows("INSERT INTO audit_checkpoint_head (number, chain, seq, hash) VALUES", "", rows).await?;
    Ok(Some(Checkpoint { number, at: now, root, signature }))
}

pub(crate) fn root(previous: &[u8; 32], heads: &[(i64, i64, [u8; 32])]) -> [u8; 32] {
    heads.iter().fold(*previous, |root, (chain, seq, hash)| {
        digest(&[&root, &chain.to_be_bytes(), &seq.to_be_bytes(), hash])
    })
}

pub(crate) fn signed_bytes(number: i64, at: Timestamp, root: &[u8; 32]) -> Vec<u8> {
    [b"pli audit checkpoint\0".as_slice(), &number.to_be_bytes(), &at.0.to_be_bytes(), root].concat()
}
