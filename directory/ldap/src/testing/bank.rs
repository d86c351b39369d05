//! Invented people and structures.

use names::{
    AccountKind, Address, Finess, NationalPersonId, NationalStructureId, Profession, SectorCode, Timestamp,
};
use register::{
    Coded, Listing, ListingId, Mailbox, Organisation, Place, Professional, Situation, Source as From,
};

use super::NOON;

/// Given name, family name, civility, profession, speciality, town, structure, address, red list.
pub(crate) const HOLDERS: [Holder; 10] = [
    (
        "Hélène",
        "Lefèvre",
        "Dr",
        ("10", "Médecin"),
        ("SM04", "Cardiologie"),
        ("31000", "Toulouse"),
        "Cabinet des Lilas",
        "helene.lefevre@cabinet-lilas.example",
        false,
    ),
    (
        "Jean-Pierre",
        "Martin",
        "Dr",
        ("10", "Médecin"),
        ("SM53", "Médecine générale"),
        ("31000", "Toulouse"),
        "Cabinet des Lilas",
        "jp.martin@cabinet-lilas.example",
        false,
    ),
    (
        "Marie",
        "Martin",
        "Mme",
        ("60", "Infirmier"),
        ("", ""),
        ("75012", "Paris"),
        "Hôpital Saint-Roch",
        "marie.martin@hopital.example",
        false,
    ),
    (
        "Anne",
        "d’Œuvray",
        "Pr",
        ("10", "Médecin"),
        ("SM42", "Psychiatrie"),
        ("75012", "Paris"),
        "Hôpital Saint-Roch",
        "anne.doeuvray@hopital.example",
        false,
    ),
    (
        "Karim",
        "Benali",
        "M",
        ("21", "Pharmacien"),
        ("", ""),
        ("13001", "Marseille"),
        "Pharmacie du Port",
        "karim.benali@pharmacie.example",
        false,
    ),
    (
        "Zoé",
        "O'Brien",
        "Mme",
        ("50", "Sage-femme"),
        ("", ""),
        ("69003", "Lyon"),
        "Clinique Bellevue",
        "zoe.o'brien@clinique.example",
        false,
    ),
    (
        "Paul",
        "Caché",
        "Dr",
        ("10", "Médecin"),
        ("SM04", "Cardiologie"),
        ("31000", "Toulouse"),
        "Cabinet des Lilas",
        "paul.cache@cabinet-lilas.example",
        true,
    ),
    (
        "Li",
        "Wu",
        "Dr",
        ("40", "Chirurgien-dentiste"),
        ("", ""),
        ("69003", "Lyon"),
        "Clinique Bellevue",
        "li.wu@clinique.example",
        false,
    ),
    (
        "Marie-Claude",
        "de La Fontaine",
        "Mme",
        ("70", "Masseur-kinésithérapeute"),
        ("", ""),
        ("75001", "Paris"),
        "Cabinet du Louvre",
        "mc.delafontaine@louvre.example",
        false,
    ),
    (
        "Bernard",
        "Martinez",
        "Dr",
        ("10", "Médecin"),
        ("SM53", "Médecine générale"),
        ("31400", "Toulouse"),
        "Cabinet du Canal",
        "b.martinez@canal.example",
        false,
    ),
];

