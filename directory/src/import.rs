//! Bringing a seed into the directory: load what is known of it, plan, apply in one unit.
//!
//! Rows that are wrong, or lean on a wrong one, are reported and left out; the others go in together.
//! Doing it again changes only what differs. What belongs to the people themselves once they are here
//! is not touched: the state of a known profile, the password of a known user.

mod apply;
mod existing;
mod plan;
mod planner;

use std::collections::HashMap;

use names::{AccountId, AccountKind, Timestamp};

use crate::scram::Verifier;
use crate::seed::{Fault, Seed};
use crate::{Directory, Error};

pub use plan::Plan;

/// What an import did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Applied {
    /// Accounts that are new: the caller gives each its place in the store, best in the same unit
    /// ([`Directory::import_in`]).
    pub accounts_created: Vec<(AccountId, AccountKind)>,
    /// Rows written for the first time.
    pub created: usize,
    /// Rows that were there and differed.
    pub changed: usize,
    /// Rows that were there already, just so.
    pub unchanged: usize,
    /// Rows left out, and why.
    pub faults: Vec<Fault>,
}

/// A seed with its slow hashes done, ready for a unit of work.
#[derive(Clone)]
pub struct PreparedImport {
    seed: Seed,
    /// Argon2id hashes of new users' passwords, by login id.
    hashes: HashMap<String, String>,
    /// Verifiers of new application passwords, by their keyed hash.
    verifiers: HashMap<[u8; 32], Verifier>,
    /// The ids its plan drew, given again in the same order by the unit.
    ids: Vec<i64>,
    accounts: Vec<(AccountId, AccountKind)>,
    steps: usize,
    unchanged: usize,
}

impl PreparedImport {
    /// The accounts that would be new, under the ids they will have: the caller makes their keys before
    /// the unit.
    #[must_use]
    pub fn accounts(&self) -> &[(AccountId, AccountKind)] {
        &self.accounts
    }

    /// Whether everything was there just so, when it was prepared.
    #[must_use]
    pub fn changes_nothing(&self) -> bool {
        self.steps == 0
    }

    /// Rows that were there just so.
    #[must_use]
    pub fn unchanged(&self) -> usize {
        self.unchanged
    }
}

impl Directory {
    /// What importing this seed would do, without doing it (`--dry-run`).
    pub async fn plan_import(&self, seed: &Seed, now: Timestamp) -> Result<Plan, Error> {
        self.plan_drawing(seed, || self.db().id(now)).await
    }

    async fn plan_drawing(&self, seed: &Seed, id: impl FnMut() -> i64) -> Result<Plan, Error> {
        let mut tx = self.db().read().await?;
        let existing = existing::load(&mut tx, self.sealing(), seed).await?;
        Ok(planner::plan(seed, &existing, self.sealing(), id))
    }

    /// Does the slow part of an import, outside any transaction.
    pub async fn prepare_import(&self, seed: Seed, now: Timestamp) -> Result<PreparedImport, Error> {
        let mut ids = Vec::new();
        let draw = || {
            ids.push(self.db().id(now));
            *ids.last().expect("one was just put there")
        };
        let plan = self.plan_drawing(&seed, draw).await?;
        let mut prepared = PreparedImport {
            seed,
            hashes: HashMap::new(),
            verifiers: HashMap::new(),
            ids,
            accounts: plan.accounts_created.clone(),
            steps: plan.len(),
            unchanged: plan.unchanged(),
        };
        for (login, password) in plan.passwords_to_hash() {
            let hash = self.hash_password(password).await?;
            prepared.hashes.insert(login.to_owned(), hash);
        }
        for (lookup, secret) in plan.secrets_to_verify() {
            prepared.verifiers.insert(lookup, Verifier::of(secret, self.salt()));
        }
        Ok(prepared)
    }

    /// Plans again and applies inside a unit, and tells the audit trail of the house, so that the
    /// caller can give new accounts their place in the store in the same transaction. New rows get the
    /// ids of the preparation unless somebody else changed the directory meanwhile.
    pub async fn import_in(
        &self,
        tx: &mut db::Tx,
        prepared: &PreparedImport,
        now: Timestamp,
    ) -> Result<Applied, Error> {
        let existing = existing::load(tx, self.sealing(), &prepared.seed).await?;
        let mut drawn = prepared.ids.iter().copied();
        let draw = || drawn.next().unwrap_or_else(|| self.db().id(now));
        let plan = planner::plan(&prepared.seed, &existing, self.sealing(), draw);
        apply::apply(tx, self, prepared, plan, now).await
    }

    /// Imports a seed in one unit of its own.
    pub async fn import(&self, seed: Seed, now: Timestamp) -> Result<Applied, Error> {
        let prepared = self.prepare_import(seed, now).await?;
        let unit = (self.clone(), prepared, now);
        self.db()
            .write(db::unit("import a seed", unit, |(directory, prepared, now), tx| {
                Box::pin(directory.import_in(tx, prepared, *now))
            }))
            .await
    }
}

#[cfg(test)]
mod tests;
