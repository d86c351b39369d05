//! Which address shall I use? One answer, with its reasons, and what to mind (PEERS §3).
//!
//! [`crate::Register::resolve`] loads whoever may be meant; [`decide`] chooses, and sees nothing but its arguments.

use names::{AccountKind, Address, NationalPersonId, NationalStructureId, Timestamp};

use crate::words::{alike, telling, words};
use crate::{Listing, ListingId, Mailbox, Place, limits};

/// Who is to be written to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Who {
    /// This professional.
    Person(NationalPersonId),
    /// This structure, and perhaps a service of it.
    Structure {
        /// Which.
        id: NationalStructureId,
        /// As its people call it.
        service: Option<String>,
    },
    /// Whoever holds this address.
    Address(Address),
    /// Whoever these words name: a name, and a place when the name is common.
    Text(String),
}

/// What for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Purpose {
    /// A letter that a colleague reads.
    Colleague,
    /// A document for the file that a structure keeps.
    StructureFile,
    /// A message to a pharmacy.
    Pharmacy,
}

/// Type code of a document (CDA, DOMAIN §5.4): a document that carries one is read by machines too.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DocumentType(pub String);

/// The answer.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Resolution {
    /// The one to use; none when nobody can be reached, or several may be meant.
    pub choice: Option<Choice>,
    /// Why this one.
    pub reasons: Vec<Reason>,
    /// What to mind.
    pub warnings: Vec<Warning>,
    /// The next best, or the ones to choose from; the best first.
    pub others: Vec<Choice>,
}

/// A mailbox and who holds it.
#[derive(Clone, PartialEq, Debug)]
pub struct Choice {
    /// The holder's entry.
    pub holder: ListingId,
    /// The holder's name.
    pub name: String,
    /// Where, in a word: the town.
    pub town: String,
    /// The mailbox.
    pub mailbox: Mailbox,
}

/// Why an address was chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// It is the one that was asked for.
    Asked,
    /// It is the holder's only one.
    OnlyOne,
    /// It is the holder's preferred one: rank 1 of several.
    Preferred,
    /// Its kind is the one for this purpose.
    KindFits(AccountKind),
    /// It is that of the service asked for.
    ServiceFits,
    /// It belongs to the place that was named.
    PlaceFits,
    /// It was changed within the year.
    Fresh,
}

/// What to mind about an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Warning {
    /// Nobody is known by that.
    Unknown,
    /// Several may be meant: choose.
    Ambiguous,
    /// The holder has no mailbox that may be shown.
    NoMailbox,
    /// The address is not published any more: closed or inactive.
    NoLongerPublished,
    /// The address is stopped for a time: a letter to it is refused. It may come back.
    Suspended,
    /// The holder practises in several structures with a mailbox each.
    SeveralStructures,
    /// The mailbox has not changed since then.
    NotUpdatedSince(Timestamp),
    /// Only a machine reads there, and the letter carries no typed document.
    ReadByMachine,
    /// The service is unknown: this is the structure's general mailbox.
    ServiceUnknown,
    /// The structure is no pharmacy.
    NoPharmacy,
}

/// Somebody who may be meant.
#[derive(Clone, PartialEq, Debug)]
pub struct Candidate {
    /// The entry, as it may be seen.
    pub listing: Listing,
    /// How well the words fit; 1 for whoever was named by number or address.
    pub score: f32,
}

/// The share of the best score at which another one may be meant as well.
const AS_GOOD: f32 = 0.97;

/// Chooses. `candidates` are the best first.
#[must_use]
pub fn decide(
    who: &Who,
    purpose: Purpose,
    document: Option<&DocumentType>,
    candidates: &[Candidate],
    now: Timestamp,
) -> Resolution {
    let asked = match who {
        Who::Text(text) => words(text),
        Who::Person(_) | Who::Structure { .. } | Who::Address(_) => Vec::new(),
    };
    let ask = Ask { who, purpose, typed: document.is_some(), words: &asked, now };
    let Some(best) = candidates.first() else { return Resolution::warned(Warning::Unknown) };
    let as_good: Vec<&Candidate> =
        candidates.iter().take_while(|candidate| candidate.score >= best.score * AS_GOOD).collect();
    if as_good.len() > 1 {
        let others = as_good.iter().filter_map(|candidate| ask.of(&candidate.listing).choice).collect();
        return Resolution { others, ..Resolution::warned(Warning::Ambiguous) };
    }
    ask.of(&best.listing)
}

