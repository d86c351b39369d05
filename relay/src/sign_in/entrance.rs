//! By what the mail doors let people in: one value for all of them.

use net::Gate;
use tokens::Issuers;
use wire::sasl::{BearerHint, Mechanism};

/// The limiter and the issuers that all mail doors share. Clones share their state.
#[derive(Clone, Debug)]
pub struct Entrance {
    gate: Gate,
    issuers: Issuers,
    binding: ChannelBinding,
}

/// Whether SCRAM bound to the TLS session is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelBinding {
    /// SCRAM-SHA-256-PLUS before SCRAM-SHA-256.
    Offered,
    /// Only SCRAM-SHA-256: some mail programs choose -PLUS whenever they see it, cannot do it, and give up.
    Withheld,
}

/// Whether a door asks its clients for certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certificates {
    /// It has roots to judge them by.
    Asked,
    /// It does not.
    Ignored,
}

impl Entrance {
    /// With the limiter of all doors, and the issuers whose tokens count.
    #[must_use]
    pub fn new(gate: Gate, issuers: Issuers) -> Self {
        Self { gate, issuers, binding: ChannelBinding::Offered }
    }

    /// The same with this answer to channel binding.
    #[must_use]
    pub fn binding(self, binding: ChannelBinding) -> Self {
        Self { binding, ..self }
    }

    /// What may be offered, the strongest first. The machines leave out what a TLS session cannot carry.
    #[must_use]
    pub fn mechanisms(&self, certificates: Certificates) -> Vec<Mechanism> {
        let offered = |mechanism: &Mechanism| match mechanism {
            Mechanism::ScramSha256Plus => self.binding == ChannelBinding::Offered,
            Mechanism::ScramSha256 | Mechanism::Plain | Mechanism::Login => true,
            Mechanism::XOAuth2 | Mechanism::OAuthBearer => !self.issuers.is_empty(),
            Mechanism::External => certificates == Certificates::Asked,
        };
        Mechanism::ALL.into_iter().filter(offered).collect()
    }

    /// What a client is told whose token is refused: where to get another (RFC 7628 §3.2.2).
    #[must_use]
    pub fn bearer(&self) -> BearerHint {
        BearerHint { scope: None, discovery: self.issuers.discovery() }
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    pub(crate) fn issuers(&self) -> &Issuers {
        &self.issuers
    }
}

/// Passwords only.
impl From<Gate> for Entrance {
    fn from(gate: Gate) -> Self {
        Self::new(gate, Issuers::default())
    }
}
