use names::{HOUR, MINUTE};

use super::*;
use crate::testing::{CHILD, FATHER, MOTHER, NOW, houses};
use crate::{ProfileEvent, Relation};

#[tokio::test]
async fn a_session_begins_on_the_own_profile_and_knows_its_forms() {
    for house in houses().await {
        let token = house.signed_in(NOW).await;
        let session = house.session(&token, NOW).await.unwrap();
        assert_eq!((session.profile.is_own(), session.user_name.as_str()), (true, "Zélie Quintard"));
        assert_eq!(session.own_account, session.profile.account);
        assert!(session.is_csrf(&session.csrf.clone()) && !session.is_csrf("") && !session.is_csrf(&token));
        assert_eq!(session.assurance, Assurance::PasswordAndCode);
        assert!(!format!("{session:?}").contains("Zélie"), "a session is never printed with a name");
        for other in ["", "x", &token[1..], &token.to_lowercase()] {
            assert!(house.session(other, NOW).await.is_none(), "{}: {other:?}", house.engine);
        }
    }
}

#[tokio::test]
async fn a_session_ends_after_half_an_hour_unused_and_twelve_hours_whatever() {
    for house in houses().await {
        let token = house.signed_in(NOW).await;
        assert!(house.session(&token, NOW.plus(30 * MINUTE - 1)).await.is_some());
        assert!(house.session(&token, NOW.plus(30 * MINUTE)).await.is_none(), "{}: idle", house.engine);
        let mut now = NOW;
        while now < NOW.plus(12 * HOUR - 20 * MINUTE) {
            now = now.plus(20 * MINUTE);
            let session = house.session(&token, now).await.expect("kept alive by use");
            house.directory.touch_session(&session, now).await.unwrap();
        }
        assert!(house.session(&token, NOW.plus(12 * HOUR - 1)).await.is_some());
        assert!(house.session(&token, NOW.plus(12 * HOUR)).await.is_none(), "{}: absolute", house.engine);
    }
}

#[tokio::test]
async fn use_is_written_down_at_most_once_a_minute() {
    for house in houses().await {
        let token = house.signed_in(NOW).await;
        let session = house.session(&token, NOW).await.unwrap();
        for (seconds, want) in [(59, NOW), (60, NOW.plus(MINUTE))] {
            let now = NOW.plus(seconds * 1000);
            house.directory.touch_session(&session, now).await.unwrap();
            assert_eq!(house.session(&token, now).await.unwrap().seen, want, "{}", house.engine);
        }
    }
}

#[tokio::test]
async fn switching_profile_makes_a_new_token_and_kills_the_old_one() {
    for house in houses().await {
        let token = house.signed_in(NOW).await;
        let session = house.session(&token, NOW).await.unwrap();
        let child = house.patient(CHILD, NOW).await;
        let switched = house.directory.switch_profile(&session, child.patient, NOW).await.unwrap().unwrap();
        assert!(house.session(&token, NOW).await.is_none(), "{}: the old cookie is dead", house.engine);
        let on_child = house.session(&switched.token, NOW).await.unwrap();
        assert_eq!(
            (on_child.profile.account, on_child.profile.relation),
            (child.account, Relation::LegalRepresentative)
        );
        assert_eq!(
            (on_child.own_patient, on_child.user_name.as_str()),
            (session.own_patient, "Zélie Quintard")
        );
        assert_ne!(on_child.csrf, session.csrf);
        assert_eq!(on_child.ends, session.ends, "switching does not make a session longer");

        let stranger = house.patient_id("167029900040424").await;
        assert_eq!(house.directory.switch_profile(&on_child, stranger, NOW).await.unwrap(), None);
        assert!(house.session(&switched.token, NOW).await.is_some(), "a refused switch changes nothing");

        let mut tx = house.db.read().await.unwrap();
        let told = audit::history(&mut tx, Chain::Account(child.account), None, 5).await.unwrap();
        let line = told[0].line.clone().unwrap();
        assert_eq!((line.act, line.actor), (Act::ProfileSwitched, Actor::Patient(session.own_patient)));
        assert_eq!(line.for_whom, Some(Actor::Patient(child.patient)));
    }
}

#[tokio::test]
async fn a_profile_closed_during_a_session_closes_the_session() {
    for house in houses().await {
        let token = house.signed_in(NOW).await;
        let session = house.session(&token, NOW).await.unwrap();
        let father = house.patient_id(FATHER).await;
        let switched = house.directory.switch_profile(&session, father, NOW).await.unwrap().unwrap();
        assert!(house.session(&switched.token, NOW).await.is_some());
        house.directory.change_profile(father, ProfileEvent::Closed, Actor::Operator, NOW).await.unwrap();
        assert!(house.session(&switched.token, NOW).await.is_none(), "{}", house.engine);
    }
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_or_all_others() {
    for house in houses().await {
        let first = house.signed_in(NOW).await;
        let second = house.signed_in(NOW.plus(2 * MINUTE)).await;
        let third = house.signed_in(NOW.plus(4 * MINUTE)).await;
        let now = NOW.plus(5 * MINUTE);
        let session = house.session(&first, now).await.unwrap();
        let listed = house.directory.sessions_of(session.user, now).await.unwrap();
        assert_eq!(listed.len(), 3);
        assert_eq!((listed[2].id, listed[2].created), (session.id, NOW), "latest used first");

        assert!(house.directory.end_session(&session, listed[0].id, now).await.unwrap());
        assert!(!house.directory.end_session(&session, listed[0].id, now).await.unwrap());
        assert!(house.session(&third, now).await.is_none());
        house.directory.end_sessions(session.user, Some(session.id)).await.unwrap();
        assert!(house.session(&second, now).await.is_none() && house.session(&first, now).await.is_some());
        assert!(house.directory.end_session(&session, session.id, now).await.unwrap());
        assert!(house.session(&first, now).await.is_none(), "{}", house.engine);
        let mother = house.patient_id(MOTHER).await;
        assert_eq!(session.own_patient, mother);
    }
}
