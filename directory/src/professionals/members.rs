//! Who may use a mailbox, as its manager sees and changes it: the holder, the members of a team, those
//! who act for its holder.

use std::collections::BTreeMap;

use audit::Act;
use db::{Tx, args};
use names::{AccountId, AccountKind, PersonId, Timestamp};

use super::asking::{Asker, is_too_much};
use super::delegating::{Told, managed};
use super::users;
use crate::delegations::{self, Delegation};
use crate::{Authority, Directory, Error, Rights, people};

/// Somebody who may use a mailbox.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// How they are called: the address of their own mailbox, else their national identifier.
    pub identifier: String,
    /// What they may do.
    pub rights: Rights,
    /// Why they may.
    pub standing: Standing,
}

/// Why somebody may use a mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It is theirs; nobody takes it from them.
    Holder,
    /// They are of the team, or act for the holder.
    Admitted,
}

/// Why the rights of somebody are not changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MemberRefusal {
    /// Whoever asks does not manage this mailbox, or it is not open: one answer for both.
    NotYours,
    /// Nobody of the mailbox's organisation has this identifier or address. Whether somebody elsewhere
    /// has it is not told.
    Nobody,
    /// The holder's rights stay.
    Holder,
    /// Managing the mailbox of a person is not given to another.
    Managing,
    /// A team's mailbox keeps somebody who manages it.
    LastManager,
}

const OWN_ADDRESS: &str = "SELECT person, address FROM mailbox WHERE kind = $1 AND state = 'open'
    AND person IN ({}) ORDER BY person, rank, address";
const REMOVE_MEMBER: &str = "DELETE FROM member WHERE mailbox = $1 AND person = $2";
const END_DELEGATION: &str = "UPDATE delegation SET ends_at = $3 WHERE mailbox = $1 AND person = $2
    AND (ends_at IS NULL OR ends_at > $3)";

impl Directory {
    /// Who may use a mailbox at `now`, its holder first, then by identifier. None when `by` does not
    /// manage it.
    pub async fn members(
        &self,
        by: PersonId,
        mailbox: AccountId,
        now: Timestamp,
    ) -> Result<Option<Vec<Member>>, Error> {
        let mut tx = self.db().read().await?;
        let Some(found) = managed(&mut tx, by, mailbox, now).await? else { return Ok(None) };
        let holder = found.person.as_ref().map(|person| person.id);
        let mut rights = admitted(&mut tx, mailbox, now).await?;
        if let Some(holder) = holder {
            rights.insert(holder, Rights::Manage);
        }
        let mut called = BTreeMap::new();
        let list = rights.keys().map(|person| db::Value::from(*person)).collect();
        for row in tx.rows_in(OWN_ADDRESS, args![AccountKind::Personal.code()], list).await? {
            called.entry(PersonId(row.int(0)?)).or_insert(row.text(1)?);
        }
        if let Some(holder) = holder {
            called.insert(holder, found.address.to_string());
        }
        let mut members = Vec::with_capacity(rights.len());
        for (person, rights) in rights {
            let identifier = match called.remove(&person) {
                Some(address) => address,
                None => match people::find(&mut tx, person).await? {
                    // Without its first digit, which says of what kind it is: as people write it.
                    Some(person) => person.national_id.0.chars().skip(1).collect(),
                    None => continue,
                },
            };
            let standing = if holder == Some(person) { Standing::Holder } else { Standing::Admitted };
            members.push(Member { identifier, rights, standing });
        }
        members.sort_by(|a, b| {
            (a.standing == Standing::Admitted, &a.identifier)
                .cmp(&(b.standing == Standing::Admitted, &b.identifier))
        });
        Ok(Some(members))
    }

    /// Gives `to` (a national identifier, or the address of a mailbox of their own) these rights in a
    /// mailbox that `by` manages, or takes all from them. In the mailbox of a person this is a delegation
    /// without end, elsewhere a membership. The outer error is ours.
    pub async fn set_member(
        &self,
        by: PersonId,
        mailbox: AccountId,
        to: &str,
        rights: Option<Rights>,
        now: Timestamp,
    ) -> Result<Result<(), MemberRefusal>, Error> {
        let by = Asker::Manager(by);
        let unit = SetMember { directory: self.clone(), by, mailbox, to: to.to_owned(), rights, now };
        self.db().write(unit).await
    }

