//! The rule as a table of dates, and what is kept, on both engines.

use db::Tx;
use names::{AccountId, AccountKind, DAY, Timestamp};

use super::{Idle, InactivityRules, InactivityStep, Looked, idle, inactivity_of, note_use, recipients};
use crate::testing::{House, NOW, address, houses};
use crate::{Authority, Error, MailboxMove, MailboxState, mailboxes};

fn day(text: &str) -> Timestamp {
    let fields: Vec<i16> = text.split('-').map(|field| field.parse().unwrap()).collect();
    let [year, month, day] = fields[..] else { panic!("{text}") };
    Timestamp(Timestamp::noon_utc(year, month as u8, day as u8).0 - DAY / 2)
}

fn known(state: MailboxState, since: &str) -> Idle {
    Idle {
        account: AccountId(7),
        kind: AccountKind::Personal,
        state,
        since: day(since),
        used: None,
        noticed: None,
        suspended: None,
    }
}

#[test]
fn what_is_due_when() {
    use InactivityStep::*;
    use MailboxState::*;
    let law = InactivityRules::default();
    let no_closing = InactivityRules { closing_months: 0, ..law.clone() };
    let letters_only = InactivityRules { suspension_months: 0, closing_months: 0, ..law.clone() };
    let open = known(Open, "2026-01-31");
    let used = Idle { used: Some(day("2026-06-30")), ..open };
    let noticed = Idle { noticed: Some(day("2027-01-31")), ..open };
    let late = Idle { noticed: Some(day("2030-03-01")), ..open };
    let rested =
        Idle { suspended: Some((day("2027-07-31"), day("2026-01-31"))), ..known(Suspended, "2027-07-31") };
    let by_hand =
        Idle { suspended: Some((day("2025-01-01"), day("2023-01-01"))), ..known(Suspended, "2026-01-31") };
    let reopened =
        Idle { since: day("2027-09-01"), state: Open, ..Idle { noticed: noticed.noticed, ..rested } };
    let machine = Idle { kind: AccountKind::Applicative, ..open };
    let people_only = InactivityRules { kinds: vec![AccountKind::Personal], ..law.clone() };
    for (case, rules, idle, before, then, step) in [
        ("opened a year ago", &law, open, "2027-01-30", "2027-01-31", Some(Notify)),
        ("used since", &law, used, "2027-06-29", "2027-06-30", Some(Notify)),
        ("told of", &law, noticed, "2027-07-30", "2027-07-31", Some(Suspend)),
        (
            "told of years late: as far apart all the same",
            &law,
            late,
            "2030-08-31",
            "2030-09-01",
            Some(Suspend),
        ),
        ("suspended by the house", &law, rested, "2028-01-30", "2028-01-31", Some(Close)),
        ("suspended by an administrator", &law, by_hand, "2026-01-31", "2050-01-01", None),
        ("reopened", &law, reopened, "2028-08-31", "2028-09-01", Some(Notify)),
        ("closed", &law, known(Closed, "2020-01-01"), "2020-01-01", "2050-01-01", None),
        ("a machine's", &law, machine, "2027-01-30", "2027-01-31", Some(Notify)),
        ("a machine's, spared", &people_only, machine, "2026-01-31", "2050-01-01", None),
        ("never closed", &no_closing, rested, "2027-07-31", "2050-01-01", None),
        ("never suspended", &letters_only, noticed, "2027-01-31", "2050-01-01", None),
        ("off", &InactivityRules::off(), open, "2027-01-31", "2050-01-01", None),
    ] {
        assert_eq!(idle.due(rules, day(before)), None, "{case}: before");
        assert_eq!(idle.due(rules, day(then)), step, "{case}: then");
        assert_eq!(idle.due(rules, Timestamp(day(then).0 - 1)), None, "{case}: a moment before");
    }
    // A use behind the letter begins anew, and with it a letter of its own.
    let again = Idle { used: Some(day("2027-03-01")), ..noticed };
    assert_eq!(again.due(&law, day("2027-07-31")), None);
    assert_eq!(again.due(&law, day("2028-03-01")), Some(Notify));
    assert_eq!(again.noticed_now(), None);
}

