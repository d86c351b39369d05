//! Mailboxes of the trade: PER, ORG, APP, CAB. Address and kind never change (DOMAIN §1.5).

use db::{Row, Tx, args};
use names::{AccountId, AccountKind, Address, NationalStructureId, PersonId, SectorCode, Timestamp};

use crate::{Organisation, Person, organisations, people};

/// Whether a mailbox may be used.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MailboxState {
    /// In use.
    Open,
    /// Stopped for a time: nobody logs in, letters are refused for now.
    Suspended,
    /// Stopped for good.
    Closed,
}

impl MailboxState {
    /// Every state, for tables of tests.
    pub const ALL: [Self; 3] = [Self::Open, Self::Suspended, Self::Closed];

    /// The code kept in the database and in import files.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Suspended => "suspended",
            Self::Closed => "closed",
        }
    }

    /// The state a code stands for.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// A mailbox with who stands behind it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mailbox {
    /// The account in the store; also this row's id.
    pub account: AccountId,
    /// Its one address.
    pub address: Address,
    /// PER, ORG, APP or CAB.
    pub kind: AccountKind,
    /// Whether it may be used.
    pub state: MailboxState,
    /// Not to be shown in any search.
    pub red_list: bool,
    /// 1 is the holder's preferred one.
    pub rank: i64,
    /// Whether it hears of every letter to a patient: delivered, and not opened after some days. Its
    /// holder's choice.
    pub followed: bool,
    /// What it is for (ORG, APP, CAB).
    pub description: Option<String>,
    /// Service it is attached to (ORG, APP).
    pub service: Option<String>,
    /// Who answers for it (ORG, APP); for administrators only.
    pub responsible: Option<String>,
    /// The professional who holds it (PER, CAB).
    pub person: Option<Person>,
    /// The organisation that holds it (ORG, APP), or where the person works.
    pub organisation: Option<Organisation>,
}

impl Mailbox {
    /// The name patients and correspondents are shown, as the directory knows it.
    #[must_use]
    pub fn display_name(&self) -> String {
        let person = self.person.as_ref().map(Person::display_name);
        let team = self.description.clone().or_else(|| {
            let organisation = self.organisation.as_ref()?;
            Some(match &self.service {
                Some(service) => format!("{}, {service}", organisation.name),
                None => organisation.name.clone(),
            })
        });
        let name = match self.kind {
            AccountKind::Personal => person.or(team),
            AccountKind::Organisational
            | AccountKind::Applicative
            | AccountKind::Practice
            | AccountKind::Patient => team.or(person),
        };
        name.unwrap_or_else(|| self.address.to_string())
    }

    /// What the holder does: profession and know-how, or the service of a team.
    #[must_use]
    pub fn role(&self) -> String {
        match (&self.person, &self.service) {
            (Some(person), _) => person.role(),
            (None, Some(service)) => service.clone(),
            (None, None) => String::new(),
        }
    }

    /// Sector of activity of the organisation.
    #[must_use]
    pub fn sector(&self) -> Option<&SectorCode> {
        self.organisation.as_ref()?.sector.as_ref()
    }
}

/// The columns [`from_row`] reads, with the joins they need; a macro because a statement is one constant.
macro_rules! select_mailbox {
    ($rest:literal) => {
        concat!(
            "SELECT m.account, m.address, m.kind, m.description, m.service, m.red_list, m.rank, m.state, m.followed,
             m.responsible,
             p.id, p.national_id, p.civility, p.given_name, p.family_name, p.profession_code,
             p.profession_label, p.specialty,
             o.id, o.national_id, o.finess, o.siret, o.name, o.sector, o.street, o.postal_code, o.town
             FROM mailbox m LEFT JOIN person p ON p.id = m.person
             LEFT JOIN organisation o ON o.id = m.organisation ",
            $rest
        )
    };
}

/// Columns of a mailbox with its joins, as [`from_row`] reads them.
const OWN_COLUMNS: usize = 10;

