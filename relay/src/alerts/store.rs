//! Rows of notices: written with the act they tell, leased by workers, settled once.

use crate::visible::Notice;
use db::{Args, Error, Tx, args};
use names::{AccountId, AlertId, MINUTE, Timestamp};
use policy::alerts::{Latest, Progress, Step, coalesce};
use policy::{Alert, AlertKind, Audience};

/// What the workers of other processes are told: notices are due.
pub(crate) const WAKE: &str = "notices";

/// How long a worker may keep a notice before another takes it over.
const LEASE: i64 = 5 * MINUTE;

/// A notice due for a patient's account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DueAlert {
    pub(crate) id: AlertId,
    pub(crate) account: AccountId,
    pub(crate) alert: Alert,
}

/// A notice that a worker holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leased {
    pub(crate) id: AlertId,
    pub(crate) account: AccountId,
    pub(crate) kind: AlertKind,
    pub(crate) audience: Audience,
    pub(crate) attempts: u32,
    pub(crate) created_at: Timestamp,
}

fn audience_code(audience: Audience) -> &'static str {
    match audience {
        Audience::Everybody => "everybody",
        Audience::OwnerOnly => "owner",
    }
}

/// Writes the rows that are due, coalesced by the rule of policy; answers when the first may leave.
pub(crate) async fn due(
    tx: &mut Tx,
    alerts: &[DueAlert],
    now: Timestamp,
) -> Result<Option<Timestamp>, Error> {
    let mut rows: Vec<Args> = Vec::new();
    let mut first: Option<Timestamp> = None;
    let mut written: Vec<(AccountId, Alert)> = Vec::new();
    for due in alerts {
        if due.alert.kind.coalesces() && written.contains(&(due.account, due.alert)) {
            continue;
        }
        let latest = if due.alert.kind.coalesces() { latest(tx, due, now).await? } else { None };
        let Step::Send { not_before } = coalesce(due.alert, latest, now) else { continue };
        written.push((due.account, due.alert));
        first = Some(first.map_or(not_before, |first| first.min(not_before)));
        rows.push(args![
            due.id,
            due.account,
            due.alert.kind.code(),
            audience_code(due.alert.audience),
            not_before,
            now,
            "waiting",
            0_i64,
            0_i64
        ]);
    }
    tx.insert_rows(
        "INSERT INTO alert (id, account, kind, audience, due_at, created_at, state, lease_until, attempts) VALUES",
        "",
        rows,
    )
    .await?;
    Ok(first)
}

async fn latest(tx: &mut Tx, due: &DueAlert, now: Timestamp) -> Result<Option<Latest>, Error> {
    let sql = "SELECT due_at, state, lease_until, attempts FROM alert
               WHERE account = $1 AND kind = $2 AND audience = $3 ORDER BY due_at DESC LIMIT 1";
    let args = args![due.account, due.alert.kind.code(), audience_code(due.alert.audience)];
    let Some(row) = tx.maybe_row(sql, args).await? else { return Ok(None) };
    // One that is being tried again has not said anything yet, but it may be leaving this instant.
    let waiting = row.text(1)? == "waiting" && row.int(2)? <= now.0;
    let progress = if waiting { Progress::Waiting } else { Progress::Gone };
    Ok(Some(Latest { due_at: row.time(0)?, progress }))
}

/// Takes up to `limit` notices that are due; no other worker gets them before the lease ends. The
/// attempt is counted before the work, so that one that kills its worker does not return for ever.
pub(crate) async fn lease(tx: &mut Tx, limit: u32, now: Timestamp) -> Result<Vec<Leased>, Error> {
    let sql = "UPDATE alert SET lease_until = $2, attempts = attempts + 1 WHERE id IN (
                   SELECT id FROM alert WHERE state = 'waiting' AND due_at <= $1 AND lease_until <= $1
                   ORDER BY due_at LIMIT $3 {FOR UPDATE} {SKIP LOCKED})
               RETURNING id, account, kind, audience, attempts, created_at";
    let rows = tx.rows(sql, args![now, now.plus(LEASE), limit]).await?;
    rows.iter()
        .map(|row| {
            let kind = row.text(2)?;
            let kind = AlertKind::from_code(&kind)
                .ok_or_else(|| Error::Damaged(format!("«{kind}» is not a kind of alert")))?;
            let audience = if row.text(3)? == "owner" { Audience::OwnerOnly } else { Audience::Everybody };
            Ok(Leased {
                id: AlertId(row.int(0)?),
                account: AccountId(row.int(1)?),
                kind,
                audience,
                attempts: u32::try_from(row.int(4)?).unwrap_or(u32::MAX),
                created_at: row.time(5)?,
            })
        })
        .collect()
}

