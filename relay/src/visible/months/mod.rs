//! What operators report of a month (DOMAIN §1.7): letters and connections of each mailbox, letters of each
//! domain, mailboxes that are open.
//!
//! Nothing is counted while letters pass: a day that is over is counted once, from the traces of its
//! letters (kept 400 days) and from the trail of its sign-ins, and added to its month. Days not counted yet
//! are read when somebody asks.

mod gather;
mod store;
#[cfg(test)]
mod tests;

use crate::{Error, Relay};
use db::Tx;
use directory::mailboxes;
use names::{AccountId, AccountKind, DAY, Domain, HOUR, Month, Timestamp};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// How long after its end a day is counted: the trace of a letter is numbered when its sender begins and
/// written at its end.
const SETTLED: i64 = 2 * HOUR;

/// Months looked back for the last use of one mailbox: longer than any term of an idle one.
const LOOKED_BACK: i64 = 60;

/// What a mailbox of a professional or of a machine did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct MailboxCounts {
    /// Letters it sent that were taken for somebody.
    pub sent: i64,
    /// Those with a patient among their recipients.
    pub sent_to_patients: i64,
    /// Those with `X-MSS-CODECDA`.
    pub sent_with_cda: i64,
    /// Those with `X-MSS-INS: O`.
    pub sent_with_qualified_ins: i64,
    /// Refusals: of a letter, or of one recipient at RCPT.
    pub refused: i64,
    /// Letters filed in it.
    pub received: i64,
    /// Sessions of mail programs.
    pub connections: i64,
}

impl MailboxCounts {
    /// Adds another count to this one.
    pub fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.sent_to_patients += other.sent_to_patients;
        self.sent_with_cda += other.sent_with_cda;
        self.sent_with_qualified_ins += other.sent_with_qualified_ins;
        self.refused += other.refused;
        self.received += other.received;
        self.connections += other.connections;
    }
}

/// Letters of a domain, ours or another operator's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DomainCounts {
    /// Letters that a sender of this domain wrote.
    pub sent: i64,
    /// Letters that were taken for a recipient of this domain.
    pub received: i64,
}

/// What is known of a month.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Figures {
    /// Mailboxes of professionals and machines that did something.
    pub mailboxes: BTreeMap<AccountId, MailboxCounts>,
    /// Domains that wrote or were written to, patients' domains among them.
    pub domains: BTreeMap<Domain, DomainCounts>,
    /// Mailboxes that were open on the last day, by their code.
    pub open: BTreeMap<&'static str, i64>,
}

impl Figures {
    fn add(&mut self, other: &Self) {
        for (account, counts) in &other.mailboxes {
            self.mailboxes.entry(*account).or_default().add(counts);
        }
        for (domain, counts) in &other.domains {
            let sum = self.domains.entry(domain.clone()).or_default();
            sum.sent += counts.sent;
            sum.received += counts.received;
        }
    }
}

impl Relay {
    /// Counts the days that are over and not counted yet, each in a unit of its own; answers how many. A
    /// chore calls it every hour, in every process: a day is counted once.
    pub async fn count_days(&self, now: Timestamp) -> Result<u64, Error> {
        let mut counted = 0;
        loop {
            let mut tx = self.reading().await?;
            let day = self.first_day_to_count(&mut tx, now).await?;
            drop(tx);
            let end = Timestamp((day + 1) * DAY);
            if end.plus(SETTLED) > now {
                return Ok(counted);
            }
            let mut figures = self.gather(Timestamp(day * DAY)..end).await?;
            // What is open is known of now only.
            if end.plus(DAY) > now {
                let mut tx = self.reading().await?;
                figures.open = open(&mut tx).await?;
            }
            counted += u64::from(self.keep(day, figures, now).await?);
        }
    }

    /// The last month in which each mailbox of the trade was signed in to or wrote, as far as days are counted.
    pub async fn last_active(&self) -> Result<BTreeMap<AccountId, Month>, Error> {
        store::last_active(&mut self.reading().await?).await.map_err(database)
    }

