//! `pli demo`: a whole invented world on this machine. Everything is real but the people: TLS from an
//! authority made for the folder, the doors of production, an outside world that receives by SMTP over
//! TLS and by HTTP.

mod administrator;
mod letters;
mod outside;
mod pdf;
mod professionals;
mod story;

pub use professionals::{SPACE, SpacePassword};
pub use story::{PATIENTS, PROFESSIONALS, Patient, Professional};

use crate::assembly::{self, Addresses, House, Listeners, Server};
use crate::config::Config;
use admin::Admin;
use anyhow::Context as _;
use certs::{Authority, ClientAuth, IdentityFiles, KeyAccess, ServerIdentity, Service};
use directory::{Seed, SeedFile};
use names::Clock;
use net::Listener;
use outside::Outside;
use seal::MasterKeys;
use std::fs::DirBuilder;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// The people of the demonstration, as a seed file.
pub const PEOPLE: &str = include_str!("demo/people.toml");

/// The name in greetings and Received fields.
const HOSTNAME: &str = "localhost.pli.example";
/// File name of the configuration in the folder of the demonstration.
const CONFIG: &str = "pli.toml";

/// Where the doors listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ports {
    /// At this number plus 587, 465, 143, 993, 80, 81, 82 and 83; a free port instead of one that is taken.
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
    pro: String,
    console: String,
}

impl Demo {
    /// Starts it in this folder, which is made, or used again with all that happened in it.
    pub async fn start(folder: &Path, ports: Ports) -> anyhow::Result<Self> {
        let folder = prepare(folder)?;
        let (clock, entropy) = (assembly::clock(), assembly::entropy());
        let names =
            ["localhost", "files.localhost", "pro.localhost", "admin.localhost", "127.0.0.1", HOSTNAME];
        let (_, files) = Authority::open(&folder.join("tls"), &names, clock.now())?;
        let masters = folder.join("master.keys");
        if !masters.exists() {
            MasterKeys::create(&masters, &entropy)?;
        }
        let listeners = bind(ports)?;
        let outside = Outside::open(outside_tls(&files, &clock)?, &clock)?;
        let config = configure(&folder, &files, &listeners, &outside)?;
        let house = House::open(&config, clock, entropy).await?;
        let is_new = import(&house.admin(), house.relay().now()).await?;
        let web = config.web.as_ref().map_or_else(String::new, |web| web.origin.clone());
        let pro = config.pro.as_ref().map_or_else(String::new, |pro| pro.origin.clone());
        let console = config.console.as_ref().map_or_else(String::new, |console| console.origin.clone());
        if is_new {
            professionals::enrol(house.relay().directory(), house.relay().now()).await?;
            administrator::enrol(house.relay().directory(), &folder, house.relay().now()).await?;
        }
        let page = administrator::showing_codes(outside.page(), &folder, house.clock.clone());
        let server = Server::start(house, &config, listeners, Some(page)).await?;
        letters::write_sample(&folder, server.house().relay().now())?;
        if is_new {
            letters::first(server.house().relay()).await.context("sending the first letters")?;
        }
        Ok(Self { server, outside, folder, root: files.root, web, pro, console })
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

    /// The configuration the server runs with, for `pli admin` and `pli verify`.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.folder.join(CONFIG)
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

    /// Address of the professionals' pages, without a final slash.
    #[must_use]
    pub fn pro(&self) -> &str {
        &self.pro
    }

    /// Address of the administrators' pages, without a final slash.
    #[must_use]
    pub fn console(&self) -> &str {
        &self.console
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
        mx: None,
        submission_starttls: bind(587)?,
        submission_implicit: bind(465)?,
        imap_starttls: bind(143)?,
        imap_implicit: bind(993)?,
        ldap_starttls: bind(389)?,
        ldap_implicit: bind(636)?,
        web: bind(80)?,
        pro: bind(81)?,
        console: bind(82)?,
        fhir: bind(83)?,
        metrics: None,
    })
}

fn outside_tls(files: &certs::DevFiles, clock: &Clock) -> anyhow::Result<rustls::ServerConfig> {
    let files = IdentityFiles { chain: files.chain.clone(), key: files.key.clone() };
    let identity = ServerIdentity::load(vec![files], KeyAccess::OwnerOnly, clock.now())?;
    Ok(certs::server_config(identity, Service::Submission, ClientAuth::None, clock.clone())?)
}

/// Writes the configuration, for `pli admin --config`, and reads it as a server would.
fn configure(
    folder: &Path,
    files: &certs::DevFiles,
    listeners: &Listeners,
    outside: &Outside,
) -> anyhow::Result<Config> {
    let addresses = listeners.addresses();
    let all = [
        addresses.submission_starttls,
        addresses.submission_implicit,
        addresses.imap_starttls,
        addresses.imap_implicit,
        addresses.ldap_starttls,
        addresses.ldap_implicit,
        addresses.web,
        addresses.pro,
        addresses.console,
        addresses.fhir,
    ];
    let ports: Vec<u16> = all.into_iter().flatten().map(|address| address.port()).collect();
    let [submission, submissions, imap, imaps, ldap, ldaps, web, pro, console, fhir] = ports[..] else {
        anyhow::bail!("a door of the demonstration is not bound");
    };
    let name = |path: &Path| path.strip_prefix(folder).unwrap_or(path).display().to_string();
    let (root, chain, key) = (name(&files.root), name(&files.chain), name(&files.key));
    let (mail, sms) = (outside.mail_port(), outside.sms_port());
    let text = format!(
        r#"# Written anew at every start of `pli demo`. While it runs: pli admin --config FILE …
[server]
hostname = "{HOSTNAME}"
data = "data"
master_keys = "master.keys"
postmaster = "postmaster@pli.example"

[tls]
chain = "{chain}"
key = "{key}"

[submission]
starttls = "127.0.0.1:{submission}"
implicit = "127.0.0.1:{submissions}"

[imap]
starttls = "127.0.0.1:{imap}"
implicit = "127.0.0.1:{imaps}"

[ldap]
starttls = "127.0.0.1:{ldap}"
implicit = "127.0.0.1:{ldaps}"

[web]
listen = "127.0.0.1:{web}"
origin = "http://localhost:{web}"
files_origin = "http://files.localhost:{web}"

[pro]
listen = "127.0.0.1:{pro}"
origin = "http://pro.localhost:{pro}"

[console]
listen = "127.0.0.1:{console}"
origin = "http://admin.localhost:{console}"

[fhir]
listen = "127.0.0.1:{fhir}"
origin = "http://annuaire.localhost:{fhir}"

# The outside world of the demonstration.
[alerts.smarthost]
host = "localhost"
port = {mail}
roots = "{root}"
from = "ne-pas-repondre@pli.example"

[alerts.sms]
url = "http://127.0.0.1:{sms}/send"
roots = "{root}"

[limits]
# Ctrl-C is waited for.
drain_seconds = 1
# The disk of a laptop may be fuller than a server's.
disk_reserve = 100000000
"#
    );
    let path = folder.join(CONFIG);
    std::fs::write(&path, text).with_context(|| path.display().to_string())?;
    Ok(Config::load(&path)?)
}

#[cfg(test)]
mod tests;
