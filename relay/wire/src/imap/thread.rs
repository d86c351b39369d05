//! Conversations, found by references or by subjects (RFC 5256 §3, after JWZ).
//!
//! Pure and bounded: Message-IDs are kept as 64-bit hashes, links as numbers, and nothing recurses: a
//! chain of 100,000 answers is as welcome as a hundred thousand letters alone.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};

use super::limits;
use super::scan::{Cursor, Fault, Parsed};

/// How letters are gathered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadBy {
    /// `ORDEREDSUBJECT`
    OrderedSubject,
    /// `REFERENCES`
    References,
}

/// One place of a thread, in the order of reading: a place comes before the places under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threaded {
    /// The message; none where one is missing and only holds others together.
    pub uid: Option<u32>,
    /// How many places stand directly under it.
    pub children: u32,
}

/// A letter to be put in its place.
#[derive(Clone, Copy, Debug)]
pub struct Threadable<'a> {
    /// Which; letters come in ascending order.
    pub uid: u32,
    /// The sent date (§2.2), in milliseconds.
    pub sent: i64,
    /// [`reference()`] of its Message-ID.
    pub id: Option<u64>,
    /// Those of its References; when there are none, the first of its In-Reply-To.
    pub references: &'a [u64],
    /// The base subject, folded.
    pub subject: &'a str,
    /// Whether the subject said that it answers or passes on.
    pub answers: bool,
}

/// The threads would take more work than one command may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tangled;

/// A Message-ID as it is compared: without brackets, quotes or escapes (RFC 5256 §3). None when it is no
/// Message-ID at all: people write "your letter of Monday" into In-Reply-To.
#[must_use]
pub fn reference(id: &str) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    let mut at = false;
    let mut bytes = id.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => {}
            b'\\' => hasher.write(&[bytes.next().unwrap_or_default()]),
            byte => {
                at |= byte == b'@';
                hasher.write(&[byte]);
            }
        }
    }
    at.then(|| hasher.finish())
}

/// `thread-alg`
pub(super) fn algorithm(cursor: &mut Cursor<'_>) -> Parsed<ThreadBy> {
    match cursor.word().as_str() {
        "ORDEREDSUBJECT" => Ok(ThreadBy::OrderedSubject),
        "REFERENCES" => Ok(ThreadBy::References),
        _ => Err(Fault::Syntax("an unknown way of threading")),
    }
}

/// No place.
const NONE: u32 = u32::MAX;

/// Letters being gathered into threads.
#[derive(Debug)]
pub struct Threads {
    by: ThreadBy,
    places: Vec<Place>,
    /// Which place has a Message-ID.
    ids: HashMap<u64, u32>,
    weight: usize,
    steps: u32,
}

#[derive(Clone, Debug)]
struct Place {
    /// 0: no letter.
    uid: u32,
    sent: i64,
    parent: u32,
    subject: Box<str>,
    answers: bool,
}

impl Place {
    fn empty() -> Self {
        Self { uid: 0, sent: 0, parent: NONE, subject: Box::default(), answers: false }
    }
}

impl Threads {
    /// Nothing yet.
    #[must_use]
    pub fn new(by: ThreadBy) -> Self {
        Self { by, places: Vec::new(), ids: HashMap::new(), weight: 0, steps: 0 }
    }

    /// Octets in memory, about, with what [`Threads::finish`] adds.
    #[must_use]
    pub fn weight(&self) -> usize {
        // A place, its list of children and its place in the lists of the end; an id in its table.
        self.weight + self.places.len() * (size_of::<Place>() + 48) + self.ids.len() * 32
    }

    /// Takes a letter.
    pub fn push(&mut self, letter: Threadable<'_>) -> Result<(), Tangled> {
        self.weight += letter.subject.len();
        let place = Place {
            uid: letter.uid,
            sent: letter.sent,
            parent: NONE,
            subject: letter.subject.into(),
            answers: letter.answers,
        };
        match self.by {
            ThreadBy::OrderedSubject => {
                self.places.push(place);
                Ok(())
            }
            ThreadBy::References => self.link(place, letter.id, letter.references),
        }
    }

