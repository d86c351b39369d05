//! What an operator sets for one SMTP door.

use super::Limits;
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

impl Config {
    /// A door with the house's limits.
    #[must_use]
    pub fn new(role: Role, hostname: Domain, postmaster: Address) -> Self {
        Self { role, hostname, greeting: "Pli".to_owned(), postmaster, limits: Limits::default() }
    }
}
