//! The doors of mail programs and machines.

use serde::Deserialize;
use std::net::SocketAddr;
use std::path::PathBuf;

/// `[submission]` and `[imap]`: where each door listens; absent means closed.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Doors {
    /// STARTTLS (587, 143).
    #[serde(default)]
    pub starttls: Option<SocketAddr>,
    /// TLS from the first byte (465, 993).
    #[serde(default)]
    pub implicit: Option<SocketAddr>,
}

/// `[quota]`: what the mailboxes of professionals may hold. It stops what their programs put there; letters
/// of others come in all the same. 0 is no bound.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quota {
    /// Megabytes of a person's mailbox.
    pub personal_megabytes: u64,
    /// Letters in a person's mailbox.
    pub personal_letters: u64,
    /// Megabytes of the mailbox of a team, a practice or a machine.
    pub shared_megabytes: u64,
    /// Letters in such a mailbox.
    pub shared_letters: u64,
}

impl Default for Quota {
    fn default() -> Self {
        Self { personal_megabytes: 10_000, personal_letters: 0, shared_megabytes: 50_000, shared_letters: 0 }
    }
}

impl Quota {
    /// As the mailbox door wants them.
    #[must_use]
    pub fn quotas(&self) -> relay::imap::Quotas {
        let bound = |most: u64| (most > 0).then_some(most);
        let quota = |megabytes: u64, letters| mailstore::Quota {
            octets: bound(megabytes.saturating_mul(1_000_000)),
            messages: bound(letters),
        };
        relay::imap::Quotas {
            personal: quota(self.personal_megabytes, self.personal_letters),
            shared: quota(self.shared_megabytes, self.shared_letters),
        }
    }
}

/// `[sign_in]`: how mail programs sign in.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignIn {
    /// Offer SCRAM bound to the TLS session (SCRAM-SHA-256-PLUS). Off: mutt as Debian builds it chooses it
    /// whenever it is offered, cannot do it over TLS 1.3, and gives up.
    pub channel_binding: bool,
}

/// `[machines]`: who opens applicative mailboxes by certificate (EXTERNAL).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machines {
    /// Roots, and intermediates, of the authority that names organisations in certificates.
    pub client_roots: PathBuf,
    /// Whether its lists of revoked certificates must be at hand.
    #[serde(default)]
    pub lists: Lists,
    /// Where lists are, beside what the certificates say.
    #[serde(default)]
    pub list_urls: Vec<String>,
}

/// Whether lists of revoked certificates count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lists {
    /// What no list vouches for is refused.
    #[default]
    Required,
    /// Nobody looks: for an authority that publishes none.
    Off,
}
