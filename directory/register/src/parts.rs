//! What is kept of an entry: one part from each extract, joined when it is read.
//!
//! The two extracts come on different days. Each replaces its own part, and the other stays as it is.

use names::{
    AccountKind, Address, Finess, NationalPersonId, NationalStructureId, Profession, SectorCode, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{
    Category, Coded, Error, Listing, ListingId, Mailbox, Organisation, Place, Professional, Situation, Source,
};

/// Key of an entry of the extracts: kind, then national identifier. Ordered as bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub(crate) struct Key(String);

/// What a key stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Named {
    Person(NationalPersonId),
    Structure(NationalStructureId),
}

impl Key {
    pub(crate) fn person(id: &NationalPersonId) -> Self {
        Self(format!("P{}", id.0))
    }

    pub(crate) fn structure(id: &NationalStructureId) -> Self {
        Self(format!("S{}", id.0))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(crate) fn of_bytes(bytes: Vec<u8>) -> Result<Self, Error> {
        String::from_utf8(bytes).map(Self).map_err(|_| Error::Corrupt("key"))
    }

    /// The national identifier of a structure; none of a person.
    pub(crate) fn structure_id(&self) -> Option<&str> {
        self.0.strip_prefix('S')
    }

    pub(crate) fn named(&self) -> Result<Named, Error> {
        match (self.0.get(..1), self.0.get(1..)) {
            (Some("P"), Some(id)) => Ok(Named::Person(NationalPersonId(id.to_owned()))),
            (Some("S"), Some(id)) => Ok(Named::Structure(NationalStructureId(id.to_owned()))),
            _ => Err(Error::Corrupt("key")),
        }
    }
}

/// A FINESS number, small: some hundred thousand are held while an import reads.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Site9([u8; 9]);

impl Site9 {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let finess = Finess::parse(text).ok()?;
        finess.as_str().as_bytes().try_into().ok().map(Self)
    }

    pub(crate) fn as_str(&self) -> &str {
        // Letters and digits, as they were parsed.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    pub(crate) fn national_id(&self) -> NationalStructureId {
        NationalStructureId(format!("1{}", self.as_str()))
    }
}

/// The SIRET that a national identifier holds, as a number (DOMAIN §4.6).
pub(crate) fn siret_of(id: &str) -> Option<u64> {
    let siret = id.strip_prefix('3').filter(|siret| siret.len() == 14)?;
    siret.bytes().all(|byte| byte.is_ascii_digit()).then(|| siret.parse().ok()).flatten()
}

/// Who somebody is, as one extract says it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) civility: String,
    pub(crate) given_name: String,
    pub(crate) family_name: String,
    pub(crate) profession: Option<Profession>,
    pub(crate) category: Option<Category>,
    pub(crate) know_how: Vec<Coded>,
}

/// A structure, as one extract says it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Site {
    pub(crate) name: String,
    pub(crate) trade_name: String,
    pub(crate) place: Place,
}

/// What the activity extract says of an entry.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum ActivityPart {
    Person { identity: Identity, situations: Vec<Situation> },
    Structure { facts: Facts, site: Site },
}

/// Numbers of a structure.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Facts {
    pub(crate) finess: Option<Finess>,
    pub(crate) finess_legal: Option<Finess>,
    pub(crate) siret: Option<String>,
    pub(crate) siren: Option<String>,
    pub(crate) sector: Option<SectorCode>,
    pub(crate) legal: bool,
    pub(crate) phone: Option<String>,
}

/// What the mailbox extract says of an entry.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum MailboxPart {
    Person { identity: Identity, held: Vec<Held> },
    Structure { site: Site, mailboxes: Vec<Mailbox> },
}

/// A professional's mailbox, and the structure it is for when there is one.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) mailbox: Mailbox,
    pub(crate) at: Option<(NationalStructureId, Site)>,
}

impl ActivityPart {
    /// How many situations it holds.
    pub(crate) fn activities(&self) -> usize {
        match self {
            Self::Person { situations, .. } => situations.len(),
            Self::Structure { .. } => 0,
        }
    }
}

impl MailboxPart {
    pub(crate) fn addresses(&self) -> Vec<(&Address, AccountKind)> {
        self.mailboxes().map(|mailbox| (&mailbox.address, mailbox.kind)).collect()
    }

