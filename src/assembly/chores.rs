//! What the house does by itself: retention, proof of the trail, watching the disk.

use super::House;
use anyhow::Context as _;
use audit::{Act, Actor, Chain, Checkpoint, Entry, Line, Signer};
use certs::ServerIdentity;
use db::Engine;
use mailstore::Followed;
use names::{Clock, Timestamp};
use net::StopSignal;
use relay::Relay;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokens::Issuers;

/// How often what has been kept long enough is removed.
const SWEEP: Duration = Duration::from_secs(3_600);
/// How often the issuers' keys are looked at; they are fetched when they are an hour old.
const KEYS: Duration = Duration::from_secs(600);
/// How often letters that nobody opened are looked for.
const REMIND: Duration = Duration::from_secs(3_600);
/// How often days that are over are looked for.
const COUNT: Duration = Duration::from_secs(3_600);
/// How often the trail is signed.
const SIGN: Duration = Duration::from_secs(86_400);
/// How often the end of our certificates is looked at.
const LOOK_AT_CERTIFICATES: Duration = Duration::from_secs(86_400);
/// How often other processes' changes to the directory are looked for, and the disk's health.
const LOOK: Duration = Duration::from_millis(250);

/// Shortest time between two looks for letters that another process filed: the net below its notices
/// (`db/src/notices.rs`), for a process that died between its commit and its notice.
const FOLLOW: Duration = Duration::from_secs(10);
/// A look may take no more than one part in so many of the time.
const FOLLOW_SHARE: u32 = 20;

/// Removes what is due, every hour until the stop.
pub(super) async fn sweep(relay: Relay, clock: Clock, mut stop: StopSignal) {
    let store = relay.mailstore().clone();
    loop {
        tokio::select! {
            () = stop.given() => return,
            () = tokio::time::sleep(SWEEP) => {}
        }
        match store.retain(clock.now()).await {
            Ok(swept) => tracing::info!(
                accepted = swept.rows.accepted,
                traces = swept.rows.traces,
                bodies = swept.rows.bodies,
                blobs = swept.blobs,
                segments = swept.segments,
                "what was due is removed"
            ),
            Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "retention failed"),
        }
        if let Err(error) = relay.forget_counts(clock.now()).await {
            tracing::error!(error = error.chain(), "counts of what was sent could not be forgotten");
        }
        let shown = register::Quota::new(store.db().clone(), 0);
        if let Err(error) = shown.forget(clock.now()).await {
            tracing::error!(%error, "counts of shown entries could not be forgotten");
        }
        let mut traces = 0;
        loop {
            let parameters = (relay.queue().clone(), clock.now());
            let old = db::unit("retention of the queue", parameters, |(queue, now), tx| {
                Box::pin(queue.retain(tx, *now))
            });
            match store.db().write(old).await {
                Ok(0) => break tracing::info!(traces, "what is known of letters long gone is removed"),
                Ok(removed) => traces += removed,
                Err(error) => {
                    break tracing::error!(error = &error as &dyn std::error::Error, "retention failed");
                }
            }
        }
    }
}

/// Keeps the keys of the issuers of tokens at hand, so that no sign-in waits for them.
pub(super) async fn issuers(issuers: Issuers, clock: Clock, mut stop: StopSignal) {
    loop {
        issuers.keep_fresh(clock.now()).await;
        tokio::select! {
            () = stop.given() => return,
            () = tokio::time::sleep(KEYS) => {}
        }
    }
}

/// Tells senders who follow their letters that nobody opened them in time, every hour until the stop.
pub(super) async fn remind(relay: Relay, mut stop: StopSignal) {
    loop {
        tokio::select! {
            () = stop.given() => return,
            () = tokio::time::sleep(REMIND) => {}
        }
        let now = relay.now();
        match relay.remind_senders(now).await {
            Ok(0) => {}
            Ok(told) => tracing::info!(told, "senders were told that nobody opened their letters"),
            Err(error) => tracing::error!(error = error.chain(), "unopened letters could not be looked for"),
        }
        if let Err(error) = relay.forget_owed(now).await {
            tracing::error!(error = error.chain(), "what was owed could not be forgotten");
        }
    }
}

/// Counts the days that are over, at the start and every hour until the stop (DOMAIN §1.7).
pub(super) async fn count(relay: Relay, mut stop: StopSignal) {
    loop {
        match relay.count_days(relay.now()).await {
            Ok(0) => {}
            Ok(days) => tracing::info!(days, "days that are over are counted"),
            Err(error) => tracing::error!(error = error.chain(), "days could not be counted"),
        }
        tokio::select! {
            () = stop.given() => return,
            () = tokio::time::sleep(COUNT) => {}
        }
    }
}

