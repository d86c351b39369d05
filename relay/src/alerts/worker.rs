//! Takes notices that are due, sends them, notes what became of them.

use super::channel::{ChannelError, Channels, Destination};
use super::store::{self, Leased, Outcome};
use super::texts;
use crate::Error;
use audit::{Act, Actor, Chain, Entry, Line};
use db::Db;
use directory::{CodeToSend, Directory};
use names::{Clock, Entropy, SECOND, Timestamp};
use net::StopSignal;
use policy::{Audience, schedule};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// Notices taken at a time.
const BATCH: u32 = 16;
/// Longest sleep between two looks: another process may have written a notice.
const LOOK: Duration = Duration::from_secs(30);
/// Years of age at which a profile's own address is its owner's, not the parents'.
const MAJORITY: i16 = 18;
/// Tries for a sign-in code, and the wait between them.
const CODE_TRIES: [Duration; 3] = [Duration::ZERO, Duration::from_secs(2), Duration::from_secs(8)];

/// One worker of notices. Several may run, in several processes: a lease keeps them apart.
#[derive(Clone)]
pub struct Worker {
    db: Db,
    directory: Directory,
    channels: Channels,
    /// What notices link to: the address of the patients' pages.
    origin: String,
    hash: Arc<seal::HashKey>,
    clock: Clock,
    entropy: Entropy,
    woken: Arc<Notify>,
}

impl Worker {
    /// A worker over the ways out. `woken` is told after each commit that wrote a notice.
    #[expect(clippy::too_many_arguments, reason = "assembled once, by hand, in src/assembly.rs")]
    pub fn new(
        db: Db,
        directory: Directory,
        channels: Channels,
        origin: String,
        keys: &seal::MasterKeys,
        clock: Clock,
        entropy: Entropy,
        woken: Arc<Notify>,
    ) -> Self {
        let hash = Arc::new(keys.hash_key("alert destinations"));
        Self { db, directory, channels, origin, hash, clock, entropy, woken }
    }

