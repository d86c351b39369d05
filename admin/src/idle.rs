//! Mailboxes that nobody has used for months (DOMAIN §1.6): told, so that their holders can be written to and they can
//! be suspended or closed. Nothing is done to them here: the server does it by itself, as `[mailboxes]` says.

use crate::{Admin, Done, Error};
use audit::Chain;
use directory::inactivity::inactivity_of;
use directory::mailboxes;
use names::{AccountId, Month, Timestamp};
use relay::LastUse;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Mailboxes told in one answer.
const TOLD: usize = 10_000;
/// Looked up at a time.
const PAGE: usize = 500;
/// Months after which life-cycle recommendations ask for something (DOMAIN §1.6).
const RECOMMENDED: [(i32, &str); 3] = [(24, "to be closed"), (18, "to be suspended"), (12, "to be told")];

/// What is known of the use of a mailbox, for its sheet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Use {
    /// When somebody last used it.
    pub(crate) last: LastUse,
    /// When those who answer for it were written to, about the idleness that goes on now.
    pub(crate) noticed: Option<Timestamp>,
    /// When the house suspended it for that, if it still is.
    pub(crate) suspended: Option<Timestamp>,
}

impl Use {
    /// As the command line shows it.
    pub(crate) fn told(self) -> String {
        let day = |at: Timestamp| at.rfc3339()[..10].to_owned();
        let last = match self.last {
            LastUse::At(at) => day(at),
            LastUse::In(month) => month.to_string(),
            LastUse::Never => "never".to_owned(),
        };
        let mut text = format!("last used   {last}\n");
        if let Some(at) = self.noticed {
            let _ = writeln!(text, "idle        those who answer for it were written to on {}", day(at));
        }
        if let Some(at) = self.suspended {
            let _ = writeln!(text, "idle        suspended by the house on {}", day(at));
        }
        text
    }
}

impl Admin {
    /// What is known of the use of a mailbox.
    pub(crate) async fn use_of(&self, account: AccountId, now: Timestamp) -> Result<Use, Error> {
        let last = self.relay.last_use(account, now).await;
        let last =
            last.map_err(|cause| Error::Relay { what: "looking for activity", cause: Box::new(cause) })?;
        let mut tx = self.mailstore.db().read().await?;
        let idle = inactivity_of(&mut tx, account).await?;
        let suspended = idle.and_then(|idle| Some(idle.suspended?.0).filter(|at| *at == idle.since));
        Ok(Use { last, noticed: idle.and_then(|idle| idle.noticed_now()), suspended })
    }

    /// Mailboxes that were neither signed in to nor wrote for so many months, the longest first. A mailbox that was
    /// opened, reopened or suspended since counts from then.
    pub(crate) async fn idle_mailboxes(&self, months: u16, now: Timestamp) -> Result<Done, Error> {
        let limit = back(now, i32::from(months));
        let active = self.relay.last_active().await;
        let active =
            active.map_err(|cause| Error::Relay { what: "looking for activity", cause: Box::new(cause) })?;
        let mut tx = self.mailstore.db().read().await?;
        let mut idle: Vec<(AccountId, Timestamp)> = mailboxes::standing_since(&mut tx, limit).await?;
        for (account, since) in &mut idle {
            *since = idle_since(*since, active.get(account).copied());
        }
        idle.retain(|(_, since)| *since <= limit);
        idle.sort_by_key(|(account, since)| (*since, *account));
        let (found, shown) = (idle.len(), idle.len().min(TOLD));
        let mut text = format!("{found} mailboxes have not been used for {months} months or more.\n");
        for page in idle[..shown].chunks(PAGE) {
            let since: BTreeMap<AccountId, Timestamp> = page.iter().copied().collect();
            let accounts: Vec<AccountId> = page.iter().map(|(account, _)| *account).collect();
            let mut named = mailboxes::find(&mut tx, &accounts).await?;
            named.sort_by_key(|mailbox| (since.get(&mailbox.account).copied(), mailbox.account));
            for mailbox in named {
                let since = since.get(&mailbox.account).copied().unwrap_or(now);
                let asked = RECOMMENDED.iter().find(|(months, _)| since <= back(now, *months));
                let _ = writeln!(
                    text,
                    "{}  {:<3} {:<9} {}  {}",
                    &since.rfc3339()[..10],
                    mailbox.kind.code(),
                    mailbox.state.code(),
                    mailbox.address,
                    asked.map_or("", |(_, asked)| asked)
                );
            }
        }
        drop(tx);
        if shown < found {
            let _ = writeln!(text, "The first {shown} are told.");
        }
        self.looked(Chain::System, format!("idle mailboxes months={months} found={found}"), now).await?;
        Ok(Done::complete(text))
    }
}