pub(crate) fn bank() -> Vec<Listing> {
    let people = HOLDERS.iter().enumerate().map(|(place, holder)| person(place, holder));
    let structures = [
        (
            "1750000018",
            "Hôpital Saint-Roch",
            "SA01",
            "75012",
            "Paris",
            [
                ("Secrétariat de cardiologie", "secretariat.cardio@hopital.example"),
                ("Laboratoire", "labo@hopital.example"),
            ]
            .as_slice(),
        ),
        (
            "1130000015",
            "Pharmacie du Port",
            "SA33",
            "13001",
            "Marseille",
            &[("", "officine@pharmacie.example")],
        ),
        ("331000000100019", "Cabinet des Lilas", "SA07", "31000", "Toulouse", &[]),
    ];
    let structures =
        structures.into_iter().enumerate().map(|(place, (id, name, sector, code, town, boxes))| {
            let mailboxes = boxes.iter().enumerate().map(|(rank, (service, address))| Mailbox {
                service: (!service.is_empty()).then(|| (*service).to_owned()),
                description: Some("Boîte d’équipe".to_owned()),
                kind: if *service == "Laboratoire" {
                    AccountKind::Applicative
                } else {
                    AccountKind::Organisational
                },
                ..mailbox(address, rank as i64 + 1)
            });
            Listing::Organisation(Box::new(Organisation {
                id: ListingId(100 + place as i64),
                source: From::National,
                national_id: NationalStructureId(id.to_owned()),
                finess: id.strip_prefix('1').and_then(|finess| Finess::parse(finess).ok()),
                finess_legal: None,
                siret: id.strip_prefix('3').map(ToOwned::to_owned),
                siren: None,
                name: name.to_owned(),
                trade_name: String::new(),
                sector: Some(SectorCode(sector.to_owned())),
                legal: false,
                place: place_of(code, town),
                phone: Some("05 61 00 00 00".to_owned()),
                mailboxes: mailboxes.collect(),
                updated: NOON,
            }))
        });
    people.chain(structures).collect()
}

pub(crate) type Holder = (
    &'static str,
    &'static str,
    &'static str,
    (&'static str, &'static str),
    (&'static str, &'static str),
    (&'static str, &'static str),
    &'static str,
    &'static str,
    bool,
);

fn person(place: usize, holder: &Holder) -> Listing {
    let (given, family, civility, profession, know_how, (code, town), structure, address, red_list) = *holder;
    let updated = NOON.plus(place as i64 * names::DAY);
    let organisation = match structure {
        "Hôpital Saint-Roch" => Some(NationalStructureId("1750000018".to_owned())),
        "Pharmacie du Port" => Some(NationalStructureId("1130000015".to_owned())),
        _ => None,
    };
    let coded = |code: &str, label: &str| Coded { code: code.to_owned(), label: label.to_owned() };
    let situation = Situation {
        id: format!("A{place}"),
        mode: Some(if place.is_multiple_of(2) { coded("L", "Libéral") } else { coded("S", "Salarié") }),
        role: None,
        organisation,
        organisation_name: structure.to_owned(),
        sector: Some(SectorCode("SA07".to_owned())),
        place: place_of(code, town),
        phone: Some(format!("05 61 00 00 {place:02}")),
        mailboxes: vec![Mailbox { red_list, ..at(mailbox(address, 1), updated) }],
    };
    Listing::Professional(Box::new(Professional {
        id: ListingId(place as i64 + 1),
        source: From::National,
        national_id: NationalPersonId(format!("81000000000{place}")),
        civility: civility.to_owned(),
        given_name: given.to_owned(),
        family_name: family.to_owned(),
        profession: Some(Profession { code: profession.0.to_owned(), label: profession.1.to_owned() }),
        category: None,
        know_how: if know_how.0.is_empty() { Vec::new() } else { vec![coded(know_how.0, know_how.1)] },
        situations: vec![situation],
        mailboxes: Vec::new(),
        updated,
    }))
}

fn at(mailbox: Mailbox, updated: Timestamp) -> Mailbox {
    Mailbox { updated, ..mailbox }
}

pub(super) fn mailbox(address: &str, rank: i64) -> Mailbox {
    Mailbox {
        address: Address::parse(address).unwrap(),
        kind: AccountKind::Personal,
        description: None,
        service: None,
        responsible: Some("Nom du responsable".to_owned()),
        red_list: false,
        rank,
        paperless: true,
        updated: NOON,
        standing: register::Standing::Open,
    }
}

fn place_of(code: &str, town: &str) -> Place {
    Place {
        lines: vec!["1 rue de l’Église".to_owned()],
        postal_code: code.to_owned(),
        town: town.to_owned(),
        department: code[..2].to_owned(),
        country: String::new(),
    }
}