    /// The same of one of them, as far as some years back.
    pub(crate) async fn last_active_of(
        &self,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Option<Month>, Error> {
        let newest = Month::of(now);
        let oldest = Month::numbered(newest.number() - LOOKED_BACK).unwrap_or(newest);
        let found = store::last_active_of(&mut self.reading().await?, account, oldest..=newest).await;
        found.map_err(database)
    }

    /// What is known of a month up to now.
    pub async fn figures(&self, month: Month, now: Timestamp) -> Result<Figures, Error> {
        let mut tx = self.reading().await?;
        let mut figures = store::figures(&mut tx, month).await.map_err(database)?;
        let first = Timestamp(self.first_day_to_count(&mut tx, now).await? * DAY);
        if month == Month::of(now) {
            figures.open = open(&mut tx).await?;
        }
        drop(tx);
        let end = month.end().min(now.plus(1));
        for (_, day) in self.uncounted(first.max(month.start()), end).await? {
            figures.add(&day);
        }
        Ok(figures)
    }

    /// What happened between two instants, a day at a time: of days that are not counted yet.
    async fn uncounted(&self, from: Timestamp, end: Timestamp) -> Result<Vec<(Month, Figures)>, Error> {
        let (mut days, mut start) = (Vec::new(), from);
        while start < end {
            let next = Timestamp((start.0.div_euclid(DAY) + 1) * DAY).min(end);
            days.push((Month::of(start), self.gather(start..next).await?));
            start = next;
        }
        Ok(days)
    }

    /// Each of these months in turn, of all mailboxes or of these together; the last one up to now when it
    /// goes on. Months of which nothing is known are zero.
    pub async fn trend(
        &self,
        months: RangeInclusive<Month>,
        accounts: Option<&[AccountId]>,
        now: Timestamp,
    ) -> Result<Vec<(Month, MailboxCounts)>, Error> {
        let mut tx = self.reading().await?;
        let mut sums = store::trend(&mut tx, months.clone(), accounts).await.map_err(database)?;
        let first = Timestamp(self.first_day_to_count(&mut tx, now).await? * DAY);
        drop(tx);
        for (month, figures) in self.uncounted(first.max(months.start().start()), now.plus(1)).await? {
            if !months.contains(&month) {
                continue;
            }
            let wanted = |account: &AccountId| accounts.is_none_or(|accounts| accounts.contains(account));
            let some = figures.mailboxes.iter().filter(|(account, _)| wanted(account));
            some.for_each(|(_, counts)| sums.entry(month).or_default().add(counts));
        }
        let mut trend = Vec::new();
        let mut month = *months.start();
        while month <= *months.end() {
            trend.push((month, sums.get(&month).copied().unwrap_or_default()));
            month = month.next();
        }
        Ok(trend)
    }

    /// The months of which something is known, newest first.
    pub async fn months(&self, now: Timestamp) -> Result<Vec<Month>, Error> {
        let mut tx = self.reading().await?;
        let mut months = store::months(&mut tx).await.map_err(database)?;
        let mut month = Month::of(Timestamp(self.first_day_to_count(&mut tx, now).await? * DAY));
        while month <= Month::of(now) {
            months.push(month);
            month = month.next();
        }
        months.sort_unstable_by(|one, other| other.cmp(one));
        months.dedup();
        Ok(months)
    }

    /// Days since 1970 of the first that is not counted yet.
    async fn first_day_to_count(&self, tx: &mut Tx, now: Timestamp) -> Result<i64, Error> {
        if let Some(last) = store::last_day(tx).await.map_err(database)? {
            return Ok(last + 1);
        }
        let first = self.mailstore().first_passage(tx).await;
        let first = first.map_err(|cause| Error::Store { what: WHAT, cause })?;
        Ok(first.unwrap_or(now).min(now).0.div_euclid(DAY))
    }

    async fn reading(&self) -> Result<Tx, Error> {
        self.mailstore().db().read().await.map_err(database)
    }

    /// Adds a day to its month; false when another process has done so.
    async fn keep(&self, day: i64, figures: Figures, now: Timestamp) -> Result<bool, Error> {
        let unit = db::unit("count a day", (day, figures, now), |(day, figures, now), tx| {
            Box::pin(store::keep(tx, *day, figures, *now))
        });
        self.mailstore().db().write(unit).await.map_err(database)
    }
}

const WHAT: &str = "counting what operators report";

fn database(cause: db::Error) -> Error {
    Error::Database { what: WHAT, cause }
}

async fn open(tx: &mut Tx) -> Result<BTreeMap<&'static str, i64>, Error> {
    let open = mailboxes::count_open(tx).await.map_err(database)?;
    Ok(open.into_iter().map(|(kind, count): (AccountKind, i64)| (kind.code(), count)).collect())
}
