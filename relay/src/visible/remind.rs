//! Telling senders that nobody opened their letter.

use super::store::{self, Owed};
use crate::alerts::store as alerts;
use crate::reports::{Action, Cause, Fate, Original, PreparedReport};
use crate::{Error, Relay};
use names::Timestamp;
use wire::mime::Head;

/// Rows of one round: what is left waits for the next.
const ROUND: u32 = 10_000;

/// "Other or undefined mailbox status" (RFC 3463 §3.3), persistent transient: the letter is where it
/// should be, and that is not enough yet.
const UNOPENED: (u8, u8, u16) = (4, 2, 0);

impl Relay {
    /// Tells the senders who follow their letters that nobody opened them in time, each once; answers how
    /// many were told. A chore calls it every hour.
    pub async fn remind_senders(&self, now: Timestamp) -> Result<u64, Error> {
        let what = "looking for letters that nobody opened";
        let mut tx = self.mailstore().db().read().await.map_err(|cause| Error::Database { what, cause })?;
        let due = store::to_remind(&mut tx, ROUND, now).await;
        let due = due.map_err(|cause| Error::Database { what, cause })?;
        drop(tx);
        let mut told = 0;
        for owed in due {
            match self.remind(owed, now).await {
                Ok(true) => told += 1,
                Ok(false) => {}
                // The others are told all the same; this one is looked at again at the next round.
                Err(error) => {
                    tracing::warn!(error = error.chain(), queue = %owed.queue, "a sender could not be told");
                }
            }
        }
        Ok(told)
    }

    /// Removes what is older than the traces of letters.
    pub async fn forget_owed(&self, now: Timestamp) -> Result<u64, Error> {
        let before = now.plus(-mailstore::limits::TRACE);
        let mut removed = 0;
        loop {
            let unit = db::unit("forget what was owed", before, |before, tx| {
                Box::pin(store::forget(tx, *before, mailstore::limits::RETENTION_PAGE))
            });
            let page = self.mailstore().db().write(unit).await;
            let page = page.map_err(|cause| Error::Database { what: "forgetting what was owed", cause })?;
            removed += page;
            if page < mailstore::limits::RETENTION_PAGE as u64 {
                return Ok(removed);
            }
        }
    }

    async fn remind(&self, owed: Owed, now: Timestamp) -> Result<bool, Error> {
        let report = self.unopened_report(&owed, now).await?;
        let unit = db::unit("tell that nobody opened a letter", (owed, report), |(owed, report), tx| {
            Box::pin(async move {
                let what = "telling that nobody opened a letter";
                let first = store::remind(tx, owed.entry).await;
                // Opened since, or told by another process.
                if !first.map_err(|cause| Error::Database { what, cause })? {
                    return Ok(false);
                }
                let Some(report) = report else { return Ok(false) };
                report.write_in(tx).await.map(|()| true)
            })
        });
        self.mailstore().db().write(unit).await
    }

    /// None when the sender follows no more, or the letter is not there any more.
    async fn unopened_report(&self, owed: &Owed, now: Timestamp) -> Result<Option<PreparedReport>, Error> {
        let what = "preparing to tell that nobody opened a letter";
        let directory = |cause| Error::Directory { what, cause };
        let Some(follower) = owed.follower else { return Ok(None) };
        let mut tx = self.mailstore().db().read().await.map_err(|cause| Error::Database { what, cause })?;
        let sender =
            self.directory().mailboxes_in(&mut tx, &[follower.mailbox]).await.map_err(directory)?.pop();
        let notice = alerts::notice_since(&mut tx, owed.account, owed.created_at).await;
        let notice = notice.map_err(|cause| Error::Database { what, cause })?;
        drop(tx);
        let Some(sender) = sender.filter(|sender| sender.followed) else { return Ok(None) };
        let patient = self.directory().patient_by_account(owed.account).await.map_err(directory)?;
        let domain = self.directory().patient_domain().await.map_err(directory)?;
        let (Some(patient), Some(domain)) = (patient, domain) else { return Ok(None) };
        let blocks = self.mailstore().header_blocks(owed.account, &[owed.head]).await;
        let blocks = blocks.map_err(|cause| Error::Store { what, cause })?;
        let block = blocks.into_iter().flatten().next();
        let Some(head) = block.and_then(|block| Head::parse(block.to_vec()).ok()) else { return Ok(None) };
        let original =
            Original { queue: owed.queue, head: Some(&head), envelope_id: None, arrived: owed.created_at };
        let fate = Fate {
            recipient: patient.address(&domain),
            original: None,
            action: Action::Delayed,
            status: UNOPENED,
            cause: Cause::Unopened(notice),
            remote: None,
            retry_until: None,
        };
        self.status_report(&sender.address, &original, &[fate], now).await
    }
}
