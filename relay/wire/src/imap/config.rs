//! What an operator sets for an IMAP door.

use super::limits::Limits;
use crate::sasl::{BearerHint, Mechanism};

/// Settings of an IMAP door, shared by its sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The host's name, in the greeting.
    pub hostname: String,
    /// What the ID command answers (RFC 2971); no version, which would help attackers choose.
    pub identity: Vec<(String, String)>,
    /// What AUTHENTICATE may speak, in the order in which it is offered. What a TLS session cannot
    /// carry is not offered in it. The LOGIN command is there whenever TLS is.
    pub mechanisms: Vec<Mechanism>,
    /// What a client is told whose token is refused.
    pub bearer: BearerHint,
    /// Limits.
    pub limits: Limits,
}

impl Config {
    /// The settings of a host, all else as usual.
    #[must_use]
    pub fn new(hostname: impl Into<String>) -> Self {
        Self {
            hostname: hostname.into(),
            identity: vec![("name".to_owned(), "Pli".to_owned())],
            mechanisms: vec![Mechanism::Plain],
            bearer: BearerHint::default(),
            limits: Limits::default(),
        }
    }
}
