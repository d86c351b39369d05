//! A professional leaves: everything that must end, in one act.

use audit::{Act, Chain, Entry, Line};
use db::{Tx, Value, args};
use names::{AccountId, AccountKind, PersonId, Timestamp};

use super::looking::of_person;
use super::recovering::REVOKE_ALL;
use super::{MailboxRefusal, changing, organisation_of};
use crate::mailboxes::{self, Mailbox, MailboxState};
use crate::professionals::sessions;
use crate::{Authority, Directory, Error, Person, Power, Rights, delegations, people};

/// What becomes of the personal mailboxes of who leaves.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Left {
    /// Closed for good.
    Closed,
    /// Suspended: they may come back.
    Suspended,
}

impl Left {
    fn state(self) -> MailboxState {
        match self {
            Self::Closed => MailboxState::Closed,
            Self::Suspended => MailboxState::Suspended,
        }
    }
}

/// What a departure does, or would do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Departed {
    /// Who.
    pub person: Person,
    /// Their own mailboxes that end.
    pub own: Vec<Mailbox>,
    /// Mailboxes of teams and of others that they use no more.
    pub shared: Vec<Mailbox>,
    /// Of those, the ones that nobody manages afterwards.
    pub unmanaged: Vec<Mailbox>,
    /// Delegations that others had on their own mailboxes and that end.
    pub given: usize,
    /// Mailboxes they keep: a practice's in their name, or those of another organisation.
    pub kept: Vec<Mailbox>,
    /// Whether nothing is kept: then application passwords are withdrawn and sessions end.
    pub access: Access,
}

/// Whether somebody who leaves still signs in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Every password is withdrawn, every session ends.
    Ended,
    /// They still use a mailbox that is kept, with the same passwords.
    Kept,
}

const LEAVE_TEAMS: &str = "DELETE FROM member WHERE person = $1 AND mailbox IN ({})";
const END_RECEIVED: &str = "UPDATE delegation SET ends_at = $2 WHERE person = $1
    AND (ends_at IS NULL OR ends_at > $2) AND mailbox IN ({})";
const END_GIVEN: &str = "UPDATE delegation SET ends_at = $1 WHERE (ends_at IS NULL OR ends_at > $1)
    AND mailbox IN ({})";

impl Directory {
    /// What the departure of somebody would do, for the page that asks for confirmation.
    pub async fn departure_of(
        &self,
        person: PersonId,
        by: &Authority,
        now: Timestamp,
    ) -> Result<Result<Departed, MailboxRefusal>, Error> {
        let mut tx = self.db().read().await?;
        planned(&mut tx, person, by, now).await
    }

    /// Carries it out: in the organisations of whoever asks. The outer error is ours.
    pub async fn depart(
        &self,
        person: PersonId,
        left: Left,
        by: &Authority,
        now: Timestamp,
    ) -> Result<Result<Departed, MailboxRefusal>, Error> {
        let unit = Depart { directory: self.clone(), person, left, by: by.clone(), now };
        self.db().write(unit).await
    }
}

