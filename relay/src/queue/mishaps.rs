//! What must not happen to letters when the store, an operator or a peer comes at a bad moment.

use super::care::{Care, State, Which};
use super::home::Owner;
use super::lanes::{Job, Lanes};
use super::outcome::{Fault, Plan};
use super::settle::{End, Fate, Settle, Settlement};
use super::testing::{Does, Peer, Pki, Working, one, trust_peer};
use super::tests::{NURSE, PATIENT, assert_empty, count, lease, waiting};
use super::{Leased, carrying, limits};
use crate::testing::{DOCTOR, House, houses};
use audit::Actor;
use db::args;
use mailstore::{QUEUE, Work};
use names::Timestamp;
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

/// An operator hurries a row in the instant between its going back to the table and its worker's letting go.
#[tokio::test]
async fn a_row_that_is_taken_again_before_it_was_let_go_stays_in_hand() {
    for house in houses().await {
        one(&house, DOCTOR, NURSE).await;
        let now = house.relay.now();
        let rows = lease(&house, 9, 10, now).await;
        let letters = house.relay.mailstore().whole_letters(QUEUE, &[rows[0].head]).await.unwrap();
        let (head, body) = letters.into_values().next().unwrap().unwrap();
        let (domain, id) = (rows[0].domain.clone(), rows[0].id);
        let mut lanes = Lanes::default();
        lanes.hold(&rows);
        lanes.hold(&rows);
        lanes.push(&domain, Job { rows, head, body, unheard: 0 });
        lanes.let_go([(&domain, id)]);
        lanes.tidy(now);
        assert_eq!(lanes.held(), [id], "{}: its lease is renewed", house.engine);
        assert!(lanes.take(&domain).is_some(), "{}: a session finds it", house.engine);
        lanes.let_go([(&domain, id)]);
        lanes.tidy(now);
        assert!(lanes.held().is_empty(), "{}", house.engine);
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

/// A peer that has the letter and says nothing, and a server that stops: nobody died over the letter.
#[tokio::test(flavor = "multi_thread")]
async fn a_letter_on_the_wire_at_the_stop_is_given_back_without_a_strike() {
    for house in houses().await {
        let pki = Pki::new();
        let slow = Peer::start(&pki, &[], |_, at| if at == "." { Does::Stalls } else { Does::Usual }).await;
        let queue = one(&house, DOCTOR, NURSE).await;
        trust_peer(&house).await;
        let working = Working::begin_with(&house, &pki, slow.address, std::time::Duration::from_millis(1));
        let sent = async {
            while slow.got().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), sent).await.expect("it is sent");
        working.end().await;
        let [row] = &waiting(&house, queue).await[..] else { panic!("{}: it waits", house.engine) };
        assert_eq!((row.state, row.strikes, row.attempts), (State::Waiting, 0, 0), "{}", house.engine);
        let quick = Peer::start(&pki, &[], |_, _| Does::Usual).await;
        let working = Working::begin(&house, &pki, quick.address).await;
        working.until("it arrives", |counts| counts.delivered == 1).await;
        working.end().await;
        assert_eq!(slow.got()[0].octets, quick.got()[0].octets, "a peer that had it knows it again");
        assert_empty(&house).await;
    }
}

#[tokio::test]
async fn work_that_breaks_beside_a_session_leaves_no_row_in_hand() {
    for house in houses().await {
        one(&house, DOCTOR, NURSE).await;
        let rows = lease(&house, 9, 10, house.relay.now()).await;
        let pki = Pki::new();
        let working = Working::begin(&house, &pki, "127.0.0.1:9".parse().unwrap()).await;
        working.sender.hold(&rows);
        let (sender, plan) = (working.sender.clone(), given_up(&rows[0], &house));
        let broke = tokio::spawn(async move {
            let _in_hand = carrying::InHand::of(sender.inner(), &plan);
            panic!("as a test wants");
        });
        assert!(broke.await.unwrap_err().is_panic());
        assert!(working.sender.held().is_empty(), "{}: its lease would be renewed for ever", house.engine);
        working.end().await;
    }
}

#[tokio::test]
async fn what_is_due_and_cannot_be_taken_wakes_nobody_again_and_again() {
    for house in houses().await {
        one(&house, DOCTOR, NURSE).await;
        let next = async |at: Timestamp| {
            let mut tx = house.data.read().await.unwrap();
            house.relay.queue().next_due(&mut tx, at).await.unwrap()
        };
        let due = next(Timestamp(0)).await.unwrap();
        assert!(due <= house.relay.now(), "{}: it is due", house.engine);
        assert_eq!(next(due).await, None, "{}: it waits for news", house.engine);
    }
}

#[tokio::test]
async fn who_wrote_a_damaged_letter_hears_that_it_was_dropped_or_the_operator_is_warned() {
    for house in houses().await {
        let drop = || {
            let now = house.relay.now();
            house.relay.drop_from_queue(&Which::All, super::Notice::Report, Actor::Operator, now)
        };
        one(&house, DOCTOR, NURSE).await;
        execute(&house, "UPDATE head SET sealed_block = sealed_summary").await;
        assert_eq!(drop().await.unwrap(), 1);
        let [entry] = &house.inbox(DOCTOR).await[..] else { panic!("{}: a report", house.engine) };
        let report = house.text(DOCTOR, entry).await;
        assert!(report.contains("Final-Recipient: rfc822; nurse@there.example"), "{report}");
        assert!(!report.contains("Secret subject"), "{report}");
        assert_eq!(house.relay.counts().dropped_untold, 0);
        one(&house, DOCTOR, NURSE).await;
        execute(
            &house,
            "UPDATE outbound SET sealed_envelope = (SELECT sealed_trace FROM outbound_trace LIMIT 1)",
        )
        .await;
        assert_eq!(drop().await.unwrap(), 1);
        assert_eq!(house.relay.counts().dropped_untold, 1, "{}", house.engine);
        assert_empty(&house).await;
    }
}
