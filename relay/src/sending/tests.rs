//! Allowances at the submission door, on both engines.

use std::sync::atomic::Ordering;

use names::DAY;
use net::{Caps, ConnInfo, Gate, World as _};
use policy::{Allowance, Allowances};
use wire::sasl::{Attempt, Mechanism, Secret};
use wire::smtp::{Answer, Ask, MailParameters, RcptParameters, Reply};

use super::*;
use crate::SubmissionWorld;
use crate::testing::{CARDIOLOGIST, DOCTOR, House, NOON, SECRETARIAT, address};

const MOTHER: &str = "285059900010125@patient.mssante.example";
const FATHER: &str = "152039900030303@patient.mssante.example";

fn letter(to: &str) -> String {
    format!("From: <{DOCTOR}>\nTo: <{to}>\nSubject: Une lettre\nMessage-ID: <{to}>\n\nBonjour.\n")
}

async fn door(house: &House) -> SubmissionWorld {
    let peer = "192.0.2.7:50000".parse().unwrap();
    let connection = ConnInfo { peer, local: peer, door: "submission" };
    let mut world = SubmissionWorld::new(house.relay.clone(), Gate::new(Caps::default()), &connection);
    let attempt = Attempt::Password {
        mechanism: Mechanism::Plain,
        login: DOCTOR.to_owned(),
        authzid: None,
        secret: Secret::new(b"demo-marie-lenoir".to_vec()),
    };
    let entered = world.answer(Ask::Authenticate { attempt, binding: None }).await;
    assert!(matches!(entered, Answer::Authenticated(Ok(()))));
    world
}

/// What the door says to these recipients of one letter, which is not sent.
async fn asked(world: &mut SubmissionWorld, to: &[&str]) -> Vec<Result<(), Reply>> {
    let path = Some(address(DOCTOR));
    let sender = Ask::Sender { path, parameters: MailParameters::default() };
    assert!(matches!(world.answer(sender).await, Answer::Sender(Ok(()))));
    let mut said = Vec::new();
    for to in to {
        let ask = Ask::Recipient { path: address(to), parameters: RcptParameters::default() };
        let Answer::Recipient(answer) = world.answer(ask).await else { panic!("{to}") };
        said.push(answer);
    }
    world.answer(Ask::Reset).await;
    said
}

fn text(reply: &Result<(), Reply>) -> String {
    let mut wire = Vec::new();
    if let Err(reply) = reply {
        reply.write(&mut wire);
    }
    String::from_utf8(wire).unwrap().replace("\r\n", " ")
}

async fn houses(people: Allowance) -> Vec<House> {
    let sending = Allowances { people, ..Allowances::default() };
    let settings = policy::Settings { sending, ..policy::Settings::default() };
    crate::testing::houses().await.iter().map(|house| house.with(settings.clone())).collect()
}

#[tokio::test]
async fn a_mailbox_reaches_so_many_patients_a_day_and_no_more() {
    let people = Allowance { letters_per_hour: 100, letters_per_day: 100, patients_per_day: 1 };
    for house in houses(people).await {
        let mut world = door(&house).await;
        let said = asked(&mut world, &[MOTHER, FATHER]).await;
        assert!(said[0].is_ok() && text(&said[1]).starts_with("452"), "{}: in one letter", house.engine);
        house.send(DOCTOR, &[MOTHER], &letter(MOTHER)).await;
        let said = asked(&mut world, &[MOTHER, CARDIOLOGIST, FATHER]).await;
        assert!(said[0].is_ok() && said[1].is_ok(), "{}: known, or no patient", house.engine);
        let refused = text(&said[2]);
        assert!(refused.contains("[limit.patients-day]"), "{refused}");
        assert!(refused.contains("2026-11-23T00:00:00Z"), "{}: says when: {refused}", house.engine);
        // Who telephones with the reference hears of the same rule, and it is in the mailbox's trail.
        let queue = refused.split(" ref ").nth(1).unwrap().trim().parse().unwrap();
        let trace = house.relay.mailstore().why(queue).await.unwrap().unwrap();
        assert_eq!(trace.recipients[0].rule, "limit.patients-day", "{}", house.engine);
        assert_eq!((trace.recipients[0].outcome.as_str(), trace.door.as_str()), ("refused", "submission"));
        // Nobody reads in the rows who was written to.
        let mut tx = house.data.read().await.unwrap();
        let rows = tx.rows("SELECT patient FROM sent_patient", db::args![]).await.unwrap();
        let kept: Vec<Vec<u8>> = rows.iter().map(|row| row.bytes(0).unwrap()).collect();
        assert!(kept.len() == 1 && kept[0].len() == 32, "{}", house.engine);
        drop(tx);
        house.clock.store(NOON.plus(DAY).0, Ordering::SeqCst);
        assert!(asked(&mut world, &[FATHER]).await[0].is_ok(), "{}: the next day", house.engine);
        house.clock.store(NOON.plus(5 * DAY).0, Ordering::SeqCst);
        assert_eq!(house.relay.forget_counts(house.relay.now()).await.unwrap(), 2, "{}", house.engine);
    }
}

#[tokio::test]
async fn a_mailbox_sends_so_many_letters_an_hour_and_a_day() {
    let people = Allowance { letters_per_hour: 2, letters_per_day: 3, patients_per_day: 100 };
    for house in houses(people).await {
        let mut world = door(&house).await;
        for (hour, to, want) in [
            (0, CARDIOLOGIST, ""),
            (0, SECRETARIAT, ""),
            (0, MOTHER, "[limit.letters-hour]"),
            (1, MOTHER, ""),
            (2, FATHER, "[limit.letters-day]"),
            (25, FATHER, ""),
        ] {
            house.clock.store(NOON.plus(hour * HOUR).0, Ordering::SeqCst);
            let said = text(&asked(&mut world, &[to]).await[0]);
            assert!(
                said.contains(want) && said.is_empty() == want.is_empty(),
                "{} {hour} h: {said}",
                house.engine
            );
            if want.is_empty() {
                // The same letter handed in again counts once.
                house.send(DOCTOR, &[to], &letter(to)).await;
                house.send(DOCTOR, &[to], &letter(to)).await;
            }
        }
    }
}
