//! The rows of administrators.

use db::{Row, Tx, Value, args};
use names::{AdministratorId, OrganisationId};

use super::{Administrator, AdministratorState, Reach, Roles};
use crate::Error;
use crate::sealing::{Sealed, Sealing};

/// What an administrator shows to come in.
pub(super) struct Factors {
    /// Argon2id, as a PHC string.
    pub(super) password: Option<String>,
    /// The secret of the second factor.
    pub(super) totp: Option<[u8; super::second_factor::SECRET]>,
}

const BY_LOGIN: &str =
    "SELECT id, login, name, roles, everywhere, state, created_at FROM administrator WHERE login = $1";
const BY_ID: &str =
    "SELECT id, login, name, roles, everywhere, state, created_at FROM administrator WHERE id = $1";
const ALL: &str =
    "SELECT id, login, name, roles, everywhere, state, created_at FROM administrator ORDER BY login";
const LOCK: &str = "SELECT id FROM administrator WHERE id = $1 {FOR UPDATE}";
const ORGANISATIONS: &str =
    "SELECT administrator, organisation FROM administrator_organisation WHERE administrator IN ({})";
const FACTORS: &str = "SELECT password, totp FROM administrator WHERE id = $1";
const INSERT: &str = "INSERT INTO administrator (id, login, name, roles, everywhere, state, password, totp,
    totp_step, created_at) VALUES ($1, $2, $3, $4, $5, $6, NULL, NULL, 0, $7)";
const ADD_ORGANISATIONS: &str = "INSERT INTO administrator_organisation (administrator, organisation) VALUES";
const FORGET_ORGANISATIONS: &str = "DELETE FROM administrator_organisation WHERE administrator = $1";
const SET_ROLES: &str = "UPDATE administrator SET roles = $2, everywhere = $3 WHERE id = $1";
const SET_STATE: &str = "UPDATE administrator SET state = $2 WHERE id = $1";
const SET_FACTORS: &str =
    "UPDATE administrator SET password = $2, totp = $3, totp_step = $4, state = $5 WHERE id = $1";
const TAKE_STEP: &str = "UPDATE administrator SET totp_step = $2 WHERE id = $1 AND totp_step < $2";

pub(super) async fn by_login(tx: &mut Tx, login: &str) -> Result<Option<Administrator>, Error> {
    let row = tx.maybe_row(BY_LOGIN, args![login]).await?;
    Ok(with_reach(tx, row.into_iter().collect()).await?.pop())
}

pub(super) async fn find(tx: &mut Tx, id: AdministratorId) -> Result<Option<Administrator>, Error> {
    let row = tx.maybe_row(BY_ID, args![id.0]).await?;
    Ok(with_reach(tx, row.into_iter().collect()).await?.pop())
}

pub(super) async fn all(tx: &mut Tx) -> Result<Vec<Administrator>, Error> {
    let rows = tx.rows(ALL, args![]).await?;
    with_reach(tx, rows).await
}

/// Holds the row until the end of the unit.
pub(super) async fn lock(tx: &mut Tx, id: AdministratorId) -> Result<(), db::Error> {
    tx.maybe_row(LOCK, args![id.0]).await.map(drop)
}

async fn with_reach(tx: &mut Tx, rows: Vec<Row>) -> Result<Vec<Administrator>, Error> {
    let ids: Vec<Value> = rows.iter().map(|row| row.int(0).map(Value::from)).collect::<Result<_, _>>()?;
    let limits = tx.rows_in(ORGANISATIONS, args![], ids).await?;
    let limits: Vec<(i64, OrganisationId)> = limits
        .iter()
        .map(|row| Ok((row.int(0)?, OrganisationId(row.int(1)?))))
        .collect::<Result<_, db::Error>>()?;
    rows.iter().map(|row| from_row(row, &limits)).collect()
}

fn from_row(row: &Row, limits: &[(i64, OrganisationId)]) -> Result<Administrator, Error> {
    let id = row.int(0)?;
    let reach = match row.bool(4)? {
        true => Reach::Everywhere,
        false => Reach::Only(limits.iter().filter(|(whose, _)| *whose == id).map(|(_, one)| *one).collect()),
    };
    Ok(Administrator {
        id: AdministratorId(id),
        login: row.text(1)?,
        name: row.text(2)?,
        roles: Roles::from_codes(&row.text(3)?).ok_or(Error::Corrupt("roles"))?,
        reach,
        state: AdministratorState::from_code(&row.text(5)?).ok_or(Error::Corrupt("administrator"))?,
        created: row.time(6)?,
    })
}

