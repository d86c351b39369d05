//! Flags and keywords of a message.

use std::sync::Arc;

use crate::limits;

/// System flags (RFC 9051 §2.3.2). `\Recent` is not kept: RFC 9051 has dropped it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Flags(pub(crate) u8);

impl Flags {
    /// None.
    pub const NONE: Self = Self(0);
    /// `\Seen`.
    pub const SEEN: Self = Self(1);
    /// `\Answered`.
    pub const ANSWERED: Self = Self(2);
    /// `\Flagged`.
    pub const FLAGGED: Self = Self(4);
    /// `\Deleted`.
    pub const DELETED: Self = Self(8);
    /// `\Draft`.
    pub const DRAFT: Self = Self(16);

    /// Both.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These less those.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether all of `other` are set.
    #[must_use]
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A keyword: an IMAP atom, compared without case, as `$Forwarded`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Keyword(String);

impl Keyword {
    /// Reads an atom (RFC 9051 §9 `flag-keyword`) of at most 64 octets; a backslash is no keyword.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let atom = |byte: u8| byte.is_ascii_graphic() && !b"(){%*\"\\]".contains(&byte);
        ((1..=limits::KEYWORD).contains(&text.len()) && text.bytes().all(atom)).then(|| Self(text.to_owned()))
    }

    /// As written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Flags and keywords together.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Marks {
    /// System flags.
    pub flags: Flags,
    /// Sorted, separated by spaces, none twice; shared because most messages have none or the same.
    keywords: Option<Arc<str>>,
}

impl Marks {
    /// These flags and keywords.
    #[must_use]
    pub fn new(flags: Flags, keywords: &[Keyword]) -> Self {
        Self { flags, keywords: join(keywords.iter().map(Keyword::as_str).collect()) }
    }

    /// The keywords, in order.
    pub fn keywords(&self) -> impl Iterator<Item = &str> {
        self.keywords.as_deref().unwrap_or("").split_ascii_whitespace()
    }

    /// Octets that its keywords take in memory.
    pub(crate) fn keyword_octets(&self) -> usize {
        self.keywords.as_deref().map_or(0, str::len)
    }

    /// Whether this keyword is set.
    #[must_use]
    pub fn has_keyword(&self, keyword: &Keyword) -> bool {
        self.has(keyword.as_str())
    }

    pub(crate) fn has(&self, keyword: &str) -> bool {
        self.keywords().any(|own| own.eq_ignore_ascii_case(keyword))
    }

    pub(crate) fn from_row(flags: i64, keywords: Option<String>) -> Self {
        Self { flags: Flags(flags as u8), keywords: keywords.map(Arc::from) }
    }

    pub(crate) fn stored_keywords(&self) -> Option<String> {
        self.keywords.as_deref().map(str::to_owned)
    }

    /// Both.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        Self {
            flags: self.flags.with(other.flags),
            keywords: match (&self.keywords, &other.keywords) {
                (own, None) => own.clone(),
                (None, other) => other.clone(),
                (Some(_), Some(_)) => join(self.keywords().chain(other.keywords()).collect()),
            },
        }
    }

    /// These less those.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let kept = |own: &&str| !other.keywords().any(|gone| gone.eq_ignore_ascii_case(own));
        Self {
            flags: self.flags.without(other.flags),
            keywords: match (&self.keywords, &other.keywords) {
                (own, None) => own.clone(),
                (None, _) => None,
                (Some(_), Some(_)) => join(self.keywords().filter(kept).collect()),
            },
        }
    }
}

/// The keyword of a letter that a mail program put here: it was never delivered (ADR 0021). Given when the letter
/// is kept; no client sets it or takes it off, and copies keep it.
pub const APPENDED: &str = "Pli-Appended";

impl Marks {
    /// These, and the mark of a letter that was never delivered.
    #[must_use]
    pub fn appended(&self) -> Self {
        let own = self.keywords().filter(|own| !own.eq_ignore_ascii_case(APPENDED));
        Self { flags: self.flags, keywords: join(std::iter::once(APPENDED).chain(own).collect()) }
    }

