//! How much a mailbox has sent, and whether it may send more: the rule is `policy::sending`, the counts
//! are rows.

mod store;
#[cfg(test)]
mod tests;

pub(crate) use store::{Note, note_in};

use directory::Login;
use names::{AccountId, AccountKind, Address, DAY, HOUR, Timestamp};
use policy::sending::{Reached, Sent, may_send};
use policy::{Allowance, Refusal};
use seal::{HashKey, MasterKeys};
use std::sync::Arc;

use crate::Error;
use crate::intake::Relay;

/// Finds a patient among those written to without keeping who they are. Cheap to clone.
#[derive(Clone, Debug)]
pub struct PatientHashes(Arc<HashKey>);

/// One recipient too many, for now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Exhausted {
    pub(crate) refusal: Refusal,
    /// When there will be room again.
    pub(crate) until: Timestamp,
}

impl PatientHashes {
    /// Under these keys.
    #[must_use]
    pub fn new(masters: &MasterKeys) -> Self {
        Self(Arc::new(masters.hash_key("relay patients written to")))
    }

    /// None for who is no patient.
    pub(crate) fn of(&self, recipient: &Address) -> Option<[u8; 32]> {
        recipient.ins().ok().map(|_| self.0.hash(recipient.to_string().as_bytes()))
    }
}

impl Relay {
    /// Whether this login may send one more letter to this recipient, `already` among the others of the
    /// same letter. Counted when the letter is kept; letters under way at the same time may exceed the
    /// allowance by as many as there are connections.
    pub(crate) async fn may_send(
        &self,
        login: &Login,
        account: AccountId,
        recipient: &Address,
        already: &[Address],
        now: Timestamp,
    ) -> Result<Result<(), Exhausted>, Error> {
        let read = |cause| Error::Database { what: "counting what was sent", cause };
        let hashes = &self.inner().patients;
        let patient = hashes.of(recipient).filter(|_| !already.contains(recipient));
        let mut tx = self.mailstore().db().read().await.map_err(read)?;
        let letters = store::letters(&mut tx, account, now).await.map_err(read)?;
        let this_hour = store::hour(now);
        let in_hour = letters.iter().filter(|(hour, _)| *hour == this_hour).map(|(_, count)| count);
        let mut sent = Sent {
            letters_in_hour: in_hour.sum::<i64>().unsigned_abs(),
            letters_in_day: letters.iter().map(|(_, count)| count).sum::<i64>().unsigned_abs(),
            patients_in_day: 0,
        };
        let mut reached = Reached::Known;
        if let Some(patient) = patient
            && !store::is_known(&mut tx, account, &patient, now).await.map_err(read)?
        {
            reached = Reached::NewPatient;
            let kept = store::patients(&mut tx, account, now).await.map_err(read)?.unsigned_abs();
            // Those of this letter that were written to before today's are counted twice: on the safe side.
            let here = already.iter().filter(|other| hashes.of(other).is_some()).count();
            sent.patients_in_day = kept + here as u64;
        }
        Ok(may_send(self.allowance(login), &sent, reached).map_err(|refusal| {
            let until = if refusal == Refusal::TooManyPatientsInDay {
                Timestamp((store::day(now) + 1) * DAY)
            } else if refusal == Refusal::TooManyLettersInDay {
                // The oldest hour of the window makes room first.
                let oldest = letters.iter().map(|(hour, _)| *hour).min().unwrap_or(this_hour);
                Timestamp((oldest + store::WINDOW) * HOUR)
            } else {
                Timestamp((this_hour + 1) * HOUR)
            };
            Exhausted { refusal, until }
        }))
    }

    /// Forgets counts that no limit looks at any more. Call it now and then.
    pub async fn forget_counts(&self, now: Timestamp) -> Result<u64, Error> {
        let unit = db::unit("forget what was sent", now, |now, tx| {
            Box::pin(async move { store::forget(tx, *now).await })
        });
        let failed = |cause| Error::Database { what: "forgetting what was sent", cause };
        self.mailstore().db().write(unit).await.map_err(failed)
    }

    /// What the unit that keeps a letter counts.
    pub(crate) fn note<'a>(&self, account: AccountId, recipients: impl Iterator<Item = &'a Address>) -> Note {
        let patients = recipients.filter_map(|recipient| self.inner().patients.of(recipient)).collect();
        Note { account, patients }
    }

    fn allowance(&self, login: &Login) -> &Allowance {
        let allowances = &self.inner().settings.sending;
        match login.kind {
            AccountKind::Applicative => &allowances.machines,
            AccountKind::Personal
            | AccountKind::Organisational
            | AccountKind::Practice
            | AccountKind::Patient => &allowances.people,
        }
    }
}
