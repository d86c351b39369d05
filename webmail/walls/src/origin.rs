//! The web addresses that are ours, as browsers compare them.

use std::fmt;

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