    /// Steps (1)(A) and (1)(B).
    fn link(&mut self, place: Place, id: Option<u64>, references: &[u64]) -> Result<(), Tangled> {
        // Of two letters with one Message-ID, the first has it.
        let known = id.and_then(|id| self.ids.get(&id).copied());
        let own = match known.filter(|at| self.places[*at as usize].uid == 0) {
            Some(at) => {
                self.places[at as usize] = Place { parent: self.places[at as usize].parent, ..place };
                at
            }
            None => {
                let at = self.add(place);
                if let (Some(id), None) = (id, known) {
                    self.ids.insert(id, at);
                }
                at
            }
        };
        let mut before = NONE;
        for id in references {
            let at = match self.ids.get(id) {
                Some(at) => *at,
                None => {
                    let at = self.add(Place::empty());
                    self.ids.insert(*id, at);
                    at
                }
            };
            if before != NONE && self.places[at as usize].parent == NONE && !self.is_under(before, at)? {
                self.places[at as usize].parent = before;
            }
            before = at;
        }
        self.places[own as usize].parent = NONE;
        if before != NONE && !self.is_under(before, own)? {
            self.places[own as usize].parent = before;
        }
        Ok(())
    }

    fn add(&mut self, place: Place) -> u32 {
        let at = self.places.len() as u32;
        self.places.push(place);
        at
    }

    /// Whether `at` is `top` or stands somewhere under it.
    fn is_under(&mut self, mut at: u32, top: u32) -> Result<bool, Tangled> {
        loop {
            if at == top {
                return Ok(true);
            }
            at = self.places[at as usize].parent;
            if at == NONE {
                return Ok(false);
            }
            self.steps += 1;
            if self.steps > limits::THREAD_STEPS {
                return Err(Tangled);
            }
        }
    }

    /// All threads, one after another.
    #[must_use]
    pub fn finish(self) -> Vec<Threaded> {
        match self.by {
            ThreadBy::OrderedSubject => self.by_subjects(),
            ThreadBy::References => Forest::grow(self.places).read(),
        }
    }

    /// RFC 5256 §3, ORDEREDSUBJECT: the first of a subject, and all others under it.
    fn by_subjects(self) -> Vec<Threaded> {
        let mut letters = self.places;
        letters.sort_by(|a, b| (&a.subject, a.sent, a.uid).cmp(&(&b.subject, b.sent, b.uid)));
        let mut threads: Vec<&[Place]> = letters.chunk_by(|a, b| a.subject == b.subject).collect();
        threads.sort_by_key(|thread| (thread[0].sent, thread[0].uid));
        let mut read = Vec::with_capacity(letters.len());
        for thread in threads {
            read.push(Threaded { uid: Some(thread[0].uid), children: thread.len() as u32 - 1 });
            read.extend(thread[1..].iter().map(|letter| Threaded { uid: Some(letter.uid), children: 0 }));
        }
        read
    }
}

/// Places with those under them.
struct Forest {
    places: Vec<Place>,
    children: Vec<Vec<u32>>,
    roots: Vec<u32>,
}

impl Forest {
    /// Steps (2) to (6).
    fn grow(places: Vec<Place>) -> Self {
        let mut children: Vec<Vec<u32>> = vec![Vec::new(); places.len()];
        let mut roots = Vec::new();
        for (at, place) in places.iter().enumerate() {
            match children.get_mut(place.parent as usize) {
                Some(siblings) => siblings.push(at as u32),
                None => roots.push(at as u32),
            }
        }
        let mut forest = Self { places, children, roots };
        forest.prune();
        forest.sort_roots();
        forest.gather();
        forest.sort();
        forest
    }

    fn is_empty(&self, at: u32) -> bool {
        self.places[at as usize].uid == 0
    }

    /// Every place, those above before those under them.
    fn downwards(&self) -> Vec<u32> {
        let mut order = self.roots.clone();
        let mut at = 0;
        while let Some(place) = order.get(at) {
            order.extend_from_slice(&self.children[*place as usize]);
            at += 1;
        }
        order
    }

