//! Where to ask: an address of the web as far as the client needs it.

use rustls::pki_types::ServerName;
use std::net::IpAddr;

/// When an address may say `http://`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clear {
    /// Never.
    Never,
    /// For a gateway on this very machine.
    Loopback,
    /// Anywhere: what is fetched carries its own signature (lists of revoked certificates).
    Anywhere,
}

/// An `https://` address, or an `http://` one where [`Clear`] allows it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Url {
    /// Of the server, when TLS is spoken.
    server: Option<ServerName<'static>>,
    /// Without brackets.
    host: String,
    /// As the address has it, port included when it was written.
    authority: String,
    port: u16,
    /// Path and query.
    target: String,
}

/// A text that is no address we ask at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// No URL at all, or one without a host.
    #[error("is not an address like https://host/path")]
    Unreadable,
    /// Neither `https` nor an allowed `http`.
    #[error("must begin with https:// (http:// is not allowed here)")]
    Scheme,
    /// `user:password@` in front of the host. RFC 9110 §4.2.4
    #[error("must not hold a user name or password")]
    UserInfo,
}

impl Url {
    /// Reads an address. RFC 3986
    pub fn parse(text: &str, clear: Clear) -> Result<Self, UrlError> {
        let uri: hyper::Uri = text.trim().parse().map_err(|_| UrlError::Unreadable)?;
        let authority = uri.authority().ok_or(UrlError::Unreadable)?;
        if authority.as_str().contains('@') {
            return Err(UrlError::UserInfo);
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let server = ServerName::try_from(host.clone()).map_err(|_| UrlError::Unreadable)?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if may_be_clear(&host, clear) => false,
            _ => return Err(UrlError::Scheme),
        };
        Ok(Self {
            server: secure.then_some(server),
            host,
            authority: authority.as_str().to_owned(),
            port: authority.port_u16().unwrap_or(if secure { 443 } else { 80 }),
            target: uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
        })
    }

    /// Host and port: what an error may say.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The host, lower case, an IPv6 address without its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn authority(&self) -> String {
        self.authority.clone()
    }

    pub(super) fn target(&self) -> &str {
        &self.target
    }

    pub(super) fn server_name(&self) -> Option<ServerName<'static>> {
        self.server.clone()
    }
}

/// Path and query may hold a secret.
impl std::fmt::Debug for Url {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Url({}…)", self.place())
    }
}

fn may_be_clear(host: &str, clear: Clear) -> bool {
    match clear {
        Clear::Never => false,
        Clear::Loopback => host == "localhost" || host.parse().is_ok_and(|host: IpAddr| host.is_loopback()),
        Clear::Anywhere => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_or_refused_for_a_reason() {
        let good = |place: &str, target: &str| Ok((place.to_owned(), target.to_owned()));
        for (case, text, clear, want) in [
            ("plain", "https://Host.example", Clear::Never, good("host.example:443", "/")),
            (
                "port, path, query",
                "https://h.example:8443/a/b?c=d",
                Clear::Never,
                good("h.example:8443", "/a/b?c=d"),
            ),
            ("IPv6", "https://[::1]:8443/x", Clear::Never, good("::1:8443", "/x")),
            ("clear anywhere", "http://crl.example/a.crl", Clear::Anywhere, good("crl.example:80", "/a.crl")),
            ("clear, on loopback", "http://127.0.0.1:9/x", Clear::Loopback, good("127.0.0.1:9", "/x")),
            (
                "clear, on the loopback's name",
                "http://localhost/x",
                Clear::Loopback,
                good("localhost:80", "/x"),
            ),
            ("clear, elsewhere", "http://127.0.0.1.example/x", Clear::Loopback, Err(UrlError::Scheme)),
            ("clear, never", "http://localhost/x", Clear::Never, Err(UrlError::Scheme)),
            ("another scheme", "ldap://host.example/x", Clear::Anywhere, Err(UrlError::Scheme)),
            ("a password", "https://me:secret@host.example/", Clear::Never, Err(UrlError::UserInfo)),
            ("no host", "/path", Clear::Anywhere, Err(UrlError::Unreadable)),
            ("a line end", "https://host.example/a\r\nb", Clear::Anywhere, Err(UrlError::Unreadable)),
            ("nothing", "", Clear::Anywhere, Err(UrlError::Unreadable)),
        ] {
            let read = Url::parse(text, clear).map(|url| (url.place(), url.target.clone()));
            assert_eq!(read, want, "{case}");
        }
    }

    #[test]
    fn an_address_shown_keeps_its_path_and_query_to_itself() {
        let url = Url::parse("https://host.example/secret?token=secret", Clear::Never).unwrap();
        assert_eq!(format!("{url:?}"), "Url(host.example:443…)");
    }
}
