//! Walking through a folder to search it: pages of rows with what was sealed of them. The keys of
//! SEARCH are evaluated by whoever asks; no plaintext index is kept (DESIGN §2.3).

use bytes::Bytes;
use names::AccountId;

use crate::{BodyReader, EntryRow, Error, Mailstore, limits};

/// Some messages of one account, page after page.
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
    /// The next page with summaries: for subjects, addresses, dates. Empty at the end. A message
    /// removed meanwhile is left out.
    pub async fn summaries(&mut self) -> Result<Vec<(EntryRow, Bytes)>, Error> {
        loop {
            let rows: Vec<EntryRow> = self.rows.by_ref().take(limits::PAGE).collect();
            let heads: Vec<_> = rows.iter().map(|row| row.head).collect();
            let found = self.store.summaries(self.account, &heads).await?;
            let end = rows.is_empty();
            let page: Vec<_> =
                rows.into_iter().zip(found).filter_map(|(row, found)| Some((row, found?))).collect();
            if end || !page.is_empty() {
                return Ok(page);
            }
        }
    }

    /// The next page with header blocks: for any header. Likewise.
    pub async fn header_blocks(&mut self) -> Result<Vec<(EntryRow, Bytes)>, Error> {
        loop {
            let rows: Vec<EntryRow> = self.rows.by_ref().take(limits::PAGE).collect();
            let heads: Vec<_> = rows.iter().map(|row| row.head).collect();
            let found = self.store.header_blocks(self.account, &heads).await?;
            let end = rows.is_empty();
            let page: Vec<_> =
                rows.into_iter().zip(found).filter_map(|(row, found)| Some((row, found?))).collect();
            if end || !page.is_empty() {
                return Ok(page);
            }
        }
    }

    /// The next (smaller) page with header blocks and bodies: for text. Likewise.
    pub async fn letters(&mut self) -> Result<Vec<(EntryRow, Bytes, BodyReader)>, Error> {
        loop {
            let rows: Vec<EntryRow> = self.rows.by_ref().take(limits::BODY_PAGE).collect();
            let heads: Vec<_> = rows.iter().map(|row| row.head).collect();
            let ids: Vec<_> = rows.iter().map(|row| row.body).collect();
            let blocks = self.store.header_blocks(self.account, &heads).await?;
            let bodies = self.store.bodies(self.account, &ids).await?;
            let end = rows.is_empty();
            let parts = rows.into_iter().zip(blocks.into_iter().zip(bodies));
            let page: Vec<_> = parts.filter_map(|(row, (block, body))| Some((row, block?, body?))).collect();
            if end || !page.is_empty() {
                return Ok(page);
            }
        }
    }
}
