//! What bodies were found to hold: a letter does not change, so the same text is not looked for in it twice.
//!
//! In memory only, beside the folder's gists and for as long (ADR 0034): which letters hold what somebody looked
//! for is as secret as the letters.

use std::collections::BTreeMap;

use mailstore::{Run, Uid};
use zeroize::Zeroizing;

use crate::imap::limits;

/// The texts lately looked for in a folder's bodies, the last one first.
#[derive(Clone, Default)]
pub(super) struct Verdicts {
    /// A folder that counts anew is another one.
    uidvalidity: u32,
    texts: Vec<(Zeroizing<String>, Judged)>,
}

/// The letters of which it is known whether their bodies hold a text.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Judged(BTreeMap<Run, Bits>);

/// By the remainder of the uid.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Bits {
    known: u64,
    holds: u64,
}

const _: () = assert!(mailstore::limits::RUN == u64::BITS);

fn bit(uid: Uid) -> u64 {
    1 << (uid.0 % mailstore::limits::RUN)
}

impl Judged {
    pub(super) fn add(&mut self, uid: Uid, holds: bool) {
        let bits = self.0.entry(Run::of(uid)).or_default();
        bits.known |= bit(uid);
        if holds {
            bits.holds |= bit(uid);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is known of the letters of one run.
    pub(super) fn of(&self, run: Run) -> impl Fn(Uid) -> Option<bool> {
        let bits = self.0.get(&run).copied().unwrap_or_default();
        move |uid| (bits.known & bit(uid) != 0).then_some(bits.holds & bit(uid) != 0)
    }

    fn join(&mut self, other: &Self) {
        for (run, bits) in &other.0 {
            let own = self.0.entry(*run).or_default();
            own.known |= bits.known;
            own.holds |= bits.holds;
        }
    }

    /// Forgets letters that are gone.
    fn retain(&mut self, there: &BTreeMap<Run, u64>) {
        self.0.retain(|run, bits| {
            let there = there.get(run).copied().unwrap_or_default();
            bits.known &= there;
            bits.holds &= there;
            bits.known != 0
        });
    }
}

impl Verdicts {
    /// What is known of a text in a folder of this UIDVALIDITY.
    pub(super) fn of(&self, uidvalidity: u32, text: &str) -> Option<&Judged> {
        if self.uidvalidity != uidvalidity {
            return None;
        }
        self.texts.iter().find(|(known, _)| known.as_str() == text).map(|(_, judged)| judged)
    }

    /// With what a search found out, of the letters that are there.
    pub(super) fn add<'a>(
        &mut self,
        uidvalidity: u32,
        there: impl Iterator<Item = Uid>,
        found: impl Iterator<Item = (&'a str, &'a Judged)>,
    ) {
        if self.uidvalidity != uidvalidity {
            *self = Self { uidvalidity, texts: Vec::new() };
        }
        for (text, judged) in found {
            let known = self.texts.iter().position(|(known, _)| known.as_str() == text);
            let mut entry = match known {
                Some(at) => self.texts.remove(at),
                None => (Zeroizing::new(text.to_owned()), Judged::default()),
            };
            entry.1.join(judged);
            self.texts.insert(0, entry);
        }
        self.texts.truncate(limits::VERDICTS);
        let mut letters = BTreeMap::new();
        there.for_each(|uid| *letters.entry(Run::of(uid)).or_default() |= bit(uid));
        self.texts.iter_mut().for_each(|(_, judged)| judged.retain(&letters));
    }

    /// Octets in memory, about.
    pub(super) fn weight(&self) -> usize {
        let text = |(text, judged): &(Zeroizing<String>, Judged)| {
            text.len() + judged.0.len() * size_of::<(Run, Bits)>() * 2 + 64
        };
        self.texts.iter().map(text).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uids(uids: &[u32]) -> impl Iterator<Item = Uid> {
        uids.iter().copied().map(Uid)
    }

    fn judged(found: &[(u32, bool)]) -> Judged {
        let mut judged = Judged::default();
        found.iter().for_each(|(uid, holds)| judged.add(Uid(*uid), *holds));
        judged
    }

    fn known(verdicts: &Verdicts, text: &str, of: &[u32]) -> Vec<Option<bool>> {
        let judged = verdicts.of(1, text).cloned().unwrap_or_default();
        of.iter().map(|uid| judged.of(Run::of(Uid(*uid)))(Uid(*uid))).collect()
    }

    #[test]
    fn what_was_found_is_known_of_the_letters_that_are_there_still() {
        let mut verdicts = Verdicts::default();
        let first = judged(&[(1, true), (63, false), (64, true), (200, true)]);
        verdicts.add(1, uids(&[1, 63, 64, 200]), [("bilan", &first)].into_iter());
        let more = judged(&[(2, true), (64, true)]);
        verdicts.add(1, uids(&[1, 2, 64]), [("bilan", &more), ("autre", &first)].into_iter());
        let of = [1, 2, 63, 64, 200];
        assert_eq!(known(&verdicts, "bilan", &of), [Some(true), Some(true), None, Some(true), None]);
        assert_eq!(known(&verdicts, "autre", &of), [Some(true), None, None, Some(true), None]);
        assert_eq!(known(&verdicts, "bil", &of), [None; 5]);
        assert!(verdicts.of(2, "bilan").is_none(), "of a folder that counts anew");
        verdicts.add(2, uids(&[1]), [("autre", &first)].into_iter());
        assert!(verdicts.of(2, "bilan").is_none() && verdicts.of(2, "autre").is_some());
    }

    #[test]
    fn texts_asked_for_longest_ago_are_forgotten() {
        let mut verdicts = Verdicts::default();
        let one = judged(&[(1, true)]);
        for number in 0..limits::VERDICTS {
            verdicts.add(1, uids(&[1]), [(number.to_string().as_str(), &one)].into_iter());
        }
        verdicts.add(1, uids(&[1]), [("0", &one), ("last", &one)].into_iter());
        assert!(verdicts.of(1, "0").is_some() && verdicts.of(1, "1").is_none());
        assert!(verdicts.weight() > 0 && verdicts.texts.len() == limits::VERDICTS);
    }
}