    /// Works until the stop; a notice under way is finished first.
    pub async fn run(self, mut stop: StopSignal) {
        let mut others = self.db.hear();
        loop {
            let wait = match self.work_once().await {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::error!(%error, "notices could not be taken; trying again");
                    LOOK
                }
            };
            tokio::select! {
                () = stop.given() => return,
                () = self.woken.notified() => {}
                _ = others.hears(&[store::WAKE]) => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Sends all that is due; answers how long to sleep.
    pub async fn work_once(&self) -> Result<Duration, Error> {
        loop {
            let now = self.clock.now();
            let leased: Vec<Leased> = self
                .db
                .write(db::unit("lease notices", now, |now, tx| Box::pin(store::lease(tx, BATCH, *now))))
                .await
                .map_err(|cause: db::Error| Error::Database { what: "leasing notices", cause })?;
            if leased.is_empty() {
                return self.until_next(now).await;
            }
            for alert in leased {
                self.carry(alert).await?;
            }
        }
    }

    async fn until_next(&self, now: Timestamp) -> Result<Duration, Error> {
        let reading = |cause| Error::Database { what: "looking for the next notice", cause };
        let mut tx = self.db.read().await.map_err(reading)?;
        let due = store::next_due(&mut tx).await.map_err(reading)?;
        let wait = due.map(|due| Duration::from_millis(u64::try_from(due.since(now)).unwrap_or(0)));
        Ok(wait.map_or(LOOK, |wait| wait.clamp(Duration::from_millis(SECOND as u64), LOOK)))
    }

    async fn carry(&self, alert: Leased) -> Result<(), Error> {
        let now = self.clock.now();
        let outcome = self.try_destinations(&alert, now).await?;
        match &outcome {
            Outcome::Sent => {
                tracing::info!(alert.id = alert.id.0, alert.kind = alert.kind.code(), "notice sent")
            }
            Outcome::Again { why, .. } => {
                tracing::warn!(
                    alert.id = alert.id.0,
                    attempt = alert.attempts,
                    why,
                    "notice waits for another try"
                );
            }
            Outcome::Failed { why } => tracing::warn!(alert.id = alert.id.0, why, "notice given up"),
        }
        let line = settled_line(&alert, &outcome, now)
            .map(|line| Entry::new(Chain::Account(alert.account), line, &self.entropy));
        self.db
            .write(db::unit(
                "settle a notice",
                (alert, outcome, line, now),
                |(alert, outcome, line, now), tx| {
                    Box::pin(async move {
                        store::settle(tx, alert.id, outcome, *now).await?;
                        audit::append(tx, line.as_slice()).await
                    })
                },
            ))
            .await
            .map_err(|cause: db::Error| Error::Database { what: "settling a notice", cause })
    }

    async fn try_destinations(&self, alert: &Leased, now: Timestamp) -> Result<Outcome, Error> {
        let destinations = self.destinations(alert, now).await?;
        if destinations.is_empty() {
            return Ok(Outcome::Failed { why: "nowhere to send it: no address outside is known".to_owned() });
        }
        let reading = |cause| Error::Database { what: "reading a notice's progress", cause };
        let mut tx = self.db.read().await.map_err(reading)?;
        let reached = store::reached(&mut tx, alert.id).await.map_err(reading)?;
        drop(tx);
        let mut failure = None;
        for destination in destinations {
            let hash = self.hash.hash(&destination.bytes()).to_vec();
            if reached.contains(&hash) {
                continue;
            }
            let notice = texts::alert(alert.kind, &destination, &self.origin);
            match self.channels.send(&destination, &notice, now).await {
                Ok(()) => self.note_reached(alert, hash, now).await?,
                Err(error) => failure = Some(error),
            }
        }
        Ok(match failure {
            None => Outcome::Sent,
            Some(ChannelError::Temporary { what }) => {
                match schedule::next_attempt(alert.attempts, alert.created_at, now) {
                    Some(at) => Outcome::Again { at, why: what },
                    None => Outcome::Failed { why: format!("too many tries: {what}") },
                }
            }
            Some(error) => Outcome::Failed { why: error.to_string() },
        })
    }

    async fn note_reached(&self, alert: &Leased, hash: Vec<u8>, now: Timestamp) -> Result<(), Error> {
        self.db
            .write(db::unit("note a destination", (alert.id, hash, now), |(id, hash, now), tx| {
                Box::pin(store::note_reached(tx, *id, hash, *now))
            }))
            .await
            .map_err(|cause: db::Error| Error::Database { what: "noting a destination", cause })
    }

    /// Where this notice goes: the mail address of the profile, or else its telephone.
    async fn destinations(&self, alert: &Leased, now: Timestamp) -> Result<Vec<Destination>, Error> {
        let patient = self
            .directory
            .patient_by_account(alert.account)
            .await
            .map_err(|cause| Error::Directory { what: "finding where a notice goes", cause })?;
        let Some(patient) = patient else { return Ok(Vec::new()) };
        let is_minor = patient.birthday(MAJORITY) > now;
        if alert.audience == Audience::OwnerOnly && is_minor {
            // The address of a minor's profile is the parents': what is hidden from them stays so.
            return Ok(Vec::new());
        }
        let email = patient.traits.email.map(Destination::Email);
        Ok(email.or(patient.traits.phone.map(Destination::Phone)).into_iter().collect())
    }
}

fn settled_line(alert: &Leased, outcome: &Outcome, now: Timestamp) -> Option<Line> {
    let (act, detail) = match outcome {
        Outcome::Sent => (Act::AlertSent, format!("alert={} kind={}", alert.id.0, alert.kind.code())),
        Outcome::Failed { why } => {
            (Act::AlertFailed, format!("alert={} kind={} why={why}", alert.id.0, alert.kind.code()))
        }
        Outcome::Again { .. } => return None,
    };
    Some(Line { at: now, actor: Actor::System, for_whom: None, act, detail })
}

/// Sends a sign-in code, at once and with a few quick tries. It is written nowhere.
pub async fn send_code(channels: &Channels, code: &CodeToSend, clock: &Clock) -> Result<(), ChannelError> {
    let destination = match code.channel {
        directory::Channel::Email => Destination::Email(code.destination.clone()),
        directory::Channel::Sms => Destination::Phone(code.destination.clone()),
    };
    let notice = texts::code(&code.code, &destination);
    let mut last = ChannelError::NotConfigured;
    for wait in CODE_TRIES {
        tokio::time::sleep(wait).await;
        match channels.send(&destination, &notice, clock.now()).await {
            Ok(()) => return Ok(()),
            Err(ChannelError::Temporary { what }) => last = ChannelError::Temporary { what },
            Err(error) => return Err(error),
        }
    }
    Err(last)
}
