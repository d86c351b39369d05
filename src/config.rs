//! The configuration file as types. Unknown keys are refused; nobody else reads settings.

mod console;
mod operators;
mod trust;

pub use console::Console;
pub use operators::{Mx, Operators, Queue};
pub use trust::{Extra, Trust, Unreadable, WhenSigned};

use names::{Address, Domain};
use serde::{Deserialize, Deserializer};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The whole file, `pli.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Who this server is.
    pub server: Server,
    /// Where its data is; SQLite in the data folder when absent.
    #[serde(default)]
    pub database: Database,
    /// The certificate its doors show.
    pub tls: Tls,
    /// Professionals' mail programs, sending.
    #[serde(default)]
    pub submission: Doors,
    /// Professionals' mail programs, reading.
    #[serde(default)]
    pub imap: Doors,
    /// What mailboxes may hold.
    #[serde(default)]
    pub quota: Quota,
    /// The patients' pages.
    #[serde(default)]
    pub web: Option<Web>,
    /// Whom we believe among other operators, and what we show them.
    #[serde(default)]
    pub operators: Option<Operators>,
    /// The door of other operators.
    #[serde(default)]
    pub mx: Option<Mx>,
    /// How letters reach them.
    #[serde(default)]
    pub queue: Queue,
    /// The professionals' pages.
    #[serde(default)]
    pub pro: Option<Pro>,
    /// The administrators' pages.
    #[serde(default)]
    pub console: Option<Console>,
    /// How mail programs sign in.
    #[serde(default)]
    pub sign_in: SignIn,
    /// Certificates of organisations' machines at the mail doors; nobody is asked for one when absent.
    #[serde(default)]
    pub machines: Option<Machines>,
    /// Issuers of tokens: for mail programs, and for sign-in to the professionals' pages.
    #[serde(default)]
    pub oidc: Vec<tokens::IssuerSettings>,
    /// Whom we trust.
    #[serde(default)]
    pub trust: Trust,
    /// Notices outside.
    #[serde(default)]
    pub alerts: Alerts,
    /// The operator's choices within the rules.
    #[serde(default)]
    pub policy: policy::Settings,
    /// Bounds.
    #[serde(default)]
    pub limits: Limits,
    /// Proof of the trail.
    #[serde(default)]
    pub audit: Audit,
    /// Figures for the operator; nobody is told any when absent.
    #[serde(default)]
    pub metrics: Option<Metrics>,
    /// Logs.
    #[serde(default)]
    pub log: Log,
}

/// `[server]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Our name, in greetings and Received fields.
    #[serde(deserialize_with = "domain")]
    pub hostname: Domain,
    /// The data folder; local disk only.
    pub data: PathBuf,
    /// The file of master keys; must be outside the data folder.
    pub master_keys: PathBuf,
    /// Who answers for this server: postmaster, sender of notices.
    #[serde(deserialize_with = "address")]
    pub postmaster: Address,
    /// Domains whose mailboxes are ours.
    #[serde(default, deserialize_with = "domains")]
    pub professional_domains: Vec<Domain>,
    /// The domain of our patients, when we serve any.
    #[serde(default, deserialize_with = "maybe_domain")]
    pub patient_domain: Option<Domain>,
}

/// `[database]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// A PostgreSQL address, in a file so that no password stands here; SQLite when absent.
    #[serde(default)]
    pub postgres_url_file: Option<PathBuf>,
    /// Schema in that database.
    #[serde(default)]
    pub schema: Option<String>,
}

/// `[tls]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// PEM, our certificate first.
    pub chain: PathBuf,
    /// PEM, readable by the server alone.
    pub key: PathBuf,
    /// Further certificates, chosen by the name a client asks for (the second web origin, for one).
    #[serde(default)]
    pub more: Vec<Certificate>,
}

/// `[[tls.more]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// PEM, our certificate first.
    pub chain: PathBuf,
    /// PEM, readable by the server alone.
    pub key: PathBuf,
}

/// `[submission]` and `[imap]`: where each door listens; absent means closed.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Doors {
    /// STARTTLS (587, 143).
    #[serde(default)]
    pub starttls: Option<SocketAddr>,
    /// TLS from the first byte (465, 993).
    #[serde(default)]
    pub implicit: Option<SocketAddr>,
}

/// `[quota]`: what the mailboxes of professionals may hold. It stops what their programs put there; letters
/// of others come in all the same. 0 is no bound.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quota {
    /// Megabytes of a person's mailbox.
    pub personal_megabytes: u64,
    /// Letters in a person's mailbox.
    pub personal_letters: u64,
    /// Megabytes of the mailbox of a team, a practice or a machine.
    pub shared_megabytes: u64,
    /// Letters in such a mailbox.
    pub shared_letters: u64,
}

