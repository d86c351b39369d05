//! Row ids: milliseconds · node · counter, in 63 bits, never stepping back.

use names::Timestamp;
use std::sync::atomic::{AtomicI64, Ordering};

/// Bits of the counter inside one millisecond.
const COUNTER_BITS: u32 = 12;
/// Bits of the node number.
const NODE_BITS: u32 = 10;
/// How many processes may share one database.
pub(crate) const NODES: i64 = 1 << NODE_BITS;

/// Gives ids of one node.
pub(crate) struct Ids {
    node: AtomicI64,
    last: AtomicI64,
}

impl Ids {
    /// Ids of `node`, all greater than any it gave before `floor`.
    pub(crate) fn new(node: i64, floor: Timestamp) -> Self {
        Self { node: AtomicI64::new(node), last: AtomicI64::new(compose(floor.0, node)) }
    }

    /// Ids of `node` from here on: of a database just opened, whose first unit leases the node.
    pub(crate) fn settle(&self, node: i64, floor: Timestamp) {
        self.node.store(node, Ordering::Relaxed);
        self.last.store(compose(floor.0, node), Ordering::Relaxed);
    }

    /// The next id: time ordered, unique, greater than the one before even when the clock steps back.
    pub(crate) fn next(&self, now: Timestamp) -> i64 {
        let fresh = compose(now.0, self.node.load(Ordering::Relaxed));
        let mut last = self.last.load(Ordering::Relaxed);
        loop {
            let id = if fresh > last { fresh } else { self.successor(last) };
            match self.last.compare_exchange_weak(last, id, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return id,
                Err(seen) => last = seen,
            }
        }
    }

    /// The id after `last`; a full counter borrows the next millisecond, never the node's bits.
    fn successor(&self, last: i64) -> i64 {
        let counter = (1 << COUNTER_BITS) - 1;
        if last & counter == counter {
            compose((last >> (COUNTER_BITS + NODE_BITS)) + 1, self.node.load(Ordering::Relaxed))
        } else {
            last + 1
        }
    }
}

/// The least id that a row of this instant may have, whoever gives it: rows of a time are a range of ids.
#[must_use]
pub fn first_id(instant: Timestamp) -> i64 {
    compose(instant.0, 0)
}

fn compose(milliseconds: i64, node: i64) -> i64 {
    (milliseconds.max(0) << (COUNTER_BITS + NODE_BITS)) | (node << COUNTER_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_when_the_clock_stands_still_or_steps_back() {
        let ids = Ids::new(3, Timestamp(1_000));
        let mut last = 0;
        for now in [5_000, 5_000, 4_000, 6_000].into_iter().flat_map(|now| std::iter::repeat_n(now, 5_000)) {
            let id = ids.next(Timestamp(now));
            assert!(id > last);
            assert_eq!((id >> COUNTER_BITS) & (NODES - 1), 3, "the node's bits are kept");
            last = id;
        }
    }

    #[test]
    fn rows_of_a_time_are_a_range_of_ids() {
        for node in [0, NODES - 1] {
            let id = Ids::new(node, Timestamp(0)).next(Timestamp(9_000));
            assert!((first_id(Timestamp(9_000))..first_id(Timestamp(9_001))).contains(&id), "{node}");
        }
    }

    #[test]
    fn a_restart_begins_behind_what_was_reserved() {
        let before = Ids::new(0, Timestamp(0)).next(Timestamp(9_000));
        assert!(Ids::new(0, Timestamp(10_000)).next(Timestamp(1)) > before);
    }
}
