//! How many entries somebody may be shown in a day (RELIABILITY D-11): the directory answers questions,
//! it is not for copying.
//!
//! Entries are taken from the table in blocks, so that a search costs no write of its own. What is left of
//! a block is lost when the process ends: a restart never gives anything back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use db::{Db, Tx, args};
use names::{DAY, Timestamp};

use crate::{Error, limits};

/// The daily quota of everybody who asks, one for all doors of a process. Clones share their state.
#[derive(Clone)]
pub struct Quota {
    db: Db,
    most: u64,
    held: Arc<Mutex<HashMap<String, Held>>>,
}

/// What stands in memory for one asker.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    day: i64,
    /// Counted in the table, not shown yet.
    left: u64,
    /// The table has no more for today.
    empty: bool,
}

/// What [`Quota::take`] grants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Granted {
    /// How many of the entries asked for may be shown.
    pub entries: u64,
    /// What was reached by this, to be told once.
    pub alarm: Option<Alarm>,
}

/// What the operator should hear of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Alarm {
    /// Half of a day's entries: unusual for somebody who looks addresses up.
    Half,
    /// All of them: nothing more today.
    All,
}

const COUNT: &str = "INSERT INTO shown_entries (asker, day, entries) VALUES ($1, $2, $3)
    ON CONFLICT (asker, day) DO UPDATE SET entries = shown_entries.entries + excluded.entries";
const LOOK: &str = "SELECT entries FROM shown_entries WHERE asker = $1 AND day = $2 {FOR UPDATE}";
const FORGET: &str = "DELETE FROM shown_entries WHERE day < $1";

impl Quota {
    /// At most `most` entries a day for each asker; 0 is no bound.
    #[must_use]
    pub fn new(db: Db, most: u64) -> Self {
        Self { db, most, held: Arc::default() }
    }

    /// Takes `entries` of the asker's day, or as many as are left. `asker` is a login or a key of ours
    /// with the name of its kind, as `account:17`.
    pub async fn take(&self, asker: &str, entries: u64, now: Timestamp) -> Result<Granted, Error> {
        if self.most == 0 || entries == 0 {
            return Ok(Granted { entries, alarm: None });
        }
        let day = now.0.div_euclid(DAY);
        let mut granted = self.granted_in_memory(asker, day, entries);
        let mut alarm = None;
        let missing = entries - granted;
        if missing > 0 && !self.held().get(asker).is_some_and(|held| held.day == day && held.empty) {
            let (block, reached) = self.granted_in_table(asker, day, missing).await?;
            alarm = reached;
            let mut held = self.held();
            let held = held.entry(asker.to_owned()).or_default();
            if held.day != day {
                *held = Held { day, ..Held::default() };
            }
            let used = missing.min(block);
            held.left += block - used;
            held.empty = block < missing;
            granted += used;
        }
        Ok(Granted { entries: granted, alarm })
    }

    /// Forgets the days before yesterday.
    pub async fn forget(&self, now: Timestamp) -> Result<(), Error> {
        let day = now.0.div_euclid(DAY) - 1;
        self.held().retain(|_, held| held.day >= day);
        let forget = db::unit("forget shown entries", day, |day, tx| {
            Box::pin(async move { tx.execute(FORGET, args![*day]).await })
        });
        self.db.write(forget).await?;
        Ok(())
    }

    fn granted_in_memory(&self, asker: &str, day: i64, entries: u64) -> u64 {
        let mut held = self.held();
        // A day that is over leaves nothing; askers that never come back are few, but not for ever.
        if held.len() > limits::ASKERS {
            held.retain(|_, held| held.day == day);
        }
        match held.get_mut(asker) {
            Some(held) if held.day == day => {
                let used = held.left.min(entries);
                held.left -= used;
                used
            }
            Some(_) | None => 0,
        }
    }

