//! The ways out of the house, as configured.

use crate::config::{Alerts, SmarthostTls};
use anyhow::Context as _;
use names::{Clock, Entropy};
use relay::alerts::{Channels, EmailChannel, Smarthost, SmsChannel, SmsGateway};
use rustls::RootCertStore;
use std::path::Path;
use std::sync::Arc;

/// Prepares the configured channels; nothing connects before the first notice.
pub fn channels(alerts: &Alerts, clock: &Clock, entropy: &Entropy) -> anyhow::Result<Channels> {
    let email = alerts.smarthost.as_ref().map(|host| email(host, entropy)).transpose();
    let sms = alerts.sms.as_ref().map(|gateway| sms(gateway, clock)).transpose();
    Ok(Channels::new(email.context("alerts.smarthost")?, sms.context("alerts.sms")?))
}

fn email(host: &crate::config::Smarthost, entropy: &Entropy) -> anyhow::Result<EmailChannel> {
    let roots = host.roots.as_deref().map(read).transpose()?;
    let credentials = match (&host.login, &host.password_file) {
        (Some(login), Some(file)) => Some((login.clone(), secret(file)?)),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => anyhow::bail!("login and password_file go together"),
    };
    let tls = match host.tls {
        SmarthostTls::Implicit => relay::alerts::SmarthostTls::Implicit,
        SmarthostTls::Starttls => relay::alerts::SmarthostTls::StartTls,
    };
    let from = host.from.clone();
    let smarthost = Smarthost { host: host.host.clone(), port: host.port, tls, roots, credentials, from };
    Ok(EmailChannel::new(smarthost, entropy.clone())?)
}

fn sms(sms: &crate::config::Sms, clock: &Clock) -> anyhow::Result<SmsChannel> {
    let roots = match &sms.roots {
        Some(path) => certs::load_roots(path)?,
        None => Arc::new(system_roots()),
    };
    let token = sms.token_file.as_deref().map(secret).transpose()?;
    let tls = Arc::new(certs::client_config(roots, None, clock.clone())?);
    Ok(SmsChannel::new(SmsGateway { url: sms.url.clone(), token, tls })?)
}

pub(super) fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

pub(super) fn secret(path: &Path) -> anyhow::Result<String> {
    Ok(read(path)?.trim().to_owned())
}
