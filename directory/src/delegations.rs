//! Who else may use a mailbox: members of a team's, and people who act for its holder.

use db::{Tx, args};
use names::{AccountId, PersonId, Timestamp};

/// What a member or a delegate may do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Rights {
    /// Read only.
    Read,
    /// Read and write as the mailbox.
    Write,
    /// The same, and say who else may.
    Manage,
}

impl Rights {
    /// Every right, weakest first.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Manage];

    /// The code kept in the database and in import files.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Manage => "manage",
        }
    }

    /// The right a code stands for.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rights| rights.code() == code)
    }
}

/// From when until when a right holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Period {
    /// From this moment on; none is since ever.
    pub starts: Option<Timestamp>,
    /// Before this moment; none is until it is ended.
    pub ends: Option<Timestamp>,
}

impl Period {
    /// Without limits.
    pub const OPEN: Self = Self { starts: None, ends: None };

    /// Whether it holds at `now`.
    #[must_use]
    pub fn holds(self, now: Timestamp) -> bool {
        self.later(now).is_none() && !self.is_over(now)
    }

    /// Whether it will never hold again.
    #[must_use]
    pub fn is_over(self, now: Timestamp) -> bool {
        self.ends.is_some_and(|ends| ends <= now)
    }

    /// When it begins, if it has not yet.
    #[must_use]
    pub fn later(self, now: Timestamp) -> Option<Timestamp> {
        self.starts.filter(|starts| *starts > now)
    }

    /// Whether anything of it is to come: it ends after `now`, and after it begins.
    pub(crate) fn is_possible(self, now: Timestamp) -> bool {
        self.ends.is_none_or(|ends| ends > self.later(now).unwrap_or(now))
    }

    /// Whether two mean the same from `now` on.
    pub(crate) fn is_as(self, other: Self, now: Timestamp) -> bool {
        self.later(now) == other.later(now) && self.ends == other.ends
    }

    /// As the trail tells it: `until=open`, `until=… from=…`.
    pub(crate) fn told(self, now: Timestamp) -> String {
        let until = self.ends.map_or_else(|| "open".to_owned(), |ends| ends.0.to_string());
        let from = self.later(now).map_or_else(String::new, |starts| format!(" from={}", starts.0));
        format!("until={until}{from}")
    }
}

/// A person is of a team's mailbox.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Membership {
    pub(crate) mailbox: AccountId,
    pub(crate) person: PersonId,
    pub(crate) rights: Rights,
    pub(crate) period: Period,
}

/// A person acts for a mailbox during a time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Delegation {
    pub(crate) mailbox: AccountId,
    pub(crate) person: PersonId,
    pub(crate) rights: Rights,
    pub(crate) starts: Timestamp,
    pub(crate) ends: Option<Timestamp>,
}

impl Delegation {
    pub(crate) fn period(&self) -> Period {
        Period { starts: Some(self.starts), ends: self.ends }
    }
}

const RIGHTS_OF: &str = "SELECT account, 'manage' FROM mailbox WHERE person = $1
    UNION ALL SELECT mailbox, rights FROM member WHERE person = $1
        AND (starts_at IS NULL OR starts_at <= $2) AND (ends_at IS NULL OR ends_at > $2)
    UNION ALL SELECT mailbox, rights FROM delegation WHERE person = $1 AND starts_at <= $2
        AND (ends_at IS NULL OR ends_at > $2)";
const NEXT_CHANGE: &str = "SELECT MIN(at) FROM (
    SELECT MIN(ends_at) AS at FROM delegation WHERE person = $1 AND ends_at > $2
    UNION ALL SELECT MIN(starts_at) FROM delegation WHERE person = $1 AND starts_at > $2
    UNION ALL SELECT MIN(ends_at) FROM member WHERE person = $1 AND ends_at > $2
    UNION ALL SELECT MIN(starts_at) FROM member WHERE person = $1 AND starts_at > $2) AS changes";
const LATER: &str = "SELECT mailbox, rights FROM member WHERE person = $1 AND starts_at > $2
    UNION ALL SELECT mailbox, rights FROM delegation WHERE person = $1 AND starts_at > $2
        AND (ends_at IS NULL OR ends_at > $2)";
/// What an import says: who, and with which rights. Dates that were given stay.
const SAVE_RIGHTS: &str = "INSERT INTO member (mailbox, person, rights) VALUES ($1, $2, $3)
    ON CONFLICT (mailbox, person) DO UPDATE SET rights = excluded.rights";
const SAVE_MEMBER: &str = "INSERT INTO member (mailbox, person, rights, starts_at, ends_at)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (mailbox, person) DO UPDATE SET rights = excluded.rights,
    starts_at = excluded.starts_at, ends_at = excluded.ends_at";
