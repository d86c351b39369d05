//! The people who sign in to the patient space: a login id, a password, somewhere to send a code.

use db::{Row, Tx, Value, args};
use names::{PatientId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::sealing::{Sealed, Sealing};
use crate::{Error, limits};

/// Somebody who signs in; each has a profile of their own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct UserId(pub i64);

impl From<UserId> for Value {
    fn from(id: UserId) -> Self {
        Value::from(id.0)
    }
}

/// How a code travels.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Channel {
    /// To an ordinary mailbox.
    Email,
    /// To a mobile phone.
    Sms,
}

impl Channel {
    /// The code kept in import files.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }

    /// The channel a code stands for.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Email, Self::Sms].into_iter().find(|channel| channel.code() == code)
    }
}

/// Where a user's codes go. Sealed at rest with the login id.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Contact {
    pub(crate) login: String,
    pub(crate) channel: Channel,
    /// The address or the number, as the channel says.
    pub(crate) destination: String,
}

/// A user with what signing in needs.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) patient: PatientId,
    pub(crate) contact: Contact,
    /// Argon2id, as a PHC string.
    pub(crate) password: String,
}

/// Why a login id is not accepted (DOMAIN §6.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LoginError {
    /// Too short or too long.
    #[error("a login id has 8 to 100 characters")]
    Length,
    /// A character other than `a-z`, digits, `.`, `_`, `-`.
    #[error("a login id is made of small letters, digits, dot, hyphen and underscore")]
    Characters,
    /// It reads as a social security number or a bank account, which must not be typed everywhere.
    #[error("a login id must not be a social security number or a bank account number")]
    Number,
}

/// Checks a login id before it is given to somebody.
pub fn check_login(login: &str) -> Result<(), LoginError> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    if !login.bytes().all(allowed) {
        return Err(LoginError::Characters);
    }
    if !limits::LOGIN_CHARACTERS.contains(&login.len()) {
        return Err(LoginError::Length);
    }
    let plain: String = login.chars().filter(char::is_ascii_alphanumeric).collect();
    let matricule = plain.get(..13).is_some_and(|start| names::Ins::from_matricule(start).is_ok());
    let bank = plain.starts_with("fr76");
    if (matricule && plain.len() <= 15) || bank { Err(LoginError::Number) } else { Ok(()) }
}

const BY_LOGIN: &str = "SELECT id, patient, contact, password FROM patient_user WHERE login_hash IN ({})";
const BY_ID: &str = "SELECT id, patient, contact, password FROM patient_user WHERE id IN ({})";
const BY_PATIENT: &str = "SELECT id, patient, contact, password FROM patient_user WHERE patient IN ({})";
const SAVE: &str = "INSERT INTO patient_user (id, patient, login_hash, contact, password, password_since)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO UPDATE SET login_hash = excluded.login_hash,
    contact = excluded.contact, password = excluded.password, password_since = excluded.password_since";
const SAVE_CONTACT: &str = "UPDATE patient_user SET contact = $2 WHERE id = $1";

pub(crate) async fn find_by_logins(
    tx: &mut Tx,
    sealing: &Sealing,
    logins: &[&str],
) -> Result<Vec<User>, Error> {
    let list = logins.iter().map(|login| Value::from(sealing.login_hash(login))).collect();
    tx.rows_in(BY_LOGIN, args![], list).await?.into_iter().map(|row| from_row(&row, sealing)).collect()
}

pub(crate) async fn find(tx: &mut Tx, sealing: &Sealing, id: UserId) -> Result<Option<User>, Error> {
    let rows = tx.rows_in(BY_ID, args![], args![id]).await?;
    rows.into_iter().next().map(|row| from_row(&row, sealing)).transpose()
}

pub(crate) async fn find_by_patients(
    tx: &mut Tx,
    sealing: &Sealing,
    patients: &[PatientId],
) -> Result<Vec<User>, Error> {
    let list = patients.iter().map(|patient| Value::from(*patient)).collect();
    tx.rows_in(BY_PATIENT, args![], list).await?.into_iter().map(|row| from_row(&row, sealing)).collect()
}

pub(crate) async fn save(
    tx: &mut Tx,
    sealing: &Sealing,
    user: &User,
    password_since: Timestamp,
) -> Result<(), Error> {
    let row = args![
        user.id,
        user.patient,
        sealing.login_hash(&user.contact.login),
        seal_contact(sealing, user.id, &user.contact)?,
        sealing.seal(Sealed::Password, user.id.0, user.password.as_bytes()),
        password_since
    ];
    tx.execute(SAVE, row).await?;
    Ok(())
}

/// Writes where a user's codes go; the login id stays.
pub(crate) async fn save_contact(
    tx: &mut Tx,
    sealing: &Sealing,
    id: UserId,
    contact: &Contact,
) -> Result<(), Error> {
    tx.execute(SAVE_CONTACT, args![id, seal_contact(sealing, id, contact)?]).await?;
    Ok(())
}

fn seal_contact(sealing: &Sealing, id: UserId, contact: &Contact) -> Result<Vec<u8>, Error> {
    let plain = postcard::to_stdvec(contact).map_err(|_| Error::Corrupt("user's contact"))?;
    Ok(sealing.seal(Sealed::Contact, id.0, &plain))
}

fn from_row(row: &Row, sealing: &Sealing) -> Result<User, Error> {
    let id = UserId(row.int(0)?);
    let contact = sealing.open(Sealed::Contact, id.0, row.bytes(2)?)?;
    let contact = postcard::from_bytes(&contact).map_err(|_| Error::Corrupt("user's contact"))?;
    let password = sealing.open(Sealed::Password, id.0, row.bytes(3)?)?;
    let password = String::from_utf8(password).map_err(|_| Error::Corrupt("user's password"))?;
    Ok(User { id, patient: PatientId(row.int(1)?), contact, password })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn login_ids_follow_the_rules_of_the_owner() {
        for (login, want) in [
            ("claire.martin", Ok(())),
            ("abcdefg", Err(LoginError::Length)),
            ("Claire.Martin", Err(LoginError::Characters)),
            ("claire@martin.example", Err(LoginError::Characters)),
            ("2790351215189", Err(LoginError::Number)),
            ("279035121518989", Err(LoginError::Number)),
            ("2-79-03-51-215-189-89", Err(LoginError::Number)),
            ("fr7630006000011234567890189", Err(LoginError::Number)),
            ("12345678901234567890", Ok(())),
        ] {
            assert_eq!(check_login(login), want, "{login}");
        }
    }
}
