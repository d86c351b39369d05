use std::collections::HashSet;

use names::{HOUR, MINUTE, SECOND};

use super::*;
use crate::WeakPassword;
use crate::testing::{House, MOTHER_SIGNS_IN, NOW, houses, read};

const WRONG: &str = "Trois-Tulipes-30";

async fn start(house: &House, now: Timestamp) -> Started {
    house.directory.start_sign_in(MOTHER_SIGNS_IN.0, MOTHER_SIGNS_IN.1, now).await.unwrap()
}

/// What became of a code, as one word.
async fn check(house: &House, started: &Started, code: &str, now: Timestamp) -> &'static str {
    match house.directory.check_code(&started.pending.token, code, now).await.unwrap() {
        CheckedCode::SignedIn(_) => "signed in",
        CheckedCode::Wrong => "wrong",
        CheckedCode::Over => "over",
        CheckedCode::Closed(_) => "closed",
        CheckedCode::NoProfile => "no profile",
    }
}

/// The code that was sent.
fn sent(started: &Started) -> String {
    started.code.as_ref().expect("a code leaves").code.clone()
}

/// A code that is not the one that was sent.
fn other(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

#[tokio::test]
async fn step_one_looks_the_same_whatever_was_wrong() {
    for house in houses().await {
        let right = start(&house, NOW).await;
        let code = right.code.clone().unwrap();
        assert_eq!(
            (code.channel, code.destination.as_str()),
            (Channel::Email, "zelie.quintard@courriel.example")
        );
        assert!(code.code.len() == 6 && code.code.bytes().all(|byte| byte.is_ascii_digit()), "{}", code.code);
        assert_eq!(format!("{right:?}"), "Started { pending: Pending(…), code: Some(CodeToSend(Email, …)) }");

        let wrong = house.directory.start_sign_in(MOTHER_SIGNS_IN.0, WRONG, NOW).await.unwrap();
        assert_eq!(
            wrong.pending.destination, right.pending.destination,
            "the mask does not tell who was right"
        );
        let unknown = house.directory.start_sign_in("personne.du.tout", WRONG, NOW).await.unwrap();
        let again = house.directory.start_sign_in("personne.du.tout", "Autre-Chose-12", NOW).await.unwrap();
        assert_eq!(unknown.pending.destination, again.pending.destination, "an invented mask stays the same");
        let long = house.directory.start_sign_in(MOTHER_SIGNS_IN.0, &"é".repeat(2000), NOW).await.unwrap();
        for started in [&wrong, &unknown, &long] {
            assert_eq!(started.code, None, "nothing leaves");
            assert_eq!(started.pending.token.len(), right.pending.token.len());
            assert!(
                started.pending.destination.contains("•••") || started.pending.destination.contains("•• ")
            );
            // Step two as well: five tries, then over, though no code could be right.
            for _ in 0..limits::CODE_TRIES {
                assert_eq!(check(&house, started, "123456", NOW).await, "wrong");
            }
            assert_eq!(check(&house, started, "123456", NOW).await, "over");
        }
        // The right factor's code does not open the pending sign-in of a wrong one.
        let wrong = house.directory.start_sign_in(MOTHER_SIGNS_IN.0, WRONG, NOW).await.unwrap();
        assert_eq!(check(&house, &wrong, &code.code, NOW).await, "wrong", "{}", house.engine);
        assert_eq!(check(&house, &right, &code.code, NOW).await, "signed in", "{}", house.engine);
    }
}

#[tokio::test]
async fn a_code_signs_in_once_within_ten_minutes_and_five_tries() {
    for house in houses().await {
        let mut now = NOW;
        let mut next = || {
            now = now.plus(30 * MINUTE);
            now
        };
        let at = next();
        let started = start(&house, at).await;
        let code = sent(&started);
        let spaced = format!(" {} {} ", &code[..3], &code[3..]);
        assert_eq!(check(&house, &started, &spaced, at.plus(10 * MINUTE - 1)).await, "signed in");
        assert_eq!(check(&house, &started, &code, at.plus(10 * MINUTE - 1)).await, "over", "not twice");

        let at = next();
        let started = start(&house, at).await;
        let code = sent(&started);
        assert_eq!(check(&house, &started, &code, at.plus(10 * MINUTE)).await, "over", "too late");

        let at = next();
        let started = start(&house, at).await;
        let code = sent(&started);
        for _ in 0..4 {
            assert_eq!(check(&house, &started, other(&code), at).await, "wrong");
        }
        assert_eq!(check(&house, &started, &code, at).await, "signed in", "the fifth try counts");

        let at = next();
        let started = start(&house, at).await;
        let code = sent(&started);
        for _ in 0..5 {
            assert_eq!(check(&house, &started, other(&code), at).await, "wrong");
        }
        assert_eq!(check(&house, &started, &code, at).await, "over", "{}: the sixth does not", house.engine);
        let unknown = Pending { token: "nobody".to_owned(), destination: String::new() };
        let unknown = Started { pending: unknown, code: None };
        assert_eq!(check(&house, &unknown, "123456", at).await, "over");
    }
}

#[tokio::test]
async fn of_fifty_requests_with_the_right_code_exactly_one_signs_in() {
    for house in houses().await {
        let started = start(&house, NOW).await;
        let code = sent(&started);
        let mut racers = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let (directory, token, code) =
                (house.directory.clone(), started.pending.token.clone(), code.clone());
            racers.spawn(async move { directory.check_code(&token, &code, NOW).await.unwrap() });
        }
        let answers = racers.join_all().await;
        let won = answers.iter().filter(|answer| matches!(answer, CheckedCode::SignedIn(_))).count();
        let over = answers.iter().filter(|answer| **answer == CheckedCode::Over).count();
        assert_eq!((won, over), (1, 49), "{}", house.engine);
        let mother = house.mother().await;
        assert_eq!(house.directory.sessions_of(mother, NOW).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn fifty_wrong_tries_at_once_count_as_five_and_no_more() {
    for house in houses().await {
        let started = start(&house, NOW).await;
        let code = sent(&started);
        let wrong = other(&code);
        let mut racers = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let (directory, token) = (house.directory.clone(), started.pending.token.clone());
            racers.spawn(async move { directory.check_code(&token, wrong, NOW).await.unwrap() });
        }
        let answers = racers.join_all().await;
        let tries = answers.iter().filter(|answer| **answer == CheckedCode::Wrong).count();
        assert_eq!(tries, 5, "{}", house.engine);
        assert_eq!(check(&house, &started, &code, NOW).await, "over");
    }
}

#[tokio::test]
async fn pressing_the_button_twice_sends_one_code_and_the_newer_page_takes_it() {
    for house in houses().await {
        let first = start(&house, NOW).await;
        let code = sent(&first);
        let second = start(&house, NOW.plus(59 * SECOND)).await;
        assert_eq!(second.code, None, "one code a minute");
        assert_eq!(check(&house, &first, &code, NOW.plus(59 * SECOND)).await, "over");
        assert_eq!(
            check(&house, &second, &code, NOW.plus(59 * SECOND)).await,
            "signed in",
            "{}",
            house.engine
        );
        let third = start(&house, NOW.plus(60 * SECOND)).await;
        assert!(third.code.is_some());
        let fourth = start(&house, NOW.plus(120 * SECOND)).await;
        assert_eq!(
            check(&house, &third, &sent(&third), NOW.plus(120 * SECOND)).await,
            "over",
            "a newer code retires it"
        );
        assert_eq!(check(&house, &fourth, &sent(&fourth), NOW.plus(120 * SECOND)).await, "signed in");
    }
}

#[tokio::test]
async fn five_codes_leave_in_an_hour_even_when_asked_all_at_once() {
    for house in houses().await {
        let mut racers = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let directory = house.directory.clone();
            racers.spawn(async move {
                directory
                    .start_sign_in(MOTHER_SIGNS_IN.0, MOTHER_SIGNS_IN.1, NOW)
                    .await
                    .unwrap()
                    .code
                    .is_some()
            });
        }
        let left = racers.join_all().await.into_iter().filter(|sent| *sent).count();
        assert_eq!(left, 1, "{}: one a minute", house.engine);
        let mut left = 1;
        for minute in 2..50 {
            left += usize::from(start(&house, NOW.plus(minute * MINUTE)).await.code.is_some());
        }
        assert_eq!(left, 5, "{}: five an hour", house.engine);
        assert!(start(&house, NOW.plus(HOUR)).await.code.is_some());
    }
}

#[tokio::test]
async fn refused_and_successful_sign_ins_are_told_in_the_patients_own_chain() {
    for house in houses().await {
        house.directory.start_sign_in(MOTHER_SIGNS_IN.0, WRONG, NOW).await.unwrap();
        let started = start(&house, NOW).await;
        let code = sent(&started);
        check(&house, &started, other(&code), NOW).await;
        check(&house, &started, &code, NOW).await;
        let mother = house.patient(crate::testing::MOTHER, NOW).await;
        let mut tx = house.db.read().await.unwrap();
        let told = audit::history(&mut tx, Chain::Account(mother.account), None, 10).await.unwrap();
        let told: Vec<(Act, String)> =
            told.into_iter().filter_map(|written| written.line.map(|line| (line.act, line.detail))).collect();
        assert_eq!(told.len(), 3, "{}: {told:?}", house.engine);
        assert_eq!(told[0].0, Act::SignedIn);
        assert_eq!(told[1], (Act::SignInRefused, "factor=code".to_owned()));
        assert_eq!(told[2], (Act::SignInRefused, "factor=password".to_owned()));
    }
}

#[tokio::test]
async fn codes_and_tokens_do_not_repeat() {
    for house in houses().await {
        let mut tokens = HashSet::new();
        for hour in 0..9 {
            let started = start(&house, NOW.plus(hour * 2 * HOUR)).await;
            assert!(tokens.insert(started.pending.token));
        }
    }
}

#[tokio::test]
async fn a_new_password_follows_the_rules_and_ends_every_session() {
    for house in houses().await {
        let token = house.signed_in(NOW).await;
        let user = house.session(&token, NOW).await.unwrap().user;
        for (weak, want) in [
            ("court-1A", WeakPassword::TooShort),
            ("Quintard-2026", WeakPassword::Personal),
            ("Zélie-et-moi-9", WeakPassword::Personal),
            ("Mai-1985-fleurs", WeakPassword::Personal),
        ] {
            let refused = house.directory.set_password(user, weak, NOW).await;
            assert!(matches!(refused, Err(Error::Password(why)) if why == want), "{weak}: {refused:?}");
        }
        assert!(house.session(&token, NOW).await.is_some());
        house.directory.set_password(user, "Cinq-Moineaux-61", NOW).await.unwrap();
        assert!(house.session(&token, NOW).await.is_none(), "{}", house.engine);
        assert!(house.directory.confirm_password(user, "Cinq-Moineaux-61").await.unwrap());
        assert!(!house.directory.confirm_password(user, MOTHER_SIGNS_IN.1).await.unwrap());
        // A second import of the seed does not bring the old password back.
        let applied = house.directory.import(read(crate::testing::SEED), NOW).await.unwrap();
        assert_eq!((applied.created, applied.changed), (0, 0));
        assert!(house.directory.confirm_password(user, "Cinq-Moineaux-61").await.unwrap());
    }
}

#[test]
fn masks_show_one_letter_and_a_country_or_two_digits() {
    let contact = |channel, destination: &str| Contact {
        login: "x".to_owned(),
        channel,
        destination: destination.to_owned(),
    };
    assert_eq!(mask(&contact(Channel::Email, "zelie.quintard@courriel.example")), "z•••@•••.example");
    assert_eq!(mask(&contact(Channel::Sms, "+33612345678")), "•• •• •• •• 78");
}
