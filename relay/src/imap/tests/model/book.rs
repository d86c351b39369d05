//! What is true: the folders as they must be, whatever the house says.

use std::collections::{BTreeMap, BTreeSet};

/// Flags and keywords of a message, as they are written.
pub(super) type Marks = BTreeSet<String>;

/// The mark of a letter that a mail program put there, which no client sets or takes off (ADR 0021).
pub(super) const APPENDED: &str = "Pli-Appended";

#[derive(Clone, Debug)]
pub(super) struct Message {
    /// Which letter it shows.
    pub(super) content: u32,
    pub(super) marks: Marks,
    /// When its marks last became others, and when somebody last set them.
    pub(super) changed: u64,
    pub(super) touched: u64,
}

#[derive(Debug, Default)]
pub(super) struct Folder {
    pub(super) name: String,
    /// Unknown until somebody is told.
    pub(super) uid_validity: Option<u32>,
    /// What it must be greater than: another life of the same name.
    pub(super) earlier_life: u32,
    /// The first UID that this story may give.
    pub(super) first: u32,
    pub(super) uid_next: u32,
    pub(super) messages: BTreeMap<u32, Message>,
    pub(super) deleted: bool,
    /// The greatest HIGHESTMODSEQ that a SELECT gave.
    pub(super) highest: u64,
    /// Marks seen at a modification sequence: they are the same for ever.
    sightings: BTreeMap<(u32, u64), Marks>,
}

impl Folder {
    pub(super) fn new(name: &str, uid_next: u32, earlier_life: u32) -> Self {
        let name = name.to_owned();
        Self { name, first: uid_next, uid_next, earlier_life, ..Self::default() }
    }

    /// UIDVALIDITY stays, and is greater than that of every earlier life.
    pub(super) fn told_validity(&mut self, told: u32) {
        assert!(told > self.earlier_life, "{}: UIDVALIDITY {told} was there before", self.name);
        let known = *self.uid_validity.get_or_insert(told);
        assert_eq!(told, known, "{}: UIDVALIDITY moved", self.name);
    }

    pub(super) fn alive(&self) -> BTreeSet<u32> {
        self.messages.keys().copied().collect()
    }

    /// A message is shown with a modification sequence.
    pub(super) fn sighted(&mut self, uid: u32, modseq: u64) {
        let Some(message) = self.messages.get(&uid) else { return };
        let later = self.sightings.range((uid, modseq + 1)..=(uid, u64::MAX)).next();
        assert!(later.is_none(), "{}: uid {uid} went back to MODSEQ {modseq}", self.name);
        let then = self.sightings.entry((uid, modseq)).or_insert_with(|| message.marks.clone());
        assert_eq!(*then, message.marks, "{}: uid {uid} has other flags at one MODSEQ", self.name);
    }
}

#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) folders: Vec<Folder>,
    /// Counts what happened.
    pub(super) tick: u64,
    /// The last letter made.
    pub(super) contents: u32,
}

/// How marks are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Add,
    Remove,
    Replace,
}

impl Book {
    /// The folders that are there, in a fixed order.
    pub(super) fn there(&self) -> Vec<usize> {
        (0..self.folders.len()).filter(|at| !self.folders[*at].deleted).collect()
    }

    pub(super) fn letter(&mut self) -> u32 {
        self.contents += 1;
        self.contents
    }

    pub(super) fn put(&mut self, folder: usize, content: u32, marks: Marks) -> u32 {
        self.tick += 1;
        let folder = &mut self.folders[folder];
        let uid = folder.uid_next;
        folder.uid_next += 1;
        folder.messages.insert(uid, Message { content, marks, changed: self.tick, touched: self.tick });
        uid
    }

    pub(super) fn take(&mut self, folder: usize, uids: &[u32]) {
        self.tick += 1;
        uids.iter().for_each(|uid| drop(self.folders[folder].messages.remove(uid)));
    }

    pub(super) fn mark(&mut self, folder: usize, uid: u32, how: How, marks: &Marks) {
        self.tick += 1;
        let Some(message) = self.folders[folder].messages.get_mut(&uid) else { return };
        let mut new = after(&message.marks, how, marks);
        std::mem::swap(&mut new, &mut message.marks);
        message.touched = self.tick;
        if new != message.marks {
            message.changed = self.tick;
        }
    }

    /// The messages there of these UIDs.
    pub(super) fn among(&self, folder: usize, uids: &[u32]) -> Vec<u32> {
        let messages = &self.folders[folder].messages;
        uids.iter().copied().filter(|uid| messages.contains_key(uid)).collect()
    }

    pub(super) fn marked(&self, folder: usize, mark: &str) -> Vec<u32> {
        let messages = self.folders[folder].messages.iter();
        messages.filter(|(_, message)| message.marks.contains(mark)).map(|(uid, _)| *uid).collect()
    }
}

/// What becomes of marks.
pub(super) fn after(old: &Marks, how: How, marks: &Marks) -> Marks {
    match how {
        How::Add => old | marks,
        How::Remove => old - marks,
        How::Replace => marks | &old.iter().filter(|mark| *mark == APPENDED).cloned().collect(),
    }
}
