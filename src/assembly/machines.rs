//! Certificates that doors ask for where having one is a choice: of organisations' machines at the mail
//! doors, of people at the professionals' pages. As configured.

use super::issuers::fetcher;
use super::lists::{self, Kept, Wanted};
use crate::config::{self, Config, People};
use anyhow::Context as _;
use certs::{Anchors, ClientAuth, LIST_GRACE, PeerTrust, RevocationLists, ServerIdentity};
use names::Clock;
use net::ListRefresh;
use std::sync::Arc;

/// Whether a door asks for a certificate, and what keeps the lists of revoked ones new.
pub(super) struct Machines {
    pub(super) clients: ClientAuth,
    pub(super) refresh: Option<ListRefresh>,
    /// The lists themselves, when they count.
    pub(super) lists: Option<Arc<RevocationLists>>,
}

/// Nobody is asked where no authority is named. Whoever has no certificate signs in otherwise; one that
/// is shown must be right.
pub(super) fn machines(config: &Config, own: &ServerIdentity, clock: &Clock) -> anyhow::Result<Machines> {
    let Some(machines) = &config.machines else {
        return Ok(NOBODY);
    };
    asked(config, machines, "machines", own, clock)
}

/// The same for people at the professionals' pages.
pub(super) fn people(
    config: &Config,
    people: Option<&People>,
    own: &ServerIdentity,
    clock: &Clock,
) -> anyhow::Result<Machines> {
    let Some(people) = people else { return Ok(NOBODY) };
    let asking = config::Machines {
        client_roots: people.client_roots.clone(),
        lists: people.lists,
        list_urls: people.list_urls.clone(),
    };
    asked(config, &asking, "pro.certificates", own, clock)
}

const NOBODY: Machines = Machines { clients: ClientAuth::None, refresh: None, lists: None };

fn asked(
    config: &Config,
    machines: &config::Machines,
    section: &str,
    own: &ServerIdentity,
    clock: &Clock,
) -> anyhow::Result<Machines> {
    let anchors = Anchors::load(&machines.client_roots).with_context(|| format!("{section}.client_roots"))?;
    let wanted =
        Wanted { section, count: machines.lists, grace: LIST_GRACE, urls: machines.list_urls.as_slice() };
    let folder = config.server.data.join(format!("{section}-crl"));
    let Kept { revocation, lists, refresh } =
        lists::open(&wanted, &anchors, own, &folder, fetcher(clock)?, clock.now())?;
    Ok(Machines { clients: ClientAuth::Optional(PeerTrust::new(anchors, revocation)), refresh, lists })
}
