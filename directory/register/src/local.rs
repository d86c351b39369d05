//! Entries of this house: written in the unit of whatever changed them, seen by every process at its commit.
//!
//! `directory` projects the holders of our own mailboxes here, each whole, whenever something about one of them
//! changes. What stands here wins over the national extracts: see [`crate::Register`].

use std::collections::{HashMap, HashSet};

use db::{Row, Tx, Value, args};
use names::{Address, NationalPersonId, NationalStructureId, Timestamp};

use crate::parts::Key;
use crate::{Error, Listing, ListingId, Source, Standing};

/// Who holds mailboxes: a person or a structure.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Holder {
    /// A professional.
    Person(NationalPersonId),
    /// An organisation.
    Structure(NationalStructureId),
}

impl Holder {
    pub(crate) fn of(listing: &Listing) -> Self {
        match listing {
            Listing::Professional(professional) => Self::Person(professional.national_id.clone()),
            Listing::Organisation(organisation) => Self::Structure(organisation.national_id.clone()),
        }
    }

    pub(crate) fn key(&self) -> Key {
        match self {
            Self::Person(id) => Key::person(id),
            Self::Structure(id) => Key::structure(id),
        }
    }
}

/// Writes the complete entry of a holder of ours; the id and source of `listing` are not read.
///
/// The entry keeps its id for ever, and has that of the national entry of the same holder if there was one first.
/// An address that once stood here is ours: the national extracts no longer show it, even when it is closed.
///
/// Call it late in a unit, before the directory's own generation is counted up: on PostgreSQL it holds the row of
/// `register_pointer` until the commit.
pub async fn replace(tx: &mut Tx, listing: &Listing, now: Timestamp) -> Result<ListingId, Error> {
    let key = Holder::of(listing).key();
    let version = bump(tx).await?;
    let known =
        tx.maybe_row("SELECT id, listing FROM register_local WHERE holder = $1", args![key.bytes()]).await?;
    let mut listing = listing.clone();
    let id = match known {
        Some(row) => {
            let id = row.int(0)?;
            if let Some(before) = row.maybe_bytes(1)? {
                // Its time is its version too: no two versions have the same.
                let before = updated(&decoded(ListingId(id), &before)?);
                let fresh = updated(&listing).max(before.plus(1));
                set_updated(&mut listing, fresh);
            }
            id
        }
        None => {
            let generation = crate::store::pointer(tx).await?.generation;
            let national = national(tx, std::slice::from_ref(&key), generation).await?;
            national.first().map_or_else(|| tx.id(now), |(_, id)| id.0)
        }
    };
    tx.execute(
        "INSERT INTO register_local (id, holder, version, listing) VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO UPDATE SET version = $3, listing = $4",
        args![id, key.bytes(), version, encoded(&listing)?],
    )
    .await?;
    let addresses: HashSet<String> = listing.mailboxes().map(|mailbox| mailbox.address.to_string()).collect();
    tx.insert_rows(
        "INSERT INTO register_local_address (address, id) VALUES",
        "ON CONFLICT (address) DO UPDATE SET id = excluded.id",
        addresses.into_iter().map(|address| args![address.into_bytes(), id]).collect(),
    )
    .await?;
    Ok(ListingId(id))
}

/// When the entry of a holder last changed, as the register tells it; none when there is no entry. Until the end of
/// the unit nobody else changes an entry of this house: what is decided by the answer holds when it is written.
pub async fn held_version(tx: &mut Tx, holder: &Holder) -> Result<Option<Timestamp>, Error> {
    const HOLD: &str = "SELECT generation FROM register_pointer WHERE id = 1 {FOR UPDATE}";
    const OURS: &str = "SELECT id, listing FROM register_local WHERE holder = $1 AND listing IS NOT NULL";
    let generation = tx.row(HOLD, args![]).await?.int(0)?;
    let key = holder.key();
    let ours = match tx.maybe_row(OURS, args![key.bytes()]).await? {
        Some(row) => Some(updated(&decoded(ListingId(row.int(0)?), &row.bytes(1)?)?)),
        None => None,
    };
    let national = national(tx, std::slice::from_ref(&key), generation).await?;
    let ids: Vec<ListingId> = national.into_iter().map(|(_, id)| id).collect();
    let national = crate::store::rows(tx, &ids, generation).await?.iter().map(updated).max();
    Ok(ours.max(national))
}

