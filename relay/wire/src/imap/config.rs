//! What an operator sets for an IMAP door.

use super::limits::Limits;

/// Settings of an IMAP door, shared by its sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The host's name, in the greeting.
    pub hostname: String,
    /// What the ID command answers (RFC 2971); no version, which would help attackers choose.
    pub identity: Vec<(String, String)>,
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
            limits: Limits::default(),
        }
    }
}
