//! Proofs, people and organisations at the mail doors.

use audit::Actor;
use db::args;

use super::*;
use crate::scram::testing::prove;
use crate::testing::{House, NOW, address, houses};

const DOCTOR: &str = "marie.lenoir@cabinet-lilas.mssante.example";
const CARDIOLOGIST: &str = "paul.ferrand@hopital-saint-roch.mssante.example";
const SECRETARIAT: &str = "cardiologie@hopital-saint-roch.mssante.example";
const MACHINE: &str = "laboratoire_auto@hopital-saint-roch.mssante.example";
const OTHER_MACHINE: &str = "auto@pharmacie-lilas.mssante.example";
const CLOSED: &str = "fermee@pharmacie-lilas.mssante.example";
const MESSAGE: &[u8] = b"n=x,r=ab,r=abcd,s=QQ==,i=4096,c=biws,r=abcd";

async fn proved(house: &House, login: &str, secret: &str, now: Timestamp) -> Option<Proved> {
    let (salt, _) = house.directory.scram_challenge();
    let proof = prove(secret, salt, MESSAGE).0;
    house.directory.verify_proof(&address(login), MESSAGE, &proof, now).await.unwrap()
}

#[tokio::test]
async fn a_proof_opens_what_the_password_opens() {
    for house in houses().await {
        for (case, login, secret) in [
            ("own mailbox", DOCTOR, "demo-marie-lenoir"),
            ("member", SECRETARIAT, "demo-paul-ferrand"),
            ("another member", SECRETARIAT, "demo-anne-dubreuil"),
            ("delegate", CARDIOLOGIST, "demo-anne-dubreuil"),
            ("machine", MACHINE, "demo-laboratoire"),
            ("wrong password", DOCTOR, "demo-marie-lenoir2"),
            ("somebody else's password", DOCTOR, "demo-paul-ferrand"),
            ("no member", SECRETARIAT, "demo-marie-lenoir"),
            ("a person at a machine's", MACHINE, "demo-paul-ferrand"),
            ("a machine at a team's", SECRETARIAT, "demo-laboratoire"),
            ("closed mailbox", CLOSED, "demo-thomas-morel"),
            ("nobody's address", "personne@cabinet-lilas.mssante.example", "demo-marie-lenoir"),
        ] {
            let plain = house.directory.verify_login(&address(login), secret, NOW).await.unwrap();
            let found = proved(&house, login, secret, NOW).await;
            let found_login = found.as_ref().map(|proved| &proved.login);
            assert_eq!(found_login, plain.as_ref(), "{}: {case}", house.engine);
            let (salt, _) = house.directory.scram_challenge();
            let signature = prove(secret, salt, MESSAGE).1;
            assert!(found.is_none_or(|proved| proved.signature == signature), "{case}: we know it too");
        }
    }
}

#[tokio::test]
async fn a_revoked_password_proves_nothing_and_the_salt_outlives_a_restart() {
    for house in houses().await {
        let person = proved(&house, DOCTOR, "demo-marie-lenoir", NOW).await.unwrap().login.person.unwrap();
        let (owner, by) = (Owner::Person(person), Actor::Person(person));
        let issued = house.directory.issue_password(owner, "téléphone", by, NOW).await.unwrap();
        assert!(proved(&house, DOCTOR, &issued.secret, NOW).await.is_some(), "{}", house.engine);
        let again = crate::testing::reopened(&house).await;
        assert_eq!(again.scram_challenge(), house.directory.scram_challenge(), "{}", house.engine);
        let (salt, _) = again.scram_challenge();
        let proof = prove(&issued.secret, salt, MESSAGE).0;
        assert!(again.verify_proof(&address(DOCTOR), MESSAGE, &proof, NOW).await.unwrap().is_some());
        house.directory.revoke_password(owner, issued.id, by, NOW).await.unwrap();
        assert!(proved(&house, DOCTOR, &issued.secret, NOW).await.is_none(), "{}", house.engine);
        assert!(proved(&house, DOCTOR, "demo-marie-lenoir", NOW).await.is_some(), "other devices go on");
    }
}

