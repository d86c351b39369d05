//! Walking through a folder to search it: pages of rows with what was sealed of them. The keys of
//! SEARCH are evaluated by whoever asks; no plaintext index is kept (DESIGN §2.3).

use bytes::Bytes;
use names::AccountId;

use crate::fetch::Part;
use crate::{BodyReader, EntryRow, Error, Mailstore, limits};

/// Some messages of one account, page after page. Every kind of page walks on from where the last
/// one ended; an empty page is the end. A message removed meanwhile is left out.
#[derive(Debug)]
pub struct Pages {
    store: Mailstore,
    account: AccountId,
    rows: std::vec::IntoIter<EntryRow>,
}

impl Mailstore {
    /// Walks through these messages of an account.
    #[must_use]
    pub fn pages(&self, account: AccountId, rows: Vec<EntryRow>) -> Pages {
        Pages { store: self.clone(), account, rows: rows.into_iter() }
    }
}

impl Pages {
    /// The next page with summaries: for subjects, addresses, dates.
    pub async fn summaries(&mut self) -> Result<Vec<(EntryRow, Bytes)>, Error> {
        self.parts(Part::Summary).await
    }

    /// The next page with header blocks: for any header.
    pub async fn header_blocks(&mut self) -> Result<Vec<(EntryRow, Bytes)>, Error> {
        self.parts(Part::Block).await
    }

    /// The next (smaller) page with header blocks and bodies: for text.
    pub async fn letters(&mut self) -> Result<Vec<(EntryRow, Bytes, BodyReader)>, Error> {
        while let Some(rows) = self.take(limits::BODY_PAGE) {
            let (heads, ids): (Vec<_>, Vec<_>) = rows.iter().map(|row| (row.head, row.body)).unzip();
            let blocks = self.store.header_blocks(self.account, &heads).await?;
            let bodies = self.store.bodies(self.account, &ids).await?;
            let parts = rows.into_iter().zip(blocks.into_iter().zip(bodies));
            let page: Vec<_> = parts.filter_map(|(row, (block, body))| Some((row, block?, body?))).collect();
            if !page.is_empty() {
                return Ok(page);
            }
        }
        Ok(Vec::new())
    }

    async fn parts(&mut self, part: Part) -> Result<Vec<(EntryRow, Bytes)>, Error> {
        while let Some(rows) = self.take(limits::PAGE) {
            let heads: Vec<_> = rows.iter().map(|row| row.head).collect();
            let found = self.store.parts(part, self.account, &heads).await?;
            let page: Vec<_> =
                rows.into_iter().zip(found).filter_map(|(row, part)| Some((row, part?))).collect();
            if !page.is_empty() {
                return Ok(page);
            }
        }
        Ok(Vec::new())
    }

    fn take(&mut self, count: usize) -> Option<Vec<EntryRow>> {
        let rows: Vec<EntryRow> = self.rows.by_ref().take(count).collect();
        (!rows.is_empty()).then_some(rows)
    }
}
