//! A new mailbox, for somebody known, for somebody new, or for an organisation.

use audit::Act;
use db::Tx;
use names::{
    AccountId, AccountKind, Address, NationalPersonId, NationalStructureId, PersonId, Profession, Timestamp,
};

use super::changing::MailboxEntry;
use super::{MailboxRefusal, organisation_of};
use crate::mailboxes::{self, Mailbox, MailboxState};
use crate::trust::{self, Place};
use crate::{
    Authority, Directory, Error, Organisation, Person, Power, limits, organisations, people, published,
};

/// What is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewMailbox {
    /// For ever.
    pub address: Address,
    /// For ever: PER, ORG, APP, CAB.
    pub kind: AccountKind,
    /// Whose.
    pub holder: NewHolder,
    /// What the directory says of it.
    pub entry: MailboxEntry,
}

/// Whose a new mailbox is: a PER has a person, an ORG or APP an organisation alone, a CAB either.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NewHolder {
    /// The professional.
    pub person: Option<NewPerson>,
    /// The organisation that holds it, or where the person works.
    pub organisation: Option<NationalStructureId>,
}

/// A professional who gets a mailbox.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewPerson {
    /// RPPS, ADELI, or structure/number.
    pub national_id: NationalPersonId,
    /// Who they are, if nobody here has this identifier yet.
    pub new: Option<PersonDetails>,
}

/// Who somebody is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PersonDetails {
    /// `Dr`, `Pr`, `Mme`, `M.`, or empty.
    pub civility: String,
    /// First name in practice.
    pub given_name: String,
    /// Last name in practice.
    pub family_name: String,
    /// Profession.
    pub profession: Option<Profession>,
    /// Know-how label.
    pub specialty: Option<String>,
}

/// A mailbox about to be made, with its ids, so that its place in the store can be made beside it.
#[derive(Clone, Debug)]
pub struct PreparedMailbox {
    account: AccountId,
    person: PersonId,
    new: NewMailbox,
}

impl PreparedMailbox {
    /// The account it will be.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> AccountKind {
        self.new.kind
    }
}

impl Directory {
    /// Draws the ids of a new mailbox.
    #[must_use]
    pub fn prepare_mailbox(&self, new: NewMailbox, now: Timestamp) -> PreparedMailbox {
        PreparedMailbox { account: AccountId(self.db().id(now)), person: PersonId(self.db().id(now)), new }
    }

