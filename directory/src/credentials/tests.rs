use std::sync::Arc;

use audit::{Act, Actor, Chain};

use super::*;
use crate::testing::{House, NOW, address, houses};
use crate::{Login, MailboxState, Means, Rights, mailboxes};

const DOCTOR: &str = "marie.lenoir@cabinet-lilas.mssante.example";
const CARDIOLOGIST: &str = "paul.ferrand@hopital-saint-roch.mssante.example";
const SECRETARIAT: &str = "cardiologie@hopital-saint-roch.mssante.example";
const MACHINE: &str = "laboratoire_auto@hopital-saint-roch.mssante.example";
const CLOSED: &str = "fermee@pharmacie-lilas.mssante.example";

async fn verify(house: &House, login: &str, password: &str, now: Timestamp) -> Option<Arc<Login>> {
    house.directory.verify_login(&address(login), password, now).await.unwrap()
}

#[tokio::test]
async fn who_may_open_which_mailbox_with_which_password() {
    for house in houses().await {
        for (case, login, password, want) in [
            ("own mailbox", DOCTOR, "demo-marie-lenoir", Some(Rights::Manage)),
            (
                "capitals in the login",
                "Marie.LENOIR@cabinet-lilas.mssante.example",
                "demo-marie-lenoir",
                Some(Rights::Manage),
            ),
            ("member who manages", SECRETARIAT, "demo-paul-ferrand", Some(Rights::Manage)),
            ("member who writes", SECRETARIAT, "demo-anne-dubreuil", Some(Rights::Write)),
            ("delegate", CARDIOLOGIST, "demo-anne-dubreuil", Some(Rights::Write)),
            ("machine", MACHINE, "demo-laboratoire", Some(Rights::Write)),
            ("wrong password", DOCTOR, "demo-marie-lenoir2", None),
            ("capitals in the password", DOCTOR, "Demo-marie-lenoir", None),
            ("somebody else's password", DOCTOR, "demo-paul-ferrand", None),
            ("no member", SECRETARIAT, "demo-marie-lenoir", None),
            ("a person at a machine's", MACHINE, "demo-paul-ferrand", None),
            ("a machine at a team's", SECRETARIAT, "demo-laboratoire", None),
            ("closed mailbox", CLOSED, "demo-thomas-morel", None),
            ("nobody's address", "personne@cabinet-lilas.mssante.example", "demo-marie-lenoir", None),
            ("empty password", DOCTOR, "", None),
            ("patient's address", "285059900010125@patient.mssante.example", "demo-marie-lenoir", None),
        ] {
            let found = verify(&house, login, password, NOW).await;
            assert_eq!(found.map(|login| login.rights), want, "{}: {case}", house.engine);
        }
        assert!(verify(&house, DOCTOR, &"x".repeat(1025), NOW).await.is_none());
    }
}

#[tokio::test]
async fn a_login_knows_every_address_it_may_write_as() {
    for house in houses().await {
        let login = verify(&house, SECRETARIAT, "demo-anne-dubreuil", NOW).await.unwrap();
        let addresses: Vec<String> = login.may_send_as.iter().map(|may| may.address.to_string()).collect();
        assert_eq!(addresses, [SECRETARIAT, CARDIOLOGIST], "{}", house.engine);
        assert_eq!(login.person_name.as_deref(), Some("Mme Anne Dubreuil"));
        assert_eq!(login.sends_as(&address(CARDIOLOGIST)).unwrap().display_name, "Dr Paul Ferrand");
        assert!(login.sends_as(&address(DOCTOR)).is_none());
        let machine = verify(&house, MACHINE, "demo-laboratoire", NOW).await.unwrap();
        assert_eq!((machine.person, machine.may_send_as.len()), (None, 1));
        // The pharmacist is a member of two open mailboxes; the closed one is not among them.
        let pharmacist =
            verify(&house, "contact@pharmacie-lilas.mssante.example", "demo-thomas-morel", NOW).await;
        assert_eq!(pharmacist.unwrap().may_send_as.len(), 2);
    }
}

