//! Mailboxes that nobody uses, through a moved clock, on both engines.

use super::{LastUse, MailboxesKept};
use crate::sign_in::tell_signed_in;
use crate::testing::{CARDIOLOGIST, DOCTOR, House, NOON, SECRETARIAT, houses};
use audit::{Act, Actor, Chain, Entry, Line};
use directory::{Authority, InactivityRules, MailboxMove, MailboxState};
use names::{AccountKind, DAY, Timestamp};

/// Months by days: long enough for any of the calendar.
const YEAR: i64 = 366 * DAY;
const HALF: i64 = 185 * DAY;

async fn round(house: &House, now: Timestamp) -> MailboxesKept {
    house.relay.keep_mailboxes(&InactivityRules::default(), now).await.unwrap()
}

async fn state(house: &House, mailbox: &str) -> MailboxState {
    let mailbox = crate::testing::address(mailbox);
    house.relay.directory().mailbox(&mailbox).await.unwrap().unwrap().state
}

async fn letters(house: &House, mailbox: &str, word: &str) -> usize {
    let mut found = 0;
    for entry in house.inbox(mailbox).await {
        found += usize::from(house.text(mailbox, &entry).await.contains(word));
    }
    found
}

async fn signs_in(house: &House, mailbox: &str, at: Timestamp) {
    let login = house.login(mailbox).await;
    tell_signed_in(&house.relay, &login, "imap", at).await.unwrap();
}

/// How many mailboxes of the trade the house has.
async fn all(house: &House) -> u64 {
    let mut tx = house.data.read().await.unwrap();
    directory::mailboxes::standing_since(&mut tx, Timestamp(i64::MAX)).await.unwrap().len() as u64
}

#[tokio::test]
async fn a_mailbox_is_told_of_then_suspended_then_closed_and_keeps_its_letters() {
    for house in houses().await {
        let engine = house.engine;
        let sent = "From: <x>\nTo: <x>\nSubject: avant\n\nUne lettre d'avant.\n"
            .replacen("<x>", &format!("<{CARDIOLOGIST}>"), 1)
            .replacen("<x>", &format!("<{DOCTOR}>"), 1);
        let outcome = house.send(CARDIOLOGIST, &[DOCTOR], &sent).await;
        assert!(matches!(outcome, crate::Outcome::Accepted { .. }), "{engine}: {outcome:?}");
        let before = round(&house, NOON.plus(300 * DAY)).await;
        assert_eq!(before, MailboxesKept::default(), "{engine}: too early");

        // Everybody but the cardiologist, whose letter counts to the end of its month or to its day.
        let year = NOON.plus(YEAR);
        house.relay.count_days(year).await.unwrap();
        signs_in(&house, CARDIOLOGIST, NOON.plus(200 * DAY)).await;
        let told = round(&house, year).await;
        assert!(told.noticed > 0 && told.noticed < all(&house).await, "{engine}: {told:?}");
        assert_eq!((told.suspended, told.closed), (0, 0), "{engine}");
        assert_eq!(letters(&house, DOCTOR, "suspendue le").await, 1, "{engine}");
        assert_eq!(
            letters(&house, CARDIOLOGIST, "suspendue le").await,
            1,
            "{engine}: of the team it manages"
        );
        let again = round(&house, year.plus(DAY)).await;
        assert_eq!((again.noticed, again.suspended), (0, 0), "{engine}: never twice");
        assert_eq!(letters(&house, DOCTOR, "suspendue le").await, 1, "{engine}");

        let half = year.plus(HALF);
        signs_in(&house, CARDIOLOGIST, half.plus(-DAY)).await;
        let rested = round(&house, half).await;
        assert_eq!(rested.suspended, told.noticed, "{engine}: {rested:?}");
        assert_eq!(state(&house, DOCTOR).await, MailboxState::Suspended, "{engine}");
        assert_eq!(state(&house, CARDIOLOGIST).await, MailboxState::Open, "{engine}");
        assert_eq!(letters(&house, CARDIOLOGIST, "Elle est suspendue").await, 1, "{engine}: the team's");
        // The refusal that a suspended mailbox has had all along; what is in it stays.
        let outcome = house.send(CARDIOLOGIST, &[DOCTOR], &sent.replace("avant", "trop tard")).await;
        assert!(!matches!(outcome, crate::Outcome::Accepted { .. }), "{engine}: {outcome:?}");
        assert_eq!(letters(&house, DOCTOR, "Une lettre d'avant.").await, 1, "{engine}: nothing is lost");
        let account = house.account(DOCTOR).await;
        let mut tx = house.data.read().await.unwrap();
        let line = audit::history(&mut tx, Chain::Account(account), None, 1).await.unwrap().remove(0);
        let line = line.line.unwrap();
        assert_eq!((line.actor, line.act), (Actor::System, Act::AccountChanged), "{engine}");
        assert!(line.detail.starts_with("state=suspended why=inactivity"), "{engine}: {}", line.detail);
        drop(tx);

        let closed = round(&house, half.plus(HALF)).await;
        assert_eq!(closed.closed, told.noticed, "{engine}: {closed:?}");
        assert_eq!(state(&house, DOCTOR).await, MailboxState::Closed, "{engine}");
        assert_eq!(letters(&house, DOCTOR, "Une lettre d'avant.").await, 1, "{engine}: nothing is lost");
        let mut tx = house.data.read().await.unwrap();
        assert_eq!(audit::verify(&mut tx, None).await.unwrap(), [], "{engine}: the chains hold");
    }
}

