//! The letters of rights (RFC 4314 §2.1).

use std::fmt;

/// A set of rights. The two letters of RFC 2086 that stood for several are read as those, and shown
/// beside them (RFC 4314 §2.1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AclRights(u16);

/// In the order they are shown.
const LETTERS: &[u8] = b"lrswipkxtea";
/// `c` of RFC 2086: making and removing folders; `d`: removing messages.
const TIED: [(u8, &[u8]); 2] = [(b'c', b"kx"), (b'd', b"te")];

impl AclRights {
    /// No right.
    pub const NONE: Self = Self(0);

    /// Those of these letters; nothing when one is none of ours.
    #[must_use]
    pub fn parse(letters: &[u8]) -> Option<Self> {
        letters.iter().try_fold(Self::NONE, |all, letter| {
            let tied = TIED.into_iter().find(|(old, _)| old == letter);
            let own = [*letter];
            let letters = tied.map_or(own.as_slice(), |(_, letters)| letters);
            letters.iter().try_fold(all, |all, letter| {
                let place = LETTERS.iter().position(|known| known == letter)?;
                Some(Self(all.0 | 1 << place))
            })
        })
    }

    /// All of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those of this set that the other has not.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    fn has(self, letter: u8) -> bool {
        LETTERS.iter().position(|known| *known == letter).is_some_and(|place| self.0 & 1 << place != 0)
    }
}

impl fmt::Display for AclRights {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in LETTERS.iter().filter(|letter| self.has(**letter)) {
            write!(out, "{}", char::from(*letter))?;
        }
        for (old, letters) in TIED {
            if letters.iter().any(|letter| self.has(*letter)) {
                write!(out, "{}", char::from(old))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_letters_are_those_they_stood_for() {
        for (name, letters, shown) in [
            ("none", "", Some("")),
            ("reading", "rl", Some("lr")),
            ("all but the old ones", "lrswipkxtea", Some("lrswipkxteacd")),
            ("the old ones", "lrswipcda", Some("lrswipkxteacd")),
            ("one of two", "t", Some("td")),
            ("a letter of nobody", "lz", None),
            ("capitals mean nothing", "L", None),
        ] {
            let read = AclRights::parse(letters.as_bytes());
            assert_eq!(read.map(|rights| rights.to_string()), shown.map(str::to_owned), "{name}");
        }
        let (all, some) = (AclRights::parse(b"lrs").unwrap(), AclRights::parse(b"rx").unwrap());
        assert_eq!((all.and(some).to_string(), all.without(some).to_string()), ("lrsxc".into(), "ls".into()));
    }
}
