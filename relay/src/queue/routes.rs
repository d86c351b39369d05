//! Where a domain's letters go: the operator's own table first, else what DNS says (RFC 5321 §5.1).

use super::limits;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ProtocolConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::rdata::MX;
use hickory_resolver::proto::rr::{RData, RecordType};
use hickory_resolver::{Resolver, TokioResolver};
use names::{Domain, Entropy, Timestamp};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Mutex;

/// The port of other operators' servers (RFC 5321 §4.5.4.2).
const SMTP: u16 = 25;

/// One host to try, with the name its certificate must bear.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Host {
    /// Its name.
    pub name: Domain,
    /// Its addresses, in the order to try them.
    pub addresses: Vec<SocketAddr>,
}

/// A host in the operator's table: `mx.there.example:25`, or `mx.there.example@192.0.2.7:25` when its
/// address is not to be asked of DNS. The name is what its certificate must bear.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FixedHost {
    name: Domain,
    port: u16,
    address: Option<IpAddr>,
}

/// A text is no host of a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a route is written host:port, or host@address:port")]
pub struct FixedHostError;

impl FromStr for FixedHost {
    type Err = FixedHostError;

    fn from_str(text: &str) -> Result<Self, FixedHostError> {
        let (name, place) = match text.split_once('@') {
            Some((name, place)) => (name, Some(place)),
            None => (text, None),
        };
        match place {
            Some(place) => {
                let place: SocketAddr = place.parse().map_err(|_| FixedHostError)?;
                let name = Domain::parse(name).map_err(|_| FixedHostError)?;
                Ok(Self { name, port: place.port(), address: Some(place.ip()) })
            }
            None => {
                let (name, port) = name.rsplit_once(':').ok_or(FixedHostError)?;
                let port = port.parse().map_err(|_| FixedHostError)?;
                let name = Domain::parse(name).map_err(|_| FixedHostError)?;
                Ok(Self { name, port, address: None })
            }
        }
    }
}

/// What the routes are made of.
pub struct RouteParts {
    /// The operator's table.
    pub fixed: HashMap<Domain, Vec<FixedHost>>,
    /// The server of DNS to ask; the system's when none.
    pub dns: Option<SocketAddr>,
    /// The port that hosts found by DNS listen on; 25 when none.
    pub port: Option<u16>,
    /// Our name: a domain whose mail would come back to us is not sent (RELIABILITY S-09).
    pub hostname: Domain,
    /// The addresses our own door for other operators listens on.
    pub own: Vec<SocketAddr>,
    /// Chance, for hosts of equal preference (RFC 5321 §5.1).
    pub entropy: Entropy,
}

/// The ways to other operators.
pub struct Routes {
    fixed: HashMap<Domain, Vec<FixedHost>>,
    resolver: TokioResolver,
    port: u16,
    hostname: Domain,
    own: Vec<SocketAddr>,
    entropy: Entropy,
    /// The last good answer for each domain.
    known: Mutex<HashMap<Domain, (Vec<Host>, Timestamp)>>,
}

/// Why there is no way to a domain.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RouteFault {
    /// The domain says it takes no mail (RFC 7505).
    #[error("{0} takes no mail (null MX)")]
    NullMx(Domain),
    /// Its mail comes back to this house (RELIABILITY S-09).
    #[error("the mail of {0} would come back to this server: its MX points here")]
    Loop(Domain),
    /// DNS does not know it, although the trust list does: an error of theirs, or a trick.
    #[error("DNS does not know {0}, which the trust list names")]
    Unknown(Domain),
    /// It has neither MX nor address, or its hosts have none.
    #[error("no host of {0} has an address")]
    NoHost(Domain),
    /// DNS did not answer.
    #[error("DNS gives no answer for {0}: {1}")]
    NoAnswer(Domain, String),
}

/// Whether a fault may pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outlook {
    /// Try again.
    MayPass,
    /// Report it.
    WillStay,
}

impl RouteFault {
    /// Whether it may pass. A domain that the trust list names and DNS does not know is no reason to
    /// give a letter up (RELIABILITY R-15).
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::NullMx(_) | Self::Loop(_) => Outlook::WillStay,
            Self::Unknown(_) | Self::NoHost(_) | Self::NoAnswer(..) => Outlook::MayPass,
        }
    }

    /// The enhanced status code (RFC 3463; RFC 7505 §4.2 for null MX).
    #[must_use]
    pub fn status(&self) -> (u8, u8, u16) {
        match self {
            Self::NullMx(_) => (5, 1, 10),
            Self::Loop(_) => (5, 4, 6),
            Self::Unknown(_) => (4, 1, 2),
            Self::NoHost(_) => (4, 4, 4),
            Self::NoAnswer(..) => (4, 4, 3),
        }
    }
}

