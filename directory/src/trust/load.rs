//! Putting a national list in force: all of it in one transaction, or none of it.
//!
//! RELIABILITY T-10: the signature is checked as the policy wants, the version may not go back, and when
//! too many domains vanish at once the old list stays and an alarm is kept. Own domains and what was
//! entered otherwise are not the list's to change.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use audit::{Act, Actor, Chain, Entry, Line};
use aws_lc_rs::digest;
use db::{Tx, args};
use names::{Domain, Timestamp};
use serde::{Deserialize, Serialize};

use crate::trust::diff::{InForce, place_of};
use crate::trust::keys::hexadecimal;
use crate::trust::signature::{self, SignatureFault, SignaturePolicy, Signed};
use crate::trust::{self, Diff, EventKind, List, ListFault, Place, Source, events, sources};
use crate::{Directory, Error, limits};

/// How lists are judged.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether a list must be signed, and by whom.
    pub signature: SignaturePolicy,
    /// Domains that may vanish in one update, in per cent.
    pub max_shrink_percent: u8,
    /// Domains of other operators' patients; the list does not say which they are.
    pub patient_domains: Vec<Domain>,
    /// What becomes of a list with entries that cannot be read.
    pub unreadable: Unreadable,
    /// Where the list in force is kept as a file.
    pub kept: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            signature: SignaturePolicy::default(),
            max_shrink_percent: limits::TRUST_SHRINK_PERCENT,
            patient_domains: Vec::new(),
            unreadable: Unreadable::default(),
            kept: None,
        }
    }
}

/// What becomes of a list with entries that cannot be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unreadable {
    /// They are left out, as long as they are few: they give trust to nobody.
    #[default]
    LeaveOut,
    /// The list is refused.
    Refuse,
}

/// Whether the brake on shrinkage holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Brake {
    /// It does.
    Holds,
    /// An administrator has looked and lets it pass.
    Released,
}

/// A list that has been read and whose signature was checked.
#[derive(Debug, Clone)]
pub struct Offer {
    /// What it says.
    pub list: List,
    /// Whose signature it bears, when one was checked.
    pub signed: Option<Signed>,
    /// SHA-256 of its octets.
    pub sha256: [u8; 32],
    /// Where it came from, in words.
    pub source: String,
    bytes: Arc<[u8]>,
}

/// Why a list is not put in force.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It cannot be read.
    #[error("the list cannot be read: {0}")]
    List(#[from] ListFault),
    /// Its signature is not believed.
    #[error("{0}")]
    Signature(#[from] SignatureFault),
    /// An older one than that in force.
    #[error("the list is of {} and the one in force of {}: a list may not go back", .offered.rfc3339(), .in_force.rfc3339())]
    Older {
        /// Its version.
        offered: Timestamp,
        /// The version in force.
        in_force: Timestamp,
    },
    /// The same version with other contents.
    #[error("the list in force has the same date ({}) and other contents", .0.rfc3339())]
    SameVersion(Timestamp),
    /// Its date has not come yet.
    #[error("the list is of {}, which has not come yet: it would keep later lists out", .0.rfc3339())]
    Ahead(Timestamp),
    /// Too many domains would vanish.
    #[error(
        "{vanished} of {of} domains would vanish, more than {percent} %: the list in force stays. Look at `pli admin trust diff`; `load --force` lets it pass"
    )]
    Brake {
        /// How many would.
        vanished: usize,
        /// Of how many.
        of: usize,
        /// How many in a hundred may.
        percent: u8,
    },
    /// Entries cannot be read, more than may be left out.
    #[error("{left_out} of {of} entries cannot be read; the first: {first}")]
    Unreadable {
        /// How many.
        left_out: usize,
        /// Of how many.
        of: usize,
        /// One of them.
        first: String,
    },
}

/// What became of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is in force.
    Applied(Box<Diff>),
    /// It was in force already.
    Unchanged,
    /// The one before stays.
    Refused(Refusal),
}

/// What became of a list, and what is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// What became of it.
    pub outcome: Outcome,
    /// Things an administrator should know of, though the list is in force.
    pub warnings: Vec<String>,
}

