//! National entries as rows, read at one generation.
//!
//! Everything here is given the generation to read at: a reader takes it once ([`pointer()`]) and stays there
//! for as long as its question lasts. The generation before the one in force stays readable until the next
//! import has ended.

pub(crate) mod aliases;
pub(crate) mod imports;
pub(crate) mod sweep;
pub(crate) mod write;

use db::{Row, Tx, Value, args};
use names::{Address, NationalPersonId, NationalStructureId, Timestamp};

use crate::parts::{self, ActivityPart, Key, MailboxPart};
use crate::{Error, Listing, ListingId};

/// Says that a version is in force: no generation has ended it.
pub(crate) const FOR_EVER: i64 = i64::MAX;

/// What is in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pointer {
    /// The generation to read at.
    pub generation: i64,
    /// Grows with every flip and every local change.
    pub version: i64,
    /// Entries of this generation.
    pub entries: i64,
    /// Their mailboxes.
    pub mailboxes: i64,
    /// Their situations of practice.
    pub activities: i64,
    /// When it was put in force; zero before the first import.
    pub flipped_at: Timestamp,
    pub(crate) next_id: i64,
    pub(crate) next_record: i64,
}

/// Reads what is in force.
pub async fn pointer(tx: &mut Tx) -> Result<Pointer, Error> {
    let row = tx
        .row(
            "SELECT generation, version, entries, mailboxes, activities, flipped_at, next_id, next_record
             FROM register_pointer WHERE id = 1",
            args![],
        )
        .await?;
    Ok(Pointer {
        generation: row.int(0)?,
        version: row.int(1)?,
        entries: row.int(2)?,
        mailboxes: row.int(3)?,
        activities: row.int(4)?,
        flipped_at: row.time(5)?,
        next_id: row.int(6)?,
        next_record: row.int(7)?,
    })
}

/// The entries with these ids, in the order asked; those that are not in this generation are left out.
pub async fn rows(tx: &mut Tx, ids: &[ListingId], generation: i64) -> Result<Vec<Listing>, Error> {
    let list: Vec<Value> = ids.iter().map(|id| id.0.into()).collect();
    let found = tx
        .rows_in(
            "SELECT r.id, r.national_key, r.changed_at, e.activity, e.mailbox
             FROM register_row r JOIN register_record e ON e.record = r.record
             WHERE r.since <= $1 AND r.until > $1 AND r.id IN ({})",
            args![generation],
            list,
        )
        .await?;
    let mut listings = read(found)?;
    listings.sort_by_key(Listing::id);
    let found = ids.iter().filter_map(|id| {
        listings.binary_search_by_key(id, Listing::id).ok().map(|place| listings[place].clone())
    });
    Ok(found.collect())
}

/// The entry that holds this mailbox; of several, the one with the smallest id.
pub async fn by_address(tx: &mut Tx, address: &Address, generation: i64) -> Result<Option<Listing>, Error> {
    let holders = tx
        .rows(
            "SELECT holder FROM register_address WHERE address = $1 ORDER BY holder",
            args![address.to_string().into_bytes()],
        )
        .await?;
    let holders: Vec<ListingId> =
        holders.iter().map(|row| row.int(0).map(ListingId)).collect::<Result<_, _>>()?;
    // The table of addresses never forgets: the entry itself says whether the mailbox is still there.
    let holds = |listing: &Listing| listing.mailboxes().any(|mailbox| mailbox.address == *address);
    Ok(rows(tx, &holders, generation).await?.into_iter().find(holds))
}

/// The professional with this national identifier.
pub async fn by_national_id(
    tx: &mut Tx,
    id: &NationalPersonId,
    generation: i64,
) -> Result<Option<Listing>, Error> {
    Ok(by_keys(tx, &[Key::person(id)], generation).await?.pop())
}

/// The organisations with these national identifiers, in no order; each by the identifier it goes by, when a line of an
/// extract says that the one asked for is another of its numbers.
pub async fn by_structures(
    tx: &mut Tx,
    ids: &[NationalStructureId],
    generation: i64,
) -> Result<Vec<Listing>, Error> {
    let ids = aliases::every_id(tx, ids, generation).await?;
    let keys: Vec<Key> = ids.iter().map(Key::structure).collect();
    by_keys(tx, &keys, generation).await
}

