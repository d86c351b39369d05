//! THREAD as RFC 5256 §3 tells it, step by step, on strings and trees: slow, and easy to compare with
//! the RFC.

use std::collections::BTreeMap;

use super::Threaded;

#[derive(Clone, Debug)]
pub struct Letter {
    pub uid: u32,
    pub sent: i64,
    pub id: Option<String>,
    pub references: Vec<String>,
    pub subject: String,
    pub answers: bool,
}

#[derive(Clone, Debug)]
struct Tree {
    letter: Option<Letter>,
    under: Vec<Tree>,
}

impl Tree {
    fn speaker(&self) -> &Letter {
        self.letter
            .as_ref()
            .unwrap_or_else(|| self.under[0].letter.as_ref().expect("an empty one has letters"))
    }

    fn answers(&self) -> bool {
        self.letter.as_ref().is_some_and(|letter| letter.answers)
    }

    fn is_empty(&self) -> bool {
        self.letter.is_none()
    }

    fn rank(&self) -> (i64, u32) {
        (self.speaker().sent, self.speaker().uid)
    }

    fn sort(&mut self) {
        self.under.iter_mut().for_each(Tree::sort);
        self.under.sort_by_key(Tree::rank);
    }

    fn read(&self, out: &mut Vec<Threaded>) {
        let uid = self.letter.as_ref().map(|letter| letter.uid);
        out.push(Threaded { uid, children: self.under.len() as u32 });
        self.under.iter().for_each(|tree| tree.read(out));
    }
}

fn read(trees: &[Tree]) -> Vec<Threaded> {
    let mut out = Vec::new();
    trees.iter().for_each(|tree| tree.read(&mut out));
    out
}

pub fn ordered_subject(letters: &[Letter]) -> Vec<Threaded> {
    let mut subjects: BTreeMap<String, Vec<Letter>> = BTreeMap::new();
    for letter in letters {
        subjects.entry(letter.subject.clone()).or_default().push(letter.clone());
    }
    let mut threads: Vec<Tree> = Vec::new();
    for mut letters in subjects.into_values() {
        letters.sort_by_key(|letter| (letter.sent, letter.uid));
        let mut trees = letters.into_iter().map(|letter| Tree { letter: Some(letter), under: Vec::new() });
        let mut root = trees.next().expect("a subject is of some letter");
        root.under = trees.collect();
        threads.push(root);
    }
    threads.sort_by_key(Tree::rank);
    read(&threads)
}

/// Names of places, with who stands over whom.
#[derive(Default)]
struct Links {
    letters: BTreeMap<String, Option<Letter>>,
    parents: BTreeMap<String, String>,
}

impl Links {
    fn makes_a_loop(&self, child: &str, parent: &str) -> bool {
        let mut at = Some(parent.to_owned());
        while let Some(name) = at {
            if name == child {
                return true;
            }
            at = self.parents.get(&name).cloned();
        }
        false
    }

    fn tree(&self, name: &str) -> Tree {
        let under = self.parents.iter().filter(|(_, parent)| *parent == name);
        Tree { letter: self.letters[name].clone(), under: under.map(|(child, _)| self.tree(child)).collect() }
    }
}

/// Step (3): "promote its children to the current level", but not several to the root.
fn pruned(tree: Tree, is_root: bool) -> Vec<Tree> {
    let mut under: Vec<Tree> = tree.under.into_iter().flat_map(|tree| pruned(tree, false)).collect();
    match tree.letter {
        Some(letter) => vec![Tree { letter: Some(letter), under }],
        None if is_root && under.len() > 1 => {
            under.sort_by_key(Tree::rank);
            vec![Tree { letter: None, under }]
        }
        None => under,
    }
}

pub fn references(letters: &[Letter]) -> Vec<Threaded> {
    let mut links = Links::default();
    // (1)
    for letter in letters {
        let name = match &letter.id {
            Some(id) if links.letters.get(id).is_none_or(Option::is_none) => id.clone(),
            Some(_) | None => format!("#{}", letter.uid),
        };
        links.letters.insert(name.clone(), Some(letter.clone()));
        for id in &letter.references {
            links.letters.entry(id.clone()).or_insert(None);
        }
        // (A)
        for pair in letter.references.windows(2) {
            if !links.parents.contains_key(&pair[1]) && !links.makes_a_loop(&pair[1], &pair[0]) {
                links.parents.insert(pair[1].clone(), pair[0].clone());
            }
        }
        // (B)
        links.parents.remove(&name);
        if let Some(last) = letter.references.last().filter(|last| !links.makes_a_loop(&name, last)) {
            links.parents.insert(name, last.clone());
        }
    }
    // (2), (3), (4)
    let roots = links.letters.keys().filter(|name| !links.parents.contains_key(*name));
    let mut roots: Vec<Tree> = roots.flat_map(|name| pruned(links.tree(name), true)).collect();
    roots.sort_by_key(Tree::rank);
    // (5)(A), (5)(B)
    let mut table: BTreeMap<String, usize> = BTreeMap::new();
    for (at, this) in roots.iter().enumerate() {
        let subject = this.speaker().subject.clone();
        if subject.is_empty() {
            continue;
        }
        let Some(known) = table.get(&subject).map(|known| &roots[*known]) else {
            table.insert(subject, at);
            continue;
        };
        if !known.is_empty() && (this.is_empty() || known.answers() && !this.answers()) {
            table.insert(subject, at);
        }
    }
    // (5)(C)
    let mut roots: Vec<Option<Tree>> = roots.into_iter().map(Some).collect();
    for at in 0..roots.len() {
        let Some(subject) = roots[at].as_ref().map(|tree| tree.speaker().subject.clone()) else { continue };
        let Some(place) = table.get(&subject).copied().filter(|place| *place != at) else { continue };
        let this = roots[at].take().expect("just seen");
        let mut known = roots[place].take().expect("what the table names is a root");
        if known.is_empty() && this.is_empty() {
            known.under.extend(this.under);
        } else if known.is_empty() || this.answers() && !known.answers() {
            known.under.push(this);
        } else {
            known = Tree { letter: None, under: vec![known, this] };
        }
        roots[place] = Some(known);
    }
    // (6)
    let mut roots: Vec<Tree> = roots.into_iter().flatten().collect();
    roots.iter_mut().for_each(Tree::sort);
    roots.sort_by_key(Tree::rank);
    read(&roots)
}
