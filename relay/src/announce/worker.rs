//! Takes what people are to be told about their profile, tells it, notes what became of it.

use super::letter;
use super::spool::Spool;
use super::texts;
use crate::Error;
use crate::alerts::{ChannelError, Channels, Destination};
use directory::{Directory, LeasedNotice, NoticeOutcome, NoticeWay, Spooling};
use names::{Clock, SECOND, Timestamp};
use net::StopSignal;
use policy::schedule;
use std::sync::Arc;
use std::time::Duration;

/// Notices taken at a time.
const BATCH: u32 = 16;
/// Longest sleep between two looks: another process may have written a notice.
const LOOK: Duration = Duration::from_secs(30);

/// One worker. Several may run, in several processes: a lease keeps them apart.
#[derive(Clone)]
pub struct Announcer {
    directory: Directory,
    channels: Channels,
    spool: Option<Spool>,
    clock: Clock,
    /// The bell of the database: what other processes wrote.
    db: db::Db,
}

impl Announcer {
    /// A worker over the ways out. Without a folder, letters wait.
    #[must_use]
    pub fn new(
        db: db::Db,
        directory: Directory,
        channels: Channels,
        spool: Option<Spool>,
        clock: Clock,
    ) -> Self {
        Self { directory, channels, spool, clock, db }
    }

    /// Works until the stop; a notice under way is finished first.
    pub async fn run(self, mut stop: StopSignal) {
        let mut others = self.db.hear();
        let woken = Arc::clone(self.directory.notices_due());
        loop {
            let wait = match self.work_once().await {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::error!(
                        error = error.chain(),
                        "notices about profiles could not be taken; trying again"
                    );
                    LOOK
                }
            };
            tokio::select! {
                () = stop.given() => return,
                () = woken.notified() => {}
                _ = others.hears(&[Directory::NOTICES]) => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Tells all that is due; answers how long to sleep.
    pub async fn work_once(&self) -> Result<Duration, Error> {
        let letters = if self.spool.is_some() { Spooling::Yes } else { Spooling::No };
        let failed = |what| move |cause| Error::Directory { what, cause };
        loop {
            let now = self.clock.now();
            let leased = self.directory.lease_notices(BATCH, letters, now).await;
            let leased = leased.map_err(failed("leasing notices about profiles"))?;
            if leased.is_empty() {
                let next = self.directory.next_notice(letters).await;
                let next = next.map_err(failed("looking for the next notice about a profile"))?;
                let wait = next.map(|due| Duration::from_millis(u64::try_from(due.since(now)).unwrap_or(0)));
                return Ok(wait.map_or(LOOK, |wait| wait.clamp(Duration::from_millis(SECOND as u64), LOOK)));
            }
            for notice in leased {
                let now = self.clock.now();
                let outcome = self.tell(&notice, now).await;
                note(&notice, &outcome);
                let settled = self.directory.settle_notice(&notice, outcome, self.clock.now()).await;
                settled.map_err(failed("settling a notice about a profile"))?;
            }
        }
    }

    async fn tell(&self, notice: &LeasedNotice, now: Timestamp) -> NoticeOutcome {
        let traits = &notice.patient.traits;
        let destination = match notice.way {
            NoticeWay::Letter => return self.print(notice, now).await,
            NoticeWay::Email => traits.email.clone().map(Destination::Email),
            NoticeWay::Sms => traits.phone.clone().map(Destination::Phone),
        };
        let Some(destination) = destination else {
            return refused(notice, "nowhere to send it: no address outside is known".to_owned());
        };
        let said = texts::notice(notice, self.directory.rules(), now);
        match self.channels.send(&destination, &said, now).await {
            Ok(()) => NoticeOutcome::Left,
            Err(ChannelError::Temporary { what }) => {
                match schedule::next_attempt(notice.attempts, notice.created, now) {
                    Some(at) => NoticeOutcome::Again { at, why: what },
                    None => refused(notice, format!("too many tries: {what}")),
                }
            }
            Err(error) => refused(notice, error.to_string()),
        }
    }

    async fn print(&self, notice: &LeasedNotice, now: Timestamp) -> NoticeOutcome {
        let Some(spool) = self.spool.clone() else {
            return NoticeOutcome::Again {
                at: now.plus(names::HOUR),
                why: "no folder for letters".to_owned(),
            };
        };
        let (notice, rules) = (notice.clone(), self.directory.rules().clone());
        let file = self.directory.letter_file(notice.id);
        // Drawing takes milliseconds and the disk its time: neither on the threads that serve.
        let printed = tokio::task::spawn_blocking(move || {
            let drawn = letter::pdf(&notice, &rules, now).map_err(|error| error.to_string())?;
            spool.write(&file, &drawn).map_err(|error| format!("{error}: {}", chain(&error)))
        });
        match printed.await {
            Ok(Ok(())) => NoticeOutcome::Spooled,
            Ok(Err(why)) => NoticeOutcome::Again { at: now.plus(names::HOUR), why },
            Err(_) => NoticeOutcome::Again { at: now.plus(names::MINUTE), why: "interrupted".to_owned() },
        }
    }
}

/// This way is none: what carries a code goes by post, the rest is given up.
fn refused(notice: &LeasedNotice, why: String) -> NoticeOutcome {
    if notice.kind.is_welcome() { NoticeOutcome::ByPost { why } } else { NoticeOutcome::Failed { why } }
}

fn note(notice: &LeasedNotice, outcome: &NoticeOutcome) {
    let (id, kind, way) = (notice.id, notice.kind.code(), notice.way.code());
    match outcome {
        NoticeOutcome::Left => tracing::info!(notice.id = id, kind, way, "a notice about a profile left"),
        NoticeOutcome::Spooled => tracing::info!(notice.id = id, kind, "a letter is ready to be printed"),
        NoticeOutcome::Again { why, .. } => {
            tracing::warn!(notice.id = id, kind, way, why, "a notice about a profile waits for another try");
        }
        NoticeOutcome::ByPost { why } => {
            tracing::warn!(notice.id = id, kind, why, "a notice about a profile goes by post");
        }
        NoticeOutcome::Failed { why } => {
            tracing::warn!(notice.id = id, kind, way, why, "a notice about a profile is given up");
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(String::new, ToString::to_string)
}
