//! Bounds of the machine, and what those who watch it are shown.

use serde::Deserialize;
use std::net::SocketAddr;
use std::path::PathBuf;

/// `[limits]`
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections over all doors.
    pub connections: usize,
    /// Connections of one address over all doors.
    pub connections_per_address: usize,
    /// Seconds that conversations have to finish after a stop.
    pub drain_seconds: u64,
    /// Octets of the disk that are never filled with letters; one gigabyte or five per cent when absent.
    pub disk_reserve: Option<u64>,
    /// Entries of the directory that one account or one program may be shown in a day, over LDAP and FHIR
    /// together; 0 is no bound.
    pub directory_entries: u64,
}

impl Default for Limits {
    fn default() -> Self {
        let caps = net::Caps::default();
        Self {
            connections: caps.total,
            connections_per_address: caps.per_address,
            drain_seconds: net::DRAIN.as_secs(),
            disk_reserve: None,
            directory_entries: fhir::limits::DAILY_ENTRIES,
        }
    }
}

/// `[audit]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// The file that the daily checkpoint is appended to; `checkpoints` in the data folder when absent.
    /// A copy on another machine proves the trail.
    #[serde(default)]
    pub checkpoints: Option<PathBuf>,
}

/// `[metrics]`: figures in the format of Prometheus, in the clear.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Where scrapers ask for `/metrics`.
    #[serde(default = "scraped_at")]
    pub listen: SocketAddr,
    /// Allows an address that other machines reach. Whoever reaches it reads how much mail there is.
    #[serde(default)]
    pub open_to_others: bool,
}

fn scraped_at() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 9580))
}

/// `[log]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug`, or directives as `info,relay=debug`.
    pub level: String,
    /// For people or for machines.
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Text }
    }
}

/// For people or for machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One line of text.
    Text,
    /// One JSON object.
    Json,
}
