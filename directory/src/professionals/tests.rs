use names::{AccountId, DAY, HOUR, MINUTE, NationalPersonId};

use super::*;
use crate::testing::{House, NOW, address, houses};
use crate::{Channel, CheckedCode, Error, Period, Rights, SignedIn, Started, WeakPassword, limits, people};

const PAUL: &str = "10099000027";
const ANNE: &str = "10099000035";
const MARIE: &str = "10099000019";
const PAULS_MAILBOX: &str = "paul.ferrand@hopital-saint-roch.mssante.example";
const CARDIOLOGY: &str = "cardiologie@hopital-saint-roch.mssante.example";
const MARIES_MAILBOX: &str = "marie.lenoir@cabinet-lilas.mssante.example";
const PASSWORD: &str = "Deux-Canoes-31";

fn national(rpps: &str) -> NationalPersonId {
    crate::person_reference(rpps).unwrap()
}

async fn person(house: &House, rpps: &str) -> PersonId {
    let mut tx = house.db.read().await.unwrap();
    people::find_by_national_ids(&mut tx, &[national(rpps)]).await.unwrap().remove(0).id
}

async fn invite(house: &House, rpps: &str, now: Timestamp) -> String {
    let contact = Some((Channel::Email, format!("{rpps}@courriel.example")));
    let invited = house.directory.invite_professional(&national(rpps), contact, Actor::Operator, now).await;
    invited.unwrap().code.to_string()
}

async fn enrol(house: &House, rpps: &str, now: Timestamp) {
    let code = invite(house, rpps, now).await;
    let accepted = house.directory.accept_invitation(rpps, &code, PASSWORD, now).await.unwrap();
    assert_eq!(accepted, Accepted::Chosen);
}

async fn start(house: &House, login: &str, now: Timestamp) -> Started {
    house.directory.start_professional_sign_in(login, PASSWORD, now).await.unwrap()
}

async fn check(house: &House, started: &Started, code: &str, now: Timestamp) -> CheckedCode {
    house.directory.check_professional_code(&started.pending.token, code, None, now).await.unwrap()
}

async fn signed_in(house: &House, login: &str, now: Timestamp) -> SignedIn {
    let started = start(house, login, now).await;
    let code = started.code.clone().expect("a code leaves").code;
    match check(house, &started, &code, now).await {
        CheckedCode::SignedIn(signed_in) => signed_in,
        other => panic!("{other:?}"),
    }
}

async fn session(house: &House, token: &str, now: Timestamp) -> Option<ProfessionalSession> {
    house.directory.professional_session(token, now).await.unwrap()
}

/// Codes of the acts in a chain, oldest first, with who did them and the detail.
async fn told(house: &House, chain: Chain) -> Vec<(Act, Actor, String)> {
    let mut tx = house.db.read().await.unwrap();
    let mut lines = audit::history(&mut tx, chain, None, 100).await.unwrap();
    lines.reverse();
    lines.into_iter().filter_map(|line| line.line).map(|line| (line.act, line.actor, line.detail)).collect()
}