    /// The same, by an administrator: to anybody who is known here, and a team's mailbox may lose its last
    /// manager.
    pub async fn set_member_as(
        &self,
        by: &Authority,
        mailbox: AccountId,
        to: &str,
        rights: Option<Rights>,
        now: Timestamp,
    ) -> Result<Result<(), MemberRefusal>, Error> {
        let by = Asker::Administrator(by.clone());
        let unit = SetMember { directory: self.clone(), by, mailbox, to: to.to_owned(), rights, now };
        self.db().write(unit).await
    }
}

struct SetMember {
    directory: Directory,
    by: Asker,
    mailbox: AccountId,
    to: String,
    rights: Option<Rights>,
    now: Timestamp,
}

impl db::Unit for SetMember {
    const NAME: &'static str = "change who may use a mailbox";
    type Output = Result<(), MemberRefusal>;
    type Error = Error;

    async fn run(&mut self, tx: &mut Tx) -> Result<Self::Output, Error> {
        let Some(mailbox) = self.by.mailbox(tx, self.mailbox, self.now).await? else {
            return Ok(Err(MemberRefusal::NotYours));
        };
        let admitted = admitted(tx, self.mailbox, self.now).await?;
        let found = users::person_of(tx, &self.to).await?;
        let holder = mailbox.person.as_ref().map(|person| person.id);
        if found.is_some() && found == holder {
            return Ok(Err(MemberRefusal::Holder));
        }
        let known = found.filter(|person| admitted.contains_key(person));
        let person = match known {
            Some(person) => person,
            // Nobody is taken out who is not in.
            None if self.rights.is_none() => return Ok(Err(MemberRefusal::Nobody)),
            None => match self.by.named(tx, &self.to, &mailbox).await? {
                Some(person) => person.id,
                None => return Ok(Err(MemberRefusal::Nobody)),
            },
        };
        let personal = mailbox.kind == AccountKind::Personal;
        if is_too_much(&mailbox, self.rights) {
            return Ok(Err(MemberRefusal::Managing));
        }
        let managers = admitted.iter().filter(|(other, rights)| {
            **other != person && **rights == Rights::Manage && Some(**other) != holder
        });
        let last = holder.is_none() && self.rights != Some(Rights::Manage) && managers.count() == 0;
        if last && !self.by.may_leave_unmanaged() {
            return Ok(Err(MemberRefusal::LastManager));
        }
        let before = admitted.get(&person).copied();
        if before == self.rights {
            return Ok(Ok(()));
        }
        self.write(tx, person, personal).await?;
        let (act, more) = match self.rights {
            Some(rights) => (Act::DelegationGiven, format!(" rights={} until=open", rights.code())),
            None => (Act::DelegationEnded, String::new()),
        };
        let told = Told { by: self.by.actor(), mailbox: self.mailbox, person, act, more };
        self.directory.generation().bump(tx).await?;
        audit::append(tx, &self.directory.between(&told, self.now)).await?;
        Ok(Ok(()))
    }
}

impl SetMember {
    /// One row says it afterwards, whichever said it before.
    async fn write(&self, tx: &mut Tx, person: PersonId, personal: bool) -> Result<(), db::Error> {
        tx.execute(REMOVE_MEMBER, args![self.mailbox, person]).await?;
        tx.execute(END_DELEGATION, args![self.mailbox, person, self.now]).await?;
        match self.rights {
            None => Ok(()),
            Some(rights) if personal => {
                let (mailbox, starts) = (self.mailbox, self.now);
                delegations::save(tx, &Delegation { mailbox, person, rights, starts, ends: None }).await
            }
            Some(rights) => delegations::save_member(tx, self.mailbox, person, rights).await,
        }
    }
}

/// What those who are not its holder may do with a mailbox at `now`; the strongest right of each.
async fn admitted(
    tx: &mut Tx,
    mailbox: AccountId,
    now: Timestamp,
) -> Result<BTreeMap<PersonId, Rights>, db::Error> {
    let members = delegations::members(tx, &[mailbox]).await?;
    let mut rights: BTreeMap<PersonId, Rights> =
        members.into_iter().map(|(_, person, rights)| (person, rights)).collect();
    for delegation in delegations::of_mailboxes(tx, &[mailbox]).await? {
        if delegation.starts <= now && delegation.ends.is_none_or(|ends| ends > now) {
            let strongest = rights.entry(delegation.person).or_insert(delegation.rights);
            *strongest = delegation.rights.max(*strongest);
        }
    }
    Ok(rights)
}
