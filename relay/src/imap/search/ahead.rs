//! Gists of texts made before anybody searches (ADR 0040): of folders that mail programs use, when the house has
//! nothing else to do, one run after the other. The first search of a text then opens what it must, like the next.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use mailstore::{EntryRow, Error, GistOf, Mailstore, NewGist, ReadWith, Run};
use names::{AccountId, FolderId};
use net::StopSignal;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::blocks::{Block, Texts};
use super::grams::Grams;
use super::hints;
use super::sift::{beside, opened};
use crate::imap::door::ImapDoor;
use crate::imap::limits;

/// Folders that sessions used lately, and how busy the sessions are.
#[derive(Default)]
pub(in crate::imap) struct Ahead {
    /// Each once, who waits longest first.
    used: Mutex<VecDeque<(AccountId, FolderId)>>,
    came: Notify,
    asked: AtomicU64,
}

impl Ahead {
    /// A session asks for something.
    pub(in crate::imap) fn asked(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
    }

    /// A session searches: no quiet follows soon.
    pub(in crate::imap) fn searches(&self) {
        self.asked.fetch_add(limits::AHEAD_ACTS + 1, Ordering::Relaxed);
    }

    /// A session uses a folder. When too many wait it is passed over: it is used again, or searched.
    pub(in crate::imap) fn uses(&self, account: AccountId, folder: FolderId) {
        let mut used = self.lock();
        if used.len() < limits::AHEAD_FOLDERS && !used.contains(&(account, folder)) {
            used.push_back((account, folder));
            drop(used);
            self.came.notify_one();
        }
    }

    /// The next folder. Cancel-safe.
    pub(in crate::imap) async fn next(&self) -> (AccountId, FolderId) {
        loop {
            let came = self.came.notified();
            if let Some(next) = self.lock().pop_front() {
                return next;
            }
            came.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(AccountId, FolderId)>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ImapDoor {
    /// Makes gists of the folders that sessions use, while the house is quiet, until the stop.
    pub async fn look_ahead(self, mut stop: StopSignal) {
        let making = async {
            loop {
                let (account, folder) = self.ahead().next().await;
                if let Err(error) = make(&self, account, folder).await {
                    // The first search makes them.
                    tracing::warn!(door = "mailbox", folder = folder.0, %error, "gists could not be made");
                }
            }
        };
        tokio::select! {
            () = stop.given() => {}
            () = making => {}
        }
    }

    /// Makes those of the folder that waits longest.
    #[cfg(test)]
    pub(in crate::imap) async fn looked_ahead(&self) {
        let (account, folder) = self.ahead().next().await;
        make(self, account, folder).await.expect("gists are made");
    }

    /// What sessions asked for and what was written so far.
    fn acts(&self) -> u64 {
        let (_, units) = self.relay().mailstore().db().commits_and_units();
        self.ahead().asked.load(Ordering::Relaxed) + units
    }

    /// Waits until hardly anything happens.
    async fn quiet(&self) {
        loop {
            let before = self.acts();
            tokio::time::sleep(limits::AHEAD_QUIET).await;
            if self.acts().saturating_sub(before) <= limits::AHEAD_ACTS {
                return;
            }
        }
    }
}

/// Makes the text gists of a folder that are missing.
async fn make(door: &ImapDoor, account: AccountId, folder: FolderId) -> Result<(), Error> {
    let store = door.relay().mailstore();
    door.quiet().await;
    match store.folder_by_id(account, folder).await {
        Ok(row) if row.messages <= limits::VIEWED => {}
        Ok(_) | Err(Error::NoFolder) => return Ok(()),
        Err(error) => return Err(error),
    }
    let view = store.view(account, folder).await?;
    let told = store.runs_told(account, folder, GistOf::Texts).await?;
    let (mut new, mut seen) = (Vec::new(), door.acts());
    for (run, _, rows) in hints::runs(&view) {
        // A run that still grows would be made again and again.
        let is_over = Run::of(view.uid_next) > run;
        if !is_over || told.contains(&run) || rows.len() < limits::GIST_WORTH {
            continue;
        }
        let began = Instant::now();
        match of_run(store, account, run, rows).await {
            Ok(gist) => new.extend(gist),
            Err(error @ (Error::Sealed { .. } | Error::Unreadable { .. })) => {
                tracing::error!(door = "mailbox", folder = folder.0, %error, "a run has no gist");
            }
            Err(error) => return Err(error),
        }
        tokio::time::sleep(began.elapsed() * limits::AHEAD_REST).await;
        if door.acts().saturating_sub(seen) > limits::AHEAD_ACTS {
            door.quiet().await;
        }
        if new.len() >= mailstore::limits::GISTS_AT_ONCE {
            store.keep_gists(account, folder, GistOf::Texts, std::mem::take(&mut new)).await?;
        }
        seen = door.acts();
    }
    store.keep_gists(account, folder, GistOf::Texts, new).await
}

/// The gist of a run; none when one of its letters is going.
async fn of_run(
    store: &Mailstore,
    account: AccountId,
    run: Run,
    rows: &[EntryRow],
) -> Result<Option<NewGist>, Error> {
    let letters: Vec<_> = rows.iter().map(|row| (row.uid, row.head)).collect();
    let heads: Vec<_> = letters.iter().map(|(_, head)| *head).collect();
    let closed = store.closed_letters(account, &heads, ReadWith::BlockAndBody).await?;
    let made = beside(move || {
        let (mut texts, mut gathered) = (Texts::default(), Grams::new());
        for ((uid, head), closed) in letters.iter().zip(closed) {
            let Some(closed) = closed else { return Ok(None) };
            let (_, _, letter) = opened(&[], *head, closed, &mut gathered)?;
            texts.push(*uid, &letter);
        }
        let uids = letters.into_iter().map(|(uid, _)| uid).collect();
        Ok(Some(NewGist { run, uids, plain: texts.encoded() }))
    });
    made.await.unwrap_or(Ok(None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn folders_wait_once_each_in_their_order_and_not_too_many() {
        let ahead = Ahead::default();
        let account = AccountId(1);
        for folder in [7, 8, 7] {
            ahead.uses(account, FolderId(folder));
        }
        assert_eq!(ahead.next().await, (account, FolderId(7)));
        assert_eq!(ahead.next().await, (account, FolderId(8)));
        assert!(ahead.lock().is_empty());
        for folder in 0..=limits::AHEAD_FOLDERS as i64 {
            ahead.uses(account, FolderId(folder));
        }
        assert_eq!(ahead.lock().len(), limits::AHEAD_FOLDERS);
    }
}