async fn by_keys(tx: &mut Tx, keys: &[Key], generation: i64) -> Result<Vec<Listing>, Error> {
    let list: Vec<Value> = keys.iter().map(|key| key.bytes().into()).collect();
    let found = tx
        .rows_in(
            "SELECT r.id, r.national_key, r.changed_at, e.activity, e.mailbox
             FROM register_row r JOIN register_record e ON e.record = r.record
             WHERE r.since <= $1 AND r.until > $1 AND r.national_key IN ({})",
            args![generation],
            list,
        )
        .await?;
    read(found)
}

/// Entries of a generation with ids above `after`, ascending, `count` at most: for building an index.
pub async fn after(
    tx: &mut Tx,
    after: ListingId,
    count: usize,
    generation: i64,
) -> Result<Vec<Listing>, Error> {
    let found = tx
        .rows(
            "SELECT r.id, r.national_key, r.changed_at, e.activity, e.mailbox
             FROM register_row r JOIN register_record e ON e.record = r.record
             WHERE r.id > $1 AND r.since <= $2 AND r.until > $2 ORDER BY r.id LIMIT $3",
            args![after.0, generation, i64::try_from(count).unwrap_or(i64::MAX)],
        )
        .await?;
    read(found)
}

/// An entry that a generation changed.
#[derive(Clone, PartialEq, Debug)]
pub enum Change {
    /// It is new, or differs from what it was.
    Now(Box<Listing>),
    /// It is there no more.
    Gone(ListingId),
}

impl Change {
    /// Which entry.
    #[must_use]
    pub fn id(&self) -> ListingId {
        match self {
            Self::Now(listing) => listing.id(),
            Self::Gone(id) => *id,
        }
    }
}

/// What `generation` changed of the one before it, with ids above `after`, ascending, `count` at most: for an
/// index that is not built anew.
pub async fn changed(
    tx: &mut Tx,
    after: ListingId,
    count: usize,
    generation: i64,
) -> Result<Vec<Change>, Error> {
    // The records of a generation are numbered one behind the other, and its new and changed entries are
    // few beside the others on all days but the first: no index is kept for it.
    let rows = tx
        .rows(
            "SELECT id, since, until FROM register_row
             WHERE id > $1 AND (since = $2 OR until = $2) ORDER BY id LIMIT $3",
            args![after.0, generation, i64::try_from(count * 2).unwrap_or(i64::MAX)],
        )
        .await?;
    let mut ids: Vec<ListingId> =
        rows.iter().map(|row| row.int(0).map(ListingId)).collect::<Result<_, _>>()?;
    ids.dedup();
    ids.truncate(count);
    let mut now = self::rows(tx, &ids, generation).await?.into_iter().peekable();
    Ok(ids
        .into_iter()
        .map(|id| match now.next_if(|listing| listing.id() == id) {
            Some(listing) => Change::Now(Box::new(listing)),
            None => Change::Gone(id),
        })
        .collect())
}

fn read(rows: Vec<Row>) -> Result<Vec<Listing>, Error> {
    rows.iter()
        .map(|row| {
            let key = Key::of_bytes(row.bytes(1)?)?;
            let (activity, mailbox) = decoded(row.maybe_bytes(3)?, row.maybe_bytes(4)?)?;
            parts::listing(ListingId(row.int(0)?), &key, activity, mailbox, row.time(2)?)
        })
        .collect()
}

/// The parts of a record.
pub(crate) fn decoded(
    activity: Option<Vec<u8>>,
    mailbox: Option<Vec<u8>>,
) -> Result<(Option<ActivityPart>, Option<MailboxPart>), Error> {
    let activity = activity.map(|bytes| postcard::from_bytes(&bytes)).transpose();
    let mailbox = mailbox.map(|bytes| postcard::from_bytes(&bytes)).transpose();
    match (activity, mailbox) {
        (Ok(activity), Ok(mailbox)) => Ok((activity, mailbox)),
        (Err(_), _) | (_, Err(_)) => Err(Error::Corrupt("record")),
    }
}
