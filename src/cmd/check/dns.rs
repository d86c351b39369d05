//! What DNS says of us, asked of the same server as on the way out.

use super::report::Report;
use crate::cmd::records::{MailService, Records};
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
        Err(fault @ RouteFault::NoAnswer(..)) => {
            // Each further question would wait as long.
            let words = format!("{fault}; nothing more was asked: see /etc/resolv.conf, or queue.dns");
            return report.attention("DNS", &words);
        }
        Err(fault) => {
            let fault = plainly(fault);
            report.attention("DNS", &format!("{hostname}: {fault}; publish its A or AAAA record"));
        }
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
                let fault = plainly(fault);
                let words = format!("{domain}: {fault}; publish «{domain}. MX 10 {hostname}.»");
                report.attention("DNS", &words);
            }
        }
    }
    for name in Records::of(config).pages() {
        host(config, &outside, name, now, report).await;
    }
    for domain in &config.server.professional_domains {
        for service in MailService::configured(config) {
            self::service(config, &outside, domain, service, report).await;
        }
        for name in Records::settings_hosts(domain) {
            host(config, &outside, &name, now, report).await;
        }
    }
}

/// A fault of our own names: the trust list does not come into it.
fn plainly(fault: RouteFault) -> String {
    match fault {
        RouteFault::Unknown(name) => format!("DNS does not know {name}"),
        RouteFault::NullMx(_) | RouteFault::Loop(_) | RouteFault::NoHost(_) | RouteFault::NoAnswer(..) => {
            fault.to_string()
        }
    }
}

/// Whether a host that browsers or programs look for has an address.
async fn host(config: &Config, dns: &Routes, name: &str, now: Timestamp, report: &mut Report) {
    let Ok(host) = Domain::parse(name) else { return };
    match dns.of(&host, now).await {
        Ok(_) => report.ok("DNS", &format!("{name} has an address")),
        Err(fault) => {
            let hostname = &config.server.hostname;
            let fault = plainly(fault);
            report.attention("DNS", &format!("{name}: {fault}; publish «{name}. IN CNAME {hostname}.»"));
        }
    }
}

/// Whether a domain says where this service is (RFC 6186 §3).
async fn service(config: &Config, dns: &Routes, domain: &Domain, service: MailService, report: &mut Report) {
    let hostname = config.server.hostname.as_str();
    let MailService { name, port, priority } = service;
    match dns.service(name, domain).await {
        Ok(found) if found.iter().any(|at| at.host == hostname && at.port == port) => {
            report.ok("DNS", &format!("{name}.{domain} is {hostname}:{port}"));
        }
        Ok(found) => {
            let found: Vec<String> = found.iter().map(|at| format!("{}:{}", at.host, at.port)).collect();
            let now =
                if found.is_empty() { "is not there".to_owned() } else { format!("is {}", found.join(", ")) };
            let words = format!(
                "{name}.{domain} {now}: publish «{name}.{domain}. IN SRV {priority} 1 {port} {hostname}.»"
            );
            report.attention("DNS", &words);
        }
        Err(fault) => report.attention("DNS", &format!("{name}.{domain}: {fault}")),
    }
}
