//! The configuration of what stands between operators: `[operators]`, `[mx]`, `[queue]`.

use super::Lists;
use names::Domain;
use relay::queue::FixedHost;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

/// `[operators]`: whom we believe among other operators, and what we show them. Needed by `[mx]` and
/// `[queue]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operators {
    /// PEM: the authorities that operators' certificates come from, intermediate ones too. Nobody
    /// else is believed.
    pub roots: PathBuf,
    /// Whether lists of revoked certificates count.
    #[serde(default)]
    pub revocation: Lists,
    /// Where lists are fetched, beside the places that certificates name.
    #[serde(default)]
    pub lists: Vec<String>,
    /// Hours that a list still counts after its promised end, with an alarm (DESIGN §6).
    #[serde(default = "grace")]
    pub grace_hours: u32,
    /// PEM: the certificate we show to operators, when it is not that of `[tls]`.
    #[serde(default)]
    pub chain: Option<PathBuf>,
    /// Its key.
    #[serde(default)]
    pub key: Option<PathBuf>,
}

fn grace() -> u32 {
    24
}

/// `[mx]`: the door of other operators.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mx {
    /// Where it listens: port 25, STARTTLS and a client certificate required.
    pub listen: SocketAddr,
}

/// `[queue]`: how letters reach other operators.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// Fixed ways: `"domain" = ["host:port"]`, or `["host@address:port"]` without DNS.
    #[serde(default, deserialize_with = "routes")]
    pub routes: BTreeMap<Domain, Vec<FixedHost>>,
    /// The server of DNS to ask; the system's when absent.
    #[serde(default)]
    pub dns: Option<SocketAddr>,
    /// The port of hosts found by DNS; 25 when absent.
    #[serde(default)]
    pub port: Option<u16>,
    /// Longest wait for one answer of a peer, in seconds; the times of SMTP (two to ten minutes) when absent.
    /// Shorter ones make second copies: a slow peer has the letter already.
    #[serde(default)]
    pub patience_seconds: Option<u32>,
}

fn routes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<Domain, Vec<FixedHost>>, D::Error> {
    let texts = BTreeMap::<String, Vec<String>>::deserialize(deserializer)?;
    let wrong =
        |text: &str, why: &dyn std::fmt::Display| serde::de::Error::custom(format!("«{text}»: {why}"));
    let one = |(domain, hosts): (String, Vec<String>)| {
        let read = |host: &String| host.parse().map_err(|error| wrong(host, &error));
        let hosts = hosts.iter().map(read).collect::<Result<Vec<FixedHost>, _>>()?;
        Ok((Domain::parse(&domain).map_err(|error| wrong(&domain, &error))?, hosts))
    };
    texts.into_iter().map(one).collect()
}
