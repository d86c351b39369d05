//! The second parent.

use super::*;
use crate::Session;

/// The mother's session, and a father with an activated space of his own.
async fn parents(house: &House) -> (Session, Session) {
    let mother = house.signed_in(NOW).await;
    let mother = house.session(&mother, NOW).await.unwrap();
    let directory = &house.directory;
    let started = directory.start_sign_in("jean.petit", "Quatre-Bateaux-47", NOW).await.unwrap();
    let code = started.code.unwrap().code;
    let crate::CheckedCode::SignedIn(signed_in) =
        directory.check_code(&started.pending.token, &code, NOW).await.unwrap()
    else {
        panic!("the father signs in")
    };
    (mother, house.session(&signed_in.token, NOW).await.unwrap())
}

fn father() -> Invited {
    Invited {
        birth_name: "PETIT".to_owned(),
        given_name: "jean".to_owned(),
        birth_date: jiff::civil::date(1967, 2, 19),
    }
}

#[tokio::test]
async fn the_second_parent_is_invited_by_name_and_accepts() {
    for house in houses().await {
        let directory = &house.directory;
        let (mother, other) = parents(&house).await;
        let child = house.patient_id(CHILD).await;
        directory.invite_representative(&mother, child, &father(), NOW).await.unwrap().unwrap();
        assert_eq!(leave(directory, NOW).await.kind, NoticeKind::RepresentationAsked);
        let waits = directory.representations_received(other.user, NOW).await.unwrap();
        assert_eq!((waits.len(), waits[0].other.as_str()), (1, "Zélie Quintard"), "{}", house.engine);
        assert!(
            !directory.accept_representation(&mother, waits[0].id, NOW).await.unwrap(),
            "not by whoever asked"
        );
        assert!(directory.accept_representation(&other, waits[0].id, NOW).await.unwrap());
        assert!(!directory.accept_representation(&other, waits[0].id, NOW).await.unwrap(), "once");
        let profiles = directory.profiles_of(other.user, NOW).await.unwrap();
        assert!(profiles.iter().any(|profile| profile.patient == child), "{}", house.engine);
        let asked = directory.representations_asked(mother.user, NOW).await.unwrap();
        assert_eq!((asked[0].other.as_str(), asked[0].state), ("jean PETIT", RepresentationState::Accepted));
        let again = directory.invite_representative(&mother, child, &father(), NOW).await.unwrap();
        assert_eq!(again, Ok(()), "whoever asks learns nothing");
        assert!(directory.representations_received(other.user, NOW).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn an_invitation_that_reaches_nobody_looks_like_one_that_waits_and_expires() {
    for house in houses().await {
        let directory = &house.directory;
        let (mother, other) = parents(&house).await;
        let child = house.patient_id(CHILD).await;
        let nobody = Invited { birth_name: "Personne".to_owned(), ..father() };
        let lucie = Invited {
            birth_name: "Garnier".to_owned(),
            given_name: "Lucie".to_owned(),
            birth_date: jiff::civil::date(1996, 12, 1),
        };
        for whom in [nobody, lucie, father()] {
            directory.invite_representative(&mother, child, &whom, NOW).await.unwrap().unwrap();
        }
        let asked = directory.representations_asked(mother.user, NOW).await.unwrap();
        assert!(asked.iter().all(|line| line.state == RepresentationState::Waiting), "{}", house.engine);
        assert_eq!(asked.len(), 3);
        let more = directory.invite_representative(&mother, child, &father(), NOW).await.unwrap();
        assert_eq!(more, Err(RepresentativeRefusal::TooMany));
        let waits = directory.representations_received(other.user, NOW).await.unwrap();
        assert_eq!(waits.len(), 1, "only the one who is meant");
        let late = NOW.plus(30 * DAY);
        assert!(directory.representations_received(other.user, late).await.unwrap().is_empty());
        assert!(
            !directory.accept_representation(&other, waits[0].id, late).await.unwrap(),
            "{}",
            house.engine
        );
        let asked = directory.representations_asked(mother.user, late).await.unwrap();
        assert!(asked.iter().all(|line| line.state == RepresentationState::Expired));
    }
}

#[tokio::test]
async fn only_who_represents_a_child_invites_and_only_for_a_child() {
    for house in houses().await {
        let directory = &house.directory;
        let (mother, other) = parents(&house).await;
        let child = house.patient_id(CHILD).await;
        let helped = house.patient_id(crate::testing::FATHER).await;
        for (case, session, whom, want) in [
            ("a stranger", &other, child, RepresentativeRefusal::NotYours),
            ("an adult whom one helps", &mother, helped, RepresentativeRefusal::NotYours),
            ("oneself", &mother, mother.own_patient, RepresentativeRefusal::NotYours),
        ] {
            let refused = directory.invite_representative(session, whom, &father(), NOW).await.unwrap();
            assert_eq!(refused, Err(want), "{}: {case}", house.engine);
        }
        directory.invite_representative(&mother, child, &father(), NOW).await.unwrap().unwrap();
        let id = directory.representations_received(other.user, NOW).await.unwrap()[0].id;
        assert!(directory.refuse_representation(&other, id, NOW).await.unwrap());
        let asked = directory.representations_asked(mother.user, NOW).await.unwrap();
        assert_eq!(asked[0].state, RepresentationState::Refused, "{}", house.engine);
        let profiles = directory.profiles_of(other.user, NOW).await.unwrap();
        assert!(!profiles.iter().any(|profile| profile.patient == child));
    }
}

#[tokio::test]
async fn support_adds_a_representative_on_proof_and_ends_it() {
    for house in houses().await {
        let directory = &house.directory;
        let (_, other) = parents(&house).await;
        let child = house.patient_id(CHILD).await;
        let created = house.patient_id("296129900070759").await;
        let ground = Ground::support(Actor::Operator, Reason::ByRepresentative, None);
        for (case, child, representative, want) in [
            ("no space of their own", child, created, RepresentativeRefusal::NoSpace),
            ("an adult", other.own_patient, house.patient_id(MOTHER).await, RepresentativeRefusal::NoChild),
            ("already", child, house.patient_id(MOTHER).await, RepresentativeRefusal::Already),
        ] {
            let refused = directory.add_representative(child, representative, &ground, NOW).await.unwrap();
            assert_eq!(refused, Err(want), "{}: {case}", house.engine);
        }
        directory.add_representative(child, other.own_patient, &ground, NOW).await.unwrap().unwrap();
        let acts_for = async |now| {
            let profiles = directory.profiles_of(other.user, now).await.unwrap();
            profiles.iter().any(|profile| profile.patient == child)
        };
        assert!(acts_for(NOW).await, "{}", house.engine);
        let view = directory.support_view(child, NOW).await.unwrap();
        assert_eq!(view.representatives.len(), 2);
        assert!(
            directory.remove_representative(child, other.own_patient, &ground, NOW.plus(DAY)).await.unwrap()
        );
        assert!(!acts_for(NOW.plus(DAY)).await, "{}", house.engine);
        let told = acts(&house, house.patient(CHILD, NOW).await.account).await;
        assert!(told.ends_with(&[Act::RepresentativeAdded, Act::RepresentativeEnded]), "{told:?}");
    }
}