impl Default for Quota {
    fn default() -> Self {
        Self { personal_megabytes: 10_000, personal_letters: 0, shared_megabytes: 50_000, shared_letters: 0 }
    }
}

impl Quota {
    /// As the mailbox door wants them.
    #[must_use]
    pub fn quotas(&self) -> relay::imap::Quotas {
        let bound = |most: u64| (most > 0).then_some(most);
        let quota = |megabytes: u64, letters| mailstore::Quota {
            octets: bound(megabytes.saturating_mul(1_000_000)),
            messages: bound(letters),
        };
        relay::imap::Quotas {
            personal: quota(self.personal_megabytes, self.personal_letters),
            shared: quota(self.shared_megabytes, self.shared_letters),
        }
    }
}

/// `[sign_in]`: how mail programs sign in.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignIn {
    /// Offer SCRAM bound to the TLS session (SCRAM-SHA-256-PLUS). Off: mutt as Debian builds it chooses it
    /// whenever it is offered, cannot do it over TLS 1.3, and gives up.
    pub channel_binding: bool,
}

/// `[machines]`: who opens applicative mailboxes by certificate (EXTERNAL).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machines {
    /// Roots, and intermediates, of the authority that names organisations in certificates.
    pub client_roots: PathBuf,
    /// Whether its lists of revoked certificates must be at hand.
    #[serde(default)]
    pub lists: Lists,
    /// Where lists are, beside what the certificates say.
    #[serde(default)]
    pub list_urls: Vec<String>,
}

/// Whether lists of revoked certificates count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lists {
    /// What no list vouches for is refused.
    #[default]
    Required,
    /// Nobody looks: for an authority that publishes none.
    Off,
}

/// `[web]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Web {
    /// Where the pages listen; both origins share it.
    pub listen: SocketAddr,
    /// What a browser shows for the pages, as `https://messagerie.example`.
    pub origin: String,
    /// The second origin, for letters and files, as `https://pieces.example`.
    pub files_origin: String,
    /// The zone of dates, for profiles that name none.
    #[serde(default = "paris")]
    pub zone: String,
}

fn paris() -> String {
    "Europe/Paris".to_owned()
}

/// `[pro]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pro {
    /// Where the pages listen; never the patients' listener.
    pub listen: SocketAddr,
    /// What a browser shows for them, as `https://pro.example`: another host name than the patients'.
    pub origin: String,
    /// The zone of dates.
    #[serde(default = "paris")]
    pub zone: String,
    /// The issuer of `[[oidc]]` that professionals may sign in by.
    #[serde(default)]
    pub provider: Option<String>,
    /// How people call it.
    #[serde(default = "provider_name")]
    pub provider_name: String,
    /// People's certificates; without it nobody is asked for one.
    #[serde(default)]
    pub certificates: Option<People>,
}

/// `[pro.certificates]`: who signs in by a certificate of their own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct People {
    /// Roots, and intermediates, of the authority that names people in certificates.
    pub client_roots: PathBuf,
    /// Part of the subject that holds the national identifier.
    #[serde(default = "common_name")]
    pub attribute: String,
    /// Whether its lists of revoked certificates must be at hand.
    #[serde(default)]
    pub lists: Lists,
    /// Where lists are, beside what the certificates say.
    #[serde(default)]
    pub list_urls: Vec<String>,
}

fn provider_name() -> String {
    webmail::pro::PROVIDER.to_owned()
}

fn common_name() -> String {
    "CN".to_owned()
}

/// `[alerts]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alerts {
    /// The mail server that carries notices outside.
    #[serde(default)]
    pub smarthost: Option<Smarthost>,
    /// The gateway that carries text messages.
    #[serde(default)]
    pub sms: Option<Sms>,
}

/// `[alerts.smarthost]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smarthost {
    /// Host name, checked against its certificate.
    pub host: String,
    /// Port.
    pub port: u16,
    /// TLS from the first byte, or by STARTTLS. There is no third.
    #[serde(default)]
    pub tls: SmarthostTls,
    /// Trust these roots instead of the system's.
    #[serde(default)]
    pub roots: Option<PathBuf>,
    /// Login.
    #[serde(default)]
    pub login: Option<String>,
    /// File that holds the password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// From address of notices.
    #[serde(deserialize_with = "address")]
    pub from: Address,
}

