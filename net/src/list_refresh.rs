//! Fetching the lists of revoked certificates, again and again.

use crate::fetch::{Clear, FetchError, FetchLimits, Fetcher, Url, Validators};
use crate::limits;
use crate::stop::StopSignal;
use certs::{Anchors, Freshness, Installed, ListError, ListState, RevocationLists, ServerIdentity};
use names::{Clock, Entropy, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// Keeps [`RevocationLists`] new. One for the process.
#[derive(Debug)]
pub struct ListRefresh {
    lists: Arc<RevocationLists>,
    fetcher: Fetcher,
    sources: Vec<Source>,
}

/// One address that publishes a list.
#[derive(Debug)]
struct Source {
    url: Url,
    /// Of the list that was taken last.
    known: Validators,
    /// The last fetch failed and that was said.
    failing: bool,
}

/// Why a list could not be had.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// No answer.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// An answer without a list.
    #[error("the answer is {0}")]
    Status(u16),
    /// A list that was not taken.
    #[error(transparent)]
    List(#[from] ListError),
    /// The task that writes it ended early.
    #[error("the list could not be taken in")]
    Lost,
}

/// What one address gave.
#[derive(Debug)]
pub struct Refreshed {
    /// Host and port.
    pub place: String,
    /// The list, `None` when the server says nothing changed.
    pub outcome: Result<Option<Installed>, RefreshError>,
}

/// Where lists are published: what the certificates of the authorities and our own say, and what is
/// configured beside. LDAP addresses are passed over. Lists carry their own signature, so that they
/// may be fetched in the clear (as RFC 5280 §8 expects: TLS here could need the very list).
#[must_use]
pub fn list_urls(anchors: &Anchors, own: &ServerIdentity, configured: &[Url]) -> Vec<Url> {
    let own = own.current();
    let said = own.iter().flat_map(|identity| &identity.distribution_points);
    let mut urls = Vec::from(configured);
    for text in anchors.distribution_points().iter().chain(said) {
        match Url::parse(text, Clear::Anywhere) {
            Ok(url) if urls.contains(&url) => {}
            Ok(url) => urls.push(url),
            Err(error) => tracing::debug!(text, "no address to fetch a list from: {error}"),
        }
    }
    urls
}

impl ListRefresh {
    /// Will ask at these addresses.
    #[must_use]
    pub fn new(lists: Arc<RevocationLists>, fetcher: Fetcher, urls: Vec<Url>) -> Self {
        let source = |url| Source { url, known: Validators::default(), failing: false };
        Self { lists, fetcher, sources: urls.into_iter().map(source).collect() }
    }

    /// Asks at once, and then every ten minutes or so, until the stop. Says in the log what failed,
    /// what is new, and every list past its `nextUpdate`.
    pub async fn run(mut self, clock: Clock, entropy: Entropy, mut stop: StopSignal) {
        loop {
            let now = clock.now();
            let round = tokio::select! {
                biased;
                () = stop.given() => return,
                round = self.once(now) => round,
            };
            let now = clock.now();
            self.alarm(now);
            let failed = round.iter().any(|refreshed| refreshed.outcome.is_err());
            let chance = u16::from_be_bytes(entropy.bytes());
            let wait = wait(failed, self.lists.next_update(), now, chance);
            tokio::select! {
                biased;
                () = stop.given() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Looks into the folder for lists carried in by hand, and asks every address once, one after the
    /// other.
    pub async fn once(&mut self, now: Timestamp) -> Vec<Refreshed> {
        let lists = Arc::clone(&self.lists);
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || lists.reload(now)).await {
            let cause = std::error::Error::source(&error);
            tracing::warn!(cause, "{error}");
        }
        let mut round = Vec::with_capacity(self.sources.len());
        for source in &mut self.sources {
            let outcome = source.refresh(&self.lists, &self.fetcher, now).await;
            source.say(&outcome);
            round.push(Refreshed { place: source.url.place(), outcome });
        }
        round
    }

    /// From the first minute after `nextUpdate` (DESIGN §6).
    fn alarm(&self, now: Timestamp) {
        for ListState { issuer, freshness, .. } in self.lists.states(now) {
            match freshness {
                Freshness::Fresh => {}
                Freshness::Grace { until } => {
                    let until = until.rfc3339();
                    tracing::warn!(
                        issuer,
                        until,
                        "the list of revoked certificates is past its nextUpdate; sessions are refused from `until` on"
                    );
                }
                Freshness::Stale => {
                    tracing::error!(
                        issuer,
                        "the list of revoked certificates is too old; sessions are refused"
                    );
                }
                Freshness::Missing => {
                    tracing::error!(issuer, "there is no list of revoked certificates; sessions are refused");
                }
            }
        }
    }
}

impl Source {
    async fn refresh(
        &mut self,
        lists: &Arc<RevocationLists>,
        fetcher: &Fetcher,
        now: Timestamp,
    ) -> Result<Option<Installed>, RefreshError> {
        let limits = FetchLimits { size: certs::LIST_SIZE, time: limits::LIST_TIME };
        let fetched = fetcher.get(&self.url, &self.known, limits).await?;
        if fetched.is_unchanged() {
            return Ok(None);
        }
        if !fetched.is_success() {
            return Err(RefreshError::Status(fetched.status));
        }
        let (lists, body) = (Arc::clone(lists), fetched.body);
        // Checking and syncing a long list takes its time.
        let taken = tokio::task::spawn_blocking(move || lists.install(&body, now)).await;
        let installed = taken.map_err(|_| RefreshError::Lost)??;
        // Only now: what was not taken is to be sent again.
        self.known = fetched.validators;
        Ok(Some(installed))
    }

    /// A failure is said once, until it is over.
    fn say(&mut self, outcome: &Result<Option<Installed>, RefreshError>) {
        let place = self.url.place();
        match outcome {
            Ok(Some(Installed::New(state))) => {
                let entries = state.list.map(|list| list.entries);
                let until = state.list.map(|list| list.next_update.rfc3339());
                tracing::info!(
                    place,
                    issuer = state.issuer,
                    entries,
                    until,
                    "new list of revoked certificates"
                );
            }
            Ok(Some(Installed::Unchanged(_)) | None) => {}
            Err(error) if self.failing => {
                tracing::debug!(place, "still no list of revoked certificates: {error}")
            }
            Err(error) => {
                let cause = std::error::Error::source(error);
                tracing::warn!(place, cause, "no list of revoked certificates: {error}");
            }
        }
        self.failing = outcome.is_err();
    }
}

/// Until the next round: the interval, less or more by a fifth; soon after a failure; and shortly
/// after the earliest `nextUpdate`, if that comes first.
fn wait(failed: bool, next_update: Option<Timestamp>, now: Timestamp, chance: u16) -> Duration {
    let chance = f64::from(chance) / f64::from(u16::MAX);
    let interval = if failed { limits::LIST_RETRY } else { limits::LIST_INTERVAL };
    let regular = interval.mul_f64(0.8 + 0.4 * chance);
    match next_update.map(|next| next.since(now)) {
        Some(left @ 0..) => {
            let promised = Duration::from_millis(left.unsigned_abs()) + limits::LIST_SPREAD.mul_f64(chance);
            regular.min(promised.max(Duration::from_secs(1)))
        }
        // Past it already: the authority is late, and asking all the time does not help.
        Some(_) | None => regular,
    }
}

#[cfg(test)]
mod tests;
