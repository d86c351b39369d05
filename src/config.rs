//! The configuration file as types. Unknown keys are refused; nobody else reads settings.

mod console;
mod doors;
mod fhir;
mod ldap;
mod mailboxes;
mod operators;
mod outside;
mod pages;
mod profiles;
mod read;
mod trust;
mod watching;

pub use console::Console;
pub use doors::{Doors, Lists, Machines, Quota, SignIn};
pub use fhir::Fhir;
pub use ldap::Ldap;
pub use mailboxes::Mailboxes;
pub use operators::{Mx, Operators, Queue};
pub use outside::{Alerts, Smarthost, SmarthostTls, Sms};
pub(crate) use pages::host_of;
pub use pages::{People, Pro, Web};
pub use profiles::Profiles;
pub use trust::{Extra, Trust, Unreadable, WhenSigned};
pub use watching::{Audit, Limits, Log, LogFormat, Metrics};

use names::{Address, Domain};
use read::{address, domain, domains, maybe_domain};
use serde::Deserialize;
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
    /// The directory, for mail programs that complete addresses.
    #[serde(default)]
    pub ldap: Ldap,
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
    /// The directory for programs.
    #[serde(default)]
    pub fhir: Option<Fhir>,
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
    /// The life of patients' profiles.
    #[serde(default)]
    pub profiles: Profiles,
    /// The life of mailboxes that nobody uses.
    #[serde(default)]
    pub mailboxes: Mailboxes,
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
        let others = [
            &mut self.database.postgres_url_file,
            &mut self.audit.checkpoints,
            &mut self.profiles.terms_file,
            &mut self.profiles.letters,
        ];
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
            web.check()?;
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
            pages::check_pro(self, pro)?;
        }
        if let Some(console) = &self.console {
            console.check(self)?;
        }
        if let Some(fhir) = &self.fhir {
            fhir.check(self)?;
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
        self.profiles.check(data)?;
        self.mailboxes.rules()?;
        self.trust.check()?;
        if let Some(domain) = &self.server.patient_domain
            && self.server.professional_domains.contains(domain)
        {
            return Err(format!("{domain} cannot be both a professional and the patient domain"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
