//! A plan that is ready: what it would do, whether it may, and where its changes stand.

use crate::import::changes::Changes;
use crate::import::scratch::Scratch;
use crate::import::sorter::Sorted;
use crate::import::{Failed, Removals};
use crate::parts::Site9;
use crate::store::Pointer;
use crate::store::imports::About;

/// What an import would do, in numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Lines read, headers apart.
    pub lines: u64,
    /// Lines left out.
    pub rejected: u64,
    /// Identifiers whose check digit is wrong, taken all the same.
    pub warnings: u64,
    /// Lines that name another FINESS of a SIRET than an earlier line: the two numbers are not joined.
    pub contradictions: u64,
    /// Entries that are now another one, under its other number.
    pub joined: i64,
    /// Entries that are new.
    pub added: i64,
    /// Entries that differ.
    pub changed: i64,
    /// Entries that go.
    pub removed: i64,
    /// Entries that stay as they are.
    pub unchanged: i64,
    /// Entries whose lines were read one by one: of the others a digest said that they are those of the day before.
    pub read: i64,
    /// Mailboxes more.
    pub mailboxes_added: i64,
    /// Mailboxes less.
    pub mailboxes_removed: i64,
    /// Entries after it.
    pub entries: i64,
    /// Mailboxes after it.
    pub mailboxes: i64,
    /// Situations of practice after it.
    pub activities: i64,
}

/// A plan, ready to be applied. What it holds on disk goes away with it.
pub struct Planned {
    pub(crate) counts: Counts,
    pub(crate) first_rejects: Vec<String>,
    pub(crate) base: Pointer,
    pub(crate) changes: Changes,
    pub(crate) addresses: Sorted,
    /// Numbers of structures to be remembered.
    pub(crate) pairs: Vec<(u64, Option<Site9>)>,
    pub(crate) about: About,
    pub(crate) brake: Result<(), Brake>,
    pub(crate) after: Pointer,
    pub(crate) _scratch: Scratch,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Brake {
    what: &'static str,
    removed: i64,
    of: i64,
    percent: u8,
}

impl From<Brake> for Failed {
    fn from(Brake { what, removed, of, percent }: Brake) -> Self {
        Self::Brake { what, removed, of, percent }
    }
}

impl Planned {
    /// What it would do.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The first lines left out, and why.
    #[must_use]
    pub fn first_rejects(&self) -> &[String] {
        &self.first_rejects
    }

    /// SHA-256 over the files.
    #[must_use]
    pub fn digest(&self) -> &[u8; 32] {
        &self.about.digest
    }

    /// Whether it may be applied: `Err` when it removes more than it may.
    pub fn allowed(&self) -> Result<(), Failed> {
        self.brake.map_err(Failed::from)
    }

    /// How many entries it changes.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::try_from(self.changes.count).unwrap_or(usize::MAX)
    }

    /// Whether it changes nothing, and teaches no number of a structure either.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.count == 0 && self.pairs.is_empty()
    }
}

/// Whether no more goes than may: a file that was cut short is not taken for the directory.
pub(crate) fn brake(removals: Removals, base: &Pointer, counts: &Counts) -> Result<(), Brake> {
    let Removals::UpTo(percent) = removals else { return Ok(()) };
    for (what, removed, of) in
        [("entries", counts.removed, base.entries), ("mailboxes", counts.mailboxes_removed, base.mailboxes)]
    {
        if removed * 100 > of * i64::from(percent) {
            return Err(Brake { what, removed, of, percent });
        }
    }
    Ok(())
}
