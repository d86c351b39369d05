//! Values of search parameters: alternatives, tokens, strings (FHIR R4 §3.1.1.4.9 and the following).

use register::Match;

use crate::{Trouble, limits};

/// The alternatives of a value: split at commas that no backslash protects. Empty ones are left out.
pub(super) fn alternatives(name: &str, value: &str) -> Result<Vec<String>, Trouble> {
    let parts: Vec<String> = split(value, ',').into_iter().filter(|part| !part.trim().is_empty()).collect();
    if parts.len() > limits::ALTERNATIVES {
        let most = limits::ALTERNATIVES;
        return Err(Trouble::too_costly(format!("{name}: at most {most} alternatives are read")));
    }
    if parts.iter().any(|part| part.chars().count() > limits::VALUE_CHARACTERS) {
        let most = limits::VALUE_CHARACTERS;
        return Err(Trouble::too_costly(format!("{name}: a value has at most {most} characters")));
    }
    Ok(parts)
}

/// A token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Token {
    /// None when not said; empty when said to be none.
    pub(super) system: Option<String>,
    pub(super) code: String,
}

impl Token {
    pub(super) fn parse(name: &str, text: &str) -> Result<Self, Trouble> {
        let mut parts = split(text, '|').into_iter().map(|part| unescape(&part));
        let (first, second) = (parts.next().unwrap_or_default(), parts.next());
        if parts.next().is_some() {
            return Err(Trouble::value(format!("{name}: a token is written system|code")));
        }
        let (system, code) = match second {
            None => (None, first),
            Some(code) => (Some(first), code),
        };
        if code.trim().is_empty() {
            let text = format!("{name}: a token needs its code; a system alone is not searched");
            return Err(Trouble::not_offered(text));
        }
        Ok(Self { system, code: code.trim().to_owned() })
    }

    /// Whether it can be of this system.
    pub(super) fn may_be_of(&self, system: &str) -> bool {
        self.system.as_deref().is_none_or(|named| named == system)
    }
}

/// How a text is compared, by its modifier.
pub(super) fn string(name: &str, modifier: Option<&str>, text: &str) -> Result<Match, Trouble> {
    let text = unescape(text).trim().to_owned();
    match modifier {
        None => Ok(Match::Begins(text)),
        Some("exact") => Ok(Match::Exactly(text)),
        // Modifiers were compared with the table before: what is left is `contains`.
        Some(_) if text.chars().filter(|c| c.is_alphanumeric()).count() < limits::CONTAINS_CHARACTERS => {
            let least = limits::CONTAINS_CHARACTERS;
            let text = format!("{name}:contains needs at least {least} letters or digits");
            Err(Trouble::too_costly(text))
        }
        Some(_) => Ok(Match::Contains(text)),
    }
}

/// Takes the backslashes away that protect `,`, `|`, `$` and themselves.
pub(super) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        match (sign, signs.peek()) {
            ('\\', Some(',' | '|' | '$' | '\\')) => plain.extend(signs.next()),
            _ => plain.push(sign),
        }
    }
    plain
}

/// Splits where no backslash protects; the parts keep their backslashes.
fn split(text: &str, at: char) -> Vec<String> {
    let (mut parts, mut part, mut protected) = (Vec::new(), String::new(), false);
    for sign in text.chars() {
        if sign == at && !protected {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(sign);
        }
        protected = sign == '\\' && !protected;
    }
    parts.push(part);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_and_bars_can_be_protected() {
        assert_eq!(alternatives("name", r"a,b\,c,,d").unwrap(), ["a", r"b\,c", "d"]);
        assert_eq!(unescape(r"b\,c\\\|\$\x"), r"b,c\|$\x");
        let token = Token::parse("identifier", r"http://x\|y|1\,2").unwrap();
        assert_eq!(token, Token { system: Some("http://x|y".to_owned()), code: "1,2".to_owned() });
        assert_eq!(Token::parse("type", "|SA33").unwrap().system.as_deref(), Some(""));
        for wrong in ["a|b|c", "http://x|", "|"] {
            assert!(Token::parse("type", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_word_anywhere_has_three_letters() {
        for (case, text, accepted) in [
            ("three", "mar", true),
            ("two", "ma", false),
            ("signs", "%%%%", false),
            ("blanks", "   a", false),
        ] {
            assert_eq!(string("name", Some("contains"), text).is_ok(), accepted, "{case}");
        }
    }

    #[test]
    fn too_many_and_too_long_are_refused() {
        assert!(alternatives("name", &"a,".repeat(21)).is_err());
        assert!(alternatives("name", &"a".repeat(201)).is_err());
    }
}
