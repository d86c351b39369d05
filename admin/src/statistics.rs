//! Monthly figures, by mailbox and by operator domain (DOMAIN §1.7). Numbers only: patients are counted,
//! never listed.

use crate::{Admin, Error};
use audit::{Actor, Chain};
use directory::trust::{self, Place};
use directory::{Mailbox, MailboxState, mailboxes};
use names::{AccountId, AccountKind, DAY, Domain, Month, OrganisationId, Timestamp};
use relay::visible::{self, Counts, DomainCounts, Figures, MailboxCounts};
use std::collections::BTreeMap;

/// Mailboxes looked up at a time.
const PAGE: usize = 500;
/// Months before the one asked for that are shown beside it: a year together.
const BEFORE: usize = 11;

/// Whose figures are asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Extent {
    /// The whole house.
    House,
    /// The mailboxes of these organisations.
    Organisations(Vec<OrganisationId>),
}

impl Extent {
    fn holds(&self, mailbox: &Mailbox) -> bool {
        match self {
            Self::House => true,
            Self::Organisations(allowed) => {
                mailbox.organisation.as_ref().is_some_and(|own| allowed.contains(&own.id))
            }
        }
    }
}

/// The figures of a month.
#[derive(Clone, PartialEq, Debug)]
pub struct Statistics {
    /// Which.
    pub month: Month,
    /// Up to when: its end, or now.
    pub until: Timestamp,
    /// Open mailboxes by type. Of the whole house as its last day left them, unknown before days were
    /// counted; of organisations as they are now.
    pub open: Vec<(AccountKind, i64)>,
    /// Each mailbox, by address.
    pub mailboxes: Vec<MailboxFigures>,
    /// All of them together.
    pub total: MailboxCounts,
    /// The months before and this one, together.
    pub trend: Vec<(Month, MailboxCounts)>,
    /// What only the whole house has.
    pub house: Option<HouseFigures>,
}

/// The figures of one mailbox.
#[derive(Clone, PartialEq, Debug)]
pub struct MailboxFigures {
    /// It.
    pub mailbox: Mailbox,
    /// What it did.
    pub counts: MailboxCounts,
}

/// Figures that are of no single mailbox.
#[derive(Clone, PartialEq, Debug)]
pub struct HouseFigures {
    /// Domains that wrote or were written to.
    pub domains: Vec<DomainFigures>,
    /// Letters by the software that made them (`X-MSS-NIL`): empty when it names none.
    pub software: Vec<(String, Counts)>,
    /// Letters of each day, and by which door.
    pub days: Vec<DayFigures>,
    /// All letters that were taken, by whatever door.
    pub letters: Counts,
}

/// Letters of one domain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DomainFigures {
    /// Which.
    pub domain: Domain,
    /// What it is to us; none when it is trusted no more.
    pub place: Option<Place>,
    /// How many.
    pub counts: DomainCounts,
}