/// The list in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Current {
    /// Its version.
    pub version: Timestamp,
    /// SHA-256 of its octets.
    pub sha256: Vec<u8>,
    /// Where it came from.
    pub source: String,
    /// How many entries it has.
    pub entries: i64,
    /// When it was put in force.
    pub loaded_at: Timestamp,
    /// When it was last found to be the newest.
    pub checked_at: Timestamp,
    applied_with: String,
}

const CURRENT: &str = "SELECT version, sha256, source, entries, loaded_at, checked_at, applied_with
    FROM trust_list WHERE id = 1 {FOR UPDATE}";
const CHECKED: &str = "UPDATE trust_list SET checked_at = $1 WHERE id = 1";
const PUT: &str =
    "UPDATE trust_list SET version = $1, sha256 = $2, source = $3, entries = $4, loaded_at = $5,
    checked_at = $5, applied_with = $6 WHERE id = 1";
const PUT_SOURCES: &str = "INSERT INTO trusted_source (domain, source, place, since) VALUES";
const PUT_SOURCES_AGAIN: &str = "ON CONFLICT (domain, source) DO UPDATE SET place = excluded.place";

/// The national list in force, if there is one.
pub async fn current(tx: &mut Tx) -> Result<Option<Current>, db::Error> {
    let row = tx.row(CURRENT, args![]).await?;
    let (Some(version), Some(sha256), Some(loaded_at), Some(checked_at)) =
        (row.maybe_time(0)?, row.maybe_bytes(1)?, row.maybe_time(4)?, row.maybe_time(5)?)
    else {
        return Ok(None);
    };
    Ok(Some(Current {
        version,
        sha256,
        source: row.text(2)?,
        entries: row.int(3)?,
        loaded_at,
        checked_at,
        applied_with: row.text(6)?,
    }))
}

impl Offer {
    /// Reads a list and checks its signature. Works for some hundred milliseconds: not for a thread that
    /// others wait on.
    pub fn read(bytes: Arc<[u8]>, source: &str, settings: &Settings) -> Result<Self, Refusal> {
        let signed = signature::check(&bytes, &settings.signature)?;
        let list = List::read(&bytes)?;
        if let Some(signed) = &signed {
            signed.held_at(list.version)?;
        }
        if let Some(first) = list.left_out.first() {
            let few = list.left_out.len() * 100 <= list.entries * usize::from(settings.max_shrink_percent);
            let refused = match settings.unreadable {
                Unreadable::Refuse => true,
                Unreadable::LeaveOut => !few,
            };
            if refused {
                return Err(Refusal::Unreadable {
                    left_out: list.left_out.len(),
                    of: list.entries,
                    first: first.to_string(),
                });
            }
        }
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest::digest(&digest::SHA256, &bytes).as_ref());
        Ok(Self { list, signed, sha256, source: source.to_owned(), bytes })
    }

    /// Whether it may follow the list in force.
    fn may_follow(&self, current: Option<&Current>, now: Timestamp) -> Result<(), Refusal> {
        if self.list.version > now.plus(limits::TRUST_VERSION_AHEAD) {
            return Err(Refusal::Ahead(self.list.version));
        }
        match current {
            Some(current) if self.list.version < current.version => {
                Err(Refusal::Older { offered: self.list.version, in_force: current.version })
            }
            Some(current) if self.list.version == current.version && current.sha256 != self.sha256 => {
                Err(Refusal::SameVersion(current.version))
            }
            Some(_) | None => Ok(()),
        }
    }
}

fn braked(diff: &Diff, in_force: &InForce, settings: &Settings) -> Result<(), Refusal> {
    let (vanished, of) = (diff.domains_removed.len(), in_force.domains.len());
    if vanished * 100 > of * usize::from(settings.max_shrink_percent) {
        return Err(Refusal::Brake { vanished, of, percent: settings.max_shrink_percent });
    }
    Ok(())
}

impl Directory {
    /// Reads a list off the threads that others wait on.
    pub async fn read_trust_list(
        &self,
        bytes: Vec<u8>,
        source: &str,
        settings: &Arc<Settings>,
    ) -> Result<Result<Offer, Refusal>, Error> {
        let (bytes, source, settings) = (Arc::from(bytes), source.to_owned(), Arc::clone(settings));
        let read = move || Offer::read(bytes, &source, &settings);
        tokio::task::spawn_blocking(read).await.map_err(|_| Error::Interrupted)
    }

