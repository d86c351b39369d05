use super::*;
use crate::testing::{martin, pharmacy, situation};
use register::{ListingId, Professional};
use serde_json::{Value, json};

fn of(resource: serde_json::Map<String, Value>) -> Value {
    Value::Object(resource)
}

#[test]
fn a_professional_has_both_numbers_a_name_and_qualifications() {
    let shown = of(practitioner(&martin(), Restricted::Hidden));
    assert_eq!(shown["resourceType"], "Practitioner");
    assert_eq!(shown["id"], "2a");
    let meta = json!({"versionId": "1769817600000", "lastUpdated": "2026-01-31T00:00:00.000Z"});
    assert_eq!(shown["meta"], meta);
    let numbers: Vec<_> = shown["identifier"].as_array().unwrap().iter().map(|own| &own["value"]).collect();
    assert_eq!(numbers, ["810002422979", "10002422979"]);
    let name = json!({
        "text": "Dr Jeanne Marie MARTIN-LEFÈVRE",
        "family": "MARTIN-LEFÈVRE",
        "given": ["Jeanne", "Marie"],
        "prefix": ["Dr"],
    });
    assert_eq!(shown["name"], json!([name]));
    let practice = &shown["qualification"][0]["code"]["coding"];
    assert_eq!((&practice[0]["code"], &practice[1]["code"]), (&json!("10"), &json!("C")));
    let speciality = json!({
        "system": "https://mos.esante.gouv.fr/NOS/TRE_R38-SpecialiteOrdinale/FHIR/TRE-R38-SpecialiteOrdinale",
        "code": "SM04",
        "display": "Cardiologie",
    });
    assert_eq!(shown["qualification"][1]["code"]["coding"][0], speciality);
}

#[test]
fn a_mailbox_is_a_contact_point_with_the_extensions_of_the_trade() {
    let shown = of(organization(&pharmacy(), None, Restricted::Shown));
    let expected = json!({
        "extension": [
            {
                "url": "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-contact-point-email-type",
                "valueCoding": {
                    "system": "https://mos.esante.gouv.fr/NOS/TRE_R256-TypeMessagerie/FHIR/TRE-R256-TypeMessagerie",
                    "code": "MSSANTE",
                },
            },
            {
                "url": "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-ext-mailbox-mss-metadata",
                "extension": [
                    {
                        "url": "type",
                        "valueCodeableConcept": {"coding": [{
                            "system": "https://mos.esante.gouv.fr/NOS/TRE_R257-TypeBAL/FHIR/TRE-R257-TypeBAL",
                            "code": "ORG",
                        }]},
                    },
                    {"url": "description", "valueString": "Ordonnances"},
                    {"url": "responsible", "valueString": "Mme Inventée"},
                    {"url": "service", "valueString": "Comptoir"},
                    {"url": "digitization", "valueBoolean": true},
                    {"url": "listeRouge", "valueBoolean": false},
                ],
            },
        ],
        "system": "email",
        "value": "ordonnances@nolot.mssante.example",
        "rank": 1,
    });
    assert_eq!(shown["telecom"][1], expected);
    assert_eq!(shown["telecom"][0], json!({"system": "phone", "value": "0400000002"}));
}

#[test]
fn the_responsible_person_and_the_red_list_stay_hidden() {
    let hidden = of(organization(&pharmacy(), None, Restricted::Hidden)).to_string();
    assert!(!hidden.contains("responsible") && !hidden.contains("Inventée"), "{hidden}");
    for restricted in [Restricted::Hidden, Restricted::Shown] {
        let shown = of(practitioner(&martin(), restricted)).to_string();
        assert!(!shown.contains("jeanne.secret"), "{shown}");
        assert!(shown.contains("jeanne.martin@pro.mssante.example"), "{shown}");
    }
}

#[test]
fn a_structure_has_its_numbers_types_and_legal_entity() {
    let shown = of(organization(&pharmacy(), Some(ListingId(9)), Restricted::Hidden));
    let kinds: Vec<_> = shown["identifier"]
        .as_array()
        .unwrap()
        .iter()
        .map(|own| (own["type"]["coding"][0]["code"].as_str().unwrap(), own["value"].as_str().unwrap()))
        .collect();
    let expected = [
        ("IDNST", "1690000002"),
        ("FINEG", "690000002"),
        ("SIRET", "31831002130028"),
        ("SIREN", "318310021"),
    ];
    assert_eq!(kinds, expected);
    assert_eq!(shown["type"][0]["coding"][0]["code"], "GEOGRAPHICAL-ENTITY");
    assert_eq!(shown["type"][1]["coding"][0]["code"], "SA33");
    assert_eq!((&shown["name"], &shown["alias"]), (&json!("PHARMACIE NOLOT"), &json!(["SELARL NOLOT"])));
    assert_eq!(shown["partOf"]["reference"], "Organization/9");
    assert_eq!(shown["address"][0]["postalCode"], "69003");
}

#[test]
fn a_situation_points_to_its_person_and_its_structure() {
    let martin = martin();
    let shown = of(role(&martin, &martin.situations[0], Some(ListingId(7)), Restricted::Hidden));
    assert_eq!(shown["practitioner"]["reference"], "Practitioner/2a");
    assert_eq!(shown["organization"]["reference"], "Organization/7");
    assert_eq!(shown["organization"]["identifier"]["value"], "1690000001");
    assert_eq!(shown["identifier"][0]["value"], "A1");
    assert_eq!(shown["contained"][0]["address"]["city"], "LYON");
    assert_eq!(shown["location"][0]["reference"], "#lieu");
    assert_eq!(shown["telecom"][1]["value"], "jeanne.martin@lilas.mssante.example");
    let without = of(role(&martin, &martin.situations[1], None, Restricted::Hidden));
    assert_eq!(without["organization"], Value::Null);
}

#[test]
fn nothing_empty_is_ever_written() {
    let bare = Professional {
        civility: String::new(),
        given_name: " ".to_owned(),
        family_name: String::new(),
        profession: None,
        category: None,
        know_how: Vec::new(),
        mailboxes: Vec::new(),
        ..martin()
    };
    let shown = of(practitioner(&bare, Restricted::Hidden));
    let keys: Vec<_> = shown.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["active", "id", "identifier", "meta", "resourceType"]);
    let shown = of(role(&bare, &situation(""), None, Restricted::Hidden));
    let keys: Vec<_> = shown.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["active", "id", "meta", "practitioner", "resourceType"]);
}
