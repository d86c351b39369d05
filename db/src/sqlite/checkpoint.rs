//! Copying the write-ahead log back into the file while little is written.
//!
//! SQLite does it by itself when the log is full, inside a commit that letters wait for; and until then each
//! page that is read is looked for in the log first. Done in quiet moments and beside the writer, neither is felt.

use super::connection::{self, Access};
use super::writer::Health;
use crate::{Cause, Durability, limits};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use tokio::time::sleep;

/// What a quiet moment is told by, and what is done in it.
pub(crate) struct Checkpoints {
    path: PathBuf,
    durability: Durability,
    health: Weak<Health>,
    /// Commits when it last looked.
    seen: u64,
    /// Commits when what waited was copied, or too little to bother.
    copied: u64,
}

impl Checkpoints {
    pub(crate) fn of(path: PathBuf, durability: Durability, health: &Arc<Health>) -> Self {
        Self { path, durability, health: Arc::downgrade(health), seen: 0, copied: 0 }
    }

    /// Looks again and again, until the writer is gone.
    pub(crate) async fn keep(mut self) {
        loop {
            sleep(limits::CHECKPOINT_LOOK).await;
            let Some(health) = self.health.upgrade() else { return };
            if !self.is_due(health.commits.load(Ordering::Relaxed)) {
                continue;
            }
            let (path, durability) = (self.path.clone(), self.durability);
            let copied = tokio::task::spawn_blocking(move || {
                connection::open(&path, Access::Write, durability)?.checkpoint(limits::CHECKPOINT_PAGES)
            });
            match copied.await {
                Ok(Ok(())) => self.copied = self.seen,
                Ok(Err(cause)) => failed(&cause, &health),
                Err(panicked) => tracing::error!(error = %panicked, "the log could not be copied back"),
            }
        }
    }

    /// Whether something was written since the last copy, and little since the last look.
    fn is_due(&mut self, commits: u64) -> bool {
        let lately = commits - std::mem::replace(&mut self.seen, commits);
        commits != self.copied && lately <= limits::CHECKPOINT_QUIET
    }
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
    fn it_is_due_when_little_was_written_since_the_last_look_and_not_all_is_copied() {
        let mut checkpoints =
            Checkpoints::of(PathBuf::new(), Durability::PowerCut, &Arc::new(Health::default()));
        assert!(!checkpoints.is_due(0), "nothing was ever written");
        assert!(!checkpoints.is_due(5_000), "letters are coming in");
        assert!(checkpoints.is_due(5_000 + limits::CHECKPOINT_QUIET), "hardly any");
        checkpoints.copied = checkpoints.seen;
        assert!(!checkpoints.is_due(checkpoints.copied), "all is copied");
        assert!(checkpoints.is_due(checkpoints.copied + 1));
    }
}
