//! Who holds rows of the queue: a worker, in one life of its process, at home in one data folder.

use names::Entropy;

/// The data folder of a server, as a number. Its lock proves that nobody else lives there: whoever held
/// rows from the same home before is dead, though other servers of the database are not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Home(u32);

/// Who holds rows: one number for each life of a worker, never 0, the home in its upper half.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Owner(pub(crate) i64);

const LIFE_BITS: u32 = 32;

impl Owner {
    /// Of rows that no worker has.
    pub(crate) const NOBODY: Self = Self(0);
}

impl Home {
    /// The home of an embedded database, which has one server.
    pub const ONLY: Self = Self(1);

    /// A new one.
    #[must_use]
    pub fn fresh(entropy: &Entropy) -> Self {
        let octets = entropy.bytes::<4>();
        // Neither 0, which is nobody, nor a sign.
        Self((u32::from_be_bytes(octets) & (u32::MAX >> 1)).max(2))
    }

    /// As it was written down; none when that is no home.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number = u32::from_str_radix(text, 16).ok()?;
        (number > 0 && number <= u32::MAX >> 1).then_some(Self(number))
    }

    /// A new life of a worker at home here.
    pub(crate) fn life(self, entropy: &Entropy) -> Owner {
        let life = u32::from_be_bytes(entropy.bytes::<4>());
        Owner(i64::from(self.0) << LIFE_BITS | i64::from(life))
    }

    /// The first and the last owner that may be at home here.
    pub(crate) fn owners(self) -> (Owner, Owner) {
        let first = i64::from(self.0) << LIFE_BITS;
        (Owner(first), Owner(first | i64::from(u32::MAX)))
    }
}

impl std::fmt::Display for Home {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:08x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::entropy;

    #[test]
    fn a_home_is_read_as_it_was_written_and_its_owners_are_nobody_elses() {
        let entropy = entropy();
        for home in [Home::ONLY, Home::fresh(&entropy), Home::fresh(&entropy), Home(u32::MAX >> 1)] {
            assert_eq!(Home::parse(&home.to_string()), Some(home));
            let (first, last) = home.owners();
            let life = home.life(&entropy);
            assert!(0 < first.0 && first.0 <= life.0 && life.0 <= last.0, "{home}: {life:?}");
            assert!(Home(home.0 - 1).owners().1.0 < first.0, "{home}");
        }
        for wrong in ["", "0", "80000000", "xyz", "123456789", " 1"] {
            assert_eq!(Home::parse(wrong), None, "{wrong:?}");
        }
    }
}
