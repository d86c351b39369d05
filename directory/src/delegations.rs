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

/// A person acts for a mailbox during a time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Delegation {
    pub(crate) mailbox: AccountId,
    pub(crate) person: PersonId,
    pub(crate) rights: Rights,
    pub(crate) starts: Timestamp,
    pub(crate) ends: Option<Timestamp>,
}

const RIGHTS_OF: &str = "SELECT account, 'manage' FROM mailbox WHERE person = $1
    UNION ALL SELECT mailbox, rights FROM member WHERE person = $1
    UNION ALL SELECT mailbox, rights FROM delegation WHERE person = $1 AND starts_at <= $2
        AND (ends_at IS NULL OR ends_at > $2)";
const NEXT_END: &str =
    "SELECT MIN(ends_at) FROM delegation WHERE person = $1 AND starts_at <= $2 AND ends_at > $2";
const SAVE_MEMBER: &str = "INSERT INTO member (mailbox, person, rights) VALUES ($1, $2, $3)
    ON CONFLICT (mailbox, person) DO UPDATE SET rights = excluded.rights";
const SAVE_DELEGATION: &str = "INSERT INTO delegation (mailbox, person, rights, starts_at, ends_at)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (mailbox, person) DO UPDATE SET rights = excluded.rights,
    starts_at = excluded.starts_at, ends_at = excluded.ends_at";
const MEMBERS: &str = "SELECT mailbox, person, rights FROM member WHERE mailbox IN ({})";
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

/// When the next of a person's delegations ends.
pub(crate) async fn next_end(
    tx: &mut Tx,
    person: PersonId,
    now: Timestamp,
) -> Result<Option<Timestamp>, db::Error> {
    tx.row(NEXT_END, args![person, now]).await?.maybe_time(0)
}

pub(crate) async fn save_member(
    tx: &mut Tx,
    mailbox: AccountId,
    person: PersonId,
    rights: Rights,
) -> Result<(), db::Error> {
    tx.execute(SAVE_MEMBER, args![mailbox, person, rights.code()]).await.map(drop)
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

pub(crate) async fn members(
    tx: &mut Tx,
    mailboxes: &[AccountId],
) -> Result<Vec<(AccountId, PersonId, Rights)>, db::Error> {
    let list = mailboxes.iter().map(|mailbox| db::Value::from(*mailbox)).collect();
    let rows = tx.rows_in(MEMBERS, args![], list).await?;
    rows.iter()
        .map(|row| Ok((AccountId(row.int(0)?), PersonId(row.int(1)?), rights(&row.text(2)?)?)))
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
