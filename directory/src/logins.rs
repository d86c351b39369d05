//! Who comes in by a mail door, by whatever they show, and what they may do there.

use std::sync::Arc;

use db::Tx;
use names::{
    AccountId, AccountKind, Address, CredentialId, NationalPersonId, NationalStructureId, OrganisationId,
    PersonId, Timestamp,
};

use crate::credentials::{self, Owner, canonical};
use crate::login_cache::Attempt;
use crate::mailboxes::{self, MailboxState};
use crate::{Directory, Error, Mailbox, Rights, delegations, limits, people};

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
    /// What they showed.
    pub means: Means,
    /// What they may do in that mailbox.
    pub rights: Rights,
    /// The addresses they may write as, the opened one first if it is among them.
    pub may_send_as: Vec<MaySendAs>,
    /// The other mailboxes that open together with this one: those its holder may use. None for who opens
    /// somebody else's mailbox.
    pub others: Vec<MayUse>,
    /// When a right of theirs begins or ends by itself next: look at the log-in again then.
    pub look_again: Option<Timestamp>,
}

/// What somebody showed to come in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Means {
    /// An application password, or a proof of it.
    Password(CredentialId),
    /// A token that an identity provider gave the person.
    Token,
    /// The certificate of this organisation.
    Certificate(OrganisationId),
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
    /// Whether it hears of every letter to a patient.
    pub followed: bool,
}

/// Another mailbox that somebody may use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MayUse {
    /// The mailbox.
    pub account: AccountId,
    /// Its address.
    pub address: Address,
    /// Its kind.
    pub kind: AccountKind,
    /// What they may do there.
    pub rights: Rights,
}

/// When a session's log-in was last known to be good.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seen {
    generation: i64,
    at: Timestamp,
}

/// A right proof, and ours that we knew the secret too.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proved {
    /// Who proved it.
    pub login: Arc<Login>,
    /// `ServerSignature` (RFC 5802 §3).
    pub signature: [u8; 32],
}

impl Login {
    /// What this login may do in a mailbox, if anything.
    #[must_use]
    pub fn rights_in(&self, account: AccountId) -> Option<Rights> {
        if account == self.account {
            return Some(self.rights);
        }
        self.others.iter().find(|other| other.account == account).map(|other| other.rights)
    }

    /// The mailbox behind an address this login may write as.
    #[must_use]
    pub fn sends_as(&self, address: &Address) -> Option<&MaySendAs> {
        self.may_send_as.iter().find(|allowed| allowed.address == *address)
    }
}

/// As the trail tells it.
impl std::fmt::Display for Means {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Password(id) => write!(out, "credential={}", id.0),
            Self::Token => out.write_str("token"),
            Self::Certificate(organisation) => write!(out, "certificate={}", organisation.0),
        }
    }
}

impl Directory {
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
        // Whoever is found by the keyed hash knows the secret (docs/adr/0038-a-right-password-is-found.md).
        let found = credentials::find(&mut tx, &self.sealing().secret_hash(password)).await?;
        let opened = match (found, mailbox) {
            (Some(found), Some(mailbox)) => {
                authorise(&mut tx, &mailbox, Means::Password(found.id), found.owner, now).await?
            }
            (None, _) | (_, None) => None,
        };
        drop(tx);
        let Some(opened) = opened else {
            self.refuse_slowly(password).await?;
            return Ok(None);
        };
        let login = Arc::new(opened);
        self.logins().keep(attempt, generation, now, Arc::clone(&login));
        Ok(Some(login))
    }

    /// Takes the time of deriving a key, so that all refusals cost a guesser the same.
    async fn refuse_slowly(&self, password: &str) -> Result<(), Error> {
        let verifier = self.nobody().clone();
        let secret = zeroize::Zeroizing::new(password.to_owned());
        let derived = tokio::task::spawn_blocking(move || verifier.matches(&secret)).await;
        derived.map(drop).map_err(|_| Error::Interrupted)
    }
}

impl Directory {
    /// What a client that proves an application password is told first: the same for every login, known
    /// or not (docs/adr/0019-one-salt.md).
    #[must_use]
    pub fn scram_challenge(&self) -> ([u8; limits::SCRAM_SALT], u32) {
        (self.salt(), limits::SCRAM_ITERATIONS)
    }

