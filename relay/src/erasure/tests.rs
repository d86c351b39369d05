//! Profiles end as the law says, and what a backup brings back ends again.

use crate::testing::{DOCTOR, House, houses};
use audit::{Act, Chain};
use directory::{ClosingWish, Ground};
use mailstore::Depth;
use names::{AccountId, DAY, PatientId, Timestamp};

const CLAIRE: &str = "285059900010125@patient.mssante.example";

fn letter() -> String {
    format!("From: <{DOCTOR}>\nTo: <{CLAIRE}>\nSubject: Votre bilan\n\nBonjour, voici le bilan.\n")
}

async fn claire(house: &House) -> (PatientId, AccountId) {
    let account = house.account(CLAIRE).await;
    let patient = house.relay.directory().patient_by_account(account).await.unwrap().unwrap();
    (patient.id, account)
}

/// She has a letter, closes her space and asks for deletion.
async fn closed(house: &House) -> (PatientId, AccountId, Timestamp) {
    house.send(DOCTOR, &[CLAIRE], &letter()).await;
    let (id, account) = claire(house).await;
    let now = house.relay.now();
    let directory = house.relay.directory();
    directory.close_profile(id, ClosingWish::Delete, &Ground::own(id), now).await.unwrap();
    (id, account, now)
}

#[tokio::test]
async fn a_profile_is_erased_in_its_time_and_the_trail_still_holds() {
    for house in houses().await {
        let (_, account, now) = closed(&house).await;
        let relay = &house.relay;
        let before = relay.keep_profiles(now.plus(30 * DAY - 1)).await.unwrap();
        assert_eq!(before.erased, 0, "{}", house.engine);
        let then = now.plus(30 * DAY);
        assert_eq!(relay.keep_profiles(then).await.unwrap().erased, 1, "{}", house.engine);
        assert_eq!(relay.keep_profiles(then).await.unwrap().erased, 0, "{}: once", house.engine);
        assert!(relay.mailstore().key(account).await.is_err(), "{}", house.engine);
        assert!(relay.directory().patient_by_account(account).await.unwrap().is_none());
        let mut tx = house.data.read().await.unwrap();
        let lines = audit::history(&mut tx, Chain::Account(account), None, 500).await.unwrap();
        assert!(lines.len() > 1 && lines.iter().all(|line| line.line.is_none()), "{}", house.engine);
        let told = audit::history(&mut tx, Chain::System, None, 1).await.unwrap().remove(0).line.unwrap();
        assert_eq!((told.act, told.detail), (Act::ProfileErased, format!("account={} why=asked", account.0)));
        assert_eq!(audit::verify(&mut tx, None).await.unwrap(), [], "{}: the chains hold", house.engine);
        for sql in [
            "SELECT COUNT(*) FROM alert WHERE account = $1",
            "SELECT COUNT(*) FROM owed WHERE account = $1",
            "SELECT COUNT(*) FROM entries WHERE account = $1",
            "SELECT COUNT(*) FROM patient WHERE account = $1",
        ] {
            assert_eq!(tx.row(sql, db::args![account]).await.unwrap().int(0).unwrap(), 0, "{sql}");
        }
        drop(tx);
        let report = relay.mailstore().verify(Depth::Contents, then).await.unwrap();
        assert!(report.is_clean(), "{}: {:?}", house.engine, report.findings);
    }
}

#[tokio::test]
async fn a_profile_reopened_in_time_has_all_its_letters() {
    for house in houses().await {
        let (id, account, now) = closed(&house).await;
        let later = now.plus(29 * DAY);
        house.relay.directory().reopen_profile(id, &Ground::own(id), later).await.unwrap();
        assert_eq!(
            house.relay.keep_profiles(now.plus(400 * DAY)).await.unwrap().erased,
            0,
            "{}",
            house.engine
        );
        assert!(house.relay.mailstore().key(account).await.is_ok());
        let sent = house.send(DOCTOR, &[CLAIRE], &letter()).await;
        assert!(matches!(sent, crate::Outcome::Accepted { .. }), "{}: {sent:?}", house.engine);
    }
}

