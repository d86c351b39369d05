//! Sets of UIDs, and the sequence sets a client writes.

use std::fmt;
use std::ops::RangeInclusive;

/// A set of UIDs as ascending, disjoint, non-adjacent ranges: compact whatever the folder's size.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct UidSet {
    ranges: Vec<(u32, u32)>,
}

impl UidSet {
    /// The empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every UID from `first` to `last`.
    #[must_use]
    pub fn range(range: RangeInclusive<u32>) -> Self {
        Self::from_ranges(vec![(*range.start(), *range.end())])
    }

    /// The union of any ranges, in any order; a range written backwards counts the same.
    #[must_use]
    pub fn from_ranges(mut ranges: Vec<(u32, u32)>) -> Self {
        for range in &mut ranges {
            *range = (range.0.min(range.1), range.0.max(range.1));
        }
        ranges.sort_unstable();
        let mut joined: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match joined.last_mut() {
                Some(previous) if first <= previous.1.saturating_add(1) => previous.1 = previous.1.max(last),
                Some(_) | None => joined.push((first, last)),
            }
        }
        Self { ranges: joined }
    }

    /// Adds a UID greater than all others; anything else goes through [`UidSet::from_ranges`].
    pub fn push(&mut self, uid: u32) {
        match self.ranges.last_mut() {
            Some(last) if uid > last.1 && uid == last.1 + 1 => last.1 = uid,
            Some(last) if uid <= last.1 => {
                let mut ranges = std::mem::take(&mut self.ranges);
                ranges.push((uid, uid));
                *self = Self::from_ranges(ranges);
            }
            Some(_) | None => self.ranges.push((uid, uid)),
        }
    }

    /// Ascending, disjoint, non-adjacent ranges, both ends included.
    #[must_use]
    pub fn ranges(&self) -> &[(u32, u32)] {
        &self.ranges
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// How many UIDs.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.ranges.iter().map(|(first, last)| u64::from(last - first) + 1).sum()
    }

    /// The greatest UID.
    #[must_use]
    pub fn last(&self) -> Option<u32> {
        self.ranges.last().map(|range| range.1)
    }

    /// Whether `uid` is in it; logarithmic.
    #[must_use]
    pub fn contains(&self, uid: u32) -> bool {
        let after = self.ranges.partition_point(|range| range.0 <= uid);
        after > 0 && self.ranges[after - 1].1 >= uid
    }

    /// Every UID, ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = u32> + '_ {
        self.ranges.iter().flat_map(|(first, last)| *first..=*last)
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &UidSet) -> UidSet {
        let (mut left, mut right) = (self.ranges.iter().peekable(), other.ranges.iter().peekable());
        let mut ranges = Vec::new();
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            let (first, last) = (a.0.max(b.0), a.1.min(b.1));
            if first <= last {
                ranges.push((first, last));
            }
            if a.1 < b.1 {
                left.next();
            } else {
                right.next();
            }
        }
        Self { ranges }
    }

    /// What is here and not in `other`.
    #[must_use]
    pub fn difference(&self, other: &UidSet) -> UidSet {
        let mut ranges = Vec::new();
        let mut holes = other.ranges.iter().peekable();
        for &(first, last) in &self.ranges {
            let mut from = Some(first);
            while let Some(hole) = holes.peek() {
                let Some(start) = from else { break };
                if hole.1 < start {
                    holes.next();
                    continue;
                }
                if hole.0 > last {
                    break;
                }
                if hole.0 > start {
                    ranges.push((start, hole.0 - 1));
                }
                from = hole.1.checked_add(1).filter(|next| *next <= last);
                if hole.1 <= last {
                    holes.next();
                }
            }
            if let Some(start) = from {
                ranges.push((start, last));
            }
        }
        Self { ranges }
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &UidSet) -> UidSet {
        Self::from_ranges(self.ranges.iter().chain(&other.ranges).copied().collect())
    }
}

impl FromIterator<u32> for UidSet {
    fn from_iter<I: IntoIterator<Item = u32>>(uids: I) -> Self {
        Self::from_ranges(uids.into_iter().map(|uid| (uid, uid)).collect())
    }
}

/// As `uid-set` of RFC 4315 §4: `3,5:9`. The empty set prints nothing.
impl fmt::Display for UidSet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (first, last)) in self.ranges.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            if first == last {
                write!(out, "{comma}{first}")?;
            } else {
                write!(out, "{comma}{first}:{last}")?;
            }
        }
        Ok(())
    }
}

/// One end of a range as written: a number, or `*`, the greatest in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    Number(u32),
    Star,
}

/// A `sequence-set` (RFC 3501 §9) as written: whether it counts messages or UIDs is the command's affair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SequenceSet(pub Vec<(Bound, Bound)>);

impl SequenceSet {
    /// `$`, what a SEARCH saved (RFC 5182 §2.2): the only set without ranges of its own.
    pub(super) const SAVED: SequenceSet = SequenceSet(Vec::new());

    pub(super) fn is_saved(&self) -> bool {
        self.0.is_empty()
    }

    /// The numbers meant when `*` is `greatest`; ends in either order (RFC 3501 §9).
    pub(super) fn resolve(&self, greatest: u32) -> UidSet {
        let number = |bound: Bound| match bound {
            Bound::Number(number) => number,
            Bound::Star => greatest,
        };
        UidSet::from_ranges(self.0.iter().map(|(a, b)| (number(*a), number(*b))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn ranges_are_joined_sorted_and_printed_shortest() {
        let set = UidSet::from_ranges(vec![(9, 7), (1, 1), (2, 3), (5, 5), (8, 12)]);
        assert_eq!(set.to_string(), "1:3,5,7:12");
        assert_eq!(set.len(), 10);
        assert!(set.contains(7) && !set.contains(6) && !set.contains(0));
        assert_eq!(UidSet::new().to_string(), "");
        assert_eq!(UidSet::range(u32::MAX - 1..=u32::MAX).len(), 2);
    }

    #[test]
    fn a_star_is_the_greatest_in_use_and_ranges_may_be_written_backwards() {
        let set = SequenceSet(vec![(Bound::Star, Bound::Number(559)), (Bound::Number(2), Bound::Number(2))]);
        assert_eq!(set.resolve(7).to_string(), "2,7:559");
    }

    proptest! {
        #[test]
        fn set_algebra_agrees_with_a_naive_set(a in prop::collection::vec((0u32..60, 0u32..60), 0..8),
                                               b in prop::collection::vec((0u32..60, 0u32..60), 0..8)) {
            let (a, b) = (UidSet::from_ranges(a), UidSet::from_ranges(b));
            let (x, y): (BTreeSet<u32>, BTreeSet<u32>) = (a.iter().collect(), b.iter().collect());
            prop_assert_eq!(a.intersection(&b).iter().collect::<BTreeSet<_>>(), &x & &y);
            prop_assert_eq!(a.difference(&b).iter().collect::<BTreeSet<_>>(), &x - &y);
            prop_assert_eq!(a.union(&b).iter().collect::<BTreeSet<_>>(), &x | &y);
            let mut pushed = UidSet::new();
            for uid in x.iter().rev() { pushed.push(*uid); }
            prop_assert_eq!(pushed, a);
        }
    }
}