#[tokio::test]
async fn an_issued_password_works_at_once_until_it_is_revoked_even_from_memory() {
    for house in houses().await {
        let person = verify(&house, DOCTOR, "demo-marie-lenoir", NOW).await.unwrap().person.unwrap();
        let (owner, by) = (Owner::Person(person), Actor::Person(person));
        let issued = house.directory.issue_password(owner, "Téléphone", by, NOW).await.unwrap();
        assert_eq!(issued.secret.len(), 32, "26 letters in groups of four");
        assert_eq!(format!("{issued:?}"), format!("IssuedPassword({:?}, …)", issued.id));
        for form in [issued.secret.to_string(), issued.secret.replace('-', ""), issued.secret.to_uppercase()]
        {
            let login = verify(&house, DOCTOR, &form, NOW).await.expect("each way of typing it");
            assert_eq!(login.means, Means::Password(issued.id));
        }
        let labels: Vec<String> =
            house.directory.passwords_of(owner).await.unwrap().into_iter().map(|c| c.label).collect();
        assert_eq!(labels, ["Thunderbird du cabinet (démonstration)", "Téléphone"]);

        let stranger = Owner::Machine(house.account(MACHINE).await);
        assert!(!house.directory.revoke_password(stranger, issued.id, by, NOW).await.unwrap());
        assert!(verify(&house, DOCTOR, &issued.secret, NOW).await.is_some());
        assert!(house.directory.revoke_password(owner, issued.id, by, NOW).await.unwrap());
        assert!(verify(&house, DOCTOR, &issued.secret, NOW).await.is_none(), "{}", house.engine);
        assert!(!house.directory.revoke_password(owner, issued.id, by, NOW).await.unwrap(), "once is enough");
        assert!(verify(&house, DOCTOR, "demo-marie-lenoir", NOW).await.is_some(), "other devices go on");
        let listed = house.directory.passwords_of(owner).await.unwrap();
        assert_eq!(listed[1].revoked, Some(NOW));

        let mut tx = house.db.read().await.unwrap();
        let Owner::Person(person) = owner else { panic!("{owner:?}") };
        let history = audit::history(&mut tx, Chain::Person(person), None, 10).await.unwrap();
        let acts: Vec<Act> =
            history.iter().filter_map(|written| written.line.as_ref().map(|line| line.act)).collect();
        assert!(acts.contains(&Act::CredentialIssued) && acts.contains(&Act::CredentialRevoked), "{acts:?}");
    }
}

#[tokio::test]
async fn a_session_ends_with_its_password_and_with_its_rights() {
    for house in houses().await {
        let directory = &house.directory;
        let mut seen = directory.seen(NOW);
        let login = verify(&house, CARDIOLOGIST, "demo-anne-dubreuil", NOW).await.unwrap();
        let same = directory.renew_login(&login, &mut seen, NOW.plus(1)).await.unwrap().unwrap();
        assert!(Arc::ptr_eq(&login, &same), "{}: nothing changed", house.engine);
        let later = NOW.plus(limits::LOGIN_CACHE_AGE);
        let renewed = directory.renew_login(&login, &mut seen, later).await.unwrap().unwrap();
        assert_eq!(renewed, login, "{}: looked at again, and the same", house.engine);

        // A delegation that ends by its date is noticed within the minute.
        let unit = db::unit("end", later, |at, tx| {
            Box::pin(
                async move { tx.execute("UPDATE delegation SET ends_at = $1", args![*at]).await.map(drop) },
            )
        });
        house.db.write::<_>(unit).await.unwrap_or_else(|error: db::Error| panic!("{error:?}"));
        let later = later.plus(limits::LOGIN_CACHE_AGE);
        let ended = directory.renew_login(&login, &mut seen, later).await.unwrap();
        assert_eq!(ended, None, "{}: the delegation is over", house.engine);

        // A revoked password ends its sessions at once.
        let mut seen = directory.seen(NOW);
        let doctor = verify(&house, DOCTOR, "demo-marie-lenoir", NOW).await.unwrap();
        let person = doctor.person.unwrap();
        let (owner, by) = (Owner::Person(person), Actor::Person(person));
        let Means::Password(credential) = doctor.means else { panic!("{:?}", doctor.means) };
        assert!(directory.revoke_password(owner, credential, by, NOW).await.unwrap());
        let ended = directory.renew_login(&doctor, &mut seen, NOW.plus(1)).await.unwrap();
        assert_eq!(ended, None, "{}: the password was revoked", house.engine);
    }
}

