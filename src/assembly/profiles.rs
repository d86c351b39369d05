//! The life of profiles: the operator's rules, who tells people, and what time does by itself.

use super::House;
use crate::config::Config;
use anyhow::Context as _;
use directory::ProfileRules;
use names::Clock;
use net::StopSignal;
use relay::Relay;
use relay::alerts::Channels;
use relay::announce::{Announcer, Spool};
use std::time::Duration;

/// How often profiles whose time has come are looked for.
const LOOK: Duration = Duration::from_secs(3_600);

/// The rules, as configured.
pub(super) fn rules(config: &Config) -> anyhow::Result<ProfileRules> {
    let origin = config.web.as_ref().map_or("", |web| web.origin.as_str());
    config.profiles.rules(origin).context("[profiles]")
}

/// Who tells people about their profiles.
pub(super) fn announcer(house: &House, channels: Channels) -> anyhow::Result<Announcer> {
    let directory = house.relay.directory().clone();
    let spool =
        directory.rules().spool.as_deref().map(Spool::open).transpose().context("profiles.letters")?;
    Ok(Announcer::new(house.data.clone(), directory, channels, spool, house.clock.clone()))
}

/// Does what time asks of profiles, at the start and every hour until the stop: an erasure that an older backup
/// brought back is repeated before anybody could read it for long.
pub(super) async fn keep(relay: Relay, clock: Clock, mut stop: StopSignal) {
    loop {
        match relay.keep_profiles(clock.now()).await {
            Ok(kept) => tracing::info!(
                created = kept.created,
                erased = kept.erased,
                again = kept.again,
                keys = kept.keys,
                "profiles are looked after"
            ),
            Err(error) => tracing::error!(error = error.chain(), "profiles could not be looked after"),
        }
        tokio::select! {
            () = stop.given() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}
