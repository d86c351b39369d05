//! Application passwords: one per device, generated, shown once, revocable (DESIGN §6).

use audit::{Act, Actor, Chain, Entry, Line};
use db::{Tx, args};
use names::{AccountId, CredentialId, PersonId, Timestamp};

use crate::scram::Verifier;
use crate::{Directory, Error, limits};

/// Whose an application password is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Owner {
    /// A professional's: opens every mailbox they may use, under that mailbox's address.
    Person(PersonId),
    /// A machine's (APP): opens that mailbox only.
    Machine(AccountId),
}

/// A password just made. Nobody can show it again.
pub struct IssuedPassword {
    /// Its row, for revoking.
    pub id: CredentialId,
    /// The secret, as `xxxx-xxxx-xxxx-xxxx-xxxx-xxxx-xx`.
    pub secret: zeroize::Zeroizing<String>,
}

impl std::fmt::Debug for IssuedPassword {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "IssuedPassword({:?}, …)", self.id)
    }
}

/// A password that only has to be written.
pub struct PreparedPassword {
    new: NewCredential,
    told: Entry,
}

/// What is shown of an application password later on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Credential {
    /// Its row.
    pub id: CredentialId,
    /// The device it was made for.
    pub label: String,
    /// When.
    pub created: Timestamp,
    /// When it stopped counting.
    pub revoked: Option<Timestamp>,
}

/// The only kind so far; certificates and OIDC subjects get theirs beside it.
const KIND: &str = "application-password";
/// Octets of chance in a secret: 128 bits.
const SECRET_OCTETS: usize = 16;
/// Characters of a secret: 128 bits in base 32.
const SECRET_CHARACTERS: usize = 26;
/// Base 32 of RFC 4648 §6 in small letters: no 0, 1, 8 or 9 to mistake.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

const INSERT: &str = "INSERT INTO credential (id, person, mailbox, kind, label, lookup, parameters, verifier,
    created_at, revoked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL)";
const BY_LOOKUP: &str = "SELECT id, person, mailbox, parameters, verifier FROM credential
    WHERE lookup = $1 AND revoked_at IS NULL";
const BY_ID: &str = "SELECT person, mailbox FROM credential WHERE id = $1 AND revoked_at IS NULL";
/// Those that could open a mailbox: its machine's, its holder's, its members', its delegates'. Whether the
/// owner may is asked afterwards.
const OF_MAILBOX: &str = "SELECT id, person, mailbox, parameters, verifier FROM credential
    WHERE revoked_at IS NULL AND kind = $2 AND (mailbox = $1 OR person IN (
        SELECT person FROM mailbox WHERE account = $1 UNION SELECT person FROM member WHERE mailbox = $1
        UNION SELECT person FROM delegation WHERE mailbox = $1))
    ORDER BY id DESC LIMIT $3";
const KNOWN: &str = "SELECT lookup FROM credential WHERE lookup IN ({})";
const OF_OWNER: &str = "SELECT id, label, created_at, revoked_at FROM credential
    WHERE (person = $1 OR mailbox = $2) ORDER BY id";
const REVOKE: &str = "UPDATE credential SET revoked_at = $4
    WHERE id = $1 AND (person = $2 OR mailbox = $3) AND revoked_at IS NULL";

impl Directory {
    /// Makes an application password for a device and shows it this once. `by` asked for it.
    pub async fn issue_password(
        &self,
        owner: Owner,
        label: &str,
        by: Actor,
        now: Timestamp,
    ) -> Result<IssuedPassword, Error> {
        let (prepared, issued) = self.prepare_password(owner, label, by, now);
        let unit = (self.clone(), prepared);
        self.db()
            .write(db::unit("issue an application password", unit, |(directory, prepared), tx| {
                Box::pin(async move {
                    let told = directory.write_password_in(tx, prepared).await?;
                    audit::append(tx, &[told]).await
                })
            }))
            .await?;
        Ok(issued)
    }