#[tokio::test]
async fn an_invitation_chooses_a_password_once_within_seven_days() {
    for house in houses().await {
        let directory = &house.directory;
        let code = invite(&house, PAUL, NOW).await;
        assert_eq!(code.len(), 14, "{code}");
        for (case, login, given, at) in [
            ("a wrong code", PAUL, "aaaa-aaaa-aaaa", NOW),
            ("nothing", PAUL, "", NOW),
            ("somebody else's", ANNE, &code, NOW),
            ("nobody's", "10099999999", &code, NOW),
            ("too late", PAUL, &code, NOW.plus(limits::INVITATION_LIFE)),
        ] {
            let accepted = directory.accept_invitation(login, given, PASSWORD, at).await.unwrap();
            assert_eq!(accepted, Accepted::Refused, "{}: {case}", house.engine);
        }
        for (password, weak) in
            [("court", WeakPassword::TooShort), ("Ferrand-Paul-31", WeakPassword::Personal)]
        {
            let accepted = directory.accept_invitation(PAUL, &code, password, NOW).await.unwrap();
            assert_eq!(accepted, Accepted::Weak(weak), "{}: {password}", house.engine);
        }
        // Who has not the code is not told that the password names the person.
        let accepted = directory.accept_invitation(PAUL, "x", "Ferrand-Paul-31", NOW).await.unwrap();
        assert_eq!(accepted, Accepted::Refused, "{}", house.engine);
        let typed = code.replace('-', " ").to_uppercase();
        let tries = (0..20).map(|_| directory.accept_invitation(PAULS_MAILBOX, &typed, PASSWORD, NOW));
        let mut chosen = 0;
        for tried in futures_of(tries).await {
            chosen += u32::from(tried.unwrap() == Accepted::Chosen);
        }
        assert_eq!(chosen, 1, "{}: of many at once one wins", house.engine);
        signed_in(&house, PAUL, NOW).await;

        // A new invitation retires the one before it, and ends the sessions when it is used.
        let token = signed_in(&house, PAUL, NOW.plus(HOUR)).await.token;
        let first = invite(&house, PAUL, NOW).await;
        let without = directory.invite_professional(&national(PAUL), None, Actor::Operator, NOW).await;
        let second = without.unwrap().code.to_string();
        let accepted = directory.accept_invitation(PAUL, &first, PASSWORD, NOW).await.unwrap();
        assert_eq!(accepted, Accepted::Refused, "{}", house.engine);
        assert!(session(&house, &token, NOW.plus(HOUR)).await.is_some());
        let accepted = directory.accept_invitation(PAUL, &second, PASSWORD, NOW).await.unwrap();
        assert_eq!(accepted, Accepted::Chosen, "{}", house.engine);
        assert!(session(&house, &token, NOW.plus(HOUR)).await.is_none(), "{}", house.engine);

        let nowhere = directory.invite_professional(&national(ANNE), None, Actor::Operator, NOW).await;
        assert!(matches!(nowhere, Err(Error::Unknown(_))), "{}", house.engine);
        let unknown = national("10099999999");
        let nobody = directory.invite_professional(&unknown, None, Actor::Operator, NOW).await;
        assert!(matches!(nobody, Err(Error::Unknown(_))), "{}", house.engine);
    }
}

