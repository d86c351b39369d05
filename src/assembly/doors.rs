//! The doors over a house, and their graceful end.

use super::metrics::Metrics;
use super::operators::{self, Operators};
use super::{House, TrustRefresh, channels, chores, issuers, machines};
use crate::config::Config;
use crate::control;
use anyhow::Context as _;
use arc_swap::ArcSwap;
use audit::{Act, Actor};
use certs::{ClientAuth, IdentityFiles, KeyAccess, RevocationLists, ServerIdentity, Service};
use jiff::tz::TimeZone;
use names::Timestamp;
use net::{Caps, ConnInfo, Door, Gate, Listener, Served, Stop, StopSignal, Tls};
use relay::alerts::Channels;
use relay::imap::ImapDoor;
use relay::mx::{MxWorld, Watch};
use relay::queue::Counters;
use relay::{Certificates, ChannelBinding, Entrance, SubmissionWorld};
use rustls::ServerConfig;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokens::Issuers;
use tokio::task::JoinSet;
use webmail::{Origin, OutsideBox, Webmail};
use wire::{imap, smtp};

/// What an IMAP client over the cap of connections reads (RFC 3501 §7.1.5).
const IMAP_BUSY: &[u8] = b"* BYE too many connections, come back in a few minutes\r\n";
/// After the drain, what has not ended is given this long before it is left behind.
const SLACK: Duration = Duration::from_millis(400);

/// Bound addresses, not yet served. Bound first, so that the real ports are known.
#[derive(Debug, Default)]
pub struct Listeners {
    /// Submission, STARTTLS.
    pub submission_starttls: Option<Listener>,
    /// Submission, TLS from the first byte.
    pub submission_implicit: Option<Listener>,
    /// Mailboxes, STARTTLS.
    pub imap_starttls: Option<Listener>,
    /// Mailboxes, TLS from the first byte.
    pub imap_implicit: Option<Listener>,
    /// The directory, StartTLS.
    pub ldap_starttls: Option<Listener>,
    /// The directory, TLS from the first byte.
    pub ldap_implicit: Option<Listener>,
    /// The patients' pages.
    pub web: Option<Listener>,
    /// The professionals' pages.
    pub pro: Option<Listener>,
    /// The administrators' pages.
    pub console: Option<Listener>,
    /// The directory for programs.
    pub fhir: Option<Listener>,
    /// Other operators, STARTTLS.
    pub mx: Option<Listener>,
    /// Who scrapes figures.
    pub metrics: Option<Listener>,
}

/// Where the doors listen, with their real ports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// Submission, STARTTLS.
    pub submission_starttls: Option<SocketAddr>,
    /// Submission, TLS from the first byte.
    pub submission_implicit: Option<SocketAddr>,
    /// Mailboxes, STARTTLS.
    pub imap_starttls: Option<SocketAddr>,
    /// Mailboxes, TLS from the first byte.
    pub imap_implicit: Option<SocketAddr>,
    /// The directory, StartTLS.
    pub ldap_starttls: Option<SocketAddr>,
    /// The directory, TLS from the first byte.
    pub ldap_implicit: Option<SocketAddr>,
    /// The patients' pages.
    pub web: Option<SocketAddr>,
    /// The professionals' pages.
    pub pro: Option<SocketAddr>,
    /// The administrators' pages.
    pub console: Option<SocketAddr>,
    /// The directory for programs.
    pub fhir: Option<SocketAddr>,
    /// Other operators, STARTTLS.
    pub mx: Option<SocketAddr>,
    /// Who scrapes figures.
    pub metrics: Option<SocketAddr>,
}

