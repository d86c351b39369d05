//! Announced, told, opposed, created, closed, reopened.

use super::*;

#[tokio::test]
async fn somebody_announced_by_mail_is_told_once_and_counts_forty_two_days_from_then() {
    for house in houses().await {
        let directory = &house.directory;
        let id = enter(directory, traits(NEW, Some("o@courriel.example")), Entrance::Announced, NOW).await;
        assert_eq!(patient(directory, id).await.life.due, None, "{}: nothing was sent", house.engine);
        let sent = NOW.plus(2 * DAY);
        let notice = leave(directory, sent).await;
        assert_eq!((notice.kind, notice.way), (NoticeKind::Announced, NoticeWay::Email));
        assert_eq!(notice.code.as_ref().unwrap().len(), 12);
        let life = patient(directory, id).await.life;
        assert_eq!((life.announced, life.due), (Some(sent), Some(sent.plus(42 * DAY))), "{}", house.engine);
        assert_eq!(life.state(sent.plus(42 * DAY - 1)), ProfileState::Announced);
        assert_eq!(life.state(sent.plus(42 * DAY)), ProfileState::Created);
        assert!(directory.lease_notices(10, Spooling::Yes, sent.plus(HOUR)).await.unwrap().is_empty());
        let account = patient(directory, id).await.account;
        assert_eq!(acts(&house, account).await, [Act::AccountCreated, Act::ProfileAnnounced]);
    }
}

#[tokio::test]
async fn a_code_stands_in_no_row_once_it_has_left() {
    for house in houses().await {
        let directory = &house.directory;
        enter(directory, traits(NEW, Some("o@courriel.example")), Entrance::AtOnce, NOW).await;
        let code = leave(directory, NOW).await.code.unwrap();
        let mut tx = house.db.read().await.unwrap();
        let kept = "SELECT COUNT(*) FROM profile_notice WHERE sealed_code IS NOT NULL";
        assert_eq!(tx.row(kept, db::args![]).await.unwrap().int(0).unwrap(), 0, "{}", house.engine);
        let hash = tx.row("SELECT code FROM temporary_code", db::args![]).await.unwrap().bytes(0).unwrap();
        assert_ne!(hash, code.as_bytes());
        if let Some(folder) = house.db.folder() {
            for file in std::fs::read_dir(folder).unwrap() {
                let octets = std::fs::read(file.unwrap().path()).unwrap();
                let seen = octets.windows(code.len()).any(|window| window == code.as_bytes());
                assert!(!seen, "the code stands in the clear on the disk");
            }
        }
    }
}

