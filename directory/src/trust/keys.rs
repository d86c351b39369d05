//! Which public keys peers show. One key under two holders is an alarm (RELIABILITY T-07): whoever has
//! it can be either of them.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use db::{Tx, args};
use names::{DistinguishedName, Timestamp};

use crate::trust::{EventKind, events};
use crate::{Directory, Error, limits};

/// One public key seen under several holders.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SharedKey {
    /// SHA-256 of the SubjectPublicKeyInfo.
    pub spki: [u8; 32],
    /// The holders, in comparison form.
    pub holders: BTreeSet<String>,
}

impl fmt::Display for SharedKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let holders: Vec<&str> = self.holders.iter().map(String::as_str).collect();
        write!(out, "the public key {} belongs to {}", hexadecimal(&self.spki), holders.join(" and to "))
    }
}

const KNOWN: &str = "SELECT holder, dn_key, last_seen FROM peer_key WHERE spki = $1";
const PUT: &str = "INSERT INTO peer_key (spki, holder, dn_key, first_seen, last_seen)
    VALUES ($1, $2, $3, $4, $4)
    ON CONFLICT (spki, dn_key) DO UPDATE SET last_seen = excluded.last_seen";

/// Remembers the public key of a verified certificate, and says when somebody else has shown it too. A
/// key already known is written again once a day at most.
///
/// The holder is the organisation: the parts `O` and `OU` of its name, so that an operator may use one
/// key for several of its servers; without both, the whole name.
pub async fn note_key(
    tx: &mut Tx,
    spki: &[u8; 32],
    name: &DistinguishedName,
    now: Timestamp,
) -> Result<Option<SharedKey>, db::Error> {
    let Known { shared, fresh } = look(tx, spki, name, now).await?;
    if !fresh {
        tx.execute(PUT, args![spki, holder(name), name.key(), now]).await?;
        if let Some(shared) = &shared {
            let fingerprint = hexadecimal(spki) + name.key();
            events::note(tx, EventKind::SharedKey, &fingerprint, &shared.to_string(), now).await?;
        }
    }
    Ok(shared)
}

impl Directory {
    /// The same in a unit of its own, which is spared while nothing is to be written.
    pub async fn note_key(
        &self,
        spki: &[u8; 32],
        name: &DistinguishedName,
        now: Timestamp,
    ) -> Result<Option<SharedKey>, Error> {
        let known = look(&mut self.db().read().await?, spki, name, now).await?;
        if known.fresh {
            return Ok(known.shared);
        }
        let unit = (*spki, name.clone(), now);
        let unit = db::unit("note a peer's key", unit, |(spki, name, now), tx| {
            Box::pin(async move { note_key(tx, spki, name, *now).await.map_err(Error::from) })
        });
        self.db().write(unit).await
    }
}

struct Known {
    shared: Option<SharedKey>,
    /// Written less than a day ago.
    fresh: bool,
}

async fn look(
    tx: &mut Tx,
    spki: &[u8; 32],
    name: &DistinguishedName,
    now: Timestamp,
) -> Result<Known, db::Error> {
    let mut holders = BTreeSet::from([holder(name)]);
    let mut fresh = false;
    for row in tx.rows(KNOWN, args![spki]).await? {
        holders.insert(row.text(0)?);
        fresh |= row.text(1)? == name.key() && row.time(2)?.plus(limits::PEER_KEY_TOUCH) > now;
    }
    let shared = (holders.len() > 1).then_some(SharedKey { spki: *spki, holders });
    Ok(Known { shared, fresh })
}

fn holder(name: &DistinguishedName) -> String {
    let parts = |kind| name.prepared_values(kind).map(move |value| format!("{kind}={value}"));
    let parts: Vec<String> = parts("O").chain(parts("OU")).collect();
    if parts.is_empty() { name.key().to_owned() } else { parts.join(",") }
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
