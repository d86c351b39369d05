//! What a question means for one segment: sets of its entries, combined.

use crate::index::{Fields, Flags, List, Lists, Pieces, Place};

/// A set of entries, not read yet.
#[derive(Debug)]
pub(crate) enum Node {
    /// Every entry.
    All,
    /// Those in any of these lists, in some fields.
    Lists(Vec<Place>, Fields),
    /// Those of whom this holds.
    Flags(Flags),
    /// These, ascending.
    Entries(Vec<u32>),
    /// Those in all of them.
    And(Vec<Node>),
    /// Those in any of them.
    Or(Vec<Node>),
}

/// A set of entries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Set {
    /// Every entry.
    All,
    /// These, ascending.
    These(Vec<u32>),
}

/// Above so many entries a union is made by marking them, below by sorting.
const MARKED: usize = 20_000;

impl Node {
    /// No entry.
    pub(crate) const NONE: Self = Self::Entries(Vec::new());

    /// Adds the places this needs read.
    pub(crate) fn places(&self, wanted: &mut Vec<Place>) {
        match self {
            Self::All | Self::Flags(_) | Self::Entries(_) => {}
            Self::Lists(places, _) => wanted.extend(places),
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().for_each(|node| node.places(wanted)),
        }
    }

    /// The set, of a segment whose entries have these flags.
    pub(crate) fn read(&self, pieces: &Pieces<'_>, flags: &[Flags]) -> Set {
        let count = flags.len() as u32;
        match self {
            Self::Flags(asked) => {
                let held = flags.iter().zip(0_u32..).filter(|(flags, _)| flags.hold(*asked));
                Set::These(held.map(|(_, entry)| entry).collect())
            }
            Self::All => Set::All,
            Self::Entries(entries) => Set::These(entries.clone()),
            Self::Lists(places, fields) => Set::These(union(places, *fields, pieces, count)),
            Self::And(nodes) => {
                let mut sets: Vec<Vec<u32>> =
                    nodes.iter().filter_map(|node| node.read(pieces, flags).these()).collect();
                sets.sort_by_key(Vec::len);
                sets.into_iter().reduce(|small, large| both(&small, &large)).map_or(Set::All, Set::These)
            }
            Self::Or(nodes) => {
                let mut all = Vec::new();
                for node in nodes {
                    match node.read(pieces, flags) {
                        Set::All => return Set::All,
                        Set::These(entries) => all.extend(entries),
                    }
                }
                all.sort_unstable();
                all.dedup();
                Set::These(all)
            }
        }
    }
}

impl Set {
    fn these(self) -> Option<Vec<u32>> {
        match self {
            Self::All => None,
            Self::These(entries) => Some(entries),
        }
    }
}

/// Whoever stands in any of these lists, ascending.
fn union(places: &[Place], fields: Fields, pieces: &Pieces<'_>, count: u32) -> Vec<u32> {
    let octets: Vec<_> = places.iter().map(|place| pieces.octets(*place)).collect();
    let lists: Vec<List<'_>> = octets.iter().flat_map(|octets| Lists(octets).of(fields)).collect();
    if let [list] = lists[..] {
        return list.entries().filter(|entry| *entry < count).collect();
    }
    let total: usize = lists.iter().map(|list| list.count as usize).sum();
    let entries = lists.into_iter().flat_map(List::entries).filter(|entry| *entry < count);
    if total < MARKED {
        let mut all: Vec<u32> = entries.collect();
        all.sort_unstable();
        all.dedup();
        return all;
    }
    let mut marks = vec![0_u64; count as usize / 64 + 1];
    for entry in entries {
        marks[entry as usize / 64] |= 1 << (entry % 64);
    }
    let mut all = Vec::with_capacity(total);
    for (word, mut bits) in marks.into_iter().enumerate() {
        while bits != 0 {
            all.push(word as u32 * 64 + bits.trailing_zeros());
            bits &= bits - 1;
        }
    }
    all
}

/// Whoever stands in both.
pub(crate) fn both(small: &[u32], large: &[u32]) -> Vec<u32> {
    let mut found = Vec::with_capacity(small.len().min(large.len()));
    let mut rest = large;
    for entry in small {
        // Steps that double: cheap where both are dense, and where one is sparse.
        let mut step = 1;
        while step < rest.len() && rest[step] < *entry {
            step *= 2;
        }
        let end = (step + 1).min(rest.len());
        rest = &rest[rest[..end].partition_point(|other| other < entry)..];
        if rest.first() == Some(entry) {
            found.push(*entry);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn what_stands_in_both_is_the_intersection(
            a in prop::collection::btree_set(0_u32..300, 0..80),
            b in prop::collection::btree_set(0_u32..300, 0..250),
        ) {
            let list = |set: &BTreeSet<u32>| set.iter().copied().collect::<Vec<_>>();
            prop_assert_eq!(both(&list(&a), &list(&b)), a.intersection(&b).copied().collect::<Vec<_>>());
        }
    }
}