#[tokio::test]
async fn memory_forgets_with_time_and_with_every_change() {
    for house in houses().await {
        let first = verify(&house, DOCTOR, "demo-marie-lenoir", NOW).await.unwrap();
        let again =
            verify(&house, DOCTOR, "demo-marie-lenoir", NOW.plus(limits::LOGIN_CACHE_AGE - 1)).await.unwrap();
        assert!(Arc::ptr_eq(&first, &again), "answered from memory");
        let later =
            verify(&house, DOCTOR, "demo-marie-lenoir", NOW.plus(limits::LOGIN_CACHE_AGE)).await.unwrap();
        assert!(!Arc::ptr_eq(&first, &later), "{}: verified afresh", house.engine);
        let account = first.account;
        let unit = (house.directory.generation().clone(), account);
        house
            .db
            .write(db::unit("close", unit, |(generation, account), tx| {
                Box::pin(async move {
                    mailboxes::set_state(tx, *account, MailboxState::Closed, NOW).await?;
                    generation.bump(tx).await
                })
            }))
            .await
            .unwrap();
        let closed = verify(&house, DOCTOR, "demo-marie-lenoir", NOW.plus(limits::LOGIN_CACHE_AGE)).await;
        assert!(closed.is_none(), "{}: a mailbox closed a moment ago", house.engine);
    }
}

#[tokio::test]
async fn a_delegation_counts_only_between_its_dates() {
    use crate::testing::read;
    use names::DAY;
    for house in houses().await {
        let dated = format!(
            "[[delegations]]\nmailbox = {DOCTOR:?}\nperson = \"10099000035\"\nrights = \"read\"\n\
             from = 2026-11-25T00:00:00Z\nuntil = 2026-11-27T00:00:00Z\n"
        );
        house.directory.import(read(&dated), NOW).await.unwrap();
        for (days, want) in [(0, None), (3, Some(Rights::Read)), (5, None)] {
            let found = verify(&house, DOCTOR, "demo-anne-dubreuil", NOW.plus(days * DAY)).await;
            assert_eq!(found.as_ref().map(|login| login.rights), want, "{}: day {days}", house.engine);
            if let Some(login) = found {
                assert!(login.sends_as(&address(DOCTOR)).is_none(), "who only reads writes nothing");
            }
        }
    }
}

#[test]
fn secrets_are_spelt_with_all_their_bits() {
    assert_eq!(spell(&[0; 16]), "aaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aa");
    assert_eq!(spell(&[0xff; 16]), "7777-7777-7777-7777-7777-7777-74");
    let mut last = [0; 16];
    last[15] = 1;
    assert_eq!(spell(&last), "aaaa-aaaa-aaaa-aaaa-aaaa-aaaa-ae");
    assert_eq!(*canonical(" AAAA aaaa-aaaaaaaaaaaaaaaa-ab"), "aaaa-aaaa-aaaa-aaaa-aaaa-aaaa-ab");
    assert_eq!(*canonical("demo-marie-lenoir"), "demo-marie-lenoir");
    assert_eq!(*canonical("0000-0000-0000-0000-0000-0000-00"), "0000-0000-0000-0000-0000-0000-00");
}