/// Since when nobody used a mailbox that has stood as it is since `standing`: activity is known by month.
fn idle_since(standing: Timestamp, active: Option<Month>) -> Timestamp {
    active.map_or(standing, |month| standing.max(month.end()))
}

fn back(now: Timestamp, months: i32) -> Timestamp {
    let then = now.utc().checked_sub(jiff::Span::new().months(months));
    then.map_or(Timestamp(0), |then| Timestamp(then.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Command;
    use crate::testing::{NOON, full_houses};
    use names::{Address, DAY};

    #[tokio::test]
    async fn who_has_not_used_a_mailbox_for_months_is_told_and_use_or_reopening_begins_anew() {
        for house in full_houses().await {
            let (admin, engine) = (&house.admin, house.engine);
            let idle = async |months: u16, now: Timestamp| {
                admin.run(&Command::IdleMailboxes { months }, now).await.unwrap().text
            };
            let all = idle(0, NOON).await;
            let first = all.lines().nth(1).unwrap().split_whitespace().nth(3).unwrap().to_owned();
            let second = all.lines().nth(2).unwrap().split_whitespace().nth(3).unwrap().to_owned();
            assert!(idle(12, NOON.plus(300 * DAY)).await.starts_with("0 mailboxes"), "{engine}");
            let year = idle(12, NOON.plus(366 * DAY)).await;
            assert_eq!(year.matches("to be told").count(), all.lines().count() - 1, "{engine}: {year}");
            let years = idle(12, NOON.plus(740 * DAY)).await;
            assert_eq!(years.matches("to be closed").count(), all.lines().count() - 1, "{engine}: {years}");

            // Somebody signed in to the first in the next month, which counts to its end.
            let account =
                admin.directory.mailbox(&Address::parse(&first).unwrap()).await.unwrap().unwrap().account;
            let unit =
                db::unit("count a month", (account, Month::of(NOON).next()), |(account, month), tx| {
                    const COUNTED: &str = "INSERT INTO mailbox_month (month, account, sent, sent_to_patients,
                    sent_with_cda, sent_with_qualified_ins, refused, received, connections)
                    VALUES ($1, $2, 0, 0, 0, 0, 0, 9, $3)";
                    Box::pin(async move {
                        tx.execute(COUNTED, db::args![month.number(), *account, 1_i64]).await?;
                        // What it only receives is no use of it.
                        tx.execute(COUNTED, db::args![month.number() + 9, *account, 0_i64]).await
                    })
                });
            let counted: Result<u64, db::Error> = admin.mailstore.db().write(unit).await;
            assert_eq!(counted.unwrap(), 1);
            let used = idle(12, NOON.plus(366 * DAY)).await;
            assert!(!used.contains(&first) && used.contains(&second), "{engine}: {used}");
            assert!(idle(12, NOON.plus(410 * DAY)).await.contains(&first), "{engine}");

            // The second is suspended and reopened.
            for command in [
                crate::MailboxCommand::Suspend { address: second.clone() },
                crate::MailboxCommand::Reopen { address: second.clone() },
            ] {
                admin.run(&Command::Mailbox(command), NOON.plus(300 * DAY)).await.unwrap();
            }
            let reopened = idle(12, NOON.plus(410 * DAY)).await;
            assert!(!reopened.contains(&second), "{engine}: {reopened}");
        }
    }
}
