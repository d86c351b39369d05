//! Rows of months.

use super::{DomainCounts, Figures, MailboxCounts};
use db::{Error, Row, Tx, args};
use names::{AccountId, AccountKind, DAY, Domain, Month, Timestamp};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// The last day that is counted, in days since 1970.
pub(super) async fn last_day(tx: &mut Tx) -> Result<Option<i64>, Error> {
    tx.row("SELECT MAX(day) FROM counted_day", args![]).await?.maybe_int(0)
}

/// The months that have rows.
pub(super) async fn months(tx: &mut Tx) -> Result<Vec<Month>, Error> {
    const MONTHS: &str = "SELECT month FROM mailbox_month UNION SELECT month FROM domain_month
        UNION SELECT month FROM open_mailboxes_month";
    let rows = tx.rows(MONTHS, args![]).await?;
    rows.iter().map(|row| month(row.int(0)?)).collect()
}

/// Adds a day to its month; false when it was added before.
pub(super) async fn keep(tx: &mut Tx, day: i64, figures: &Figures, now: Timestamp) -> Result<bool, Error> {
    const TAKE: &str =
        "INSERT INTO counted_day (day, counted_at) VALUES ($1, $2) ON CONFLICT (day) DO NOTHING";
    const MAILBOXES: &str =
        "INSERT INTO mailbox_month (month, account, sent, sent_to_patients, sent_with_cda,
        sent_with_qualified_ins, refused, received, connections) VALUES";
    const ADD: &str = "ON CONFLICT (month, account) DO UPDATE SET
        sent = mailbox_month.sent + excluded.sent,
        sent_to_patients = mailbox_month.sent_to_patients + excluded.sent_to_patients,
        sent_with_cda = mailbox_month.sent_with_cda + excluded.sent_with_cda,
        sent_with_qualified_ins = mailbox_month.sent_with_qualified_ins + excluded.sent_with_qualified_ins,
        refused = mailbox_month.refused + excluded.refused,
        received = mailbox_month.received + excluded.received,
        connections = mailbox_month.connections + excluded.connections";
    const DOMAINS: &str = "INSERT INTO domain_month (month, domain, sent, received) VALUES";
    const ADD_DOMAINS: &str = "ON CONFLICT (month, domain) DO UPDATE SET
        sent = domain_month.sent + excluded.sent, received = domain_month.received + excluded.received";
    const OPEN: &str = "INSERT INTO open_mailboxes_month (month, kind, mailboxes) VALUES";
    const REPLACE: &str = "ON CONFLICT (month, kind) DO UPDATE SET mailboxes = excluded.mailboxes";

    if tx.execute(TAKE, args![day, now]).await? == 0 {
        return Ok(false);
    }
    let month = Month::of(Timestamp(day * DAY)).number();
    let row = |(account, counts): (&AccountId, &MailboxCounts)| {
        args![
            month,
            *account,
            counts.sent,
            counts.sent_to_patients,
            counts.sent_with_cda,
            counts.sent_with_qualified_ins,
            counts.refused,
            counts.received,
            counts.connections
        ]
    };
    tx.insert_rows(MAILBOXES, ADD, figures.mailboxes.iter().map(row).collect()).await?;
    let row = |(domain, counts): (&Domain, &DomainCounts)| {
        args![month, domain.as_str(), counts.sent, counts.received]
    };
    tx.insert_rows(DOMAINS, ADD_DOMAINS, figures.domains.iter().map(row).collect()).await?;
    let row = |(kind, mailboxes): (&&str, &i64)| args![month, *kind, *mailboxes];
    tx.insert_rows(OPEN, REPLACE, figures.open.iter().map(row).collect()).await?;
    Ok(true)
}

/// The last month in which each mailbox was signed in to or wrote; those that never did are absent.
pub(super) async fn last_active(tx: &mut Tx) -> Result<BTreeMap<AccountId, Month>, Error> {
    const LAST: &str = "SELECT account, MAX(month) FROM mailbox_month WHERE sent > 0 OR connections > 0
        GROUP BY account";
    let rows = tx.rows(LAST, args![]).await?;
    rows.iter().map(|row| Ok((AccountId(row.int(0)?), month(row.int(1)?)?))).collect()
}

