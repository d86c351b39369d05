//! "Secretary for Dr X": who may use somebody else's mailbox, given by whoever manages it, for a time.

use audit::{Act, Actor, Chain, Entry, Line};
use db::{Tx, args};
use names::{AccountId, AccountKind, OrganisationId, PersonId, Timestamp};

use super::asking::Asker;
use crate::delegations::{self, Delegation, Period};
use crate::{Directory, Error, Mailbox, MailboxState, Person, Rights, mailboxes, people};

/// A delegation as both sides see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DelegationLine {
    /// The mailbox that may be used.
    pub mailbox: Mailbox,
    /// By whom.
    pub person: Person,
    /// What they may do there.
    pub rights: Rights,
    /// Since when.
    pub starts: Timestamp,
    /// Until when; none is until it is ended.
    pub ends: Option<Timestamp>,
}

/// Why a delegation is not given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DelegationRefusal {
    /// Whoever asks does not manage this mailbox, or it is not open: one answer for both.
    NotYours,
    /// Nobody of the mailbox's organisation has this identifier or address. Whether somebody elsewhere
    /// has it is not told.
    Nobody,
    /// One needs no delegation for oneself.
    Yourself,
    /// The end is not in the future, or not after the beginning.
    Past,
    /// Managing is not delegated.
    Managing,
}

const OF_PERSON: &str = "SELECT mailbox, person, rights, starts_at, ends_at FROM delegation
    WHERE person = $1 AND (ends_at IS NULL OR ends_at > $2)";
const IN_ORGANISATION: &str =
    "SELECT 1 FROM mailbox WHERE organisation = $1 AND person = $2 AND state = 'open'
    UNION SELECT 1 FROM member m JOIN mailbox b ON b.account = m.mailbox
        WHERE b.organisation = $1 AND m.person = $2 AND b.state = 'open'
        AND (m.starts_at IS NULL OR m.starts_at <= $3) AND (m.ends_at IS NULL OR m.ends_at > $3)";
const END: &str = "UPDATE delegation SET ends_at = $3 WHERE mailbox = $1 AND person = $2
    AND (ends_at IS NULL OR ends_at > $3)";

impl Directory {
    /// The open mailboxes a professional may use, with what they may do in each.
    pub async fn mailboxes_of(
        &self,
        person: PersonId,
        now: Timestamp,
    ) -> Result<Vec<(Mailbox, Rights)>, Error> {
        let mut tx = self.db().read().await?;
        let rights = delegations::rights_of(&mut tx, person, now).await?;
        let mut found = mailboxes::of_person(&mut tx, person, now).await?;
        found.retain(|mailbox| {
            mailbox.state == MailboxState::Open && mailbox.kind != AccountKind::Applicative
        });
        Ok(found
            .into_iter()
            .filter_map(|mailbox| {
                let rights = *rights.get(&mailbox.account)?;
                Some((mailbox, rights))
            })
            .collect())
    }

    /// Delegations that hold at `now` or later on the mailboxes this professional manages.
    pub async fn delegations_given(
        &self,
        by: PersonId,
        now: Timestamp,
    ) -> Result<Vec<DelegationLine>, Error> {
        let managed: Vec<AccountId> = self
            .mailboxes_of(by, now)
            .await?
            .into_iter()
            .filter(|(_, rights)| *rights == Rights::Manage)
            .map(|(mailbox, _)| mailbox.account)
            .collect();
        let mut tx = self.db().read().await?;
        let mut given = delegations::of_mailboxes(&mut tx, &managed).await?;
        given.retain(|delegation| delegation.ends.is_none_or(|ends| ends > now));
        lines(&mut tx, given).await
    }

    /// Delegations that hold at `now` or later for this professional.
    pub async fn delegations_received(
        &self,
        person: PersonId,
        now: Timestamp,
    ) -> Result<Vec<DelegationLine>, Error> {
        let mut tx = self.db().read().await?;
        let rows = tx.rows(OF_PERSON, args![person, now]).await?;
        let received: Vec<Delegation> = rows.iter().map(delegations::from_row).collect::<Result<_, _>>()?;
        lines(&mut tx, received).await
    }

    /// Lets `to` (a national identifier, or the address of a mailbox of their own) use a mailbox that
    /// `by` manages, during a time. Given again, it replaces the one before. The outer error is ours.
    pub async fn delegate(
        &self,
        by: PersonId,
        mailbox: AccountId,
        to: &str,
        rights: Rights,
        period: Period,
        now: Timestamp,
    ) -> Result<Result<Person, DelegationRefusal>, Error> {
        let by = Asker::Manager(by);
        let unit = Delegate { directory: self.clone(), by, mailbox, to: to.to_owned(), rights, period, now };
        self.db().write(unit).await
    }

    /// Ends a delegation: whoever manages the mailbox may, and whom it was given to. False when there is
    /// none that `by` may end.
    pub async fn end_delegation(
        &self,
        by: PersonId,
        mailbox: AccountId,
        person: PersonId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let unit = EndDelegation { directory: self.clone(), by, mailbox, person, now };
        self.db().write(unit).await
    }

