//! Where the rows of a FETCH come from: UIDs still to come, a page of them at a time.

use std::sync::Arc;

use mailstore::{EntryRow, Error, FolderView, Mailstore, Uid};
use names::{AccountId, FolderId};
use wire::imap::UidSet;

/// Where rows come from.
pub(super) enum Rows {
    /// The folder as the store has it in memory: for many messages of a folder that is not huge.
    Viewed { view: Arc<FolderView>, wanted: Wanted },
    /// The database, page by page.
    Stored { wanted: Wanted },
}

/// UIDs still to come: ranges, and the first UID not yet taken.
pub(super) struct Wanted {
    ranges: std::vec::IntoIter<(u32, u32)>,
    open: Option<(u32, u32)>,
}

impl Rows {
    /// The next rows, at most `size`; `None` at the end. Never empty: UIDs that are gone are passed.
    pub(super) async fn next(
        &mut self,
        store: &Mailstore,
        account: AccountId,
        folder: FolderId,
        size: usize,
    ) -> Result<Option<Vec<EntryRow>>, Error> {
        loop {
            let rows: Vec<EntryRow> = match self {
                Self::Viewed { view, wanted } => {
                    let uids = wanted.take(size);
                    if uids.is_empty() {
                        return Ok(None);
                    }
                    uids.into_iter().filter_map(|uid| view.row(uid).cloned()).collect()
                }
                Self::Stored { wanted } => {
                    let uids = wanted.take(size);
                    if uids.is_empty() {
                        return Ok(None);
                    }
                    store.entries_of(account, folder, &uids).await?
                }
            };
            if !rows.is_empty() {
                return Ok(Some(rows));
            }
        }
    }
}

impl Wanted {
    pub(super) fn of(uids: &UidSet) -> Self {
        Self { ranges: uids.ranges().to_vec().into_iter(), open: None }
    }

    pub(super) fn nothing() -> Self {
        Self { ranges: Vec::new().into_iter(), open: None }
    }

    fn take(&mut self, most: usize) -> Vec<Uid> {
        let mut uids = Vec::with_capacity(most);
        while uids.len() < most {
            let Some((first, last)) = self.open.take().or_else(|| self.ranges.next()) else { break };
            let room = u32::try_from(most - uids.len()).unwrap_or(u32::MAX);
            let end = last.min(first.saturating_add(room - 1));
            uids.extend((first..=end).map(Uid));
            self.open = (end < last).then(|| (end + 1, last));
        }
        uids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wanted_uids_come_in_pages_across_ranges() {
        let mut wanted = Wanted { ranges: vec![(1, 3), (7, 7), (10, 12)].into_iter(), open: None };
        let pages: Vec<Vec<u32>> =
            std::iter::from_fn(|| Some(wanted.take(2)).filter(|page| !page.is_empty()))
                .map(|page| page.into_iter().map(|uid| uid.0).collect())
                .collect();
        assert_eq!(pages, [vec![1, 2], vec![3, 7], vec![10, 11], vec![12]]);
        let mut last = Wanted { ranges: vec![(u32::MAX - 1, u32::MAX)].into_iter(), open: None };
        assert_eq!(last.take(5), [Uid(u32::MAX - 1), Uid(u32::MAX)]);
        assert_eq!(last.take(5), []);
    }
}