    /// Counts a block in the table: how many it holds, and what was reached by it.
    async fn granted_in_table(
        &self,
        asker: &str,
        day: i64,
        missing: u64,
    ) -> Result<(u64, Option<Alarm>), Error> {
        let wanted = missing.max(limits::BLOCK.min(self.most / 20)).max(1);
        let block = Block { asker: asker.to_owned(), day, wanted, most: self.most };
        let count = db::unit("count shown entries", block, |block, tx| Box::pin(block.count(tx)));
        Ok(self.db.write(count).await?)
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, Held>> {
        // Nothing under this lock can panic half way through a change.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Quota {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Quota({} a day)", self.most)
    }
}

struct Block {
    asker: String,
    day: i64,
    wanted: u64,
    most: u64,
}

impl Block {
    async fn count(&self, tx: &mut Tx) -> Result<(u64, Option<Alarm>), db::Error> {
        // The row first, so that there is one to lock.
        tx.execute(COUNT, args![self.asker.as_str(), self.day, 0_i64]).await?;
        let before = tx.row(LOOK, args![self.asker.as_str(), self.day]).await?.int(0)?;
        let before = u64::try_from(before).unwrap_or(0);
        let block = self.wanted.min(self.most.saturating_sub(before));
        let counted = i64::try_from(block).unwrap_or(i64::MAX);
        tx.execute(COUNT, args![self.asker.as_str(), self.day, counted]).await?;
        let after = before + block;
        let crossed = |line: u64| before < line && after >= line;
        let alarm = if crossed(self.most) {
            Some(Alarm::All)
        } else if crossed(self.most.div_ceil(2)) {
            Some(Alarm::Half)
        } else {
            None
        };
        Ok((block, alarm))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp(1_795_348_800_000);

    async fn floors() -> Vec<(&'static str, db::testing::TestDb)> {
        let floors = db::testing::both().await;
        for (_, floor) in &floors {
            floor.migrate(crate::MIGRATIONS).await.unwrap();
        }
        floors
    }

    async fn take(quota: &Quota, asker: &str, entries: u64, now: Timestamp) -> u64 {
        quota.take(asker, entries, now).await.unwrap().entries
    }

    #[tokio::test]
    async fn a_day_has_so_many_entries_and_no_more() {
        for (engine, floor) in floors().await {
            let quota = Quota::new((*floor).clone(), 1_000);
            let mut shown = 0;
            for _ in 0..30 {
                shown += take(&quota, "account:1", 70, NOON).await;
            }
            assert_eq!(shown, 1_000, "{engine}");
            assert_eq!(take(&quota, "account:1", 1, NOON).await, 0, "nothing is left");
            assert_eq!(take(&quota, "account:2", 70, NOON).await, 70, "of another nothing is taken");
            assert_eq!(take(&quota, "account:1", 70, NOON.plus(DAY)).await, 70, "tomorrow is another day");
        }
    }

    #[tokio::test]
    async fn a_restart_gives_nothing_back() {
        for (engine, floor) in floors().await {
            let mut shown = 0;
            for _ in 0..100 {
                // Each time a process that knows nothing.
                let quota = Quota::new((*floor).clone(), 1_000);
                shown += take(&quota, "account:1", 30, NOON).await;
            }
            assert!((600..=1_000).contains(&shown), "{engine}: {shown}");
        }
    }

    #[tokio::test]
    async fn half_and_all_of_a_day_are_told_once() {
        for (engine, floor) in floors().await {
            let quota = Quota::new((*floor).clone(), 1_000);
            let mut alarms = Vec::new();
            for _ in 0..200 {
                alarms.extend(quota.take("account:1", 10, NOON).await.unwrap().alarm);
            }
            assert_eq!(alarms, [Alarm::Half, Alarm::All], "{engine}");
        }
    }

    #[tokio::test]
    async fn no_bound_counts_nothing_and_old_days_are_forgotten() {
        for (engine, floor) in floors().await {
            let free = Quota::new((*floor).clone(), 0);
            assert_eq!(take(&free, "account:1", 1_000_000, NOON).await, 1_000_000, "{engine}");
            let quota = Quota::new((*floor).clone(), 100);
            assert_eq!(take(&quota, "account:1", 100, NOON).await, 100);
            quota.forget(NOON).await.unwrap();
            assert_eq!(take(&Quota::new((*floor).clone(), 100), "account:1", 1, NOON).await, 0);
            quota.forget(NOON.plus(3 * DAY)).await.unwrap();
            assert_eq!(take(&Quota::new((*floor).clone(), 100), "account:1", 1, NOON).await, 1);
        }
    }
}
