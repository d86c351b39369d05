//! Several changes of one holder's mailboxes, all or none: what a program of a delegated administrator publishes.

use directory::{
    Authority, Mailbox, MailboxEntry, MailboxMove, MailboxRefusal, MailboxState, NewHolder, NewMailbox,
    NewPerson, PreparedMailbox, mailboxes,
};
use mailstore::NewAccount;
use names::{AccountKind, Address, NationalPersonId, NationalStructureId, Timestamp};
use register::local::{self, Holder};

use crate::{Admin, Error};

/// Whose mailboxes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MailboxHolder {
    /// A professional's, of their own or of where they work.
    Person {
        /// Who.
        person: NationalPersonId,
        /// Where.
        at: Option<NationalStructureId>,
    },
    /// An organisation's.
    Structure(NationalStructureId),
}

/// One change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MailboxChange {
    /// A new mailbox.
    Create {
        /// For ever.
        address: Address,
        /// For ever.
        kind: AccountKind,
        /// What is said of it.
        entry: MailboxEntry,
    },
    /// Something is said anew; what is none stays, what is empty goes.
    Describe {
        /// Which.
        address: Address,
        /// What it is for.
        description: Option<String>,
        /// Service it is attached to.
        service: Option<String>,
        /// Who answers for it.
        responsible: Option<String>,
        /// Whether no search shows it.
        red_list: Option<bool>,
        /// 1 is the preferred one.
        rank: Option<i64>,
    },
    /// Closed for good.
    Close {
        /// Which.
        address: Address,
    },
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum NotPublished {
    /// A change may not be: which, counted from 0, and why.
    #[error("change {0} is refused: {1:?}")]
    Refused(usize, MailboxRefusal),
    /// Somebody else changed the holder's entry meanwhile.
    #[error("the entry is no longer the one that was looked at")]
    Changed,
    /// We failed.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<db::Error> for NotPublished {
    fn from(cause: db::Error) -> Self {
        Self::Failed(cause.into())
    }
}

/// A change with what it needs drawn and made.
enum Step {
    Create(Box<PreparedMailbox>, Box<NewAccount>),
    Change(MailboxChange),
}

struct Work {
    admin: Admin,
    holder: MailboxHolder,
    seen: Option<Timestamp>,
    steps: Vec<Step>,
    by: Authority,
    now: Timestamp,
}

impl Admin {
    /// Does all changes in order, in one unit; none when the holder's entry is not of the time that was `seen`.
    pub async fn publish(
        &self,
        holder: MailboxHolder,
        seen: Option<Timestamp>,
        changes: Vec<MailboxChange>,
        by: &Authority,
        now: Timestamp,
    ) -> Result<(), NotPublished> {
        let mut steps = Vec::with_capacity(changes.len());
        for (number, change) in changes.into_iter().enumerate() {
            steps.push(match change {
                MailboxChange::Create { address, kind, entry } => {
                    let new = NewMailbox { address, kind, holder: holder.of_new(), entry };
                    self.step(new, by, number, now).await?
                }
                change @ (MailboxChange::Describe { .. } | MailboxChange::Close { .. }) => {
                    Step::Change(change)
                }
            });
        }
        let work = Work { admin: self.clone(), holder, seen, steps, by: by.clone(), now };
        let unit = db::unit("publish mailboxes", work, |work, tx| Box::pin(work.run(tx)));
        self.mailstore.db().write(unit).await
    }

    async fn step(
        &self,
        new: NewMailbox,
        by: &Authority,
        number: usize,
        now: Timestamp,
    ) -> Result<Step, NotPublished> {
        let failed = |cause| Error::Directory { what: "preparing a mailbox", cause };
        let prepared = self.directory.prepare_mailbox(new, now);
        // Asked again inside the unit; here, so that no key is made for nothing.
        if let Some(refusal) = self.directory.new_mailbox_refused(&prepared, by).await.map_err(failed)? {
            return Err(NotPublished::Refused(number, refusal));
        }
        let place = self.mailstore.prepare_account_as(prepared.account(), prepared.kind(), now).await;
        let place = place.map_err(|cause| Error::Store { what: "making the key of a mailbox", cause })?;
        Ok(Step::Create(Box::new(prepared), Box::new(place)))
    }
}

