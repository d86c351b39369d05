//! Flags and keywords of a message (RFC 3501 §2.3.2).

use super::limits;
use std::fmt;

/// A flag the server knows. `\Recent` is never given: no session can be told apart as the first one
/// when several processes serve the same account, and RFC 9051 dropped it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SystemFlag {
    /// `\Seen`
    Seen,
    /// `\Answered`
    Answered,
    /// `\Flagged`
    Flagged,
    /// `\Deleted`
    Deleted,
    /// `\Draft`
    Draft,
}

impl SystemFlag {
    /// All of them, in the order they are printed.
    pub const ALL: [SystemFlag; 5] = [Self::Answered, Self::Flagged, Self::Deleted, Self::Seen, Self::Draft];

    /// As on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Seen => "\\Seen",
            Self::Answered => "\\Answered",
            Self::Flagged => "\\Flagged",
            Self::Deleted => "\\Deleted",
            Self::Draft => "\\Draft",
        }
    }

    fn bit(self) -> u8 {
        1 << match self {
            Self::Seen => 0,
            Self::Answered => 1,
            Self::Flagged => 2,
            Self::Deleted => 3,
            Self::Draft => 4,
        }
    }
}

/// A flag of the user's own making, an atom such as `$Forwarded`; letter case kept, not compared.
#[derive(Clone, Debug)]
pub struct Keyword(String);

impl Keyword {
    /// Reads a keyword; `None` unless it is an atom of 1 to 64 octets.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let atom = !text.is_empty() && text.bytes().all(super::scan::is_atom);
        (atom && text.len() <= limits::KEYWORD).then(|| Self(text.to_owned()))
    }

    /// As written when it was first set.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Keyword {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Keyword {}

/// The flags of one message, or of one command.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    system: u8,
    keywords: Vec<Keyword>,
}

impl Flags {
    /// No flag.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// These system flags and no keyword.
    #[must_use]
    pub fn of(system: &[SystemFlag]) -> Self {
        let mut flags = Self::new();
        system.iter().for_each(|flag| flags.set(*flag));
        flags
    }

    /// Sets a system flag.
    pub fn set(&mut self, flag: SystemFlag) {
        self.system |= flag.bit();
    }

    /// Whether a system flag is set.
    #[must_use]
    pub fn has(&self, flag: SystemFlag) -> bool {
        self.system & flag.bit() != 0
    }

    /// Sets a keyword; the first spelling stays.
    pub fn set_keyword(&mut self, keyword: Keyword) {
        if !self.keywords.contains(&keyword) {
            self.keywords.push(keyword);
        }
    }

    /// Whether a keyword is set.
    #[must_use]
    pub fn has_keyword(&self, keyword: &Keyword) -> bool {
        self.keywords.contains(keyword)
    }

    /// The system flags set.
    pub fn system(&self) -> impl Iterator<Item = SystemFlag> + '_ {
        SystemFlag::ALL.into_iter().filter(|flag| self.has(*flag))
    }

    /// The keywords set.
    #[must_use]
    pub fn keywords(&self) -> &[Keyword] {
        &self.keywords
    }

    /// Whether nothing is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.system == 0 && self.keywords.is_empty()
    }

    /// These flags after a STORE.
    #[must_use]
    pub fn changed(&self, how: StoreMode, by: &Flags) -> Flags {
        match how {
            StoreMode::Replace => by.clone(),
            StoreMode::Add => {
                let mut flags = self.clone();
                flags.system |= by.system;
                by.keywords.iter().for_each(|keyword| flags.set_keyword(keyword.clone()));
                flags
            }
            StoreMode::Remove => Flags {
                system: self.system & !by.system,
                keywords: self.keywords.iter().filter(|keyword| !by.has_keyword(keyword)).cloned().collect(),
            },
        }
    }
}

impl PartialEq for Flags {
    fn eq(&self, other: &Self) -> bool {
        self.system == other.system
            && self.keywords.len() == other.keywords.len()
            && self.keywords.iter().all(|keyword| other.has_keyword(keyword))
    }
}

impl Eq for Flags {}

/// As `(\Seen $Forwarded)`.
impl fmt::Display for Flags {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let system = self.system().map(|flag| -> &str { flag.as_str() });
        let mut before = "(";
        for name in system.chain(self.keywords.iter().map(Keyword::as_str)) {
            out.write_str(before)?;
            out.write_str(name)?;
            before = " ";
        }
        out.write_str(if before == "(" { "()" } else { ")" })
    }
}

/// How STORE changes flags (RFC 3501 §6.4.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreMode {
    /// `FLAGS`
    Replace,
    /// `+FLAGS`
    Add,
    /// `-FLAGS`
    Remove,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_atoms_and_compare_without_case() {
        for (text, valid) in [
            ("$Forwarded", true),
            ("", false),
            ("a b", false),
            ("\\Seen", false),
            ("é", false),
            ("x]y", false),
        ] {
            assert_eq!(Keyword::parse(text).is_some(), valid, "{text}");
        }
        assert!(Keyword::parse(&"k".repeat(65)).is_none());
        assert_eq!(Keyword::parse("$junk"), Keyword::parse("$Junk"));
    }

    #[test]
    fn store_adds_removes_and_replaces() {
        let mut old = Flags::of(&[SystemFlag::Seen]);
        old.set_keyword(Keyword::parse("$Work").unwrap());
        let mut by = Flags::of(&[SystemFlag::Flagged]);
        by.set_keyword(Keyword::parse("$WORK").unwrap());
        assert_eq!(old.changed(StoreMode::Add, &by).to_string(), "(\\Flagged \\Seen $Work)");
        assert_eq!(old.changed(StoreMode::Remove, &by).to_string(), "(\\Seen)");
        assert_eq!(old.changed(StoreMode::Replace, &by).to_string(), "(\\Flagged $WORK)");
    }
}
