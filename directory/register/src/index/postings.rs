//! Lists of entries, in few octets: for each field its number, how many, how long, then the steps from one to the next.

use super::fields::{Field, Fields};

/// Adds a number in base 128, low digits first.
pub(crate) fn put(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Takes a number off the front; a damaged one ends the list.
pub(crate) fn take(bytes: &mut &[u8]) -> Option<u32> {
    let mut number = 0_u32;
    let mut shift = 0;
    loop {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u32::from(first & 0x7f).checked_shl(shift)?;
        if *first < 0x80 {
            return Some(number);
        }
        shift += 7;
    }
}

/// The lists of one key: one for each field it stands in.
#[derive(Clone, Copy)]
pub(crate) struct Lists<'a>(pub(crate) &'a [u8]);

/// The entries of one field, in ascending order.
#[derive(Clone, Copy)]
pub(crate) struct List<'a> {
    pub(crate) field: Field,
    pub(crate) count: u32,
    steps: &'a [u8],
}

impl<'a> Lists<'a> {
    /// The lists of some fields.
    pub(crate) fn of(self, fields: Fields) -> impl Iterator<Item = List<'a>> {
        self.filter(move |list| fields.has(list.field))
    }
}

impl<'a> Iterator for Lists<'a> {
    type Item = List<'a>;

    fn next(&mut self) -> Option<List<'a>> {
        let (number, rest) = self.0.split_first()?;
        self.0 = rest;
        let field = *Field::ALL.get(usize::from(*number))?;
        let count = take(&mut self.0)?;
        let length = take(&mut self.0)? as usize;
        let (steps, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(List { field, count, steps })
    }
}

impl<'a> List<'a> {
    /// The ordinals.
    pub(crate) fn entries(self) -> Entries<'a> {
        Entries { steps: self.steps, last: 0 }
    }
}

/// The entries of a list, one after the other.
pub(crate) struct Entries<'a> {
    steps: &'a [u8],
    last: u32,
}

/// The highest bit of each of eight octets: set in those that a longer number goes on behind.
const LONGER: u64 = 0x8080_8080_8080_8080;

impl Entries<'_> {
    /// The next entry that is not below `wanted`. Eight short steps are passed over at once: in the list of a frequent
    /// word nearly all are short.
    pub(crate) fn next_from(&mut self, wanted: u32) -> Option<u32> {
        loop {
            while let Some((eight, rest)) = self.steps.split_first_chunk::<8>() {
                let eight = u64::from_le_bytes(*eight);
                if eight & LONGER != 0 {
                    break;
                }
                // The sum of eight octets, by way of four pairs.
                let pairs = (eight & 0x00ff_00ff_00ff_00ff) + (eight >> 8 & 0x00ff_00ff_00ff_00ff);
                let sum = (pairs.wrapping_mul(0x0001_0001_0001_0001) >> 48) as u32;
                let last = self.last.wrapping_add(sum);
                if last.wrapping_sub(1) >= wanted {
                    break;
                }
                (self.last, self.steps) = (last, rest);
            }
            let entry = self.next()?;
            if entry >= wanted {
                return Some(entry);
            }
        }
    }
}

impl Iterator for Entries<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        // Most steps are short: one octet, one addition.
        let step = match self.steps.split_first() {
            Some((step, rest)) if *step < 0x80 => {
                self.steps = rest;
                u32::from(*step)
            }
            Some(_) => take(&mut self.steps)?,
            None => return None,
        };
        self.last = self.last.wrapping_add(step);
        Some(self.last.wrapping_sub(1))
    }
}

/// A list being made: entries are added in ascending order.
#[derive(Default)]
pub(crate) struct Growing {
    pub(crate) count: u32,
    /// The last entry plus one, so that none is zero.
    last: u32,
    steps: Vec<u8>,
}

impl Growing {
    /// Adds an entry; once more changes nothing.
    pub(crate) fn add(&mut self, entry: u32) {
        let entry = entry + 1;
        debug_assert!(entry >= self.last, "entries come in ascending order");
        if entry > self.last {
            put(&mut self.steps, entry - self.last);
            self.last = entry;
            self.count += 1;
        }
    }

    /// Adds the list to a key's lists.
    pub(crate) fn write(&self, field: Field, bytes: &mut Vec<u8>) {
        bytes.push(field as u8);
        put(bytes, self.count);
        put(bytes, self.steps.len() as u32);
        bytes.extend_from_slice(&self.steps);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn what_is_written_is_read(
            family in prop::collection::btree_set(0_u32..3_000_000, 0..50),
            town in prop::collection::btree_set(0_u32..200, 0..50),
        ) {
            let mut bytes = Vec::new();
            for (field, entries) in [(Field::Family, &family), (Field::Town, &town)] {
                let mut growing = Growing::default();
                for entry in entries {
                    growing.add(*entry);
                    growing.add(*entry);
                }
                growing.write(field, &mut bytes);
            }
            let read = |fields| -> BTreeSet<u32> { Lists(&bytes).of(fields).flat_map(List::entries).collect() };
            prop_assert_eq!(read(Fields::FAMILY), family);
            prop_assert_eq!(read(Fields::of(&[Field::Town])), town);
            prop_assert_eq!(Lists(&bytes).count(), 2);
        }

        #[test]
        fn what_is_passed_over_is_below_what_is_wanted(
            entries in prop::collection::btree_set(0_u32..600, 0..300),
            more in prop::collection::btree_set(0_u32..90_000, 0..30),
            wanted in prop::collection::btree_set(0_u32..90_000, 0..60),
        ) {
            let entries: BTreeSet<u32> = entries.union(&more).copied().collect();
            let mut growing = Growing::default();
            entries.iter().for_each(|entry| growing.add(*entry));
            let mut bytes = Vec::new();
            growing.write(Field::Family, &mut bytes);
            let mut list = Lists(&bytes).next().unwrap().entries();
            let (mut rest, mut last) = (entries.iter().copied().peekable(), None);
            for wanted in wanted {
                if last.is_some_and(|last| wanted <= last) {
                    continue;
                }
                while rest.next_if(|entry| *entry < wanted).is_some() {}
                let found = list.next_from(wanted);
                prop_assert_eq!(found, rest.next());
                last = found;
            }
        }

        #[test]
        fn damaged_octets_end_a_list_and_nothing_else(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Lists(&bytes).flat_map(List::entries).count() <= bytes.len());
            for list in Lists(&bytes) {
                let (mut entries, mut count) = (list.entries(), 0);
                while entries.next_from(count).is_some() {
                    count += 1;
                    prop_assert!(count as usize <= bytes.len());
                }
            }
        }
    }
}