    /// What putting a list in force would change, and why it would be refused.
    pub async fn diff_trust_list(
        &self,
        offer: &Offer,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<(Diff, Option<Refusal>), Error> {
        let mut tx = self.db().read().await?;
        let (current, in_force) = (current(&mut tx).await?, InForce::load(&mut tx).await?);
        let diff = in_force.diff(&offer.list, &settings.patient_domains);
        let judged =
            offer.may_follow(current.as_ref(), now).and_then(|()| braked(&diff, &in_force, settings));
        Ok((diff, judged.err()))
    }

    /// Puts a list in force, or says why not. `by` asked for it.
    pub async fn load_trust_list(
        &self,
        bytes: Vec<u8>,
        source: &str,
        settings: &Arc<Settings>,
        brake: Brake,
        by: Actor,
        now: Timestamp,
    ) -> Result<Loaded, Error> {
        let refused = |refusal| Loaded { outcome: Outcome::Refused(refusal), warnings: Vec::new() };
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest::digest(&digest::SHA256, &bytes).as_ref());
        let offer = match self.read_trust_list(bytes, source, settings).await? {
            Ok(offer) => Arc::new(offer),
            Err(refusal) => {
                self.note_refusal(fingerprint, source, &refusal, now).await?;
                return Ok(refused(refusal));
            }
        };
        let unit = (self.clone(), Arc::clone(&offer), Arc::clone(settings), brake, by, now);
        let unit = db::unit("put a trust list in force", unit, |state, tx| {
            let (directory, offer, settings, brake, by, now) = state;
            Box::pin(directory.apply_trust_list(tx, offer, settings, *brake, *by, *now))
        });
        let mut loaded = self.db().write(unit).await?;
        match &loaded.outcome {
            Outcome::Applied(_) => {
                if let Some(path) = settings.kept.clone() {
                    let kept = tokio::task::spawn_blocking(move || keep(&path, &offer.bytes)).await;
                    if let Err(cause) = kept.map_err(|_| Error::Interrupted)? {
                        // It is in force all the same: the file is for people and for a new database.
                        loaded.warnings.push(format!("the list could not be kept as a file: {cause}"));
                    }
                }
            }
            Outcome::Unchanged => {}
            Outcome::Refused(refusal) => {
                self.note_refusal(offer.sha256, source, refusal, now).await?;
            }
        }
        Ok(loaded)
    }

    async fn apply_trust_list(
        &self,
        tx: &mut Tx,
        offer: &Offer,
        settings: &Settings,
        brake: Brake,
        by: Actor,
        now: Timestamp,
    ) -> Result<Loaded, Error> {
        let done = |outcome, warnings| Ok(Loaded { outcome, warnings });
        let current = current(tx).await?;
        let applied_with = applied_with(settings);
        let same = |current: &Current| current.sha256 == offer.sha256 && current.applied_with == applied_with;
        if current.as_ref().is_some_and(same) {
            tx.execute(CHECKED, args![now]).await?;
            return done(Outcome::Unchanged, Vec::new());
        }
        if let Err(refusal) = offer.may_follow(current.as_ref(), now) {
            return done(Outcome::Refused(refusal), Vec::new());
        }
        let in_force = InForce::load(tx).await?;
        let diff = in_force.diff(&offer.list, &settings.patient_domains);
        let mut released = false;
        if let Err(refusal) = braked(&diff, &in_force, settings) {
            match brake {
                Brake::Holds => return done(Outcome::Refused(refusal), Vec::new()),
                Brake::Released => released = true,
            }
        }
        write(tx, &offer.list, &in_force, &diff, settings, now).await?;
        let entries = i64::try_from(offer.list.entries).unwrap_or(i64::MAX);
        let row = args![offer.list.version, offer.sha256, offer.source.as_str(), entries, now, applied_with];
        tx.execute(PUT, row).await?;
        let warnings = warnings(tx, offer).await?;
        let sha256 = hexadecimal(&offer.sha256);
        let text = format!(
            "list of {}, {} entries, from {}{}: {}{}",
            offer.list.version.rfc3339(),
            offer.list.entries,
            offer.source,
            offer.signed.as_ref().map_or("", |_| ", signed"),
            diff.summary(),
            if released { "; the brake was released" } else { "" },
        );
        events::note(tx, EventKind::Applied, &sha256, &text, now).await?;
        for warning in &warnings {
            events::note(tx, EventKind::Warning, warning, warning, now).await?;
        }
        let detail = format!(
            "trust-list version={} sha256={sha256} domains=+{}-{} brake={}",
            offer.list.version.0,
            diff.domains_added.len(),
            diff.domains_removed.len(),
            if released { "released" } else { "holds" },
        );
        let line = Line { at: now, actor: by, for_whom: None, act: Act::Imported, detail };
        audit::append(tx, &[Entry::new(Chain::System, line, self.entropy())]).await?;
        self.generation().bump(tx).await?;
        done(Outcome::Applied(Box::new(diff)), warnings)
    }

