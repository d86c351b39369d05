//! Read receipts (RFC 8098): a patient's first opening of a letter is told to whoever asked for it. The
//! patient is not asked (DOMAIN §2.6); the page tells them.
//!
//! That a receipt is owed is written with the letter; that it left, with the opening: one receipt a
//! letter, whoever opens it first (DESIGN §4, step 6).

mod asked;
#[cfg(test)]
mod tests;
mod texts;

pub(crate) use asked::owed_to;

use crate::reports::PreparedReport;
use crate::visible::store::{self, Owed};
use crate::{Error, Relay, Visitor};
use names::{ConversationId, EntryId, Timestamp};
use wire::mime::Head;
use wire::mime::compose::Person;
use wire::mime::report::{self, Cover, Disposition, Receipt};

/// A letter that is opened for the first time, and the receipt that leaves for it.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    pub(crate) entry: EntryId,
    pub(crate) receipt: Option<PreparedReport>,
}

impl Relay {
    /// Of the letters of a conversation that this visitor may see, those whose first opening somebody
    /// waits for. One that is hidden from them stays unopened: it has not been shown.
    pub(crate) async fn openings(
        &self,
        visitor: &Visitor,
        conversation: ConversationId,
        now: Timestamp,
    ) -> Result<Vec<Opening>, Error> {
        let what = "looking for receipts that are owed";
        let mut tx = self.mailstore().db().read().await.map_err(|cause| Error::Database { what, cause })?;
        let owed = store::unopened(&mut tx, visitor.account).await;
        let owed = owed.map_err(|cause| Error::Database { what, cause })?;
        drop(tx);
        if owed.is_empty() {
            return Ok(Vec::new());
        }
        let shown = self.mailstore().letters(visitor.account, conversation, visitor.viewer()).await;
        let shown = shown.map_err(|cause| Error::Store { what, cause })?;
        let mut openings = Vec::new();
        for owed in owed.iter().filter(|owed| shown.iter().any(|row| row.entry.id == owed.entry)) {
            let receipt = if owed.receipt { self.receipt(visitor, owed, now).await? } else { None };
            openings.push(Opening { entry: owed.entry, receipt });
        }
        Ok(openings)
    }

    /// For which of these letters a receipt left.
    pub async fn receipts_sent(&self, letters: &[EntryId]) -> Result<Vec<EntryId>, Error> {
        let what = "looking for receipts that left";
        let mut tx = self.mailstore().db().read().await.map_err(|cause| Error::Database { what, cause })?;
        store::receipts(&mut tx, letters).await.map_err(|cause| Error::Database { what, cause })
    }

    async fn receipt(
        &self,
        visitor: &Visitor,
        owed: &Owed,
        now: Timestamp,
    ) -> Result<Option<PreparedReport>, Error> {
        let blocks = self.mailstore().header_blocks(visitor.account, &[owed.head]).await;
        let blocks = blocks.map_err(|cause| Error::Store { what: "opening a letter's head", cause })?;
        let block = blocks.into_iter().flatten().next();
        let Some(head) = block.and_then(|block| Head::parse(block.to_vec()).ok()) else { return Ok(None) };
        let Some(to) = asked::asking(&head) else { return Ok(None) };
        let original_id = head.message_id();
        let cover = Cover {
            // RFC 8098 §3: the From of a receipt is whoever it is made for, also when a parent opened.
            from: Person { name: &visitor.name, address: &visitor.address },
            to: &to,
            subject: texts::SUBJECT,
            message_id: &self.message_id(self.queue_id(now)),
            original_message_id: original_id.as_deref(),
            text: &texts::text(&visitor.name, &owed.queue.to_string()),
            original_head: Some(head.bytes()),
        };
        let receipt = Receipt {
            recipient: &visitor.address,
            original_recipient: None,
            disposition: Disposition::Displayed,
        };
        let composed = report::receipt(&cover, self.inner().hostname.as_str(), &receipt, now);
        self.prepare_report(&to, &composed, owed.queue, now).await
    }
}
