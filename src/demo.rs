//! `pli demo`: a whole invented world on this machine. Everything is real but the people: TLS from an
//! authority made for the folder, the doors of production, an outside world that receives by SMTP over
//! TLS and by HTTP.

mod letters;
mod outside;
mod pdf;
mod story;

pub use story::{PATIENTS, PROFESSIONALS, Patient, Professional};

use crate::assembly::{self, Addresses, House, Listeners, Server};
use crate::config::{Alerts, Audit, Config, Doors, Limits, Log, Smarthost, SmarthostTls, Sms, Tls, Web};
use admin::Admin;
use anyhow::Context as _;
use certs::{Authority, ClientAuth, IdentityFiles, KeyAccess, ServerIdentity, Service};
use directory::{Seed, SeedFile};
use names::{Address, Clock, Domain};
use net::Listener;
use outside::Outside;
use seal::MasterKeys;
use std::fs::DirBuilder;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// The people of the demonstration, as a seed file.
pub const PEOPLE: &str = include_str!("demo/people.toml");

/// Where the doors listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ports {
    /// At this number plus 587, 465, 143, 993 and 80; a free port instead of one that is taken.
    From(u16),
    /// At free ports.
    Free,
}

/// A running demonstration.
pub struct Demo {
    server: Server,
    outside: Outside,
    folder: PathBuf,
    root: PathBuf,
    web: String,
}

impl Demo {
    /// Starts it in this folder, which is made, or used again with all that happened in it.
    pub async fn start(folder: &Path, ports: Ports) -> anyhow::Result<Self> {
        let folder = prepare(folder)?;
        let (clock, entropy) = (assembly::clock(), assembly::entropy());
        let names = ["localhost", "files.localhost", "127.0.0.1"];
        let (_, files) = Authority::open(&folder.join("tls"), &names, clock.now())?;
        let masters = folder.join("master.keys");
        if !masters.exists() {
            MasterKeys::create(&masters, &entropy)?;
        }
        let listeners = bind(ports)?;
        let outside = Outside::open(outside_tls(&files, &clock)?, &clock)?;
        let config = config(&folder, &files, &listeners, &outside)?;
        let house = House::open(&config, clock, entropy).await?;
        let is_new = import(&house.admin(), house.relay().now()).await?;
        let web = config.web.as_ref().map_or_else(String::new, |web| web.origin.clone());
        let server = Server::start(house, &config, listeners, Some(outside.page())).await?;
        letters::write_sample(&folder, server.house().relay().now())?;
        if is_new {
            letters::first(server.house().relay()).await.context("sending the first letters")?;
        }
        Ok(Self { server, outside, folder, root: files.root, web })
    }

    /// Where the doors listen.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        self.server.addresses()
    }

    /// The running server.
    pub fn server(&mut self) -> &mut Server {
        &mut self.server
    }

    /// The folder with data, keys, certificates and the sample letter.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// PEM of the root that every certificate of the demonstration leads to.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Address of the pages, without a final slash.
    #[must_use]
    pub fn web(&self) -> &str {
        &self.web
    }

    /// What left the house so far, newest first.
    #[must_use]
    pub fn outside(&self) -> Vec<webmail::OutsideMail> {
        self.outside.letters()
    }

    /// What to print: who is who, and three commands to paste.
    #[must_use]
    pub fn story(&self) -> String {
        story::tell(self)
    }

    /// Ends cleanly.
    pub async fn stop(self) {
        self.server.stop().await;
        self.outside.stop().await;
    }
}

fn prepare(folder: &Path) -> anyhow::Result<PathBuf> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder.join("data"));
    made.with_context(|| format!("cannot make {}", folder.display()))?;
    folder.canonicalize().with_context(|| folder.display().to_string())
}

/// Everybody of the seed; says whether they are new here.
async fn import(admin: &Admin, now: names::Timestamp) -> anyhow::Result<bool> {
    let file = SeedFile { name: "people.toml".to_owned(), text: PEOPLE.to_owned() };
    let applied =
        admin.apply(Seed::read(&[file], now), now).await.context("importing the people of the demo")?;
    if let Some(fault) = applied.faults.first() {
        anyhow::bail!("the seed of the demo is wrong: {fault}");
    }
    Ok(!applied.accounts_created.is_empty())
}

fn bind(ports: Ports) -> anyhow::Result<Listeners> {
    let loopback = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let bind = |above: u16| -> anyhow::Result<Option<Listener>> {
        let preferred = match ports {
            Ports::From(base) => base.checked_add(above),
            Ports::Free => None,
        };
        let bound = preferred.and_then(|port| Listener::bind(loopback(port)).ok());
        Ok(Some(match bound {
            Some(listener) => listener,
            None => Listener::bind(loopback(0))?,
        }))
    };
    Ok(Listeners {
        submission_starttls: bind(587)?,
        submission_implicit: bind(465)?,
        imap_starttls: bind(143)?,
        imap_implicit: bind(993)?,
        web: bind(80)?,
    })
}

fn outside_tls(files: &certs::DevFiles, clock: &Clock) -> anyhow::Result<rustls::ServerConfig> {
    let files = IdentityFiles { chain: files.chain.clone(), key: files.key.clone() };
    let identity = ServerIdentity::load(vec![files], KeyAccess::OwnerOnly, clock.now())?;
    Ok(certs::server_config(identity, Service::Submission, ClientAuth::None, clock.clone())?)
}

fn config(
    folder: &Path,
    files: &certs::DevFiles,
    listeners: &Listeners,
    outside: &Outside,
) -> anyhow::Result<Config> {
    let addresses = listeners.addresses();
    let web = addresses.web.context("the web door is bound above")?;
    let own = |name: &str| Address::parse(&format!("{name}@pli.example")).map_err(anyhow::Error::msg);
    Ok(Config {
        server: crate::config::Server {
            hostname: Domain::parse("localhost.pli.example").map_err(anyhow::Error::msg)?,
            data: folder.join("data"),
            master_keys: folder.join("master.keys"),
            postmaster: own("postmaster")?,
            professional_domains: Vec::new(),
            patient_domain: None,
        },
        database: crate::config::Database::default(),
        tls: Tls { chain: files.chain.clone(), key: files.key.clone(), more: Vec::new() },
        submission: Doors {
            starttls: addresses.submission_starttls,
            implicit: addresses.submission_implicit,
        },
        imap: Doors { starttls: addresses.imap_starttls, implicit: addresses.imap_implicit },
        web: Some(Web {
            listen: web,
            origin: format!("http://localhost:{}", web.port()),
            files_origin: format!("http://files.localhost:{}", web.port()),
            zone: "Europe/Paris".to_owned(),
        }),
        alerts: Alerts {
            smarthost: Some(Smarthost {
                host: "localhost".to_owned(),
                port: outside.mail_port(),
                tls: SmarthostTls::Implicit,
                roots: Some(files.root.clone()),
                login: None,
                password_file: None,
                from: own("ne-pas-repondre")?,
            }),
            sms: Some(Sms {
                url: format!("http://127.0.0.1:{}/send", outside.sms_port()),
                token_file: None,
                roots: Some(files.root.clone()),
            }),
        },
        policy: policy::Settings::default(),
        // A demonstration runs on a laptop: its disk may be fuller than a server's, and Ctrl-C is awaited.
        limits: Limits { drain_seconds: 1, disk_reserve: Some(100_000_000), ..Limits::default() },
        audit: Audit::default(),
        log: Log { level: "warn".to_owned(), ..Log::default() },
    })
}

#[cfg(test)]
mod tests;
