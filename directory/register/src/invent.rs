//! Invented people, structures and mailboxes, in the files that the national directory publishes.
//!
//! The same seed gives the same files. Nobody is meant: see `data/README.md`.

mod extracts;
mod people;
mod structures;

pub use extracts::{Invented, Wanted, national};
pub use people::{Named, Sex, named, town};

/// Chance that repeats itself: the same seed, the same throws (splitmix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice of a thing with a number, whatever was thrown for others before.
    #[must_use]
    pub fn of(seed: u64, thing: &str, number: u64) -> Self {
        let folded = thing.bytes().fold(seed, |state, byte| mixed(state ^ u64::from(byte)));
        Self(mixed(folded ^ mixed(number)))
    }

    /// A number below `bound`, which is not zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0) % bound.max(1)
    }

    /// Whether something comes about that does so in `thousandths` of all cases.
    pub fn once_in(&mut self, thousandths: u64) -> bool {
        self.below(1_000) < thousandths
    }

    /// One of them.
    pub fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        let place = self.below(of.len() as u64) as usize;
        of.get(place).copied().unwrap_or_default()
    }
}

fn mixed(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// The Luhn digit that goes behind these digits.
fn luhn_digit(digits: &str) -> char {
    let fits = |digit: &char| crate::import::luhn(&format!("{digits}{digit}"));
    ('0'..='9').find(fits).unwrap_or('0')
}

/// Lists of words, cut once.
pub(crate) struct Words {
    pub(crate) women: Vec<&'static str>,
    pub(crate) men: Vec<&'static str>,
    pub(crate) family: Vec<&'static str>,
    pub(crate) stems: Vec<&'static str>,
    pub(crate) ends: Vec<&'static str>,
    pub(crate) towns: Vec<&'static str>,
    pub(crate) streets: Vec<&'static str>,
    pub(crate) services: Vec<&'static str>,
    pub(crate) professions: Vec<&'static str>,
    pub(crate) know_how: Vec<&'static str>,
}

impl Words {
    pub(crate) fn new() -> Self {
        let cut = |text: &'static str| text.lines().collect();
        Self {
            women: cut(include_str!("../data/given_women.txt")),
            men: cut(include_str!("../data/given_men.txt")),
            family: cut(include_str!("../data/family.txt")),
            stems: cut(include_str!("../data/family_stems.txt")),
            ends: cut(include_str!("../data/family_ends.txt")),
            towns: cut(include_str!("../data/towns.txt")),
            streets: cut(include_str!("../data/streets.txt")),
            services: cut(include_str!("../data/services.txt")),
            professions: cut(include_str!("../data/professions.txt")),
            know_how: cut(include_str!("../data/know_how.txt")),
        }
    }
}

#[cfg(test)]
mod tests;