    /// The two lines of an act between two people: in the mailbox's chain, and in that of whom it is
    /// given to. Both name both.
    pub(super) fn between(&self, told: &Told, now: Timestamp) -> [Entry; 2] {
        let Told { by, mailbox, person, act, ref more } = *told;
        let of_mailbox = format!("person={}{more}", person.0);
        let of_person = format!("mailbox={} person={}{more}", mailbox.0, person.0);
        let line = |detail| Line { at: now, actor: by, for_whom: None, act, detail };
        [
            Entry::new(Chain::Person(person), line(of_person), self.entropy()),
            Entry::new(Chain::Account(mailbox), line(of_mailbox), self.entropy()),
        ]
    }
}

/// What is told of an act between two people.
pub(super) struct Told {
    pub(super) by: Actor,
    pub(super) mailbox: AccountId,
    pub(super) person: PersonId,
    pub(super) act: Act,
    pub(super) more: String,
}

struct Delegate {
    directory: Directory,
    by: Asker,
    mailbox: AccountId,
    to: String,
    rights: Rights,
    period: Period,
    now: Timestamp,
}

impl db::Unit for Delegate {
    const NAME: &'static str = "give a delegation";
    type Output = Result<Person, DelegationRefusal>;
    type Error = Error;

    async fn run(&mut self, tx: &mut Tx) -> Result<Self::Output, Error> {
        let Some(mailbox) = self.by.mailbox(tx, self.mailbox, self.now).await? else {
            return Ok(Err(DelegationRefusal::NotYours));
        };
        if self.rights == Rights::Manage {
            return Ok(Err(DelegationRefusal::Managing));
        }
        if !self.period.is_possible(self.now) {
            return Ok(Err(DelegationRefusal::Past));
        }
        let Some(person) = self.by.named(tx, &self.to, &mailbox, self.now).await? else {
            return Ok(Err(DelegationRefusal::Nobody));
        };
        if self.by.is(person.id) || mailbox.person.is_some_and(|holder| holder.id == person.id) {
            return Ok(Err(DelegationRefusal::Yourself));
        }
        let delegation = Delegation {
            mailbox: self.mailbox,
            person: person.id,
            rights: self.rights,
            starts: self.period.later(self.now).unwrap_or(self.now),
            ends: self.period.ends,
        };
        delegations::save(tx, &delegation).await?;
        let told = Told {
            by: self.by.actor(),
            mailbox: self.mailbox,
            person: person.id,
            act: Act::DelegationGiven,
            more: format!(" rights={} {}", self.rights.code(), self.period.told(self.now)),
        };
        self.directory.generation().bump(tx).await?;
        audit::append(tx, &self.directory.between(&told, self.now)).await?;
        Ok(Ok(person))
    }
}

struct EndDelegation {
    directory: Directory,
    by: PersonId,
    mailbox: AccountId,
    person: PersonId,
    now: Timestamp,
}

impl db::Unit for EndDelegation {
    const NAME: &'static str = "end a delegation";
    type Output = bool;
    type Error = Error;

    async fn run(&mut self, tx: &mut Tx) -> Result<bool, Error> {
        let may = self.by == self.person || managed(tx, self.by, self.mailbox, self.now).await?.is_some();
        if !may || tx.execute(END, args![self.mailbox, self.person, self.now]).await? != 1 {
            return Ok(false);
        }
        let told = Told {
            by: Actor::Person(self.by),
            mailbox: self.mailbox,
            person: self.person,
            act: Act::DelegationEnded,
            more: String::new(),
        };
        self.directory.generation().bump(tx).await?;
        audit::append(tx, &self.directory.between(&told, self.now)).await?;
        Ok(true)
    }
}

/// The open mailbox, if `by` manages it.
pub(super) async fn managed(
    tx: &mut Tx,
    by: PersonId,
    mailbox: AccountId,
    now: Timestamp,
) -> Result<Option<Mailbox>, db::Error> {
    if delegations::rights_of(tx, by, now).await?.get(&mailbox) != Some(&Rights::Manage) {
        return Ok(None);
    }
    let found = mailboxes::find(tx, &[mailbox]).await?.pop();
    Ok(found.filter(|found| found.state == MailboxState::Open && found.kind != AccountKind::Applicative))
}

/// The person, if they belong to the organisation: hold one of its mailboxes, or are of one of its teams.
pub(super) async fn colleague(
    tx: &mut Tx,
    organisation: Option<OrganisationId>,
    person: Option<PersonId>,
    now: Timestamp,
) -> Result<Option<Person>, db::Error> {
    // No row has id 0: the same statements run for nobody.
    let organisation = organisation.unwrap_or(OrganisationId(0));
    let person = person.unwrap_or(PersonId(0));
    let belongs = tx.maybe_row(IN_ORGANISATION, args![organisation, person, now]).await?.is_some();
    let found = people::find(tx, person).await?;
    Ok(found.filter(|_| belongs))
}

async fn lines(tx: &mut Tx, delegations: Vec<Delegation>) -> Result<Vec<DelegationLine>, Error> {
    let accounts: Vec<AccountId> = delegations.iter().map(|delegation| delegation.mailbox).collect();
    let mailboxes = mailboxes::find(tx, &accounts).await?;
    let mut lines = Vec::with_capacity(delegations.len());
    for Delegation { mailbox, person, rights, starts, ends } in delegations {
        let mailbox = mailboxes.iter().find(|known| known.account == mailbox).cloned();
        let (Some(mailbox), Some(person)) = (mailbox, people::find(tx, person).await?) else { continue };
        lines.push(DelegationLine { mailbox, person, rights, starts, ends });
    }
    lines.sort_by_key(|line| std::cmp::Reverse(line.starts));
    Ok(lines)
}
