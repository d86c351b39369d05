//! Certificates of organisations' machines at the mail doors, as configured.

use super::issuers::fetcher;
use crate::config::{Config, Lists};
use anyhow::Context as _;
use certs::{Anchors, ClientAuth, LIST_GRACE, PeerTrust, Revocation, RevocationLists, ServerIdentity};
use names::Clock;
use net::ListRefresh;
use net::fetch::{Clear, Url};

/// Whether the mail doors ask for a certificate, and what keeps the lists of revoked ones new.
pub(super) struct Machines {
    pub(super) clients: ClientAuth,
    pub(super) refresh: Option<ListRefresh>,
}

/// Nobody is asked where no authority is named. Whoever has no certificate signs in otherwise; one that
/// is shown must be right.
pub(super) fn machines(config: &Config, own: &ServerIdentity, clock: &Clock) -> anyhow::Result<Machines> {
    let Some(machines) = &config.machines else {
        return Ok(Machines { clients: ClientAuth::None, refresh: None });
    };
    let anchors = Anchors::load(&machines.client_roots).context("machines.client_roots")?;
    let (revocation, refresh) = match machines.lists {
        Lists::Off => (Revocation::Off, None),
        Lists::Required => {
            let folder = config.server.data.join("machines-crl");
            std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
            let lists = RevocationLists::open(anchors.clone(), &folder, LIST_GRACE, clock.now())
                .context("the kept lists of revoked certificates")?;
            let configured: Result<Vec<Url>, _> =
                machines.list_urls.iter().map(|url| Url::parse(url, Clear::Anywhere)).collect();
            let urls = net::list_urls(&anchors, own, &configured.context("machines.list_urls")?);
            let refresh = ListRefresh::new(lists.clone(), fetcher(clock)?, urls);
            (Revocation::Required(lists), Some(refresh))
        }
    };
    Ok(Machines { clients: ClientAuth::Optional(PeerTrust::new(anchors, revocation)), refresh })
}
