//! A part of the index that never changes.

use std::sync::OnceLock;

use fst::{IntoStreamer, Map, Streamer};

use super::build::Sealed;
use super::postings::{put, take};
use super::terms::Flags;
use crate::words::neighbours;
use crate::{Error, limits};

/// Where the lists of a key stand among the postings: octet and length.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Place(pub(crate) u64);

/// Bits of the length.
const LENGTH_BITS: u32 = 24;

impl Place {
    /// A place, if it can be written down: lists of one key are shorter than 16 MiB.
    pub(crate) fn of(start: usize, length: usize) -> Result<Self, Error> {
        if length >= 1 << LENGTH_BITS || start as u64 >= 1 << (64 - LENGTH_BITS) {
            return Err(Error::Corrupt("a segment holds too many entries"));
        }
        Ok(Self((start as u64) << LENGTH_BITS | length as u64))
    }

    /// First octet.
    pub(crate) fn start(self) -> usize {
        (self.0 >> LENGTH_BITS) as usize
    }

    /// Number of octets.
    pub(crate) fn length(self) -> usize {
        (self.0 & ((1 << LENGTH_BITS) - 1)) as usize
    }
}

/// The ids of a segment's entries, ascending, as runs of consecutive ones: national entries are counted from 1.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Docs {
    /// First id and first ordinal of each run.
    runs: Vec<(i64, u32)>,
    count: u32,
}

impl Docs {
    /// How many.
    pub(crate) fn len(&self) -> u32 {
        self.count
    }

    /// Adds an id above all others; answers its ordinal.
    pub(crate) fn push(&mut self, id: i64) -> Option<u32> {
        let ordinal = self.count;
        match self.runs.last() {
            Some((first, from)) => {
                let next = first + i64::from(ordinal - from);
                if id < next {
                    return None;
                }
                if id > next {
                    self.runs.push((id, ordinal));
                }
            }
            None => self.runs.push((id, 0)),
        }
        self.count += 1;
        Some(ordinal)
    }

    /// The id of an ordinal, which is one of these.
    pub(crate) fn id(&self, ordinal: u32) -> i64 {
        let run = self.runs.partition_point(|(_, from)| *from <= ordinal) - 1;
        let (first, from) = self.runs[run];
        first + i64::from(ordinal - from)
    }

    /// The first ordinal whose id is at least this.
    pub(crate) fn from(&self, id: i64) -> u32 {
        let run = self.runs.partition_point(|(first, _)| *first <= id);
        let Some((first, from)) = run.checked_sub(1).map(|run| self.runs[run]) else { return 0 };
        let end = self.runs.get(run).map_or(self.count, |(_, from)| *from);
        let inside = u64::try_from(id - first).unwrap_or(0).min(u64::from(end - from));
        from + inside as u32
    }

    /// The ordinal of an id.
    pub(crate) fn ordinal(&self, id: i64) -> Option<u32> {
        let at = self.from(id);
        (at < self.count && self.id(at) == id).then_some(at)
    }

    /// All ids, ascending.
    pub(crate) fn ids(&self) -> impl Iterator<Item = i64> {
        self.runs.iter().enumerate().flat_map(|(run, (first, from))| {
            let end = self.runs.get(run + 1).map_or(self.count, |(_, from)| *from);
            *first..*first + i64::from(end - from)
        })
    }

    /// As octets.
    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        put(bytes, self.count);
        put(bytes, self.runs.len() as u32);
        for (first, from) in &self.runs {
            bytes.extend_from_slice(&first.to_be_bytes());
            put(bytes, *from);
        }
    }

    /// From octets.
    pub(crate) fn read(bytes: &mut &[u8]) -> Option<Self> {
        let count = take(bytes)?;
        let length = take(bytes)?;
        let mut runs = Vec::new();
        for _ in 0..length {
            let (first, rest) = bytes.split_first_chunk::<8>()?;
            *bytes = rest;
            runs.push((i64::from_be_bytes(*first), take(bytes)?));
        }
        let ordered = runs.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1);
        let starts = runs.first().is_none_or(|(_, from)| *from == 0) && (count == 0) == runs.is_empty();
        let ends = runs.last().is_none_or(|(_, from)| *from < count);
        (ordered && starts && ends).then_some(Self { runs, count })
    }
}

