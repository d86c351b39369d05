//! Addresses on this machine, and the present instant.

use names::Timestamp;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

/// The present instant, for certificates.
#[must_use]
pub fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "certificates of the stories are valid now")]
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp(since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX)))
}

/// The present instant in seconds with microseconds, as `strace -ttt` writes it.
#[must_use]
pub fn instant() -> f64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "compared with the instants of a trace of the same machine"
    )]
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

/// Free ports: found, not chosen. They lie below the range from which the system lends ports to
/// outgoing connections (32768 and up), so that none of those can take one in between.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// SMTP, STARTTLS.
    pub submission: u16,
    /// SMTP, TLS from the first byte.
    pub submissions: u16,
    /// IMAP, STARTTLS.
    pub imap: u16,
    /// IMAP, TLS from the first byte.
    pub imaps: u16,
    /// The directory, StartTLS.
    pub ldap: u16,
    /// The directory, TLS from the first byte.
    pub ldaps: u16,
    /// The patients' pages.
    pub web: u16,
    /// The professionals' pages.
    pub pro: u16,
    /// Other operators.
    pub mx: u16,
    /// The administrators' pages.
    pub console: u16,
    /// The directory for programs.
    pub fhir: u16,
}

static NEXT: AtomicU32 = AtomicU32::new(0);
const FIRST: u32 = 12_000;
const SPAN: u32 = 20_000;

impl Ports {
    /// Ports that nobody uses, one for each door.
    #[must_use]
    pub fn find() -> Self {
        let mut held = Vec::new();
        while held.len() < 11 {
            let turn = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(std::process::id().wrapping_mul(97));
            let port = u16::try_from(FIRST + turn % SPAN).expect("below 32768");
            if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
                held.push((port, listener));
            }
        }
        let port = |index: usize| held[index].0;
        Self {
            submission: port(0),
            submissions: port(1),
            imap: port(2),
            imaps: port(3),
            web: port(4),
            pro: port(5),
            mx: port(6),
            console: port(7),
            fhir: port(8),
            ldap: port(9),
            ldaps: port(10),
        }
    }
}

impl Ports {
    pub(crate) fn all(self) -> [u16; 11] {
        [
            self.submission,
            self.submissions,
            self.imap,
            self.imaps,
            self.web,
            self.pro,
            self.mx,
            self.console,
            self.fhir,
            self.ldap,
            self.ldaps,
        ]
    }
}

/// The loopback address with a port.
pub(crate) fn at(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
