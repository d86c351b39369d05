//! From the code to a space of one's own.

use super::*;
use crate::{Channel, CheckedCode};

const GOOD: (&str, &str) = ("octavie.58", "Cerise-Bleue-29");

/// Announced, told, created; the code.
async fn created(directory: &Directory) -> (PatientId, String, Timestamp) {
    let id = enter(directory, traits(NEW, Some("old@courriel.example")), Entrance::Announced, NOW).await;
    let code = leave(directory, NOW).await.code.unwrap().to_string();
    (id, code, NOW.plus(43 * DAY))
}

async fn identified(directory: &Directory, code: &str, now: Timestamp) -> String {
    directory
        .identify(&identity(NEW, OCTAVIE_BORN, code), now)
        .await
        .unwrap()
        .expect("the code is right")
        .token
}

/// All steps before the last.
async fn ready(directory: &Directory, token: &str, now: Timestamp) {
    directory.choose_login(token, GOOD.0, GOOD.1, now).await.unwrap().unwrap();
    let codes = directory
        .give_contacts(token, "octavie@courriel.example", "06 12 34 56 78", now)
        .await
        .unwrap()
        .unwrap();
    let given: Vec<(Channel, String)> = codes.into_iter().map(|code| (code.channel, code.code)).collect();
    directory.confirm_contacts(token, &given, now).await.unwrap().unwrap();
}

#[tokio::test]
async fn an_activated_space_is_signed_in_to_by_the_ordinary_way() {
    for house in houses().await {
        let directory = house.directory.clone().under(rules());
        let (id, code, now) = created(&directory).await;
        let token = identified(&directory, &code, now).await;
        let begun = directory.activating(&token, now).await.unwrap().unwrap();
        assert_eq!(
            (begun.given_name.as_str(), begun.state, begun.is_minor),
            ("Octavie", ProfileState::Created, false)
        );
        ready(&directory, &token, now).await;
        assert!(directory.activating(&token, now).await.unwrap().unwrap().contacts_confirmed());
        let consents = Consents { samu: true, ..Consents::default() };
        let signed_in = directory.activate(&token, consents, now).await.unwrap().unwrap();
        let session = directory.session(&signed_in.token, now).await.unwrap().expect("signed in");
        assert_eq!(session.own_patient, id, "{}", house.engine);
        let after = patient(&directory, id).await;
        assert_eq!(after.life.state(now), ProfileState::Activated);
        assert_eq!(
            after.traits.email.as_deref(),
            Some("octavie@courriel.example"),
            "where alerts go from now on"
        );
        assert_eq!(after.traits.phone.as_deref(), Some("+33612345678"));
        assert_eq!(directory.emergency_consents(id).await.unwrap().consents, consents);

        let started = directory.start_sign_in(GOOD.0, GOOD.1, now.plus(HOUR)).await.unwrap();
        let sent = started.code.expect("a code leaves");
        assert_eq!(sent.destination, "octavie@courriel.example");
        let checked = directory.check_code(&started.pending.token, &sent.code, now.plus(HOUR)).await.unwrap();
        assert!(matches!(checked, CheckedCode::SignedIn(_)), "{}: {checked:?}", house.engine);

        // What an import says of where they are written to no longer counts.
        let row = format!(
            "[[patients]]\nins = \"{}\"\nbirth_name = \"Brindavoine\"\ngiven_names = [\"Octavie\"]\n\
             birth_date = 1958-07-03\nsex = \"F\"\nemail = \"old@courriel.example\"\n",
            ins(NEW).expose()
        );
        directory.import(crate::testing::read(&row), now).await.unwrap();
        assert_eq!(patient(&directory, id).await.traits, after.traits, "{}", house.engine);

        // The code served once.
        assert!(directory.identify(&identity(NEW, OCTAVIE_BORN, &code), now).await.unwrap().is_none());
        let again = directory.activate(&token, consents, now).await.unwrap();
        assert_eq!(again.unwrap_err(), ActivationRefusal::Over);
        let told = acts(&house, after.account).await;
        assert!(told.ends_with(&[Act::SignInRefused]), "{told:?}");
        for act in [Act::ActivationBegun, Act::ProfileActivated, Act::ConsentChanged, Act::SignedIn] {
            assert!(told.contains(&act), "{}: {act:?}", house.engine);
        }
    }
}