fn updated(listing: &Listing) -> Timestamp {
    match listing {
        Listing::Professional(own) => own.updated,
        Listing::Organisation(own) => own.updated,
    }
}

fn set_updated(listing: &mut Listing, at: Timestamp) {
    match listing {
        Listing::Professional(own) => own.updated = at,
        Listing::Organisation(own) => own.updated = at,
    }
}

/// Takes away the entry of a holder who has no mailbox here any more; whether there was one.
pub async fn remove(tx: &mut Tx, holder: &Holder) -> Result<bool, Error> {
    let version = bump(tx).await?;
    let removed = tx
        .execute(
            "UPDATE register_local SET version = $1, listing = NULL WHERE holder = $2 AND listing IS NOT NULL",
            args![version, holder.key().bytes()],
        )
        .await?;
    Ok(removed > 0)
}

/// The holders that have an entry here: whoever projects them can tell which are no longer.
pub async fn holders(tx: &mut Tx) -> Result<Vec<(Holder, ListingId)>, Error> {
    let rows = tx
        .rows("SELECT holder, id FROM register_local WHERE listing IS NOT NULL ORDER BY id", args![])
        .await?;
    rows.iter().map(|row| Ok((holder(row.bytes(0)?)?, ListingId(row.int(1)?)))).collect()
}

/// A row of this house.
pub(crate) struct Local {
    pub(crate) id: ListingId,
    pub(crate) key: Key,
    /// Nothing when it was taken away.
    pub(crate) listing: Option<Listing>,
}

/// Rows changed after a version, ids ascending, above `after`, `count` at most.
pub(crate) async fn changed(
    tx: &mut Tx,
    version: i64,
    after: i64,
    count: usize,
) -> Result<Vec<Local>, Error> {
    let rows = tx
        .rows(
            "SELECT id, holder, listing FROM register_local WHERE version > $1 AND id > $2 ORDER BY id LIMIT $3",
            args![version, after, count as i64],
        )
        .await?;
    rows.iter().map(local).collect()
}

/// Rows with these ids, in no order.
pub(crate) async fn rows(tx: &mut Tx, ids: &[ListingId]) -> Result<Vec<Local>, Error> {
    let list = ids.iter().map(|id| Value::from(id.0)).collect();
    let rows =
        tx.rows_in("SELECT id, holder, listing FROM register_local WHERE id IN ({})", args![], list).await?;
    rows.iter().map(local).collect()
}

/// Every address that these entries hold or held, with the id of its holder.
pub(crate) async fn addresses_of(tx: &mut Tx, ids: Vec<Value>) -> Result<Vec<(Address, ListingId)>, Error> {
    let rows =
        tx.rows_in("SELECT address, id FROM register_local_address WHERE id IN ({})", args![], ids).await?;
    rows.iter()
        .map(|row| {
            let address = String::from_utf8(row.bytes(0)?).ok().and_then(|text| Address::parse(&text).ok());
            Ok((address.ok_or(Error::Corrupt("local address"))?, ListingId(row.int(1)?)))
        })
        .collect()
}

/// National entries with these keys, or of the same structure under its other number: key as asked, and id.
pub(crate) async fn national(
    tx: &mut Tx,
    keys: &[Key],
    generation: i64,
) -> Result<Vec<(Key, ListingId)>, Error> {
    // One known by its SIRET here may go by its FINESS there.
    let others = crate::store::aliases::of(tx, keys, generation).await?;
    let mut asked = HashMap::<&Key, Vec<&Key>>::new();
    others.iter().for_each(|(key, other)| asked.entry(other).or_default().push(key));
    let list = keys.iter().chain(others.values()).map(|key| Value::from(key.bytes())).collect();
    let rows = tx
        .rows_in(
            "SELECT national_key, id FROM register_row WHERE since <= $1 AND until > $1 AND national_key IN ({})",
            args![generation],
            list,
        )
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let (key, id) = (Key::of_bytes(row.bytes(0)?)?, ListingId(row.int(1)?));
        found.extend(asked.get(&key).into_iter().flatten().map(|asked| ((*asked).clone(), id)));
        if keys.contains(&key) {
            found.push((key, id));
        }
    }
    Ok(found)
}

