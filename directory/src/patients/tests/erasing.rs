//! What this room forgets, and when.

use super::*;

async fn in_unit(directory: &Directory, due: DueErasure, now: Timestamp) -> bool {
    let unit = (directory.clone(), due, now);
    let done: Result<bool, Error> = directory
        .db()
        .write(db::unit("erase", unit, |(directory, due, now), tx| {
            Box::pin(async move {
                if !directory.note_erasure(tx, due, *now).await? {
                    return Ok(false);
                }
                directory.forget_patient(tx, due, *now).await?;
                Ok(true)
            })
        }))
        .await;
    done.unwrap()
}

#[tokio::test]
async fn a_profile_closed_with_deletion_is_due_after_its_days_and_leaves_only_numbers() {
    for house in houses().await {
        let directory = &house.directory;
        let mother = house.patient_id(MOTHER).await;
        let token = house.signed_in(NOW).await;
        directory.close_profile(mother, ClosingWish::Delete, &Ground::own(mother), NOW).await.unwrap();
        assert!(house.session(&token, NOW).await.is_none(), "{}: signed out", house.engine);
        let account = patient(directory, mother).await.account;
        let due = async |at| {
            let due = directory.due_erasures(10, at).await.unwrap();
            due.into_iter().find(|due| due.patient == mother)
        };
        assert_eq!(due(NOW.plus(30 * DAY - 1)).await, None, "{}", house.engine);
        let asked = due(NOW.plus(30 * DAY)).await.unwrap();
        assert_eq!(asked, DueErasure { patient: mother, account, why: Erasure::Asked });
        assert!(!in_unit(directory, asked, NOW.plus(29 * DAY)).await, "not before its time");
        assert!(in_unit(directory, asked, NOW.plus(30 * DAY)).await);
        let mut tx = house.db.read().await.unwrap();
        for table in [
            "SELECT COUNT(*) FROM patient WHERE id = $1",
            "SELECT COUNT(*) FROM patient_user WHERE patient = $1",
            "SELECT COUNT(*) FROM mandate WHERE patient = $1",
            "SELECT COUNT(*) FROM session WHERE acting = $1",
            "SELECT COUNT(*) FROM profile_notice WHERE patient = $1",
        ] {
            let left = tx.row(table, db::args![mother]).await.unwrap().int(0).unwrap();
            assert_eq!(left, 0, "{}: {table}", house.engine);
        }
        drop(tx);
        assert_eq!(directory.erased_accounts().await.unwrap(), [(account, NOW.plus(30 * DAY))]);
        let child = house.patient(CHILD, NOW).await;
        assert_eq!(
            child.state,
            ProfileState::Activated,
            "{}: the child's space is the child's",
            house.engine
        );
        assert!(directory.erasures_begun(10).await.unwrap().is_empty());
        let gone = crate::testing::address(&format!("{MOTHER}@patient.mssante.example"));
        let resolved = directory.resolve(&[gone], NOW.plus(31 * DAY)).await.unwrap().remove(0);
        assert_eq!(resolved, crate::Resolved::UnknownLocal { patient_domain: true }, "{}", house.engine);
    }
}

#[tokio::test]
async fn what_a_backup_brings_back_is_found_again() {
    for house in houses().await {
        let directory = &house.directory;
        let mother = house.patient_id(MOTHER).await;
        let account = patient(directory, mother).await.account;
        let noted = (account, mother);
        // The data of before, beside a note that the erasure was begun.
        let unit = db::unit("note", noted, |(account, mother), tx| {
            Box::pin(async move {
                const NOTE: &str =
                    "INSERT INTO erased_profile (account, patient, erased_at) VALUES ($1, $2, 1)";
                tx.execute(NOTE, db::args![*account, *mother]).await?;
                Ok::<_, Error>(())
            })
        });
        house.db.write(unit).await.unwrap();
        let begun = directory.erasures_begun(10).await.unwrap();
        assert_eq!(begun.iter().map(|due| due.patient).collect::<Vec<_>>(), [mother], "{}", house.engine);
        let known = directory.known_of(&[account, AccountId(4)]).await.unwrap();
        assert_eq!(known.len(), 1, "{}", house.engine);
    }
}