    /// Draws an application password that is still to be written, for a unit that does more.
    pub(crate) fn prepare_password(
        &self,
        owner: Owner,
        label: &str,
        by: Actor,
        now: Timestamp,
    ) -> (PreparedPassword, IssuedPassword) {
        let secret = zeroize::Zeroizing::new(spell(&self.entropy().bytes()));
        let new = NewCredential {
            id: CredentialId(self.db().id(now)),
            owner,
            label: label.to_owned(),
            lookup: self.sealing().secret_hash(&secret),
            verifier: Verifier::of(&secret, self.salt()),
            now,
        };
        let id = new.id;
        let told = self.told(owner, id, Act::CredentialIssued, by, now);
        (PreparedPassword { new, told }, IssuedPassword { id, secret })
    }

    /// Writes one. The line of the trail is the caller's to write, with the unit's other lines and last
    /// (lock order, DESIGN §2.2).
    pub async fn write_password_in(
        &self,
        tx: &mut Tx,
        prepared: &PreparedPassword,
    ) -> Result<Entry, db::Error> {
        insert(tx, &prepared.new).await?;
        self.generation().bump(tx).await?;
        Ok(prepared.told.clone())
    }

    /// The application passwords of an owner, revoked ones included.
    pub async fn passwords_of(&self, owner: Owner) -> Result<Vec<Credential>, Error> {
        let (person, mailbox) = owner.columns();
        let mut tx = self.db().read().await?;
        let rows = tx.rows(OF_OWNER, args![person, mailbox]).await?;
        rows.iter()
            .map(|row| {
                Ok(Credential {
                    id: CredentialId(row.int(0)?),
                    label: row.text(1)?,
                    created: row.time(2)?,
                    revoked: row.maybe_time(3)?,
                })
            })
            .collect()
    }

    /// Stops a password of this owner; answers whether there was one to stop. Log-ins kept in memory
    /// are forgotten with it.
    pub async fn revoke_password(
        &self,
        owner: Owner,
        credential: CredentialId,
        by: Actor,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let told = self.told(owner, credential, Act::CredentialRevoked, by, now);
        let unit = (owner, credential, now, self.generation().clone(), told);
        let stopped = self
            .db()
            .write(db::unit(
                "revoke an application password",
                unit,
                |(owner, id, now, generation, told), tx| {
                    Box::pin(async move {
                        let (person, mailbox) = owner.columns();
                        let stopped = tx.execute(REVOKE, args![*id, person, mailbox, *now]).await?;
                        if stopped == 1 {
                            generation.bump(tx).await?;
                            audit::append(tx, std::slice::from_ref(told)).await?;
                        }
                        Ok::<_, db::Error>(stopped)
                    })
                },
            ))
            .await?;
        Ok(stopped == 1)
    }

    /// The audit line: in the machine's own chain, or the person's.
    fn told(&self, owner: Owner, credential: CredentialId, act: Act, by: Actor, now: Timestamp) -> Entry {
        let (chain, for_whom) = match owner {
            Owner::Person(person) => (Chain::Person(person), Actor::Person(person)),
            Owner::Machine(account) => (Chain::Account(account), Actor::Account(account)),
        };
        let for_whom = Some(for_whom).filter(|whom| *whom != by);
        let line = Line { at: now, actor: by, for_whom, act, detail: format!("credential={}", credential.0) };
        Entry::new(chain, line, self.entropy())
    }
}

impl Owner {
    fn columns(self) -> (Option<PersonId>, Option<AccountId>) {
        match self {
            Self::Person(person) => (Some(person), None),
            Self::Machine(account) => (None, Some(account)),
        }
    }
}

/// A credential about to be written.
pub(crate) struct NewCredential {
    pub(crate) id: CredentialId,
    pub(crate) owner: Owner,
    pub(crate) label: String,
    pub(crate) lookup: [u8; 32],
    pub(crate) verifier: Verifier,
    pub(crate) now: Timestamp,
}

