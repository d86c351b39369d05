//! What the door counts, for the operator. Reasons are of a closed set: nobody is named.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Reason;

/// Counts of one door. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    searches: AtomicU64,
    entries: AtomicU64,
    cut: AtomicU64,
    exhausted: AtomicU64,
    alarms: AtomicU64,
    refused: [AtomicU64; Reason::ALL.len()],
}

/// What was counted since the start.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TallyCounts {
    /// Searches carried out.
    pub searches: u64,
    /// Entries shown.
    pub entries: u64,
    /// Searches ended by a limit of size, of time, or of what is looked at.
    pub cut: u64,
    /// Searches ended because the asker's day has no more entries.
    pub exhausted: u64,
    /// Alarms of the daily quota (RELIABILITY D-11).
    pub alarms: u64,
    /// What was refused, or answered in part, by reason.
    pub refused: Vec<(&'static str, u64)>,
}

impl Tally {
    /// What was counted.
    #[must_use]
    pub fn counts(&self) -> TallyCounts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        TallyCounts {
            searches: read(&self.0.searches),
            entries: read(&self.0.entries),
            cut: read(&self.0.cut),
            exhausted: read(&self.0.exhausted),
            alarms: read(&self.0.alarms),
            refused: Reason::ALL.map(Reason::word).into_iter().zip(self.0.refused.iter().map(read)).collect(),
        }
    }

    pub(crate) fn searched(&self) {
        self.0.searches.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn shown(&self, entries: usize) {
        self.0.entries.fetch_add(entries as u64, Ordering::Relaxed);
    }

    pub(crate) fn cut(&self) {
        self.0.cut.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn exhausted(&self) {
        self.0.exhausted.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn refused(&self, reason: Reason) {
        if let Some(at) = Reason::ALL.iter().position(|own| *own == reason) {
            self.0.refused[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn alarm(&self) {
        self.0.alarms.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_counted_for_itself() {
        let tally = Tally::default();
        for reason in Reason::ALL {
            tally.refused(reason);
        }
        tally.refused(Reason::Quota);
        let counts = tally.counts();
        for (word, count) in &counts.refused {
            assert_eq!(*count, if *word == "quota" { 2 } else { 1 }, "{word}");
        }
        let words: std::collections::BTreeSet<_> = counts.refused.iter().map(|(word, _)| *word).collect();
        assert_eq!(words.len(), Reason::ALL.len());
    }
}
