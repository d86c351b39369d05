//! What leaves the house for people's ordinary mailboxes and phones.

use super::read::address;
use names::Address;
use serde::Deserialize;
use std::path::PathBuf;

/// `[alerts]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alerts {
    /// The mail server that carries notices outside.
    #[serde(default)]
    pub smarthost: Option<Smarthost>,
    /// The gateway that carries text messages.
    #[serde(default)]
    pub sms: Option<Sms>,
}

/// `[alerts.smarthost]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smarthost {
    /// Host name, checked against its certificate.
    pub host: String,
    /// Port.
    pub port: u16,
    /// TLS from the first byte, or by STARTTLS. There is no third.
    #[serde(default)]
    pub tls: SmarthostTls,
    /// Trust these roots instead of the system's.
    #[serde(default)]
    pub roots: Option<PathBuf>,
    /// Login.
    #[serde(default)]
    pub login: Option<String>,
    /// File that holds the password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// From address of notices.
    #[serde(deserialize_with = "address")]
    pub from: Address,
}

/// How the smarthost is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmarthostTls {
    /// Port 465.
    #[default]
    Implicit,
    /// Port 587.
    Starttls,
}

/// `[alerts.sms]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sms {
    /// Where to POST, as `https://gateway.example/send`.
    pub url: String,
    /// File that holds the bearer token.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// Trust these roots instead of the system's.
    #[serde(default)]
    pub roots: Option<PathBuf>,
}
