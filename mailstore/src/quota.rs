//! How much a mailbox holds, and how much it may. Counted from the counters of its folders, which the
//! statement that gives a letter its uid keeps anyway: no row and no statement more for a letter.
//!
//! What its user puts there stops at the quota. Letters of others come in all the same: a patient's letter
//! is not refused because a mailbox was not tidied.

use names::AccountId;

use crate::{Error, Mailstore};

/// What a mailbox holds; a letter in two of its folders counts twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Octets of its letters.
    pub octets: u64,
    /// How many they are.
    pub messages: u64,
}

/// What a mailbox may hold; no bound where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// Octets of its letters.
    pub octets: Option<u64>,
    /// How many they are.
    pub messages: Option<u64>,
}

impl Quota {
    /// Whether that much is too much.
    #[must_use]
    pub fn is_over(&self, usage: Usage) -> bool {
        self.octets.is_some_and(|most| usage.octets > most)
            || self.messages.is_some_and(|most| usage.messages > most)
    }

    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl Mailstore {
    /// What an account holds.
    pub async fn usage(&self, account: AccountId) -> Result<Usage, Error> {
        usage(&mut self.db().read().await?, account).await
    }

    /// Refuses, inside a unit and after its acts, what leaves an account with more than its quota.
    pub async fn check_quota(&self, tx: &mut db::Tx, account: AccountId, quota: &Quota) -> Result<(), Error> {
        if quota.is_none() || !quota.is_over(usage(tx, account).await?) {
            return Ok(());
        }
        Err(Error::OverQuota(account))
    }
}

async fn usage(tx: &mut db::Tx, account: AccountId) -> Result<Usage, Error> {
    const SUMS: &str =
        "SELECT CAST(COALESCE(SUM(size), 0) AS {INT}), CAST(COALESCE(SUM(messages), 0) AS {INT})
        FROM folder WHERE account = $1";
    let row = tx.row(SUMS, db::args![account]).await?;
    let count = |column| Ok::<_, Error>(u64::try_from(row.int(column)?).unwrap_or_default());
    Ok(Usage { octets: count(0)?, messages: count(1)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_is_full_beyond_a_bound_and_not_at_it() {
        let usage = Usage { octets: 10, messages: 3 };
        for (name, octets, messages, over) in [
            ("no bound", None, None, false),
            ("at both bounds", Some(10), Some(3), false),
            ("beyond one", Some(9), None, true),
            ("beyond the other", Some(10), Some(2), true),
        ] {
            assert_eq!(Quota { octets, messages }.is_over(usage), over, "{name}");
        }
    }
}
