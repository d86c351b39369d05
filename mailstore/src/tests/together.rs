//! Many at once: shared bodies, uids under load, batches, watchers.

use std::sync::Arc;

use db::Tx;

use crate::testing::{NOW, TestStore, stores};
use crate::{
    Committer, CommitterError, Delivered, Delivery, Error, FlagChange, Hold, Mailstore, News, Origin, Place,
    QUEUE, Role, Uid, Work,
};

/// The work of an intake, without its questions.
struct Deliver(Mailstore);

enum Job {
    Letter(Box<Delivery>),
    Poison,
}

impl Work for Deliver {
    const NAME: &'static str = "deliver";
    type Job = Job;
    type Answer = Delivered;
    type Error = Error;

    fn entries(_: &Job) -> usize {
        1
    }

    async fn run(&self, tx: &mut Tx, jobs: &[Arc<Job>]) -> Result<Vec<Delivered>, Error> {
        let mut deliveries = Vec::new();
        for job in jobs {
            match job.as_ref() {
                Job::Letter(delivery) => deliveries.push(delivery.as_ref().clone()),
                Job::Poison => drop(tx.row("SELECT id FROM account WHERE id = -1", db::args![]).await?),
            }
        }
        self.0.deliver(tx, &deliveries).await
    }
}

fn start(store: &TestStore) -> Committer<Deliver> {
    let (committer, driver) = Committer::new(store.db().clone(), Deliver(store.store.clone()));
    tokio::spawn(driver);
    committer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uids_grow_by_one_under_eight_writers_and_none_is_given_twice() {
    for store in stores().await {
        let doctor = store.doctor().await;
        let committer = start(&store);
        let mut writers = Vec::new();
        for writer in 0..8 {
            let mut deliveries = Vec::new();
            for letter in 0..10 {
                let letter = store.sealed(&format!("letter {writer} {letter}"), b"text").await;
                deliveries.push(store.delivery(&letter, doctor).await);
            }
            // Half of them by the committer, half by units of their own.
            let (committer, store) = ((writer % 2 == 0).then(|| committer.clone()), store.store.clone());
            writers.push(tokio::spawn(async move {
                let mut uids = Vec::new();
                for delivery in deliveries {
                    uids.push(match &committer {
                        Some(committer) => {
                            committer.submit(Job::Letter(Box::new(delivery))).await.unwrap().uid
                        }
                        None => {
                            let unit = db::unit(
                                "deliver one",
                                (store.clone(), [delivery]),
                                |(store, delivery), tx| Box::pin(store.deliver(tx, delivery)),
                            );
                            store.db().write(unit).await.unwrap()[0].uid
                        }
                    });
                }
                assert!(uids.is_sorted(), "a writer's later letter has an earlier uid");
                uids
            }));
        }
        let mut all = Vec::new();
        for writer in writers {
            all.extend(writer.await.unwrap());
        }
        all.sort_unstable();
        assert_eq!(all, (1..=80).map(Uid).collect::<Vec<_>>(), "{}", store.engine);
        store.assert_clean().await;
    }
}

#[tokio::test]
async fn a_letter_to_fifty_recipients_is_stored_once() {
    for store in stores().await {
        let letter = store.sealed("à tous", &[b'x'; 2_000]).await;
        let mut deliveries = Vec::new();
        let mut accounts = Vec::new();
        for _ in 0..50 {
            accounts.push(store.doctor().await);
            deliveries.push(store.delivery(&letter, accounts[accounts.len() - 1]).await);
        }
        let done = store.write(deliveries).await.unwrap();
        assert_eq!(
            done.iter().map(|done| done.account).collect::<Vec<_>>(),
            accounts,
            "answers keep their order"
        );
        assert!(done.iter().all(|done| done.uid == Uid(1)));
        assert_eq!(store.count("SELECT COUNT(*) FROM body").await, 1, "{}", store.engine);
        assert_eq!(store.count("SELECT COUNT(*) FROM head").await, 1);
        assert_eq!(store.count("SELECT COUNT(*) FROM body_key").await, 50);
        let mut body = store.body(accounts[49], letter.body.id()).await.unwrap();
        assert_eq!(body.range(0..3).await.unwrap(), &b"xxx"[..]);
        let stranger = store.doctor().await;
        assert!(matches!(store.body(stranger, letter.body.id()).await, Err(Error::NoBody(_))));
        assert_eq!(store.summaries(stranger, &[letter.head.id()]).await.unwrap(), [None]);
        store.assert_clean().await;
    }
}

#[tokio::test]
async fn letters_for_different_places_go_in_one_unit() {
    for store in stores().await {
        let (one, two) = (store.doctor().await, store.doctor().await);
        let (short, long) = (store.sealed("a", b"a").await, store.sealed("b", &[b'b'; 500]).await);
        let mut sent = store.delivery(&short, one).await;
        sent.place = Place::Role(Role::Sent);
        sent.origin = Origin::Sent;
        let junk = store.role_folder_of(two, Role::Junk).await.unwrap();
        let mut by_folder = store.delivery(&long, two).await;
        by_folder.place = Place::Folder(junk.id);
        let rows = vec![
            sent,
            store.delivery(&short, two).await,
            by_folder,
            store.delivery(&long, two).await,
            store.delivery(&short, one).await,
        ];
        let done = store.write(rows).await.unwrap();
        assert_eq!(done.iter().map(|done| done.uid.0).collect::<Vec<_>>(), [1, 1, 1, 2, 1]);
        assert_eq!(done[2].folder, junk.id);
        store.assert_clean().await;
    }
}

#[tokio::test]
async fn a_poisonous_job_fails_alone() {
    for store in stores().await {
        let doctor = store.doctor().await;
        let (committer, driver) = Committer::new(store.db().clone(), Deliver(store.store.clone()));
        let mut waiting = Vec::new();
        for at in 0..5 {
            let letter = store.sealed("good", b"").await;
            let job = if at == 2 {
                Job::Poison
            } else {
                Job::Letter(Box::new(store.delivery(&letter, doctor).await))
            };
            let committer = committer.clone();
            waiting.push(tokio::spawn(async move { committer.submit(job).await }));
        }
        // All five wait before the first is written: one batch.
        tokio::task::yield_now().await;
        tokio::spawn(driver);
        let mut good = 0;
        for (at, waiting) in waiting.into_iter().enumerate() {
            match waiting.await.unwrap() {
                Ok(_) => good += 1,
                Err(CommitterError::Failed(Error::Db { .. })) => assert_eq!(at, 2),
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(good, 4, "{}", store.engine);
        assert_eq!(store.count("SELECT COUNT(*) FROM entries").await, 4);
        store.assert_clean().await;
    }
}

#[tokio::test]
async fn a_committer_that_stopped_says_so() {
    for store in stores().await {
        let (committer, driver) = Committer::new(store.db().clone(), Deliver(store.store.clone()));
        drop(driver);
        assert!(matches!(committer.submit(Job::Poison).await, Err(CommitterError::Stopped)));
    }
}

#[tokio::test]
async fn watchers_are_told_after_the_commit_and_only_then() {
    for store in stores().await {
        let doctor = store.doctor().await;
        let mut watcher = store.watch(doctor);
        let letter = store.sealed("news", b"").await;
        let delivery = store.delivery(&letter, doctor).await;
        let refused =
            db::unit("refused", (store.store.clone(), [delivery.clone()]), |(store, delivery), tx| {
                Box::pin(async move {
                    store.deliver(tx, delivery).await?;
                    Err::<(), _>(Error::NoFolder)
                })
            });
        store.db().write(refused).await.unwrap_err();
        assert!(watcher.take().is_empty(), "{}: told of what was rolled back", store.engine);
        assert_eq!(store.count("SELECT COUNT(*) FROM entries").await, 0);
        let done = store.write(vec![delivery]).await.unwrap();
        let news = watcher.changed().await;
        let told = &news.folders[&done[0].folder];
        assert!(told.arrived && told.modseq == done[0].modseq);
        // What the watcher is told of is there to be read.
        assert_eq!(store.entries(doctor, done[0].folder, Uid(0)).await.unwrap().len(), 1);
        store.create_folder(doctor, &crate::FolderName::parse("New").unwrap(), NOW).await.unwrap();
        assert_eq!(watcher.changed().await, News { list: true, ..News::default() });
    }
}

#[tokio::test]
async fn the_queue_keeps_a_letter_its_sender_has_removed() {
    for store in stores().await {
        let doctor = store.doctor().await;
        let letter = store.sealed("outbound", b"to another operator").await;
        let hold =
            Hold { letter: letter.clone(), key: store.key(QUEUE).await.unwrap().own(&letter.body), uses: 2 };
        let delivery = store.delivery(&letter, doctor).await;
        let unit =
            db::unit("send", (store.store.clone(), [hold], [delivery]), |(store, hold, delivery), tx| {
                Box::pin(async move {
                    store.hold(tx, hold).await?;
                    store.deliver(tx, delivery).await
                })
            });
        let done = store.db().write(unit).await.unwrap();
        let deleted = crate::FlagChange::Add(crate::Marks::new(crate::Flags::DELETED, &[]));
        store.store_flags(doctor, done[0].folder, &[Uid(1)], deleted, None).await.unwrap();
        store.expunge(doctor, done[0].folder, None).await.unwrap();
        let mut body = store.body(QUEUE, letter.body.id()).await.unwrap();
        assert_eq!(body.range(0..2).await.unwrap(), &b"to"[..]);
        assert!(store.header_blocks(QUEUE, &[letter.head.id()]).await.unwrap()[0].is_some());
        store.assert_clean().await;
        for left in [1, 0] {
            let parameters = (store.store.clone(), letter.body.id());
            let unit = db::unit("sent", parameters, |(store, body), tx| {
                Box::pin(async move { store.release(tx, QUEUE, [(*body, 1)].into()).await })
            });
            store.db().write(unit).await.unwrap();
            assert_eq!(store.count("SELECT COUNT(*) FROM body").await, left, "{}", store.engine);
        }
    }
}

#[tokio::test]
async fn steps_inside_a_unit_that_is_refused_leave_nothing_and_tell_nobody() {
    for store in stores().await {
        let doctor = store.doctor().await;
        let name = |text| crate::FolderName::parse(text).unwrap();
        let got = store.receive("kept", b"x", doctor).await;
        let archive = store.role_folder_of(doctor, Role::Archive).await.unwrap().id;
        let made = store.create_folder(doctor, &name("Patients"), NOW).await.unwrap();
        let deleted = crate::Marks::new(crate::Flags::DELETED, &[]);
        store.store_flags(doctor, got.folder, &[got.uid], FlagChange::Add(deleted), None).await.unwrap();
        let before = store.folders(doctor).await.unwrap();
        let mut watcher = store.watch(doctor);
        let new = store.new_folder(doctor, &name("Neuf"), NOW).await.unwrap();
        let renaming = store.renaming(doctor, &name("Patients"), &name("Malades")).await.unwrap();
        assert_eq!(renaming.folder(), made.id);
        let named = store.new_subscription(doctor, &name("Malades"), NOW).await.unwrap();
        let parameters =
            (store.store.clone(), doctor, (got.folder, archive), got.uid, new, (renaming, named));
        let refused = db::unit(
            "refused",
            parameters,
            |(store, doctor, (inbox, archive), uid, new, (renaming, named)), tx| {
                Box::pin(async move {
                    let patients = crate::FolderName::parse("Malades").unwrap();
                    store.create_folder_in(tx, new).await?;
                    assert!(matches!(store.create_folder_in(tx, new).await, Err(Error::FolderExists)));
                    store.rename_folder_in(tx, renaming).await?;
                    let folder = renaming.folder();
                    assert_eq!(store.unsubscribe_in(tx, *doctor, &patients).await?, Some(folder));
                    assert_eq!(store.subscribe_in(tx, named).await?, Some(folder));
                    assert_eq!(store.delete_folder_in(tx, named).await?, folder);
                    let copies = store.copies(&[*uid], NOW);
                    let copied = store.copy_in(tx, *doctor, (*inbox, *archive), &copies, NOW).await?;
                    assert_eq!(copied.uids, [(*uid, Uid(1))]);
                    let moved = store.move_in(tx, *doctor, (*archive, new.id()), None, NOW).await?;
                    assert_eq!(moved.uids, [(Uid(1), Uid(1))]);
                    assert_eq!(store.expunge_in(tx, *doctor, *inbox, None).await?, [*uid]);
                    Err::<(), _>(Error::NoBody(names::BodyId(0)))
                })
            },
        );
        assert!(matches!(store.db().write(refused).await, Err(Error::NoBody(_))), "{}", store.engine);
        assert_eq!(store.folders(doctor).await.unwrap(), before, "{}", store.engine);
        assert!(watcher.take().is_empty(), "{}: told of what was rolled back", store.engine);
        store.assert_clean().await;
    }
}