impl Listeners {
    /// Binds what the configuration opens. Must be called inside a tokio runtime.
    pub fn bind(config: &Config) -> anyhow::Result<Self> {
        let bind = |door: &'static str, address: Option<SocketAddr>| {
            address.map(Listener::bind).transpose().context(door)
        };
        Ok(Self {
            submission_starttls: bind("submission.starttls", config.submission.starttls)?,
            submission_implicit: bind("submission.implicit", config.submission.implicit)?,
            imap_starttls: bind("imap.starttls", config.imap.starttls)?,
            imap_implicit: bind("imap.implicit", config.imap.implicit)?,
            ldap_starttls: bind("ldap.starttls", config.ldap.starttls)?,
            ldap_implicit: bind("ldap.implicit", config.ldap.implicit)?,
            web: bind("web.listen", config.web.as_ref().map(|web| web.listen))?,
            pro: bind("pro.listen", config.pro.as_ref().map(|pro| pro.listen))?,
            console: bind("console.listen", config.console.as_ref().map(|console| console.listen))?,
            fhir: bind("fhir.listen", config.fhir.as_ref().map(|fhir| fhir.listen))?,
            mx: bind("mx.listen", config.mx.map(|mx| mx.listen))?,
            metrics: bind("metrics.listen", config.metrics.map(|metrics| metrics.listen))?,
        })
    }

    /// Where they listen.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        let of = |listener: &Option<Listener>| listener.as_ref().map(Listener::address);
        Addresses {
            submission_starttls: of(&self.submission_starttls),
            submission_implicit: of(&self.submission_implicit),
            imap_starttls: of(&self.imap_starttls),
            imap_implicit: of(&self.imap_implicit),
            ldap_starttls: of(&self.ldap_starttls),
            ldap_implicit: of(&self.ldap_implicit),
            web: of(&self.web),
            pro: of(&self.pro),
            console: of(&self.console),
            fhir: of(&self.fhir),
            mx: of(&self.mx),
            metrics: of(&self.metrics),
        }
    }
}

/// A house with its doors open.
pub struct Server {
    house: Arc<House>,
    addresses: Addresses,
    stop: Stop,
    tasks: JoinSet<&'static str>,
    drain: Duration,
    pub(super) control: control::Keeper,
}

impl Server {
    /// Opens the doors and starts what the house does by itself. `outside` is the demonstration's page
    /// of what left the house.
    pub async fn start(
        house: House,
        config: &Config,
        listeners: Listeners,
        outside: Option<OutsideBox>,
    ) -> anyhow::Result<Self> {
        let house = Arc::new(house);
        let identity = identity(config, house.clock.now())?;
        let socket = control::Socket::open(&config.server.data)?;
        let (stop, signal) = Stop::new();
        let addresses = listeners.addresses();
        let mut tasks = JoinSet::new();
        let shown = match &config.operators {
            Some(settings) => operators::shown(settings, &identity, house.clock.now())?,
            None => Arc::clone(&identity),
        };
        let identities = [Arc::clone(&identity), Arc::clone(&shown)];
        let control = control::Keeper::new(Arc::clone(&house), identities, config);
        let mut opening = Opening {
            house: &house,
            config,
            identity,
            shown,
            gate: Gate::new(Caps {
                total: config.limits.connections,
                per_address: config.limits.connections_per_address,
            }),
            drain: Duration::from_secs(config.limits.drain_seconds),
            issuers: issuers::issuers(config, &house.clock)?,
            signal,
            tasks: &mut tasks,
            lists: Vec::new(),
            sent: None,
            ldap: ldap::Tally::default(),
            fhir: fhir::Tally::default(),
        };
        let drain = opening.drain;
        let channels = channels(&config.alerts, &house.clock, &house.entropy)?;
        let clients = opening.machines()?;
        opening.mail(listeners.submission_starttls, listeners.submission_implicit, clients.clone())?;
        opening.mailboxes(listeners.imap_starttls, listeners.imap_implicit, clients.clone())?;
        opening.ldap(listeners.ldap_starttls, listeners.ldap_implicit, clients)?;
        opening.pro(listeners.pro, channels.clone(), &addresses, outside.is_some())?;
        opening.console(listeners.console, outside.is_some())?;
        opening.fhir(listeners.fhir)?;
        opening.web(listeners.web, channels.clone(), &addresses, outside)?;
        opening.operators(listeners.mx)?;
        opening.metrics(listeners.metrics);
        opening.profiles(channels.clone())?;
        opening.chores(channels);
        let signal = opening.signal.clone();
        tasks.spawn(named("control socket", control.clone().serve(socket, signal)));
        chores::note(&house, Actor::System, Act::Started, String::new()).await?;
        Ok(Self { house, addresses, stop, tasks, drain, control })
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The rooms below the doors.
    #[must_use]
    pub fn house(&self) -> &House {
        &self.house
    }

    /// Reads the certificates again, and writes so in the trail; when they cannot be used the old ones
    /// stay.
    pub async fn reload(&self) -> anyhow::Result<()> {
        self.control.reload().await
    }

    /// Returns when the server cannot go on: the disk failed, or a part of it ended by itself. Cancel-safe.
    pub async fn failed(&mut self) -> String {
        match self.tasks.join_next().await {
            Some(Ok(part)) => format!("{part} has ended"),
            Some(Err(error)) => format!("a part of the server failed: {error}"),
            None => "no part of the server is left".to_owned(),
        }
    }

    /// Closes the doors, lets conversations finish, then ends what the house does by itself. The files of SQLite are
    /// whole without their logs then.
    pub async fn stop(mut self) {
        let ended = async {
            while let Some(part) = self.tasks.join_next().await {
                match part {
                    Ok(part) => tracing::debug!(part, "ended"),
                    Err(error) => tracing::error!(%error, "a part of the server failed"),
                }
            }
        };
        self.stop.stop();
        if tokio::time::timeout(self.drain + SLACK, ended).await.is_err() {
            tracing::warn!("some parts did not end in time");
            self.tasks.shutdown().await;
        }
        if !self.house.is_dead()
            && let Err(error) = chores::note(&self.house, Actor::System, Act::Stopped, String::new()).await
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "the stop could not be noted");
        }
        for database in [&self.house.data, &self.house.keys] {
            if let Err(error) = database.copy_back().await {
                tracing::warn!(error = &error as &dyn std::error::Error, "the log stays beside its database");
            }
        }
    }
}

