//! The best of many: words that a good part of all entries answers are met in tables of all entries, and only the best
//! are ever put in order.
//!
//! What this costs is bounded by the index: each list of a word is read once, each entry looked at once.

use super::ranked::{Ranked, better};
use crate::index::{Flags, List, Part};

/// What one word counts for each entry of a segment.
pub(crate) struct Table {
    /// By entry: number of its score, 0 for an entry that does not answer.
    class: Vec<u8>,
    /// By number, ascending.
    scores: Vec<f32>,
}

impl Table {
    /// A table of these lists and what an entry of each counts; the best counts. There are far fewer than 255 scores:
    /// kinds of variants times weights of fields.
    pub(crate) fn of<'a>(lists: impl Iterator<Item = (f32, List<'a>)>, entries: u32) -> Self {
        let mut lists: Vec<(f32, List<'a>)> = lists.collect();
        lists.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut class, mut scores) = (vec![0_u8; entries as usize], vec![0.0]);
        for (score, list) in lists {
            if scores.last().is_some_and(|last| *last < score) && scores.len() < usize::from(u8::MAX) {
                scores.push(score);
            }
            // Lists come from the lowest score to the highest: what is written last is the best.
            let number = (scores.len() - 1) as u8;
            for entry in list.entries() {
                let Some(class) = class.get_mut(entry as usize) else { break };
                *class = number;
            }
        }
        Self { class, scores }
    }

    fn score(&self, entry: usize) -> f32 {
        self.scores[usize::from(self.class[entry])]
    }

    /// The highest score.
    fn most(&self) -> f32 {
        self.scores.last().copied().unwrap_or_default()
    }
}

/// Whoever answers all required words: the best, `most` at least, in no order, and how many there are.
pub(crate) fn best(
    part: &Part,
    required: &mut [Table],
    helping: &[Table],
    allowed: Option<&[u32]>,
    flags: Flags,
    most: usize,
) -> (Vec<Ranked>, usize) {
    let Some((first, others)) = required.split_first_mut() else { return (Vec::new(), 0) };
    for hidden in &part.hidden {
        if let Some(class) = first.class.get_mut(*hidden as usize) {
            *class = 0;
        }
    }
    let docs = &part.segment.docs;
    let entries = docs.len() as usize;
    // So that nothing below looks at where a table ends.
    let tables = || std::iter::once(&*first).chain(&*others).chain(helping);
    if part.segment.flags.len() != entries || tables().any(|table| table.class.len() != entries) {
        return (Vec::new(), 0);
    }
    let most_of_others: Vec<f32> = others.iter().chain(helping).map(Table::most).collect();
    let mut kept = Kept { best: Vec::new(), most: most.max(1), worst: 0.0 };
    let mut count = 0;
    let mut look = |entry: usize, class: u8| {
        if others.iter().any(|table| table.class[entry] == 0) || !part.segment.flags[entry].hold(flags) {
            return;
        }
        count += 1;
        let own = first.scores[usize::from(class)];
        // In this order, as where lists are met: sums are the same to the last bit.
        if most_of_others.iter().fold(own, |score, most| score + most) <= kept.worst {
            return;
        }
        let score = others.iter().chain(helping).fold(own, |score, table| score + table.score(entry));
        if score > kept.worst {
            kept.add(Ranked { id: docs.id(entry as u32), score });
        }
    };
    match allowed {
        Some(allowed) => {
            for entry in allowed.iter().map(|entry| *entry as usize) {
                let class = first.class.get(entry).copied().unwrap_or_default();
                if class != 0 {
                    look(entry, class);
                }
            }
        }
        None => {
            for (entry, class) in first.class.iter().enumerate() {
                if *class != 0 {
                    look(entry, *class);
                }
            }
        }
    }
    (kept.best, count)
}

/// The best so far, and now and then some more.
struct Kept {
    best: Vec<Ranked>,
    most: usize,
    /// So many are better than this or as good: as entries come with ascending ids, no later one that is only as good
    /// goes before them.
    worst: f32,
}

impl Kept {
    fn add(&mut self, ranked: Ranked) {
        self.best.push(ranked);
        if self.best.len() >= 2 * self.most {
            let (_, last, _) = self.best.select_nth_unstable_by(self.most - 1, better);
            self.worst = last.score;
            self.best.truncate(self.most);
        }
    }
}
