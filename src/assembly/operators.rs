//! Other operators: whom we believe, what we show, the way in and the way out.

use super::House;
use crate::config::{Config, Lists, Operators as Settings};
use anyhow::Context as _;
use certs::{Anchors, IdentityFiles, KeyAccess, PeerTrust, Revocation, RevocationLists, ServerIdentity};
use names::{Clock, HOUR, Timestamp};
use net::fetch::{Clear, Fetcher, Url};
use net::{ListRefresh, list_urls};
use relay::queue::{OutgoingTls, RouteParts, Routes, Sender, SenderParts};
use std::net::SocketAddr;
use std::sync::Arc;
use wire::smtp_client;

/// What stands between operators, made once and shared by the door and the way out.
pub(super) struct Operators {
    /// Chains, lists.
    pub(super) trust: PeerTrust,
    /// The certificate we show them.
    pub(super) identity: Arc<ServerIdentity>,
    /// The lists, when they count.
    pub(super) lists: Option<Arc<RevocationLists>>,
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
    /// As configured; `doors` is the certificate of the other doors, shown here too unless there is one
    /// for operators.
    pub(super) fn load(
        config: &Config,
        settings: &Settings,
        doors: &Arc<ServerIdentity>,
        clock: &Clock,
    ) -> anyhow::Result<Self> {
        let now = clock.now();
        let anchors = Anchors::load(&settings.roots).context("operators.roots")?;
        let identity = shown(settings, doors, now)?;
        let lists = match settings.revocation {
            Lists::Off => None,
            Lists::Required => {
                let folder = config.server.data.join("revocation");
                let grace = i64::from(settings.grace_hours) * HOUR;
                let lists = RevocationLists::open(Arc::clone(&anchors), &folder, grace, now);
                Some(lists.with_context(|| folder.display().to_string())?)
            }
        };
        let revocation =
            lists.as_ref().map_or(Revocation::Off, |lists| Revocation::Required(Arc::clone(lists)));
        Ok(Self { trust: PeerTrust::new(anchors, revocation), identity, lists })
    }

    /// What keeps the lists new, when they count.
    pub(super) fn refresh(&self, settings: &Settings, clock: &Clock) -> anyhow::Result<Option<ListRefresh>> {
        let Some(lists) = &self.lists else { return Ok(None) };
        let read = |text: &String| {
            Url::parse(text, Clear::Anywhere).with_context(|| format!("operators.lists: {text}"))
        };
        let configured = settings.lists.iter().map(read).collect::<anyhow::Result<Vec<Url>>>()?;
        let urls = list_urls(self.trust.anchors(), &self.identity, &configured);
        if urls.is_empty() {
            tracing::warn!(
                "lists of revoked certificates are required and no certificate says where they are; set \
                 operators.lists, or put .crl files into the folder revocation/ of the data"
            );
        }
        let tls = certs::client_config(self.trust.anchors().roots(), None, clock.clone())?;
        Ok(Some(ListRefresh::new(Arc::clone(lists), Fetcher::new(Arc::new(tls)), urls)))
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
        let client = smtp_client::Config::new(hostname);
        Ok(Sender::new(SenderParts { relay: house.relay.clone(), routes, tls, client, home: house.home }))
    }
}