/// Letters of one day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DayFigures {
    /// Its first instant.
    pub start: Timestamp,
    /// From mail programs here, from patients' pages, from other operators.
    pub doors: [(&'static str, i64); 3],
    /// Together.
    pub counts: Counts,
}

/// The doors letters come by, in the order they are shown.
const DOORS: [&str; 3] = ["submission", "web", "mx"];

impl Admin {
    /// The figures of a month, of one mailbox if one is named. Refused when it is none of theirs.
    pub async fn statistics(
        &self,
        month: Month,
        mailbox: Option<&str>,
        extent: &Extent,
        by: Actor,
        now: Timestamp,
    ) -> Result<Statistics, Error> {
        if month.start() > now {
            return Err(Error::Refused(format!("{month} has not come yet")));
        }
        let listed = self.listed(mailbox, extent).await?;
        let named = mailbox.map_or(Chain::System, |_| match &listed[..] {
            [one] => Chain::Account(one.account),
            _ => Chain::System,
        });
        self.looked_by(by, named, format!("statistics month={month}"), now).await?;
        let failed = |cause| Error::Relay { what: "reading figures", cause: Box::new(cause) };
        let figures = self.relay.figures(month, now).await.map_err(failed)?;
        let whole = *extent == Extent::House && mailbox.is_none();
        let accounts: Option<Vec<AccountId>> =
            (!whole).then(|| listed.iter().map(|mailbox| mailbox.account).collect());
        let first = (0..BEFORE).fold(month, |month, _| month.previous());
        let trend = self.relay.trend(first..=month, accounts.as_deref(), now).await.map_err(failed)?;
        let total = trend.last().map(|(_, counts)| *counts).unwrap_or_default();
        let open = if whole { of_kinds(&figures) } else { open_now(&listed) };
        let house = if whole { Some(self.of_house(month, &figures, now).await?) } else { None };
        let of = |account: &AccountId| figures.mailboxes.get(account).copied().unwrap_or_default();
        let mailboxes = listed
            .into_iter()
            .map(|mailbox| MailboxFigures { counts: of(&mailbox.account), mailbox })
            // Who was closed before the month has nothing to say about it.
            .filter(|one| one.mailbox.state != MailboxState::Closed || one.counts != MailboxCounts::default())
            .collect();
        Ok(Statistics { month, until: month.end().min(now), open, mailboxes, total, trend, house })
    }

    /// The months of which something is known, newest first.
    pub async fn statistics_months(&self, now: Timestamp) -> Result<Vec<Month>, Error> {
        let months = self.relay.months(now).await;
        months.map_err(|cause| Error::Relay { what: "reading figures", cause: Box::new(cause) })
    }

    /// The mailboxes that are asked for, by address.
    async fn listed(&self, mailbox: Option<&str>, extent: &Extent) -> Result<Vec<Mailbox>, Error> {
        let mut tx = self.mailstore.db().read().await?;
        let mut listed = Vec::new();
        if let Some(text) = mailbox {
            let unknown = || Error::Refused(format!("no mailbox of professionals here is «{}»", text.trim()));
            let address = names::Address::parse(text.trim()).map_err(|_| unknown())?;
            let found = mailboxes::find_by_addresses(&mut tx, &[&address]).await?.pop();
            return Ok(vec![found.filter(|mailbox| extent.holds(mailbox)).ok_or_else(unknown)?]);
        }
        let accounts = mailboxes::all_accounts(&mut tx).await?;
        let accounts: Vec<AccountId> = accounts
            .into_iter()
            .filter(|(_, kind)| kind.is_professional())
            .map(|(account, _)| account)
            .collect();
        for page in accounts.chunks(PAGE) {
            let found = mailboxes::find(&mut tx, page).await?;
            listed.extend(found.into_iter().filter(|mailbox| extent.holds(mailbox)));
        }
        listed.sort_by(|one, other| one.address.cmp(&other.address));
        Ok(listed)
    }

    async fn of_house(&self, month: Month, figures: &Figures, now: Timestamp) -> Result<HouseFigures, Error> {
        let mut tx = self.mailstore.db().read().await?;
        let names: Vec<&Domain> = figures.domains.keys().collect();
        let places = trust::places(&mut tx, &names).await?;
        let lines = visible::indicators_between(&mut tx, month.start()..month.end()).await?;
        drop(tx);
        let domains = figures.domains.iter().map(|(domain, counts)| DomainFigures {
            domain: domain.clone(),
            place: places.get(domain).copied(),
            counts: *counts,
        });
        let mut software = BTreeMap::<String, Counts>::new();
        let mut days = BTreeMap::<i64, ([i64; DOORS.len()], Counts)>::new();
        let mut letters = Counts::default();
        // A day without a letter is a day too: a plot that leaves it out tells something else.
        let end = month.end().min(now.plus(1));
        for day in month.start().0.div_euclid(DAY)..=(end.0 - 1).div_euclid(DAY) {
            days.entry(day).or_default();
        }
        for line in lines {
            let day = days.entry(line.day).or_default();
            if let Some(door) = DOORS.iter().position(|door| *door == line.door) {
                day.0[door] += line.counts.letters;
            }
            for sum in [software.entry(line.software).or_default(), &mut day.1, &mut letters] {
                sum.letters += line.counts.letters;
                sum.to_patients += line.counts.to_patients;
                sum.with_cda += line.counts.with_cda;
                sum.qualified_ins += line.counts.qualified_ins;
            }
        }
        let day = |(day, (by_door, counts)): (i64, ([i64; DOORS.len()], Counts))| DayFigures {
            start: Timestamp(day * DAY),
            doors: std::array::from_fn(|door| (DOORS[door], by_door[door])),
            counts,
        };
        Ok(HouseFigures {
            domains: domains.collect(),
            software: software.into_iter().collect(),
            days: days.into_iter().map(day).collect(),
            letters,
        })
    }
}

fn of_kinds(figures: &Figures) -> Vec<(AccountKind, i64)> {
    let kind = |(code, count): (&&str, &i64)| AccountKind::from_code(code).map(|kind| (kind, *count));
    figures.open.iter().filter_map(kind).collect()
}

fn open_now(listed: &[Mailbox]) -> Vec<(AccountKind, i64)> {
    let mut open = Vec::new();
    for kind in AccountKind::ALL.into_iter().filter(|kind| kind.is_professional()) {
        let of_kind = |one: &&Mailbox| one.kind == kind && one.state == MailboxState::Open;
        let count = listed.iter().filter(of_kind).count() as i64;
        if count > 0 {
            open.push((kind, count));
        }
    }
    open
}

#[cfg(test)]
#[path = "statistics_tests.rs"]
mod tests;