impl Resolution {
    fn warned(warning: Warning) -> Self {
        Self { warnings: vec![warning], ..Self::default() }
    }
}

struct Ask<'a> {
    who: &'a Who,
    purpose: Purpose,
    /// Whether a document with a type code goes along.
    typed: bool,
    words: &'a [String],
    now: Timestamp,
}

/// A mailbox with the place it belongs to.
#[derive(Clone, Copy)]
struct Held<'a> {
    mailbox: &'a Mailbox,
    place: Option<&'a Place>,
    /// The situation it belongs to, by its number.
    situation: Option<usize>,
}

impl Ask<'_> {
    fn of(&self, listing: &Listing) -> Resolution {
        let (mut held, hidden): (Vec<Held<'_>>, Vec<Held<'_>>) = held(listing)
            .filter(|held| held.mailbox.kind.is_professional())
            .partition(|held| held.mailbox.is_shown());
        if let Who::Address(address) = self.who {
            let mut stopped = hidden.iter().filter(|held| !held.mailbox.red_list);
            if stopped.any(|held| held.mailbox.address == *address) {
                return Resolution::warned(Warning::Suspended);
            }
            let one = held.iter().find(|held| held.mailbox.address == *address).copied();
            let Some(one) = one else { return Resolution::warned(Warning::NoLongerPublished) };
            let mut resolution = Resolution { choice: Some(choice(listing, one)), ..Resolution::default() };
            resolution.reasons.push(Reason::Asked);
            self.mind(listing, one, &held, &mut resolution);
            return resolution;
        }
        // The first of the order is the answer; its parts are the reasons.
        held.sort_by_key(|held| {
            (
                self.kind_fits(held.mailbox.kind),
                !self.service_fits(held.mailbox),
                !self.place_fits(held.place),
                self.asks_service() && held.mailbox.service.is_some() && !self.service_fits(held.mailbox),
                held.mailbox.rank,
                std::cmp::Reverse(held.mailbox.updated),
                held.mailbox.address.clone(),
            )
        });
        let Some(best) = held.first().copied() else { return Resolution::warned(Warning::NoMailbox) };
        let others = held[1..].iter().map(|held| choice(listing, *held)).collect();
        let mut resolution =
            Resolution { choice: Some(choice(listing, best)), others, ..Resolution::default() };
        let Resolution { reasons, .. } = &mut resolution;
        if held.len() == 1 {
            reasons.push(Reason::OnlyOne);
        } else if best.mailbox.rank == 1 && held[1..].iter().any(|held| held.mailbox.rank > 1) {
            reasons.push(Reason::Preferred);
        }
        if self.kind_fits(best.mailbox.kind) == 0 {
            reasons.push(Reason::KindFits(best.mailbox.kind));
        }
        if self.service_fits(best.mailbox) {
            reasons.push(Reason::ServiceFits);
        }
        if self.place_fits(best.place) {
            reasons.push(Reason::PlaceFits);
        }
        self.mind(listing, best, &held, &mut resolution);
        resolution
    }

    /// Freshness, and the warnings.
    fn mind(&self, listing: &Listing, one: Held<'_>, all: &[Held<'_>], resolution: &mut Resolution) {
        let Resolution { reasons, warnings, .. } = resolution;
        if self.now.since(one.mailbox.updated) < limits::FRESH {
            reasons.push(Reason::Fresh);
        } else {
            warnings.push(Warning::NotUpdatedSince(one.mailbox.updated));
        }
        let asked_by_address = matches!(self.who, Who::Address(_));
        let mut situations: Vec<usize> = all.iter().filter_map(|held| held.situation).collect();
        situations.sort_unstable();
        situations.dedup();
        if situations.len() > 1 && !self.place_fits(one.place) && !asked_by_address {
            warnings.push(Warning::SeveralStructures);
        }
        if one.mailbox.kind == AccountKind::Applicative && !self.typed {
            warnings.push(Warning::ReadByMachine);
        }
        if self.asks_service() && !self.service_fits(one.mailbox) {
            warnings.push(Warning::ServiceUnknown);
        }
        match (self.purpose, listing) {
            (Purpose::Pharmacy, Listing::Organisation(organisation)) => {
                let sector = organisation.sector.as_ref().map(|sector| sector.0.as_str());
                if !sector.is_some_and(|sector| limits::PHARMACIES.contains(&sector)) {
                    warnings.push(Warning::NoPharmacy);
                }
            }
            (Purpose::Pharmacy, Listing::Professional(_)) => warnings.push(Warning::NoPharmacy),
            (Purpose::Colleague | Purpose::StructureFile, _) => {}
        }
    }

    /// How well a kind fits: 0 is the one for it.
    fn kind_fits(&self, kind: AccountKind) -> u8 {
        match (self.purpose, kind) {
            (_, AccountKind::Patient) => u8::MAX,
            // Machines read typed documents; a letter that nobody reads is the last resort.
            (Purpose::StructureFile, AccountKind::Applicative) if self.typed => 0,
            (_, AccountKind::Applicative) => 9,
            (Purpose::StructureFile, AccountKind::Organisational) => u8::from(self.typed),
            (Purpose::StructureFile, AccountKind::Practice) => 2,
            (Purpose::StructureFile, AccountKind::Personal) => 3,
            (Purpose::Colleague, AccountKind::Personal) => 0,
            (Purpose::Colleague, AccountKind::Practice) => 1,
            // Of a structure, it is the one that colleagues write to.
            (Purpose::Colleague, AccountKind::Organisational) => match self.who {
                Who::Structure { .. } => 0,
                Who::Person(_) | Who::Address(_) | Who::Text(_) => 2,
            },
            // A pharmacy is reached by its ORG mailbox (DOMAIN §1.5).
            (Purpose::Pharmacy, AccountKind::Organisational) => 0,
            (Purpose::Pharmacy, AccountKind::Practice) => 1,
            (Purpose::Pharmacy, AccountKind::Personal) => 2,
        }
    }

    fn asks_service(&self) -> bool {
        matches!(self.who, Who::Structure { service: Some(_), .. })
    }

    fn service_fits(&self, mailbox: &Mailbox) -> bool {
        let (Who::Structure { service: Some(asked), .. }, Some(service)) = (self.who, &mailbox.service)
        else {
            return false;
        };
        let (asked, service) = (words(asked), words(service));
        let answered = |asked: &&str| service.iter().any(|word| alike(asked, word).is_some());
        !asked.is_empty() && telling(&asked).iter().all(answered)
    }

    /// Whether the words name the place.
    fn place_fits(&self, place: Option<&Place>) -> bool {
        let Some(place) = place else { return false };
        let town = words(&place.town);
        let named = |text: &str| self.words.iter().any(|word| alike(word, text).is_some());
        let by_town = !town.is_empty() && telling(&town).into_iter().all(named);
        by_town || self.words.contains(&place.postal_code)
    }
}