    async fn note_refusal(
        &self,
        sha256: [u8; 32],
        source: &str,
        refusal: &Refusal,
        now: Timestamp,
    ) -> Result<(), Error> {
        let unit = (hexadecimal(&sha256), format!("from {source}: {refusal}"), now);
        let unit = db::unit("note a refused trust list", unit, |(fingerprint, text, now), tx| {
            Box::pin(events::note(tx, EventKind::Refused, fingerprint, text, *now))
        });
        Ok(self.db().write(unit).await?)
    }

    /// Notes that the publisher has no newer list.
    pub async fn note_unchanged_trust_list(&self, now: Timestamp) -> Result<(), Error> {
        let unit = db::unit("note that the trust list is the newest", now, |now, tx| {
            Box::pin(async move { tx.execute(CHECKED, args![*now]).await.map(drop) })
        });
        Ok(self.db().write(unit).await?)
    }

    /// Notes that no list could be had, so that `show` tells it.
    pub async fn note_missing_trust_list(
        &self,
        source: &str,
        why: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        let unit = (format!("missing {source}"), format!("from {source}: {why}"), now);
        let unit = db::unit("note a missing trust list", unit, |(fingerprint, text, now), tx| {
            Box::pin(events::note(tx, EventKind::Refused, fingerprint, text, *now))
        });
        Ok(self.db().write(unit).await?)
    }
}

/// What decides on how a list is applied beside its octets.
fn applied_with(settings: &Settings) -> String {
    let mut patients: Vec<&str> = settings.patient_domains.iter().map(Domain::as_str).collect();
    patients.sort_unstable();
    patients.join(" ")
}

async fn write(
    tx: &mut Tx,
    list: &List,
    in_force: &InForce,
    diff: &Diff,
    settings: &Settings,
    now: Timestamp,
) -> Result<(), db::Error> {
    let removed: Vec<&Domain> = diff.domains_removed.iter().collect();
    sources::remove(tx, Source::List, &removed).await?;
    let changed = || diff.domains_added.iter().chain(diff.places_changed.iter().map(|(domain, _)| domain));
    let row = |domain: &Domain| {
        let place = place_of(domain, &settings.patient_domains);
        args![domain.as_str(), Source::List.code(), place.code(), now]
    };
    tx.insert_rows(PUT_SOURCES, PUT_SOURCES_AGAIN, changed().map(row).collect()).await?;
    let touched: Vec<&Domain> = diff.touched.iter().collect();
    sources::forget_names(tx, Source::List, &touched).await?;
    let mut rows = Vec::new();
    for domain in touched {
        for (name, details) in list.domains.get(domain).into_iter().flatten() {
            let since = in_force.since(domain, name.key()).unwrap_or(now);
            rows.push(sources::name_row(domain, Source::List, name, since, details));
        }
    }
    sources::put_names(tx, rows).await?;
    let settled: Vec<&Domain> = removed.into_iter().chain(changed()).collect();
    sources::settle(tx, &settled).await
}

/// What an administrator should know of, though the list is in force.
async fn warnings(tx: &mut Tx, offer: &Offer) -> Result<Vec<String>, db::Error> {
    let mut warnings: Vec<String> =
        offer.list.left_out.iter().take(20).map(|left_out| format!("left out: {left_out}")).collect();
    for place in [Place::Local, Place::LocalPatients] {
        for domain in trust::domains(tx, place).await? {
            if !offer.list.domains.contains_key(&domain) {
                warnings.push(format!("our domain {domain} is not on the national list"));
            }
        }
    }
    Ok(warnings)
}

/// Writes the list beside itself and renames: whoever reads it finds a whole one.
fn keep(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let beside = path.with_extension("new");
    let mut file = std::fs::File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    std::fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests;
