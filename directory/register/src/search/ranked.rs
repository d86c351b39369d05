//! The best answers to free text.
//!
//! A word of the question is answered by an entry when one of its variants stands in it. What an answer counts:
//! how well the variant fits ([`Alike`](crate::words::Alike)) × what the field says about who is meant
//! ([`Field::weight`](crate::index::Field)) × how rare the word is. An entry must answer every word; when none does,
//! those that answer all but one are taken.

use std::borrow::Cow;

use super::asked::{Asked, Variant};
use super::dense::{self, Table};
use super::node::{Set, both};
use crate::index::{Fields, Flags, Index, List, Lists, Part, Pieces, Place};
use crate::{Sight, limits, words::Alike};

/// An entry and what its answers count together.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Ranked {
    pub(crate) id: i64,
    pub(crate) score: f32,
}

/// The words of a question in every segment.
pub(crate) struct Sought {
    /// By part of the index, then by word.
    variants: Vec<Vec<Vec<Variant>>>,
    required: Vec<bool>,
    /// Answers to the rarest word below which lists are met as lists.
    listed: u64,
}

impl Sought {
    /// Looks the words up.
    pub(crate) fn of(asked: &Asked, index: &Index, sight: Sight) -> Self {
        let hidden = match sight {
            Sight::Public => Fields::HIDDEN,
            Sight::Administrator => Fields::of(&[]),
        };
        let of_part = |part: &Part| {
            let words = asked.0.iter().map(|word| {
                let mut variants = word.variants(&part.segment);
                variants.iter_mut().for_each(|variant| variant.fields = variant.fields.without(hidden));
                variants
            });
            words.collect()
        };
        Self {
            variants: index.parts.iter().map(of_part).collect(),
            required: asked.0.iter().map(|word| word.required).collect(),
            listed: limits::LISTED,
        }
    }

    /// The places that must be read of each part.
    pub(crate) fn places(&self, part: usize, wanted: &mut Vec<Place>) {
        wanted.extend(self.variants[part].iter().flatten().map(|variant| variant.place));
    }

