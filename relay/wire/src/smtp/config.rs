//! What an operator sets for one SMTP door.

use super::Limits;
use crate::sasl::{BearerHint, Mechanism};
use names::{Address, Domain};

/// Settings of one door; shared by all its sessions.
#[derive(Clone, Debug)]
pub struct Config {
    /// Who comes in by this door.
    pub role: Role,
    /// Our name in the greeting and in EHLO's answer.
    pub hostname: Domain,
    /// Words after the name in the greeting; no version (RELIABILITY P-10).
    pub greeting: String,
    /// Who `RCPT TO:<postmaster>` without a domain stands for (RFC 5321 §4.5.1).
    pub postmaster: Address,
    /// What AUTH may speak on the submission door, in the order in which it is offered. What a TLS
    /// session cannot carry is not offered in it. An MX door never offers AUTH.
    pub mechanisms: Vec<Mechanism>,
    /// What a client is told whose token is refused.
    pub bearer: BearerHint,
    /// Extensions offered beside SIZE, PIPELINING, 8BITMIME, SMTPUTF8 and ENHANCEDSTATUSCODES.
    pub extensions: Vec<Extension>,
    /// What is counted and timed.
    pub limits: Limits,
}

/// Who comes in by a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Professionals' mail programs, with a login (RFC 6409).
    Submission,
    /// Other operators' servers, known by their certificate.
    Mx,
}

/// An extension that a door may offer, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extension {
    /// BDAT (RFC 3030); BINARYMIME is never offered (DESIGN §6).
    Chunking,
    /// RET, ENVID, NOTIFY, ORCPT (RFC 3461).
    Dsn,
    /// REQUIRETLS (RFC 8689), inside TLS only.
    RequireTls,
    /// What a client can know of our limits (RFC 9422).
    Limits,
    /// DELIVERBY (RFC 2852).
    DeliverBy,
    /// FUTURERELEASE (RFC 4865, which is for submission only).
    FutureRelease,
}

impl Extension {
    /// What a door of this role offers, unless its operator says otherwise.
    #[must_use]
    pub fn of(role: Role) -> Vec<Self> {
        let both = [Self::Chunking, Self::Dsn, Self::RequireTls, Self::Limits];
        let submission = [Self::DeliverBy, Self::FutureRelease];
        match role {
            Role::Submission => both.into_iter().chain(submission).collect(),
            Role::Mx => both.to_vec(),
        }
    }
}

impl Config {
    /// Whether this door offers an extension.
    #[must_use]
    pub fn offers(&self, extension: Extension) -> bool {
        self.extensions.contains(&extension)
    }

    /// A door with the house's limits.
    #[must_use]
    pub fn new(role: Role, hostname: Domain, postmaster: Address) -> Self {
        let mechanisms = match role {
            Role::Submission => Mechanism::PASSWORDS.to_vec(),
            Role::Mx => Vec::new(),
        };
        Self {
            role,
            hostname,
            greeting: "Pli".to_owned(),
            postmaster,
            mechanisms,
            bearer: BearerHint::default(),
            extensions: Extension::of(role),
            limits: Limits::default(),
        }
    }
}