/// What a segment is about.
pub(crate) struct Head {
    pub(crate) docs: Docs,
    pub(crate) gone: Vec<i64>,
    pub(crate) flags: Vec<Flags>,
}

impl Head {
    /// As octets.
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.docs.write(&mut bytes);
        put(&mut bytes, self.gone.len() as u32);
        bytes.extend(self.gone.iter().flat_map(|id| id.to_be_bytes()));
        bytes.extend(self.flags.iter().flat_map(|flags| flags.0.to_be_bytes()));
        bytes
    }

    /// From octets.
    pub(crate) fn read(mut bytes: &[u8]) -> Option<Self> {
        let docs = Docs::read(&mut bytes)?;
        let (gone, flags) = bytes_of_gone(&mut bytes)?;
        let gone =
            gone.chunks_exact(8).map(|id| i64::from_be_bytes(id.try_into().unwrap_or_default())).collect();
        let flags: Vec<Flags> =
            flags.chunks_exact(2).map(|two| Flags(u16::from_be_bytes([two[0], two[1]]))).collect();
        (flags.len() == docs.len() as usize).then_some(Self { docs, gone, flags })
    }
}

fn bytes_of_gone<'a>(bytes: &mut &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let count = take(bytes)? as usize;
    bytes.split_at_checked(count.checked_mul(8)?)
}

/// Where the postings are.
pub(crate) enum Postings {
    /// Here.
    Memory(Vec<u8>),
    /// In rows of this segment.
    Stored(i64),
}

/// A segment as it is searched: its keys in memory, its postings here or in the database.
pub(crate) struct Segment {
    pub(crate) docs: Docs,
    /// Ids that are gone, ascending.
    pub(crate) gone: Vec<i64>,
    /// One for each entry.
    pub(crate) flags: Vec<Flags>,
    /// Whether no other base segment of its generation holds its entries.
    pub(crate) base: bool,
    pub(crate) postings: Postings,
    words: Map<Vec<u8>>,
    /// The words one behind the other, for looking inside them; made when first needed.
    text: OnceLock<Vec<u8>>,
}

impl Segment {
    /// A segment in memory.
    pub(crate) fn in_memory(sealed: Sealed) -> Result<Self, Error> {
        let Sealed { docs, gone, flags, words, postings } = sealed;
        Self::of(Head { docs, gone, flags }, words, Postings::Memory(postings), false)
    }

    /// A segment of these parts.
    pub(crate) fn of(head: Head, words: Vec<u8>, postings: Postings, base: bool) -> Result<Self, Error> {
        let Head { docs, gone, flags } = head;
        let words = Map::new(words).map_err(|_| Error::Corrupt("words of a segment"))?;
        Ok(Self { docs, gone, flags, base, postings, words, text: OnceLock::new() })
    }

