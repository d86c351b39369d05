//! Issuers of tokens, as configured.

use super::channels::{secret, system_roots};
use crate::config::Config;
use anyhow::Context as _;
use names::{Clock, Redacted};
use net::fetch::Fetcher;
use std::sync::Arc;
use tokens::Issuers;

/// The issuers of `[[oidc]]` with their secrets; none is asked anything yet.
pub(crate) fn issuers(config: &Config, clock: &Clock) -> anyhow::Result<Issuers> {
    let mut settings = config.oidc.clone();
    for client in settings.iter_mut().filter_map(|issuer| issuer.client.as_mut()) {
        if let Some(file) = &client.secret_file {
            client.secret = Some(Redacted(secret(file)?));
        }
    }
    Issuers::new(settings, &fetcher(clock)?).context("[[oidc]]")
}

/// Asks over HTTPS, trusting what the system trusts.
pub(super) fn fetcher(clock: &Clock) -> anyhow::Result<Fetcher> {
    let tls = certs::client_config(Arc::new(system_roots()), None, clock.clone())?;
    Ok(Fetcher::new(Arc::new(tls)))
}
