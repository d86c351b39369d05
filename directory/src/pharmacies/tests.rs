use super::*;
use crate::testing::{House, NOW, houses, read};

/// Pharmacies with every trap of spelling, beside those of the seed.
const MORE: &str = r#"
[[organisations]]
finess = "990010001"
name = "Pharmacie Lilas"
sector = "SA33"
postal_code = "99300"
town = "Beaulieu-lès-Fontaines"
[[mailboxes]]
address = "beaulieu@pharmacie-lilas.mssante.example"
kind = "ORG"
organisation = "990010001"
[[organisations]]
finess = "990010002"
name = "Pharmacie d'Œuvray"
sector = "SA39"
postal_code = "99301"
town = "L'Haÿ-sur-Mer"
[[mailboxes]]
address = "oeuvray@pharmacie-lilas.mssante.example"
kind = "ORG"
organisation = "990010002"
[[organisations]]
finess = "990010003"
name = "Pharmacie en gros des Lilas"
sector = "SA31"
postal_code = "99100"
town = "Valmont-sur-Orge"
[[mailboxes]]
address = "gros@pharmacie-lilas.mssante.example"
kind = "ORG"
organisation = "990010003"
"#;

async fn found(house: &House, text: &str) -> Vec<String> {
    let sectors = ["SA33", "SA38", "SA39", "SA65"].map(|code| SectorCode(code.to_owned()));
    let found = house.directory.find_pharmacies(text, &sectors, 10).await.unwrap();
    found.into_iter().map(|pharmacy| pharmacy.address.local().to_owned()).collect()
}

#[tokio::test]
async fn pharmacies_are_found_by_name_town_and_postal_code_however_they_are_typed() {
    for house in houses().await {
        house.directory.import(read(MORE), NOW).await.unwrap();
        for (text, want) in [
            ("Pharmacie des Lilas", vec!["contact", "beaulieu"]),
            ("pharmacie lilas", vec!["beaulieu", "contact"]),
            ("PHIE LES LILAS", vec!["contact", "beaulieu"]),
            ("lilas valmont", vec!["contact"]),
            ("Valmont sur Orge", vec!["contact"]),
            ("hotel de ville", vec!["hotel-de-ville"]),
            ("Hôtel-de-Ville", vec!["hotel-de-ville"]),
            ("st etienne", vec!["hotel-de-ville"]),
            ("SAINT-ÉTIENNE", vec!["hotel-de-ville"]),
            ("992", vec!["hotel-de-ville"]),
            ("99300 lilas", vec!["beaulieu"]),
            ("oeuvray", vec!["oeuvray"]),
            ("d’Œuvray", vec!["oeuvray"]),
            ("L'Hay sur mer", vec!["oeuvray"]),
            ("l hay", vec!["oeuvray"]),
            ("lil val", vec!["contact"]),
            ("ilas", vec![]),
            ("lilas paris", vec![]),
            ("hôpital", vec![]),
            ("de la", vec![]),
            ("", vec![]),
            ("   ", vec![]),
            ("%_*'\";--", vec![]),
        ] {
            assert_eq!(found(&house, text).await, want, "{}: {text:?}", house.engine);
        }
    }
}

#[tokio::test]
async fn red_listed_closed_machine_and_wholesale_mailboxes_are_never_found() {
    for house in houses().await {
        house.directory.import(read(MORE), NOW).await.unwrap();
        let all = found(&house, "pharmacie").await;
        for hidden in ["rouge", "fermee", "auto", "gros", "cardiologie"] {
            assert!(!all.iter().any(|local| local == hidden), "{}: {hidden} was found", house.engine);
        }
        assert_eq!(all.len(), 4, "{}: {all:?}", house.engine);
        assert_eq!(house.directory.find_pharmacies("pharmacie", &[], 10).await.unwrap(), []);
        let sectors = [SectorCode("SA33".to_owned())];
        assert_eq!(house.directory.find_pharmacies("pharmacie", &sectors, 2).await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_renamed_organisation_is_found_by_its_new_name_only() {
    for house in houses().await {
        house.directory.import(read(MORE), NOW).await.unwrap();
        house
            .directory
            .import(read(&MORE.replace("Pharmacie Lilas", "Pharmacie du Pont")), NOW)
            .await
            .unwrap();
        assert_eq!(found(&house, "pont beaulieu").await, ["beaulieu"], "{}", house.engine);
        assert_eq!(found(&house, "lilas beaulieu").await, [""; 0], "{}", house.engine);
    }
}

#[tokio::test]
async fn correspondents_are_shown_as_the_directory_knows_them() {
    for house in houses().await {
        let card = |name: &str, role: &str, organisation: &str| {
            Some(Card {
                display_name: name.to_owned(),
                role: role.to_owned(),
                organisation: Some(organisation.to_owned()),
                town: Some("Valmont-sur-Orge".to_owned()),
            })
        };
        let doctor = house.account("marie.lenoir@cabinet-lilas.mssante.example").await;
        let team = house.account("cardiologie@hopital-saint-roch.mssante.example").await;
        let social = house.account("nadia.benali@ccas-valmont.mssante.example").await;
        let patient = house.patient(crate::testing::MOTHER, NOW).await.account;
        let cards = house.directory.correspondents(&[doctor, patient, team, social]).await.unwrap();
        let want = [
            card("Dr Marie Lenoir", "Médecin, Médecine générale", "Cabinet médical des Lilas"),
            None,
            card("Hôpital Saint-Roch, secrétariat de cardiologie", "Cardiologie", "Hôpital Saint-Roch"),
            card(
                "Mme Nadia Benali",
                "Assistante de service social",
                "Centre communal d'action sociale de Valmont",
            ),
        ];
        assert_eq!(cards, want, "{}", house.engine);
        assert_eq!(house.directory.correspondent(doctor).await.unwrap(), want[0]);
    }
}
