//! Who may ask: the one thing this room must be told by others.

use std::future::Future;
use std::time::Duration;

use names::{Address, Timestamp};
use net::PeerInfo;

/// What somebody shows to be let in.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// An application password of a mailbox. The login is as typed, and need not be an address.
    Password {
        /// The login.
        login: String,
        /// The password.
        secret: Vec<u8>,
    },
    /// The certificate of the TLS session, for this mailbox or for the only one there is.
    Certificate(Option<String>),
}

/// Neither logins nor passwords stand in a log.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Credentials::Password { .. } => "Password",
            Credentials::Certificate(_) => "Certificate",
        })
    }
}

/// Who is in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    /// The mailbox that was signed in to.
    pub address: Address,
    /// Whom entries are counted for, as `account:17`.
    pub asker: String,
}

/// Why somebody is not let in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// The login or what proves it is wrong: one answer for all.
    Wrong,
    /// Too many wrong guesses lately.
    Wait(Duration),
    /// It cannot be said now.
    Unavailable,
}

/// Judges one connection; one value for each.
pub trait Gatekeeper: Send + Sync {
    /// The peer showed a certificate that the door's roots vouch for.
    fn secured(&mut self, peer: &PeerInfo);

    /// Looks at what is shown.
    fn enter(
        &mut self,
        credentials: Credentials,
        now: Timestamp,
    ) -> impl Future<Output = Result<Caller, Refused>> + Send;

    /// Whether who came in still may: asked before every search (RELIABILITY A-15).
    fn remains(&mut self, now: Timestamp) -> impl Future<Output = Result<(), Refused>> + Send;

    /// Who came in leaves.
    fn leave(&mut self);
}
