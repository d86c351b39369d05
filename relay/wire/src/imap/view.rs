//! The session's view of the selected folder: which message has which number (RFC 3501 §7.4.1).
//!
//! Numbers are given by the machine alone and change only when it has told the client. A message
//! that is gone keeps its number until then, and answers nothing.

use super::set::UidSet;

/// Messages in ascending order of UID, kept as runs of consecutive UIDs: a folder without holes
/// costs eight octets whatever its size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct View {
    /// First UID and first number of each run, both ascending.
    runs: Vec<(u32, u32)>,
    len: u32,
    greatest: u32,
    vanished: UidSet,
}

impl View {
    pub(super) fn new(uids: &UidSet) -> Self {
        let mut view = Self::default();
        view.append(uids);
        view
    }

    /// `EXISTS`
    pub(super) fn len(&self) -> u32 {
        self.len
    }

    /// The greatest UID that ever had a number; 0 when none had. UIDs to come are beyond it.
    pub(super) fn greatest(&self) -> u32 {
        self.greatest
    }

    /// The UID of the last message, the meaning of `*` in a UID set (RFC 3501 §9 `seq-number`): not one that
    /// was expunged. 0 when the folder is empty.
    pub(super) fn last(&self) -> u32 {
        let run = self.runs.len().checked_sub(1);
        run.map_or(0, |run| self.runs[run].0 + self.count(run) - 1)
    }

    fn count(&self, run: usize) -> u32 {
        let next = self.runs.get(run + 1).map_or(self.len + 1, |next| next.1);
        next - self.runs[run].1
    }

    /// The number of a message.
    pub(super) fn number(&self, uid: u32) -> Option<u32> {
        let run = self.runs.partition_point(|run| run.0 <= uid).checked_sub(1)?;
        let (first_uid, first_number) = self.runs[run];
        (uid - first_uid < self.count(run)).then(|| first_number + (uid - first_uid))
    }

    /// Whether the message has a number and the client has not yet been told that it is gone.
    pub(super) fn is_pending(&self) -> bool {
        !self.vanished.is_empty()
    }

    /// Every UID with a number, gone ones included.
    pub(super) fn uids(&self) -> UidSet {
        let runs = (0..self.runs.len()).map(|run| (self.runs[run].0, self.runs[run].0 + self.count(run) - 1));
        UidSet::from_ranges(runs.collect())
    }

    /// The messages still there among these UIDs.
    pub(super) fn present(&self, uids: &UidSet) -> UidSet {
        self.known(uids).difference(&self.vanished)
    }

    /// Those of these UIDs that have a number. Asks only the runs concerned: a client that fetches one
    /// message after another must not pay for the whole folder each time.
    fn known(&self, uids: &UidSet) -> UidSet {
        let mut known = Vec::new();
        for &(first, last) in uids.ranges() {
            let start = self.runs.partition_point(|run| run.0 <= first).saturating_sub(1);
            for run in start..self.runs.len() {
                let uid = self.runs[run].0;
                if uid > last {
                    break;
                }
                let top = last.min(uid + self.count(run) - 1);
                if first.max(uid) <= top {
                    known.push((first.max(uid), top));
                }
            }
        }
        UidSet::from_ranges(known)
    }

    /// The messages still there among these numbers; `None` when a number is beyond the last.
    pub(super) fn by_numbers(&self, numbers: &UidSet) -> Option<UidSet> {
        if numbers.last().is_some_and(|last| last > self.len) {
            return None;
        }
        let mut uids = Vec::new();
        for &(first, last) in numbers.ranges().iter().filter(|range| range.1 > 0) {
            let first = first.max(1);
            let start = self.runs.partition_point(|run| run.1 <= first) - 1;
            for run in start..self.runs.len() {
                let (uid, number) = self.runs[run];
                if number > last {
                    break;
                }
                let top = last.min(number + self.count(run) - 1);
                uids.push((uid + first.max(number) - number, uid + top - number));
            }
        }
        Some(UidSet::from_ranges(uids).difference(&self.vanished))
    }

    /// New messages. Only UIDs beyond the greatest count: numbers of others must never shift.
    pub(super) fn append(&mut self, uids: &UidSet) -> bool {
        let before = self.len;
        for &(first, last) in uids.ranges() {
            let first = first.max(self.greatest.saturating_add(1)).max(1);
            if first > last || self.greatest == u32::MAX {
                continue;
            }
            let follows =
                self.len > 0 && self.runs.last().is_some_and(|run| run.0 + (self.len + 1 - run.1) == first);
            if !follows {
                self.runs.push((first, self.len + 1));
            }
            self.len += last - first + 1;
            self.greatest = last;
        }
        self.len > before
    }

    /// Notes messages that are gone; they keep their numbers until [`View::expunge`].
    pub(super) fn vanish(&mut self, uids: &UidSet) {
        let known = self.known(uids);
        if !known.is_empty() {
            self.vanished = self.vanished.union(&known);
        }
    }

