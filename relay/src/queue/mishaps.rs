//! What must not happen to letters when the store, an operator or a peer comes at a bad moment.

use super::care::{Care, State, Which};
use super::home::Owner;
use super::lanes::Job;
use super::outcome::{Fault, Plan};
use super::settle::{End, Fate, Settle, Settlement};
use super::testing::{Does, Peer, Pki, Working, one};
use super::tests::{NURSE, PATIENT, assert_empty, count, lease, waiting};
use super::{Leased, carrying, limits};
use crate::testing::{DOCTOR, House, houses};
use audit::Actor;
use db::args;
use mailstore::{QUEUE, Work};
use std::sync::Arc;
use std::sync::atomic::Ordering;

async fn execute(house: &House, sql: &'static str) {
    let unit = db::unit("change a table", sql, |sql, tx| {
        Box::pin(async move { tx.execute(sql, args![]).await.map(drop) })
    });
    house.data.write(unit).await.unwrap();
}

/// A plan that gives one row up.
fn given_up(row: &Leased, house: &House) -> Plan {
    let fault = Fault { status: (5, 1, 1), words: "no".to_owned(), said: None, peer: None };
    let mut plan = Plan::default();
    plan.give_up(row, End::Dropped, &fault, house.relay.now());
    plan
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_was_leased_when_the_store_was_away_goes_on_when_it_is_back() {
    for house in houses().await {
        let pki = Pki::new();
        let peer = Peer::start(&pki, &[], |_, _| Does::Usual).await;
        one(&house, DOCTOR, NURSE).await;
        execute(&house, "ALTER TABLE head RENAME TO head_away").await;
        let working = Working::begin(&house, &pki, peer.address).await;
        let given_back = async {
            let sql = "SELECT COUNT(*) FROM outbound WHERE lease = 0 AND sealed_reason IS NOT NULL";
            while count(&house, sql).await == 0 {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(std::time::Duration::from_secs(20), given_back).await;
        assert!(waited.is_ok(), "{}: it stays in a hand that does nothing with it", house.engine);
        execute(&house, "ALTER TABLE head_away RENAME TO head").await;
        working.pass(&house, limits::SHUT + 1);
        working.until("it arrives", |counts| counts.delivered == 1).await;
        working.end().await;
        assert_empty(&house).await;
    }
}

#[tokio::test]
async fn a_letter_that_a_worker_took_meanwhile_is_not_dropped() {
    for house in houses().await {
        let queue = one(&house, DOCTOR, NURSE).await;
        let rows = lease(&house, 9, 10, house.relay.now()).await;
        let plan = given_up(&rows[0], &house);
        let now = house.relay.now();
        let settlement =
            Arc::new(Settlement { rows: plan.rows, reports: Vec::new(), audit: Vec::new(), now });
        for (owner, ended, left) in [(Owner::NOBODY, 0, 1), (Owner(8), 1, 0)] {
            let settle = Settle {
                queue: house.relay.queue().clone(),
                mailstore: house.relay.mailstore().clone(),
                owner,
            };
            let unit = db::unit("settle", (settle, vec![Arc::clone(&settlement)]), |(settle, jobs), tx| {
                Box::pin(settle.run(tx, jobs))
            });
            assert_eq!(house.data.write(unit).await.unwrap(), [ended], "{}: {owner:?}", house.engine);
            assert_eq!(waiting(&house, queue).await.len(), left, "{}: {owner:?}", house.engine);
        }
    }
}

#[tokio::test]
async fn a_row_in_hand_twice_lets_go_of_its_letter_once() {
    for house in houses().await {
        let wishes = super::Wishes::default();
        let both = [(NURSE, wishes.clone()), (PATIENT, wishes)];
        super::testing::enqueue(&house, Some(DOCTOR), &both, "Bonjour").await;
        let rows = lease(&house, 9, 10, house.relay.now()).await;
        let now = house.relay.now();
        let settlement = || {
            let rows = given_up(&rows[0], &house).rows;
            Arc::new(Settlement { rows, reports: Vec::new(), audit: Vec::new(), now })
        };
        let settle = Settle {
            queue: house.relay.queue().clone(),
            mailstore: house.relay.mailstore().clone(),
            owner: Owner(9),
        };
        let jobs = vec![settlement(), settlement()];
        let unit = db::unit("settle", (settle, jobs), |(settle, jobs), tx| Box::pin(settle.run(tx, jobs)));
        house.data.write(unit).await.unwrap();
        let letters = house.relay.mailstore().whole_letters(QUEUE, &[rows[1].head]).await.unwrap();
        assert_eq!(letters.len(), 1, "{}: the other recipient's letter is kept", house.engine);
    }
}

#[tokio::test]
async fn a_letter_held_under_way_and_released_keeps_its_worker() {
    for house in houses().await {
        let queue = one(&house, DOCTOR, NURSE).await;
        let rows = lease(&house, 9, 10, house.relay.now()).await;
        let care = |care| {
            let now = house.relay.now();
            house.relay.care_for_queue(&Which::All, care, Actor::Operator, now)
        };
        care(Care::Hold).await.unwrap();
        house.clock.fetch_add(limits::LEASE - 1_000, Ordering::SeqCst);
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let unit = db::unit(
            "renew",
            (house.relay.queue().clone(), ids, house.relay.now()),
            |(queue, ids, now), tx| Box::pin(queue.renew(tx, Owner(9), ids, *now)),
        );
        assert_eq!(house.data.write(unit).await.unwrap(), 1, "{}", house.engine);
        house.clock.fetch_add(2_000, Ordering::SeqCst);
        care(Care::Release).await.unwrap();
        assert_eq!(waiting(&house, queue).await[0].state, State::UnderWay, "{}", house.engine);
    }
}

#[tokio::test]
async fn a_letter_is_not_given_up_while_nobody_can_be_told() {
    for house in houses().await {
        one(&house, DOCTOR, NURSE).await;
        let rows = lease(&house, 9, 10, house.relay.now()).await;
        let letters = house.relay.mailstore().whole_letters(QUEUE, &[rows[0].head]).await.unwrap();
        let (head, body) = letters.into_values().next().unwrap().unwrap();
        let mut plan = given_up(&rows[0], &house);
        let job = Job { rows, head, body, unheard: 0 };
        let now = house.relay.now();
        execute(&house, "ALTER TABLE trusted_domain RENAME TO trusted_away").await;
        let told = carrying::reports(&house.relay, &job, &plan, now).await;
        execute(&house, "ALTER TABLE trusted_away RENAME TO trusted_domain").await;
        assert!(told.is_err(), "{}: that there is no report must be known", house.engine);
        plan.keep_untold(now);
        assert!(matches!(plan.rows[0].fate, Fate::Later { .. }), "{}", house.engine);
        assert!(plan.tell.is_empty() && plan.events.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_peer_says_of_one_recipient_is_not_told_of_another() {
    for house in houses().await {
        let pki = Pki::new();
        let peer = Peer::start(&pki, &[], |_, at| match at.starts_with("RCPT") {
            true => Does::Says("421 4.3.2 <279035121518989@there.example> not now"),
            false => Does::Usual,
        })
        .await;
        for _ in 0..limits::STUMBLES {
            one(&house, DOCTOR, PATIENT).await;
        }
        let mut others = Vec::new();
        for _ in 0..4 {
            others.push(one(&house, DOCTOR, NURSE).await);
        }
        let working = Working::begin(&house, &pki, peer.address).await;
        working.until("all wait", |counts| counts.deferred == 7).await;
        working.end().await;
        for queue in others {
            let last = waiting(&house, queue).await[0].last.clone().unwrap();
            assert!(!last.words.contains("279035121518989"), "{}: {}", house.engine, last.words);
        }
    }
}
