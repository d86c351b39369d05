//! Invented entries for tests.

use names::{
    AccountKind, Address, Finess, NationalPersonId, NationalStructureId, Profession, SectorCode, Timestamp,
};
use register::{Category, Coded, ListingId, Mailbox, Organisation, Place, Professional, Situation, Source};

use crate::ask::Structures;

/// 2026-01-31T00:00:00Z.
pub(crate) const THEN: Timestamp = Timestamp(1_769_817_600_000);

/// A mailbox with nothing said about it.
pub(crate) fn mailbox(address: &str, kind: AccountKind) -> Mailbox {
    Mailbox {
        address: Address::parse(address).unwrap(),
        kind,
        description: None,
        service: None,
        responsible: None,
        red_list: false,
        rank: 1,
        paperless: false,
        updated: THEN,
        standing: register::Standing::Open,
    }
}

/// A situation with nothing but its id.
pub(crate) fn situation(id: &str) -> Situation {
    Situation {
        id: id.to_owned(),
        mode: None,
        role: None,
        organisation: None,
        organisation_name: String::new(),
        sector: None,
        place: Place::default(),
        phone: None,
        mailboxes: Vec::new(),
    }
}

fn coded(code: &str, label: &str) -> Coded {
    Coded { code: code.to_owned(), label: label.to_owned() }
}

fn place(line: &str, postal_code: &str, town: &str) -> Place {
    Place {
        lines: vec![line.to_owned()],
        postal_code: postal_code.to_owned(),
        town: town.to_owned(),
        department: postal_code[..2].to_owned(),
        country: String::new(),
    }
}

/// Dr Jeanne Martin: a practice of her own in Lyon, a hospital in Saint-Étienne, three mailboxes of which one is
/// on the red list.
pub(crate) fn martin() -> Professional {
    let hidden = Mailbox {
        red_list: true,
        rank: 2,
        ..mailbox("jeanne.secret@pro.mssante.example", AccountKind::Personal)
    };
    Professional {
        id: ListingId(42),
        source: Source::National,
        national_id: NationalPersonId("810002422979".to_owned()),
        civility: "Dr".to_owned(),
        given_name: "Jeanne Marie".to_owned(),
        family_name: "MARTIN-LEFÈVRE".to_owned(),
        profession: Some(Profession { code: "10".to_owned(), label: "Médecin".to_owned() }),
        category: Some(Category::Civil),
        know_how: vec![coded("SM04", "Cardiologie"), coded("C01", "Allergologie")],
        situations: vec![
            Situation {
                mode: Some(coded("L", "Libéral")),
                organisation: Some(NationalStructureId("1690000001".to_owned())),
                organisation_name: "CABINET DES LILAS".to_owned(),
                sector: Some(SectorCode("SA07".to_owned())),
                place: place("12 RUE DES LILAS", "69003", "LYON"),
                phone: Some("0400000001".to_owned()),
                mailboxes: vec![mailbox("jeanne.martin@lilas.mssante.example", AccountKind::Personal)],
                ..situation("A1")
            },
            Situation {
                mode: Some(coded("S", "Salarié")),
                role: Some(coded("FON-05", "")),
                place: place("1 BOULEVARD PASTEUR", "42000", "SAINT-ÉTIENNE"),
                ..situation("A2")
            },
        ],
        mailboxes: vec![mailbox("jeanne.martin@pro.mssante.example", AccountKind::Personal), hidden],
        updated: THEN,
    }
}

/// A pharmacy with a mailbox for prescriptions, whose responsible person is known.
pub(crate) fn pharmacy() -> Organisation {
    let prescriptions = Mailbox {
        description: Some("Ordonnances".to_owned()),
        service: Some("Comptoir".to_owned()),
        responsible: Some("Mme Inventée".to_owned()),
        paperless: true,
        ..mailbox("ordonnances@nolot.mssante.example", AccountKind::Organisational)
    };
    Organisation {
        id: ListingId(7),
        source: Source::Local,
        national_id: NationalStructureId("1690000002".to_owned()),
        finess: Finess::parse("690000002").ok(),
        finess_legal: Finess::parse("690000009").ok(),
        siret: Some("31831002130028".to_owned()),
        siren: Some("318310021".to_owned()),
        name: "SELARL NOLOT".to_owned(),
        trade_name: "PHARMACIE NOLOT".to_owned(),
        sector: Some(SectorCode("SA33".to_owned())),
        legal: false,
        place: place("3 PLACE DU MARCHÉ", "69003", "LYON"),
        phone: Some("0400000002".to_owned()),
        mailboxes: vec![prescriptions],
        updated: THEN,
    }
}

/// Structures known by their rows.
pub(crate) struct Known(Vec<Organisation>);

impl Structures for Known {
    fn structure(&self, row: ListingId) -> Option<&Organisation> {
        self.0.iter().find(|own| own.id == row)
    }
}

/// No structure at all.
pub(crate) fn nowhere() -> Known {
    Known(Vec::new())
}

/// The pharmacy.
pub(crate) fn somewhere() -> Known {
    Known(vec![pharmacy()])
}