    pub(crate) fn mailboxes(&self) -> Box<dyn Iterator<Item = &Mailbox> + '_> {
        match self {
            Self::Person { held, .. } => Box::new(held.iter().map(|held| &held.mailbox)),
            Self::Structure { mailboxes, .. } => Box::new(mailboxes.iter()),
        }
    }

    fn mailboxes_mut(&mut self) -> Box<dyn Iterator<Item = &mut Mailbox> + '_> {
        match self {
            Self::Person { held, .. } => Box::new(held.iter_mut().map(|held| &mut held.mailbox)),
            Self::Structure { mailboxes, .. } => Box::new(mailboxes.iter_mut()),
        }
    }

    /// Dates the mailboxes: those that stand in `before` just so keep their date, the others changed now.
    pub(crate) fn dated(mut self, before: Option<&Self>, now: Timestamp) -> Self {
        for mailbox in self.mailboxes_mut() {
            let known = before.and_then(|part| part.mailboxes().find(|old| old.address == mailbox.address));
            mailbox.updated = match known {
                Some(old) if (Mailbox { updated: mailbox.updated, ..old.clone() }) == *mailbox => old.updated,
                Some(_) | None => now,
            };
        }
        self
    }
}

/// The entry that the parts make up.
pub(crate) fn listing(
    id: ListingId,
    key: &Key,
    activity: Option<ActivityPart>,
    mailbox: Option<MailboxPart>,
    updated: Timestamp,
) -> Result<Listing, Error> {
    match key.named()? {
        Named::Person(national_id) => {
            let (first, situations) = match activity {
                Some(ActivityPart::Person { identity, situations }) => (Some(identity), situations),
                Some(ActivityPart::Structure { .. }) => return Err(Error::Corrupt("kind of an entry")),
                None => (None, Vec::new()),
            };
            let (second, held) = match mailbox {
                Some(MailboxPart::Person { identity, held }) => (Some(identity), held),
                Some(MailboxPart::Structure { .. }) => return Err(Error::Corrupt("kind of an entry")),
                None => (None, Vec::new()),
            };
            // The activity extract is the one that tells of people; the other only names holders.
            let identity = first.or(second).ok_or(Error::Corrupt("entry without a part"))?;
            let mut professional = Professional {
                id,
                source: Source::National,
                national_id,
                civility: identity.civility,
                given_name: identity.given_name,
                family_name: identity.family_name,
                profession: identity.profession,
                category: identity.category,
                know_how: identity.know_how,
                situations,
                mailboxes: Vec::new(),
                updated,
            };
            held.into_iter().for_each(|held| place(&mut professional, held));
            Ok(Listing::Professional(Box::new(professional)))
        }
        Named::Structure(national_id) => {
            let (facts, first) = match activity {
                Some(ActivityPart::Structure { facts, site }) => (facts, Some(site)),
                Some(ActivityPart::Person { .. }) => return Err(Error::Corrupt("kind of an entry")),
                None => (numbers(&national_id), None),
            };
            let (second, mailboxes) = match mailbox {
                Some(MailboxPart::Structure { site, mailboxes }) => (Some(site), mailboxes),
                Some(MailboxPart::Person { .. }) => return Err(Error::Corrupt("kind of an entry")),
                None => (None, Vec::new()),
            };
            let site = first.or(second).ok_or(Error::Corrupt("entry without a part"))?;
            Ok(Listing::Organisation(Box::new(Organisation {
                id,
                source: Source::National,
                national_id,
                finess: facts.finess,
                finess_legal: facts.finess_legal,
                siret: facts.siret,
                siren: facts.siren,
                name: site.name,
                trade_name: site.trade_name,
                sector: facts.sector,
                legal: facts.legal,
                place: site.place,
                phone: facts.phone,
                mailboxes,
                updated,
            })))
        }
    }
}

/// The numbers that a national identifier holds itself (DOMAIN §4.6).
pub(crate) fn numbers(id: &NationalStructureId) -> Facts {
    let mut facts = Facts::default();
    match (id.0.get(..1), id.0.get(1..)) {
        (Some("1"), Some(finess)) => facts.finess = Finess::parse(finess).ok(),
        (Some("2"), Some(siren)) => facts.siren = Some(siren.to_owned()),
        (Some("3"), Some(siret)) => {
            facts.siret = Some(siret.to_owned());
            facts.siren = siret.get(..9).map(str::to_owned);
        }
        _ => {}
    }
    facts
}