#[tokio::test]
async fn a_person_named_by_a_provider_opens_what_they_may_use() {
    for house in houses().await {
        for (case, id, wish, want) in [
            ("no wish", "810099000019", None, Some(DOCTOR)),
            ("own mailbox", "810099000019", Some(DOCTOR), Some(DOCTOR)),
            ("team's", "810099000027", Some(SECRETARIAT), Some(SECRETARIAT)),
            ("somebody else's", "810099000019", Some(CARDIOLOGIST), None),
            ("no member", "810099000019", Some(SECRETARIAT), None),
            ("a machine's", "810099000027", Some(MACHINE), None),
            ("nobody's", "810099000019", Some("personne@cabinet-lilas.mssante.example"), None),
            ("without the prefix", "10099000019", None, None),
            ("unknown", "899999999999", None, None),
            ("empty", "", None, None),
        ] {
            let wish = wish.map(address);
            let id = NationalPersonId(id.to_owned());
            let login = house.directory.login_of_person(&id, wish.as_ref(), NOW).await.unwrap();
            let found = login.as_ref().map(|login| login.address.to_string());
            assert_eq!(found.as_deref(), want, "{}: {case}", house.engine);
            assert!(login.is_none_or(|login| login.means == Means::Token), "{case}");
        }
    }
}

#[tokio::test]
async fn a_person_with_two_personal_mailboxes_says_which() {
    for house in houses().await {
        let second = "[[mailboxes]]\naddress = \"m.lenoir@hopital-saint-roch.mssante.example\"\n\
                      kind = \"PER\"\nperson = \"10099000019\"\norganisation = \"990000010\"\n";
        let applied = house.directory.import(crate::testing::read(second), NOW).await.unwrap();
        assert_eq!(applied.faults, []);
        let id = NationalPersonId("810099000019".to_owned());
        let login = |wish: Option<Address>| {
            let (house, id) = (&house, &id);
            async move { house.directory.login_of_person(id, wish.as_ref(), NOW).await.unwrap() }
        };
        assert!(login(None).await.is_none(), "{}", house.engine);
        assert!(login(Some(address(DOCTOR))).await.is_some(), "{}", house.engine);
    }
}

#[tokio::test]
async fn an_organisation_s_certificate_opens_its_own_machines_only() {
    for house in houses().await {
        for (case, id, wish, want) in [
            ("the only one", "1990000010", None, Some(MACHINE)),
            ("by name", "1990000010", Some(MACHINE), Some(MACHINE)),
            ("another's machine", "1990000010", Some(OTHER_MACHINE), None),
            ("a team's mailbox", "1990000010", Some(SECRETARIAT), None),
            ("a person's mailbox", "1990000010", Some(CARDIOLOGIST), None),
            ("no machine there", "1990000028", None, None),
            ("without the prefix", "990000010", None, None),
            ("the wrong prefix", "3990000010", None, None),
            ("empty", "", None, None),
            ("prefix only", "1", None, None),
        ] {
            let wish = wish.map(address);
            let id = NationalStructureId(id.to_owned());
            let login = house.directory.login_of_organisation(&id, wish.as_ref(), NOW).await.unwrap();
            let found = login.as_ref().map(|login| login.address.to_string());
            assert_eq!(found.as_deref(), want, "{}: {case}", house.engine);
            let machine = login.is_none_or(|login| {
                matches!(login.means, Means::Certificate(_)) && login.may_send_as.len() == 1
            });
            assert!(machine, "{case}");
        }
    }
}

#[tokio::test]
async fn sessions_of_tokens_and_certificates_end_with_their_rights() {
    for house in houses().await {
        let directory = &house.directory;
        let id = NationalPersonId("810099000027".to_owned());
        let of_team =
            directory.login_of_person(&id, Some(&address(SECRETARIAT)), NOW).await.unwrap().unwrap();
        let hospital = NationalStructureId("1990000010".to_owned());
        let machine = directory.login_of_organisation(&hospital, None, NOW).await.unwrap().unwrap();
        let mut seen = [directory.seen(NOW); 2];
        let later = NOW.plus(limits::LOGIN_CACHE_AGE);
        for (login, seen) in [&of_team, &machine].into_iter().zip(&mut seen) {
            let renewed = directory.renew_login(login, seen, later).await.unwrap().unwrap();
            assert_eq!(renewed, *login, "{}: looked at again, and the same", house.engine);
        }
        let unit = (directory.generation().clone(), machine.account);
        let unit = db::unit("end", unit, |(generation, machine), tx| {
            Box::pin(async move {
                tx.execute("DELETE FROM member WHERE rights = 'manage'", args![]).await?;
                tx.execute("UPDATE mailbox SET organisation = NULL WHERE account = $1", args![*machine])
                    .await?;
                generation.bump(tx).await
            })
        });
        house.db.write::<_>(unit).await.unwrap_or_else(|error: db::Error| panic!("{error:?}"));
        for (login, seen) in [&of_team, &machine].into_iter().zip(&mut seen) {
            let ended = directory.renew_login(login, seen, later.plus(1)).await.unwrap();
            assert_eq!(ended, None, "{}: {}", house.engine, login.address);
        }
    }
}
