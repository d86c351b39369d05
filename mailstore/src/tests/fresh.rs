//! Entries that came lately: where they stand, who moves them, and that nobody who reads can tell.

use std::time::Duration;

use names::AccountId;

use crate::testing::{NOW, TestStore, stores};
use crate::{Delivery, FlagChange, Flags, FolderName, Marks, Role, Uid, limits};

const FRESH: &str = "SELECT COUNT(*) FROM fresh_entry";
const SETTLED: &str = "SELECT COUNT(*) FROM entry";

/// How many of so many letters stand among the fresh ones.
fn expected(store: &TestStore, letters: i64) -> i64 {
    if store.engine == "SQLite" { letters } else { 0 }
}

async fn letters(store: &TestStore, account: AccountId, count: usize) -> Vec<Delivery> {
    let letter = store.sealed("many", b"text").await;
    let mut deliveries = Vec::with_capacity(count);
    for _ in 0..count {
        deliveries.push(store.delivery(&letter, account).await);
    }
    deliveries
}

async fn uids(store: &TestStore, account: AccountId) -> Vec<u32> {
    let folder = store.role_folder_of(account, Role::Inbox).await.unwrap().id;
    let rows = store.all_entries(account, folder).await.unwrap();
    rows.iter().map(|row| row.uid.0).collect()
}

#[tokio::test]
async fn letters_stand_in_the_order_they_came_until_there_are_many() {
    for store in stores().await {
        let (doctor, nurse) = (store.doctor().await, store.doctor().await);
        let few = limits::FRESH_LEFT as usize - 1;
        let first = [letters(&store, doctor, few - 1).await, letters(&store, nurse, 1).await].concat();
        store.write(first).await.unwrap();
        let fresh = expected(&store, few as i64);
        assert_eq!(store.count(FRESH).await, fresh, "{}", store.engine);
        assert_eq!(store.count(SETTLED).await, few as i64 - fresh);
        assert_eq!(uids(&store, doctor).await, (1..few as u32).collect::<Vec<_>>());
        assert_eq!(uids(&store, nurse).await, [1]);
        store.assert_clean().await;

        let more = limits::FRESH as usize - few;
        store.write(letters(&store, doctor, more).await).await.unwrap();
        assert_eq!(store.count(FRESH).await, 0, "{}: too many for one look", store.engine);
        assert_eq!(store.count(SETTLED).await, limits::FRESH);
        assert_eq!(uids(&store, doctor).await, (1..limits::FRESH as u32).collect::<Vec<_>>());
        store.assert_clean().await;
    }
}

#[tokio::test]
async fn whoever_changes_or_removes_a_letter_finds_it_and_whoever_looks_sees_it_change() {
    for store in stores().await {
        let doctor = store.doctor().await;
        let inbox = store.receive("first", b"text", doctor).await.folder;
        store.write(letters(&store, doctor, 4).await).await.unwrap();
        let before = store.view(doctor, inbox).await.unwrap();
        assert_eq!((before.rows.len(), store.count(FRESH).await), (5, expected(&store, 5)));

        let deleted = FlagChange::Add(Marks::new(Flags::DELETED, &[]));
        let stored = store.store_flags(doctor, inbox, &[Uid(2), Uid(4)], deleted, None).await.unwrap();
        assert_eq!(stored.rows.iter().map(|row| row.0).collect::<Vec<_>>(), [Uid(2), Uid(4)]);
        assert_eq!(store.count(FRESH).await, 0, "{}", store.engine);
        // One that came after, and is fresh, beside those that are not.
        store.write(letters(&store, doctor, 2).await).await.unwrap();
        let counted = store.deleted_messages(doctor, &[inbox]).await.unwrap();
        assert_eq!(counted.get(&inbox).map(|doomed| doomed.messages), Some(2));
        assert_eq!(store.expunge(doctor, inbox, None).await.unwrap(), [Uid(2), Uid(4)]);
        assert_eq!(uids(&store, doctor).await, [1, 3, 5, 6, 7], "{}", store.engine);
        let after = store.view(doctor, inbox).await.unwrap();
        let seen: Vec<u32> = after.rows.iter().map(|row| row.uid.0).collect();
        assert_eq!(seen, [1, 3, 5, 6, 7], "{}: a view brought up to date", store.engine);
        store.assert_clean().await;
    }
}