/// All of them at once.
async fn futures_of<T>(many: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<_> = many.map(|one| Some(Box::pin(one))).collect();
    let mut done: Vec<Option<T>> = waiting.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (place, slot) in waiting.iter_mut().enumerate() {
            if let Some(one) = slot
                && let std::task::Poll::Ready(value) = one.as_mut().poll(context)
            {
                done[place] = Some(value);
                *slot = None;
            }
        }
        if waiting.iter().all(Option::is_none) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[tokio::test]
async fn right_and_wrong_look_the_same_until_the_code() {
    for house in houses().await {
        enrol(&house, PAUL, NOW).await;
        invite(&house, ANNE, NOW).await;
        let directory = &house.directory;
        let right = start(&house, PAUL, NOW).await;
        assert!(
            right.code.is_some() && start(&house, PAULS_MAILBOX, NOW).await.code.is_none(),
            "one a minute"
        );
        for (case, login, password) in [
            ("a wrong password", PAUL, "Deux-Canoes-32"),
            ("nobody", "10099999999", PASSWORD),
            ("no identifier at all", "Paul", PASSWORD),
            ("invited, no password yet", ANNE, PASSWORD),
            ("never invited", MARIE, PASSWORD),
            ("a team's address", CARDIOLOGY, PASSWORD),
            ("an empty password", PAUL, ""),
        ] {
            let started = directory.start_professional_sign_in(login, password, NOW).await.unwrap();
            assert_eq!(started.code, None, "{}: {case}", house.engine);
            assert_eq!(started.pending.token.len(), right.pending.token.len());
            assert!(!started.pending.destination.is_empty(), "{case}");
            for _ in 0..limits::CODE_TRIES {
                assert_eq!(check(&house, &started, "000000", NOW).await, CheckedCode::Wrong, "{case}");
            }
            assert_eq!(check(&house, &started, "000000", NOW).await, CheckedCode::Over, "{case}");
        }
        let lines = told(&house, Chain::Person(person(&house, PAUL).await)).await;
        let refused = lines.iter().filter(|(act, ..)| *act == Act::SignInRefused).count();
        assert!(refused >= 2, "{}: refused tries are told to their owner", house.engine);
    }
}

#[tokio::test]
async fn of_fifty_requests_with_the_right_code_one_signs_in() {
    for house in houses().await {
        enrol(&house, PAUL, NOW).await;
        let started = start(&house, PAUL, NOW).await;
        let code = started.code.clone().unwrap().code;
        let tries = futures_of((0..50).map(|_| check(&house, &started, &code, NOW))).await;
        let won = tries.iter().filter(|tried| matches!(tried, CheckedCode::SignedIn(_))).count();
        assert_eq!(won, 1, "{}", house.engine);
        let person = person(&house, PAUL).await;
        assert_eq!(house.directory.professional_sessions(person, NOW).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_session_is_new_at_each_sign_in_and_ends_by_time_by_hand_and_with_the_mailboxes() {
    for house in houses().await {
        enrol(&house, PAUL, NOW).await;
        let directory = &house.directory;
        let first = signed_in(&house, PAUL, NOW).await;
        let live = session(&house, &first.token, NOW).await.unwrap();
        assert!(live.person.family_name == "Ferrand" && live.proof == Proof::PasswordAndCode);
        assert!(live.is_csrf(&first.csrf) && !live.is_csrf("") && live.is_fresh(NOW));
        assert!(!live.is_fresh(NOW.plus(limits::STEP_UP)) && !live.is_fresh(NOW.plus(-1)));
        assert!(session(&house, &first.token, NOW.plus(limits::SESSION_IDLE)).await.is_none(), "idle");
        assert!(session(&house, "another", NOW).await.is_none());

        // Signing in again in the same browser (step-up) ends the session before it, and no other.
        let elsewhere = directory
            .sign_in_professional(&national(PAUL), Proof::Certificate, None, NOW)
            .await
            .unwrap()
            .unwrap();
        let again = directory
            .sign_in_professional(&national(PAUL), Proof::IdentityProvider, Some(&first.token), NOW)
            .await
            .unwrap()
            .unwrap();
        assert!(session(&house, &first.token, NOW).await.is_none(), "{}", house.engine);
        let here = session(&house, &again.token, NOW).await.unwrap();
        assert_eq!(directory.professional_sessions(here.person.id, NOW).await.unwrap().len(), 2);

        // Nobody ends a session of somebody else.
        let anne = directory.sign_in_professional(&national(ANNE), Proof::Certificate, None, NOW).await;
        let anne = session(&house, &anne.unwrap().unwrap().token, NOW).await.unwrap();
        assert!(!directory.end_professional_session(&anne, here.id, NOW).await.unwrap());
        assert_eq!(directory.end_other_professional_sessions(&anne, NOW).await.unwrap(), 0);
        assert_eq!(directory.end_other_professional_sessions(&here, NOW).await.unwrap(), 1);
        assert!(session(&house, &elsewhere.token, NOW).await.is_none(), "{}", house.engine);
        assert!(directory.end_professional_session(&here, here.id, NOW).await.unwrap());
        assert!(session(&house, &again.token, NOW).await.is_none(), "{}", house.engine);

        // Kept in use, a session ends after twelve hours all the same.
        let kept = signed_in(&house, PAUL, NOW.plus(HOUR)).await.token;
        let mut at = NOW.plus(HOUR);
        while let Some(live) = session(&house, &kept, at).await {
            directory.touch_professional_session(&live, at).await.unwrap();
            at = at.plus(20 * MINUTE);
        }
        assert_eq!(at, NOW.plus(HOUR + limits::SESSION_ABSOLUTE), "{}", house.engine);

        // Who may use no mailbox any more is out, and stays out.
        let token = signed_in(&house, PAUL, NOW.plus(DAY)).await.token;
        close(&house, &[PAULS_MAILBOX, CARDIOLOGY]).await;
        assert!(session(&house, &token, NOW.plus(DAY)).await.is_none(), "{}", house.engine);
        let again =
            directory.sign_in_professional(&national(PAUL), Proof::Certificate, None, NOW.plus(DAY)).await;
        assert!(again.unwrap().is_none(), "{}", house.engine);
        let started = start(&house, PAUL, NOW.plus(DAY + HOUR)).await;
        let code = started.code.clone().unwrap().code;
        let at = NOW.plus(DAY + HOUR);
        assert_eq!(check(&house, &started, &code, at).await, CheckedCode::NoProfile, "{}", house.engine);
        let unknown = national("10099999999");
        let nobody = directory.sign_in_professional(&unknown, Proof::Certificate, None, NOW).await;
        assert!(nobody.unwrap().is_none());
    }
}

async fn close(house: &House, mailboxes: &[&str]) {
    for mailbox in mailboxes {
        let account = house.account(mailbox).await;
        let unit = db::unit("close", account, |account, tx| {
            Box::pin(crate::mailboxes::set_state(tx, *account, crate::MailboxState::Closed, NOW))
        });
        house.db.write(unit).await.unwrap();
    }
}

#[tokio::test]
async fn a_delegation_is_given_inside_the_organisation_by_who_manages_the_mailbox() {
    for house in houses().await {
        let directory = &house.directory;
        let (paul, anne) = (person(&house, PAUL).await, person(&house, ANNE).await);
        let (own, team) = (house.account(PAULS_MAILBOX).await, house.account(CARDIOLOGY).await);
        let maries = house.account(MARIES_MAILBOX).await;
        let tomorrow = Some(NOW.plus(DAY));
        let until_tomorrow = Period { starts: None, ends: tomorrow };
        use DelegationRefusal::*;
        for (case, by, mailbox, to, rights, ends, want) in [
            ("somebody else's mailbox", paul, maries, ANNE, Rights::Read, tomorrow, NotYours),
            ("a member who does not manage", anne, team, PAUL, Rights::Read, tomorrow, NotYours),
            ("no such mailbox", paul, AccountId(1), ANNE, Rights::Read, tomorrow, NotYours),
            ("another organisation", paul, own, MARIE, Rights::Read, tomorrow, Nobody),
            ("another organisation by address", paul, own, MARIES_MAILBOX, Rights::Read, tomorrow, Nobody),
            ("nobody", paul, own, "10099999999", Rights::Read, tomorrow, Nobody),
            ("no identifier", paul, own, "Anne", Rights::Read, tomorrow, Nobody),
            ("oneself", paul, own, PAUL, Rights::Read, tomorrow, Yourself),
            ("the past", paul, own, ANNE, Rights::Read, Some(NOW), Past),
            ("managing", paul, own, ANNE, Rights::Manage, tomorrow, Managing),
        ] {
            let period = Period { starts: None, ends };
            let given = directory.delegate(by, mailbox, to, rights, period, NOW).await.unwrap();
            assert_eq!(given, Err(want), "{}: {case}", house.engine);
        }
        assert!(told(&house, Chain::Account(own)).await.is_empty(), "{}: nothing was done", house.engine);

        // The seed lets Anne write for Paul; reading only, until tomorrow, takes its place.
        assert_eq!(directory.delegations_received(anne, NOW).await.unwrap().len(), 1);
        let given =
            directory.delegate(paul, own, ANNE, Rights::Read, until_tomorrow, NOW).await.unwrap().unwrap();
        assert_eq!(given.id, anne);
        let received = directory.delegations_received(anne, NOW).await.unwrap();
        assert_eq!(received.len(), 1, "{}", house.engine);
        assert_eq!((received[0].rights, received[0].ends), (Rights::Read, tomorrow));
        assert_eq!(directory.delegations_given(paul, NOW).await.unwrap(), received);
        assert_eq!(
            directory.delegations_received(anne, NOW.plus(DAY)).await.unwrap(),
            [],
            "it ends by itself"
        );

        // Both chains name both people.
        let detail = format!("person={} rights=read until={}", anne.0, NOW.plus(DAY).0);
        let line = (Act::DelegationGiven, Actor::Person(paul), detail.clone());
        assert_eq!(told(&house, Chain::Account(own)).await, [line]);
        let line = (Act::DelegationGiven, Actor::Person(paul), format!("mailbox={} {detail}", own.0));
        assert_eq!(told(&house, Chain::Person(anne)).await.pop(), Some(line));

        // Ended by whoever manages the mailbox or whom it was given to, and nobody else; once.
        let marie = person(&house, MARIE).await;
        assert!(!directory.end_delegation(marie, own, anne, NOW).await.unwrap());
        let generation = directory.generation().known();
        assert!(directory.end_delegation(anne, own, anne, NOW).await.unwrap(), "{}", house.engine);
        assert!(directory.generation().known() > generation, "log-ins in memory are forgotten");
        assert!(!directory.end_delegation(paul, own, anne, NOW).await.unwrap(), "it has ended");
        assert_eq!(directory.delegations_given(paul, NOW).await.unwrap(), []);
        let ended = told(&house, Chain::Account(own)).await.pop().unwrap();
        assert_eq!((ended.0, ended.1), (Act::DelegationEnded, Actor::Person(anne)), "{}", house.engine);
    }
}

#[tokio::test]
async fn an_application_password_stops_writing_for_a_mailbox_when_the_delegation_ends() {
    for house in houses().await {
        let directory = &house.directory;
        let (paul, anne) = (person(&house, PAUL).await, person(&house, ANNE).await);
        let own = house.account(PAULS_MAILBOX).await;
        let owner = crate::Owner::Person(anne);
        let issued = directory.issue_password(owner, "Poste", Actor::Person(anne), NOW).await.unwrap();
        let mailbox = address(PAULS_MAILBOX);
        let login = directory.verify_login(&mailbox, &issued.secret, NOW).await.unwrap().unwrap();
        let mut seen = directory.seen(NOW);
        assert!(directory.end_delegation(paul, own, anne, NOW).await.unwrap());
        assert!(directory.verify_login(&mailbox, &issued.secret, NOW).await.unwrap().is_none());
        // As often as it is asked: the session that hears it first must not be believed afterwards.
        for _ in 0..2 {
            let renewed = directory.renew_login(&login, &mut seen, NOW).await.unwrap();
            assert!(renewed.is_none(), "{}", house.engine);
        }
        let lines = told(&house, Chain::Person(anne)).await;
        assert_eq!(lines[0].0, Act::CredentialIssued, "a person's passwords are told in their own chain");
    }
}

#[tokio::test]
async fn where_codes_go_and_the_password_are_sealed_at_rest() {
    for house in houses().await {
        enrol(&house, PAUL, NOW).await;
        let mut tx = house.db.read().await.unwrap();
        let row = tx.row("SELECT contact, password FROM professional_user", db::args![]).await.unwrap();
        for column in [0, 1] {
            let bytes = row.bytes(column).unwrap();
            let shown = String::from_utf8_lossy(&bytes);
            assert!(!shown.contains("courriel") && !shown.contains("argon2"), "{}: {shown}", house.engine);
        }
    }
}

#[tokio::test]
async fn a_manager_says_who_is_of_the_team() {
    for house in houses().await {
        let directory = &house.directory;
        let (paul, anne) = (person(&house, PAUL).await, person(&house, ANNE).await);
        let (own, team) = (house.account(PAULS_MAILBOX).await, house.account(CARDIOLOGY).await);
        let members = async |mailbox| {
            let members = directory.members(paul, mailbox, NOW).await.unwrap().unwrap();
            let shown = members.into_iter().map(|one| (one.identifier, one.rights, one.standing));
            shown.collect::<Vec<_>>()
        };
        let (pauls, annes) = (PAULS_MAILBOX.to_owned(), ANNE.to_owned());
        let holder = (pauls.clone(), Rights::Manage, Standing::Holder);
        let team_before =
            [(annes.clone(), Rights::Write, Standing::Admitted), (pauls, Rights::Manage, Standing::Admitted)];
        assert_eq!(members(team).await, team_before, "{}", house.engine);
        assert_eq!(members(own).await, [holder.clone(), (annes.clone(), Rights::Write, Standing::Admitted)]);
        assert_eq!(directory.members(anne, team, NOW).await.unwrap(), None, "who does not manage");

        use MemberRefusal::*;
        for (case, by, mailbox, to, rights, want) in [
            ("who does not manage", anne, team, PAUL, Some(Rights::Read), NotYours),
            ("another organisation", paul, team, MARIE, Some(Rights::Read), Nobody),
            ("who is not of the team", paul, team, MARIE, None, Nobody),
            ("no identifier", paul, team, "anyone", Some(Rights::Read), Nobody),
            ("the last manager goes", paul, team, PAUL, None, LastManager),
            ("the last manager steps back", paul, team, PAULS_MAILBOX, Some(Rights::Write), LastManager),
            ("the holder", paul, own, PAULS_MAILBOX, Some(Rights::Read), Holder),
            ("managing for a person", paul, own, ANNE, Some(Rights::Manage), Managing),
        ] {
            let set = directory.set_member(by, mailbox, to, rights, NOW).await.unwrap();
            assert_eq!(set, Err(want), "{}: {case}", house.engine);
        }
        assert!(told(&house, Chain::Account(team)).await.is_empty(), "{}: nothing was done", house.engine);

        let generation = directory.generation().known();
        for rights in [Some(Rights::Read), Some(Rights::Read), Some(Rights::Manage), None] {
            directory.set_member(paul, team, ANNE, rights, NOW).await.unwrap().unwrap();
            directory
                .set_member(paul, own, ANNE, rights.min(Some(Rights::Write)), NOW)
                .await
                .unwrap()
                .unwrap();
        }
        assert!(directory.generation().known() > generation, "log-ins in memory are forgotten");
        assert_eq!(members(team).await.len(), 1, "{}", house.engine);
        assert_eq!(members(own).await, [holder], "{}", house.engine);
        let told = told(&house, Chain::Account(team)).await;
        let line = |act, more: &str| (act, Actor::Person(paul), format!("person={}{more}", anne.0));
        let want = [
            line(Act::DelegationGiven, " rights=read until=open"),
            line(Act::DelegationGiven, " rights=manage until=open"),
            line(Act::DelegationEnded, ""),
        ];
        assert_eq!(told, want, "{}", house.engine);
    }
}

#[tokio::test]
async fn rights_begin_and_end_by_themselves_on_their_days() {
    let (monday, friday) = (NOW.plus(DAY), NOW.plus(5 * DAY));
    let days = Period { starts: Some(monday), ends: Some(friday) };
    for house in houses().await {
        let directory = &house.directory;
        let (paul, marie) = (person(&house, PAUL).await, person(&house, MARIE).await);
        let (own, team) = (house.account(PAULS_MAILBOX).await, house.account(CARDIOLOGY).await);
        let all = crate::Authority::operator();
        for (mailbox, to) in [(team, MARIE), (own, MARIE)] {
            let wish = (Some(Rights::Write), Some(days));
            directory.set_member_as(&all, mailbox, to, wish, NOW).await.unwrap().unwrap();
        }
        let by = Actor::Person(marie);
        let issued = directory.issue_password(crate::Owner::Person(marie), "Poste", by, NOW).await.unwrap();
        let (maries, cardiology) = (address(MARIES_MAILBOX), address(CARDIOLOGY));
        let login = directory.verify_login(&maries, &issued.secret, NOW).await.unwrap().unwrap();
        assert_eq!(login.look_again, Some(monday), "{}: she will be let in by herself", house.engine);
        let mut seen = directory.seen(NOW);
        for (case, at, holds) in [
            ("before", monday.plus(-1), false),
            ("the first moment", monday, true),
            ("the last moment", friday.plus(-1), true),
            ("after", friday, false),
        ] {
            let engine = house.engine;
            let used = directory.mailboxes_of(marie, at).await.unwrap();
            for mailbox in [team, own] {
                assert_eq!(used.iter().any(|(one, _)| one.account == mailbox), holds, "{engine}: {case}");
            }
            // The pro space, her own session that stays open, and a log-in to the team's box.
            let renewed = directory.renew_login(&login, &mut seen, at).await.unwrap().unwrap();
            assert_eq!(renewed.rights_in(team), holds.then_some(Rights::Write), "{engine}: {case}");
            assert_eq!(renewed.sends_as(&address(PAULS_MAILBOX)).is_some(), holds, "{engine}: {case}");
            let opened = directory.verify_login(&cardiology, &issued.secret, at).await.unwrap();
            assert_eq!(opened.is_some(), holds, "{engine}: {case}");
            // What managers see of it (IMAP GETACL).
            let members = directory.members(paul, team, at).await.unwrap().unwrap();
            assert_eq!(members.iter().any(|one| one.identifier == MARIES_MAILBOX), holds, "{engine}: {case}");
            let sheet = directory.mailbox_sheet(team, &all, at).await.unwrap().unwrap();
            let line = sheet.admitted.iter().find(|line| line.person.id == marie);
            assert_eq!(line.map(|line| line.period), (at < friday).then_some(days), "{engine}: {case}");
        }
        // A program that writes the rights anew (IMAP SETACL) leaves the days.
        directory.set_member(paul, team, MARIE, Some(Rights::Read), monday).await.unwrap().unwrap();
        let sheet = directory.mailbox_sheet(team, &all, monday).await.unwrap().unwrap();
        let line = sheet.admitted.iter().find(|line| line.person.id == marie).unwrap();
        assert_eq!((line.rights, line.period.ends), (Rights::Read, Some(friday)), "{}", house.engine);
        use MemberRefusal::Past;
        for (case, starts, ends) in
            [("over", None, Some(NOW)), ("the wrong way round", Some(friday), Some(monday))]
        {
            let wish = (Some(Rights::Read), Some(Period { starts, ends }));
            let set = directory.set_member_as(&all, team, MARIE, wish, NOW).await.unwrap();
            assert_eq!(set, Err(Past), "{}: {case}", house.engine);
        }
        let told = told(&house, Chain::Account(team)).await;
        let first = format!("person={} rights=write until={} from={}", marie.0, friday.0, monday.0);
        assert_eq!(told[0].2, first, "{}", house.engine);
        // Who leaves before the first day is not let in on it.
        let hospital = crate::Authority::operator();
        let left = directory.depart(marie, crate::Left::Closed, &hospital, NOW).await.unwrap().unwrap();
        assert!(left.shared.iter().any(|one| one.account == own), "{}: {left:?}", house.engine);
        assert!(directory.mailboxes_of(marie, monday).await.unwrap().is_empty(), "{}", house.engine);
    }
}

#[tokio::test]
async fn a_believed_log_in_is_looked_at_again_when_a_right_ends() {
    for house in houses().await {
        let directory = &house.directory;
        let marie = person(&house, MARIE).await;
        let team = house.account(CARDIOLOGY).await;
        let days = Period { starts: None, ends: Some(NOW.plus(30 * names::SECOND)) };
        let wish = (Some(Rights::Read), Some(days));
        let all = crate::Authority::operator();
        directory.set_member_as(&all, team, MARIE, wish, NOW).await.unwrap().unwrap();
        let by = Actor::Person(marie);
        let issued = directory.issue_password(crate::Owner::Person(marie), "Poste", by, NOW).await.unwrap();
        let login =
            async |at| directory.verify_login(&address(CARDIOLOGY), &issued.secret, at).await.unwrap();
        assert!(login(NOW).await.is_some(), "{}", house.engine);
        assert!(login(NOW.plus(29 * names::SECOND)).await.is_some(), "{}: kept in memory", house.engine);
        assert!(login(NOW.plus(30 * names::SECOND)).await.is_none(), "{}", house.engine);
    }
}
