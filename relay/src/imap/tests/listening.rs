//! IDLE.

use super::*;
use directory::{Directory, Owner, Seed, SeedFile};
use names::Timestamp;
use std::future::Future;
use std::task::{Context, Poll, Waker};

#[tokio::test]
async fn an_idle_session_hears_of_a_delivery_of_flags_and_of_removals() {
    for home in homes().await {
        let mut idle = Client::doctor(&home.door).await;
        let mut busy = Client::doctor(&home.door).await;
        idle.write(b"i IDLE\r\n").await;
        assert_eq!(idle.heard(), "+ idling\r\n");
        home.deliver_plain(&["un"]).await;
        assert_eq!(idle.news().await, "* 1 EXISTS\r\n");
        assert_eq!(busy.ok("NOOP").await, "* 1 EXISTS");
        busy.ok("STORE 1 +FLAGS.SILENT \\Deleted").await;
        assert_eq!(idle.news().await, "* 1 FETCH (UID 1 FLAGS (\\Deleted))\r\n");
        busy.ok("EXPUNGE").await;
        assert_eq!(idle.news().await, "* 1 EXPUNGE\r\n");
        idle.write(b"DONE\r\n").await;
        assert_eq!(idle.heard(), "i OK IDLE done\r\n");
    }
}

#[tokio::test]
async fn news_that_came_while_the_peer_spoke_is_not_lost() {
    for home in homes().await {
        let mut idle = Client::doctor(&home.door).await;
        idle.write(b"i IDLE\r\n").await;
        idle.heard();
        home.deliver_plain(&["un"]).await;
        // The driver begins to wait for an event and gives it up at once, because bytes came.
        let begun = std::pin::pin!(idle.world().event()).poll(&mut Context::from_waker(Waker::noop()));
        let told = match begun {
            Poll::Pending => idle.news().await,
            // The store was quicker than one look.
            Poll::Ready(answer) => {
                idle.step(Input::Event(answer)).await;
                idle.heard()
            }
        };
        assert_eq!(told, "* 1 EXISTS\r\n");
        idle.write(b"DONE\r\n").await;
        idle.heard();
        // And news heard of before a command is told at its end.
        home.deliver_plain(&["deux"]).await;
        assert_eq!(idle.ok("NOOP").await, "* 2 EXISTS");
    }
}

#[tokio::test]
async fn what_happens_elsewhere_in_the_account_wakes_nobody() {
    for home in homes().await {
        let mut idle = Client::doctor(&home.door).await;
        idle.write(b"i IDLE\r\n").await;
        idle.heard();
        let mut busy = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
        let letter = b"Subject: brouillon\r\n\r\n";
        super::appending::append(&mut busy, "Drafts", letter).await;
        busy.ok("CREATE Autre").await;
        home.deliver_plain(&["un"]).await;
        assert_eq!(idle.news().await, "* 1 EXISTS\r\n");
    }
}

/// What an idle session is told at its end, which must come within the time RELIABILITY A-15 gives.
async fn end(idle: &mut Client) -> String {
    let end = tokio::time::timeout(std::time::Duration::from_secs(5), idle.news()).await;
    end.expect("the session ends within 5 s")
}

#[tokio::test]
async fn a_15_a_revoked_password_ends_a_silent_idle_with_or_without_a_folder() {
    for home in homes().await {
        for (selects, subject) in [(true, "un"), (false, "deux")] {
            let directory = home.house.relay.directory();
            let person = home.house.login(DOCTOR).await.person.unwrap();
            let (owner, by) = (Owner::Person(person), audit::Actor::Person(person));
            let now = home.house.relay.now();
            let issued = directory.issue_password(owner, "téléphone", by, now).await.unwrap();
            let mut phone = Client::signed_in(&home.door, DOCTOR, &issued.secret).await;
            if selects {
                phone.ok("SELECT INBOX").await;
            }
            let mut desk = Client::doctor(&home.door).await;
            phone.write(b"i IDLE\r\n").await;
            desk.write(b"i IDLE\r\n").await;
            assert_eq!((phone.heard(), desk.heard()), ("+ idling\r\n".into(), "+ idling\r\n".into()));
            assert!(directory.revoke_password(owner, issued.id, by, now).await.unwrap());
            let said = end(&mut phone).await;
            assert!(said.starts_with("* BYE [EXPIRED]"), "{} {selects}: {said}", home.house.engine);
            assert!(said.ends_with("[closed]"), "{said}");
            // Another session of hers looks too, and stays.
            home.deliver_plain(&[subject]).await;
            assert!(desk.news().await.ends_with("EXISTS\r\n"));
        }
    }
}

#[tokio::test]
async fn a_15_what_another_process_revokes_ends_a_silent_idle_once_it_is_heard_of() {
    for home in homes().await {
        let directory = home.house.relay.directory();
        let person = home.house.login(DOCTOR).await.person.unwrap();
        let (owner, by) = (Owner::Person(person), audit::Actor::Person(person));
        let now = home.house.relay.now();
        let issued = directory.issue_password(owner, "téléphone", by, now).await.unwrap();
        let mut phone = Client::signed_in(&home.door, DOCTOR, &issued.secret).await;
        phone.ok("SELECT INBOX").await;
        phone.write(b"i IDLE\r\n").await;
        phone.heard();
        let (data, keys) = ((*home.house.data).clone(), crate::testing::master_keys());
        let other = Directory::open(data, &keys, crate::testing::entropy()).await.unwrap();
        assert!(other.revoke_password(owner, issued.id, by, now).await.unwrap());
        // What the chore of a process on a shared database does each second.
        directory.notice_changes().await.unwrap();
        let said = end(&mut phone).await;
        assert!(said.starts_with("* BYE [EXPIRED]"), "{}: {said}", home.house.engine);
    }
}

#[tokio::test]
async fn a_15_a_delegation_that_ends_by_itself_ends_a_silent_idle() {
    for home in homes().await {
        let directory = home.house.relay.directory();
        let now = home.house.relay.now();
        let ends = Timestamp(now.0 + 3_600_000);
        let text = format!(
            "[[delegations]]\nmailbox = \"{CARDIOLOGIST}\"\nperson = \"10099000019\"\nrights = \"read\"\n"
        );
        let seed = Seed::read(&[SeedFile { name: "more.toml".to_owned(), text }], now);
        assert_eq!(directory.import(seed, now).await.unwrap().faults, []);
        let unit = db::unit("end soon", ends, |ends, tx| {
            Box::pin(async move {
                tx.execute("UPDATE delegation SET ends_at = $1", db::args![*ends]).await.map(drop)
            })
        });
        home.house.data.write(unit).await.unwrap();
        let mut idle = Client::signed_in(&home.door, CARDIOLOGIST, DOCTORS_PASSWORD).await;
        idle.ok("SELECT INBOX").await;
        home.house.clock.store(ends.0 - 500, std::sync::atomic::Ordering::SeqCst);
        idle.write(b"i IDLE\r\n").await;
        assert_eq!(idle.heard(), "+ idling\r\n");
        home.house.clock.store(ends.0, std::sync::atomic::Ordering::SeqCst);
        let said = end(&mut idle).await;
        assert!(said.starts_with("* BYE [EXPIRED]"), "{}: {said}", home.house.engine);
    }
}