pub(crate) async fn insert(tx: &mut Tx, new: &NewCredential) -> Result<(), db::Error> {
    let (person, mailbox) = new.owner.columns();
    let row = args![
        new.id,
        person,
        mailbox,
        KIND,
        new.label.as_str(),
        new.lookup,
        new.verifier.parameters(),
        new.verifier.keys(),
        new.now
    ];
    tx.execute(INSERT, row).await.map(drop)
}

/// Which of these lookups are taken, revoked ones included.
pub(crate) async fn known_lookups(tx: &mut Tx, lookups: &[[u8; 32]]) -> Result<Vec<Vec<u8>>, db::Error> {
    let list = lookups.iter().map(db::Value::from).collect();
    tx.rows_in(KNOWN, args![], list).await?.iter().map(|row| row.bytes(0)).collect()
}

/// A credential as it is checked.
pub(crate) struct Stored {
    pub(crate) id: CredentialId,
    pub(crate) owner: Owner,
    pub(crate) verifier: Verifier,
}

/// The standing password with this keyed hash.
pub(crate) async fn find(tx: &mut Tx, lookup: &[u8; 32]) -> Result<Option<Stored>, Error> {
    tx.maybe_row(BY_LOOKUP, args![lookup]).await?.as_ref().map(stored).transpose()
}

/// Whose standing password this is.
pub(crate) async fn owner_of(tx: &mut Tx, id: CredentialId) -> Result<Option<Owner>, Error> {
    tx.maybe_row(BY_ID, args![id]).await?.map(|row| owner(&row, 0)).transpose()
}

/// The standing passwords that could open a mailbox, the newest first, as many as are tried.
pub(crate) async fn of_mailbox(tx: &mut Tx, account: AccountId) -> Result<Vec<Stored>, Error> {
    let most = limits::SCRAM_CANDIDATES as i64;
    tx.rows(OF_MAILBOX, args![account, KIND, most]).await?.iter().map(stored).collect()
}

fn stored(row: &db::Row) -> Result<Stored, Error> {
    let verifier = Verifier::parse(&row.text(3)?, &row.text(4)?).ok_or(Error::Corrupt("credential"))?;
    Ok(Stored { id: CredentialId(row.int(0)?), owner: owner(row, 1)?, verifier })
}

/// The owner in two columns of a row, from `first` on.
fn owner(row: &db::Row, first: usize) -> Result<Owner, Error> {
    match (row.maybe_int(first)?, row.maybe_int(first + 1)?) {
        (Some(person), None) => Ok(Owner::Person(PersonId(person))),
        (None, Some(mailbox)) => Ok(Owner::Machine(AccountId(mailbox))),
        (Some(_), Some(_)) | (None, None) => Err(Error::Corrupt("credential")),
    }
}

/// Sixteen octets as groups of four letters.
pub(crate) fn spell(bytes: &[u8; SECRET_OCTETS]) -> String {
    let number = u128::from_be_bytes(*bytes);
    // 26 digits of 5 bits are 130: the last digit carries 3 bits.
    let digit = |place: usize| {
        let value = if place + 1 < SECRET_CHARACTERS { number >> (123 - 5 * place) } else { number << 2 };
        char::from(ALPHABET[(value & 31) as usize])
    };
    group((0..SECRET_CHARACTERS).map(digit))
}

/// The form a password is compared in: a generated one may come with capitals, spaces, or without
/// its hyphens; any other stays as it is.
pub(crate) fn canonical(password: &str) -> zeroize::Zeroizing<String> {
    let compact: String = password
        .chars()
        .filter(|c| *c != '-' && !c.is_whitespace())
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let generated =
        compact.len() == SECRET_CHARACTERS && compact.bytes().all(|byte| ALPHABET.contains(&byte));
    zeroize::Zeroizing::new(if generated { group(compact.chars()) } else { password.to_owned() })
}

fn group(characters: impl Iterator<Item = char>) -> String {
    let mut text = String::with_capacity(SECRET_CHARACTERS + SECRET_CHARACTERS / 4);
    for (place, character) in characters.enumerate() {
        if place > 0 && place % 4 == 0 {
            text.push('-');
        }
        text.push(character);
    }
    text
}

#[cfg(test)]
mod tests;
