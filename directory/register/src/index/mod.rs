//! What entries are found by.
//!
//! The index of a generation is a few *segments* that never change ([`segment`]): base segments of up to half a
//! million entries each, small ones for daily updates, and behind them the entries of this house, in memory
//! ([`live`]). A later segment hides what earlier ones say of the same entries. A segment is a map from keys
//! ([`terms`]) to lists of its entries ([`postings`]): the map stays in memory, the lists are rows, read when
//! asked for and kept for a while ([`stored`]). Both engines hold the same octets, so they give the same answers.

mod build;
mod builder;
mod fields;
mod live;
mod merge;
mod postings;
mod segment;
mod stored;
mod terms;

use std::sync::Arc;

pub(crate) use build::Building;
pub(crate) use builder::{Builder, Scope, exists, forget, sweep};
pub(crate) use fields::{Field, Fields};
pub(crate) use live::Live;
pub(crate) use postings::{List, Lists};
pub(crate) use segment::{Place, Segment};
pub(crate) use stored::{Chunks, Pieces, fetch, listed, load};
pub(crate) use terms::{Flags, day, initial_key, mark, mark_key, sound_key, stem_key, word_key};

/// The segments of one moment, oldest first.
#[derive(Default)]
pub(crate) struct Index {
    pub(crate) parts: Vec<Part>,
}

/// A segment, and which of its entries a later one speaks about.
pub(crate) struct Part {
    pub(crate) segment: Arc<Segment>,
    /// Their ordinals, ascending.
    pub(crate) hidden: Vec<u32>,
}

impl Index {
    /// These segments, oldest first.
    pub(crate) fn of(segments: Vec<Arc<Segment>>) -> Self {
        let mut hidden = vec![Vec::new(); segments.len()];
        for (at, newer) in segments.iter().enumerate() {
            for (older, hidden) in segments[..at].iter().zip(&mut hidden) {
                if newer.base && older.base {
                    continue;
                }
                let ids = newer.docs.ids().chain(newer.gone.iter().copied());
                hidden.extend(ids.filter_map(|id| older.docs.ordinal(id)));
            }
        }
        let parts = segments.into_iter().zip(hidden).map(|(segment, mut hidden)| {
            hidden.sort_unstable();
            hidden.dedup();
            Part { segment, hidden }
        });
        Self { parts: parts.collect() }
    }

    /// Entries that are not hidden.
    pub(crate) fn entries(&self) -> u64 {
        self.parts.iter().map(|part| u64::from(part.segment.docs.len()) - part.hidden.len() as u64).sum()
    }
}

impl Part {
    /// Whether an entry is to be shown.
    pub(crate) fn shows(&self, entry: u32, flags: Flags) -> bool {
        self.segment.flags.get(entry as usize).is_some_and(|found| found.hold(flags))
            && (self.hidden.is_empty() || self.hidden.binary_search(&entry).is_err())
    }
}

/// Some segments as one: for tests.
#[cfg(test)]
pub(crate) fn merge_for_tests(segments: Vec<build::Sealed>) -> Result<build::Sealed, crate::Error> {
    let opened: Result<Vec<_>, _> = segments.into_iter().map(merge::opened).collect();
    merge::merged(&opened?)
}