    /// Whether a message may have so many keywords; the one of the house does not count.
    #[must_use]
    pub fn fit(&self) -> bool {
        self.keywords().filter(|own| !own.eq_ignore_ascii_case(APPENDED)).count() <= limits::KEYWORDS
    }

    /// Whether the letter was never delivered.
    #[must_use]
    pub fn is_appended(&self) -> bool {
        self.keywords.is_some() && self.keywords().any(|own| own.eq_ignore_ascii_case(APPENDED))
    }

    /// These, as a change of `old` may make them: how a letter came is no client's to say.
    pub(crate) fn of_the_same_letter(self, old: &Self) -> Self {
        match (old.is_appended(), self.is_appended()) {
            (false, false) => self,
            // Also when it is there: a client may have spelt it otherwise.
            (true, _) => self.appended(),
            (false, true) => {
                let own = self.keywords().filter(|own| !own.eq_ignore_ascii_case(APPENDED)).collect();
                Self { flags: self.flags, keywords: join(own) }
            }
        }
    }
}

fn join(mut keywords: Vec<&str>) -> Option<Arc<str>> {
    keywords.sort_by_key(|keyword| keyword.to_ascii_lowercase());
    keywords.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
    if keywords.is_empty() { None } else { Some(Arc::from(keywords.join(" "))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(flags: Flags, keywords: &str) -> Marks {
        let keywords: Vec<_> =
            keywords.split_ascii_whitespace().map(|text| Keyword::parse(text).unwrap()).collect();
        Marks::new(flags, &keywords)
    }

    #[test]
    fn marks_add_and_take_away_without_regard_to_case() {
        let both = marks(Flags::SEEN, "b $Forwarded").with(&marks(Flags::DRAFT, "a $forwarded"));
        assert_eq!(both.keywords().collect::<Vec<_>>(), ["$Forwarded", "a", "b"]);
        assert!(both.flags.has(Flags::SEEN.with(Flags::DRAFT)) && !both.flags.has(Flags::DELETED));
        assert!(both.has_keyword(&Keyword::parse("$FORWARDED").unwrap()));
        assert_eq!(both.without(&marks(Flags::SEEN, "A B $forwarded")), marks(Flags::DRAFT, ""));
    }

    #[test]
    fn no_change_makes_a_letter_appended_or_delivered() {
        let delivered = marks(Flags::SEEN, "$Work");
        let appended = delivered.appended();
        assert!(appended.is_appended() && !delivered.is_appended());
        assert_eq!(appended.keywords().collect::<Vec<_>>(), ["$Work", "Pli-Appended"]);
        assert_eq!(appended.appended(), appended);
        let bare = marks(Flags::NONE, "");
        assert_eq!(bare.clone().of_the_same_letter(&appended), bare.appended());
        assert_eq!(marks(Flags::NONE, "pli-appended").of_the_same_letter(&delivered), bare);
        assert_eq!(delivered.clone().of_the_same_letter(&delivered), delivered);
        let many: Vec<_> = (0..100).map(|n| Keyword::parse(&format!("k{n}")).unwrap()).collect();
        let many = Marks::new(Flags::NONE, &many[..limits::KEYWORDS]).appended();
        assert!(many.is_appended() && many.fit() && many.keywords().count() == limits::KEYWORDS + 1);
    }

    #[test]
    fn what_is_no_atom_is_no_keyword() {
        for text in ["", "\\Seen", "a b", "a(", "é", "a]", "a\r\nb", &"k".repeat(65)] {
            assert_eq!(Keyword::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn keywords_are_never_left_out_and_may_be_too_many() {
        let many: Vec<_> =
            (0..=limits::KEYWORDS).map(|n| Keyword::parse(&format!("k{n}")).unwrap()).collect();
        let (last, before) = many.split_last().unwrap();
        let full = Marks::new(Flags::NONE, before);
        assert!(full.fit());
        let over = full.with(&Marks::new(Flags::SEEN, std::slice::from_ref(last)));
        assert!(!over.fit() && over.keywords().count() == many.len());
    }
}
