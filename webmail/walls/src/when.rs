//! Instants on pages.

use jiff::tz::TimeZone;
use names::Timestamp;

use crate::texts;

/// An instant, for people and for machines.
#[derive(Clone, Debug)]
pub struct When {
    /// RFC 3339, for `datetime`.
    pub machine: String,
    /// In words.
    pub words: String,
}

impl When {
    /// As "hier à 18 h".
    #[must_use]
    pub fn moment(at: Timestamp, zone: &TimeZone, now: Timestamp) -> Self {
        Self { machine: at.rfc3339(), words: texts::moment(at, zone, now) }
    }
}