/// Announces the end of our own certificates, at the start and every day until the stop: from 30 days
/// before (RELIABILITY T-13).
pub(super) async fn expiry(identity: Arc<ServerIdentity>, clock: Clock, mut stop: StopSignal) {
    loop {
        for alarm in identity.expiry_alarms(clock.now()) {
            let (names, until, days) = (alarm.names.join(" "), alarm.not_after.rfc3339(), alarm.days_left);
            if alarm.threshold > 7 {
                tracing::warn!(
                    names,
                    serial = alarm.serial,
                    until,
                    days,
                    "this certificate ends soon; renew it"
                );
            } else {
                tracing::error!(
                    names,
                    serial = alarm.serial,
                    until,
                    days,
                    "this certificate ends; renew it now"
                );
            }
        }
        tokio::select! {
            () = stop.given() => return,
            () = tokio::time::sleep(LOOK_AT_CERTIFICATES) => {}
        }
    }
}

/// Signs the trail, at the start and every day until the stop.
pub(super) async fn sign(
    data: db::Db,
    signer: Arc<Signer>,
    file: PathBuf,
    clock: Clock,
    mut stop: StopSignal,
) {
    loop {
        match checkpoint(&data, &signer, &file, clock.now()).await {
            Ok(Some(made)) => tracing::info!(number = made.number, "the trail is signed"),
            Ok(None) => {}
            Err(error) => tracing::error!(error = format!("{error:#}"), "the trail could not be signed"),
        }
        tokio::select! {
            () = stop.given() => return,
            () = tokio::time::sleep(SIGN) => {}
        }
    }
}

/// Signs the heads that moved and appends the line to the exported file, synced.
pub(crate) async fn checkpoint(
    data: &db::Db,
    signer: &Arc<Signer>,
    file: &Path,
    now: Timestamp,
) -> anyhow::Result<Option<Checkpoint>> {
    let unit = db::unit("sign the trail", (Arc::clone(signer), now), |(signer, now), tx| {
        Box::pin(audit::checkpoint(tx, signer, *now))
    });
    let made: Option<Checkpoint> = data.write(unit).await?;
    if let Some(made) = &made {
        let (line, file) = (made.export(), file.to_owned());
        tokio::task::spawn_blocking(move || append(&file, &line)).await??;
    }
    Ok(made)
}

fn append(path: &Path, line: &str) -> anyhow::Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    file.write_all(line.as_bytes())
        .and_then(|()| file.sync_data())
        .with_context(|| path.display().to_string())
}

/// Hears of other processes' changes (PostgreSQL only: SQLite has no other process), and returns when
/// the disk failed a sync: nothing more may be promised by this process.
pub(super) async fn watch(house: &House, mut stop: StopSignal) {
    loop {
        tokio::select! {
            () = stop.given() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        if house.is_dead() {
            tracing::error!("the disk failed a sync: stopping, because nothing more can be promised");
            return;
        }
        if house.data.engine() == Engine::Postgres
            && let Err(error) = house.relay.directory().notice_changes().await
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "changes of others are not heard of");
        }
    }
}

/// Tells open mailboxes what other processes did to them (DESIGN §2.2), until the stop; on SQLite there is no
/// other process.
pub(super) async fn follow(relay: Relay, mut stop: StopSignal) {
    let store = relay.mailstore();
    if store.db().engine() != Engine::Postgres {
        return stop.given().await;
    }
    let mut followed = Followed::default();
    loop {
        let begun = tokio::time::Instant::now();
        if let Err(error) = store.follow(&mut followed).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "what other processes filed is not heard of"
            );
        }
        // Many open mailboxes make a look dear: then fewer.
        let pause = FOLLOW.max(begun.elapsed() * FOLLOW_SHARE);
        tokio::select! {
            () = stop.given() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Writes in the trail of the house what it did by itself, or what an operator made it do.
pub(crate) async fn note(house: &House, actor: Actor, act: Act, detail: String) -> Result<(), db::Error> {
    let line = Line { at: house.clock.now(), actor, for_whom: None, act, detail };
    let entry = Entry::new(Chain::System, line, &house.entropy);
    let unit = db::unit("note in the trail", entry, |entry, tx| {
        Box::pin(audit::append(tx, std::slice::from_ref(entry)))
    });
    house.data.write(unit).await
}