const SAVE_DELEGATION: &str = "INSERT INTO delegation (mailbox, person, rights, starts_at, ends_at)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (mailbox, person) DO UPDATE SET rights = excluded.rights,
    starts_at = excluded.starts_at, ends_at = excluded.ends_at";
const MEMBERS: &str = "SELECT mailbox, person, rights, starts_at, ends_at FROM member WHERE mailbox IN ({})";
const DELEGATIONS: &str =
    "SELECT mailbox, person, rights, starts_at, ends_at FROM delegation WHERE mailbox IN ({})";

/// What a person may do with each mailbox they may use at `now`; the strongest right of each.
pub(crate) async fn rights_of(
    tx: &mut Tx,
    person: PersonId,
    now: Timestamp,
) -> Result<std::collections::HashMap<AccountId, Rights>, db::Error> {
    let mut found = std::collections::HashMap::new();
    for row in tx.rows(RIGHTS_OF, args![person, now]).await? {
        let rights = rights(&row.text(1)?)?;
        let strongest = found.entry(AccountId(row.int(0)?)).or_insert(rights);
        *strongest = rights.max(*strongest);
    }
    Ok(found)
}

/// When the next of a person's rights begins or ends.
pub(crate) async fn next_change(
    tx: &mut Tx,
    person: PersonId,
    now: Timestamp,
) -> Result<Option<Timestamp>, db::Error> {
    tx.row(NEXT_CHANGE, args![person, now]).await?.maybe_time(0)
}

/// What a person will be able to do with mailboxes from some day on.
pub(crate) async fn later(
    tx: &mut Tx,
    person: PersonId,
    now: Timestamp,
) -> Result<Vec<(AccountId, Rights)>, db::Error> {
    let rows = tx.rows(LATER, args![person, now]).await?;
    rows.iter().map(|row| Ok((AccountId(row.int(0)?), rights(&row.text(1)?)?))).collect()
}

/// Writes the rights of a member and leaves their dates.
pub(crate) async fn save_rights(
    tx: &mut Tx,
    mailbox: AccountId,
    person: PersonId,
    rights: Rights,
) -> Result<(), db::Error> {
    tx.execute(SAVE_RIGHTS, args![mailbox, person, rights.code()]).await.map(drop)
}

pub(crate) async fn save_member(tx: &mut Tx, member: &Membership) -> Result<(), db::Error> {
    let Period { starts, ends } = member.period;
    let row = args![member.mailbox, member.person, member.rights.code(), starts, ends];
    tx.execute(SAVE_MEMBER, row).await.map(drop)
}

pub(crate) async fn save(tx: &mut Tx, delegation: &Delegation) -> Result<(), db::Error> {
    let row = args![
        delegation.mailbox,
        delegation.person,
        delegation.rights.code(),
        delegation.starts,
        delegation.ends
    ];
    tx.execute(SAVE_DELEGATION, row).await.map(drop)
}

/// Members of these mailboxes, those of the past and of later too.
pub(crate) async fn members(tx: &mut Tx, mailboxes: &[AccountId]) -> Result<Vec<Membership>, db::Error> {
    let list = mailboxes.iter().map(|mailbox| db::Value::from(*mailbox)).collect();
    let rows = tx.rows_in(MEMBERS, args![], list).await?;
    rows.iter()
        .map(|row| {
            Ok(Membership {
                mailbox: AccountId(row.int(0)?),
                person: PersonId(row.int(1)?),
                rights: rights(&row.text(2)?)?,
                period: Period { starts: row.maybe_time(3)?, ends: row.maybe_time(4)? },
            })
        })
        .collect()
}

pub(crate) async fn of_mailboxes(tx: &mut Tx, mailboxes: &[AccountId]) -> Result<Vec<Delegation>, db::Error> {
    let list = mailboxes.iter().map(|mailbox| db::Value::from(*mailbox)).collect();
    let rows = tx.rows_in(DELEGATIONS, args![], list).await?;
    rows.iter().map(from_row).collect()
}

/// Reads a delegation from the columns mailbox, person, rights, starts_at, ends_at.
pub(crate) fn from_row(row: &db::Row) -> Result<Delegation, db::Error> {
    Ok(Delegation {
        mailbox: AccountId(row.int(0)?),
        person: PersonId(row.int(1)?),
        rights: rights(&row.text(2)?)?,
        starts: row.time(3)?,
        ends: row.maybe_time(4)?,
    })
}

fn rights(code: &str) -> Result<Rights, db::Error> {
    Rights::from_code(code).ok_or_else(|| db::Error::Damaged("the rights of a member are unknown".to_owned()))
}