    /// Step (3): empty places go, and what stands under them moves up; but several are not made roots.
    fn prune(&mut self) {
        for at in self.downwards().into_iter().rev() {
            let children = std::mem::take(&mut self.children[at as usize]);
            let mut kept = Vec::with_capacity(children.len());
            for child in children {
                if self.is_empty(child) {
                    kept.append(&mut self.children[child as usize]);
                } else {
                    kept.push(child);
                }
            }
            self.children[at as usize] = kept;
        }
        let mut roots = Vec::with_capacity(self.roots.len());
        for root in std::mem::take(&mut self.roots) {
            match self.children[root as usize].as_slice() {
                [] if self.is_empty(root) => {}
                [only] if self.is_empty(root) => roots.push(*only),
                _ => roots.push(root),
            }
        }
        self.roots = roots;
    }

    /// The place whose date and subject count: of an empty one its first child.
    fn spokesman(&self, at: u32) -> &Place {
        let first = self.children[at as usize].first().filter(|_| self.is_empty(at));
        &self.places[*first.unwrap_or(&at) as usize]
    }

    /// What siblings are sorted by: sent date, then the order of the folder.
    fn rank(&self, at: u32) -> (i64, u32) {
        let place = self.spokesman(at);
        (place.sent, place.uid)
    }

    fn sort_children(&mut self, at: u32) {
        let mut children = std::mem::take(&mut self.children[at as usize]);
        children.sort_by_key(|child| self.rank(*child));
        self.children[at as usize] = children;
    }

    /// Step (4).
    fn sort_roots(&mut self) {
        let mut roots = std::mem::take(&mut self.roots);
        for root in &roots {
            if self.is_empty(*root) {
                self.sort_children(*root);
            }
        }
        roots.sort_by_key(|root| self.rank(*root));
        self.roots = roots;
    }

    /// Step (5): threads of one subject become one.
    fn gather(&mut self) {
        let mut table: HashMap<Box<str>, usize> = HashMap::new();
        for (index, root) in self.roots.iter().enumerate() {
            let subject = &self.spokesman(*root).subject;
            if subject.is_empty() {
                continue;
            }
            match table.get_mut(subject) {
                None => drop(table.insert(subject.clone(), index)),
                Some(known) => {
                    let before = self.roots[*known];
                    let answers = |at: u32| self.places[at as usize].answers;
                    if !self.is_empty(before) && (self.is_empty(*root) || answers(before) && !answers(*root))
                    {
                        *known = index;
                    }
                }
            }
        }
        let mut roots: Vec<Option<u32>> = self.roots.iter().copied().map(Some).collect();
        for index in 0..roots.len() {
            // The root itself as it was: what was merged into it since changes neither its subject nor it.
            let Some(root) = roots[index] else { continue };
            let Some(&first) = table.get(&self.spokesman(root).subject) else { continue };
            let Some(top) = roots[first].filter(|_| first != index) else { continue };
            let answers = |at: u32| self.places[at as usize].answers;
            match (self.is_empty(top), self.is_empty(root)) {
                (true, true) => {
                    let mut children = std::mem::take(&mut self.children[root as usize]);
                    self.children[top as usize].append(&mut children);
                }
                (true, false) => self.children[top as usize].push(root),
                (false, _) if answers(root) && !answers(top) => self.children[top as usize].push(root),
                (false, _) => {
                    let both = self.places.len() as u32;
                    self.places.push(Place::empty());
                    self.children.push(vec![top, root]);
                    roots[first] = Some(both);
                }
            }
            roots[index] = None;
        }
        self.roots = roots.into_iter().flatten().collect();
    }

    /// Step (6).
    fn sort(&mut self) {
        for at in self.downwards().into_iter().rev() {
            self.sort_children(at);
        }
        let mut roots = std::mem::take(&mut self.roots);
        roots.sort_by_key(|root| self.rank(*root));
        self.roots = roots;
    }

