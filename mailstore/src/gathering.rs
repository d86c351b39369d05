//! How long a batch waits for the jobs that are about to come.
//!
//! A job that arrives while a batch is written shows that more hand in than that batch held. They come in step:
//! whoever was answered hands in again a moment later. Waiting for that moment makes one batch of two, and saves
//! a sync; waiting for somebody who does not come is time lost for those who are there. So what happened is
//! remembered: a wait that brought nobody is not tried again for a while, and ever more rarely.
//!
//! What two batches made one save is a sync and a handful of pages, however much they hold. So only a small batch
//! waits: one that holds much is written at once, however many hand in.

use std::time::Duration;

use crate::limits;

/// What a committer has seen of those who hand in.
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    /// How many hand in at once, as far as was seen.
    together: usize,
    /// How many stood in the batch when its wait began.
    came: usize,
    /// Batches that do not wait, because waiting brought nobody.
    rest: u32,
    /// The last such pause.
    pause: u32,
    /// What the last batch took.
    took: Duration,
}

/// A wait that may pay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Wait {
    /// Until so many are there ...
    pub(crate) jobs: usize,
    /// ... or so long.
    pub(crate) at_most: Duration,
}

/// Whether a batch of so many entries holds so much work that nothing is worth waiting for.
pub(crate) fn holds_much(entries: usize) -> bool {
    entries >= limits::GATHER_ENTRIES
}

impl Gathering {
    /// Whether a batch of so many jobs, which write so many entries, should wait for more.
    pub(crate) fn wait(&mut self, jobs: usize, entries: usize) -> Option<Wait> {
        if jobs >= self.together || holds_much(entries) {
            return None;
        }
        if self.rest > 0 {
            self.rest -= 1;
            return None;
        }
        let at_most = (self.took / 2).min(limits::GATHER);
        // Mostly they are there before that; if not, the timer of the runtime may take a millisecond more.
        (at_most >= limits::GATHER_LEAST).then(|| {
            self.came = jobs;
            Wait { jobs: self.together, at_most }
        })
    }

    /// The wait is over, with so many.
    pub(crate) fn waited(&mut self, jobs: usize) {
        if jobs == self.came {
            self.pause = (self.pause * 2).clamp(1, limits::GATHER_PAUSE);
            self.rest = self.pause;
        } else {
            self.pause = 0;
        }
        self.together = jobs;
    }

    /// A batch of so many was written, and so many had come by then.
    pub(crate) fn written(&mut self, jobs: usize, arrived: usize, took: Duration) {
        self.together = match arrived {
            0 => self.together.min(jobs),
            arrived => self.together.max(jobs + arrived),
        };
        self.took = took;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYNC: Duration = Duration::from_millis(4);

    #[test]
    fn a_lonely_job_never_waits() {
        let mut gathering = Gathering::default();
        for _ in 0..100 {
            assert_eq!(gathering.wait(1, 1), None);
            gathering.written(1, 0, SYNC);
        }
    }

    #[test]
    fn who_hands_in_while_others_are_written_is_waited_for() {
        let mut gathering = Gathering::default();
        assert_eq!(gathering.wait(5, 5), None);
        gathering.written(5, 5, SYNC);
        assert_eq!(gathering.wait(5, 5), Some(Wait { jobs: 10, at_most: SYNC / 2 }));
        gathering.waited(10);
        gathering.written(10, 0, SYNC);
        assert_eq!(
            gathering.wait(2, 2),
            Some(Wait { jobs: 10, at_most: SYNC / 2 }),
            "all of them come again"
        );
        gathering.waited(9);
        gathering.written(9, 1, SYNC);
        assert_eq!(gathering.wait(1, 1).map(|wait| wait.jobs), Some(10));
    }

    #[test]
    fn a_wait_that_brings_nobody_is_tried_ever_more_rarely() {
        let mut gathering = Gathering::default();
        let mut waits = 0;
        for _ in 0..1_000 {
            if gathering.wait(1, 1).is_some() {
                waits += 1;
                gathering.waited(1);
            }
            gathering.written(1, 1, SYNC);
        }
        assert!((4..=32).contains(&waits), "{waits} waits in vain");
        // One that comes after all makes waiting worth it again.
        let next = (0..=limits::GATHER_PAUSE).find(|_| gathering.wait(1, 1).is_some());
        assert!(next.is_some());
        gathering.waited(2);
        gathering.written(2, 1, SYNC);
        assert!(gathering.wait(1, 1).is_some());
    }

    #[test]
    fn a_fast_disk_is_not_waited_for() {
        let mut gathering = Gathering::default();
        gathering.written(5, 5, Duration::from_micros(300));
        assert_eq!(gathering.wait(5, 5), None);
        gathering.written(5, 5, Duration::from_secs(1));
        assert_eq!(
            gathering.wait(5, 5).map(|wait| wait.at_most),
            Some(limits::GATHER),
            "nor a slow one for long"
        );
    }

    #[test]
    fn a_batch_waits_when_others_come_and_it_holds_little_and_a_sync_is_dear() {
        const MUCH: usize = limits::GATHER_ENTRIES;
        const DEAR: Duration = Duration::from_millis(4);
        const CHEAP: Duration = Duration::from_micros(300);
        for (case, jobs, entries, together, took, waits) in [
            ("alone", 1, 1, 1, DEAR, false),
            ("five of ten", 5, 5, 10, DEAR, true),
            ("all ten", 10, 10, 10, DEAR, false),
            ("more than ever", 12, 12, 10, DEAR, false),
            ("five of ten, on a fast disk", 5, 5, 10, CHEAP, false),
            ("five of ten, for a few each", 5, MUCH - 1, 10, DEAR, true),
            ("five of ten, for many each", 5, MUCH, 10, DEAR, false),
            ("one of ten, for fifty", 1, 50, 10, DEAR, false),
            ("half of very many", MUCH, MUCH, 2 * MUCH, DEAR, false),
            ("jobs that write no entry", 5, 0, 10, DEAR, true),
        ] {
            let mut gathering = Gathering { together, took, ..Gathering::default() };
            assert_eq!(gathering.wait(jobs, entries).is_some(), waits, "{case}");
            // What holds much does not use up the rest of those that hold little.
            let mut resting = Gathering { together, took, rest: 1, ..Gathering::default() };
            assert_eq!(resting.wait(jobs, entries), None, "{case}, while waits are at rest");
            assert_eq!(resting.rest, u32::from(jobs >= together || entries >= MUCH), "{case}");
        }
    }
}
