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
        fn damaged_octets_end_a_list_and_nothing_else(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Lists(&bytes).flat_map(List::entries).count() <= bytes.len());
        }
    }
}