/// When the next notice is due; none when nothing waits.
pub(crate) async fn next_due(tx: &mut Tx) -> Result<Option<Timestamp>, Error> {
    let sql = "SELECT MIN(CASE WHEN lease_until > due_at THEN lease_until ELSE due_at END)
               FROM alert WHERE state = 'waiting'";
    tx.row(sql, args![]).await?.maybe_time(0)
}

/// What became of the notice that a letter of this instant waits. Notices are shared, so the letter's is
/// the first that had not left before.
pub(crate) async fn notice_since(
    tx: &mut Tx,
    account: AccountId,
    letter: Timestamp,
) -> Result<Notice, Error> {
    const SELECT: &str = "SELECT state FROM alert WHERE account = $1 AND kind = $2
        AND (settled_at IS NULL OR settled_at >= $3) ORDER BY due_at LIMIT 1";
    let args = args![account, AlertKind::Letter.code(), letter];
    let row = tx.maybe_row(SELECT, args).await?;
    let state = row.map(|row| row.text(0)).transpose()?;
    Ok(match state.as_deref() {
        None | Some("muted") => Notice::None,
        Some("sent") => Notice::Left,
        Some("failed") => Notice::Failed,
        Some(_) => Notice::Waits,
    })
}

/// Notices of one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notices {
    /// `waiting`, `sent`, `failed`.
    pub state: String,
    /// How many are kept.
    pub count: u64,
    /// When the oldest was written.
    pub oldest: Option<Timestamp>,
}

/// How many notices are kept in each state.
pub async fn notices(tx: &mut Tx) -> Result<Vec<Notices>, Error> {
    let sql = "SELECT state, COUNT(*), MIN(created_at) FROM alert GROUP BY state ORDER BY state";
    let rows = tx.rows(sql, args![]).await?;
    rows.iter()
        .map(|row| {
            let count = u64::try_from(row.int(1)?).unwrap_or(0);
            Ok(Notices { state: row.text(0)?, count, oldest: row.maybe_time(2)? })
        })
        .collect()
}

/// Forgets every notice of an account that is erased.
pub(crate) async fn forget_account(tx: &mut Tx, account: AccountId) -> Result<(), Error> {
    const REACHED: &str =
        "DELETE FROM alert_reached WHERE alert IN (SELECT id FROM alert WHERE account = $1)";
    tx.execute(REACHED, args![account]).await?;
    tx.execute("DELETE FROM alert WHERE account = $1", args![account]).await?;
    Ok(())
}

/// Which destinations of a notice have been reached already.
pub(crate) async fn reached(tx: &mut Tx, alert: AlertId) -> Result<Vec<Vec<u8>>, Error> {
    let rows = tx.rows("SELECT destination FROM alert_reached WHERE alert = $1", args![alert]).await?;
    rows.iter().map(|row| row.bytes(0)).collect()
}

/// Notes that a destination was reached.
pub(crate) async fn note_reached(
    tx: &mut Tx,
    alert: AlertId,
    destination: &[u8],
    now: Timestamp,
) -> Result<(), Error> {
    let sql = "INSERT INTO alert_reached (alert, destination, reached_at) VALUES ($1, $2, $3)
               ON CONFLICT (alert, destination) DO NOTHING";
    tx.execute(sql, args![alert, destination, now]).await.map(drop)
}

/// What became of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Every destination was reached.
    Sent,
    /// Some destination may be reached later.
    Again { at: Timestamp, why: String },
    /// Given up.
    Failed { why: String },
}

/// Ends the lease with what became of the notice.
pub(crate) async fn settle(
    tx: &mut Tx,
    alert: AlertId,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<(), Error> {
    let (state, due_at, settled, error) = match outcome {
        Outcome::Sent => ("sent", None, Some(now), None),
        Outcome::Again { at, why } => ("waiting", Some(*at), None, Some(why)),
        Outcome::Failed { why } => ("failed", None, Some(now), Some(why)),
    };
    let sql = "UPDATE alert SET state = $2, due_at = COALESCE($3, due_at), settled_at = $4, last_error = $5,
               lease_until = 0 WHERE id = $1 AND state = 'waiting'";
    tx.execute(sql, args![alert, state, due_at, settled, error]).await.map(drop)
}