const BY_ADDRESS: &str = select_mailbox!("WHERE m.address IN ({})");
const BY_ACCOUNT: &str = select_mailbox!("WHERE m.account IN ({})");
const MACHINES: &str =
    select_mailbox!("WHERE m.kind = $1 AND (o.national_id = $2 OR o.finess = $3 OR o.siret = $4)");
const OF_PERSON: &str = select_mailbox!(
    "WHERE m.account IN (SELECT account FROM mailbox WHERE person = $1
     UNION SELECT mailbox FROM member WHERE person = $1 AND (starts_at IS NULL OR starts_at <= $2)
         AND (ends_at IS NULL OR ends_at > $2)
     UNION SELECT mailbox FROM delegation WHERE person = $1 AND starts_at <= $2
         AND (ends_at IS NULL OR ends_at > $2))
     ORDER BY m.rank, m.address"
);
const INSERT: &str =
    "INSERT INTO mailbox (account, address, kind, person, organisation, description, service,
    red_list, rank, state, state_since, responsible, changed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $11)";
const UPDATE: &str = "UPDATE mailbox SET description = $2, service = $3, red_list = $4, rank = $5,
    responsible = $6, changed_at = $7 WHERE account = $1";
const SET_STATE: &str = "UPDATE mailbox SET state = $2, state_since = $3, changed_at = $3 WHERE account = $1";
const SET_FOLLOWED: &str = "UPDATE mailbox SET followed = $2 WHERE account = $1";
const COUNT_OPEN: &str = "SELECT kind, COUNT(*) FROM mailbox WHERE state = $1 GROUP BY kind ORDER BY kind";
const ALL_ACCOUNTS: &str = "SELECT account, kind FROM mailbox UNION ALL SELECT account, 'PAT' FROM patient
    ORDER BY account";

/// The mailboxes with these addresses; those unknown are left out.
pub async fn find_by_addresses(tx: &mut Tx, addresses: &[&Address]) -> Result<Vec<Mailbox>, db::Error> {
    let list = addresses.iter().map(|address| db::Value::from(address.to_string())).collect();
    tx.rows_in(BY_ADDRESS, args![], list).await?.iter().map(from_row).collect()
}

/// The mailboxes of these accounts; those unknown (a patient's, for one) are left out.
pub async fn find(tx: &mut Tx, accounts: &[AccountId]) -> Result<Vec<Mailbox>, db::Error> {
    let list = accounts.iter().map(|account| db::Value::from(*account)).collect();
    tx.rows_in(BY_ACCOUNT, args![], list).await?.iter().map(from_row).collect()
}

/// Every mailbox a person may use at `now`: their own, their teams', and those they act for.
pub async fn of_person(tx: &mut Tx, person: PersonId, now: Timestamp) -> Result<Vec<Mailbox>, db::Error> {
    tx.rows(OF_PERSON, args![person, now]).await?.iter().map(from_row).collect()
}

/// The applicative mailboxes of an organisation, known by any of its numbers.
pub(crate) async fn machines_of(
    tx: &mut Tx,
    organisation: &NationalStructureId,
) -> Result<Vec<Mailbox>, db::Error> {
    let id = organisation.0.as_str();
    let number = |prefix: char| id.strip_prefix(prefix).map(ToOwned::to_owned);
    let row = args![AccountKind::Applicative.code(), id, number('1'), number('3')];
    tx.rows(MACHINES, row).await?.iter().map(from_row).collect()
}

/// Writes a new mailbox. The caller bumps the generation.
pub async fn create(tx: &mut Tx, mailbox: &Mailbox, now: Timestamp) -> Result<(), db::Error> {
    let row = args![
        mailbox.account,
        mailbox.address.to_string(),
        mailbox.kind.code(),
        mailbox.person.as_ref().map(|person| person.id),
        mailbox.organisation.as_ref().map(|organisation| organisation.id),
        mailbox.description.clone(),
        mailbox.service.clone(),
        mailbox.red_list,
        mailbox.rank,
        mailbox.state.code(),
        now,
        mailbox.responsible.clone()
    ];
    tx.execute(INSERT, row).await.map(drop)
}

