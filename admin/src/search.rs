//! Finding mailboxes, people and organisations: forgiving, through the register, and exact, for what is no
//! longer published.

use crate::{Admin, Error};
use directory::{Authority, Mailbox, Organisation, Person, mailboxes, organisations, people};
use names::{AccountId, Address, NationalPersonId, NationalStructureId, OrganisationId, PersonId, Timestamp};
use register::{Listing, Page, Query, Sight, Source};

/// Something an administrator may look at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Hit {
    /// A mailbox, by its address.
    Mailbox(Box<Mailbox>),
    /// A professional, with the addresses published of them.
    Person(PersonId, Person, Vec<Address>),
    /// An organisation, with the addresses published of it.
    Organisation(OrganisationId, Organisation, Vec<Address>),
}

/// Pages of the register that are looked at for entries of this house: those of the national extracts stand
/// between them.
const PAGES: usize = 5;

impl Admin {
    /// What answers these words, best first, as far as it is theirs.
    pub(crate) async fn find(
        &self,
        words: &str,
        most: usize,
        by: &Authority,
        now: Timestamp,
    ) -> Result<Vec<Hit>, Error> {
        let mut hits = self.exactly(words).await?;
        let register = self.register.seen_by(Sight::Administrator);
        let query = Query { text: Some(words.to_owned()), ..Query::default() };
        let mut page = Page { count: register::limits::PAGE, after: None };
        for _ in 0..PAGES {
            let failed = |cause: register::Error| Error::Directory { what: "searching", cause: cause.into() };
            let found = register.search(&query, &page, now).await.map_err(failed)?;
            for listing in found.listings {
                if let Some(hit) = self.hit(listing).await? {
                    hits.push(hit);
                }
            }
            page.after = found.next;
            if page.after.is_none() || hits.len() > most {
                break;
            }
        }
        let mut theirs: Vec<Hit> = Vec::new();
        for hit in hits {
            if theirs.len() < most
                && !theirs.iter().any(|known| known.same(&hit))
                && self.is_theirs(&hit, by, now).await?
            {
                theirs.push(hit);
            }
        }
        Ok(theirs)
    }

    /// An address or an identifier, whole.
    async fn exactly(&self, words: &str) -> Result<Vec<Hit>, Error> {
        let mut tx = self.mailstore.db().read().await?;
        let mut hits = Vec::new();
        if let Ok(address) = Address::parse(words) {
            let found = mailboxes::find_by_addresses(&mut tx, &[&address]).await?;
            hits.extend(found.into_iter().map(|mailbox| Hit::Mailbox(Box::new(mailbox))));
        }
        if let Ok(id) = directory::person_reference(words) {
            let found = people::find_by_national_ids(&mut tx, &[id]).await?;
            hits.extend(found.into_iter().map(|person| Hit::Person(person.id, person, Vec::new())));
        }
        if let Ok(id) = directory::structure_reference(words) {
            let found = organisations::find_by_national_ids(&mut tx, &[id]).await?;
            hits.extend(found.into_iter().map(|one| Hit::Organisation(one.id, one, Vec::new())));
        }
        Ok(hits)
    }

    /// An entry of this house as its row here; none for one of the national extracts.
    async fn hit(&self, listing: Listing) -> Result<Option<Hit>, Error> {
        let addresses = listing.mailboxes().map(|mailbox| mailbox.address.clone()).collect();
        let mut tx = self.mailstore.db().read().await?;
        match listing {
            Listing::Professional(entry) if entry.source == Source::Local => {
                let id: NationalPersonId = entry.national_id;
                let found = people::find_by_national_ids(&mut tx, &[id]).await?.pop();
                Ok(found.map(|person| Hit::Person(person.id, person, addresses)))
            }
            Listing::Organisation(entry) if entry.source == Source::Local => {
                let id: NationalStructureId = entry.national_id;
                let found = organisations::find_by_national_ids(&mut tx, &[id]).await?.pop();
                Ok(found.map(|one| Hit::Organisation(one.id, one, addresses)))
            }
            Listing::Professional(_) | Listing::Organisation(_) => Ok(None),
        }
    }

    async fn is_theirs(&self, hit: &Hit, by: &Authority, now: Timestamp) -> Result<bool, Error> {
        let failed = |cause| Error::Directory { what: "looking at an answer", cause };
        let directory = &self.directory;
        Ok(match hit {
            Hit::Mailbox(mailbox) => {
                let account: AccountId = mailbox.account;
                directory.mailbox_sheet(account, by, now).await.map_err(failed)?.is_some()
            }
            Hit::Person(person, ..) => {
                directory.person_sheet(*person, by, now).await.map_err(failed)?.is_some()
            }
            Hit::Organisation(organisation, ..) => {
                directory.organisation_sheet(*organisation, by).await.map_err(failed)?.is_some()
            }
        })
    }
}

impl Hit {
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Mailbox(one), Self::Mailbox(other)) => one.account == other.account,
            (Self::Person(one, ..), Self::Person(other, ..)) => one == other,
            (Self::Organisation(one, ..), Self::Organisation(other, ..)) => one == other,
            (Self::Mailbox(_) | Self::Person(..) | Self::Organisation(..), _) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOON, full_houses};
    use audit::Actor;
    use directory::{Left, Reach, Role, Roles};
    use std::collections::BTreeSet;

    const PAULS: &str = "paul.ferrand@hopital-saint-roch.mssante.example";

    fn named(hits: &[Hit]) -> Vec<String> {
        hits.iter()
            .map(|hit| match hit {
                Hit::Mailbox(mailbox) => mailbox.address.to_string(),
                Hit::Person(_, person, _) => person.family_name.clone(),
                Hit::Organisation(_, one, _) => one.name.clone(),
            })
            .collect()
    }

    #[tokio::test]
    async fn words_are_forgiven_and_what_is_not_theirs_is_not_found() {
        for house in full_houses().await {
            let all = Authority::operator();
            let find = async |words: &str, by: &Authority| {
                named(&house.admin.find(words, 10, by, NOON).await.unwrap())
            };
            assert_eq!(find("férand paul", &all).await, ["Ferrand"], "{}", house.engine);
            assert_eq!(find("10099000027", &all).await, ["Ferrand"], "an identifier, once");
            assert_eq!(find(PAULS, &all).await[0], PAULS, "{}", house.engine);
            assert!(find("hopital saint roch", &all).await.contains(&"Hôpital Saint-Roch".to_owned()));
            let practice = {
                let mut tx = house.admin.mailstore.db().read().await.unwrap();
                let id = directory::structure_reference("990000028").unwrap();
                organisations::find_by_national_ids(&mut tx, &[id]).await.unwrap().remove(0).id
            };
            let only = Reach::Only(BTreeSet::from([practice]));
            let theirs = Authority::new(Actor::System, Roles::of(&[Role::Directory]), only);
            for words in ["férand paul", "10099000027", PAULS, "Hôpital Saint-Roch", "990000010"] {
                assert!(find(words, &theirs).await.is_empty(), "{}: {words}", house.engine);
            }
            assert_eq!(find("lenoir", &theirs).await, ["Lenoir"]);
            // Who left is found by what is known exactly.
            let paul = house.admin.person_called("10099000027").await.unwrap();
            house.admin.directory.depart(paul, Left::Closed, &all, NOON).await.unwrap().unwrap();
            assert!(find("férand", &all).await.is_empty(), "{}", house.engine);
            assert_eq!(find(PAULS, &all).await, [PAULS]);
        }
    }
}
