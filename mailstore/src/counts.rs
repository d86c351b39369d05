//! What the counters of a conversation count, for the patient and for who acts for them.
//!
//! A letter hidden from representatives is one of the patient's letters all the same: each of the two
//! kinds of eyes has counters of its own, so that neither misses a letter nor hears of one (DESIGN
//! §2.5, Secrecy; RELIABILITY D-02).

use std::collections::BTreeMap;

use names::ConversationId;

use crate::{Error, Hidden, Mailstore, Viewer};

/// How far the counters of one conversation move.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Counts {
    /// What the patient sees.
    pub(crate) own: Count,
    /// What who acts for them sees: never more than the patient.
    pub(crate) shared: Count,
}

/// Letters, and those not read yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Count {
    pub(crate) letters: i64,
    pub(crate) unread: i64,
}

impl Counts {
    /// Moves the counters of those from whom a letter is not hidden.
    pub(crate) fn add(&mut self, hidden: Hidden, letters: i64, unread: i64) {
        if !hidden.from(Viewer::Patient) {
            self.own.letters += letters;
            self.own.unread += unread;
        }
        if hidden == Hidden::NONE {
            self.shared.letters += letters;
            self.shared.unread += unread;
        }
    }
}

impl Mailstore {
    /// Moves the counters of these conversations.
    pub(crate) async fn count_letters(
        &self,
        tx: &mut db::Tx,
        counts: BTreeMap<ConversationId, Counts>,
    ) -> Result<(), Error> {
        const COUNT: &str = "UPDATE conversation SET letters = letters + $2, unread = unread + $3,
            shared_letters = shared_letters + $4, shared_unread = shared_unread + $5 WHERE id = $1";
        for (id, moved) in counts.into_iter().filter(|(_, moved)| *moved != Counts::default()) {
            let (own, shared) = (moved.own, moved.shared);
            let args = db::args![id, own.letters, own.unread, shared.letters, shared.unread];
            tx.execute(COUNT, args).await?;
        }
        Ok(())
    }
}
