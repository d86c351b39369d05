//! National extracts into the directory: read and sort, compare with what is there, write what differs into
//! a generation that nobody sees, put it in force by one row.
//!
//! ```text
//! files ──read──► facts ──sort──► entries ──compare──► plan ──write──► rows ──index──► flip ──► sweep
//!        wrong lines to the rejects file    └ dry run ends here
//! ```
//!
//! Memory does not grow with the files: facts are sorted in files of their own, entries are compared and
//! written some thousands at a time. Writing is done in units of some milliseconds, between which letters
//! pass; all other work on one thread that gives way to letters. An import that was stopped goes on when the same files are imported again, or is dropped.

mod activities;
mod aliases;
mod apply;
mod aside;
mod changes;
mod fact;
mod fhir;
mod fields;
mod group;
mod ids;
mod known;
mod lines;
mod mailboxes;
mod plan;
mod planned;
mod read;
mod rejects;
mod scratch;
mod sorter;
#[cfg(test)]
mod tests;
mod zip;

use std::path::PathBuf;
use std::sync::Arc;

use db::Db;
use names::{Clock, Timestamp};

use crate::{Error, limits, store};

use aside::Stop;
pub(crate) use aside::slow;
pub(crate) use ids::luhn;

pub use crate::store::imports::{Finished, Unfinished, finished, unfinished};
pub use apply::Ready;
pub use planned::{Counts, Planned};

/// What is to be imported.
#[derive(Clone, Debug)]
pub struct Order {
    /// The extracts; each is known by its first line.
    pub files: Vec<PathBuf>,
    /// Where lines that are left out are written.
    pub rejects: PathBuf,
    /// A folder for sorting: some times as large as the files, on a local disk. What an import makes there
    /// goes away with it.
    pub scratch: PathBuf,
    /// How much may go.
    pub removals: Removals,
}

/// How many entries or mailboxes an import may remove.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Removals {
    /// So many per cent of those there are.
    UpTo(u8),
    /// All that the files do not name.
    Any,
}

impl Default for Removals {
    fn default() -> Self {
        Self::UpTo(limits::REMOVED_PERCENT)
    }
}

/// What an import is doing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Phase {
    /// Lines are read and sorted; counted in octets.
    Reading,
    /// Entries are compared with those in force.
    Comparing,
    /// Changes are written.
    Writing,
    /// Addresses of mailboxes are written.
    Addresses,
    /// The index is built.
    Indexing,
    /// Versions that nobody reads any more are removed.
    Sweeping,
}

/// How far it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// How much of it.
    pub done: u64,
    /// Of how much; zero when that is not known.
    pub total: u64,
}

/// Whoever wants to hear how far it is; called often, must not block.
pub type Teller = Arc<dyn Fn(Progress) + Send + Sync>;

/// Why an import did not go in. Nothing of it is seen, whatever the reason.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The directory failed.
    #[error("the directory failed")]
    Register(#[source] Error),
    /// A file cannot be read or written.
    #[error("cannot use {path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The first line is that of no extract.
    #[error(
        "{0} is neither an extract of mailboxes nor one of activities, whose first line names their columns, nor a bundle \
         of FHIR"
    )]
    NotAnExtract(PathBuf),
    /// Somebody else imports.
    #[error("another import is under way ({files}); wait for its end")]
    Busy {
        /// What it imports.
        files: String,
    },
    /// An earlier import stopped half way.
    #[error(
        "an import of {files}, begun {}, has not ended: import the same files again to go on with it, or drop it",
        started_at.rfc3339()
    )]
    Unfinished {
        /// What it was importing.
        files: String,
        /// When it began.
        started_at: Timestamp,
    },
    /// The directory changed while this import was being compared, or another process took it over.
    #[error("the directory changed while this import was prepared: import again")]
    Overtaken,
    /// More would go than may.
    #[error(
        "{removed} of {of} {what} would be removed, more than {percent} %: look at the files, or allow it with \
         --allow-removals"
    )]
    Brake {
        /// Entries or mailboxes.
        what: &'static str,
        /// How many would go.
        removed: i64,
        /// Of how many.
        of: i64,
        /// How many per cent may.
        percent: u8,
    },
}

impl Failed {
    /// A file of the import's own.
    pub(crate) fn scratch(cause: std::io::Error) -> Self {
        Self::File { path: PathBuf::from("a file for sorting"), cause }
    }
}