#[tokio::test]
async fn fresh_letters_are_copied_and_moved_like_others() {
    for store in stores().await {
        let doctor = store.doctor().await;
        let inbox = store.receive("first", b"text", doctor).await.folder;
        store.write(letters(&store, doctor, 2).await).await.unwrap();
        let name = FolderName::parse("Archives 2026").unwrap();
        let other = store.create_folder(doctor, &name, NOW).await.unwrap().id;
        let copied = store.copy(doctor, inbox, other, &[Uid(1), Uid(3)], NOW).await.unwrap();
        assert_eq!(copied.uids, [(Uid(1), Uid(1)), (Uid(3), Uid(2))], "{}", store.engine);
        let moved = store.move_messages(doctor, inbox, other, &[Uid(2)], NOW).await.unwrap();
        assert_eq!(moved.uids, [(Uid(2), Uid(3))]);
        assert_eq!(uids(&store, doctor).await, [1, 3]);
        let there = store.all_entries(doctor, other).await.unwrap();
        assert_eq!(there.len(), 3, "{}", store.engine);
        store.assert_clean().await;
    }
}

#[tokio::test]
async fn many_are_moved_when_no_more_come_also_those_of_before_a_fall() {
    for store in stores().await {
        let doctor = store.doctor().await;
        let many = limits::FRESH_LEFT as usize;
        store.write(letters(&store, doctor, many).await).await.unwrap();
        until_none_is_fresh(&store).await;
        assert_eq!(uids(&store, doctor).await.len(), many);

        // As a process that fell between the letters and the quiet leaves them.
        store.write(letters(&store, doctor, many).await).await.unwrap();
        let store = store.again().await;
        assert_eq!(uids(&store, doctor).await.len(), 2 * many, "{}", store.engine);
        until_none_is_fresh(&store).await;
        store.assert_clean().await;
    }
}

async fn until_none_is_fresh(store: &TestStore) {
    let moved = async {
        while store.count(FRESH).await > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), moved).await.expect("fresh letters were moved");
}

#[tokio::test]
async fn a_folder_is_read_by_its_key_whatever_is_fresh() {
    for store in stores().await.into_iter().filter(|store| store.engine == "SQLite") {
        const PLAN: &str = "EXPLAIN QUERY PLAN SELECT folder, uid, COALESCE(remarked, modseq) FROM entries
            WHERE folder = $1 AND account = $2 AND uid > $3 ORDER BY uid LIMIT $4";
        let doctor = store.doctor().await;
        let folder = store.receive("first", b"text", doctor).await.folder;
        let rows =
            store.db().read().await.unwrap().rows(PLAN, db::args![folder, doctor, 0, 10]).await.unwrap();
        let steps: Vec<String> = rows.iter().map(|row| row.text(3).unwrap()).collect();
        let by_key = "SEARCH entry USING PRIMARY KEY (folder=? AND uid>?)";
        assert!(steps.iter().any(|step| step == by_key), "{steps:?}");
    }
}

#[tokio::test]
async fn a_message_in_both_places_is_found() {
    for store in stores().await {
        const TWICE: &str = "INSERT INTO fresh_entry (folder, uid, id, account, modseq, flags, internal_date, size, head,
            body, origin, hidden) SELECT folder, uid, id, account, modseq, flags, internal_date, size, head, body,
            origin, hidden FROM entry";
        let doctor = store.doctor().await;
        store.receive("once", b"text", doctor).await;
        store.damage(TWICE).await;
        let report = store.verify(crate::Depth::Contents, NOW).await.unwrap();
        let said = |words: &str| report.findings.iter().any(|finding| format!("{finding:?}").contains(words));
        assert!(said("both among its own"), "{}: {:?}", store.engine, report.findings);
    }
}
