//! The DNS records of a node: what `pli init` prints and `pli check dns` prints and compares.

use crate::config::{Config, host_of};
use names::Domain;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A service that mail programs look up (RFC 6186 §3.1, RFC 8314 §5.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct MailService {
    /// As in the record's name.
    pub(super) name: &'static str,
    /// The port that the record names.
    pub(super) port: u16,
    /// Lower is better: TLS from the first byte before STARTTLS (RFC 8314 §4.1).
    pub(super) priority: u8,
}

impl MailService {
    fn new(name: &'static str, port: u16) -> Self {
        Self { name, port, priority: if name.ends_with("s._tcp") { 0 } else { 10 } }
    }

    /// The four, on their usual ports.
    pub(super) fn usual() -> Vec<Self> {
        [("_submissions._tcp", 465), ("_imaps._tcp", 993), ("_submission._tcp", 587), ("_imap._tcp", 143)]
            .map(|(name, port)| Self::new(name, port))
            .to_vec()
    }

    /// Those whose doors are open, on their real ports.
    pub(super) fn configured(config: &Config) -> Vec<Self> {
        let doors = [
            ("_submissions._tcp", config.submission.implicit),
            ("_imaps._tcp", config.imap.implicit),
            ("_submission._tcp", config.submission.starttls),
            ("_imap._tcp", config.imap.starttls),
        ];
        doors.into_iter().filter_map(|(name, door)| Some(Self::new(name, door?.port()))).collect()
    }
}

/// Names that a node needs in DNS.
pub(super) struct Records<'a> {
    pub(super) hostname: &'a Domain,
    /// Hosts of pages and of the directory for programs.
    pub(super) pages: Vec<&'a str>,
    pub(super) domains: &'a [Domain],
    pub(super) patient_domain: Option<&'a Domain>,
    pub(super) services: Vec<MailService>,
}

impl<'a> Records<'a> {
    pub(super) fn of(config: &'a Config) -> Self {
        let web = config.web.iter().flat_map(|web| [&web.origin, &web.files_origin]);
        let origins = web
            .chain(config.pro.iter().map(|pro| &pro.origin))
            .chain(config.console.iter().map(|console| &console.origin))
            .chain(config.fhir.iter().map(|fhir| &fhir.origin));
        Self {
            hostname: &config.server.hostname,
            pages: origins.filter_map(|origin| host_of(origin)).collect(),
            domains: &config.server.professional_domains,
            patient_domain: config.server.patient_domain.as_ref(),
            services: MailService::configured(config),
        }
    }

    /// The two names under which mail programs ask for their settings.
    pub(super) fn settings_hosts(domain: &Domain) -> [String; 2] {
        [format!("autoconfig.{domain}"), format!("autodiscover.{domain}")]
    }

    /// Hosts of pages that are not the host itself, each once.
    pub(super) fn pages(&self) -> BTreeSet<&'a str> {
        self.pages.iter().copied().filter(|name| *name != self.hostname.as_str()).collect()
    }

    /// Lines for a zone file.
    pub(super) fn lines(&self) -> String {
        let hostname = self.hostname;
        let mut text = format!("{hostname}. IN A <address of this machine>\n");
        for name in self.pages() {
            let _ = writeln!(text, "{name}. IN CNAME {hostname}.");
        }
        for domain in self.domains.iter().chain(self.patient_domain) {
            let _ = writeln!(text, "{domain}. IN MX 10 {hostname}.");
        }
        for domain in self.domains {
            for service in &self.services {
                let MailService { name, port, priority } = service;
                let _ = writeln!(text, "{name}.{domain}. IN SRV {priority} 1 {port} {hostname}.");
            }
            for name in Self::settings_hosts(domain) {
                let _ = writeln!(text, "{name}. IN CNAME {hostname}.");
            }
            let _ = writeln!(text, "_autodiscover._tcp.{domain}. IN SRV 0 1 443 autodiscover.{domain}.");
        }
        text
    }
}
