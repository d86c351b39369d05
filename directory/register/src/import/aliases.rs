//! What the files of an import, and those before them, state of structures with two numbers
//! (docs/adr/0033-two-numbers-one-structure.md).

use std::collections::HashMap;

use names::NationalStructureId;

use crate::import::fact::Fact;
use crate::parts::{Key, Site9, siret_of};
use crate::store::aliases::Pairs;

/// Which FINESS each SIRET is of.
#[derive(Default)]
pub(crate) struct Aliases {
    /// The generation that `kept` was read at.
    pub(crate) generation: i64,
    kept: Pairs,
    /// What the files of this import say; it counts for more than what earlier ones said.
    told: Pairs,
}

/// What a line that states both numbers adds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Stated {
    /// A pair, new or known.
    Pair,
    /// An earlier line says another FINESS: from now on nothing is joined by this SIRET.
    Contradiction(Site9),
    /// Nothing: that was said already, or a number is of no known shape.
    Nothing,
}

impl Aliases {
    /// With what held at a generation.
    pub(crate) fn kept(kept: Pairs, generation: i64) -> Self {
        Self { generation, kept, told: HashMap::new() }
    }

    /// A line states both numbers of a site.
    pub(crate) fn state(&mut self, siret: &str, finess: &str) -> Stated {
        let (Some(siret), Some(site)) = (digits(siret), Site9::parse(finess)) else { return Stated::Nothing };
        match self.told.get(&siret) {
            None => {
                self.told.insert(siret, Some(site));
                Stated::Pair
            }
            Some(Some(known)) if *known != site => {
                let known = *known;
                self.told.insert(siret, None);
                Stated::Contradiction(known)
            }
            Some(Some(_)) => Stated::Pair,
            Some(None) => Stated::Nothing,
        }
    }

    /// The FINESS of a SIRET.
    pub(crate) fn of(&self, siret: u64) -> Option<Site9> {
        self.told.get(&siret).or_else(|| self.kept.get(&siret)).copied().flatten()
    }

    /// The identifier that a structure goes by, when it is another.
    pub(crate) fn id_of(&self, id: &str) -> Option<NationalStructureId> {
        Some(self.of(siret_of(id)?)?.national_id())
    }

    /// The key that the facts of an entry go to, when it is another.
    pub(crate) fn key_of(&self, key: &Key) -> Option<Key> {
        Some(Key::structure(&self.id_of(key.structure_id()?)?))
    }

    /// The same fact with the identifiers that structures go by.
    pub(crate) fn joined(&self, mut fact: Fact) -> Fact {
        let id = match &mut fact {
            Fact::Practises { situation, .. } => {
                situation.as_mut().and_then(|situation| situation.organisation.as_mut())
            }
            Fact::Holds { held, .. } => held.at.as_mut().map(|(id, _)| id),
            Fact::Stands { .. } | Fact::Owns { .. } => None,
        };
        if let Some(id) = id
            && let Some(other) = self.id_of(&id.0)
        {
            *id = other;
        }
        fact
    }

    /// What is to be written: pairs that these files say and that were not known so, by number.
    pub(crate) fn news(&self) -> Vec<(u64, Option<Site9>)> {
        let is_news = |(siret, site): &(&u64, &Option<Site9>)| self.kept.get(siret) != Some(site);
        let mut news: Vec<(u64, Option<Site9>)> =
            self.told.iter().filter(is_news).map(|(siret, site)| (*siret, *site)).collect();
        news.sort_unstable_by_key(|(siret, _)| *siret);
        news
    }
}

/// The SIRET that a fact of a person names a structure by.
pub(crate) fn named_by(fact: &Fact) -> Option<u64> {
    let id = match fact {
        Fact::Practises { situation, .. } => situation.as_ref()?.organisation.as_ref()?,
        Fact::Holds { held, .. } => &held.at.as_ref()?.0,
        Fact::Stands { .. } | Fact::Owns { .. } => return None,
    };
    siret_of(&id.0)
}

fn digits(siret: &str) -> Option<u64> {
    let shape = siret.len() == 14 && siret.bytes().all(|byte| byte.is_ascii_digit());
    shape.then(|| siret.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIRET: &str = "31831002100028";

    fn site(text: &str) -> Site9 {
        Site9::parse(text).unwrap()
    }

    #[test]
    fn a_pair_is_what_one_line_states_and_lines_that_disagree_join_nothing() {
        let mut aliases = Aliases::default();
        let id = format!("3{SIRET}");
        assert_eq!(aliases.id_of(&id), None);
        assert_eq!(aliases.state(SIRET, "580008803"), Stated::Pair);
        assert_eq!(aliases.state(SIRET, "580008803"), Stated::Pair);
        assert_eq!(aliases.id_of(&id).unwrap().0, "1580008803");
        assert_eq!(aliases.id_of("1580008803"), None);
        assert_eq!(aliases.state(SIRET, "300017985"), Stated::Contradiction(site("580008803")));
        assert_eq!(aliases.state(SIRET, "300017985"), Stated::Nothing, "said once");
        assert_eq!(aliases.id_of(&id), None);
        // Two SIRET of one FINESS are two lines that each state a pair.
        assert_eq!(aliases.state("75004888600017", "300017985"), Stated::Pair);
        assert_eq!(aliases.state("75004888600025", "300017985"), Stated::Pair);
        for (siret, finess) in
            [("318310021", "580008803"), (SIRET, "58"), ("", ""), ("3183100210002X", "580008803")]
        {
            assert_eq!(aliases.state(siret, finess), Stated::Nothing, "{siret} {finess}");
        }
    }

    #[test]
    fn the_files_of_today_count_for_more_and_only_news_is_written() {
        let kept = Pairs::from([(1, Some(site("580008803"))), (31_831_002_100_028, Some(site("580008803")))]);
        let mut aliases = Aliases::kept(kept, 3);
        assert_eq!(aliases.of(1), Some(site("580008803")), "kept for ever");
        assert_eq!(aliases.news(), []);
        aliases.state(SIRET, "580008803");
        assert_eq!(aliases.news(), []);
        let mut moved = Aliases::kept(Pairs::from([(31_831_002_100_028, Some(site("580008803")))]), 3);
        moved.state(SIRET, "300017985");
        assert_eq!(moved.news(), [(31_831_002_100_028, Some(site("300017985")))]);
        moved.state(SIRET, "580008803");
        assert_eq!(moved.news(), [(31_831_002_100_028, None)]);
    }
}