/// Certificates as configured.
pub(crate) fn identity(config: &Config, now: Timestamp) -> Result<Arc<ServerIdentity>, certs::LoadError> {
    let first = IdentityFiles { chain: config.tls.chain.clone(), key: config.tls.key.clone() };
    let more = config.tls.more.iter();
    let more = more.map(|more| IdentityFiles { chain: more.chain.clone(), key: more.key.clone() });
    ServerIdentity::load([first].into_iter().chain(more).collect(), KeyAccess::OwnerOnly, now)
}

pub(super) async fn named(name: &'static str, work: impl Future<Output = ()>) -> &'static str {
    work.await;
    name
}

/// What the doors are opened with.
pub(super) struct Opening<'a> {
    pub(super) house: &'a Arc<House>,
    pub(super) config: &'a Config,
    identity: Arc<ServerIdentity>,
    /// What other operators are shown: often the same.
    shown: Arc<ServerIdentity>,
    pub(super) gate: Gate,
    issuers: Issuers,
    drain: Duration,
    pub(super) signal: StopSignal,
    pub(super) tasks: &'a mut JoinSet<&'static str>,
    /// Lists of revoked certificates that count, and whose.
    lists: Vec<(&'static str, Arc<RevocationLists>)>,
    /// What the way out counts.
    sent: Option<Counters>,
    /// What the directory's door counts.
    pub(super) ldap: ldap::Tally,
    /// What the directory over FHIR counts.
    pub(super) fhir: fhir::Tally,
}

impl Opening<'_> {
    /// Whether the mail doors ask for a machine's certificate.
    fn machines(&mut self) -> anyhow::Result<ClientAuth> {
        let machines = machines::machines(self.config, &self.identity, &self.house.clock)?;
        self.lists.extend(machines.lists.map(|lists| ("machines", lists)));
        if let Some(refresh) = machines.refresh {
            let (clock, entropy) = (self.house.clock.clone(), self.house.entropy.clone());
            let running = refresh.run(clock, entropy, self.signal.clone());
            self.tasks.spawn(named("lists of machines' revoked certificates", running));
        }
        Ok(machines.clients)
    }

    pub(super) fn entrance(&self) -> Entrance {
        let binding = match self.config.sign_in.channel_binding {
            true => ChannelBinding::Offered,
            false => ChannelBinding::Withheld,
        };
        Entrance::new(self.gate.clone(), self.issuers.clone()).binding(binding)
    }

    fn mail(
        &mut self,
        starttls: Option<Listener>,
        implicit: Option<Listener>,
        clients: ClientAuth,
    ) -> anyhow::Result<()> {
        let server = &self.config.server;
        let entrance = self.entrance();
        let mut config =
            smtp::Config::new(smtp::Role::Submission, server.hostname.clone(), server.postmaster.clone());
        config.mechanisms = entrance.mechanisms(asked(&clients));
        config.bearer = entrance.bearer();
        let config = Arc::new(config);
        for (listener, door) in self.pair(
            "submission",
            self.tls_for(Service::Submission, clients)?,
            smtp::BUSY,
            starttls,
            implicit,
        ) {
            let (config, relay, entrance) = (Arc::clone(&config), self.house.relay.clone(), entrance.clone());
            let make = move |connection: &ConnInfo| {
                let world = SubmissionWorld::new(relay.clone(), entrance.clone(), connection);
                (smtp::Server::new(Arc::clone(&config)), world)
            };
            self.serve("the submission door", net::serve(listener, door, self.signal.clone(), make));
        }
        Ok(())
    }

    /// The door of other operators, the way out to them, and the lists of the revoked.
    fn operators(&mut self, listener: Option<Listener>) -> anyhow::Result<()> {
        let (config, house) = (self.config, self.house);
        let Some(settings) = &config.operators else { return Ok(()) };
        let mut operators = Operators::load(config, settings, &self.shown, &house.clock)?;
        if let Some(refresh) = operators.refresh.take() {
            let work = refresh.run(house.clock.clone(), house.entropy.clone(), self.signal.clone());
            self.tasks.spawn(named("the lists of the revoked", work));
        }
        self.lists.extend(operators.lists.clone().map(|lists| ("operators", lists)));
        let own = listener.iter().map(Listener::address).collect();
        let sender = operators.sender(config, house, own)?;
        self.sent = Some(sender.counters());
        self.tasks.spawn(named("the queue", sender.run(self.signal.clone())));
        let Some(listener) = listener else { return Ok(()) };
        let server = &config.server;
        let machine = smtp::Config::new(smtp::Role::Mx, server.hostname.clone(), server.postmaster.clone());
        let machine = Arc::new(machine);
        let clients = ClientAuth::Required(operators.trust.clone());
        let clock = house.clock.clone();
        let tls = certs::server_config(Arc::clone(&operators.identity), Service::Mx, clients, clock)?;
        let tls = Tls::StartTls(Arc::new(ArcSwap::from_pointee(tls)));
        let door = self.door("mx", tls, smtp::BUSY);
        let (relay, watch) = (house.relay.clone(), Watch::default());
        let make = move |connection: &ConnInfo| {
            let world = MxWorld::new(relay.clone(), watch.clone(), connection);
            (smtp::Server::new(Arc::clone(&machine)), world)
        };
        self.serve("the door of other operators", net::serve(listener, door, self.signal.clone(), make));
        Ok(())
    }

    /// Figures, of everything that was opened before.
    fn metrics(&mut self, listener: Option<Listener>) {
        let Some(listener) = listener else { return };
        let metrics = Metrics {
            house: Arc::clone(self.house),
            gate: self.gate.clone(),
            identity: Arc::clone(&self.identity),
            lists: std::mem::take(&mut self.lists),
            sent: self.sent.take(),
            ldap: self.ldap.clone(),
            fhir: self.fhir.clone(),
        };
        self.tasks.spawn(named("figures", metrics.serve(listener, self.signal.clone())));
    }

    fn mailboxes(
        &mut self,
        starttls: Option<Listener>,
        implicit: Option<Listener>,
        clients: ClientAuth,
    ) -> anyhow::Result<()> {
        let entrance = self.entrance();
        let mut config = imap::Config::new(self.config.server.hostname.as_str());
        config.mechanisms = entrance.mechanisms(asked(&clients));
        config.bearer = entrance.bearer();
        let config = Arc::new(config);
        let rooms = ImapDoor::new(self.house.relay.clone(), entrance).with_quotas(self.config.quota.quotas());
        self.tasks.spawn(named("gists ahead of searches", rooms.clone().look_ahead(self.signal.clone())));
        let tls = self.tls_for(Service::Mailbox, clients)?;
        for (listener, door) in self.pair("imap", tls, IMAP_BUSY, starttls, implicit) {
            let (config, rooms) = (Arc::clone(&config), rooms.clone());
            let make = move |connection: &ConnInfo| {
                (imap::Server::new(Arc::clone(&config)), rooms.world(connection))
            };
            self.serve("the mailbox door", net::serve(listener, door, self.signal.clone(), make));
        }
        Ok(())
    }

    fn web(
        &mut self,
        listener: Option<Listener>,
        channels: Channels,
        addresses: &Addresses,
        outside: Option<OutsideBox>,
    ) -> anyhow::Result<()> {
        let (Some(listener), Some(web)) = (listener, &self.config.web) else { return Ok(()) };
        let app = Origin::parse(&web.origin)?;
        let tls = match app.is_secure() {
            true => Tls::Implicit(self.tls(Service::Web)?),
            false => Tls::Off,
        };
        let settings = webmail::Settings {
            app,
            files: Origin::parse(&web.files_origin)?,
            root_key: self.house.masters.keyed_hash("webmail", b"root key"),
            zone: TimeZone::get(&web.zone).context("web.zone")?,
            outside_box: outside,
            discovery: super::pro::discovery(self.config, addresses),
        };
        let door = self.door("web", tls, b"");
        let pages = Webmail::new(settings, self.rooms(channels)).serve(listener, door, self.signal.clone());
        self.tasks.spawn(named("the web door", pages));
        Ok(())
    }

    fn pro(
        &mut self,
        listener: Option<Listener>,
        channels: Channels,
        addresses: &Addresses,
        has_outside: bool,
    ) -> anyhow::Result<()> {
        let (Some(listener), Some(pro)) = (listener, &self.config.pro) else { return Ok(()) };
        let house = self.house;
        let settings = super::pro::settings(self.config, pro, house, addresses, &self.issuers, has_outside)?;
        let tls = match settings.origin.is_secure() {
            true => {
                let people = pro.certificates.as_ref();
                let asked = machines::people(self.config, people, &self.identity, &house.clock)?;
                self.lists.extend(asked.lists.map(|lists| ("people", lists)));
                if let Some(refresh) = asked.refresh {
                    let (clock, entropy) = (house.clock.clone(), house.entropy.clone());
                    let running = refresh.run(clock, entropy, self.signal.clone());
                    self.tasks.spawn(named("lists of people's revoked certificates", running));
                }
                Tls::Implicit(self.tls_for(Service::Web, asked.clients)?)
            }
            false => Tls::Off,
        };
        let space = webmail::pro::Space::new(settings, self.rooms(channels));
        let door = self.door("professional-space", tls, b"");
        let pages = space.serve(listener, door, self.signal.clone());
        self.tasks.spawn(named("the professionals' door", pages));
        Ok(())
    }

    fn rooms(&self, channels: Channels) -> webmail::Rooms {
        webmail::Rooms {
            relay: self.house.relay.clone(),
            codes: webmail::Codes::through(channels, self.house.clock.clone()),
            gate: self.gate.clone(),
            clock: self.house.clock.clone(),
            entropy: self.house.entropy.clone(),
        }
    }

    /// Who tells people about their profiles, and what time does to them.
    fn profiles(&mut self, channels: Channels) -> anyhow::Result<()> {
        let announcer = super::profiles::announcer(self.house, channels)?;
        self.tasks.spawn(named("notices about profiles", announcer.run(self.signal.clone())));
        let (relay, clock) = (self.house.relay.clone(), self.house.clock.clone());
        self.tasks.spawn(named("profiles", super::profiles::keep(relay, clock, self.signal.clone())));
        Ok(())
    }

    fn chores(&mut self, channels: Channels) {
        let house = self.house;
        let origin = self.config.web.as_ref().map_or_else(String::new, |web| web.origin.clone());
        let worker = relay::alerts::Worker::new(
            house.data.clone(),
            house.relay.directory().clone(),
            channels,
            origin,
            &house.masters,
            house.clock.clone(),
            house.entropy.clone(),
            Arc::clone(&house.alerts),
        );
        self.tasks.spawn(named("the worker of notices", worker.run(self.signal.clone())));
        let relay = house.relay.clone();
        self.tasks.spawn(named("retention", chores::sweep(relay, house.clock.clone(), self.signal.clone())));
        if !self.issuers.is_empty() {
            let (issuers, clock) = (self.issuers.clone(), house.clock.clone());
            let keeping = chores::issuers(issuers, clock, self.signal.clone());
            self.tasks.spawn(named("keys of issuers", keeping));
        }
        let relay = house.relay.clone();
        self.tasks.spawn(named("counting days", chores::count(relay.clone(), self.signal.clone())));
        self.tasks.spawn(named("unopened letters", chores::remind(relay.clone(), self.signal.clone())));
        // Read once already, when the configuration was checked.
        if let Ok(rules) = self.config.mailboxes.rules() {
            let keeping = super::mailboxes::keep(relay, rules, house.clock.clone(), self.signal.clone());
            self.tasks.spawn(named("idle mailboxes", keeping));
        }
        let file = checkpoints(self.config);
        let (data, signer, clock) = (house.data.clone(), Arc::clone(&house.signer), house.clock.clone());
        self.tasks.spawn(named("signing", chores::sign(data, signer, file, clock, self.signal.clone())));
        for identity in [&self.identity, &self.shown] {
            let (identity, clock) = (Arc::clone(identity), house.clock.clone());
            self.tasks.spawn(named("expiry", chores::expiry(identity, clock, self.signal.clone())));
            // One certificate for all is announced once.
            if Arc::ptr_eq(&self.identity, &self.shown) {
                break;
            }
        }
        let follow = chores::follow(house.relay.clone(), self.signal.clone());
        self.tasks.spawn(named("other processes", follow));
        let list = TrustRefresh::run(Arc::clone(house), self.signal.clone());
        self.tasks.spawn(named("the national list", list));
        let (house, signal) = (Arc::clone(house), self.signal.clone());
        self.tasks.spawn(named("the database", async move { chores::watch(&house, signal).await }));
    }

    pub(super) fn pair(
        &self,
        name: &'static str,
        tls: Arc<ArcSwap<ServerConfig>>,
        busy: &'static [u8],
        starttls: Option<Listener>,
        implicit: Option<Listener>,
    ) -> Vec<(Listener, Door)> {
        let starttls =
            starttls.map(|listener| (listener, self.door(name, Tls::StartTls(Arc::clone(&tls)), busy)));
        let implicit =
            implicit.map(|listener| (listener, self.door(name, Tls::Implicit(Arc::clone(&tls)), busy)));
        starttls.into_iter().chain(implicit).collect()
    }

    pub(super) fn tls(&self, service: Service) -> anyhow::Result<Arc<ArcSwap<ServerConfig>>> {
        self.tls_for(service, ClientAuth::None)
    }

    pub(super) fn tls_for(
        &self,
        service: Service,
        clients: ClientAuth,
    ) -> anyhow::Result<Arc<ArcSwap<ServerConfig>>> {
        let (identity, clock) = (Arc::clone(&self.identity), self.house.clock.clone());
        let config = certs::server_config(identity, service, clients, clock)?;
        Ok(Arc::new(ArcSwap::from_pointee(config)))
    }

    pub(super) fn door(&self, name: &'static str, tls: Tls, busy: &'static [u8]) -> Door {
        Door { name, tls, gate: self.gate.clone(), clock: self.house.clock.clone(), busy, drain: self.drain }
    }

    pub(super) fn serve(&mut self, name: &'static str, door: impl Future<Output = Served> + Send + 'static) {
        self.tasks.spawn(async move {
            let served = door.await;
            tracing::info!(name, ?served, "closed");
            name
        });
    }
}

fn asked(clients: &ClientAuth) -> Certificates {
    match clients {
        ClientAuth::None => Certificates::Ignored,
        ClientAuth::Optional(_) | ClientAuth::Required(_) => Certificates::Asked,
    }
}

/// Where the daily checkpoint is exported to.
pub(crate) fn checkpoints(config: &Config) -> PathBuf {
    config.audit.checkpoints.clone().unwrap_or_else(|| config.server.data.join("checkpoints"))
}
