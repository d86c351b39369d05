//! LIST patterns (RFC 3501 §6.3.8) in linear time and memory (RELIABILITY I-04).

use super::name::DELIMITER;

/// A pattern: `*` stands for anything, `%` for anything within one level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<char>);

impl Pattern {
    /// Reads a decoded pattern; runs of wildcards are joined, as `*%*` means `*`.
    pub(super) fn new(text: &str) -> Self {
        let mut pattern: Vec<char> = Vec::new();
        for c in text.chars() {
            match (pattern.last(), c) {
                (Some('*'), '*' | '%') | (Some('%'), '%') => {}
                (Some('%'), '*') => *pattern.last_mut().expect("just seen") = '*',
                (_, c) => pattern.push(c),
            }
        }
        Self(pattern)
    }

    /// Whether a name matches. The set of reachable places is carried along the name, so the cost is
    /// name × pattern and never more: no back-tracking.
    pub(super) fn matches(&self, name: &str) -> bool {
        let places = self.0.len() + 1;
        let mut here = vec![false; places];
        here[0] = true;
        self.skip_wildcards(&mut here);
        for c in name.chars() {
            let mut next = vec![false; places];
            for (at, wanted) in self.0.iter().enumerate().filter(|(at, _)| here[*at]) {
                match wanted {
                    '*' => next[at] = true,
                    '%' => next[at] |= c != DELIMITER,
                    wanted => next[at + 1] |= *wanted == c,
                }
            }
            self.skip_wildcards(&mut next);
            here = next;
        }
        here[places - 1]
    }

    /// A wildcard may stand for nothing.
    fn skip_wildcards(&self, here: &mut [bool]) {
        for (at, wanted) in self.0.iter().enumerate() {
            here[at + 1] |= here[at] && matches!(wanted, '*' | '%');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wildcards_stop_where_the_rfc_says() {
        for (pattern, name, want) in [
            ("*", "a/b/c", true),
            ("%", "a", true),
            ("%", "a/b", false),
            ("a/%", "a/b", true),
            ("a/%", "a/b/c", false),
            ("a/*", "a", false),
            ("%/%", "a/b", true),
            ("*b", "a/b", true),
            ("%b", "a/b", false),
            ("", "", true),
            ("", "a", false),
            ("%*%", "a/b", true),
            ("I*X", "INBOX", true),
            ("inbox", "INBOX", false),
        ] {
            assert_eq!(Pattern::new(pattern).matches(name), want, "{pattern} against {name}");
        }
    }

    #[test]
    fn a_pattern_made_to_backtrack_costs_no_more_than_its_length() {
        // With a back-tracking matcher this test would not end in a lifetime.
        let pattern = Pattern::new(&"*a%b".repeat(250));
        assert!(!pattern.matches(&"ab".repeat(256)[..511]));
    }

    fn naive(pattern: &[char], name: &[char]) -> bool {
        match (pattern.split_first(), name.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), None) | (Some(('%', rest)), None) => naive(rest, name),
            (Some(('*', rest)), Some((_, tail))) => naive(rest, name) || naive(pattern, tail),
            (Some(('%', rest)), Some((c, tail))) => naive(rest, name) || (*c != '/' && naive(pattern, tail)),
            (Some((p, rest)), Some((c, tail))) => p == c && naive(rest, tail),
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    proptest! {
        #[test]
        fn the_matcher_agrees_with_the_definition(pattern in "[ab/*%]{0,8}", name in "[ab/]{0,8}") {
            let (p, n): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
            prop_assert_eq!(Pattern::new(&pattern).matches(&name), naive(&p, &n));
        }
    }
}