pub(super) async fn factors(tx: &mut Tx, sealing: &Sealing, id: AdministratorId) -> Result<Factors, Error> {
    let none = Factors { password: None, totp: None };
    let Some(row) = tx.maybe_row(FACTORS, args![id.0]).await? else { return Ok(none) };
    let password = match row.maybe_bytes(0)? {
        Some(sealed) => Some(open_password(sealing, id, sealed)?),
        None => None,
    };
    let totp = match row.maybe_bytes(1)? {
        Some(sealed) => Some(open_totp(sealing, id, sealed)?),
        None => None,
    };
    Ok(Factors { password, totp })
}

pub(super) fn seal_password(sealing: &Sealing, id: AdministratorId, hashed: &str) -> Vec<u8> {
    sealing.seal(Sealed::AdministratorPassword, id.0, hashed.as_bytes())
}

pub(super) fn open_password(
    sealing: &Sealing,
    id: AdministratorId,
    sealed: Vec<u8>,
) -> Result<String, Error> {
    let plain = sealing.open(Sealed::AdministratorPassword, id.0, sealed)?;
    String::from_utf8(plain).map_err(|_| Error::Corrupt("password of an administrator"))
}

pub(super) fn seal_totp(sealing: &Sealing, id: AdministratorId, secret: &[u8]) -> Vec<u8> {
    sealing.seal(Sealed::AdministratorFactor, id.0, secret)
}

pub(super) fn open_totp(
    sealing: &Sealing,
    id: AdministratorId,
    sealed: Vec<u8>,
) -> Result<[u8; super::second_factor::SECRET], Error> {
    let plain = sealing.open(Sealed::AdministratorFactor, id.0, sealed)?;
    plain.try_into().map_err(|_| Error::Corrupt("second factor of an administrator"))
}

/// A new row, which nobody can sign in with yet.
pub(super) async fn insert(tx: &mut Tx, new: &Administrator) -> Result<(), db::Error> {
    let everywhere = new.reach == Reach::Everywhere;
    let row = args![
        new.id.0,
        new.login.as_str(),
        new.name.as_str(),
        new.roles.codes(),
        everywhere,
        new.state.code(),
        new.created
    ];
    tx.execute(INSERT, row).await?;
    limit(tx, new.id, &new.reach).await
}

pub(super) async fn set_roles(
    tx: &mut Tx,
    id: AdministratorId,
    roles: &Roles,
    reach: &Reach,
) -> Result<(), db::Error> {
    tx.execute(SET_ROLES, args![id.0, roles.codes(), *reach == Reach::Everywhere]).await?;
    tx.execute(FORGET_ORGANISATIONS, args![id.0]).await?;
    limit(tx, id, reach).await
}

async fn limit(tx: &mut Tx, id: AdministratorId, reach: &Reach) -> Result<(), db::Error> {
    let Reach::Only(some) = reach else { return Ok(()) };
    let rows = some.iter().map(|organisation| args![id.0, organisation.0]).collect();
    tx.insert_rows(ADD_ORGANISATIONS, "", rows).await.map(drop)
}

pub(super) async fn set_state(
    tx: &mut Tx,
    id: AdministratorId,
    state: AdministratorState,
) -> Result<(), db::Error> {
    tx.execute(SET_STATE, args![id.0, state.code()]).await.map(drop)
}

/// Both sealed factors at once, and in force; `step` was the first code's.
pub(super) async fn set_factors(
    tx: &mut Tx,
    id: AdministratorId,
    password: &[u8],
    totp: &[u8],
    step: i64,
) -> Result<(), db::Error> {
    let active = AdministratorState::Active.code();
    tx.execute(SET_FACTORS, args![id.0, password.to_vec(), totp.to_vec(), step, active]).await.map(drop)
}

/// Takes the code of these thirty seconds; false when it, or a later one, was taken before.
pub(super) async fn take_step(tx: &mut Tx, id: AdministratorId, step: i64) -> Result<bool, db::Error> {
    Ok(tx.execute(TAKE_STEP, args![id.0, step]).await? == 1)
}