/// How the smarthost is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmarthostTls {
    /// Port 465.
    #[default]
    Implicit,
    /// Port 587.
    Starttls,
}

/// `[alerts.sms]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sms {
    /// Where to POST, as `https://gateway.example/send`.
    pub url: String,
    /// File that holds the bearer token.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// Trust these roots instead of the system's.
    #[serde(default)]
    pub roots: Option<PathBuf>,
}

/// `[limits]`
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections over all doors.
    pub connections: usize,
    /// Connections of one address over all doors.
    pub connections_per_address: usize,
    /// Seconds that conversations have to finish after a stop.
    pub drain_seconds: u64,
    /// Octets of the disk that are never filled with letters; one gigabyte or five per cent when absent.
    pub disk_reserve: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        let caps = net::Caps::default();
        Self {
            connections: caps.total,
            connections_per_address: caps.per_address,
            drain_seconds: net::DRAIN.as_secs(),
            disk_reserve: None,
        }
    }
}

/// `[audit]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// The file that the daily checkpoint is appended to; `checkpoints` in the data folder when absent.
    /// A copy on another machine proves the trail.
    #[serde(default)]
    pub checkpoints: Option<PathBuf>,
}

/// `[metrics]`: figures in the format of Prometheus, in the clear.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Where scrapers ask for `/metrics`.
    #[serde(default = "scraped_at")]
    pub listen: SocketAddr,
    /// Allows an address that other machines reach. Whoever reaches it reads how much mail there is.
    #[serde(default)]
    pub open_to_others: bool,
}

fn scraped_at() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 9580))
}

/// `[log]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug`, or directives as `info,relay=debug`.
    pub level: String,
    /// For people or for machines.
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Text }
    }
}

/// For people or for machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One line of text.
    Text,
    /// One JSON object.
    Json,
}

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("cannot read {path}; `pli init` writes a first one")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// It is not what we understand.
    #[error("{path} is not right: {cause}")]
    Parse {
        /// Which.
        path: PathBuf,
        /// Why, with line and column.
        cause: Box<toml::de::Error>,
    },
    /// Its values contradict each other.
    #[error("{path}: {what}")]
    Contradiction {
        /// Which.
        path: PathBuf,
        /// What is wrong and what to do.
        what: String,
    },
}