/// Entries of this house with these keys: key and id.
pub(crate) async fn entries(tx: &mut Tx, keys: &[Key]) -> Result<Vec<(Key, ListingId)>, Error> {
    let list = keys.iter().map(|key| Value::from(key.bytes())).collect();
    let rows = tx
        .rows_in(
            "SELECT holder, id FROM register_local WHERE listing IS NOT NULL AND holder IN ({})",
            args![],
            list,
        )
        .await?;
    rows.iter().map(|row| Ok((Key::of_bytes(row.bytes(0)?)?, ListingId(row.int(1)?)))).collect()
}

/// Counts the register's version up, and says what it is now.
async fn bump(tx: &mut Tx) -> Result<i64, Error> {
    let row = tx
        .row("UPDATE register_pointer SET version = version + 1 WHERE id = 1 RETURNING version", args![])
        .await?;
    Ok(row.int(0)?)
}

fn local(row: &Row) -> Result<Local, Error> {
    let id = ListingId(row.int(0)?);
    let listing = row.maybe_bytes(2)?.map(|octets| decoded(id, &octets)).transpose()?;
    Ok(Local { id, key: Key::of_bytes(row.bytes(1)?)?, listing })
}

fn holder(key: Vec<u8>) -> Result<Holder, Error> {
    Ok(match Key::of_bytes(key)?.named()? {
        crate::parts::Named::Person(id) => Holder::Person(id),
        crate::parts::Named::Structure(id) => Holder::Structure(id),
    })
}

/// First octet of a stored professional.
const PROFESSIONAL: u8 = b'P';
/// First octet of a stored organisation.
const ORGANISATION: u8 = b'S';

/// The entry, and behind it the addresses that are suspended: rows from before they were told apart end there.
fn encoded(listing: &Listing) -> Result<Vec<u8>, Error> {
    let corrupt = |_| Error::Corrupt("local entry");
    let (first, rest) = match listing {
        Listing::Professional(professional) => (PROFESSIONAL, postcard::to_stdvec(professional)),
        Listing::Organisation(organisation) => (ORGANISATION, postcard::to_stdvec(organisation)),
    };
    let suspended: Vec<&Address> = listing
        .mailboxes()
        .filter(|mailbox| mailbox.standing == Standing::Suspended)
        .map(|mailbox| &mailbox.address)
        .collect();
    let mut octets = vec![first];
    octets.extend(rest.map_err(corrupt)?);
    if !suspended.is_empty() {
        octets.extend(postcard::to_stdvec(&suspended).map_err(corrupt)?);
    }
    Ok(octets)
}

fn decoded(id: ListingId, octets: &[u8]) -> Result<Listing, Error> {
    let corrupt = |_| Error::Corrupt("local entry");
    let (mut listing, behind) = match octets.split_first() {
        Some((&PROFESSIONAL, rest)) => {
            let (own, behind) = postcard::take_from_bytes(rest).map_err(corrupt)?;
            (Listing::Professional(own), behind)
        }
        Some((&ORGANISATION, rest)) => {
            let (own, behind) = postcard::take_from_bytes(rest).map_err(corrupt)?;
            (Listing::Organisation(own), behind)
        }
        Some(_) | None => return Err(Error::Corrupt("local entry")),
    };
    if !behind.is_empty() {
        let suspended: Vec<Address> = postcard::from_bytes(behind).map_err(corrupt)?;
        crate::merge::each_mailbox(&mut listing, |mailbox| {
            if suspended.contains(&mailbox.address) {
                mailbox.standing = Standing::Suspended;
            }
        });
    }
    match &mut listing {
        Listing::Professional(professional) => (professional.id, professional.source) = (id, Source::Local),
        Listing::Organisation(organisation) => (organisation.id, organisation.source) = (id, Source::Local),
    }
    Ok(listing)
}
