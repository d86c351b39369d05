//! What administrators see of mailboxes, people and organisations, as far as it is theirs.

use db::{Tx, args};
use names::{AccountId, OrganisationId, PersonId, Timestamp};

use super::{organisation_of, theirs};
use crate::mailboxes::{self, Mailbox};
use crate::{
    Authority, Directory, Error, Organisation, Period, Person, Power, Rights, delegations, organisations,
    people,
};

/// A mailbox with everybody who may use it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MailboxSheet {
    /// The mailbox.
    pub mailbox: Mailbox,
    /// Who may use it beside its holder, by name.
    pub admitted: Vec<AdmittedLine>,
}

/// Somebody who may use a mailbox that is not theirs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AdmittedLine {
    /// Who.
    pub person: Person,
    /// What they may do.
    pub rights: Rights,
    /// From when until when.
    pub period: Period,
}

/// A professional with the mailboxes they may use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PersonSheet {
    /// Who.
    pub person: Person,
    /// Their own, closed ones included, and those of others that they may use: as far as they are whoever
    /// asks'.
    pub mailboxes: Vec<(Mailbox, Rights)>,
    /// Whether nothing of theirs is elsewhere: only then are their passwords and factors whoever asks'.
    pub whole: Whole,
    /// Whether they have a password for the professional space.
    pub signs_in: SignsIn,
}

/// Whether a person's mailboxes are all within the reach of whoever asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Whole {
    /// All are.
    Yes,
    /// Some are elsewhere.
    No,
}

/// How a professional can sign in to the professional space by password.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignsIn {
    /// They chose a password.
    WithPassword,
    /// It is known where codes go; they have not chosen a password, or it was reset.
    Invited,
    /// Never invited.
    Never,
}

/// An organisation with its mailboxes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrganisationSheet {
    /// Which.
    pub organisation: Organisation,
    /// By address.
    pub mailboxes: Vec<Mailbox>,
}

const HELD: &str = "SELECT account FROM mailbox WHERE person = $1";
const USER: &str = "SELECT password IS NOT NULL FROM professional_user WHERE person = $1";
const OF_ORGANISATION: &str = "SELECT account FROM mailbox WHERE organisation = $1";

impl Directory {
    /// A mailbox, if it is theirs to see.
    pub async fn mailbox_sheet(
        &self,
        account: AccountId,
        by: &Authority,
        now: Timestamp,
    ) -> Result<Option<MailboxSheet>, Error> {
        let mut tx = self.db().read().await?;
        let Some(mailbox) = theirs(&mut tx, by, Power::LookAtEntries, account).await? else {
            return Ok(None);
        };
        let mut admitted = Vec::new();
        let members = delegations::members(&mut tx, &[account]).await?.into_iter();
        let members = members.map(|one| (one.person, one.rights, one.period));
        let delegates = delegations::of_mailboxes(&mut tx, &[account]).await?.into_iter();
        let delegates = delegates.map(|one| (one.person, one.rights, one.period()));
        for (person, rights, period) in members.chain(delegates).filter(|(.., period)| !period.is_over(now)) {
            let found = people::find(&mut tx, person).await?;
            admitted.extend(found.map(|person| AdmittedLine { person, rights, period }));
        }
        admitted.sort_by_key(|line| (line.person.family_name.clone(), line.person.given_name.clone()));
        Ok(Some(MailboxSheet { mailbox, admitted }))
    }

    /// A professional, if a mailbox of theirs is whoever asks' to see.
    pub async fn person_sheet(
        &self,
        person: PersonId,
        by: &Authority,
        now: Timestamp,
    ) -> Result<Option<PersonSheet>, Error> {
        let mut tx = self.db().read().await?;
        let Some(found) = people::find(&mut tx, person).await? else { return Ok(None) };
        let mut mailboxes = of_person(&mut tx, person, now).await?;
        let all = mailboxes.len();
        mailboxes.retain(|(mailbox, _)| by.may(Power::LookAtEntries, organisation_of(mailbox)));
        if mailboxes.is_empty() && !by.may(Power::LookAtEntries, None) {
            return Ok(None);
        }
        let whole = if mailboxes.len() == all { Whole::Yes } else { Whole::No };
        let signs_in = match tx.maybe_row(USER, args![person]).await? {
            None => SignsIn::Never,
            Some(row) if row.bool(0)? => SignsIn::WithPassword,
            Some(_) => SignsIn::Invited,
        };
        Ok(Some(PersonSheet { person: found, mailboxes, whole, signs_in }))
    }

    /// An organisation, if it is theirs to see.
    pub async fn organisation_sheet(
        &self,
        organisation: OrganisationId,
        by: &Authority,
    ) -> Result<Option<OrganisationSheet>, Error> {
        if !by.may(Power::LookAtEntries, Some(organisation)) {
            return Ok(None);
        }
        let mut tx = self.db().read().await?;
        let Some(organisation) = organisations::find(&mut tx, organisation).await? else { return Ok(None) };
        let accounts = accounts(&mut tx, OF_ORGANISATION, organisation.id.0).await?;
        let mut mailboxes = mailboxes::find(&mut tx, &accounts).await?;
        mailboxes.sort_by_key(|mailbox| mailbox.address.to_string());
        Ok(Some(OrganisationSheet { organisation, mailboxes }))
    }

    /// Organisations one may be an administrator of: those given, or all, by name.
    pub async fn organisations_of(&self, by: &Authority) -> Result<Vec<Organisation>, Error> {
        let mut tx = self.db().read().await?;
        let mut all = organisations::all(&mut tx).await?;
        all.retain(|one| by.may(Power::ChangeMailboxes, Some(one.id)));
        Ok(all)
    }
}

/// Every mailbox a person holds, whatever its state, or may use at `now`, with what they may do.
pub(super) async fn of_person(
    tx: &mut Tx,
    person: PersonId,
    now: Timestamp,
) -> Result<Vec<(Mailbox, Rights)>, Error> {
    let rights = delegations::rights_of(tx, person, now).await?;
    let mut known: Vec<AccountId> = rights.keys().copied().collect();
    known.extend(accounts(tx, HELD, person.0).await?);
    known.sort_unstable();
    known.dedup();
    let mut found = mailboxes::find(tx, &known).await?;
    let own = |mailbox: &Mailbox| mailbox.person.as_ref().is_some_and(|holder| holder.id == person);
    found.sort_by_key(|mailbox| (!own(mailbox), mailbox.rank, mailbox.address.to_string()));
    Ok(found
        .into_iter()
        .map(|mailbox| {
            let right = rights.get(&mailbox.account).copied().unwrap_or(Rights::Manage);
            (mailbox, right)
        })
        .collect())
}

/// Whether a person is whole within the reach of whoever asks, and so their passwords and factors too.
pub(super) async fn is_theirs(
    tx: &mut Tx,
    person: PersonId,
    by: &Authority,
    power: Power,
    now: Timestamp,
) -> Result<bool, Error> {
    let mailboxes = of_person(tx, person, now).await?;
    let theirs = mailboxes.iter().all(|(mailbox, _)| by.may(power, organisation_of(mailbox)));
    // Somebody without any mailbox belongs to the house.
    Ok(theirs && (!mailboxes.is_empty() || by.may(power, None)))
}

async fn accounts(tx: &mut Tx, sql: &'static str, whose: i64) -> Result<Vec<AccountId>, db::Error> {
    tx.rows(sql, args![whose]).await?.iter().map(|row| row.int(0).map(AccountId)).collect()
}