/// Writes what may change of a mailbox: description, service, responsible, red list, rank. The caller bumps
/// the generation.
pub async fn update(tx: &mut Tx, mailbox: &Mailbox, now: Timestamp) -> Result<(), db::Error> {
    let row = args![
        mailbox.account,
        mailbox.description.clone(),
        mailbox.service.clone(),
        mailbox.red_list,
        mailbox.rank,
        mailbox.responsible.clone(),
        now
    ];
    tx.execute(UPDATE, row).await.map(drop)
}

/// Opens, suspends or closes a mailbox. The caller bumps the generation.
pub async fn set_state(
    tx: &mut Tx,
    account: AccountId,
    state: MailboxState,
    now: Timestamp,
) -> Result<(), db::Error> {
    tx.execute(SET_STATE, args![account, state.code(), now]).await.map(drop)
}

/// Says whether a mailbox hears of every letter to a patient. The caller bumps the generation.
pub(crate) async fn set_followed(tx: &mut Tx, account: AccountId, followed: bool) -> Result<(), db::Error> {
    tx.execute(SET_FOLLOWED, args![account, followed]).await.map(drop)
}

/// Mailboxes that are not closed and have been as they are, open or suspended, since this instant or longer, and since
/// when.
pub async fn standing_since(
    tx: &mut Tx,
    instant: Timestamp,
) -> Result<Vec<(AccountId, Timestamp)>, db::Error> {
    const STANDING: &str = "SELECT account, state_since FROM mailbox WHERE state <> $1 AND state_since <= $2
        ORDER BY account";
    let rows = tx.rows(STANDING, args![MailboxState::Closed.code(), instant]).await?;
    rows.iter().map(|row| Ok((AccountId(row.int(0)?), row.time(1)?))).collect()
}

/// How many mailboxes of each kind are open.
pub async fn count_open(tx: &mut Tx) -> Result<Vec<(AccountKind, i64)>, db::Error> {
    let rows = tx.rows(COUNT_OPEN, args![MailboxState::Open.code()]).await?;
    rows.iter().map(|row| Ok((kind(&row.text(0)?)?, row.int(1)?))).collect()
}

/// Every account the directory knows, patients' included, with its kind: for a caller that must see
/// that each has its place in the store.
pub async fn all_accounts(tx: &mut Tx) -> Result<Vec<(AccountId, AccountKind)>, db::Error> {
    let rows = tx.rows(ALL_ACCOUNTS, args![]).await?;
    rows.iter().map(|row| Ok((AccountId(row.int(0)?), kind(&row.text(1)?)?))).collect()
}

/// Reads a mailbox from the columns of [`select_mailbox`].
pub(crate) fn from_row(row: &Row) -> Result<Mailbox, db::Error> {
    let address = Address::parse(&row.text(1)?)
        .map_err(|_| db::Error::Damaged("the address of a mailbox does not parse".to_owned()))?;
    let state = MailboxState::from_code(&row.text(7)?)
        .ok_or_else(|| db::Error::Damaged("the state of a mailbox is unknown".to_owned()))?;
    Ok(Mailbox {
        account: AccountId(row.int(0)?),
        address,
        kind: kind(&row.text(2)?)?,
        description: row.maybe_text(3)?,
        service: row.maybe_text(4)?,
        red_list: row.bool(5)?,
        rank: row.int(6)?,
        state,
        followed: row.bool(8)?,
        responsible: row.maybe_text(9)?,
        person: people::from_row(row, OWN_COLUMNS)?,
        organisation: organisations::from_row(row, OWN_COLUMNS + people::COLUMNS)?,
    })
}

fn kind(code: &str) -> Result<AccountKind, db::Error> {
    AccountKind::from_code(code)
        .ok_or_else(|| db::Error::Damaged("the kind of a mailbox is unknown".to_owned()))
}