    /// Creates it in a unit of the caller's, who gives the account its place in the store when the answer is
    /// good, and does nothing else when it is not.
    pub async fn create_mailbox_in(
        &self,
        tx: &mut Tx,
        prepared: &PreparedMailbox,
        by: &Authority,
        now: Timestamp,
    ) -> Result<Result<Mailbox, MailboxRefusal>, Error> {
        let new = &prepared.new;
        let (organisation, person) = match judged(tx, prepared, by).await? {
            Ok(judged) => judged,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let person = match person {
            Some(Holder::Known(person)) => Some(person),
            Some(Holder::New(person)) => {
                people::save(tx, &person).await?;
                Some(person)
            }
            None => None,
        };
        let MailboxEntry { description, service, responsible, red_list, rank } = new.entry.clone();
        let mailbox = Mailbox {
            account: prepared.account,
            address: new.address.clone(),
            kind: new.kind,
            state: MailboxState::Open,
            red_list,
            rank,
            followed: false,
            description,
            service,
            responsible,
            person,
            organisation,
        };
        mailboxes::create(tx, &mailbox, now).await?;
        published::of_mailbox(tx, &mailbox, now).await?;
        let organisation = organisation_of(&mailbox).map_or(0, |id| id.0);
        let detail = format!("kind={} organisation={organisation}", mailbox.kind.code());
        let told = self.told_of_mailbox(mailbox.account, by, Act::AccountCreated, detail, now);
        self.generation().bump(tx).await?;
        audit::append(tx, &[told]).await?;
        Ok(Ok(mailbox))
    }
}

impl Directory {
    /// Why a mailbox would not be made, before anything is made for it.
    pub async fn new_mailbox_refused(
        &self,
        prepared: &PreparedMailbox,
        by: &Authority,
    ) -> Result<Option<MailboxRefusal>, Error> {
        let mut tx = self.db().read().await?;
        Ok(judged(&mut tx, prepared, by).await?.err())
    }
}

/// Who holds a new mailbox.
enum Holder {
    Known(Person),
    New(Person),
}

/// Whether it may be made; changes nothing.
async fn judged(
    tx: &mut Tx,
    prepared: &PreparedMailbox,
    by: &Authority,
) -> Result<Result<(Option<Organisation>, Option<Holder>), MailboxRefusal>, Error> {
    let new = &prepared.new;
    let organisation = match found_organisation(tx, new).await? {
        Ok(organisation) => organisation,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if !by.may(Power::ChangeMailboxes, organisation.as_ref().map(|one| one.id)) {
        return Ok(Err(MailboxRefusal::Organisation));
    }
    if let Some(refusal) = refused(tx, new, organisation.as_ref()).await? {
        return Ok(Err(refusal));
    }
    let Some(asked) = &new.holder.person else { return Ok(Ok((organisation, None))) };
    Ok(holder(tx, prepared.person, asked).await?.map(|holder| (organisation, Some(holder))))
}

async fn found_organisation(
    tx: &mut Tx,
    new: &NewMailbox,
) -> Result<Result<Option<Organisation>, MailboxRefusal>, Error> {
    let Some(asked) = &new.holder.organisation else { return Ok(Ok(None)) };
    let found = organisations::find_by_national_ids(tx, std::slice::from_ref(asked)).await?.pop();
    Ok(found.map(Some).ok_or(MailboxRefusal::Organisation))
}

async fn refused(
    tx: &mut Tx,
    new: &NewMailbox,
    organisation: Option<&Organisation>,
) -> Result<Option<MailboxRefusal>, Error> {
    let (person, organisation) = (new.holder.person.is_some(), organisation.is_some());
    let fits = match new.kind {
        AccountKind::Personal => person,
        AccountKind::Organisational | AccountKind::Applicative => organisation && !person,
        AccountKind::Practice => person || organisation,
        AccountKind::Patient => false,
    };
    if !fits {
        return Ok(Some(MailboxRefusal::Holder));
    }
    if !new.entry.fits() {
        return Ok(Some(MailboxRefusal::TooLong));
    }
    if !trust::domains(tx, Place::Local).await?.contains(new.address.domain()) {
        return Ok(Some(MailboxRefusal::Domain));
    }
    // Closed ones count: an address is given once.
    let taken = !mailboxes::find_by_addresses(tx, &[&new.address]).await?.is_empty();
    Ok(taken.then_some(MailboxRefusal::Taken))
}

/// The professional, known or new.
async fn holder(
    tx: &mut Tx,
    id: PersonId,
    asked: &NewPerson,
) -> Result<Result<Holder, MailboxRefusal>, Error> {
    let known = people::find_by_national_ids(tx, std::slice::from_ref(&asked.national_id)).await?.pop();
    if let Some(person) = known {
        return Ok(Ok(Holder::Known(person)));
    }
    let Some(details) = asked.new.clone() else { return Ok(Err(MailboxRefusal::Person)) };
    let named = !details.family_name.is_empty() && !details.given_name.is_empty();
    let texts = [&details.civility, &details.given_name, &details.family_name];
    let short = texts.into_iter().all(|text| text.chars().count() <= limits::NAME_TEXT);
    if !named || !short {
        return Ok(Err(if named { MailboxRefusal::TooLong } else { MailboxRefusal::Person }));
    }
    let PersonDetails { civility, given_name, family_name, profession, specialty } = details;
    let national_id = asked.national_id.clone();
    let person = Person { id, national_id, civility, given_name, family_name, profession, specialty };
    Ok(Ok(Holder::New(person)))
}
