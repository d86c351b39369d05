//! Application passwords: one per device, generated, shown once, revocable (DESIGN §6).

use std::sync::Arc;

use audit::{Act, Actor, Chain, Entry, Line};
use db::{Tx, args};
use names::{AccountId, AccountKind, Address, CredentialId, PersonId, Timestamp};

use crate::login_cache::Attempt;
use crate::mailboxes::{self, MailboxState};
use crate::scram::Verifier;
use crate::{Directory, Error, Mailbox, Rights, delegations, limits};

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

/// A log-in that was verified, with all that the doors ask next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Login {
    /// The mailbox that was opened.
    pub account: AccountId,
    /// Its address.
    pub address: Address,
    /// Its kind.
    pub kind: AccountKind,
    /// Its name as the directory knows it.
    pub display_name: String,
    /// Who opened it; none for a machine.
    pub person: Option<PersonId>,
    /// Their name, for the audit and for "written by".
    pub person_name: Option<String>,
    /// Which secret they used.
    pub credential: CredentialId,
    /// What they may do in that mailbox.
    pub rights: Rights,
    /// The addresses they may write as, the opened one first if it is among them.
    pub may_send_as: Vec<MaySendAs>,
}

/// An address somebody may write as.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MaySendAs {
    /// The mailbox.
    pub account: AccountId,
    /// Its address.
    pub address: Address,
    /// Its name as the directory knows it.
    pub display_name: String,
}

impl Login {
    /// The mailbox behind an address this login may write as.
    #[must_use]
    pub fn sends_as(&self, address: &Address) -> Option<&MaySendAs> {
        self.may_send_as.iter().find(|allowed| allowed.address == *address)
    }
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
        let secret = zeroize::Zeroizing::new(spell(&self.entropy().bytes()));
        let new = NewCredential {
            id: CredentialId(self.db().id(now)),
            owner,
            label: label.to_owned(),
            lookup: self.sealing().secret_hash(&secret),
            verifier: Verifier::of(&secret, self.entropy().bytes()),
            now,
        };
        let id = new.id;
        let told = self.told(owner, id, Act::CredentialIssued, by, now);
        let unit = (new, self.generation().clone(), told);
        self.db()
            .write(db::unit("issue an application password", unit, |(new, generation, told), tx| {
                Box::pin(async move {
                    insert(tx, new).await?;
                    generation.bump(tx).await?;
                    audit::append(tx, std::slice::from_ref(told)).await
                })
            }))
            .await?;
        Ok(IssuedPassword { id, secret })
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

    /// Who logs in with this address and password, if anybody.
    ///
    /// A wrong password, an unknown address and a closed mailbox cost the same and look the same.
    /// The caller counts failures and slows down (RELIABILITY A-01).
    pub async fn verify_login(
        &self,
        login: &Address,
        password: &str,
        now: Timestamp,
    ) -> Result<Option<Arc<Login>>, Error> {
        if password.is_empty() || password.len() > limits::PASSWORD_OCTETS {
            return Ok(None);
        }
        let password = canonical(password);
        let attempt = self.logins().attempt(login, &password);
        // Read before the rows: a change in between makes the entry old, never the other way round.
        let generation = self.generation().known();
        if let Some(login) = self.logins().find(attempt, generation, now) {
            return Ok(Some(login));
        }
        self.verify_afresh(login, &password, attempt, generation, now).await
    }

    async fn verify_afresh(
        &self,
        login: &Address,
        password: &str,
        attempt: Attempt,
        generation: i64,
        now: Timestamp,
    ) -> Result<Option<Arc<Login>>, Error> {
        let mut tx = self.db().read().await?;
        let mailbox = mailboxes::find_by_addresses(&mut tx, &[login]).await?.pop();
        let found = find(&mut tx, &self.sealing().secret_hash(password)).await?;
        let (owner, verifier) = match found {
            Some((id, owner, verifier)) => (Some((id, owner)), verifier),
            None => (None, self.nobody().clone()),
        };
        let secret = zeroize::Zeroizing::new(password.to_owned());
        let right = tokio::task::spawn_blocking(move || verifier.matches(&secret))
            .await
            .map_err(|_| Error::Interrupted)?;
        let (Some((credential, owner)), Some(mailbox), true) = (owner, mailbox, right) else {
            return Ok(None);
        };
        let login = authorise(&mut tx, &mailbox, credential, owner, now).await?.map(Arc::new);
        if let Some(login) = &login {
            self.logins().keep(attempt, generation, now, Arc::clone(login));
        }
        Ok(login)
    }
}

/// When a session's log-in was last known to be good.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seen {
    generation: i64,
    at: Timestamp,
}