impl Work {
    async fn run(&self, tx: &mut db::Tx) -> Result<(), NotPublished> {
        if let Some(seen) = self.seen {
            let failed = |cause| Error::Directory { what: "looking at an entry", cause };
            let version = local::held_version(tx, &self.holder.listed()).await;
            let version = version.map_err(|cause| failed(cause.into()))?;
            if version != Some(seen) {
                return Err(NotPublished::Changed);
            }
        }
        for (number, step) in self.steps.iter().enumerate() {
            let done = match step {
                Step::Create(prepared, place) => self.create(tx, prepared, place).await?,
                Step::Change(change) => self.change(tx, change).await?,
            };
            done.map_err(|refusal| NotPublished::Refused(number, refusal))?;
        }
        Ok(())
    }

    async fn create(
        &self,
        tx: &mut db::Tx,
        prepared: &PreparedMailbox,
        place: &NewAccount,
    ) -> Result<Result<Mailbox, MailboxRefusal>, Error> {
        let made = self.admin.directory.create_mailbox_in(tx, prepared, &self.by, self.now).await;
        let made = made.map_err(|cause| Error::Directory { what: "creating a mailbox", cause })?;
        if made.is_ok() {
            let written = self.admin.mailstore.write_account(tx, place, self.now).await;
            written.map_err(|cause| Error::Store { what: "giving a mailbox its place", cause })?;
        }
        Ok(made)
    }

    async fn change(
        &self,
        tx: &mut db::Tx,
        change: &MailboxChange,
    ) -> Result<Result<Mailbox, MailboxRefusal>, Error> {
        let failed = |cause| Error::Directory { what: "changing a mailbox", cause };
        let (MailboxChange::Create { address, .. }
        | MailboxChange::Describe { address, .. }
        | MailboxChange::Close { address }) = change;
        let found = mailboxes::find_by_addresses(tx, &[address]).await?.pop();
        let found = found.filter(|own| own.state != MailboxState::Closed && self.holder.holds(own));
        let Some(mailbox) = found else { return Ok(Err(MailboxRefusal::NotFound)) };
        let directory = &self.admin.directory;
        match change {
            MailboxChange::Describe { description, service, responsible, red_list, rank, .. } => {
                let mut entry = MailboxEntry::of(&mailbox);
                let given = |kept: &mut Option<String>, text: &Option<String>| {
                    if let Some(text) = text {
                        *kept = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
                    }
                };
                given(&mut entry.description, description);
                given(&mut entry.service, service);
                given(&mut entry.responsible, responsible);
                entry.red_list = red_list.unwrap_or(entry.red_list);
                entry.rank = rank.unwrap_or(entry.rank);
                let described =
                    directory.describe_mailbox_in(tx, mailbox.account, &entry, &self.by, self.now);
                described.await.map_err(failed)
            }
            MailboxChange::Close { .. } => {
                let close = MailboxMove::Close;
                directory
                    .move_mailbox_in(tx, mailbox.account, close, &self.by, self.now)
                    .await
                    .map_err(failed)
            }
            // Creations are steps of their own.
            MailboxChange::Create { .. } => Ok(Err(MailboxRefusal::Taken)),
        }
    }
}

impl MailboxHolder {
    fn of_new(&self) -> NewHolder {
        match self {
            Self::Person { person, at } => NewHolder {
                person: Some(NewPerson { national_id: person.clone(), new: None }),
                organisation: at.clone(),
            },
            Self::Structure(structure) => NewHolder { person: None, organisation: Some(structure.clone()) },
        }
    }

    /// Whose entry it is.
    fn listed(&self) -> Holder {
        match self {
            Self::Person { person, .. } => Holder::Person(person.clone()),
            Self::Structure(structure) => Holder::Structure(structure.clone()),
        }
    }