#[test]
fn rules_that_contradict_themselves_are_refused() {
    let law = InactivityRules::default();
    assert_eq!((law.check(), InactivityRules::off().check()), (Ok(()), Ok(())));
    assert_eq!(law.kinds.len(), 4);
    for (case, notice, suspension, closing, words) in [
        ("suspended before the letter", 12, 12, 24, "suspension_months"),
        ("suspended without a letter", 0, 18, 0, "suspension_months"),
        ("closed before the suspension", 12, 18, 18, "closing_months"),
        ("closed without a suspension", 12, 0, 24, "closing_months"),
    ] {
        let rules = InactivityRules {
            notice_months: notice,
            suspension_months: suspension,
            closing_months: closing,
            ..law.clone()
        };
        assert!(rules.check().unwrap_err().contains(words), "{case}");
    }
    let patients = InactivityRules { kinds: vec![AccountKind::Patient], ..law };
    assert!(patients.check().unwrap_err().contains("kinds"));
}

const MARIES: &str = "marie.lenoir@cabinet-lilas.mssante.example";
const CARDIOLOGY: &str = "cardiologie@hopital-saint-roch.mssante.example";

/// One step in a unit of its own; whether it was taken.
async fn taken(house: &House, account: AccountId, step: InactivityStep, now: Timestamp) -> bool {
    let unit = db::unit(
        "a step about an idle mailbox",
        (house.directory.clone(), account, step, now),
        |(directory, account, step, now), tx: &mut Tx| {
            Box::pin(async move {
                let idle = directory.hold_idle(tx, *account).await?.unwrap();
                let rules = InactivityRules::default();
                let line = directory.take_inactivity_step(tx, &idle, *step, &rules, *now).await?;
                audit::append(tx, line.as_slice()).await?;
                Ok::<bool, Error>(line.is_some())
            })
        },
    );
    house.db.write(unit).await.unwrap()
}

async fn used(house: &House, account: AccountId, at: Timestamp) {
    let unit =
        db::unit("a use", (account, at), |(account, at), tx: &mut Tx| Box::pin(note_use(tx, *account, *at)));
    house.db.write(unit).await.unwrap();
}

#[tokio::test]
async fn each_step_is_taken_once_and_only_when_it_is_due() {
    use InactivityStep::*;
    for house in houses().await {
        let engine = house.engine;
        let account = house.account(MARIES).await;
        let (year, two) = (NOW.plus(366 * DAY), NOW.plus(366 * DAY + 185 * DAY));
        assert!(!taken(&house, account, Notify, NOW.plus(364 * DAY)).await, "{engine}: too early");
        assert!(!taken(&house, account, Suspend, year).await, "{engine}: nobody was told");
        assert!(taken(&house, account, Notify, year).await, "{engine}");
        assert!(!taken(&house, account, Notify, year).await, "{engine}: once");
        assert!(!taken(&house, account, Suspend, year.plus(30 * DAY)).await, "{engine}: too early");

        // A use in between: from the beginning.
        used(&house, account, year.plus(40 * DAY)).await;
        assert!(!taken(&house, account, Suspend, two).await, "{engine}: used since");
        let (year, two) = (year.plus(406 * DAY), year.plus(406 * DAY + 185 * DAY));
        assert!(taken(&house, account, Notify, year).await, "{engine}: a letter of its own");
        assert!(taken(&house, account, Suspend, two).await, "{engine}");
        let state = |mailbox: crate::Mailbox| mailbox.state;
        let mailbox = house.directory.mailbox(&address(MARIES)).await.unwrap().unwrap();
        assert_eq!(state(mailbox), MailboxState::Suspended, "{engine}");
        assert!(!taken(&house, account, Close, two.plus(170 * DAY)).await, "{engine}: too early");

        // An administrator reopens it: from the beginning.
        let by = Authority::operator();
        let reopened = house.directory.move_mailbox(account, MailboxMove::Reopen, &by, two.plus(DAY)).await;
        assert!(reopened.unwrap().is_ok(), "{engine}");
        assert!(!taken(&house, account, Close, two.plus(190 * DAY)).await, "{engine}: reopened");
        let year = two.plus(370 * DAY);
        assert!(taken(&house, account, Notify, year).await, "{engine}");
        assert!(taken(&house, account, Suspend, year.plus(185 * DAY)).await, "{engine}");
        assert!(taken(&house, account, Close, year.plus(370 * DAY)).await, "{engine}");
        assert!(!taken(&house, account, Close, year.plus(370 * DAY)).await, "{engine}: once");
        let mailbox = house.directory.mailbox(&address(MARIES)).await.unwrap().unwrap();
        assert_eq!(state(mailbox), MailboxState::Closed, "{engine}");
        let mut tx = house.db.read().await.unwrap();
        let told = audit::history(&mut tx, audit::Chain::Account(account), None, 2).await.unwrap();
        let line = told[0].line.clone().unwrap();
        assert_eq!(line.actor, audit::Actor::System, "{engine}");
        assert!(
            line.detail.starts_with("state=closed why=inactivity idle_since="),
            "{engine}: {}",
            line.detail
        );
    }
}