#[tokio::test]
async fn an_erasure_that_was_begun_is_finished_and_one_undone_by_a_backup_is_repeated() {
    for house in houses().await {
        let (_, account, now) = closed(&house).await;
        const KEY: &str = "SELECT wrapped FROM account_key WHERE account = $1";
        let wrapped = house.keys().read().await.unwrap().row(KEY, db::args![account]).await.unwrap();
        let wrapped = wrapped.bytes(0).unwrap();
        // A crash behind the first step, or the data of an older backup beside the keys of today.
        house.relay.mailstore().destroy_key(account, now).await.unwrap();
        let kept = house.relay.keep_profiles(now.plus(1)).await.unwrap();
        assert_eq!((kept.erased, kept.again), (1, 1), "{}", house.engine);
        assert!(house.relay.directory().patient_by_account(account).await.unwrap().is_none());
        // The keys of an older backup beside the data of today.
        let unit = db::unit("an older backup of the keys", (account, wrapped), |(account, wrapped), tx| {
            Box::pin(async move {
                const BACK: &str =
                    "INSERT INTO account_key (account, wrapped, created_at) VALUES ($1, $2, 1)";
                tx.execute("DELETE FROM destroyed_key WHERE account = $1", db::args![*account]).await?;
                tx.execute(BACK, db::args![*account, wrapped]).await.map(drop)
            })
        });
        let written: Result<(), db::Error> = house.keys().write(unit).await;
        written.unwrap();
        assert!(house.relay.mailstore().key(account).await.is_ok(), "{}: it is back", house.engine);
        let kept = house.relay.keep_profiles(now.plus(2)).await.unwrap();
        assert_eq!((kept.erased, kept.keys), (0, 1), "{}", house.engine);
        assert!(house.relay.mailstore().key(account).await.is_err(), "{}: and gone again", house.engine);
    }
}

#[tokio::test]
async fn an_erasure_that_fails_holds_no_other_back_and_is_done_once_it_can_be() {
    const JEAN: &str = "167029900040424@patient.mssante.example";
    for house in houses().await {
        let (relay, engine) = (&house.relay, house.engine);
        let (first, account, now) = closed(&house).await;
        let jeans = house.account(JEAN).await;
        let jean = relay.directory().patient_by_account(jeans).await.unwrap().unwrap().id;
        let ground = Ground::own(jean);
        let closing = relay.directory().close_profile(jean, ClosingWish::Delete, &ground, now.plus(1));
        closing.await.unwrap();
        // Something that nobody thought of leans on the first one's row.
        let unit = db::unit("a table from elsewhere", first, |patient, tx| {
            Box::pin(async move {
                let table = "CREATE TABLE clinging (patient {INT} NOT NULL REFERENCES patient (id))";
                tx.execute(table, db::args![]).await?;
                tx.execute("INSERT INTO clinging (patient) VALUES ($1)", db::args![*patient]).await.map(drop)
            })
        });
        let written: Result<(), db::Error> = house.data.write(unit).await;
        written.unwrap();
        let then = now.plus(31 * DAY);
        let kept = relay.keep_profiles(then).await.unwrap();
        assert_eq!((kept.erased, kept.again), (1, 0), "{engine}: the other one");
        let known = async |account| relay.directory().patient_by_account(account).await.unwrap().is_some();
        assert!(known(account).await && !known(jeans).await, "{engine}");
        assert!(relay.mailstore().key(account).await.is_err(), "{engine}: its letters are gone all the same");
        // It is begun, and so it does not come back, whoever asks.
        let back = relay.directory().reopen_profile(first, &Ground::own(first), then).await;
        assert!(back.is_err(), "{engine}");
        assert!(
            relay.directory().due_erasures(10, then).await.unwrap().is_empty(),
            "{engine}: finished apart"
        );
        let kept = relay.keep_profiles(then.plus(1)).await.unwrap();
        assert_eq!((kept.erased, kept.again), (0, 0), "{engine}: it still fails");
        let unit = db::unit("mended", (), |(), tx| {
            Box::pin(async move { tx.execute("DROP TABLE clinging", db::args![]).await.map(drop) })
        });
        let mended: Result<(), db::Error> = house.data.write(unit).await;
        mended.unwrap();
        let kept = relay.keep_profiles(then.plus(2)).await.unwrap();
        assert_eq!((kept.erased, kept.again), (1, 1), "{engine}: done");
        assert!(!known(account).await, "{engine}");
        let mut tx = house.data.read().await.unwrap();
        let told = audit::history(&mut tx, Chain::System, None, 1).await.unwrap().remove(0).line.unwrap();
        let detail = format!("account={} why=again", account.0);
        assert_eq!((told.act, told.detail), (Act::ProfileErased, detail), "{engine}: no reason is claimed");
        assert_eq!(audit::verify(&mut tx, None).await.unwrap(), [], "{engine}: the chains hold");
    }
}