#[tokio::test]
async fn a_letter_counts_its_days_from_the_post_and_not_from_the_printer() {
    for house in houses().await {
        let directory = &house.directory;
        let id = enter(directory, traits(NEW, None), Entrance::Announced, NOW).await;
        assert!(
            directory.lease_notices(10, Spooling::No, NOW).await.unwrap().is_empty(),
            "{}: no folder, no letter",
            house.engine
        );
        let letters = directory.lease_notices(10, Spooling::Yes, NOW).await.unwrap();
        assert_eq!(letters[0].way, NoticeWay::Letter);
        directory.settle_notice(&letters[0], NoticeOutcome::Spooled, NOW.plus(HOUR)).await.unwrap();
        assert_eq!(patient(directory, id).await.life.state(NOW.plus(90 * DAY)), ProfileState::Announced);
        let spooled = directory.spooled_letters(10).await.unwrap();
        assert_eq!(spooled.len(), 1);
        assert!(!spooled[0].file.contains("158079") && spooled[0].file.ends_with(".pdf"));
        let posted = NOW.plus(3 * DAY);
        let done = directory.letters_posted(&[spooled[0].id, 12345], &support(), posted).await.unwrap();
        assert_eq!(done.iter().map(|one| &one.file).collect::<Vec<_>>(), [&spooled[0].file]);
        assert_eq!(patient(directory, id).await.life.due, Some(posted.plus(42 * DAY)), "{}", house.engine);
        assert!(directory.letters_posted(&[spooled[0].id], &support(), posted).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_notice_is_leased_once_tried_again_and_goes_by_post_when_the_mailbox_is_none() {
    for house in houses().await {
        let directory = &house.directory;
        let id = enter(directory, traits(NEW, Some("o@courriel.example")), Entrance::Announced, NOW).await;
        let first = directory.lease_notices(10, Spooling::Yes, NOW).await.unwrap().remove(0);
        assert!(directory.lease_notices(10, Spooling::Yes, NOW).await.unwrap().is_empty(), "it is leased");
        let again = NOW.plus(10 * MINUTE);
        let outcome = NoticeOutcome::Again { at: again, why: "reply 451".to_owned() };
        directory.settle_notice(&first, outcome, NOW).await.unwrap();
        assert_eq!(directory.next_notice(Spooling::Yes).await.unwrap(), Some(again), "{}", house.engine);
        let second = directory.lease_notices(10, Spooling::Yes, again).await.unwrap().remove(0);
        assert_eq!((second.attempts, &second.code), (2, &first.code));
        let outcome = NoticeOutcome::ByPost { why: "reply 550".to_owned() };
        directory.settle_notice(&second, outcome, again).await.unwrap();
        let letter = directory.lease_notices(10, Spooling::Yes, again.plus(1)).await.unwrap().remove(0);
        assert_eq!((letter.way, &letter.code), (NoticeWay::Letter, &first.code), "{}", house.engine);
        // A worker that died loses its lease.
        let later = again.plus(HOUR);
        assert_eq!(directory.lease_notices(10, Spooling::Yes, later).await.unwrap().len(), 1);
        assert_eq!(patient(directory, id).await.life.due, None, "nothing has left yet");
    }
}

#[tokio::test]
async fn a_new_code_kills_the_one_before() {
    for house in houses().await {
        let directory = &house.directory;
        let id = enter(directory, traits(NEW, Some("o@courriel.example")), Entrance::Announced, NOW).await;
        let old = leave(directory, NOW).await.code.unwrap();
        directory.announce_again(id, &support(), NOW.plus(DAY)).await.unwrap();
        let new = leave(directory, NOW.plus(DAY)).await.code.unwrap();
        let due = patient(directory, id).await.life.due;
        assert_eq!(due, Some(NOW.plus(42 * DAY)), "{}: told again gives no new delay", house.engine);
        let ask = |code: &str| identity(NEW, OCTAVIE_BORN, code);
        assert!(directory.identify(&ask(&old), NOW.plus(DAY)).await.unwrap().is_none());
        assert!(directory.identify(&ask(&new), NOW.plus(DAY)).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn support_opposes_withdraws_closes_and_reopens_and_everybody_is_told() {
    for house in houses().await {
        let directory = &house.directory;
        let id = enter(directory, traits(NEW, Some("o@courriel.example")), Entrance::Announced, NOW).await;
        leave(directory, NOW).await;
        let at = |days| NOW.plus(days * DAY);
        let opposed = directory.oppose_profile(id, &support(), at(5)).await.unwrap();
        assert_eq!(opposed.life.state(at(90)), ProfileState::Opposed, "{}", house.engine);
        assert_eq!(leave(directory, at(5)).await.kind, NoticeKind::Opposed);
        assert!(matches!(directory.oppose_profile(id, &support(), at(6)).await, Err(Error::State(_))));
        assert!(matches!(directory.reopen_profile(id, &support(), at(6)).await, Err(Error::State(_))));
        let back = directory.withdraw_opposition(id, &support(), at(7)).await.unwrap();
        assert_eq!(back.life.state(at(7)), ProfileState::Created);
        assert_eq!(leave(directory, at(7)).await.kind, NoticeKind::OppositionWithdrawn);
        let closed = directory.close_profile(id, ClosingWish::Delete, &support(), at(8)).await.unwrap();
        assert_eq!(closed.life.erase, Some(at(38)), "{}: thirty days to think again", house.engine);
        leave(directory, at(8)).await;
        assert!(matches!(directory.withdraw_opposition(id, &support(), at(9)).await, Err(Error::State(_))));
        let view = directory.support_view(id, at(9)).await.unwrap();
        assert_eq!((view.state, view.erase_at, view.has_code), (ProfileState::Closed, Some(at(38)), false));
        let again = directory.reopen_profile(id, &support(), at(10)).await.unwrap();
        assert_eq!((again.life.erase, again.life.state(at(60))), (None, ProfileState::Created));
        assert!(directory.due_erasures(10, at(100)).await.unwrap().is_empty(), "the deletion is off");
        assert_eq!(leave(directory, at(10)).await.kind, NoticeKind::Reopened);
        directory.intervene(id, &support(), at(11)).await.unwrap();
        assert_eq!(leave(directory, at(11)).await.kind, NoticeKind::Intervened);
        let told = acts(&house, again.account).await;
        for act in [Act::ProfileOpposed, Act::ProfileReopened, Act::ProfileClosed, Act::ProfileIntervened] {
            assert!(told.contains(&act), "{}: {act:?}", house.engine);
        }
        let mut tx = house.db.read().await.unwrap();
        let lines = audit::history(&mut tx, Chain::Account(again.account), None, 1).await.unwrap();
        assert!(
            lines
                .iter()
                .filter_map(|line| line.line.as_ref())
                .all(|line| !line.detail.contains("Brindavoine"))
        );
        assert_eq!(audit::verify(&mut tx, None).await.unwrap(), [], "{}", house.engine);
    }
}

#[tokio::test]
async fn a_birth_is_created_at_once_and_nobody_enters_twice() {
    for house in houses().await {
        let directory = &house.directory;
        let id = enter(directory, traits(NEW, Some("o@courriel.example")), Entrance::AtOnce, NOW).await;
        assert_eq!(patient(directory, id).await.life.state(NOW), ProfileState::Created, "{}", house.engine);
        assert_eq!(leave(directory, NOW).await.kind, NoticeKind::Opened);
        let again = directory.prepare_patient(traits(NEW, None), String::new(), Entrance::Announced, NOW);
        let unit = (directory.clone(), again);
        let refused: Result<(), Error> = directory
            .db()
            .write(db::unit("enter", unit, |(directory, again), tx| {
                Box::pin(async move {
                    directory.announce_patient(tx, again, &Ground::routine(Actor::Operator), NOW).await
                })
            }))
            .await;
        assert!(matches!(refused, Err(Error::Taken("INS"))), "{}", house.engine);
    }
}

#[tokio::test]
async fn somebody_announced_may_be_created_before_day_forty_two() {
    for house in houses().await {
        let directory = &house.directory;
        let id = enter(directory, traits(NEW, None), Entrance::Announced, NOW).await;
        let created = directory.create_patient(id, &support(), NOW.plus(DAY)).await.unwrap();
        assert_eq!(created.life.state(NOW.plus(DAY)), ProfileState::Created, "{}", house.engine);
        assert!(matches!(
            directory.create_patient(id, &support(), NOW.plus(DAY)).await,
            Err(Error::State(_))
        ));
        let waiting = directory.lease_notices(10, Spooling::Yes, NOW.plus(DAY)).await.unwrap();
        assert_eq!(waiting.len(), 1, "{}: the older letter is replaced", house.engine);
        assert_eq!(waiting[0].kind, NoticeKind::Opened);
    }
}

#[tokio::test]
async fn the_rules_of_the_operator_decide_the_dates() {
    for house in houses().await {
        let directory = house.directory.clone().under(ProfileRules {
            opposition_days: 10,
            deletion_days: 3,
            archive_years: 1,
            ..ProfileRules::default()
        });
        let id = enter(&directory, traits(NEW, Some("o@courriel.example")), Entrance::Announced, NOW).await;
        leave(&directory, NOW).await;
        assert_eq!(patient(&directory, id).await.life.due, Some(NOW.plus(10 * DAY)), "{}", house.engine);
        let closed = NOW.plus(20 * DAY);
        directory.close_profile(id, ClosingWish::Archive, &support(), closed).await.unwrap();
        let end = directory.rules().archive_end(closed);
        let due = async |at| {
            let due = directory.due_erasures(10, at).await.unwrap();
            due.into_iter().filter(|due| due.patient == id).map(|due| due.why).collect::<Vec<_>>()
        };
        assert_eq!(due(end.plus(-1)).await, [], "{}", house.engine);
        assert_eq!(due(end).await, [Erasure::Archived], "{}", house.engine);
    }
}

#[tokio::test]
async fn an_import_announces_those_whom_it_does_not_date_and_no_others() {
    for house in houses().await {
        let rows = format!(
            "[[patients]]\nins = \"{}\"\nbirth_name = \"Brindavoine\"\ngiven_names = [\"Octavie\"]\n\
             birth_date = 1958-07-03\nsex = \"F\"\n",
            ins(NEW).expose()
        );
        let before = house.directory.lease_notices(100, Spooling::Yes, NOW).await.unwrap();
        assert!(before.is_empty(), "{}: the seed dates all its people", house.engine);
        let applied = house.directory.import(crate::testing::read(&rows), NOW).await.unwrap();
        assert_eq!((applied.created, applied.faults.len()), (1, 0), "{}", house.engine);
        let announced = house.directory.lease_notices(10, Spooling::Yes, NOW).await.unwrap();
        assert_eq!(announced.len(), 1);
        assert_eq!((announced[0].kind, announced[0].way), (NoticeKind::Announced, NoticeWay::Letter));
        let again = house.directory.import(crate::testing::read(&rows), NOW.plus(DAY)).await.unwrap();
        assert_eq!((again.changed, again.unchanged), (0, 1), "{}", house.engine);
        assert!(house.directory.lease_notices(10, Spooling::Yes, NOW.plus(1)).await.unwrap().is_empty());
    }
}

/// The mother's own space, closed at `now` with this wish; her sign-in, up to the code.
async fn closed_mother(house: &House, wish: ClosingWish, now: Timestamp) -> PatientId {
    let mother = house.patient_id(crate::testing::MOTHER).await;
    house.directory.close_profile(mother, wish, &Ground::own(mother), now).await.unwrap();
    let unit = db::unit("she acts for nobody else", (), |(), tx| {
        Box::pin(async move { tx.execute("DELETE FROM mandate", db::args![]).await.map(drop) })
    });
    house.db.write(unit).await.unwrap();
    mother
}

async fn both_factors(house: &House, now: Timestamp) -> crate::CheckedCode {
    let (login, password) = crate::testing::MOTHER_SIGNS_IN;
    let started = house.directory.start_sign_in(login, password, now).await.unwrap();
    let code = started.code.expect("a code leaves").code;
    house.directory.check_code(&started.pending.token, &code, now).await.unwrap()
}

#[tokio::test]
async fn a_closed_space_is_opened_again_by_its_person_until_it_is_destroyed() {
    for house in houses().await {
        let (directory, engine) = (&house.directory, house.engine);
        for (case, wish, days) in
            [("deletion", ClosingWish::Delete, 29), ("archive", ClosingWish::Archive, 3600)]
        {
            let closing = NOW.plus(if case == "archive" { 60 * DAY } else { 0 });
            let mother = closed_mother(&house, wish, closing).await;
            let later = closing.plus(days * DAY);
            let crate::CheckedCode::Closed(space) = both_factors(&house, later).await else {
                panic!("{engine}: {case}: she is told that it is closed")
            };
            assert_eq!(space.patient, mother, "{engine}: {case}");
            let signed_in = directory.reopen_own(space.user, later).await.unwrap().expect("it opens");
            let session = house.session(&signed_in.token, later).await.expect("she is in");
            assert!(
                session.profile.patient == mother && session.is_csrf(&signed_in.csrf),
                "{engine}: {case}"
            );
            let life = patient(directory, mother).await.life;
            assert_eq!((life.state(later), life.erase), (ProfileState::Activated, None), "{engine}: {case}");
            assert!(directory.reopen_own(space.user, later).await.unwrap().is_none(), "{engine}: once");
            let account = patient(directory, mother).await.account;
            let told = acts(&house, account).await;
            let last = told.iter().rev().find(|act| **act != Act::SignedIn);
            assert_eq!(last, Some(&Act::ProfileReopened), "{engine}: {case}: {told:?}");
            let kinds = directory.lease_notices(10, Spooling::No, later).await.unwrap();
            assert!(kinds.iter().any(|one| one.kind == NoticeKind::Reopened), "{engine}: {case}: {kinds:?}");
            for notice in &kinds {
                directory.settle_notice(notice, NoticeOutcome::Left, later).await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn what_is_due_to_be_destroyed_does_not_come_back_and_a_wrong_code_opens_nothing() {
    for house in houses().await {
        let (directory, engine) = (&house.directory, house.engine);
        let mother = closed_mother(&house, ClosingWish::Delete, NOW).await;
        let user = house.mother().await;
        let due = patient(directory, mother).await.life.erase.unwrap();
        assert!(directory.closed_space(user, due.plus(-1)).await.unwrap().is_some(), "{engine}");
        // Nobody has to be awake for it: what is due is gone for its person even before it is erased.
        assert!(directory.closed_space(user, due).await.unwrap().is_none(), "{engine}");
        assert!(directory.reopen_own(user, due).await.unwrap().is_none(), "{engine}");
        assert_eq!(both_factors(&house, due).await, crate::CheckedCode::NoProfile, "{engine}");
        let (login, _) = crate::testing::MOTHER_SIGNS_IN;
        let started = directory.start_sign_in(login, "wrong", NOW.plus(HOUR)).await.unwrap();
        assert!(started.code.is_none(), "{engine}: the password alone decides that a code leaves");
        let state = patient(directory, mother).await.life.state(NOW.plus(HOUR));
        assert_eq!(state, ProfileState::Closed, "{engine}");
    }
}

#[tokio::test]
async fn what_is_allowed_in_an_emergency_is_changed_by_the_person_or_who_represents_them() {
    for house in houses().await {
        let (directory, engine) = (&house.directory, house.engine);
        let token = house.signed_in(NOW).await;
        let own = house.session(&token, NOW).await.unwrap();
        let before = directory.emergency_consents(own.profile.patient).await.unwrap();
        assert_eq!(before, Answered::default(), "{engine}: never asked, nothing allowed");
        let allowed = Consents { samu: true, masked: true, ..Consents::default() };
        for _ in 0..2 {
            directory.change_consents(&own, allowed, NOW).await.unwrap().unwrap();
        }
        let after = directory.emergency_consents(own.profile.patient).await.unwrap();
        assert_eq!(after, Answered { consents: allowed, at: Some(NOW) }, "{engine}");
        let none = Consents::default();
        directory.change_consents(&own, none, NOW.plus(HOUR)).await.unwrap().unwrap();
        let told = acts(&house, own.profile.account).await;
        let changes = told.iter().filter(|act| **act == Act::ConsentChanged).count();
        assert_eq!(changes, 2, "{engine}: the same answer again is no line: {told:?}");

        use ConsentRefusal::NotYours;
        // No second code leaves within a minute of another.
        for (case, ins, at, want) in [
            ("her child", crate::testing::CHILD, NOW.plus(2 * HOUR), Ok(())),
            ("her father, whom she helps", crate::testing::FATHER, NOW.plus(3 * HOUR), Err(NotYours)),
        ] {
            let patient = house.patient_id(ins).await;
            let token = house.signed_in(at).await;
            let session = house.session(&token, at).await.unwrap();
            let switched = directory.switch_profile(&session, patient, at).await.unwrap().unwrap();
            let acting = house.session(&switched.token, at).await.unwrap();
            let changed = directory.change_consents(&acting, allowed, at).await.unwrap();
            assert_eq!(changed, want, "{engine}: {case}");
            let kept = directory.emergency_consents(patient).await.unwrap().consents;
            assert_eq!(kept == allowed, want.is_ok(), "{engine}: {case}");
        }
        let mother = own.profile.patient;
        directory.close_profile(mother, ClosingWish::Archive, &Ground::own(mother), NOW).await.unwrap();
        let changed = directory.change_consents(&own, allowed, NOW).await.unwrap();
        assert_eq!(changed, Err(NotYours), "{engine}: a session from before");
    }
}
