//! Folders as sessions see them: the rows of a folder at one modification sequence, shared by every
//! session that opens it, kept for the next.
//!
//! Every change of a folder moves its modification sequence in the same transaction, so a view whose
//! sequence is the row's is exact, in any process. An older view is brought up to date by what changed.

use std::sync::Arc;

use names::{AccountId, FolderId};

use crate::since::Changes;
use crate::{EntryRow, Error, Folder, Mailstore, Uid};

/// A folder at one modification sequence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FolderView {
    /// Its account.
    pub account: AccountId,
    /// The folder.
    pub folder: FolderId,
    /// UIDVALIDITY.
    pub uidvalidity: u32,
    /// UIDNEXT.
    pub uid_next: Uid,
    /// HIGHESTMODSEQ: what the rows are true for.
    pub modseq: i64,
    /// Its messages, by uid: the n-th is message sequence number n + 1.
    pub rows: Vec<EntryRow>,
}

impl FolderView {
    /// The row of a uid, if it is in the view.
    #[must_use]
    pub fn row(&self, uid: Uid) -> Option<&EntryRow> {
        self.rows.binary_search_by_key(&uid, |row| row.uid).ok().map(|at| &self.rows[at])
    }

    fn weight(&self) -> usize {
        let keywords: usize = self.rows.iter().map(|row| row.marks.keyword_octets()).sum();
        (self.rows.len() + 1) * size_of::<EntryRow>() + keywords
    }

    /// This view after `changes`, which begin where it stands.
    fn after(&self, changes: Changes) -> Vec<EntryRow> {
        let mut changed = changes.rows.into_iter().peekable();
        let mut gone = changes.gone.into_iter().peekable();
        let mut rows = Vec::with_capacity(self.rows.len() + changed.len());
        for row in &self.rows {
            while gone.next_if(|run| run.1 < row.uid).is_some() {}
            if gone.peek().is_some_and(|run| run.0 <= row.uid) {
                continue;
            }
            rows.push(changed.next_if(|new| new.uid == row.uid).unwrap_or_else(|| row.clone()));
        }
        rows.extend(changed);
        rows
    }
}

impl Mailstore {
    /// The folder as it stands now: what SELECT answers from, and FETCH finds heads and bodies by.
    /// From memory when nothing changed since somebody looked.
    pub async fn view(&self, account: AccountId, folder: FolderId) -> Result<Arc<FolderView>, Error> {
        const FOLDER: &str =
            "SELECT modseq, uid_next, uidvalidity FROM folder WHERE account = $1 AND id = $2";
        let known = self.known_view(account, folder);
        let mut tx = self.db().read().await?;
        let row = tx.maybe_row(FOLDER, db::args![account, folder]).await?.ok_or(Error::NoFolder)?;
        let modseq = row.int(0)?;
        let rows = match &known {
            Some(known) if known.modseq == modseq => return Ok(known.clone()),
            Some(known) if known.modseq < modseq => {
                match self.changes_in(&mut tx, account, folder, known.modseq).await? {
                    Some(changes) => known.after(changes),
                    None => self.entries_in(&mut tx, account, folder).await?,
                }
            }
            // A sequence that went back is another database than the one remembered: look anew.
            Some(_) | None => self.entries_in(&mut tx, account, folder).await?,
        };
        let unreadable = |_| Error::Unreadable { what: "folder", id: folder.0 };
        let view = Arc::new(FolderView {
            account,
            folder,
            uidvalidity: u32::try_from(row.int(2)?).map_err(unreadable)?,
            uid_next: Uid(u32::try_from(row.int(1)?).map_err(unreadable)?),
            modseq,
            rows,
        });
        self.views_in_memory().put(folder, view.clone(), view.weight());
        Ok(view)
    }

    /// The folder as it stood when its row was read, or later: from memory, without a question, when
    /// nothing changed since somebody looked.
    pub async fn view_of(&self, account: AccountId, row: &Folder) -> Result<Arc<FolderView>, Error> {
        match self.known_view(account, row.id) {
            Some(known) if known.modseq == row.modseq && known.uidvalidity == row.uidvalidity => Ok(known),
            Some(_) | None => self.view(account, row.id).await,
        }
    }

    fn known_view(&self, account: AccountId, folder: FolderId) -> Option<Arc<FolderView>> {
        let known = self.views_in_memory().all([folder].into_iter(), |view| view.weight()).pop().flatten();
        known.filter(|view| view.account == account)
    }
}
