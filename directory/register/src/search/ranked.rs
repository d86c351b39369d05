//! The best answers to free text.
//!
//! A word of the question is answered by an entry when one of its variants stands in it. What an answer counts:
//! how well the variant fits ([`Alike`](crate::words::Alike)) × what the field says about who is meant
//! ([`Field::weight`](crate::index::Field)) × how rare the word is. An entry must answer every word; when none does,
//! those that answer all but one are taken.

use super::asked::{Asked, Variant};
use super::node::{Set, both};
use crate::index::{Fields, Flags, Index, Lists, Part, Pieces, Place};
use crate::{Sight, words::Alike};

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
        }
    }

    /// The places that must be read of each part.
    pub(crate) fn places(&self, part: usize, wanted: &mut Vec<Place>) {
        wanted.extend(self.variants[part].iter().flatten().map(|variant| variant.place));
    }

    /// All answers, the best first; of equal ones the smaller id.
    pub(crate) fn ranked(
        &self,
        index: &Index,
        pieces: &[Pieces<'_>],
        sets: &[Set],
        flags: Flags,
    ) -> Vec<Ranked> {
        let rarity = self.rarity(index, pieces);
        let required: Vec<usize> = (0..self.required.len()).filter(|word| self.required[*word]).collect();
        let mut all = Vec::new();
        for (at, part) in index.parts.iter().enumerate() {
            let words = Words { part, pieces: &pieces[at], variants: &self.variants[at], rarity: &rarity };
            all.extend(words.answers(&required, &sets[at], flags));
        }
        if all.is_empty() && required.len() > 1 {
            for left_out in &required {
                let others: Vec<usize> = required.iter().copied().filter(|word| word != left_out).collect();
                for (at, part) in index.parts.iter().enumerate() {
                    let words =
                        Words { part, pieces: &pieces[at], variants: &self.variants[at], rarity: &rarity };
                    all.extend(words.answers(&others, &sets[at], flags));
                }
            }
            all.sort_by(|a, b| a.id.cmp(&b.id).then(b.score.total_cmp(&a.score)));
            all.dedup_by_key(|ranked| ranked.id);
        }
        let optional: Vec<usize> = (0..self.required.len()).filter(|word| !self.required[*word]).collect();
        if !optional.is_empty() {
            for (at, part) in index.parts.iter().enumerate() {
                let words =
                    Words { part, pieces: &pieces[at], variants: &self.variants[at], rarity: &rarity };
                words.help(&optional, &mut all);
            }
        }
        all.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        all
    }

    /// How much each word says: the rarer, the more.
    fn rarity(&self, index: &Index, pieces: &[Pieces<'_>]) -> Vec<f32> {
        let all = index.entries() as f32;
        (0..self.required.len())
            .map(|word| {
                let (mut same, mut any) = (0_u64, 0_u64);
                for (variants, pieces) in self.variants.iter().zip(pieces) {
                    for variant in &variants[word] {
                        let octets = pieces.octets(variant.place);
                        let count: u64 =
                            Lists(&octets).of(variant.fields).map(|list| u64::from(list.count)).sum();
                        any += count;
                        if variant.alike == Alike::Same {
                            same += count;
                        }
                    }
                }
                let found = if same > 0 { same } else { any } as f32;
                (1.0 + all / (1.0 + found)).ln()
            })
            .collect()
    }
}

/// The words of a question in one segment.
struct Words<'a> {
    part: &'a Part,
    pieces: &'a Pieces<'a>,
    variants: &'a [Vec<Variant>],
    rarity: &'a [f32],
}

impl Words<'_> {
    /// Whoever answers all of these words.
    fn answers(&self, asked: &[usize], allowed: &Set, flags: Flags) -> Vec<Ranked> {
        let mut order: Vec<(u64, usize)> = asked.iter().map(|word| (self.count(*word), *word)).collect();
        order.sort_unstable();
        let Some(((fewest, first), others)) = order.split_first() else { return Vec::new() };
        if *fewest == 0 {
            return Vec::new();
        }
        let (mut entries, mut scores) = self.of_word(*first);
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
            self.meet(*word, &entries, &mut best);
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
    fn help(&self, optional: &[usize], found: &mut [Ranked]) {
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
            self.meet(*word, &ordinals, &mut best);
            for ((_, place), best) in entries.iter().zip(best) {
                found[*place].score += best;
            }
        }
    }

    fn count(&self, word: usize) -> u64 {
        let of = |variant: &Variant| -> u64 {
            Lists(&self.pieces.octets(variant.place))
                .of(variant.fields)
                .map(|list| u64::from(list.count))
                .sum()
        };
        self.variants[word].iter().map(of).sum()
    }

    /// Whoever answers a word, ascending, with what it counts.
    fn of_word(&self, word: usize) -> (Vec<u32>, Vec<f32>) {
        let count = self.part.segment.docs.len();
        let mut best = vec![0.0_f32; count as usize];
        let mut entries = Vec::new();
        for variant in &self.variants[word] {
            let octets = self.pieces.octets(variant.place);
            for list in Lists(&octets).of(variant.fields) {
                let score = variant.alike.weight() * list.field.weight() * self.rarity[word];
                for entry in list.entries() {
                    let Some(best) = best.get_mut(entry as usize) else { break };
                    if *best == 0.0 {
                        entries.push(entry);
                    }
                    *best = best.max(score);
                }
            }
        }
        entries.sort_unstable();
        let scores = entries.iter().map(|entry| best[*entry as usize]).collect();
        (entries, scores)
    }

    /// What a word counts for each of some entries, ascending.
    fn meet(&self, word: usize, entries: &[u32], best: &mut [f32]) {
        for variant in &self.variants[word] {
            let octets = self.pieces.octets(variant.place);
            for list in Lists(&octets).of(variant.fields) {
                let score = variant.alike.weight() * list.field.weight() * self.rarity[word];
                let mut at = 0;
                for entry in list.entries() {
                    while entries.get(at).is_some_and(|wanted| *wanted < entry) {
                        at += 1;
                    }
                    match entries.get(at) {
                        Some(wanted) if *wanted == entry => best[at] = best[at].max(score),
                        Some(_) => {}
                        None => break,
                    }
                }
            }
        }
    }
}

/// What stands in both, whichever is the smaller.
fn both_sides(a: &[u32], b: &[u32]) -> Vec<u32> {
    if a.len() <= b.len() { both(a, b) } else { both(b, a) }
}