#[tokio::test]
async fn whatever_is_wrong_has_one_answer_and_one_line() {
    for house in houses().await {
        let directory = &house.directory;
        let (_, code, now) = created(directory).await;
        let other = jiff::civil::date(1958, 7, 4);
        for (case, asked) in [
            ("nobody has this INS", identity("190019900099901", OCTAVIE_BORN, &code)),
            ("another day", identity(NEW, other, &code)),
            ("another code", identity(NEW, OCTAVIE_BORN, "AAAABBBBCCCC")),
            ("small letters", identity(NEW, OCTAVIE_BORN, &code.to_lowercase())),
            ("no code", identity(NEW, OCTAVIE_BORN, "")),
            ("somebody activated long ago", identity(MOTHER, jiff::civil::date(1985, 5, 12), &code)),
            ("no date", Identity { birth_date: None, ..identity(NEW, OCTAVIE_BORN, &code) }),
        ] {
            assert_eq!(directory.identify(&asked, now).await.unwrap(), None, "{}: {case}", house.engine);
        }
        let spaced = format!(" {} {}-{} ", &code[..4], &code[4..8], &code[8..]);
        assert!(directory.identify(&identity(NEW, OCTAVIE_BORN, &spaced), now).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn an_operator_may_do_without_the_date_of_birth() {
    for house in houses().await {
        let directory = house.directory.clone().under(ProfileRules { proofs: Vec::new(), ..rules() });
        let (_, code, now) = created(&directory).await;
        let asked = Identity { birth_date: None, ..identity(NEW, OCTAVIE_BORN, &code) };
        assert!(directory.identify(&asked, now).await.unwrap().is_some(), "{}", house.engine);
    }
}

#[tokio::test]
async fn login_ids_and_passwords_follow_the_rules() {
    for house in houses().await {
        let directory = &house.directory;
        let (_, code, now) = created(directory).await;
        let token = identified(directory, &code, now).await;
        let number = ins(NEW).expose().to_owned();
        for (case, login, password) in [
            ("too short", "octavie", GOOD.1),
            ("an address", "octavie@courriel.example", GOOD.1),
            ("the INS", number.as_str(), GOOD.1),
            ("a bank account", "fr7630006000011234567890189", GOOD.1),
            ("somebody's", "zelie.quintard", GOOD.1),
            ("a password with the name", GOOD.0, "Brindavoine-29"),
            ("a password with the birthday", GOOD.0, "Ab-03071958-x"),
            ("a weak password", GOOD.0, "Azerty-123!"),
        ] {
            let refused = directory.choose_login(&token, login, password, now).await.unwrap();
            assert!(refused.is_err(), "{}: {case}", house.engine);
        }
        directory.choose_login(&token, GOOD.0, GOOD.1, now).await.unwrap().unwrap();
        let other = directory.choose_login("no such token", GOOD.0, GOOD.1, now).await.unwrap();
        assert_eq!(other, Err(LoginRefusal::Over));
    }
}

#[tokio::test]
async fn no_step_is_skipped_and_codes_are_guessed_five_times_at_most() {
    for house in houses().await {
        let directory = &house.directory;
        let (_, code, now) = created(directory).await;
        let token = identified(directory, &code, now).await;
        let over = async || directory.activate(&token, Consents::default(), now).await.unwrap().unwrap_err();
        assert_eq!(over().await, ActivationRefusal::Incomplete, "{}", house.engine);
        directory.choose_login(&token, GOOD.0, GOOD.1, now).await.unwrap().unwrap();
        assert_eq!(over().await, ActivationRefusal::Incomplete, "no contact");
        let sent = directory.give_contacts(&token, "o@courriel.example", "", now).await.unwrap().unwrap();
        assert_eq!(over().await, ActivationRefusal::Incomplete, "the contact is not confirmed");
        let again = directory.give_contacts(&token, "x@courriel.example", "", now).await.unwrap();
        assert_eq!(again, Err(ContactRefusal::TooMany), "not twice in a minute");
        for _ in 0..5 {
            let wrong =
                directory.confirm_contacts(&token, &[(Channel::Email, "x".to_owned())], now).await.unwrap();
            assert_eq!(wrong, Err(ContactRefusal::WrongCode));
        }
        let right = [(Channel::Email, sent[0].code.clone())];
        let late = directory.confirm_contacts(&token, &right, now).await.unwrap();
        assert_eq!(late, Err(ContactRefusal::WrongCode), "{}: tried too often", house.engine);
        // A new code, ten minutes too old.
        let later = now.plus(2 * MINUTE);
        let sent = directory.give_contacts(&token, "o@courriel.example", "", later).await.unwrap().unwrap();
        let right = [(Channel::Email, sent[0].code.clone())];
        let old = directory.confirm_contacts(&token, &right, later.plus(10 * MINUTE)).await.unwrap();
        assert_eq!(old, Err(ContactRefusal::WrongCode), "{}: too old", house.engine);
        assert!(
            directory.activating(&token, now.plus(61 * MINUTE)).await.unwrap().is_none(),
            "an hour is enough"
        );
    }
}

#[tokio::test]
async fn opposition_by_code_holds_for_six_weeks_and_is_withdrawn_by_the_same_code() {
    for house in houses().await {
        let directory = &house.directory;
        let id = enter(directory, traits(NEW, Some("o@courriel.example")), Entrance::Announced, NOW).await;
        let code = leave(directory, NOW).await.code.unwrap().to_string();
        let now = NOW.plus(10 * DAY);
        let token = identified(directory, &code, now).await;
        assert!(directory.oppose_by_code(&token, now).await.unwrap(), "{}", house.engine);
        assert!(!directory.oppose_by_code(&token, now).await.unwrap(), "once");
        assert_eq!(patient(directory, id).await.life.state(now.plus(90 * DAY)), ProfileState::Opposed);
        let back = now.plus(60 * DAY);
        let token = identified(directory, &code, back).await;
        assert!(directory.withdraw_by_code(&token, back).await.unwrap());
        assert_eq!(patient(directory, id).await.life.state(back), ProfileState::Created);
        assert!(
            !directory.oppose_by_code(&token, back).await.unwrap(),
            "{}: six weeks are over",
            house.engine
        );
    }
}

#[tokio::test]
async fn a_child_is_activated_by_who_is_signed_in_and_by_nobody_alone() {
    for house in houses().await {
        let directory = house.directory.clone().under(rules());
        let child = Traits {
            birth_date: jiff::civil::date(2020, 3, 1),
            birth_place: None,
            given_names: vec!["Lison".to_owned()],
            ..traits("220039900011122", Some("zelie.quintard@courriel.example"))
        };
        let id = enter(&directory, child, Entrance::AtOnce, NOW).await;
        let code = leave(&directory, NOW).await.code.unwrap().to_string();
        let asked = identity("220039900011122", jiff::civil::date(2020, 3, 1), &code);
        let token = directory.identify(&asked, NOW).await.unwrap().unwrap().token;
        assert!(directory.activating(&token, NOW).await.unwrap().unwrap().is_minor);
        ready(&directory, &token, NOW).await;
        let alone = directory.activate(&token, Consents::default(), NOW).await.unwrap();
        assert_eq!(alone.unwrap_err(), ActivationRefusal::Minor, "{}", house.engine);
        let mother = house.signed_in(NOW).await;
        let session = directory.session(&mother, NOW).await.unwrap().unwrap();
        let opened =
            directory.activate_child(&token, &session, Consents::default(), NOW).await.unwrap().unwrap();
        assert_eq!(opened.patient, id);
        let profiles = directory.profiles_of(session.user, NOW).await.unwrap();
        assert!(profiles.iter().any(|profile| profile.patient == id), "{}", house.engine);
        let grown = Timestamp::noon_utc(2038, 3, 2);
        let profiles = directory.profiles_of(session.user, grown).await.unwrap();
        assert!(!profiles.iter().any(|profile| profile.patient == id), "{}: of age", house.engine);
    }
}

#[tokio::test]
async fn two_browsers_with_one_code_make_one_user() {
    for house in houses().await {
        let directory = &house.directory;
        let (id, code, now) = created(directory).await;
        let first = identified(directory, &code, now).await;
        let second = identified(directory, &code, now).await;
        assert!(
            directory.activating(&first, now).await.unwrap().is_none(),
            "{}: one at a time",
            house.engine
        );
        ready(directory, &second, now).await;
        let (one, two) = tokio::join!(
            directory.activate(&second, Consents::default(), now),
            directory.activate(&second, Consents::default(), now)
        );
        let won = [one.unwrap(), two.unwrap()].into_iter().filter(Result::is_ok).count();
        assert_eq!(won, 1, "{}", house.engine);
        assert_eq!(patient(directory, id).await.life.state(now), ProfileState::Activated);
    }
}