#[tokio::test]
async fn what_may_be_due_is_looked_over_page_by_page_and_each_once() {
    for house in houses().await {
        let rules = InactivityRules::default();
        let mut tx = house.db.read().await.unwrap();
        let mut looked = Looked::default();
        assert_eq!(idle(&mut tx, &mut looked, &rules, NOW.plus(300 * DAY)).await.unwrap(), []);
        let (mut looked, mut seen) = (Looked::default(), Vec::new());
        loop {
            let page = idle(&mut tx, &mut looked, &rules, NOW.plus(366 * DAY)).await.unwrap();
            if page.is_empty() {
                break;
            }
            seen.extend(page.iter().map(|one| one.account));
        }
        let all = mailboxes::standing_since(&mut tx, NOW).await.unwrap();
        let mut all: Vec<AccountId> = all.into_iter().map(|(account, _)| account).collect();
        assert!(all.len() > 3, "{}", house.engine);
        seen.sort_unstable();
        all.sort_unstable();
        assert_eq!(seen, all, "{}", house.engine);
        let known = inactivity_of(&mut tx, seen[0]).await.unwrap().unwrap();
        assert_eq!((known.used, known.noticed, known.suspended), (None, None, None));
    }
}

#[tokio::test]
async fn those_who_answer_for_a_mailbox_are_written_to_at_their_own() {
    for house in houses().await {
        let mut tx = house.db.read().await.unwrap();
        let mut find = async |text: &str| {
            let mailbox = house.directory.mailbox(&address(text)).await.unwrap().unwrap();
            recipients(&mut tx, &mailbox, NOW)
                .await
                .unwrap()
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(find(MARIES).await, Vec::<String>::new(), "{}: she has no other", house.engine);
        let team = find(CARDIOLOGY).await;
        assert!(!team.is_empty() && !team.contains(&CARDIOLOGY.to_owned()), "{}: {team:?}", house.engine);
        let mailbox = house.directory.mailbox(&address(CARDIOLOGY)).await.unwrap().unwrap();
        let named = crate::Mailbox { responsible: Some(format!(" {MARIES} ")), ..mailbox.clone() };
        let told = recipients(&mut tx, &named, NOW).await.unwrap();
        assert_eq!(told[0].to_string(), MARIES, "{}", house.engine);
        let words = crate::Mailbox { responsible: Some("Mme Durand".to_owned()), ..mailbox };
        assert_eq!(recipients(&mut tx, &words, NOW).await.unwrap().len(), team.len(), "{}", house.engine);
    }
}
