//! What the binary decides once: the two origins, the root key, the zone, the demo's outside box.

use std::fmt;
use std::sync::Arc;

use jiff::tz::TimeZone;
use names::Timestamp;

/// Why a text is not an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an origin is https://host[:port], or http://…localhost[:port]")]
pub struct OriginError;

/// Scheme, host and port of one of our two web addresses, as browsers compare them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    secure: bool,
    authority: String,
}

impl Origin {
    /// Reads `https://host[:port]`. Plain `http://` is taken for `localhost` and its subdomains only.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let (secure, authority) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(OriginError),
        };
        let (host, port) =
            authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
        let host_is_right = !host.is_empty()
            && host.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b));
        let port_is_right =
            port.is_none_or(|port| port.parse::<u16>().is_ok_and(|number| number.to_string() == port));
        let local = host == "localhost" || host.ends_with(".localhost");
        if host_is_right && port_is_right && (secure || local) {
            Ok(Self { secure, authority: authority.to_owned() })
        } else {
            Err(OriginError)
        }
    }

    /// Whether it is `https`.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Host and port as a browser writes them in `Host`.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

/// As `https://sante.example.fr`: no path, no final slash.
impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}://{}", if self.secure { "https" } else { "http" }, self.authority)
    }
}

/// One alert or code that left the house, as the demo's page shows it.
#[derive(Clone, Debug)]
pub struct OutsideMail {
    /// The ordinary address or phone number it went to.
    pub to: String,
    /// Its subject; empty for an SMS.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// When it left.
    pub at: Timestamp,
}

/// Where the demo's page "boîte extérieure" reads what left the house, newest first.
#[derive(Clone)]
pub struct OutsideBox(pub Arc<dyn Fn() -> Vec<OutsideMail> + Send + Sync>);

impl fmt::Debug for OutsideBox {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("OutsideBox")
    }
}

/// What the pages are told by the binary.
#[derive(Clone)]
pub struct Settings {
    /// Where forms and cookies live.
    pub app: Origin,
    /// Where letters and files are shown: another host name, no cookies.
    pub files: Origin,
    /// Root key of sealed references and form tokens. Kept by the binary across restarts, shared by
    /// all nodes of a deployment.
    pub root_key: [u8; 32],
    /// The zone of dates, for profiles that name none.
    pub zone: TimeZone,
    /// Set by the demo only: mounts the page "boîte extérieure".
    pub outside_box: Option<OutsideBox>,
    /// What mail programs are told under the names that they try, when any are ours.
    pub discovery: Option<crate::Discovery>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Settings")
            .field("app", &self.app)
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_or_this_machine_is_an_origin() {
        for good in [
            "https://sante.example.fr",
            "https://a.fr:8443",
            "http://localhost:8080",
            "http://files.localhost:1",
        ] {
            assert_eq!(Origin::parse(good).unwrap().to_string(), good);
        }
        for bad in [
            "http://sante.example.fr",
            "https://",
            "https://a.fr/",
            "https://A.fr",
            "https://a.fr:",
            "https://a.fr:+1",
            "https://a.fr:99999",
            "https://u@a.fr",
            "ftp://a.fr",
            "https://a.fr?x",
            "http://localhost.evil.fr",
            "a.fr",
        ] {
            assert_eq!(Origin::parse(bad), Err(OriginError), "{bad}");
        }
    }
}
