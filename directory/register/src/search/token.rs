//! Where a page ended, as text that may be shown.
//!
//! A page in the order of ids goes on behind an id, whatever changed meanwhile: ids stay. A page of best answers goes
//! on behind a number of answers, so it belongs to one generation of the national entries.

use crate::{Error, Query, Token};

/// Where a page ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    /// Behind this id.
    Id(i64),
    /// Behind so many best answers of a generation.
    Best { generation: i64, answers: usize },
}

impl End {
    /// The token of the page that begins there, for this question.
    pub(crate) fn token(self, question: u64) -> Token {
        Token(match self {
            Self::Id(id) => format!("i{id:x}-{question:016x}"),
            Self::Best { generation, answers } => format!("b{generation:x}-{answers:x}-{question:016x}"),
        })
    }

    /// Reads a token that was given for this question.
    pub(crate) fn of(token: &Token, question: u64) -> Result<Self, Error> {
        Self::parse(&token.0, question).ok_or(Error::StaleToken)
    }

    fn parse(text: &str, question: u64) -> Option<Self> {
        let (end, hash) = text.rsplit_once('-')?;
        if u64::from_str_radix(hash, 16).ok()? != question {
            return None;
        }
        match end.split_at_checked(1)? {
            ("i", id) => i64::from_str_radix(id, 16).ok().map(Self::Id),
            ("b", best) => {
                let (generation, answers) = best.split_once('-')?;
                Some(Self::Best {
                    generation: i64::from_str_radix(generation, 16).ok()?,
                    answers: usize::from_str_radix(answers, 16).ok()?,
                })
            }
            _ => None,
        }
    }
}

/// A number that tells questions apart (FNV-1a). It guards against mistakes, not against malice: whoever makes a
/// token up sees what the question shows anyway.
pub(crate) fn question(query: &Query) -> u64 {
    // Addresses hide themselves from `Debug`, so they are added as they are.
    let mut text = format!("{query:?}");
    let mut waiting: Vec<&crate::Criterion> = query.all.iter().collect();
    while let Some(criterion) = waiting.pop() {
        match criterion {
            crate::Criterion::Mailbox(address) => text.push_str(&address.to_string()),
            crate::Criterion::Any(alternatives) => waiting.extend(alternatives),
            _ => {}
        }
    }
    text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, octet| {
        (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_token_belongs_to_its_question(id in any::<i64>(), generation in 0_i64.., answers in 0_usize..5_000, question: u64) {
            for end in [End::Id(id.max(0)), End::Best { generation, answers }] {
                let token = end.token(question);
                prop_assert_eq!(End::of(&token, question).unwrap(), end);
                prop_assert!(End::of(&token, question ^ 1).is_err());
            }
        }

        #[test]
        fn what_is_no_token_is_refused(text in "\\PC{0,40}") {
            prop_assert!(End::of(&Token(text), 7).is_err());
        }
    }
}