    /// Who proves that they know an application password of this login, if anybody (RFC 5802 §3). The
    /// proof is tried against all that could open the mailbox; an unknown login takes the same steps.
    pub async fn verify_proof(
        &self,
        login: &Address,
        message: &[u8],
        proof: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<Proved>, Error> {
        let mut tx = self.db().read().await?;
        let mailbox = mailboxes::find_by_addresses(&mut tx, &[login]).await?.pop();
        let account = mailbox.as_ref().map_or(AccountId(0), |mailbox| mailbox.account);
        let candidates = credentials::of_mailbox(&mut tx, account).await?;
        let mut found = None;
        for candidate in &candidates {
            // Each is tried, whichever is right.
            if candidate.verifier.proves(message, proof) {
                found = Some(candidate);
            }
        }
        for _ in candidates.len()..limits::SCRAM_TRIES {
            self.nobody().proves(message, proof);
        }
        let (Some(found), Some(mailbox)) = (found, mailbox) else { return Ok(None) };
        let login = authorise(&mut tx, &mailbox, Means::Password(found.id), found.owner, now).await?;
        let signature = found.verifier.sign(message);
        Ok(login.map(|login| Proved { login: Arc::new(login), signature }))
    }

    /// The log-in of a person whom an identity provider names, to the mailbox they wish; without a wish,
    /// to their one personal mailbox.
    pub async fn login_of_person(
        &self,
        national_id: &NationalPersonId,
        wish: Option<&Address>,
        now: Timestamp,
    ) -> Result<Option<Arc<Login>>, Error> {
        let mut tx = self.db().read().await?;
        let known = people::find_by_national_ids(&mut tx, std::slice::from_ref(national_id)).await?.pop();
        let Some(person) = known.map(|person| person.id) else { return Ok(None) };
        let mailbox = match wish {
            Some(address) => mailboxes::find_by_addresses(&mut tx, &[address]).await?.pop(),
            None => {
                let mut own = mailboxes::of_person(&mut tx, person, now).await?;
                own.retain(|mailbox| {
                    mailbox.kind == AccountKind::Personal
                        && mailbox.state == MailboxState::Open
                        && mailbox.person.as_ref().is_some_and(|holder| holder.id == person)
                });
                only(own)
            }
        };
        let Some(mailbox) = mailbox else { return Ok(None) };
        Ok(authorise(&mut tx, &mailbox, Means::Token, Owner::Person(person), now).await?.map(Arc::new))
    }

    /// The log-in of an organisation's machine that showed a certificate for this national id (`1` and
    /// FINESS, `3` and SIRET: DOMAIN §4.6) to the applicative mailbox it wishes; without a wish, to the
    /// only one.
    pub async fn login_of_organisation(
        &self,
        national_id: &NationalStructureId,
        wish: Option<&Address>,
        now: Timestamp,
    ) -> Result<Option<Arc<Login>>, Error> {
        let mut tx = self.db().read().await?;
        let mut machines = mailboxes::machines_of(&mut tx, national_id).await?;
        machines.retain(|mailbox| mailbox.state == MailboxState::Open);
        let mailbox = match wish {
            Some(address) => machines.into_iter().find(|mailbox| mailbox.address == *address),
            None => only(machines),
        };
        let Some(mailbox) = mailbox else { return Ok(None) };
        let Some(organisation) = mailbox.organisation.as_ref().map(|organisation| organisation.id) else {
            return Ok(None);
        };
        let owner = Owner::Machine(mailbox.account);
        let login = authorise(&mut tx, &mailbox, Means::Certificate(organisation), owner, now).await?;
        Ok(login.map(Arc::new))
    }

    /// What to remember of this instant; ask before verifying a log-in.
    #[must_use]
    pub fn seen(&self, now: Timestamp) -> Seen {
        Seen { generation: self.generation().known(), at: now }
    }

    /// Waits until the directory is no longer what it was at `seen`. Cancel-safe.
    pub async fn changed_since(&self, seen: &Seen) {
        self.generation().past(seen.generation).await;
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
        let recent = (0..limits::LOGIN_CACHE_AGE).contains(&now.since(seen.at))
            && login.look_again.is_none_or(|then| now < then);
        if fresh.generation == seen.generation && recent {
            return Ok(Some(Arc::clone(login)));
        }
        let mut tx = self.db().read().await?;
        let mailbox = mailboxes::find_by_addresses(&mut tx, &[&login.address]).await?.pop();
        let Some(mailbox) = mailbox.filter(|mailbox| mailbox.account == login.account) else {
            return Ok(None);
        };
        let owner = match login.means {
            Means::Password(id) => credentials::owner_of(&mut tx, id).await?,
            Means::Token => login.person.map(Owner::Person),
            Means::Certificate(shown) => {
                let holder = mailbox.organisation.as_ref().map(|organisation| organisation.id);
                (holder == Some(shown)).then_some(Owner::Machine(login.account))
            }
        };
        let Some(owner) = owner else { return Ok(None) };
        let renewed = authorise(&mut tx, &mailbox, login.means, owner, now).await?;
        // A log-in that no longer counts was seen by nobody: asked again, it is still none.
        if renewed.is_some() {
            *seen = fresh;
        }
        Ok(renewed.map(Arc::new))
    }
}

/// The only one, if there is one.
fn only(mut mailboxes: Vec<Mailbox>) -> Option<Mailbox> {
    mailboxes.pop().filter(|_| mailboxes.is_empty())
}
/// What the owner of a right secret may do with the mailbox they named; nothing, perhaps.
async fn authorise(
    tx: &mut Tx,
    mailbox: &Mailbox,
    means: Means,
    owner: Owner,
    now: Timestamp,
) -> Result<Option<Login>, Error> {
    if mailbox.state != MailboxState::Open {
        return Ok(None);
    }
    let look_again = match owner {
        Owner::Machine(_) => None,
        Owner::Person(person) => delegations::next_change(tx, person, now).await?,
    };
    let login = |person, person_name, rights, may_send_as, others| Login {
        account: mailbox.account,
        address: mailbox.address.clone(),
        kind: mailbox.kind,
        display_name: mailbox.display_name(),
        person,
        person_name,
        means,
        rights,
        may_send_as,
        others,
        look_again,
    };
    let person = match owner {
        Owner::Machine(account) => {
            let itself = vec![may_send_as(mailbox)];
            return Ok(
                (account == mailbox.account).then(|| login(None, None, Rights::Write, itself, Vec::new()))
            );
        }
        Owner::Person(person) => person,
    };
    let rights = delegations::rights_of(tx, person, now).await?;
    // A machine's mailbox has secrets of its own; people get a PER, an ORG or a CAB.
    let Some(&own_rights) = rights.get(&mailbox.account).filter(|_| mailbox.kind != AccountKind::Applicative)
    else {
        return Ok(None);
    };
    let mut usable = mailboxes::of_person(tx, person, now).await?;
    usable.retain(|other| other.state == MailboxState::Open && other.kind != AccountKind::Applicative);
    usable.sort_by_key(|other| other.account != mailbox.account);
    let rights_in = |other: &Mailbox| rights.get(&other.account).copied();
    let writable =
        usable.iter().filter(|other| rights_in(other).is_some_and(|rights| rights >= Rights::Write));
    let may_send_as = writable.map(may_send_as).collect();
    // Who opens the mailbox of another acts there for them, and nowhere else.
    let holds = mailbox.person.as_ref().is_some_and(|holder| holder.id == person);
    let others = usable.iter().filter(|other| holds && other.account != mailbox.account);
    let others = others.filter_map(|other| Some(may_use(other, rights_in(other)?))).collect();
    let name = people::find(tx, person).await?.map(|person| person.display_name());
    Ok(Some(login(Some(person), name, own_rights, may_send_as, others)))
}

fn may_use(mailbox: &Mailbox, rights: Rights) -> MayUse {
    MayUse { account: mailbox.account, address: mailbox.address.clone(), kind: mailbox.kind, rights }
}

fn may_send_as(mailbox: &Mailbox) -> MaySendAs {
    MaySendAs {
        account: mailbox.account,
        address: mailbox.address.clone(),
        display_name: mailbox.display_name(),
        followed: mailbox.followed,
    }
}

#[cfg(test)]
mod tests;
