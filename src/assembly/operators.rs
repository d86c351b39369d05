//! Other operators: whom we believe, what we show, the way in and the way out.

use super::House;
use super::lists::{self, Kept, Wanted};
use crate::config::{Config, Operators as Settings};
use anyhow::Context as _;
use certs::{Anchors, IdentityFiles, KeyAccess, PeerTrust, RevocationLists, ServerIdentity};
use names::{Clock, HOUR, SECOND, Timestamp};
use net::ListRefresh;
use net::fetch::Fetcher;
use relay::queue::{OutgoingTls, RouteParts, Routes, Sender, SenderParts};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use wire::smtp_client;

/// What stands between operators, made once and shared by the door and the way out.
pub(super) struct Operators {
    /// Chains, lists.
    pub(super) trust: PeerTrust,
    /// The certificate we show them.
    pub(super) identity: Arc<ServerIdentity>,
    /// The lists, when they count.
    pub(super) lists: Option<Arc<RevocationLists>>,
    /// What keeps them new.
    pub(super) refresh: Option<ListRefresh>,
}

/// The certificate we show to operators: one of their own authorities', or that of the other doors.
pub(crate) fn shown(
    settings: &Settings,
    doors: &Arc<ServerIdentity>,
    now: Timestamp,
) -> anyhow::Result<Arc<ServerIdentity>> {
    match (&settings.chain, &settings.key) {
        (Some(chain), Some(key)) => {
            let files = IdentityFiles { chain: chain.clone(), key: key.clone() };
            ServerIdentity::load(vec![files], KeyAccess::OwnerOnly, now).context("operators.chain")
        }
        (None, _) | (_, None) => Ok(Arc::clone(doors)),
    }
}

impl Operators {
    /// As configured; `identity` is the certificate we show them.
    pub(super) fn load(
        config: &Config,
        settings: &Settings,
        identity: &Arc<ServerIdentity>,
        clock: &Clock,
    ) -> anyhow::Result<Self> {
        let anchors = Anchors::load(&settings.roots).context("operators.roots")?;
        let wanted = Wanted {
            section: "operators",
            count: settings.revocation,
            grace: i64::from(settings.grace_hours) * HOUR,
            urls: &settings.lists,
        };
        let tls = certs::client_config(anchors.roots(), None, clock.clone())?;
        let fetcher = Fetcher::new(Arc::new(tls));
        let folder = config.server.data.join("revocation");
        let Kept { revocation, lists, refresh } =
            lists::open(&wanted, &anchors, identity, &folder, fetcher, clock.now())?;
        Ok(Self {
            trust: PeerTrust::new(anchors, revocation),
            identity: Arc::clone(identity),
            lists,
            refresh,
        })
    }

    /// The worker that empties the queue.
    pub(super) fn sender(
        &self,
        config: &Config,
        house: &House,
        own: Vec<SocketAddr>,
    ) -> anyhow::Result<Sender> {
        let (trust, identity, clock) = (&self.trust, &self.identity, &house.clock);
        let tls = OutgoingTls {
            config: Arc::new(certs::outgoing_config(trust.clone(), Arc::clone(identity), clock.clone())?),
            small: Some(Arc::new(certs::small_outgoing_config(
                trust.clone(),
                Arc::clone(identity),
                clock.clone(),
            )?)),
        };
        let hostname = config.server.hostname.clone();
        let routes = Routes::new(RouteParts {
            fixed: config.queue.routes.clone().into_iter().collect(),
            dns: config.queue.dns,
            port: config.queue.port,
            hostname: hostname.clone(),
            own,
            entropy: house.entropy.clone(),
        })
        .context("the queue's routes")?;
        let mut client = smtp_client::Config::new(hostname);
        if let Some(seconds) = config.queue.patience_seconds {
            client.limits = client.limits.at_most(i64::from(seconds) * SECOND);
        }
        Ok(Sender::new(SenderParts {
            relay: house.relay.clone(),
            routes,
            tls,
            client,
            home: house.home,
            drain: Duration::from_secs(config.limits.drain_seconds),
        }))
    }
}