#[tokio::test]
async fn use_of_yesterday_and_use_by_a_member_beside_their_own_count() {
    for house in houses().await {
        let engine = house.engine;
        let year = NOON.plus(YEAR);
        signs_in(&house, DOCTOR, year.plus(-DAY)).await;
        // A member opens the team's mailbox beside their own: no sign-in of its own, but what they read is told.
        let (team, member) = (house.account(SECRETARIAT).await, house.login(CARDIOLOGIST).await);
        let line = |actor, act| {
            let detail = "entry=1".to_owned();
            let line = Line { at: year.plus(-2 * DAY), actor, for_whom: None, act, detail };
            Entry::new(Chain::Account(team), line, &crate::testing::entropy())
        };
        let read = [
            line(Actor::Person(member.person.unwrap()), Act::LetterRead),
            // Neither what it receives nor what administrators look at.
            line(Actor::System, Act::LetterReceived),
            line(Actor::Operator, Act::AdminLooked),
        ];
        let unit = db::unit("a letter is read", read, |read, tx| Box::pin(audit::append(tx, read)));
        let told: Result<(), db::Error> = house.data.write(unit).await;
        told.unwrap();
        let first = round(&house, year).await;
        assert_eq!(first.in_use, 2, "{engine}: {first:?}");
        assert_eq!(letters(&house, DOCTOR, "suspendue le").await, 0, "{engine}");
        let second = round(&house, year.plus(DAY)).await;
        assert_eq!(second.in_use, 0, "{engine}: what was found is remembered");
        let last = house.relay.last_use(team, year).await.unwrap();
        assert_eq!(last, LastUse::At(year.plus(-2 * DAY)), "{engine}");
        // A year later it is their turn.
        let later = round(&house, year.plus(YEAR)).await;
        assert!(later.noticed >= 2, "{engine}: {later:?}");
        assert!(letters(&house, DOCTOR, "suspendue le").await >= 1, "{engine}");
    }
}

#[tokio::test]
async fn two_processes_write_one_letter_and_a_use_in_between_is_seen_inside_the_unit() {
    for house in houses().await {
        let engine = house.engine;
        let other = house.beside().await;
        let rules = InactivityRules::default();
        let year = NOON.plus(YEAR);
        let (one, two) =
            tokio::join!(house.relay.keep_mailboxes(&rules, year), other.relay.keep_mailboxes(&rules, year));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!(one.noticed + two.noticed, all(&house).await, "{engine}: {one:?} {two:?}");
        assert_eq!(letters(&house, DOCTOR, "suspendue le").await, 1, "{engine}: one letter");

        // Reopened by an administrator after the suspension: closed by nobody.
        let half = year.plus(HALF);
        assert!(round(&house, half).await.suspended > 0, "{engine}");
        let account = house.account(DOCTOR).await;
        let directory = house.relay.directory();
        let by = Authority::operator();
        directory.move_mailbox(account, MailboxMove::Reopen, &by, half.plus(DAY)).await.unwrap().unwrap();
        round(&house, half.plus(HALF + 2 * DAY)).await;
        assert_eq!(state(&house, DOCTOR).await, MailboxState::Open, "{engine}");
    }
}

#[tokio::test]
async fn a_unit_that_ends_before_its_commit_leaves_neither_letter_nor_record() {
    for house in houses().await {
        let engine = house.engine;
        let (year, account) = (NOON.plus(YEAR), house.account(DOCTOR).await);
        let mut tx = house.data.read().await.unwrap();
        let idle = directory::inactivity::inactivity_of(&mut tx, account).await.unwrap().unwrap();
        drop(tx);
        let rules = InactivityRules::default();
        let step = directory::InactivityStep::Notify;
        let letters_of = house.relay.letters(&idle, step, &rules, year).await.unwrap();
        assert_eq!(letters_of.len(), 1, "{engine}");
        let work = super::Work {
            directory: house.relay.directory().clone(),
            account,
            step,
            rules,
            used: None,
            newest: i64::MAX,
            letters: letters_of,
            now: year,
        };
        // The process ends behind the last statement.
        let unit = db::unit("killed", work, |work, tx| {
            Box::pin(async move {
                assert!(work.run(tx).await?);
                Err::<(), crate::Error>(crate::Error::Stopping)
            })
        });
        house.data.write(unit).await.unwrap_err();
        assert_eq!(letters(&house, DOCTOR, "suspendue le").await, 0, "{engine}");
        let told = round(&house, year).await;
        assert_eq!(told.noticed, all(&house).await, "{engine}: all are told, this one too");
        assert_eq!(letters(&house, DOCTOR, "suspendue le").await, 1, "{engine}");
    }
}

#[tokio::test]
async fn kinds_that_the_operator_spares_and_rules_that_are_off_leave_everything() {
    for house in houses().await {
        let years = NOON.plus(3 * YEAR);
        let off = house.relay.keep_mailboxes(&InactivityRules::off(), years).await.unwrap();
        assert_eq!(off, MailboxesKept::default(), "{}", house.engine);
        let people = InactivityRules { kinds: vec![AccountKind::Personal], ..InactivityRules::default() };
        let told = house.relay.keep_mailboxes(&people, years).await.unwrap();
        assert!(told.noticed > 0 && told.noticed < all(&house).await, "{}", house.engine);
        assert_eq!(letters(&house, SECRETARIAT, "suspendue le").await, 0, "{}", house.engine);
    }
}
