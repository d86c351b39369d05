//! The professional space, as configured.

use super::{Addresses, House};
use crate::config::{Config, Pro};
use anyhow::Context as _;
use jiff::tz::TimeZone;
use std::net::SocketAddr;
use tokens::{CodeFlow, Issuers};
use webmail::pro::{CertificateRule, MailDoors, Provider, Settings};
use webmail::{Discovery, Origin, Setup};

/// What its pages are told.
pub(super) fn settings(
    config: &Config,
    pro: &Pro,
    house: &House,
    addresses: &Addresses,
    issuers: &Issuers,
    has_outside: bool,
) -> anyhow::Result<Settings> {
    let origin = Origin::parse(&pro.origin)?;
    let provider = match &pro.provider {
        None => None,
        Some(issuer) => {
            let redirect = format!("{origin}/connexion/retour");
            let flow = CodeFlow::new(issuers, issuer, &redirect, house.entropy.clone());
            Some(Provider { name: pro.provider_name.clone(), flow: flow.context("pro.provider")? })
        }
    };
    let outside = config.web.as_ref().filter(|_| has_outside);
    Ok(Settings {
        root_key: house.masters.keyed_hash("professional space", b"root key"),
        zone: TimeZone::get(&pro.zone).context("pro.zone")?,
        mail: mail_doors(config, addresses),
        discovery: discovery(config, addresses),
        provider,
        certificates: pro
            .certificates
            .as_ref()
            .map(|people| CertificateRule { attribute: people.attribute.clone() }),
        outside: outside.map(|web| format!("{}/boite-exterieure", web.origin)),
        origin,
    })
}

/// Where mail programs find the doors.
fn mail_doors(config: &Config, addresses: &Addresses) -> MailDoors {
    let port = |address: Option<SocketAddr>| address.map(|address| address.port());
    MailDoors {
        host: config.server.hostname.to_string(),
        imap_implicit: port(addresses.imap_implicit),
        imap_starttls: port(addresses.imap_starttls),
        submission_implicit: port(addresses.submission_implicit),
        submission_starttls: port(addresses.submission_starttls),
    }
}

/// What mail programs are told that set themselves up, under the names of our professional domains.
pub(super) fn discovery(config: &Config, addresses: &Addresses) -> Option<Discovery> {
    let domains = config.server.professional_domains.clone();
    (!domains.is_empty()).then(|| {
        let space = config.pro.as_ref().map(|pro| pro.origin.clone());
        Discovery::new(Setup { domains, doors: mail_doors(config, addresses), space })
    })
}