impl Config {
    /// Reads and checks a file. Relative paths are taken from the folder of the file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|cause| ConfigError::Read { path: path.to_owned(), cause })?;
        let mut config: Self = toml::from_str(&text)
            .map_err(|cause| ConfigError::Parse { path: path.to_owned(), cause: Box::new(cause) })?;
        config.anchor(path.parent().unwrap_or(Path::new(".")));
        config.check().map_err(|what| ConfigError::Contradiction { path: path.to_owned(), what })?;
        Ok(config)
    }

    fn anchor(&mut self, folder: &Path) {
        let server =
            [&mut self.server.data, &mut self.server.master_keys, &mut self.tls.chain, &mut self.tls.key];
        let smarthost =
            self.alerts.smarthost.iter_mut().flat_map(|host| [&mut host.roots, &mut host.password_file]);
        let sms = self.alerts.sms.iter_mut().flat_map(|sms| [&mut sms.roots, &mut sms.token_file]);
        let others = [&mut self.database.postgres_url_file, &mut self.audit.checkpoints];
        let clients = self.oidc.iter_mut().filter_map(|issuer| issuer.client.as_mut());
        let secrets = clients.map(|client| &mut client.secret_file);
        let shown = self.operators.iter_mut().flat_map(|own| [&mut own.chain, &mut own.key]);
        let machines = self.machines.iter_mut().map(|machines| &mut machines.client_roots);
        let trust = [&mut self.trust.file, &mut self.trust.roots, &mut self.trust.signers];
        let optional = smarthost.chain(shown).chain(sms).chain(others).chain(trust).chain(secrets).flatten();
        let more = self.tls.more.iter_mut().flat_map(|more| [&mut more.chain, &mut more.key]);
        let people = self.pro.iter_mut().filter_map(|pro| pro.certificates.as_mut());
        let people = people.map(|people| &mut people.client_roots);
        for path in server.into_iter().chain(optional).chain(more).chain(machines).chain(people) {
            *path = folder.join(&*path);
        }
        if let Some(operators) = &mut self.operators {
            operators.roots = folder.join(&operators.roots);
        }
    }

    fn check(&self) -> Result<(), String> {
        // Where the folders exist, links and `..` are seen through.
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let (keys, data) = (&self.server.master_keys, &self.server.data);
        let inside = keys.parent().is_some_and(|folder| real(folder).starts_with(real(data)));
        if keys.starts_with(data) || real(keys).starts_with(real(data)) || inside {
            return Err(
                "server.master_keys lies inside server.data: a stolen data folder would open itself; \
                        move it elsewhere"
                    .to_owned(),
            );
        }
        if let Some(web) = &self.web {
            let (pages, files) = (host_of(&web.origin), host_of(&web.files_origin));
            let read = |text: &str| webmail::Origin::parse(text).map(|origin| origin.is_secure());
            let (Ok(secure), Ok(files_secure)) = (read(&web.origin), read(&web.files_origin)) else {
                return Err("web.origin and web.files_origin look like https://host or https://host:port \
                            (http:// for localhost only)"
                    .to_owned());
            };
            if secure != files_secure {
                return Err("web.origin and web.files_origin must both be https".to_owned());
            }
            if !secure && !web.listen.ip().is_loopback() {
                return Err("without https the pages may listen on this machine only (127.0.0.1)".to_owned());
            }
            if jiff::tz::TimeZone::get(&web.zone).is_err() {
                return Err(format!(
                    "web.zone «{}» is not the name of a time zone, as Europe/Paris",
                    web.zone
                ));
            }
            if pages == files {
                return Err(
                    "web.files_origin must be another host name than web.origin: letters are shown apart \
                            from the pages"
                        .to_owned(),
                );
            }
        }
        if self.mx.is_some() && self.operators.is_none() {
            return Err(
                "[mx] needs [operators]: roots says which authorities other operators' certificates \
                        come from"
                    .to_owned(),
            );
        }
        if let Some(shown) = &self.operators
            && shown.chain.is_some() != shown.key.is_some()
        {
            return Err("operators.chain and operators.key belong together".to_owned());
        }
        if let Some(pro) = &self.pro {
            self.check_pro(pro)?;
        }
        if let Some(console) = &self.console {
            console.check(self)?;
        }
        if let Some(metrics) = &self.metrics
            && !metrics.listen.ip().is_loopback()
            && !metrics.open_to_others
        {
            return Err(format!(
                "metrics.listen {} can be reached by other machines, and figures travel in the clear: listen on \
                 127.0.0.1, or set metrics.open_to_others = true when only the machines of your own network \
                 reach it",
                metrics.listen
            ));
        }
        self.trust.check()?;
        if let Some(domain) = &self.server.patient_domain
            && self.server.professional_domains.contains(domain)
        {
            return Err(format!("{domain} cannot be both a professional and the patient domain"));
        }
        Ok(())
    }
}

impl Config {
    fn check_pro(&self, pro: &Pro) -> Result<(), String> {
        let Ok(origin) = webmail::Origin::parse(&pro.origin) else {
            return Err(
                "pro.origin looks like https://host or https://host:port (http:// for localhost only)"
                    .to_owned(),
            );
        };
        if !origin.is_secure() && !pro.listen.ip().is_loopback() {
            return Err("without https the professionals' pages may listen on this machine only (127.0.0.1)"
                .to_owned());
        }
        if !origin.is_secure() && pro.certificates.is_some() {
            return Err("pro.certificates asks for certificates, which needs an https pro.origin".to_owned());
        }
        if jiff::tz::TimeZone::get(&pro.zone).is_err() {
            return Err(format!("pro.zone «{}» is not the name of a time zone, as Europe/Paris", pro.zone));
        }
        if let Some(web) = &self.web {
            let host = host_of(&pro.origin);
            if host == host_of(&web.origin) || host == host_of(&web.files_origin) {
                return Err("pro.origin must be another host name than web.origin and web.files_origin: \
                            browsers part cookies by host"
                    .to_owned());
            }
            if web.listen == pro.listen && web.listen.port() != 0 {
                return Err("pro.listen must be another address than web.listen".to_owned());
            }
        }
        let readable = |attribute: &str| names::DistinguishedName::parse(&format!("{attribute}=x")).is_ok();
        if pro.certificates.as_ref().is_some_and(|people| !readable(&people.attribute)) {
            return Err("pro.certificates.attribute is a part of a subject, as CN or UID".to_owned());
        }
        match &pro.provider {
            Some(provider) if !self.oidc.iter().any(|issuer| issuer.issuer == *provider) => {
                Err(format!("pro.provider «{provider}» is no issuer of [[oidc]]"))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// The host of `scheme://host[:port]`.
pub(crate) fn host_of(origin: &str) -> Option<&str> {
    let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"))?;
    let host = rest.split(':').next().filter(|host| !host.is_empty())?;
    (!rest.contains('/')).then_some(host)
}

fn parsed<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    parse: impl Fn(&str) -> Result<T, names::AddressError>,
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).map_err(|error| serde::de::Error::custom(format!("«{text}»: {error}")))
}

fn domain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Domain, D::Error> {
    parsed(deserializer, Domain::parse)
}

fn maybe_domain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Domain>, D::Error> {
    parsed(deserializer, Domain::parse).map(Some)
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
    parsed(deserializer, Address::parse)
}

fn domains<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Domain>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let parse = |text: &String| {
        Domain::parse(text).map_err(|error| serde::de::Error::custom(format!("«{text}»: {error}")))
    };
    texts.iter().map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        [server]
        hostname = "mail.pli.example"
        data = "data"
        master_keys = "keys/master"
        postmaster = "postmaster@pli.example"
        patient_domain = "patient.example"
        [tls]
        chain = "tls/chain.pem"
        key = "tls/key.pem"
        [imap]
        implicit = "0.0.0.0:993"
        [web]
        listen = "0.0.0.0:443"
        origin = "https://messagerie.example"
        files_origin = "https://pieces.example"
    "#;

    fn load(text: &str) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pli.toml");
        std::fs::write(&path, text).unwrap();
        Config::load(&path)
    }

