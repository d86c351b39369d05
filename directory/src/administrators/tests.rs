use names::{HOUR, MINUTE, NationalStructureId, OrganisationId, SECOND};
use totp_rs::{Builder, Secret};

use super::*;
use crate::testing::{House, NOW, houses};
use crate::{Error, SignedIn, limits, organisations};

const LOGIN: &str = "claire.petit";
const PASSWORD: &str = "Huit-Phares-52";
/// The hospital of the seed.
const HOSPITAL: &str = "1990000010";

fn new() -> NewAdministrator {
    NewAdministrator {
        login: LOGIN.to_owned(),
        name: "Claire Petit".to_owned(),
        roles: Roles::of(&[Role::Directory]),
        organisations: Vec::new(),
    }
}

/// What her telephone shows.
fn code(secret: &str, now: Timestamp) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    let totp = Builder::new().with_secret(secret).build().unwrap();
    totp.generate(u64::try_from(now.0 / SECOND).unwrap()).to_string()
}

/// Invited and enrolled: the secret of her telephone, the recovery codes, the session.
async fn enrolled(house: &House, now: Timestamp) -> (String, Vec<String>, SignedIn) {
    let directory = &house.directory;
    let invitation = directory.add_administrator(&new(), Actor::Operator, now).await.unwrap();
    finish(house, &invitation.code, now).await
}

async fn finish(house: &House, code_of_paper: &str, now: Timestamp) -> (String, Vec<String>, SignedIn) {
    let directory = &house.directory;
    let begun = directory.begin_enrolment(LOGIN, code_of_paper, PASSWORD, now).await.unwrap();
    let Begun::Begun(token) = begun else { panic!("{begun:?}") };
    let secret = directory.enrolling(&token, "Pli", now).await.unwrap().unwrap().secret;
    match directory.finish_enrolment(&token, &code(&secret, now), now).await.unwrap() {
        Finished::Enrolled(signed_in, recovery) => (secret, recovery, signed_in),
        other => panic!("{other:?}"),
    }
}

async fn sign_in(house: &House, password: &str, code: &str, now: Timestamp) -> CheckedFactor {
    let directory = &house.directory;
    let started = directory.start_administrator_sign_in(LOGIN, password, now).await.unwrap();
    directory.check_administrator_code(&started.token, code, None, now).await.unwrap()
}

async fn session(house: &House, token: &str, now: Timestamp) -> Option<AdministratorSession> {
    house.directory.administrator_session(token, now).await.unwrap()
}

async fn refusals(house: &House) -> usize {
    let mut tx = house.db.read().await.unwrap();
    let lines = audit::history(&mut tx, Chain::System, None, 500).await.unwrap();
    lines.iter().filter(|line| line.line.as_ref().is_some_and(|line| line.act == Act::SignInRefused)).count()
}

#[tokio::test]
async fn an_invitation_becomes_both_factors_or_none() {
    for house in houses().await {
        let directory = &house.directory;
        assert_eq!(directory.administrators().await.unwrap(), [], "no account by default");
        let invitation = directory.add_administrator(&new(), Actor::Operator, NOW).await.unwrap();
        let taken = directory.add_administrator(&new(), Actor::Operator, NOW).await;
        assert!(matches!(taken, Err(Error::Taken(_))), "{}", house.engine);
        let begin = async |login: &str, code: &str, password: &str, now| {
            directory.begin_enrolment(login, code, password, now).await.unwrap()
        };
        let right = invitation.code.as_str();
        for (case, login, code, now) in [
            ("unknown", "claire", right, NOW),
            ("wrong code", LOGIN, "aaaa-bbbb-cccc", NOW),
            ("too late", LOGIN, right, NOW.plus(limits::INVITATION_LIFE)),
        ] {
            assert_eq!(begin(login, code, PASSWORD, now).await, Begun::Refused, "{}: {case}", house.engine);
        }
        for weak in ["court", "Claire-Petit-1"] {
            assert!(matches!(begin(LOGIN, right, weak, NOW).await, Begun::Weak(_)), "{weak}");
        }
        // The password alone opens nothing, before and after it was typed with the invitation.
        let Begun::Begun(token) = begin(LOGIN, right, PASSWORD, NOW).await else { panic!("refused") };
        let started = directory.start_administrator_sign_in(LOGIN, PASSWORD, NOW).await.unwrap();
        assert!(!started.right, "{}", house.engine);
        let secret = directory.enrolling(&token, "Pli", NOW).await.unwrap().unwrap().secret;
        let wrong = directory.finish_enrolment(&token, "000000", NOW).await.unwrap();
        assert_eq!(wrong, Finished::Wrong);
        let at = NOW.plus(MINUTE);
        let done = directory.finish_enrolment(&token, &code(&secret, at), at).await.unwrap();
        let Finished::Enrolled(signed_in, recovery) = done else { panic!("{done:?}") };
        assert_eq!(recovery.len(), limits::RECOVERY_CODES);
        let live = session(&house, &signed_in.token, at).await.unwrap();
        assert_eq!(live.administrator.state, AdministratorState::Active);
        assert!(live.is_csrf(&signed_in.csrf) && !live.is_csrf("") && live.is_fresh(at));
        // Neither the invitation nor the enrolment serves again.
        assert_eq!(begin(LOGIN, right, PASSWORD, at).await, Begun::Refused, "{}", house.engine);
        let at = NOW.plus(2 * MINUTE);
        let again = directory.finish_enrolment(&token, &code(&secret, at), at).await.unwrap();
        assert_eq!(again, Finished::Over);
    }
}