    fn read(&self) -> Vec<Threaded> {
        let mut read = Vec::with_capacity(self.places.len());
        let mut waiting: Vec<u32> = self.roots.iter().rev().copied().collect();
        while let Some(at) = waiting.pop() {
            let children = &self.children[at as usize];
            let uid = self.places[at as usize].uid;
            read.push(Threaded { uid: (uid != 0).then_some(uid), children: children.len() as u32 });
            waiting.extend(children.iter().rev());
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::thread_oracle::{self, Letter};
    use super::*;

    fn threads(by: ThreadBy, letters: &[Letter]) -> Result<Vec<Threaded>, Tangled> {
        let mut threads = Threads::new(by);
        for letter in letters {
            let references: Vec<u64> = letter.references.iter().filter_map(|id| reference(id)).collect();
            threads.push(Threadable {
                uid: letter.uid,
                sent: letter.sent,
                id: letter.id.as_deref().and_then(reference),
                references: &references,
                subject: &letter.subject,
                answers: letter.answers,
            })?;
        }
        Ok(threads.finish())
    }

    fn chain(count: u32) -> Vec<Letter> {
        let letter = |uid: u32| Letter {
            uid,
            sent: i64::from(uid),
            id: Some(format!("{uid}@x")),
            references: if uid > 1 { vec![format!("{}@x", uid - 1)] } else { Vec::new() },
            subject: "s".to_owned(),
            answers: uid > 1,
        };
        (1..=count).map(letter).collect()
    }

    #[test]
    fn message_ids_are_compared_without_quotes_and_must_be_ids() {
        assert_eq!(
            reference("\"01KF8JCEOCBS0045PS\"@xxx.yyy.com"),
            reference("01KF8JCEOCBS0045PS@xxx.yyy.com")
        );
        assert_eq!(reference("\"a\\\"b\"@c"), reference("\"a\\\"b\"@c"));
        assert_ne!(reference("A@c"), reference("a@c"));
        assert_eq!(reference("Monday"), None);
    }

    #[test]
    fn a_chain_of_a_hundred_thousand_letters_that_answers_its_first_is_one_thread() {
        let mut letters = chain(100_000);
        letters.iter_mut().skip(1).for_each(|letter| letter.references = vec!["1@x".to_owned()]);
        let read = threads(ThreadBy::References, &letters).unwrap();
        assert_eq!(read[0], Threaded { uid: Some(1), children: 99_999 });
        assert_eq!(read.len(), 100_000);
    }

    #[test]
    fn threads_that_cost_too_much_are_given_up() {
        assert_eq!(threads(ThreadBy::References, &chain(4_000)).unwrap().len(), 4_000);
        assert_eq!(threads(ThreadBy::References, &chain(100_000)), Err(Tangled));
    }

    fn letters() -> impl Strategy<Value = Vec<Letter>> {
        let id = || prop::sample::select(&["a@x", "b@x", "c@x", "d@x", "e@x", "f@x", "g@x"][..]);
        let letter = (
            0i64..4,
            prop::option::weighted(0.8, id()),
            prop::collection::vec(id(), 0..4),
            prop::sample::select(&["", "s", "t"][..]),
            any::<bool>(),
        );
        let letter = letter.prop_map(|(sent, id, references, subject, answers)| Letter {
            uid: 0,
            sent,
            id: id.map(str::to_owned),
            references: references.into_iter().map(str::to_owned).collect(),
            subject: subject.to_owned(),
            answers,
        });
        prop::collection::vec(letter, 0..14).prop_map(|mut letters| {
            letters.iter_mut().zip(1..).for_each(|(letter, uid)| letter.uid = uid);
            letters
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn threads_are_those_of_the_steps_of_the_rfc(letters in letters()) {
            prop_assert_eq!(threads(ThreadBy::References, &letters).unwrap(), thread_oracle::references(&letters));
        }

        #[test]
        fn subjects_are_gathered_as_the_rfc_says(letters in letters()) {
            prop_assert_eq!(
                threads(ThreadBy::OrderedSubject, &letters).unwrap(),
                thread_oracle::ordered_subject(&letters)
            );
        }
    }
}
