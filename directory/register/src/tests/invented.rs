//! Invented entries.

use names::{AccountKind, Address, NationalPersonId, NationalStructureId, Profession, SectorCode, Timestamp};

use crate::{Coded, Listing, ListingId, Mailbox, Organisation, Place, Professional, Situation, Source};

use super::NOON;

pub(crate) fn mailbox(address: &str, kind: AccountKind) -> Mailbox {
    Mailbox {
        address: Address::parse(address).expect("an address"),
        kind,
        description: None,
        service: None,
        responsible: None,
        red_list: false,
        rank: 1,
        paperless: false,
        updated: NOON,
        standing: crate::Standing::Open,
    }
}

pub(crate) fn place(postal_code: &str, town: &str) -> Place {
    Place {
        lines: vec!["12 rue des Lilas".to_owned()],
        postal_code: postal_code.to_owned(),
        town: town.to_owned(),
        department: postal_code.chars().take(2).collect(),
        country: String::new(),
    }
}

/// A doctor of a speciality in a town, with one mailbox.
pub(crate) fn doctor(rpps: u64, given: &str, family: &str, speciality: &str, at: Place) -> Professional {
    let local = names::fold(&format!("{given} {family}")).replace(' ', ".");
    Professional {
        id: ListingId(0),
        source: Source::Local,
        national_id: NationalPersonId(format!("8{rpps}")),
        civility: "Dr".to_owned(),
        given_name: given.to_owned(),
        family_name: family.to_owned(),
        profession: Some(Profession { code: "10".to_owned(), label: "Médecin".to_owned() }),
        category: None,
        know_how: vec![Coded { code: format!("SM{:02}", speciality.len()), label: speciality.to_owned() }],
        situations: vec![Situation {
            id: format!("{rpps}-1"),
            mode: Some(Coded { code: "L".to_owned(), label: "Libéral".to_owned() }),
            role: None,
            organisation: None,
            organisation_name: format!("Cabinet du Dr {family}"),
            sector: Some(SectorCode("SA07".to_owned())),
            place: at,
            phone: None,
            mailboxes: Vec::new(),
        }],
        mailboxes: vec![mailbox(&format!("{local}.{rpps}@cabinet.example.fr"), AccountKind::Personal)],
        updated: NOON,
    }
}

pub(crate) fn organisation(finess: u64, name: &str, sector: &str, at: Place) -> Organisation {
    Organisation {
        id: ListingId(0),
        source: Source::Local,
        national_id: NationalStructureId(format!("1{finess:09}")),
        finess: None,
        finess_legal: None,
        siret: None,
        siren: None,
        name: name.to_owned(),
        trade_name: String::new(),
        sector: Some(SectorCode(sector.to_owned())),
        legal: false,
        place: at,
        phone: None,
        mailboxes: vec![mailbox(
            &format!("contact.{finess}@structure.example.fr"),
            AccountKind::Organisational,
        )],
        updated: Timestamp(NOON.0),
    }
}

pub(crate) fn person(professional: Professional) -> Listing {
    Listing::Professional(Box::new(professional))
}

pub(crate) fn structure(organisation: Organisation) -> Listing {
    Listing::Organisation(Box::new(organisation))
}

/// A small town of entries.
pub(crate) fn town() -> Vec<Listing> {
    let paris = || place("75011", "Paris");
    let brest = || place("29200", "Brest");
    vec![
        person(doctor(10_000_000_001, "Marie", "Martin", "Cardiologie et maladies vasculaires", paris())),
        person(doctor(10_000_000_002, "Jean-Pierre", "Lefèvre", "Médecine générale", brest())),
        person(doctor(10_000_000_003, "Éloïse", "Le Goff", "Pédiatrie", brest())),
        person(doctor(10_000_000_004, "Yves", "Dupont-Moreau", "Ophtalmologie", paris())),
        person(doctor(10_000_000_005, "Philippe", "Thibault", "Dermatologie et vénéréologie", paris())),
        person(doctor(10_000_000_006, "Béatrice", "de La Tour d’Auvergne", "Psychiatrie", paris())),
        structure(organisation(290_000_001, "Pharmacie de l’Hôtel-Dieu", "SA33", brest())),
        structure(organisation(750_000_001, "Hôpital Saint-Étienne", "SA01", paris())),
    ]
}
