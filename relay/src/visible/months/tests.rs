//! Months from letters and sign-ins, on both engines.

use super::{DomainCounts, Figures, MailboxCounts};
use crate::sign_in::tell_signed_in;
use crate::testing::{CARDIOLOGIST, DOCTOR, House, NOON, SECRETARIAT, SURGEON, houses};
use names::{DAY, Domain, HOUR, Month, Timestamp};
use std::sync::atomic::Ordering;

const CLAIRE: &str = "285059900010125@patient.mssante.example";
const STRANGER: &str = "199999999999999@patient.mssante.example";

fn letter(to: &str, subject: &str, fields: &str) -> String {
    format!(
        "From: <{DOCTOR}>\nTo: <{to}>\nSubject: {subject}\nMessage-ID: <{subject}@x.example>\n{fields}\nBonjour.\n"
    )
}

/// A day's work of the doctor: two letters of which one goes to a patient, one to two colleagues of one
/// domain, one beyond the house, one refused; two sessions, and one of the team.
async fn work(house: &House, day: &str) {
    let marks = "X-MSS-CODECDA: 34133-9\nX-MSS-INS: O\n";
    for (to, subject, fields) in [
        (&[CLAIRE][..], "patient", marks),
        (&[CARDIOLOGIST, SECRETARIAT][..], "two", "X-MSS-CODECDA: 34133-9\n"),
        (&[SURGEON][..], "beyond", "X-MSS-INS: N\n"),
        (&[STRANGER][..], "stranger", ""),
    ] {
        let outcome = house.send(DOCTOR, to, &letter(to[0], &format!("{subject}-{day}"), fields)).await;
        let taken = matches!(outcome, crate::Outcome::Accepted { .. });
        assert_eq!(taken, subject != "stranger", "{subject}: {outcome:?}");
    }
    for (mailbox, door) in [(DOCTOR, "imap"), (DOCTOR, "submission"), (SECRETARIAT, "imap")] {
        let login = house.login(mailbox).await;
        tell_signed_in(&house.relay, &login, door, house.relay.now()).await.unwrap();
    }
}

async fn of(house: &House, figures: &Figures, mailbox: &str) -> MailboxCounts {
    figures.mailboxes.get(&house.account(mailbox).await).copied().unwrap_or_default()
}

async fn check(house: &House, figures: &Figures, days: i64, case: &str) {
    let doctor = MailboxCounts {
        sent: 3 * days,
        sent_to_patients: days,
        sent_with_cda: 2 * days,
        sent_with_qualified_ins: days,
        refused: days,
        received: 0,
        connections: 2 * days,
    };
    let engine = house.engine;
    assert_eq!(of(house, figures, DOCTOR).await, doctor, "{engine}: {case}");
    let team = MailboxCounts { received: days, connections: days, ..MailboxCounts::default() };
    assert_eq!(of(house, figures, SECRETARIAT).await, team, "{engine}: {case}");
    let one = MailboxCounts { received: days, ..MailboxCounts::default() };
    assert_eq!(of(house, figures, CARDIOLOGIST).await, one, "{engine}: {case}");
    let patient = house.account(CLAIRE).await;
    assert!(!figures.mailboxes.contains_key(&patient), "{engine}: {case}: a patient is in the table");
    for (domain, sent, received) in [
        ("cabinet-lilas.mssante.example", 3 * days, 0),
        ("hopital-saint-roch.mssante.example", 0, days),
        ("patient.mssante.example", 0, days),
        ("clinique-voisine.mssante.example", 0, days),
    ] {
        let counts = figures.domains.get(&Domain::parse(domain).unwrap()).copied().unwrap_or_default();
        assert_eq!(counts, DomainCounts { sent, received }, "{engine}: {case}: {domain}");
    }
    assert!(figures.open["PER"] >= 3 && figures.open["ORG"] >= 2, "{engine}: {case}: {:?}", figures.open);
}

