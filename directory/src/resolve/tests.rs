use names::{AccountKind, DAY};

use super::*;
use crate::ProfileEvent;
use crate::testing::{CHILD, MOTHER, NOW, address, houses, read};

/// One word for what an address is, for tables.
fn word(resolved: &Resolved) -> String {
    match resolved {
        Resolved::Professional(mailbox) => format!("{} {}", mailbox.kind.code(), mailbox.display_name()),
        Resolved::Patient(patient) => format!("patient {}", patient.state.code()),
        Resolved::UnknownLocal { patient_domain: true } => "no such patient".to_owned(),
        Resolved::UnknownLocal { patient_domain: false } => "no such mailbox".to_owned(),
        Resolved::InvalidPatientAddress => "no INS".to_owned(),
        Resolved::Remote { trusted, patient_domain } => format!("remote {trusted} {patient_domain}"),
    }
}

const TABLE: [(&str, &str); 17] = [
    ("marie.lenoir@cabinet-lilas.mssante.example", "PER Dr Marie Lenoir"),
    ("MARIE.Lenoir@Cabinet-Lilas.MSSante.example", "PER Dr Marie Lenoir"),
    ("nadia.benali@ccas-valmont.mssante.example", "PER Mme Nadia Benali"),
    ("cardiologie@hopital-saint-roch.mssante.example", "ORG Hôpital Saint-Roch, secrétariat de cardiologie"),
    (
        "laboratoire_auto@hopital-saint-roch.mssante.example",
        "APP Hôpital Saint-Roch, résultats de laboratoire",
    ),
    ("contact@pharmacie-lilas.mssante.example", "ORG Pharmacie des Lilas"),
    ("personne@cabinet-lilas.mssante.example", "no such mailbox"),
    ("285059900010125@patient.mssante.example", "patient activated"),
    ("2850599000101@patient.mssante.example", "patient activated"),
    ("296129900070759@patient.mssante.example", "patient created"),
    ("190019900060637@patient.mssante.example", "patient announced"),
    ("274089900050514@patient.mssante.example", "patient opposed"),
    ("193079900080875@patient.mssante.example", "patient closed"),
    ("279035121518989@patient.mssante.example", "no such patient"),
    ("285059900010126@patient.mssante.example", "no INS"),
    ("a.martin@clinique-voisine.mssante.example", "remote true false"),
    ("marie.lenoir@sub.cabinet-lilas.mssante.example", "remote false false"),
];

#[tokio::test]
async fn every_kind_of_address_is_told_apart_cold_warm_and_inside_a_transaction() {
    for house in houses().await {
        let addresses: Vec<Address> = TABLE.iter().map(|(text, _)| address(text)).collect();
        let cold = house.directory.resolve(&addresses, NOW).await.unwrap();
        for ((text, want), resolved) in TABLE.iter().zip(&cold) {
            assert_eq!(word(resolved), *want, "{}: {text}", house.engine);
        }
        assert!(
            house.directory.resolved().all(&addresses, house.directory.generation().known()).is_some(),
            "{}: the second time answers from memory",
            house.engine
        );
        assert_eq!(house.directory.resolve(&addresses, NOW).await.unwrap(), cold);
        let mut tx = house.db.read().await.unwrap();
        assert_eq!(house.directory.resolve_in(&mut tx, &addresses, NOW).await.unwrap(), cold);
    }
}

#[tokio::test]
async fn an_alias_of_thirteen_characters_answers_with_the_full_address() {
    for house in houses().await {
        let short = address("2850599000101@patient.mssante.example");
        let Resolved::Patient(patient) = house.directory.resolve(&[short], NOW).await.unwrap().remove(0)
        else {
            panic!("the alias is not found");
        };
        assert_eq!(patient.address, address(&format!("{MOTHER}@patient.mssante.example")));
        assert_eq!(patient.display_name, "Zélie Quintard");
        assert_eq!(patient.names, ["Ouvrardin", "Quintard", "Zélie", "Philomène"]);
        assert_eq!(format!("{patient:?}").matches("Zélie").count(), 0, "a patient is never printed");
    }
}

#[tokio::test]
async fn the_forty_second_day_comes_without_anybody_writing_it_down() {
    for house in houses().await {
        let announced = "190019900060637";
        // Announced ten days before.
        for (days, want) in
            [(0, ProfileState::Announced), (31, ProfileState::Announced), (32, ProfileState::Created)]
        {
            assert_eq!(house.patient(announced, NOW.plus(days * DAY)).await.state, want, "day {days}");
        }
        let later = NOW.plus(40 * DAY);
        let written = house
            .db
            .write(db::unit("creations", later, |now, tx| Box::pin(patients::record_creations(tx, *now))))
            .await
            .unwrap();
        assert_eq!(written, 1, "{}", house.engine);
    }
}

#[tokio::test]
async fn a_change_is_seen_at_once_by_those_who_cached_the_past() {
    for house in houses().await {
        let child = house.patient(CHILD, NOW).await;
        assert_eq!(child.state, ProfileState::Activated);
        let by = audit::Actor::Operator;
        house.directory.change_profile(child.patient, ProfileEvent::Closed, by, NOW).await.unwrap();
        assert_eq!(house.patient(CHILD, NOW).await.state, ProfileState::Closed, "{}", house.engine);
        let again = house.directory.change_profile(child.patient, ProfileEvent::Closed, by, NOW).await;
        assert!(matches!(again, Err(Error::State(_))), "{again:?}");
        let renamed = "[[people]]\nid = \"10099000019\"\ncivility = \"Pr\"\ngiven_name = \"Marie\"\nfamily_name = \"Lenoir\"\n";
        house.directory.import(read(renamed), NOW).await.unwrap();
        let doctor = [address("marie.lenoir@cabinet-lilas.mssante.example")];
        assert_eq!(word(&house.directory.resolve(&doctor, NOW).await.unwrap()[0]), "PER Pr Marie Lenoir");
    }
}

#[tokio::test]
async fn what_a_unit_changed_and_took_back_is_never_believed() {
    for house in houses().await {
        let directory = house.directory.clone();
        let failed: Result<(), Error> = house
            .db
            .write(db::unit("changes and fails", directory, |directory, tx| {
                Box::pin(async move {
                    let doctor = address("marie.lenoir@cabinet-lilas.mssante.example");
                    let mailbox = mailboxes::find_by_addresses(tx, &[&doctor]).await?.remove(0);
                    mailboxes::set_state(tx, mailbox.account, crate::MailboxState::Closed, NOW).await?;
                    directory.generation().bump(tx).await?;
                    let inside = directory.resolve_in(tx, std::slice::from_ref(&doctor), NOW).await?;
                    let Resolved::Professional(seen) = &inside[0] else { panic!("{inside:?}") };
                    assert_eq!(seen.state, crate::MailboxState::Closed, "a unit sees its own changes");
                    Err(Error::Unknown("reason to go on"))
                })
            }))
            .await;
        assert!(failed.is_err());
        let doctor = address("marie.lenoir@cabinet-lilas.mssante.example");
        let after = house.directory.resolve(&[doctor], NOW).await.unwrap().remove(0);
        let Resolved::Professional(mailbox) = after else { panic!("{after:?}") };
        assert_eq!((mailbox.state, mailbox.kind), (crate::MailboxState::Open, AccountKind::Personal));
    }
}
