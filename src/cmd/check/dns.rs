//! What DNS says of us, asked of the same server as on the way out.

use super::report::Report;
use crate::config::Config;
use names::{Domain, Entropy, Timestamp};
use relay::queue::{RouteFault, RouteParts, Routes};

/// A name that nobody has, for questions in which no host is to be taken for ours.
const NOBODY: &str = "nobody.invalid";

pub(super) async fn look(config: &Config, entropy: &Entropy, now: Timestamp, report: &mut Report) {
    let hostname = &config.server.hostname;
    let Ok(nobody) = Domain::parse(NOBODY) else { return };
    let routes = |ours: &Domain| {
        // The host itself is asked for its addresses, whatever MX it may have.
        let itself = format!("{hostname}:25").parse().map(|host| (hostname.clone(), vec![host]));
        Routes::new(RouteParts {
            fixed: if *ours == nobody { itself.into_iter().collect() } else { Default::default() },
            dns: config.queue.dns,
            port: None,
            hostname: ours.clone(),
            own: Vec::new(),
            entropy: entropy.clone(),
        })
    };
    let (outside, inside) = match (routes(&nobody), routes(hostname)) {
        (Ok(outside), Ok(inside)) => (outside, inside),
        (Err(error), _) | (_, Err(error)) => {
            return report.wrong(
                "DNS",
                &format!("{:#}: see /etc/resolv.conf, or set queue.dns", anyhow::Error::from(error)),
            );
        }
    };
    match outside.of(hostname, now).await {
        Ok(hosts) => {
            let addresses: Vec<String> =
                hosts.iter().flat_map(|host| &host.addresses).map(|place| place.ip().to_string()).collect();
            report.ok("DNS", &format!("{hostname} is at {}", addresses.join(", ")));
        }
        Err(fault) => report.attention("DNS", &format!("{hostname}: {fault}; publish its A or AAAA record")),
    }
    for domain in super::operators::ours(config) {
        match inside.of(domain, now).await {
            // Its mail comes back to us: as it should.
            Err(RouteFault::Loop(_)) => {
                report.ok("DNS", &format!("the mail of {domain} comes to {hostname}"))
            }
            Ok(hosts) => {
                let names: Vec<&str> = hosts.iter().map(|host| host.name.as_str()).collect();
                let words = format!(
                    "the mail of {domain} goes to {}, not to {hostname}: publish «{domain}. MX 10 {hostname}.»",
                    names.join(", ")
                );
                report.attention("DNS", &words);
            }
            Err(fault) => {
                let words = format!("{domain}: {fault}; publish «{domain}. MX 10 {hostname}.»");
                report.attention("DNS", &words);
            }
        }
    }
}
