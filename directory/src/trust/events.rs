//! What happened to the trust list, and alarms about it. The same again is counted, not repeated.

use db::{Tx, args};
use names::Timestamp;

use crate::limits;

/// What kind of thing happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EventKind {
    /// A list was applied.
    Applied,
    /// A list was not applied.
    Refused,
    /// A list was applied, with something to look at.
    Warning,
    /// One public key was seen under two holders (RELIABILITY T-07).
    SharedKey,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Applied, Self::Refused, Self::Warning, Self::SharedKey];

    /// The code kept in the database.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Refused => "refused",
            Self::Warning => "warning",
            Self::SharedKey => "shared-key",
        }
    }

    /// Whether somebody should look at it.
    #[must_use]
    pub fn is_alarm(self) -> bool {
        match self {
            Self::Applied => false,
            Self::Refused | Self::Warning | Self::SharedKey => true,
        }
    }

    fn from_code(code: &str) -> Result<Self, db::Error> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.code() == code)
            .ok_or_else(|| db::Error::Damaged("the kind of a trust event is unknown".to_owned()))
    }
}

/// Something that happened, once or again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// Of which kind.
    pub kind: EventKind,
    /// In words.
    pub text: String,
    /// The first time.
    pub first_at: Timestamp,
    /// The last time.
    pub last_at: Timestamp,
    /// How often.
    pub times: i64,
}

const NOTE: &str = "INSERT INTO trust_event (kind, fingerprint, text, first_at, last_at, times)
    VALUES ($1, $2, $3, $4, $4, 1)
    ON CONFLICT (kind, fingerprint)
    DO UPDATE SET text = excluded.text, last_at = excluded.last_at, times = trust_event.times + 1";
const NEWEST: &str = "SELECT kind, text, first_at, last_at, times FROM trust_event
    ORDER BY last_at DESC, kind, fingerprint LIMIT $1";
const FORGET: &str = "DELETE FROM trust_event WHERE last_at < $1";

/// Writes that something happened; `fingerprint` tells the same from another.
pub(super) async fn note(
    tx: &mut Tx,
    kind: EventKind,
    fingerprint: &str,
    text: &str,
    now: Timestamp,
) -> Result<(), db::Error> {
    tx.execute(FORGET, args![now.plus(-limits::TRUST_EVENTS_KEPT)]).await?;
    tx.execute(NOTE, args![kind.code(), fingerprint, text, now]).await.map(drop)
}

/// What happened last, newest first.
pub async fn events(tx: &mut Tx, most: u32) -> Result<Vec<Event>, db::Error> {
    let rows = tx.rows(NEWEST, args![most]).await?;
    rows.iter()
        .map(|row| {
            Ok(Event {
                kind: EventKind::from_code(&row.text(0)?)?,
                text: row.text(1)?,
                first_at: row.time(2)?,
                last_at: row.time(3)?,
                times: row.int(4)?,
            })
        })
        .collect()
}