    /// Whether a mailbox is one of theirs.
    fn holds(&self, mailbox: &Mailbox) -> bool {
        let person = mailbox.person.as_ref().map(|own| &own.national_id);
        let organisation = mailbox.organisation.as_ref().map(|own| &own.national_id);
        match self {
            Self::Person { person: whose, at } => person == Some(whose) && organisation == at.as_ref(),
            Self::Structure(structure) => person.is_none() && organisation == Some(structure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOON, full_houses};

    const TEAM: &str = "cardiologie@hopital-saint-roch.mssante.example";

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn new(address: &Address) -> MailboxChange {
        let entry = MailboxEntry { rank: 2, ..MailboxEntry::default() };
        MailboxChange::Create { address: address.clone(), kind: AccountKind::Organisational, entry }
    }

    fn describe(address: &Address, description: &str) -> MailboxChange {
        MailboxChange::Describe {
            address: address.clone(),
            description: Some(description.to_owned()),
            service: None,
            responsible: None,
            red_list: None,
            rank: None,
        }
    }

    #[tokio::test]
    async fn all_changes_are_done_or_none() {
        for house in full_houses().await {
            let admin = &house.admin;
            let team = admin.directory.mailbox(&address(TEAM)).await.unwrap().unwrap();
            let structure = team.organisation.clone().unwrap().national_id;
            let holder = || MailboxHolder::Structure(structure.clone());
            let by = Authority::operator();
            let urgent = address("urgences@hopital-saint-roch.mssante.example");
            let elsewhere = address("ordonnances@ailleurs.mssante.example");

            let half = vec![new(&urgent), describe(&team.address, "Autre"), describe(&elsewhere, "x")];
            let refused = admin.publish(holder(), None, half, &by, NOON).await.unwrap_err();
            let not_found = MailboxRefusal::NotFound;
            assert!(matches!(refused, NotPublished::Refused(2, why) if why == not_found), "{refused}");
            assert!(admin.directory.mailbox(&urgent).await.unwrap().is_none(), "{}", house.engine);
            let same = admin.directory.mailbox(&team.address).await.unwrap().unwrap();
            assert_eq!(same.description, team.description, "{}", house.engine);

            let whole = vec![new(&urgent), describe(&urgent, "Urgences"), describe(&team.address, "")];
            admin.publish(holder(), None, whole, &by, NOON).await.unwrap();
            let made = admin.directory.mailbox(&urgent).await.unwrap().unwrap();
            assert_eq!((made.description.as_deref(), made.state), (Some("Urgences"), MailboxState::Open));
            let described = admin.directory.mailbox(&team.address).await.unwrap().unwrap();
            assert_eq!(described.description, None, "{}", house.engine);

            let close = vec![MailboxChange::Close { address: urgent.clone() }];
            admin.publish(holder(), None, close.clone(), &by, NOON).await.unwrap();
            let closed = admin.directory.mailbox(&urgent).await.unwrap().unwrap();
            assert_eq!(closed.state, MailboxState::Closed, "{}", house.engine);
            for again in [close, vec![new(&urgent)]] {
                assert!(admin.publish(holder(), None, again, &by, NOON).await.is_err(), "{}", house.engine);
            }
        }
    }

    /// Two programs looked at the same version; both name it, and one of them changes it.
    #[tokio::test]
    async fn a_version_that_was_named_is_changed_once() {
        for house in full_houses().await {
            let admin = &house.admin;
            let team = admin.directory.mailbox(&address(TEAM)).await.unwrap().unwrap();
            let holder = || MailboxHolder::Structure(team.organisation.clone().unwrap().national_id);
            let by = Authority::operator();
            let version = || async {
                let register = register::Register::open(admin.mailstore.db().clone());
                let (listing, _) = register.by_address(&team.address).await.unwrap().unwrap();
                let register::Listing::Organisation(own) = listing else { panic!("a structure") };
                own.updated
            };
            for round in 0..8 {
                let seen = Some(version().await);
                let text = |side: &str| vec![describe(&team.address, &format!("{side} {round}"))];
                let now = NOON.plus(round);
                let (one, other) = tokio::join!(
                    admin.publish(holder(), seen, text("Un"), &by, now),
                    admin.publish(holder(), seen, text("Deux"), &by, now),
                );
                let (done, refused) = match (one, other) {
                    (Ok(()), Err(refused)) => ("Un", refused),
                    (Err(refused), Ok(())) => ("Deux", refused),
                    both => panic!("{}: {both:?}", house.engine),
                };
                assert!(matches!(refused, NotPublished::Changed), "{}: {refused}", house.engine);
                let kept = admin.directory.mailbox(&team.address).await.unwrap().unwrap().description;
                assert_eq!(kept, Some(format!("{done} {round}")), "{}", house.engine);
            }
            // Who names no version changes what there is.
            admin.publish(holder(), None, vec![describe(&team.address, "")], &by, NOON).await.unwrap();
        }
    }
}
