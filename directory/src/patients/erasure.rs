//! The end of a profile: which are due, what of them this room forgets, and what must be forgotten again when
//! an older backup was restored (DOMAIN §6.1, DESIGN §2.3).

use db::{Tx, Value, args};
use names::{AccountId, PatientId, Timestamp};

use crate::{Directory, Error};

/// Why a profile is erased.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Erasure {
    /// Its person asked for it.
    Asked,
    /// The time of the archive is over.
    Archived,
    /// It was begun before, or a backup brought back what was erased.
    Again,
}

impl Erasure {
    /// The code told in the trail.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Archived => "archived",
            Self::Again => "again",
        }
    }
}

/// A closed profile whose time has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DueErasure {
    /// Whose.
    pub patient: PatientId,
    /// Their account in the store.
    pub account: AccountId,
    /// Why.
    pub why: Erasure,
}

/// Those that were begun are not due: they are finished apart, so that many that fail hold no others back.
const DUE: &str = "SELECT id, account, erase_at FROM patient WHERE state = 'closed'
    AND (erase_at <= $1 OR closed_at <= $2)
    AND NOT EXISTS (SELECT 1 FROM erased_profile e WHERE e.account = patient.account)
    ORDER BY closed_at LIMIT $3";
const STILL: &str = "SELECT account FROM patient WHERE id = $1 AND state = 'closed'
    AND (erase_at <= $2 OR closed_at <= $3) {FOR UPDATE}";
const NOTE: &str = "INSERT INTO erased_profile (account, patient, erased_at) VALUES ($1, $2, $3)
    ON CONFLICT (account) DO NOTHING";
const ERASED: &str = "SELECT account, erased_at FROM erased_profile ORDER BY account";
const HALF: &str = "SELECT p.id, p.account FROM patient p JOIN erased_profile e ON e.account = p.account
    ORDER BY p.id LIMIT $1";
const OF_ACCOUNTS: &str = "SELECT id, account FROM patient WHERE account IN ({})";

/// What is removed, in an order that leaves nothing hanging: first what leans on the user, then the user, then
/// what leans on the profile, then the profile.
const FORGET: [&str; 16] = [
    "DELETE FROM session WHERE holder IN (SELECT id FROM patient_user WHERE patient = $1)",
    "DELETE FROM session WHERE acting = $1",
    "DELETE FROM one_time_code WHERE holder IN (SELECT id FROM patient_user WHERE patient = $1)",
    "DELETE FROM mandate WHERE holder IN (SELECT id FROM patient_user WHERE patient = $1)",
    "DELETE FROM mandate WHERE patient = $1",
    "DELETE FROM accepted_terms WHERE holder IN (SELECT id FROM patient_user WHERE patient = $1)",
    "DELETE FROM representation WHERE asked_by IN (SELECT id FROM patient_user WHERE patient = $1)",
    "UPDATE representation SET invited = NULL WHERE invited IN (SELECT id FROM patient_user WHERE patient = $1)",
    "DELETE FROM representation WHERE child = $1",
    "UPDATE emergency_consent SET holder = 0 WHERE holder IN (SELECT id FROM patient_user WHERE patient = $1)",
    "DELETE FROM emergency_consent WHERE patient = $1",
    "DELETE FROM patient_user WHERE patient = $1",
    "DELETE FROM activation WHERE patient = $1",
    "DELETE FROM temporary_code WHERE patient = $1",
    "DELETE FROM profile_notice WHERE patient = $1",
    "DELETE FROM patient WHERE id = $1",
];

impl Directory {
    /// The closed profiles whose time has come at `now` and whose erasure was not begun, oldest first.
    pub async fn due_erasures(&self, limit: u32, now: Timestamp) -> Result<Vec<DueErasure>, Error> {
        let mut tx = self.db().read().await?;
        let rows = tx.rows(DUE, args![now, self.rules().archived_since(now), limit]).await?;
        rows.iter()
            .map(|row| {
                let asked = row.maybe_time(2)?.is_some_and(|at| at <= now);
                let why = if asked { Erasure::Asked } else { Erasure::Archived };
                Ok(DueErasure { patient: PatientId(row.int(0)?), account: AccountId(row.int(1)?), why })
            })
            .collect()
    }

    /// Writes down that a profile is being erased, in the caller's unit: from then on it is erased again and
    /// again until nothing is left, whatever happens meanwhile. False when it was reopened in time.
    pub async fn note_erasure(&self, tx: &mut Tx, due: &DueErasure, now: Timestamp) -> Result<bool, Error> {
        let since = self.rules().archived_since(now);
        if tx.maybe_row(STILL, args![due.patient, now, since]).await?.is_none() {
            return Ok(false);
        }
        tx.execute(NOTE, args![due.account, due.patient, now]).await?;
        Ok(true)
    }

    /// Forgets everything this room knows of a patient, in the caller's unit. The numbers of the erasure stay.
    pub async fn forget_patient(&self, tx: &mut Tx, due: &DueErasure, now: Timestamp) -> Result<(), Error> {
        for sql in FORGET {
            tx.execute(sql, args![due.patient]).await?;
        }
        tx.execute(NOTE, args![due.account, due.patient, now]).await?;
        self.generation().bump(tx).await?;
        Ok(())
    }

    /// Profiles whose erasure was begun and is not done, or that an older backup brought back.
    pub async fn erasures_begun(&self, limit: u32) -> Result<Vec<DueErasure>, Error> {
        let mut tx = self.db().read().await?;
        let rows = tx.rows(HALF, args![limit]).await?;
        rows.iter().map(|row| begun(row.int(0)?, row.int(1)?)).collect()
    }

    /// Profiles of these accounts that are still known: the store of keys remembers that they were destroyed.
    pub async fn known_of(&self, accounts: &[AccountId]) -> Result<Vec<DueErasure>, Error> {
        let list: Vec<Value> = accounts.iter().map(|account| Value::from(*account)).collect();
        let mut tx = self.db().read().await?;
        let rows = tx.rows_in(OF_ACCOUNTS, args![], list).await?;
        rows.iter().map(|row| begun(row.int(0)?, row.int(1)?)).collect()
    }

    /// The accounts that were erased, and when: what a restore of older keys must destroy again.
    pub async fn erased_accounts(&self) -> Result<Vec<(AccountId, Timestamp)>, Error> {
        let mut tx = self.db().read().await?;
        let rows = tx.rows(ERASED, args![]).await?;
        rows.iter().map(|row| Ok((AccountId(row.int(0)?), row.time(1)?))).collect()
    }
}

fn begun(patient: i64, account: i64) -> Result<DueErasure, Error> {
    Ok(DueErasure { patient: PatientId(patient), account: AccountId(account), why: Erasure::Again })
}
