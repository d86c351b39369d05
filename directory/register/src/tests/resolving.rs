//! Which address to use, asked of a directory.

use names::{Address, NationalPersonId};

use super::invented::{doctor, person, place, town};
use super::{NOON, publish};
use crate::resolve::{Purpose, Warning, Who};
use crate::{Listing, MIGRATIONS, Register, Sight, Standing};

#[tokio::test]
async fn the_resolver_answers_from_the_directory() {
    for (engine, db) in db::testing::both().await {
        db.migrate(MIGRATIONS).await.unwrap();
        publish(&db, town()).await;
        let mut hidden = doctor(10_000_000_099, "Aude", "Cachée", "Urologie", place("31000", "Toulouse"));
        hidden.mailboxes[0].red_list = true;
        let red = hidden.mailboxes[0].address.clone();
        publish(&db, vec![person(hidden.clone())]).await;
        let gone = doctor(10_000_000_098, "Paul", "Parti", "Urologie", place("31000", "Toulouse"));
        let closed = gone.mailboxes[0].address.clone();
        publish(&db, vec![person(gone.clone())]).await;
        let mut left = gone;
        left.mailboxes.clear();
        publish(&db, vec![person(left)]).await;
        let mut stopped = doctor(10_000_000_097, "Inès", "Arrêtée", "Urologie", place("31000", "Toulouse"));
        stopped.mailboxes[0].standing = Standing::Suspended;
        let suspended = stopped.mailboxes[0].address.clone();
        publish(&db, vec![person(stopped.clone())]).await;
        let register = Register::open(db.clone());
        let marie = "marie.martin.10000000001@cabinet.example.fr";
        let never = Address::parse("never@cabinet.example.fr").unwrap();
        for (case, who, address, warning) in [
            ("by number", Who::Person(NationalPersonId("810000000001".to_owned())), Some(marie), None),
            ("by address", Who::Address(Address::parse(marie).unwrap()), Some(marie), None),
            ("by name and place", Who::Text("Dr Martin, Paris".to_owned()), Some(marie), None),
            ("misspelt", Who::Text("matrin cardiologue".to_owned()), Some(marie), None),
            ("several", Who::Text("docteur paris".to_owned()), None, Some(Warning::Ambiguous)),
            ("nobody", Who::Text("zzzzzz".to_owned()), None, Some(Warning::Unknown)),
            ("never heard of", Who::Address(never), None, Some(Warning::Unknown)),
            ("red-listed, by address", Who::Address(red), None, Some(Warning::Unknown)),
            ("red-listed, by number", Who::Person(hidden.national_id), None, Some(Warning::NoMailbox)),
            ("red-listed, by name", Who::Text("aude cachee".to_owned()), None, Some(Warning::Unknown)),
            ("closed", Who::Address(closed), None, Some(Warning::NoLongerPublished)),
            ("suspended, by address", Who::Address(suspended.clone()), None, Some(Warning::Suspended)),
            (
                "suspended, by number",
                Who::Person(stopped.national_id.clone()),
                None,
                Some(Warning::NoMailbox),
            ),
        ] {
            let found = register.resolve(&who, Purpose::Colleague, None, NOON).await.unwrap();
            let chosen = found.choice.as_ref().map(|choice| choice.mailbox.address.to_string());
            assert_eq!(chosen.as_deref(), address, "{engine}: {case}: {found:?}");
            assert_eq!(found.warnings.first().copied(), warning, "{engine}: {case}");
        }
        // Who administers sees it, and that it is stopped; nobody else does.
        for (sight, standing) in [(Sight::Public, None), (Sight::Administrator, Some(Standing::Suspended))] {
            let found = register.seen_by(sight).by_address(&suspended).await.unwrap();
            assert_eq!(found.map(|(_, mailbox)| mailbox.standing), standing, "{engine}: {sight:?}");
        }
        stopped.mailboxes[0].standing = Standing::Open;
        publish(&db, vec![person(stopped)]).await;
        let (listing, mailbox) = register.by_address(&suspended).await.unwrap().unwrap();
        assert!(mailbox.is_shown() && matches!(listing, Listing::Professional(_)), "{engine}: reopened");
    }
}
