//! One typing error: a letter too many, one missing, a wrong one, two in the wrong order.
//!
//! Distances are counted in octets of the folded word, which is ASCII for every French name.

use fst::raw::{Fst, Node, Output};

/// Whether one typing error, or none, lies between two words.
pub(crate) fn one_apart(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let same_start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let same_end = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let same_end = same_end.min(a.len().min(b.len()) - same_start);
    let (left, right) = (&a[same_start..a.len() - same_end], &b[same_start..b.len() - same_end]);
    match (left, right) {
        ([], []) | ([_], []) | ([], [_]) | ([_], [_]) => true,
        ([first, second], [third, fourth]) => first == fourth && second == third,
        _ => false,
    }
}

/// A key one typing error away: how many octets longer it is than the word asked, and its value.
pub(crate) type Neighbour = (i8, u64);

/// Every key of `fst` that lies one typing error away from `word`; some more than once, and sometimes `word`.
///
/// A walk along the word that may leave it once at each place: no automaton to build, and a transposition
/// costs as little as a substitution.
pub(crate) fn neighbours<D: AsRef<[u8]>>(fst: &Fst<D>, word: &[u8], mut found: impl FnMut(Neighbour)) {
    let mut node = fst.root();
    let mut output = Output::zero();
    for at in 0..=word.len() {
        let rest = &word[at..];
        // A letter of `word` is too many.
        if let [_, after @ ..] = rest {
            follow(fst, node, output, after, -1, &mut found);
        }
        for transition in node.transitions() {
            let next = fst.node(transition.addr);
            let reached = output.cat(transition.out);
            // A letter is missing; before its double it would be found once more after it.
            if rest.first() != Some(&transition.inp) {
                follow(fst, next, reached, rest, 1, &mut found);
            }
            match rest {
                [wrong, after @ ..] if *wrong != transition.inp => {
                    follow(fst, next, reached, after, 0, &mut found);
                    // Two letters in the wrong order.
                    if let [second, after @ ..] = after
                        && *second == transition.inp
                        && let Some(back) = next.find_input(*wrong)
                    {
                        let back = next.transition(back);
                        let reached = reached.cat(back.out);
                        follow(fst, fst.node(back.addr), reached, after, 0, &mut found);
                    }
                }
                _ => {}
            }
        }
        let Some(next) = rest.first().and_then(|letter| node.find_input(*letter)) else { return };
        let transition = node.transition(next);
        output = output.cat(transition.out);
        node = fst.node(transition.addr);
    }
}

/// Follows `rest` to a key, if there is one.
fn follow<'f, D: AsRef<[u8]>>(
    fst: &'f Fst<D>,
    mut node: Node<'f>,
    mut output: Output,
    rest: &[u8],
    longer: i8,
    found: &mut impl FnMut(Neighbour),
) {
    for letter in rest {
        let Some(at) = node.find_input(*letter) else { return };
        let transition = node.transition(at);
        output = output.cat(transition.out);
        node = fst.node(transition.addr);
    }
    if node.is_final() {
        found((longer, output.cat(node.final_output()).value()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fst::MapBuilder;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn walked(keys: &BTreeSet<String>, word: &str) -> Vec<u64> {
        let mut builder = MapBuilder::memory();
        for (number, key) in keys.iter().enumerate() {
            builder.insert(key, number as u64).unwrap();
        }
        let map = builder.into_map();
        let mut found = Vec::new();
        neighbours(map.as_fst(), word.as_bytes(), |(_, value)| found.push(value));
        found.sort_unstable();
        found.dedup();
        found
    }

    #[test]
    fn the_four_errors_and_no_more() {
        for (case, a, b, want) in [
            ("none", "martin", "martin", true),
            ("a letter missing", "martin", "matin", true),
            ("a letter too many", "martin", "marttin", true),
            ("a wrong letter", "martin", "mertin", true),
            ("two in the wrong order", "martin", "mratin", true),
            ("at the start", "martin", "artin", true),
            ("at the end", "martin", "martins", true),
            ("two errors", "martin", "mertan", false),
            ("far apart", "martin", "nitram", false),
            ("swapped over a third", "abc", "cba", false),
            ("nothing", "", "", true),
            ("a doubled letter", "annee", "anee", true),
        ] {
            assert_eq!(one_apart(a, b), want, "{case}");
            assert_eq!(one_apart(b, a), want, "{case}, the other way");
        }
    }

    proptest! {
        #[test]
        fn the_walk_finds_what_the_comparison_says(
            keys in prop::collection::btree_set("[ab c]{0,5}", 0..60),
            word in "[ab c]{0,5}",
        ) {
            let want: Vec<u64> = keys.iter().enumerate()
                .filter(|(_, key)| **key != word && one_apart(key, &word))
                .map(|(number, _)| number as u64).collect();
            let mut found = walked(&keys, &word);
            found.retain(|number| keys.iter().nth(*number as usize) != Some(&word));
            prop_assert_eq!(found, want);
        }
    }
}
