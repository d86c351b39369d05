//! What the door counts, for the operator. Reasons are of a closed set: nobody is named.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Issue;

/// Counts of one door. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    answered: AtomicU64,
    entries: AtomicU64,
    patches: AtomicU64,
    refused: [AtomicU64; Issue::ALL.len()],
}

/// What was counted since the start.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TallyCounts {
    /// Requests answered as asked.
    pub answered: u64,
    /// Entries shown.
    pub entries: u64,
    /// Patches done.
    pub patches: u64,
    /// Requests refused, by the reason in the words of FHIR's `issue-type`.
    pub refused: Vec<(&'static str, u64)>,
}

impl Tally {
    /// What was counted.
    #[must_use]
    pub fn counts(&self) -> TallyCounts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let refused = Issue::ALL.iter().zip(&self.0.refused);
        TallyCounts {
            answered: read(&self.0.answered),
            entries: read(&self.0.entries),
            patches: read(&self.0.patches),
            refused: refused.map(|(issue, count)| (issue.code(), read(count))).collect(),
        }
    }

    pub(crate) fn answered(&self) {
        self.0.answered.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn shown(&self, entries: u64) {
        self.0.entries.fetch_add(entries, Ordering::Relaxed);
    }

    pub(crate) fn patched(&self) {
        self.0.patches.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn refused(&self, issue: Issue) {
        if let Some(count) = Issue::ALL.iter().position(|own| *own == issue).map(|at| &self.0.refused[at]) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_counted_for_itself() {
        let tally = Tally::default();
        for issue in Issue::ALL {
            tally.refused(issue);
        }
        tally.refused(Issue::Throttled);
        let counts = tally.counts();
        for (word, count) in &counts.refused {
            assert_eq!(*count, if *word == "throttled" { 2 } else { 1 }, "{word}");
        }
        let words: std::collections::BTreeSet<_> = counts.refused.iter().map(|(word, _)| *word).collect();
        assert_eq!(words.len(), Issue::ALL.len());
    }
}
