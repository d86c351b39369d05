//! Rows of folders kept between commands, so that opening, searching and listing a folder that has
//! not changed asks the database for one row.
//!
//! An index is right for one modification sequence of its folder; the folder's own row says whether it
//! still is. It holds nothing that is sealed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mailstore::{Changes, EntryRow, Error, Folder, Mailstore, Uid};
use names::{AccountId, FolderId};

use super::limits;

/// Every message of a folder at one modification sequence, by uid.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) modseq: i64,
    pub(super) rows: Vec<EntryRow>,
}

/// The indexes of folders used lately, within a number of rows.
#[derive(Default)]
pub(super) struct Indexes(Mutex<Held>);

#[derive(Default)]
struct Held {
    by_folder: HashMap<FolderId, (u64, Arc<Index>)>,
    rows: usize,
    clock: u64,
}

impl Indexes {
    /// The index of this folder if it is right as the folder's row stands.
    pub(super) fn fresh(&self, folder: &Folder) -> Option<Arc<Index>> {
        self.held(folder.id).filter(|index| index.modseq == folder.modseq)
    }

    /// The index of this folder, brought up to date or made.
    pub(super) async fn of(
        &self,
        store: &Mailstore,
        account: AccountId,
        folder: &Folder,
    ) -> Result<Arc<Index>, Error> {
        let old = self.held(folder.id);
        if let Some(index) = old.as_ref().filter(|index| index.modseq >= folder.modseq) {
            return Ok(Arc::clone(index));
        }
        let updated = match old {
            Some(old) => {
                let changes = store.changes(account, folder.id, old.modseq).await?;
                let rows = updated(&old.rows, changes);
                // Traces of what is gone are not kept for ever: count before believing them.
                (rows.len() == folder.messages as usize).then_some(rows)
            }
            None => None,
        };
        let rows = match updated {
            Some(rows) => rows,
            None => store.all_entries(account, folder.id).await?,
        };
        // Rows may be newer than the folder's row, which was read before; never older.
        let newest = rows.iter().map(|row| row.modseq).max().unwrap_or(0);
        let index = Arc::new(Index { modseq: newest.max(folder.modseq), rows });
        self.keep(folder.id, &index);
        Ok(index)
    }

    fn held(&self, folder: FolderId) -> Option<Arc<Index>> {
        let mut held = self.lock();
        held.clock += 1;
        let clock = held.clock;
        held.by_folder.get_mut(&folder).map(|(used, index)| {
            *used = clock;
            Arc::clone(index)
        })
    }

    fn keep(&self, folder: FolderId, index: &Arc<Index>) {
        let mut held = self.lock();
        held.clock += 1;
        let entry = (held.clock, Arc::clone(index));
        held.rows += weight(index);
        if let Some((_, old)) = held.by_folder.insert(folder, entry) {
            held.rows -= weight(&old);
        }
        while held.rows > limits::INDEXED_ROWS && held.by_folder.len() > 1 {
            let oldest = held.by_folder.iter().min_by_key(|(_, (used, _))| *used).map(|(folder, _)| *folder);
            let Some((_, gone)) = oldest.and_then(|folder| held.by_folder.remove(&folder)) else { break };
            held.rows -= weight(&gone);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An empty folder has its cost too.
fn weight(index: &Index) -> usize {
    index.rows.len() + 8
}

/// The rows after these changes. Both are sorted by uid.
fn updated(old: &[EntryRow], changes: Changes) -> Vec<EntryRow> {
    let mut rows = Vec::with_capacity(old.len() + changes.rows.len());
    let mut gone = changes.expunged;
    gone.sort_unstable();
    let mut changed = changes.rows.into_iter().peekable();
    for row in old {
        while let Some(new) = changed.next_if(|new| new.uid < row.uid) {
            rows.push(new);
        }
        match changed.next_if(|new| new.uid == row.uid) {
            Some(new) => rows.push(new),
            None if is_gone(&gone, row.uid) => {}
            None => rows.push(row.clone()),
        }
    }
    rows.extend(changed);
    rows
}

fn is_gone(gone: &[Uid], uid: Uid) -> bool {
    gone.binary_search(&uid).is_ok()
}
