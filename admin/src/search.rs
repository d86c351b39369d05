//! Finding mailboxes, people and organisations: forgiving, through the register, and exact, for what is no
//! longer published.

use crate::{Admin, Error};
use directory::{Authority, Mailbox, Organisation, Person, mailboxes, organisations, people};
use names::{AccountId, Address, NationalPersonId, NationalStructureId, OrganisationId, PersonId, Timestamp};
use register::{Listing, Page, Query, Sight, Source, Token};

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

/// A page of answers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Hits {
    /// Best first.
    pub(crate) hits: Vec<Hit>,
    /// Where the next page begins; none when this is the last.
    pub(crate) next: Option<Token>,
}

impl Admin {
    /// What answers these words, best first, as far as it is theirs: of this house alone, so that no entry of ours
    /// stands behind those of the national extracts. What is known exactly stands on the first page.
    pub(crate) async fn find(
        &self,
        words: &str,
        (most, after): (usize, Option<Token>),
        by: &Authority,
        now: Timestamp,
    ) -> Result<Hits, Error> {
        let mut theirs = Hits::default();
        if after.is_none() {
            for hit in self.exactly(words).await? {
                self.add(&mut theirs.hits, hit, by, now).await?;
            }
        }
        let register = self.register.seen_by(Sight::Administrator);
        let query = Query { text: Some(words.to_owned()), ..Query::default() };
        let mut page = Page { count: most, after };
        loop {
            // Never more than there is room for: the next page begins behind the last entry looked at.
            page.count = most.saturating_sub(theirs.hits.len()).max(1);
            let found = match register.search_here(&query, &page, now).await {
                // The directory moved on, or somebody made an address up: from the beginning.
                Err(register::Error::StaleToken) if page.after.is_some() => {
                    page.after = None;
                    continue;
                }
                found => {
                    found.map_err(|cause| Error::Directory { what: "searching", cause: cause.into() })?
                }
            };
            for listing in found.listings {
                if let Some(hit) = self.hit(listing).await? {
                    self.add(&mut theirs.hits, hit, by, now).await?;
                }
            }
            page.after = found.next;
            if page.after.is_none() || theirs.hits.len() >= most {
                theirs.next = page.after;
                return Ok(theirs);
            }
        }
    }

    async fn add(&self, hits: &mut Vec<Hit>, hit: Hit, by: &Authority, now: Timestamp) -> Result<(), Error> {
        if !hits.iter().any(|known| known.same(&hit)) && self.is_theirs(&hit, by, now).await? {
            hits.push(hit);
        }
        Ok(())
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
                named(&house.admin.find(words, (10, None), by, NOON).await.unwrap().hits)
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

    /// Clinics of the national extract with this name.
    async fn national_namesakes(house: &crate::testing::House, name: &str, many: u32) {
        use std::fmt::Write as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("extract.txt");
        let mut extract = "Type de BAL|Adresse BAL|3|4|5|6|7|8|9|10|11|12|13|14|15|16|17|18|19|20|21|22|23|24|25|26|27|28|29|30|31".to_owned();
        for number in 0..many {
            let _ = write!(
                extract,
                "\nORG|o{number}@pro.example||||FINESS|{number:09}|||||||||||N|{name} {number}|||||||||01000 BOURG|01000|01|"
            );
        }
        std::fs::write(&path, extract + "\n").unwrap();
        let means = crate::Means {
            clock: names::Clock::new(|| NOON),
            scratch: folder.path().join("scratch"),
            teller: std::sync::Arc::new(|_| ()),
        };
        let import = crate::NationalCommand::Import {
            files: vec![path],
            rejects: folder.path().join("rejects"),
            how: crate::Import::Apply,
            removals: None,
        };
        let done = house.admin.national(&import, means).await.unwrap();
        assert!(done.complete, "{}: {}", house.engine, done.text);
    }

    #[tokio::test]
    async fn ours_are_found_behind_any_number_of_national_ones_and_a_page_at_a_time() {
        for house in full_houses().await {
            let find = async |after| {
                let by = Authority::operator();
                house.admin.find("ferrand", (2, after), &by, NOON).await.unwrap()
            };
            let before = find(None).await;
            assert_eq!(named(&before.hits), ["Ferrand"], "{}", house.engine);
            // More namesakes of the national directory than any search ranks.
            national_namesakes(&house, "FERRAND", 1_200).await;
            assert_eq!(named(&find(None).await.hits), ["Ferrand"], "{}", house.engine);
            // And five of ours.
            for number in 0..5 {
                let text = format!(
                    "[[people]]\nid = \"1009990001{number}\"\ngiven_name = \"Luc\"\nfamily_name = \"Ferrand\"\n\
                     [[mailboxes]]\naddress = \"luc{number}@hopital-saint-roch.mssante.example\"\nkind = \"PER\"\n\
                     person = \"1009990001{number}\"\norganisation = \"990000010\"\n"
                );
                let applied = house.admin.apply(crate::testing::seed(&text), NOON).await.unwrap();
                assert_eq!(applied.faults, [], "{}", house.engine);
            }
            let (mut seen, mut pages, mut after) = (Vec::new(), 0, None);
            loop {
                let found = find(after).await;
                assert!(found.hits.len() <= 2, "{}", house.engine);
                seen.extend(found.hits);
                pages += 1;
                after = found.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!((seen.len(), pages), (6, 3), "{}: {:?}", house.engine, named(&seen));
            let alone: Vec<_> = seen
                .iter()
                .enumerate()
                .filter(|(at, one)| seen[..*at].iter().any(|known| known.same(one)))
                .collect();
            assert!(alone.is_empty(), "{}: none stands on two pages", house.engine);
            let stale = Some(Token("b0-1-0000000000000000".to_owned()));
            assert_eq!(find(stale).await.hits.len(), 2, "{}: from the beginning", house.engine);
        }
    }
}