/// Puts a mailbox where it belongs: to the situation in its structure, made when the activity extract does
/// not know it, or to the professional alone.
fn place(professional: &mut Professional, held: Held) {
    let Held { mailbox, at } = held;
    let Some((structure, site)) = at else { return professional.mailboxes.push(mailbox) };
    let known = professional
        .situations
        .iter_mut()
        .find(|situation| situation.organisation.as_ref() == Some(&structure));
    match known {
        Some(situation) => situation.mailboxes.push(mailbox),
        None => professional.situations.push(Situation {
            id: format!("bal-{}", structure.0),
            mode: None,
            role: None,
            organisation: Some(structure),
            organisation_name: site.name,
            sector: None,
            place: site.place,
            phone: None,
            mailboxes: vec![mailbox],
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailbox(address: &str) -> Mailbox {
        Mailbox {
            address: Address::parse(address).unwrap(),
            kind: AccountKind::Personal,
            description: None,
            service: None,
            responsible: None,
            red_list: false,
            rank: 1,
            paperless: false,
            updated: Timestamp(0),
            standing: crate::Standing::Open,
        }
    }

    fn held(address: &str, at: Option<&str>) -> Held {
        let site = Site { name: "Maison".to_owned(), ..Site::default() };
        Held { mailbox: mailbox(address), at: at.map(|id| (NationalStructureId(id.to_owned()), site)) }
    }

    #[test]
    fn a_mailbox_stands_in_its_situation_or_makes_one_or_stays_with_the_person() {
        let situation = Situation {
            id: "a".to_owned(),
            mode: None,
            role: None,
            organisation: Some(NationalStructureId("1580008803".to_owned())),
            organisation_name: "CH".to_owned(),
            sector: None,
            place: Place::default(),
            phone: None,
            mailboxes: Vec::new(),
        };
        let activity = ActivityPart::Person {
            identity: Identity { family_name: "LENOIR".to_owned(), ..Identity::default() },
            situations: vec![situation],
        };
        let part = MailboxPart::Person {
            identity: Identity { family_name: "Autre".to_owned(), ..Identity::default() },
            held: vec![
                held("a@x.fr", Some("1580008803")),
                held("b@x.fr", Some("1300017985")),
                held("c@x.fr", None),
            ],
        };
        let key = Key::person(&NationalPersonId("810002422979".to_owned()));
        let whole = listing(ListingId(1), &key, Some(activity), Some(part), Timestamp(5)).unwrap();
        let Listing::Professional(person) = whole else { panic!("a person") };
        assert_eq!(person.family_name, "LENOIR");
        let of = |number: usize| person.situations[number].mailboxes[0].address.to_string();
        assert_eq!((of(0), of(1)), ("a@x.fr".to_owned(), "b@x.fr".to_owned()));
        assert_eq!(person.situations[1].organisation_name, "Maison");
        assert_eq!(person.mailboxes[0].address.to_string(), "c@x.fr");
    }

    #[test]
    fn a_mailbox_keeps_its_date_as_long_as_it_stays_the_same() {
        let part = |service: Option<&str>| MailboxPart::Structure {
            site: Site::default(),
            mailboxes: vec![
                Mailbox { service: service.map(str::to_owned), ..mailbox("a@x.fr") },
                mailbox("b@x.fr"),
            ],
        };
        let first = part(None).dated(None, Timestamp(10));
        let second = part(Some("Cardiologie")).dated(Some(&first), Timestamp(20));
        let dates: Vec<i64> = second.mailboxes().map(|mailbox| mailbox.updated.0).collect();
        assert_eq!(dates, [20, 10]);
    }

    #[test]
    fn an_entry_of_the_wrong_kind_or_without_parts_is_damage() {
        let key = Key::structure(&NationalStructureId("1580008803".to_owned()));
        assert!(listing(ListingId(1), &key, None, None, Timestamp(0)).is_err());
        let person = ActivityPart::Person { identity: Identity::default(), situations: Vec::new() };
        assert!(listing(ListingId(1), &key, Some(person), None, Timestamp(0)).is_err());
        assert!(Key::of_bytes(vec![b'X']).unwrap().named().is_err());
    }
}