    /// Takes the gone messages out and gives them, to be told.
    pub(super) fn expunge(&mut self) -> Expunged {
        if self.vanished.is_empty() {
            return Expunged::default();
        }
        let uids = std::mem::take(&mut self.vanished);
        let numbers = uids.iter().rev().filter_map(|uid| self.number(uid)).collect();
        let left = self.uids().difference(&uids);
        self.runs.clear();
        self.len = 0;
        for &(first, last) in left.ranges() {
            self.runs.push((first, self.len + 1));
            self.len += last - first + 1;
        }
        Expunged { numbers, uids }
    }
}

/// Messages that have no number any more.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Expunged {
    /// The numbers they had, greatest first: said in this order each is right although those before it
    /// have shifted nothing below it.
    pub numbers: Vec<u32>,
    /// Their UIDs.
    pub uids: UidSet,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(text: &[(u32, u32)]) -> UidSet {
        UidSet::from_ranges(text.to_vec())
    }

    #[test]
    fn a_gone_message_keeps_its_number_until_told_and_answers_nothing() {
        let mut view = View::new(&set(&[(10, 12), (20, 20)]));
        view.vanish(&set(&[(11, 11), (99, 99)]));
        assert_eq!(view.number(12), Some(3));
        assert_eq!(view.len(), 4);
        assert_eq!(view.by_numbers(&set(&[(1, 4)])).unwrap().to_string(), "10,12,20");
        let told = view.expunge();
        assert_eq!((told.numbers, told.uids.to_string()), (vec![2], "11".to_owned()));
        assert_eq!(view.number(12), Some(2));
        assert_eq!(view.number(11), None);
        assert_eq!(view.expunge(), Expunged::default());
    }

    #[test]
    fn a_star_is_the_last_message_there_and_not_one_expunged() {
        let mut view = View::new(&set(&[(5, 6), (9, 9)]));
        view.vanish(&set(&[(9, 9)]));
        assert_eq!(view.last(), 9, "until it is told");
        view.expunge();
        assert_eq!((view.last(), view.greatest()), (6, 9));
        assert!(!view.append(&set(&[(9, 9)])), "its UID is not used again");
        assert_eq!(View::default().last(), 0);
    }

    #[test]
    fn numbers_beyond_the_last_are_no_messages() {
        let view = View::new(&set(&[(5, 6)]));
        assert!(view.by_numbers(&set(&[(2, 3)])).is_none());
        assert!(View::default().by_numbers(&set(&[(1, 1)])).is_none());
        assert_eq!(View::default().by_numbers(&set(&[(0, 0)])).unwrap(), UidSet::new());
    }

    #[test]
    fn a_million_messages_cost_eight_octets_without_holes() {
        let view = View::new(&set(&[(1, 1_000_000)]));
        assert_eq!(view.runs.len(), 1);
        assert_eq!(view.number(777_777), Some(777_777));
    }

    proptest! {
        #[test]
        fn the_view_agrees_with_a_plain_list(steps in prop::collection::vec((0u8..3, 1u32..40, 1u32..6), 1..40)) {
            let mut view = View::default();
            let mut list: Vec<u32> = Vec::new();
            let mut gone: Vec<u32> = Vec::new();
            let mut next = 1u32;
            for (what, a, b) in steps {
                match what {
                    0 => {
                        let first = next + a % 3;
                        view.append(&set(&[(first, first + b)]));
                        list.extend(first..=first + b);
                        next = first + b + 1;
                    }
                    1 => {
                        view.vanish(&set(&[(a, a + b)]));
                        gone.extend((a..=a + b).filter(|uid| list.contains(uid)));
                    }
                    _ => {
                        for number in view.expunge().numbers {
                            let uid = list.remove(number as usize - 1);
                            prop_assert!(gone.contains(&uid));
                        }
                        prop_assert!(!list.iter().any(|uid| gone.contains(uid)));
                    }
                }
                prop_assert_eq!(view.len() as usize, list.len());
                prop_assert_eq!(view.uids().iter().collect::<Vec<_>>(), list.clone());
                let asked = set(&[(a, a + 2), (a + 5, a + 5 + b)]);
                let want: Vec<u32> =
                    list.iter().copied().filter(|u| asked.contains(*u) && !gone.contains(u)).collect();
                prop_assert_eq!(view.present(&asked).iter().collect::<Vec<_>>(), want);
                for uid in 0..60 {
                    let number = list.iter().position(|u| *u == uid).map(|at| at as u32 + 1);
                    prop_assert_eq!(view.number(uid), number);
                }
                if !list.is_empty() {
                    let (x, y) = (a.min(list.len() as u32), (a + b).min(list.len() as u32));
                    let want: Vec<u32> =
                        list[x as usize - 1..y as usize].iter().copied().filter(|u| !gone.contains(u)).collect();
                    prop_assert_eq!(view.by_numbers(&set(&[(x, y)])).unwrap().iter().collect::<Vec<_>>(), want);
                }
            }
        }
    }
}