#[tokio::test]
async fn five_wrong_first_codes_end_an_enrolment() {
    for house in houses().await {
        let directory = &house.directory;
        let invitation = directory.add_administrator(&new(), Actor::Operator, NOW).await.unwrap();
        let begun = directory.begin_enrolment(LOGIN, &invitation.code, PASSWORD, NOW).await.unwrap();
        let Begun::Begun(token) = begun else { panic!("{begun:?}") };
        let secret = directory.enrolling(&token, "Pli", NOW).await.unwrap().unwrap().secret;
        for _ in 0..limits::CODE_TRIES {
            assert_eq!(directory.finish_enrolment(&token, "000000", NOW).await.unwrap(), Finished::Wrong);
        }
        let late = directory.finish_enrolment(&token, &code(&secret, NOW), NOW).await.unwrap();
        assert_eq!(late, Finished::Over, "{}", house.engine);
        assert!(directory.enrolling(&token, "Pli", NOW).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_code_serves_once_and_only_with_the_password() {
    for house in houses().await {
        let (secret, _, _) = enrolled(&house, NOW).await;
        let wrong = |known: bool| CheckedFactor::Wrong(known.then(|| LOGIN.to_owned()));
        let first = code(&secret, NOW);
        // The code of the enrolment was taken.
        assert_eq!(sign_in(&house, PASSWORD, &first, NOW).await, wrong(true), "{}: replayed", house.engine);
        let at = NOW.plus(MINUTE);
        let shown = code(&secret, at);
        assert_eq!(sign_in(&house, "Neuf-Phares-52", &shown, at).await, wrong(false), "wrong password");
        assert_eq!(sign_in(&house, PASSWORD, "123456", at).await, wrong(true), "wrong code");
        let spaced = format!("{} {}", &shown[..3], &shown[3..]);
        assert!(matches!(sign_in(&house, PASSWORD, &spaced, at).await, CheckedFactor::SignedIn(_)));
        assert_eq!(sign_in(&house, PASSWORD, &shown, at).await, wrong(true), "{}: replayed", house.engine);
        // Nor a code from before the one that was taken.
        let earlier = code(&secret, at.plus(-30 * SECOND));
        assert_eq!(sign_in(&house, PASSWORD, &earlier, at).await, wrong(true), "an earlier one");
        assert_eq!(refusals(&house).await, 6, "{}: each is told", house.engine);
    }
}

#[tokio::test]
async fn the_same_code_at_the_same_moment_signs_one_browser_in() {
    for house in houses().await {
        let (secret, _, _) = enrolled(&house, NOW).await;
        let at = NOW.plus(MINUTE);
        let shown = code(&secret, at);
        let (one, two) =
            tokio::join!(sign_in(&house, PASSWORD, &shown, at), sign_in(&house, PASSWORD, &shown, at));
        let entered = [one, two].iter().filter(|one| matches!(one, CheckedFactor::SignedIn(_))).count();
        assert_eq!(entered, 1, "{}", house.engine);
    }
}

#[tokio::test]
async fn a_wrong_password_looks_like_a_right_one_until_the_code_and_tries_are_counted() {
    for house in houses().await {
        let (secret, _, _) = enrolled(&house, NOW).await;
        let directory = &house.directory;
        let at = NOW.plus(MINUTE);
        for login in [LOGIN, "nobody.here"] {
            let started = directory.start_administrator_sign_in(login, "Faux-Phares-52", at).await.unwrap();
            assert!(!started.right && started.token.len() == 43, "{}", house.engine);
            for _ in 0..limits::CODE_TRIES {
                let tried = directory.check_administrator_code(&started.token, "000000", None, at).await;
                assert_eq!(tried.unwrap(), CheckedFactor::Wrong(None));
            }
            let tried = directory.check_administrator_code(&started.token, "000000", None, at).await;
            assert_eq!(tried.unwrap(), CheckedFactor::Over, "{}", house.engine);
        }
        let started = directory.start_administrator_sign_in(LOGIN, PASSWORD, at).await.unwrap();
        let late = at.plus(limits::CODE_LIFE);
        let tried =
            directory.check_administrator_code(&started.token, &code(&secret, late), None, late).await;
        assert_eq!(tried.unwrap(), CheckedFactor::Over, "too late");
        let tried = directory.check_administrator_code("no such token", "000000", None, at).await;
        assert_eq!(tried.unwrap(), CheckedFactor::Over);
    }
}

#[tokio::test]
async fn a_recovery_code_serves_once() {
    for house in houses().await {
        let (_, recovery, _) = enrolled(&house, NOW).await;
        let typed = recovery[3].to_uppercase().replace('-', " ");
        assert!(matches!(sign_in(&house, PASSWORD, &typed, NOW).await, CheckedFactor::SignedIn(_)));
        let again = sign_in(&house, PASSWORD, &recovery[3], NOW).await;
        assert_eq!(again, CheckedFactor::Wrong(Some(LOGIN.to_owned())), "{}", house.engine);
        let wrong = sign_in(&house, "Neuf-Phares-52", &recovery[4], NOW).await;
        assert_eq!(wrong, CheckedFactor::Wrong(None));
        assert!(matches!(sign_in(&house, PASSWORD, &recovery[4], NOW).await, CheckedFactor::SignedIn(_)));
    }
}

#[tokio::test]
async fn sessions_end_when_idle_after_eight_hours_and_when_their_holder_is_disabled() {
    for house in houses().await {
        let directory = &house.directory;
        let (secret, _, signed_in) = enrolled(&house, NOW).await;
        let token = signed_in.token;
        let idle = NOW.plus(limits::SESSION_IDLE);
        assert!(session(&house, &token, idle.plus(-1)).await.is_some(), "{}", house.engine);
        assert!(session(&house, &token, idle).await.is_none(), "{}: idle", house.engine);
        let mut at = NOW;
        while let Some(live) = session(&house, &token, at).await {
            directory.touch_administrator_session(&live, at).await.unwrap();
            at = at.plus(20 * MINUTE);
        }
        assert_eq!(at, NOW.plus(8 * HOUR), "{}", house.engine);

        let entered = sign_in(&house, PASSWORD, &code(&secret, at), at).await;
        let CheckedFactor::SignedIn(signed_in) = entered else { panic!("{entered:?}") };
        let live = session(&house, &signed_in.token, at).await.unwrap();
        // The second factor is asked for again before grave acts, and a code that served does not serve.
        let later = at.plus(limits::STEP_UP);
        assert!(live.is_fresh(later.plus(-1)) && !live.is_fresh(later));
        assert!(!directory.prove_again(&live, &code(&secret, at), later).await.unwrap(), "{}", house.engine);
        assert!(directory.prove_again(&live, &code(&secret, later), later).await.unwrap());
        assert!(!directory.prove_again(&live, &code(&secret, later), later).await.unwrap(), "replayed");
        assert!(session(&house, &signed_in.token, later).await.unwrap().is_fresh(later));

        directory.disable_administrator(LOGIN, Actor::Operator, later).await.unwrap();
        assert!(session(&house, &signed_in.token, later).await.is_none(), "{}", house.engine);
        let at = later.plus(MINUTE);
        let refused = sign_in(&house, PASSWORD, &code(&secret, at), at).await;
        assert_eq!(refused, CheckedFactor::Wrong(None));
    }
}

#[tokio::test]
async fn another_invitation_replaces_lost_factors_and_ends_sessions() {
    for house in houses().await {
        let directory = &house.directory;
        let (before, recovery, signed_in) = enrolled(&house, NOW).await;
        let invitation = directory.invite_administrator(LOGIN, Actor::Operator, NOW).await.unwrap();
        assert!(session(&house, &signed_in.token, NOW).await.is_some(), "until the new factors are there");
        let at = NOW.plus(MINUTE);
        let (after, _, _) = finish(&house, &invitation.code, at).await;
        assert_ne!(before, after);
        assert!(session(&house, &signed_in.token, at).await.is_none(), "{}", house.engine);
        let at = NOW.plus(2 * MINUTE);
        let wrong = CheckedFactor::Wrong(Some(LOGIN.to_owned()));
        assert_eq!(sign_in(&house, PASSWORD, &code(&before, at), at).await, wrong);
        assert_eq!(sign_in(&house, PASSWORD, &recovery[0], at).await, wrong);
        assert!(matches!(sign_in(&house, PASSWORD, &code(&after, at), at).await, CheckedFactor::SignedIn(_)));
        let unknown = directory.invite_administrator("nobody", Actor::Operator, NOW).await;
        assert!(matches!(unknown, Err(Error::Unknown(_))));
    }
}

#[tokio::test]
async fn roles_and_organisations_change_at_the_next_request() {
    for house in houses().await {
        let directory = &house.directory;
        let (_, _, signed_in) = enrolled(&house, NOW).await;
        let hospital = NationalStructureId(HOSPITAL.to_owned());
        let id: OrganisationId = {
            let mut tx = house.db.read().await.unwrap();
            let found = organisations::find_by_national_ids(&mut tx, std::slice::from_ref(&hospital)).await;
            found.unwrap().remove(0).id
        };
        let authority =
            async || session(&house, &signed_in.token, NOW).await.unwrap().administrator.authority();
        assert!(authority().await.may(Power::ChangeHouse, None), "{}", house.engine);
        let set = async |roles: &[Role], organisations: &[NationalStructureId]| {
            let roles = Roles::of(roles);
            directory.set_administrator_roles(LOGIN, &roles, organisations, Actor::Operator, NOW).await
        };
        set(&[Role::Directory], std::slice::from_ref(&hospital)).await.unwrap();
        let limited = authority().await;
        assert!(limited.may(Power::ChangeMailboxes, Some(id)) && !limited.may(Power::ChangeHouse, None));
        assert!(!limited.may(Power::ChangeMailboxes, Some(OrganisationId(id.0 + 1))), "{}", house.engine);
        set(&[Role::Auditor], &[]).await.unwrap();
        assert!(!authority().await.may(Power::ChangeMailboxes, Some(id)));
        let nowhere = set(&[Role::Directory], &[NationalStructureId("1999999999".to_owned())]).await;
        assert!(matches!(nowhere, Err(Error::Unknown("organisation"))));
    }
}

#[tokio::test]
async fn factors_are_sealed_at_rest() {
    for house in houses().await {
        let (secret, recovery, _) = enrolled(&house, NOW).await;
        let mut tx = house.db.read().await.unwrap();
        let row = tx.row("SELECT password, totp FROM administrator", db::args![]).await.unwrap();
        let plain = Secret::try_from_base32(&secret).unwrap();
        for column in [0, 1] {
            let bytes = row.bytes(column).unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains("argon2"), "{}", house.engine);
            assert!(!bytes.windows(20).any(|window| window == plain.as_bytes()), "{}", house.engine);
        }
        let codes = tx.rows("SELECT code FROM administrator_recovery", db::args![]).await.unwrap();
        assert_eq!(codes.len(), recovery.len());
        assert!(codes.iter().all(|row| row.bytes(0).unwrap().len() == 32));
    }
}