    /// Its postings, which are in memory.
    #[cfg(test)]
    pub(crate) fn in_memory_pieces(&self) -> super::Pieces<'_> {
        match &self.postings {
            Postings::Memory(octets) => super::Pieces::Memory(octets),
            Postings::Stored(id) => panic!("segment {id} is stored"),
        }
    }

    /// The lists of a key.
    pub(crate) fn exactly(&self, key: &[u8]) -> Option<Place> {
        self.words.get(key).map(Place)
    }

    /// The lists of all keys that begin so, the shortest among them, `most` at most.
    pub(crate) fn beginning(&self, key: &[u8], most: usize) -> Vec<Place> {
        let mut end = key.to_vec();
        // Keys are UTF-8 behind their first octet: 0xff follows none.
        end.push(0xff);
        let mut stream = self.words.range().ge(key).lt(&end).into_stream();
        let mut found = Vec::new();
        while found.len() < most
            && let Some((_, place)) = stream.next()
        {
            found.push(Place(place));
        }
        found
    }

    /// The lists of all keys from one to another, both included.
    pub(crate) fn between(&self, from: &[u8], to: &[u8]) -> Vec<Place> {
        let mut stream = self.words.range().ge(from).le(to).into_stream();
        let mut found = Vec::new();
        while let Some((_, place)) = stream.next() {
            found.push(Place(place));
        }
        found
    }

    /// The lists of words one typing error away, `word` itself perhaps among them.
    pub(crate) fn around(&self, word: &[u8], mut found: impl FnMut(i8, Place)) {
        neighbours(self.words.as_fst(), word, |(longer, place)| found(longer, Place(place)));
    }

    /// The lists of words that hold this part, `most` at most.
    pub(crate) fn holding(&self, part: &[u8], most: usize) -> Vec<Place> {
        let text = self.text.get_or_init(|| self.all_words());
        let mut found = Vec::new();
        let mut from = 0;
        for at in memchr::memmem::find_iter(text, part) {
            // A word that holds it twice is found once.
            if at < from {
                continue;
            }
            let start = memchr::memrchr(b'\n', &text[..at]).map_or(0, |line| line + 1);
            let end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |line| at + line);
            found.extend(self.exactly(&text[start..end]));
            from = end;
            if found.len() == most {
                break;
            }
        }
        found
    }

    /// The words, without sounds, stems and marks, each ending a line.
    fn all_words(&self) -> Vec<u8> {
        let mut stream = self.words.range().ge([b' ']).into_stream();
        let mut text = Vec::new();
        while let Some((word, _)) = stream.next() {
            text.extend_from_slice(word);
            text.push(b'\n');
        }
        text
    }

    /// Every key with its place, ascending.
    pub(crate) fn each_key(
        &self,
        mut tell: impl FnMut(&[u8], Place) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut stream = self.words.stream();
        while let Some((key, place)) = stream.next() {
            tell(key, Place(place))?;
        }
        Ok(())
    }

    /// Octets held in memory.
    pub(crate) fn octets(&self) -> usize {
        let postings = match &self.postings {
            Postings::Memory(bytes) => bytes.len(),
            Postings::Stored(_) => 0,
        };
        self.words.as_fst().size()
            + postings
            + self.docs.runs.len() * 16
            + self.text.get().map_or(0, Vec::len)
    }
}

/// The chunks a place touches.
pub(crate) fn chunks(place: Place) -> std::ops::RangeInclusive<usize> {
    let last = place.start() + place.length().max(1) - 1;
    place.start() / limits::CHUNK..=last / limits::CHUNK
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn ids_and_ordinals_are_two_names_of_one_entry(ids in prop::collection::btree_set(1_i64..60, 0..40), asked in 0_i64..70) {
            let mut docs = Docs::default();
            for id in &ids {
                prop_assert!(docs.push(*id).is_some());
            }
            prop_assert_eq!(docs.ids().collect::<BTreeSet<_>>(), ids.clone());
            for (ordinal, id) in ids.iter().enumerate() {
                prop_assert_eq!(docs.id(ordinal as u32), *id);
                prop_assert_eq!(docs.ordinal(*id), Some(ordinal as u32));
            }
            prop_assert_eq!(docs.from(asked) as usize, ids.range(..asked).count());
            prop_assert_eq!(docs.ordinal(asked).is_some(), ids.contains(&asked));
            let mut bytes = Vec::new();
            docs.write(&mut bytes);
            prop_assert_eq!(Docs::read(&mut &bytes[..]), Some(docs.clone()));
            if let Some(last) = ids.last() {
                prop_assert_eq!(docs.push(*last), None, "ids ascend");
            }
        }
    }
}
