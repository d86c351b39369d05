//! What is kept of mailboxes that nobody uses, and who answers for them.

use db::{Row, Tx, args};
use names::{AccountId, AccountKind, Address, PersonId, Timestamp};

use super::{Idle, InactivityRules, before};
use crate::mailboxes::Mailbox;
use crate::{MailboxState, Rights, delegations, limits};

/// Where a look over all mailboxes is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Looked(Option<AccountId>);

const OF_ONE: &str =
    "SELECT m.account, m.kind, m.state, m.state_since, i.used_at, i.noticed_at, i.suspended_at,
    i.idle_since FROM mailbox m LEFT JOIN mailbox_inactivity i ON i.mailbox = m.account WHERE m.account = $1";
const HOLD: &str = "SELECT account FROM mailbox WHERE account = $1 {FOR UPDATE}";
const PAGE: &str =
    "SELECT m.account, m.kind, m.state, m.state_since, i.used_at, i.noticed_at, i.suspended_at,
    i.idle_since FROM mailbox m LEFT JOIN mailbox_inactivity i ON i.mailbox = m.account
    WHERE m.account > $1 AND m.state <> $2 AND (m.state_since <= $3 OR i.suspended_at IS NOT NULL)
    ORDER BY m.account LIMIT $4";
const USED: &str = "INSERT INTO mailbox_inactivity (mailbox, used_at) VALUES ($1, $2)
    ON CONFLICT (mailbox) DO UPDATE SET used_at = excluded.used_at";
const NOTICED: &str = "INSERT INTO mailbox_inactivity (mailbox, noticed_at) VALUES ($1, $2)
    ON CONFLICT (mailbox) DO UPDATE SET noticed_at = excluded.noticed_at";
const SUSPENDED: &str = "UPDATE mailbox_inactivity SET suspended_at = $2, idle_since = $3 WHERE mailbox = $1";
const OWN: &str = "SELECT person, address FROM mailbox WHERE kind = $1 AND state = $2 AND account <> $3
    AND person IN ({}) ORDER BY person, rank, address";

/// Mailboxes for which anything may be due at `now`, some hundreds at a time: whoever asks goes on where `looked`
/// is, until it is handed nothing.
pub async fn idle(
    tx: &mut Tx,
    looked: &mut Looked,
    rules: &InactivityRules,
    now: Timestamp,
) -> Result<Vec<Idle>, db::Error> {
    let after = looked.0.map_or(0, |account| account.0);
    // Whoever was opened or reopened later than that was not idle for as long.
    let oldest = before(now, rules.notice_months);
    let row = args![after, MailboxState::Closed.code(), oldest, limits::IDLE_PAGE];
    let page: Vec<Idle> = tx.rows(PAGE, row).await?.iter().map(from_row).collect::<Result<_, _>>()?;
    if let Some(last) = page.last() {
        looked.0 = Some(last.account);
    }
    Ok(page)
}

/// What is known of one mailbox.
pub async fn inactivity_of(tx: &mut Tx, account: AccountId) -> Result<Option<Idle>, db::Error> {
    tx.maybe_row(OF_ONE, args![account]).await?.as_ref().map(from_row).transpose()
}

/// The same, and nobody else takes a step about it until the end of the unit.
pub(super) async fn held(tx: &mut Tx, account: AccountId) -> Result<Option<Idle>, db::Error> {
    if tx.maybe_row(HOLD, args![account]).await?.is_none() {
        return Ok(None);
    }
    inactivity_of(tx, account).await
}

/// Remembers a use that the trail told.
pub async fn note_use(tx: &mut Tx, account: AccountId, used: Timestamp) -> Result<(), db::Error> {
    tx.execute(USED, args![account, used]).await.map(drop)
}

pub(super) async fn note_notice(tx: &mut Tx, account: AccountId, now: Timestamp) -> Result<(), db::Error> {
    tx.execute(NOTICED, args![account, now]).await.map(drop)
}

pub(super) async fn note_suspension(
    tx: &mut Tx,
    account: AccountId,
    idle_since: Timestamp,
    now: Timestamp,
) -> Result<(), db::Error> {
    tx.execute(SUSPENDED, args![account, now, idle_since]).await.map(drop)
}

/// Where those who answer for a mailbox are written to, itself apart: the person named as responsible when an
/// address stands there, the holder's other mailbox, and the own mailboxes of who manages it for a team, or of all
/// its members when nobody does.
pub async fn recipients(tx: &mut Tx, mailbox: &Mailbox, now: Timestamp) -> Result<Vec<Address>, db::Error> {
    let mut people: Vec<PersonId> = mailbox.person.iter().map(|person| person.id).collect();
    let mut members = delegations::members(tx, &[mailbox.account]).await?;
    members.retain(|member| member.period.holds(now));
    let manages = |member: &delegations::Membership| member.rights == Rights::Manage;
    if members.iter().any(manages) {
        members.retain(manages);
    }
    people.extend(members.iter().map(|member| member.person));
    people.truncate(limits::IDLE_TOLD);
    let list = people.iter().map(|person| db::Value::from(*person)).collect();
    let row = args![AccountKind::Personal.code(), MailboxState::Open.code(), mailbox.account];
    let mut told: Vec<Address> = Vec::new();
    told.extend(mailbox.responsible.as_deref().and_then(|text| Address::parse(text.trim()).ok()));
    let mut last = None;
    for row in tx.rows_in(OWN, row, list).await? {
        let (person, address) = (row.int(0)?, Address::parse(&row.text(1)?));
        let address =
            address.map_err(|_| db::Error::Damaged("the address of a mailbox does not parse".to_owned()))?;
        // The preferred one of each comes first.
        if last.replace(person) != Some(person) && !told.contains(&address) {
            told.push(address);
        }
    }
    told.retain(|address| *address != mailbox.address);
    Ok(told)
}

fn from_row(row: &Row) -> Result<Idle, db::Error> {
    let damaged = |what: &str| db::Error::Damaged(what.to_owned());
    let kind = AccountKind::from_code(&row.text(1)?);
    let state = MailboxState::from_code(&row.text(2)?);
    Ok(Idle {
        account: AccountId(row.int(0)?),
        kind: kind.ok_or_else(|| damaged("the kind of a mailbox is unknown"))?,
        state: state.ok_or_else(|| damaged("the state of a mailbox is unknown"))?,
        since: row.time(3)?,
        used: row.maybe_time(4)?,
        noticed: row.maybe_time(5)?,
        suspended: row.maybe_time(6)?.zip(row.maybe_time(7)?),
    })
}