/// The last of these months in which a mailbox was signed in to or wrote.
pub(super) async fn last_active_of(
    tx: &mut Tx,
    account: AccountId,
    months: RangeInclusive<Month>,
) -> Result<Option<Month>, Error> {
    const ACTIVE: &str = "SELECT month FROM mailbox_month WHERE account = $1 AND (sent > 0 OR connections > 0) AND month IN ({})";
    let asked = (months.start().number()..=months.end().number()).map(Into::into).collect();
    let rows = tx.rows_in(ACTIVE, args![account], asked).await?;
    let numbers: Result<Vec<i64>, Error> = rows.iter().map(|row| row.int(0)).collect();
    numbers?.into_iter().max().map(month).transpose()
}

/// The counted days of a month.
pub(super) async fn figures(tx: &mut Tx, month: Month) -> Result<Figures, Error> {
    const MAILBOXES: &str = "SELECT account, sent, sent_to_patients, sent_with_cda, sent_with_qualified_ins,
        refused, received, connections FROM mailbox_month WHERE month = $1";
    const DOMAINS: &str = "SELECT domain, sent, received FROM domain_month WHERE month = $1";
    const OPEN: &str = "SELECT kind, mailboxes FROM open_mailboxes_month WHERE month = $1";
    let mut figures = Figures::default();
    for row in tx.rows(MAILBOXES, args![month.number()]).await? {
        figures.mailboxes.insert(AccountId(row.int(0)?), counts(&row)?);
    }
    for row in tx.rows(DOMAINS, args![month.number()]).await? {
        let domain = Domain::parse(&row.text(0)?);
        let domain = domain.map_err(|_| Error::Damaged("a counted domain is none".to_owned()))?;
        figures.domains.insert(domain, DomainCounts { sent: row.int(1)?, received: row.int(2)? });
    }
    for row in tx.rows(OPEN, args![month.number()]).await? {
        let kind = AccountKind::from_code(&row.text(0)?);
        let kind = kind.ok_or_else(|| Error::Damaged("a counted kind of mailbox is none".to_owned()))?;
        figures.open.insert(kind.code(), row.int(1)?);
    }
    Ok(figures)
}

/// The counted days of each of these months, of all mailboxes or of these together.
pub(super) async fn trend(
    tx: &mut Tx,
    months: RangeInclusive<Month>,
    accounts: Option<&[AccountId]>,
) -> Result<BTreeMap<Month, MailboxCounts>, Error> {
    const ALL: &str = "SELECT month, CAST(SUM(sent) AS {INT}), CAST(SUM(sent_to_patients) AS {INT}),
        CAST(SUM(sent_with_cda) AS {INT}), CAST(SUM(sent_with_qualified_ins) AS {INT}),
        CAST(SUM(refused) AS {INT}), CAST(SUM(received) AS {INT}), CAST(SUM(connections) AS {INT})
        FROM mailbox_month WHERE month >= $1 AND month <= $2 GROUP BY month";
    const SOME: &str = "SELECT month, CAST(SUM(sent) AS {INT}), CAST(SUM(sent_to_patients) AS {INT}),
        CAST(SUM(sent_with_cda) AS {INT}), CAST(SUM(sent_with_qualified_ins) AS {INT}),
        CAST(SUM(refused) AS {INT}), CAST(SUM(received) AS {INT}), CAST(SUM(connections) AS {INT})
        FROM mailbox_month WHERE month >= $1 AND month <= $2 AND account IN ({}) GROUP BY month";
    let asked = args![months.start().number(), months.end().number()];
    let rows = match accounts {
        None => tx.rows(ALL, asked).await?,
        // A batch of the list each: a month may come several times.
        Some(accounts) => tx.rows_in(SOME, asked, accounts.iter().map(|one| (*one).into()).collect()).await?,
    };
    let mut sums = BTreeMap::<Month, MailboxCounts>::new();
    for row in &rows {
        sums.entry(month(row.int(0)?)?).or_default().add(&counts(row)?);
    }
    Ok(sums)
}

/// The counts in columns 1 to 7.
fn counts(row: &Row) -> Result<MailboxCounts, Error> {
    Ok(MailboxCounts {
        sent: row.int(1)?,
        sent_to_patients: row.int(2)?,
        sent_with_cda: row.int(3)?,
        sent_with_qualified_ins: row.int(4)?,
        refused: row.int(5)?,
        received: row.int(6)?,
        connections: row.int(7)?,
    })
}

fn month(number: i64) -> Result<Month, Error> {
    Month::numbered(number).ok_or_else(|| Error::Damaged("a counted month is none".to_owned()))
}