impl From<Error> for Failed {
    fn from(cause: Error) -> Self {
        Self::Register(cause)
    }
}

impl From<db::Error> for Failed {
    fn from(cause: db::Error) -> Self {
        Self::Register(cause.into())
    }
}

/// What works on imports.
#[derive(Clone)]
pub struct Importer {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) teller: Teller,
    stop: Stop,
}

impl Importer {
    /// Imports into this database.
    #[must_use]
    pub fn new(db: Db, clock: Clock, teller: Teller) -> Self {
        Self { db, clock, teller, stop: Stop::default() }
    }

    /// Reads the files and says what would change. Nothing is written but the rejects.
    pub async fn plan(&self, order: &Order) -> Result<Planned, Failed> {
        let (importer, order) = (self.clone(), order.clone());
        aside::aside(|stop| async move {
            store::imports::free(&mut importer.db.read().await?, importer.clock.now()).await?;
            let importer = Self { stop: stop.clone(), ..importer };
            let teller = Arc::clone(&importer.teller);
            let generation = store::pointer(&mut importer.db.read().await?).await?.generation;
            let kept = store::aliases::all(&importer.db, generation).await?;
            let known = aliases::Aliases::kept(kept, generation);
            let read = slow(|| read::read(&order, known, teller, stop)).await?;
            plan::compare(&importer, &order, read).await
        })
        .await
    }

    /// Writes what was planned into a generation of its own, and its index. [`Ready::flip`] puts it in force.
    pub async fn apply(&self, planned: Planned) -> Result<Ready, Failed> {
        let importer = self.clone();
        aside::aside(|stop| async move { apply::apply(&Self { stop, ..importer }, planned).await }).await
    }

    /// Removes versions that nobody reads any more; after a flip.
    pub async fn sweep(&self) -> Result<u64, Failed> {
        self.tell(Phase::Sweeping, 0, 0);
        store::sweep::sweep(&self.db).await
    }

    /// Takes an import back that stopped half way; answers the files it was of, none when there is none.
    pub async fn drop_unfinished(&self) -> Result<Option<String>, Failed> {
        let generation = unfinished(&mut self.db.read().await?).await?.map(|known| known.generation);
        let dropped = store::sweep::drop_unfinished(&self.db, self.clock.now()).await?;
        if let (Some(generation), Some(_)) = (generation, &dropped) {
            crate::index::forget(&self.db, generation).await?;
        }
        Ok(dropped)
    }

    /// Writes a unit, then rests as long as it took when others wrote meanwhile: a letter waits for the writer behind one
    /// unit of an import, not behind one after the other.
    pub(crate) async fn write<U: db::Unit>(&self, unit: U) -> Result<U::Output, U::Error> {
        let ((_, before), begun) = (self.db.commits_and_units(), tokio::time::Instant::now());
        let written = self.db.write(unit).await?;
        let (_, units) = self.db.commits_and_units();
        if units > before + 1 {
            let most = std::time::Duration::from_millis(limits::IMPORT_RESTS);
            tokio::time::sleep(begun.elapsed().min(most)).await;
        }
        Ok(written)
    }

    /// The time for what is written next. Whoever dropped the import finds nothing written that is dated later than that.
    pub(crate) fn now(&self) -> Result<Timestamp, Failed> {
        let now = self.clock.now();
        // Looked at after the clock: time that passed behind the drop is never told.
        self.stop.asked()?;
        Ok(now)
    }

    /// Whether somebody still waits for the import.
    pub(crate) fn is_wanted(&self) -> bool {
        self.stop.asked().is_ok()
    }

    pub(crate) fn tell(&self, phase: Phase, done: u64, total: u64) {
        (self.teller)(Progress { phase, done, total });
    }
}

/// Which extract.
#[cfg(test)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Covered {
    Mailboxes,
    Activities,
}

/// Reads one line: whether its check digits hold, or what is wrong with it.
#[cfg(test)]
pub(crate) fn read_line(covered: Covered, header: &str, line: &str) -> Result<bool, &'static str> {
    match covered {
        Covered::Mailboxes => {
            assert!(mailboxes::is_header(header), "{header}");
            mailboxes::read(line).map(|read| read.check == ids::Check::Holds)
        }
        Covered::Activities => {
            let columns = activities::Columns::of(header).expect("a header of activities");
            activities::read(line, &columns).map(|read| read.check == ids::Check::Holds)
        }
    }
}
