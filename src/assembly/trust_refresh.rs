//! The national list, fetched again and again from its one origin.

use super::House;
use crate::config::{self, Config, WhenSigned};
use anyhow::Context as _;
use audit::Actor;
use directory::trust::{Brake, Loaded, Outcome, Settings, SignaturePolicy, Signers, Unreadable};
use directory::{Directory, limits};
use names::{Clock, Timestamp};
use net::StopSignal;
use net::fetch::{Clear, FetchLimits, Fetcher, Url, Validators};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long fetching the list may take.
const FETCH_TIME: Duration = Duration::from_secs(120);
/// After a failure the list is looked for again this much later, when that is sooner than usual.
const AGAIN: Duration = Duration::from_secs(300);

/// How lists are judged, as configured.
pub(crate) fn settings(config: &Config) -> anyhow::Result<Settings> {
    let trust = &config.trust;
    let signers = || -> anyhow::Result<Signers> {
        let pem = match &trust.signers {
            Some(path) => std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?,
            None => Vec::new(),
        };
        let signers = Signers::new(&pem, trust.signer_keys.iter().copied()).context("trust.signers")?;
        anyhow::ensure!(!signers.is_empty(), "trust.signers holds no certificate");
        Ok(signers)
    };
    Ok(Settings {
        signature: match trust.signature {
            WhenSigned::Required => SignaturePolicy::Required(signers()?),
            WhenSigned::IfPresent => SignaturePolicy::IfPresent(signers()?),
            WhenSigned::Off => SignaturePolicy::Off,
        },
        max_shrink_percent: trust.max_shrink_percent,
        patient_domains: trust.patient_domains.clone(),
        unreadable: match trust.unreadable {
            config::Unreadable::LeaveOut => Unreadable::LeaveOut,
            config::Unreadable::Refuse => Unreadable::Refuse,
        },
        kept: Some(config.server.data.join("trust").join("list.xml")),
    })
}

/// Fetches the list and puts it in force. One for the process.
pub(crate) struct TrustRefresh {
    directory: Directory,
    settings: Arc<Settings>,
    origin: Origin,
    every: Duration,
    clock: Clock,
    /// Of the list that came last and was in force then.
    known: Mutex<Validators>,
}

enum Origin {
    File(PathBuf),
    Web { fetcher: Fetcher, url: Url },
}

impl Origin {
    /// In words, for the history.
    fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Web { url, .. } => url.place(),
        }
    }
}

impl TrustRefresh {
    /// None when the configuration names no origin.
    pub(super) fn new(
        config: &Config,
        directory: Directory,
        settings: Arc<Settings>,
        clock: Clock,
    ) -> anyhow::Result<Option<Self>> {
        let trust = &config.trust;
        let origin = match (&trust.file, &trust.url, &trust.roots) {
            (Some(path), _, _) => Origin::File(path.clone()),
            (None, Some(url), Some(roots)) => {
                let tls = certs::client_config(certs::load_roots(roots)?, None, clock.clone())?;
                let url = Url::parse(url, Clear::Never).context("trust.url")?;
                Origin::Web { fetcher: Fetcher::new(Arc::new(tls)), url }
            }
            (None, _, _) => return Ok(None),
        };
        let every = Duration::from_secs(trust.refresh_minutes * 60);
        Ok(Some(Self { directory, settings, origin, every, clock, known: Mutex::default() }))
    }

    /// Looks for a newer list once. None when its publisher says that it has not changed.
    pub(crate) async fn once(
        &self,
        brake: Brake,
        by: Actor,
        now: Timestamp,
    ) -> anyhow::Result<Option<Loaded>> {
        let name = self.origin.name();
        let fetched = match self.fetch().await {
            Ok(fetched) => fetched,
            Err(error) => {
                self.directory.note_missing_trust_list(&name, &format!("{error:#}"), now).await?;
                return Err(error);
            }
        };
        let Some((bytes, validators)) = fetched else {
            self.directory.note_unchanged_trust_list(now).await?;
            return Ok(None);
        };
        let loaded = self.directory.load_trust_list(bytes, &name, &self.settings, brake, by, now).await?;
        // What was refused is asked for again whole: it may be let pass later.
        let validators = match &loaded.outcome {
            Outcome::Applied(_) | Outcome::Unchanged => validators,
            Outcome::Refused(_) => Validators::default(),
        };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = validators;
        Ok(Some(loaded))
    }

    async fn fetch(&self) -> anyhow::Result<Option<(Vec<u8>, Validators)>> {
        match &self.origin {
            Origin::File(path) => {
                let path = path.clone();
                let read = tokio::task::spawn_blocking(move || {
                    // One octet too many is told as such by the reader.
                    let most = limits::TRUST_LIST_OCTETS as u64 + 1;
                    let mut bytes = Vec::new();
                    let file = std::fs::File::open(&path);
                    file.and_then(|file| {
                        std::io::Read::read_to_end(&mut std::io::Read::take(file, most), &mut bytes)
                    })
                    .with_context(|| format!("cannot read {}", path.display()))?;
                    anyhow::Ok(bytes)
                });
                Ok(Some((read.await??, Validators::default())))
            }
            Origin::Web { fetcher, url } => {
                let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let limits = FetchLimits { size: limits::TRUST_LIST_OCTETS, time: FETCH_TIME };
                let fetched = fetcher.get(url, &known, limits).await?;
                if fetched.is_unchanged() {
                    return Ok(None);
                }
                anyhow::ensure!(fetched.is_success(), "{} answers {}", url.place(), fetched.status);
                Ok(Some((fetched.body.to_vec(), fetched.validators)))
            }
        }
    }

    /// At the start and then as often as configured, until the stop.
    pub(super) async fn run(house: Arc<House>, mut stop: StopSignal) {
        let Some(refresh) = &house.trust_refresh else { return stop.given().await };
        loop {
            let pause = match refresh.once(Brake::Holds, Actor::System, refresh.clock.now()).await {
                Ok(loaded) => {
                    told(loaded.as_ref());
                    refresh.every
                }
                Err(error) => {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "ALARM: the national list could not be had"
                    );
                    refresh.every.min(AGAIN)
                }
            };
            tokio::select! {
                () = stop.given() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}

fn told(loaded: Option<&Loaded>) {
    let Some(loaded) = loaded else { return };
    match &loaded.outcome {
        Outcome::Applied(diff) => tracing::info!(changes = diff.summary(), "a national list is put in force"),
        Outcome::Unchanged => tracing::debug!("the national list has not changed"),
        Outcome::Refused(refusal) => {
            tracing::error!(reason = %refusal, "ALARM: a national list is refused; the one before stays");
        }
    }
    for warning in &loaded.warnings {
        tracing::warn!(warning, "ALARM: about the national list");
    }
}

#[cfg(test)]
mod tests;