/// DNS cannot be asked.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the questions to DNS")]
pub struct ResolverError(#[source] NetError);

impl Routes {
    /// The routes.
    pub fn new(parts: RouteParts) -> Result<Self, ResolverError> {
        let provider = TokioRuntimeProvider::default();
        let mut builder = match parts.dns {
            Some(server) => {
                let connection = |protocol| {
                    let mut connection = ConnectionConfig::new(protocol);
                    connection.port = server.port();
                    connection
                };
                let connections = vec![connection(ProtocolConfig::Udp), connection(ProtocolConfig::Tcp)];
                let server = NameServerConfig::new(server.ip(), true, connections);
                let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
                let mut builder = Resolver::builder_with_config(config, provider);
                *builder.options_mut() = ResolverOpts::default();
                builder
            }
            None => Resolver::builder(provider).map_err(ResolverError)?,
        };
        let options = builder.options_mut();
        // A trusted domain is a name, not a line of this machine's hosts file.
        options.use_hosts_file = ResolveHosts::Never;
        options.ndots = 0;
        Ok(Self {
            fixed: parts.fixed,
            resolver: builder.build().map_err(ResolverError)?,
            port: parts.port.unwrap_or(SMTP),
            hostname: parts.hostname,
            own: parts.own,
            entropy: parts.entropy,
            known: Mutex::default(),
        })
    }

    /// The hosts that take a domain's mail, best first. Ask for domains of the trust list only.
    pub async fn of(&self, domain: &Domain, now: Timestamp) -> Result<Vec<Host>, RouteFault> {
        let found = match self.fixed.get(domain) {
            Some(hosts) => self.fixed_hosts(domain, hosts).await,
            None => self.by_dns(domain).await,
        };
        let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match found {
            Ok(hosts) => {
                known.insert(domain.clone(), (hosts.clone(), now));
                Ok(hosts)
            }
            Err(fault) => match (fault.outlook(), known.get(domain)) {
                (Outlook::MayPass, Some((hosts, at))) if now.since(*at) < limits::STALE_ROUTE => {
                    tracing::warn!(%domain, %fault, "the last known way stands in");
                    Ok(hosts.clone())
                }
                (Outlook::MayPass | Outlook::WillStay, _) => Err(fault),
            },
        }
    }

    async fn fixed_hosts(&self, domain: &Domain, fixed: &[FixedHost]) -> Result<Vec<Host>, RouteFault> {
        let mut hosts = Vec::new();
        let mut last = RouteFault::NoHost(domain.clone());
        for host in fixed {
            let addresses = match host.address {
                Some(address) => Ok(vec![address]),
                None => self.addresses(domain, &host.name).await,
            };
            match addresses {
                Ok(addresses) => {
                    let addresses: Vec<_> =
                        addresses.into_iter().map(|address| SocketAddr::new(address, host.port)).collect();
                    if !addresses.is_empty() {
                        hosts.push(Host { name: host.name.clone(), addresses });
                    }
                }
                Err(fault) => last = fault,
            }
        }
        if hosts.iter().any(|host| self.is_ours(host)) {
            return Err(RouteFault::Loop(domain.clone()));
        }
        if hosts.is_empty() { Err(last) } else { Ok(hosts) }
    }

    async fn by_dns(&self, domain: &Domain) -> Result<Vec<Host>, RouteFault> {
        let mut exchanges = match self.ask(domain, RecordType::MX).await {
            Ok(answers) => exchanges(&answers),
            Err(error) if error.is_nx_domain() => return Err(RouteFault::Unknown(domain.clone())),
            Err(error) if error.is_no_records_found() => Vec::new(),
            Err(error) => return Err(RouteFault::NoAnswer(domain.clone(), error.to_string())),
        };
        if exchanges.is_empty() {
            // RFC 5321 §5.1: without MX the domain is its own host.
            exchanges.push((0, Exchange::Host(domain.clone())));
        }
        if let [(_, Exchange::Null)] = exchanges[..] {
            return Err(RouteFault::NullMx(domain.clone()));
        }
        // Hosts of equal preference are shuffled (RFC 5321 §5.1).
        let mut ordered: Vec<_> = exchanges
            .into_iter()
            .map(|(preference, exchange)| (preference, self.entropy.bytes::<4>(), exchange))
            .collect();
        ordered.sort_by_key(|(preference, chance, _)| (*preference, *chance));
        let mut hosts = Vec::<(u16, Host)>::new();
        let mut ours = None;
        let mut last = RouteFault::NoHost(domain.clone());
        for (preference, _, exchange) in ordered.into_iter().take(limits::HOSTS) {
            let Exchange::Host(name) = exchange else { continue };
            let host = match self.addresses(domain, &name).await {
                Ok(addresses) => {
                    let place = |address| SocketAddr::new(address, self.port);
                    Host { name, addresses: addresses.into_iter().map(place).collect() }
                }
                Err(fault) => {
                    last = fault;
                    Host { name, addresses: Vec::new() }
                }
            };
            if self.is_ours(&host) {
                ours = Some(preference);
                break;
            }
            if !host.addresses.is_empty() {
                hosts.push((preference, host));
            }
        }
        if let Some(preference) = ours {
            // RFC 5321 §5.1: from our own place in the list on, nobody is nearer than we are.
            hosts.retain(|(other, _)| *other < preference);
            last = RouteFault::Loop(domain.clone());
        }
        if hosts.is_empty() { Err(last) } else { Ok(hosts.into_iter().map(|(_, host)| host).collect()) }
    }

    /// The addresses of a host, as DNS orders them, those of both kinds.
    async fn addresses(&self, domain: &Domain, host: &Domain) -> Result<Vec<IpAddr>, RouteFault> {
        let mut addresses = Vec::new();
        let mut fault = None;
        let (four, six) = tokio::join!(self.ask(host, RecordType::A), self.ask(host, RecordType::AAAA));
        for answer in [four, six] {
            match answer {
                Ok(answers) => addresses.extend(answers.iter().filter_map(|data| data.ip_addr())),
                Err(error) if error.is_no_records_found() => {}
                Err(error) => fault = Some(RouteFault::NoAnswer(domain.clone(), error.to_string())),
            }
        }
        addresses.truncate(limits::ADDRESSES);
        match fault {
            Some(fault) if addresses.is_empty() => Err(fault),
            Some(_) | None => Ok(addresses),
        }
    }

    /// The hosts that a domain names for a service (RFC 2782), as `_imaps._tcp`; none when it names none. For
    /// `pli check`: letters go by MX.
    pub async fn service(&self, service: &str, domain: &Domain) -> Result<Vec<Service>, RouteFault> {
        let asked = self.resolver.lookup(format!("{service}.{domain}."), RecordType::SRV);
        let no_answer = |why: String| RouteFault::NoAnswer(domain.clone(), why);
        let found = match tokio::time::timeout(limits::DNS, asked).await {
            Err(_) => return Err(no_answer(NetError::Timeout.to_string())),
            Ok(Err(error)) if error.is_no_records_found() => return Ok(Vec::new()),
            Ok(Err(error)) => return Err(no_answer(error.to_string())),
            Ok(Ok(found)) => found,
        };
        let services = found.answers().iter().filter_map(|record| match &record.data {
            RData::SRV(srv) => Some(Service {
                port: srv.port,
                host: srv.target.to_ascii().trim_end_matches('.').to_ascii_lowercase(),
            }),
            _ => None,
        });
        Ok(services.collect())
    }

    async fn ask(&self, name: &Domain, kind: RecordType) -> Result<Vec<RData>, NetError> {
        // The dot at the end: the name is whole, no search list applies.
        let asked = self.resolver.lookup(format!("{name}."), kind);
        let found = tokio::time::timeout(limits::DNS, asked).await.map_err(|_| NetError::Timeout)??;
        Ok(found.answers().iter().map(|record| record.data.clone()).collect())
    }

    fn is_ours(&self, host: &Host) -> bool {
        let same = |address: &SocketAddr| {
            self.own.iter().any(|own| {
                let here = if own.ip().is_unspecified() {
                    address.ip().is_loopback()
                } else {
                    own.ip() == address.ip()
                };
                here && own.port() == address.port()
            })
        };
        host.name == self.hostname || host.addresses.iter().any(same)
    }
}

impl std::fmt::Debug for Routes {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Routes({} fixed)", self.fixed.len())
    }
}

/// Where a domain says that a service is (RFC 2782).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Service {
    /// The port.
    pub port: u16,
    /// The host, in lower case, without the dot at its end; empty when the service is not offered.
    pub host: String,
}

/// What an MX record names.
enum Exchange {
    Host(Domain),
    /// The root: no mail (RFC 7505 §3).
    Null,
}

fn exchanges(answers: &[RData]) -> Vec<(u16, Exchange)> {
    let exchange = |mx: &MX| {
        if mx.exchange.is_root() {
            return Some(Exchange::Null);
        }
        let name = mx.exchange.to_ascii();
        Domain::parse(name.trim_end_matches('.')).ok().map(Exchange::Host)
    };
    answers
        .iter()
        .filter_map(|data| match data {
            RData::MX(mx) => exchange(mx).map(|exchange| (mx.preference, exchange)),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests;
