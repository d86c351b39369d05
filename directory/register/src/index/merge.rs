//! Several small segments as one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use fst::MapBuilder;

use super::build::Sealed;
use super::postings::{Growing, List, Lists};
use super::segment::{Docs, Head, Place, Postings, Segment};
use super::terms::Flags;
use crate::Error;
use crate::index::Field;

/// A segment and its postings.
pub(super) type Opened = (Segment, Vec<u8>);

/// A segment that was just made.
pub(super) fn opened(sealed: Sealed) -> Result<Opened, Error> {
    let Sealed { docs, gone, flags, words, postings } = sealed;
    let segment = Segment::of(Head { docs, gone, flags }, words, Postings::Memory(Vec::new()), false)?;
    Ok((segment, postings))
}

/// What some segments say together, oldest first: of each entry what the last one says.
pub(super) fn merged(segments: &[Opened]) -> Result<Sealed, Error> {
    let mut speaks: BTreeMap<i64, usize> = BTreeMap::new();
    let mut gone = BTreeSet::new();
    for (at, (segment, _)) in segments.iter().enumerate() {
        for id in &segment.gone {
            speaks.remove(id);
            gone.insert(*id);
        }
        for id in segment.docs.ids() {
            speaks.insert(id, at);
            gone.remove(&id);
        }
    }
    let mut docs = Docs::default();
    let mut flags: Vec<Flags> = Vec::with_capacity(speaks.len());
    // By segment: the new ordinal of each old one that it still speaks for.
    let mut ordinals: Vec<HashMap<u32, u32>> = vec![HashMap::new(); segments.len()];
    for (id, at) in speaks {
        let (segment, _) = &segments[at];
        let old = segment.docs.ordinal(id).ok_or(Error::Corrupt("segment"))?;
        let new = docs.push(id).ok_or(Error::Corrupt("segment"))?;
        flags.push(segment.flags[old as usize]);
        ordinals[at].insert(old, new);
    }
    let mut keys: BTreeMap<Vec<u8>, Vec<(usize, Place)>> = BTreeMap::new();
    for (at, (segment, _)) in segments.iter().enumerate() {
        segment.each_key(|key, place| {
            keys.entry(key.to_vec()).or_default().push((at, place));
            Ok(())
        })?;
    }
    let mut words = MapBuilder::memory();
    let mut postings = Vec::new();
    for (key, places) in keys {
        let mut entries: BTreeMap<Field, Vec<u32>> = BTreeMap::new();
        for (at, place) in places {
            let octets =
                segments[at].1.get(place.start()..place.start() + place.length()).unwrap_or_default();
            for list in Lists(octets) {
                let new = List::entries(list).filter_map(|old| ordinals[at].get(&old).copied());
                entries.entry(list.field).or_default().extend(new);
            }
        }
        let start = postings.len();
        for (field, mut entries) in entries {
            entries.sort_unstable();
            let mut list = Growing::default();
            entries.into_iter().for_each(|entry| list.add(entry));
            if list.count > 0 {
                list.write(field, &mut postings);
            }
        }
        if postings.len() > start {
            let place = Place::of(start, postings.len() - start)?;
            words.insert(key, place.0).map_err(|_| Error::Corrupt("keys of an index"))?;
        }
    }
    let words = words.into_inner().map_err(|_| Error::Corrupt("keys of an index"))?;
    Ok(Sealed { docs, gone: gone.into_iter().collect(), flags, words, postings })
}
