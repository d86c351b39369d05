//! The queue on both engines: its rows, and a sender against peers of every temper.

use super::care::{Care, Notice, State, Which};
use super::envelope::{Notify, Occasion, Wishes};
use super::home::{Home, Owner};
use super::outcome::Plan;
use super::settle::{End, Settle, Settlement, Story};
use super::testing::{Does, FAR, Peer, Pki, Working, enqueue, one};
use super::{lanes::Job, limits};
use crate::testing::{DOCTOR, House, houses};
use db::args;
use mailstore::{Origin, QUEUE, Work};
use names::{Domain, HOUR, MINUTE, QueueId, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub(super) const NURSE: &str = "nurse@there.example";
pub(super) const PATIENT: &str = "279035121518989@there.example";

fn wants(occasions: &[Occasion]) -> Wishes {
    Wishes { notify: Some(Notify::On(occasions.to_vec())), ..Wishes::default() }
}

pub(super) async fn lease(house: &House, owner: i64, limit: usize, now: Timestamp) -> Vec<super::Leased> {
    let parameters = (house.relay.queue().clone(), owner, limit, now);
    let unit = db::unit("lease", parameters, |(queue, owner, limit, now), tx| {
        Box::pin(queue.lease(tx, Owner(*owner), &[], *limit, *now))
    });
    house.data.write(unit).await.unwrap()
}

async fn lease_suspect(house: &House, owner: i64, now: Timestamp) -> Option<super::Leased> {
    let parameters = (house.relay.queue().clone(), owner, now);
    let unit = db::unit("lease", parameters, |(queue, owner, now), tx| {
        Box::pin(queue.lease_suspect(tx, Owner(*owner), *now))
    });
    house.data.write(unit).await.unwrap()
}

async fn recover(house: &House, home: Home, now: Timestamp) -> u64 {
    let parameters = (house.relay.queue().clone(), home, now);
    let unit =
        db::unit("recover", parameters, |(queue, home, now), tx| Box::pin(queue.recover(tx, *home, *now)));
    house.data.write(unit).await.unwrap()
}

pub(super) async fn count(house: &House, sql: &'static str) -> i64 {
    house.data.read().await.unwrap().row(sql, args![]).await.unwrap().int(0).unwrap()
}

/// How the recipients of a letter ended: outcome and the words.
async fn ends(house: &House, queue: QueueId) -> Vec<(String, String)> {
    let mut tx = house.data.read().await.unwrap();
    let ended = house.relay.queue().ended(&mut tx, queue).await.unwrap();
    ended.into_iter().map(|ended| (ended.outcome, ended.story.unwrap().words)).collect()
}

/// The rows that wait of a letter.
pub(super) async fn waiting(house: &House, queue: QueueId) -> Vec<super::Waiting> {
    let now = house.relay.now();
    let mut tx = house.data.read().await.unwrap();
    house.relay.queue().of_letter(&mut tx, queue, now).await.unwrap()
}

/// The reports in a mailbox, whole.
async fn reports(house: &House, mailbox: &str) -> Vec<String> {
    let mut reports = Vec::new();
    for entry in house.inbox(mailbox).await.iter().filter(|entry| entry.origin == Origin::Report) {
        reports.push(house.text(mailbox, entry).await);
    }
    reports
}

/// Nothing of a letter is left but its traces.
pub(super) async fn assert_empty(house: &House) {
    assert_eq!(count(house, "SELECT COUNT(*) FROM outbound").await, 0, "{}", house.engine);
    let held = count(house, "SELECT COUNT(*) FROM body_key WHERE account = 0").await;
    assert_eq!(held, 0, "{}: the queue holds no body any more", house.engine);
}

#[tokio::test]
async fn a_row_carries_its_envelope_sealed_and_is_leased_by_one() {
    for house in houses().await {
        let queue = enqueue(&house, Some(DOCTOR), &[(PATIENT, wants(&[Occasion::Success]))], "x").await;
        let mut tx = house.data.read().await.unwrap();
        let row = tx.row("SELECT domain, sealed_envelope FROM outbound", args![]).await.unwrap();
        assert_eq!(row.text(0).unwrap(), FAR);
        let sealed = row.bytes(1).unwrap();
        for secret in ["279035121518989", "lenoir", "cabinet"] {
            let seen = sealed.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!seen, "{}: {secret} stands in clear", house.engine);
        }
        drop(tx);
        let now = house.relay.now();
        let [row] = &lease(&house, 1, 10, now).await[..] else { panic!("one row") };
        let envelope = row.envelope.as_ref().unwrap();
        assert_eq!((row.queue, envelope.recipient.to_string().as_str()), (queue, PATIENT));
        assert!(envelope.wishes.wants(Occasion::Success) && !envelope.wishes.wants(Occasion::Failure));
        assert!(lease(&house, 2, 10, now).await.is_empty(), "{}: a lease is one worker's", house.engine);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_side_by_side_never_take_the_same_row() {
    for house in houses().await {
        const LETTERS: usize = 120;
        for _ in 0..LETTERS {
            one(&house, DOCTOR, NURSE).await;
        }
        let house = Arc::new(house);
        let now = house.relay.now();
        let workers = (1..=4).map(|owner| {
            let house = Arc::clone(&house);
            tokio::spawn(async move {
                let mut taken = Vec::new();
                loop {
                    let rows = lease(&house, owner, 7, now).await;
                    if rows.is_empty() {
                        return taken;
                    }
                    taken.extend(rows.into_iter().map(|row| row.id));
                }
            })
        });
        let mut all = Vec::new();
        for worker in workers.collect::<Vec<_>>() {
            all.extend(worker.await.unwrap());
        }
        let distinct: BTreeSet<_> = all.iter().collect();
        assert_eq!((all.len(), distinct.len()), (LETTERS, LETTERS), "{}", house.engine);
    }
}

#[tokio::test]
async fn a_worker_that_dies_leaves_a_strike_and_the_row_is_taken_alone() {
    for house in houses().await {
        one(&house, DOCTOR, NURSE).await;
        one(&house, DOCTOR, PATIENT).await;
        let mut now = house.relay.now();
        assert_eq!(lease(&house, 1, 10, now).await.len(), 2);
        assert!(lease_suspect(&house, 2, now).await.is_none(), "the lease holds");
        for strikes in 1..=3 {
            now = now.plus(limits::LEASE + 1);
            let after = house.engine;
            assert!(lease(&house, 2, 10, now).await.is_empty(), "{after}: a suspect is nobody's company");
            let first = lease_suspect(&house, 2, now).await.unwrap();
            let second = lease_suspect(&house, 2, now).await.unwrap();
            assert_eq!((first.strikes, second.strikes), (strikes, strikes), "{after}");
            assert!(first.id != second.id && lease_suspect(&house, 2, now).await.is_none(), "{after}");
        }
    }
}

#[tokio::test]
async fn a_server_that_starts_takes_again_what_the_dead_one_of_its_home_held_and_nothing_else() {
    for house in houses().await {
        let entropy = crate::testing::entropy();
        let (here, elsewhere) = (Home::fresh(&entropy), Home::fresh(&entropy));
        let engine = house.engine;
        one(&house, DOCTOR, NURSE).await;
        let [ours] = &lease(&house, here.life(&entropy).0, 10, house.relay.now()).await[..] else {
            panic!("{engine}")
        };
        one(&house, DOCTOR, NURSE).await;
        let [theirs] = &lease(&house, elsewhere.life(&entropy).0, 10, house.relay.now()).await[..] else {
            panic!("{engine}")
        };
        one(&house, DOCTOR, NURSE).await;
        let now = house.relay.now();
        assert_eq!(recover(&house, here, now).await, 1, "{engine}");
        let heir = here.life(&entropy);
        let [fresh] = &lease(&house, heir.0, 10, now).await[..] else { panic!("{engine}") };
        assert!(fresh.id != ours.id && fresh.id != theirs.id, "{engine}");
        assert!(lease_suspect(&house, heir.0, now).await.is_none(), "{engine}: a rest first");
        let now = now.plus(limits::REST);
        let suspect = lease_suspect(&house, heir.0, now).await.unwrap();
        assert_eq!((suspect.id, suspect.strikes), (ours.id, 1), "{engine}: alone");
        assert!(lease_suspect(&house, heir.0, now).await.is_none(), "{engine}: {:?} stays theirs", theirs.id);
    }
}

#[tokio::test]
async fn a_server_that_is_killed_again_and_again_brings_no_strikes_on_letters() {
    for house in houses().await {
        let here = Home::fresh(&crate::testing::entropy());
        one(&house, DOCTOR, NURSE).await;
        let mut now = house.relay.now();
        assert_eq!(lease(&house, here.life(&crate::testing::entropy()).0, 10, now).await.len(), 1);
        for _life in 0..9 {
            assert_eq!(recover(&house, here, now).await, 1, "{}", house.engine);
            now = now.plus(limits::REST - 1);
            assert!(lease_suspect(&house, here.life(&crate::testing::entropy()).0, now).await.is_none());
        }
        let suspect = lease_suspect(&house, here.life(&crate::testing::entropy()).0, now.plus(1)).await;
        assert_eq!(suspect.unwrap().strikes, 1, "{}", house.engine);
    }
}

#[tokio::test]
async fn an_outcome_and_its_report_are_kept_together_or_not_at_all() {
    struct Cut(Settle, Vec<Arc<Settlement>>);
    impl db::Unit for Cut {
        const NAME: &'static str = "a commit that dies at its last step";
        type Output = ();
        type Error = crate::Error;
        async fn run(&mut self, tx: &mut db::Tx) -> Result<(), crate::Error> {
            self.0.run(tx, &self.1).await?;
            Err(crate::Error::Stopping)
        }
    }
    for house in houses().await {
        let queue = one(&house, DOCTOR, NURSE).await;
        let now = house.relay.now();
        let rows = lease(&house, 9, 10, now).await;
        let letters = house.relay.mailstore().whole_letters(QUEUE, &[rows[0].head]).await.unwrap();
        let (head, body) = letters.into_values().next().unwrap().unwrap();
        let job = Job { rows, head, body, unheard: 0 };
        let fault = super::outcome::Fault {
            status: (5, 1, 1),
            words: "RCPT was answered 550 no such user".to_owned(),
            said: Some("550 no such user".to_owned()),
            peer: Some("mx.there.example".to_owned()),
        };
        let mut plan = Plan::default();
        plan.give_up(&job.rows[0], End::Failed, &fault, now);
        let told = super::carrying::reports(&house.relay, &job, &plan, now).await.unwrap();
        assert_eq!(told.len(), 1);
        let settlement = Arc::new(Settlement { rows: plan.rows, reports: told, audit: Vec::new(), now });
        let settle = || Settle {
            queue: house.relay.queue().clone(),
            mailstore: house.relay.mailstore().clone(),
            owner: Owner(9),
        };
        house.data.write(Cut(settle(), vec![Arc::clone(&settlement)])).await.unwrap_err();
        assert_eq!(waiting(&house, queue).await.len(), 1, "{}: the row is still there", house.engine);
        assert!(reports(&house, DOCTOR).await.is_empty() && ends(&house, queue).await.is_empty());
        for settled in [1, 0] {
            // The second time nobody is told again: another worker was faster.
            let unit = db::unit("settle", (settle(), vec![Arc::clone(&settlement)]), |(settle, jobs), tx| {
                Box::pin(settle.run(tx, jobs))
            });
            assert_eq!(house.data.write(unit).await.unwrap(), [settled], "{}", house.engine);
            assert_eq!(reports(&house, DOCTOR).await.len(), 1, "{}", house.engine);
        }
        assert_eq!(ends(&house, queue).await[0].0, "failed");
        assert_empty(&house).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_go_over_one_connection_whole_and_the_queue_is_empty_after() {
    for house in houses().await {
        let pki = Pki::new();
        let peer = Peer::start(&pki, &["PIPELINING", "SIZE 1000000"], |_, _| Does::Usual).await;
        let two = [(NURSE, Wishes::default()), (PATIENT, Wishes::default())];
        let first = enqueue(&house, Some(DOCTOR), &two, "Ligne\r\n.point\r\nfin").await;
        let working = Working::begin(&house, &pki, peer.address).await;
        working.until("both recipients", |counts| counts.delivered == 2).await;
        for more in 1..=8 {
            one(&house, DOCTOR, NURSE).await;
            working.until("one more", |counts| counts.delivered == 2 + more).await;
        }
        let got = peer.got();
        let a = &got[0];
        // A letter that comes before the session is idle again may find a second one.
        assert!(got.len() == 9 && peer.sessions() <= 3, "{}: {} sessions", house.engine, peer.sessions());
        assert_eq!(a.rcpts.len(), 2, "{}: both recipients in one transaction: {a:?}", house.engine);
        assert!(a.mail.starts_with(&format!("MAIL FROM:<{DOCTOR}> SIZE=")), "{}", a.mail);
        let text = String::from_utf8_lossy(&a.octets);
        assert!(
            text.starts_with("Received: ") && text.ends_with("\r\n\r\nLigne\r\n..point\r\nfin\r\n"),
            "{text}"
        );
        assert!(ends(&house, first).await.iter().all(|(outcome, _)| outcome == "delivered"));
        working.end().await;
        assert!(reports(&house, DOCTOR).await.is_empty(), "good news is not told unasked");
        assert_empty(&house).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_recipient_has_its_own_outcome_and_one_report_tells_the_failures() {
    const FULL: &str = "full@there.example";
    for house in houses().await {
        let pki = Pki::new();
        let peer = Peer::start(&pki, &[], |_, command| match command {
            "RCPT TO:<279035121518989@there.example>" => Does::Says("550 5.1.1 279035121518989 unknown"),
            "RCPT TO:<full@there.example>" => Does::Says("452 4.2.2 full"),
            _ => Does::Usual,
        })
        .await;
        let three = [
            (NURSE, wants(&[Occasion::Success, Occasion::Failure])),
            (PATIENT, Wishes::default()),
            (FULL, Wishes::default()),
        ];
        let queue = enqueue(&house, Some(DOCTOR), &three, "x").await;
        let working = Working::begin(&house, &pki, peer.address).await;
        working
            .until("one of each", |counts| (counts.delivered, counts.failed, counts.deferred) == (1, 1, 1))
            .await;
        working.until("both reports", |counts| counts.reports == 2).await;
        working.end().await;
        assert_eq!(peer.got()[0].rcpts, ["RCPT TO:<nurse@there.example>"]);
        let outcomes: Vec<String> =
            ends(&house, queue).await.into_iter().map(|(outcome, _)| outcome).collect();
        assert_eq!(outcomes, ["delivered", "failed"], "{}", house.engine);
        let [late] = &waiting(&house, queue).await[..] else { panic!("one waits") };
        assert_eq!((late.attempts, late.state), (1, State::Waiting));
        let last = late.last.as_ref().unwrap();
        assert!(last.words.contains("452 4.2.2 full") && last.status == "4.2.2", "{last:?}");
        let told = reports(&house, DOCTOR).await;
        assert_eq!(told.len(), 2, "{}: relayed and failed", house.engine);
        let failed = told.iter().find(|report| report.contains("Action: failed")).unwrap();
        assert!(failed.contains("Status: 5.1.1") && failed.contains("Subject: Secret subject"), "{failed}");
        assert!(!failed.contains("full@there.example"), "{failed}");
        let relayed = told.iter().find(|report| report.contains("Action: relayed")).unwrap();
        assert!(relayed.contains("nurse@there.example") && !relayed.contains("\r\nx\r\n"), "{relayed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_with_dsn_tells_the_good_news_itself() {
    for house in houses().await {
        let pki = Pki::new();
        let peer = Peer::start(&pki, &["DSN"], |_, _| Does::Usual).await;
        let wishes = Wishes {
            original: Some("rfc822;old@there.example".to_owned()),
            envelope_id: Some("env+1".to_owned()),
            ..wants(&[Occasion::Success])
        };
        enqueue(&house, Some(DOCTOR), &[(NURSE, wishes)], "x").await;
        let working = Working::begin(&house, &pki, peer.address).await;
        working.until("delivered", |counts| counts.delivered == 1).await;
        working.end().await;
        let got = peer.got();
        assert!(got[0].mail.ends_with(" ENVID=env+2B1"), "{}", got[0].mail);
        assert_eq!(
            got[0].rcpts,
            ["RCPT TO:<nurse@there.example> NOTIFY=SUCCESS ORCPT=rfc822;old@there.example"]
        );
        assert!(reports(&house, DOCTOR).await.is_empty(), "{}", house.engine);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_said_of_a_letter_to_a_peer_that_the_list_does_not_name() {
    for house in houses().await {
        let pki = Pki::new();
        let peer = Peer::start(&pki, &[], |_, _| Does::Usual).await;
        super::testing::trust(&house, "another.there.example").await;
        let queue = one(&house, DOCTOR, NURSE).await;
        let working = Working::begin_untrusted(&house, &pki, peer.address);
        working.until("distrust", |counts| counts.distrusted == 1 && counts.deferred == 1).await;
        working.end().await;
        assert!(peer.got().is_empty());
        let [row] = &waiting(&house, queue).await[..] else { panic!("{}: it waits", house.engine) };
        let last = row.last.as_ref().unwrap();
        assert!(last.status == "4.7.5" && last.words.contains("trust list"), "{last:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_never_goes_in_the_clear() {
    for house in houses().await {
        let pki = Pki::new();
        let peer = Peer::start(&pki, &[], |_, command| {
            if command.starts_with("EHLO") { Does::Says("250 mx.there.example") } else { Does::Usual }
        })
        .await;
        let queue = one(&house, DOCTOR, NURSE).await;
        let working = Working::begin(&house, &pki, peer.address).await;
        working.until("deferred", |counts| counts.deferred == 1).await;
        working.end().await;
        assert!(peer.got().is_empty());
        let [row] = &waiting(&house, queue).await[..] else { panic!("{}: it waits", house.engine) };
        assert!(row.last.as_ref().unwrap().status.starts_with("4.7."), "{:?}", row.last);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_last_answer_is_unknown_and_the_next_try_has_the_same_octets() {
    for house in houses().await {
        let pki = Pki::new();
        let peer = Peer::start(&pki, &["PIPELINING"], |session, command| match (session, command) {
            (1, ".") => Does::HangsUp,
            _ => Does::Usual,
        })
        .await;
        one(&house, DOCTOR, NURSE).await;
        let working = Working::begin(&house, &pki, peer.address).await;
        working.until("unknown", |counts| counts.unknown_outcomes == 1).await;
        working.pass(&house, 2 * MINUTE);
        working.until("delivered", |counts| counts.delivered == 1).await;
        working.end().await;
        let got = peer.got();
        assert_eq!(got.len(), 2, "{}: the peer has it twice", house.engine);
        assert_eq!(got[0].octets, got[1].octets, "{}: not one octet differs", house.engine);
        assert_empty(&house).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_is_away_costs_one_notice_and_one_report() {
    for house in houses().await {
        let pki = Pki::new();
        let peer = Peer::start(&pki, &[], |_, _| Does::Says("421 4.3.2 closed for repairs")).await;
        let queue = one(&house, DOCTOR, NURSE).await;
        // A report of ours to the far side: nobody hears of its fate.
        enqueue(&house, None, &[(NURSE, Wishes::default())], "report").await;
        let working = Working::begin(&house, &pki, peer.address).await;
        let mut tries = 2;
        working.until("first tries", |counts| counts.deferred == 2).await;
        while waiting(&house, queue).await.len() == 1 {
            working.pass(&house, 75 * MINUTE);
            tries += 2;
            working.until("another", |counts| counts.deferred + counts.expired >= tries).await;
            assert!(tries < 200, "{}: it is given up some day", house.engine);
        }
        working.until("both expired", |counts| counts.expired == 2).await;
        working.until("reports", |counts| counts.reports == 2).await;
        working.end().await;
        let told = reports(&house, DOCTOR).await;
        assert_eq!(told.len(), 2, "{}", house.engine);
        let delayed = told.iter().filter(|report| report.contains("Action: delayed")).count();
        let failed = told.iter().find(|report| report.contains("Action: failed")).unwrap();
        assert_eq!(delayed, 1);
        assert!(failed.contains("Status: 4.4.7"), "{failed}");
        assert_empty(&house).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_gets_more_sessions_only_by_success_and_never_more_than_twenty() {
    for house in houses().await {
        let pki = Pki::new();
        let peer = Peer::start(&pki, &["PIPELINING"], |_, _| Does::Usual).await;
        for _ in 0..150 {
            one(&house, DOCTOR, NURSE).await;
        }
        let working = Working::begin(&house, &pki, peer.address).await;
        working.until("all", |counts| counts.delivered == 150).await;
        working.end().await;
        assert!(peer.most_open() <= limits::SESSIONS_DOMAIN, "{}: {}", house.engine, peer.most_open());
        assert!(
            peer.sessions() <= limits::SESSIONS_DOMAIN + 2,
            "{}: {} sessions",
            house.engine,
            peer.sessions()
        );
        assert_empty(&house).await;
    }
}

/// Two servers of one database empty the same queue: each letter goes once.
#[tokio::test(flavor = "multi_thread")]
async fn two_servers_of_one_database_send_each_letter_once() {
    for house in houses().await {
        let pki = Pki::new();
        let peer = Peer::start(&pki, &["PIPELINING"], |_, _| Does::Usual).await;
        let here = Working::begin(&house, &pki, peer.address).await;
        let there = Working::begin_elsewhere(&house, &pki, peer.address);
        for _ in 0..150 {
            one(&house, DOCTOR, NURSE).await;
        }
        let others = there.sender.clone();
        here.until("all", |counts| counts.delivered + others.counts().delivered == 150).await;
        let shares = (here.sender.counts(), there.sender.counts());
        here.end().await;
        there.end().await;
        let octets: BTreeSet<_> = peer.got().into_iter().map(|got| got.octets).collect();
        assert_eq!((peer.got().len(), octets.len()), (150, 150), "{}: {shares:?}", house.engine);
        assert_empty(&house).await;
    }
}

/// Connections are kept for the next letter; a peer that restarts meanwhile, or keeps none, costs no letter
/// a try.
#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_closes_the_connections_that_were_kept_costs_no_letter_a_try() {
    for house in houses().await {
        let pki = Pki::new();
        let peer = Peer::start(&pki, &["PIPELINING"], |_, _| Does::Usual).await;
        let working = Working::begin(&house, &pki, peer.address).await;
        for round in 1..=3 {
            for _ in 0..40 {
                one(&house, DOCTOR, NURSE).await;
            }
            let all = 40 * round;
            working
                .until("all", |counts| counts.delivered + counts.deferred + counts.unknown_outcomes >= all)
                .await;
            peer.hang_up().await;
        }
        assert!(peer.most_open() > limits::UNHEARD as usize, "{}: {}", house.engine, peer.most_open());
        let counts = working.sender.counts();
        assert_eq!(
            (counts.delivered, counts.deferred, counts.unknown_outcomes),
            (120, 0, 0),
            "{}",
            house.engine
        );
        working.end().await;
        assert_empty(&house).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_letter_is_put_aside_and_the_queue_goes_on() {
    for house in houses().await {
        let pki = Pki::new();
        let peer = Peer::start(&pki, &[], |_, _| Does::Usual).await;
        let bad = one(&house, DOCTOR, NURSE).await;
        let unit = db::unit("damage", (), |(), tx| {
            Box::pin(async move {
                let row = tx.row("SELECT body FROM outbound", args![]).await?;
                let sql = "UPDATE body SET inline_frames = $2 WHERE id = $1";
                tx.execute(sql, args![row.int(0)?, vec![7_u8; 64]]).await
            })
        });
        let damaged: Result<u64, db::Error> = house.data.write(unit).await;
        assert_eq!(damaged.unwrap(), 1);
        one(&house, DOCTOR, NURSE).await;
        let working = Working::begin(&house, &pki, peer.address).await;
        working.until("both", |counts| (counts.delivered, counts.quarantined) == (1, 1)).await;
        working.end().await;
        let [row] = &waiting(&house, bad).await[..] else { panic!("it is kept") };
        assert_eq!(row.state, State::Quarantined, "{}", house.engine);
        assert!(reports(&house, DOCTOR).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_over_which_three_workers_died_is_put_aside() {
    for house in houses().await {
        let pki = Pki::new();
        let peer = Peer::start(&pki, &[], |_, _| Does::Usual).await;
        let poison = one(&house, DOCTOR, PATIENT).await;
        let now = house.relay.now();
        assert_eq!(lease(&house, 5, 10, now).await.len(), 1);
        for times in 1..3 {
            lease_suspect(&house, 5, now.plus(times * (limits::LEASE + 1))).await.unwrap();
        }
        house.clock.fetch_add(3 * (limits::LEASE + 1), Ordering::SeqCst);
        one(&house, DOCTOR, NURSE).await;
        let working = Working::begin(&house, &pki, peer.address).await;
        working.until("both", |counts| (counts.delivered, counts.quarantined) == (1, 1)).await;
        working.end().await;
        let [row] = &waiting(&house, poison).await[..] else { panic!("it is kept") };
        assert_eq!((row.state, row.strikes), (State::Quarantined, 3), "{}", house.engine);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_over_which_a_worker_died_go_one_at_a_time() {
    for house in houses().await {
        let pki = Pki::new();
        let peer = Peer::start(&pki, &[], |_, _| Does::Usual).await;
        for _ in 0..30 {
            one(&house, DOCTOR, NURSE).await;
        }
        let now = house.relay.now();
        assert_eq!(lease(&house, 5, 100, now).await.len(), 30);
        house.clock.fetch_add(limits::LEASE + 1, Ordering::SeqCst);
        let working = Working::begin(&house, &pki, peer.address).await;
        working.until("all", |counts| counts.delivered == 30).await;
        working.end().await;
        // A second session may begin while the first one settles.
        assert!(peer.most_open() <= 2, "{}: {} at a time", house.engine, peer.most_open());
        assert_empty(&house).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_gives_back_what_waits_and_finishes_what_is_under_way() {
    for house in houses().await {
        let pki = Pki::new();
        let peer = Peer::start(&pki, &[], |_, _| Does::Usual).await;
        for _ in 0..60 {
            one(&house, DOCTOR, NURSE).await;
        }
        let working = Working::begin(&house, &pki, peer.address).await;
        working.until("some", |counts| counts.delivered >= 3).await;
        working.end().await;
        let got = peer.got().len() as i64;
        let left = count(&house, "SELECT COUNT(*) FROM outbound").await;
        assert_eq!(got + left, 60, "{}: nothing is unknown", house.engine);
        let leased = count(&house, "SELECT COUNT(*) FROM outbound WHERE lease <> 0").await;
        assert_eq!(leased, 0, "{}: nothing stays leased", house.engine);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_another_process_releases_is_sent_at_once() {
    let (house, pki) = (houses().await.pop().unwrap(), Pki::new());
    let peer = Peer::start(&pki, &[], |_, _| Does::Usual).await;
    let elsewhere = house.data.another_process(db::testing::Listening::Yes).await;
    let held = one(&house, DOCTOR, NURSE).await;
    let (now, letter) = (house.relay.now(), Which::Letter(held));
    let operator = audit::Actor::Operator;
    assert_eq!(house.relay.care_for_queue(&letter, Care::Hold, operator, now).await.unwrap(), 1);
    let working = Working::begin(&house, &pki, peer.address).await;
    one(&house, DOCTOR, PATIENT).await;
    working.until("the other letter", |counts| counts.delivered == 1).await;
    // Its own queue: what wakes this process's worker is not what wakes the other's.
    let queue = super::Queue::new(&crate::testing::master_keys(), crate::testing::entropy());
    let release = db::unit("release", (queue, letter, now), |(queue, letter, now), tx| {
        Box::pin(queue.care(tx, letter, Care::Release, *now))
    });
    assert_eq!(elsewhere.write(release).await.unwrap(), 1);
    let sent = working.until("the letter released", |counts| counts.delivered == 2);
    // Well before the worker would have looked by itself.
    tokio::time::timeout(limits::LOOK / 4, sent).await.expect("it is woken");
    working.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_holds_releases_hurries_and_drops() {
    for house in houses().await {
        let queue = one(&house, DOCTOR, NURSE).await;
        let other = one(&house, DOCTOR, PATIENT).await;
        let relay = &house.relay;
        let actor = audit::Actor::Operator;
        let letter = Which::Letter(queue);
        let domain = Which::Domain(Domain::parse(FAR).unwrap());
        for (which, care, rows, state) in [
            (&letter, Care::Hold, 1, State::Held),
            (&letter, Care::Hold, 0, State::Held),
            (&domain, Care::Release, 1, State::Waiting),
            (&Which::All, Care::Hold, 2, State::Held),
            (&letter, Care::Release, 1, State::Waiting),
            (&letter, Care::Retry, 1, State::Waiting),
        ] {
            let now = relay.now();
            assert_eq!(relay.care_for_queue(which, care, actor, now).await.unwrap(), rows, "{care:?}");
            assert_eq!(waiting(&house, queue).await[0].state, state, "{}: {care:?}", house.engine);
        }
        let now = relay.now();
        assert_eq!(lease(&house, 1, 10, now).await.len(), 1, "{}: a held row is not sent", house.engine);
        assert_eq!(
            relay.drop_from_queue(&letter, Notice::Report, actor, now).await.unwrap(),
            0,
            "a worker has it"
        );
        let dropped = relay.drop_from_queue(&Which::Letter(other), Notice::Report, actor, now).await.unwrap();
        assert_eq!((dropped, ends(&house, other).await[0].0.as_str()), (1, "dropped"));
        assert_eq!(reports(&house, DOCTOR).await.len(), 1, "{}: the sender hears of it", house.engine);
        let third = one(&house, DOCTOR, NURSE).await;
        let dropped = relay.drop_from_queue(&Which::Letter(third), Notice::Silent, actor, now).await.unwrap();
        assert_eq!((dropped, reports(&house, DOCTOR).await.len()), (1, 1), "{}: silently", house.engine);
        let mut tx = house.data.read().await.unwrap();
        let lines = audit::history(&mut tx, audit::Chain::System, None, 3).await.unwrap();
        let details: Vec<&str> =
            lines.iter().map(|line| line.line.as_ref().unwrap().detail.as_str()).collect();
        assert_eq!(details[0], format!("drop queue={third}"), "{}: {details:?}", house.engine);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hurried_letter_goes_to_a_domain_that_was_left_alone() {
    for house in houses().await {
        let pki = Pki::new();
        let left = std::sync::atomic::AtomicU32::new(limits::STUMBLES);
        let peer = Peer::start(&pki, &[], move |_, command| {
            let stumble = command.starts_with("MAIL")
                && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
            if stumble { Does::Says("451 4.3.2 not now") } else { Does::Usual }
        })
        .await;
        for _ in 0..limits::STUMBLES {
            one(&house, DOCTOR, NURSE).await;
        }
        let working = Working::begin(&house, &pki, peer.address).await;
        working.until("all put off", |counts| counts.deferred == u64::from(limits::STUMBLES)).await;
        let now = house.relay.now();
        house.relay.care_for_queue(&Which::All, Care::Retry, audit::Actor::Operator, now).await.unwrap();
        working.until("all delivered", |counts| counts.delivered == u64::from(limits::STUMBLES)).await;
        working.end().await;
        assert_empty(&house).await;
    }
}

#[test]
fn a_story_is_cut_and_a_log_line_names_no_patient() {
    let story = Story::new(None, (5, 1, 1), &"é".repeat(2_000), None, Timestamp(HOUR));
    assert_eq!((story.words.chars().count(), story.status.as_str()), (limits::REPLY, "5.1.1"));
    let patient = Some(crate::testing::address(PATIENT));
    for (said, shown) in [
        ("550 5.1.1 no such user here", "550 5.1.1 no such user here"),
        ("550 <279035121518989@there.example> unknown", "550 … unknown"),
        ("550 279035121518989: unknown", "550 … unknown"),
        ("550 user 2790351215189 89 unknown", "550 user … 89 unknown"),
    ] {
        let story = Story::new(patient.clone(), (5, 1, 1), said, None, Timestamp(HOUR));
        assert_eq!(story.shown(), shown);
    }
}