#[tokio::test]
async fn a_month_tells_the_same_before_and_after_its_days_are_counted() {
    let month = Month::of(NOON);
    for house in houses().await {
        work(&house, "one").await;
        let now = house.relay.now();
        check(&house, &house.relay.figures(month, now).await.unwrap(), 1, "on the day").await;
        assert_eq!(house.relay.count_days(now).await.unwrap(), 0, "{}: the day goes on", house.engine);

        house.clock.store(NOON.0 + DAY, Ordering::SeqCst);
        work(&house, "two").await;
        let now = house.relay.now();
        check(&house, &house.relay.figures(month, now).await.unwrap(), 2, "the day after").await;
        assert_eq!(house.relay.count_days(now).await.unwrap(), 1, "{}", house.engine);
        assert_eq!(house.relay.count_days(now).await.unwrap(), 0, "{}: once", house.engine);
        check(&house, &house.relay.figures(month, now).await.unwrap(), 2, "half counted").await;
        let trend = house.relay.trend(month..=month, None, now).await.unwrap();
        assert_eq!((trend[0].1.sent, trend[0].1.connections), (6, 6), "{}: half counted", house.engine);

        let later = NOON.plus(2 * DAY);
        assert_eq!(house.relay.count_days(later).await.unwrap(), 1, "{}", house.engine);
        check(&house, &house.relay.figures(month, later).await.unwrap(), 2, "counted").await;
        let doctor = house.account(DOCTOR).await;
        for (case, accounts, sent, received) in
            [("all", None, 6, 4), ("the doctor", Some(&[doctor][..]), 6, 0), ("nobody", Some(&[][..]), 0, 0)]
        {
            let trend = house.relay.trend(month.previous()..=month, accounts, later).await.unwrap();
            let [(before, none), (at, counts)] = &trend[..] else { panic!("{trend:?}") };
            assert_eq!((*before, *at), (month.previous(), month), "{}: {case}", house.engine);
            assert_eq!(*none, MailboxCounts::default(), "{}: {case}", house.engine);
            assert_eq!((counts.sent, counts.received), (sent, received), "{}: {case}", house.engine);
        }
        let next = house.relay.figures(month.next(), later.plus(30 * DAY)).await.unwrap();
        assert!(next.mailboxes.is_empty() && next.domains.is_empty(), "{}: {next:?}", house.engine);
        assert_eq!(house.relay.months(later).await.unwrap(), [month], "{}", house.engine);
    }
}

#[tokio::test]
async fn two_processes_count_a_day_once_and_days_missed_are_counted_later() {
    for house in houses().await {
        work(&house, "one").await;
        let other = house.beside().await;
        let later = NOON.plus(40 * DAY);
        let (one, two) = tokio::join!(house.relay.count_days(later), other.relay.count_days(later));
        // 22 November to 31 December.
        assert_eq!(one.unwrap() + two.unwrap(), 40, "{}", house.engine);
        let month = Month::of(NOON);
        let figures = house.relay.figures(month, later).await.unwrap();
        let sent = of(&house, &figures, DOCTOR).await.sent;
        assert_eq!(sent, 3, "{}", house.engine);
        assert!(figures.open.is_empty(), "{}: what was open then is not known now", house.engine);
        let months = house.relay.months(later).await.unwrap();
        assert_eq!(months, [Month::of(later), month.next(), month], "{}", house.engine);
    }
}

#[tokio::test]
async fn a_day_is_counted_two_hours_after_its_end() {
    for house in houses().await {
        work(&house, "one").await;
        let midnight = Timestamp((NOON.0.div_euclid(DAY) + 1) * DAY);
        for (case, now, counted) in [
            ("at midnight", midnight, 0),
            ("just before", midnight.plus(2 * HOUR - 1), 0),
            ("then", midnight.plus(2 * HOUR), 1),
        ] {
            assert_eq!(house.relay.count_days(now).await.unwrap(), counted, "{}: {case}", house.engine);
        }
    }
}
