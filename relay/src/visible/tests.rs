//! Senders who follow their letters to patients, on both engines.

use super::{Notice, Opened, Standing, standing};
use crate::Outcome;
use crate::testing::{CARDIOLOGIST, DOCTOR, House, address, houses};
use audit::Actor;
use mailstore::Viewer;
use names::{DAY, QueueId};

const CLAIRE: &str = "285059900010125@patient.mssante.example";
const DAYS: i64 = 7 * DAY;

fn letter(to: &str, id: &str) -> String {
    format!(
        "From: <{DOCTOR}>\nTo: {to}\nSubject: Compte rendu\nMessage-ID: <{id}@x.example>\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nBonjour.\n\
         --b\nContent-Type: application/pdf; name=\"cr.pdf\"\n\
         Content-Disposition: attachment; filename=\"cr.pdf\"\n\
         Content-Transfer-Encoding: base64\n\nJVBERi0xLjQKJSVFT0YK\n--b--\n"
    )
}

async fn send(house: &House, to: &str, id: &str) -> QueueId {
    match house.send(DOCTOR, &[to], &letter(to, id)).await {
        Outcome::Accepted { queue } => queue,
        Outcome::Refused { refusal, .. } => panic!("{refusal:?}"),
    }
}

async fn follow(house: &House, followed: bool) {
    let directory = house.relay.directory();
    let by = Actor::Operator;
    assert!(directory.follow_letters(&address(DOCTOR), followed, by, house.relay.now()).await.unwrap());
}

async fn open(house: &House) {
    let visitor = house.visitor(CLAIRE).await;
    let store = house.relay.mailstore();
    let list = store.conversations(visitor.account, Viewer::Patient, None, 10).await.unwrap();
    for conversation in list {
        house.relay.open_conversation(&visitor, conversation.id, house.relay.now()).await.unwrap();
    }
}

/// The texts of the doctor's letters, oldest first.
async fn told(house: &House) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in house.inbox(DOCTOR).await {
        texts.push(house.text(DOCTOR, &entry).await);
    }
    texts
}

#[tokio::test]
async fn a_mailbox_that_follows_its_letters_hears_that_one_is_filed_and_that_nobody_opened_it() {
    for house in houses().await {
        follow(&house, true).await;
        send(&house, CLAIRE, "one").await;
        // Letters to colleagues are not followed.
        send(&house, CARDIOLOGIST, "two").await;
        let [delivered] = &told(&house).await[..] else { panic!("{}: one report", house.engine) };
        assert!(delivered.contains("Action: delivered\r\n") && delivered.contains("Status: 2.1.5\r\n"));
        assert!(!delivered.contains("cr.pdf"), "{}: a title is health data", house.engine);
        let now = house.relay.now();
        assert_eq!(house.relay.remind_senders(now.plus(DAYS - DAY)).await.unwrap(), 0, "too early");
        assert_eq!(house.relay.remind_senders(now.plus(DAYS)).await.unwrap(), 1, "{}", house.engine);
        assert_eq!(house.relay.remind_senders(now.plus(DAYS)).await.unwrap(), 0, "told once");
        let [_, unopened] = &told(&house).await[..] else { panic!("{}: two reports", house.engine) };
        for words in
            ["Action: delayed\r\n", "Status: 4.2.0\r\n", &format!("Final-Recipient: rfc822; {CLAIRE}")]
        {
            assert!(unopened.contains(words), "{}: {words} in {unopened}", house.engine);
        }
        let patient = house.relay.directory().patient_by_account(house.account(CLAIRE).await).await.unwrap();
        let email = patient.unwrap().traits.email.expect("Claire has an ordinary address");
        assert!(!unopened.contains(&email), "never where a notice went");
    }
}

#[tokio::test]
async fn an_opened_letter_a_mailbox_that_follows_no_more_and_one_that_never_did_hear_nothing() {
    for house in houses().await {
        let late = house.relay.now().plus(2 * DAYS);
        send(&house, CLAIRE, "never").await;
        assert_eq!(house.relay.remind_senders(late).await.unwrap(), 0, "{}", house.engine);
        follow(&house, true).await;
        send(&house, CLAIRE, "opened").await;
        open(&house).await;
        assert_eq!(house.relay.remind_senders(late).await.unwrap(), 0, "{}: opened", house.engine);
        send(&house, CLAIRE, "waits").await;
        follow(&house, false).await;
        assert_eq!(house.relay.remind_senders(late).await.unwrap(), 0, "{}: no more", house.engine);
        // Two deliveries were told, and nothing else.
        assert_eq!(told(&house).await.len(), 2, "{}", house.engine);
        let never = house.with(policy::Settings { unopened_after_days: 0, ..policy::Settings::default() });
        follow(&house, true).await;
        send(&never, CLAIRE, "off").await;
        assert_eq!(never.relay.remind_senders(late).await.unwrap(), 0, "{}: switched off", house.engine);
    }
}

#[tokio::test]
async fn support_sees_what_was_filed_whether_a_notice_left_and_when_it_was_opened() {
    for house in houses().await {
        follow(&house, true).await;
        let queue = send(&house, CLAIRE, "one").await;
        let (account, arrived) = (house.account(CLAIRE).await, house.relay.now().plus(-1_000));
        let store = house.relay.mailstore();
        let of = async |queue| {
            let mut tx = house.data.read().await.unwrap();
            standing(store, &mut tx, account, queue, arrived).await.unwrap()
        };
        let waits = Standing { filed: 1, notice: Notice::Waits, opened: Opened::No };
        assert_eq!(of(queue).await, Some(waits), "{}", house.engine);
        open(&house).await;
        let Some(Standing { opened: Opened::At(_), .. }) = of(queue).await else {
            panic!("{}", house.engine)
        };
        assert_eq!(of(QueueId(1)).await, None);
        follow(&house, false).await;
        let silent = send(&house, CLAIRE, "two").await;
        open(&house).await;
        assert_eq!(of(silent).await.map(|standing| standing.opened), Some(Opened::Sometime));
        assert_eq!(house.relay.forget_owed(arrived.plus(mailstore::limits::TRACE)).await.unwrap(), 0);
        let years = arrived.plus(2 * mailstore::limits::TRACE);
        assert_eq!(house.relay.forget_owed(years).await.unwrap(), 1, "{}", house.engine);
    }
}
