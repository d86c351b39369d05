//! What becomes of a letter to a patient, visible to those who may know (DESIGN §4).
//!
//! A mailbox may follow its letters: then each letter to a patient is answered with a delivery report
//! when it is filed, and with one more if nobody opened it after some days. Nobody hears where a notice
//! went, only that it left or failed; support sees the same by number.

pub(crate) mod indicators;
mod months;
mod remind;
pub(crate) mod store;
#[cfg(test)]
mod tests;

pub use indicators::{Counts, Indicator, indicators, indicators_between};
pub use months::{DomainCounts, Figures, MailboxCounts};

use crate::alerts::store as alerts;
use db::Tx;
use mailstore::Mailstore;
use names::{AccountId, QueueId, Timestamp};

/// What became of a letter in a patient's mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    /// How many of its documents were filed. Not which: titles are health data.
    pub filed: u64,
    /// What became of the notice outside.
    pub notice: Notice,
    /// Whether somebody opened it.
    pub opened: Opened,
}

/// What became of the notice that a letter waits. Never where it went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notice {
    /// It left.
    Left,
    /// It could not leave.
    Failed,
    /// It waits to leave.
    Waits,
    /// None was due: switched off by the patient, or hidden from them.
    None,
}

/// Whether somebody opened a letter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Opened {
    /// At this instant.
    At(Timestamp),
    /// Somebody did; nobody waited for it, so nobody noted when (the trail of the account did).
    Sometime,
    /// Nobody did.
    No,
}

/// What became of the letter of this passage, that came at `arrived`, in a patient's account; none when
/// it is not there any more.
pub async fn standing(
    store: &Mailstore,
    tx: &mut Tx,
    account: AccountId,
    queue: QueueId,
    arrived: Timestamp,
) -> Result<Option<Standing>, crate::Error> {
    let what = "telling what became of a letter";
    let database = |cause| crate::Error::Database { what, cause };
    let kept = store.kept_of(tx, account, queue).await;
    let Some(kept) = kept.map_err(|cause| crate::Error::Store { what, cause })? else { return Ok(None) };
    let noted = store::opened_at(tx, account, queue).await.map_err(database)?;
    let opened = match (noted, kept.seen) {
        (Some(Some(at)), _) => Opened::At(at),
        (Some(None), _) | (None, false) => Opened::No,
        (None, true) => Opened::Sometime,
    };
    let notice = alerts::notice_since(tx, account, arrived).await.map_err(database)?;
    Ok(Some(Standing { filed: kept.documents, notice, opened }))
}
