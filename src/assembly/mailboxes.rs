//! The life of mailboxes of the trade: what time does to those that nobody uses.

use directory::InactivityRules;
use names::Clock;
use net::StopSignal;
use relay::Relay;
use std::time::Duration;

/// How often mailboxes that nobody uses are looked for; their terms are months.
const LOOK: Duration = Duration::from_secs(86_400);

/// Does what time asks of them, at the start and every day until the stop.
pub(super) async fn keep(relay: Relay, rules: InactivityRules, clock: Clock, mut stop: StopSignal) {
    loop {
        match relay.keep_mailboxes(&rules, clock.now()).await {
            Ok(kept) => tracing::info!(
                noticed = kept.noticed,
                suspended = kept.suspended,
                closed = kept.closed,
                in_use = kept.in_use,
                "mailboxes that nobody uses are looked after"
            ),
            Err(error) => tracing::error!(error = error.chain(), "idle mailboxes could not be looked after"),
        }
        tokio::select! {
            () = stop.given() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}