fn held(listing: &Listing) -> Box<dyn Iterator<Item = Held<'_>> + '_> {
    let at = |mailbox, place, situation| Held { mailbox, place, situation };
    match listing {
        Listing::Professional(person) => {
            let situations = person.situations.iter().enumerate().flat_map(move |(number, situation)| {
                situation
                    .mailboxes
                    .iter()
                    .map(move |mailbox| at(mailbox, Some(&situation.place), Some(number)))
            });
            Box::new(person.mailboxes.iter().map(move |mailbox| at(mailbox, None, None)).chain(situations))
        }
        Listing::Organisation(organisation) => Box::new(
            organisation.mailboxes.iter().map(move |mailbox| at(mailbox, Some(&organisation.place), None)),
        ),
    }
}

fn choice(listing: &Listing, held: Held<'_>) -> Choice {
    let (name, first) = match listing {
        Listing::Professional(person) => {
            let name = [&person.civility, &person.given_name, &person.family_name];
            let parts: Vec<&str> =
                name.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
            (parts.join(" "), person.situations.first().map(|situation| &situation.place))
        }
        Listing::Organisation(organisation) => (organisation.name.clone(), Some(&organisation.place)),
    };
    let town = held.place.or(first).map_or_else(String::new, |place| place.town.clone());
    Choice { holder: listing.id(), name, town, mailbox: held.mailbox.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::invented::{doctor, mailbox, organisation, person, place, structure};
    use crate::{Organisation, Professional, Situation};
    use AccountKind::{Applicative, Organisational, Personal, Practice};

    const NOW: Timestamp = Timestamp(1_795_348_800_000);

    /// A doctor of two structures: one mailbox alone, one in each.
    fn doctor_of_two() -> Professional {
        let mut doctor = doctor(10_000_000_001, "Marie", "Martin", "Cardiologie", place("75011", "Paris"));
        doctor.situations[0].mailboxes = vec![ranked("paris@x.example.fr", Personal, 2)];
        let brest = Situation {
            id: "2".to_owned(),
            place: place("29200", "Brest"),
            mailboxes: vec![ranked("brest@x.example.fr", Personal, 3)],
            ..doctor.situations[0].clone()
        };
        doctor.situations.push(brest);
        doctor.mailboxes = vec![ranked("marie@x.example.fr", Personal, 1)];
        doctor
    }

    fn hospital() -> Organisation {
        let mut hospital = organisation(750_000_001, "Hôpital Nord", "SA01", place("75018", "Paris"));
        let of = |address: &str, kind, rank, service: Option<&str>| Mailbox {
            service: service.map(str::to_owned),
            ..ranked(address, kind, rank)
        };
        hospital.mailboxes = vec![
            of("accueil@x.example.fr", Organisational, 2, None),
            of("cardio@x.example.fr", Organisational, 1, Some("Service de cardiologie")),
            of("machine@x.example.fr", Applicative, 3, None),
        ];
        hospital
    }

    fn ranked(address: &str, kind: AccountKind, rank: i64) -> Mailbox {
        Mailbox { rank, updated: NOW, ..mailbox(address, kind) }
    }

    fn alone(listing: Listing) -> Vec<Candidate> {
        vec![Candidate { listing, score: 1.0 }]
    }

    fn of_hospital(service: Option<&str>) -> Who {
        Who::Structure {
            id: NationalStructureId("1750000001".to_owned()),
            service: service.map(str::to_owned),
        }
    }

    #[test]
    fn one_address_with_its_reasons_and_what_to_mind() {
        let two = || alone(person(doctor_of_two()));
        let hospital_only = || alone(structure(hospital()));
        let text = |text: &str| Who::Text(text.to_owned());
        let marie = || Who::Person(NationalPersonId("810000000001".to_owned()));
        let typed = DocumentType("11488-4".to_owned());
        let pharmacy = structure(organisation(290_000_001, "Pharmacie", "SA33", place("29200", "Brest")));
        let mut red = doctor(1, "A", "B", "C", place("29200", "Brest"));
        red.mailboxes[0].red_list = true;
        let mut old = doctor(1, "A", "B", "C", place("29200", "Brest"));
        old.mailboxes[0].updated = NOW.plus(-limits::FRESH);
        let mut machine = hospital();
        machine.mailboxes.truncate(3);
        machine.mailboxes.drain(..2);
        let mut practice = doctor(1, "A", "B", "C", place("29200", "Brest"));
        practice.mailboxes.insert(0, ranked("cab@x.example.fr", Practice, 1));
        use Purpose::{Colleague, Pharmacy, StructureFile};
        use Reason::{Asked, Fresh, KindFits, OnlyOne, PlaceFits, Preferred, ServiceFits};
        use Warning::{
            NoLongerPublished, NoMailbox, NoPharmacy, NotUpdatedSince, ReadByMachine, ServiceUnknown,
        };
        let gone = Who::Address(Address::parse("gone@x.example.fr").unwrap());
        let brest = Who::Address(Address::parse("brest@x.example.fr").unwrap());
        for (case, who, purpose, document, candidates, address, reasons, warnings) in [
            ("nobody", text("x"), Colleague, None, vec![], None, vec![], vec![Warning::Unknown]),
            (
                "the preferred one of three",
                marie(),
                Colleague,
                None,
                two(),
                Some("marie@x.example.fr"),
                vec![Preferred, KindFits(Personal), Fresh],
                vec![Warning::SeveralStructures],
            ),
            (
                "the place that was named",
                text("Martin Brest"),
                Colleague,
                None,
                two(),
                Some("brest@x.example.fr"),
                vec![KindFits(Personal), PlaceFits, Fresh],
                vec![],
            ),
            (
                "the postal code that was named",
                text("Martin 75011"),
                Colleague,
                None,
                two(),
                Some("paris@x.example.fr"),
                vec![KindFits(Personal), PlaceFits, Fresh],
                vec![],
            ),
            (
                "the address itself",
                brest,
                Colleague,
                None,
                two(),
                Some("brest@x.example.fr"),
                vec![Asked, Fresh],
                vec![],
            ),
            (
                "an address that was closed",
                gone,
                Colleague,
                None,
                two(),
                None,
                vec![],
                vec![NoLongerPublished],
            ),
            (
                "the service of a structure",
                of_hospital(Some("cardiologie")),
                Colleague,
                None,
                hospital_only(),
                Some("cardio@x.example.fr"),
                vec![Preferred, KindFits(Organisational), ServiceFits, Fresh],
                vec![],
            ),
            (
                "a misspelt service",
                of_hospital(Some("cardiolgie")),
                Colleague,
                None,
                hospital_only(),
                Some("cardio@x.example.fr"),
                vec![Preferred, KindFits(Organisational), ServiceFits, Fresh],
                vec![],
            ),
            (
                "an unknown service",
                of_hospital(Some("urologie")),
                Colleague,
                None,
                hospital_only(),
                Some("accueil@x.example.fr"),
                vec![KindFits(Organisational), Fresh],
                vec![ServiceUnknown],
            ),
            (
                "the structure itself",
                of_hospital(None),
                StructureFile,
                None,
                hospital_only(),
                Some("cardio@x.example.fr"),
                vec![Preferred, KindFits(Organisational), Fresh],
                vec![],
            ),
            (
                "a typed document for its file",
                of_hospital(None),
                StructureFile,
                Some(&typed),
                hospital_only(),
                Some("machine@x.example.fr"),
                vec![KindFits(Applicative), Fresh],
                vec![],
            ),
            (
                "a machine alone",
                of_hospital(None),
                Colleague,
                None,
                alone(structure(machine)),
                Some("machine@x.example.fr"),
                vec![OnlyOne, Fresh],
                vec![ReadByMachine],
            ),
            (
                "a pharmacy",
                text("pharmacie"),
                Pharmacy,
                None,
                alone(pharmacy),
                Some("contact.290000001@structure.example.fr"),
                vec![OnlyOne, KindFits(Organisational), Fresh],
                vec![],
            ),
            (
                "no pharmacy",
                of_hospital(None),
                Pharmacy,
                None,
                hospital_only(),
                Some("cardio@x.example.fr"),
                vec![Preferred, KindFits(Organisational), Fresh],
                vec![NoPharmacy],
            ),
            ("the red list", marie(), Colleague, None, alone(person(red)), None, vec![], vec![NoMailbox]),
            (
                "not changed for a year",
                marie(),
                Colleague,
                None,
                alone(person(old)),
                Some("a.b.1@cabinet.example.fr"),
                vec![OnlyOne, KindFits(Personal)],
                vec![NotUpdatedSince(NOW.plus(-limits::FRESH))],
            ),
            (
                "the person before the practice",
                marie(),
                Colleague,
                None,
                alone(person(practice)),
                Some("a.b.1@cabinet.example.fr"),
                vec![KindFits(Personal), Fresh],
                vec![],
            ),
        ] {
            let found = decide(&who, purpose, document, &candidates, NOW);
            let chosen = found.choice.as_ref().map(|choice| choice.mailbox.address.to_string());
            assert_eq!(chosen.as_deref(), address, "{case}: {found:?}");
            assert_eq!(found.reasons, reasons, "{case}");
            assert_eq!(found.warnings, warnings, "{case}");
        }
    }

    #[test]
    fn of_two_who_may_be_meant_none_is_chosen() {
        let two = |second: f32| {
            let one = doctor(1, "Jean", "Martin", "Cardiologie", place("29200", "Brest"));
            let other = doctor(2, "Jeanne", "Martin", "Cardiologie", place("29200", "Brest"));
            vec![
                Candidate { listing: person(one), score: 10.0 },
                Candidate { listing: person(other), score: second },
            ]
        };
        let who = Who::Text("martin brest".to_owned());
        let found = decide(&who, Purpose::Colleague, None, &two(10.0), NOW);
        assert_eq!((found.choice, found.warnings), (None, vec![Warning::Ambiguous]));
        assert_eq!(found.others.len(), 2, "the choices are shown");
        let found = decide(&who, Purpose::Colleague, None, &two(5.0), NOW);
        assert!(found.choice.is_some());
    }
}
