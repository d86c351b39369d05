//! A segment being made.
//!
//! Lists grow compressed from the first entry on, so memory follows the size of what is kept: half a million
//! entries take about as much as their segment, twice.

use std::collections::HashMap;

use fst::MapBuilder;

use super::fields::Field;
use super::postings::Growing;
use super::segment::{Docs, Place, Segment};
use super::terms::{Flags, describe};
use crate::{Error, Listing, ListingId};

/// Entries of one segment, ids ascending.
#[derive(Default)]
pub(crate) struct Building {
    docs: Docs,
    gone: Vec<i64>,
    flags: Vec<Flags>,
    /// First list of each key.
    keys: HashMap<Box<[u8]>, u32>,
    lists: Vec<FieldList>,
}

/// The list of a key in one field, and where its next field is.
struct FieldList {
    field: Field,
    next: u32,
    list: Growing,
}

/// No further field.
const LAST: u32 = u32::MAX;

/// A finished segment, as it is stored.
pub(crate) struct Sealed {
    pub(crate) docs: Docs,
    /// Ids that are gone: what earlier segments say of them does not hold.
    pub(crate) gone: Vec<i64>,
    /// One for each entry.
    pub(crate) flags: Vec<Flags>,
    /// Map from key to [`Place`].
    pub(crate) words: Vec<u8>,
    pub(crate) postings: Vec<u8>,
}

impl Building {
    /// Entries so far.
    pub(crate) fn len(&self) -> usize {
        self.docs.len() as usize
    }

    /// Whether it says nothing yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.docs.len() == 0 && self.gone.is_empty()
    }

    /// Adds an entry; its id is above those before it.
    pub(crate) fn add(&mut self, listing: &Listing) -> Result<(), Error> {
        let entry = self.entry(listing.id(), Flags::of(listing))?;
        let Self { keys, lists, .. } = self;
        describe(listing, &mut |key, field| add_to(keys, lists, key, field, entry));
        Ok(())
    }

    /// Says that an entry is gone; in any order.
    pub(crate) fn gone(&mut self, id: ListingId) {
        self.gone.push(id.0);
    }

    /// The ordinal of a further entry.
    pub(crate) fn entry(&mut self, id: ListingId, flags: Flags) -> Result<u32, Error> {
        let entry = self.docs.push(id.0).ok_or(Error::Corrupt("entries were not given by ascending id"))?;
        self.flags.push(flags);
        Ok(entry)
    }

    /// Orders the keys and writes their lists one behind the other.
    pub(crate) fn seal(mut self) -> Result<Sealed, Error> {
        let mut keys: Vec<(Box<[u8]>, u32)> = std::mem::take(&mut self.keys).into_iter().collect();
        keys.sort_unstable();
        let mut words = MapBuilder::memory();
        let mut postings = Vec::new();
        for (key, first) in keys {
            let start = postings.len();
            let mut of_key = Vec::new();
            let mut at = first;
            while at != LAST {
                let list = &mut self.lists[at as usize];
                of_key.push((list.field, std::mem::take(&mut list.list)));
                at = list.next;
            }
            of_key.sort_by_key(|(field, _)| *field);
            of_key.iter().for_each(|(field, list)| list.write(*field, &mut postings));
            let place = Place::of(start, postings.len() - start)?;
            words.insert(key, place.0).map_err(|_| Error::Corrupt("keys of an index"))?;
        }
        self.gone.sort_unstable();
        self.gone.dedup();
        let words = words.into_inner().map_err(|_| Error::Corrupt("keys of an index"))?;
        Ok(Sealed { docs: self.docs, gone: self.gone, flags: self.flags, words, postings })
    }

    /// The segment, kept in memory.
    pub(crate) fn into_segment(self) -> Result<Segment, Error> {
        Segment::in_memory(self.seal()?)
    }
}

fn add_to(
    keys: &mut HashMap<Box<[u8]>, u32>,
    lists: &mut Vec<FieldList>,
    key: &[u8],
    field: Field,
    entry: u32,
) {
    let fresh = |lists: &mut Vec<FieldList>| {
        lists.push(FieldList { field, next: LAST, list: Growing::default() });
        lists.len() as u32 - 1
    };
    let mut at = match keys.get(key) {
        Some(first) => *first,
        None => {
            let first = fresh(lists);
            keys.insert(key.into(), first);
            first
        }
    };
    while lists[at as usize].field != field {
        if lists[at as usize].next == LAST {
            let next = fresh(lists);
            lists[at as usize].next = next;
        }
        at = lists[at as usize].next;
    }
    lists[at as usize].list.add(entry);
}