    #[test]
    fn a_small_file_is_enough() {
        let config = load(GOOD).unwrap();
        assert_eq!(config.imap.implicit.unwrap().port(), 993);
        assert!(config.server.data.is_absolute());
        assert_eq!(config.policy, policy::Settings::default());
    }

    #[test]
    fn keys_inside_the_data_are_found_through_links_and_detours() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("data/secret")).unwrap();
        std::os::unix::fs::symlink(at("data/secret"), at("keys")).unwrap();
        for (case, keys) in [("a link", "keys/master"), ("a detour", "tls/../data/secret/master")] {
            std::fs::create_dir_all(at("tls")).unwrap();
            std::fs::write(at("pli.toml"), GOOD.replacen("keys/master", keys, 1)).unwrap();
            let error = Config::load(&at("pli.toml")).unwrap_err().to_string();
            assert!(error.contains("inside server.data"), "{case}: {error}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (case, from, to, words) in [
            ("an unknown key", "[imap]", "[imap]\nimplict = \"x\"", "implict"),
            ("keys inside the data", "keys/master", "data/master", "inside server.data"),
            (
                "one origin for both",
                "https://pieces.example",
                "https://messagerie.example",
                "another host name",
            ),
            ("an origin with a path", "https://pieces.example", "https://pieces.example/x", "look like"),
            (
                "the professionals' pages at the patients' host",
                "[web]",
                "[pro]\nlisten = \"0.0.0.0:8443\"\norigin = \"https://messagerie.example:8443\"\n[web]",
                "another host name",
            ),
            (
                "a provider that is nobody",
                "[web]",
                "[pro]\nlisten = \"0.0.0.0:8443\"\norigin = \"https://pro.example\"\nprovider = \"https://x.example\"\n[web]",
                "no issuer",
            ),
            (
                "one listener for both",
                "[web]",
                "[pro]\nlisten = \"0.0.0.0:443\"\norigin = \"https://pro.example\"\n[web]",
                "another address",
            ),
            (
                "the console at the patients' host",
                "[web]",
                "[console]\nlisten = \"0.0.0.0:8444\"\norigin = \"https://messagerie.example:8444\"\n[web]",
                "another host name",
            ),
            (
                "one listener for pages and console",
                "[web]",
                "[console]\nlisten = \"0.0.0.0:443\"\norigin = \"https://admin.example\"\n[web]",
                "another address",
            ),
            (
                "the console in the clear for others",
                "[web]",
                "[console]\nlisten = \"0.0.0.0:8444\"\norigin = \"http://admin.localhost:8444\"\n[web]",
                "this machine only",
            ),
            (
                "figures for everybody",
                "[web]",
                "[metrics]\nlisten = \"0.0.0.0:9580\"\n[web]",
                "metrics.open_to_others",
            ),
            ("a bad domain", "patient.example", "patient", "domain name"),
            ("a bad address", "postmaster@pli.example", "postmaster", "no @"),
        ] {
            let error = load(&GOOD.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(words), "{case}: {error}");
        }
        assert!(Config::load(Path::new("nowhere/pli.toml")).unwrap_err().to_string().contains("pli init"));
    }
}
