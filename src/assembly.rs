//! Builds every part by hand; the only file that knows them all, and the one place where the clock
//! and chance of the machine are read.

mod channels;
mod chores;
mod console;
mod crashes;
mod databases;
mod doors;
mod fhir;
mod issuers;
mod ldap;
mod lists;
mod machines;
mod mailboxes;
mod metrics;
mod operators;
mod pro;
mod profiles;
mod trust_refresh;

pub use channels::channels;
pub(crate) use chores::{checkpoint, note};
pub use databases::HoldError;
pub(crate) use databases::{data_config as database, probe};
pub use doors::{Addresses, Listeners, Server};
pub(crate) use doors::{checkpoints, identity};

use crate::config::Config;
use admin::Admin;
use anyhow::Context as _;
use audit::Signer;
use directory::{Directory, trust};
use mailstore::{Mailstore, Reserve};
use names::{Clock, Domain, Entropy, Timestamp};
pub(crate) use operators::shown as shown_to_operators;
use policy::Reach;
use relay::Relay;
use seal::MasterKeys;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::sync::Notify;
pub(crate) use trust_refresh::{TrustRefresh, settings as trust_settings};

/// The clock of the machine.
#[must_use]
pub fn clock() -> Clock {
    Clock::new(|| {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
        let age = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(age.as_millis()).unwrap_or(i64::MAX))
    })
}

/// The chance of the machine.
#[must_use]
pub fn entropy() -> Entropy {
    Entropy::new(|bytes| {
        // Without chance no key is a key: nothing can go on.
        aws_lc_rs::rand::fill(bytes).expect("the system gives random bytes");
    })
}

/// Everything below the doors.
pub struct House {
    pub(crate) clock: Clock,
    pub(crate) entropy: Entropy,
    pub(crate) masters: MasterKeys,
    pub(crate) data: db::Db,
    pub(crate) keys: db::Db,
    pub(crate) relay: Relay,
    /// The published directory, as whoever searches sees it.
    pub(crate) register: register::Register,
    /// How many entries of it anybody may be shown in a day, one count for all doors.
    pub(crate) quota: register::Quota,
    /// Told after each commit that wrote a notice.
    pub(crate) alerts: Arc<Notify>,
    pub(crate) signer: Arc<Signer>,
    trust: Arc<trust::Settings>,
    /// The origin of the national list, when the configuration names one.
    pub(crate) trust_refresh: Option<TrustRefresh>,
    /// Whose letters under way are ours to take again.
    pub(crate) home: relay::queue::Home,
    /// Where this server keeps its files.
    pub(crate) folder: std::path::PathBuf,
    /// Keeps a second server away where the database does not.
    _held: Option<std::fs::File>,
}

impl House {
    /// Opens the rooms from the floor up. Fails before anything is changed when another server holds
    /// the data folder, the keys are missing, or the disk cannot keep a promise.
    pub async fn open(config: &Config, clock: Clock, entropy: Entropy) -> anyhow::Result<Self> {
        let path = &config.server.master_keys;
        let masters = MasterKeys::load(path).context(
            "the master keys open everything that is kept: restore the file, or `pli init` a new server",
        )?;
        let databases::Databases { data, keys, home, held } =
            databases::open(config, &clock, &entropy).await?;
        let now = clock.now();
        let parts = mailstore::Parts {
            db: data.clone(),
            keys: keys.clone(),
            masters: &masters,
            blobs: config.server.data.join("blobs"),
            reserve: reserve(config),
            entropy: entropy.clone(),
        };
        let mailstore = Mailstore::open(parts, now).await.context("opening the store")?;
        let directory = Directory::open(data.clone(), &masters, entropy.clone())
            .await
            .context("opening the directory")?
            .under(profiles::rules(config)?);
        list_domains(&data, &directory, config, now).await.context("listing our domains")?;
        directory.publish_all(now).await.context("publishing the mailboxes of this house")?;
        let trust = Arc::new(trust_refresh::settings(config)?);
        let trust_refresh = TrustRefresh::new(config, directory.clone(), Arc::clone(&trust), clock.clone())
            .context("[trust]")?;
        let alerts = Arc::new(Notify::new());
        let relay = Relay::new(relay::Parts {
            mailstore,
            directory,
            settings: settings(config),
            hostname: config.server.hostname.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
            alerts: Arc::clone(&alerts),
            queue: relay::queue::Queue::new(&masters, entropy.clone()).crashing(crashes::plan()),
            patients: relay::PatientHashes::new(&masters),
        });
        let signer = Arc::new(Signer::from_seed(&masters.keyed_hash("audit signer", b"seed"))?);
        Ok(Self {
            clock,
            entropy,
            masters,
            register: register::Register::open(data.clone()),
            quota: register::Quota::new(data.clone(), config.limits.directory_entries),
            data,
            keys,
            relay,
            alerts,
            signer,
            trust,
            trust_refresh,
            home,
            folder: config.server.data.clone(),
            _held: held,
        })
    }

    /// Mail in and rules applied.
    #[must_use]
    pub fn relay(&self) -> &Relay {
        &self.relay
    }

    /// What administrators do.
    #[must_use]
    pub fn admin(&self) -> Admin {
        Admin {
            directory: self.relay.directory().clone(),
            mailstore: self.relay.mailstore().clone(),
            relay: self.relay.clone(),
            register: self.register.clone(),
            entropy: self.entropy.clone(),
            trust: Arc::clone(&self.trust),
            trail_key: self.signer.public_key().into(),
        }
    }

    /// Whether a disk error has ended all writing.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.data.is_dead() || self.keys.is_dead()
    }
}

/// Room on the disk that letters never take.
pub(crate) fn reserve(config: &Config) -> Reserve {
    config.limits.disk_reserve.map_or(Reserve::STANDARD, |octets| Reserve { octets, share: 0 })
}

/// The operator's choices; without `[operators]` there is no way out to theirs.
fn settings(config: &Config) -> policy::Settings {
    let reach = if config.operators.is_some() { Reach::Everybody } else { Reach::OnlyOurs };
    policy::Settings { reach, ..config.policy.clone() }
}

/// Domains that the configuration calls ours, or trusts, stand on the list.
async fn list_domains(
    data: &db::Db,
    directory: &Directory,
    config: &Config,
    now: Timestamp,
) -> anyhow::Result<()> {
    let ours =
        |domain: &Domain, place| trust::Configured { domain: domain.clone(), place, names: Vec::new() };
    let professional =
        config.server.professional_domains.iter().map(|domain| ours(domain, trust::Place::Local));
    let patients =
        config.server.patient_domain.iter().map(|domain| ours(domain, trust::Place::LocalPatients));
    let extra = config.trust.extra.iter().map(|extra| trust::Configured {
        domain: extra.domain.clone(),
        place: extra.place,
        names: extra.names.clone(),
    });
    let unit = (directory.clone(), professional.chain(patients).chain(extra).collect(), now);
    data.write(db::unit("list our domains", unit, |(directory, wanted, now), tx| {
        Box::pin(async move {
            let wanted: &Vec<trust::Configured> = wanted;
            if trust::configure(tx, wanted, *now).await? {
                directory.generation().bump(tx).await?;
            }
            Ok::<(), db::Error>(())
        })
    }))
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
