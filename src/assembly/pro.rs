//! The professional space, as configured.

use super::{Addresses, House};
use crate::config::{Config, Pro};
use anyhow::Context as _;
use jiff::tz::TimeZone;
use tokens::{CodeFlow, Issuers};
use webmail::Origin;
use webmail::pro::{CertificateRule, MailDoors, Provider, Settings};

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
    let port = |address: Option<std::net::SocketAddr>| address.map(|address| address.port());
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
        mail: MailDoors {
            host: config.server.hostname.to_string(),
            imap_implicit: port(addresses.imap_implicit),
            imap_starttls: port(addresses.imap_starttls),
            submission_implicit: port(addresses.submission_implicit),
            submission_starttls: port(addresses.submission_starttls),
        },
        provider,
        certificates: pro
            .certificates
            .as_ref()
            .map(|people| CertificateRule { attribute: people.attribute.clone() }),
        outside: outside.map(|web| format!("{}/boite-exterieure", web.origin)),
        origin,
    })
}
