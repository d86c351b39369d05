//! The end of profiles (DOMAIN §6.1, DESIGN §2.3): the account's key is destroyed, its rows removed, its lines
//! in the trail emptied while the chain still holds, and last its person forgotten. What was begun is finished;
//! what an older backup brought back is erased again.

use crate::{Error, Relay, alerts, visible};
use audit::{Act, Actor, Chain, Entry, Line};
use directory::DueErasure;
use names::{AccountId, Timestamp};

/// Profiles erased in one round.
const ROUND: u32 = 100;
/// Lines of a chain emptied in one unit.
const LINES: u32 = 500;
/// Accounts whose keys are looked for in one question.
const PAGE: usize = 500;

/// What one round did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ProfilesKept {
    /// Profiles whose six weeks were written down as passed.
    pub created: u64,
    /// Profiles erased.
    pub erased: u64,
    /// Of these, such as an older backup had brought back, or whose erasure had been interrupted.
    pub again: u64,
    /// Keys destroyed that an older backup of the keys had brought back.
    pub keys: u64,
    /// Notices about profiles forgotten.
    pub notices: u64,
}

impl Relay {
    /// Does what time asks of profiles at `now`: writes creations down, finishes and repeats erasures, erases
    /// what is due, forgets old notices.
    pub async fn keep_profiles(&self, now: Timestamp) -> Result<ProfilesKept, Error> {
        let mut kept = ProfilesKept { created: self.record_creations(now).await?, ..ProfilesKept::default() };
        (kept.again, kept.keys) = self.repeat_erasures(now).await?;
        kept.erased += kept.again;
        loop {
            let due = self.directory().due_erasures(ROUND, now).await;
            let due = due.map_err(directory("looking for profiles to erase"))?;
            let more = due.len() == ROUND as usize;
            let mut moved = false;
            for due in due {
                // One that fails is finished in a later round; the others have their own term.
                let erased = match self.begin_erasure(&due, now).await {
                    Ok(begun) => {
                        moved = true;
                        if begun { self.erase_profile(&due, now).await.map(|()| true) } else { Ok(false) }
                    }
                    Err(error) => Err(error),
                };
                match erased {
                    Ok(erased) => kept.erased += u64::from(erased),
                    Err(error) => {
                        tracing::error!(
                            account = due.account.0,
                            error = error.chain(),
                            "a profile is not erased yet"
                        );
                    }
                }
            }
            if !more || !moved {
                break;
            }
        }
        let old = now.plus(-directory::limits::PROFILE_NOTICES_KEPT);
        loop {
            let page = self.directory().forget_notices(old, ROUND).await;
            let page = page.map_err(directory("forgetting notices about profiles"))?;
            kept.notices += page;
            if page < u64::from(ROUND) {
                return Ok(kept);
            }
        }
    }

    async fn record_creations(&self, now: Timestamp) -> Result<u64, Error> {
        let unit = db::unit("record creations of profiles", now, |now, tx| {
            Box::pin(directory::record_creations(tx, *now))
        });
        let written: Result<u64, db::Error> = self.mailstore().db().write(unit).await;
        written.map_err(database("recording creations of profiles"))
    }

    async fn repeat_erasures(&self, now: Timestamp) -> Result<(u64, u64), Error> {
        let store = self.mailstore();
        let destroyed = store.destroyed_keys().await.map_err(kept("listing destroyed keys"))?;
        let destroyed: Vec<AccountId> = destroyed.into_iter().map(|(account, _)| account).collect();
        let mut again = Vec::new();
        for page in destroyed.chunks(PAGE) {
            let known = self.directory().known_of(page).await;
            again.extend(known.map_err(directory("looking for what a backup brought back"))?);
        }
        let begun = self.directory().erasures_begun(ROUND).await;
        for due in begun.map_err(directory("looking for erasures that were begun"))? {
            if again.iter().all(|known| known.patient != due.patient) {
                again.push(due);
            }
        }
        let mut repeated = 0;
        for due in &again {
            if let Err(error) = self.erase_profile(due, now).await {
                tracing::error!(
                    account = due.account.0,
                    error = error.chain(),
                    "a profile is not erased again yet"
                );
            } else {
                repeated += 1;
            }
        }
        let erased = self.directory().erased_accounts().await;
        let erased = erased.map_err(directory("listing what was erased"))?;
        let mut keys = 0;
        for page in erased.chunks(PAGE) {
            let accounts: Vec<AccountId> = page.iter().map(|(account, _)| *account).collect();
            let ring = store.keyring(&accounts).await.map_err(kept("looking for keys of what was erased"))?;
            for account in accounts.into_iter().filter(|account| ring.of(*account).is_ok()) {
                store.erase_account(account, now).await.map_err(kept("destroying a key again"))?;
                keys += 1;
            }
        }
        Ok((repeated, keys))
    }

    /// Writes the erasure down, unless the profile was reopened meanwhile.
    async fn begin_erasure(&self, due: &DueErasure, now: Timestamp) -> Result<bool, Error> {
        let unit = (self.directory().clone(), *due, now);
        let begun: Result<bool, directory::Error> = self
            .mailstore()
            .db()
            .write(db::unit("begin to erase a profile", unit, |(directory, due, now), tx| {
                Box::pin(directory.note_erasure(tx, due, *now))
            }))
            .await;
        begun.map_err(directory("beginning to erase a profile"))
    }

    async fn erase_profile(&self, due: &DueErasure, now: Timestamp) -> Result<(), Error> {
        let account = due.account;
        let store = self.mailstore();
        let erased = store.erase_account(account, now).await.map_err(kept("erasing an account"))?;
        self.empty_chain(account).await?;
        let line = Line {
            at: now,
            actor: Actor::System,
            for_whom: None,
            act: Act::ProfileErased,
            detail: format!("account={} why={}", account.0, due.why.code()),
        };
        let entry = Entry::new(Chain::System, line, self.entropy());
        let unit = (self.directory().clone(), *due, entry, now);
        let forgotten: Result<(), directory::Error> = store
            .db()
            .write(db::unit("forget a patient", unit, |(directory, due, entry, now), tx| {
                Box::pin(async move {
                    alerts::store::forget_account(tx, due.account).await?;
                    visible::store::forget_account(tx, due.account).await?;
                    directory.forget_patient(tx, due, *now).await?;
                    audit::append(tx, std::slice::from_ref(entry)).await?;
                    Ok(())
                })
            }))
            .await;
        forgotten.map_err(directory("forgetting a patient"))?;
        tracing::info!(
            account = account.0,
            why = due.why.code(),
            entries = erased.entries,
            documents = erased.documents,
            "a profile is erased"
        );
        Ok(())
    }

    async fn empty_chain(&self, account: AccountId) -> Result<(), Error> {
        let mut before = None;
        loop {
            let unit = db::unit("empty lines of a chain", (account, before), |(account, before), tx| {
                Box::pin(audit::erase_page(tx, Chain::Account(*account), *before, LINES))
            });
            let next: Result<Option<i64>, db::Error> = self.mailstore().db().write(unit).await;
            before = next.map_err(database("emptying lines of a chain"))?;
            if before.is_none() {
                return Ok(());
            }
        }
    }
}

fn directory(what: &'static str) -> impl Fn(directory::Error) -> Error {
    move |cause| Error::Directory { what, cause }
}

fn kept(what: &'static str) -> impl Fn(mailstore::Error) -> Error {
    move |cause| Error::Store { what, cause }
}

fn database(what: &'static str) -> impl Fn(db::Error) -> Error {
    move |cause| Error::Database { what, cause }
}

#[cfg(test)]
mod tests;
