//! Who may use a mailbox, as its manager sees and changes it: the holder, the members of a team, those
//! who act for its holder.

use std::collections::BTreeMap;

use audit::Act;
use db::{Tx, args};
use names::{AccountId, AccountKind, PersonId, Timestamp};

use super::asking::{Asker, is_too_much};
use super::delegating::{Told, managed};
use super::users;
use crate::delegations::{self, Delegation, Membership, Period};
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
    /// The end is not in the future, or not after the beginning.
    Past,
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
        let mut admitted = admitted(&mut tx, mailbox, now).await?;
        admitted.retain(|_, admission| admission.period.holds(now));
        let mut rights: BTreeMap<PersonId, Rights> =
            admitted.into_iter().map(|(person, admission)| (person, admission.rights)).collect();
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
    /// mailbox that `by` manages, or takes all from them; dates that were given stay. In the mailbox of a
    /// person this is a delegation, elsewhere a membership. The outer error is ours.
    pub async fn set_member(
        &self,
        by: PersonId,
        mailbox: AccountId,
        to: &str,
        rights: Option<Rights>,
        now: Timestamp,
    ) -> Result<Result<(), MemberRefusal>, Error> {
        self.set(Asker::Manager(by), mailbox, to, (rights, None), now).await
    }

    /// The same, by an administrator: to anybody who is known here, during a time (none: as it was), and a
    /// team's mailbox may lose its last manager.
    pub async fn set_member_as(
        &self,
        by: &Authority,
        mailbox: AccountId,
        to: &str,
        (rights, period): (Option<Rights>, Option<Period>),
        now: Timestamp,
    ) -> Result<Result<(), MemberRefusal>, Error> {
        self.set(Asker::Administrator(by.clone()), mailbox, to, (rights, period), now).await
    }

    async fn set(
        &self,
        by: Asker,
        mailbox: AccountId,
        to: &str,
        (rights, period): (Option<Rights>, Option<Period>),
        now: Timestamp,
    ) -> Result<Result<(), MemberRefusal>, Error> {
        let directory = self.clone();
        let unit = SetMember { directory, by, mailbox, to: to.to_owned(), rights, period, now };
        self.db().write(unit).await
    }
}

struct SetMember {
    directory: Directory,
    by: Asker,
    mailbox: AccountId,
    to: String,
    rights: Option<Rights>,
    /// As it was, or without limits, when none.
    period: Option<Period>,
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
            None => match self.by.named(tx, &self.to, &mailbox, self.now).await? {
                Some(person) => person.id,
                None => return Ok(Err(MemberRefusal::Nobody)),
            },
        };
        let personal = mailbox.kind == AccountKind::Personal;
        if is_too_much(&mailbox, self.rights) {
            return Ok(Err(MemberRefusal::Managing));
        }
        let managers = admitted.iter().filter(|(other, admission)| {
            let manages = admission.rights == Rights::Manage && admission.period.holds(self.now);
            **other != person && manages && Some(**other) != holder
        });
        let last = holder.is_none() && self.rights != Some(Rights::Manage) && managers.count() == 0;
        if last && !self.by.may_leave_unmanaged() {
            return Ok(Err(MemberRefusal::LastManager));
        }
        let before = admitted.get(&person).copied();
        let period = self.period.or(before.map(|before| before.period)).unwrap_or(Period::OPEN);
        if self.rights.is_some() && !period.is_possible(self.now) {
            return Ok(Err(MemberRefusal::Past));
        }
        let wanted = self.rights.map(|rights| Admission { rights, period });
        let same = |before: Admission, wanted: Admission| {
            before.rights == wanted.rights && before.period.is_as(wanted.period, self.now)
        };
        if before.zip(wanted).is_some_and(|(before, wanted)| same(before, wanted)) {
            return Ok(Ok(()));
        }
        self.write(tx, person, wanted, personal).await?;
        let (act, more) = match wanted {
            Some(Admission { rights, period }) => {
                let more = format!(" rights={} {}", rights.code(), period.told(self.now));
                (Act::DelegationGiven, more)
            }
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
    async fn write(
        &self,
        tx: &mut Tx,
        person: PersonId,
        wanted: Option<Admission>,
        personal: bool,
    ) -> Result<(), db::Error> {
        tx.execute(REMOVE_MEMBER, args![self.mailbox, person]).await?;
        tx.execute(END_DELEGATION, args![self.mailbox, person, self.now]).await?;
        let mailbox = self.mailbox;
        match wanted {
            None => Ok(()),
            Some(Admission { rights, period }) if personal => {
                let starts = period.later(self.now).unwrap_or(self.now);
                delegations::save(tx, &Delegation { mailbox, person, rights, starts, ends: period.ends })
                    .await
            }
            Some(Admission { rights, period }) => {
                delegations::save_member(tx, &Membership { mailbox, person, rights, period }).await
            }
        }
    }
}

/// What somebody may do, and when.
#[derive(Clone, Copy)]
struct Admission {
    rights: Rights,
    period: Period,
}

/// What those who are not its holder may do with a mailbox at `now` or later: what holds counts before what
/// is to come, and then the strongest right of each.
async fn admitted(
    tx: &mut Tx,
    mailbox: AccountId,
    now: Timestamp,
) -> Result<BTreeMap<PersonId, Admission>, db::Error> {
    let members = delegations::members(tx, &[mailbox]).await?;
    let members =
        members.into_iter().map(|one| (one.person, Admission { rights: one.rights, period: one.period }));
    let delegations = delegations::of_mailboxes(tx, &[mailbox]).await?;
    let delegates = delegations
        .into_iter()
        .map(|one| (one.person, Admission { rights: one.rights, period: one.period() }));
    let mut found: BTreeMap<PersonId, Admission> = BTreeMap::new();
    for (person, admission) in members.chain(delegates).filter(|(_, one)| !one.period.is_over(now)) {
        let rank = |one: &Admission| (one.period.holds(now), one.rights);
        let kept = found.entry(person).or_insert(admission);
        if rank(&admission) > rank(kept) {
            *kept = admission;
        }
    }
    Ok(found)
}