async fn planned(
    tx: &mut Tx,
    person: PersonId,
    by: &Authority,
    now: Timestamp,
) -> Result<Result<Departed, MailboxRefusal>, Error> {
    let Some(found) = people::find(tx, person).await? else { return Ok(Err(MailboxRefusal::NotFound)) };
    let is_own = |mailbox: &Mailbox| mailbox.person.as_ref().is_some_and(|holder| holder.id == person);
    let mut departed = Departed {
        person: found,
        own: Vec::new(),
        shared: Vec::new(),
        unmanaged: Vec::new(),
        given: 0,
        kept: Vec::new(),
        access: Access::Ended,
    };
    let mut used: Vec<Mailbox> = of_person(tx, person, now).await?.into_iter().map(|(one, _)| one).collect();
    // What would begin on a later day ends as well.
    let later: Vec<AccountId> =
        delegations::later(tx, person, now).await?.into_iter().map(|(mailbox, _)| mailbox).collect();
    for mailbox in mailboxes::find(tx, &later).await? {
        if used.iter().all(|known| known.account != mailbox.account) {
            used.push(mailbox);
        }
    }
    for mailbox in used {
        let within = by.may(Power::Depart, organisation_of(&mailbox));
        match (within, is_own(&mailbox)) {
            (_, true) if mailbox.state == MailboxState::Closed => {}
            (true, true) if mailbox.kind == AccountKind::Personal => departed.own.push(mailbox),
            (true, false) => departed.shared.push(mailbox),
            (true, true) | (false, _) => departed.kept.push(mailbox),
        }
    }
    if departed.own.is_empty() && departed.shared.is_empty() && !by.may(Power::Depart, None) {
        return Ok(Err(MailboxRefusal::NotFound));
    }
    for mailbox in &departed.shared {
        let mut members = delegations::members(tx, &[mailbox.account]).await?;
        members.retain(|one| one.person != person && one.rights == Rights::Manage && one.period.holds(now));
        if members.is_empty() && mailbox.person.is_none() {
            departed.unmanaged.push(mailbox.clone());
        }
    }
    let own: Vec<AccountId> = departed.own.iter().map(|mailbox| mailbox.account).collect();
    let given = delegations::of_mailboxes(tx, &own).await?;
    departed.given = given.iter().filter(|one| one.ends.is_none_or(|ends| ends > now)).count();
    departed.access = if departed.kept.is_empty() { Access::Ended } else { Access::Kept };
    if by.may(Power::Depart, None) {
        return Ok(Ok(departed));
    }
    // What is elsewhere is not named to whoever is limited to their organisations.
    departed.kept.retain(|mailbox| by.may(Power::LookAtEntries, organisation_of(mailbox)));
    Ok(Ok(departed))
}

struct Depart {
    directory: Directory,
    person: PersonId,
    left: Left,
    by: Authority,
    now: Timestamp,
}

impl db::Unit for Depart {
    const NAME: &'static str = "carry out a departure";
    type Output = Result<Departed, MailboxRefusal>;
    type Error = Error;

    async fn run(&mut self, tx: &mut Tx) -> Result<Self::Output, Error> {
        let mut departed = match planned(tx, self.person, &self.by, self.now).await? {
            Ok(departed) => departed,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut told = Vec::new();
        let state = self.left.state();
        let ids = |mailboxes: &[Mailbox]| -> Vec<Value> {
            mailboxes.iter().map(|mailbox| Value::from(mailbox.account)).collect()
        };
        tx.execute_in(LEAVE_TEAMS, args![self.person], ids(&departed.shared)).await?;
        tx.execute_in(END_RECEIVED, args![self.person, self.now], ids(&departed.shared)).await?;
        tx.execute_in(END_GIVEN, args![self.now], ids(&departed.own)).await?;
        for mailbox in &departed.shared {
            let detail = format!("person={}", self.person.0);
            told.push(self.line(Chain::Account(mailbox.account), Act::DelegationEnded, detail));
        }
        let mut own = Vec::with_capacity(departed.own.len());
        for mailbox in std::mem::take(&mut departed.own) {
            if mailbox.state != state {
                let detail = format!("state={}", state.code());
                told.push(self.line(Chain::Account(mailbox.account), Act::AccountChanged, detail));
                own.push(changing::set(tx, mailbox, state, self.now).await?);
            } else {
                own.push(mailbox);
            }
        }
        departed.own = own;
        let (withdrawn, ended) = match departed.access {
            Access::Kept => (0, 0),
            Access::Ended => (
                tx.execute(REVOKE_ALL, args![self.person, self.now]).await?,
                sessions::end_all(tx, self.person, None).await?,
            ),
        };
        let detail = format!(
            "mailboxes={} state={} shared={} given={} credentials={withdrawn} sessions={ended}",
            departed.own.len(),
            state.code(),
            departed.shared.len(),
            departed.given
        );
        told.push(self.line(Chain::Person(self.person), Act::Departed, detail));
        self.directory.generation().bump(tx).await?;
        audit::append(tx, &told).await?;
        Ok(Ok(departed))
    }
}

impl Depart {
    fn line(&self, chain: Chain, act: Act, detail: String) -> Entry {
        let line = Line { at: self.now, actor: self.by.actor(), for_whom: None, act, detail };
        Entry::new(chain, line, self.directory.entropy())
    }
}
