//! What an operator sets for the way out.

use super::Limits;
use names::Domain;

/// Settings of all sessions towards other operators.
#[derive(Clone, Debug)]
pub struct Config {
    /// Our name in EHLO.
    pub hostname: Domain,
    /// What is timed.
    pub limits: Limits,
}

impl Config {
    /// With the times of RFC 5321.
    #[must_use]
    pub fn new(hostname: Domain) -> Self {
        Self { hostname, limits: Limits::default() }
    }
}
