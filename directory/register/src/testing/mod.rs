//! Invented entries and misspelt questions, the same each time: for tests and benches.
//!
//! Names are put together from common French names and syllables; nobody is meant by them.

mod corpus;
mod force;
mod misspelt;

pub use corpus::{Corpus, entries};
pub use force::put_in_force;
pub use misspelt::{Question, Rule, questions};

/// Numbers that look drawn by lot and are the same each time (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Lots(u64);

impl Lots {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(0x9e37_79b9_7f4a_7c15))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut drawn = self.0;
        drawn = (drawn ^ (drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        drawn = (drawn ^ (drawn >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        drawn ^ (drawn >> 31)
    }

    /// One of `count`.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        (self.next() % count.max(1) as u64) as usize
    }

    /// One of several; the first ones far more often, as names are.
    pub(crate) fn common(&mut self, count: usize) -> usize {
        let (a, b) = (self.below(count), self.below(count));
        self.below(a.min(b) + 1)
    }

    pub(crate) fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// Whether something of so many in a hundred happens.
    pub(crate) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}