impl Directory {
    /// What to remember of this instant; ask before verifying a log-in.
    #[must_use]
    pub fn seen(&self, now: Timestamp) -> Seen {
        Seen { generation: self.generation().known(), at: now }
    }

    /// A session's log-in as it stands now: none when its password was revoked, its mailbox stopped or
    /// its rights ended (RELIABILITY A-15). One comparison while nothing changed within the minute that
    /// a log-in is believed.
    pub async fn renew_login(
        &self,
        login: &Arc<Login>,
        seen: &mut Seen,
        now: Timestamp,
    ) -> Result<Option<Arc<Login>>, Error> {
        let fresh = self.seen(now);
        let recent = (0..limits::LOGIN_CACHE_AGE).contains(&now.since(seen.at));
        if fresh.generation == seen.generation && recent {
            return Ok(Some(Arc::clone(login)));
        }
        let mut tx = self.db().read().await?;
        let Some(row) = tx.maybe_row(BY_ID, args![login.credential]).await? else { return Ok(None) };
        let owner = owner(&row, 0)?;
        let mailbox = mailboxes::find_by_addresses(&mut tx, &[&login.address]).await?.pop();
        let Some(mailbox) = mailbox.filter(|mailbox| mailbox.account == login.account) else {
            return Ok(None);
        };
        let renewed = authorise(&mut tx, &mailbox, login.credential, owner, now).await?;
        *seen = fresh;
        Ok(renewed.map(Arc::new))
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

async fn find(tx: &mut Tx, lookup: &[u8; 32]) -> Result<Option<(CredentialId, Owner, Verifier)>, Error> {
    let Some(row) = tx.maybe_row(BY_LOOKUP, args![lookup]).await? else { return Ok(None) };
    let verifier = Verifier::parse(&row.text(3)?, &row.text(4)?).ok_or(Error::Corrupt("credential"))?;
    Ok(Some((CredentialId(row.int(0)?), owner(&row, 1)?, verifier)))
}

/// The owner in two columns of a row, from `first` on.
fn owner(row: &db::Row, first: usize) -> Result<Owner, Error> {
    match (row.maybe_int(first)?, row.maybe_int(first + 1)?) {
        (Some(person), None) => Ok(Owner::Person(PersonId(person))),
        (None, Some(mailbox)) => Ok(Owner::Machine(AccountId(mailbox))),
        (Some(_), Some(_)) | (None, None) => Err(Error::Corrupt("credential")),
    }
}

/// What the owner of a right secret may do with the mailbox they named; nothing, perhaps.
async fn authorise(
    tx: &mut Tx,
    mailbox: &Mailbox,
    credential: CredentialId,
    owner: Owner,
    now: Timestamp,
) -> Result<Option<Login>, Error> {
    if mailbox.state != MailboxState::Open {
        return Ok(None);
    }
    let login = |person, person_name, rights, may_send_as| Login {
        account: mailbox.account,
        address: mailbox.address.clone(),
        kind: mailbox.kind,
        display_name: mailbox.display_name(),
        person,
        person_name,
        credential,
        rights,
        may_send_as,
    };
    let person = match owner {
        Owner::Machine(account) => {
            let itself = vec![may_send_as(mailbox)];
            return Ok((account == mailbox.account).then(|| login(None, None, Rights::Write, itself)));
        }
        Owner::Person(person) => person,
    };
    let rights = delegations::rights_of(tx, person, now).await?;
    // A machine's mailbox has secrets of its own; people get a PER, an ORG or a CAB.
    let Some(&own_rights) = rights.get(&mailbox.account).filter(|_| mailbox.kind != AccountKind::Applicative)
    else {
        return Ok(None);
    };
    let writable = |other: &Mailbox| {
        other.state == MailboxState::Open
            && other.kind != AccountKind::Applicative
            && rights.get(&other.account).is_some_and(|rights| *rights >= Rights::Write)
    };
    let mut others = mailboxes::of_person(tx, person, now).await?;
    others.retain(writable);
    others.sort_by_key(|other| other.account != mailbox.account);
    let name = crate::people::find(tx, person).await?.map(|person| person.display_name());
    Ok(Some(login(Some(person), name, own_rights, others.iter().map(may_send_as).collect())))
}

fn may_send_as(mailbox: &Mailbox) -> MaySendAs {
    MaySendAs {
        account: mailbox.account,
        address: mailbox.address.clone(),
        display_name: mailbox.display_name(),
    }
}

/// Sixteen octets as groups of four letters.
fn spell(bytes: &[u8; SECRET_OCTETS]) -> String {
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
