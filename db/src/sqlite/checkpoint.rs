//! Copying the write-ahead log back into the file while little is written.
//!
//! SQLite does it by itself when the log is full, inside a commit that letters wait for; and until then each
//! page that is read is looked for in the log first, the longer the log the longer (ADR 0020). Done beside the
//! writer whenever it writes little, neither is felt: people who read write lines of the trail, and nothing else.

use super::connection::{self, Access, Log};
use super::writer::Health;
use crate::{Cause, Durability, limits};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use tokio::time::sleep;

/// What says when the log is copied back, and does it.
pub(crate) struct Checkpoints {
    path: PathBuf,
    durability: Durability,
    health: Weak<Health>,
    /// Commits when what waited was copied, or too little to bother.
    settled: u64,
    /// Pages in the log when it last looked.
    pages: i64,
}

/// What is to be done with the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Due {
    Now,
    /// Not before something more is written.
    Later,
    /// Letters come in by the thousand; it is looked again.
    Busy,
}

impl Checkpoints {
    pub(crate) fn of(path: PathBuf, durability: Durability, health: &Arc<Health>) -> Self {
        Self { path, durability, health: Arc::downgrade(health), settled: 0, pages: 0 }
    }

    /// Looks again and again, until the writer is gone.
    pub(crate) async fn keep(mut self) {
        loop {
            sleep(limits::CHECKPOINT_LOOK).await;
            let Some(health) = self.health.upgrade() else { return };
            let commits = health.commits.load(Ordering::Relaxed);
            if commits == self.settled {
                continue;
            }
            let (path, durability, before) = (self.path.clone(), self.durability, self.pages);
            match tokio::task::spawn_blocking(move || look(&path, durability, before)).await {
                Ok(Ok((log, due))) => {
                    self.pages = log.pages;
                    if due != Due::Busy {
                        self.settled = commits;
                    }
                }
                Ok(Err(cause)) => failed(&cause, &health),
                Err(panicked) => tracing::error!(error = %panicked, "the log could not be copied back"),
            }
        }
    }
}

/// Looks at the log, of which `before` pages were known, and copies it back when that is due.
fn look(path: &Path, durability: Durability, before: i64) -> Result<(Log, Due), Cause> {
    let connection = connection::open(path, Access::Write, durability)?;
    let log = connection.log()?;
    let due = due(before, log);
    if due == Due::Now {
        connection.copy_log()?;
    }
    Ok((log, due))
}

fn due(before: i64, log: Log) -> Due {
    // A log that is shorter than it was began anew.
    let lately = if log.pages < before { log.pages } else { log.pages - before };
    if lately > limits::CHECKPOINT_QUIET {
        return Due::Busy;
    }
    if log.pages - log.copied >= limits::CHECKPOINT_PAGES { Due::Now } else { Due::Later }
}

fn failed(cause: &Cause, health: &Health) {
    tracing::error!(error = %cause, "the log could not be copied back");
    if cause.is_disk_failure() {
        // As after a commit: the state of the disk is unknown (RELIABILITY lesson 4).
        health.dead.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_due_when_little_was_written_since_the_last_look_and_enough_waits() {
        let (quiet, enough) = (limits::CHECKPOINT_QUIET, limits::CHECKPOINT_PAGES);
        let due = |before, pages, copied| due(before, Log { pages, copied });
        assert_eq!(due(0, enough - 1, 0), Due::Later, "too little to bother");
        assert_eq!(due(0, enough, 0), Due::Now);
        assert_eq!(due(enough, enough + quiet + 1, 0), Due::Busy, "letters are coming in");
        assert_eq!(due(enough, enough + quiet, 0), Due::Now, "lines of the trail only");
        assert_eq!(due(enough, enough + quiet, enough + quiet), Due::Later, "all is copied");
        assert_eq!(due(9 * quiet, enough, 0), Due::Now, "the log began anew");
        assert_eq!(due(9 * quiet, quiet + 1, 0), Due::Busy);
    }

    #[test]
    fn a_log_is_copied_back_while_lines_of_the_trail_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let writer = connection::open(&path, Access::Write, Durability::ProcessCrash).unwrap();
        writer.raw("CREATE TABLE t (a BLOB)").unwrap();
        let mut before = 0;
        for _second in 0..6 {
            for _line in 0..500 {
                writer.raw("INSERT INTO t VALUES (randomblob(500))").unwrap();
            }
            before = look(&path, Durability::ProcessCrash, before).unwrap().0.pages;
        }
        let log = writer.log().unwrap();
        assert!(log.pages - log.copied < limits::CHECKPOINT_PAGES, "{log:?}");
    }
}