    /// The best answers, `most` at most, the best first and of equal ones the smaller id; and how many there are.
    pub(crate) fn ranked(
        &self,
        index: &Index,
        pieces: &[Pieces<'_>],
        sets: &[Set],
        flags: Flags,
        most: usize,
    ) -> (Vec<Ranked>, usize) {
        let parts: Vec<Words<'_>> = index
            .parts
            .iter()
            .zip(pieces)
            .zip(&self.variants)
            .map(|((part, pieces), variants)| Words::of(part, pieces, variants))
            .collect();
        let rarity: Vec<f32> = (0..self.required.len()).map(|word| rarity(index, &parts, word)).collect();
        let (required, optional): (Vec<usize>, Vec<usize>) =
            (0..self.required.len()).partition(|word| self.required[*word]);
        let answers = |words: &[usize]| -> (Vec<Ranked>, usize) {
            let mut all = (Vec::new(), 0);
            for (part, set) in parts.iter().zip(sets) {
                let (found, count) = if part.fewest(words) < self.listed {
                    part.met(words, &optional, set, flags, &rarity)
                } else {
                    part.laid_out(words, &optional, set, flags, &rarity, most)
                };
                all.0.extend(found);
                all.1 += count;
            }
            all
        };
        let (mut all, mut count) = answers(&required);
        if count == 0 && required.len() > 1 {
            for left_out in &required {
                let others: Vec<usize> = required.iter().copied().filter(|word| word != left_out).collect();
                // Nobody is found twice: whoever answers all but this one and all but another answers all.
                let (found, more) = answers(&others);
                all.extend(found);
                count += more;
            }
        }
        if all.len() > most {
            all.select_nth_unstable_by(most, better);
            all.truncate(most);
        }
        all.sort_unstable_by(better);
        (all, count)
    }
}

/// The better first, of equal ones the smaller id.
pub(crate) fn better(a: &Ranked, b: &Ranked) -> std::cmp::Ordering {
    b.score.total_cmp(&a.score).then(a.id.cmp(&b.id))
}

/// How much a word says: the rarer, the more.
fn rarity(index: &Index, parts: &[Words<'_>], word: usize) -> f32 {
    let (mut same, mut any) = (0_u64, 0_u64);
    for (variant, octets) in parts.iter().flat_map(|part| &part.variants[word]) {
        let count: u64 = Lists(octets).of(variant.fields).map(|list| u64::from(list.count)).sum();
        any += count;
        if variant.alike == Alike::Same {
            same += count;
        }
    }
    let found = if same > 0 { same } else { any } as f32;
    (1.0 + index.entries() as f32 / (1.0 + found)).ln()
}

/// The words of a question in one segment.
struct Words<'a> {
    part: &'a Part,
    /// What answers each word, with its lists.
    variants: Vec<Vec<(Variant, Cow<'a, [u8]>)>>,
}

impl<'a> Words<'a> {
    fn of(part: &'a Part, pieces: &'a Pieces<'_>, variants: &[Vec<Variant>]) -> Self {
        let octets = |variant: &Variant| (*variant, pieces.octets(variant.place));
        let variants = variants.iter().map(|word| word.iter().map(octets).collect()).collect();
        Self { part, variants }
    }

    /// Answers to the rarest of some words, the same entry perhaps more than once.
    fn fewest(&self, asked: &[usize]) -> u64 {
        asked.iter().map(|word| self.count(*word)).min().unwrap_or_default()
    }

    /// Words with their counts, the rarest first.
    fn by_rarity(&self, asked: &[usize]) -> Vec<(u64, usize)> {
        let mut order: Vec<(u64, usize)> = asked.iter().map(|word| (self.count(*word), *word)).collect();
        order.sort_unstable();
        order
    }

    /// Whoever answers all of these words, when one of them is rare, and how many that are.
    fn met(
        &self,
        asked: &[usize],
        optional: &[usize],
        allowed: &Set,
        flags: Flags,
        rarity: &[f32],
    ) -> (Vec<Ranked>, usize) {
        let mut found = self.answers(&self.by_rarity(asked), allowed, flags, rarity);
        if !optional.is_empty() {
            self.help(optional, rarity, &mut found);
        }
        let count = found.len();
        (found, count)
    }

    /// Whoever answers all of these words, when all are frequent: the best, `most` at least if there are as many, and
    /// how many there are.
    fn laid_out(
        &self,
        asked: &[usize],
        optional: &[usize],
        allowed: &Set,
        flags: Flags,
        rarity: &[f32],
        most: usize,
    ) -> (Vec<Ranked>, usize) {
        let table = |word: &usize| {
            let lists = self.lists(*word).map(|(weight, list)| (weight * rarity[*word], list));
            Table::of(lists, self.part.segment.docs.len())
        };
        let mut required: Vec<Table> = self.by_rarity(asked).iter().map(|(_, word)| table(word)).collect();
        let helping: Vec<Table> = optional.iter().map(table).collect();
        let allowed = match allowed {
            Set::All => None,
            Set::These(allowed) => Some(&allowed[..]),
        };
        dense::best(self.part, &mut required, &helping, allowed, flags, most)
    }

    /// Whoever answers all of these words, the rarest first.
    fn answers(&self, order: &[(u64, usize)], allowed: &Set, flags: Flags, rarity: &[f32]) -> Vec<Ranked> {
        let Some(((fewest, first), others)) = order.split_first() else { return Vec::new() };
        let (mut entries, mut scores) = self.of_word(*first, *fewest, rarity);
        let mut kept = 0;
        let allowed = match allowed {
            Set::All => None,
            Set::These(allowed) => Some(both_sides(&entries, allowed)),
        };
        for at in 0..entries.len() {
            let among = allowed.as_ref().is_none_or(|allowed| allowed.binary_search(&entries[at]).is_ok());
            if among && self.part.shows(entries[at], flags) {
                entries[kept] = entries[at];
                scores[kept] = scores[at];
                kept += 1;
            }
        }
        entries.truncate(kept);
        scores.truncate(kept);
        let mut best = vec![0.0_f32; kept];
        for (_, word) in others {
            best.truncate(entries.len());
            best.fill(0.0);
            self.meet(*word, rarity, &entries, &mut best);
            let mut kept = 0;
            for at in 0..entries.len() {
                if best[at] > 0.0 {
                    entries[kept] = entries[at];
                    scores[kept] = scores[at] + best[at];
                    kept += 1;
                }
            }
            entries.truncate(kept);
            scores.truncate(kept);
            if kept == 0 {
                return Vec::new();
            }
        }
        let docs = &self.part.segment.docs;
        entries.into_iter().zip(scores).map(|(entry, score)| Ranked { id: docs.id(entry), score }).collect()
    }

    /// Adds what words that need not be answered count.
    fn help(&self, optional: &[usize], rarity: &[f32], found: &mut [Ranked]) {
        let docs = &self.part.segment.docs;
        let mut entries: Vec<(u32, usize)> = found
            .iter()
            .enumerate()
            .filter_map(|(place, ranked)| docs.ordinal(ranked.id).map(|entry| (entry, place)))
            .filter(|(entry, _)| self.part.hidden.binary_search(entry).is_err())
            .collect();
        entries.sort_unstable();
        let ordinals: Vec<u32> = entries.iter().map(|(entry, _)| *entry).collect();
        for word in optional {
            let mut best = vec![0.0; ordinals.len()];
            self.meet(*word, rarity, &ordinals, &mut best);
            for ((_, place), best) in entries.iter().zip(best) {
                found[*place].score += best;
            }
        }
    }

    fn count(&self, word: usize) -> u64 {
        self.lists(word).map(|(_, list)| u64::from(list.count)).sum()
    }

    /// The lists of a word, each with the weight of its variant and field.
    fn lists(&self, word: usize) -> impl Iterator<Item = (f32, List<'_>)> {
        self.variants[word].iter().flat_map(|(variant, octets)| {
            let weight = variant.alike.weight();
            Lists(octets).of(variant.fields).map(move |list| (weight * list.field.weight(), list))
        })
    }

    /// Whoever answers a word, ascending, with what it counts; `count` is the length of its lists.
    fn of_word(&self, word: usize, count: u64, rarity: &[f32]) -> (Vec<u32>, Vec<f32>) {
        let all = self.part.segment.docs.len();
        let mut found: Vec<(u32, f32)> = Vec::with_capacity(count as usize);
        for (weight, list) in self.lists(word) {
            let score = weight * rarity[word];
            found.extend(list.entries().take_while(|entry| *entry < all).map(|entry| (entry, score)));
        }
        found.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        found.dedup_by_key(|(entry, _)| *entry);
        found.into_iter().unzip()
    }

    /// What a word counts for each of some entries, ascending.
    fn meet(&self, word: usize, rarity: &[f32], entries: &[u32], best: &mut [f32]) {
        for (weight, list) in self.lists(word) {
            let score = weight * rarity[word];
            let (mut list, mut at) = (list.entries(), 0);
            while let Some(wanted) = entries.get(at)
                && let Some(entry) = list.next_from(*wanted)
            {
                while entries.get(at).is_some_and(|wanted| *wanted < entry) {
                    at += 1;
                }
                if entries.get(at) == Some(&entry) {
                    best[at] = best[at].max(score);
                    at += 1;
                }
            }
        }
    }
}

/// What stands in both, whichever is the smaller.
fn both_sides(a: &[u32], b: &[u32]) -> Vec<u32> {
    if a.len() <= b.len() { both(a, b) } else { both(b, a) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::{Building, Segment};
    use crate::testing::{Corpus, entries, questions};
    use std::sync::Arc;

    fn segment(listings: &[crate::Listing]) -> Arc<Segment> {
        let mut building = Building::default();
        listings.iter().for_each(|listing| building.add(listing).unwrap());
        Arc::new(Segment::in_memory(building.seal().unwrap()).unwrap())
    }

    /// Octets of lists that a question reads, of a thousand entries: what a search costs, however busy the machine is.
    #[test]
    fn no_question_reads_more_than_a_few_lists_of_everybody() {
        let all: Vec<crate::Listing> = entries(Corpus { entries: 1_500, ..Corpus::SMALL }).collect();
        let index = Index::of(vec![segment(&all)]);
        let asked = questions(&all, 4).into_iter().map(|question| question.text);
        let frequent =
            ["medecin", "m", "mar", "docteur de la", "centre hospitalier", "e", "a b c d e f g h i j"];
        let mut costs: Vec<(usize, usize, String)> = asked
            .chain(frequent.map(str::to_owned))
            .map(|text| {
                let sought = Sought::of(&Asked::of(&text), &index, Sight::Public);
                let mut places = Vec::new();
                sought.places(0, &mut places);
                places.sort_unstable();
                places.dedup();
                (places.iter().map(|place| place.length()).sum(), places.len(), text)
            })
            .collect();
        costs.sort();
        let (median, (octets, lists, text)) = (costs[costs.len() / 2].0, &costs[costs.len() - 1]);
        assert!(median <= all.len() / 2, "{median}");
        assert!(*octets <= 2 * all.len(), "{text} reads {octets} octets in {lists} lists");
    }

    #[test]
    fn frequent_words_are_answered_as_rare_ones_are() {
        let all: Vec<crate::Listing> = entries(Corpus { entries: 1_500, ..Corpus::SMALL }).collect();
        // The second says some of the first once more, and hides them there.
        let index = Index::of(vec![segment(&all[..1_200]), segment(&all[900..])]);
        assert_eq!(index.parts[0].hidden.len(), 300);
        let some: Vec<u32> = (0..1_200).filter(|entry| entry % 3 > 0).collect();
        let asked = questions(&all, 4).into_iter().map(|question| question.text);
        let frequent =
            ["medecin", "medecin lyon", "marie", "docteur de la", "pharmacie du centre", "xyzzy medecin"];
        let mut found = 0;
        for text in asked.chain(frequent.map(str::to_owned)) {
            for (flags, sets) in [
                (Flags::default(), vec![Set::All; 2]),
                (Flags::PROFESSIONAL, vec![Set::These(some.clone()), Set::All]),
            ] {
                let ranked = |listed: u64, most| {
                    let sought = Sought { listed, ..Sought::of(&Asked::of(&text), &index, Sight::Public) };
                    let pieces: Vec<Pieces<'_>> =
                        index.parts.iter().map(|part| part.segment.in_memory_pieces()).collect();
                    sought.ranked(&index, &pieces, &sets, flags, most)
                };
                for most in [1, 5, 1_000] {
                    let (met, laid_out) = (ranked(u64::MAX, most), ranked(0, most));
                    assert_eq!(met, laid_out, "{text}, {most}");
                    found += met.0.len();
                }
            }
        }
        assert!(found > 3_000, "{found}");
    }
}
